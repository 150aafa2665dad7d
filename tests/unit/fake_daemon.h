// A daemon of a test's own making behind a real local API socket, on a thread of its own: the test
// says what it answers. Destroying it is the daemon's death.
#pragma once

#include <poll.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <thread>

#include "daemon/api_socket.h"

namespace hamroh {

class TemporaryHome {
 public:
  TemporaryHome() {
    std::string path = (std::filesystem::temp_directory_path() / "hamroh-test-XXXXXX").string();
    CHECK(::mkdtemp(path.data()) != nullptr);
    path_ = path;
  }
  TemporaryHome(const TemporaryHome&) = delete;
  TemporaryHome& operator=(const TemporaryHome&) = delete;
  ~TemporaryHome() { std::filesystem::remove_all(path_); }
  [[nodiscard]] const std::string& path() const { return path_; }

 private:
  std::string path_;
};

class FakeDaemon {
 public:
  using Answer = std::optional<decltype(api::Reply::answer)>;  // absent: no answer at all
  using Respond = std::function<Answer(const api::Request&)>;

  FakeDaemon(const std::string& home, Respond respond)
      : respond_(std::move(respond)), stop_(::eventfd(0, EFD_CLOEXEC)) {
    auto socket = ApiSocket::open(home);
    CHECK(socket.has_value());
    thread_ = std::thread([this, own = std::move(*socket)]() mutable { serve(own); });
  }
  FakeDaemon(const FakeDaemon&) = delete;
  FakeDaemon& operator=(const FakeDaemon&) = delete;
  ~FakeDaemon() {
    const std::uint64_t one = 1;
    CHECK(::write(stop_, &one, sizeof(one)) == sizeof(one));
    thread_.join();
    ::close(stop_);
  }

 private:
  void serve(ApiSocket& socket_argument) {
    ApiSocket socket = std::move(socket_argument);  // dies with the thread
    constexpr std::size_t batch = 64;
    for (;;) {
      auto frames = socket.receive(batch);
      CHECK(frames.has_value());
      for (const ApiFrame& one : *frames) {
        answer(socket, one);
      }
      if (!frames->empty()) {
        continue;  // drain before waiting: the descriptor is edge-triggered
      }
      std::array<pollfd, 2> waits{pollfd{socket.descriptor(), POLLIN, 0}, pollfd{stop_, POLLIN, 0}};
      ::poll(waits.data(), waits.size(), -1);
      if (waits[1].revents != 0) {
        return;
      }
    }
  }
  void answer(ApiSocket& socket, const ApiFrame& one) {
    auto request = api::parse_request(one.frame);
    if (!request) {
      return;
    }
    if (auto answer = respond_(*request)) {
      [[maybe_unused]] const bool sent =
          socket.send(one.client, api::encode(api::Reply{request->id, std::move(*answer)}));
    }
  }

  Respond respond_;
  int stop_;
  std::thread thread_;
};

}  // namespace hamroh
