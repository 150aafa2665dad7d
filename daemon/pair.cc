#include "daemon/pair.h"

#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

namespace hamroh::pair {
namespace {

// Types on the pair: explicit, never reused; the position in Frame is not used.
enum class Type : std::uint8_t {
  configure = 1,
  peer_set = 2,
  peer_remove = 3,
  send = 4,
  end_sessions = 5,
  stop = 6,
  ready = 16,
  failed = 17,
  received = 18,
  peer_up = 19,
  peer_down = 20,
  statistics = 21,
};
constexpr std::size_t endpoint_bytes_max = 300;
// 1 MiB is asked for, so that frames can wait in the kernel. What the kernel gives is read back, in
// its own count, which is twice what was asked for, at most twice net.core.wmem_max unless FORCE is
// allowed. It refuses a datagram over that count less 32 bytes for ever (EMSGSIZE): so less than
// what one datagram needs is no pair at all, and everything above that only means waiting sooner.
constexpr int buffer_bytes_wanted = 1024 * 1024;
constexpr int buffer_bytes_needed = static_cast<int>(datagram_bytes_max) + 32;

Bytes begin(Type type) {
  return {static_cast<std::uint8_t>(type)};
}

Bytes with_member(Type type, const MemberId& member) {
  Bytes out = begin(type);
  append(out, member.view());
  return out;
}

struct Encode {
  Bytes operator()(const Configure& frame) const {
    Bytes out = with_member(Type::configure, frame.self);
    frame.secret.expose([&out](auto raw) { append(out, raw); });
    append(out, view(frame.endpoint));
    return out;
  }
  Bytes operator()(const PeerSet& frame) const {
    Bytes out = with_member(Type::peer_set, frame.member);
    append(out, frame.key.view());
    append(out, view(frame.endpoint));
    return out;
  }
  Bytes operator()(const PeerRemove& frame) const {
    return with_member(Type::peer_remove, frame.member);
  }
  Bytes operator()(const Send& frame) const { return with_member(Type::send, frame.member); }
  Bytes operator()(const EndSessions& frame) const {
    return with_member(Type::end_sessions, frame.member);
  }
  Bytes operator()(const Stop&) const { return begin(Type::stop); }
  Bytes operator()(const Ready& frame) const {
    Bytes out = begin(Type::ready);
    append(out, view(frame.endpoint));
    return out;
  }
  Bytes operator()(const Failed& frame) const {
    Bytes out = begin(Type::failed);
    put_u16(out, static_cast<std::uint16_t>(frame.code));
    return out;
  }
  Bytes operator()(const Received& frame) const {
    return with_member(Type::received, frame.member);
  }
  Bytes operator()(const PeerUp& frame) const { return with_member(Type::peer_up, frame.member); }
  Bytes operator()(const PeerDown& frame) const {
    return with_member(Type::peer_down, frame.member);
  }
  Bytes operator()(const Statistics& frame) const {
    Bytes out = begin(Type::statistics);
    for (const std::uint64_t number : {frame.bytes_in, frame.bytes_out, frame.frames_in,
                                       frame.frames_out, frame.refused, frame.dropped}) {
      put_u64(out, number);
    }
    return out;
  }
};

std::string take_endpoint(ByteReader& reader) {
  return std::string(text(reader.take(std::min(reader.remaining(), endpoint_bytes_max))));
}

std::optional<Frame> parse_body(Type type, ByteReader& reader) {
  switch (type) {
    case Type::configure: {
      Configure frame;
      frame.self = reader.fixed<MemberId>();
      const ByteView secret = reader.take(32);
      if (secret.size() == 32) {
        frame.secret = AgreementKey(secret.first<32>());
      }
      frame.endpoint = take_endpoint(reader);
      return frame;
    }
    case Type::peer_set: {
      PeerSet frame;
      frame.member = reader.fixed<MemberId>();
      frame.key = reader.fixed<TransportKey>();
      frame.endpoint = take_endpoint(reader);
      return frame;
    }
    case Type::peer_remove:
      return PeerRemove{reader.fixed<MemberId>()};
    case Type::send: {
      const auto member = reader.fixed<MemberId>();
      return Send{member, reader.take(reader.remaining())};
    }
    case Type::end_sessions:
      return EndSessions{reader.fixed<MemberId>()};
    case Type::stop:
      return Stop{};
    case Type::ready:
      return Ready{take_endpoint(reader)};
    case Type::failed:
      return Failed{static_cast<Code>(reader.u16())};
    case Type::received: {
      const auto member = reader.fixed<MemberId>();
      return Received{member, reader.take(reader.remaining())};
    }
    case Type::peer_up:
      return PeerUp{reader.fixed<MemberId>()};
    case Type::peer_down:
      return PeerDown{reader.fixed<MemberId>()};
    case Type::statistics: {
      Statistics frame;
      for (std::uint64_t* number : {&frame.bytes_in, &frame.bytes_out, &frame.frames_in,
                                    &frame.frames_out, &frame.refused, &frame.dropped}) {
        *number = reader.u64();
      }
      return frame;
    }
  }
  return std::nullopt;
}

Status widen(int descriptor) {
  const int wanted = buffer_bytes_wanted;
  // FORCE needs CAP_NET_ADMIN; without it the kernel's own maximum applies.
  if (setsockopt(descriptor, SOL_SOCKET, SO_SNDBUFFORCE, &wanted, sizeof wanted) != 0) {
    (void)setsockopt(descriptor, SOL_SOCKET, SO_SNDBUF, &wanted, sizeof wanted);
  }
  int got = 0;
  socklen_t length = sizeof got;
  if (getsockopt(descriptor, SOL_SOCKET, SO_SNDBUF, &got, &length) != 0 ||
      got < buffer_bytes_needed) {
    return environment_error(Code::io_failed,
                             "the pair's send buffer is too small: raise net.core.wmem_max");
  }
  return {};
}

}  // namespace

Bytes encode(const Frame& frame) {
  return std::visit(Encode{}, frame);
}

Result<Frame> parse(ByteView datagram) {
  ByteReader reader(datagram);
  const auto type = static_cast<Type>(reader.u8());
  auto frame = datagram.size() > datagram_bytes_max ? std::nullopt : parse_body(type, reader);
  if (!frame || !reader.finished()) {
    return peer_error(Code::malformed, "a frame on the pair does not parse");
  }
  return std::move(*frame);
}

Socket::Socket(Socket&& other) noexcept : descriptor_(other.release()) {}

Socket& Socket::operator=(Socket&& other) noexcept {
  if (this != &other) {
    if (descriptor_ >= 0) {
      ::close(descriptor_);
    }
    descriptor_ = other.release();
  }
  return *this;
}

Socket::~Socket() {
  if (descriptor_ >= 0) {
    ::close(descriptor_);
  }
}

int Socket::release() {
  return std::exchange(descriptor_, -1);
}

Socket::Sent Socket::send(ByteView head, ByteView payload) {
  std::array<iovec, 2> parts{};
  parts[0] = {const_cast<std::uint8_t*>(head.data()), head.size()};
  parts[1] = {const_cast<std::uint8_t*>(payload.data()), payload.size()};
  msghdr message{};
  message.msg_iov = parts.data();
  message.msg_iovlen = payload.empty() ? 1 : 2;
  for (;;) {
    if (::sendmsg(descriptor_, &message, MSG_DONTWAIT | MSG_NOSIGNAL) >= 0) {
      return Sent::done;
    }
    if (errno == EINTR) {
      continue;
    }
    const bool later = errno == EAGAIN || errno == EWOULDBLOCK || errno == ENOBUFS;
    return later ? Sent::would_block : Sent::closed;
  }
}

Result<std::optional<ByteView>> Socket::receive(std::span<std::uint8_t> buffer) {
  for (;;) {
    const ssize_t got = ::recv(descriptor_, buffer.data(), buffer.size(), MSG_DONTWAIT | MSG_TRUNC);
    if (got > 0 && static_cast<std::size_t>(got) <= buffer.size()) {
      return std::optional<ByteView>(ByteView(buffer.data(), static_cast<std::size_t>(got)));
    }
    if (got < 0 && errno == EINTR) {
      continue;
    }
    if (got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) {
      return std::optional<ByteView>{};
    }
    return environment_error(Code::io_failed, "the other end of the pair is gone");
  }
}

Result<std::pair<Socket, Socket>> make_pair() {
  std::array<int, 2> descriptors{};
  if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, descriptors.data()) != 0) {
    return environment_error(Code::io_failed, "no socket pair for the link");
  }
  std::pair<Socket, Socket> ends{Socket(descriptors[0]), Socket(descriptors[1])};
  HAMROH_TRY(widen(descriptors[0]));
  HAMROH_TRY(widen(descriptors[1]));
  return ends;
}

}  // namespace hamroh::pair
