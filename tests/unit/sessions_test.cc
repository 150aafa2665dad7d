#include "daemon/sessions.h"

#include <gtest/gtest.h>

#include "tests/unit/store_fixture.h"

namespace hamroh {
namespace {

constexpr Duration start = seconds(1'000);
constexpr Sessions::Times times{minutes(30), hours(12)};

Actor user(std::uint64_t number) {
  Actor actor;
  const Bytes bytes = key_u64(number);
  std::ranges::copy(bytes, actor.user.bytes.begin());
  actor.role = Role::case_worker;
  actor.teams = {"intake"};
  return actor;
}

Duration after(Duration from, Duration wait) {
  return {from.ms + wait.ms};
}

class ASession : public testing::Test {
 protected:
  SessionToken open(std::uint64_t number, Duration now = start) {
    return sessions_.open(user(number), 1, now, entropy_);
  }
  bool stands(const SessionToken& token, Duration now = start) {
    return sessions_.find(Sessions::id_of(token.view()), now) != nullptr;
  }
  store_fixture::SeededEntropy entropy_{1};
  Sessions sessions_{times};
};

TEST_F(ASession, IsKnownByItsTokenOnly) {
  const SessionToken token = open(1);
  const auto* found = sessions_.use(Sessions::id_of(token.view()), start);
  ASSERT_NE(found, nullptr);
  EXPECT_EQ(found->actor.user, user(1).user);
  for (std::size_t at = 0; at < SessionToken::size; ++at) {
    SessionToken guessed = token;
    guessed.bytes[at] ^= 1;
    EXPECT_EQ(sessions_.use(Sessions::id_of(guessed.view()), start), nullptr);
  }
  EXPECT_EQ(sessions_.use(Sessions::id_of({}), start), nullptr);
  // What stands in memory does not log in.
  const SessionId id = Sessions::id_of(token.view());
  EXPECT_EQ(sessions_.use(Sessions::id_of(id.view()), start), nullptr);
}

TEST_F(ASession, EndsWhenNobodyUsedItForTheIdleTime) {
  const SessionToken token = open(1);
  const Duration nearly{start.ms + times.idle.ms - 1};
  ASSERT_NE(sessions_.use(Sessions::id_of(token.view()), nearly), nullptr);
  EXPECT_TRUE(stands(token, after(start, times.idle)));  // used since
  EXPECT_FALSE(stands(token, after(nearly, times.idle)));
  EXPECT_EQ(sessions_.use(Sessions::id_of(token.view()), after(nearly, times.idle)), nullptr);
  EXPECT_EQ(sessions_.count(), 0U);
}

TEST_F(ASession, EndsAfterTheAbsoluteTimeHoweverBusyItIs) {
  const SessionToken token = open(1);
  const Duration end = after(start, times.absolute);
  for (Duration now = start; now < end; now = after(now, minutes(10))) {
    ASSERT_NE(sessions_.use(Sessions::id_of(token.view()), now), nullptr);
  }
  EXPECT_EQ(sessions_.use(Sessions::id_of(token.view()), end), nullptr);
}

TEST_F(ASession, GoesWhenItsUserOpensANinth) {
  std::vector<SessionToken> tokens;
  const SessionToken of_another = open(2);
  for (std::uint64_t i = 0; i < Sessions::per_user_max; ++i) {
    tokens.push_back(open(1, after(start, seconds(i))));
  }
  ASSERT_NE(sessions_.use(Sessions::id_of(tokens[0].view()), after(start, minutes(1))), nullptr);
  tokens.push_back(open(1, after(start, minutes(2))));
  EXPECT_EQ(sessions_.count(user(1).user), Sessions::per_user_max);
  EXPECT_TRUE(stands(tokens[0]));
  EXPECT_FALSE(stands(tokens[1])) << "the one that was idle longest";
  EXPECT_TRUE(stands(of_another));
}

TEST_F(ASession, TheyAreBoundedInAll) {
  const SessionToken first = open(0);
  for (std::uint64_t i = 1; i < Sessions::sessions_max + 50; ++i) {
    (void)open(i, after(start, milliseconds(i)));
  }
  EXPECT_EQ(sessions_.count(), Sessions::sessions_max);
  EXPECT_FALSE(stands(first));
}

TEST_F(ASession, EndsWithItsAccountAndNoOtherDoes) {
  const SessionToken one = open(1);
  const SessionToken two = open(1);
  const SessionToken of_another = open(2);
  sessions_.end_user(user(1).user);
  EXPECT_FALSE(stands(one) || stands(two));
  EXPECT_TRUE(stands(of_another));
}

TEST_F(ASession, ThatChangedThePassphraseGoesOnAlone) {
  const SessionToken kept = open(1);
  const SessionToken other = open(1);
  sessions_.end_others(user(1).user, Sessions::id_of(kept.view()), 2);
  EXPECT_FALSE(stands(other));
  const auto* found = sessions_.find(Sessions::id_of(kept.view()), start);
  ASSERT_NE(found, nullptr);
  EXPECT_EQ(found->generation, 2U);
}

}  // namespace
}  // namespace hamroh
