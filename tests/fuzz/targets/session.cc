// A whole session: a member's node, with real keys behind it, says anything in any order to
// another's. The input is a list of steps: kind u8 ‖ length u16 ‖ bytes.
//   0  a frame as it is
//   1  the content of an envelope, sealed to the recipient's current key
//   2  time passes
//   3  an earlier frame again
// Nothing false may be believed, and no input may end the process.

#include "protocol/attachment.h"
#include "protocol/envelope.h"
#include "tests/fuzz/fuzz.h"
#include "tests/sim/world.h"

namespace hamroh::fuzz {
namespace {

constexpr std::size_t steps_max = 12;

void add_step(Bytes& out, std::uint8_t kind, ByteView bytes) {
  put_u8(out, kind);
  put_u16(out, static_cast<std::uint16_t>(bytes.size()));
  append(out, bytes);
}

}  // namespace

std::vector<Bytes> seeds() {
  Hello hello;
  hello.member = filled<MemberId>(1);
  EnvelopeContent content;
  content.leaves.emplace_back(MessageSection{3, Entry{}, Bytes(20, 1)});
  content.directories = {Bytes(20, 1)};
  Bytes steps;
  add_step(steps, 0, encode_hello(hello));
  add_step(steps, 1, encode_content(content));
  add_step(steps, 2, {});
  add_step(steps, 3, Bytes{0});
  add_step(steps, 0, encode_rekey({filled<Digest>(2), Bytes(30, 3)}));
  // A want of what nobody announced, a chunk that nobody asked for.
  Bytes files;
  add_step(files, 0, encode_want({filled<MessageId>(3), 0, false, {0, 1}}));
  add_step(files, 0, encode_chunk({filled<MessageId>(3), Code::none, 0, {}, Bytes(40, 1)}));
  add_step(files, 0, encode_chunk({filled<MessageId>(3), Code::none, chunk_none, {}, {}}));
  return {steps, files};
}

void run(ByteView input) {
  constexpr std::size_t author = 1;
  constexpr std::size_t victim = 0;
  sim::WorldOptions options;
  options.members = 3;
  sim::World world(1, options);
  world.run_for(seconds(2));
  ByteReader reader(input);
  for (std::size_t step = 0; step < steps_max && reader.remaining() > 0; ++step) {
    const std::uint8_t kind = reader.u8() % 4;
    const ByteView bytes = reader.take(reader.u16());
    switch (kind) {
      case 0:
        world.say(author, victim, bytes);
        break;
      case 1:
        world.say_sealed(author, victim, bytes);
        break;
      case 2:
        world.run_for(seconds(3));
        break;
      default:
        world.replay();
    }
  }
  const auto message = world.refer(victim, {author});
  CHECK(message);
  CHECK(world.run_until([&] { return world.all_settled(); }, minutes(30)));
  CHECK(world.broken().empty());
}

}  // namespace hamroh::fuzz
