// The keys under which a node's store is sealed, at rest.
//
// Two tiers (design section 8): the node tier (transport and receipt keys, ledger, peers) opens
// with node.key, so that a node can start, receive and hold without anybody; the reader tier
// (author and epoch keys, messages, cases) opens with a root of its own. The vault file holds each
// tier's key wrapped under its root, and both under the recovery key if there are recovery shares:
//   version u8 (2) ‖ state u8 (1 in use, 2 destroyed) ‖ mode u8 ‖
//   operations u64 ‖ memory u64 ‖ salt[16]          zero but in mode passphrase, in use ‖
//   count u8 ‖ [wrap[72] of the node tier under node.key]      1, or 0 if destroyed ‖
//   count u8 ‖ [wrap[72] of the reader tier]                   0 in mode users, or if destroyed ‖
//   count u8 ‖ [network[8] ‖ member[16] ‖ split[8] ‖ threshold u8 ‖ shares u8 ‖
//               wrap[72] of the node tier ‖ wrap[72] of the reader tier]      0 without shares ‖
//   SHA-256 of everything before
//   wrap = nonce[24] ‖ XChaCha20-Poly1305(root, nonce, AAD, key[32])
//   AAD  = L(vault-wrap) ‖ tier u8; under the recovery key L(recovery) ‖ 4 u8 ‖ tier u8 ‖ the
//          34 bytes before the two wraps
// The hash finds damage, not intent: whoever can write here could as well remove the file. Version
// 1 had no state, counts, recovery part and hash; it is read, and the next change writes version 2.
//
// Modes: the reader tier opens with reader.key, a credential file; or with one passphrase through
// Argon2id; or (users) with the passphrase of any user, by rows of the store that others keep. A
// credential file protects against a stolen database or backup, not against somebody who reads the
// whole home; a passphrase protects against that too, while the node is locked.
//
// A copy of this file belongs into every backup, and node.key and reader.key beside it, or apart
// from it where the backup is less well kept than the machine: without this file neither key files
// nor recovery shares open anything.
#pragma once

#include <optional>
#include <string>

#include "daemon/home.h"
#include "protocol/recovery_share.h"

namespace hamroh {

struct TierKeys {
  SymmetricKey node;
  SymmetricKey reader;
};

class Vault {
 public:
  enum class Mode : std::uint8_t { credential = 1, passphrase = 2, users = 3 };

  // Draws new keys and writes the vault with its key files: node.key, and in mode credential
  // reader.key. In mode users nothing in these files opens the reader tier: the caller wraps the
  // key that is returned, or it is lost.
  [[nodiscard]] static Result<TierKeys> create(const Home& home, Mode mode,
                                               ByteView passphrase = {},
                                               crypto::PassphraseCost cost = {});
  // Errors: not_found, store_corrupt (the file is damaged), store_newer.
  [[nodiscard]] static Result<Vault> open(const Home& home);
  // The same of bytes that come from elsewhere, such as a backup.
  [[nodiscard]] static Result<Vault> parse(ByteView file);
  [[nodiscard]] Bytes encode() const;
  // Whole or not at all: after a crash the old file is there, or the new one.
  [[nodiscard]] Status write(const Home& home) const;
  // The same, and overwrites what stood there before.
  [[nodiscard]] Status write_for_good(const Home& home) const;

  [[nodiscard]] Mode mode() const { return mode_; }
  // After a panic: only recovery shares open it, if there are any.
  [[nodiscard]] bool destroyed() const { return node_wrapped_.empty(); }
  // Which shares open it; nothing if there are none.
  [[nodiscard]] const std::optional<RecoverySplit>& recovery() const { return recovery_; }

  // Errors: not_found (the key file is absent), store_corrupt.
  [[nodiscard]] Result<SymmetricKey> node_tier(const std::string& key_file) const;
  // With the credential file's content. Errors: bad_passphrase (caller).
  [[nodiscard]] Result<SymmetricKey> reader_tier_from_file(const std::string& key_file) const;
  [[nodiscard]] Result<SymmetricKey> reader_tier_from_passphrase(ByteView passphrase) const;
  // The same in two steps, for whom Argon2id takes too long: with the key that it made.
  struct Recipe {
    Salt salt;
    crypto::PassphraseCost cost;
  };
  [[nodiscard]] std::optional<Recipe> recipe() const;  // absent unless a passphrase opens it
  [[nodiscard]] Result<SymmetricKey> reader_tier_from_root(const SymmetricKey& root) const;
  // Errors: not_found (no shares were made), bad_passphrase (another recovery key).
  [[nodiscard]] Result<TierKeys> tiers_from_recovery(const SymmetricKey& recovery_key) const;

  // ---- changes by somebody who holds the keys; nothing is on disk before `write`

  // Draws a root, wraps the tier under it and returns it: the caller writes it into the key file,
  // before this one where the old file does not open anything any more (see recovery.h).
  [[nodiscard]] SymmetricKey renew_node_root(const SymmetricKey& node_tier);
  [[nodiscard]] SymmetricKey renew_reader_root(const SymmetricKey& reader_tier);  // credential
  [[nodiscard]] Status wrap_reader(const SymmetricKey& reader_tier, ByteView passphrase,
                                   crypto::PassphraseCost cost = {});  // mode passphrase
  void leave_reader_to_users();                                        // mode users
  // In place of shares that were made before.
  void wrap_for_recovery(const RecoverySplit& split, const SymmetricKey& recovery_key,
                         const TierKeys& tiers);
  void take_recovery_of(const Vault& other);
  // Keeps nothing but what the shares open.
  void destroy();

 private:
  struct Reading;
  void forget_passphrase();

  Mode mode_ = Mode::credential;
  crypto::PassphraseCost cost_{0, 0};
  std::array<std::uint8_t, 16> salt_{};
  Bytes node_wrapped_;    // empty if destroyed
  Bytes reader_wrapped_;  // empty if destroyed, and in mode users
  std::optional<RecoverySplit> recovery_;
  Bytes node_recovery_;
  Bytes reader_recovery_;
};

}  // namespace hamroh
