// The keys under which a node's store is sealed, at rest.
//
// Two tiers (design section 8): the node tier (transport and receipt keys, ledger, peers) opens
// with node.key, so that a node can start, receive and hold without anybody; the reader tier
// (author and epoch keys, messages, cases) opens with the root: either reader.key, a credential
// file, or a passphrase through Argon2id. The vault file holds each tier's key wrapped under its
// root:
//   version u8 (1) ‖ mode u8 (1 credential, 2 passphrase) ‖ operations u64 ‖ memory u64 ‖
//   salt[16] ‖
//   for each tier: nonce[24] ‖ XChaCha20-Poly1305(root, nonce, label ‖ tier, key[32])[48]
// A credential file protects against a stolen database or backup, not against somebody who reads
// the whole home; a passphrase protects against that too, while the node is locked.
#pragma once

#include <string>

#include "daemon/home.h"
#include "protocol/crypto.h"

namespace hamroh {

class Vault {
 public:
  enum class Mode : std::uint8_t { credential = 1, passphrase = 2 };

  // Draws new keys and writes the vault with its key files. With a passphrase there is no
  // reader.key.
  [[nodiscard]] static Status create(const Home& home, std::optional<ByteView> passphrase,
                                     crypto::PassphraseCost cost = {});
  [[nodiscard]] static Result<Vault> open(const Home& home);

  [[nodiscard]] Mode mode() const { return mode_; }
  // Errors: not_found (the key file is absent), store_corrupt.
  [[nodiscard]] Result<SymmetricKey> node_tier(const std::string& key_file) const;
  // With the credential file's content. Errors: bad_passphrase (caller).
  [[nodiscard]] Result<SymmetricKey> reader_tier_from_file(const std::string& key_file) const;
  [[nodiscard]] Result<SymmetricKey> reader_tier_from_passphrase(ByteView passphrase) const;

 private:
  Mode mode_ = Mode::credential;
  crypto::PassphraseCost cost_;
  std::array<std::uint8_t, 16> salt_{};
  Bytes node_wrapped_;
  Bytes reader_wrapped_;
};

}  // namespace hamroh
