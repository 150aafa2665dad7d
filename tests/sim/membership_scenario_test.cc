// Stories of who is a member, told with the simulator's world.

#include <gtest/gtest.h>

#include "tests/sim/world.h"

namespace hamroh::sim {
namespace {

constexpr std::size_t ngo = 0;
constexpr std::size_t commission = 1;
constexpr std::size_t provider = 2;
constexpr std::size_t ministry = 3;

const RotationAsk every_key{true, true, true, true, true, ""};

World calm_world(std::uint64_t seed) {
  WorldOptions options;
  options.calm = true;
  return World(seed, options);
}

CaseId case_of(const MessageId& message) {
  return *CaseId::from(message.view());
}

Delivery delivery_at(World& world, std::size_t who, const MessageId& message) {
  const auto shown = world.message(who, message);
  return shown && !shown->deliveries.empty() ? shown->deliveries.front() : Delivery{};
}

Level level_at(World& world, std::size_t who, const MessageId& message) {
  return delivery_at(world, who, message).level;
}

bool opened(World& world, std::size_t who, const MessageId& message) {
  return world.run_until([&] { return level_at(world, who, message) == Level::opened; },
                         minutes(10));
}

void cut_off(World& world, std::size_t who) {
  for (std::size_t other = 0; other < world.size(); ++other) {
    if (other != who) {
      world.cut(who, other);
      world.cut(other, who);
    }
  }
}

bool is_suspended(World& world, std::size_t at, std::size_t who) {
  return std::ranges::any_of(world.node(at).suspensions(), [&](const ActiveSuspension& one) {
    return one.member == world.id(who);
  });
}

bool has_sessions(const World& world, std::size_t who) {
  for (std::size_t other = 0; other < world.size(); ++other) {
    if (other != who && (world.has_session(who, other) || world.has_session(other, who))) {
      return true;
    }
  }
  return false;
}

TEST(MembershipScenario, SuspensionEndsSessionsAtAllPeersWithinFiveSecondsAndItsEndBringsTheQueue) {
  World world = calm_world(1);
  world.run_for(seconds(5));
  world.suspend(commission, hours(1), provider);
  world.run_for(seconds(5));
  EXPECT_FALSE(has_sessions(world, commission));
  const auto message = world.refer(ngo, {commission});
  ASSERT_TRUE(message) << message.error().text;
  world.run_for(minutes(50));
  EXPECT_EQ(level_at(world, ngo, *message), Level::accepted);
  world.run_for(minutes(10));
  EXPECT_TRUE(opened(world, ngo, *message));
  world.check_outcomes();
  EXPECT_EQ(world.broken(), "");
}

TEST(MembershipScenario, TwoAdministratorsLiftASuspension) {
  World world = calm_world(2);
  world.run_for(seconds(5));
  world.suspend(commission, hours(72), ngo);
  world.run_for(seconds(5));
  ASSERT_TRUE(is_suspended(world, ministry, commission));
  const Timestamp now = world.authority().newest().value().created + Duration{world.now().ms};
  EXPECT_FALSE(world.give(ngo, world.authority().forged_lift(world.id(commission), now)));
  world.run_for(seconds(5));
  EXPECT_TRUE(is_suspended(world, ngo, commission));
  world.lift(commission);
  world.run_for(seconds(10));
  for (std::size_t who = 0; who < world.size(); ++who) {
    EXPECT_FALSE(is_suspended(world, who, commission)) << who;
  }
  const auto message = world.refer(ngo, {commission});
  ASSERT_TRUE(message);
  EXPECT_TRUE(opened(world, ngo, *message));
  EXPECT_EQ(world.broken(), "");
}

TEST(MembershipScenario, RevocationReturnsMailWithItsReasonAndWhatWasReceiptedBeforeStays) {
  World world = calm_world(3);
  world.run_for(seconds(5));
  const auto before = world.refer(ngo, {commission});
  ASSERT_TRUE(before && opened(world, ngo, *before));
  const auto sent_by_it = world.decide(commission, case_of(*before), true);
  ASSERT_TRUE(sent_by_it && opened(world, commission, *sent_by_it));
  cut_off(world, commission);
  const auto queued = world.refer(ngo, {commission});
  ASSERT_TRUE(queued);
  world.revoke(commission, provider);
  world.run_for(seconds(10));
  EXPECT_EQ(level_at(world, ngo, *queued), Level::refused);
  EXPECT_EQ(delivery_at(world, ngo, *queued).code, Code::revoked);
  EXPECT_EQ(level_at(world, ngo, *before), Level::opened);
  EXPECT_TRUE(world.receipt(ngo, *before));
  EXPECT_TRUE(world.message(ngo, *sent_by_it)) << "what it had sent is still there";
  const auto after = world.refer(ngo, {commission});
  ASSERT_FALSE(after);
  EXPECT_EQ(after.error().code, Code::revoked);
  EXPECT_EQ(world.broken(), "");
}

TEST(MembershipScenario, RestoredMemberHearsOfItAndWorksAgain) {
  World world = calm_world(4);
  world.run_for(seconds(5));
  world.revoke(commission, provider);
  ASSERT_TRUE(world.give(commission, world.authority().newest_file()));  // even if it knows
  world.run_for(seconds(10));
  ASSERT_EQ(world.node(commission).view().standing, Standing::revoked);
  ASSERT_FALSE(has_sessions(world, commission));
  world.restore(commission);
  world.run_for(minutes(5));
  const auto message = world.refer(ngo, {commission});
  ASSERT_TRUE(message) << message.error().text;
  EXPECT_TRUE(opened(world, ngo, *message));
  EXPECT_EQ(world.broken(), "");
}

TEST(MembershipScenario, RotationOfEveryKeyWithMessagesInFlightLosesNothing) {
  WorldOptions options;
  options.delay_ms_max = 500;
  World world(5, options);
  world.run_for(seconds(10));
  const auto first = world.refer(ngo, {commission});
  ASSERT_TRUE(first && opened(world, ngo, *first));
  std::vector<MessageId> there;
  std::vector<MessageId> back;
  for (int turn = 0; turn < 12; ++turn) {
    const auto out = world.refer(ngo, {commission});
    const auto in = world.write_note(commission, case_of(*first));
    ASSERT_TRUE(out && in);
    there.push_back(*out);
    back.push_back(*in);
    if (turn == 4) {
      ASSERT_TRUE(world.rotate(commission, every_key));
    }
    if (turn == 8) {
      ASSERT_TRUE(world.rotate(ngo, every_key));
    }
    world.run_for(milliseconds(300));
  }
  for (const MessageId& message : there) {
    EXPECT_TRUE(opened(world, ngo, message));
    EXPECT_TRUE(world.receipt(ngo, message));
  }
  for (const MessageId& message : back) {
    EXPECT_TRUE(opened(world, commission, message));
  }
  world.check_outcomes();
  EXPECT_EQ(world.broken(), "");
}

TEST(MembershipScenario, RotationReachesAMemberThatWasAwayThroughAThird) {
  constexpr std::size_t away = 4;  // another NGO
  WorldOptions options;
  options.members = 5;
  World world(6, options);
  world.run_for(seconds(5));
  cut_off(world, away);
  world.run_for(seconds(5));
  ASSERT_TRUE(world.rotate(commission, every_key));
  world.run_for(seconds(10));
  cut_off(world, commission);  // it cannot say so itself
  world.heal_network();
  cut_off(world, commission);
  world.run_for(seconds(20));
  const Member* here = world.node(away).membership().find(world.id(commission));
  ASSERT_NE(here, nullptr);
  EXPECT_EQ(here->key_serial, 1U);
  world.heal_network();
  const auto message = world.refer(away, {commission});
  ASSERT_TRUE(message);
  EXPECT_TRUE(opened(world, away, *message));
  EXPECT_EQ(world.broken(), "");
}

TEST(MembershipScenario, NewIncarnationGetsWhatItHadNotReceiptedAndWhatItLost) {
  World world = calm_world(7);
  world.run_for(seconds(5));
  const auto kept = world.refer(ngo, {commission});
  ASSERT_TRUE(kept && opened(world, ngo, *kept));
  const std::uint64_t backup = world.ledger_size(commission);
  const auto lost = world.refer(ngo, {commission});
  ASSERT_TRUE(lost && opened(world, ngo, *lost));
  cut_off(world, commission);
  const auto waiting = world.refer(ngo, {commission});
  ASSERT_TRUE(waiting);
  world.heal_network();
  world.reincarnate(commission, backup);
  world.run_for(seconds(30));
  EXPECT_TRUE(world.message(commission, *waiting));
  EXPECT_TRUE(world.message(commission, *lost)) << "delivered again";
  EXPECT_FALSE(world.message(commission, *kept)) << "that is in its backup";
  EXPECT_EQ(level_at(world, ngo, *lost), Level::opened);
  EXPECT_EQ(level_at(world, ngo, *waiting), Level::opened);
  world.check_outcomes();
  EXPECT_EQ(world.broken(), "");
}

TEST(MembershipScenario, MemberThatCameBackFromItsBackupHasEverythingThatWasReceipted) {
  World world = calm_world(17);
  world.run_for(seconds(5));
  const auto kept = world.refer(ngo, {commission});
  ASSERT_TRUE(kept && opened(world, ngo, *kept));
  world.keep_image(commission);
  const auto lost = world.refer(ngo, {commission});
  ASSERT_TRUE(lost && opened(world, ngo, *lost));
  cut_off(world, commission);
  const auto waiting = world.refer(ngo, {commission});
  ASSERT_TRUE(waiting);
  world.heal_network();
  ASSERT_TRUE(world.return_from_image(commission));
  world.run_for(seconds(30));
  for (const auto& message : {kept, lost, waiting}) {
    EXPECT_TRUE(world.message(commission, *message));
    EXPECT_EQ(level_at(world, ngo, *message), Level::opened);
  }
  EXPECT_EQ(world.node(commission).view().phase, Phase::ready);
  world.check_outcomes();
  EXPECT_EQ(world.broken(), "");
}

TEST(MembershipScenario, WhoHadACaseWhenABackupWasMadeHasItAfterTheReturn) {
  World world = calm_world(19);
  world.run_for(seconds(5));
  const auto kept = world.refer(ngo, {commission});
  ASSERT_TRUE(kept && opened(world, ngo, *kept));
  for (int time = 0; time < 20; ++time) {
    world.take_or_give(commission, case_of(*kept));
  }
  world.keep_image(commission);
  ASSERT_TRUE(world.return_from_image(commission));
  world.run_for(seconds(30));
  for (int time = 0; time < 40; ++time) {
    world.look(commission, case_of(*kept));
  }
  EXPECT_EQ(world.broken(), "");
}

TEST(MembershipScenario, WhatWasOnItsWayWhenABackupWasMadeGoesOnUnderTheNewIncarnation) {
  World world = calm_world(18);
  world.run_for(seconds(5));
  cut_off(world, ngo);
  const auto waiting = world.refer(ngo, {commission});
  ASSERT_TRUE(waiting);
  world.keep_image(ngo);
  world.heal_network();
  ASSERT_TRUE(opened(world, ngo, *waiting));
  const auto after = world.refer(ngo, {commission});
  ASSERT_TRUE(after && opened(world, ngo, *after));
  ASSERT_TRUE(world.return_from_image(ngo));
  // Its recipient has it already: the receipt comes once more, and nothing is opened twice.
  ASSERT_TRUE(opened(world, ngo, *waiting));
  EXPECT_FALSE(world.message(ngo, *after)) << "that is with its recipient only";
  EXPECT_TRUE(world.message(commission, *after));
  const auto next = world.refer(ngo, {commission});
  ASSERT_TRUE(next && opened(world, ngo, *next));
  world.check_outcomes();
  EXPECT_EQ(world.broken(), "");
}

TEST(MembershipScenario, MemberThatCameBackTwiceWhileItsPeerWasAwayGetsEverything) {
  World world = calm_world(8);
  world.run_for(seconds(5));
  const auto first = world.refer(ngo, {commission});
  ASSERT_TRUE(first && opened(world, ngo, *first));
  cut_off(world, ngo);
  world.reincarnate(commission, 0);
  world.run_for(seconds(10));
  world.reincarnate(commission, 0);
  world.run_for(seconds(10));
  world.heal_network();
  world.run_for(minutes(1));
  EXPECT_TRUE(world.message(commission, *first));
  EXPECT_EQ(level_at(world, ngo, *first), Level::opened);
  EXPECT_EQ(world.broken(), "");
}

TEST(MembershipScenario, MemberThatWasRevokedAfterItCameBackGetsWhatItLostOnceItIsRestored) {
  World world = calm_world(9);
  world.run_for(seconds(5));
  const auto first = world.refer(ngo, {commission});
  ASSERT_TRUE(first && opened(world, ngo, *first));
  cut_off(world, ngo);
  world.reincarnate(commission, 0);
  world.revoke(commission, provider);
  world.heal_network();
  world.run_for(minutes(1));
  EXPECT_FALSE(world.message(commission, *first));
  world.restore(commission);
  world.run_for(minutes(5));
  EXPECT_TRUE(world.message(commission, *first));
  EXPECT_EQ(world.broken(), "");
}

TEST(MembershipScenario, ReplacedAdministratorsSignatureCountsForNothing) {
  World world = calm_world(10);
  world.run_for(seconds(5));
  ASSERT_TRUE(world.amend(Authority::Change::replace_honest));
  world.run_for(seconds(10));
  const Timestamp now = world.authority().newest().value().created + seconds(20);
  for (int attempt = 0; attempt < 32; ++attempt) {  // alone, twice, and with who was replaced
    EXPECT_FALSE(world.give(ngo, world.authority().forged_directory(now)));
    EXPECT_FALSE(world.give(ngo, world.authority().forged_lift(world.id(commission), now)));
    EXPECT_FALSE(world.give(ngo, world.authority().forged_constitution(now)));
  }
  EXPECT_EQ(world.node(ngo).view().directory_version, 2U);
  EXPECT_EQ(world.broken(), "");
}

TEST(MembershipScenario, MembersThatWereShownDifferentDirectoriesBothRaiseTheAlarm) {
  World world = calm_world(11);
  world.run_for(seconds(5));
  world.split_view();
  ASSERT_TRUE(world.authority().is_split());
  EXPECT_TRUE(world.run_until([&] { return !world.unalarmed().has_value(); }, seconds(30)));
  std::size_t alarmed = 0;
  for (std::size_t who = 0; who < world.size(); ++who) {
    alarmed += world.node(who).view().alarms.empty() ? 0 : 1;
  }
  EXPECT_EQ(alarmed, world.size());
  const auto message = world.refer(ngo, {commission, provider});
  ASSERT_TRUE(message);
  world.run_for(seconds(10));
  const auto shown = world.message(ngo, *message);
  ASSERT_TRUE(shown);
  EXPECT_EQ(shown->level(), Level::opened) << "help goes on";
  EXPECT_EQ(world.broken(), "");
}

TEST(MembershipScenario, LockedNodeLearnsOfASuspensionAsWell) {
  World world = calm_world(12);
  world.run_for(seconds(5));
  world.lock(commission);
  world.suspend(ministry, hours(1), provider);
  world.run_for(seconds(5));
  EXPECT_TRUE(is_suspended(world, commission, ministry));
  EXPECT_FALSE(world.has_session(ministry, commission));
  EXPECT_FALSE(world.has_session(commission, ministry));
  EXPECT_EQ(world.broken(), "");
}

TEST(MembershipScenario, MemberThatWasAwayCatchesUpOverThreeHundredVersionsAndFiveConstitutions) {
  constexpr std::uint64_t versions = 300;
  World world = calm_world(13);
  world.run_for(seconds(5));
  cut_off(world, ministry);
  const auto version = [&] { return world.authority().newest().value().version; };
  for (std::uint64_t constitution = 1; constitution <= 5; ++constitution) {
    while (version() < versions / 6 * constitution) {
      (void)world.publish_directory(ngo);
    }
    ASSERT_TRUE(world.amend(Authority::Change::replace_honest));
    world.run_for(seconds(30));  // whoever is there has it
  }
  while (version() < versions) {
    (void)world.publish_directory(ngo);
  }
  world.heal_network();
  world.run_for(minutes(5));
  for (std::size_t who = 0; who < world.size(); ++who) {
    EXPECT_EQ(world.node(who).view().directory_version, versions) << who;
    EXPECT_EQ(world.node(who).view().constitution_version, 6U) << who;
  }
  EXPECT_EQ(world.broken(), "");
}

TEST(MembershipScenario, ClockOf1970OrOf2099OnOneNodeChangesNothingAboutWhoIsAMemberThere) {
  for (const std::int64_t years : {-56, 73}) {
    constexpr std::int64_t year_ms = 365LL * 24 * 3'600'000;
    World world = calm_world(14);
    world.run_for(seconds(5));
    world.jump_clock(commission, years * year_ms);
    world.run_for(minutes(3));
    ASSERT_TRUE(world.node(commission).view().clock_suspect);
    world.suspend(ministry, hours(1), ngo);
    world.run_for(seconds(10));
    EXPECT_TRUE(is_suspended(world, commission, ministry)) << years;
    (void)world.admit();
    world.run_for(seconds(30));
    EXPECT_EQ(world.node(commission).view().directory_version, 2U);
    const auto message = world.refer(ngo, {commission});
    ASSERT_TRUE(message);
    EXPECT_TRUE(opened(world, ngo, *message));
    world.run_for(hours(1));
    EXPECT_FALSE(is_suspended(world, commission, ministry)) << years;
    EXPECT_EQ(world.broken(), "");
  }
}

TEST(MembershipScenario, AdmittedMemberWorksAtOnce) {
  World world = calm_world(15);
  world.run_for(seconds(5));
  const auto who = world.admit();
  ASSERT_TRUE(who);
  world.run_for(seconds(10));
  const auto message = world.refer(*who, {commission});
  ASSERT_TRUE(message) << message.error().text;
  EXPECT_TRUE(opened(world, *who, *message));
  EXPECT_EQ(world.broken(), "");
}

TEST(MembershipScenario, MemberLearnsFromItsPeersThatTheAdministratorsHaveAgreedToItsNewKeys) {
  World world = calm_world(18);
  world.run_for(seconds(5));
  world.countersign(1U << static_cast<unsigned>(KeyPurpose::author));
  world.run_for(seconds(5));
  RotationAsk ask;
  ask.author = true;
  ASSERT_TRUE(world.rotate(commission, ask));
  ASSERT_TRUE(world.node(commission).view().rotation_waits);
  cut_off(world, commission);
  world.agree_to_rotation(commission, ngo);
  world.run_for(seconds(10));  // all others know the new key, and only that
  world.heal_network();
  world.run_for(minutes(1));
  EXPECT_FALSE(world.node(commission).view().rotation_waits);
  EXPECT_EQ(world.node(commission).view().key_serial, 1U);
  const auto message = world.refer(ngo, {commission});
  ASSERT_TRUE(message);
  EXPECT_TRUE(opened(world, ngo, *message));
  EXPECT_EQ(world.broken(), "");
}

TEST(MembershipScenario, WhatWasHeldOfASuspendedMemberWaits) {
  World world = calm_world(19);
  world.run_for(seconds(5));
  world.lock(commission);
  world.run_for(seconds(5));
  const auto message = world.refer(ngo, {commission});
  ASSERT_TRUE(message);
  world.run_for(seconds(5));
  ASSERT_EQ(level_at(world, ngo, *message), Level::stored);
  world.suspend(ngo, hours(1), provider);
  world.run_for(seconds(5));
  world.unlock(commission);
  world.run_for(minutes(30));
  EXPECT_FALSE(world.message(commission, *message));
  world.run_for(minutes(40));
  EXPECT_TRUE(world.message(commission, *message));
  EXPECT_TRUE(opened(world, ngo, *message));
  EXPECT_EQ(world.broken(), "");
}

TEST(MembershipScenario, AdministratorWhoHasSignedMuchCanStillLift) {
  World world = calm_world(16);
  world.run_for(seconds(5));
  for (int times = 0; times < 20; ++times) {
    world.suspend(commission, minutes(1), ngo);
    world.lift(commission);
    world.run_for(seconds(2));
  }
  world.suspend(ministry, hours(2), ngo);
  world.run_for(seconds(5));
  world.lift(ministry);
  world.run_for(seconds(10));
  EXPECT_FALSE(is_suspended(world, ngo, ministry));
  EXPECT_EQ(world.broken(), "");
}

TEST(MembershipScenario, SubmissionThatWasAcceptedIsAnsweredTheSameAfterARevocation) {
  World world = calm_world(17);
  world.run_for(seconds(5));
  ASSERT_TRUE(world.refer(ngo, {commission}));
  world.run_for(seconds(5));
  world.revoke(ngo, ngo);
  world.run_for(seconds(5));
  ASSERT_EQ(world.node(ngo).view().standing, Standing::revoked);
  world.submit_again();
  EXPECT_EQ(world.broken(), "");
}

}  // namespace
}  // namespace hamroh::sim
