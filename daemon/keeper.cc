#include "daemon/keeper.h"

#include <time.h>

#include <algorithm>
#include <utility>

namespace hamroh {
namespace {

std::uint64_t milliseconds_of(clockid_t clock) {
  timespec now{};
  clock_gettime(clock, &now);
  return static_cast<std::uint64_t>(now.tv_sec) * 1000 +
         static_cast<std::uint64_t>(now.tv_nsec) / 1'000'000;
}

}  // namespace

void SystemEntropy::fill(std::span<std::uint8_t> out) {
  if (out.size() > pool_.size()) {
    crypto::system_random(out);
    return;
  }
  if (pool_.size() - used_ < out.size()) {
    crypto::system_random(pool_);
    used_ = 0;
  }
  const auto drawn = std::span(pool_).subspan(used_, out.size());
  std::copy(drawn.begin(), drawn.end(), out.begin());
  crypto::wipe(drawn);
  used_ += out.size();
}

Timestamp wall_now() {
  return {milliseconds_of(CLOCK_REALTIME)};
}
// With the time that the machine slept: a lid that was shut for a week is no clock gone wrong.
Duration monotonic_now() {
  return {milliseconds_of(CLOCK_BOOTTIME)};
}

Keeper::Keeper(Home home, Configuration configuration)
    : home_(std::move(home)), configuration_(std::move(configuration)) {}

Keeper::~Keeper() {
  close();
}

Status Keeper::open_store(bool create) {
  SqliteOptions options;
  options.create = create;
  HAMROH_TRY(open_vault());
  return open_disk(options);
}

Status Keeper::open_vault() {
  if (!vault_) {
    HAMROH_ASSIGN(vault_, Vault::open(home_));
  }
  if (vault_->destroyed()) {
    vault_.reset();
    remove_key_files(home_, configuration_);  // a panic may have been cut short
    return caller_error(Code::locked, "the keys of this node were destroyed by hamroh panic");
  }
  if (!reader_key_ && !locked_ && vault_->mode() == Vault::Mode::credential) {
    HAMROH_ASSIGN(reader_key_, vault_->reader_tier_from_file(
                                   key_file(configuration_.reader_key_file, home_.reader_key())));
  }
  if (!reader_key_ && !locked_ && vault_->mode() == Vault::Mode::passphrase &&
      !configuration_.passphrase_file.empty()) {
    HAMROH_ASSIGN(Bytes passphrase, read_file(key_file(configuration_.passphrase_file, {}), 1024));
    while (!passphrase.empty() && (passphrase.back() == '\n' || passphrase.back() == '\r')) {
      passphrase.pop_back();
    }
    auto key = vault_->reader_tier_from_passphrase(passphrase);
    crypto::wipe(passphrase);
    HAMROH_ASSIGN(reader_key_, std::move(key));
  }
  if (!anchor_) {
    HAMROH_ASSIGN(anchor_, AnchorFile::open(home_));
  }
  return {};
}

Status Keeper::open_disk(const SqliteOptions& options) {
  HAMROH_ASSIGN(const SymmetricKey node_key, node_tier());
  SqliteOptions wanted = options;
  wanted.cache_kib = configuration_.cache_kib;
  HAMROH_ASSIGN(disk_, SqliteStore::open(home_.database(), wanted));
  sealed_ = std::make_unique<SealedStore>(*disk_, entropy_, node_key);
  if (reader_key_) {
    sealed_->unlock(*reader_key_);
  }
  return {};
}

Status Keeper::open_node() {
  HAMROH_ASSIGN(auto transaction, sealed_->begin());
  HAMROH_ASSIGN(const auto restored, transaction->get(Table::meta, row::restored));
  if (restored) {
    return caller_error(Code::signing_stopped,
                        "this home was restored from a backup, and the lost node may still run");
  }
  Effects effects;
  Turn turn{wall_now(), monotonic_now(), *transaction, entropy_, effects};
  NodeOptions options;
  options.message_lifetime = days(configuration_.lifetime_days);
  options.anchor = anchor_->read();
  options.retention = days(configuration_.retention_days);
  options.erase_on_request = configuration_.erase_on_request;
  HAMROH_ASSIGN(Node node, Node::open(options, turn));
  HAMROH_TRY(node.finish(turn));
  HAMROH_TRY(transaction->commit());
  // Commit point: from here on the session stands on disk.
  effects.peers_changed = true;
  node_ = std::move(node);
  effects_ = std::move(effects);
  return {};
}

Status Keeper::open_read_only() {
  SqliteOptions options;
  options.read_only = true;
  HAMROH_TRY(open_vault());
  HAMROH_TRY(open_disk(options));
  reading_ = std::make_unique<ReadOnlyStore>(*sealed_);
  HAMROH_ASSIGN(auto transaction, reading_->begin());
  Effects effects;
  Turn turn{wall_now(), monotonic_now(), *transaction, entropy_, effects};
  // Never finished: what opening enters into the ledger stays in this process.
  HAMROH_ASSIGN(Node node, Node::open(NodeOptions{}, turn));
  node_ = std::move(node);
  reading_->opened();
  return {};
}

void Keeper::close() {
  node_.reset();
  reading_.reset();
  sealed_.reset();
  disk_.reset();
}

Result<SymmetricKey> Keeper::node_tier() const {
  return vault_->node_tier(key_file(configuration_.node_key_file, home_.node_key()));
}

Result<SymmetricKey> Keeper::reader_tier() const {
  return reader_key_ ? Result<SymmetricKey>(reader_key_->copy())
                     : caller_error(Code::locked, "the vault is locked");
}

Status Keeper::unlock_store(ByteView passphrase) {
  if (vault_->mode() == Vault::Mode::users) {
    return caller_error(Code::bad_passphrase, "this vault opens with the passphrase of a user");
  }
  const bool by_file = vault_->mode() == Vault::Mode::credential;
  if (!by_file && passphrase.empty()) {
    return caller_error(Code::bad_passphrase, "this vault opens with a passphrase");
  }
  auto key = by_file ? vault_->reader_tier_from_file(
                           key_file(configuration_.reader_key_file, home_.reader_key()))
                     : vault_->reader_tier_from_passphrase(passphrase);
  if (!key) {
    // Whatever is wrong with the file, nothing has changed and the store is well.
    const Code code = by_file && key.error().code == Code::bad_passphrase ? Code::invalid_argument
                                                                          : key.error().code;
    return tl::unexpected(Error{code, Blame::caller, key.error().text});
  }
  take_reader_key(std::move(*key));
  return {};
}

Status Keeper::unlock_with_root(const SymmetricKey& root) {
  HAMROH_ASSIGN(SymmetricKey key, vault_->reader_tier_from_root(root));
  take_reader_key(std::move(key));
  return {};
}

void Keeper::take_reader_key(SymmetricKey key) {
  sealed_->unlock(key);
  reader_key_ = std::move(key);
  locked_ = false;
}

Status Keeper::unlock_with_key(const SymmetricKey& key, Transaction& transaction) {
  sealed_->unlock(key);
  // The author key is there in every store that holds a node: it tells whether this is its key.
  const auto tried = transaction.get(Table::reader_secret, row::author);
  if (!tried || !*tried) {
    sealed_->lock();
    return caller_error(Code::bad_passphrase, "this user's slot does not open the vault");
  }
  take_reader_key(key.copy());
  return {};
}

Status Keeper::leave_vault_to_users() {
  if (!reader_key_) {
    return caller_error(Code::locked, "the vault is locked");
  }
  Vault changed = *vault_;
  changed.leave_reader_to_users();
  HAMROH_TRY(changed.write_for_good(home_));
  // Commit point: what opened the vault before does not any more.
  vault_ = std::move(changed);
  for (const std::string& file :
       {home_.reader_key(), key_file(configuration_.reader_key_file, home_.reader_key())}) {
    (void)remove_for_good(file);  // opens nothing now, so that it may stay where it cannot go
  }
  return {};
}

Status Keeper::open_vault_by_file() {
  if (!reader_key_) {
    return caller_error(Code::locked, "the vault is locked");
  }
  Vault changed = *vault_;
  const SymmetricKey root = changed.renew_reader_root(*reader_key_);
  HAMROH_TRY(root.expose([&](auto raw) { return write_file(home_.reader_key(), raw); }));
  HAMROH_TRY(changed.write_for_good(home_));
  // Commit point: the new file opens the vault. A crash before leaves a file that opens nothing.
  vault_ = std::move(changed);
  return {};
}

void Keeper::lock_store() {
  sealed_->lock();
  reader_key_.reset();
  locked_ = true;
}

Result<std::vector<Bytes>> Keeper::draw_recovery(ShareCount count, const NetworkId& network,
                                                 const MemberId& member) {
  if (!reader_key_) {
    return caller_error(Code::locked, "the vault is locked");
  }
  if (!is_allowed(count)) {
    return caller_error(Code::invalid_argument,
                        "there are 2 to 16 shares, and at least 2 of them are needed");
  }
  HAMROH_ASSIGN(SymmetricKey node_key, node_tier());
  const SymmetricKey recovery_key = SymmetricKey::make([&](auto raw) { entropy_.fill(raw); });
  const RecoverySplit split{start_of(network), member, split_id_of(recovery_key), count};
  drawn_ = *vault_;
  drawn_->wrap_for_recovery(split, recovery_key, {std::move(node_key), reader_key_->copy()});
  std::vector<Bytes> shares;
  for (KeyShare& share : split_key(recovery_key, count, entropy_)) {
    shares.push_back(encode(RecoveryShare{split, std::move(share)}));
  }
  return shares;
}

Status Keeper::keep_recovery(ByteView split) {
  if (!drawn_ || !crypto::equal(drawn_->recovery()->id.view(), split)) {
    return caller_error(Code::not_found, "these shares are not the ones that were drawn last");
  }
  Vault changed = *vault_;
  changed.take_recovery_of(*drawn_);
  HAMROH_TRY(changed.write(home_));
  // Commit point: from here on the new shares open the vault, and older ones do not.
  vault_ = std::move(changed);
  drawn_.reset();
  return {};
}

void Keeper::forget() {
  close();
  reader_key_.reset();
  drawn_.reset();
  vault_.reset();
  locked_ = true;
  effects_ = Effects{};
}

Effects Keeper::take_effects() {
  return std::exchange(effects_, Effects{});
}

}  // namespace hamroh
