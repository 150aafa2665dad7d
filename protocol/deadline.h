// When something is due: periods, the working-day calendar of a jurisdiction, and pauses.
//
// Pure arithmetic over wall time: two nodes that hold the same pack and the same receipts compute
// the same instants. The rules, each with its reason:
//
//  * A period of minutes is elapsed time; nothing but a pause stops it.
//  * A period of N working days is N times 24 hours of *working time*, the time of days that the
//    calendar calls working, in the pack's offset from UTC. So it ends at the same local time of
//    day on the N-th following working day. What starts on a day that is not working starts with
//    the next working day, at 00:00; otherwise a start on Saturday would be due before one on the
//    Friday evening before it.
//  * A period of N months ends with the local day that has the same number N months later, or
//    with the last day of that month if it has no such day.
//  * A clock pauses at most once, and never in an emergency: only the first pause counts. What had
//    run before it is not run again.
//  * Later starts are never due earlier (a test holds this for every unit).
//
// The offset is fixed: jurisdictions with daylight saving time choose one for their deadlines.
// Every loop is bounded by `days_walked_max`; what lies beyond the year 9999 is the end of time.
// Calendar arithmetic: H. Hinnant, "chrono-Compatible Low-Level Date Algorithms".
#pragma once

#include <array>
#include <optional>
#include <span>
#include <vector>

#include "protocol/form.h"
#include "protocol/types.h"

namespace hamroh {

struct Date {
  std::int32_t year = 0;
  std::uint8_t month = 0;  // 1 … 12
  std::uint8_t day = 0;    // 1 … 31
  auto operator<=>(const Date&) const = default;
};
// A day of the Gregorian calendar between the years 1970 and 9999.
[[nodiscard]] bool is_date(const Date& date);
// Days since 1970-01-01, of any date and back; 0 is Monday in weekday_of.
[[nodiscard]] std::int64_t day_number(const Date& date);
[[nodiscard]] Date date_of(std::int64_t day);
[[nodiscard]] unsigned weekday_of(std::int64_t day);
[[nodiscard]] std::string to_iso8601(const Date& date);  // "2026-11-20"

struct AnnualDay {  // a holiday of every year
  std::uint8_t month = 0;
  std::uint8_t day = 0;
  auto operator<=>(const AnnualDay&) const = default;
};

// Which days are working days. Lists are sorted and within these bounds (the pack's validator holds
// them), so that working days can never be further apart than the arithmetic looks.
struct Calendar {
  static constexpr std::size_t weekend_days_max = 3;
  static constexpr std::size_t annual_max = 40;
  static constexpr std::size_t dates_max = 400;

  std::int32_t utc_offset_minutes = 0;  // -720 … 840
  std::array<bool, 7> weekend{};        // [0] is Monday
  std::vector<AnnualDay> annual;
  std::vector<Date> holidays;
  std::vector<Date> working;        // days of a weekend or holiday that are worked
  std::optional<Date> known_until;  // holidays that move were entered until then
  bool operator==(const Calendar&) const = default;
};
[[nodiscard]] bool is_working_day(const Calendar& calendar, std::int64_t day);
// The instant at which this day begins there; 1970-01-01T00:00Z if that was before.
[[nodiscard]] Timestamp start_of(const Date& date, const Calendar& calendar);

struct Period {
  // Explicit and never reused: cases keep what their pack said.
  enum class Unit : std::uint8_t { minutes = 1, working_days = 2, months = 3 };
  static constexpr std::uint32_t minutes_max = 100 * 366 * 24 * 60;
  static constexpr std::uint32_t working_days_max = 1'000;
  static constexpr std::uint32_t months_max = 1'200;

  Unit unit = Unit::minutes;
  std::uint32_t count = 0;  // more than 0, and within the bound of its unit
  bool operator==(const Period&) const = default;
};
// The least time that this can take, in minutes: for comparing what is written in different units.
[[nodiscard]] std::uint64_t least_minutes(const Period& period);

// The least bound that no calendar within its bounds needs: in a year at most 157 days are of the
// weekend and 40 are annual holidays, and 400 days are listed.
inline constexpr std::int64_t days_walked_max = 6'000;
static_assert((Period::working_days_max * 3 / 2 + Calendar::dates_max) / (365 - 157 - 40) * 366 +
                      2 * 366 <
                  days_walked_max,
              "the longest period in working days, and half as much again, ends in the walk");

struct Pause {
  Timestamp from;
  Timestamp until;  // a pause that ends before it begins is none
  bool operator==(const Pause&) const = default;
};

struct Deadline {
  Timestamp half;      // 50 %: remind
  Timestamp due;       // 100 %: missed
  Timestamp escalate;  // 150 %: the oversight body hears of it
  bool operator==(const Deadline&) const = default;
};
// `half` <= `due` <= `escalate`. Periods of months do not pause: their length depends on their
// start.
[[nodiscard]] Deadline deadline(Timestamp start, const Period& period, const Calendar& calendar,
                                const std::optional<Pause>& pause = std::nullopt);

struct ClockRule {
  // By urgency, emergency first; absent: unset, nothing is ever due.
  std::array<std::optional<Period>, 3> periods;
  // It stands still while this other clock runs.
  std::optional<Clock> pauses_during;
  [[nodiscard]] const std::optional<Period>& of(Urgency urgency) const {
    return periods.at(static_cast<std::size_t>(urgency) - 1);
  }
  bool operator==(const ClockRule&) const = default;
};

// Nothing if the clock is unset for this urgency. `pauses` are in order of time; the first one that
// the rule knows counts.
[[nodiscard]] std::optional<Deadline> deadline(Timestamp start, const ClockRule& rule,
                                               Urgency urgency, const Calendar& calendar,
                                               std::span<const Pause> pauses);
// The pause that a question makes: until it is answered, but no longer than the answer's own
// deadline, so that silence cannot stop a clock. `answer` is the period for the answer.
[[nodiscard]] Pause pause_of(Timestamp asked, const std::optional<Timestamp>& answered,
                             const Period& answer, const Calendar& calendar);

}  // namespace hamroh
