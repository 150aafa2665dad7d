// What went wrong in systems before this one, each a story with two organisations and one person.
// Two more stand elsewhere: a withdrawn consent that the other system never hears of
// (tests/sim/scenario_test.cc), and a deadline that is missed (node_clocks_test.cc).

#include <gmock/gmock.h>

#include "tests/unit/node_fixture.h"

namespace hamroh {
namespace {

using namespace node_fixture;
using enum DisclosureTier;

constexpr std::string_view her_name = "Zarina Nazarova";

Actor person(std::uint8_t number, Role role) {
  Actor actor{{}, role, {std::string(intake_team)}, {}};
  actor.user.bytes[0] = number;
  return actor;
}

class WentWrongElsewhere : public NodeFixture {
 protected:
  // A form with a name, whose consent opens all but the sealed part to a commission.
  static Bytes named_referral() {
    ReferralForm form = parse_referral(referral()).value();
    form.contact.emplace();
    form.contact->name = std::string(her_name);
    form.contact->safe_contact.method = SafeContactMethod::in_person_only;
    form.consent.scope = {{{"kind:commission"}, {t1, t2, t3}, {"protection"}}};
    return encode(form);
  }
  void refer() {
    ASSERT_TRUE(submit(
        ngo_, {id_of(1), {}, EventKind::referral_send, {commission_.id}, named_referral(), {}}));
  }
  static CaseId id() { return case_of(id_of(1)); }
  Code decide(Site& site, std::optional<DeclineReason> reason, const Actor& actor = program()) {
    Decision decision;
    decision.reason = reason;
    const EventKind kind = reason ? EventKind::referral_decline : EventKind::referral_accept;
    Result<Accepted> accepted;
    in_turn(site, [&](Turn& turn) {
      accepted =
          site.node->submit({id_of(next_++), id(), kind, {}, encode(decision), {}}, actor, turn);
    });
    return code_of(accepted);
  }
  CaseView shown(Site& site) {
    CaseView view;
    in_turn(site, [&](Turn& turn) { view = site.node->case_view(id(), program(), turn).value(); });
    return view;
  }
  std::string body_at(Site& site) {
    std::string body;
    in_turn(site, [&](Turn& turn) {
      body = text(site.node->body(ngo_.id, id_of(1), program(), turn).value().body);
    });
    return body;
  }
  std::uint64_t next_ = 2;
};

TEST_F(WentWrongElsewhere, ARejectionWhoseSenderIsNeverTold) {
  refer();
  talk();
  disconnect(ngo_, commission_);
  ASSERT_EQ(decide(commission_, DeclineReason::no_capacity), Code::none);
  commission_.out.clear();  // what went into the broken line
  restart(commission_);
  restart(ngo_);
  sleep(hours(3));
  connect(ngo_, commission_);
  talk();
  sleep(tuning::retry_delay_max);
  talk();
  EXPECT_EQ(shown(ngo_).state, State::declined);
  EXPECT_EQ(shown(ngo_).events.size(), 2U);
}

TEST_F(WentWrongElsewhere, ACaseReturnedWithoutAcceptance) {
  ASSERT_TRUE(install(ngo_, publish(changing(commission_, [](Member& member) {
                        member.capabilities.give(Capability::case_receive);
                        member.capabilities.give(Capability::case_own);
                      }))));
  refer();
  talk();
  ASSERT_EQ(decide(commission_, {}), Code::none);
  talk();
  Particulars offer;
  offer.member = commission_.id;
  ASSERT_TRUE(
      submit(ngo_, {id_of(next_++), id(), EventKind::transfer_offer, {}, encode(offer), {}}));
  talk();
  EXPECT_EQ(shown(ngo_).tracks.front().member, ngo_.id) << "an offer changes no owner";
  Particulars taken;
  taken.about = shown(commission_).tracks.back().about;
  ASSERT_TRUE(submit(commission_,
                     {id_of(next_++), id(), EventKind::transfer_accept, {}, encode(taken), {}}));
  talk();
  EXPECT_EQ(shown(ngo_).tracks.front().member, commission_.id);
  // Handing it back is a new offer, which the first owner has to accept.
  Particulars back;
  back.member = ngo_.id;
  ASSERT_TRUE(
      submit(commission_, {id_of(next_++), id(), EventKind::transfer_offer, {}, encode(back), {}}));
  talk();
  EXPECT_EQ(shown(ngo_).tracks.front().member, commission_.id);
}

TEST_F(WentWrongElsewhere, TheSourceDeletesAndTheRecipientAcceptsAGhost) {
  refer();
  talk();
  disconnect(ngo_, commission_);
  in_turn(ngo_, [&](Turn& turn) {
    ASSERT_TRUE(ngo_.node->erase_case(id(), ErasureReason::withdrawal, true, turn));
  });
  const MessageId acceptance = id_of(next_);
  ASSERT_EQ(decide(commission_, {}), Code::none);
  connect(ngo_, commission_);
  talk();
  const Delivery told = delivery(commission_, acceptance, ngo_.id);
  EXPECT_EQ(told.level, Level::refused);
  EXPECT_EQ(told.code, Code::erased) << "the recipient is told that there is nothing any more";
  in_turn(ngo_, [&](Turn& turn) {
    EXPECT_FALSE(ngo_.node->case_view(id(), program(), turn)) << "and no ghost comes back";
  });
}

TEST_F(WentWrongElsewhere, TwoPeopleAcceptAtOnce) {
  refer();
  talk();
  const Actor first = person(1, Role::case_worker);
  const Actor second = person(2, Role::case_worker);
  Result<Accepted> one;
  Result<Accepted> two;
  in_turn(commission_, [&](Turn& turn) {
    for (const Actor& actor : {first, second}) {
      commission_.node->know_user(actor.user, {"somebody", actor.role, actor.teams, true});
    }
    const Bytes body = encode(Decision{});
    one = commission_.node->submit({id_of(2), id(), EventKind::referral_accept, {}, body, {}},
                                   first, turn);
    two = commission_.node->submit({id_of(3), id(), EventKind::referral_accept, {}, body, {}},
                                   second, turn);
  });
  EXPECT_TRUE(one);
  EXPECT_FALSE(two) << "the second one is told, and takes nothing over";
  talk();
  EXPECT_EQ(shown(ngo_).state, State::accepted);
  EXPECT_EQ(shown(ngo_).events.size(), shown(commission_).events.size());
  EXPECT_EQ(shown(commission_).assigned, std::vector<UserId>{first.user});
}

TEST_F(WentWrongElsewhere, AHandoverThatSucceededAfterItsTimeoutGoesUnrecorded) {
  Submission brief{id_of(1), {}, EventKind::referral_send, {commission_.id}, named_referral(), {}};
  brief.lifetime = minutes(10);
  ASSERT_TRUE(submit(ngo_, brief));
  carry_all(ngo_, commission_);
  disconnect(ngo_, commission_);
  commission_.out.clear();  // the receipt is lost
  ASSERT_EQ(decide(commission_, {}), Code::none);
  sleep(hours(1));
  EXPECT_EQ(level(id_of(1)), Level::expired) << "as far as the sender knows";
  connect(ngo_, commission_);
  for (int round = 0; round < 3; ++round) {
    talk();
    sleep(tuning::retry_delay_max);
  }
  EXPECT_EQ(shown(ngo_).state, State::accepted) << "what was done counts, however late it is heard";
}

TEST_F(WentWrongElsewhere, APreviewShowsWhatWasPseudonymised) {
  refer();
  talk();
  EXPECT_THAT(body_at(commission_), testing::Not(testing::HasSubstr(std::string(her_name))))
      << "before it accepts a recipient does not hold the name that a preview could show";
  ASSERT_EQ(decide(commission_, DeclineReason::no_capacity), Code::none);
  talk();
  EXPECT_THAT(body_at(commission_), testing::Not(testing::HasSubstr(std::string(her_name))));
  for (const auto& [key, value] : commission_.disk.rows()) {
    EXPECT_THAT(std::string(text(value)), testing::Not(testing::HasSubstr(std::string(her_name))));
  }
}

TEST_F(WentWrongElsewhere, ARestrictedRecipientCanStillExport) {
  refer();
  talk();
  const Actor worker = person(1, Role::case_worker);
  const Actor auditor = person(2, Role::auditor);
  in_turn(commission_, [&](Turn& turn) {
    commission_.node->know_user(worker.user, {"worker", worker.role, worker.teams, true});
    EXPECT_EQ(code_of(commission_.node->export_case(id(), 0, worker, turn)), Code::second_person);
    EXPECT_EQ(code_of(commission_.node->export_case(id(), 0, auditor, turn)), Code::not_permitted);
    EXPECT_EQ(code_of(commission_.node->export_case(id(), 0, program(), turn)),
              Code::not_permitted);
  });
}

TEST_F(WentWrongElsewhere, ADisabledUserOfferedAsRecipient) {
  refer();
  talk();
  const Actor chief = person(1, Role::supervisor);
  const Actor left = person(2, Role::case_worker);
  in_turn(commission_, [&](Turn& turn) {
    commission_.node->know_user(chief.user, {"chief", chief.role, chief.teams, true});
    commission_.node->know_user(left.user, {"left", left.role, left.teams, false});
    EXPECT_FALSE(commission_.node->assign_case(id(), {std::nullopt, {left.user}, {}}, chief, turn));
  });
  // Nor is a member that was revoked.
  ASSERT_TRUE(install(ngo_, revoking(commission_, 1'000'000)));
  EXPECT_EQ(
      refusal(ngo_,
              {id_of(9), {}, EventKind::referral_send, {commission_.id}, named_referral(), {}}),
      Code::revoked);
}

TEST_F(WentWrongElsewhere, ANotificationNamesThePerson) {
  Effects effects;
  {
    auto transaction = ngo_.store.begin().value();
    Turn turn{now(), elapsed_, *transaction, ngo_.entropy, effects};
    ASSERT_TRUE(ngo_.node->submit(
        {id_of(1), {}, EventKind::referral_send, {commission_.id}, named_referral(), {}}, program(),
        turn));
    ASSERT_TRUE(ngo_.node->finish(turn));
    ASSERT_TRUE(transaction->commit());
  }
  ASSERT_FALSE(effects.notices.empty());
  ASSERT_FALSE(effects.frames.empty());
  // A notice has ids, a code and a time: it has no room for a word.
  static_assert(std::is_trivially_copyable_v<Event>);
  for (const SendFrame& frame : effects.frames) {
    EXPECT_THAT(std::string(text(frame.frame)),
                testing::Not(testing::HasSubstr(std::string(her_name))));
  }
}

}  // namespace
}  // namespace hamroh
