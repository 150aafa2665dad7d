// HPKE Base (RFC 9180), DHKEM(X25519, HKDF-SHA256), HKDF-SHA256, ChaCha20Poly1305, and PADMÉ
// padding (Nikitin et al., "Reducing Metadata Leakage from Encrypted Files and Communication with
// PURBs", 2019).
//
// One seal covers everything that goes to one recipient in one turn. `hpke::Sender` and `Receiver`
// are the RFC's contexts, public for its test vectors; the protocol uses `seal` and `open` only.
#pragma once

#include "protocol/crypto.h"
#include "protocol/ports.h"

namespace hamroh {

namespace hpke {

using Encapsulated = FixedBytes<struct EncapsulatedTag, 32>;  // `enc`: the ephemeral public key

struct KeyPair {
  AgreementKey secret;
  EpochKey public_key;
};
// DeriveKeyPair(ikm) of RFC 9180 section 7.1.3.
[[nodiscard]] KeyPair derive_key_pair(ByteView ikm);

// A key schedule's result: seals or opens with a rising sequence number, exports secrets.
class Context {
 public:
  [[nodiscard]] Bytes seal(ByteView associated, ByteView plaintext);
  // Advances only on success.
  [[nodiscard]] std::optional<Bytes> open(ByteView associated, ByteView sealed);
  [[nodiscard]] Result<Bytes> export_secret(ByteView exporter_context, std::size_t length) const;

  // For test vectors.
  [[nodiscard]] const SymmetricKey& key() const { return key_; }
  [[nodiscard]] const std::array<std::uint8_t, 12>& base_nonce() const { return base_nonce_; }
  [[nodiscard]] const SymmetricKey& exporter() const { return exporter_; }

 private:
  friend Context key_schedule_base(const SymmetricKey& shared_secret, ByteView info);
  SymmetricKey key_;
  std::array<std::uint8_t, 12> base_nonce_{};
  SymmetricKey exporter_;
  std::uint64_t sequence_ = 0;
};
[[nodiscard]] Context key_schedule_base(const SymmetricKey& shared_secret, ByteView info);

// Encap with a given ephemeral key pair (drawn by the caller) and Decap. Absent for a low-order
// key.
[[nodiscard]] std::optional<SymmetricKey> encapsulate(const KeyPair& ephemeral,
                                                      const EpochKey& recipient);
[[nodiscard]] std::optional<SymmetricKey> decapsulate(const Encapsulated& enc,
                                                      const AgreementKey& recipient_secret,
                                                      const EpochKey& recipient_public);

}  // namespace hpke

struct Sealed {
  hpke::Encapsulated enc;
  Bytes ciphertext;  // plaintext length + 16
};

// Single-shot Base mode with an ephemeral key drawn from `entropy`. `make_associated(enc)` returns
// the associated data, because our envelope header contains enc itself. Fails (peer) for a bad
// public key.
[[nodiscard]] Result<Sealed> seal_to(
    const EpochKey& recipient, ByteView info,
    const std::function<Bytes(const hpke::Encapsulated&)>& make_associated, ByteView plaintext,
    Entropy& entropy);
// Fails with Code::cannot_open (peer) on any mismatch.
[[nodiscard]] Result<Bytes> open_sealed(const AgreementKey& secret, const EpochKey& public_key,
                                        const hpke::Encapsulated& enc, ByteView info,
                                        ByteView associated, ByteView ciphertext);

// PADMÉ: the padded length for a content of `length` bytes; never less, at most 12 % more.
[[nodiscard]] std::size_t padded_length(std::size_t length);

}  // namespace hamroh
