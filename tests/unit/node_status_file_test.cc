// The file that a decision rests on: kept by the commission, committed to in the decision, shown to
// whoever decides after it.

#include <gtest/gtest.h>

#include "protocol/disclosure.h"
#include "tests/unit/forger_fixture.h"
#include "tests/unit/kept_fixture.h"

namespace hamroh {
namespace {

using namespace node_fixture;
using enum DisclosureTier;

constexpr std::string_view evidence_word = "CANARY-EVIDENCE";

StatusFile a_file(const std::string& certificate = "SU-2026-0114") {
  StatusFile file;
  file.indicators = Indicators{{"recruitment"}, {"deception"}, {"forced_labour"}};
  file.evidence = {{"interview_record", FreeText{"en", std::string(evidence_word)}, {}}};
  file.certificate = certificate;
  return file;
}

Digest some_digest() {
  Digest digest;
  digest.bytes.fill(9);
  return digest;
}

Particulars resting_on(const StatusFile& file, const std::string& code = {}) {
  Particulars said;
  said.code = code;
  said.status_file = file;
  return said;
}

Particulars refusing(const StatusFile& file = a_file()) {
  return resting_on(file, "evidence_incomplete");
}

ReferralForm a_form(std::vector<DisclosureTier> to_appeal_body) {
  ReferralForm form = parse_referral(referral()).value();
  form.consent.scope = {{{"kind:commission"}, {t1, s}, {"status_application"}}};
  if (!to_appeal_body.empty()) {
    form.consent.scope.push_back(
        {{"kind:appeal_body"}, std::move(to_appeal_body), {"status_application"}});
  }
  return form;
}

class NodeStatusFile : public NodeFixture {
 protected:
  NodeStatusFile() {
    const Member body = initialise(spare_, MemberKind::appeal_body, "appeals");
    const Bytes step = publish([&](Directory& next) {
      next.members.push_back(body);
      std::ranges::sort(next.members, {}, &Member::id);
    });
    EXPECT_TRUE(install(ngo_, step));
    EXPECT_TRUE(install(commission_, step));
    for (Site* site : {&ministry_, &spare_}) {
      join(*site);
    }
    sleep(tuning::start_wait_max);
    for (Site* site : {&ministry_, &spare_}) {
      connect(ngo_, *site);
      connect(commission_, *site);
    }
    connect(ministry_, spare_);
    talk();
  }
  void apply(const ReferralForm& form) {
    ASSERT_TRUE(
        submit(ngo_, {id_of(1), {}, EventKind::referral_send, {commission_.id}, encode(form), {}}));
    talk();
    ASSERT_EQ(tell(ngo_, EventKind::status_apply, {}, {commission_.id, ministry_.id, spare_.id}),
              Code::none);
  }
  void refuse_and_appeal() {
    ASSERT_EQ(tell(commission_, EventKind::status_refuse, refusing()), Code::none);
    ASSERT_EQ(tell(ngo_, EventKind::status_appeal, {}, {commission_.id, spare_.id}), Code::none);
  }
  Submission event(std::uint64_t number, EventKind kind, const Particulars& said,
                   std::vector<MemberId> to = {}) const {
    return {id_of(number), case_of(id_of(1)), kind, std::move(to), encode(said), {}};
  }
  Code tell(Site& site, EventKind kind, const Particulars& said = {},
            std::vector<MemberId> to = {}) {
    const auto accepted = submit(site, event(next_++, kind, said, std::move(to)));
    talk();
    return code_of(accepted);
  }
  void state_consent(EventKind kind, std::optional<Consent> consent) {
    ConsentStatement said;
    said.consent = std::move(consent);
    if (!said.consent) {
      said.date = "2026-09-22";
    }
    const CaseView shown = case_at(ngo_);
    const auto track = std::ranges::find(shown.tracks, Track::consent, &TrackState::track);
    if (track != shown.tracks.end() && said.consent) {
      said.about = track->about;
    }
    ASSERT_TRUE(submit(ngo_, {id_of(next_++), case_of(id_of(1)), kind, {}, encode(said), {}}));
    talk();
  }
  CaseView case_at(Site& site) {
    CaseView view;
    in_turn(site, [&](Turn& turn) {
      view = site.node->case_view(case_of(id_of(1)), program(), turn).value();
    });
    return view;
  }
  std::size_t count(Site& site, EventKind kind) {
    return static_cast<std::size_t>(
        std::ranges::count(case_at(site).events, kind, &MessageView::kind));
  }
  // What the newest event of that kind says there.
  Particulars said_at(Site& site, EventKind kind) {
    Particulars said;
    const CaseView view = case_at(site);
    in_turn(site, [&](Turn& turn) {
      for (const MessageView& one : view.events) {
        if (one.kind == kind) {
          const auto body = site.node->body(one.author, one.message, program(), turn).value();
          said = parse_particulars(body.body, kind).value();
        }
      }
    });
    return said;
  }
  Result<StatusFile> file_at(Site& site, const Digest& commitment) {
    Result<StatusFile> file;
    in_turn(site, [&](Turn& turn) {
      file = site.node->status_file(case_of(id_of(1)), commitment, program(), turn);
    });
    return file;
  }
  // Whether anything that the site keeps of its first case says that.
  bool holds(Site& site, std::string_view words) {
    std::string all;
    in_turn(site, [&](Turn& turn) { all = everything_of_first_case(turn); });
    return all.find(words) != std::string::npos;
  }

