// Stories of a network, told with the simulator's world.

#include <gtest/gtest.h>

#include "tests/sim/world.h"

namespace hamroh::sim {
namespace {

constexpr std::size_t ngo = 0;
constexpr std::size_t commission = 1;
constexpr std::size_t provider = 2;

Level level_at(World& world, std::size_t who, const MessageId& message) {
  const auto shown = world.message(who, message);
  return shown ? shown->level() : Level::accepted;
}

CaseId case_of(const MessageId& message) {
  return *CaseId::from(message.view());
}

TEST(Scenario, ReferralIsOpenedAndItsReceiptVerifies) {
  World world(1, {});
  world.run_for(seconds(5));
  const auto message = world.refer(ngo, {commission});
  ASSERT_TRUE(message) << message.error().text;
  world.run_for(seconds(2));
  EXPECT_EQ(level_at(world, ngo, *message), Level::opened);
  EXPECT_TRUE(world.receipt(ngo, *message));
  world.check_outcomes();
  EXPECT_EQ(world.broken(), "");
}

TEST(Scenario, AcceptanceReachesTheNgoAndBothSidesShowTheSameCase) {
  World world(2, {});
  world.run_for(seconds(5));
  const auto message = world.refer(ngo, {commission});
  ASSERT_TRUE(message);
  world.run_for(seconds(2));
  ASSERT_TRUE(world.decide(commission, case_of(*message), true));
  world.run_for(seconds(2));
  const auto here = world.case_view(ngo, case_of(*message));
  const auto there = world.case_view(commission, case_of(*message));
  ASSERT_TRUE(here && there);
  EXPECT_EQ(here->state, State::accepted);
  EXPECT_GE(here->events.size(), 2U);
  EXPECT_EQ(there->events.size(), here->events.size());
  EXPECT_EQ(there->state, here->state);
  EXPECT_EQ(world.broken(), "");
}

std::size_t disclosures_at(World& world, std::size_t who, const MessageId& message) {
  const auto shown = world.case_view(who, case_of(message));
  return shown ? static_cast<std::size_t>(std::ranges::count(
                     shown->events, EventKind::tier_disclose, &MessageView::kind))
               : 0;
}

// Forms, urgencies and consents are drawn; the world watches that nobody holds what it may not.
TEST(Scenario, WhoDeclinesLearnsNothingMoreAndWhoAcceptsWhatItMayThroughCrashes) {
  std::size_t disclosed = 0;
  for (std::uint64_t seed = 100; seed < 112; ++seed) {
    World world(seed, {});
    world.run_for(seconds(5));
    const auto message = world.refer(ngo, {commission, provider});
    ASSERT_TRUE(message);
    world.run_for(seconds(2));
    const std::size_t at_once = disclosures_at(world, provider, *message);
    ASSERT_TRUE(world.decide(provider, case_of(*message), false));
    ASSERT_TRUE(world.decide(commission, case_of(*message), true));
    world.crash(ngo);
    world.run_for(minutes(1));
    world.crash(commission);
    world.run_for(minutes(1));
    EXPECT_EQ(disclosures_at(world, provider, *message), at_once);
    const std::size_t told = disclosures_at(world, commission, *message);
    EXPECT_EQ(disclosures_at(world, ngo, *message), at_once + told);
    disclosed += told;
    world.check_outcomes();
    EXPECT_EQ(world.broken(), "") << seed;
  }
  EXPECT_GT(disclosed, 4U);
}

std::size_t answers_at(World& world, std::size_t who, const MessageId& message) {
  const auto shown = world.case_view(who, case_of(message));
  return shown ? static_cast<std::size_t>(std::ranges::count(
                     shown->events, EventKind::consent_applied, &MessageView::kind))
               : 0;
}

// A story that went wrong elsewhere: a withdrawn consent that the other system never hears of.
TEST(Scenario, AWithdrawnConsentThatTheOtherSystemNeverHearsOf) {
  World world(31, {});
  world.run_for(seconds(5));
  const auto message = world.refer(ngo, {commission, provider});
  ASSERT_TRUE(message);
  world.run_for(seconds(2));
  world.cut(ngo, provider);
  world.cut(provider, ngo);
  ASSERT_TRUE(world.state_consent(ngo, case_of(*message), EventKind::consent_withdraw));
  world.run_for(minutes(10));
  EXPECT_EQ(answers_at(world, ngo, *message), 1U);
  // Nobody may forget it over that: the case stays open, and says who is missing.
  for (int tries = 0; tries < 3; ++tries) {
    const auto closed = world.tell(ngo, case_of(*message), EventKind::case_close);
    ASSERT_FALSE(closed);
    EXPECT_EQ(closed.error().code, Code::consent_unanswered);
  }
  world.crash(ngo);
  world.heal_network();
  world.crash(provider);
  ASSERT_TRUE(world.run_until([&] { return answers_at(world, ngo, *message) == 2; }, minutes(30)));
  EXPECT_TRUE(world.tell(ngo, case_of(*message), EventKind::case_close));
  world.check_outcomes();
  EXPECT_EQ(world.broken(), "");
}

// Whatever comes first, and however often: nothing more is disclosed, and each answers once.
TEST(Scenario, AConsentWithdrawnWhileTheReferralIsInFlight) {
  for (std::uint64_t seed = 200; seed < 216; ++seed) {
    WorldOptions options;
    options.double_once_in = 3;
    options.reorder_once_in = 2;
    options.delay_ms_max = 2'000;
    World world(seed, options);
    world.run_for(seconds(10));
    const auto message = world.refer(ngo, {commission, provider});
    ASSERT_TRUE(message);
    const std::size_t at_once = disclosures_at(world, ngo, *message);
    ASSERT_TRUE(world.state_consent(ngo, case_of(*message), EventKind::consent_withdraw));
    world.run_for(milliseconds(500));
    world.crash(commission);
    world.run_for(minutes(1));
    ASSERT_TRUE(world.decide(commission, case_of(*message), true));
    world.run_for(minutes(5));
    EXPECT_EQ(answers_at(world, ngo, *message), 2U) << seed;
    EXPECT_EQ(disclosures_at(world, ngo, *message), at_once) << seed;
    world.check_outcomes();
    EXPECT_EQ(world.broken(), "") << seed;
  }
}

TEST(Scenario, LockedNodeHoldsAndReceiptsAndOpensAfterUnlocking) {
  World world(3, {});
  world.run_for(seconds(5));
  world.lock(commission);
  world.run_for(seconds(5));
  const auto message = world.refer(ngo, {commission});
  ASSERT_TRUE(message);
  world.run_for(seconds(5));
  EXPECT_EQ(level_at(world, ngo, *message), Level::stored);
  world.unlock(commission);
  world.run_for(seconds(5));
  EXPECT_EQ(level_at(world, ngo, *message), Level::opened);
  EXPECT_EQ(world.broken(), "");
}

TEST(Scenario, CrashOfBothSidesLosesNothing) {
  World world(4, {});
  world.run_for(seconds(5));
  const auto message = world.refer(ngo, {commission});
  ASSERT_TRUE(message);
  world.crash(ngo);
  world.crash(commission);
  ASSERT_TRUE(
      world.run_until([&] { return level_at(world, ngo, *message) == Level::opened; }, minutes(5)));
  world.check_outcomes();
  EXPECT_EQ(world.broken(), "");
}

TEST(Scenario, RestoredOldImageIsNoticedBeforeAnythingIsSigned) {
  World world(5, {});
  world.run_for(seconds(5));
  world.keep_image(ngo);
  for (int i = 0; i < 5; ++i) {
    ASSERT_TRUE(world.refer(ngo, {commission}));
    world.run_for(seconds(1));
  }
  world.restore_image(ngo);
  ASSERT_TRUE(world.run_until([&] { return world.running(ngo); }, minutes(1)));
  world.run_for(seconds(40));
  EXPECT_EQ(world.node(ngo).view().phase, Phase::stopped);
  EXPECT_FALSE(world.refer(ngo, {commission}));
}

TEST(Scenario, OldImageStaysStoppedOverRestarts) {
  World world(11, {});
  world.run_for(seconds(5));
  world.keep_image(ngo);
  ASSERT_TRUE(world.refer(ngo, {commission}));
  world.run_for(seconds(5));
  world.restore_image(ngo);
  for (int restart = 0; restart < 3; ++restart) {
    for (std::size_t other = 1; other < world.size(); ++other) {
      world.cut(ngo, other);  // nobody tells it
      world.cut(other, ngo);
    }
    world.crash(ngo);
    ASSERT_TRUE(world.run_until([&] { return world.running(ngo); }, minutes(1)));
    world.run_for(minutes(1));
    EXPECT_EQ(world.node(ngo).view().phase, Phase::stopped);
  }
  EXPECT_EQ(world.broken(), "");
}

TEST(Scenario, ExpiredMessageIsToldToItsAuthorAndSettles) {
  WorldOptions options;
  options.message_lifetime = minutes(2);
  World world(6, options);
  world.run_for(seconds(5));
  world.cut(ngo, commission);
  const auto message = world.refer(ngo, {commission});
  ASSERT_TRUE(message);
  world.run_for(minutes(4));
  EXPECT_EQ(level_at(world, ngo, *message), Level::expired);
  EXPECT_EQ(world.node(ngo).view().outbox_depth, 0U);
  EXPECT_EQ(world.broken(), "");
}

TEST(Scenario, NewDirectoryReachesEveryMember) {
  World world(7, {});
  world.run_for(seconds(5));
  world.publish_directory();
  world.run_for(minutes(2));
  for (std::size_t i = 0; i < world.size(); ++i) {
    world.crash(i);
  }
  world.run_for(minutes(2));
  for (std::size_t i = 0; i < world.size(); ++i) {
    EXPECT_EQ(world.node(i).view().directory_version, 2U) << i;
  }
}

TEST(Scenario, MemberThatMissedManyDirectoriesCatchesUp) {
  constexpr std::size_t away = 3;
  constexpr std::uint64_t versions = 41;  // more than fit one envelope
  World world(10, {});
  world.run_for(seconds(5));
  for (std::size_t other = 0; other < away; ++other) {
    world.cut(away, other);
    world.cut(other, away);
  }
  while (world.publish_directory(ngo) < versions) {
    world.run_for(minutes(2));
  }
  EXPECT_LT(world.node(away).view().directory_version, versions);
  world.heal_network();
  world.run_for(minutes(5));
  EXPECT_EQ(world.node(away).view().directory_version, versions);
  EXPECT_EQ(world.broken(), "");
}

TEST(Scenario, SameIdWithAnotherContentIsRefusedToItsAuthor) {
  World world(8, {});
  world.run_for(seconds(5));
  const auto message = world.refer(ngo, {commission});
  ASSERT_TRUE(message);
  Submission other;
  other.message = *message;
  other.kind = EventKind::referral_send;
  other.to = {world.id(commission)};
  other.body = {1, 2, 3};
  const auto again = world.submit(ngo, other);
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().code, Code::conflict);
}

TEST(Scenario, NodeInDoubtAboutTheTimeIsNotBusy) {
  World world(12, {});
  world.run_for(seconds(5));
  world.jump_clock(ngo, static_cast<std::int64_t>(days(3).ms));
  world.run_for(minutes(2));
  ASSERT_TRUE(world.node(ngo).view().clock_suspect);
  const std::uint64_t before = world.steps();
  world.run_for(minutes(10));
  EXPECT_LT(world.steps() - before, 1'000U);
}

TEST(Scenario, SameSeedGivesTheSameTrace) {
  const auto run = [] {
    World world(9, {});
    world.run_for(seconds(5));
    (void)world.refer(ngo, {commission});
    world.run_for(minutes(3));
    return world.trace();
  };
  EXPECT_EQ(run(), run());
}

}  // namespace
}  // namespace hamroh::sim
