#include "protocol/outbox.h"

#include <gtest/gtest.h>

namespace hamroh {
namespace {

// Draws the same byte for ever: no jitter with 0, nearly all of it with 255.
class ConstantEntropy final : public Entropy {
 public:
  explicit ConstantEntropy(std::uint8_t byte = 0) : byte_(byte) {}
  void fill(std::span<std::uint8_t> out) override { std::ranges::fill(out, byte_); }

 private:
  std::uint8_t byte_;
};

OutboxItem item(std::uint64_t number, std::uint32_t bytes = 100) {
  OutboxItem item;
  const Bytes id = key_u64(number);
  std::ranges::copy(id, item.message.bytes.begin());
  item.bytes = bytes;
  item.expires = {1'000'000 + number};
  return item;
}

class OutboxTest : public testing::Test {
 protected:
  void enqueue(std::uint64_t number, std::uint32_t bytes = 100) {
    ASSERT_TRUE(outbox_.enqueue(number, item(number, bytes)));
    outbox_.check_invariants();
  }
  std::vector<std::uint64_t> due(Duration at) {
    std::vector<std::uint64_t> numbers;
    for (const OutboxItem& taken : outbox_.take_due(at, entropy_)) {
      numbers.push_back(ByteReader(taken.message.view()).u64());
    }
    outbox_.check_invariants();
    return numbers;
  }
  using Numbers = std::vector<std::uint64_t>;

