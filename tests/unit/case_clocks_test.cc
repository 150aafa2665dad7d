// Which clocks of a case run: what starts and stops each, who waits for whom, and that both sides
// compute the same instants whatever order things arrive in.

#include "protocol/case_clocks.h"

#include <gtest/gtest.h>
#include <algorithm>
#include <numeric>
#include <random>

namespace hamroh {
namespace {

constexpr std::uint64_t hour = 3'600'000;

enum Who : std::uint8_t { ngo, commission, ministry, shelter, fund };
constexpr std::uint64_t of(std::initializer_list<Who> all) {
  std::uint64_t mask = 0;
  for (const Who one : all) {
    mask |= std::uint64_t{1} << one;
  }
  return mask;
}

MemberId member_of(Who who) {
  MemberId member;
  member.bytes.fill(static_cast<std::uint8_t>(who + 1));
  return member;
}
Digest digest_of(std::size_t number) {
  Digest digest;
  digest.bytes.fill(static_cast<std::uint8_t>(number));
  return digest;
}

// Every clock takes ten hours, for an emergency one; an answer takes two.
Pack pack() {
  Pack rules;
  const Period ten{Period::Unit::minutes, 600};
  const Period one{Period::Unit::minutes, 60};
  for (ClockRule& rule : rules.clocks) {
    rule.periods = {one, ten, ten};
  }
  auto& information = rules.clocks.at(static_cast<std::size_t>(Clock::information) - 1);
  information.periods = {one, Period{Period::Unit::minutes, 120},
                         Period{Period::Unit::minutes, 120}};
  rules.clocks.at(static_cast<std::size_t>(Clock::referral_decision) - 1).pauses_during =
      Clock::information;
  rules.pre_status.available = true;
  rules.pre_status.warnings = {Period{Period::Unit::minutes, 180},
                               Period{Period::Unit::minutes, 60}};
  return rules;
}

class CaseClocks : public testing::Test {
 protected:
  CaseClocks() {
    for (const Who who : {ngo, commission, ministry, shelter, fund}) {
      members_.push_back(member_of(who));
    }
  }
  struct Said {
    std::size_t about = 0;
    Urgency urgency = Urgency::normal;
    State outcome{};
    std::uint64_t until_hour = 0;
    std::vector<OpenedAt> opened = {};
  };
  // Its number, from 1 on. `at`: the hour at which it happened.
  std::size_t tell(std::uint64_t at, Who author, EventKind kind, std::uint64_t audience,
                   const Said& said) {
    Event event{at, author, kind, audience | of({author}), said, {}};
    if (!events_.empty()) {
      event.heads.push_back(digest_of(events_.size()));
    }
    events_.push_back(event);
    return events_.size();
  }
  std::size_t refer(std::uint64_t at, Who to, std::vector<OpenedAt> opened = {},
                    Urgency urgency = Urgency::normal) {
    Said said;
    said.urgency = urgency;
    said.opened = std::move(opened);
    return tell(at, ngo, EventKind::referral_send, of({to}), said);
  }
  std::size_t step(std::uint64_t at, Who author, EventKind kind, std::size_t about,
                   std::uint64_t audience = of({ngo})) {
    Said said;
    said.about = about;
    return tell(at, author, kind, audience, said);
  }

