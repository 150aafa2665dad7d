// A member as the directory lists it, and the record that stands for it in hashes and files.
//
//   record = version u8 (1) ‖ id[16] ‖ kind u8 ‖ state u8 ‖ capabilities u64 ‖ incarnation u32 ‖
//            key serial u64 ‖ position u64 ‖ author[32] ‖ receipt[32] ‖ witness[32] ‖
//            transport[32] ‖ name length u16 ‖ name ‖ endpoint length u16 ‖ endpoint
//
// Laid by hand, so that there is one encoding only: a directory's signature covers the Merkle root
// over the records, and any node that has the members can compute it again.
#pragma once

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
  clinic = 9,
};
inline constexpr MemberKind member_kind_last = MemberKind::clinic;
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
inline constexpr std::uint8_t capability_last = 15;
[[nodiscard]] const char* capability_name(Capability capability);  // "refer.send"
[[nodiscard]] std::optional<Capability> parse_capability(std::string_view name);
struct Capabilities {
  std::uint64_t bits = 0;
  [[nodiscard]] bool has(Capability c) const { return (bits >> static_cast<unsigned>(c)) & 1U; }
  void give(Capability c) { bits |= std::uint64_t{1} << static_cast<unsigned>(c); }
  void take(Capability c) { bits &= ~(std::uint64_t{1} << static_cast<unsigned>(c)); }
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
  std::uint32_t incarnation = 1;  // counts admissions under this id: new keys, a new ledger
  std::uint64_t key_serial = 0;   // counts rotations within the incarnation
  // Entries of a ledger from this index on are not believed: of this incarnation's if the member is
  // revoked, else of the incarnation before. What was receipted below it stays evidence.
  std::uint64_t position = 0;
  AuthorKey author;
  ReceiptKey receipt;
  WitnessKey witness;
  TransportKey transport;
  std::string endpoint;  // "tcp://host:port"
  bool operator==(const Member&) const = default;
};

[[nodiscard]] Bytes encode_member(const Member& member);
// Errors (peer): malformed, unsupported_version. Refuses trailing bytes.
[[nodiscard]] Result<Member> parse_member(ByteView record);
// SHA-256(0x00 ‖ label ‖ record): a leaf of the directory's tree of members.
[[nodiscard]] Digest member_leaf(ByteView record);

// 1 to 256 bytes of plain text on one line, without a blank at either end.
[[nodiscard]] bool is_fit_name(std::string_view name);
// "tcp://host:port"; the host in letters, digits, dots, hyphens, or an IPv6 address in brackets.
[[nodiscard]] bool is_endpoint(std::string_view endpoint);
// ASCII letters in lower case: two names that fold alike are one name.
[[nodiscard]] std::string fold_name(std::string_view name);

// No two members may share a name or a key, whatever the key is for. Errors (peer): conflict.
[[nodiscard]] Status check_distinct(std::span<const Member> members);

// Proof of possession of one key: signature by that key over label ‖ network ‖ owner ‖ purpose ‖
// key. For an administrator at the founding the network is not known yet: network is zero, and the
// owner is SHA-256 of the network's name ‖ administrator's name, cut to 16 bytes. X25519 keys
// (transport, epoch) cannot sign: the member's author key vouches for them inside the request, the
// rotation and the key sheet.
enum class KeyPurpose : std::uint8_t {
  author = 1,
  receipt = 2,
  witness = 3,
  transport = 4,
  administrator = 5,
  epoch = 6,  // in questions of rotation only; nothing is signed for this purpose
};
[[nodiscard]] const char* key_purpose_name(KeyPurpose purpose);
[[nodiscard]] std::optional<KeyPurpose> parse_key_purpose(std::string_view name);
[[nodiscard]] Bytes possession_bytes(const NetworkId& network, const MemberId& owner,
                                     KeyPurpose purpose, ByteView key);

// A member's own proofs that it holds the keys which an entry of it names.
struct Possessions {
  Signature author;
  Signature receipt;
  Signature witness;
};
[[nodiscard]] Possessions prove_possessions(const NetworkId& network, const MemberId& member,
                                            const crypto::SigningKey& author,
                                            const crypto::SigningKey& receipt,
                                            const crypto::SigningKey& witness);
// Errors (peer): bad_signature.
[[nodiscard]] Status check_possessions(const NetworkId& network, const Member& member,
                                       const Possessions& possessions);

}  // namespace hamroh
