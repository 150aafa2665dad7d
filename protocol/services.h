// Who can take a person now: statements of services (form.h) against what somebody needs. Pure.
//
// Silence is never a free place: an offer that says nothing of places, or whose statement has
// expired, is unknown.
#pragma once

#include "protocol/form.h"

namespace hamroh {

struct ServiceNeed {
  Service service{};
  std::string district;    // empty: anywhere
  std::optional<Sex> sex;  // absent or unknown: does not matter
  std::optional<AgeBand> age_band;
  std::string language;  // empty: any
};

// How an offer answers, best first.
enum class Fit : std::uint8_t {
  free = 1,     // open, with free places
  unknown = 2,  // open, and nothing is said of places
  expired = 3,  // a statement of the past: nobody knows
  full = 4,
  closed = 5,
  unsuitable = 6,  // not for such a person
  outside_area = 7,
  not_offered = 8,
};
[[nodiscard]] const char* fit_name(Fit fit);
// Whether somebody may be sent there without a second thought.
[[nodiscard]] constexpr bool is_takeable(Fit fit) {
  return fit == Fit::free || fit == Fit::unknown;
}

// Districts are parts between hyphens: TJ-SU holds TJ-SU-KHUJAND, and not TJ-SUX.
[[nodiscard]] bool is_within(std::string_view district, std::string_view area);

[[nodiscard]] Fit fit_of(const OfferedService& offered, const ServiceNeed& need, bool expired);

// One offer that answers a need; the statement that it stands in outlives it.
struct Answering {
  std::size_t statement = 0;  // which of those asked
  const OfferedService* offered = nullptr;
  Fit fit{};
  bool speaks = true;  // the language that is needed
};
// All offers of the service for such a person at such a place: best first, then who speaks the
// language, then who has more places, then in the order of the statements.
[[nodiscard]] std::vector<Answering> who_can_take(std::span<const ServiceStatement> statements,
                                                  const ServiceNeed& need, Timestamp now);

// Why a referral may be in vain, as far as its recipient's statement says. Nothing if the recipient
// can take the person, as far as anybody knows.
struct ServiceWarning {
  std::optional<Service> service;  // absent: all that are asked for
  Fit fit{};
  bool operator==(const ServiceWarning&) const = default;
};
[[nodiscard]] std::vector<ServiceWarning> warnings_for(const Triage& triage,
                                                       const ServiceStatement& statement,
                                                       Timestamp now);

}  // namespace hamroh
