// Signed notes, binary notes and exported proofs.

#include "protocol/note.h"
#include "tests/fuzz/fuzz.h"

namespace hamroh::fuzz {
namespace {

const crypto::SigningKey& key() {
  static const auto signing = crypto::SigningKey::from_seed(Seed());
  return signing;
}

}  // namespace

std::vector<Bytes> seeds() {
  const Origin origin{filled<NetworkId>(1), filled<MemberId>(2), 1};
  const Note note = sign_note(origin, 9, filled<Digest>(3), 4, NoteRole::author, key());
  const std::string signed_note = to_signed_note(origin, note);
  const std::string proof =
      to_tlog_proof({Bytes(114, 5), 3, {filled<Digest>(6), filled<Digest>(7)}, signed_note});
  return {chosen(0, view(signed_note)), chosen(1, view(proof)), chosen(2, note.encode())};
}

void run(ByteView input) {
  const auto [parser, rest] = choose(input, 3);
  switch (parser) {
    case 0:
      if (const auto parsed = parse_signed_note(text(rest), key().public_key(), NoteRole::author)) {
        // Further signature lines are allowed; what was verified stands at the beginning.
        const std::string again = to_signed_note(parsed->origin, parsed->note);
        CHECK(verify_note(parsed->origin, parsed->note));
        CHECK(parse_signed_note(again, key().public_key(), NoteRole::author));
      }
      return;
    case 1:
      if (const auto parsed = parse_tlog_proof(text(rest))) {
        CHECK(to_tlog_proof(*parsed) == text(rest));
      }
      return;
    default:
      return check_round_trip(rest, Note::parse, [](const Note& note) { return note.encode(); });
  }
}

}  // namespace hamroh::fuzz
