#include "protocol/crypto.h"

#include <sodium.h>

namespace hamroh {

template <std::size_t N>
Secret<N>::Secret(std::span<const std::uint8_t, N> raw) {
  std::memcpy(raw_.data(), raw.data(), N);
}

template <std::size_t N>
Secret<N>::Secret(Secret&& other) noexcept : raw_(other.raw_) {
  sodium_memzero(other.raw_.data(), N);
}

template <std::size_t N>
Secret<N>& Secret<N>::operator=(Secret&& other) noexcept {
  if (this != &other) {
    raw_ = other.raw_;
    sodium_memzero(other.raw_.data(), N);
  }
  return *this;
}

template <std::size_t N>
Secret<N>::~Secret() {
  sodium_memzero(raw_.data(), N);
}

template <std::size_t N>
Secret<N> Secret<N>::copy() const {
  return Secret(std::span<const std::uint8_t, N>(raw_));
}

template <std::size_t N>
bool Secret<N>::equals(const Secret& other) const {
  return sodium_memcmp(raw_.data(), other.raw_.data(), N) == 0;
}

template class Secret<16>;
template class Secret<32>;
template class Secret<64>;

namespace crypto {
namespace {

// libsodium takes null for "nothing" but spans may be null with length 0 in ways it dislikes.
const unsigned char* data_of(ByteView bytes) {
  static constexpr unsigned char nothing = 0;
  return bytes.empty() ? &nothing : bytes.data();
}

}  // namespace

bool start() {
  return sodium_init() >= 0;
}

void system_random(std::span<std::uint8_t> out) {
  randombytes_buf(out.data(), out.size());
}

void wipe(std::span<std::uint8_t> bytes) {
  sodium_memzero(bytes.data(), bytes.size());
}

bool equal(ByteView a, ByteView b) {
  return a.size() == b.size() && (a.empty() || sodium_memcmp(a.data(), b.data(), a.size()) == 0);
}

Digest sha256(std::initializer_list<ByteView> parts) {
  crypto_hash_sha256_state state;
  crypto_hash_sha256_init(&state);
  for (const ByteView part : parts) {
    crypto_hash_sha256_update(&state, data_of(part), part.size());
  }
  Digest digest;
  crypto_hash_sha256_final(&state, digest.bytes.data());
  return digest;
}

Digest hmac_sha256(ByteView key, std::initializer_list<ByteView> parts) {
  crypto_auth_hmacsha256_state state;
  crypto_auth_hmacsha256_init(&state, data_of(key), key.size());
  for (const ByteView part : parts) {
    crypto_auth_hmacsha256_update(&state, data_of(part), part.size());
  }
  Digest digest;
  crypto_auth_hmacsha256_final(&state, digest.bytes.data());
  sodium_memzero(&state, sizeof state);
  return digest;
}

SymmetricKey hkdf_extract(ByteView salt, ByteView ikm) {
  Digest prk = hmac_sha256(salt, {ikm});
  SymmetricKey key{std::span<const std::uint8_t, 32>(prk.bytes)};
  wipe(prk.bytes);
  return key;
}

Status hkdf_expand(ByteView prk, ByteView info, std::span<std::uint8_t> out) {
  if (out.size() > 255 * Digest::size) {
    return caller_error(Code::too_large, "HKDF-Expand of more than 255 blocks");
  }
  Digest block;
  std::uint8_t counter = 0;
  for (std::size_t at = 0; at < out.size(); at += Digest::size) {
    ++counter;
    const ByteView previous = counter == 1 ? ByteView{} : block.view();
    block = hmac_sha256(prk, {previous, info, ByteView(&counter, 1)});
    const std::size_t take = std::min(Digest::size, out.size() - at);
    std::memcpy(out.data() + at, block.bytes.data(), take);
  }
  wipe(block.bytes);
  return {};
}

SigningKey SigningKey::from_seed(const Seed& seed) {
  SigningKey key;
  key.secret_ = Secret<64>::make([&](std::span<std::uint8_t, 64> secret) {
    seed.expose([&](auto raw) {
      crypto_sign_seed_keypair(key.public_.bytes.data(), secret.data(), raw.data());
    });
  });
  return key;
}

Signature SigningKey::sign(ByteView message) const {
  Signature signature;
  secret_.expose([&](auto secret) {
    crypto_sign_detached(signature.bytes.data(), nullptr, data_of(message), message.size(),
                         secret.data());
  });
  return signature;
}

Seed SigningKey::seed() const {
  return Seed::make([&](std::span<std::uint8_t, 32> seed) {
    secret_.expose(
        [&](auto secret) { crypto_sign_ed25519_sk_to_seed(seed.data(), secret.data()); });
  });
}

bool verify(const SigningPublicKey& key, ByteView message, const Signature& signature) {
  return crypto_sign_verify_detached(signature.bytes.data(), data_of(message), message.size(),
                                     key.bytes.data()) == 0;
}

EpochKey x25519_public(const AgreementKey& secret) {
  EpochKey key;
  secret.expose([&](auto raw) { crypto_scalarmult_base(key.bytes.data(), raw.data()); });
  return key;
}

std::optional<SymmetricKey> x25519_agree(const AgreementKey& secret, const EpochKey& peer) {
  int failed = 0;
  SymmetricKey shared = SymmetricKey::make([&](std::span<std::uint8_t, 32> out) {
    secret.expose(
        [&](auto raw) { failed = crypto_scalarmult(out.data(), raw.data(), peer.bytes.data()); });
  });
  return failed == 0 ? std::optional(std::move(shared)) : std::nullopt;
}

Bytes chacha_seal(const SymmetricKey& key, std::span<const std::uint8_t, 12> nonce,
                  ByteView associated, ByteView plaintext) {
  Bytes sealed(plaintext.size() + tag_bytes);
  key.expose([&](auto raw) {
    crypto_aead_chacha20poly1305_ietf_encrypt(sealed.data(), nullptr, data_of(plaintext),
                                              plaintext.size(), data_of(associated),
                                              associated.size(), nullptr, nonce.data(), raw.data());
  });
  return sealed;
}

std::optional<Bytes> chacha_open(const SymmetricKey& key, std::span<const std::uint8_t, 12> nonce,
                                 ByteView associated, ByteView sealed) {
  if (sealed.size() < tag_bytes) {
    return std::nullopt;
  }
  Bytes plaintext(sealed.size() - tag_bytes);
  std::uint8_t nothing = 0;
  const int failed = key.expose([&](auto raw) {
    return crypto_aead_chacha20poly1305_ietf_decrypt(
        plaintext.empty() ? &nothing : plaintext.data(), nullptr, nullptr, sealed.data(),
        sealed.size(), data_of(associated), associated.size(), nonce.data(), raw.data());
  });
  return failed == 0 ? std::optional(std::move(plaintext)) : std::nullopt;
}

Bytes xchacha_seal(const SymmetricKey& key, std::span<const std::uint8_t, 24> nonce,
                   ByteView associated, ByteView plaintext) {
  Bytes sealed(plaintext.size() + tag_bytes);
  key.expose([&](auto raw) {
    crypto_aead_xchacha20poly1305_ietf_encrypt(
        sealed.data(), nullptr, data_of(plaintext), plaintext.size(), data_of(associated),
        associated.size(), nullptr, nonce.data(), raw.data());
  });
  return sealed;
}

std::optional<Bytes> xchacha_open(const SymmetricKey& key, std::span<const std::uint8_t, 24> nonce,
                                  ByteView associated, ByteView sealed) {
  if (sealed.size() < tag_bytes) {
    return std::nullopt;
  }
  Bytes plaintext(sealed.size() - tag_bytes);
  std::uint8_t nothing = 0;
  const int failed = key.expose([&](auto raw) {
    return crypto_aead_xchacha20poly1305_ietf_decrypt(
        plaintext.empty() ? &nothing : plaintext.data(), nullptr, nullptr, sealed.data(),
        sealed.size(), data_of(associated), associated.size(), nonce.data(), raw.data());
  });
  return failed == 0 ? std::optional(std::move(plaintext)) : std::nullopt;
}

Result<SymmetricKey> passphrase_key(ByteView passphrase, std::span<const std::uint8_t, 16> salt,
                                    PassphraseCost cost) {
  static_assert(crypto_pwhash_SALTBYTES == 16);
  int failed = 0;
  SymmetricKey key = SymmetricKey::make([&](std::span<std::uint8_t, 32> out) {
    failed =
        crypto_pwhash(out.data(), out.size(), reinterpret_cast<const char*>(data_of(passphrase)),
                      passphrase.size(), salt.data(), cost.operations, cost.memory_bytes,
                      crypto_pwhash_ALG_ARGON2ID13);
  });
  if (failed != 0) {
    return environment_error(Code::full, "not enough memory to derive a key from the passphrase");
  }
  return key;
}

}  // namespace crypto
}  // namespace hamroh
