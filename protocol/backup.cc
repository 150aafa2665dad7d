#include "protocol/backup.h"

#include <algorithm>
#include <utility>

#include "protocol/constants.h"
#include "protocol/page_sum.h"

namespace hamroh {
namespace {

constexpr std::uint8_t format_version = 1;
constexpr std::uint8_t for_backup = 'b';
constexpr std::uint8_t for_file = 'f';
constexpr std::uint8_t for_keyring = 'k';
constexpr std::uint8_t for_keys = 'n';
constexpr std::uint8_t for_tiers = 'p';
constexpr std::size_t nonce_bytes = 24;
constexpr std::size_t sealed_tiers_bytes = nonce_bytes + 64 + crypto::tag_bytes;
constexpr std::size_t key_row_bytes = 16 + 8 + 8 + 32;

// No file from elsewhere makes this machine compute for hours.
constexpr std::uint64_t operations_max = 64;
constexpr std::uint64_t memory_bytes_max = 4ULL << 30U;

Bytes begin_bytes(std::uint8_t purpose) {
  Bytes out;
  append(out, view(labels::backup));
  put_u8(out, purpose);
  return out;
}

// What a file of this kind begins with.
Status read_beginning(ByteReader& reader, std::uint8_t purpose) {
  const ByteView label = reader.take(labels::backup.size());
  if (!std::ranges::equal(label, view(labels::backup)) || reader.u8() != purpose) {
    return caller_error(Code::malformed, purpose == for_keyring
                                             ? "this is no keyring of backup keys"
                                             : "this is no backup");
  }
  if (reader.u8() != format_version) {
    return caller_error(Code::unsupported_version, "this was written by a newer version");
  }
  return {};
}

Bytes seal_with_nonce(const SymmetricKey& key, std::span<const std::uint8_t, 24> nonce,
                      ByteView context, ByteView plain) {
  Bytes sealed(nonce.begin(), nonce.end());
  append(sealed, crypto::xchacha_seal(key, nonce, context, plain));
  return sealed;
}

std::optional<Bytes> open_with_nonce(const SymmetricKey& key, ByteView context, ByteView sealed) {
  if (sealed.size() < nonce_bytes) {
    return std::nullopt;
  }
  return crypto::xchacha_open(key, sealed.first<nonce_bytes>(), context,
                              sealed.subspan(nonce_bytes));
}

SymmetricKey keys_key(const SymmetricKey& node_tier) {
  return SymmetricKey::make([&](auto out) {
    const Status made = node_tier.expose(
        [&](auto raw) { return crypto::hkdf_expand(raw, begin_bytes(for_keys), out); });
    CHECK(made);
  });
}

}  // namespace

// ---- the file ---------------------------------------------------------------------------------

Bytes BackupStatement::encode() const {
  Bytes out = begin_bytes(for_backup);
  put_u8(out, format_version);
  append(out, network.view());
  append(out, member.view());
  put_u32(out, incarnation);
  put_u64(out, created.ms);
  put_u64(out, ledger_size);
  append(out, ledger_root.view());
  append(out, key.view());
  append(out, id.view());
  CHECK(out.size() == encoded_size);
  return out;
}

Result<BackupStatement> BackupStatement::parse(ByteView bytes) {
  ByteReader reader(bytes);
  HAMROH_TRY(read_beginning(reader, for_backup));
  BackupStatement read;
  read.network = reader.fixed<NetworkId>();
  read.member = reader.fixed<MemberId>();
  read.incarnation = reader.u32();
  read.created = {reader.u64()};
  read.ledger_size = reader.u64();
  read.ledger_root = reader.fixed<Digest>();
  read.key = reader.fixed<BackupKeyId>();
  read.id = reader.fixed<BackupId>();
  if (!reader.finished() || read.incarnation == 0) {
    return caller_error(Code::malformed, "the head of the backup is damaged");
  }
  return read;
}

Digest BackupStatement::digest() const {
  return crypto::sha256({encode()});
}

Bytes BackupHead::encode() const {
  Bytes out = statement.encode();
  put_u64(out, database_bytes);
  put_u32(out, vault_bytes);
  put_u32(out, configuration_bytes);
  return out;
}

Result<BackupHead> BackupHead::parse(ByteView bytes) {
  if (bytes.size() != encoded_size) {
    return caller_error(Code::malformed, "the file is too short for a backup");
  }
  BackupHead read;
  HAMROH_ASSIGN(read.statement, BackupStatement::parse(bytes.first(BackupStatement::encoded_size)));
  ByteReader reader(bytes.subspan(BackupStatement::encoded_size));
  read.database_bytes = reader.u64();
  read.vault_bytes = reader.u32();
  read.configuration_bytes = reader.u32();
  if (read.database_bytes == 0 || read.database_bytes % page_bytes != 0 ||
      read.database_bytes > backup_database_bytes_max || read.vault_bytes == 0 ||
      read.vault_bytes > backup_vault_bytes_max ||
      read.configuration_bytes > backup_configuration_bytes_max) {
    return caller_error(Code::malformed, "the head of the backup is damaged");
  }
  return read;
}

std::size_t BackupHead::chunk_bytes(std::uint64_t number) const {
  CHECK(number < chunks());
  const std::uint64_t before = number * backup_chunk_bytes;
  return static_cast<std::size_t>(
      std::min<std::uint64_t>(backup_chunk_bytes, stream_bytes() - before));
}

SymmetricKey backup_file_key(const SymmetricKey& backup_key, const BackupStatement& statement) {
  Bytes info = begin_bytes(for_file);
  append(info, statement.encode());
  const SymmetricKey extracted =
      backup_key.expose([&](auto raw) { return crypto::hkdf_extract(statement.id.view(), raw); });
  return SymmetricKey::make([&](auto out) {
    const Status made =
        extracted.expose([&](auto raw) { return crypto::hkdf_expand(raw, info, out); });
    CHECK(made);
  });
}

BackupCipher::BackupCipher(const BackupHead& head, SymmetricKey file_key)
    : head_(head), head_digest_(crypto::sha256({head.encode()})), key_(std::move(file_key)) {}

Bytes BackupCipher::associated(std::uint64_t number) const {
  Bytes context(head_digest_.bytes.begin(), head_digest_.bytes.end());
  put_u64(context, number);
  put_u8(context, number + 1 == head_.chunks() ? 1 : 0);
  return context;
}

namespace {

// The key serves one file, in which each number comes once.
std::array<std::uint8_t, nonce_bytes> chunk_nonce(std::uint64_t number) {
  std::array<std::uint8_t, nonce_bytes> nonce{};
  const Bytes counted = key_u64(number);
  std::copy(counted.begin(), counted.end(), nonce.end() - 8);
  return nonce;
}

}  // namespace

Bytes BackupCipher::seal(std::uint64_t number, ByteView content) const {
  CHECK(content.size() == head_.chunk_bytes(number));
  return crypto::xchacha_seal(key_, chunk_nonce(number), associated(number), content);
}

Result<Bytes> BackupCipher::open(std::uint64_t number, ByteView sealed) const {
  if (number < head_.chunks() && sealed.size() == head_.chunk_bytes(number) + crypto::tag_bytes) {
    if (auto opened = crypto::xchacha_open(key_, chunk_nonce(number), associated(number), sealed)) {
      return std::move(*opened);
    }
  }
  return caller_error(Code::malformed, "the backup is damaged, or was sealed under another key");
}

// ---- the keyring ------------------------------------------------------------------------------

Bytes Keyring::encode_front() const {
  Bytes out = begin_bytes(for_keyring);
  put_u8(out, format_version);
  append(out, network.view());
  append(out, member.view());
  put_u64(out, made.ms);
  put_u16(out, static_cast<std::uint16_t>(vault.size()));
  append(out, vault);
  put_u8(out, passphrase ? 1 : 0);
  if (passphrase) {
    put_u64(out, passphrase->cost.operations);
    put_u64(out, passphrase->cost.memory_bytes);
    append(out, passphrase->salt);
    append(out, passphrase->sealed);
  }
  return out;
}

Bytes Keyring::encode() const {
  Bytes out = encode_front();
  append(out, ByteView(sealed).first(nonce_bytes));
  put_u16(out, static_cast<std::uint16_t>(sealed.size() - nonce_bytes));
  append(out, ByteView(sealed).subspan(nonce_bytes));
  append(out, crypto::sha256({out}).view());
  return out;
}

Result<Keyring> Keyring::parse(ByteView file) {
  const auto damaged = caller_error(Code::malformed, "the keyring of backup keys is damaged");
  if (file.size() <= Digest::size || file.size() > keyring_bytes_max) {
    return damaged;
  }
  const ByteView hashed = file.first(file.size() - Digest::size);
  ByteReader reader(hashed);
  HAMROH_TRY(read_beginning(reader, for_keyring));
  if (!crypto::equal(crypto::sha256({hashed}).view(), file.last(Digest::size))) {
    return damaged;
  }
  const auto copy = [&](std::size_t length) {
    const ByteView taken = reader.take(length);
    return Bytes(taken.begin(), taken.end());
  };
  Keyring read;
  read.network = reader.fixed<NetworkId>();
  read.member = reader.fixed<MemberId>();
  read.made = {reader.u64()};
  read.vault = copy(reader.u16());
  const std::uint8_t count = reader.u8();
  if (count == 1) {
    read.passphrase.emplace();
    read.passphrase->cost.operations = reader.u64();
    read.passphrase->cost.memory_bytes = reader.u64();
    const ByteView salt = reader.take(read.passphrase->salt.size());
    std::copy(salt.begin(), salt.end(), read.passphrase->salt.begin());
    read.passphrase->sealed = copy(sealed_tiers_bytes);
  }
  read.sealed = copy(nonce_bytes);
  const std::size_t length = reader.u16();
  append(read.sealed, reader.take(length));
  const bool affordable =
      !read.passphrase || (read.passphrase->cost.operations <= operations_max &&
                           read.passphrase->cost.memory_bytes <= memory_bytes_max);
  const bool good = reader.finished() && count <= 1 && affordable && !read.vault.empty() &&
                    read.vault.size() <= backup_vault_bytes_max && length >= crypto::tag_bytes &&
                    (length - crypto::tag_bytes) % key_row_bytes == 0 &&
                    length <= backup_keys_max * key_row_bytes + crypto::tag_bytes;
  return good ? Result<Keyring>(std::move(read)) : damaged;
}

void Keyring::seal_keys(const SymmetricKey& node_tier, const std::vector<BackupKey>& keys,
                        std::span<const std::uint8_t, 24> nonce) {
  CHECK(keys.size() <= backup_keys_max);
  Bytes plain;
  plain.reserve(keys.size() * key_row_bytes);  // so that no copy is left behind
  for (const BackupKey& key : keys) {
    append(plain, key.id.view());
    put_u64(plain, key.created.ms);
    put_u64(plain, key.ends.ms);
    key.key.expose([&](auto raw) { append(plain, raw); });
  }
  sealed = seal_with_nonce(keys_key(node_tier), nonce, encode_front(), plain);
  crypto::wipe(plain);
}

Result<std::vector<BackupKey>> Keyring::open_keys(const SymmetricKey& node_tier) const {
  auto plain = open_with_nonce(keys_key(node_tier), encode_front(), sealed);
  if (!plain) {
    return caller_error(Code::bad_passphrase, "the keyring belongs to another node");
  }
  ByteReader reader(*plain);
  std::vector<BackupKey> keys;
  while (reader.remaining() >= key_row_bytes) {
    BackupKey key;
    key.id = reader.fixed<BackupKeyId>();
    key.created = {reader.u64()};
    key.ends = {reader.u64()};
    key.key = SymmetricKey(reader.take(32).first<32>());
    keys.push_back(std::move(key));
  }
  const bool finished = reader.finished();
  crypto::wipe(*plain);
  if (!finished) {
    return caller_error(Code::malformed, "the keyring of backup keys is damaged");
  }
  return keys;
}

Bytes Keyring::tiers_context(const crypto::PassphraseCost& cost,
                             std::span<const std::uint8_t, 16> salt) const {
  Bytes context = begin_bytes(for_tiers);
  append(context, network.view());
  append(context, member.view());
  put_u64(context, cost.operations);
  put_u64(context, cost.memory_bytes);
  append(context, salt);
  return context;
}

void Keyring::seal_tiers(const crypto::PassphraseCost& cost, std::span<const std::uint8_t, 16> salt,
                         const SymmetricKey& root, const VaultTiers& tiers,
                         std::span<const std::uint8_t, 24> nonce) {
  Bytes plain;
  plain.reserve(64);
  tiers.node.expose([&](auto raw) { append(plain, raw); });
  tiers.reader.expose([&](auto raw) { append(plain, raw); });
  passphrase.emplace();
  passphrase->cost = cost;
  std::copy(salt.begin(), salt.end(), passphrase->salt.begin());
  passphrase->sealed = seal_with_nonce(root, nonce, tiers_context(cost, salt), plain);
  crypto::wipe(plain);
}

Result<VaultTiers> Keyring::open_tiers(const SymmetricKey& root) const {
  if (!passphrase) {
    return caller_error(Code::not_found, "this keyring opens with recovery shares");
  }
  auto plain =
      open_with_nonce(root, tiers_context(passphrase->cost, passphrase->salt), passphrase->sealed);
  if (!plain || plain->size() != 64) {
    return caller_error(Code::bad_passphrase, "the passphrase does not open this keyring");
  }
  VaultTiers tiers{SymmetricKey(ByteView(*plain).first<32>()),
                   SymmetricKey(ByteView(*plain).last<32>())};
  crypto::wipe(*plain);
  return tiers;
}

const BackupKey* present_backup_key(const std::vector<BackupKey>& keys, const BackupPolicy& policy,
                                    Timestamp now) {
  const auto newest = std::ranges::max_element(keys, {}, &BackupKey::created);
  // One from the future was made under a clock that was wrong: its time would never be over.
  const bool serves = newest != keys.end() && newest->created <= now &&
                      now < newest->created + days(policy.key_days) &&
                      now + days(policy.key_days) <= newest->ends;  // under a policy of before
  return serves ? &*newest : nullptr;
}

bool is_backup_key_over(const BackupKey& key, const BackupPolicy& policy, Timestamp now) {
  const Duration life = days(policy.bound_days());
  return now >= key.ends || now >= key.created + life || key.created >= now + life;
}

}  // namespace hamroh
