// Referrals tier by tier, between two and three nodes.

#include <gtest/gtest.h>

#include "tests/unit/forger_fixture.h"
#include "tests/unit/kept_fixture.h"

namespace hamroh {
namespace {

using namespace node_fixture;
using enum DisclosureTier;

constexpr std::string_view contact_word = "CANARY-CONTACT";
constexpr std::string_view safe_word = "CANARY-TELEPHONE";
constexpr std::string_view guardian_word = "CANARY-GUARDIAN";
constexpr std::string_view narrative_word = "CANARY-NARRATIVE";
constexpr std::string_view health_word = "CANARY-HEALTH";
constexpr std::array all_words{contact_word, safe_word, guardian_word, narrative_word, health_word};

ReferralForm whole_form() {
  ReferralForm form = parse_referral(referral()).value();
  form.triage.age_band = AgeBand::from_12;
  form.contact.emplace();
  form.contact->alias = contact_word;
  form.contact->safe_contact = {SafeContactMethod::phone, std::string(safe_word), "", "", false};
  form.facts.emplace();
  form.facts->citizenship = {"TJ"};
  form.facts->guardian = Guardian{std::string(guardian_word), "aunt", ""};
  form.sealed.emplace();
  form.sealed->narrative = FreeText{"en", std::string(narrative_word)};
  form.sealed->health = FreeText{"en", std::string(health_word)};
  form.consent.scope = {{{"kind:commission"}, {t1, t2, t3, t4}, {"protection"}}};
  return form;
}

class Disclosure_ : public NodeFixture {
 protected:
  Submission a_whole_referral(const ReferralForm& form = whole_form()) {
    return {id_of(1), {}, EventKind::referral_send, {commission_.id}, encode(form), {}};
  }
  void send(const ReferralForm& form = whole_form()) {
    ASSERT_TRUE(submit(ngo_, a_whole_referral(form)));
    talk();
    ASSERT_EQ(level(id_of(1)), Level::opened);
  }
  void answer(const Decision& decision) {
    const EventKind kind =
        decision.reason ? EventKind::referral_decline : EventKind::referral_accept;
    ASSERT_TRUE(
        submit(commission_, {id_of(50), case_of(id_of(1)), kind, {}, encode(decision), {}}));
    talk();
  }
  // The referral as that node shows it to a program for which no second person has agreed.
  Node::StoredBody shown(Site& site) {
    Node::StoredBody body;
    in_turn(site, [&](Turn& turn) {
      body = site.node->body(ngo_.id, id_of(1), program(), turn).value();
    });
    return body;
  }
  ReferralForm form_at(Site& site) { return parse_referral(shown(site).body).value(); }
  CaseView case_at(Site& site) {
    CaseView view;
    in_turn(site, [&](Turn& turn) {
      view = site.node->case_view(case_of(id_of(1)), program(), turn).value();
    });
    return view;
  }
  std::vector<MessageView> disclosures_at(Site& site) {
    std::vector<MessageView> found = case_at(site).events;
    std::erase_if(found, [](const auto& event) { return event.kind != EventKind::tier_disclose; });
    return found;
  }
  // Whatever rows of that node open under the key of its one case.
  std::string everything_of_case_at(Site& site) {
    std::string all;
    in_turn(site, [&](Turn& turn) { all = everything_of_first_case(turn); });
    return all;
  }
};

TEST_F(Disclosure_, BeforeAcceptanceTheRecipientHasTriageAndCommitmentsOnly) {
  send();
  const ReferralForm form = form_at(commission_);
  EXPECT_FALSE(form.contact || form.facts || form.sealed);
  EXPECT_EQ(form.triage, whole_form().triage);
  EXPECT_EQ(form.consent, whole_form().consent);
  EXPECT_EQ(form.committed, fields_of({t2, t3, t4}));
}

TEST_F(Disclosure_, AcceptanceBringsWhatTheConsentAndTheKindOfRecipientOpen) {
  send();
  answer({});
  const ReferralForm form = form_at(commission_);
  ASSERT_TRUE(form.contact && form.facts);
  EXPECT_EQ(form.contact->alias, contact_word);
  EXPECT_EQ(form.contact->safe_contact, SafeContact{});  // a commission gets the identity only
  EXPECT_EQ(form.facts, whole_form().facts);
  EXPECT_TRUE(shown(commission_).withheld);  // the narrative needs a second person
  EXPECT_FALSE(form.sealed);
}

TEST_F(Disclosure_, TheSenderStillShowsAllOfItsOwnForm) {
  send();
  ReferralForm form = form_at(ngo_);
  EXPECT_TRUE(shown(ngo_).withheld);
  form.sealed = whole_form().sealed;
  EXPECT_EQ(form, whole_form());
}

TEST_F(Disclosure_, ADeclineLeavesNothingOfTheLaterTiersInTheRecipientsStore) {
  send();
  answer({DeclineReason::no_capacity, {}, {}});
  EXPECT_TRUE(disclosures_at(ngo_).empty());
  const std::string ours = everything_of_case_at(ngo_);
  const std::string theirs = everything_of_case_at(commission_);
  EXPECT_NE(theirs.find("consent/1"), std::string::npos);  // the search finds what is there
  for (const std::string_view word : all_words) {
    EXPECT_NE(ours.find(word), std::string::npos) << word;
    EXPECT_EQ(theirs.find(word), std::string::npos) << word;
  }
}

TEST_F(Disclosure_, WhatIsNotGrantedNeverReachesTheRecipientsStore) {
  send();
  answer({});
  const std::string theirs = everything_of_case_at(commission_);
  EXPECT_NE(theirs.find(narrative_word), std::string::npos);
  EXPECT_EQ(theirs.find(safe_word), std::string::npos);
  EXPECT_EQ(theirs.find(health_word), std::string::npos);
}

TEST_F(Disclosure_, TheSealedTierNeedsASecondPersonAtBothSides) {
  send();
  answer({});
  for (Site* site : {&ngo_, &commission_}) {
    EXPECT_FALSE(form_at(*site).sealed);
    EXPECT_TRUE(shown(*site).withheld);
    // The disclosure itself shows which fields it has, and no more.
    const MessageView event = disclosures_at(*site).at(0);
    in_turn(*site, [&](Turn& turn) {
      const auto body = site->node->body(event.author, event.message, program(), turn).value();
      const DisclosedFields fields = parse_fields(body.body).value();
      EXPECT_TRUE(fields.fields.has(FormField::sealed_narrative));
      EXPECT_EQ(std::string(text(body.body)).find(narrative_word), std::string::npos);
    });
  }
}

TEST_F(Disclosure_, InAnEmergencyTheContactComesInTheSameEnvelope) {
  ReferralForm form = whole_form();
  form.triage.urgency = Urgency::emergency;
  ASSERT_TRUE(submit(ngo_, a_whole_referral(form)));
  const auto to_commission = std::ranges::count(ngo_.out, commission_.id, &SendFrame::peer);
  EXPECT_EQ(to_commission, 1);
  talk();
  const ReferralForm before = form_at(commission_);
  ASSERT_TRUE(before.contact);
  EXPECT_EQ(before.contact->alias, contact_word);
  EXPECT_FALSE(before.facts || before.sealed);
  answer({});
  EXPECT_TRUE(form_at(commission_).facts);
  EXPECT_EQ(disclosures_at(commission_).size(), 2u);
}

TEST_F(Disclosure_, OfAnEmergencyGoesFirstAlsoAfterARestart) {
  ReferralForm form = whole_form();
  form.triage.urgency = Urgency::emergency;
  disconnect(ngo_, commission_);
  for (std::uint64_t i = 0; i < 50; ++i) {
    ASSERT_TRUE(submit(ngo_, a_referral(1'000 + i)));
  }
  ASSERT_TRUE(submit(ngo_, a_whole_referral(form)));
  restart(ngo_);
  sleep(tuning::start_wait_max);
  ngo_.out.clear();
  connect(ngo_, commission_);
  const auto has = [&](std::uint64_t number) {
    bool found = false;
    in_turn(commission_, [&](Turn& turn) {
      found = commission_.node->message(id_of(number), program(), turn).has_value();
    });
    return found;
  };
  for (int round = 0; round < 20 && !has(1); ++round) {
    for (const SendFrame& frame : std::exchange(ngo_.out, {})) {
      if (!has(1)) {
        (void)carry(ngo_, commission_, frame);
      }
    }
    carry_all(commission_, ngo_);
    tick(ngo_);
  }
  ASSERT_TRUE(has(1));
  EXPECT_FALSE(has(1'000)) << "others were before it";
  EXPECT_EQ(disclosures_at(commission_).size(), 1U) << "in the envelope of the referral";
}

TEST_F(Disclosure_, WhatAnAcceptedEmergencyOpensGoesBeforeWhateverElseWaits) {
  ReferralForm form = whole_form();
  form.triage.urgency = Urgency::emergency;
  send(form);
  ASSERT_TRUE(submit(
      commission_,
      {id_of(50), case_of(id_of(1)), EventKind::referral_accept, {}, encode(Decision{}), {}}));
  ngo_.out.clear();
  in_turn(ngo_, [&](Turn& turn) {
    for (std::uint64_t i = 0; i < 50; ++i) {
      ASSERT_TRUE(ngo_.node->submit(a_referral(1'000 + i), program(), turn));
    }
    for (const SendFrame& frame : std::exchange(commission_.out, {})) {
      (void)ngo_.node->receive(commission_.id, frame.frame, turn);
    }
  });
  ASSERT_FALSE(ngo_.out.empty());
  ASSERT_TRUE(carry(ngo_, commission_, ngo_.out.front()));
  EXPECT_EQ(disclosures_at(commission_).size(), 2U);
  in_turn(commission_, [&](Turn& turn) {
    EXPECT_FALSE(commission_.node->message(id_of(1'000), program(), turn));
  });
}

TEST_F(Disclosure_, IsHeldToTheConsent) {
  ReferralForm form = whole_form();
  form.consent.scope = {{{"kind:commission"}, {t1, t3}, {"protection"}}};
  send(form);
  answer({});
  const ReferralForm there = form_at(commission_);
  EXPECT_FALSE(there.contact);
  EXPECT_TRUE(there.facts);
  EXPECT_FALSE(shown(commission_).withheld);
  EXPECT_EQ(there.committed, fields_of({t2, t4}));
}

TEST_F(Disclosure_, NothingIsDisclosedUnderAConsentThatHasExpired) {
  ReferralForm form = whole_form();
  form.consent.expires = to_iso8601(now() + days(1)).substr(0, 10);
  send(form);
  sleep(days(3));
  answer({});
  EXPECT_EQ(case_at(ngo_).state, State::accepted);
  EXPECT_TRUE(disclosures_at(ngo_).empty());
}

TEST_F(Disclosure_, AcceptingTwiceOrRestartingDisclosesNothingTwice) {
  send();
  answer({});
  ASSERT_EQ(disclosures_at(ngo_).size(), 1u);
  for (Site* site : {&ngo_, &commission_}) {
    restart(*site);
  }
  sleep(tuning::start_wait_max);
  connect(ngo_, commission_);
  talk();
  EXPECT_FALSE(submit(
      commission_,
      {id_of(51), case_of(id_of(1)), EventKind::referral_accept, {}, encode(Decision{}), {}}));
  sleep(hours(1));
  talk();
  EXPECT_EQ(disclosures_at(ngo_).size(), 1u);
  EXPECT_EQ(disclosures_at(commission_).size(), 1u);
}

TEST_F(Disclosure_, AnAcceptanceThatCameWhileLockedIsAnsweredAfterUnlocking) {
  send();
  lock(ngo_);
  talk();
  ASSERT_TRUE(submit(
      commission_,
      {id_of(50), case_of(id_of(1)), EventKind::referral_accept, {}, encode(Decision{}), {}}));
  talk();
  EXPECT_FALSE(form_at(commission_).facts);
  unlock(ngo_);
  talk();
  sleep(minutes(1));
  talk();
  EXPECT_TRUE(form_at(commission_).facts);
}

TEST_F(Disclosure_, WhatHadToWaitIsDisclosedLater) {
  send();
  // Somebody signs in this member's name elsewhere: its mail waits until that is over.
  ASSERT_TRUE(install(ngo_, revoking(ngo_, UINT64_MAX)));
  ASSERT_TRUE(submit(
      commission_,
      {id_of(50), case_of(id_of(1)), EventKind::referral_accept, {}, encode(Decision{}), {}}));
  talk();
  ASSERT_EQ(case_at(ngo_).state, State::accepted);
  ASSERT_TRUE(disclosures_at(ngo_).empty());
  restart(ngo_);
  ASSERT_TRUE(install(ngo_, publish(changing(ngo_, [](Member& member) {
                        member.state = MemberState::active;
                        member.position = 0;
                      }))));
  sleep(minutes(1));
  EXPECT_EQ(disclosures_at(ngo_).size(), 1u);
}

TEST_F(Disclosure_, EachRecipientOfOneReferralGetsItsOwnGrantWhenItAccepts) {
  ReferralForm form = whole_form();
  form.consent.scope.push_back({{"kind:ministry"}, {t1, t2, t3}, {"protection"}});
  const Bytes step = publish(changing(ministry_, [](Member& member) {
    member.capabilities.give(Capability::refer_receive);
    member.capabilities.give(Capability::refer_decide);
  }));
  ASSERT_TRUE(install(ngo_, step));
  join(ministry_);
  sleep(tuning::start_wait_max);
  connect(ngo_, ministry_);
  talk();
  Submission both = a_whole_referral(form);
  both.to.push_back(ministry_.id);
  ASSERT_TRUE(submit(ngo_, both));
  talk();
  answer({});
  EXPECT_FALSE(form_at(ministry_).contact);
  ASSERT_EQ(disclosures_at(ngo_).size(), 1u);
  ASSERT_TRUE(submit(
      ministry_,
      {id_of(60), case_of(id_of(1)), EventKind::referral_accept, {}, encode(Decision{}), {}}));
  talk();
  const ReferralForm there = form_at(ministry_);
  ASSERT_TRUE(there.contact);
  EXPECT_EQ(there.contact->alias, contact_word);
  EXPECT_EQ(there.committed, fields_of({t2, t3, t4}) -
                                 FormFields({FormField::contact_name, FormField::contact_alias}));
  EXPECT_EQ(disclosures_at(ngo_).size(), 2u);
  EXPECT_EQ(disclosures_at(commission_).size(), 1u);
  EXPECT_EQ(disclosures_at(ministry_).size(), 1u);
}

// ---- by hand

class ByHand : public Disclosure_ {
 protected:
  Submission asking(std::uint64_t number, FormFields fields) {
    const Digest about = case_at(ngo_).events.front().digest;
    return {id_of(number),
            case_of(id_of(1)),
            EventKind::tier_disclose,
            {commission_.id},
            encode(DisclosedFields{about, fields}),
            {}};
  }
};

TEST_F(ByHand, OneFieldMoreFollowsWhenAPersonSaysSo) {
  send();
  answer({});
  const Submission asked = asking(70, {FormField::contact_safe_contact});
  ASSERT_TRUE(submit(ngo_, asked));
  talk();
  EXPECT_EQ(form_at(commission_).contact->safe_contact, whole_form().contact->safe_contact);
  EXPECT_EQ(level(id_of(70)), Level::opened);
  const auto again = submit(ngo_, asked);
  ASSERT_TRUE(again);
  EXPECT_TRUE(again->duplicate);
  EXPECT_EQ(code_of(submit(ngo_, asking(70, {FormField::sealed_health}))), Code::conflict);
}

TEST_F(ByHand, NothingGoesBeforeTheRecipientHasAcceptedOrAfterItDeclined) {
  send();
  EXPECT_EQ(refusal(ngo_, asking(70, fields_of(t2))), Code::wrong_state);
  answer({DeclineReason::no_capacity, {}, {}});
  EXPECT_EQ(refusal(ngo_, asking(71, fields_of(t2))), Code::wrong_state);
}

TEST_F(ByHand, NothingGoesThatTheConsentDoesNotOpen) {
  ReferralForm form = whole_form();
  form.consent.scope = {{{"kind:commission"}, {t1, t2}, {"protection"}}};
  send(form);
  answer({});
  EXPECT_EQ(refusal(ngo_, asking(70, {FormField::sealed_health})), Code::not_granted);
  EXPECT_EQ(refusal(ngo_, asking(71, fields_of({t2, t3}))), Code::not_granted);
  EXPECT_TRUE(submit(ngo_, asking(72, fields_of(t2))));
}

TEST_F(ByHand, OnlyTheSenderOfTheReferralDisclosesItAndOnlyToItsRecipients) {
  send();
  answer({});
  Submission asked = asking(70, fields_of(t2));
  asked.to = {ngo_.id};
  EXPECT_EQ(refusal(commission_, asked), Code::not_found);
  asked.to = {ministry_.id};
  EXPECT_EQ(refusal(ngo_, asked), Code::no_standing);
  asked.to = {commission_.id, ministry_.id};
  EXPECT_EQ(refusal(ngo_, asked), Code::invalid_argument);
  asked = asking(71, fields_of(t2));
  asked.body = encode(disclose(whole_form(), {}, fields_of(t2)));  // only a node opens
  EXPECT_EQ(refusal(ngo_, asked), Code::invalid_form);
  EXPECT_EQ(refusal(ngo_, asking(72, {FormField::sealed_alleged_perpetrator})), Code::not_found);
}

// ---- erasing

TEST_F(Disclosure_, ErasingTheCaseErasesWhatWasKeptForLater) {
  send();
  in_turn(ngo_, [&](Turn& turn) {
    ASSERT_TRUE(turn.store.get(Table::tier, TierRecord::key(id_of(1))).value());
    ASSERT_TRUE(ngo_.node->erase_case(case_of(id_of(1)), ErasureReason::withdrawal, false, turn));
    EXPECT_FALSE(turn.store.get(Table::tier, TierRecord::key(id_of(1))).value());
  });
  for (const std::string_view word : all_words) {
    EXPECT_EQ(everything_of_case_at(ngo_).find(word), std::string::npos);
  }
}

TEST_F(Disclosure_, AReferralIsSubmittedWholeAndInBounds) {
  Submission part = a_whole_referral(first_part(whole_form()));
  EXPECT_EQ(refusal(ngo_, part), Code::invalid_form);
  ReferralForm large = whole_form();
  large.sealed->narrative->text.assign(limits::long_text_bytes_max, 'x');
  large.sealed->health->text.assign(limits::body_bytes_max - limits::long_text_bytes_max - 1'400,
                                    'x');
  const Submission long_one = a_whole_referral(large);
  ASSERT_LE(long_one.body.size(), limits::body_bytes_max);
  ASSERT_GT(long_one.body.size(), limits::referral_bytes_max);
  EXPECT_EQ(refusal(ngo_, long_one), Code::too_large);
}

// ---- a sender that lies, or is older

class LyingSender : public Forger {
 protected:
  LyingSender() {
    for (TierSeed& seed : seeds_) {
      seed = ngo_.entropy.draw<TierSeed>();
    }
    opening_ = inner(1, EventKind::referral_send, encode(first_part(whole_form())), {ministry_.id});
    opening_.commitments = commit(whole_form(), seeds_);
    about_ = message_digest(encode_inner(opening_));
  }
  Inner disclosing(std::uint64_t number, Disclosure disclosure) {
    disclosure.about = about_;
    disclosure.referral = id_of(1);
    Inner event = inner(number, EventKind::tier_disclose, encode(disclosure), {ministry_.id});
    event.heads = {about_};
    return event;
  }
  TierSeeds seeds_;
  Inner opening_;
  Digest about_;
};

TEST_F(LyingSender, WhatWasNotCommittedToIsRefusedWithAReasonAndKeptAsEvidence) {
  ReferralForm other = whole_form();
  other.facts->guardian->name = "somebody else";
  const Inner lie = disclosing(2, disclose(other, seeds_, fields_of(t3)));
  const Inner truth = disclosing(3, disclose(whole_form(), seeds_, fields_of(t3)));
  ASSERT_TRUE(send({opening_, lie, truth}));
  EXPECT_EQ(entries_of(ministry_, id_of(2)).at(0),
            std::pair(EntryKind::refused, Code::commitment_mismatch));
  EXPECT_EQ(entries_of(ministry_, id_of(3)).at(0), std::pair(EntryKind::opened, Code::none));
  in_turn(ministry_, [&](Turn& turn) {
    const Bytes key = MessageRecord::key(ngo_.id, id_of(1));
    const Bytes row = turn.store.get(Table::conflict, key).value().value();
    const auto evidence = CaseKeys::load(turn)->open(Table::conflict, key, row, turn);
    ASSERT_TRUE(evidence);
    EXPECT_EQ(evidence->content, encode_inner(lie));
    const auto body = ministry_.node->body(ngo_.id, id_of(1), program(), turn);
    EXPECT_EQ(parse_referral(body->body)->facts, whole_form().facts);
  });
}

TEST_F(LyingSender, ADisclosureThatOvertookItsReferralIsNotJudgedAndOneOfNothingIsRefused) {
  Inner overtaking = disclosing(2, disclose(whole_form(), seeds_, fields_of(t3)));
  Disclosure unknown = disclose(whole_form(), seeds_, fields_of(t3));
  unknown.referral = id_of(3);  // a note
  unknown.about = about_;
  const Inner of_a_note = inner(4, EventKind::tier_disclose, encode(unknown), {ministry_.id});
  ASSERT_TRUE(send({overtaking, opening_, inner(3, EventKind::case_note, note("a"), {ministry_.id}),
                    of_a_note}));
  EXPECT_TRUE(entries_of(ministry_, id_of(2)).empty());
  EXPECT_EQ(entries_of(ministry_, id_of(4)).at(0), std::pair(EntryKind::refused, Code::not_found));
}

TEST_F(LyingSender, AReferralOfBeforeIsShownWhole) {
  const Inner before = inner(1, EventKind::referral_send, encode(whole_form()), {ministry_.id});
  ASSERT_TRUE(send({before}));
  in_turn(ministry_, [&](Turn& turn) {
    const auto body = ministry_.node->body(ngo_.id, id_of(1), program(), turn);
    ASSERT_TRUE(body);
    ReferralForm form = parse_referral(body->body).value();
    EXPECT_TRUE(body->withheld);
    form.sealed = whole_form().sealed;
    EXPECT_EQ(form, whole_form());
  });
}

}  // namespace
}  // namespace hamroh
