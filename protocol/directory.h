// Who is in the network, and who said so.
//
// The constitution names the administrators and how many must agree; its hash at the founding is
// the network id. The directory is the versioned list of members, signed by at least `threshold`
// distinct administrators, each version naming the hash of the one before. Signed files keep the
// exact bytes that were signed: nothing is re-encoded to be verified. Plain Ed25519 signatures over
//   label ‖ network ‖ SHA-256(payload), so that it shows who agreed.
//
// A `Verified...` value can be made only by the verify functions here.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "protocol/constants.h"
#include "protocol/crypto.h"

namespace hamroh {

enum class MemberKind : std::uint8_t {
  ngo = 1,
  provider = 2,
  commission = 3,
  ministry = 4,
  appeal_body = 5,
  relief_fund = 6,
  oversight = 7,
  relay = 8,
};
[[nodiscard]] const char* member_kind_name(MemberKind kind);
[[nodiscard]] std::optional<MemberKind> parse_member_kind(std::string_view name);

// Values appear in directories: explicit, never reused. A set is a bit mask of (1 << value).
enum class Capability : std::uint8_t {
  refer_send = 0,
  consent_record = 1,
  status_apply = 2,
  case_own = 3,
  refer_receive = 4,
  refer_decide = 5,
  service_provide = 6,
  case_receive = 7,
  status_decide = 8,
  status_confirm = 9,
  appeal_decide = 10,
  fund_decide = 11,
  fund_pay = 12,
  fund_ask = 13,
  metrics = 14,
  relay_hold = 15,
};
[[nodiscard]] const char* capability_name(Capability capability);  // "refer.send"
struct Capabilities {
  std::uint64_t bits = 0;
  [[nodiscard]] bool has(Capability c) const { return (bits >> static_cast<unsigned>(c)) & 1U; }
  bool operator==(const Capabilities&) const = default;
};
[[nodiscard]] Capabilities default_capabilities(MemberKind kind);  // forms.md's bundles

enum class MemberState : std::uint8_t { active = 1, revoked = 2 };

struct Member {
  MemberId id;
  std::string name;  // UTF-8, 1 to 256 bytes, no control or bidirectional characters; unique
  MemberKind kind{};
  MemberState state = MemberState::active;
  Capabilities capabilities;
  std::uint32_t incarnation = 1;
  AuthorKey author;
  ReceiptKey receipt;
  WitnessKey witness;
  TransportKey transport;
  std::string endpoint;  // "tcp://host:port"
  bool operator==(const Member&) const = default;
};

struct Administrator {
  std::string name;  // "admin-1"
  AdminKey key;
  Signature possession;  // proof of possession, see possession_bytes
  bool operator==(const Administrator&) const = default;
};

struct Constitution {
  std::string network_name;
  std::uint64_t version = 1;
  Digest previous;  // hash of the version before; zero for the founding
  Timestamp created;
  std::vector<Administrator> administrators;  // distinct keys and names
  std::uint32_t threshold = 0;                // m: 2m > n, m <= n
  bool operator==(const Constitution&) const = default;
};

struct Directory {
  NetworkId network;
  std::uint64_t version = 0;
  Digest previous;      // hash of the version before; zero for version 1
  Digest constitution;  // hash of the constitution in force
  Timestamp created;
  Timestamp expires;
  std::vector<Member>
      members;  // sorted by id, distinct ids, names and keys (every key of every member)
  bool operator==(const Directory&) const = default;
};

struct AdminSignature {
  AdminKey key;
  Signature signature;
  bool operator==(const AdminSignature&) const = default;
};

// A signed file: which payload, the payload's exact bytes, the signatures.
struct SignedPayload {
  Bytes payload;
  std::vector<AdminSignature> signatures;
};
// Files "constitution" and "directory": FlatBuffers root SignedFile, identifiers HCON and HDIR.
[[nodiscard]] Bytes encode_signed_constitution(const SignedPayload& file);
[[nodiscard]] Bytes encode_signed_directory(const SignedPayload& file);
[[nodiscard]] Result<SignedPayload> parse_signed_constitution(ByteView bytes);
[[nodiscard]] Result<SignedPayload> parse_signed_directory(ByteView bytes);

[[nodiscard]] Bytes encode_constitution(const Constitution& constitution);
[[nodiscard]] Bytes encode_directory(const Directory& directory);
[[nodiscard]] Result<Constitution> parse_constitution(ByteView payload);
[[nodiscard]] Result<Directory> parse_directory(ByteView payload);
[[nodiscard]] Digest constitution_hash(ByteView payload);  // SHA-256(label ‖ payload)
[[nodiscard]] Digest directory_hash(ByteView payload);

[[nodiscard]] AdminSignature sign_constitution(ByteView payload, const NetworkId& network,
                                               const crypto::SigningKey& key);
[[nodiscard]] AdminSignature sign_directory(ByteView payload, const NetworkId& network,
                                            const crypto::SigningKey& key);

// Proof of possession of one key: signature by that key over label ‖ network ‖ owner ‖ purpose ‖
// key. For an administrator at the founding the network is not known yet: network is zero, and the
// owner is SHA-256 of the network's name ‖ administrator's name, cut to 16 bytes. X25519 keys
// (transport, epoch) cannot sign: the member's author key vouches for them inside the request and
// the key sheet.
enum class KeyPurpose : std::uint8_t {
  author = 1,
  receipt = 2,
  witness = 3,
  transport = 4,
  administrator = 5
};
[[nodiscard]] Bytes possession_bytes(const NetworkId& network, const MemberId& owner,
                                     KeyPurpose purpose, ByteView key);
// An administrator's proof of possession for a constitution.
[[nodiscard]] Signature prove_founder(std::string_view network_name, std::string_view name,
                                      const crypto::SigningKey& key);

class VerifiedConstitution {
 public:
  [[nodiscard]] const Constitution& value() const { return value_; }
  [[nodiscard]] const Digest& hash() const { return hash_; }
  [[nodiscard]] const NetworkId& network() const { return network_; }  // hash of the founding one

