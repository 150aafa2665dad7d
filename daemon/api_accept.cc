#include "daemon/api_accept.h"

#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <climits>

namespace {

// Read by libzmq's thread.
std::atomic<int> first_refused{INT_MAX};

}  // namespace

extern "C" int accept4(int socket, sockaddr* address, socklen_t* length, int flags) {
  const long accepted = ::syscall(SYS_accept4, socket, address, length, flags);
  if (accepted < first_refused) {
    return static_cast<int>(accepted);
  }
  ::close(static_cast<int>(accepted));
  errno = ECONNABORTED;
  return -1;
}

namespace hamroh {

void limit_connections() {
  constexpr rlim_t wanted = 4'096;
  rlimit descriptors{};
  if (::getrlimit(RLIMIT_NOFILE, &descriptors) != 0) {
    return;
  }
  descriptors.rlim_cur = std::max(descriptors.rlim_cur, std::min(descriptors.rlim_max, wanted));
  (void)::setrlimit(RLIMIT_NOFILE, &descriptors);
  const rlim_t bounded = std::min<rlim_t>(descriptors.rlim_cur, 1'048'576);
  first_refused = static_cast<int>(bounded) - static_cast<int>(descriptors_reserved);
}

}  // namespace hamroh
