// What nodes make of the events of a case: what is refused, what is void, who hears of what, and
// that all who hear the same show the same.

#include "tests/unit/node_fixture.h"

namespace hamroh {
namespace {

using namespace node_fixture;

class NodeLifecycle : public NodeFixture {
 protected:
  NodeLifecycle() {
    join(ministry_);
    connect(ngo_, ministry_);
    connect(commission_, ministry_);
    talk();
    EXPECT_TRUE(submit(ngo_, a_referral()));
    talk();
  }
  [[nodiscard]] static Particulars saying(const std::string& code = {}) {
    Particulars said;
    said.code = code;
    return said;
  }
  [[nodiscard]] Submission event(EventKind kind, const Particulars& said = {},
                                 const std::vector<MemberId>& to = {}) {
    return {id_of(next_++), case_of(id_of(1)), kind, to, encode(said), {}};
  }
  Code tell(Site& site, EventKind kind, const Particulars& said = {},
            const std::vector<MemberId>& to = {}) {
    const Submission submission = event(kind, said, to);
    const auto accepted = submit(site, submission);
    talk();
    return code_of(accepted);
  }
  CaseView shown(Site& site) {
    CaseView view;
    in_turn(site, [&](Turn& turn) {
      const auto found = site.node->case_view(case_of(id_of(1)), program(), turn);
      if (found) {
        view = *found;
      }
    });
    return view;
  }
  Digest referral_digest() { return shown(ngo_).events.at(0).digest; }
  Particulars about_referral(const std::string& text = {}) {
    Particulars said;
    said.about = referral_digest();
    if (!text.empty()) {
      said.text = FreeText{"en", text};
    }
    return said;
  }
  State state(Site& site, Track track) {
    State found = State::none;
    for (const TrackState& one : shown(site).tracks) {
      found = one.track == track ? one.state : found;
    }
    return found;
  }
  bool install_everywhere(const Bytes& file) {
    bool all = true;
    for (Site* site : {&ngo_, &commission_, &ministry_}) {
      all = install(*site, file).has_value() && all;
    }
    talk();
    return all;
  }
  Code apply() { return tell(ngo_, EventKind::status_apply, {}, {commission_.id, ministry_.id}); }

