// The pair between hamrohd and hamroh-link: one SOCK_SEQPACKET socket pair, one frame a datagram.
//
// A frame is type u8 followed by fixed big-endian fields; both ends parse the other as hostile,
// because the link talks to the network and hamrohd must survive it. Nothing but these frames
// crosses: hello and sealed envelopes, who the peers are, and the transport key that the link needs
// to be reached at all.
#pragma once

#include <string>
#include <variant>

#include "protocol/constants.h"
#include "protocol/crypto.h"

namespace hamroh::pair {

// hamrohd to link.
struct Configure {  // once, first
  AgreementKey secret;
  MemberId self;
  std::string endpoint;
};
struct PeerSet {  // a new peer, or new facts about one
  MemberId member;
  TransportKey key;
  std::string endpoint;
};
struct PeerRemove {
  MemberId member;
};
struct Send {
  MemberId member;
  ByteView frame;  // borrowed from the datagram
};
struct EndSessions {
  MemberId member;
};
struct Stop {};

// Link to hamrohd.
struct Ready {
  std::string endpoint;  // as bound
};
struct Failed {
  Code code = Code::none;
};
struct Received {
  MemberId member;
  ByteView frame;  // borrowed from the datagram
};
struct PeerUp {
  MemberId member;
};
struct PeerDown {
  MemberId member;
};
struct Statistics {
  std::uint64_t bytes_in = 0;
  std::uint64_t bytes_out = 0;
  std::uint64_t frames_in = 0;
  std::uint64_t frames_out = 0;
  std::uint64_t refused = 0;
  std::uint64_t dropped = 0;
  bool operator==(const Statistics&) const = default;
};

using Frame = std::variant<Configure, PeerSet, PeerRemove, Send, EndSessions, Stop, Ready, Failed,
                           Received, PeerUp, PeerDown, Statistics>;

inline constexpr std::size_t datagram_bytes_max = limits::frame_bytes_max + 64;

// All but the payload of Send and Received, which follows unchanged.
[[nodiscard]] Bytes encode(const Frame& frame);
// Errors (peer): malformed.
[[nodiscard]] Result<Frame> parse(ByteView datagram);

// One end of the pair; owns its descriptor. Never blocks.
class Socket {
 public:
  Socket() = default;
  explicit Socket(int descriptor) : descriptor_(descriptor) {}
  Socket(Socket&& other) noexcept;
  Socket& operator=(Socket&& other) noexcept;
  Socket(const Socket&) = delete;
  Socket& operator=(const Socket&) = delete;
  ~Socket();
  [[nodiscard]] int descriptor() const { return descriptor_; }
  [[nodiscard]] int release();

  enum class Sent : std::uint8_t { done = 1, would_block = 2, closed = 3 };
  [[nodiscard]] Sent send(ByteView head, ByteView payload = {});
  // Into `buffer`, which is at least datagram_bytes_max; absent: nothing there. Error: closed.
  [[nodiscard]] Result<std::optional<ByteView>> receive(std::span<std::uint8_t> buffer);

 private:
  int descriptor_ = -1;
};

// Both ends, with send buffers that were asked for and read back.
[[nodiscard]] Result<std::pair<Socket, Socket>> make_pair();

}  // namespace hamroh::pair
