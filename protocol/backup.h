// A backup: the whole store of a node in one sealed file; and the keyring that opens it.
//
// The file, written by `hamroh backup` and read by `hamrohd restore`:
//   statement = L(backup) ‖ 'b' ‖ version u8 (1) ‖ network[32] ‖ member[16] ‖ incarnation u32 ‖
//               created u64 ‖ ledger size u64 ‖ ledger root[32] ‖ key id[16] ‖ backup id[16]
//   head      = statement ‖ database bytes u64 ‖ vault bytes u32 ‖ configuration bytes u32
//   file      = head ‖ chunk…
// Sealed in chunks of 1 MiB is the stream vault file ‖ hamroh.toml ‖ database pages:
//   chunk n   = XChaCha20-Poly1305(file key, 16 zeros ‖ n u64, SHA-256(head) ‖ n u64 ‖ last u8, …)
//   file key  = HKDF-SHA256(salt = backup id, backup key, info = L(backup) ‖ 'f' ‖ statement)
// The head fixes how many chunks there are and how long each is, so none can be dropped, doubled,
// moved or cut, and nothing can follow. The key of a file serves this file only; the daemon gives
// it away and keeps the backup key. The ledger's size and root are those before the entry
// `backup_made`, whose subject is SHA-256(statement): what is restored proves itself.
//
// The keyring (HOME/backup-keys.hamroh) holds the backup keys that are kept, and is the daemon's
// own copy of them. It is never part of a backup: else each backup would open those before it, and
// no key could ever be destroyed.
//   keyring   = L(backup) ‖ 'k' ‖ version u8 (1) ‖ network[32] ‖ member[16] ‖ made u64 ‖
//               length u16 ‖ vault file ‖ count u8 (0 or 1) ‖
//               [operations u64 ‖ memory u64 ‖ salt[16] ‖
//                nonce[24] ‖ sealed (node tier[32] ‖ reader tier[32])] ‖
//               nonce[24] ‖ length u16 ‖ sealed (id[16] ‖ created u64 ‖ ends u64 ‖ key[32])… ‖
//               SHA-256 of all before
//   The keys are sealed under HKDF-Expand(node tier, L(backup) ‖ 'n'), AAD = everything before the
//   nonce; the tiers, for who has no recovery shares, under Argon2id(passphrase), AAD = L(backup) ‖
//   'p' ‖ network ‖ member ‖ operations ‖ memory ‖ salt.
// Recovery shares open the vault file in it, that yields the tiers, and the node tier opens the
// keys.
#pragma once

#include <optional>
#include <vector>

#include "protocol/crypto.h"

namespace hamroh {

using BackupId = FixedBytes<struct BackupIdTag, 16>;
using BackupKeyId = FixedBytes<struct BackupKeyIdTag, 16>;

inline constexpr std::size_t backup_chunk_bytes = 1024 * 1024;
inline constexpr std::size_t backup_vault_bytes_max = 4096;
inline constexpr std::size_t backup_configuration_bytes_max = 64 * 1024;
inline constexpr std::uint64_t backup_database_bytes_max = 1ULL << 44U;
inline constexpr std::size_t backup_keys_max = 64;  // in one keyring
inline constexpr std::size_t keyring_bytes_max = 16 * 1024;

struct BackupStatement {
  static constexpr std::size_t encoded_size = 16 + 2 + 32 + 16 + 4 + 8 + 8 + 32 + 16 + 16;

  NetworkId network;
  MemberId member;
  std::uint32_t incarnation = 1;
  Timestamp created;
  std::uint64_t ledger_size = 0;
  Digest ledger_root;
  BackupKeyId key;
  BackupId id;
  bool operator==(const BackupStatement&) const = default;

  [[nodiscard]] Bytes encode() const;
  // Errors (caller): malformed, unsupported_version.
  [[nodiscard]] static Result<BackupStatement> parse(ByteView bytes);
  [[nodiscard]] Digest digest() const;  // what the ledger names
};

struct BackupHead {
  static constexpr std::size_t encoded_size = BackupStatement::encoded_size + 8 + 4 + 4;

  BackupStatement statement;
  std::uint64_t database_bytes = 0;
  std::uint32_t vault_bytes = 0;
  std::uint32_t configuration_bytes = 0;
  bool operator==(const BackupHead&) const = default;

  [[nodiscard]] Bytes encode() const;
  [[nodiscard]] static Result<BackupHead> parse(ByteView bytes);

