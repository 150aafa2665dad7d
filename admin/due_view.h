// What is due in cases, as text for people and as JSON for programs. Pure: values in, strings out;
// text is safe for terminals.
#pragma once

#include "admin/views.h"

namespace hamroh {

// "in 3 h", "2 days ago".
[[nodiscard]] std::string distance_text(Timestamp time, Timestamp now);
// One line for each clock, and what to do next where a person has to do something; empty if none
// runs. `self`: this organisation.
[[nodiscard]] std::string clocks_text(const std::vector<CaseClock>& clocks, const Names& names,
                                      const MemberId& self, Timestamp now);
// Why a case has no clocks, if it has none for a reason that people should know; else empty.
[[nodiscard]] std::string no_clocks_text(const CaseView& shown);

[[nodiscard]] std::string due_text(const std::vector<api::DueCase>& cases, const Names& names,
                                   const MemberId& self, Timestamp now);
[[nodiscard]] std::string due_json(const std::vector<api::DueCase>& cases, const Names& names,
                                   const MemberId& self, Timestamp now);

// What an oversight body was told.
struct Escalated {
  MemberId waits;  // who says so
  Timestamp received;
  DeadlineStatement said;
};
[[nodiscard]] std::string escalated_text(const std::vector<Escalated>& all, const Names& names);
[[nodiscard]] std::string escalated_json(const std::vector<Escalated>& all, const Names& names);

}  // namespace hamroh
