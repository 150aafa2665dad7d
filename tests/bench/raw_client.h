// A local program that keeps to no rule of the SDK: it sends what the test wants, as often as the
// test wants, under any token.
#pragma once

#include <chrono>
#include <string>
#include <zmq.hpp>

#include "protocol/api.h"

namespace hamroh::bench {

class RawClient {
 public:
  explicit RawClient(const std::string& home) : socket_(context_, zmq::socket_type::dealer) {
    socket_.set(zmq::sockopt::linger, 0);
    socket_.connect("ipc://" + home + "/run/api.sock");
  }

  // False if the connection takes no more at the moment.
  bool send(ByteView frame) {
    return socket_.send(zmq::const_buffer(frame.data(), frame.size()), zmq::send_flags::dontwait)
        .has_value();
  }
  [[nodiscard]] std::optional<api::Reply> receive(std::chrono::milliseconds timeout) {
    zmq::message_t message;
    socket_.set(zmq::sockopt::rcvtimeo, static_cast<int>(timeout.count()));
    if (!socket_.recv(message)) {
      return std::nullopt;
    }
    auto reply = api::parse_reply({message.data<std::uint8_t>(), message.size()});
    return reply ? std::optional(std::move(*reply)) : std::nullopt;
  }
  // The answer to this request; whatever else comes meanwhile is dropped.
  [[nodiscard]] std::optional<api::Reply> ask(
      const decltype(api::Request::ask)& what, const std::optional<SessionToken>& session = {},
      std::chrono::milliseconds timeout = std::chrono::seconds(60)) {
    const api::Request request{++last_id_, what, session};
    send(api::encode(request));
    const auto until = std::chrono::steady_clock::now() + timeout;
    for (;;) {
      const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
          until - std::chrono::steady_clock::now());
      auto reply = left.count() > 0 ? receive(left) : std::nullopt;
      if (!reply || reply->id == last_id_) {
        return reply;
      }
    }
  }

 private:
  zmq::context_t context_{1};
  zmq::socket_t socket_;
  std::uint64_t last_id_ = 0;
};

// Why it was refused; none if it was not.
[[nodiscard]] inline Code code_of(const std::optional<api::Reply>& reply) {
  if (!reply) {
    return Code::timed_out;
  }
  const auto* failure = std::get_if<api::Failure>(&reply->answer);
  return failure != nullptr ? failure->code : Code::none;
}

}  // namespace hamroh::bench
