#include "protocol/deadline.h"

#include <algorithm>

namespace hamroh {
namespace {

constexpr std::int64_t day_ms = 86'400'000;
constexpr std::int64_t minute_ms = 60'000;
constexpr std::int64_t last_day = 2'932'896;  // 9999-12-31
constexpr Timestamp end_of_time{UINT64_MAX};
// The latest start that is calculated with; a walk from there stays far from any overflow.
constexpr std::uint64_t start_ms_max = static_cast<std::uint64_t>((last_day + 1) * day_ms - 1);

std::int64_t floor_divide(std::int64_t a, std::int64_t b) {
  return a / b - (a % b < 0 ? 1 : 0);
}

std::uint8_t days_in_month(std::int64_t year, unsigned month) {
  constexpr std::array<std::uint8_t, 12> lengths{31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  const bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
  return static_cast<std::uint8_t>(lengths.at(month - 1) + (leap && month == 2 ? 1U : 0U));
}

// An instant as people there see it.
struct LocalTime {
  std::int64_t day = 0;
  std::int64_t ms = 0;  // of the day, 0 … 86,399,999
};

LocalTime to_local(Timestamp time, const Calendar& calendar) {
  const std::int64_t ms =
      static_cast<std::int64_t>(time.ms) + calendar.utc_offset_minutes * minute_ms;
  const std::int64_t day = floor_divide(ms, day_ms);
  return {day, ms - day * day_ms};
}

Timestamp from_local(const LocalTime& local, const Calendar& calendar) {
  const std::int64_t ms = local.day * day_ms + local.ms - calendar.utc_offset_minutes * minute_ms;
  return {ms < 0 ? 0 : static_cast<std::uint64_t>(ms)};
}

// The same instant if it lies in a working day, else the beginning of the next one; nothing if
// there is none within the walk.
std::optional<LocalTime> first_working(LocalTime at, const Calendar& calendar) {
  for (std::int64_t walked = 0; walked < days_walked_max; ++walked) {
    if (is_working_day(calendar, at.day)) {
      return at;
    }
    at = {at.day + 1, 0};
  }
  return std::nullopt;
}

// The instant at which `ms` more of working time have passed.
Timestamp advance_working(Timestamp start, std::uint64_t ms, const Calendar& calendar) {
  const auto first = first_working(to_local(start, calendar), calendar);
  if (!first) {
    return end_of_time;
  }
  const std::int64_t whole = first->ms + static_cast<std::int64_t>(ms);
  LocalTime at{first->day, whole % day_ms};
  std::int64_t days_left = whole / day_ms;
  for (std::int64_t walked = 0; days_left > 0; ++walked) {
    if (walked == days_walked_max) {
      return end_of_time;
    }
    at.day += 1;
    days_left -= is_working_day(calendar, at.day) ? 1 : 0;
  }
  return from_local(at, calendar);
}

// How much working time lies between two instants, but at most `ms_max`.
std::uint64_t measure_working(Timestamp from, Timestamp until, std::uint64_t ms_max,
                              const Calendar& calendar) {
  LocalTime at = to_local(from, calendar);
  const LocalTime end = to_local(until, calendar);
  std::uint64_t sum = 0;
  for (std::int64_t walked = 0; walked < days_walked_max && sum < ms_max; ++walked) {
    if (at.day > end.day || (at.day == end.day && at.ms >= end.ms)) {
      break;
    }
    const std::int64_t day_end = at.day == end.day ? end.ms : day_ms;
    sum += is_working_day(calendar, at.day) ? static_cast<std::uint64_t>(day_end - at.ms) : 0;
    at = {at.day + 1, 0};
  }
  return std::min(sum, ms_max);
}

// One clock that runs in elapsed or in working time.
struct Running {
  Period::Unit unit;
  const Calendar& calendar;

  [[nodiscard]] Timestamp advance(Timestamp start, std::uint64_t ms) const {
    return unit == Period::Unit::minutes ? start + Duration{ms}
                                         : advance_working(start, ms, calendar);
  }
  [[nodiscard]] std::uint64_t measure(Timestamp from, Timestamp until, std::uint64_t max) const {
    return unit == Period::Unit::minutes ? std::min((until - from).ms, max)
                                         : measure_working(from, until, max, calendar);
  }
  // What was needed before the pause is reached before it; the rest begins when it ends.
  [[nodiscard]] Timestamp reach(Timestamp start, std::uint64_t ms,
                                const std::optional<Pause>& pause) const {
    if (!pause || pause->until <= pause->from || pause->until <= start) {
      return advance(start, ms);
    }
    const std::uint64_t run = pause->from <= start ? 0 : measure(start, pause->from, ms);
    return run == ms ? advance(start, ms) : advance(pause->until, ms - run);
  }
};

Deadline months_later(Timestamp start, std::uint32_t months, const Calendar& calendar) {
  const Date from = date_of(to_local(start, calendar).day);
  const std::int64_t month = from.year * 12LL + (from.month - 1) + months;
  Date last{static_cast<std::int32_t>(month / 12), static_cast<std::uint8_t>(month % 12 + 1), 0};
  last.day = std::min(from.day, days_in_month(last.year, last.month));
  const Timestamp due = from_local({day_number(last) + 1, 0}, calendar);
  const Duration half{(due - start).ms / 2};
  return {start + half, due, due + half};
}

}  // namespace

bool is_date(const Date& date) {
  return date.year >= 1970 && date.year <= 9999 && date.month >= 1 && date.month <= 12 &&
         date.day >= 1 && date.day <= days_in_month(date.year, date.month);
}

std::int64_t day_number(const Date& date) {
  const std::int64_t year = date.year - (date.month <= 2 ? 1 : 0);
  const std::int64_t era = floor_divide(year, 400);
  const std::int64_t year_of_era = year - era * 400;
  const std::int64_t month = (date.month + 9) % 12;  // from March
  const std::int64_t day_of_year = (153 * month + 2) / 5 + date.day - 1;
  return era * 146'097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year -
         719'468;
}

Date date_of(std::int64_t day) {
  const std::int64_t shifted = day + 719'468;
  const std::int64_t era = floor_divide(shifted, 146'097);
  const std::int64_t of_era = shifted - era * 146'097;
  const std::int64_t year = (of_era - of_era / 1'460 + of_era / 36'524 - of_era / 146'096) / 365;
  const std::int64_t of_year = of_era - (365 * year + year / 4 - year / 100);
  const std::int64_t shifted_month = (5 * of_year + 2) / 153;
  const std::int64_t month = shifted_month < 10 ? shifted_month + 3 : shifted_month - 9;
  return {static_cast<std::int32_t>(year + era * 400 + (month <= 2 ? 1 : 0)),
          static_cast<std::uint8_t>(month),
          static_cast<std::uint8_t>(of_year - (153 * shifted_month + 2) / 5 + 1)};
}

unsigned weekday_of(std::int64_t day) {
  constexpr std::int64_t thursday = 3;  // 1970-01-01
  return static_cast<unsigned>(day + thursday - floor_divide(day + thursday, 7) * 7);
}

std::string to_iso8601(const Date& date) {
  const auto padded = [](std::int64_t number, std::size_t width) {
    std::string digits = std::to_string(number);
    digits.insert(0, digits.size() < width ? width - digits.size() : 0, '0');
    return digits;
  };
  return padded(date.year, 4) + "-" + padded(date.month, 2) + "-" + padded(date.day, 2);
}

bool is_working_day(const Calendar& calendar, std::int64_t day) {
  const Date date = date_of(day);
  if (std::ranges::binary_search(calendar.working, date)) {
    return true;
  }
  return !calendar.weekend.at(weekday_of(day)) &&
         !std::ranges::binary_search(calendar.annual, AnnualDay{date.month, date.day}) &&
         !std::ranges::binary_search(calendar.holidays, date);
}

Timestamp start_of(const Date& date, const Calendar& calendar) {
  return from_local({day_number(date), 0}, calendar);
}

std::uint64_t least_minutes(const Period& period) {
  constexpr std::uint64_t day_minutes = 24 * 60;
  switch (period.unit) {
    case Period::Unit::minutes:
      return period.count;
    case Period::Unit::working_days:
      return period.count * day_minutes;
    case Period::Unit::months:
      break;
  }
  return period.count * 28 * day_minutes;
}

Deadline deadline(Timestamp start, const Period& period, const Calendar& calendar,
                  const std::optional<Pause>& pause) {
  if (start.ms > start_ms_max) {
    return {end_of_time, end_of_time, end_of_time};
  }
  if (period.unit == Period::Unit::months) {
    return months_later(start, period.count, calendar);
  }
  std::optional<Pause> bounded = pause;
  if (bounded) {
    bounded->from.ms = std::min(bounded->from.ms, start_ms_max);
    bounded->until.ms = std::min(bounded->until.ms, start_ms_max);
  }
  const bool elapsed = period.unit == Period::Unit::minutes;
  const std::uint64_t whole = period.count * (elapsed ? minutes(1).ms : days(1).ms);
  const Running running{period.unit, calendar};
  return {running.reach(start, whole / 2, bounded), running.reach(start, whole, bounded),
          running.reach(start, whole + whole / 2, bounded)};
}

std::optional<Deadline> deadline(Timestamp start, const ClockRule& rule, Urgency urgency,
                                 const Calendar& calendar, std::span<const Pause> pauses) {
  const std::optional<Period>& period = rule.of(urgency);
  if (!period) {
    return std::nullopt;
  }
  const bool pauses_at_all = rule.pauses_during && urgency != Urgency::emergency && !pauses.empty();
  return deadline(start, *period, calendar,
                  pauses_at_all ? std::optional(pauses.front()) : std::nullopt);
}

Pause pause_of(Timestamp asked, const std::optional<Timestamp>& answered, const Period& answer,
               const Calendar& calendar) {
  const Timestamp latest = deadline(asked, answer, calendar).due;
  return {asked, answered ? std::max(asked, std::min(*answered, latest)) : latest};
}

}  // namespace hamroh
