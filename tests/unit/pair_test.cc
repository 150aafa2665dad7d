#include "daemon/pair.h"

#include <gtest/gtest.h>

namespace hamroh::pair {
namespace {

template <class Fixed>
Fixed filled(std::uint8_t byte) {
  Fixed value;
  value.bytes.fill(byte);
  return value;
}

class Pair : public testing::Test {
 protected:
  void SetUp() override {
    ASSERT_TRUE(crypto::start());
    auto made = make_pair();
    ASSERT_TRUE(made) << made.error().text;
    near_ = std::move(made->first);
    far_ = std::move(made->second);
  }
  // What arrives at the other end.
  std::optional<Frame> receive() {
    const auto datagram = far_.receive(buffer_);
    if (!datagram || !*datagram) {
      return std::nullopt;
    }
    auto frame = parse(**datagram);
    return frame ? std::optional<Frame>(std::move(*frame)) : std::nullopt;
  }

  Socket near_;
  Socket far_;
  Bytes buffer_ = Bytes(datagram_bytes_max);
};

TEST_F(Pair, LargestFrameArrivesWhole) {
  const MemberId member = filled<MemberId>(3);
  const Bytes payload(limits::frame_bytes_max, 9);
  ASSERT_EQ(near_.send(encode(Send{member, {}}), payload), Socket::Sent::done);
  const auto frame = receive();
  ASSERT_TRUE(frame && std::holds_alternative<Send>(*frame));
  EXPECT_EQ(std::get<Send>(*frame).member, member);
  EXPECT_TRUE(std::ranges::equal(std::get<Send>(*frame).frame, payload));
}

TEST_F(Pair, FramesKeepTheirOrderAndTheirFields) {
  const Statistics statistics{1, 2, 3, 4, 5, 6};
  ASSERT_EQ(near_.send(encode(PeerUp{filled<MemberId>(1)})), Socket::Sent::done);
  ASSERT_EQ(near_.send(encode(statistics)), Socket::Sent::done);
  ASSERT_EQ(near_.send(encode(Failed{Code::io_failed})), Socket::Sent::done);
  EXPECT_EQ(std::get<PeerUp>(*receive()).member, filled<MemberId>(1));
  EXPECT_EQ(std::get<Statistics>(*receive()), statistics);
  EXPECT_EQ(std::get<Failed>(*receive()).code, Code::io_failed);
  EXPECT_FALSE(receive());
}

TEST_F(Pair, SendingNeverBlocks) {
  const Bytes payload(limits::frame_bytes_max, 9);
  Socket::Sent sent = Socket::Sent::done;
  for (int i = 0; i < 1'000 && sent == Socket::Sent::done; ++i) {
    sent = near_.send(encode(Send{filled<MemberId>(3), {}}), payload);
  }
  EXPECT_EQ(sent, Socket::Sent::would_block);
}

TEST_F(Pair, ClosedEndIsNoticedOnBothWays) {
  { const Socket closed = std::move(near_); }
  EXPECT_FALSE(far_.receive(buffer_));
  EXPECT_EQ(far_.send(encode(Stop{})), Socket::Sent::closed);
}

TEST(PairFrames, UnknownTypesAndWrongLengthsAreRefused) {
  EXPECT_FALSE(parse({}));
  for (unsigned type = 0; type < 256; ++type) {
    const Bytes alone{static_cast<std::uint8_t>(type)};
    const auto frame = parse(alone);
    // All but these two begin with fixed fields.
    EXPECT_TRUE(!frame || std::holds_alternative<Stop>(*frame) ||
                std::holds_alternative<Ready>(*frame))
        << type;
  }
  const Bytes good = encode(Statistics{1, 2, 3, 4, 5, 6});
  Bytes longer = good;
  longer.push_back(0);
  EXPECT_TRUE(parse(good));
  EXPECT_FALSE(parse(longer));
  EXPECT_FALSE(parse(ByteView(good).first(good.size() - 1)));
}

}  // namespace
}  // namespace hamroh::pair
