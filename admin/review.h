// In plain words: what a proposal would change, and exactly what would be signed.
//
// Every word comes from the parsed form, never from what a file says about itself; comment and
// proposer, which nobody signs, are called so. Names pass through escape_for_terminal, and a name
// that could be taken for another one is shown with its lookalike letters escaped and a warning
// that names the other. Text and JSON say the same.
#pragma once

#include <string>
#include <vector>

#include "admin/examination.h"
#include "admin/founding_file.h"

namespace hamroh {

struct ToBeSigned {
  std::string what;  // "directory version 5"
  Digest hash;
};

struct Review {
  std::string heading;
  std::vector<std::string> changes;  // lines; details begin with blanks
  std::vector<std::string> warnings;
  std::vector<std::string> remarks;  // unsigned: comment, proposer, until when
  std::vector<ToBeSigned> to_be_signed;
  std::vector<std::string> ask;  // whose fingerprints are asked before signing, as shown
};
[[nodiscard]] Review review_proposal(const Proposal& proposal, const Examination& examination);
[[nodiscard]] Review review_founding(const FoundingFile& file);
[[nodiscard]] std::string review_as_text(const Review& review);
[[nodiscard]] std::string review_as_json(const Review& review);

// What changes from one directory to the next, and from one rule to the next; warnings are left out
// if null.
void describe_directory_change(const Directory& before, const Directory& next,
                               std::vector<std::string>& lines, std::vector<std::string>* warnings);
void describe_rule_change(const Constitution& before, const Constitution& next,
                          std::vector<std::string>& lines, std::vector<std::string>* warnings);
[[nodiscard]] std::string describe_suspension(const Suspension& suspension, std::string_view name);

// A day and minute for people: "2026-11-20 08:15 UTC".
[[nodiscard]] std::string shown_time(Timestamp time);
// The first 16 hex digits.
[[nodiscard]] std::string shown_key(ByteView key);
[[nodiscard]] std::string shown_capabilities(Capabilities capabilities);
[[nodiscard]] std::string shown_position(std::uint64_t position);

// "of the ledger to its end": nothing of it is disbelieved.
inline constexpr std::uint64_t position_end = UINT64_MAX;

}  // namespace hamroh
