#include "daemon/api_socket.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <thread>
#include <utility>
#include <zmq.hpp>

#include "daemon/api_accept.h"

namespace hamroh {
namespace {

constexpr mode_t private_directory = 0700;
constexpr mode_t private_umask = 0077;
constexpr std::size_t address_bytes_max = 100;  // sockaddr_un has room for 107
constexpr int backlog = 64;
constexpr Duration reading_time = milliseconds(300);

// A descriptor that closes itself.
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

// Opens <home>/run, which must be the caller's own and closed to everybody else.
Result<Descriptor> open_private_directory(const std::string& path) {
  if (::mkdir(path.c_str(), private_directory) != 0 && errno != EEXIST) {
    return environment_error(Code::io_failed, "the directory run/ cannot be made in the home");
  }
  Descriptor directory(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  struct stat found {};
  if (directory.get() < 0 || ::fstat(directory.get(), &found) != 0 || found.st_uid != ::geteuid()) {
    return environment_error(Code::io_failed, "run/ in the home is not a directory of this user");
  }
  if ((found.st_mode & private_umask) != 0 && ::fchmod(directory.get(), private_directory) != 0) {
    return environment_error(Code::io_failed, "run/ in the home cannot be made private");
  }
  return directory;
}

void configure(zmq::socket_t& socket) {
  socket.set(zmq::sockopt::maxmsgsize, static_cast<std::int64_t>(api::limits::directory_chunk_max));
  socket.set(zmq::sockopt::sndhwm, ApiSocket::queued_replies_max);
  socket.set(zmq::sockopt::rcvhwm, ApiSocket::queued_requests_max);
  socket.set(zmq::sockopt::linger, 0);
  socket.set(zmq::sockopt::router_mandatory, true);
  socket.set(zmq::sockopt::backlog, backlog);
}

Bytes bytes_of(const zmq::message_t& message) {
  const auto* data = message.data<std::uint8_t>();
  return {data, data + message.size()};
}

}  // namespace

struct ApiSocket::Parts {
  Descriptor directory;  // stays open: a long path is bound through it
  zmq::context_t context{1};
  zmq::socket_t socket;

  // One message off the socket; nothing if none waits. A client that sends more or less than one
  // frame gets no answer.
  [[nodiscard]] bool take(std::optional<ApiFrame>& out) {
    zmq::message_t client;
    if (!socket.recv(client, zmq::recv_flags::dontwait)) {
      return false;
    }
    out.reset();
    std::size_t frames = 0;
    zmq::message_t part;
    for (bool more = client.more(); more; more = part.more()) {
      if (!socket.recv(part, zmq::recv_flags::dontwait)) {
        break;
      }
      if (++frames == 1) {
        out = ApiFrame{bytes_of(client), bytes_of(part)};
      }
    }
    if (frames != 1) {
      out.reset();
    }
    return true;
  }
};

ApiSocket::ApiSocket(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}
ApiSocket::ApiSocket(ApiSocket&&) noexcept = default;
ApiSocket& ApiSocket::operator=(ApiSocket&&) noexcept = default;
ApiSocket::~ApiSocket() = default;

Result<ApiSocket> ApiSocket::open(const std::string& home) {
  limit_connections();
  const std::string path = home + "/run";
  HAMROH_ASSIGN(Descriptor directory, open_private_directory(path));
  std::string address = path + "/api.sock";
  if (address.size() > address_bytes_max) {
    address = "/proc/self/fd/" + std::to_string(directory.get()) + "/api.sock";
  }
  try {
    std::unique_ptr<Parts> parts(new Parts{std::move(directory), zmq::context_t{1}, {}});
    parts->socket = zmq::socket_t(parts->context, zmq::socket_type::router);
    configure(parts->socket);
    const mode_t before = ::umask(private_umask);
    try {
      parts->socket.bind("ipc://" + address);
    } catch (const zmq::error_t&) {
      ::umask(before);
      throw;
    }
    ::umask(before);
    return ApiSocket(std::move(parts));
  } catch (const zmq::error_t&) {
    return environment_error(Code::io_failed, "run/api.sock in the home cannot be listened on");
  }
}

int ApiSocket::descriptor() const {
  return parts_->socket.get(zmq::sockopt::fd);
}

Result<std::vector<ApiFrame>> ApiSocket::receive(std::size_t max) {
  std::vector<ApiFrame> frames;
  try {
    std::optional<ApiFrame> frame;
    while (frames.size() < max && parts_->take(frame)) {
      if (frame) {
        frames.push_back(std::move(*frame));
      }
    }
  } catch (const zmq::error_t& fault) {
    if (fault.num() != EINTR) {
      return environment_error(Code::io_failed, "the local API's socket cannot be read");
    }
  }
  return frames;
}

bool ApiSocket::send(ByteView client, ByteView frame) {
  try {
    // With ROUTER_MANDATORY the first part alone says whether there is such a client with room.
    const auto more = zmq::send_flags::sndmore | zmq::send_flags::dontwait;
    if (!parts_->socket.send(zmq::const_buffer(client.data(), client.size()), more)) {
      return false;
    }
    return parts_->socket
        .send(zmq::const_buffer(frame.data(), frame.size()), zmq::send_flags::dontwait)
        .has_value();
  } catch (const zmq::error_t&) {
    return false;  // EHOSTUNREACH: the client has gone
  }
}

void ApiSocket::finish_sending(Duration at_most) {
  parts_->socket.set(zmq::sockopt::linger, static_cast<int>(std::min(at_most.ms, minutes(1).ms)));
  // A DEALER with IMMEDIATE, as the SDK has, drops what it has received and not yet read when its
  // connection ends (libzmq 4.3.4, session_base.cpp, reconnect: the pipe is terminated).
  std::this_thread::sleep_for(std::chrono::milliseconds(std::min(at_most.ms, reading_time.ms)));
}

}  // namespace hamroh
