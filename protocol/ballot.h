// Decisions that several commissioners make, on a status or on money: what each of them signs, and
// when it counts. Pure.
//
//   decision = SHA-256(L(decision) ‖ network[32] ‖ case[16] ‖ subject[32] ‖ kind u16 ‖ outcome u8 ‖
//              member[16] ‖ code length u16 ‖ code ‖ text length u32 ‖ language ‖ 0x00 ‖ text ‖
//              [commitment to the status file[32]])
//   vote     = see user_keys.h: over that, in the name of the member that decides
//
// The subject is the event that is decided on: the application, the ministry's return, the appeal,
// the overturning, or the request for money. So a vote for one decision is none for the next one
// about the same person.
#pragma once

#include "protocol/form.h"

namespace hamroh {

struct Subject {
  NetworkId network;
  CaseId case_id;
  Digest event;
};
// `said` without its ballot.
[[nodiscard]] Digest decision_digest(const Subject& subject, EventKind kind,
                                     const Particulars& said);

// Every vote is of another commissioner of that member, certified by its author key, and over that
// decision. Errors (peer): no_standing (somebody else's, or no commissioner), bad_signature,
// duplicate_signer.
[[nodiscard]] Status check_votes(const UserHome& home, const AuthorKey& author,
                                 const Digest& decision, std::span<const Vote> votes);

// A decision that waits for more votes, as a node keeps it (task.h):
//   kind u16 ‖ subject[32] ‖ length u16 ‖ particulars ‖ count u8 ‖ (certificate ‖ signature[64])…
struct Proposal {
  EventKind kind{};
  Digest subject;
  Particulars said;  // without a ballot
  std::vector<Vote> votes;
  bool operator==(const Proposal&) const = default;

  [[nodiscard]] bool has_voted(const UserId& user) const;
  [[nodiscard]] Bytes encode() const;
  // Errors (environment): store_corrupt.
  [[nodiscard]] static Result<Proposal> parse(ByteView bytes);
};

}  // namespace hamroh
