// A hostile program on the same machine: whatever it sends, and however much of it, the node goes
// on, and another program is answered.

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <thread>

#include "tests/bench/network.h"
#include "tests/bench/raw_client.h"

namespace hamroh {
namespace {

using namespace std::chrono_literals;
using bench::code_of;
using bench::RawClient;

Bytes bytes(std::string_view text) {
  return {view(text).begin(), view(text).end()};
}

class HostileLocal : public testing::Test {
 protected:
  void SetUp() override {
    ASSERT_TRUE(crypto::start());
    auto network =
        bench::Network::found(testing::TempDir(), bench::own_directory(), {{"member", "ngo"}});
    ASSERT_TRUE(network) << network.error();
    network_.emplace(std::move(*network));
    const auto started = network_->start(0);
    ASSERT_TRUE(started) << started.error();
    auto client = network_->connect(0);
    ASSERT_TRUE(client) << client.error().text;
    client_.emplace(std::move(*client));
    client_->set_deadline(seconds(20));
    process_ = network_->process(0);
  }

  // The honest program is answered, while `attack` runs on a thread and afterwards.
  template <class Attack>
  void expect_answers_during(Attack attack) {
    std::atomic<bool> ending = false;
    std::thread attacker([&] { attack(ending); });
    auto slowest = 0ms;
    for (int i = 0; i < 100; ++i) {
      const auto from = std::chrono::steady_clock::now();
      const auto cases = client_->cases({std::nullopt, 16, false});
      EXPECT_TRUE(cases) << client_->words_for(cases.error());
      slowest = std::max(slowest, std::chrono::duration_cast<std::chrono::milliseconds>(
                                      std::chrono::steady_clock::now() - from));
      std::this_thread::sleep_for(10ms);
    }
    ending = true;
    attacker.join();
    EXPECT_LT(slowest, 5'000ms);
    expect_alive();
  }
  void expect_alive() {
    EXPECT_EQ(::waitpid(process_, nullptr, WNOHANG), 0) << "the daemon died";
    EXPECT_TRUE(client_->who_am_i());
  }
  // That say nothing; as many of them as the daemon takes.
  std::vector<int> connections(int count) {
    std::vector<int> sockets;
    for (int i = 0; i < count; ++i) {
      const int socket = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
      sockaddr_un address{};
      address.sun_family = AF_UNIX;
      const std::string path = home() + "/run/api.sock";
      std::copy(path.begin(), path.end(), address.sun_path);
      for (int tries = 0; tries < 50; ++tries) {
        if (::connect(socket, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0) {
          break;
        }
        std::this_thread::sleep_for(1ms);
      }
      sockets.push_back(socket);
    }
    return sockets;
  }
  const std::string& home() const { return network_->home(0); }

  std::optional<bench::Network> network_;
  std::optional<Client> client_;
  pid_t process_ = -1;
};

TEST_F(HostileLocal, AFloodOfRequestsStarvesNobody) {
  expect_answers_during([&](const std::atomic<bool>& ending) {
    RawClient flood(home());
    const Bytes status = api::encode(api::Request{1, api::GetStatus{}, {}});
    const Bytes members = api::encode(api::Request{2, api::GetMembers{}, {}});
    while (!ending) {
      if (!flood.send(status) || !flood.send(members)) {
        (void)flood.receive(1ms);
      }
    }
  });
}

TEST_F(HostileLocal, OneThatNeverReadsIsForgotten) {
  expect_answers_during([&](const std::atomic<bool>& ending) {
    RawClient flood(home());
    const Bytes status = api::encode(api::Request{1, api::GetStatus{}, {}});
    while (!ending) {
      if (!flood.send(status)) {
        std::this_thread::sleep_for(1ms);
      }
    }
  });
}

TEST_F(HostileLocal, AFloodOfLoginsDelaysNoTurn) {
  expect_answers_during([&](const std::atomic<bool>& ending) {
    RawClient flood(home());
    std::uint64_t id = 0;
    while (!ending) {
      const std::string name = "name " + std::to_string(++id);
      flood.send(
          api::encode(api::Request{id, api::Login{name, bytes("a wrong passphrase"), "", {}}, {}}));
      (void)flood.receive(1ms);
    }
  });
}

TEST_F(HostileLocal, GarbageAndHalfMessagesAreRefused) {
  expect_answers_during([&](const std::atomic<bool>& ending) {
    RawClient garbage(home());
    const Bytes whole =
        api::encode(api::Request{1, api::Login{"x", bytes("a passphrase"), "", {}}, {}});
    std::size_t length = 0;
    while (!ending) {
      Bytes noise(length % 700);
      crypto::system_random(noise);
      garbage.send(noise);
      garbage.send(ByteView(whole).first(length++ % whole.size()));
      (void)garbage.receive(1ms);
    }
  });
}

TEST_F(HostileLocal, BytesThatAreNoZeroMqEndTheirConnectionOnly) {
  expect_answers_during([&](const std::atomic<bool>& ending) {
    while (!ending) {
      const int socket = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
      sockaddr_un address{};
      address.sun_family = AF_UNIX;
      const std::string path = home() + "/run/api.sock";
      ASSERT_LT(path.size(), sizeof address.sun_path);
      std::copy(path.begin(), path.end(), address.sun_path);
      if (::connect(socket, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0) {
        Bytes noise(3'000);
        crypto::system_random(noise);
        [[maybe_unused]] const ssize_t sent =
            ::send(socket, noise.data(), noise.size(), MSG_NOSIGNAL);
      }
      ::close(socket);
    }
  });
}

TEST_F(HostileLocal, MoreConnectionsThanDescriptorsEndNothing) {
  network_->stop(0);
  constexpr std::uint64_t descriptors = 160;
  ASSERT_TRUE(network_->start(0, descriptors));
  process_ = network_->process(0);
  expect_alive();
  const auto sockets = connections(400);
  std::this_thread::sleep_for(2s);
  expect_alive();
  for (const int socket : sockets) {
    ::close(socket);
  }
  std::this_thread::sleep_for(1s);
  auto other = network_->connect(0);
  EXPECT_TRUE(other && other->who_am_i());
}

TEST_F(HostileLocal, AThousandConnectionsLeaveRoomForOneMore) {
  const auto sockets = connections(1'000);
  expect_alive();
  auto other = network_->connect(0);
  EXPECT_TRUE(other && other->who_am_i());
  for (const int socket : sockets) {
    ::close(socket);
  }
  expect_alive();
}

TEST_F(HostileLocal, GuessedAndAlteredTokensAreNobodys) {
  RawClient client(home());
  SessionToken token = *client_->session();
  for (std::size_t at = 0; at < SessionToken::size; ++at) {
    SessionToken guessed = token;
    guessed.bytes[at] ^= 1;
    EXPECT_EQ(code_of(client.ask(api::WhoAmI{}, guessed)), Code::not_authenticated);
  }
  for (int i = 0; i < 1'000; ++i) {
    crypto::system_random(token.bytes);
    EXPECT_EQ(code_of(client.ask(api::ListCases{}, token)), Code::not_authenticated);
  }
  expect_alive();
}

TEST_F(HostileLocal, HugeAndStrangePassphrasesAndNamesAreRefused) {
  RawClient client(home());
  // What does not parse is answered without the request's number.
  const auto first_code = [&](const api::Login& login) {
    client.send(api::encode(api::Request{1, login, {}}));
    return code_of(client.receive(30s));
  };
  EXPECT_EQ(first_code({"operator", Bytes(1'025, 'x'), "", {}}), Code::too_large);
  EXPECT_EQ(first_code({"operator", Bytes(1 << 20, 'x'), "", {}}), Code::too_large);
  EXPECT_EQ(first_code({std::string(5'000, 'n'), bytes("a passphrase"), "", {}}), Code::too_large);
  EXPECT_EQ(first_code({"\xff\xfe", bytes("a passphrase"), "", {}}), Code::malformed);
  EXPECT_EQ(first_code({"'; DROP TABLE user; --", bytes("a passphrase"), "", {}}),
            Code::bad_passphrase);
  EXPECT_EQ(first_code({"\x1b[2J\n", bytes(std::string_view("\0\1\2", 3)), "", {}}),
            Code::bad_passphrase);
  EXPECT_EQ(first_code({"", {}, "", {}}), Code::bad_passphrase);
  EXPECT_EQ(first_code({"operator", bytes("a passphrase"), "", bytes("short")}),
            Code::invalid_argument);
  expect_alive();
}

}  // namespace
}  // namespace hamroh
