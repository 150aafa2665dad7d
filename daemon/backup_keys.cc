#include "daemon/backup_keys.h"

#include <algorithm>
#include <utility>

namespace hamroh {

std::string backup_keys_file(const Home& home) {
  return home.file("backup-keys.hamroh");
}

Result<BackupKeys> BackupKeys::open(const Home& home, const NetworkId& network,
                                    const MemberId& member, const SymmetricKey& node_tier) {
  BackupKeys opened;
  opened.keyring_.network = network;
  opened.keyring_.member = member;
  const auto file = read_file(backup_keys_file(home), keyring_bytes_max);
  if (!file && file.error().code == Code::not_found) {
    return opened;
  }
  HAMROH_TRY(file);
  constexpr const char* useless =
      "backup-keys.hamroh is damaged or another node's: put it away, and its backups with it";
  auto keyring = Keyring::parse(*file);
  if (!keyring || keyring->network != network || keyring->member != member) {
    return environment_error(Code::store_corrupt, useless);
  }
  opened.keyring_ = std::move(*keyring);
  auto keys = opened.keyring_.open_keys(node_tier);
  if (!keys) {
    return environment_error(Code::store_corrupt, useless);
  }
  opened.keys_ = std::move(*keys);
  return opened;
}

const BackupKey& BackupKeys::present(const BackupPolicy& policy, Timestamp now, Entropy& entropy) {
  if (const BackupKey* present = present_backup_key(keys_, policy, now)) {
    return *present;
  }
  if (keys_.size() == backup_keys_max) {
    // Only a clock that runs wild makes so many; the oldest of them go.
    keys_.erase(keys_.begin());
  }
  keys_.push_back({entropy.draw<BackupKeyId>(), now, now + days(policy.bound_days()),
                   SymmetricKey::make([&](auto raw) { entropy.fill(raw); })});
  return keys_.back();
}

std::vector<BackupKeyId> BackupKeys::over(const BackupPolicy& policy, Timestamp now) const {
  std::vector<BackupKeyId> found;
  for (const BackupKey& key : keys_) {
    if (is_backup_key_over(key, policy, now)) {
      found.push_back(key.id);
    }
  }
  return found;
}

void BackupKeys::forget(const std::vector<BackupKeyId>& over) {
  std::erase_if(keys_, [&](const BackupKey& key) {
    return std::find(over.begin(), over.end(), key.id) != over.end();
  });
}

Result<Bytes> BackupKeys::lay(const Home& home, const SymmetricKey& node_tier, Timestamp now,
                              Entropy& entropy) {
  keyring_.made = now;
  HAMROH_ASSIGN(const Bytes file, read_file(home.vault(), backup_vault_bytes_max));
  HAMROH_ASSIGN(Vault vault, Vault::parse(file));
  vault.destroy();  // what is left opens with recovery shares only: see panic.h
  keyring_.vault = vault.encode();
  std::array<std::uint8_t, 24> nonce{};
  entropy.fill(nonce);
  keyring_.seal_keys(node_tier, keys_, nonce);
  Bytes laid = keyring_.encode();
  // The cost of a passphrase comes from a program: what could not be read again is never written.
  HAMROH_TRY(Keyring::parse(laid));
  return laid;
}

Result<Bytes> BackupKeys::write(const Home& home, const SymmetricKey& node_tier, Timestamp now,
                                Entropy& entropy) {
  HAMROH_ASSIGN(Bytes laid, lay(home, node_tier, now, entropy));
  HAMROH_TRY(replace_for_good(backup_keys_file(home), laid));
  return laid;
}

Result<Bytes> BackupKeys::copy_for(const BackupPassphrase& passphrase, const Home& home,
                                   const VaultTiers& tiers, Timestamp now, Entropy& entropy) {
  std::array<std::uint8_t, 24> nonce{};
  entropy.fill(nonce);
  keyring_.seal_tiers(passphrase.cost, passphrase.salt, passphrase.root, tiers, nonce);
  auto laid = lay(home, tiers.node, now, entropy);
  keyring_.passphrase.reset();
  return laid;
}

}  // namespace hamroh
