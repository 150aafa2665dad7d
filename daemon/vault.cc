#include "daemon/vault.h"

#include <utility>

#include "protocol/constants.h"

namespace hamroh {
namespace {

constexpr std::uint8_t vault_version = 2;
constexpr std::size_t vault_bytes_max = 4096;
constexpr std::size_t wrapped_bytes = 24 + 32 + crypto::tag_bytes;
constexpr std::uint8_t state_in_use = 1;
constexpr std::uint8_t state_destroyed = 2;
constexpr std::uint8_t node_tier_number = 1;
constexpr std::uint8_t reader_tier_number = 2;
constexpr std::uint8_t for_wrap = 4;  // of the purposes of L(recovery), see recovery_share.cc

constexpr const char* damaged = "the vault file is damaged";
constexpr const char* no_keys = "the keys of this node were destroyed";

SymmetricKey draw_key() {
  return SymmetricKey::make([](auto raw) { crypto::system_random(raw); });
}

Bytes wrap_context(std::uint8_t tier) {
  Bytes context;
  append(context, view(labels::vault_wrap));
  put_u8(context, tier);
  return context;
}

void put_split(Bytes& out, const RecoverySplit& split) {
  append(out, split.network.view());
  append(out, split.member.view());
  append(out, split.id.view());
  put_u8(out, split.count.threshold);
  put_u8(out, split.count.shares);
}

RecoverySplit read_split(ByteReader& reader) {
  RecoverySplit split;
  split.network = reader.fixed<NetworkStart>();
  split.member = reader.fixed<MemberId>();
  split.id = reader.fixed<SplitId>();
  split.count.threshold = reader.u8();
  split.count.shares = reader.u8();
  return split;
}

Bytes recovery_context(std::uint8_t tier, const RecoverySplit& split) {
  Bytes context;
  append(context, view(labels::recovery));
  put_u8(context, for_wrap);
  put_u8(context, tier);
  put_split(context, split);
  return context;
}

Bytes wrap(const SymmetricKey& root, ByteView context, const SymmetricKey& key) {
  std::array<std::uint8_t, 24> nonce{};
  crypto::system_random(nonce);
  Bytes wrapped(nonce.begin(), nonce.end());
  key.expose([&](auto raw) { append(wrapped, crypto::xchacha_seal(root, nonce, context, raw)); });
  return wrapped;
}

std::optional<SymmetricKey> unwrap(const SymmetricKey& root, ByteView context, ByteView wrapped) {
  if (wrapped.size() != wrapped_bytes) {
    return std::nullopt;
  }
  auto key = crypto::xchacha_open(root, wrapped.first<24>(), context, wrapped.subspan(24));
  if (!key || key->size() != 32) {
    return std::nullopt;
  }
  SymmetricKey opened(ByteView(*key).first<32>());
  crypto::wipe(*key);
  return opened;
}

Status write_key(const std::string& path, const SymmetricKey& key) {
  return key.expose([&](auto raw) { return write_file(path, raw); });
}

Result<SymmetricKey> read_key(const std::string& path) {
  HAMROH_ASSIGN(Bytes raw, read_file(path, 32));
  if (raw.size() != 32) {
    return environment_error(Code::store_corrupt, "a key file has a wrong length");
  }
  SymmetricKey key(ByteView(raw).first<32>());
  crypto::wipe(raw);
  return key;
}

bool is_affordable(const crypto::PassphraseCost& cost) {
  constexpr std::uint64_t operations_max = 64;
  constexpr std::uint64_t memory_bytes_max = 4ULL << 30U;
  constexpr std::uint64_t memory_bytes_step = 1024;  // Argon2 counts KiB: other bits mean nothing
  return cost.operations <= operations_max && cost.memory_bytes <= memory_bytes_max &&
         cost.memory_bytes % memory_bytes_step == 0;
}

Bytes take_bytes(ByteReader& reader, std::size_t length) {
  const ByteView bytes = reader.take(length);
  return {bytes.begin(), bytes.end()};
}

// A count of 0 or 1; another one leaves bytes over or takes more than there are.
bool is_present(ByteReader& reader) {
  const std::uint8_t count = reader.u8();
  if (count > 1) {
    (void)reader.take(SIZE_MAX);
  }
  return count == 1;
}

}  // namespace

Result<TierKeys> Vault::create(const Home& home, Mode mode, ByteView passphrase,
                               crypto::PassphraseCost cost) {
  TierKeys tiers{draw_key(), draw_key()};
  Vault vault;
  HAMROH_TRY(write_key(home.node_key(), vault.renew_node_root(tiers.node)));
  switch (mode) {
    case Mode::credential:
      HAMROH_TRY(write_key(home.reader_key(), vault.renew_reader_root(tiers.reader)));
      break;
    case Mode::passphrase:
      HAMROH_TRY(vault.wrap_reader(tiers.reader, passphrase, cost));
      break;
    case Mode::users:
      vault.leave_reader_to_users();
      break;
  }
  HAMROH_TRY(vault.write(home));
  return tiers;
}

Result<Vault> Vault::open(const Home& home) {
  auto file = read_file(home.vault(), vault_bytes_max);
  if (!file && file.error().code == Code::too_large) {
    return environment_error(Code::store_corrupt, damaged);
  }
  HAMROH_TRY(file);
  return parse(*file);
}

Status Vault::write(const Home& home) const {
  return write_file(home.vault(), encode());
}

Status Vault::write_for_good(const Home& home) const {
  return replace_for_good(home.vault(), encode());
}

Bytes Vault::encode() const {
  Bytes file{vault_version, destroyed() ? state_destroyed : state_in_use,
             static_cast<std::uint8_t>(mode_)};
  put_u64(file, cost_.operations);
  put_u64(file, cost_.memory_bytes);
  append(file, salt_);
  put_u8(file, node_wrapped_.empty() ? 0 : 1);
  append(file, node_wrapped_);
  put_u8(file, reader_wrapped_.empty() ? 0 : 1);
  append(file, reader_wrapped_);
  put_u8(file, recovery_ ? 1 : 0);
  if (recovery_) {
    put_split(file, *recovery_);
    append(file, node_recovery_);
    append(file, reader_recovery_);
  }
  append(file, crypto::sha256({file}).view());
  return file;
}

// The two layouts, once it is known which one it is.
struct Vault::Reading {
  ByteReader reader;
  Vault vault;

