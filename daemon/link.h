// The network half of a node: ZeroMQ CURVE sockets on one side, the pair to hamrohd on the other.
//
// Inbound: one ROUTER. Who speaks is known by the CURVE key alone: the ZAP handler answers a
// member's id as User-Id, which is read from each body frame; strangers do not get in. Outbound:
// one DEALER a peer, so that a stuck peer holds up nobody else. What the link cannot send it drops
// and counts: hamrohd keeps every message until its receipt is verified, and sends again.
//
// Bounds. A message is one body frame of at most 256 KiB; ZeroMQ's own limit counts frames, not
// messages, so the bytes of each inbound connection (TCP_INFO) are watched against what it
// delivered, and a connection that keeps more than 8 MiB undelivered is shut. While hamrohd does
// not read the pair, nothing is read from the network.
//
// Descriptors are shared out at the start, from RLIMIT_NOFILE: so many peers dialled, so many
// inbound connections. A member has at most four inbound ones; a fifth shuts its oldest. A
// connection that has not spoken yet has ten seconds, and when there are too many of these, the
// address with the most of them loses its oldest. Peers beyond the share take turns.
#pragma once

#include <memory>
#include <string>

#include "daemon/pair.h"

namespace hamroh {

class Link {
 public:
  // `pair` is the link's end.
  [[nodiscard]] static Result<std::unique_ptr<Link>> open(pair::Socket pair);
  ~Link();
  // Until hamrohd says stop or goes away. Returns the exit code: 0 told to stop or hamrohd gone, 1
  // failed.
  int run();

 private:
  Link();
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace hamroh
