// Cryptographic primitives, all of them libsodium's (1.0.18), under typed names.
//
// Composed here from libsodium's primitives, because 1.0.18 does not have them: HKDF-SHA256
// (RFC 5869). HPKE stands in seal.h. Nothing here draws randomness by itself but `system_random`,
// which only the runtime's Entropy calls.
//
// The bytes of every Secret lie in slots of blocks that libsodium allocates: guard pages at both
// ends, mlock, no part in core dumps, wiped when a slot is given back. `memory_lock` says whether
// the system agreed to the mlock.
#pragma once

#include <array>
#include <functional>
#include <initializer_list>
#include <optional>
#include <span>
#include <utility>

#include "protocol/types.h"

namespace hamroh {

// A secret of N bytes: move-only, wiped on destruction, unprintable, compared in constant time, and
// read only through `.expose(...)`, so that a search for `.expose(` is the audit. A default or
// moved-from one reads as zeros and needs no memory of its own. Any thread may make, move and
// destroy its own.
template <std::size_t N>
class Secret {
 public:
  Secret() = default;
  explicit Secret(std::span<const std::uint8_t, N> raw);
  Secret(Secret&& other) noexcept;
  Secret& operator=(Secret&& other) noexcept;
  Secret(const Secret&) = delete;
  Secret& operator=(const Secret&) = delete;
  ~Secret();
  [[nodiscard]] Secret copy() const;
  [[nodiscard]] bool equals(const Secret& other) const;  // constant time

  // Calls `use` with std::span<const uint8_t, N>; returns what it returns.
  template <class Use>
  decltype(auto) expose(Use&& use) const {
    return std::forward<Use>(use)(view());
  }
  // Calls `make` with std::span<uint8_t, N> to be filled.
  template <class Make>
  [[nodiscard]] static Secret make(Make&& make) {
    Secret secret;
    std::forward<Make>(make)(secret.filled());
    return secret;
  }

 private:
  static constexpr std::array<std::uint8_t, N> zeros_{};

  [[nodiscard]] std::span<const std::uint8_t, N> view() const {
    return std::span<const std::uint8_t, N>(slot_ != nullptr ? slot_ : zeros_.data(), N);
  }
  [[nodiscard]] std::span<std::uint8_t, N> filled();  // with a slot, zeroed

  std::uint8_t* slot_ = nullptr;
};

using Seed = Secret<32>;          // Ed25519 seed
using AgreementKey = Secret<32>;  // X25519 private key
using SymmetricKey = Secret<32>;

namespace crypto {

// Must be called once before anything else; false if libsodium cannot start. Idempotent.
[[nodiscard]] bool start();

// Where the secrets of this process lie.
struct MemoryLock {
  bool locked = false;    // every block that holds or held a secret is locked into memory
  std::size_t bytes = 0;  // in those blocks
  std::size_t outside =
      0;  // secrets in ordinary memory now, because the blocks are full: not locked
};
[[nodiscard]] MemoryLock memory_lock();

void system_random(std::span<std::uint8_t> out);
void wipe(std::span<std::uint8_t> bytes);
[[nodiscard]] bool equal(ByteView a, ByteView b);  // constant time in the content

// SHA-256 (FIPS 180-4) over the concatenation of the parts.
[[nodiscard]] Digest sha256(std::initializer_list<ByteView> parts);
// HMAC-SHA256 (RFC 2104), keys of any length.
[[nodiscard]] Digest hmac_sha256(ByteView key, std::initializer_list<ByteView> parts);
// HKDF-SHA256 (RFC 5869). Expand fails only if out is longer than 255 × 32 bytes.
[[nodiscard]] SymmetricKey hkdf_extract(ByteView salt, ByteView ikm);
[[nodiscard]] Status hkdf_expand(ByteView prk, ByteView info, std::span<std::uint8_t> out);

// Ed25519 (RFC 8032) with libsodium 1.0.18's strict rule: canonical S, no low-order or
// non-canonical public key or R.
class SigningKey {
 public:
  [[nodiscard]] static SigningKey from_seed(const Seed& seed);
  [[nodiscard]] const SigningPublicKey& public_key() const { return public_; }
  [[nodiscard]] Signature sign(ByteView message) const;
  [[nodiscard]] Seed seed() const;

 private:
  SigningKey() = default;
  Secret<64> secret_;
  SigningPublicKey public_;
};
[[nodiscard]] bool verify(const SigningPublicKey& key, ByteView message,
                          const Signature& signature);

// X25519 (RFC 7748). `agree` refuses an all-zero shared secret.
[[nodiscard]] EpochKey x25519_public(const AgreementKey& secret);
[[nodiscard]] std::optional<SymmetricKey> x25519_agree(const AgreementKey& secret,
                                                       const EpochKey& peer);

// ChaCha20-Poly1305 (RFC 8439): 12-byte nonce, 16-byte tag at the end.
inline constexpr std::size_t tag_bytes = 16;
[[nodiscard]] Bytes chacha_seal(const SymmetricKey& key, std::span<const std::uint8_t, 12> nonce,
                                ByteView associated, ByteView plaintext);
[[nodiscard]] std::optional<Bytes> chacha_open(const SymmetricKey& key,
                                               std::span<const std::uint8_t, 12> nonce,
                                               ByteView associated, ByteView sealed);

// XChaCha20-Poly1305 (draft-irtf-cfrg-xchacha-03): 24-byte nonce, 16-byte tag at the end.
[[nodiscard]] Bytes xchacha_seal(const SymmetricKey& key, std::span<const std::uint8_t, 24> nonce,
                                 ByteView associated, ByteView plaintext);
[[nodiscard]] std::optional<Bytes> xchacha_open(const SymmetricKey& key,
                                                std::span<const std::uint8_t, 24> nonce,
                                                ByteView associated, ByteView sealed);

// Argon2id v1.3 (RFC 9106), one lane; memory in bytes. Fails if memory cannot be had.
struct PassphraseCost {
  std::uint64_t operations = 3;
  std::uint64_t memory_bytes = 256ULL * 1024 * 1024;
};
[[nodiscard]] Result<SymmetricKey> passphrase_key(ByteView passphrase,
                                                  std::span<const std::uint8_t, 16> salt,
                                                  PassphraseCost cost);

}  // namespace crypto
}  // namespace hamroh
