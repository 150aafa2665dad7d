// A link by itself, in a thread: how many peers it dials at a time, and who gets a turn.

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <chrono>
#include <set>
#include <thread>

#include "daemon/link.h"

namespace hamroh {
namespace {

using namespace std::chrono_literals;
using SteadyClock = std::chrono::steady_clock;

// Listens on every loopback address and never says a word: a peer that cannot be reached.
class DumbPeers {
 public:
  DumbPeers() : listening_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    socklen_t length = sizeof address;
    CHECK(::bind(listening_, reinterpret_cast<sockaddr*>(&address), length) == 0);
    CHECK(::listen(listening_, 4'096) == 0);
    CHECK(::getsockname(listening_, reinterpret_cast<sockaddr*>(&address), &length) == 0);
    port_ = ntohs(address.sin_port);
  }
  DumbPeers(const DumbPeers&) = delete;
  DumbPeers& operator=(const DumbPeers&) = delete;
  ~DumbPeers() {
    for (const int descriptor : open_) {
      ::close(descriptor);
    }
    ::close(listening_);
  }
  [[nodiscard]] std::string endpoint(std::size_t peer) const {
    return "tcp://127.1." + std::to_string(peer / 250) + "." + std::to_string(1 + peer % 250) +
           ":" + std::to_string(port_);
  }
  // Addresses that were dialled until there are `wanted` of them or the time is over. `keep`: the
  // connections stay open, else each is closed at once.
  std::size_t dialled(std::size_t wanted, SteadyClock::duration patience, bool keep) {
    const auto end = SteadyClock::now() + patience;
    while (seen_.size() < wanted && SteadyClock::now() < end) {
      pollfd watched{listening_, POLLIN, 0};
      (void)::poll(&watched, 1, 100);
      for (int taken = 0; (taken = ::accept4(listening_, nullptr, nullptr, SOCK_CLOEXEC)) >= 0;) {
        sockaddr_in address{};
        socklen_t length = sizeof address;
        (void)::getsockname(taken, reinterpret_cast<sockaddr*>(&address), &length);
        seen_.insert(address.sin_addr.s_addr);
        if (keep) {
          open_.push_back(taken);
        } else {
          ::close(taken);
        }
      }
    }
    return seen_.size();
  }

 private:
  int listening_;
  std::uint16_t port_ = 0;
  std::set<in_addr_t> seen_;
  std::vector<int> open_;
};

class LinkDials : public testing::Test {
 protected:
  void SetUp() override {
    ASSERT_TRUE(crypto::start());
    ASSERT_EQ(getrlimit(RLIMIT_NOFILE, &usual_), 0);
  }
  void TearDown() override {
    if (running_.joinable()) {
      ASSERT_EQ(near_.send(pair::encode(pair::Stop{})), pair::Socket::Sent::done);
      running_.join();
    }
    (void)setrlimit(RLIMIT_NOFILE, &usual_);
  }
  void limit_descriptors(rlim_t most) {
    const rlimit lowered{std::min(most, usual_.rlim_max), usual_.rlim_max};
    ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &lowered), 0);
  }
  void start(const DumbPeers& there, std::size_t peers) {
    auto ends = pair::make_pair();
    ASSERT_TRUE(ends);
    auto link = Link::open(std::move(ends->second));
    ASSERT_TRUE(link);
    near_ = std::move(ends->first);
    running_ = std::thread([link = std::move(*link)] { link->run(); });
    send(pair::Configure{draw_key(), {}, "tcp://127.0.0.1:*"});
    for (std::size_t i = 0; i < peers; ++i) {
      pair::PeerSet peer;
      peer.endpoint = there.endpoint(i);
      put(peer.member, i);
      peer.key = *TransportKey::from(crypto::x25519_public(draw_key()).view());
      send(peer);
    }
  }

 private:
  static AgreementKey draw_key() {
    return AgreementKey::make([](auto raw) { crypto::system_random(raw); });
  }
  static void put(MemberId& member, std::size_t number) {
    member.bytes[0] = static_cast<std::uint8_t>(1 + number / 256);
    member.bytes[1] = static_cast<std::uint8_t>(number % 256);
  }
  void send(const pair::Frame& frame) {
    while (near_.send(pair::encode(frame)) == pair::Socket::Sent::would_block) {
      std::this_thread::sleep_for(1ms);
    }
  }

  rlimit usual_{};
  pair::Socket near_;
  std::thread running_;
};

TEST_F(LinkDials, FarMorePeersAtATimeThanZmqHasSocketsForByDefault) {
  constexpr std::size_t peers = 600;
  limit_descriptors(16'384);
  DumbPeers there;
  ASSERT_NO_FATAL_FAILURE(start(there, peers));
  EXPECT_EQ(there.dialled(peers, 20s, true), peers);
}

TEST_F(LinkDials, PeersBeyondTheDescriptorsTakeTurns) {
  constexpr std::size_t peers = 60;
  limit_descriptors(256);
  DumbPeers there;
  ASSERT_NO_FATAL_FAILURE(start(there, peers));
  EXPECT_LT(there.dialled(peers, 3s, false), peers);
  EXPECT_EQ(there.dialled(peers, 60s, false), peers);
}

}  // namespace
}  // namespace hamroh
