#include "sdk/connection.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <utility>
#include <zmq.hpp>

#include "protocol/crypto.h"

namespace hamroh {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t address_bytes_max = 100;  // sockaddr_un has room for 107
constexpr int queue_max = 8'192;                // above what a client may have unanswered
constexpr int reconnect_ms_min = 20;
constexpr int reconnect_ms_max = 500;
constexpr std::size_t replies_per_pass_max = 1'024;
constexpr auto resend_delay_min = 5s;
constexpr auto resend_delay_max = 60s;
constexpr const char* monitor_address = "inproc://breaks";

class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  Descriptor(Descriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Descriptor& operator=(Descriptor&&) = delete;
  ~Descriptor() {
    if (fd_ >= 0) {
      ::close(fd_);
    }
  }
  [[nodiscard]] int get() const { return fd_; }

 private:
  int fd_;
};

// ZeroMQ would go on trying in silence; a plain connection says at once whether somebody listens.
Status knock(const std::string& path) {
  const Descriptor socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  CHECK(path.size() < sizeof(address.sun_path));
  std::memcpy(address.sun_path, path.c_str(), path.size() + 1);
  if (socket.get() < 0) {
    return environment_error(Code::io_failed, "no socket can be made");
  }
  if (::connect(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)) == 0 ||
      errno == EAGAIN || errno == EINPROGRESS) {
    return {};
  }
  return errno == EACCES
             ? environment_error(Code::unavailable, "this user may not enter the node's run/")
             : environment_error(Code::unavailable, "no node listens in this home");
}

Blame blame_of(Code code) {
  switch (code) {
    case Code::store_failed:
    case Code::store_corrupt:
    case Code::store_newer:
    case Code::io_failed:
    case Code::full:
      return Blame::environment;
    default:
      return Blame::caller;
  }
}

}  // namespace

struct Client::Connection::Socket {
  Descriptor directory;  // stays open: a long path is entered through it
  zmq::context_t context{1};
  zmq::socket_t dealer;
  zmq::socket_t monitor;
  bool broken = false;

  void connect(const std::string& path) {
    dealer = zmq::socket_t(context, zmq::socket_type::dealer);
    dealer.set(zmq::sockopt::linger, 0);
    dealer.set(zmq::sockopt::immediate, true);
    dealer.set(zmq::sockopt::sndhwm, queue_max);
    dealer.set(zmq::sockopt::rcvhwm, queue_max);
    dealer.set(zmq::sockopt::maxmsgsize,
               static_cast<std::int64_t>(api::limits::directory_chunk_max));
    dealer.set(zmq::sockopt::reconnect_ivl, reconnect_ms_min);
    dealer.set(zmq::sockopt::reconnect_ivl_max, reconnect_ms_max);
    constexpr int events = ZMQ_EVENT_DISCONNECTED | ZMQ_EVENT_HANDSHAKE_SUCCEEDED;
    if (zmq_socket_monitor(dealer.handle(), monitor_address, events) != 0) {
      throw zmq::error_t();
    }
    monitor = zmq::socket_t(context, zmq::socket_type::pair);
    monitor.set(zmq::sockopt::linger, 0);
    monitor.connect(monitor_address);
    dealer.connect("ipc://" + path);
  }
  // True if a broken connection has been replaced since the last call. Not when it breaks: until
  // then the dealer may still write into the old one, and such requests have to be sent again too.
  [[nodiscard]] bool replaced() {
    bool any = false;
    zmq::message_t part;
    while (monitor.recv(part, zmq::recv_flags::dontwait)) {
      std::uint16_t event = 0;  // in the machine's order, then what this does not need
      if (!part.more() || part.size() < sizeof(event)) {
        continue;
      }
      std::memcpy(&event, part.data(), sizeof(event));
      any = any || (event == ZMQ_EVENT_HANDSHAKE_SUCCEEDED && broken);
      broken = event == ZMQ_EVENT_DISCONNECTED;
    }
    if (any) {
      // Asking for the events makes the dealer hear that the old connection has ended.
      [[maybe_unused]] const int events = dealer.get(zmq::sockopt::events);
    }
    return any;
  }
};

Client::Connection::SteadyClock::time_point Client::Connection::Pending::due() const {
  return deadline ? std::min(*deadline, resend_at) : resend_at;
}

Client::Connection::Connection(std::unique_ptr<Socket> socket) : socket_(std::move(socket)) {}

Client::Connection::~Connection() {
  for (auto& [id, pending] : pending_) {
    if (pending.secret) {
      crypto::wipe(pending.frame);
    }
  }
}

