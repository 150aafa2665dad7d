// Statements about membership in any order, to a Membership and to a whole Node, in hellos of a
// member. The input is a list of steps: kind u8 ‖ length u16 ‖ bytes.
//   0  a statement as it is
//   1  the payload of a statement, signed by the administrator as a directory
//   2  the same as a suspension
//   3  the same as a constitution
//   4  several statements in one hello: the bytes of a history
//   5  time passes
// No input may end the process, lower a version, or make what was refused differ from nothing.

#include "protocol/memory_store.h"
#include "protocol/node.h"
#include "tests/fuzz/membership_sample.h"

namespace hamroh::fuzz {
namespace {

constexpr std::size_t steps_max = 12;

class CountingEntropy final : public Entropy {
 public:
  void fill(std::span<std::uint8_t> out) override {
    const Digest block = crypto::sha256({key_u64(++counter_)});
    for (std::size_t at = 0; at < out.size(); ++at) {
      out[at] = block.bytes[at % Digest::size];
    }
  }

 private:
  std::uint64_t counter_ = 0;
};

void add_step(Bytes& out, std::uint8_t kind, ByteView bytes) {
  put_u8(out, kind);
  put_u16(out, static_cast<std::uint16_t>(bytes.size()));
  append(out, bytes);
}

Bytes as_statement(std::uint8_t kind, ByteView bytes) {
  const NetworkId& network = sample_founded().network();
  SignedPayload file{Bytes(bytes.begin(), bytes.end()), {}};
  switch (kind) {
    case 1: {
      DirectoryFile directory = sample_step();
      directory.head.payload = file.payload;
      directory.head.signatures = {sign_directory(file.payload, network, key_of(1))};
      return encode_directory_file(directory);
    }
    case 2:
      file.signatures = {sign_suspension(file.payload, network, key_of(1))};
      return encode_signed_suspension(file);
    case 3:
      file.signatures = {sign_constitution(file.payload, network, key_of(1))};
      return encode_signed_constitution(file);
    default:
      return file.payload;
  }
}

// A node that is the third member of the sample network, whose first member says hello to it.
class Victim {
 public:
  Victim() {
    turn([&](Turn& turn) {
      const NewMember wanted{encode_signed_constitution(sample_founding()),
                             "victim",
                             MemberKind::commission,
                             "tcp://127.0.0.1:7313",
                             std::nullopt,
                             1};
      self_ = parse_join_request(*Node::initialise(wanted, turn))->member;
    });
    turn([&](Turn& turn) { node_.emplace(std::move(*Node::open({}, turn))); });
    Directory directory = sample_verified().value();
    directory.members.push_back(self_);
    std::ranges::sort(directory.members, {}, &Member::id);
    const Bytes file = encode_directory_file(signed_by_one(complete_file(directory)));
    turn([&](Turn& turn) { CHECK(node_->install(file, turn)); });
    pass(tuning::start_wait_max);
  }

  void hear(const std::vector<Bytes>& statements) {
    const std::uint64_t version = node_->membership().version();
    const std::size_t constitutions = node_->membership().constitutions().size();
    Hello hello;
    hello.purpose = HelloPurpose::answer;
    hello.network = sample_founded().network();
    hello.member = filled<MemberId>(10);
    hello.incarnation = 1;
    hello.statements = statements;
    if (hello.statements.size() > limits::statements_max) {
      hello.statements.resize(limits::statements_max);
    }
    turn([&](Turn& turn) { (void)node_->receive(hello.member, encode_hello(hello), turn); });
    CHECK(node_->membership().version() >= version);
    CHECK(node_->membership().constitutions().size() >= constitutions);
  }
  void pass(Duration duration) {
    elapsed_.ms += duration.ms;
    turn([&](Turn& turn) { CHECK(node_->tick(turn)); });
  }
  // What was kept comes back, whatever was said.
  void restart() {
    const std::uint64_t version = node_->membership().version();
    const Digest standing = node_->membership().standing();
    turn([&](Turn& turn) {
      auto again = Node::open({}, turn);
      CHECK(again);
      node_.emplace(std::move(*again));
    });
    CHECK(node_->membership().version() == version);
    CHECK(node_->membership().standing() == standing);
  }

 private:
  template <class Inputs>
  void turn(Inputs&& inputs) {
    auto transaction = store_.begin();
    CHECK(transaction);
    Effects effects;
    Turn turn{sample_time + elapsed_, elapsed_, **transaction, entropy_, effects};
    inputs(turn);
    if (node_) {
      CHECK(node_->finish(turn));
      node_->check_invariants();
    }
    CHECK((*transaction)->commit());
  }

  MemoryStore store_;
  CountingEntropy entropy_;
  Duration elapsed_{1'000};
  Member self_;
  std::optional<Node> node_;
};

}  // namespace

std::vector<Bytes> seeds() {
  const DirectoryFile step = sample_step();
  Bytes each;
  add_step(each, 0, encode_directory_file(step));
  add_step(each, 0, sample_rotation());
  add_step(each, 0, sample_suspension());
  add_step(each, 0, encode_signed_constitution(sample_successor()));
  add_step(each, 5, {});
  Bytes payloads;
  add_step(payloads, 1, step.head.payload);
  add_step(payloads, 2, parse_signed_suspension(sample_suspension())->payload);
  add_step(payloads, 3, sample_successor().payload);
  Bytes history;
  add_step(history, 4,
           encode_history(std::vector<Bytes>{sample_rotation(), sample_suspension(),
                                             encode_directory_file(head_file(step.head))}));
  return {each, payloads, history};
}

void run(ByteView input) {
  auto membership = Membership::begin(std::vector{sample_founding()});
  CHECK(membership && membership->take(encode_directory_file(sample_directory())));
  Victim victim;
  ByteReader reader(input);
  for (std::size_t step = 0; step < steps_max && reader.remaining() > 0; ++step) {
    const std::uint8_t kind = reader.u8() % 6;
    const ByteView bytes = reader.take(reader.u16());
    if (kind == 5) {
      victim.pass(hours(20));
      continue;
    }
    std::vector<Bytes> statements{as_statement(kind, bytes)};
    if (kind == 4) {
      const auto history = parse_history(bytes);
      statements = history ? *history : std::vector<Bytes>{};
    }
    for (const Bytes& statement : statements) {
      const std::uint64_t version = membership->version();
      const Digest standing = membership->standing();
      const auto taken = membership->take(statement);
      CHECK(membership->version() >= version);
      CHECK(taken || (membership->version() == version && membership->standing() == standing));
      CHECK(!taken || membership->take(statement)->known || taken->known ||
            taken->kind == StatementKind::directory);
    }
    victim.hear(statements);
  }
  (void)membership->suspensions(sample_time);
  victim.restart();
}

}  // namespace hamroh::fuzz
