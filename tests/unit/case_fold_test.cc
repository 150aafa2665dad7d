// The fold of a case: what happens, what is void and why, and that no order of arrival matters.

#include "protocol/case_fold.h"

#include <gtest/gtest.h>
#include <algorithm>
#include <numeric>
#include <random>

namespace hamroh {
namespace {

Digest digest_of(std::size_t number) {
  Digest digest;
  for (std::size_t at = 0; at < 8; ++at) {
    digest.bytes[at] = static_cast<std::uint8_t>(number * 0x9e3779b97f4a7c15ULL >> (8 * at));
  }
  digest.bytes[31] = 1;
  return digest;
}
MemberId member_of(std::uint8_t number) {
  MemberId member;
  member.bytes.fill(static_cast<std::uint8_t>(number + 1));
  return member;
}

enum Who : std::uint8_t { ngo, commission, ministry, shelter, appeals, other_commission };
constexpr std::uint64_t of(std::initializer_list<Who> all) {
  std::uint64_t mask = 0;
  for (const Who one : all) {
    mask |= std::uint64_t{1} << one;
  }
  return mask;
}
constexpr std::uint64_t everybody = of({ngo, commission, ministry, shelter, appeals});

// A case as it is told: each event follows all before it, unless it says otherwise.
class Story {
 public:
  Story() {
    for (std::uint8_t number = 0; number < 6; ++number) {
      members_.push_back(member_of(number));
    }
  }
  struct Said {
    std::size_t about = 0;
    std::optional<Who> member = {};
    State outcome{};
    std::uint8_t service = 0;
    std::uint64_t until = 0;
  };
  // Its number, from 1 on.
  std::size_t tell(Who author, EventKind kind, std::uint64_t audience, const Said& said) {
    return tell_after(newest(), author, kind, audience, said);
  }
  std::size_t tell(Who author, EventKind kind, std::uint64_t audience = everybody) {
    return tell_after(newest(), author, kind, audience, {});
  }
  std::size_t tell_after(std::vector<std::size_t> before, Who author, EventKind kind,
                         std::uint64_t audience, const Said& said) {
    Event event{author, kind, audience | of({author}), said, {}};
    for (const std::size_t number : before) {
      event.heads.push_back(digest_of(number));
    }
    events_.push_back(event);
    return events_.size();
  }
  void opening_is_not_here() { opened_here_ = false; }

