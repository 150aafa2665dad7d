// What a node does when time is over: it says so to whoever owes, tells the oversight body without
// a word of the case, and does each of these once, also after a restart.

#include "tests/unit/node_fixture.h"
#include "tests/unit/pack_fixture.h"

namespace hamroh {
namespace {

using namespace node_fixture;
using pack_fixture::example_pack;

// One that the example pack has no fault with.
Bytes fitting_referral(Urgency urgency, Service service = Service::shelter) {
  ReferralForm form = parse_referral(referral(urgency)).value();
  form.triage.district = "XX-NORTH-HARBOUR";
  form.triage.reason.code = "other";
  form.triage.services = {service};
  form.consent.text_version = "consent/2026-1";
  return encode(form);
}

class NodeClocks : public NodeFixture {
 protected:
  NodeClocks() {
    join(ministry_);
    connect(ngo_, ministry_);
    connect(commission_, ministry_);
    talk();
    Bytes directory =
        publish([&](Directory& next) { next.pack = crypto::sha256({example_pack()}); });
    EXPECT_TRUE(install(ngo_, directory));
    // The ministry oversees, in these tests.
    directory = publish(changing(ministry_, [](Member& member) {
      member.kind = MemberKind::oversight;
      member.capabilities = default_capabilities(MemberKind::oversight);
    }));
    EXPECT_TRUE(install(ngo_, directory));
    in_turn(ngo_, [&](Turn& turn) { EXPECT_TRUE(ngo_.node->install_pack(example_pack(), turn)); });
    talk();
    sleep(tuning::pack_interval);
    talk();
    sleep(minutes(2));
    EXPECT_NE(commission_.node->pack_in_force(), nullptr);
  }
  Submission referring(std::uint64_t number, Urgency urgency, Service service = Service::shelter) {
    return {id_of(number),
            {},
            EventKind::referral_send,
            {commission_.id},
            fitting_referral(urgency, service),
            {}};
  }
  Code tell(Site& site, EventKind kind, const Particulars& said = {},
            const std::vector<MemberId>& to = {}) {
    const auto accepted =
        submit(site, {id_of(next_++), case_of(id_of(1)), kind, to, encode(said), {}});
    talk();
    return code_of(accepted);
  }
  CaseView shown(Site& site) {
    CaseView found;
    in_turn(site, [&](Turn& turn) {
      found = site.node->case_view(case_of(id_of(1)), program(), turn).value();
    });
    return found;
  }
  Digest referral_digest(Site& site) { return shown(site).tracks.at(1).about; }
  Particulars about_the_referral(Site& site) {
    Particulars said;
    said.about = referral_digest(site);
    return said;
  }
  std::size_t count(Site& site, EventKind kind) {
    const CaseView all = shown(site);
    return static_cast<std::size_t>(std::ranges::count(all.events, kind, &MessageView::kind));
  }
  std::vector<Clock> running(Site& site) {
    std::vector<Clock> all;
    for (const CaseClock& clock : shown(site).clocks) {
      all.push_back(clock.clock);
    }
    return all;
  }
  std::size_t escalations(Site& site) {
    std::size_t found = 0;
    in_turn(site, [&](Turn& turn) {
      found = site.node->escalations({}, 100, turn).value().known.size();
    });
    return found;
  }
  std::vector<Node::DueCase> due(Site& site) {
    std::vector<Node::DueCase> found;
    in_turn(site,
            [&](Turn& turn) { found = site.node->due({}, 100, program(), turn).value().cases; });
    return found;
  }
  void confirm_clock(Site& site) {
    in_turn(site, [&](Turn& turn) { ASSERT_TRUE(site.node->confirm_clock(turn)); });
  }
  void wait(Duration duration) {
    sleep(duration);
    talk();
    talk();
  }
  std::uint64_t next_ = 2;
};

TEST_F(NodeClocks, BothSidesOfAReferralComputeTheSameInstants) {
  ASSERT_TRUE(submit(ngo_, referring(1, Urgency::urgent)));
  talk();
  EXPECT_EQ(running(ngo_), std::vector<Clock>{Clock::receipt});
  EXPECT_EQ(shown(ngo_).clocks, shown(commission_).clocks);
  EXPECT_EQ(shown(ngo_).pack, crypto::sha256({example_pack()}));
  ASSERT_EQ(tell(commission_, EventKind::referral_receive, about_the_referral(commission_)),
            Code::none);
  EXPECT_EQ(running(ngo_), std::vector<Clock>{Clock::referral_decision});
  EXPECT_EQ(shown(ngo_).clocks, shown(commission_).clocks);
}

TEST_F(NodeClocks, WhoeverWaitsSaysOnceThatItWasMissedAndTellsTheOversightBody) {
  ASSERT_TRUE(submit(ngo_, referring(1, Urgency::urgent)));
  talk();
  wait(hours(5));
  EXPECT_EQ(count(ngo_, EventKind::deadline_missed), 0U);
  wait(hours(4));
  EXPECT_EQ(count(ngo_, EventKind::deadline_missed), 1U);
  EXPECT_EQ(count(commission_, EventKind::deadline_missed), 1U);
  EXPECT_EQ(escalations(ministry_), 0U);
  wait(hours(4));
  EXPECT_EQ(escalations(ministry_), 1U);
  wait(hours(48));
  restart(ngo_);
  wait(hours(48));
  EXPECT_EQ(count(ngo_, EventKind::deadline_missed), 1U);
  EXPECT_EQ(escalations(ministry_), 1U);
  EXPECT_EQ(due(ngo_).size(), 1U) << "it stays due until it is done";
  in_turn(ministry_, [&](Turn& turn) {
    EXPECT_EQ(code_of(ministry_.node->case_view(case_of(id_of(1)), program(), turn)),
              Code::not_found)
        << "the oversight body hears of no case";
    const auto known = ministry_.node->escalations({}, 100, turn).value().known;
    const DeadlineStatement said = parse_deadline(known.front().second.body).value();
    EXPECT_EQ(said.clock, Clock::receipt);
    EXPECT_EQ(said.owes, commission_.id);
    EXPECT_EQ(known.front().second.member, ngo_.id);
  });
}

TEST_F(NodeClocks, WhatWasDoneInTimeIsNotMissed) {
  ASSERT_TRUE(submit(ngo_, referring(1, Urgency::urgent)));
  talk();
  wait(hours(7));
  Decision declined;
  declined.reason = DeclineReason::no_capacity;
  ASSERT_TRUE(submit(
      commission_,
      {id_of(next_++), case_of(id_of(1)), EventKind::referral_decline, {}, encode(declined), {}}));
  talk();
  wait(hours(100));
  EXPECT_EQ(count(ngo_, EventKind::deadline_missed), 0U);
  EXPECT_TRUE(due(ngo_).empty());
  EXPECT_TRUE(due(commission_).empty());
}

TEST_F(NodeClocks, ANodeThatWasAwayDoesAllOfItOnceItIsBackAndHasHeardTheOthers) {
  ASSERT_TRUE(submit(ngo_, referring(1, Urgency::urgent)));
  talk();
  disconnect(ngo_, commission_);
  Decision accepted;
  ASSERT_TRUE(submit(
      commission_,
      {id_of(next_++), case_of(id_of(1)), EventKind::referral_accept, {}, encode(accepted), {}}));
  commission_.out.clear();
  ngo_.node.reset();  // a power cut of a day
  elapsed_.ms += hours(24).ms;
  restart(ngo_);
  tick(ngo_);
  confirm_clock(ngo_);
  connect(ngo_, commission_);
  talk();
  sleep(minutes(11));
  talk();
  sleep(minutes(11));
  talk();
  EXPECT_EQ(count(ngo_, EventKind::referral_accept), 1U);
  EXPECT_EQ(count(ngo_, EventKind::deadline_missed), 0U)
      << "the answer had been under way before the time was over";
}

TEST_F(NodeClocks, AnEmergencyThatDoesNotArriveIsMissedInAQuarterOfAnHour) {
  disconnect(ngo_, commission_);
  ASSERT_TRUE(submit(ngo_, referring(1, Urgency::emergency)));
  EXPECT_EQ(running(ngo_), std::vector<Clock>{Clock::delivery});
  sleep(minutes(16));
  EXPECT_EQ(count(ngo_, EventKind::deadline_missed), 1U);
  Particulars said = about_the_referral(ngo_);
  said.text = FreeText{"en", "Spoke to the officer on duty."};
  ASSERT_TRUE(submit(
      ngo_, {id_of(next_++), case_of(id_of(1)), EventKind::call_record, {}, encode(said), {}}));
  EXPECT_EQ(count(ngo_, EventKind::call_record), 1U);
}

TEST_F(NodeClocks, AWrongClockMissesNothing) {
  ASSERT_TRUE(submit(ngo_, referring(1, Urgency::urgent)));
  talk();
  ngo_.clock = Timestamp{now().ms + days(3650).ms};
  wait(minutes(5));
  EXPECT_TRUE(ngo_.node->view().clock_suspect);
  EXPECT_EQ(count(ngo_, EventKind::deadline_missed), 0U);
  ngo_.clock.reset();
  confirm_clock(ngo_);
  wait(minutes(5));
  EXPECT_EQ(count(ngo_, EventKind::deadline_missed), 0U);
  wait(hours(9));
  EXPECT_EQ(count(ngo_, EventKind::deadline_missed), 1U);
}

// Found by the simulator, seed 264: the sender was down for days, and its clock, which was right,
// in doubt when the receipt came.
TEST_F(NodeClocks, AClockInDoubtStartsNoDeadlineBeforeItsTime) {
  disconnect(ngo_, commission_);
  ASSERT_TRUE(submit(ngo_, referring(1, Urgency::urgent)));
  ngo_.node.reset();
  sleep(days(3));
  restart(ngo_);
  sleep(tuning::start_wait_max);
  ASSERT_TRUE(ngo_.node->view().clock_suspect);
  connect(ngo_, commission_);
  talk();
  ASSERT_EQ(level(id_of(1)), Level::opened);
  EXPECT_TRUE(ngo_.node->view().clock_suspect);
  EXPECT_EQ(shown(ngo_).clocks, shown(commission_).clocks);
  EXPECT_EQ(running(ngo_), std::vector{Clock::receipt});
}

TEST_F(NodeClocks, ALockedNodeCatchesUpWhenItIsUnlocked) {
  ASSERT_TRUE(submit(ngo_, referring(1, Urgency::urgent)));
  talk();
  lock(ngo_);
  wait(hours(9));
  unlock(ngo_);
  wait(minutes(3));
  EXPECT_EQ(count(ngo_, EventKind::deadline_missed), 1U);
}

TEST_F(NodeClocks, ACaseIsNotClosedWhileSomethingIsDueInIt) {
  ASSERT_TRUE(submit(ngo_, referring(1, Urgency::urgent)));
  talk();
  Particulars closing;
  closing.code = "lost_contact";
  EXPECT_EQ(tell(ngo_, EventKind::case_close, closing), Code::clock_open);
  ASSERT_EQ(tell(ngo_, EventKind::referral_revoke, about_the_referral(ngo_)), Code::none);
  EXPECT_EQ(tell(ngo_, EventKind::case_close, closing), Code::none);
}

TEST_F(NodeClocks, NobodyElseIsAskedForTheSameWhileThereIsTimeToAnswer) {
  ASSERT_TRUE(submit(ngo_, referring(1, Urgency::urgent)));
  talk();
  const auto more = [&](Service service) {
    return submit(ngo_, {id_of(next_++),
                         case_of(id_of(1)),
                         EventKind::referral_send,
                         {commission_.id},
                         fitting_referral(Urgency::urgent, service),
                         {}});
  };
  EXPECT_EQ(code_of(more(Service::shelter)), Code::clock_open);
  EXPECT_TRUE(more(Service::medical)) << "for something else there is no need to wait";
  wait(hours(9));
  EXPECT_TRUE(more(Service::shelter)) << "what was missed may be asked of others";
}

TEST_F(NodeClocks, AFormWithCodesThatThePackHasNotIsRefusedUnlessItIsAnEmergency) {
  const auto unfit = [&](std::uint64_t number, Urgency urgency) {
    return submit(
        ngo_,
        {id_of(number), {}, EventKind::referral_send, {commission_.id}, referral(urgency), {}});
  };
  EXPECT_EQ(code_of(unfit(7, Urgency::urgent)), Code::unknown_code);
  EXPECT_TRUE(unfit(8, Urgency::emergency));
}

TEST_F(NodeClocks, ANewPackChangesNoOldDeadline) {
  ASSERT_TRUE(submit(ngo_, referring(1, Urgency::urgent)));
  talk();
  const std::vector<CaseClock> before = shown(ngo_).clocks;
  Bytes file = example_pack();
  std::string words(file.begin(), file.end());
  const std::string old = "receipt = {emergency = \"1 h\", urgent = \"8 h\"";
  words.replace(words.find(old), old.size(), "receipt = {emergency = \"1 h\", urgent = \"2 h\"");
  file.assign(words.begin(), words.end());
  ASSERT_TRUE(install(ngo_, publish([&](Directory& next) { next.pack = crypto::sha256({file}); })));
  in_turn(ngo_, [&](Turn& turn) { ASSERT_TRUE(ngo_.node->install_pack(file, turn)); });
  talk();
  EXPECT_EQ(shown(ngo_).clocks, before);
  restart(ngo_);
  talk();
  EXPECT_EQ(shown(ngo_).clocks, before);
}

TEST_F(NodeClocks, ACaseUnderAPackThatIsNotHereHasItsClocksOnceThePackHasCome) {
  Bytes file = example_pack();
  append(file, view("\n# the next one\n"));
  ASSERT_TRUE(install(ngo_, publish([&](Directory& next) { next.pack = crypto::sha256({file}); })));
  talk();
  ASSERT_TRUE(submit(ngo_, referring(1, Urgency::urgent)));
  talk();
  for (Site* site : {&ngo_, &commission_}) {
    EXPECT_FALSE(shown(*site).pack_here);
    EXPECT_TRUE(due(*site).empty());
  }
  restart(commission_);  // what it has to look through then is kept
  connect(ngo_, commission_);
  in_turn(ngo_, [&](Turn& turn) { ASSERT_TRUE(ngo_.node->install_pack(file, turn)); });
  talk();
  sleep(tuning::pack_interval);
  talk();
  sleep(minutes(3));
  for (Site* site : {&ngo_, &commission_}) {
    EXPECT_TRUE(shown(*site).pack_here);
    EXPECT_EQ(due(*site).size(), 1U);
  }
  EXPECT_EQ(shown(ngo_).clocks, shown(commission_).clocks);
  EXPECT_EQ(shown(ngo_).clocks.size(), 1U);
}

TEST_F(NodeClocks, AnErasedCaseIsDueNoMore) {
  ASSERT_TRUE(submit(ngo_, referring(1, Urgency::urgent)));
  talk();
  ASSERT_EQ(due(ngo_).size(), 1U);
  in_turn(ngo_, [&](Turn& turn) {
    ASSERT_TRUE(ngo_.node->erase_case(case_of(id_of(1)), ErasureReason::other, false, turn));
  });
  EXPECT_TRUE(due(ngo_).empty());
  wait(hours(20));
}

TEST_F(NodeClocks, OnlyAnOversightBodyTakesEscalations) {
  ASSERT_TRUE(submit(ngo_, referring(1, Urgency::urgent)));
  talk();
  // The commission is told as if it were one: by a directory that only the NGO has.
  ASSERT_EQ(escalations(commission_), 0U);
  EXPECT_EQ(code_of(submit(ngo_, {id_of(9),
                                  case_of(id_of(1)),
                                  EventKind::deadline_escalated,
                                  {commission_.id},
                                  Bytes{1},
                                  {}})),
            Code::invalid_argument);
  EXPECT_EQ(code_of(submit(ngo_, {id_of(9),
                                  case_of(id_of(1)),
                                  EventKind::deadline_missed,
                                  {commission_.id},
                                  Bytes{1},
                                  {}})),
            Code::invalid_argument);
}

}  // namespace
}  // namespace hamroh
