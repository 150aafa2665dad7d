// Store, keys and node of one home, opened together and opened again together after a failure.
#pragma once

#include <array>
#include <memory>

#include "daemon/configuration.h"
#include "daemon/home.h"
#include "daemon/panic.h"
#include "daemon/read_only_store.h"
#include "daemon/sqlite_store.h"
#include "daemon/vault.h"
#include "protocol/node.h"
#include "protocol/sealed_store.h"

namespace hamroh {

// The operating system's generator, drawn 1 KiB at a time: a turn needs many nonces, and each call
// of the kernel costs more than the bytes. What was handed out is wiped from the pool at once.
class SystemEntropy final : public Entropy {
 public:
  SystemEntropy() = default;
  SystemEntropy(const SystemEntropy&) = delete;
  SystemEntropy& operator=(const SystemEntropy&) = delete;
  ~SystemEntropy() override { crypto::wipe(pool_); }
  void fill(std::span<std::uint8_t> out) override;

 private:
  std::array<std::uint8_t, 1024> pool_{};
  std::size_t used_ = pool_.size();
};

[[nodiscard]] Timestamp wall_now();
[[nodiscard]] Duration monotonic_now();

class Keeper {
 public:
  Keeper(Home home, Configuration configuration);
  ~Keeper();

  // Vault and store; the node only if the home holds one. `create` makes an empty store.
  [[nodiscard]] Status open_store(bool create);
  // Errors: signing_stopped (caller) if the store was restored from a backup and has not come back.
  [[nodiscard]] Status open_node();
  // Vault, store and node for looking only: nothing is written, signed or sent. See
  // read_only_store.h for how far it goes.
  [[nodiscard]] Status open_read_only();
  void close();

  [[nodiscard]] bool has_node() const { return node_.has_value(); }
  [[nodiscard]] Node& node() { return *node_; }
  [[nodiscard]] const Node& node() const { return *node_; }
  [[nodiscard]] Store& store() {
    return reading_ ? static_cast<Store&>(*reading_) : static_cast<Store&>(*sealed_);
  }
  [[nodiscard]] bool unlocked() const { return sealed_->unlocked(); }
  [[nodiscard]] SqliteStore& disk() { return *disk_; }
  [[nodiscard]] Entropy& entropy() { return entropy_; }
  [[nodiscard]] AnchorFile& anchor() { return *anchor_; }

  // The tiers' keys themselves, for backups. Errors: what the key file has; locked (caller).
  [[nodiscard]] Result<SymmetricKey> node_tier() const;
  [[nodiscard]] Result<SymmetricKey> reader_tier() const;
  [[nodiscard]] const Vault& vault() const { return *vault_; }

  // Gets the reader tier's key and opens the tier; the node itself is unlocked in a turn. A vault
  // with a credential file reads that file again and takes no notice of the passphrase. Errors
  // (caller): bad_passphrase, and what is wrong with the file.
  [[nodiscard]] Status unlock_store(ByteView passphrase);
  // What Argon2id needs for the vault's own passphrase, and with the key that it made: for whom
  // `unlock_store` takes too long. Absent if a credential file opens the vault.
  [[nodiscard]] std::optional<Vault::Recipe> passphrase_recipe() const { return vault_->recipe(); }
  [[nodiscard]] Status unlock_with_root(const SymmetricKey& root);
  // With the reader tier's key itself, out of a user's slot. Errors (caller): bad_passphrase if it
  // opens nothing in this store.
  [[nodiscard]] Status unlock_with_key(const SymmetricKey& key, Transaction& transaction);
  // The same unchecked, for who has it from the vault itself.
  void take_reader_key(SymmetricKey key);
  // Absent while locked.
  [[nodiscard]] const SymmetricKey* reader_key() const {
    return reader_key_ ? &*reader_key_ : nullptr;
  }
  // From now on only passphrases of users open the reader tier: a passphrase of the vault's own and
  // a key file open nothing any more. The caller has seen that a user can, on disk. Errors: locked
  // (caller), io_failed, full.
  [[nodiscard]] Status leave_vault_to_users();
  // A new HOME/reader.key opens it at every start; passphrases of users do so as well. Errors as
  // above.
  [[nodiscard]] Status open_vault_by_file();
  // Stays so when the store is opened again.
  void lock_store();
  // Draws recovery shares; they open nothing before they are kept, so that shares which did not
  // reach their officers do not replace those that did. Errors (caller): locked, invalid_argument.
  [[nodiscard]] Result<std::vector<Bytes>> draw_recovery(ShareCount count, const NetworkId& network,
                                                         const MemberId& member);
  // Writes the shares drawn last into the vault file. Errors: not_found (others), io_failed, full.
  [[nodiscard]] Status keep_recovery(ByteView split);
  // Wipes every key that it holds, with store and node. Nothing is opened again by itself.
  void forget();
  // What opening the node wants done, taken once.
  [[nodiscard]] Effects take_effects();

 private:
  [[nodiscard]] Status open_vault();
  [[nodiscard]] Status open_disk(const SqliteOptions& options);
  [[nodiscard]] std::string key_file(const std::string& configured,
                                     const std::string& usual) const {
    return key_file_path(home_, configured, usual);
  }

  Home home_;
  Configuration configuration_;
  SystemEntropy entropy_;
  std::optional<Vault> vault_;
  std::optional<SymmetricKey> reader_key_;  // while unlocked, to open the store again by itself
  bool locked_ = false;                     // by lock_store
  std::optional<Vault> drawn_;              // with the recovery part of shares not yet kept
  std::unique_ptr<SqliteStore> disk_;
  std::unique_ptr<SealedStore> sealed_;
  std::unique_ptr<ReadOnlyStore> reading_;  // only after open_read_only
  std::optional<AnchorFile> anchor_;
  std::optional<Node> node_;
  Effects effects_;
};

}  // namespace hamroh
