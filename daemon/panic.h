// Panic: the keys that open this node's store are destroyed, so that whoever takes the machine
// reads nothing. Only recovery shares bring them back.
//
// The order, each step synced: the vault file without its wraps (the commit point: from then on
// this home opens nothing), then the key files. A process that dies in between leaves a working
// node or a destroyed one, whose start removes what is left (Keeper::open_store). Only where the
// vault file cannot be written, as on a full disk, do the key files go first. What is overwritten
// may survive in flash memory, snapshots and copies; encrypted disks help against that.
#pragma once

#include <string>
#include <vector>

#include "daemon/configuration.h"
#include "daemon/vault.h"

namespace hamroh {

struct Destroyed {
  std::optional<RecoverySplit> recovery;  // the shares that can undo it
  // Key files outside the home, as for systemd credentials: removed where that was possible, but
  // what they are made from lies elsewhere and must be destroyed by hand.
  std::vector<std::string> outside;
};

// Whether shares can undo it, unless that does not matter. Errors (caller): not_found.
[[nodiscard]] Status may_panic(const Home& home, bool without_recovery);
// Under the lock of the home, with every key in memory wiped before. Errors: not_found (no vault,
// or no shares), io_failed and full (environment): then the last resort is the disk itself.
[[nodiscard]] Result<Destroyed> destroy_keys(const Home& home, const Configuration& configuration,
                                             bool without_recovery);
// Its last part alone. What is outside the home is tried as well.
void remove_key_files(const Home& home, const Configuration& configuration);
// The files that it tries: key files, what they link to, and a configured passphrase file.
[[nodiscard]] std::vector<std::string> key_files_of(const Home& home,
                                                    const Configuration& configuration);

}  // namespace hamroh
