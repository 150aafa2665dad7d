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

std::string key_file_path(const Home& home, const std::string& configured,
                          const std::string& usual) {
  if (configured.empty()) {
    return usual;
  }
  return configured.front() == '/' ? configured : home.file(configured);
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
  if (!reader_key_ && !locked_ && vault_->mode() == Vault::Mode::credential) {
    HAMROH_ASSIGN(reader_key_, vault_->reader_tier_from_file(
                                   key_file(configuration_.reader_key_file, home_.reader_key())));
  }
  if (!reader_key_ && !locked_ && !configuration_.passphrase_file.empty()) {
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
  HAMROH_ASSIGN(const SymmetricKey node_key,
                vault_->node_tier(key_file(configuration_.node_key_file, home_.node_key())));
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
  Effects effects;
  Turn turn{wall_now(), monotonic_now(), *transaction, entropy_, effects};
  NodeOptions options;
  options.message_lifetime = days(configuration_.lifetime_days);
  options.anchor = anchor_->read();
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

Status Keeper::unlock_store(ByteView passphrase) {
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
  reader_key_ = std::move(*key);
  locked_ = false;
  sealed_->unlock(*reader_key_);
  return {};
}

void Keeper::lock_store() {
  sealed_->lock();
  reader_key_.reset();
  locked_ = true;
}

Effects Keeper::take_effects() {
  return std::exchange(effects_, Effects{});
}

}  // namespace hamroh
