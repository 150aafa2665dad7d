// Decisions by several commissioners: nothing is sent before there are enough, and nobody believes
// one that has too few.

#include "tests/unit/node_fixture.h"
#include "tests/unit/pack_fixture.h"

namespace hamroh {
namespace {

using namespace node_fixture;
using pack_fixture::example_pack;

Seed seed_of(std::uint8_t number) {
  return Seed::make([&](auto raw) { std::ranges::fill(raw, number); });
}

class NodeVotes : public NodeFixture {
 protected:
  NodeVotes() {
    join(ministry_);
    connect(ngo_, ministry_);
    connect(commission_, ministry_);
    talk();
    for (std::uint8_t number = 21; number < 26; ++number) {
      for (Site* site : {&commission_, &ministry_}) {
        site->node->know_user(commissioner(number).user,
                              {"somebody", Role::commissioner, {std::string(intake_team)}, true});
      }
    }
    EXPECT_TRUE(submit(ngo_, a_referral()));
    talk();
    EXPECT_EQ(tell(ngo_, EventKind::status_apply, {}, {commission_.id, ministry_.id}), Code::none);
  }
  void put_pack_in_force() {
    const Bytes file = example_pack();
    const Bytes directory = publish([&](Directory& next) { next.pack = crypto::sha256({file}); });
    ASSERT_TRUE(install(ngo_, directory));
    in_turn(ngo_, [&](Turn& turn) { ASSERT_TRUE(ngo_.node->install_pack(file, turn)); });
    talk();
    sleep(tuning::pack_interval);
    talk();
    for (Site* site : {&commission_, &ministry_}) {
      ASSERT_NE(site->node->pack_in_force(), nullptr);
    }
  }
  static Actor commissioner(std::uint8_t number) {
    Actor actor;
    actor.user.bytes[0] = number;
    actor.role = Role::commissioner;
    actor.teams = {std::string(intake_team)};
    return actor;
  }
  Code tell(Site& site, EventKind kind, const Particulars& said = {},
            const std::vector<MemberId>& to = {}) {
    const auto accepted =
        submit(site, {id_of(next_++), case_of(id_of(1)), kind, to, encode(said), {}});
    talk();
    return code_of(accepted);
  }
  static Particulars refusal(const std::string& ground = "evidence_incomplete") {
    Particulars said;
    said.code = ground;
    return said;
  }
  Vote signed_by(Site& site, std::uint8_t number, const Digest& decision) {
    Vote vote;
    vote.certificate.user = commissioner(number).user;
    vote.certificate.role = Role::commissioner;
    vote.certificate.key = crypto::SigningKey::from_seed(seed_of(number)).public_key();
    EXPECT_TRUE(site.node->certify(vote.certificate));
    vote.signature =
        sign_vote(seed_of(number), vote.certificate.home, vote.certificate.user, decision);
    return vote;
  }
  // What her vote comes to.
  Result<Node::Counted> vote(Site& site, std::uint8_t number, EventKind kind,
                             const Particulars& said = {}) {
    Result<Node::Counted> counted;
    in_turn(site, [&](Turn& turn) {
      const auto proposed = site.node->propose_decision(case_of(id_of(1)), kind, encode(said),
                                                        commissioner(number), turn);
      if (!proposed) {
        counted = tl::unexpected(proposed.error());
        return;
      }
      counted = site.node->cast_vote(proposed->task, signed_by(site, number, proposed->decision),
                                     commissioner(number), turn);
    });
    return counted;
  }
  Code vote_code(Site& site, std::uint8_t number, EventKind kind, const Particulars& said = {}) {
    return code_of(vote(site, number, kind, said));
  }
  std::size_t votes(Site& site, std::uint8_t number, EventKind kind, const Particulars& said = {}) {
    const auto counted = vote(site, number, kind, said);
    return counted ? counted->votes : 0;
  }
  State status(Site& site) {
    State found = State::none;
    in_turn(site, [&](Turn& turn) {
      const CaseView shown = site.node->case_view(case_of(id_of(1)), program(), turn).value();
      for (const TrackState& track : shown.tracks) {
        found = track.track == Track::status ? track.state : found;
      }
    });
    return found;
  }
  // The body of the newest event of that kind.
  Bytes body_of(Site& site, EventKind kind) {
    Bytes found;
    in_turn(site, [&](Turn& turn) {
      const CaseView shown = site.node->case_view(case_of(id_of(1)), program(), turn).value();
      for (const MessageView& event : shown.events) {
        if (event.kind == kind) {
          found = site.node->body(event.author, event.message, program(), turn).value().body;
        }
      }
    });
    return found;
  }
  std::size_t open_decisions(Site& site) {
    std::size_t open = 0;
    in_turn(site, [&](Turn& turn) {
      const auto tasks = site.node->tasks(commissioner(21), turn).value();
      open = static_cast<std::size_t>(std::ranges::count_if(tasks, [](const Task& task) {
        return task.kind == TaskKind::decision && task.state == TaskState::open;
      }));
    });
    return open;
  }

