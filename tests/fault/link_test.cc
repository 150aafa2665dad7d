// A real node on a real port, and everything that a stranger or a member gone bad can throw at its
// link. After each attack an honest referral must still go through, and the link must have stayed
// small.

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <chrono>
#include <set>
#include <thread>
#include <zmq.hpp>

#include "daemon/keeper.h"
#include "protocol/envelope.h"
#include "sdk/include/hamroh/client.h"
#include "tests/bench/network.h"
#include "tests/bench/sample_form.h"
#include "tests/sim/random.h"

namespace hamroh {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t sender = 0;
constexpr std::size_t recipient = 1;
constexpr std::size_t bad_member = 2;  // its node does not run; the test speaks with its key
constexpr std::uint64_t link_kib_max = 64 * 1024;
constexpr std::uint64_t descriptors_few = 256;

// The private transport key of a home whose daemon does not run.
AgreementKey transport_key_of(const std::string& home) {
  Keeper keeper(Home(home), Configuration{});
  const bool opened = keeper.open_store(false) && keeper.open_node();
  CHECK(opened);
  auto transaction = keeper.store().begin();
  CHECK(transaction);
  Effects effects;
  Turn turn{wall_now(), monotonic_now(), **transaction, keeper.entropy(), effects};
  auto key = keeper.node().transport_secret(turn);
  CHECK(key);
  return std::move(*key);
}

class Link : public testing::Test {
 protected:
  void SetUp() override {
    ASSERT_TRUE(crypto::start());
    auto founded = bench::Network::found(
        testing::TempDir(), bench::own_directory(),
        {{"sender", "ngo"}, {"recipient", "commission"}, {"bad", "provider"}});
    ASSERT_TRUE(founded) << founded.error();
    network_.emplace(std::move(*founded));
    bad_key_ = transport_key_of(network_->home(bad_member));
    for (const std::size_t member : {sender, recipient}) {
      const auto started = network_->start(member);
      ASSERT_TRUE(started) << started.error();
    }
    auto client = network_->connect(sender);
    ASSERT_TRUE(client);
    client_.emplace(std::move(*client));
    const auto members = client_->members();
    ASSERT_TRUE(members);
    for (const Member& member : members->members) {
      if (member.name == "recipient") {
        recipient_ = member;
      } else if (member.name == "bad") {
        bad_ = member;
      }
    }
    ASSERT_NO_FATAL_FAILURE(expect_honest_referral());
  }

