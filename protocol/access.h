// What the ledger says of people: commitments that the organisation can open and nobody else.
//
//   subject = SHA-256(L(access) ‖ entry kind u8 ‖ salt[16] ‖ user[16] ‖ role u8 ‖ case[16] ‖
//             other user[16] ‖ words)
//
// The ledger keeps the subject for ever; the opening lies in Table::access under the case's own key
// and goes with the case. Without the salt a guess cannot be checked.
//
// In messages a user appears under a pseudonym, another one in each case:
//   pseudonym = first 16 bytes of HMAC-SHA256(pseudonym key, L(pseudonym) ‖ user ‖ case)
#pragma once

#include <string>

#include "protocol/crypto.h"
#include "protocol/ledger.h"
#include "protocol/rights.h"

namespace hamroh {

struct AccessRecord {
  EntryKind kind{};
  Salt salt;
  UserId user;
  Role role{};
  CaseId case_id;     // zero if it concerns none
  UserId other;       // to whom something was given, or on whom it was looked; zero if nobody
  std::string words;  // reason, team or operation; UTF-8, at most words_bytes_max bytes
  Timestamp time;
  bool operator==(const AccessRecord&) const = default;

  static constexpr std::size_t words_bytes_max = 512;
  [[nodiscard]] Digest commitment() const;
  // Table::access: case id ‖ own ledger index.
  [[nodiscard]] static Bytes key(const CaseId& case_id, std::uint64_t index);
  [[nodiscard]] Bytes encode() const;
  [[nodiscard]] static Result<AccessRecord> parse(ByteView bytes);
};

[[nodiscard]] Pseudonym pseudonym_of(const SymmetricKey& key, const UserId& user,
                                     const CaseId& case_id);

}  // namespace hamroh
