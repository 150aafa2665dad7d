// The frames by which chunks travel, the body of the event that announces an attachment, and chunks
// themselves against a root.

#include "protocol/attachment.h"

#include "protocol/attachment_record.h"
#include "tests/fuzz/fuzz.h"

namespace hamroh::fuzz {
namespace {

constexpr std::size_t bytes = limits::attachment_chunk_bytes + 40;

struct Sample {
  SymmetricKey key = SymmetricKey::make([](auto raw) { std::ranges::fill(raw, 7); });
  AttachmentShape shape = *AttachmentShape::of(bytes);
  std::vector<Bytes> chunks;
  AttachmentTree tree = AttachmentTree({Digest{}});
  Sample() {
    std::vector<Digest> leaves;
    for (std::size_t i = 0; i < shape.count(); ++i) {
      chunks.push_back(
          seal_chunk(key, filled<ChunkNonce>(1), shape, i, Bytes(shape.plain_bytes(i), 'f')));
      leaves.push_back(chunk_leaf(chunks.back()));
    }
    tree = AttachmentTree(leaves);
  }
};
const Sample& sample() {
  static const Sample made;
  return made;
}

}  // namespace

std::vector<Bytes> seeds() {
  const auto message = filled<MessageId>(1);
  const ChunkFrame last{message, Code::none, 1, sample().tree.path(1), sample().chunks[1]};
  AttachmentRecord record;
  record.state = AttachmentState::coming;
  record.bytes = bytes;
  record.media = MediaType::pdf;
  record.name = "scan.pdf";
  record.to = {filled<MemberId>(2)};
  record.whole = {{5}};
  return {
      chosen(0, encode_want({message, 3, false, {0, 4, 1023}})),
      chosen(0, encode_want({message, 3, true, {}})),
      chosen(1, encode_chunk(last)),
      chosen(1, encode_chunk({message, Code::attachment_gone, chunk_none, {}, {}})),
      chosen(2, AttachmentBody{sample().key.copy(), filled<Digest>(3), MediaType::image, "a.png"}
                    .encode()),
      chosen(3, record.encode())};
}

void run(ByteView input) {
  const auto [parser, rest] = choose(input, 4);
  switch (parser) {
    case 0:
      return check_round_trip(rest, parse_want, encode_want);
    case 1:
      if (const auto frame = parse_chunk(rest)) {
        CHECK(std::ranges::equal(encode_chunk(*frame), rest));
        // Whatever is said to be a chunk: only the very ones that were sealed are taken.
        const auto taken = check_chunk(sample().tree.root(), sample().shape, frame->index,
                                       frame->path, frame->chunk);
        CHECK(!taken || std::ranges::equal(sample().chunks[frame->index], frame->chunk));
      }
      return;
    case 2:
      if (const auto body = AttachmentBody::parse(rest)) {
        CHECK(AttachmentBody::parse(body->encode()));
        CHECK(is_attachment_name(body->name));
      }
      return;
    default:
      if (const auto record = AttachmentRecord::parse(rest)) {
        CHECK(std::ranges::equal(record->encode(), rest));
      }
  }
}

}  // namespace hamroh::fuzz