  Outbox outbox_;
  ConstantEntropy entropy_;
};

TEST_F(OutboxTest, SendsInTheOrderOfSubmission) {
  enqueue(2);
  enqueue(1);
  enqueue(3);
  EXPECT_EQ(outbox_.next_due(), Duration{0});
  EXPECT_EQ(due({0}), (Numbers{1, 2, 3}));
  EXPECT_EQ(outbox_.in_flight(), 3U);
}

TEST_F(OutboxTest, AnEmergencyGoesBeforeWhateverWaitsAndHasRoomOfItsOwn) {
  const std::uint64_t many = limits::in_flight_messages_max + 100;
  for (std::uint64_t i = 1; i <= many; ++i) {
    enqueue(i);
  }
  EXPECT_EQ(due({0}).size(), limits::in_flight_messages_max);
  EXPECT_TRUE(due({0}).empty());
  OutboxItem emergency = item(many + 1);
  emergency.urgent = true;
  ASSERT_TRUE(outbox_.enqueue(many + 1, emergency));
  EXPECT_EQ(outbox_.next_due(), Duration{0});
  EXPECT_EQ(due({0}), Numbers{many + 1});
  outbox_.retry_all();
  EXPECT_EQ(due({0}).front(), many + 1);
}

TEST_F(OutboxTest, RoomForEmergenciesHasItsBoundToo) {
  for (std::uint64_t i = 1; i <= limits::in_flight_messages_max; ++i) {
    enqueue(i);
  }
  EXPECT_EQ(due({0}).size(), limits::in_flight_messages_max);
  for (std::uint64_t i = 0; i < limits::in_flight_urgent_max + 1; ++i) {
    OutboxItem emergency = item(10'000 + i);
    emergency.urgent = true;
    ASSERT_TRUE(outbox_.enqueue(10'000 + i, emergency));
  }
  EXPECT_EQ(due({0}).size(), limits::in_flight_urgent_max);
}

TEST_F(OutboxTest, KeepsAMessageUntilItIsSettled) {
  enqueue(1);
  due({0});
  ASSERT_NE(outbox_.find(item(1).message), nullptr);
  const auto settled = outbox_.settle(item(1).message);
  ASSERT_TRUE(settled);
  EXPECT_EQ(settled->attempts, 1U);
  EXPECT_EQ(outbox_.find(item(1).message), nullptr);
  EXPECT_FALSE(outbox_.settle(item(1).message));
  EXPECT_EQ(outbox_.size(), 0U);
  EXPECT_EQ(outbox_.in_flight(), 0U);
  EXPECT_FALSE(outbox_.next_due());
  outbox_.check_invariants();
}

TEST_F(OutboxTest, AsksAgainAfterADelayThatDoublesUpToItsLongest) {
  enqueue(1);
  Duration now{0};
  Duration delay = tuning::retry_delay_min;
  for (int attempt = 0; attempt < 12; ++attempt) {
    ASSERT_EQ(due(now), Numbers{1}) << attempt;
    ASSERT_EQ(outbox_.next_due(), Duration{now.ms + delay.ms}) << attempt;
    ASSERT_TRUE(due({now.ms + delay.ms - 1}).empty()) << attempt;
    ASSERT_FALSE(outbox_.has_due({now.ms + delay.ms - 1}));
    now.ms += delay.ms;
    ASSERT_TRUE(outbox_.has_due(now));
    delay = {std::min(delay.ms * 2, tuning::retry_delay_max.ms)};
  }
  EXPECT_EQ(delay, tuning::retry_delay_max);
}

TEST_F(OutboxTest, JitterAddsAtMostAQuarter) {
  enqueue(1);
  ConstantEntropy most(255);
  EXPECT_EQ(outbox_.take_due({0}, most).size(), 1U);
  const std::uint64_t delay = outbox_.next_due().value().ms;
  EXPECT_GT(delay, tuning::retry_delay_min.ms * 6 / 5);
  EXPECT_LE(delay, tuning::retry_delay_min.ms * 5 / 4);
}

TEST_F(OutboxTest, LostConnectionMakesEverythingInFlightDueAtOnce) {
  enqueue(1);
  enqueue(2);
  due({0});
  EXPECT_TRUE(due({1}).empty());
  outbox_.retry_all();
  outbox_.check_invariants();
  EXPECT_EQ(outbox_.in_flight(), 0U);
  EXPECT_EQ(due({1}), (Numbers{1, 2}));
}

TEST_F(OutboxTest, HeldMessageIsAskedForOnlyAfterTheLongestDelay) {
  enqueue(1);
  due({0});
  outbox_.postpone(item(1).message, {10});
  outbox_.check_invariants();
  EXPECT_EQ(outbox_.next_due(), Duration{10 + tuning::retry_delay_max.ms});
  EXPECT_TRUE(due({9 + tuning::retry_delay_max.ms}).empty());
  EXPECT_EQ(due({10 + tuning::retry_delay_max.ms}), Numbers{1});
}

TEST_F(OutboxTest, PostponingWhatIsNotInFlightChangesNothing) {
  enqueue(1);
  outbox_.postpone(item(1).message, {10});
  outbox_.postpone(item(9).message, {10});
  outbox_.check_invariants();
  EXPECT_EQ(due({10}), Numbers{1});
}

TEST_F(OutboxTest, FlightIsBoundedInMessages) {
  for (std::uint64_t n = 0; n < limits::in_flight_messages_max + 5; ++n) {
    ASSERT_TRUE(outbox_.enqueue(n, item(n)));
  }
  EXPECT_EQ(due({0}).size(), limits::in_flight_messages_max);
  EXPECT_TRUE(due({0}).empty());
  ASSERT_TRUE(outbox_.settle(item(0).message));
  EXPECT_EQ(due({0}), Numbers{limits::in_flight_messages_max});
}

TEST_F(OutboxTest, FlightIsBoundedInBytes) {
  constexpr auto half = static_cast<std::uint32_t>(limits::in_flight_bytes_max / 2);
  enqueue(1, half);
  enqueue(2, half);
  enqueue(3, 1);
  EXPECT_EQ(due({0}), (Numbers{1, 2}));
  ASSERT_TRUE(outbox_.settle(item(2).message));
  EXPECT_EQ(due({0}), Numbers{3});
}

TEST_F(OutboxTest, OneMessageFitsHoweverLargeItIs) {
  enqueue(1, static_cast<std::uint32_t>(limits::in_flight_bytes_max) + 1);
  enqueue(2, 1);
  EXPECT_EQ(due({0}), Numbers{1});
}

TEST_F(OutboxTest, RefusesMoreThanItsBound) {
  for (std::uint64_t n = 0; n < limits::outbox_messages_per_peer_max; ++n) {
    ASSERT_TRUE(outbox_.enqueue(n, item(n)));
  }
  const Status over = outbox_.enqueue(limits::outbox_messages_per_peer_max,
                                      item(limits::outbox_messages_per_peer_max));
  ASSERT_FALSE(over);
  EXPECT_EQ(over.error(), (Error{Code::full, Blame::caller, ""}));
  EXPECT_EQ(outbox_.size(), limits::outbox_messages_per_peer_max);
  outbox_.check_invariants();
}

TEST_F(OutboxTest, NamesWhatHasExpiredOldestFirstAndKeepsItUntilSettled) {
  enqueue(1);
  enqueue(2);
  EXPECT_TRUE(outbox_.expired_at({1'000'000}).empty());
  ASSERT_EQ(outbox_.expired_at({1'000'001}).size(), 1U);
  ASSERT_EQ(outbox_.expired_at({1'000'002}).size(), 2U);
  EXPECT_EQ(outbox_.expired_at({1'000'002})[0].message, item(1).message);
  EXPECT_EQ(outbox_.size(), 2U);
  ASSERT_TRUE(outbox_.settle(item(1).message));
  EXPECT_EQ(outbox_.expired_at({1'000'002}).size(), 1U);
}

TEST_F(OutboxTest, SentIndexStaysWithTheMessage) {
  enqueue(1);
  outbox_.set_sent_index(item(1).message, 77);
  EXPECT_EQ(outbox_.take_due({0}, entropy_).at(0).sent_index, 77U);
}

TEST_F(OutboxTest, ClockThatStandsStillSendsNothingTwice) {
  enqueue(1);
  EXPECT_EQ(due({5}).size(), 1U);
  for (int again = 0; again < 100; ++again) {
    ASSERT_TRUE(due({5}).empty());
  }
}

}  // namespace
}  // namespace hamroh