  [[nodiscard]] CaseState fold(const std::vector<std::size_t>& arrival) const {
    FoldInput input;
    input.participants = members_;
    input.opening = opened_here_ ? digest_of(1) : Digest{};
    for (const std::size_t number : arrival) {
      const Event& event = events_[number - 1];
      FoldEvent one;
      one.digest = digest_of(number);
      one.kind = event.kind;
      one.author = event.author;
      one.audience = event.audience;
      one.created = {1'000};
      one.heads = event.heads;
      one.about = event.said.about == 0 ? Digest{} : digest_of(event.said.about);
      one.member = event.said.member ? member_of(*event.said.member) : MemberId{};
      one.outcome = event.said.outcome;
      one.service = event.said.service;
      one.until = {event.said.until};
      input.events.push_back(one);
    }
    return fold_case(input);
  }
  [[nodiscard]] std::vector<std::size_t> all() const {
    std::vector<std::size_t> numbers(events_.size());
    std::iota(numbers.begin(), numbers.end(), 1);
    return numbers;
  }
  [[nodiscard]] CaseState fold() const { return fold(all()); }
  [[nodiscard]] Code reason(std::size_t number) const { return fold().reasons[number - 1]; }
  [[nodiscard]] State state(Track track, std::optional<Who> member = {}) const {
    State found = State::none;
    for (const TrackState& one : fold().tracks) {
      if (one.track == track && (!member || one.member == member_of(*member))) {
        found = one.state;
      }
    }
    return found;
  }

 private:
  struct Event {
    Who author;
    EventKind kind;
    std::uint64_t audience;
    Said said;
    std::vector<Digest> heads = {};
  };
  [[nodiscard]] std::vector<std::size_t> newest() const {
    return events_.empty() ? std::vector<std::size_t>{} : std::vector<std::size_t>{events_.size()};
  }
  std::vector<MemberId> members_;
  std::vector<Event> events_;
  bool opened_here_ = true;
};

using K = EventKind;

TEST(CaseFold, AReferralIsReceivedAskedAboutAnsweredAndAccepted) {
  Story story;
  const auto referral = story.tell(ngo, K::referral_send, of({commission}));
  EXPECT_EQ(story.state(Track::referral), State::sent);
  story.tell(commission, K::referral_receive, of({ngo}), {.about = referral});
  EXPECT_EQ(story.state(Track::referral), State::received);
  story.tell(commission, K::info_request, of({ngo}), {.about = referral});
  EXPECT_EQ(story.state(Track::referral), State::info_requested);
  story.tell(ngo, K::info_answer, of({commission}), {.about = referral});
  story.tell(commission, K::referral_accept, of({ngo}), {.about = referral});
  EXPECT_EQ(story.state(Track::referral), State::accepted);
  EXPECT_EQ(story.reason(5), Code::none);
}

TEST(CaseFold, ADecisionThatDoesNotSayAboutWhatIsAboutTheFirstThatWaits) {
  Story story;
  story.tell(ngo, K::referral_send, of({commission}));
  story.tell(commission, K::referral_decline, of({ngo}));
  story.tell(ngo, K::referral_send, of({commission}));
  story.tell(commission, K::referral_accept, of({ngo}));
  const CaseState state = story.fold();
  ASSERT_EQ(state.tracks.size(), 3U);
  EXPECT_EQ(state.tracks[1].state, State::declined);
  EXPECT_EQ(state.tracks[2].state, State::accepted);
  EXPECT_EQ(state.referral(), State::accepted);
}

TEST(CaseFold, SeveralReferralsGoTheirOwnWays) {
  Story story;
  const auto one = story.tell(ngo, K::referral_send, of({commission, shelter}));
  story.tell(shelter, K::referral_accept, of({ngo, commission}), {.about = one});
  story.tell(ngo, K::referral_revoke, of({commission, shelter}), {.about = one});
  EXPECT_EQ(story.state(Track::referral, shelter), State::accepted);
  EXPECT_EQ(story.state(Track::referral, commission), State::revoked);
  story.tell(ngo, K::cancel_request, of({commission, shelter}), {.about = one});
  story.tell(shelter, K::cancel_confirm, of({ngo, commission}), {.about = one});
  EXPECT_EQ(story.state(Track::referral, shelter), State::cancelled);
  const auto late = story.tell(commission, K::referral_accept, of({ngo}), {.about = one});
  EXPECT_EQ(story.reason(late), Code::wrong_state) << "a revoked one cannot be accepted";
}

TEST(CaseFold, WhoWasNotAskedHasNoStanding) {
  Story story;
  const auto referral = story.tell(ngo, K::referral_send, of({commission}));
  const auto a = story.tell(ministry, K::referral_accept, everybody, {.about = referral});
  const auto b = story.tell(ngo, K::referral_accept, everybody, {.about = referral});
  const auto c = story.tell(commission, K::referral_revoke, everybody, {.about = referral});
  const auto d = story.tell(shelter, K::case_note);
  for (const std::size_t number : {a, b, c, d}) {
    EXPECT_EQ(story.reason(number), Code::no_standing) << number;
  }
  EXPECT_EQ(story.state(Track::referral), State::sent);
  EXPECT_EQ(story.fold().order.size(), 5U) << "void, and shown";
}

TEST(CaseFold, AnEventAboutNothingThatIsHereIsVoidUntilThatComes) {
  Story story;
  const auto referral = story.tell(ngo, K::referral_send, of({commission}));
  const auto acceptance =
      story.tell(commission, K::referral_accept, of({ngo}), {.about = referral});
  const CaseState before = story.fold({acceptance});
  EXPECT_EQ(before.gaps, std::vector<Digest>{digest_of(referral)});
  EXPECT_NE(before.reasons[0], Code::none);
  EXPECT_EQ(story.fold({acceptance, referral}).tracks, story.fold().tracks);
  const auto nonsense = story.tell(commission, K::info_request, of({ngo}), {.about = acceptance});
  EXPECT_EQ(story.reason(nonsense), Code::not_found) << "an acceptance is no referral";
}

TEST(CaseFold, TheStatusGoesFromApplicationToConfirmationByWayOfAReturn) {
  Story story;
  story.tell(ngo, K::referral_send, of({commission}));
  const auto audience = of({ngo, commission, ministry});
  const auto early = story.tell(commission, K::status_assign, audience);
  story.tell(ngo, K::status_apply, audience);
  const auto twice = story.tell(ngo, K::status_apply, audience);
  story.tell(commission, K::status_pre_grant, audience, {.until = 5'000});
  EXPECT_EQ(story.state(Track::status), State::pre_status);
  EXPECT_EQ(story.fold().tracks.back().until, Timestamp{5'000});
  const auto by_herself = story.tell(ngo, K::status_assign, audience);
  story.tell(commission, K::status_assign, audience);
  const auto by_itself = story.tell(commission, K::ministry_confirm, audience);
  story.tell(ministry, K::ministry_return, audience);
  EXPECT_EQ(story.state(Track::status), State::returned);
  story.tell(commission, K::status_assign, audience);
  story.tell(ministry, K::ministry_confirm, audience);
  EXPECT_EQ(story.state(Track::status), State::confirmed);
  EXPECT_EQ(story.reason(early), Code::no_standing) << "nobody has applied to it";
  EXPECT_EQ(story.reason(twice), Code::wrong_state);
  EXPECT_EQ(story.reason(by_herself), Code::no_standing);
  EXPECT_EQ(story.reason(by_itself), Code::no_standing);
}

TEST(CaseFold, AnAppealIsNotDecidedByThoseWhoRefused) {
  Story story;
  story.tell(ngo, K::referral_send, of({commission}));
  story.tell(ngo, K::status_apply, everybody);
  story.tell(commission, K::status_refuse, everybody);
  const auto not_hers = story.tell(shelter, K::status_appeal, everybody);
  story.tell(ngo, K::status_appeal, everybody);
  const auto own = story.tell(commission, K::appeal_outcome, everybody, {.outcome = State::upheld});
  const auto nonsense =
      story.tell(appeals, K::appeal_outcome, everybody, {.outcome = State::confirmed});
  story.tell(appeals, K::appeal_outcome, everybody, {.outcome = State::overturned});
  EXPECT_EQ(story.state(Track::status), State::overturned);
  EXPECT_EQ(story.reason(not_hers), Code::no_standing);
  EXPECT_EQ(story.reason(own), Code::no_standing);
  EXPECT_EQ(story.reason(nonsense), Code::wrong_state);
}

TEST(CaseFold, APreStatusCanBeAppealedOnlyOnceItHasLapsed) {
  for (const std::uint64_t until : {999ULL, 1'000ULL, 1'001ULL}) {
    Story story;
    story.tell(ngo, K::referral_send, of({commission}));
    story.tell(ngo, K::status_apply, everybody);
    story.tell(commission, K::status_pre_grant, everybody, {.until = until});
    const auto appeal = story.tell(ngo, K::status_appeal, everybody);
    EXPECT_EQ(story.reason(appeal), until > 1'000 ? Code::wrong_state : Code::none) << until;
  }
}

TEST(CaseFold, OfTwoThatDecideAtOnceOneIsVoidAndThatIsTheSameForAll) {
  Story story;
  const auto referral = story.tell(ngo, K::referral_send, of({commission}));
  const auto audience = of({ngo, commission, other_commission});
  const auto application = story.tell(ngo, K::status_apply, audience);
  const auto one = story.tell_after({application}, commission, K::status_assign, audience, {});
  const auto other =
      story.tell_after({application}, other_commission, K::status_refuse, audience, {});
  const CaseState here = story.fold({referral, application, one, other});
  const CaseState there = story.fold({other, one, application, referral});
  EXPECT_EQ(here.tracks, there.tracks);
  const bool first_stands = here.reasons[2] == Code::none;
  EXPECT_EQ(here.reasons[first_stands ? 3 : 2], Code::wrong_state);
  EXPECT_EQ(here.reasons[first_stands ? 2 : 3], Code::none);
}

TEST(CaseFold, OfConcurrentEventsTheOneWithTheSeatComesFirst) {
  for (std::size_t offset = 0; offset < 32; ++offset) {
    Story story;
    const auto referral = story.tell(ngo, K::referral_send, of({commission}));
    for (std::size_t filler = 0; filler < offset; ++filler) {
      story.tell(ngo, K::case_note);  // so that the digests fall otherwise
    }
    const auto before = story.tell(ngo, K::case_note);
    const auto stranger = story.tell_after({before}, shelter, K::case_close, everybody, {});
    const auto acceptance =
        story.tell_after({before}, commission, K::referral_accept, everybody, {.about = referral});
    const std::vector<std::size_t> order = story.fold().order;
    EXPECT_LT(std::ranges::find(order, acceptance - 1), std::ranges::find(order, stranger - 1));
  }
}

TEST(CaseFold, NothingNewHappensInAClosedCaseUntilItIsOpenAgain) {
  Story story;
  const auto referral = story.tell(ngo, K::referral_send, of({commission}));
  const auto not_hers = story.tell(commission, K::case_close);
  story.tell(ngo, K::case_close);
  EXPECT_EQ(story.state(Track::case_), State::closed);
  const auto late = story.tell(commission, K::referral_accept, of({ngo}), {.about = referral});
  const auto note = story.tell(commission, K::case_note);
  story.tell(ngo, K::case_reopen);
  const auto now = story.tell(commission, K::referral_accept, of({ngo}), {.about = referral});
  EXPECT_EQ(story.reason(not_hers), Code::no_standing);
  EXPECT_EQ(story.reason(late), Code::case_closed);
  EXPECT_EQ(story.reason(note), Code::none);
  EXPECT_EQ(story.reason(now), Code::none);
}

TEST(CaseFold, TheOwnerChangesOnlyWhenTheOfferIsAccepted) {
  Story story;
  story.tell(ngo, K::referral_send, of({commission}));
  const auto offer = story.tell(ngo, K::transfer_offer, everybody, {.member = shelter});
  EXPECT_EQ(story.fold().whole().member, member_of(ngo));
  const auto not_offered = story.tell(commission, K::transfer_accept, everybody, {.about = offer});
  story.tell(shelter, K::transfer_decline, everybody, {.about = offer});
  const auto too_late = story.tell(shelter, K::transfer_accept, everybody, {.about = offer});
  const auto again = story.tell(ngo, K::transfer_offer, everybody, {.member = shelter});
  story.tell(shelter, K::transfer_accept, everybody, {.about = again});
  EXPECT_EQ(story.fold().whole().member, member_of(shelter));
  const auto no_more = story.tell(ngo, K::case_close);
  EXPECT_EQ(story.reason(not_offered), Code::no_standing);
  EXPECT_EQ(story.reason(too_late), Code::wrong_state);
  EXPECT_EQ(story.reason(no_more), Code::no_standing);
}

TEST(CaseFold, EachServiceHasATrackOfItsOwnOnceTheReferralIsAccepted) {
  Story story;
  const auto referral = story.tell(ngo, K::referral_send, of({shelter}));
  const auto early =
      story.tell(shelter, K::emergency_start, of({ngo}), {.about = referral, .service = 1});
  story.tell(shelter, K::referral_accept, of({ngo}), {.about = referral});
  story.tell(shelter, K::emergency_start, of({ngo}), {.about = referral, .service = 1});
  story.tell(shelter, K::emergency_start, of({ngo}), {.about = referral, .service = 2});
  story.tell(shelter, K::service_report, of({ngo}),
             {.about = referral, .outcome = State::completed, .service = 1});
  EXPECT_EQ(story.reason(early), Code::wrong_state);
  std::vector<State> states;
  for (const TrackState& track : story.fold().tracks) {
    if (track.track == Track::assistance) {
      states.push_back(track.state);
    }
  }
  EXPECT_EQ(states, (std::vector{State::completed, State::in_progress}));
}

TEST(CaseFold, MoneyIsAskedForApprovedPaidAndAccounted) {
  Story story;
  story.tell(ngo, K::referral_send, of({commission}));
  const auto request = story.tell(ngo, K::fund_request, of({appeals}));
  const auto unapproved = story.tell(appeals, K::fund_paid, of({ngo}), {.about = request});
  story.tell(appeals, K::fund_approve, of({ngo}), {.about = request});
  story.tell(appeals, K::fund_paid, of({ngo}), {.about = request});
  const auto not_asker = story.tell(appeals, K::fund_accounted, of({ngo}), {.about = request});
  story.tell(ngo, K::fund_accounted, of({appeals}), {.about = request});
  EXPECT_EQ(story.state(Track::fund), State::accounted);
  EXPECT_EQ(story.reason(unapproved), Code::wrong_state);
  EXPECT_EQ(story.reason(not_asker), Code::no_standing);
}

TEST(CaseFold, OnlyTheAuthorCorrectsAndNothingIsDeleted) {
  Story story;
  story.tell(ngo, K::referral_send, of({commission}));
  const auto note = story.tell(commission, K::case_note);
  const auto foreign = story.tell(ngo, K::record_correct, everybody, {.about = note});
  EXPECT_FALSE(story.fold().corrected[note - 1]);
  story.tell(commission, K::record_correct, everybody, {.about = note});
  EXPECT_TRUE(story.fold().corrected[note - 1]);
  EXPECT_EQ(story.reason(foreign), Code::no_standing);
  EXPECT_EQ(story.fold().order.size(), 4U);
}

TEST(CaseFold, ConsentGivenNarrowedAndWithdrawn) {
  Story story;
  story.tell(ngo, K::referral_send, everybody);
  const auto given = story.tell(ngo, K::consent_give);
  const auto changed = story.tell(ngo, K::consent_change, everybody, {.about = given});
  EXPECT_EQ(story.state(Track::consent), State::narrowed);
  story.tell(commission, K::consent_applied, everybody, {.about = changed});
  story.tell(ngo, K::consent_withdraw);
  EXPECT_EQ(story.state(Track::consent), State::withdrawn);
  const auto again = story.tell(ngo, K::consent_withdraw);
  EXPECT_EQ(story.reason(again), Code::wrong_state);
}

TEST(CaseFold, AWithdrawalCountsWhateverIsSaidAboutConsentAtTheSameTime) {
  Story story;
  const auto sent = story.tell(ngo, K::referral_send, everybody);
  const auto given = story.tell(ngo, K::consent_give);
  const auto withdrawn = story.tell_after({given}, shelter, K::consent_withdraw, everybody, {});
  const auto anew = story.tell_after({given}, ngo, K::consent_give, everybody, {.about = given});
  EXPECT_EQ(story.state(Track::consent), State::withdrawn);
  story.tell_after({withdrawn, anew, sent}, ngo, K::consent_give, everybody, {.about = withdrawn});
  EXPECT_EQ(story.state(Track::consent), State::active);
}

TEST(CaseFold, OnlyTheOwnerGivesConsentAndEverybodyWhoTakesPartWithdrawsIt) {
  Story story;
  story.tell(ngo, K::referral_send, everybody);
  const auto foreign = story.tell(shelter, K::consent_give);
  EXPECT_EQ(story.reason(foreign), Code::no_standing);
  story.tell(shelter, K::consent_withdraw);
  EXPECT_EQ(story.state(Track::consent), State::withdrawn);
  const auto stranger = story.tell(other_commission, K::consent_withdraw);
  EXPECT_EQ(story.reason(stranger), Code::no_standing);
}

TEST(CaseFold, OnlyWhoWasToldOfAStatementThatCountsAnswersIt) {
  Story story;
  const auto sent = story.tell(ngo, K::referral_send, everybody);
  const auto withdrawn = story.tell(ngo, K::consent_withdraw, of({commission, ministry}));
  const auto again = story.tell(ngo, K::consent_withdraw, of({commission, ministry}));
  const auto told = story.tell(commission, K::consent_applied, everybody, {.about = withdrawn});
  const auto untold = story.tell(shelter, K::consent_applied, everybody, {.about = withdrawn});
  const auto own = story.tell(ngo, K::consent_applied, everybody, {.about = withdrawn});
  const auto to_void = story.tell(commission, K::consent_applied, everybody, {.about = again});
  const auto to_other = story.tell(commission, K::consent_applied, everybody, {.about = sent});
  EXPECT_EQ(story.reason(told), Code::none);
  EXPECT_EQ(story.reason(untold), Code::no_standing);
  EXPECT_EQ(story.reason(own), Code::no_standing);
  EXPECT_EQ(story.reason(to_void), Code::not_found);
  EXPECT_EQ(story.reason(to_other), Code::not_found);
}

TEST(CaseFold, WhoCameLaterTakesAStatementAboutOneThatItNeverHeard) {
  Story story;
  story.opening_is_not_here();
  story.tell(ngo, K::consent_change, everybody, {.about = 77});
  EXPECT_EQ(story.state(Track::consent), State::narrowed);
}

TEST(CaseFold, WhereTheOpeningIsNotShownTheFirstWhoActsAsOwnerIsTakenForIt) {
  Story story;
  story.opening_is_not_here();
  story.tell(ngo, K::status_apply, of({commission, ministry}));
  EXPECT_TRUE(story.fold().whole().member.is_zero());
  story.tell(commission, K::status_assign, of({ngo, ministry}));
  story.tell(ngo, K::case_close, of({ministry}));
  const auto other = story.tell(commission, K::case_reopen, of({ministry}));
  EXPECT_EQ(story.fold().whole().member, member_of(ngo));
  EXPECT_EQ(story.reason(other), Code::no_standing);
}

TEST(CaseFold, TheOpeningComesFirstWhateverItsClockSaid) {
  for (std::size_t fillers = 0; fillers < 16; ++fillers) {
    Story story;
    const auto referral = story.tell(ngo, K::referral_send, of({commission}));
    // Told to more than heard of the referral, so it does not name it.
    const auto closing = story.tell_after({}, ngo, K::case_close, everybody, {});
    for (std::size_t filler = 0; filler < fillers; ++filler) {
      story.tell_after({}, ngo, K::case_note, everybody, {});
    }
    EXPECT_EQ(story.fold().order.front(), referral - 1);
    EXPECT_EQ(story.reason(closing), Code::none);
    EXPECT_EQ(story.state(Track::referral), State::sent);
  }
}

TEST(CaseFold, AnEventThatComesTwiceCountsOnce) {
  Story story;
  const auto referral = story.tell(ngo, K::referral_send, of({commission}));
  const auto note = story.tell(commission, K::case_note);
  const CaseState state = story.fold({note, referral, note, referral, note});
  EXPECT_EQ(state.order.size(), 2U);
  EXPECT_EQ(state.tracks, story.fold().tracks);
}

TEST(CaseFold, VotesAreForWhatThereIsToDecideOnAndForNothingBefore) {
  Story story;
  story.tell(ngo, K::referral_send, of({commission}));
  const auto audience = of({ngo, commission, ministry});
  const auto application = story.tell(ngo, K::status_apply, audience);
  const auto early = story.tell(commission, K::status_assign, audience, {.about = 1});
  story.tell(commission, K::status_assign, audience, {.about = application});
  const auto returned = story.tell(ministry, K::ministry_return, audience);
  const auto again = story.tell(commission, K::status_assign, audience, {.about = application});
  const auto fresh = story.tell(commission, K::status_refuse, audience, {.about = returned});
  const CaseState state = story.fold();
  EXPECT_EQ(state.reasons[early - 1], Code::not_found);
  EXPECT_EQ(state.reasons[again - 1], Code::not_found);
  EXPECT_EQ(state.reasons[fresh - 1], Code::none);
  EXPECT_EQ(state.status_subject, digest_of(returned));
}

// ---- any order of arrival ---------------------------------------------------------------------

Story random_story(std::mt19937_64& random) {
  const auto below = [&](std::size_t bound) { return random() % bound; };
  std::vector<EventKind> kinds;
  for (const Rule& rule : lifecycle()) {
    kinds.push_back(rule.kind);
  }
  Story story;
  if (below(4) == 0) {
    story.opening_is_not_here();
  }
  story.tell(ngo, K::referral_send, of({commission, shelter}));
  const std::size_t events = 2 + below(24);
  for (std::size_t number = 2; number <= events; ++number) {
    std::vector<std::size_t> before;
    for (std::size_t head = below(3); head > 0; --head) {
      before.push_back(1 + below(number - 1));
    }
    if (below(10) == 0) {
      before.push_back(10'000 + below(5));  // one that never comes
    }
    Story::Said said;
    said.about = below(3) == 0 ? 0 : 1 + below(number - 1);
    said.member = static_cast<Who>(below(6));
    said.outcome = static_cast<State>(below(70));
    said.service = static_cast<std::uint8_t>(below(3));
    said.until = below(2'000);
    story.tell_after(before, static_cast<Who>(below(6)), kinds[below(kinds.size())],
                     random() & 0x3f, said);
  }
  return story;
}

TEST(CaseFold, AnyPermutationOfArrivalFoldsAlike) {
  std::mt19937_64 random(20'261'125);
  std::size_t happened = 0;
  for (int round = 0; round < 4'000; ++round) {
    const Story story = random_story(random);
    const CaseState expected = story.fold();
    happened += static_cast<std::size_t>(std::ranges::count(expected.reasons, Code::none));
    const std::vector<std::size_t> all = story.all();
    std::vector<std::size_t> arrival = all;
    for (int shuffle = 0; shuffle < 3; ++shuffle) {
      std::ranges::shuffle(arrival, random);
      if (shuffle == 2) {
        arrival.insert(arrival.end(), all.begin(), all.end());  // all doubled
      }
      const CaseState state = story.fold(arrival);
      ASSERT_EQ(state.tracks, expected.tracks) << round;
      ASSERT_EQ(state.gaps, expected.gaps) << round;
      ASSERT_EQ(state.status_subject, expected.status_subject) << round;
      ASSERT_EQ(state.order.size(), expected.order.size()) << round;
      for (std::size_t at = 0; at < state.order.size(); ++at) {
        ASSERT_EQ(arrival[state.order[at]], all[expected.order[at]]) << round;
        ASSERT_EQ(state.reasons[state.order[at]], expected.reasons[expected.order[at]]) << round;
        ASSERT_EQ(state.corrected[state.order[at]], expected.corrected[expected.order[at]]);
      }
    }
  }
  EXPECT_GT(happened, 8'000U) << "not everything may be void";
}

TEST(CaseFold, EventsFollowWhatTheyName) {
  std::mt19937_64 random(7);
  for (int round = 0; round < 200; ++round) {
    Story story;
    std::vector<std::vector<std::size_t>> named{{}};
    story.tell(ngo, K::referral_send, everybody);
    for (std::size_t number = 2; number <= 30; ++number) {
      named.push_back({1 + random() % (number - 1), 1 + random() % (number - 1)});
      story.tell_after(named.back(), static_cast<Who>(random() % 5), K::case_note, everybody, {});
    }
    std::vector<std::size_t> place(31);
    const std::vector<std::size_t> order = story.fold().order;
    ASSERT_EQ(order.size(), 30U);
    for (std::size_t at = 0; at < order.size(); ++at) {
      place[order[at] + 1] = at;
    }
    for (std::size_t number = 2; number <= 30; ++number) {
      for (const std::size_t before : named[number - 1]) {
        ASSERT_LT(place[before], place[number]);
      }
    }
  }
}

}  // namespace
}  // namespace hamroh