  void expect_honest_referral() {
    api::Submit submission;
    submission.message = new_message_id();
    submission.kind = EventKind::referral_send;
    submission.to = {recipient_.id};
    submission.body = bench::sample_body(1'000, 1);
    ASSERT_TRUE(client_->submit(submission));
    const auto shown = client_->wait(submission.message, Level::opened, minutes(1));
    ASSERT_TRUE(shown) << client_->words_for(shown.error());
    EXPECT_EQ(shown->level(), Level::opened);
    const pid_t link = network_->link_process(recipient);
    ASSERT_GT(link, 0);
    EXPECT_LT(bench::peak_rss_kib(link), link_kib_max);
    // And nothing false was opened.
    auto there = network_->connect(recipient);
    ASSERT_TRUE(there);
    const auto cases = there->cases({std::nullopt, api::limits::page_items_max, false});
    ASSERT_TRUE(cases);
    EXPECT_EQ(cases->cases.size(), ++referrals_);
  }

  void restart_recipient_with(std::uint64_t descriptors_max) {
    network_->stop(recipient);
    const auto started = network_->start(recipient, descriptors_max);
    ASSERT_TRUE(started) << started.error();
    ASSERT_NO_FATAL_FAILURE(expect_honest_referral());
  }

  // A socket that connects to the recipient's link; with a CURVE key, or none; from another
  // address than that of the honest ones, if it matters.
  zmq::socket_t dial(const AgreementKey* secret, const std::string& from = {}) {
    zmq::socket_t socket(context_, zmq::socket_type::dealer);
    socket.set(zmq::sockopt::linger, 0);
    if (secret != nullptr) {
      const EpochKey own = crypto::x25519_public(*secret);
      const std::string server(text(recipient_.transport.view()));
      zmq_setsockopt(socket.handle(), ZMQ_CURVE_SERVERKEY, server.data(), server.size());
      zmq_setsockopt(socket.handle(), ZMQ_CURVE_PUBLICKEY, own.bytes.data(), own.bytes.size());
      secret->expose([&](auto raw) {
        zmq_setsockopt(socket.handle(), ZMQ_CURVE_SECRETKEY, raw.data(), raw.size());
      });
    }
    const std::string to = recipient_.endpoint.substr(std::string("tcp://").size());
    socket.connect("tcp://" + (from.empty() ? to : from + ":0;" + to));
    return socket;
  }

  // Receives something when the socket's connection has ended, at most 15 seconds later.
  zmq::socket_t watch_end(zmq::socket_t& socket) {
    zmq_socket_monitor(socket.handle(), "inproc://ended", ZMQ_EVENT_DISCONNECTED);
    zmq::socket_t monitor(context_, zmq::socket_type::pair);
    monitor.set(zmq::sockopt::rcvtimeo, 15'000);
    monitor.connect("inproc://ended");
    return monitor;
  }

  // What the socket takes within a second, at most `count` frames.
  static void send_frames(zmq::socket_t& socket, const Bytes& frame, std::size_t count,
                          zmq::send_flags flags = zmq::send_flags::none) {
    const auto end = std::chrono::steady_clock::now() + 1s;
    for (std::size_t i = 0; i < count && std::chrono::steady_clock::now() < end;) {
      if (socket.send(zmq::buffer(frame), flags | zmq::send_flags::dontwait)) {
        ++i;
      } else {
        std::this_thread::sleep_for(1ms);
      }
    }
  }

  sim::Random random_{7};
  std::optional<bench::Network> network_;
  std::optional<Client> client_;
  Member recipient_;
  Member bad_;
  AgreementKey bad_key_;
  std::size_t referrals_ = 0;
  zmq::context_t context_{1};
};

Bytes random_bytes(sim::Random& random, std::size_t length) {
  Bytes out(length);
  for (std::uint8_t& byte : out) {
    byte = static_cast<std::uint8_t>(random.next());
  }
  return out;
}

TEST_F(Link, PlainTcpGarbageDisturbsNobody) {
  const std::string port = recipient_.endpoint.substr(recipient_.endpoint.rfind(':') + 1);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(std::stoi(port)));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  std::vector<int> open;
  for (int i = 0; i < 200; ++i) {  // half speak nonsense, half say nothing and stay
    const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    ASSERT_GE(fd, 0);
    if (::connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0 &&
        i % 2 == 0) {
      const Bytes garbage = random_bytes(random_, 4'096);
      [[maybe_unused]] const auto sent = ::send(fd, garbage.data(), garbage.size(), MSG_NOSIGNAL);
    }
    open.push_back(fd);
  }
  expect_honest_referral();
  for (const int fd : open) {
    ::close(fd);
  }
  expect_honest_referral();
}

TEST_F(Link, StrangersWithoutOrWithAnUnknownKeyGetNowhere) {
  zmq::socket_t plain = dial(nullptr);
  send_frames(plain, Bytes(1'000, 1), 1'000);
  const AgreementKey unknown = AgreementKey::make([](auto raw) { crypto::system_random(raw); });
  zmq::socket_t stranger = dial(&unknown);
  send_frames(stranger, Bytes(1'000, 1), 1'000);
  expect_honest_referral();
  auto there = network_->connect(recipient);
  ASSERT_TRUE(there);
  std::uint64_t refused = 0;
  for (int i = 0; i < 50 && refused == 0; ++i) {  // the link reports when it next wakes
    const auto status = there->status();
    ASSERT_TRUE(status);
    refused = status->link.refused;
    std::this_thread::sleep_for(100ms);
  }
  EXPECT_GT(refused, 0U);
}

TEST_F(Link, GarbageUnderAMembersKeyIsRefusedFrameByFrame) {
  zmq::socket_t socket = dial(&bad_key_);
  for (int i = 0; i < 2'000; ++i) {
    Bytes frame = random_bytes(random_, 1 + random_.below(3'000));
    frame[0] = static_cast<std::uint8_t>(random_.below(5));  // often a type that exists
    send_frames(socket, frame, 1);
  }
  // A hello in somebody else's name, and one of another network.
  Hello hello;
  hello.member = recipient_.id;
  hello.incarnation = 1;
  send_frames(socket, encode_hello(hello), 50);
  expect_honest_referral();
}

TEST_F(Link, OversizeFramesAndEndlessMultipartsEndTheConnectionOnly) {
  zmq::socket_t large = dial(&bad_key_);
  send_frames(large, Bytes(limits::frame_bytes_max + 1, 2), 20);
  expect_honest_referral();
  zmq::socket_t endless = dial(&bad_key_);
  send_frames(endless, Bytes(200'000, 2), 400, zmq::send_flags::sndmore);
  expect_honest_referral();
  send_frames(endless, Bytes(1, 2), 20'000, zmq::send_flags::sndmore);
  expect_honest_referral();
}

TEST_F(Link, FloodOfConnectionsIsBounded) {
  std::vector<zmq::socket_t> many;
  for (int i = 0; i < 100; ++i) {
    many.push_back(dial(&bad_key_));
    send_frames(many.back(), Bytes(100, 1), 1);
  }
  expect_honest_referral();
}

TEST_F(Link, OneMembersConnectionsLeaveDescriptorsForTheOthers) {
  ASSERT_NO_FATAL_FAILURE(restart_recipient_with(descriptors_few));
  std::vector<zmq::socket_t> many;
  for (int i = 0; i < 400; ++i) {
    many.push_back(dial(&bad_key_, "127.0.0.2"));
    send_frames(many.back(), Bytes(100, 1), 1);
  }
  network_->kill_link(sender);  // it has to dial anew
  expect_honest_referral();
}

TEST_F(Link, SilentConnectionsLeaveDescriptorsForTheOthersAndAreShut) {
  ASSERT_NO_FATAL_FAILURE(restart_recipient_with(descriptors_few));
  std::vector<zmq::socket_t> many;
  for (int i = 0; i < 400; ++i) {
    many.push_back(dial(&bad_key_, "127.0.0.2"));
  }
  network_->kill_link(sender);
  expect_honest_referral();
  many.clear();
  many.push_back(dial(&bad_key_, "127.0.0.2"));  // its handshake succeeds, and then nothing
  zmq::socket_t monitor = watch_end(many.back());
  zmq::message_t event;
  EXPECT_TRUE(monitor.recv(event));
}

TEST_F(Link, KilledLinkComesBack) {
  std::set<pid_t> links;
  for (int i = 0; i < 3; ++i) {
    links.insert(network_->link_process(recipient));
    network_->kill_link(recipient);
    expect_honest_referral();
  }
  EXPECT_EQ(links.size(), 3U);
}

}  // namespace
}  // namespace hamroh
