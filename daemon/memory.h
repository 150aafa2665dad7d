// Keeping a process out of swap and core dumps: what the operating system is asked for at start,
// and whether it agreed.
#pragma once

namespace hamroh {

// No core dumps, no debugger of the same user, files for this user only.
void forbid_dumps();

// Locks everything that the process has and gets (mlockall, on fault: what is never touched costs
// nothing), where that is without bound: an unlimited RLIMIT_MEMLOCK, or CAP_IPC_LOCK. Under a
// bound it is left alone, because then allocations would begin to fail; the secrets in their own
// memory are locked all the same (crypto::memory_lock). True if /proc/self/status shows that the
// kernel did it.
[[nodiscard]] bool lock_all_memory();

// Wipes what earlier calls have left below this one on the stack, and gives free memory back to the
// system. For the moment at which a node locks.
void wipe_leftovers();

}  // namespace hamroh