  [[nodiscard]] std::vector<CaseClock> clocks(const std::vector<std::size_t>& arrival) const {
    FoldInput input;
    input.participants = members_;
    input.opening = digest_of(1);
    for (const std::size_t number : arrival) {
      const Event& event = events_[number - 1];
      FoldEvent one;
      one.digest = digest_of(number);
      one.kind = event.kind;
      one.author = event.author;
      one.audience = event.audience;
      one.created = {event.at * hour};
      one.heads = event.heads;
      one.about = event.said.about == 0 ? Digest{} : digest_of(event.said.about);
      one.outcome = event.said.outcome;
      one.until = {event.said.until_hour * hour};
      one.urgency = event.kind == EventKind::referral_send
                        ? static_cast<std::uint8_t>(event.said.urgency)
                        : std::uint8_t{0};
      one.opened = event.said.opened;
      input.events.push_back(one);
    }
    return running_clocks(input, fold_case(input), rules_);
  }
  [[nodiscard]] std::vector<CaseClock> clocks() const {
    std::vector<std::size_t> all(events_.size());
    std::iota(all.begin(), all.end(), 1);
    return clocks(all);
  }
  [[nodiscard]] std::optional<CaseClock> clock(Clock which, Who owes) const {
    const std::vector<CaseClock> all = clocks();
    const auto found = std::ranges::find_if(all, [&](const CaseClock& one) {
      return one.clock == which && one.owes == member_of(owes);
    });
    return found == all.end() ? std::nullopt : std::optional(*found);
  }
  // The hour at which it is due; 0 if it does not run.
  [[nodiscard]] std::uint64_t due(Clock which, Who owes) const {
    const auto found = clock(which, owes);
    return found ? found->deadline.due.ms / hour : 0;
  }

