#include "daemon/link.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <zmq.h>

#include <algorithm>
#include <chrono>
#include <deque>
#include <functional>
#include <map>
#include <utility>

namespace hamroh {
namespace {

using SteadyClock = std::chrono::steady_clock;

constexpr int frames_high_water = 16;
constexpr int handshake_ms = 3'000;
constexpr int reconnect_ms = 500;
constexpr int reconnect_ms_max = 60'000;
constexpr int heartbeat_ms = 20'000;
constexpr int heartbeat_timeout_ms = 60'000;
constexpr int receive_buffer_bytes = 1024 * 1024;
constexpr int poll_ms_max = 1'000;
constexpr std::size_t drained_at_once = 256;
constexpr std::size_t queued_bytes_max = limits::in_flight_bytes_max + 2 * limits::frame_bytes_max;
constexpr std::uint64_t undelivered_bytes_max = 8 * 1024 * 1024;
constexpr std::uint64_t frame_overhead_bytes = 64;  // CURVE and ZMTP around a frame, generously
constexpr std::size_t inbound_per_member_max = 4;
// ZeroMQ ends a handshake after handshake_ms; then a frame has to come, and a hello is small.
constexpr auto silence_limit = std::chrono::milliseconds(10'000);
// A peer that has a socket keeps it so long, before one that has none may take it over.
constexpr auto unanswered_limit = std::chrono::milliseconds(2 * handshake_ms);
constexpr auto idle_limit = std::chrono::minutes(1);
constexpr int sockets_per_peer = 3;  // DEALER, and both ends of its monitor
constexpr std::size_t descriptors_per_peer = 5;
constexpr std::size_t descriptors_reserved = 64;  // ZeroMQ's own, the pair, the listening socket
constexpr int sockets_reserved = 16;
// By memory: a dialled peer takes up to 180 KiB and an inbound connection 60, of 512 MiB.
constexpr std::size_t dialled_most = 1'536;
constexpr std::size_t inbound_most = 1'536;
constexpr std::size_t silent_most = 256;
constexpr auto self_test_limit = std::chrono::milliseconds(2'000);
constexpr auto statistics_interval = std::chrono::milliseconds(500);
constexpr std::string_view zap_endpoint = "inproc://zeromq.zap.01";
constexpr std::string_view zap_domain = "hamroh";

struct Monitored {
  std::uint16_t event = 0;
  std::uint32_t value = 0;
};

// A ZeroMQ socket with its monitor; closes both.
class ZmqSocket {
 public:
  ZmqSocket() = default;
  ZmqSocket(void* context, int type) : socket_(zmq_socket(context, type)) {}
  ZmqSocket(ZmqSocket&& other) noexcept
      : socket_(std::exchange(other.socket_, nullptr)),
        monitor_(std::exchange(other.monitor_, nullptr)) {}
  ZmqSocket& operator=(ZmqSocket&& other) noexcept {
    std::swap(socket_, other.socket_);
    std::swap(monitor_, other.monitor_);
    return *this;
  }
  ZmqSocket(const ZmqSocket&) = delete;
  ZmqSocket& operator=(const ZmqSocket&) = delete;
  ~ZmqSocket() {
    if (socket_ != nullptr && monitor_ != nullptr) {
      zmq_socket_monitor(socket_, nullptr, 0);
    }
    for (void* socket : {monitor_, socket_}) {
      if (socket != nullptr) {
        zmq_close(socket);
      }
    }
  }
  [[nodiscard]] void* get() const { return socket_; }
  [[nodiscard]] void* monitor() const { return monitor_; }

  // Every option must be taken: an option that is not set is a rule that is not kept.
  [[nodiscard]] bool set(int option, int value) {
    return zmq_setsockopt(socket_, option, &value, sizeof value) == 0;
  }
  [[nodiscard]] bool set(int option, ByteView value) {
    return zmq_setsockopt(socket_, option, value.data(), value.size()) == 0;
  }
  [[nodiscard]] bool watch(void* context, int events, std::uint64_t number) {
    const std::string endpoint = "inproc://monitor-" + std::to_string(number);
    if (zmq_socket_monitor(socket_, endpoint.c_str(), events) != 0) {
      return false;
    }
    monitor_ = zmq_socket(context, ZMQ_PAIR);
    const int linger = 0;
    zmq_setsockopt(monitor_, ZMQ_LINGER, &linger, sizeof linger);
    return monitor_ != nullptr && zmq_connect(monitor_, endpoint.c_str()) == 0;
  }
  [[nodiscard]] std::optional<Monitored> next_event() const {
    std::array<std::uint8_t, 64> frame{};
    const int got = zmq_recv(monitor_, frame.data(), frame.size(), ZMQ_DONTWAIT);
    if (got < 6) {
      return std::nullopt;
    }
    Monitored event;
    std::memcpy(&event.event, frame.data(), 2);
    std::memcpy(&event.value, frame.data() + 2, 4);
    std::array<std::uint8_t, 512> address{};
    (void)zmq_recv(monitor_, address.data(), address.size(), ZMQ_DONTWAIT);
    return event;
  }

 private:
  void* socket_ = nullptr;
  void* monitor_ = nullptr;
};

struct Peer {
  TransportKey key;
  std::string endpoint;
  ZmqSocket socket;  // none while it has to wait for its turn
  bool up = false;
  SteadyClock::time_point dialled;  // the last time; the beginning of time if it should be next
  SteadyClock::time_point used;     // came up, or was sent something
  std::deque<Bytes> queue;
  std::size_t queued_bytes = 0;
};

// Where a connection comes from, as far as strangers share a bound: an IPv4 address, or an IPv6
// network of 64 bits, which is what one subscriber has.
using Origin = std::array<std::uint8_t, 8>;

struct Inbound {
  std::optional<MemberId> member;  // once it has spoken; silent until then
  std::uint64_t delivered = 0;
  SteadyClock::time_point since;
  Origin origin{};
  bool shut = false;
};

// How many of what, out of the descriptors that this process may have.
struct Shares {
  std::size_t dialled_max = 1;
  std::size_t inbound_max = 1;  // of connections that have spoken
  std::size_t silent_max = 1;   // of those that have not yet

  [[nodiscard]] static Shares of(std::size_t descriptors) {
    const std::size_t free =
        std::max(descriptors, descriptors_reserved + 32) - descriptors_reserved;
    Shares shares;
    shares.silent_max = std::clamp<std::size_t>(free / 8, 8, silent_most);
    const std::size_t left = free - shares.silent_max;
    shares.dialled_max = std::clamp<std::size_t>(
        left / (descriptors_per_peer + inbound_per_member_max), 1, dialled_most);
    shares.inbound_max =
        std::clamp<std::size_t>(left - shares.dialled_max * descriptors_per_peer, 1, inbound_most);
    return shares;
  }
};

std::size_t descriptors_allowed() {
  rlimit limit{};
  return getrlimit(RLIMIT_NOFILE, &limit) == 0 ? static_cast<std::size_t>(limit.rlim_cur) : 0;
}

Origin origin_of(int descriptor) {
  Origin origin{};
  sockaddr_storage address{};
  socklen_t length = sizeof address;
  if (getpeername(descriptor, reinterpret_cast<sockaddr*>(&address), &length) != 0) {
    return origin;
  }
  if (address.ss_family == AF_INET) {
    const auto* four = reinterpret_cast<const sockaddr_in*>(&address);
    std::memcpy(origin.data(), &four->sin_addr, sizeof four->sin_addr);
  } else if (address.ss_family == AF_INET6) {
    const auto* six = reinterpret_cast<const sockaddr_in6*>(&address);
    std::memcpy(origin.data(), &six->sin6_addr, origin.size());
  }
  return origin;
}

bool more_follows(void* socket) {
  int more = 0;
  std::size_t length = sizeof more;
  return zmq_getsockopt(socket, ZMQ_RCVMORE, &more, &length) == 0 && more != 0;
}

// tcpi_bytes_received (Linux 4.1, at byte 128 of struct tcp_info): glibc's header ends before it.
std::uint64_t received_bytes(int descriptor) {
  constexpr std::size_t offset = 128;
  std::uint64_t bytes = 0;
  std::array<std::uint8_t, 256> info{};
  socklen_t length = info.size();
  if (getsockopt(descriptor, IPPROTO_TCP, TCP_INFO, info.data(), &length) == 0 &&
      length >= offset + sizeof bytes) {
    std::memcpy(&bytes, info.data() + offset, sizeof bytes);
  }
  return bytes;
}

}  // namespace

struct Link::State {
  pair::Socket pair;
  void* context = zmq_ctx_new();
  ZmqSocket zap;
  ZmqSocket router;
  AgreementKey secret;
  EpochKey public_key;
  MemberId self;
  std::map<MemberId, Peer> peers;
  std::map<TransportKey, MemberId> members;
  std::map<int, Inbound> inbound;  // by descriptor
  Shares shares;
  std::size_t dialled = 0;                        // peers with a socket
  std::deque<std::pair<Bytes, Bytes>> to_daemon;  // at most one batch, then nothing is read
  pair::Statistics statistics;
  pair::Statistics reported;
  SteadyClock::time_point next_report = SteadyClock::now();
  std::vector<std::uint8_t> buffer = std::vector<std::uint8_t>(pair::datagram_bytes_max);
  std::uint64_t monitors = 0;
  SteadyClock::time_point read_since = SteadyClock::now();  // hamrohd has taken everything since
  bool configured = false;
  bool bound = false;
  std::optional<int> exit_code;

  State() = default;
  State(const State&) = delete;
  State& operator=(const State&) = delete;
  ~State() {
    peers.clear();
    router = ZmqSocket();
    zap = ZmqSocket();
    zmq_ctx_term(context);
  }

  // ---- the pair -------------------------------------------------------------------------------

  void tell(const pair::Frame& frame, ByteView payload = {}) {
    Bytes head = pair::encode(frame);
    if (to_daemon.empty()) {
      const auto sent = pair.send(head, payload);
      if (sent == pair::Socket::Sent::done) {
        return;
      }
      if (sent == pair::Socket::Sent::closed) {
        exit_code = 0;
        return;
      }
    }
    to_daemon.emplace_back(std::move(head), Bytes(payload.begin(), payload.end()));
  }

  void tell_waiting() {
    while (!to_daemon.empty()) {
      read_since = SteadyClock::now();
      const auto sent = pair.send(to_daemon.front().first, to_daemon.front().second);
      if (sent == pair::Socket::Sent::would_block) {
        return;
      }
      if (sent == pair::Socket::Sent::closed) {
        exit_code = 0;
        return;
      }
      to_daemon.pop_front();
    }
  }

  void hear() {
    for (std::size_t i = 0; i < drained_at_once && !exit_code; ++i) {
      auto datagram = pair.receive(buffer);
      if (!datagram) {
        exit_code = 0;  // hamrohd is gone: so is the reason to be here
        return;
      }
      if (!*datagram) {
        return;
      }
      auto frame = pair::parse(**datagram);
      if (frame) {
        obey(*frame);
      }
    }
  }

  void obey(pair::Frame& frame) {
    if (auto* configure = std::get_if<pair::Configure>(&frame)) {
      take_configuration(*configure);
    } else if (const auto* set = std::get_if<pair::PeerSet>(&frame)) {
      set_peer(*set);
    } else if (const auto* removed = std::get_if<pair::PeerRemove>(&frame)) {
      remove_peer(removed->member);
    } else if (const auto* send = std::get_if<pair::Send>(&frame)) {
      send_to(send->member, send->frame);
    } else if (const auto* ended = std::get_if<pair::EndSessions>(&frame)) {
      end_sessions(ended->member);
    } else if (std::holds_alternative<pair::Stop>(frame)) {
      exit_code = 0;
    }
  }

  void take_configuration(pair::Configure& configure) {
    if (configured) {
      return;
    }
    configured = true;
    secret = std::move(configure.secret);
    public_key = crypto::x25519_public(secret);
    self = configure.self;
    if (!open_zap() || !open_router()) {
      fail(Code::io_failed);
      return;
    }
    if (!strangers_are_refused()) {
      fail(Code::bad_signature);
      return;
    }
    if (zmq_bind(router.get(), configure.endpoint.c_str()) != 0) {
      fail(Code::busy);
      return;
    }
    bound = true;
    std::array<char, 512> endpoint{};
    std::size_t length = endpoint.size();
    zmq_getsockopt(router.get(), ZMQ_LAST_ENDPOINT, endpoint.data(), &length);
    tell(pair::Ready{endpoint.data()});
  }

  void fail(Code code) {
    tell(pair::Failed{code});
    exit_code = 1;
  }

  // ---- who may come in ------------------------------------------------------------------------

  bool open_zap() {
    zap = ZmqSocket(context, ZMQ_REP);
    return zap.get() != nullptr && zap.set(ZMQ_LINGER, 0) &&
           zmq_bind(zap.get(), std::string(zap_endpoint).c_str()) == 0;
  }

  // RFC 27/ZAP: version, request id, domain, address, identity, mechanism, credentials.
  void answer_zap() {
    for (std::size_t i = 0; i < drained_at_once; ++i) {
      std::vector<Bytes> parts;
      do {
        zmq_msg_t message;
        zmq_msg_init(&message);
        if (zmq_msg_recv(&message, zap.get(), ZMQ_DONTWAIT) < 0) {
          zmq_msg_close(&message);
          return;
        }
        const auto* data = static_cast<const std::uint8_t*>(zmq_msg_data(&message));
        if (parts.size() < 8) {
          parts.emplace_back(data, data + std::min<std::size_t>(zmq_msg_size(&message), 255));
        }
        zmq_msg_close(&message);
      } while (more_follows(zap.get()));
      const bool well_formed = parts.size() == 7 && text(parts[2]) == zap_domain &&
                               text(parts[5]) == "CURVE" && parts[6].size() == TransportKey::size;
      const auto member = well_formed ? members.find(*TransportKey::from(parts[6])) : members.end();
      const bool welcome = member != members.end();
      statistics.refused += welcome ? 0 : 1;
      const std::string user = welcome ? member->second.hex() : std::string{};
      const Bytes request = parts.size() > 1 ? parts[1] : Bytes{};
      const auto put = [this](std::string_view part, int flags) {
        zmq_send(zap.get(), part.data(), part.size(), flags);
      };
      put("1.0", ZMQ_SNDMORE);
      put(text(request), ZMQ_SNDMORE);
      put(welcome ? "200" : "400", ZMQ_SNDMORE);
      put(welcome ? "OK" : "No member", ZMQ_SNDMORE);
      put(user, ZMQ_SNDMORE);
      put("", 0);
    }
  }

  bool open_router() {
    router = ZmqSocket(context, ZMQ_ROUTER);
    const bool curve = secret.expose([this](auto raw) {
      return router.set(ZMQ_CURVE_SERVER, 1) && router.set(ZMQ_CURVE_SECRETKEY, ByteView(raw));
    });
    return curve && router.set(ZMQ_CURVE_PUBLICKEY, public_key.view()) &&
           // Enforced by answer_zap: the option that makes ZeroMQ insist is a draft in 4.3.4.
           router.set(ZMQ_ZAP_DOMAIN, view(zap_domain)) && router.set(ZMQ_ROUTER_MANDATORY, 1) &&
           router.set(ZMQ_ROUTER_HANDOVER, 0) && set_common(router) &&
           router.watch(context,
                        ZMQ_EVENT_ACCEPTED | ZMQ_EVENT_DISCONNECTED | ZMQ_EVENT_CLOSED |
                            ZMQ_EVENT_HANDSHAKE_FAILED_AUTH | ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL |
                            ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL,
                        ++monitors);
  }

  static bool set_common(ZmqSocket& socket) {
    const std::int64_t message_max = static_cast<std::int64_t>(limits::frame_bytes_max);
    return zmq_setsockopt(socket.get(), ZMQ_MAXMSGSIZE, &message_max, sizeof message_max) == 0 &&
           socket.set(ZMQ_SNDHWM, frames_high_water) && socket.set(ZMQ_RCVHWM, frames_high_water) &&
           socket.set(ZMQ_HANDSHAKE_IVL, handshake_ms) && socket.set(ZMQ_LINGER, 0) &&
           socket.set(ZMQ_HEARTBEAT_IVL, heartbeat_ms) &&
           socket.set(ZMQ_HEARTBEAT_TIMEOUT, heartbeat_timeout_ms) &&
           socket.set(ZMQ_HEARTBEAT_TTL, heartbeat_timeout_ms) &&
           socket.set(ZMQ_TCP_KEEPALIVE, 1) && socket.set(ZMQ_RCVBUF, receive_buffer_bytes);
  }

  // Before the public address is bound: a key that nobody knows must be turned away. A CURVE server
  // without a working handler would let anybody in, and look just the same from inside.
  bool strangers_are_refused() {
    if (zmq_bind(router.get(), "tcp://127.0.0.1:*") != 0) {
      return false;
    }
    std::array<char, 512> endpoint{};
    std::size_t length = endpoint.size();
    zmq_getsockopt(router.get(), ZMQ_LAST_ENDPOINT, endpoint.data(), &length);
    const AgreementKey random = AgreementKey::make([](auto raw) { crypto::system_random(raw); });
    ZmqSocket stranger(context, ZMQ_DEALER);
    if (!set_client(stranger, random, *TransportKey::from(public_key.view())) ||
        !stranger.watch(context, ZMQ_EVENT_ALL, ++monitors) ||
        zmq_connect(stranger.get(), endpoint.data()) != 0) {
      return false;
    }
    bool refused = false;
    const auto deadline = SteadyClock::now() + self_test_limit;
    for (bool decided = false; !decided && SteadyClock::now() < deadline;) {
      std::array<zmq_pollitem_t, 2> items{
          {{zap.get(), 0, ZMQ_POLLIN, 0}, {stranger.monitor(), 0, ZMQ_POLLIN, 0}}};
      zmq_poll(items.data(), static_cast<int>(items.size()), 100);
      answer_zap();
      while (const auto event = stranger.next_event()) {
        refused = refused || event->event == ZMQ_EVENT_HANDSHAKE_FAILED_AUTH;
        decided = decided || refused || event->event == ZMQ_EVENT_HANDSHAKE_SUCCEEDED;
      }
    }
    while (router.next_event()) {
    }
    statistics.refused = 0;
    return refused && zmq_unbind(router.get(), endpoint.data()) == 0;
  }

  bool set_client(ZmqSocket& socket, const AgreementKey& own_secret, const TransportKey& server) {
    const EpochKey own_public = crypto::x25519_public(own_secret);
    const bool keys =
        own_secret.expose([&](auto raw) { return socket.set(ZMQ_CURVE_SECRETKEY, ByteView(raw)); });
    return keys && socket.set(ZMQ_CURVE_PUBLICKEY, own_public.view()) &&
           socket.set(ZMQ_CURVE_SERVERKEY, server.view()) && socket.set(ZMQ_IMMEDIATE, 1) &&
           socket.set(ZMQ_RECONNECT_IVL, reconnect_ms) &&
           socket.set(ZMQ_RECONNECT_IVL_MAX, reconnect_ms_max) && set_common(socket);
  }

  // ---- peers ----------------------------------------------------------------------------------

  void set_peer(const pair::PeerSet& set) {
    auto found = peers.find(set.member);
    if (found != peers.end()) {
      if (found->second.key == set.key && found->second.endpoint == set.endpoint) {
        return;
      }
      remove_peer(set.member);
    }
    Peer& peer = peers[set.member];
    peer.key = set.key;
    peer.endpoint = set.endpoint;
    members[set.key] = set.member;
    dial(peer);
  }

  void hang_up(Peer& peer) {
    dialled -= peer.socket.get() != nullptr ? 1 : 0;
    peer.socket = ZmqSocket();
  }

  void dial(Peer& peer) {
    hang_up(peer);
    if (dialled >= shares.dialled_max && !take_a_socket_back()) {
      return;  // dial_waiting comes back to it
    }
    peer.dialled = SteadyClock::now();
    ZmqSocket socket(context, ZMQ_DEALER);
    const bool good =
        socket.get() != nullptr && set_client(socket, secret, peer.key) &&
        socket.watch(context,
                     ZMQ_EVENT_HANDSHAKE_SUCCEEDED | ZMQ_EVENT_DISCONNECTED | ZMQ_EVENT_CLOSED,
                     ++monitors) &&
        zmq_connect(socket.get(), peer.endpoint.c_str()) == 0;
    if (good) {
      peer.socket = std::move(socket);
      ++dialled;
    }
  }

  // More peers than sockets: they take turns. First goes who does not answer, then who has been
  // sent nothing for a while; what is lost by it, hamrohd sends again.
  bool take_a_socket_back() {
    const auto now = SteadyClock::now();
    const auto spare_since = [&](const Peer& peer) -> std::optional<SteadyClock::time_point> {
      const bool spare =
          peer.socket.get() != nullptr && peer.queue.empty() &&
          (peer.up ? now - peer.used > idle_limit : now - peer.dialled > unanswered_limit);
      return spare ? std::optional(peer.up ? peer.used : peer.dialled) : std::nullopt;
    };
    auto chosen = peers.end();
    for (auto peer = peers.begin(); peer != peers.end(); ++peer) {
      const auto since = spare_since(peer->second);
      if (since && (chosen == peers.end() ||
                    std::pair(peer->second.up, *since) <
                        std::pair(chosen->second.up, *spare_since(chosen->second)))) {
        chosen = peer;
      }
    }
    if (chosen == peers.end()) {
      return false;
    }
    went_down(chosen->first, chosen->second);
    hang_up(chosen->second);
    return true;
  }

  // Whose last turn is the longest ago comes first.
  void dial_waiting() {
    std::vector<Peer*> waiting;
    for (auto& [member, peer] : peers) {
      if (peer.socket.get() == nullptr) {
        waiting.push_back(&peer);
      }
    }
    std::ranges::sort(waiting, {}, &Peer::dialled);
    for (Peer* peer : waiting) {
      dial(*peer);
      if (peer->socket.get() == nullptr) {
        return;  // nor would the next one get any
      }
    }
  }

  void went_down(const MemberId& member, Peer& peer) {
    peer.queue.clear();
    peer.queued_bytes = 0;
    if (std::exchange(peer.up, false)) {
      tell(pair::PeerDown{member});
    }
  }

  void remove_peer(const MemberId& member) {
    const auto found = peers.find(member);
    if (found == peers.end()) {
      return;
    }
    members.erase(found->second.key);
    hang_up(found->second);
    peers.erase(found);
    shut_inbound(member);
  }

  void end_sessions(const MemberId& member) {
    shut_inbound(member);
    const auto found = peers.find(member);
    if (found != peers.end()) {
      went_down(member, found->second);
      dial(found->second);
    }
  }

  // Connections that have not spoken yet cannot be told apart: they are shut too, and come back if
  // they still may.
  void shut_inbound(const MemberId& member) {
    for (auto& [descriptor, connection] : inbound) {
      if (!connection.member || *connection.member == member) {
        shut(descriptor, connection);
      }
    }
  }

  // Its entry stays until ZeroMQ has noticed.
  static void shut(int descriptor, Inbound& connection) {
    ::shutdown(descriptor, SHUT_RDWR);
    connection.shut = true;
  }

  // Keeps connections to their bounds. `group_of` says what a connection counts under, if at all;
  // whoever has the most of them loses his oldest one.
  template <class GroupOf>
  void keep_bound(std::size_t total_max, std::size_t group_max, const GroupOf& group_of) {
    using Group = typename std::invoke_result_t<GroupOf, const Inbound&>::value_type;
    std::map<Group, std::vector<std::pair<const int, Inbound>*>> groups;
    std::size_t total = 0;
    for (auto& item : inbound) {
      if (const auto group = item.second.shut ? std::nullopt : group_of(item.second)) {
        groups[*group].push_back(&item);
        ++total;
      }
    }
    for (auto& [group, items] : groups) {  // oldest last
      std::ranges::sort(items, std::greater(), [](const auto* item) { return item->second.since; });
    }
    const auto size = [](const auto& group) { return group.second.size(); };
    while (!groups.empty()) {
      const auto largest = std::ranges::max_element(groups, {}, size);
      if (total <= total_max && size(*largest) <= group_max) {
        return;
      }
      shut(largest->second.back()->first, largest->second.back()->second);
      largest->second.pop_back();
      --total;
    }
  }

  void keep_silent_bound() {
    keep_bound(shares.silent_max, shares.silent_max, [](const Inbound& connection) {
      return connection.member ? std::nullopt : std::optional(connection.origin);
    });
  }

  void keep_members_bound() {
    keep_bound(shares.inbound_max, inbound_per_member_max,
               [](const Inbound& connection) { return connection.member; });
  }

  void send_to(const MemberId& member, ByteView frame) {
    const auto found = peers.find(member);
    const bool fits = !frame.empty() && frame.size() <= limits::frame_bytes_max;
    if (found == peers.end() || !found->second.up || !fits ||
        found->second.queued_bytes + frame.size() > queued_bytes_max) {
      ++statistics.dropped;
      return;
    }
    Peer& peer = found->second;
    peer.used = SteadyClock::now();
    if (peer.queue.empty() && put_on_wire(peer, frame)) {
      return;
    }
    peer.queue.emplace_back(frame.begin(), frame.end());
    peer.queued_bytes += frame.size();
  }

  bool put_on_wire(Peer& peer, ByteView frame) {
    if (zmq_send(peer.socket.get(), frame.data(), frame.size(), ZMQ_DONTWAIT) < 0) {
      return false;
    }
    ++statistics.frames_out;
    statistics.bytes_out += frame.size();
    return true;
  }

  void send_queued(Peer& peer) {
    while (!peer.queue.empty() && put_on_wire(peer, peer.queue.front())) {
      peer.queued_bytes -= peer.queue.front().size();
      peer.queue.pop_front();
    }
  }

  void watch_peer(const MemberId& member, Peer& peer) {
    while (const auto event = peer.socket.next_event()) {
      if (event->event == ZMQ_EVENT_HANDSHAKE_SUCCEEDED) {
        went_down(member, peer);  // a reconnection whose end went unnoticed
        peer.up = true;
        peer.used = SteadyClock::now();
        tell(pair::PeerUp{member});
      } else if (event->event == ZMQ_EVENT_DISCONNECTED) {
        went_down(member, peer);
      }
    }
  }

  // ---- what comes in --------------------------------------------------------------------------

  void watch_router() {
    bool accepted = false;
    while (const auto event = router.next_event()) {
      const auto descriptor = static_cast<int>(event->value);
      if (event->event == ZMQ_EVENT_ACCEPTED) {
        Inbound& connection = inbound[descriptor] = Inbound{};
        connection.since = SteadyClock::now();
        connection.origin = origin_of(descriptor);
        accepted = true;
      } else if (event->event == ZMQ_EVENT_DISCONNECTED || event->event == ZMQ_EVENT_CLOSED) {
        inbound.erase(descriptor);
      }
    }
    if (accepted) {
      keep_silent_bound();
    }
  }

  // Shuts who keeps much undelivered, and who says nothing. What came while nothing was read does
  // not count as silence.
  void watch_inbound() {
    const auto now = SteadyClock::now();
    for (auto& [descriptor, connection] : inbound) {
      const std::uint64_t received = received_bytes(descriptor);
      const bool silent = !connection.member && to_daemon.empty() &&
                          now - std::max(connection.since, read_since) > silence_limit;
      if (silent || received > connection.delivered + undelivered_bytes_max) {
        shut(descriptor, connection);
      }
    }
  }

  // Takes one message whole: routing id, then exactly one body frame. False if nothing was there.
  bool take_message() {
    zmq_msg_t part;
    zmq_msg_init(&part);
    if (zmq_msg_recv(&part, router.get(), ZMQ_DONTWAIT) < 0) {
      zmq_msg_close(&part);
      return false;
    }
    std::size_t bodies = 0;
    while (zmq_msg_more(&part) != 0) {
      zmq_msg_close(&part);
      zmq_msg_init(&part);
      if (zmq_msg_recv(&part, router.get(), 0) < 0) {
        break;
      }
      ++bodies;
    }
    if (bodies >= 1) {
      take_body(part, bodies == 1);
    }
    zmq_msg_close(&part);
    return true;
  }

  void take_body(zmq_msg_t& body, bool single) {
    const int descriptor = zmq_msg_get(&body, ZMQ_SRCFD);
    const char* user = zmq_msg_gets(&body, "User-Id");
    const auto member = user != nullptr ? MemberId::parse_hex(user) : std::nullopt;
    const ByteView frame(static_cast<const std::uint8_t*>(zmq_msg_data(&body)),
                         zmq_msg_size(&body));
    watch_router();  // ZeroMQ gives descriptors away again: first who has this one now
    const auto connection = inbound.find(descriptor);
    const auto peer = member ? peers.find(*member) : peers.end();
    if (peer == peers.end() || !single || frame.empty()) {
      ++statistics.dropped;
      if (connection != inbound.end()) {
        shut(descriptor, connection->second);
      }
      return;
    }
    if (connection != inbound.end()) {
      connection->second.delivered += frame.size() + frame_overhead_bytes;
      if (std::exchange(connection->second.member, member) != member) {
        keep_members_bound();
      }
    }
    ++statistics.frames_in;
    statistics.bytes_in += frame.size();
    tell(pair::Received{*member, {}}, frame);
    // It is there, so it can be reached: no waiting for the next try.
    const auto redial_after = std::chrono::milliseconds(reconnect_ms);
    if (peer->second.socket.get() == nullptr) {
      peer->second.dialled = {};
    } else if (!peer->second.up && SteadyClock::now() - peer->second.dialled > redial_after) {
      dial(peer->second);
    }
  }

  void report() {
    if (SteadyClock::now() < next_report) {
      return;
    }
    next_report = SteadyClock::now() + statistics_interval;
    watch_inbound();
    dial_waiting();
    if (statistics != reported && to_daemon.empty()) {
      reported = statistics;
      tell(statistics);
    }
  }

  void turn() {
    std::vector<zmq_pollitem_t> items;
    const short pair_events =
        static_cast<short>(ZMQ_POLLIN | (to_daemon.empty() ? 0 : ZMQ_POLLOUT));
    items.push_back({nullptr, pair.descriptor(), pair_events, 0});
    if (zap.get() != nullptr) {
      items.push_back({zap.get(), 0, ZMQ_POLLIN, 0});
    }
    if (router.get() != nullptr) {
      items.push_back({router.monitor(), 0, ZMQ_POLLIN, 0});
      if (to_daemon.empty()) {
        items.push_back({router.get(), 0, ZMQ_POLLIN, 0});
      }
    }
    for (auto& [member, peer] : peers) {
      if (peer.socket.get() != nullptr) {
        items.push_back({peer.socket.monitor(), 0, ZMQ_POLLIN, 0});
        if (!peer.queue.empty()) {
          items.push_back({peer.socket.get(), 0, ZMQ_POLLOUT, 0});
        }
      }
    }
    zmq_poll(items.data(), static_cast<int>(items.size()), poll_ms_max);
    tell_waiting();
    if (zap.get() != nullptr) {
      answer_zap();
    }
    hear();
    if (exit_code || router.get() == nullptr) {
      return;
    }
    watch_router();
    for (auto& [member, peer] : peers) {
      if (peer.socket.get() != nullptr) {
        watch_peer(member, peer);
        send_queued(peer);
      }
    }
    for (std::size_t i = 0; i < drained_at_once && to_daemon.empty() && take_message(); ++i) {
    }
    report();
  }
};

Link::Link() : state_(std::make_unique<State>()) {}
Link::~Link() = default;

Result<std::unique_ptr<Link>> Link::open(pair::Socket pair) {
  std::unique_ptr<Link> link(new Link());
  if (link->state_->context == nullptr || zmq_has("curve") == 0) {
    return environment_error(Code::io_failed, "this ZeroMQ cannot do CURVE");
  }
  link->state_->shares = Shares::of(descriptors_allowed());
  zmq_ctx_set(link->state_->context, ZMQ_IO_THREADS, 1);
  // ZeroMQ's default of 1,023 would do for 340 peers.
  zmq_ctx_set(
      link->state_->context, ZMQ_MAX_SOCKETS,
      sockets_reserved + sockets_per_peer * static_cast<int>(link->state_->shares.dialled_max));
  link->state_->pair = std::move(pair);
  return link;
}

int Link::run() {
  while (!state_->exit_code) {
    state_->turn();
  }
  return *state_->exit_code;
}

}  // namespace hamroh