Result<std::unique_ptr<Client::Connection>> Client::Connection::open(const std::string& home) {
  const std::string directory_path = home + "/run";
  Descriptor directory(::open(directory_path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (directory.get() < 0) {
    return errno == EACCES
               ? environment_error(Code::unavailable, "this user may not enter the node's home")
               : environment_error(Code::unavailable, "no node listens in this home");
  }
  std::string path = directory_path + "/api.sock";
  if (path.size() > address_bytes_max) {
    path = "/proc/self/fd/" + std::to_string(directory.get()) + "/api.sock";
  }
  HAMROH_TRY(knock(path));
  try {
    std::unique_ptr<Socket> socket(
        new Socket{std::move(directory), zmq::context_t{1}, {}, {}, false});
    socket->connect(path);
    return std::unique_ptr<Connection>(new Connection(std::move(socket)));
  } catch (const zmq::error_t&) {
    return environment_error(Code::io_failed, "no connection to the node can be made");
  }
}

Client::Connection::Patience Client::Connection::patience() const {
  return {resend_delay_min, SteadyClock::now() + deadline_};
}

std::uint64_t Client::Connection::ask(api::Ask what, const Patience& patience, Handler handler) {
  const std::uint64_t id = next_id_++;
  api::Request request{id, std::move(what), session_};
  Pending pending;
  pending.session = session_;
  pending.frame = api::encode(request);
  pending.handler = std::move(handler);
  pending.deadline = patience.deadline;
  pending.resend_delay = patience.resend;
  pending.resend_at = SteadyClock::now() + patience.resend;
  pending.secret = api::holds_passphrase(request);
  api::wipe_passphrases(request);
  next_due_ = std::min(next_due_, pending.due());
  pending_.emplace(id, std::move(pending));
  unsent_.push_back(id);
  try {
    flush();
  } catch (const zmq::error_t&) {
    // The next poll meets the same fault and reports it.
  }
  return id;
}

void Client::Connection::forget(std::uint64_t id) {
  pending_.erase(id);
}

std::size_t Client::Connection::poll(SteadyClock::time_point until) {
  try {
    for (;;) {
      if (socket_->replaced()) {
        queue_sent_again();
      }
      flush();
      const std::size_t ran = receive_some() + attend_due(SteadyClock::now());
      const SteadyClock::time_point now = SteadyClock::now();
      if (ran > 0 || now >= until || pending_.empty()) {
        return ran;
      }
      const auto wait = std::chrono::ceil<std::chrono::milliseconds>(
          std::max(SteadyClock::duration{0}, std::min(until, next_due_) - now));
      const short events = unsent_.empty() ? ZMQ_POLLIN : ZMQ_POLLIN | ZMQ_POLLOUT;
      std::array<zmq::pollitem_t, 2> items{
          zmq::pollitem_t{socket_->dealer.handle(), 0, events, 0},
          zmq::pollitem_t{socket_->monitor.handle(), 0, ZMQ_POLLIN, 0}};
      zmq::poll(items, std::min<std::chrono::milliseconds>(wait, 1h));
    }
  } catch (const zmq::error_t& fault) {
    if (fault.num() == EINTR) {
      return 0;
    }
    return fail_all({Code::io_failed, Blame::environment, "the connection to the node failed"});
  }
}

void Client::Connection::flush() {
  while (!unsent_.empty()) {
    const auto found = pending_.find(unsent_.front());
    if (found != pending_.end()) {
      const Bytes& frame = found->second.frame;
      if (!socket_->dealer.send(zmq::const_buffer(frame.data(), frame.size()),
                                zmq::send_flags::dontwait)) {
        return;  // not connected; poll waits until it is
      }
      found->second.queued = false;
    }
    unsent_.pop_front();
  }
}

void Client::Connection::queue_sent_again() {
  std::vector<std::uint64_t> sent;
  for (auto& [id, pending] : pending_) {
    if (!pending.queued && !pending.waits_for_login) {
      pending.queued = true;
      sent.push_back(id);
    }
  }
  std::sort(sent.begin(), sent.end());
  unsent_.insert(unsent_.begin(), sent.begin(), sent.end());
}

std::size_t Client::Connection::receive_some() {
  std::size_t ran = 0;
  zmq::message_t message;
  for (std::size_t i = 0; i < replies_per_pass_max; ++i) {
    if (!socket_->dealer.recv(message, zmq::recv_flags::dontwait)) {
      break;
    }
    auto reply = api::parse_reply({message.data<std::uint8_t>(), message.size()});
    if (!reply || !pending_.contains(reply->id)) {
      continue;  // a second answer, or nothing this version understands: the deadline will tell
    }
    if (auto* failure = std::get_if<api::Failure>(&reply->answer)) {
      if (try_again(reply->id, *failure)) {
        continue;
      }
      refusal_ = std::move(failure->text);
      settle(reply->id, tl::unexpected(Error{failure->code, blame_of(failure->code), refused}));
    } else {
      settle(reply->id, std::move(reply->answer));
    }
    ++ran;
  }
  return ran;
}

std::size_t Client::Connection::attend_due(SteadyClock::time_point now) {
  if (now < next_due_) {
    return 0;
  }
  std::vector<std::uint64_t> late;
  next_due_ = SteadyClock::time_point::max();
  for (auto& [id, pending] : pending_) {
    if (pending.deadline && now >= *pending.deadline) {
      late.push_back(id);
      continue;
    }
    if (now >= pending.resend_at) {
      if (!pending.queued && !pending.waits_for_login) {
        pending.queued = true;
        unsent_.push_back(id);
      }
      pending.resend_delay =
          std::min<SteadyClock::duration>(pending.resend_delay * 2, resend_delay_max);
      pending.resend_at = now + pending.resend_delay;
    }
    next_due_ = std::min(next_due_, pending.due());
  }
  std::sort(late.begin(), late.end());
  for (const std::uint64_t id : late) {
    settle(id, environment_error(Code::timed_out, "the node did not answer in time"));
  }
  return late.size();
}

std::size_t Client::Connection::fail_all(const Error& error) {
  std::vector<std::uint64_t> ids;
  for (const auto& [id, pending] : pending_) {
    ids.push_back(id);
  }
  std::sort(ids.begin(), ids.end());
  for (const std::uint64_t id : ids) {
    settle(id, tl::unexpected(error));
  }
  return ids.size();
}

// The request is forgotten before its handler runs, so that the handler may ask again.
void Client::Connection::settle(std::uint64_t id, Result<api::Answer> result) {
  auto found = pending_.extract(id);
  if (found.empty()) {
    return;  // forgotten by an earlier handler
  }
  Pending& pending = found.mapped();
  if (pending.secret) {
    crypto::wipe(pending.frame);
  }
  pending.handler(std::move(result));
}

bool Client::Connection::try_again(std::uint64_t id, const api::Failure& failure) {
  Pending& pending = pending_.at(id);
  if (failure.code != Code::not_authenticated || !key_ || !pending.session ||
      pending.logins_left == 0) {
    return false;
  }
  --pending.logins_left;
  if (session_ && pending.session != session_) {
    send_under_session(id);  // somebody else's refusal has brought a new one already
    return true;
  }
  pending.waits_for_login = true;
  if (!logging_in_) {
    logging_in_ = true;
    constexpr unsigned attempts = 8;  // the daemon may be killed between challenge and login
    log_in_again(attempts);
  }
  return true;
}

void Client::Connection::log_in_again(unsigned attempts_left) {
  const auto expired = std::exchange(session_, std::nullopt);  // these two name no session
  ask(api::GetChallenge{}, patience(), [this, attempts_left](Result<api::Answer> reply) {
    const auto* challenge = reply ? std::get_if<api::Challenge>(&*reply) : nullptr;
    if (challenge == nullptr || !key_ || challenge->home != key_->home) {
      login_ended(reply, 0);
      return;
    }
    const api::LoginWithKey login{
        key_->user, challenge->challenge,
        sign_login(key_->seed, key_->home, key_->user, challenge->challenge)};
    const auto expired = std::exchange(session_, std::nullopt);
    ask(login, patience(),
        [this, attempts_left](Result<api::Answer> logged) { login_ended(logged, attempts_left); });
    session_ = expired;
  });
  session_ = expired;
}

void Client::Connection::login_ended(const Result<api::Answer>& reply, unsigned attempts_left) {
  const auto* logged = reply ? std::get_if<api::LoggedIn>(&*reply) : nullptr;
  if (logged == nullptr && attempts_left > 1 && key_) {
    log_in_again(attempts_left - 1);
    return;
  }
  logging_in_ = false;
  if (logged != nullptr) {
    session_ = logged->token;
  }
  std::vector<std::uint64_t> waiting;
  for (const auto& [id, pending] : pending_) {
    if (pending.waits_for_login) {
      waiting.push_back(id);
    }
  }
  std::sort(waiting.begin(), waiting.end());
  const Error error =
      reply ? Error{Code::not_authenticated, Blame::caller, refused} : reply.error();
  for (const std::uint64_t id : waiting) {
    if (logged != nullptr) {
      send_under_session(id);
    } else {
      settle(id, tl::unexpected(error));
    }
  }
}

// The token stands in the frame as 32 bytes that are found nowhere else.
void Client::Connection::send_under_session(std::uint64_t id) {
  Pending& pending = pending_.at(id);
  const auto& before = pending.session->bytes;
  const auto at =
      std::search(pending.frame.begin(), pending.frame.end(), before.begin(), before.end());
  CHECK(at != pending.frame.end() && session_);
  std::copy(session_->bytes.begin(), session_->bytes.end(), at);
  pending.session = session_;
  pending.waits_for_login = false;
  if (!pending.queued) {
    pending.queued = true;
    unsent_.push_back(id);
  }
}

}  // namespace hamroh
