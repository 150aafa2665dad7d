// Putting a backup into a new home, or only looking whether that would go well.
//
// Order, each step synced: the marker `restoring`, the pages as node.db.new, which are then opened
// and examined, the name node.db, hamroh.toml, the keyring, new key files, and last of all the
// vault file: the commit point. A process that dies before leaves a home that no node starts on,
// and into which the same command may be given again. The restored store holds a row that keeps a
// node from starting: the old one may still run, and two with the same keys would fork the ledger.
// `hamroh node return` makes the next incarnation of it.
#pragma once

#include <functional>
#include <string>

#include "daemon/vault.h"
#include "protocol/backup.h"
#include "protocol/page_sum.h"

namespace hamroh {

struct RestoreRequest {
  std::string backup_file;
  std::string keyring_file;
  std::vector<RecoveryShare> shares;
  Bytes keyring_passphrase;         // for a keyring without recovery shares
  std::optional<Vault::Mode> mode;  // how the reader tier opens; absent: as before
  Bytes passphrase;                 // for mode passphrase
};

// What a backup turned out to hold.
struct RestoreReport {
  BackupHead head;
  std::uint64_t ledger_size = 0;  // with the entry that names the backup
  bool names_itself = false;      // that entry stands where it should
  bool root_agrees = false;       // of the entries before it, with the head's
  std::uint64_t rows = 0;
  std::vector<const char*> damaged;  // tables with rows that do not open
  std::uint64_t cases = 0;
  std::uint64_t messages_sent = 0;
  std::uint64_t messages_received = 0;
  std::uint64_t unsettled = 0;  // of those that were sent: they go out again
  std::uint64_t users = 0;
  Vault::Mode mode{};
  [[nodiscard]] bool good() const { return names_itself && root_agrees && damaged.empty(); }
};

// A fault and, of a recovery share, which one.
using RestoreFault = ShareFault;
template <class T>
using Restored = tl::expected<T, RestoreFault>;

// Opens every chunk and checks every page; writes nothing.
[[nodiscard]] Restored<BackupHead> verify_backup(const RestoreRequest& request);
// In a new directory below `place`, which is removed again.
[[nodiscard]] Restored<RestoreReport> rehearse_restore(const RestoreRequest& request,
                                                       const std::string& place);
// Into a home that does not exist, is empty, or holds what an interrupted restore left. Codes:
// busy and conflict (a home that is used or holds something), unknown_member (the keyring of
// another node), expired (the key was destroyed), malformed (damage), those of the shares and of
// the disk. What was made is removed after a fault.
[[nodiscard]] Restored<RestoreReport> restore_home(const RestoreRequest& request, const Home& home);

}  // namespace hamroh