  std::uint64_t next_ = 100;
};

TEST_F(NodeLifecycle, AReferralIsReceivedAskedAboutAnsweredAndAcceptedOnBothSides) {
  EXPECT_EQ(tell(commission_, EventKind::referral_receive, about_referral()), Code::none);
  EXPECT_EQ(state(ngo_, Track::referral), State::received);
  EXPECT_EQ(tell(commission_, EventKind::info_request, about_referral("which district?")),
            Code::none);
  EXPECT_EQ(state(ngo_, Track::referral), State::info_requested);
  EXPECT_EQ(tell(commission_, EventKind::info_answer, about_referral("mine")), Code::not_capable);
  EXPECT_EQ(tell(ngo_, EventKind::info_answer, about_referral("Khujand")), Code::none);
  EXPECT_EQ(state(commission_, Track::referral), State::received);
  EXPECT_EQ(tell(ngo_, EventKind::referral_revoke, about_referral()), Code::none);
  EXPECT_EQ(state(commission_, Track::referral), State::revoked);
  EXPECT_EQ(shown(ngo_).tracks, shown(commission_).tracks);
}

TEST_F(NodeLifecycle, TheStatusIsAppliedForAssignedReturnedAssignedAndConfirmed) {
  EXPECT_EQ(apply(), Code::none);
  EXPECT_EQ(tell(ministry_, EventKind::ministry_confirm), Code::no_standing)
      << "nothing to confirm";
  EXPECT_EQ(tell(commission_, EventKind::status_assign), Code::none);
  EXPECT_EQ(tell(ministry_, EventKind::ministry_return, saying("protocol_incomplete")), Code::none);
  EXPECT_EQ(state(commission_, Track::status), State::returned);
  EXPECT_EQ(tell(ministry_, EventKind::ministry_confirm), Code::wrong_state);
  EXPECT_EQ(tell(commission_, EventKind::status_assign), Code::none);
  EXPECT_EQ(tell(ministry_, EventKind::ministry_confirm), Code::none);
  for (Site* site : {&ngo_, &commission_, &ministry_}) {
    EXPECT_EQ(state(*site, Track::status), State::confirmed);
    EXPECT_FALSE(shown(*site).incomplete) << "nobody waits for what it may not see";
  }
  EXPECT_EQ(shown(ngo_).events.size(), 6U);
  EXPECT_EQ(shown(ministry_).events.size(), 5U) << "the referral itself is not its to see";
}

TEST_F(NodeLifecycle, WhatTheDirectoryDoesNotAllowIsRefused) {
  EXPECT_EQ(apply(), Code::none);
  EXPECT_EQ(tell(ngo_, EventKind::status_assign), Code::not_capable);
  EXPECT_EQ(tell(ministry_, EventKind::status_assign), Code::not_capable);
  EXPECT_EQ(tell(commission_, EventKind::ministry_confirm), Code::not_capable);
  EXPECT_EQ(state(ngo_, Track::status), State::applied);
}

TEST_F(NodeLifecycle, WhatCouldOnlyBeVoidIsRefusedAndLeavesNothing) {
  EXPECT_EQ(refusal(commission_, event(EventKind::status_assign)), Code::no_standing);
  EXPECT_EQ(refusal(ngo_, event(EventKind::case_reopen, saying("again"))), Code::wrong_state);
  Particulars nowhere;
  nowhere.about = Digest{};
  nowhere.about->bytes.fill(9);
  EXPECT_EQ(refusal(ngo_, event(EventKind::referral_revoke, nowhere)), Code::not_found);
  EXPECT_EQ(tell(ngo_, EventKind::case_close, saying("goals_met")), Code::none);
  EXPECT_EQ(refusal(commission_, event(EventKind::referral_receive, about_referral())),
            Code::case_closed);
  EXPECT_EQ(tell(ngo_, EventKind::case_reopen, saying("returned")), Code::none);
  EXPECT_EQ(tell(commission_, EventKind::referral_receive, about_referral()), Code::none);
}

TEST_F(NodeLifecycle, AUserWithoutTheRightDecidesNoStatus) {
  EXPECT_EQ(apply(), Code::none);
  const auto as = [&](Role role) {
    Actor actor;
    actor.user.bytes.fill(7);
    actor.role = role;
    actor.teams = {"intake"};
    Code code{};
    commission_.node->know_user(actor.user, {"somebody", role, actor.teams, true});
    in_turn(commission_, [&](Turn& turn) {
      code = code_of(commission_.node->submit(event(EventKind::status_assign), actor, turn));
    });
    return code;
  };
  EXPECT_EQ(as(Role::case_worker), Code::not_permitted);
  EXPECT_EQ(as(Role::supervisor), Code::not_permitted);
  EXPECT_EQ(as(Role::commissioner), Code::none);
}

TEST_F(NodeLifecycle, WhatCrossesOnTheWayIsVoidOnBothSidesWithTheSameReason) {
  disconnect(ngo_, commission_);
  const Particulars said = about_referral();
  ASSERT_TRUE(submit(ngo_, event(EventKind::referral_revoke, said)));
  Decision decision;
  decision.about = said.about;
  ASSERT_TRUE(
      submit(commission_,
             {id_of(50), case_of(id_of(1)), EventKind::referral_accept, {}, encode(decision), {}}));
  EXPECT_EQ(state(ngo_, Track::referral), State::revoked);
  EXPECT_EQ(state(commission_, Track::referral), State::accepted);
  connect(ngo_, commission_);
  talk();
  const CaseView here = shown(ngo_);
  const CaseView there = shown(commission_);
  ASSERT_EQ(here.events.size(), 3U);
  ASSERT_EQ(there.events.size(), 3U);
  EXPECT_EQ(here.tracks, there.tracks);
  EXPECT_EQ(here.state, there.state);
  for (std::size_t at = 0; at < 3; ++at) {
    EXPECT_EQ(here.events[at].message, there.events[at].message);
    EXPECT_EQ(here.events[at].void_reason, there.events[at].void_reason);
  }
  EXPECT_EQ(here.events[1].void_reason, Code::none);
  EXPECT_EQ(here.events[2].void_reason, Code::wrong_state);
  EXPECT_EQ(here.events[2].level(), Level::opened) << "void is not dropped";
}

TEST_F(NodeLifecycle, ATransferIsTheNewOwnersOnlyOnceItIsAccepted) {
  ASSERT_TRUE(install_everywhere(publish(changing(commission_, [](Member& member) {
    member.capabilities.give(Capability::case_receive);
    member.capabilities.give(Capability::case_own);
  }))));
  Particulars offer;
  offer.member = commission_.id;
  EXPECT_EQ(tell(ngo_, EventKind::transfer_offer, offer), Code::none);
  EXPECT_EQ(shown(commission_).tracks.at(0).member, ngo_.id);
  Particulars answer;
  answer.about = shown(commission_).tracks.back().about;
  EXPECT_EQ(tell(commission_, EventKind::transfer_accept, answer), Code::none);
  EXPECT_EQ(shown(ngo_).tracks.at(0).member, commission_.id);
  EXPECT_EQ(tell(ngo_, EventKind::case_close, saying("goals_met")), Code::no_standing);
  EXPECT_EQ(tell(commission_, EventKind::case_close, saying("goals_met")), Code::none);
  EXPECT_EQ(state(ngo_, Track::case_), State::closed);
}

TEST_F(NodeLifecycle, ACorrectionIsToldToWhoHeardWhatItCorrects) {
  EXPECT_EQ(apply(), Code::none);
  Particulars correction;
  correction.about = shown(ministry_).events.at(0).digest;
  correction.text = FreeText{"en", "the right certificate is attached"};
  EXPECT_EQ(tell(ministry_, EventKind::record_correct, correction), Code::no_standing);
  EXPECT_EQ(tell(ngo_, EventKind::record_correct, correction), Code::none);
  for (Site* site : {&ngo_, &commission_, &ministry_}) {
    const CaseView view = shown(*site);
    const auto corrected = std::ranges::find(view.events, *correction.about, &MessageView::digest);
    ASSERT_NE(corrected, view.events.end());
    EXPECT_TRUE(corrected->corrected);
  }
}

TEST_F(NodeLifecycle, KindsThatNobodyKnowsAreRefused) {
  EXPECT_EQ(refusal(ngo_, event(static_cast<EventKind>(49))), Code::unsupported_kind);
}

TEST_F(NodeLifecycle, ABodyThatDoesNotSayWhatItsKindNeedsIsRefused) {
  EXPECT_EQ(refusal(ngo_, event(EventKind::case_close)), Code::invalid_form);
  EXPECT_EQ(refusal(ngo_, event(EventKind::case_close, saying("because"))), Code::invalid_form);
  EXPECT_EQ(refusal(ngo_, event(EventKind::referral_revoke)), Code::invalid_form);
}

TEST_F(NodeLifecycle, WhatWasSaidStandsAfterARestart) {
  EXPECT_EQ(apply(), Code::none);
  Particulars until;
  until.until = now() + days(30);
  EXPECT_EQ(tell(commission_, EventKind::status_pre_grant, until), Code::none);
  const CaseView before = shown(commission_);
  restart(commission_);
  EXPECT_EQ(shown(commission_).tracks, before.tracks);
  EXPECT_EQ(before.tracks.back().until, until.until);
}

}  // namespace
}  // namespace hamroh
