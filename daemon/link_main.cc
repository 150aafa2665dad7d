// hamroh-link: the network process of a node.
//
// What it does    Speaks CURVE over TCP with the nodes of other members, and hands frames to and
//                 from hamrohd over an inherited socket pair. It cannot read an envelope.
// What it trusts  Nobody. hamrohd tells it who the members are; it holds this node's transport
//                 key and no other secret.
// Files           None. It changes to the root directory and opens nothing.
// Descriptors     3: its end of the pair (SOCK_SEQPACKET), from hamrohd. Nothing else is kept.
// Signals         SIGTERM ends it. It dies with hamrohd (PR_SET_PDEATHSIG).
// Exit codes      0 told to stop, or hamrohd is gone; 1 it could not do its work (hamrohd was
//                 told why); 2 started by hand: it is of no use without hamrohd.

#include <malloc.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdio>

#include "daemon/link.h"
#include "daemon/memory.h"
#include "protocol/sanitizers.h"

namespace {

constexpr int pair_descriptor = 3;
constexpr rlim_t memory_bytes_max = 512ULL * 1024 * 1024;

bool is_socket_pair(int descriptor) {
  int type = 0;
  socklen_t length = sizeof type;
  return getsockopt(descriptor, SOL_SOCKET, SO_TYPE, &type, &length) == 0 && type == SOCK_SEQPACKET;
}

void limit(__rlimit_resource resource, rlim_t value) {
  const rlimit bound{value, value};
  (void)setrlimit(resource, &bound);
}

// No core, no debugger, no new privileges, bounded memory.
void confine() {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
  hamroh::forbid_dumps();
  rlimit descriptors{};
  if (getrlimit(RLIMIT_NOFILE, &descriptors) == 0) {
    limit(RLIMIT_NOFILE, descriptors.rlim_max);  // the link shares them out by itself
  }
#ifndef HAMROH_SANITIZED
  limit(RLIMIT_DATA, memory_bytes_max);
#endif
  // One arena: two threads need no more, and each costs idle memory.
  mallopt(M_ARENA_MAX, 1);
  if (chdir("/") != 0) {
    std::perror("hamroh-link: chdir /");
  }
}

}  // namespace

int main() {
  if (!is_socket_pair(pair_descriptor)) {
    std::fputs(
        "hamroh-link is started by hamrohd and does nothing by itself.\n"
        "Start the node with: hamrohd --home DIR\n",
        stderr);
    return 2;
  }
  confine();
  if (!hamroh::crypto::start()) {
    return 1;
  }
  (void)hamroh::lock_all_memory();  // hamrohd says for both whether it can be done
  auto link = hamroh::Link::open(hamroh::pair::Socket(pair_descriptor));
  return link ? (*link)->run() : 1;
}
