// A suspension: the one thing that a single administrator can do, for 72 hours at most.
//
// It is no version of the directory but a signed statement. It holds queues and sessions of the
// member; nothing is returned and nothing is lost. Any two administrators lift it. FlatBuffers root
// SignedFile, identifier HSUS; payload HSUP.
#pragma once

#include <vector>

#include "protocol/constitution.h"

namespace hamroh {

// Values travel: explicit, never reused. Unlisted ones are kept and shown as "other".
enum class SuspensionReason : std::uint16_t {
  other = 1,
  device_lost = 2,
  keys_suspected = 3,
  misuse = 4,
  asked_by_member = 5,
};
[[nodiscard]] const char* suspension_reason_name(SuspensionReason reason);
[[nodiscard]] std::optional<SuspensionReason> parse_suspension_reason(std::string_view name);

struct Suspension {
  NetworkId network;
  MemberId member;
  Timestamp from;
  Timestamp until;  // after from, at most 72 h
  SuspensionReason reason = SuspensionReason::other;
  bool lift = false;  // ends what began before `from`; `until` means nothing
  bool operator==(const Suspension&) const = default;
};
[[nodiscard]] Bytes encode_suspension(const Suspension& suspension);  // the payload to be signed
[[nodiscard]] Result<Suspension> parse_suspension(ByteView payload);
[[nodiscard]] AdminSignature sign_suspension(ByteView payload, const NetworkId& network,
                                             const crypto::SigningKey& key);
[[nodiscard]] Bytes encode_signed_suspension(const SignedPayload& file);
[[nodiscard]] Result<SignedPayload> parse_signed_suspension(ByteView bytes);

struct VerifiedSuspension {
  Suspension value;
  std::set<AdminKey> signers;
  Bytes file;
  Bytes payload{};  // what they signed
};
// One administrator's signature for a suspension, two for a lift.
[[nodiscard]] Result<VerifiedSuspension> verify_suspension(const VerifiedConstitution& constitution,
                                                           ByteView file);

struct ActiveSuspension {
  MemberId member;
  Timestamp until;
  SuspensionReason reason{};
  std::set<AdminKey> signers;
};
// Which members are suspended at `now`, by the rules of design section 6, applied in the order of
// `from` so that every node counts the same ones: one active for each administrator, not the same
// member again within 30 days of the last one's end, both unless `threshold` administrators signed;
// any two lift. Sorted by member.
[[nodiscard]] std::vector<ActiveSuspension> active_suspensions(
    std::span<const VerifiedSuspension> statements, std::uint32_t threshold, Timestamp now);

}  // namespace hamroh
