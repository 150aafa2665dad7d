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

}  // namespace
}  // namespace hamroh
