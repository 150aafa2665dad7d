// Consent that reaches everybody: withdrawn, changed and given anew between two and three nodes.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/forger_fixture.h"

namespace hamroh {
namespace {

using namespace node_fixture;
using enum DisclosureTier;

ReferralForm whole_form() {
  ReferralForm form = parse_referral(referral()).value();
  form.contact.emplace();
  form.contact->alias = "N.";
  form.contact->safe_contact.method = SafeContactMethod::in_person_only;
  form.facts.emplace();
  form.facts->citizenship = {"TJ"};
  form.consent.scope = {{{"kind:commission"}, {t1, t2, t3}, {"protection"}}};
  return form;
}

Bytes withdrawal() {
  ConsentStatement said;
  said.date = "2026-09-21";
  return encode(said);
}

class NodeConsent : public NodeFixture {
 protected:
  const CaseId id_ = case_of(id_of(1));

  void refer(const ReferralForm& form = whole_form()) {
    ASSERT_TRUE(
        submit(ngo_, {id_of(1), {}, EventKind::referral_send, {commission_.id}, encode(form), {}}));
    talk();
  }
  Submission event(std::uint64_t number, EventKind kind, Bytes body) const {
    return {id_of(number), id_, kind, {}, std::move(body), {}};
  }
  Submission withdrawing(std::uint64_t number = 70) const {
    return event(number, EventKind::consent_withdraw, withdrawal());
  }
  // The consent with other scopes, in the place of whatever stands at the NGO.
  Submission stating(std::uint64_t number, EventKind kind, std::vector<DisclosureTier> tiers,
                     std::vector<std::string> never = {}) {
    ConsentStatement said;
    said.consent = whole_form().consent;
    said.consent->scope = {{{"kind:commission"}, std::move(tiers), {"protection"}}};
    said.consent->never = std::move(never);
    const CaseView shown = case_at(ngo_);
    for (const TrackState& track : shown.tracks) {
      if (track.track == Track::consent) {
        said.about = track.about;
      }
    }
    return event(number, kind, encode(said));
  }
  Submission accepting() const { return event(50, EventKind::referral_accept, encode(Decision{})); }
  Submission closing(std::uint64_t number) const {
    Particulars said;
    said.code = "person_withdrew";
    return event(number, EventKind::case_close, encode(said));
  }
  CaseView case_at(Site& site) {
    CaseView view;
    in_turn(site, [&](Turn& turn) { view = site.node->case_view(id_, program(), turn).value(); });
    return view;
  }
  State consent_at(Site& site) {
    const CaseView shown = case_at(site);
    for (const TrackState& track : shown.tracks) {
      if (track.track == Track::consent) {
        return track.state;
      }
    }
    return State::none;
  }
  ReferralForm form_at(Site& site) {
    std::optional<ReferralForm> form;
    in_turn(site, [&](Turn& turn) {
      const auto body = site.node->body(ngo_.id, id_of(1), program(), turn).value();
      form = parse_referral(body.body).value();
    });
    return *form;
  }
  std::size_t count(Site& site, EventKind kind) {
    return static_cast<std::size_t>(
        std::ranges::count(case_at(site).events, kind, &MessageView::kind));
  }
  // What each answer that the site holds says, in the order of the fold; void ones are left out.
  std::vector<ConsentAction> answers_at(Site& site) {
    std::vector<ConsentAction> did;
    const CaseView shown = case_at(site);
    for (const MessageView& one : shown.events) {
      if (one.kind == EventKind::consent_applied && one.void_reason == Code::none) {
        in_turn(site, [&](Turn& turn) {
          const auto body = site.node->body(one.author, one.message, program(), turn).value();
          did.push_back(parse_applied(body.body).value().did);
        });
      }
    }
    return did;
  }
  // The ministry takes part as a second recipient of referrals.
  void let_in_ministry() {
    const Bytes step = publish(changing(ministry_, [](Member& member) {
      member.capabilities.give(Capability::refer_receive);
      member.capabilities.give(Capability::refer_decide);
      member.capabilities.give(Capability::consent_record);
    }));
    ASSERT_TRUE(install(ngo_, step));
    join(ministry_);
    sleep(tuning::start_wait_max);
    connect(ngo_, ministry_);
    connect(commission_, ministry_);
    talk();
  }
  void refer_to_both() {
    ReferralForm form = whole_form();
    form.consent.scope.push_back({{"kind:ministry"}, {t1, t2}, {"protection"}});
    ASSERT_TRUE(submit(ngo_, {id_of(1),
                              {},
                              EventKind::referral_send,
                              {commission_.id, ministry_.id},
                              encode(form),
                              {}}));
    talk();
  }
};

// ---- the application for the status

TEST_F(NodeConsent, ForTheStatusOnlyAConsentThatNamesItIsEnough) {
  refer();
  const Submission applying = {
      id_of(60), id_, EventKind::status_apply, {commission_.id}, encode(Particulars{}), {}};
  EXPECT_EQ(refusal(ngo_, applying), Code::consent_missing);
  ConsentStatement said;
  said.consent = whole_form().consent;
  said.consent->scope = {{{"kind:commission"}, {t1}, {"protection", "status_application"}}};
  ASSERT_TRUE(submit(ngo_, event(61, EventKind::consent_give, encode(said))));
  EXPECT_TRUE(submit(ngo_, applying));
  talk();
  EXPECT_EQ(count(commission_, EventKind::status_apply), 1u);
}

TEST_F(NodeConsent, AfterAWithdrawalNobodyAppliesForTheStatus) {
  ReferralForm form = whole_form();
  form.consent.scope = {{{"kind:commission"}, {t1}, {"protection", "status_application"}}};
  refer(form);
  ASSERT_TRUE(submit(ngo_, withdrawing()));
  talk();
  EXPECT_EQ(
      refusal(
          ngo_,
          {id_of(60), id_, EventKind::status_apply, {commission_.id}, encode(Particulars{}), {}}),
      Code::consent_missing);
}

// ---- withdrawn

TEST_F(NodeConsent, AWithdrawalIsAnsweredByTheOtherNodeWithoutAnybodyThere) {
  refer();
  ASSERT_TRUE(submit(ngo_, withdrawing()));
  talk();
  EXPECT_EQ(consent_at(commission_), State::withdrawn);
  EXPECT_THAT(answers_at(ngo_), testing::ElementsAre(ConsentAction::stopped));
  EXPECT_THAT(answers_at(commission_), testing::ElementsAre(ConsentAction::stopped));
}

// One of the stories that went wrong elsewhere.
TEST_F(NodeConsent, AWithdrawnConsentThatTheOtherSystemNeverHearsOfKeepsTheCaseOpenUntilItDoes) {
  refer();
  disconnect(ngo_, commission_);
  ASSERT_TRUE(submit(ngo_, withdrawing()));
  sleep(hours(2));
  EXPECT_EQ(refusal(ngo_, closing(71)), Code::consent_unanswered);
  connect(ngo_, commission_);
  talk();
  sleep(minutes(11));
  talk();
  EXPECT_THAT(answers_at(ngo_), testing::ElementsAre(ConsentAction::stopped));
  EXPECT_TRUE(submit(ngo_, closing(72)));
}

TEST_F(NodeConsent, NothingIsDisclosedToWhoAcceptsAfterTheWithdrawal) {
  refer();
  ASSERT_TRUE(submit(ngo_, withdrawing()));
  ASSERT_TRUE(submit(commission_, accepting()));  // in the same moment
  talk();
  sleep(hours(1));
  talk();
  EXPECT_EQ(case_at(ngo_).state, State::accepted);
  EXPECT_EQ(count(ngo_, EventKind::tier_disclose), 0u);
  EXPECT_FALSE(form_at(commission_).contact);
}

TEST_F(NodeConsent, TheRecipientShowsNothingMoreOfWhatItHas) {
  refer();
  ASSERT_TRUE(submit(commission_, accepting()));
  talk();
  ASSERT_TRUE(form_at(commission_).contact && form_at(commission_).facts);
  ASSERT_TRUE(submit(ngo_, withdrawing()));
  talk();
  const ReferralForm form = form_at(commission_);
  EXPECT_FALSE(form.contact || form.facts);
  EXPECT_EQ(form.committed, fields_of({t2, t3, t4}));
  EXPECT_TRUE(form_at(ngo_).contact);  // who looks after her still sees what it wrote
}

TEST_F(NodeConsent, WhatIsKeptOnAGroundIsShownAgainAndTheOtherSideIsTold) {
  refer();
  ASSERT_TRUE(submit(commission_, accepting()));
  talk();
  ASSERT_TRUE(submit(ngo_, withdrawing()));
  talk();
  ConsentApplied applied;
  for (const TrackState& track : case_at(commission_).tracks) {
    applied.about = track.track == Track::consent ? track.about : applied.about;
  }
  for (const ConsentAction lie :
       {ConsentAction::stopped, ConsentAction::erased, ConsentAction::nothing_held}) {
    applied.did = lie;
    EXPECT_EQ(refusal(commission_, event(80, EventKind::consent_applied, encode(applied))),
              Code::invalid_argument);
  }
  applied.did = ConsentAction::kept;
  applied.ground = "legal_duty";
  ASSERT_TRUE(submit(commission_, event(80, EventKind::consent_applied, encode(applied))));
  talk();
  EXPECT_TRUE(form_at(commission_).facts);
  EXPECT_THAT(answers_at(ngo_), testing::ElementsAre(ConsentAction::stopped, ConsentAction::kept));
}

TEST_F(NodeConsent, ErasingTellsWhoeverWaitsForIt) {
  refer();
  ASSERT_TRUE(submit(ngo_, withdrawing()));
  talk();
  in_turn(commission_, [&](Turn& turn) {
    ASSERT_TRUE(commission_.node->erase_case(id_, ErasureReason::withdrawal, false, turn));
  });
  talk();
  EXPECT_THAT(answers_at(ngo_),
              testing::ElementsAre(ConsentAction::stopped, ConsentAction::erased));
}

TEST_F(NodeConsent, AnswersOnceHoweverOftenItHearsAndRestarts) {
  refer();
  ASSERT_TRUE(submit(ngo_, withdrawing()));
  const std::vector<SendFrame> frames = ngo_.out;
  talk();
  for (int round = 0; round < 2; ++round) {
    for (const SendFrame& frame : frames) {
      (void)carry(ngo_, commission_, frame);
    }
    restart(commission_);
    sleep(tuning::start_wait_max);
    connect(ngo_, commission_);
    talk();
    sleep(hours(1));
    talk();
  }
  EXPECT_THAT(answers_at(ngo_), testing::ElementsAre(ConsentAction::stopped));
}

TEST_F(NodeConsent, AWithdrawalThatComesWhileLockedIsAnsweredAfterUnlocking) {
  refer();
  lock(commission_);
  ASSERT_TRUE(submit(ngo_, withdrawing()));
  talk();
  unlock(commission_);
  talk();
  EXPECT_THAT(answers_at(ngo_), testing::ElementsAre(ConsentAction::stopped));
}

TEST_F(NodeConsent, AWithdrawalThatOvertakesItsReferralIsAnsweredAndStops) {
  ReferralForm form = whole_form();
  ASSERT_TRUE(
      submit(ngo_, {id_of(1), {}, EventKind::referral_send, {commission_.id}, encode(form), {}}));
  const std::vector<SendFrame> referral = std::exchange(ngo_.out, {});
  ASSERT_TRUE(submit(ngo_, withdrawing()));
  carry_all(ngo_, commission_);
  for (const SendFrame& frame : referral) {
    (void)carry(ngo_, commission_, frame);
  }
  talk();
  ASSERT_TRUE(submit(commission_, accepting()));
  talk();
  EXPECT_EQ(consent_at(commission_), State::withdrawn);
  EXPECT_EQ(answers_at(ngo_).size(), 1u);
  EXPECT_EQ(count(ngo_, EventKind::tier_disclose), 0u);
}

TEST_F(NodeConsent, OfAClosedCaseItIsWithdrawnAllTheSame) {
  refer();
  ASSERT_TRUE(submit(ngo_, closing(60)));
  talk();
  ASSERT_TRUE(submit(ngo_, withdrawing()));
  talk();
  EXPECT_EQ(consent_at(commission_), State::withdrawn);
  EXPECT_EQ(answers_at(ngo_).size(), 1u);
}

TEST_F(NodeConsent, WhoWasRevokedDoesNotKeepTheCaseOpenForEver) {
  let_in_ministry();
  refer_to_both();
  disconnect(ngo_, commission_);
  ASSERT_TRUE(submit(ngo_, withdrawing()));
  talk();
  EXPECT_EQ(refusal(ngo_, closing(71)), Code::consent_unanswered);
  ASSERT_TRUE(install(ngo_, revoking(commission_, 0)));
  EXPECT_TRUE(submit(ngo_, closing(72)));
}

TEST_F(NodeConsent, WhoHasNotHeardOfTheCaseHearsOfItNoMoreOnceItIsWithdrawn) {
  let_in_ministry();
  refer();
  ASSERT_TRUE(submit(ngo_, withdrawing()));
  talk();
  Submission told = event(71, EventKind::case_note, note("words"));
  told.to = {commission_.id, ministry_.id};
  EXPECT_EQ(refusal(ngo_, told), Code::consent_missing);
}

TEST_F(NodeConsent, GoesToEveryRecipientAndToNoFewer) {
  let_in_ministry();
  refer_to_both();
  Submission few = withdrawing();
  few.to = {commission_.id};
  EXPECT_EQ(refusal(ngo_, few), Code::invalid_argument);
  ASSERT_TRUE(submit(ngo_, withdrawing()));
  talk();
  EXPECT_EQ(answers_at(ngo_).size(), 2u);
  EXPECT_EQ(answers_at(commission_).size(), 2u);
  EXPECT_EQ(consent_at(ministry_), State::withdrawn);
}

TEST_F(NodeConsent, AnybodyWhoRecordsConsentsMayWithdrawButOnlyTheOwnerGives) {
  let_in_ministry();
  refer_to_both();
  EXPECT_EQ(refusal(commission_, withdrawing()), Code::not_capable);
  EXPECT_EQ(refusal(ministry_, stating(71, EventKind::consent_give, {t1, t2, t3})),
            Code::no_standing);
  ASSERT_TRUE(submit(ministry_, withdrawing(72)));
  talk();
  EXPECT_EQ(consent_at(ngo_), State::withdrawn);
  EXPECT_EQ(answers_at(ministry_).size(), 2u);  // the owner's node answers as well
}

// ---- changed and given anew

TEST_F(NodeConsent, NarrowingStopsAtBothSidesWhatItNoLongerOpens) {
  refer();
  ASSERT_TRUE(submit(commission_, accepting()));
  talk();
  ASSERT_TRUE(submit(ngo_, stating(71, EventKind::consent_change, {t1, t2})));
  talk();
  EXPECT_EQ(consent_at(commission_), State::narrowed);
  EXPECT_THAT(answers_at(ngo_), testing::ElementsAre(ConsentAction::stopped));
  EXPECT_TRUE(form_at(commission_).contact);
  EXPECT_FALSE(form_at(commission_).facts);
}

TEST_F(NodeConsent, GivenAnewItOpensMoreAtOnce) {
  ReferralForm form = whole_form();
  form.consent.scope = {{{"kind:commission"}, {t1}, {"protection"}}};
  refer(form);
  ASSERT_TRUE(submit(commission_, accepting()));
  talk();
  ASSERT_FALSE(form_at(commission_).contact);
  ASSERT_TRUE(submit(ngo_, stating(71, EventKind::consent_give, {t1, t2})));
  talk();
  EXPECT_TRUE(form_at(commission_).contact);
  EXPECT_FALSE(form_at(commission_).facts);
  EXPECT_TRUE(answers_at(ngo_).empty());  // there is nothing to stop
}

TEST_F(NodeConsent, AChangeThatDoesNotKnowOfTheWithdrawalIsRefused) {
  refer();
  const Submission late = stating(71, EventKind::consent_give, {t1, t2, t3});
  ASSERT_TRUE(submit(ngo_, withdrawing()));
  EXPECT_EQ(refusal(ngo_, late), Code::wrong_state);
  EXPECT_EQ(refusal(ngo_, stating(72, EventKind::consent_change, {t1})), Code::wrong_state);
  EXPECT_TRUE(submit(ngo_, stating(73, EventKind::consent_give, {t1, t2})));
  talk();
  EXPECT_EQ(consent_at(commission_), State::active);
}

// ---- no referral without one

TEST_F(NodeConsent, NoReferralGoesThatNoConsentInForceCovers) {
  const auto refused = [&](const std::function<void(Consent&)>& change) {
    ReferralForm form = whole_form();
    change(form.consent);
    return refusal(ngo_,
                   {id_of(1), {}, EventKind::referral_send, {commission_.id}, encode(form), {}});
  };
  EXPECT_EQ(refused([](Consent& c) {
              c.scope = {{{"kind:provider"}, {t1}, {"protection"}}};
            }),
            Code::consent_missing);
  EXPECT_EQ(refused([](Consent& c) {
              c.scope = {{{"kind:commission"}, {t2}, {"protection"}}};
            }),
            Code::consent_missing);
  EXPECT_EQ(refused([&](Consent& c) { c.date = to_iso8601(now() + days(5)).substr(0, 10); }),
            Code::consent_missing);
  EXPECT_EQ(refused([&](Consent& c) {
              c.date = to_iso8601(Timestamp{now().ms - days(9).ms}).substr(0, 10);
              c.expires = to_iso8601(Timestamp{now().ms - days(2).ms}).substr(0, 10);
            }),
            Code::consent_missing);
  ReferralForm applies = whole_form();
  applies.triage.services = {Service::status_application};
  EXPECT_EQ(
      refusal(ngo_,
              {id_of(1), {}, EventKind::referral_send, {commission_.id}, encode(applies), {}}),
      Code::consent_missing);
  applies.consent.scope.front().purposes.emplace_back("status_application");
  EXPECT_TRUE(submit(
      ngo_, {id_of(1), {}, EventKind::referral_send, {commission_.id}, encode(applies), {}}));
}

TEST_F(NodeConsent, AfterAWithdrawalThereIsNoReferralUntilItIsGivenAnew) {
  refer();
  ASSERT_TRUE(submit(ngo_, withdrawing()));
  talk();
  Submission again = event(2, EventKind::referral_send, encode(whole_form()));
  again.to = {commission_.id};
  EXPECT_EQ(refusal(ngo_, again), Code::consent_missing);
  ASSERT_TRUE(submit(ngo_, stating(71, EventKind::consent_give, {t1})));
  EXPECT_TRUE(submit(ngo_, again));
}

// ---- exceptions

class ByException : public NodeConsent {
 protected:
  static ReferralForm form() {
    ReferralForm form = whole_form();
    form.consent = {};
    form.consent.exception = ConsentException::child_best_interests;
    form.consent.second_approver = "the deputy";
    form.consent.date = "2026-09-21";
    return form;
  }
  static Actor chief() {
    Actor actor;
    actor.user.bytes[0] = 33;
    actor.role = Role::supervisor;
    actor.teams = {"intake"};
    return actor;
  }
  void review(bool agrees) {
    in_turn(ngo_, [&](Turn& turn) {
      const auto tasks = ngo_.node->tasks(chief(), turn).value();
      ASSERT_EQ(tasks.size(), 1u);
      EXPECT_EQ(tasks.front().kind, TaskKind::consent_exception);
      EXPECT_EQ(code_of(ngo_.node->decide_task(tasks.front().id, agrees, program(), turn)),
                Code::second_person);
      ASSERT_TRUE(ngo_.node->decide_task(tasks.front().id, agrees, chief(), turn));
    });
    talk();
  }
};

TEST_F(ByException, ATriageGoesAndTheRestWaitsForASecondPerson) {
  refer(form());
  ASSERT_TRUE(submit(commission_, accepting()));
  talk();
  EXPECT_FALSE(form_at(commission_).contact);
  review(true);
  EXPECT_TRUE(form_at(commission_).contact);
}

TEST_F(ByException, WhatASecondPersonRefusesIsNeverDisclosed) {
  refer(form());
  review(false);
  ASSERT_TRUE(submit(commission_, accepting()));
  talk();
  sleep(hours(1));
  EXPECT_EQ(count(ngo_, EventKind::tier_disclose), 0u);
}

TEST_F(ByException, InAnEmergencyNobodyIsWaitedFor) {
  ReferralForm urgent = form();
  urgent.triage.urgency = Urgency::emergency;
  refer(urgent);
  EXPECT_TRUE(form_at(commission_).contact);
}

TEST_F(ByException, WhatWasSentBeforeAWithdrawalFallsUnderIt) {
  refer(form());
  ASSERT_TRUE(submit(ngo_, withdrawing()));
  review(true);
  ASSERT_TRUE(submit(commission_, accepting()));
  talk();
  EXPECT_EQ(count(ngo_, EventKind::tier_disclose), 0u);
}

// ---- who must never know

TEST_F(NodeConsent, WhomTheConsentBarsGetsNothingOfTheCase) {
  let_in_ministry();
  ReferralForm form = whole_form();
  form.consent.scope.front().recipients.emplace_back("kind:ministry");
  form.consent.never = {"member:" + to_uuid(ministry_.id)};
  Submission both{id_of(1),     {}, EventKind::referral_send, {commission_.id, ministry_.id},
                  encode(form), {}};
  EXPECT_EQ(refusal(ngo_, both), Code::barred_by_consent);
  refer(form);
  Particulars offer;
  offer.member = ministry_.id;
  EXPECT_EQ(refusal(ngo_, event(60, EventKind::transfer_offer, encode(offer))),
            Code::barred_by_consent);
  Submission told = event(61, EventKind::case_note, note("words"));
  told.to = {commission_.id, ministry_.id};
  EXPECT_EQ(refusal(ngo_, told), Code::barred_by_consent);
  told.to = {ministry_.id};
  EXPECT_EQ(refusal(commission_, told), Code::barred_by_consent);
  Particulars elsewhere;
  elsewhere.member = ministry_.id;
  elsewhere.code = "outside_area";
  elsewhere.about = case_at(commission_).events.front().digest;
  EXPECT_EQ(refusal(commission_, event(62, EventKind::referral_redirect, encode(elsewhere))),
            Code::barred_by_consent);
}

TEST_F(NodeConsent, WhoIsBarredLaterHearsOfThatAndOfNothingMore) {
  let_in_ministry();
  refer_to_both();
  ASSERT_TRUE(submit(ngo_, stating(71, EventKind::consent_change, {t1}, {"kind:ministry"})));
  talk();
  EXPECT_EQ(answers_at(ngo_).size(), 2u);
  const std::size_t before = case_at(ministry_).events.size();
  ASSERT_TRUE(submit(ngo_, event(72, EventKind::case_note, note("words"))));
  talk();
  EXPECT_EQ(case_at(ministry_).events.size(), before);
  EXPECT_EQ(count(commission_, EventKind::case_note), 1u);
}

class ConsentForger : public Forger {};

TEST_F(ConsentForger, AReferralThatBarsTheVeryMemberItComesToIsRefused) {
  ReferralForm form = whole_form();
  form.consent.never = {"kind:ministry"};
  Inner opening = inner(1, EventKind::referral_send, encode(first_part(form)), {ministry_.id});
  opening.commitments = commit(form, TierSeeds{});
  ASSERT_TRUE(send({opening}));
  EXPECT_EQ(entries_of(ministry_, id_of(1)).at(0),
            (std::pair{EntryKind::refused, Code::barred_by_consent}));
}

TEST_F(ConsentForger, AStatementThatBreaksTheRulesOfItsKindIsRefused) {
  ConsentStatement said;
  said.consent = whole_form().consent;
  ASSERT_TRUE(send({inner(2, EventKind::consent_withdraw, encode(said), {ministry_.id}),
                    inner(3, EventKind::consent_give, withdrawal(), {ministry_.id}),
                    inner(4, EventKind::consent_applied, withdrawal(), {ministry_.id})}));
  for (const std::uint64_t number : {2, 3, 4}) {
    EXPECT_EQ(entries_of(ministry_, id_of(number)).at(0),
              (std::pair{EntryKind::refused, Code::invalid_form}));
  }
}

}  // namespace
}  // namespace hamroh
