// The keyring of a home, HOME/backup-keys.hamroh: which keys open which backups; its bytes stand in
// protocol/backup.h.
//
// It is written anew, whole or not at all, at every backup, whenever a key's time is over, and when
// recovery shares are made. What it held before is overwritten, so that a key that is over is gone
// from this disk as far as the disk allows; a copy that somebody keeps elsewhere is not.
#pragma once

#include "daemon/home.h"
#include "protocol/backup.h"

namespace hamroh {

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
  // How it opens from now on: by the recovery shares of the vault, or also by a passphrase, whose
  // Argon2id is `root`.
  void open_by_shares() { keyring_.passphrase.reset(); }
  void open_by_passphrase(const crypto::PassphraseCost& cost,
                          std::span<const std::uint8_t, 16> salt, const SymmetricKey& root,
                          const VaultTiers& tiers, Entropy& entropy);
  // With the vault file as it stands now. Returns what was written.
  [[nodiscard]] Result<Bytes> write(const Home& home, const SymmetricKey& node_tier, Timestamp now,
                                    Entropy& entropy);

 private:
  Keyring keyring_;
  std::vector<BackupKey> keys_;
};

[[nodiscard]] std::string backup_keys_file(const Home& home);

}  // namespace hamroh
