// The SDK's connection to one daemon: requests that have not been answered, and their way there.
//
// A ZeroMQ DEALER that sends only while it is connected (ZMQ_IMMEDIATE). When the connection
// breaks, everything unanswered is sent again over the next one, in the order of the requests,
// until its deadline; what is unanswered for long without a break is sent again too. A reply that
// comes twice finds no request and is dropped.
//
// With a key, a request that is refused because its session has ended waits until the key has
// brought another session, and is then sent again under that.
#pragma once

#include <chrono>
#include <deque>
#include <memory>
#include <unordered_map>

#include "sdk/include/hamroh/client.h"

namespace hamroh {

class Client::Connection {
 public:
  using SteadyClock = std::chrono::steady_clock;
  // Gets the reply (never a Failure, which becomes an error), or why there is none.
  using Handler = std::function<void(Result<api::Answer>)>;
  // The text of an error it answered with. An array, which has one address in the whole program: a
  // literal may have another one in each file, and this is told from other texts by its address.
  static constexpr char refused[] = "the node refused";
  struct Patience {
    SteadyClock::duration resend;  // without an answer; then twice as long each time
    std::optional<SteadyClock::time_point> deadline;  // absent: for ever
  };

  // Errors (environment): unavailable.
  [[nodiscard]] static Result<std::unique_ptr<Connection>> open(const std::string& home);
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  // Returns the number of the request. The handler runs in a later `poll`, unless it is forgotten.
  std::uint64_t ask(api::Ask what, const Patience& patience, Handler handler);
  void forget(std::uint64_t id);
  [[nodiscard]] std::size_t outstanding() const { return pending_.size(); }
  // Runs the handlers of what came, waiting until `until` for the first. Returns how many ran; at
  // once if nothing is unanswered.
  std::size_t poll(SteadyClock::time_point until);

  [[nodiscard]] Patience patience() const;  // of an ordinary call
  void set_deadline(Duration deadline) { deadline_ = std::chrono::milliseconds(deadline.ms); }
  [[nodiscard]] const std::string& refusal() const { return refusal_; }

  // What requests name from here on.
  void use_session(const std::optional<SessionToken>& token) { session_ = token; }
  [[nodiscard]] const std::optional<SessionToken>& session() const { return session_; }
  void keep_key(UserKeyFile key) { key_ = std::move(key); }
  void forget_key() { key_.reset(); }

 private:
  struct Socket;
  struct Pending {
    Bytes frame;
    Handler handler;
    std::optional<SteadyClock::time_point> deadline;
    SteadyClock::time_point resend_at;
    SteadyClock::duration resend_delay{};
    bool queued = true;  // stands in unsent_
    bool secret = false;
    std::optional<SessionToken> session;  // that stands in the frame
    bool waits_for_login = false;
    unsigned logins_left = 64;  // how often it may be sent again after one
    [[nodiscard]] SteadyClock::time_point due() const;
  };

  explicit Connection(std::unique_ptr<Socket> socket);
  void flush();
  void queue_sent_again();
  std::size_t receive_some();
  std::size_t attend_due(SteadyClock::time_point now);
  std::size_t fail_all(const Error& error);
  void settle(std::uint64_t id, Result<api::Answer> result);
  // True if a refused request is going to be asked again under another session.
  [[nodiscard]] bool try_again(std::uint64_t id, const api::Failure& failure);
  void log_in_again(unsigned attempts_left);
  void login_ended(const Result<api::Answer>& reply, unsigned attempts_left);
  void send_under_session(std::uint64_t id);

  std::unique_ptr<Socket> socket_;
  std::unordered_map<std::uint64_t, Pending> pending_;
  std::deque<std::uint64_t> unsent_;
  SteadyClock::time_point next_due_ = SteadyClock::time_point::max();  // never later than any due()
  std::uint64_t next_id_ = 1;
  SteadyClock::duration deadline_ = std::chrono::seconds(10);
  std::string refusal_;
  std::optional<SessionToken> session_;
  std::optional<UserKeyFile> key_;
  bool logging_in_ = false;
};

}  // namespace hamroh