  [[nodiscard]] std::uint64_t stream_bytes() const {
    return std::uint64_t{vault_bytes} + configuration_bytes + database_bytes;
  }
  [[nodiscard]] std::uint64_t chunks() const {
    return (stream_bytes() + backup_chunk_bytes - 1) / backup_chunk_bytes;
  }
  [[nodiscard]] std::size_t chunk_bytes(std::uint64_t number) const;  // of its content
  [[nodiscard]] std::uint64_t file_bytes() const {
    return encoded_size + stream_bytes() + chunks() * crypto::tag_bytes;
  }
};

[[nodiscard]] SymmetricKey backup_file_key(const SymmetricKey& backup_key,
                                           const BackupStatement& statement);

// Seals and opens the chunks of one file, in any order.
class BackupCipher {
 public:
  BackupCipher(const BackupHead& head, SymmetricKey file_key);
  [[nodiscard]] const BackupHead& head() const { return head_; }
  // `content` has chunk_bytes(number).
  [[nodiscard]] Bytes seal(std::uint64_t number, ByteView content) const;
  // Errors (caller): malformed (damaged, or under another key).
  [[nodiscard]] Result<Bytes> open(std::uint64_t number, ByteView sealed) const;

 private:
  [[nodiscard]] Bytes associated(std::uint64_t number) const;
  BackupHead head_;
  Digest head_digest_;
  SymmetricKey key_;
};

// ---- the keyring ------------------------------------------------------------------------------

struct BackupKey {
  BackupKeyId id;
  Timestamp created;
  // When it is destroyed: fixed when it is drawn, so that a longer policy later breaks no word.
  Timestamp ends;
  SymmetricKey key;
};

struct VaultTiers {
  SymmetricKey node;
  SymmetricKey reader;
};

// Opens the tiers by a passphrase where there are no recovery shares.
struct PassphraseSeal {
  crypto::PassphraseCost cost;
  std::array<std::uint8_t, 16> salt{};
  Bytes sealed;  // nonce ‖ the two keys, sealed
  bool operator==(const PassphraseSeal& other) const {
    return cost.operations == other.cost.operations &&
           cost.memory_bytes == other.cost.memory_bytes && salt == other.salt &&
           sealed == other.sealed;
  }
};

// A keyring as anybody sees it.
struct Keyring {
  NetworkId network;
  MemberId member;
  Timestamp made;
  Bytes vault;
  std::optional<PassphraseSeal> passphrase;
  Bytes sealed;  // nonce ‖ the keys, sealed

  // Errors (caller): malformed, unsupported_version.
  [[nodiscard]] static Result<Keyring> parse(ByteView file);
  [[nodiscard]] Bytes encode() const;
  // Replaces what is sealed. At most backup_keys_max.
  void seal_keys(const SymmetricKey& node_tier, const std::vector<BackupKey>& keys,
                 std::span<const std::uint8_t, 24> nonce);
  // Errors (caller): bad_passphrase (another node's tier), malformed.
  [[nodiscard]] Result<std::vector<BackupKey>> open_keys(const SymmetricKey& node_tier) const;
  // `root` = Argon2id of the passphrase with that cost and salt.
  void seal_tiers(const crypto::PassphraseCost& cost, std::span<const std::uint8_t, 16> salt,
                  const SymmetricKey& root, const VaultTiers& tiers,
                  std::span<const std::uint8_t, 24> nonce);
  // Errors (caller): not_found (it opens with recovery shares), bad_passphrase.
  [[nodiscard]] Result<VaultTiers> open_tiers(const SymmetricKey& root) const;

 private:
  [[nodiscard]] Bytes encode_front() const;
  [[nodiscard]] Bytes tiers_context(const crypto::PassphraseCost& cost,
                                    std::span<const std::uint8_t, 16> salt) const;
};

// How long a backup can be opened.
struct BackupPolicy {
  std::uint32_t key_days = 30;  // then a new key serves
  std::uint32_t keys = 3;       // so many are kept
  [[nodiscard]] std::uint32_t bound_days() const { return key_days * keys; }
  bool operator==(const BackupPolicy&) const = default;
};
// The newest of these, if it may still serve.
[[nodiscard]] const BackupKey* present_backup_key(const std::vector<BackupKey>& keys,
                                                  const BackupPolicy& policy, Timestamp now);
// Whether its time is over: whatever was sealed under it is as good as erased from then on.
[[nodiscard]] bool is_backup_key_over(const BackupKey& key, const BackupPolicy& policy,
                                      Timestamp now);

}  // namespace hamroh
