#include "daemon/login_delays.h"

#include <gtest/gtest.h>

namespace hamroh {
namespace {

constexpr Duration start = seconds(1'000);

Digest name_of(std::uint64_t number) {
  Digest name;
  const Bytes bytes = key_u64(number);
  std::ranges::copy(bytes, name.bytes.begin());
  return name;
}
const Digest madina = name_of(1);

Duration after(Duration from, Duration wait) {
  return {from.ms + wait.ms};
}

TEST(LoginDelays, GrowToAMinuteAndNoFurther) {
  const std::vector<std::uint64_t> wanted{0, 0, 0, 1, 2, 4, 8, 16, 32, 60, 60, 60};
  for (std::uint32_t failures = 0; failures < wanted.size(); ++failures) {
    EXPECT_EQ(LoginDelays::delay_after(failures).ms, wanted[failures] * 1000) << failures;
  }
  EXPECT_EQ(LoginDelays::delay_after(UINT32_MAX), LoginDelays::delay_max);
}

TEST(LoginDelays, AfterThreeFailuresANameWaitsAndThenMayTryAgain) {
  LoginDelays delays(start);
  Duration now = start;
  for (int i = 0; i < 3; ++i) {
    ASSERT_FALSE(delays.begin(madina, 0, now));
    delays.fail(madina, now);
  }
  for (std::uint32_t failures = 3; failures < 20; ++failures) {
    const Duration wait = LoginDelays::delay_after(failures);
    ASSERT_EQ(delays.begin(madina, 0, now), wait);
    const Duration nearly{now.ms + wait.ms - 1};
    ASSERT_EQ(delays.begin(madina, 0, nearly), milliseconds(1)) << "too early prolongs nothing";
    now = after(now, wait);
    ASSERT_FALSE(delays.begin(madina, 0, now)) << "never a lockout";
    delays.fail(madina, now);
  }
}

TEST(LoginDelays, ARightPassphraseForgetsTheWrongOnes) {
  LoginDelays delays(start);
  Duration now = start;
  for (int i = 0; i < 4; ++i) {
    now = after(now, seconds(60));
    ASSERT_FALSE(delays.begin(madina, 0, now));
    delays.fail(madina, now);
  }
  now = after(now, seconds(60));
  ASSERT_FALSE(delays.begin(madina, 4, now));
  delays.succeed(madina);
  EXPECT_FALSE(delays.begin(madina, 0, now));
}

TEST(LoginDelays, FailuresFromBeforeARestartWaitFromItsBeginning) {
  LoginDelays delays(start);
  EXPECT_EQ(delays.begin(madina, 6, start), seconds(8));
  EXPECT_EQ(delays.begin(madina, 6, after(start, seconds(3))), seconds(5));
  EXPECT_FALSE(delays.begin(madina, 6, after(start, seconds(8))));
}

TEST(LoginDelays, ManyAttemptsAtOnceAreNoWayAroundThem) {
  LoginDelays delays(start);
  std::size_t running = 0;
  for (int i = 0; i < 100; ++i) {
    running += delays.begin(madina, 0, start) ? 0U : 1U;
  }
  EXPECT_EQ(running, LoginDelays::free_failures);
  // And two right ones at once both go through.
  LoginDelays others(start);
  EXPECT_FALSE(others.begin(madina, 0, start));
  EXPECT_FALSE(others.begin(madina, 0, start));
  others.succeed(madina);
  others.succeed(madina);
  EXPECT_FALSE(others.begin(madina, 0, start));
}

TEST(LoginDelays, TryingManyNamesMeetsTheCommonBudget) {
  LoginDelays delays(start);
  std::uint64_t tried = 0;
  for (std::uint64_t i = 0; i < 10'000; ++i) {
    if (!delays.begin(name_of(i), 0, start)) {
      delays.fail(name_of(i), start);
      ++tried;
    }
  }
  EXPECT_EQ(tried, LoginDelays::budget_all);
  // One more every two seconds.
  const Duration later = after(start, seconds(20));
  for (std::uint64_t i = 20'000; i < 21'000; ++i) {
    if (!delays.begin(name_of(i), 0, later)) {
      delays.fail(name_of(i), later);
      ++tried;
    }
  }
  EXPECT_EQ(tried, LoginDelays::budget_all + 10);
}

TEST(LoginDelays, RefusedNamesTakeNoMemoryAndOldOnesAreForgotten) {
  LoginDelays delays(start);
  Duration now = start;
  for (std::uint64_t i = 0; i < LoginDelays::names_max + 500; ++i) {
    now = after(now, LoginDelays::budget_step);
    ASSERT_FALSE(delays.begin(name_of(i), 0, now)) << i;
    delays.fail(name_of(i), now);
  }
  EXPECT_FALSE(delays.begin(name_of(0), 0, now));
}

}  // namespace
}  // namespace hamroh
