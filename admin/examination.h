// What a proposal would do to the network as it is known here.
//
// `examine` believes nothing of the file but what follows from the membership and the payloads: the
// directory that would come is computed from the records and must be the very one that is to be
// signed, and every new key must rest on a request or a rotation that its holder has signed.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "admin/proposal.h"
#include "protocol/fingerprint.h"
#include "protocol/join_request.h"
#include "protocol/membership.h"

namespace hamroh {

// A fingerprint that has to be compared by telephone before anybody signs.
struct AskedFingerprint {
  std::string whose;  // name as stated
  Fingerprint fingerprint;
};

struct Examination {
  std::optional<Directory> before;  // of a directory part
  std::optional<Directory> next;
  Constitution rule;  // in force
  std::optional<Constitution> next_rule;
  std::optional<Suspension> suspension;
  std::string suspended;  // the member's name
  std::vector<AskedFingerprint> asked;
};

// Errors (peer): wrong_network; stale_version if it was made under another constitution or
// directory than the membership has; bad_proof if records and payload do not agree; bad_signature
// if a new key rests on nothing; conflict, broken_chain, malformed, unknown_member.
[[nodiscard]] Result<Examination> examine(const Proposal& proposal, const Membership& membership);

// `records` in place of those of the same id, or among them; both sorted by id.
[[nodiscard]] std::vector<Member> with_records(std::span<const Member> members,
                                               std::span<const Member> records);

}  // namespace hamroh
