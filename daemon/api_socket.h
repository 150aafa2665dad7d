// The daemon's end of the local API: one ZeroMQ ROUTER at <home>/run/api.sock, which only its owner
// may enter (directory 0700, socket 0600). Who a client is, its requests say (api.h);
// there are at most as many as api_accept.h leaves room for.
//
// Nothing here ever blocks. A client that does not read its replies loses them when its queue is
// full (it asks again: every request may be repeated); the daemon and other clients do not notice.
// A request is one frame of at most api::limits::directory_chunk_max bytes; anything else is
// dropped unread.
//
// `descriptor` is edge-triggered (ZMQ_FD): after it became readable, and also after any send, call
// `receive` until it brings less than was asked for, before waiting on it again.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "protocol/api.h"

namespace hamroh {

struct ApiFrame {
  Bytes client;  // the connection: names it while it lives, means nothing else
  Bytes frame;
};

class ApiSocket {
 public:
  static constexpr int queued_replies_max = 4'096;   // per client
  static constexpr int queued_requests_max = 4'096;  // per client

  // Makes <home>/run if it is absent, and takes over a socket that a dead daemon left behind: the
  // caller holds the lock of the home. Errors (environment): io_failed.
  [[nodiscard]] static Result<ApiSocket> open(const std::string& home);

  [[nodiscard]] int descriptor() const;
  // At most `max` requests, in order of arrival by client; none if nothing waits.
  [[nodiscard]] Result<std::vector<ApiFrame>> receive(std::size_t max);
  // False if the client is gone or its queue is full: the reply is lost.
  [[nodiscard]] bool send(ByteView client, ByteView frame);

  // The last words: returns when clients have had time to read what was sent. Each of these waits
  // takes so long at most; what is not sent then is dropped with the socket.
  void finish_sending(Duration at_most);

  ApiSocket(ApiSocket&&) noexcept;
  ApiSocket& operator=(ApiSocket&&) noexcept;
  ~ApiSocket();  // removes the socket file

 private:
  struct Parts;
  explicit ApiSocket(std::unique_ptr<Parts> parts);
  std::unique_ptr<Parts> parts_;
};

}  // namespace hamroh
