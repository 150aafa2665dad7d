#include "protocol/crypto.h"

#include <sodium.h>

#include <algorithm>
#include <functional>
#include <mutex>
#include <type_traits>
#include <utility>

namespace hamroh {

namespace {

// One size of slot serves all secrets, at a cache line each: no secret is larger than an expanded
// Ed25519 key, and one free list is simpler than several.
constexpr std::size_t slot_bytes = 64;
constexpr std::size_t block_bytes = 64 * 1024;
// 1 MiB in all: well below Debian's RLIMIT_MEMLOCK of 8 MiB, and sixteen times what a node needs.
constexpr std::size_t blocks_max = 16;

class Arena {
 public:
  // A zeroed slot. Beyond the last block it is ordinary memory, wiped like any other.
  std::uint8_t* take() {
    const std::lock_guard hold(mutex_);
    if (free_ == nullptr && !grow()) {
      ++outside_;
      return new std::uint8_t[slot_bytes]();
    }
    std::uint8_t* slot = free_;
    std::memcpy(&free_, slot, sizeof free_);
    std::fill_n(slot, sizeof free_, std::uint8_t{0});
    return slot;
  }
  void give_back(std::uint8_t* slot) {
    sodium_memzero(slot, slot_bytes);
    const std::lock_guard hold(mutex_);
    if (!holds(slot)) {
      --outside_;
      delete[] slot;
      return;
    }
    chain(slot);
  }
  bool begin() {
    const std::lock_guard hold(mutex_);
    return free_ != nullptr || blocks_ > 0 || grow();
  }
  crypto::MemoryLock state() {
    const std::lock_guard hold(mutex_);
    return {blocks_ > 0 && locked_ && outside_ == 0, blocks_ * block_bytes, outside_};
  }

 private:
  void chain(std::uint8_t* slot) {
    std::memcpy(slot, &free_, sizeof free_);
    free_ = slot;
  }
  [[nodiscard]] bool holds(const std::uint8_t* slot) const {
    const auto within = [slot](const std::uint8_t* block) {
      return std::less_equal<>{}(block, slot) && std::less<>{}(slot, block + block_bytes);
    };
    return std::any_of(block_.begin(), block_.begin() + blocks_, within);
  }
  // Blocks are kept for ever: their number is bounded, and static secrets may outlive any owner.
  bool grow() {
    if (blocks_ == blocks_max || sodium_init() < 0) {
      return false;
    }
    auto* block = static_cast<std::uint8_t*>(sodium_malloc(block_bytes));
    if (block == nullptr) {
      return false;
    }
    // sodium_malloc has locked it, and keeps it to itself if it could not: so ask again.
    locked_ = sodium_mlock(block, block_bytes) == 0 && locked_;
    std::memset(block, 0, block_bytes);
    block_[blocks_++] = block;
    for (std::size_t at = block_bytes; at > 0; at -= slot_bytes) {
      chain(block + at - slot_bytes);
    }
    return true;
  }

  std::mutex mutex_;
  std::uint8_t* free_ = nullptr;  // each free slot begins with the address of the next
  std::array<std::uint8_t*, blocks_max> block_{};
  std::uint8_t blocks_ = 0;
  bool locked_ = true;
  std::size_t outside_ = 0;
};
static_assert(slot_bytes >= sizeof(void*) && block_bytes % slot_bytes == 0);
static_assert(std::is_trivially_destructible_v<Arena>);

Arena& arena() {
  static constinit Arena only;  // never destroyed: secrets may be given back until the very end
  return only;
}

}  // namespace

template <std::size_t N>
std::span<std::uint8_t, N> Secret<N>::filled() {
  static_assert(N <= slot_bytes);
  slot_ = arena().take();
  return std::span<std::uint8_t, N>(slot_, N);
}

template <std::size_t N>
Secret<N>::Secret(std::span<const std::uint8_t, N> raw) {
  std::memcpy(filled().data(), raw.data(), N);
}

template <std::size_t N>
Secret<N>::Secret(Secret&& other) noexcept : slot_(std::exchange(other.slot_, nullptr)) {}

template <std::size_t N>
Secret<N>& Secret<N>::operator=(Secret&& other) noexcept {
  if (this != &other) {
    if (slot_ != nullptr) {
      arena().give_back(slot_);
    }
    slot_ = std::exchange(other.slot_, nullptr);
  }
  return *this;
}

template <std::size_t N>
Secret<N>::~Secret() {
  if (slot_ != nullptr) {
    arena().give_back(slot_);
  }
}

template <std::size_t N>
Secret<N> Secret<N>::copy() const {
  return Secret(view());
}

template <std::size_t N>
bool Secret<N>::equals(const Secret& other) const {
  return sodium_memcmp(view().data(), other.view().data(), N) == 0;
}

template class Secret<16>;
template class Secret<20>;
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
  return sodium_init() >= 0 && arena().begin();
}

MemoryLock memory_lock() {
  return arena().state();
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
