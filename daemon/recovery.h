// Bringing a node back with recovery shares: after a panic, or when its key files or its passphrase
// are lost. The store is not touched; new roots are drawn, and the vault is wrapped under them.
//
// The order, each step synced: the vault file as after a panic (if it is not so already), the key
// files, the vault file in use. A process that dies in between leaves the old state or a destroyed
// vault, which the same shares open again.
#pragma once

#include "daemon/configuration.h"
#include "daemon/vault.h"

namespace hamroh {

struct RecoveryRequest {
  Home home;
  std::vector<RecoveryShare> shares;
  std::optional<Vault::Mode> mode;  // how the reader tier opens from now on; absent: as before
  Bytes passphrase;                 // for mode passphrase
};

// The node must not run. Returns the vault's mode from now on. The fault's `which` names a share.
// Codes: those of recover_key; unknown_member and stale_version for shares of another node or that
// were replaced by newer ones; not_found, busy, store_corrupt, io_failed, full.
[[nodiscard]] tl::expected<Vault::Mode, ShareFault> use_recovery(
    const RecoveryRequest& request, const Configuration& configuration);

}  // namespace hamroh
