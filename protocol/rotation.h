// A member's own statement that it has new keys, or another address.
//
// Signed with the author key in use until now, with proofs of possession of all signing keys in it;
// its serial follows the one before, so that rotations form a chain from the directory's entry on.
// FlatBuffers root SignedFile, identifier HROT; payload HROP; one signature.
#pragma once

#include "protocol/constitution.h"
#include "protocol/member.h"

namespace hamroh {

struct Rotation {
  NetworkId network;
  MemberId member;
  std::uint32_t incarnation = 1;
  std::uint64_t serial = 0;  // the key serial that it makes; the one before plus one
  Timestamp created;
  AuthorKey author;
  ReceiptKey receipt;
  WitnessKey witness;
  TransportKey transport;
  std::string endpoint;
  bool operator==(const Rotation&) const = default;
};
struct NewKeys {
  const crypto::SigningKey& author;
  const crypto::SigningKey& receipt;
  const crypto::SigningKey& witness;
};
// The keys of `keys` are those that `rotation` names; `present` is the author key until now.
[[nodiscard]] Bytes make_rotation(const Rotation& rotation, const crypto::SigningKey& present,
                                  const NewKeys& keys);

class VerifiedRotation {
 public:
  [[nodiscard]] const Rotation& value() const { return value_; }
  [[nodiscard]] const Bytes& file() const { return file_; }
  [[nodiscard]] const AuthorKey& signer() const { return signer_; }
  // Whether it follows what is known of the member: same incarnation, next serial, signed with the
  // present author key. Errors (peer): stale_version, broken_chain, bad_signature.
  [[nodiscard]] Status follows(const Member& present) const;
  // The member with the new keys in place of the old.
  [[nodiscard]] Member applied_to(const Member& present) const;
  // Bits 1 << KeyPurpose of the keys that differ.
  [[nodiscard]] std::uint8_t changed_in(const Member& present) const;

 private:
  friend Result<VerifiedRotation> verify_rotation(const NetworkId&, ByteView);
  Rotation value_;
  Bytes file_;
  AuthorKey signer_;
};
// Its signatures and proofs by themselves; whose author key signed it is for `follows` to judge.
// Errors (peer): malformed, too_large, wrong_network, bad_signature.
[[nodiscard]] Result<VerifiedRotation> verify_rotation(const NetworkId& network, ByteView file);

}  // namespace hamroh
