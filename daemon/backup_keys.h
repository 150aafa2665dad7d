// The keyring of a home, HOME/backup-keys.hamroh: which keys open which backups; its bytes stand in
// protocol/backup.h.
//
// It is written anew, whole or not at all, at every backup, whenever a key's time is over, and when
// recovery shares are made. What it held before is overwritten, so that a key that is over is gone
// from this disk as far as the disk allows; a copy that somebody keeps elsewhere is not.
#pragma once

#include "daemon/home.h"
#include "daemon/vault.h"
#include "protocol/backup.h"

namespace hamroh {

// Argon2id of a passphrase, with what it was made with.
struct BackupPassphrase {
  SymmetricKey root;
  std::array<std::uint8_t, 16> salt{};
  crypto::PassphraseCost cost;
};

class BackupKeys {
 public:
  // An absent file is an empty keyring of this member. Errors: store_corrupt (environment; also for
  // the keyring of another node).
  [[nodiscard]] static Result<BackupKeys> open(const Home& home, const NetworkId& network,
                                               const MemberId& member,
                                               const SymmetricKey& node_tier);

  [[nodiscard]] const std::vector<BackupKey>& keys() const { return keys_; }
  // The key for a backup that is made now; a new one is drawn if none serves.
  const BackupKey& present(const BackupPolicy& policy, Timestamp now, Entropy& entropy);
  // Of these the time is over. Only by a clock that can be trusted.
  [[nodiscard]] std::vector<BackupKeyId> over(const BackupPolicy& policy, Timestamp now) const;
  void forget(const std::vector<BackupKeyId>& over);
  // In the place of what stands in the home. With it comes no more of the vault than what recovery
  // shares open: after a panic, nothing in the home may open anything. Returns what was written.
  // Errors: what a file may have.
  [[nodiscard]] Result<Bytes> write(const Home& home, const SymmetricKey& node_tier, Timestamp now,
                                    Entropy& entropy);
  // The same as a copy that also opens with a passphrase; it never lies in the home. Errors:
  // malformed (caller; a cost that no keyring may have).
  [[nodiscard]] Result<Bytes> copy_for(const BackupPassphrase& passphrase, const Home& home,
                                       const VaultTiers& tiers, Timestamp now, Entropy& entropy);

 private:
  [[nodiscard]] Result<Bytes> lay(const Home& home, const SymmetricKey& node_tier, Timestamp now,
                                  Entropy& entropy);
  Keyring keyring_;
  std::vector<BackupKey> keys_;
};

[[nodiscard]] std::string backup_keys_file(const Home& home);

}  // namespace hamroh