  std::uint64_t next_ = 2;
};

TEST_F(NodeVotes, TheFileThatADecisionRestsOnIsSignedWithIt) {
  put_pack_in_force();
  StatusFile file;
  file.certificate = "SU-2026-0114";
  Particulars with_file = refusal();
  with_file.status_file = file;
  ASSERT_EQ(votes(commission_, 21, EventKind::status_refuse, with_file), 1u);
  EXPECT_EQ(vote_code(commission_, 22, EventKind::status_refuse, refusal()), Code::conflict)
      << "the votes would never come together";
  StatusFile another = file;
  another.certificate = "SU-2026-0115";
  Particulars with_another = refusal();
  with_another.status_file = another;
  EXPECT_EQ(vote_code(commission_, 22, EventKind::status_refuse, with_another), Code::conflict);
  EXPECT_EQ(votes(commission_, 22, EventKind::status_refuse, with_file), 2u);
  // The third names the file that waits.
  Particulars named = refusal();
  in_turn(commission_, [&](Turn& turn) {
    const auto tasks = commission_.node->tasks(commissioner(23), turn).value();
    named.file = Proposal::parse(tasks.front().proposal)->said.file;
  });
  ASSERT_TRUE(named.file);
  ASSERT_TRUE(vote(commission_, 23, EventKind::status_refuse, named)->sent);
  talk();
  EXPECT_EQ(status(ngo_), State::refused) << "with the votes checked there";
  const auto said =
      parse_particulars(body_of(ngo_, EventKind::status_refuse), EventKind::status_refuse);
  ASSERT_TRUE(said);
  EXPECT_EQ(said->file, named.file);
  EXPECT_FALSE(said->status_file);
}

TEST_F(NodeVotes, ThreeOfFiveDecideAndEverybodyBelievesThem) {
  put_pack_in_force();
  EXPECT_EQ(votes(commission_, 21, EventKind::status_refuse, refusal()), 1u);
  EXPECT_EQ(votes(commission_, 22, EventKind::status_refuse, refusal()), 2u);
  talk();
  EXPECT_EQ(status(commission_), State::applied);
  EXPECT_EQ(open_decisions(commission_), 1u);
  const auto last = vote(commission_, 23, EventKind::status_refuse, refusal());
  ASSERT_TRUE(last);
  EXPECT_TRUE(last->sent);
  talk();
  for (Site* site : {&ngo_, &commission_, &ministry_}) {
    EXPECT_EQ(status(*site), State::refused);
  }
  EXPECT_EQ(open_decisions(commission_), 0u);
  const auto said =
      parse_particulars(body_of(ngo_, EventKind::status_refuse), EventKind::status_refuse);
  EXPECT_EQ(said->ballot->votes.size(), 3u);
}

TEST_F(NodeVotes, NobodyDecidesAloneWhereThePackWantsVotes) {
  put_pack_in_force();
  EXPECT_EQ(tell(commission_, EventKind::status_assign), Code::threshold_not_met);
  EXPECT_EQ(status(commission_), State::applied);
}

TEST_F(NodeVotes, WithoutAPackOneVoteIsEnoughAndStillVerified) {
  const auto counted = vote(commission_, 21, EventKind::status_assign);
  ASSERT_TRUE(counted);
  EXPECT_TRUE(counted->sent);
  talk();
  EXPECT_EQ(status(ministry_), State::assigned_unconfirmed);
}

TEST_F(NodeVotes, WhoVotesTwiceCountsOnce) {
  put_pack_in_force();
  for (int time = 0; time < 4; ++time) {
    EXPECT_EQ(votes(commission_, 21, EventKind::status_assign), 1u);
  }
  EXPECT_EQ(status(commission_), State::applied);
}

TEST_F(NodeVotes, WhoVotesOtherwiseTakesHerFirstVoteBack) {
  put_pack_in_force();
  EXPECT_EQ(votes(commission_, 21, EventKind::status_assign), 1u);
  EXPECT_EQ(votes(commission_, 22, EventKind::status_assign), 2u);
  EXPECT_EQ(votes(commission_, 21, EventKind::status_refuse, refusal()), 1u);
  EXPECT_EQ(votes(commission_, 23, EventKind::status_assign), 2u);
  EXPECT_EQ(status(commission_), State::applied);
}

TEST_F(NodeVotes, AVoteOfSomebodyWhoHasLeftCountsNoMore) {
  put_pack_in_force();
  EXPECT_EQ(votes(commission_, 21, EventKind::status_assign), 1u);
  EXPECT_EQ(votes(commission_, 22, EventKind::status_assign), 2u);
  commission_.node->know_user(commissioner(21).user, {"gone", Role::commissioner, {}, false});
  EXPECT_EQ(votes(commission_, 23, EventKind::status_assign), 2u);
  EXPECT_EQ(votes(commission_, 24, EventKind::status_assign), 3u);
  talk();
  EXPECT_EQ(status(ngo_), State::assigned_unconfirmed);
}

TEST_F(NodeVotes, EverybodyVotesForHerselfAndOnlyCommissioners) {
  Code code = Code::none;
  in_turn(commission_, [&](Turn& turn) {
    const auto proposed = commission_.node->propose_decision(
        case_of(id_of(1)), EventKind::status_assign, encode(Particulars{}), commissioner(21), turn);
    code = code_of(commission_.node->cast_vote(
        proposed->task, signed_by(commission_, 22, proposed->decision), commissioner(21), turn));
    EXPECT_EQ(code_of(commission_.node->cast_vote(
                  proposed->task, signed_by(commission_, 21, Digest{}), commissioner(21), turn)),
              Code::bad_signature);
    EXPECT_EQ(code_of(commission_.node->decide_task(proposed->task, true, program(), turn)),
              Code::invalid_argument);
    EXPECT_EQ(
        code_of(commission_.node->propose_decision(case_of(id_of(1)), EventKind::status_assign,
                                                   encode(Particulars{}), program(), turn)),
        Code::not_permitted);
  });
  EXPECT_EQ(code, Code::not_permitted);
  EXPECT_EQ(vote_code(ministry_, 21, EventKind::status_assign), Code::not_capable);
}

// The commission has not heard of the pack; the NGO has, and believes no single person.
TEST_F(NodeVotes, ADecisionWithTooFewVotesIsRefusedByWhoReceivesIt) {
  const Bytes file = example_pack();
  ASSERT_TRUE(install(ngo_, publish([&](Directory& next) { next.pack = crypto::sha256({file}); })));
  in_turn(ngo_, [&](Turn& turn) { ASSERT_TRUE(ngo_.node->install_pack(file, turn)); });
  ngo_.out.clear();
  ASSERT_TRUE(vote(commission_, 21, EventKind::status_assign)->sent);
  carry_all(commission_, ngo_);
  EXPECT_EQ(status(ngo_), State::applied);
  bool refused = false;
  in_turn(ngo_, [&](Turn& turn) {
    ASSERT_TRUE(ngo_.node->ledger().scan(turn.store, 0, [&](const LedgerRecord& record) {
      refused = refused || record.entry.code == Code::threshold_not_met;
      return true;
    }));
  });
  EXPECT_TRUE(refused);
}

TEST_F(NodeVotes, VotesForOneApplicationAreNoneForWhatComesBackFromTheMinistry) {
  ASSERT_TRUE(vote(commission_, 21, EventKind::status_assign)->sent);
  talk();
  Particulars returns;
  returns.code = "protocol_unsigned";
  ASSERT_EQ(tell(ministry_, EventKind::ministry_return, returns), Code::none);
  const Bytes old = body_of(commission_, EventKind::status_assign);
  const Submission again{id_of(77), case_of(id_of(1)), EventKind::status_assign, {}, old, {}};
  EXPECT_EQ(NodeFixture::refusal(commission_, again), Code::not_found);
  ASSERT_TRUE(vote(commission_, 21, EventKind::status_assign)->sent);
  talk();
  EXPECT_EQ(status(ministry_), State::assigned_unconfirmed);
}

TEST_F(NodeVotes, WhoHasDecidedDecidesOnNoAppealWhereverSheSits) {
  const Bytes capable = publish(changing(
      ministry_, [](Member& member) { member.capabilities.give(Capability::appeal_decide); }));
  ASSERT_TRUE(install(ngo_, capable));
  talk();
  ASSERT_TRUE(vote(commission_, 21, EventKind::status_refuse, refusal())->sent);
  talk();
  ASSERT_EQ(tell(ngo_, EventKind::status_appeal, {}, {commission_.id, ministry_.id}), Code::none);
  Particulars overturns;
  overturns.outcome = State::overturned;
  EXPECT_EQ(vote_code(ministry_, 21, EventKind::appeal_outcome, overturns), Code::no_standing);
  ASSERT_TRUE(vote(ministry_, 22, EventKind::appeal_outcome, overturns)->sent);
  talk();
  EXPECT_EQ(status(ngo_), State::overturned);
}

TEST_F(NodeVotes, WhatWaitsForVotesGoesWithTheCase) {
  put_pack_in_force();
  EXPECT_EQ(votes(commission_, 21, EventKind::status_assign), 1u);
  in_turn(commission_, [&](Turn& turn) {
    ASSERT_TRUE(
        commission_.node->erase_case(case_of(id_of(1)), ErasureReason::request, false, turn));
  });
  EXPECT_EQ(std::ranges::count_if(commission_.disk.rows(),
                                  [](const auto& row) { return row.first.first == Table::task; }),
            0);
}

TEST_F(NodeVotes, WithoutAnApplicationThereIsNothingToVoteOn) {
  ASSERT_TRUE(vote(commission_, 21, EventKind::status_assign)->sent);
  talk();
  EXPECT_EQ(vote_code(commission_, 22, EventKind::status_refuse, refusal()), Code::wrong_state);
}

}  // namespace
}  // namespace hamroh
