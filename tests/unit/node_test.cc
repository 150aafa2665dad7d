// Two nodes without a network: the tests carry the frames, and lose the ones they like.

#include "tests/unit/node_fixture.h"

namespace hamroh {
namespace {

using namespace node_fixture;

class NodeTest : public NodeFixture {
 protected:
  Code refused_with(const std::function<void(Submission&)>& change) {
    Submission submission = a_referral(1000);
    change(submission);
    return refusal(ngo_, submission);
  }
};

TEST_F(NodeTest, CarriesAReferralToItsReceipt) {
  ASSERT_TRUE(submit(ngo_, a_referral()));
  EXPECT_EQ(level(id_of(1)), Level::accepted);
  talk();
  EXPECT_EQ(level(id_of(1)), Level::opened);
  EXPECT_EQ(ngo_.node->view().outbox_depth, 0U);
}

TEST_F(NodeTest, SameSubmissionAgainGetsTheFirstAnswer) {
  const auto first = submit(ngo_, a_referral());
  ASSERT_TRUE(first);
  EXPECT_FALSE(first->duplicate);
  talk();
  const std::uint64_t size = ngo_.node->ledger().size();
  const auto again = submit(ngo_, a_referral());
  ASSERT_TRUE(again);
  EXPECT_TRUE(again->duplicate);
  EXPECT_EQ(again->message, first->message);
  EXPECT_EQ(again->case_id, first->case_id);
  EXPECT_EQ(ngo_.node->ledger().size(), size);
  EXPECT_EQ(ngo_.node->view().outbox_depth, 0U);
}

TEST_F(NodeTest, SameSubmissionTwiceInOneTurnIsOne) {
  in_turn(ngo_, [&](Turn& turn) {
    EXPECT_FALSE(ngo_.node->submit(a_referral(), program(), turn).value().duplicate);
    EXPECT_TRUE(ngo_.node->submit(a_referral(), program(), turn).value().duplicate);
  });
  EXPECT_EQ(ngo_.node->view().outbox_depth, 1U);
}

TEST_F(NodeTest, SameKeyWithAnythingElseIsAConflict) {
  ASSERT_TRUE(submit(ngo_, a_referral()));
  ASSERT_TRUE(submit(ngo_, a_note(2, "first")));
  Submission other_body = a_referral();
  other_body.body.push_back(0);
  EXPECT_EQ(refusal(ngo_, other_body), Code::conflict);
  Submission other_recipient = a_referral();
  other_recipient.to = {ministry_.id};
  EXPECT_EQ(refusal(ngo_, other_recipient), Code::conflict);
  EXPECT_EQ(refusal(ngo_, a_note(2, "second")), Code::conflict);
  EXPECT_EQ(refusal(ngo_, a_note(1, "of another kind")), Code::conflict);
  Submission other_case = a_note(2, "first");
  other_case.case_id = case_of(id_of(77));
  EXPECT_EQ(refusal(ngo_, other_case), Code::conflict);
}

TEST_F(NodeTest, RefusalsAreCodedAndWriteNothing) {
  EXPECT_EQ(refused_with([](auto& s) { s.message = {}; }), Code::invalid_argument);
  EXPECT_EQ(refused_with([](auto& s) { s.to.clear(); }), Code::invalid_argument);
  EXPECT_EQ(refused_with([](auto& s) { s.to.push_back(s.to[0]); }), Code::invalid_argument);
  EXPECT_EQ(refused_with([](auto& s) { s.to = {MemberId{}}; }), Code::unknown_member);
  EXPECT_EQ(refused_with([&](auto& s) { s.to = {ngo_.id}; }), Code::unknown_member);
  EXPECT_EQ(refused_with([&](auto& s) { s.to = {ministry_.id}; }), Code::not_capable);
  EXPECT_EQ(refused_with([](auto& s) { s.body = {1, 2, 3}; }), Code::invalid_form);
  EXPECT_EQ(refused_with([](auto& s) { s.body.resize(limits::body_bytes_max + 1); }),
            Code::too_large);
  EXPECT_EQ(refused_with([](auto& s) { s.kind = static_cast<EventKind>(999); }),
            Code::unsupported_kind);
  EXPECT_EQ(refused_with([](auto& s) { s.case_id = case_of(id_of(77)); }), Code::not_found);
  EXPECT_EQ(refused_with([](auto& s) {
              s.kind = EventKind::case_note;
              s.body = note("a note opens no case");
            }),
            Code::invalid_argument);
  EXPECT_EQ(refused_with([&](auto& s) {
              for (std::uint8_t n = 0; n < limits::recipients_max; ++n) {
                s.to.push_back(member(n + 1U).id);
              }
            }),
            Code::invalid_argument);
}

TEST_F(NodeTest, OnlyWhoWasAskedDecidesAndOnlyOnce) {
  ASSERT_TRUE(submit(ngo_, a_referral()));
  talk();
  Submission acceptance{id_of(50), case_of(id_of(1)), EventKind::referral_accept, {}, {}, {}};
  acceptance.body = encode(Decision{});
  EXPECT_EQ(refusal(ngo_, acceptance), Code::not_capable);
  Submission contradiction = acceptance;
  contradiction.kind = EventKind::referral_decline;  // a decline gives its reason
  EXPECT_EQ(refusal(commission_, contradiction), Code::invalid_form);
  ASSERT_TRUE(submit(commission_, acceptance));
  acceptance.message = id_of(51);
  EXPECT_EQ(refusal(commission_, acceptance), Code::wrong_state);
}

TEST_F(NodeTest, LockedNodeSubmitsNothingAndHoldsWhatComes) {
  lock(commission_);
  talk();
  EXPECT_EQ(refusal(commission_, a_referral(9)), Code::locked);
  ASSERT_TRUE(submit(ngo_, a_referral()));
  talk();
  EXPECT_EQ(level(id_of(1)), Level::stored);
  EXPECT_EQ(ngo_.node->view().outbox_depth, 1U);  // stored is no end
  unlock(commission_);
  talk();
  EXPECT_EQ(level(id_of(1)), Level::opened);
  EXPECT_EQ(ngo_.node->view().outbox_depth, 0U);
}

// The first turn of an unlocking opens what was held: it fails at each call to the store in turn,
// and the process with it.
TEST_F(NodeTest, AKillAtAnyBoundaryOfAnUnlockingLosesAndDoublesNothing) {
  lock(commission_);
  talk();
  for (std::uint64_t number = 1; number <= 3; ++number) {
    ASSERT_TRUE(submit(ngo_, a_referral(number)));
  }
  talk();
  ASSERT_EQ(level(id_of(3)), Level::stored);
  const MemoryStore::Rows before = commission_.disk.rows();
  const Error died{Code::io_failed, Blame::environment, "died here"};
  std::uint64_t kills = 0;
  for (bool finished = false; !finished; ++kills) {
    ASSERT_LT(kills, 1'000U);
    commission_.node.reset();
    commission_.disk.restore(before);
    commission_.store.lock();
    restart(commission_);
    sleep(tuning::start_wait_max);
    ASSERT_TRUE(commission_.node->locked());
    commission_.unlock_vault();
    {
      auto transaction = commission_.store.begin().value();
      Effects effects;
      Turn turn{now(), elapsed_, *transaction, commission_.entropy, effects};
      commission_.disk.fail_at(kills + 1, died);
      finished = commission_.node->unlock(turn) && commission_.node->tick(turn) &&
                 commission_.node->finish(turn) && transaction->commit();
    }
    commission_.disk.fail_at(UINT64_MAX / 2, died);
    commission_.node.reset();
    commission_.disk.crash();
    restart(commission_);
    sleep(tuning::start_wait_max);
    const std::uint64_t opened = [&] {
      std::uint64_t count = 0;
      in_turn(commission_, [&](Turn& turn) {
        ASSERT_TRUE(commission_.node->ledger().scan(turn.store, 0, [&](const LedgerRecord& record) {
          count += record.entry.kind == EntryKind::opened ? 1U : 0U;
          return true;
        }));
      });
      return count;
    }();
    ASSERT_EQ(opened, 3U) << "killed at boundary " << kills + 1;
  }
  EXPECT_GT(kills, 30U);
  // What the last of them has opened arrives as such at the author.
  disconnect(ngo_, commission_);
  connect(ngo_, commission_);
  talk();
  for (std::uint64_t number = 1; number <= 3; ++number) {
    EXPECT_EQ(level(id_of(number)), Level::opened);
  }
}

TEST_F(NodeTest, HeldEnvelopeThatComesAgainIsHeldOnce) {
  lock(commission_);
  talk();
  ASSERT_TRUE(submit(ngo_, a_referral()));
  const std::vector<SendFrame> frames = std::exchange(ngo_.out, {});
  ASSERT_EQ(frames.size(), 1U);
  EXPECT_TRUE(carry(ngo_, commission_, frames[0]));
  const std::uint64_t size = commission_.node->ledger().size();
  EXPECT_TRUE(carry(ngo_, commission_, frames[0]));
  EXPECT_EQ(commission_.node->ledger().size(), size);
}

TEST_F(NodeTest, DoubledEnvelopeIsAppliedOnce) {
  ASSERT_TRUE(submit(ngo_, a_referral()));
  const std::vector<SendFrame> frames = std::exchange(ngo_.out, {});
  ASSERT_EQ(frames.size(), 1U);
  (void)carry(ngo_, commission_, frames[0]);
  const std::uint64_t size = commission_.node->ledger().size();
  (void)carry(ngo_, commission_, frames[0]);
  EXPECT_EQ(commission_.node->ledger().size(), size);
  talk();
  EXPECT_EQ(level(id_of(1)), Level::opened);
}

TEST_F(NodeTest, LostEnvelopeIsSentAgainUnderTheSameId) {
  ASSERT_TRUE(submit(ngo_, a_referral()));
  ngo_.out.clear();
  talk();
  EXPECT_EQ(level(id_of(1)), Level::accepted);
  sleep(tuning::retry_delay_max);
  talk();
  EXPECT_EQ(level(id_of(1)), Level::opened);
}

TEST_F(NodeTest, EnvelopeForSomebodyElseAndGarbageAreRefused) {
  ASSERT_TRUE(submit(ngo_, a_referral()));
  SendFrame frame = ngo_.out.at(0);
  Bytes misdirected = frame.frame;
  misdirected[3] ^= 1;  // in the recipient's id
  const std::uint64_t size = commission_.node->ledger().size();
  EXPECT_EQ(code_of(carry(ngo_, commission_, {commission_.id, misdirected})), Code::not_addressed);
  Bytes garbled = frame.frame;
  garbled.back() ^= 1;
  EXPECT_EQ(code_of(carry(ngo_, commission_, {commission_.id, garbled})), Code::cannot_open);
  EXPECT_FALSE(carry(ngo_, commission_, {commission_.id, {}}));
  EXPECT_FALSE(carry(ngo_, commission_, {commission_.id, {9, 9, 9}}));
  EXPECT_EQ(commission_.node->ledger().size(), size);
}

TEST_F(NodeTest, RekeyIsAnsweredBySealingAgainUnderTheSameId) {
  // The commission's keys go by while the author hears nothing of it.
  for (int week = 0; week < 20; ++week) {
    sleep(days(7));
    ngo_.out.clear();
    commission_.out.clear();
  }
  ASSERT_TRUE(submit(ngo_, a_referral()));
  std::vector<SendFrame> frames = std::exchange(ngo_.out, {});
  ASSERT_EQ(frames.size(), 1U);
  EXPECT_EQ(code_of(carry(ngo_, commission_, frames[0])), Code::cannot_open);
  ASSERT_EQ(commission_.out.size(), 1U);
  const auto rekey = parse_rekey(commission_.out[0].frame);
  ASSERT_TRUE(rekey);
  EXPECT_EQ(rekey->envelope, envelope_digest(frames[0].frame));
  carry_all(commission_, ngo_);
  ASSERT_FALSE(ngo_.out.empty());  // at once, not only when its retry is due
  EXPECT_NE(ngo_.out[0].frame, frames[0].frame);
  talk();
  EXPECT_EQ(level(id_of(1)), Level::opened);
}

TEST_F(NodeTest, StaleRekeyMakesNobodySendAgain) {
  ASSERT_TRUE(submit(ngo_, a_referral()));
  const std::vector<SendFrame> frames = std::exchange(ngo_.out, {});
  Bytes unknown_key = frames.at(0).frame;
  unknown_key[20] ^= 1;  // in the epoch key's id
  EXPECT_EQ(code_of(carry(ngo_, commission_, {commission_.id, unknown_key})), Code::cannot_open);
  carry_all(commission_, ngo_);
  EXPECT_TRUE(ngo_.out.empty());
}

TEST_F(NodeTest, RekeyAnswersAreBounded) {
  ASSERT_TRUE(submit(ngo_, a_referral()));
  Bytes unknown_key = ngo_.out.at(0).frame;
  unknown_key[20] ^= 1;
  commission_.out.clear();
  for (std::size_t n = 0; n < tuning::rekeys_per_minute_max + 20; ++n) {
    (void)carry(ngo_, commission_, {commission_.id, unknown_key});
  }
  EXPECT_EQ(commission_.out.size(), tuning::rekeys_per_minute_max);
}

TEST_F(NodeTest, FullQueueRefusesWithItsReasonAndKeepsWhatItHas) {
  in_turn(ngo_, [&](Turn&) { ngo_.node->peer_down(commission_.id); });
  constexpr std::uint64_t bound = limits::outbox_messages_per_peer_max;
  std::uint64_t number = 1;
  while (number <= bound) {
    in_turn(ngo_, [&](Turn& turn) {
      for (int n = 0; n < 4096 && number <= bound; ++n, ++number) {
        ASSERT_TRUE(ngo_.node->submit(a_referral(number), program(), turn)) << number;
      }
    });
  }
  EXPECT_EQ(refusal(ngo_, a_referral(number)), Code::full);
  EXPECT_EQ(ngo_.node->view().outbox_depth, bound);
  EXPECT_TRUE(submit(ngo_, a_referral(1)).value().duplicate);
}

TEST_F(NodeTest, ExpiredMessageIsToldToItsAuthorAndNeverOpened) {
  Submission referral = a_referral();
  referral.lifetime = hours(1);
  ASSERT_TRUE(submit(ngo_, referral));
  const std::vector<SendFrame> late = std::exchange(ngo_.out, {});
  sleep(hours(2));
  talk();
  EXPECT_EQ(level(id_of(1)), Level::expired);
  EXPECT_EQ(ngo_.node->view().outbox_depth, 0U);
  (void)carry(ngo_, commission_, late.at(0));
  in_turn(commission_, [&](Turn& turn) {
    const auto view = commission_.node->case_view(case_of(id_of(1)), program(), turn);
    EXPECT_TRUE(!view || view->events.empty());
  });
}

}  // namespace
}  // namespace hamroh
