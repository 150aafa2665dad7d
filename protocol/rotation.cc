#include "protocol/rotation.h"

#include <utility>

#include "protocol/wire_directory.h"

namespace hamroh {
namespace {

constexpr char rotation_file[] = "HROT";

}  // namespace

Bytes make_rotation(const Rotation& rotation, const crypto::SigningKey& present,
                    const NewKeys& keys) {
  const Bytes payload =
      wire::encode_rotation({rotation, prove_possessions(rotation.network, rotation.member,
                                                         keys.author, keys.receipt, keys.witness)});
  return wire::encode_signed_file(
      {payload, {sign_as(labels::rotation, payload, rotation.network, present)}}, rotation_file);
}

Result<VerifiedRotation> verify_rotation(const NetworkId& network, ByteView bytes) {
  HAMROH_ASSIGN(const SignedPayload file,
                wire::parse_signed_file(bytes, rotation_file, limits::statement_bytes_max));
  HAMROH_ASSIGN(wire::RotationParts parts, wire::parse_rotation(file.payload));
  VerifiedRotation verified;
  verified.value_ = std::move(parts.rotation);
  if (verified.value_.network != network) {
    return peer_error(Code::wrong_network, "a rotation of another network");
  }
  const bool stated = file.signatures.size() == 1 &&
                      crypto::verify(*SigningPublicKey::from(file.signatures[0].key.view()),
                                     signed_bytes(labels::rotation, network, file.payload),
                                     file.signatures[0].signature);
  if (!stated) {
    return peer_error(Code::bad_signature, "a rotation's signature is wrong");
  }
  const Member rotated = verified.applied_to(Member{});
  HAMROH_TRY(check_distinct({&rotated, 1}));
  HAMROH_TRY(check_possessions(network, rotated, parts.possessions));
  verified.signer_ = *AuthorKey::from(file.signatures[0].key.view());
  verified.file_.assign(bytes.begin(), bytes.end());
  return verified;
}

Status VerifiedRotation::follows(const Member& present) const {
  if (value_.member != present.id || value_.incarnation < present.incarnation ||
      (value_.incarnation == present.incarnation && value_.serial <= present.key_serial)) {
    return peer_error(Code::stale_version, "a rotation that is not newer than the known keys");
  }
  if (value_.incarnation != present.incarnation || value_.serial != present.key_serial + 1) {
    return peer_error(Code::broken_chain, "a rotation does not follow the known keys");
  }
  if (signer_ != present.author) {
    return peer_error(Code::bad_signature, "a rotation is not signed with the present author key");
  }
  return {};
}

Member VerifiedRotation::applied_to(const Member& present) const {
  Member rotated = present;
  rotated.id = value_.member;
  rotated.incarnation = value_.incarnation;
  rotated.key_serial = value_.serial;
  rotated.author = value_.author;
  rotated.receipt = value_.receipt;
  rotated.witness = value_.witness;
  rotated.transport = value_.transport;
  rotated.endpoint = value_.endpoint;
  return rotated;
}

std::uint8_t VerifiedRotation::changed_in(const Member& present) const {
  unsigned bits = 0;
  const auto changed = [&](KeyPurpose purpose, bool differs) {
    bits |= differs ? 1U << static_cast<unsigned>(purpose) : 0U;
  };
  changed(KeyPurpose::author, present.author != value_.author);
  changed(KeyPurpose::receipt, present.receipt != value_.receipt);
  changed(KeyPurpose::witness, present.witness != value_.witness);
  changed(KeyPurpose::transport, present.transport != value_.transport);
  return static_cast<std::uint8_t>(bits);
}

}  // namespace hamroh
