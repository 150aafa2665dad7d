// An envelope's header, and the sections under its seal.

#include "protocol/envelope.h"
#include "protocol/inbox.h"
#include "tests/fuzz/fuzz.h"

namespace hamroh::fuzz {
namespace {

EnvelopeContent sample_content() {
  EnvelopeContent content;
  content.proof.sender = filled<MemberId>(1);
  content.proof.incarnation = 1;
  content.proof.note =
      sign_note({filled<NetworkId>(9), content.proof.sender, 1}, 9, filled<Digest>(2), 3,
                NoteRole::author, crypto::SigningKey::from_seed(Seed()));
  content.proof.base_size = 4;
  content.proof.hashes = {filled<Digest>(3), filled<Digest>(4)};
  Entry entry;
  entry.kind = EntryKind::sent;
  entry.subject = message_digest(Bytes(50, 6));
  content.leaves.emplace_back(MessageSection{5, entry, Bytes(50, 6)});
  entry.kind = EntryKind::opened;
  content.leaves.emplace_back(ReceiptSection{filled<MessageId>(7), 8, entry});
  content.key_sheets = {Bytes(40, 1)};
  content.directories = {Bytes(40, 2)};
  content.suspensions = {Bytes(40, 3)};
  return content;
}

}  // namespace

std::vector<Bytes> seeds() {
  Bytes frame{static_cast<std::uint8_t>(FrameType::envelope)};
  append(frame, EnvelopeHeader{}.encode());
  append(frame, Bytes(64, 5));
  return {chosen(0, encode_content(sample_content())), chosen(1, frame)};
}

void run(ByteView input) {
  const auto [parser, rest] = choose(input, 2);
  if (parser == 1) {
    const auto envelope = parse_envelope(rest);
    if (envelope) {
      CHECK(std::ranges::equal(envelope->header.encode(), envelope->header_bytes));
    }
    return;
  }
  if (const auto content = parse_content(rest)) {
    // Encoding leaves out what this version does not know; what it knows stays.
    const auto again = parse_content(encode_content(*content));
    CHECK(again && again->proof == content->proof && again->leaves == content->leaves &&
          again->directories == content->directories && again->key_sheets == content->key_sheets &&
          again->suspensions == content->suspensions);
  }
  SenderKnowledge sender;
  sender.origin = {filled<NetworkId>(9), filled<MemberId>(1), 1};
  sender.author = *AuthorKey::from(crypto::SigningKey::from_seed(Seed()).public_key().view());
  (void)verify_content(rest, sender);
}

}  // namespace hamroh::fuzz
