// Money of a relief fund: as many holders approve as the pack says for that amount, no holder more
// than hers in a day, and whoever asked believes nothing less.

#include "tests/unit/node_fixture.h"
#include "tests/unit/pack_fixture.h"

namespace hamroh {
namespace {

using namespace node_fixture;
using pack_fixture::example_pack;

Seed seed_of(std::uint8_t number) {
  return Seed::make([&](auto raw) { std::ranges::fill(raw, number); });
}

Actor holder(std::uint8_t number) {
  Actor actor;
  actor.user.bytes[0] = number;
  actor.role = Role::commissioner;
  actor.teams = {std::string(intake_team)};
  return actor;
}

// The ministry of the fixture is the fund.
class NodeFund : public NodeFixture {
 protected:
  NodeFund() {
    join(ministry_);
    connect(ngo_, ministry_);
    const Bytes directory = publish(changing(ministry_, [](Member& member) {
      member.kind = MemberKind::relief_fund;
      member.capabilities = default_capabilities(MemberKind::relief_fund);
    }));
    EXPECT_TRUE(install(ngo_, directory));
    talk();
    for (std::uint8_t number = 21; number < 24; ++number) {
      ministry_.node->know_user(holder(number).user,
                                {"somebody", Role::commissioner, {std::string(intake_team)}, true});
    }
    EXPECT_TRUE(submit(ngo_, a_referral()));
    talk();
  }
  void put_pack_in_force(bool at_the_fund = true) {
    const Bytes file = example_pack();
    const Bytes directory = publish([&](Directory& next) { next.pack = crypto::sha256({file}); });
    ASSERT_TRUE(install(ngo_, directory));
    in_turn(ngo_, [&](Turn& turn) { ASSERT_TRUE(ngo_.node->install_pack(file, turn)); });
    if (at_the_fund) {
      talk();
      sleep(tuning::pack_interval);
      talk();
      ASSERT_NE(ministry_.node->pack_in_force(), nullptr);
    }
  }
  // The digest of the request.
  Digest ask(std::uint64_t amount, const std::string& currency = "XXX") {
    Particulars said;
    said.code = "food";
    said.amount = amount;
    said.currency = currency;
    const auto accepted = submit(ngo_, {id_of(next_++),
                                        case_of(id_of(1)),
                                        EventKind::fund_request,
                                        {ministry_.id},
                                        encode(said),
                                        {}});
    EXPECT_TRUE(accepted);
    talk();
    return tracks(ngo_).back().about;
  }
  std::vector<TrackState> tracks(Site& site) {
    std::vector<TrackState> found;
    in_turn(site, [&](Turn& turn) {
      const CaseView shown = site.node->case_view(case_of(id_of(1)), program(), turn).value();
      for (const TrackState& track : shown.tracks) {
        if (track.track == Track::fund) {
          found.push_back(track);
        }
      }
    });
    return found;
  }
  State state(Site& site, const Digest& request) {
    for (const TrackState& track : tracks(site)) {
      if (track.about == request) {
        return track.state;
      }
    }
    return State::none;
  }
  Code vote(std::uint8_t number, const Digest& request) {
    Particulars said;
    said.about = request;
    Code code = Code::none;
    in_turn(ministry_, [&](Turn& turn) {
      const auto proposed = ministry_.node->propose_decision(
          case_of(id_of(1)), EventKind::fund_approve, encode(said), holder(number), turn);
      if (!proposed) {
        code = proposed.error().code;
        return;
      }
      Vote signed_one;
      signed_one.certificate.user = holder(number).user;
      signed_one.certificate.role = Role::commissioner;
      signed_one.certificate.key = crypto::SigningKey::from_seed(seed_of(number)).public_key();
      ASSERT_TRUE(ministry_.node->certify(signed_one.certificate));
      signed_one.signature = sign_vote(seed_of(number), signed_one.certificate.home,
                                       holder(number).user, proposed->decision);
      code = code_of(ministry_.node->cast_vote(proposed->task, signed_one, holder(number), turn));
    });
    talk();
    return code;
  }
  Code approve_alone(const Digest& request) {
    Particulars said;
    said.about = request;
    const auto accepted =
        submit(ministry_,
               {id_of(next_++), case_of(id_of(1)), EventKind::fund_approve, {}, encode(said), {}});
    talk();
    return code_of(accepted);
  }
  // Something else that is said about a request.
  Code say(Site& site, EventKind kind, const Digest& request, std::uint64_t amount = 0,
           const std::string& code = {}) {
    Particulars said;
    said.about = request;
    said.amount = amount;
    said.currency = amount == 0 ? "" : "XXX";
    said.code = code;
    const auto accepted =
        submit(site, {id_of(next_++), case_of(id_of(1)), kind, {}, encode(said), {}});
    talk();
    return code_of(accepted);
  }
  FundCount count(Site& site, const FundPeriod& period = {}) {
    Actor auditor;
    auditor.role = Role::auditor;
    FundCount count;
    count.period = period;
    for (int turns = 0; turns < 20 && !count.done; ++turns) {
      in_turn(site, [&](Turn& turn) {
        const Status counted = site.node->count_fund(count, auditor, turn);
        ASSERT_TRUE(counted) << counted.error().text;
      });
    }
    EXPECT_TRUE(count.done);
    return count;
  }
  // Of everything together.
  FundNumber number(Site& site, FundColumn column, const FundPeriod& period = {}) {
    FundNumbers sum;
    for (const auto& [cell, numbers] : count(site, period).totals.cells) {
      sum.add(numbers);
    }
    return sum.of(column);
  }
  std::uint64_t next_ = 2;
};

TEST_F(NodeFund, HowManyHaveToApproveDependsOnTheAmount) {
  put_pack_in_force();
  const Digest little = ask(50'000);
  EXPECT_EQ(approve_alone(little), Code::threshold_not_met) << "without a signature nobody does";
  EXPECT_EQ(vote(21, little), Code::none);
  EXPECT_EQ(state(ngo_, little), State::approved);
  const Digest more = ask(50'001);
  EXPECT_EQ(vote(22, more), Code::none);
  EXPECT_EQ(state(ngo_, more), State::asked);
  EXPECT_EQ(vote(22, more), Code::none) << "the same one again counts once";
  EXPECT_EQ(state(ngo_, more), State::asked);
  EXPECT_EQ(vote(23, more), Code::none);
  EXPECT_EQ(state(ngo_, more), State::approved);
  EXPECT_EQ(state(ministry_, more), State::approved);
}

TEST_F(NodeFund, NobodyApprovesMoreThanTheFundMayOrInAnotherCurrency) {
  put_pack_in_force();
  EXPECT_EQ(vote(21, ask(200'001)), Code::threshold_not_met);
  EXPECT_EQ(vote(21, ask(100, "TJS")), Code::threshold_not_met);
}

TEST_F(NodeFund, OneHolderApprovesNoMoreThanHersInADay) {
  put_pack_in_force();
  EXPECT_EQ(vote(21, ask(50'000)), Code::none);
  const Digest waits = ask(100'000);
  EXPECT_EQ(vote(21, waits), Code::none) << "exactly hers";
  const Digest over = ask(1);
  EXPECT_EQ(vote(21, over), Code::too_large) << "what waits for another vote counts as well";
  EXPECT_EQ(vote(22, over), Code::none);
  EXPECT_EQ(state(ngo_, over), State::approved);
  EXPECT_EQ(vote(22, waits), Code::none);
  EXPECT_EQ(state(ngo_, waits), State::approved);
  sleep(hours(24));
  EXPECT_EQ(vote(21, ask(1)), Code::none);
}

TEST_F(NodeFund, AnotherRequestOfTheCaseStaysOpenWhenOneIsDecided) {
  put_pack_in_force();
  const Digest one = ask(60'000);
  const Digest other = ask(70'000);
  EXPECT_EQ(vote(21, one), Code::none);
  EXPECT_EQ(vote(22, other), Code::none);
  EXPECT_EQ(vote(23, one), Code::none);
  EXPECT_EQ(state(ngo_, one), State::approved);
  EXPECT_EQ(vote(23, other), Code::none);
  EXPECT_EQ(state(ngo_, other), State::approved);
  EXPECT_EQ(vote(22, one), Code::wrong_state) << "it was decided";
}

// The fund has not heard of the pack; whoever asked has, and believes no single signature.
TEST_F(NodeFund, WhoeverAskedBelievesNoApprovalWithTooFewVotes) {
  const Digest request = ask(60'000);
  put_pack_in_force(false);
  ngo_.out.clear();
  Particulars said;
  said.about = request;
  ASSERT_TRUE(
      submit(ministry_,
             {id_of(next_++), case_of(id_of(1)), EventKind::fund_approve, {}, encode(said), {}}));
  carry_all(ministry_, ngo_);
  EXPECT_EQ(state(ministry_, request), State::approved);
  EXPECT_EQ(state(ngo_, request), State::asked);
}

// ---- totals -------------------------------------------------------------------------------------

TEST_F(NodeFund, TotalsAreWhatTheFoldSaysAtTheFundAndAtWhoeverAsked) {
  put_pack_in_force();
  const Digest whole = ask(50'000);
  const Digest no = ask(40'000);
  ask(30'000);  // waits
  ASSERT_EQ(vote(21, whole), Code::none);
  ASSERT_EQ(say(ministry_, EventKind::fund_refuse, no, 0, "fund_empty"), Code::none);
  ASSERT_EQ(say(ministry_, EventKind::fund_paid, whole, 49'000), Code::none);
  for (Site* site : {&ngo_, &ministry_}) {
    EXPECT_EQ(number(*site, FundColumn::asked), (FundNumber{3, 120'000}));
    EXPECT_EQ(number(*site, FundColumn::approved), (FundNumber{1, 50'000}));
    EXPECT_EQ(number(*site, FundColumn::refused), (FundNumber{1, 40'000}));
    EXPECT_EQ(number(*site, FundColumn::paid), (FundNumber{1, 49'000}));
    EXPECT_EQ(number(*site, FundColumn::undecided), (FundNumber{1, 30'000}));
    EXPECT_EQ(number(*site, FundColumn::unaccounted), (FundNumber{1, 49'000}));
  }
  ASSERT_EQ(say(ngo_, EventKind::fund_accounted, whole, 48'000), Code::none);
  EXPECT_EQ(number(ministry_, FundColumn::accounted), (FundNumber{1, 48'000}));
  EXPECT_EQ(number(ministry_, FundColumn::unaccounted), FundNumber{});
  // Who has not got the referral does not know how urgent the case is.
  const auto purposes = [&](Site& site) { return count(site).totals.cells.begin()->first; };
  EXPECT_EQ(purposes(ngo_), (FundCell{"XXX", "food", static_cast<std::uint8_t>(Urgency::normal)}));
  EXPECT_EQ(purposes(ministry_), (FundCell{"XXX", "food", 0}));
  EXPECT_EQ(count(commission_).totals.cells.size(), 0U) << "it has heard of no money";
}

TEST_F(NodeFund, TotalsGoByTheDayOnWhichSomethingWasEnteredHere) {
  const Timestamp first = now();
  const Digest request = ask(50'000);
  sleep(hours(24));
  const Timestamp second = now();
  ASSERT_EQ(approve_alone(request), Code::none);
  const auto at_fund = [&](FundColumn column, Timestamp from, Timestamp until) {
    return number(ministry_, column, {from, until}).requests;
  };
  EXPECT_EQ(at_fund(FundColumn::asked, first, second), 1U);
  EXPECT_EQ(at_fund(FundColumn::undecided, first, second), 1U);
  EXPECT_EQ(at_fund(FundColumn::approved, first, second), 0U);
  EXPECT_EQ(at_fund(FundColumn::asked, second, {UINT64_MAX}), 0U);
  EXPECT_EQ(at_fund(FundColumn::approved, second, {UINT64_MAX}), 1U);
}

TEST_F(NodeFund, WhatIsVoidCountsNothing) {
  const Digest request = ask(50'000);
  disconnect(ngo_, ministry_);
  Particulars said;
  said.code = "goals_met";
  ASSERT_TRUE(submit(ngo_, {id_of(next_++),
                            case_of(id_of(1)),
                            EventKind::case_close,
                            {commission_.id, ministry_.id},
                            encode(said),
                            {}}));
  sleep(seconds(1));
  ASSERT_EQ(approve_alone(request), Code::none) << "it has not heard that the case is closed";
  EXPECT_EQ(number(ministry_, FundColumn::approved).requests, 1U);
  connect(ngo_, ministry_);
  talk();
  for (Site* site : {&ngo_, &ministry_}) {
    EXPECT_EQ(state(*site, request), State::asked);
    EXPECT_EQ(number(*site, FundColumn::approved), FundNumber{});
    EXPECT_EQ(number(*site, FundColumn::undecided), (FundNumber{1, 50'000}));
  }
}

TEST_F(NodeFund, ACaseThatIsDamagedOrErasedIsCountedAsThatAndHidesNoOther) {
  ask(50'000);
  ASSERT_TRUE(submit(ngo_, a_referral(90)));
  ASSERT_TRUE(submit(ngo_, a_referral(91)));
  in_turn(ngo_, [&](Turn& turn) {
    ASSERT_TRUE(
        turn.store.put(Table::case_event, CaseRecord::key(case_of(id_of(90))), Bytes{9, 9, 9}));
    ASSERT_TRUE(
        ngo_.node->erase_case(case_of(id_of(91)), ErasureReason::entered_in_error, false, turn));
    ASSERT_TRUE(turn.store.put(Table::case_event, CaseRecord::key(CaseId{}), Bytes{9}));
  });
  FundCount counted = count(ngo_);
  EXPECT_EQ(counted.damaged, 2U);
  EXPECT_EQ(counted.erased, 1U);
  EXPECT_EQ(counted.unreadable, 0U);
  EXPECT_EQ(number(ngo_, FundColumn::asked), (FundNumber{1, 50'000})) << "behind the damaged one";
  // A request whose body is gone.
  in_turn(ngo_, [&](Turn& turn) {
    std::vector<Bytes> bodies;
    ASSERT_TRUE(turn.store.scan(Table::body, {}, {}, Transaction::Order::ascending,
                                [&](ByteView key, ByteView) {
                                  bodies.emplace_back(key.begin(), key.end());
                                  return true;
                                }));
    for (const Bytes& key : bodies) {
      ASSERT_TRUE(turn.store.erase(Table::body, key));
    }
  });
  EXPECT_EQ(count(ngo_).unreadable, 1U);
  EXPECT_EQ(number(ngo_, FundColumn::asked), FundNumber{});
}

TEST_F(NodeFund, CountingTakesManyTurnsWhereThereAreManyCases) {
  for (std::uint64_t i = 0; i < 150; ++i) {
    ASSERT_TRUE(submit(ngo_, a_referral(1'000 + i)));
  }
  ask(50'000);
  Actor auditor;
  auditor.role = Role::auditor;
  FundCount count;
  std::size_t turns = 0;
  for (; turns < 50 && !count.done; ++turns) {
    const std::uint64_t before = count.cases;
    in_turn(ngo_, [&](Turn& turn) { ASSERT_TRUE(ngo_.node->count_fund(count, auditor, turn)); });
    EXPECT_LE(count.cases - before, 64U);
  }
  EXPECT_GE(turns, 3U);
  EXPECT_EQ(count.cases, 151U);
  EXPECT_EQ(count.totals.cells.begin()->second.of(FundColumn::asked).requests, 1U);
}

TEST_F(NodeFund, TotalsAreForWhoeverReviewsAndWhileTheVaultIsOpen) {
  const auto code_for = [&](Role role) {
    Actor actor;
    actor.role = role;
    FundCount count;
    Code code{};
    in_turn(ngo_, [&](Turn& turn) { code = code_of(ngo_.node->count_fund(count, actor, turn)); });
    return code;
  };
  EXPECT_EQ(code_for(Role::supervisor), Code::none);
  EXPECT_EQ(code_for(Role::auditor), Code::none);
  EXPECT_EQ(code_for(Role::case_worker), Code::not_permitted);
  EXPECT_EQ(code_for(Role::operator_), Code::not_permitted);
  lock(ngo_);
  EXPECT_EQ(code_for(Role::auditor), Code::locked);
}

}  // namespace
}  // namespace hamroh