 private:
  friend Result<VerifiedConstitution> verify_founding(const SignedPayload& file);
  friend Result<VerifiedConstitution> verify_successor(const VerifiedConstitution& current,
                                                       const SignedPayload& file);
  Constitution value_;
  Digest hash_;
  NetworkId network_;
};
// The founding constitution is signed by ALL its administrators, each with proof of possession;
// 2m > n.
[[nodiscard]] Result<VerifiedConstitution> verify_founding(const SignedPayload& file);
// A later one needs the threshold of the old AND of the new one, version + 1 and the old one's
// hash.
[[nodiscard]] Result<VerifiedConstitution> verify_successor(const VerifiedConstitution& current,
                                                            const SignedPayload& file);

class VerifiedDirectory {
 public:
  [[nodiscard]] const Directory& value() const { return value_; }
  [[nodiscard]] const Digest& hash() const { return hash_; }
  [[nodiscard]] const Member* find(const MemberId& id) const;  // binary search; null if unknown
  [[nodiscard]] bool expired_at(Timestamp now) const { return now >= value_.expires; }

 private:
  friend Result<VerifiedDirectory> verify_directory(const VerifiedConstitution&,
                                                    const SignedPayload&);
  Directory value_;
  Digest hash_;
};
// Signatures, threshold (distinct keys; a key that signed twice is duplicate_signer, an unknown
// signer is bad_signature), network, constitution hash, and the directory's own rules.
[[nodiscard]] Result<VerifiedDirectory> verify_directory(const VerifiedConstitution& constitution,
                                                         const SignedPayload& file);
// Whether `next` may replace `current`: higher version (else stale_version), and if it is the next
// one it must name the hash of `current` (else broken_chain); a jump is broken_chain. Two different
// ones of one version are a fork.
[[nodiscard]] Status may_replace(const VerifiedDirectory& current, const VerifiedDirectory& next);

// A request for admission: the new member's own statement, FlatBuffers identifier HREQ.
struct JoinRequest {
  NetworkId network;
  Member member;  // with the capabilities its kind usually has
  Signature author_possession;
  Signature receipt_possession;
  Signature witness_possession;
  Signature statement;  // author key over the request's payload: vouches for transport key, name …
};
[[nodiscard]] Bytes make_join_request(const NetworkId& network, const Member& member,
                                      const crypto::SigningKey& author,
                                      const crypto::SigningKey& receipt,
                                      const crypto::SigningKey& witness);
// Verifies every proof in it.
[[nodiscard]] Result<JoinRequest> parse_join_request(ByteView bytes);

// A suspension is no directory version but a statement of one administrator, 72 hours at most.
// `lift` ones need two administrators. FlatBuffers identifier HSUS.
struct Suspension {
  NetworkId network;
  MemberId member;
  Timestamp from;
  Timestamp until;  // at most 72 h after from
  std::uint16_t reason = 0;
  bool lift = false;
  bool operator==(const Suspension&) const = default;
};
[[nodiscard]] Bytes encode_suspension(const Suspension& suspension);  // the payload to be signed
[[nodiscard]] AdminSignature sign_suspension(ByteView payload, const NetworkId& network,
                                             const crypto::SigningKey& key);
[[nodiscard]] Bytes encode_signed_suspension(const SignedPayload& file);
struct VerifiedSuspension {
  Suspension value;
  std::vector<AdminKey> signers;
  Bytes file;
};
[[nodiscard]] Result<VerifiedSuspension> verify_suspension(const VerifiedConstitution& constitution,
                                                           ByteView file);
// Which members are suspended at `now`, by the rules of design section 6: one active per
// administrator, not the same member again within 30 days of the last one's end, any two
// administrators lift.
[[nodiscard]] std::vector<MemberId> suspended_members(
    std::span<const VerifiedSuspension> statements, Timestamp now);

}  // namespace hamroh
