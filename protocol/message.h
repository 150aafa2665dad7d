// Messages and the two unsealed frames.
//
// inner (FlatBuffers, identifier HINN) is a message as its author laid it: exact bytes, kept for
// ever, never re-encoded. Its digest, SHA-256(label ‖ inner), is what ledgers hold; the 16-byte
// blind makes the digest useless for guessing once the inner is erased.
//
// hello (HHEL) opens a connection and settles what each side remembers of the other's ledger; rekey
// (HRKY) answers an envelope sealed to a key that is gone.
#pragma once

#include <string>
#include <vector>

#include "protocol/constants.h"
#include "protocol/note.h"

namespace hamroh {

struct Commitment {
  std::uint8_t tier = 0;  // 1 … 5 = T1 … T4, S
  Digest root;
  bool operator==(const Commitment&) const = default;
};
struct AttachmentReference {
  Digest root;
  std::uint64_t bytes = 0;
  bool operator==(const AttachmentReference&) const = default;
};

struct Inner {
  Salt blind;
  std::uint8_t suite = suite_x25519;
  NetworkId network;
  MessageId message;
  MemberId author;
  std::vector<MemberId> recipients;  // 1 to recipients_max, sorted, distinct, without the author
  CaseId case_id;
  std::vector<Digest> heads;  // sorted, distinct; digests of the maximal events known
  std::uint64_t directory_version = 0;
  Timestamp created;
  Timestamp expires;       // after created
  std::uint16_t kind = 0;  // EventKind; an unknown one is answered `unsupported`
  Bytes body;
  std::vector<Commitment> commitments;  // sorted by tier, distinct
  std::vector<AttachmentReference> attachments;
  // The author's user who did it, under her pseudonym in this case, and her role (Role; a later
  // version may know more of them). Both zero: no user, or an author that does not say.
  Pseudonym actor;
  std::uint8_t actor_role = 0;
  Digest pack;  // of a referral: the SHA-256 of the jurisdiction pack of its case; zero: none
  bool operator==(const Inner&) const = default;
};
[[nodiscard]] Bytes encode_inner(const Inner& inner);
[[nodiscard]] Result<Inner> parse_inner(ByteView bytes);
[[nodiscard]] Digest message_digest(ByteView inner_bytes);

enum class HelloPurpose : std::uint8_t {
  greeting = 1,  // this side just connected; wants an answer
  answer = 2,
  complaint = 3,  // an envelope's base was not the note named here; send again from it
};

struct Hello {
  std::uint8_t version_min = wire_version;
  std::uint8_t version_max = wire_version;
  HelloPurpose purpose = HelloPurpose::greeting;
  bool locked = false;  // envelopes will be held, not opened
  NetworkId network;
  MemberId member;
  std::uint32_t incarnation = 0;
  std::uint64_t directory_version = 0;
  Digest directory_hash;
  std::optional<Note> own;   // newest signed
  std::optional<Note> seen;  // the largest of the other side's that this side has verified
  Bytes key_sheet;           // signed file; may be empty before the first
  std::uint64_t constitution_version = 0;
  // Over the suspensions and rotations in force here, so that both sides notice what one lacks.
  Digest standing;
  // What the other side lacks of membership, as far as this side knows: signed files, in the order
  // in which they must be taken. At most limits::statements_max of statements_bytes_max in all.
  std::vector<Bytes> statements;
  // The jurisdiction pack that this side's directory names and that it has not got; zero: none.
  Digest lacks_pack;
  bool operator==(const Hello&) const = default;
};
[[nodiscard]] Bytes encode_hello(const Hello& hello);  // a whole frame
[[nodiscard]] Result<Hello> parse_hello(ByteView frame);

struct Rekey {
  Digest envelope;
  Bytes key_sheet;
  bool operator==(const Rekey&) const = default;
};
[[nodiscard]] Bytes encode_rekey(const Rekey& rekey);  // a whole frame
[[nodiscard]] Result<Rekey> parse_rekey(ByteView frame);

enum class FrameType : std::uint8_t {
  hello = 1,
  envelope = 2,
  rekey = 3,
  want = 4,  // attachment.h
  chunk = 5,
};

}  // namespace hamroh
