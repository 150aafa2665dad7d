// What is left of an erased case: a signed certificate that it existed and was erased, and what
// the other participants said of it. Nothing here tells of the person.
//
// A certificate is laid by hand, big-endian, exactly certificate_bytes:
//   L(erasure) ‖ network[32] ‖ member[16] ‖ incarnation u32 ‖ case[16] ‖ reason u8 ‖ time u64 ‖
//   messages u32 ‖ root[32] ‖ ledger index u64 ‖ author key[32] ‖ signature[64]
// The signature is the author key's over everything before it. `root` is the RFC 6962 root over the
// digests of the case's messages as leaf data, in the order of their entries in the member's
// ledger; the ledger's entry at `ledger index` is `erased`, with SHA-256 of the certificate as its
// subject. Whoever kept a message or its digest can show that it was in the case; nobody can guess
// one from the root, because digests are over blinds.
//
// The bodies of `erasure.request` and `erasure.done` are one certificate each: the asker's, and the
// answer of who has erased.
#pragma once

#include "protocol/proof.h"

namespace hamroh {

// Values stand in certificates: explicit, never reused.
enum class ErasureReason : std::uint8_t {
  retention = 1,   // kept as long as the rules say
  request = 2,     // another participant asked
  withdrawal = 3,  // the person withdrew the consent
  entered_in_error = 4,
  legal_duty = 5,
  other = 6,
};
[[nodiscard]] const char* erasure_reason_name(ErasureReason reason);  // "withdrawal", …
[[nodiscard]] std::optional<ErasureReason> parse_erasure_reason(std::string_view name);

struct ErasureCertificate {
  NetworkId network;
  MemberId member;
  std::uint32_t incarnation = 1;
  CaseId case_id;
  ErasureReason reason{};
  Timestamp time;
  std::uint32_t messages = 0;
  Digest root;
  std::uint64_t index = 0;  // in the member's own ledger
  AuthorKey key;
  bool operator==(const ErasureCertificate&) const = default;
};
inline constexpr std::size_t certificate_bytes =
    17 + 32 + 16 + 4 + 16 + 1 + 8 + 4 + 32 + 8 + 32 + Signature::size;

[[nodiscard]] Digest erasure_root(std::span<const Digest> in_ledger_order);
// Fills in the key.
[[nodiscard]] Bytes sign_erasure(ErasureCertificate certificate, const crypto::SigningKey& author);
// Errors (peer): malformed; bad_signature if it is not signed with the key that it names. Whether
// that is, or was, the member's author key is for the caller to find out.
[[nodiscard]] Result<ErasureCertificate> parse_erasure(ByteView file);

// Table::erased, key case id[16]: whether the case was erased here, who asked for it, and what
// those who were asked have answered. Laid as
//   version u8 (1) ‖ length u16 ‖ own certificate ‖ asked u8 ‖ (member[16] ‖ message[16] ‖ length
//   u16 ‖ its certificate ‖ time u64)… ‖ asking u8 ‖ (member[16] ‖ length u16 ‖ certificate ‖ time
//   u64 ‖ answered u8)…
struct ErasedRecord {
  struct Asked {
    MemberId member;
    MessageId message;  // the request
    Bytes certificate;  // what it answered; empty until then
    Timestamp time;     // of the answer
    bool operator==(const Asked&) const = default;
  };
  struct Asking {
    MemberId member;
    Bytes certificate;
    Timestamp time;
    bool answered = false;
    bool operator==(const Asking&) const = default;
  };
  static constexpr std::size_t members_max = 32;  // more than a case can have

  Bytes certificate;  // empty: not erased here
  std::vector<Asked> asked;
  std::vector<Asking> asking;
  bool operator==(const ErasedRecord&) const = default;

  [[nodiscard]] bool erased() const { return !certificate.empty(); }
  [[nodiscard]] static Bytes key(const CaseId& id);
  [[nodiscard]] Bytes encode() const;
  // Errors: environment (store_corrupt).
  [[nodiscard]] static Result<ErasedRecord> parse(ByteView bytes);
};

}  // namespace hamroh