  std::uint8_t head() {
    const std::uint8_t mode = reader.u8();
    vault.mode_ = static_cast<Mode>(mode);
    vault.cost_.operations = reader.u64();
    vault.cost_.memory_bytes = reader.u64();
    const ByteView salt = reader.take(vault.salt_.size());
    std::copy(salt.begin(), salt.end(), vault.salt_.begin());
    return mode;
  }

  bool version_1() {
    const std::uint8_t mode = head();
    vault.node_wrapped_ = take_bytes(reader, wrapped_bytes);
    vault.reader_wrapped_ = take_bytes(reader, wrapped_bytes);
    const bool good = reader.finished() && mode >= 1 && mode <= 2 && is_affordable(vault.cost_);
    if (vault.mode_ == Mode::credential) {
      vault.forget_passphrase();  // version 1 drew a salt for nothing
    }
    return good;
  }

  bool version_2() {
    const std::uint8_t state = reader.u8();
    const std::uint8_t mode = head();
    vault.node_wrapped_ = take_bytes(reader, is_present(reader) ? wrapped_bytes : 0);
    vault.reader_wrapped_ = take_bytes(reader, is_present(reader) ? wrapped_bytes : 0);
    if (is_present(reader)) {
      vault.recovery_ = read_split(reader);
      vault.node_recovery_ = take_bytes(reader, wrapped_bytes);
      vault.reader_recovery_ = take_bytes(reader, wrapped_bytes);
    }
    const bool in_use = state == state_in_use;
    const bool by_passphrase = in_use && vault.mode_ == Mode::passphrase;
    const bool no_salt = std::ranges::all_of(vault.salt_, [](auto byte) { return byte == 0; });
    return reader.finished() && (in_use || state == state_destroyed) && mode >= 1 && mode <= 3 &&
           vault.node_wrapped_.empty() != in_use &&
           vault.reader_wrapped_.empty() == (!in_use || vault.mode_ == Mode::users) &&
           is_affordable(vault.cost_) &&
           (by_passphrase ||
            (vault.cost_.operations == 0 && vault.cost_.memory_bytes == 0 && no_salt)) &&
           (!vault.recovery_ || is_allowed(vault.recovery_->count));
  }
};

Result<Vault> Vault::parse(ByteView file) {
  const auto corrupt = environment_error(Code::store_corrupt, damaged);
  if (file.size() <= Digest::size) {
    return corrupt;
  }
  const ByteView hashed = file.first(file.size() - Digest::size);
  const bool whole = crypto::equal(crypto::sha256({hashed}).view(), file.last(Digest::size));
  const std::uint8_t version = file.front();
  // Damage first: in a damaged file the version means nothing. Every version from 2 on ends so.
  if (version != 1 && !whole) {
    return corrupt;
  }
  if (version > vault_version) {
    return environment_error(Code::store_newer, "the vault was written by a newer version");
  }
  Reading reading{ByteReader(version == 1 ? file.subspan(1) : hashed.subspan(1)), Vault()};
  const bool good = version == 1 ? reading.version_1() : version == 2 && reading.version_2();
  return good ? Result<Vault>(std::move(reading.vault)) : corrupt;
}

Result<SymmetricKey> Vault::node_tier(const std::string& key_file) const {
  if (destroyed()) {
    return caller_error(Code::locked, no_keys);
  }
  HAMROH_ASSIGN(const SymmetricKey root, read_key(key_file));
  auto key = unwrap(root, wrap_context(node_tier_number), node_wrapped_);
  if (!key) {
    return environment_error(Code::store_corrupt, "node.key does not open this vault");
  }
  return std::move(*key);
}

Result<SymmetricKey> Vault::reader_tier_from_file(const std::string& key_file) const {
  if (mode_ != Mode::credential || reader_wrapped_.empty()) {
    return caller_error(Code::invalid_argument, "this vault does not open with a credential file");
  }
  HAMROH_ASSIGN(const SymmetricKey root, read_key(key_file));
  auto key = unwrap(root, wrap_context(reader_tier_number), reader_wrapped_);
  if (!key) {
    return caller_error(Code::bad_passphrase, "the credential file does not open this vault");
  }
  return std::move(*key);
}

Result<SymmetricKey> Vault::reader_tier_from_passphrase(ByteView passphrase) const {
  if (mode_ != Mode::passphrase || reader_wrapped_.empty()) {
    return caller_error(Code::invalid_argument, mode_ == Mode::credential
                                                    ? "this vault opens with a credential file"
                                                    : "this vault has no passphrase of its own");
  }
  HAMROH_ASSIGN(const SymmetricKey root, crypto::passphrase_key(passphrase, salt_, cost_));
  return reader_tier_from_root(root);
}

std::optional<Vault::Recipe> Vault::recipe() const {
  return mode_ == Mode::passphrase && !reader_wrapped_.empty()
             ? std::optional(Recipe{*Salt::from(salt_), cost_})
             : std::nullopt;
}

Result<SymmetricKey> Vault::reader_tier_from_root(const SymmetricKey& root) const {
  auto key = unwrap(root, wrap_context(reader_tier_number), reader_wrapped_);
  if (!key) {
    return caller_error(Code::bad_passphrase, "the passphrase is wrong");
  }
  return std::move(*key);
}

Result<TierKeys> Vault::tiers_from_recovery(const SymmetricKey& recovery_key) const {
  if (!recovery_) {
    return caller_error(Code::not_found, "no recovery shares were made for this vault");
  }
  auto node = unwrap(recovery_key, recovery_context(node_tier_number, *recovery_), node_recovery_);
  auto reader =
      unwrap(recovery_key, recovery_context(reader_tier_number, *recovery_), reader_recovery_);
  if (!node || !reader) {
    return caller_error(Code::bad_passphrase, "these shares do not open this vault");
  }
  return TierKeys{std::move(*node), std::move(*reader)};
}

SymmetricKey Vault::renew_node_root(const SymmetricKey& node_tier) {
  SymmetricKey root = draw_key();
  node_wrapped_ = wrap(root, wrap_context(node_tier_number), node_tier);
  return root;
}

SymmetricKey Vault::renew_reader_root(const SymmetricKey& reader_tier) {
  SymmetricKey root = draw_key();
  reader_wrapped_ = wrap(root, wrap_context(reader_tier_number), reader_tier);
  mode_ = Mode::credential;
  forget_passphrase();
  return root;
}

Status Vault::wrap_reader(const SymmetricKey& reader_tier, ByteView passphrase,
                          crypto::PassphraseCost cost) {
  std::array<std::uint8_t, 16> salt{};
  crypto::system_random(salt);
  HAMROH_ASSIGN(const SymmetricKey root, crypto::passphrase_key(passphrase, salt, cost));
  reader_wrapped_ = wrap(root, wrap_context(reader_tier_number), reader_tier);
  mode_ = Mode::passphrase;
  cost_ = cost;
  salt_ = salt;
  return {};
}

void Vault::leave_reader_to_users() {
  reader_wrapped_.clear();
  mode_ = Mode::users;
  forget_passphrase();
}

void Vault::wrap_for_recovery(const RecoverySplit& split, const SymmetricKey& recovery_key,
                              const TierKeys& tiers) {
  recovery_ = split;
  node_recovery_ = wrap(recovery_key, recovery_context(node_tier_number, split), tiers.node);
  reader_recovery_ = wrap(recovery_key, recovery_context(reader_tier_number, split), tiers.reader);
}

void Vault::take_recovery_of(const Vault& other) {
  recovery_ = other.recovery_;
  node_recovery_ = other.node_recovery_;
  reader_recovery_ = other.reader_recovery_;
}

void Vault::destroy() {
  node_wrapped_.clear();
  reader_wrapped_.clear();
  forget_passphrase();
}

void Vault::forget_passphrase() {
  cost_ = {0, 0};
  salt_ = {};
}

}  // namespace hamroh
