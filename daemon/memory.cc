#include "daemon/memory.h"

#include <malloc.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <array>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <optional>
#include <string_view>

namespace hamroh {
namespace {

// The number after a name in /proc/self/status.
std::optional<std::uint64_t> status_number(std::string_view name, int base) {
  std::FILE* status = std::fopen("/proc/self/status", "re");
  if (status == nullptr) {
    return std::nullopt;
  }
  std::optional<std::uint64_t> found;
  char line[512];
  while (!found && std::fgets(line, sizeof line, status) != nullptr) {
    if (std::string_view(line).starts_with(name)) {
      found = std::strtoull(line + name.size(), nullptr, base);
    }
  }
  std::fclose(status);
  return found;
}

bool may_lock_without_bound() {
  constexpr unsigned cap_ipc_lock = 14;  // linux/capability.h
  rlimit limit{};
  if (getrlimit(RLIMIT_MEMLOCK, &limit) == 0 && limit.rlim_cur != limit.rlim_max) {
    limit.rlim_cur = limit.rlim_max;
    (void)setrlimit(RLIMIT_MEMLOCK, &limit);
  }
  const bool unlimited = getrlimit(RLIMIT_MEMLOCK, &limit) == 0 && limit.rlim_cur == RLIM_INFINITY;
  return unlimited || (status_number("CapEff:", 16).value_or(0) >> cap_ipc_lock & 1U) != 0;
}

}  // namespace

void forbid_dumps() {
  ::umask(0077);
  prctl(PR_SET_DUMPABLE, 0);
  const rlimit none{0, 0};
  (void)setrlimit(RLIMIT_CORE, &none);
}

bool lock_all_memory() {
  if (!may_lock_without_bound() || ::mlockall(MCL_CURRENT | MCL_FUTURE | MCL_ONFAULT) != 0) {
    return false;
  }
  // A lock counts what is mapped, so it is at least what is resident.
  const auto locked = status_number("VmLck:", 10);
  const auto resident = status_number("VmRSS:", 10);
  return locked && resident && *locked >= *resident;
}

// Not inlined, so that its frame lies below that of whoever calls.
[[gnu::noinline]] void wipe_leftovers() {
  std::array<unsigned char, 256 * 1024> below;  // deeper than any turn goes
  ::explicit_bzero(below.data(), below.size());
  ::malloc_trim(0);
}

}  // namespace hamroh