  std::uint64_t next_ = 2;
};

TEST_F(NodeStatusFile, TheDecisionTravelsWithACommitmentAndTheFileStays) {
  apply(a_form({s}));
  ASSERT_EQ(tell(commission_, EventKind::status_assign, resting_on(a_file())), Code::none);
  const auto commitment = said_at(ngo_, EventKind::status_assign).file;
  ASSERT_TRUE(commitment);
  EXPECT_EQ(said_at(ministry_, EventKind::status_assign).file, commitment);
  EXPECT_TRUE(holds(commission_, evidence_word));
  for (Site* site : {&ngo_, &ministry_, &spare_}) {
    EXPECT_FALSE(holds(*site, evidence_word));
  }
  EXPECT_EQ(file_at(commission_, *commitment).value(), a_file());
  EXPECT_EQ(code_of(file_at(ngo_, *commitment)), Code::not_found);
}

TEST_F(NodeStatusFile, WithoutAnAppealTheAppealBodyIsShownNothing) {
  apply(a_form({s}));
  ASSERT_EQ(tell(commission_, EventKind::status_refuse, refusing()), Code::none);
  EXPECT_EQ(count(commission_, EventKind::status_disclose), 0u);
  EXPECT_FALSE(holds(spare_, evidence_word));
}

TEST_F(NodeStatusFile, AnAppealShowsTheFileToWhoDecidesOnItAndToNobodyElse) {
  apply(a_form({s}));
  refuse_and_appeal();
  const auto commitment = said_at(ngo_, EventKind::status_refuse).file;
  ASSERT_TRUE(commitment);
  EXPECT_EQ(file_at(spare_, *commitment).value(), a_file());
  EXPECT_FALSE(holds(ngo_, evidence_word));
  EXPECT_FALSE(holds(ministry_, evidence_word));
  const CaseView shown = case_at(commission_);
  const auto disclosed =
      std::ranges::find(shown.events, EventKind::status_disclose, &MessageView::kind);
  ASSERT_NE(disclosed, shown.events.end());
  EXPECT_EQ(disclosed->void_reason, Code::none);
  EXPECT_EQ(disclosed->level(), Level::opened);
  EXPECT_EQ(count(spare_, EventKind::status_disclose), 1u);
  sleep(minutes(1));
  talk();
  EXPECT_EQ(count(spare_, EventKind::status_disclose), 1u) << "once is enough";
}

TEST_F(NodeStatusFile, WhatTheConsentDoesNotOpenIsShownWhenItDoes) {
  apply(a_form({}));
  refuse_and_appeal();
  const auto commitment = said_at(spare_, EventKind::status_refuse).file;
  ASSERT_TRUE(commitment);
  EXPECT_EQ(code_of(file_at(spare_, *commitment)), Code::not_found);
  state_consent(EventKind::consent_give, a_form({s}).consent);
  EXPECT_EQ(file_at(spare_, *commitment).value(), a_file());
}

TEST_F(NodeStatusFile, AWithdrawalStopsWhatWasShownAndLeavesTheCommissionItsOwn) {
  apply(a_form({s}));
  refuse_and_appeal();
  const auto commitment = said_at(spare_, EventKind::status_refuse).file;
  ASSERT_TRUE(commitment);
  state_consent(EventKind::consent_withdraw, {});
  EXPECT_EQ(code_of(file_at(spare_, *commitment)), Code::not_granted);
  EXPECT_EQ(file_at(commission_, *commitment).value(), a_file());
}

TEST_F(NodeStatusFile, WhomTheConsentBarsSinceIsShownNothing) {
  apply(a_form({}));
  refuse_and_appeal();
  Consent barring = a_form({s}).consent;
  barring.never = {"kind:appeal_body"};
  state_consent(EventKind::consent_give, barring);
  EXPECT_EQ(count(commission_, EventKind::status_disclose), 0u);
  EXPECT_FALSE(holds(spare_, evidence_word));
}

TEST_F(NodeStatusFile, AnotherCommissionThatHearsTheDecisionIsShownTheFile) {
  const Bytes step =
      publish(changing(ministry_, [](Member& member) { member.kind = MemberKind::commission; }));
  ASSERT_TRUE(install(ngo_, step));
  talk();
  apply(a_form({}));
  ASSERT_EQ(tell(commission_, EventKind::status_refuse, refusing()), Code::none);
  const auto commitment = said_at(ministry_, EventKind::status_refuse).file;
  ASSERT_TRUE(commitment);
  EXPECT_EQ(file_at(ministry_, *commitment).value(), a_file());
}

TEST_F(NodeStatusFile, WhatCannotBeShownAtOnceIsShownWhenItCan) {
  apply(a_form({s}));
  ASSERT_EQ(tell(commission_, EventKind::status_refuse, refusing()), Code::none);
  disconnect(commission_, spare_);
  ASSERT_EQ(tell(ngo_, EventKind::status_appeal, {}, {commission_.id, spare_.id}), Code::none);
  const auto commitment = said_at(spare_, EventKind::status_refuse).file;
  EXPECT_EQ(code_of(file_at(spare_, *commitment)), Code::not_found);
  restart(commission_);
  connect(ngo_, commission_);
  connect(commission_, spare_);
  sleep(minutes(2));
  talk();
  EXPECT_EQ(file_at(spare_, *commitment).value(), a_file());
}

TEST_F(NodeStatusFile, TheSameDecisionAgainIsTheSameMessageAndAnotherFileIsAConflict) {
  apply(a_form({s}));
  const Submission refusal = event(50, EventKind::status_refuse, refusing());
  ASSERT_TRUE(submit(commission_, refusal));
  const auto again = submit(commission_, refusal);
  ASSERT_TRUE(again);
  EXPECT_TRUE(again->duplicate);
  EXPECT_EQ(code_of(submit(commission_,
                           event(50, EventKind::status_refuse, refusing(a_file("another"))))),
            Code::conflict);
  Particulars without = refusing();
  without.status_file.reset();
  EXPECT_EQ(code_of(submit(commission_, event(50, EventKind::status_refuse, without))),
            Code::conflict)
      << "a decision without the file is another one";
}

TEST_F(NodeStatusFile, ADecisionWithoutAFileIsNotTheSameAsOneWithIt) {
  apply(a_form({s}));
  Particulars without = refusing();
  without.status_file.reset();
  ASSERT_TRUE(submit(commission_, event(50, EventKind::status_refuse, without)));
  EXPECT_EQ(code_of(submit(commission_, event(50, EventKind::status_refuse, refusing()))),
            Code::conflict);
}

TEST_F(NodeStatusFile, ACommitmentToAFileThatIsNotHereIsRefused) {
  apply(a_form({s}));
  Particulars said;
  said.file = some_digest();
  EXPECT_EQ(tell(commission_, EventKind::status_assign, said), Code::not_found);
  said = resting_on(a_file());
  said.file = some_digest();
  EXPECT_EQ(tell(commission_, EventKind::status_assign, said), Code::invalid_argument);
  EXPECT_EQ(tell(commission_, EventKind::status_assign, resting_on({})), Code::invalid_form)
      << "a file that says nothing";
  EXPECT_FALSE(holds(commission_, evidence_word)) << "nothing is kept of what was refused";
}

TEST_F(NodeStatusFile, NobodyMayDiscloseItByHand) {
  apply(a_form({s}));
  ASSERT_EQ(tell(commission_, EventKind::status_refuse, refusing()), Code::none);
  Disclosure disclosure = disclose(a_file(), TierSeed{});
  disclosure.about = case_at(commission_).events.back().digest;
  disclosure.referral = case_at(commission_).events.back().message;
  EXPECT_EQ(code_of(submit(commission_, {id_of(70),
                                         case_of(id_of(1)),
                                         EventKind::status_disclose,
                                         {ngo_.id},
                                         encode(disclosure),
                                         {}})),
            Code::invalid_argument);
}

TEST_F(NodeStatusFile, TheErasedCaseLeavesNoFileAndNoRowOfIt) {
  apply(a_form({s}));
  ASSERT_EQ(tell(commission_, EventKind::status_refuse, refusing()), Code::none);
  const auto commitment = said_at(commission_, EventKind::status_refuse).file;
  in_turn(commission_, [&](Turn& turn) {
    const Bytes key = StatusFileRecord::key(case_of(id_of(1)), *commitment);
    ASSERT_TRUE(turn.store.get(Table::tier, key).value());
    ASSERT_TRUE(commission_.node->erase_case(case_of(id_of(1)), ErasureReason::entered_in_error,
                                             false, turn));
    EXPECT_FALSE(turn.store.get(Table::tier, key).value());
  });
}

// ---- a commission that lies

class LyingCommission : public Forger {
 protected:
  Inner refusal(const Particulars& said) {
    return inner(2, EventKind::status_refuse, encode(said), {ministry_.id});
  }
  void let_the_liar_decide() {
    const Bytes step = publish(changing(
        ngo_, [](Member& member) { member.capabilities.give(Capability::status_decide); }));
    ASSERT_TRUE(install(ministry_, step));
  }
};

TEST_F(LyingCommission, AFileThatIsNotWhatTheDecisionCommittedToIsRefusedAndKeptAsEvidence) {
  let_the_liar_decide();
  const TierSeed seed = ngo_.entropy.draw<TierSeed>();
  Particulars said;
  said.code = "criteria_not_met";
  said.file = commit(a_file(), seed);
  const Inner decision = refusal(said);
  const auto disclosing = [&](std::uint64_t number, Disclosure disclosure) {
    disclosure.about = message_digest(encode_inner(decision));
    disclosure.referral = id_of(2);
    return inner(number, EventKind::status_disclose, encode(disclosure), {ministry_.id});
  };
  const Inner lie = disclosing(4, disclose(a_file("another"), seed));
  ASSERT_TRUE(send({disclosing(3, disclose(a_file(), seed)), decision, lie,
                    disclosing(5, disclose(a_file(), seed))}));
  EXPECT_TRUE(entries_of(ministry_, id_of(3)).empty()) << "it overtook the decision";
  EXPECT_EQ(entries_of(ministry_, id_of(4)).at(0),
            std::pair(EntryKind::refused, Code::commitment_mismatch));
  EXPECT_EQ(entries_of(ministry_, id_of(5)).at(0), std::pair(EntryKind::opened, Code::none));
  in_turn(ministry_, [&](Turn& turn) {
    const Bytes key = MessageRecord::key(ngo_.id, id_of(2));
    const Bytes row = turn.store.get(Table::conflict, key).value().value();
    EXPECT_EQ(CaseKeys::load(turn)->open(Table::conflict, key, row, turn)->content,
              encode_inner(lie));
    EXPECT_EQ(ministry_.node->status_file(case_of(id_of(1)), *said.file, program(), turn).value(),
              a_file());
  });
}

TEST_F(LyingCommission, AFileOfADecisionThatCommittedToNoneIsRefused) {
  let_the_liar_decide();
  Particulars said;
  said.code = "criteria_not_met";
  const Inner decision = refusal(said);
  Disclosure disclosure = disclose(a_file(), ngo_.entropy.draw<TierSeed>());
  disclosure.about = message_digest(encode_inner(decision));
  disclosure.referral = id_of(2);
  ASSERT_TRUE(
      send({decision, inner(3, EventKind::status_disclose, encode(disclosure), {ministry_.id})}));
  EXPECT_EQ(entries_of(ministry_, id_of(3)).at(0), std::pair(EntryKind::refused, Code::not_found));
}

TEST_F(LyingCommission, ADecisionThatCarriesItsFileInTheClearIsRefused) {
  let_the_liar_decide();
  ASSERT_TRUE(send({refusal(resting_on(a_file(), "criteria_not_met"))}));
  EXPECT_EQ(entries_of(ministry_, id_of(2)).at(0),
            std::pair(EntryKind::refused, Code::invalid_form));
}

}  // namespace
}  // namespace hamroh
