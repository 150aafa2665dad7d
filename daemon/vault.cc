#include "daemon/vault.h"

#include <utility>

#include "protocol/constants.h"

namespace hamroh {
namespace {

constexpr std::uint8_t vault_version = 1;
constexpr std::size_t wrapped_bytes = 24 + 32 + crypto::tag_bytes;
constexpr std::uint8_t node_tier_number = 1;
constexpr std::uint8_t reader_tier_number = 2;

SymmetricKey draw_key() {
  return SymmetricKey::make([](auto raw) { crypto::system_random(raw); });
}

Bytes wrap_context(std::uint8_t tier) {
  Bytes context;
  append(context, view(labels::vault_wrap));
  put_u8(context, tier);
  return context;
}

Bytes wrap(const SymmetricKey& root, std::uint8_t tier, const SymmetricKey& key) {
  std::array<std::uint8_t, 24> nonce{};
  crypto::system_random(nonce);
  Bytes wrapped(nonce.begin(), nonce.end());
  key.expose([&](auto raw) {
    append(wrapped, crypto::xchacha_seal(root, nonce, wrap_context(tier), raw));
  });
  return wrapped;
}

std::optional<SymmetricKey> unwrap(const SymmetricKey& root, std::uint8_t tier, ByteView wrapped) {
  auto key =
      crypto::xchacha_open(root, wrapped.first<24>(), wrap_context(tier), wrapped.subspan(24));
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

}  // namespace

Status Vault::create(const Home& home, std::optional<ByteView> passphrase,
                     crypto::PassphraseCost cost) {
  const SymmetricKey node_root = draw_key();
  SymmetricKey reader_root = draw_key();
  std::array<std::uint8_t, 16> salt{};
  crypto::system_random(salt);
  if (passphrase) {
    HAMROH_ASSIGN(reader_root, crypto::passphrase_key(*passphrase, salt, cost));
  }
  Bytes file{vault_version,
             static_cast<std::uint8_t>(passphrase ? Mode::passphrase : Mode::credential)};
  put_u64(file, cost.operations);
  put_u64(file, cost.memory_bytes);
  append(file, salt);
  append(file, wrap(node_root, node_tier_number, draw_key()));
  append(file, wrap(reader_root, reader_tier_number, draw_key()));
  HAMROH_TRY(write_key(home.node_key(), node_root));
  if (!passphrase) {
    HAMROH_TRY(write_key(home.reader_key(), reader_root));
  }
  return write_file(home.vault(), file);
}

Result<Vault> Vault::open(const Home& home) {
  HAMROH_ASSIGN(const Bytes file, read_file(home.vault(), 4096));
  ByteReader reader(file);
  Vault vault;
  const std::uint8_t version = reader.u8();
  const std::uint8_t mode = reader.u8();
  vault.cost_.operations = reader.u64();
  vault.cost_.memory_bytes = reader.u64();
  const ByteView salt = reader.take(16);
  const ByteView node = reader.take(wrapped_bytes);
  const ByteView reading = reader.take(wrapped_bytes);
  constexpr std::uint64_t memory_bytes_max = 4ULL << 30U;
  constexpr std::uint64_t memory_bytes_step = 1024;  // Argon2 counts KiB: other bits mean nothing
  if (version > vault_version) {
    return environment_error(Code::store_newer, "the vault was written by a newer version");
  }
  if (!reader.finished() || version != vault_version || mode < 1 || mode > 2 ||
      vault.cost_.operations > 64 || vault.cost_.memory_bytes > memory_bytes_max ||
      vault.cost_.memory_bytes % memory_bytes_step != 0) {
    return environment_error(Code::store_corrupt, "the vault file is damaged");
  }
  vault.mode_ = static_cast<Mode>(mode);
  std::memcpy(vault.salt_.data(), salt.data(), salt.size());
  vault.node_wrapped_.assign(node.begin(), node.end());
  vault.reader_wrapped_.assign(reading.begin(), reading.end());
  return vault;
}

Result<SymmetricKey> Vault::node_tier(const std::string& key_file) const {
  HAMROH_ASSIGN(const SymmetricKey root, read_key(key_file));
  auto key = unwrap(root, node_tier_number, node_wrapped_);
  if (!key) {
    return environment_error(Code::store_corrupt, "node.key does not open this vault");
  }
  return std::move(*key);
}

Result<SymmetricKey> Vault::reader_tier_from_file(const std::string& key_file) const {
  HAMROH_ASSIGN(const SymmetricKey root, read_key(key_file));
  auto key = unwrap(root, reader_tier_number, reader_wrapped_);
  if (!key) {
    return caller_error(Code::bad_passphrase, "the credential file does not open this vault");
  }
  return std::move(*key);
}

Result<SymmetricKey> Vault::reader_tier_from_passphrase(ByteView passphrase) const {
  if (mode_ != Mode::passphrase) {
    return caller_error(Code::invalid_argument, "this vault opens with a credential file");
  }
  HAMROH_ASSIGN(const SymmetricKey root, crypto::passphrase_key(passphrase, salt_, cost_));
  auto key = unwrap(root, reader_tier_number, reader_wrapped_);
  if (!key) {
    return caller_error(Code::bad_passphrase, "the passphrase is wrong");
  }
  return std::move(*key);
}

}  // namespace hamroh