  struct Event {
    std::uint64_t at = 0;
    Who author{};
    EventKind kind{};
    std::uint64_t audience = 0;
    Said said;
    std::vector<Digest> heads;
  };
  std::vector<MemberId> members_;
  std::vector<Event> events_;
  Pack rules_ = pack();
};

TEST_F(CaseClocks, AReferralOnItsWayHasToArriveAndThenBeReceivedByAPerson) {
  refer(100, shelter);
  ASSERT_EQ(clocks().size(), 1U);
  EXPECT_EQ(due(Clock::delivery, shelter), 110U);
  EXPECT_EQ(clock(Clock::delivery, shelter)->waits, member_of(ngo));
  EXPECT_EQ(clock(Clock::delivery, shelter)->about, digest_of(1));

  events_.front().said.opened = {{member_of(shelter), {103 * hour}}};
  ASSERT_EQ(clocks().size(), 1U);
  EXPECT_EQ(due(Clock::receipt, shelter), 113U);
}

TEST_F(CaseClocks, EachRecipientOfAReferralHasClocksOfItsOwn) {
  Said said;
  said.opened = {{member_of(commission), {101 * hour}}};
  tell(100, ngo, EventKind::referral_send, of({commission, shelter}), said);
  EXPECT_EQ(due(Clock::receipt, commission), 111U);
  EXPECT_EQ(due(Clock::delivery, shelter), 110U);
}

TEST_F(CaseClocks, AReceiptThatClaimsToBeOlderThanTheReferralBeginsWithTheReferral) {
  refer(100, shelter, {{member_of(shelter), {5 * hour}}});
  EXPECT_EQ(due(Clock::receipt, shelter), 110U);
}

TEST_F(CaseClocks, TheDecisionIsDueFromTheReceiptByAPersonOn) {
  refer(100, shelter, {{member_of(shelter), {101 * hour}}});
  step(104, shelter, EventKind::referral_receive, 1);
  EXPECT_EQ(clocks().size(), 1U);
  EXPECT_EQ(due(Clock::referral_decision, shelter), 114U);
  step(105, shelter, EventKind::referral_decline, 1);
  EXPECT_TRUE(clocks().empty());
}

TEST_F(CaseClocks, AQuestionPausesTheDecisionOnceAndNoLongerThanItsAnswerMayTake) {
  refer(100, shelter, {{member_of(shelter), {101 * hour}}});
  step(104, shelter, EventKind::referral_receive, 1);
  step(106, shelter, EventKind::info_request, 1);
  EXPECT_EQ(due(Clock::information, ngo), 108U);
  EXPECT_EQ(clock(Clock::information, ngo)->waits, member_of(shelter));
  EXPECT_EQ(due(Clock::referral_decision, shelter), 116U) << "silence stops no clock";
  step(107, ngo, EventKind::info_answer, 1, of({shelter}));
  EXPECT_EQ(due(Clock::information, ngo), 0U);
  EXPECT_EQ(due(Clock::referral_decision, shelter), 115U);
  step(108, shelter, EventKind::info_request, 1);
  EXPECT_EQ(due(Clock::referral_decision, shelter), 115U) << "only the first pause counts";
}

TEST_F(CaseClocks, AnEmergencyIsPausedByNothing) {
  refer(100, shelter, {{member_of(shelter), {100 * hour}}}, Urgency::emergency);
  step(100, shelter, EventKind::info_request, 1);
  EXPECT_EQ(due(Clock::referral_decision, shelter), 101U);
}

TEST_F(CaseClocks, HelpIsDueUntilItBegins) {
  refer(100, shelter, {{member_of(shelter), {100 * hour}}});
  step(101, shelter, EventKind::referral_accept, 1);
  EXPECT_EQ(due(Clock::first_help, shelter), 111U);
  EXPECT_EQ(clock(Clock::first_help, shelter)->about, digest_of(2));
  step(102, shelter, EventKind::emergency_start, 1);
  EXPECT_TRUE(clocks().empty());
}

TEST_F(CaseClocks, TheStatusHasClocksFromTheApplicationToTheConfirmation) {
  refer(100, commission, {{member_of(commission), {100 * hour}}}, Urgency::urgent);
  step(101, commission, EventKind::referral_accept, 1);
  tell(102, ngo, EventKind::status_apply, of({commission, ministry}), {});
  EXPECT_EQ(due(Clock::status_decision, commission), 112U);
  EXPECT_EQ(due(Clock::pre_status, commission), 112U);
  EXPECT_EQ(clock(Clock::status_decision, commission)->urgency, Urgency::urgent);
  EXPECT_EQ(clock(Clock::status_decision, ministry)->urgency, Urgency::normal)
      << "of the referrals that both have seen";
  tell(105, commission, EventKind::status_assign, of({ngo, ministry}), {});
  EXPECT_EQ(due(Clock::status_decision, commission), 0U);
  EXPECT_EQ(due(Clock::confirmation, ministry), 115U);
  EXPECT_EQ(clock(Clock::confirmation, ministry)->waits, member_of(commission));
  tell(107, ministry, EventKind::ministry_return, of({ngo, commission}), {});
  EXPECT_EQ(due(Clock::status_decision, commission), 117U) << "from the return on";
  EXPECT_EQ(clock(Clock::status_decision, commission)->waits, member_of(ngo));
}

TEST_F(CaseClocks, APreStatusWarnsBeforeItLapsesAndThenTheRightToAppealRuns) {
  refer(100, commission);
  tell(101, ngo, EventKind::status_apply, of({commission}), {});
  Said until;
  until.until_hour = 150;
  tell(102, commission, EventKind::status_pre_grant, of({ngo}), until);
  const auto lapse = clock(Clock::pre_status, ngo);
  ASSERT_TRUE(lapse);
  EXPECT_FALSE(is_duty(*lapse));
  EXPECT_EQ(lapse->deadline.half.ms, 147 * hour);
  EXPECT_EQ(lapse->deadline.due.ms, 150 * hour);
  EXPECT_EQ(stage_at(*lapse, {200 * hour}), ClockStage::missed) << "and never escalated";
  EXPECT_EQ(due(Clock::appeal, ngo), 160U);
  EXPECT_EQ(due(Clock::status_decision, commission), 111U);
}

TEST_F(CaseClocks, ARefusalBeginsTheRightToAppealAndTheAppealItsDecision) {
  refer(100, commission);
  tell(101, ngo, EventKind::status_apply, of({commission}), {});
  tell(102, commission, EventKind::status_refuse, of({ngo}), {});
  EXPECT_EQ(due(Clock::appeal, ngo), 112U);
  EXPECT_FALSE(is_duty(*clock(Clock::appeal, ngo)));
  tell(103, ngo, EventKind::status_appeal, of({ministry}), {});
  EXPECT_EQ(due(Clock::appeal, ngo), 0U);
  EXPECT_EQ(due(Clock::appeal_decision, ministry), 113U);
}

TEST_F(CaseClocks, MoneyIsDecidedOnPaidAndAccountedFor) {
  refer(100, shelter);
  const std::size_t asked = tell(101, ngo, EventKind::fund_request, of({fund}), {});
  EXPECT_EQ(due(Clock::fund_decision, fund), 111U);
  step(102, fund, EventKind::fund_approve, asked);
  EXPECT_EQ(due(Clock::fund_payment, fund), 112U);
  step(103, fund, EventKind::fund_paid, asked);
  EXPECT_EQ(due(Clock::fund_account, ngo), 113U);
  EXPECT_EQ(clock(Clock::fund_account, ngo)->waits, member_of(fund));
  step(104, ngo, EventKind::fund_accounted, asked, of({fund}));
  EXPECT_EQ(due(Clock::fund_account, ngo), 0U);
}

TEST_F(CaseClocks, InAClosedCaseOnlyTheStatusGoesOn) {
  refer(100, commission);
  tell(101, ngo, EventKind::status_apply, of({commission}), {});
  tell(102, ngo, EventKind::case_close, of({commission}), {});
  EXPECT_EQ(due(Clock::delivery, commission), 0U);
  EXPECT_EQ(due(Clock::status_decision, commission), 111U);
}

TEST_F(CaseClocks, WhatThePackLeavesUnsetIsNeverDue) {
  rules_.clocks.at(static_cast<std::size_t>(Clock::delivery) - 1).periods = {};
  refer(100, shelter);
  EXPECT_TRUE(clocks().empty());
}

TEST_F(CaseClocks, AVoidEventStopsNothing) {
  refer(100, shelter, {{member_of(shelter), {101 * hour}}});
  step(102, ministry, EventKind::referral_accept, 1);
  EXPECT_EQ(due(Clock::receipt, shelter), 111U);
}

TEST_F(CaseClocks, EveryOrderOfArrivalGivesTheSameInstants) {
  refer(100, shelter, {{member_of(shelter), {101 * hour}}});
  step(104, shelter, EventKind::referral_receive, 1);
  step(106, shelter, EventKind::info_request, 1);
  step(107, ngo, EventKind::info_answer, 1, of({shelter}));
  refer(108, commission);
  tell(109, ngo, EventKind::status_apply, of({commission}), {});
  const std::vector<CaseClock> expected = clocks();
  ASSERT_EQ(expected.size(), 4U);
  std::vector<std::size_t> arrival(events_.size());
  std::iota(arrival.begin(), arrival.end(), 1);
  std::mt19937 random(7);
  for (int round = 0; round < 200; ++round) {
    std::ranges::shuffle(arrival, random);
    EXPECT_EQ(clocks(arrival), expected);
  }
}

TEST_F(CaseClocks, ADutyIsRemindedOfMissedAndEscalated) {
  refer(100, shelter);
  const CaseClock running = *clock(Clock::delivery, shelter);
  EXPECT_EQ(stage_at(running, {104 * hour}), ClockStage::running);
  EXPECT_EQ(stage_at(running, {105 * hour}), ClockStage::half);
  EXPECT_EQ(stage_at(running, {110 * hour}), ClockStage::missed);
  EXPECT_EQ(stage_at(running, {115 * hour}), ClockStage::escalated);
  EXPECT_EQ(next_stage(running, ClockStage::running).ms, 105 * hour);
  EXPECT_EQ(next_stage(running, ClockStage::half).ms, 110 * hour);
  EXPECT_EQ(next_stage(running, ClockStage::missed).ms, 115 * hour);
  EXPECT_EQ(next_stage(running, ClockStage::escalated).ms, UINT64_MAX);
}

}  // namespace
}  // namespace hamroh
