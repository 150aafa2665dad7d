#include "protocol/deadline.h"

#include <gtest/gtest.h>
#include <random>

namespace hamroh {
namespace {

constexpr std::int32_t khujand = 5 * 60;

// A local time there.
Timestamp local(const Date& date, unsigned hour, unsigned minute = 0,
                std::int32_t offset_minutes = khujand) {
  const std::int64_t ms = (day_number(date) * 1'440 + hour * 60 + minute - offset_minutes) * 60'000;
  return {static_cast<std::uint64_t>(ms)};
}

Calendar calendar_of_a_five_day_week() {
  Calendar calendar;
  calendar.utc_offset_minutes = khujand;
  calendar.weekend = {false, false, false, false, false, true, true};
  return calendar;
}

Period working(std::uint32_t days) {
  return {Period::Unit::working_days, days};
}
Period elapsed(std::uint32_t minutes) {
  return {Period::Unit::minutes, minutes};
}
Period in_months(std::uint32_t months) {
  return {Period::Unit::months, months};
}
Timestamp due(Timestamp start, const Period& period, const Calendar& calendar,
              const std::optional<Pause>& pause = std::nullopt) {
  return deadline(start, period, calendar, pause).due;
}

TEST(Deadline, DatesAreThoseOfTheGregorianCalendar) {
  EXPECT_EQ(day_number({1970, 1, 1}), 0);
  EXPECT_EQ(day_number({2000, 3, 1}), 11'017);
  EXPECT_EQ(day_number({9999, 12, 31}), 2'932'896);
  EXPECT_EQ(weekday_of(day_number({2026, 11, 25})), 2U);  // a Wednesday
  EXPECT_EQ(weekday_of(-1), 2U);                          // 1969-12-31, too
  for (std::int64_t day = -400; day < 60'000; ++day) {
    EXPECT_EQ(day_number(date_of(day)), day);
    EXPECT_LT(date_of(day), date_of(day + 1));
  }
  EXPECT_TRUE(is_date({2028, 2, 29}));
  EXPECT_FALSE(is_date({2100, 2, 29}));
  EXPECT_FALSE(is_date({1969, 12, 31}));
  EXPECT_FALSE(is_date({2026, 13, 1}));
  EXPECT_FALSE(is_date({2026, 0, 1}));
  EXPECT_EQ(to_iso8601(Date{2026, 3, 8}), "2026-03-08");
}

TEST(Deadline, ElapsedTimeKnowsNoWeekend) {
  const Calendar calendar = calendar_of_a_five_day_week();
  const Timestamp friday = local({2026, 11, 27}, 18);
  const Deadline found = deadline(friday, elapsed(24 * 60), calendar);
  EXPECT_EQ(found.half, local({2026, 11, 28}, 6));
  EXPECT_EQ(found.due, local({2026, 11, 28}, 18));
  EXPECT_EQ(found.escalate, local({2026, 11, 29}, 6));
}

TEST(Deadline, WorkingDaysEndAtTheSameTimeOfDay) {
  const Calendar calendar = calendar_of_a_five_day_week();
  const Timestamp wednesday = local({2026, 11, 25}, 15, 30);
  EXPECT_EQ(due(wednesday, working(1), calendar), local({2026, 11, 26}, 15, 30));
  EXPECT_EQ(due(wednesday, working(3), calendar), local({2026, 11, 30}, 15, 30));
  EXPECT_EQ(due(local({2026, 11, 27}, 0), working(1), calendar), local({2026, 11, 30}, 0));
}

TEST(Deadline, WhatStartsOnAFreeDayStartsWithTheNextWorkingDay) {
  const Calendar calendar = calendar_of_a_five_day_week();
  EXPECT_EQ(due(local({2026, 11, 28}, 10), working(1), calendar), local({2026, 12, 1}, 0));
  EXPECT_EQ(due(local({2026, 11, 29}, 23, 59), working(1), calendar), local({2026, 12, 1}, 0));
  EXPECT_EQ(due(local({2026, 11, 27}, 23, 59), working(1), calendar),
            local({2026, 11, 30}, 23, 59));
}

TEST(Deadline, HolidaysAndWorkedDaysCountAsThePackSays) {
  Calendar calendar = calendar_of_a_five_day_week();
  calendar.annual = {{1, 1}};
  calendar.holidays = {{2026, 11, 26}, {2026, 11, 30}};
  calendar.working = {{2026, 11, 28}};  // a Saturday
  const Timestamp wednesday = local({2026, 11, 25}, 9);
  EXPECT_EQ(due(wednesday, working(1), calendar), local({2026, 11, 27}, 9));
  EXPECT_EQ(due(wednesday, working(2), calendar), local({2026, 11, 28}, 9));
  EXPECT_EQ(due(wednesday, working(3), calendar), local({2026, 12, 1}, 9));
  EXPECT_EQ(due(local({2026, 11, 26}, 12), working(1), calendar), local({2026, 11, 28}, 0));
  // Over the end of a year: Thursday, then New Year, then the weekend.
  EXPECT_EQ(due(local({2026, 12, 31}, 17), working(1), calendar), local({2027, 1, 4}, 17));
  EXPECT_TRUE(is_working_day(calendar, day_number({2026, 12, 31})));
  EXPECT_FALSE(is_working_day(calendar, day_number({2099, 1, 1})));
}

TEST(Deadline, TheDayIsThatOfThePackNotOfUtc) {
  Calendar calendar = calendar_of_a_five_day_week();
  // 2026-11-27T20:00Z is Saturday 01:00 in Khujand, and Friday 20:00 in UTC.
  const Timestamp start = local({2026, 11, 27}, 20, 0, 0);
  EXPECT_EQ(due(start, working(1), calendar), local({2026, 12, 1}, 0));
  calendar.utc_offset_minutes = 0;
  EXPECT_EQ(due(start, working(1), calendar), local({2026, 11, 30}, 20, 0, 0));
  calendar.utc_offset_minutes = -210;
  EXPECT_EQ(due(start, working(1), calendar), local({2026, 11, 30}, 16, 30, -210));
}

TEST(Deadline, TheEarliestTimesAndYear2099AreCalculated) {
  Calendar calendar = calendar_of_a_five_day_week();
  EXPECT_EQ(due({0}, working(1), calendar), local({1970, 1, 2}, 5));
  EXPECT_EQ(due({0}, elapsed(1), calendar), Timestamp{60'000});
  calendar.utc_offset_minutes = -720;  // there it is still 1969
  EXPECT_EQ(due({0}, working(1), calendar), local({1970, 1, 1}, 12, 0, -720));
  calendar.utc_offset_minutes = khujand;
  EXPECT_EQ(due(local({2099, 12, 31}, 8), working(2), calendar), local({2100, 1, 4}, 8));
  EXPECT_EQ(due(local({2099, 12, 31}, 8), in_months(2), calendar), local({2100, 3, 1}, 0));
}

TEST(Deadline, MonthsEndWithTheDay) {
  const Calendar calendar = calendar_of_a_five_day_week();
  EXPECT_EQ(due(local({2026, 11, 25}, 9), in_months(1), calendar), local({2026, 12, 26}, 0));
  EXPECT_EQ(due(local({2027, 1, 31}, 9), in_months(1), calendar), local({2027, 3, 1}, 0));
  EXPECT_EQ(due(local({2028, 1, 31}, 9), in_months(1), calendar), local({2028, 3, 1}, 0));
  EXPECT_EQ(due(local({2028, 2, 29}, 9), in_months(12), calendar), local({2029, 3, 1}, 0));
  EXPECT_EQ(due(local({2026, 12, 31}, 9), in_months(12), calendar), local({2028, 1, 1}, 0));
}

TEST(Deadline, APauseMovesOnlyWhatHadNotRun) {
  const Calendar calendar = calendar_of_a_five_day_week();
  const Timestamp start = local({2026, 11, 23}, 9);  // a Monday
  const Pause pause{local({2026, 11, 24}, 9), local({2026, 11, 26}, 9)};
  const Deadline found = deadline(start, working(3), calendar, pause);
  EXPECT_EQ(found.due, local({2026, 11, 30}, 9));  // two days left from Thursday
  EXPECT_EQ(found.half, local({2026, 11, 26}, 21));
  EXPECT_EQ(deadline(start, working(2), calendar, pause).half, local({2026, 11, 24}, 9));
  EXPECT_EQ(due(start, elapsed(24 * 60), calendar, pause), local({2026, 11, 24}, 9));
  EXPECT_EQ(due(start, elapsed(48 * 60), calendar, pause), local({2026, 11, 27}, 9));
}

TEST(Deadline, APauseThatIsNoneChangesNothing) {
  const Calendar calendar = calendar_of_a_five_day_week();
  const Timestamp start = local({2026, 11, 23}, 9);
  for (const Period& period : {working(3), elapsed(600), in_months(2)}) {
    const Deadline plain = deadline(start, period, calendar);
    EXPECT_EQ(deadline(start, period, calendar, Pause{start, start}), plain);
    EXPECT_EQ(deadline(start, period, calendar, Pause{{start.ms + 9}, start}), plain);
    EXPECT_EQ(deadline(start, period, calendar, Pause{{0}, start}), plain);
    EXPECT_EQ(deadline(start, period, calendar, Pause{plain.escalate, {UINT64_MAX}}), plain);
  }
}

TEST(Deadline, AClockPausesOnceAndNeverInAnEmergency) {
  const Calendar calendar = calendar_of_a_five_day_week();
  ClockRule rule{{elapsed(60), elapsed(600), std::nullopt}, Clock::information};
  const Timestamp start = local({2026, 11, 23}, 9);
  const std::vector<Pause> pauses{{local({2026, 11, 23}, 9, 30), local({2026, 11, 23}, 10, 30)},
                                  {local({2026, 11, 23}, 12), local({2026, 11, 23}, 14)}};
  EXPECT_EQ(deadline(start, rule, Urgency::urgent, calendar, pauses)->due,
            local({2026, 11, 23}, 20));
  EXPECT_EQ(deadline(start, rule, Urgency::emergency, calendar, pauses)->due,
            local({2026, 11, 23}, 10));
  EXPECT_FALSE(deadline(start, rule, Urgency::normal, calendar, pauses));
  rule.pauses_during.reset();
  EXPECT_EQ(deadline(start, rule, Urgency::urgent, calendar, pauses)->due,
            local({2026, 11, 23}, 19));
}

TEST(Deadline, SilenceDoesNotStopAClock) {
  const Calendar calendar = calendar_of_a_five_day_week();
  const Timestamp asked = local({2026, 11, 23}, 9);
  const Timestamp latest = local({2026, 11, 24}, 9);
  const Period answer = elapsed(24 * 60);
  EXPECT_EQ(pause_of(asked, std::nullopt, answer, calendar), (Pause{asked, latest}));
  EXPECT_EQ(pause_of(asked, local({2026, 11, 23}, 12), answer, calendar).until,
            local({2026, 11, 23}, 12));
  EXPECT_EQ(pause_of(asked, local({2027, 11, 23}, 12), answer, calendar).until, latest);
  EXPECT_EQ(pause_of(asked, Timestamp{0}, answer, calendar).until, asked);
}

Calendar some_calendar(std::mt19937_64& random) {
  const auto below = [&random](std::uint64_t bound) { return random() % bound; };
  Calendar calendar;
  calendar.utc_offset_minutes = static_cast<std::int32_t>(below(105)) * 15 - 720;
  for (std::size_t i = 0; i < below(Calendar::weekend_days_max + 1); ++i) {
    calendar.weekend.at(below(7)) = true;
  }
  const auto date = [&] { return date_of(static_cast<std::int64_t>(20'000 + below(1'500))); };
  for (std::size_t i = 0; i < below(60); ++i) {
    calendar.holidays.push_back(date());
    const Date annual = date();
    calendar.annual.push_back({annual.month, annual.day});
    calendar.working.push_back(date());
  }
  calendar.annual.resize(std::min(calendar.annual.size(), Calendar::annual_max));
  std::ranges::sort(calendar.holidays);
  std::ranges::sort(calendar.annual);
  std::ranges::sort(calendar.working);
  return calendar;
}

TEST(Deadline, ALaterStartIsNeverDueEarlier) {
  std::mt19937_64 random(5);
  const auto below = [&random](std::uint64_t bound) { return random() % bound; };
  for (int round = 0; round < 2'000; ++round) {
    const Calendar calendar = some_calendar(random);
    const Timestamp first{(20'000 + below(1'200)) * 86'400'000 + below(86'400'000)};
    const Timestamp second = first + Duration{below(below(2) == 0 ? 200'000'000 : 7'200'000)};
    const Timestamp from = first + Duration{below(400'000'000)};
    const std::optional<Pause> pause =
        below(2) == 0 ? std::nullopt : std::optional(Pause{from, from + Duration{below(1u << 30)}});
    for (const Period& period : {elapsed(static_cast<std::uint32_t>(1 + below(20'000))),
                                 working(static_cast<std::uint32_t>(1 + below(30))),
                                 in_months(static_cast<std::uint32_t>(1 + below(14)))}) {
      const Deadline sooner = deadline(first, period, calendar, pause);
      const Deadline later = deadline(second, period, calendar, pause);
      ASSERT_LE(sooner.due, later.due) << round;
      ASSERT_LE(first, sooner.half);
      ASSERT_LE(sooner.half, sooner.due);
      ASSERT_LE(sooner.due, sooner.escalate);
      if (period.unit != Period::Unit::months) {
        ASSERT_LE(sooner.half, later.half) << round;
        ASSERT_LE(sooner.escalate, later.escalate) << round;
      }
    }
  }
}

// What the header says of working days, counted by hand.
TEST(Deadline, WorkingDaysAreTheDaysThatTheCalendarCounts) {
  std::mt19937_64 random(7);
  for (int round = 0; round < 500; ++round) {
    const Calendar calendar = some_calendar(random);
    const std::uint32_t days = static_cast<std::uint32_t>(1 + random() % 30);
    const std::int64_t offset_ms = calendar.utc_offset_minutes * 60'000LL;
    std::int64_t day = static_cast<std::int64_t>(20'000 + random() % 1'200);
    std::int64_t ms = static_cast<std::int64_t>(random() % 86'400'000);
    const Timestamp start{static_cast<std::uint64_t>(day * 86'400'000 + ms - offset_ms)};
    while (!is_working_day(calendar, day)) {
      ++day;
      ms = 0;
    }
    for (std::uint32_t counted = 0; counted < days;) {
      counted += is_working_day(calendar, ++day) ? 1U : 0U;
    }
    const Timestamp expected{static_cast<std::uint64_t>(day * 86'400'000 + ms - offset_ms)};
    ASSERT_EQ(due(start, working(days), calendar), expected) << round;
  }
}

TEST(Deadline, TheWorstCalendarAndAnyClockEnd) {
  Calendar calendar = calendar_of_a_five_day_week();
  calendar.weekend = {true, true, true, false, false, false, false};
  for (std::uint8_t day = 1; day <= 20; ++day) {
    calendar.annual.push_back({6, day});
  }
  for (std::uint8_t day = 1; day <= 20; ++day) {
    calendar.annual.push_back({7, day});
  }
  for (std::int64_t day = 20'800; calendar.holidays.size() < Calendar::dates_max; ++day) {
    calendar.holidays.push_back(date_of(day));
  }
  const Timestamp start{20'800ULL * 86'400'000};
  const Deadline longest = deadline(start, working(Period::working_days_max), calendar);
  EXPECT_LT(longest.escalate, start + days(days_walked_max));
  const std::vector<std::uint64_t> times{
      0, 1, 253'402'300'799'999, 253'402'300'800'000, UINT64_MAX - 1, UINT64_MAX};
  for (const std::uint64_t ms : times) {
    for (const Period& period : {elapsed(Period::minutes_max), working(Period::working_days_max),
                                 in_months(Period::months_max)}) {
      const Deadline found =
          deadline({ms}, period, calendar, Pause{{ms / 2}, {UINT64_MAX - ms / 2}});
      EXPECT_LE(Timestamp{ms}, found.half);
      EXPECT_LE(found.half, found.due);
      EXPECT_LE(found.due, found.escalate);
    }
  }
}

}  // namespace
}  // namespace hamroh
