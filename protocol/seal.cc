#include "protocol/seal.h"

#include <bit>
#include <utility>

namespace hamroh {
namespace hpke {
namespace {

// suite ids of RFC 9180: "KEM" ‖ 0x0020 and "HPKE" ‖ 0x0020 ‖ 0x0001 ‖ 0x0003.
constexpr std::array<std::uint8_t, 5> kem_suite{'K', 'E', 'M', 0x00, 0x20};
constexpr std::array<std::uint8_t, 10> hpke_suite{'H',  'P',  'K',  'E',  0x00,
                                                  0x20, 0x00, 0x01, 0x00, 0x03};
constexpr std::string_view version_label = "HPKE-v1";

// Section 4: LabeledExtract and LabeledExpand.
SymmetricKey labeled_extract(ByteView salt, ByteView suite, std::string_view label, ByteView ikm) {
  Bytes labeled;
  append(labeled, view(version_label));
  append(labeled, suite);
  append(labeled, view(label));
  append(labeled, ikm);
  SymmetricKey prk = crypto::hkdf_extract(salt, labeled);
  crypto::wipe(labeled);
  return prk;
}

Status labeled_expand(const SymmetricKey& prk, ByteView suite, std::string_view label,
                      ByteView info, std::span<std::uint8_t> out) {
  Bytes labeled;
  put_u16(labeled, static_cast<std::uint16_t>(out.size()));
  append(labeled, view(version_label));
  append(labeled, suite);
  append(labeled, view(label));
  append(labeled, info);
  return prk.expose([&](auto raw) { return crypto::hkdf_expand(raw, labeled, out); });
}

template <std::size_t N>
Secret<N> expand_secret(const SymmetricKey& prk, ByteView suite, std::string_view label,
                        ByteView info) {
  return Secret<N>::make([&](std::span<std::uint8_t, N> out) {
    const Status expanded = labeled_expand(prk, suite, label, info, out);
    CHECK(expanded);
  });
}

SymmetricKey extract_and_expand(const SymmetricKey& agreed, ByteView enc, ByteView recipient) {
  const SymmetricKey eae_prk =
      agreed.expose([](auto raw) { return labeled_extract({}, kem_suite, "eae_prk", raw); });
  Bytes kem_context(enc.begin(), enc.end());
  append(kem_context, recipient);
  return expand_secret<32>(eae_prk, kem_suite, "shared_secret", kem_context);
}

std::array<std::uint8_t, 12> nonce_of(const std::array<std::uint8_t, 12>& base,
                                      std::uint64_t sequence) {
  std::array<std::uint8_t, 12> nonce = base;
  for (std::size_t i = 0; i < 8; ++i) {
    nonce[11 - i] ^= static_cast<std::uint8_t>(sequence >> (8 * i));
  }
  return nonce;
}

}  // namespace

KeyPair derive_key_pair(ByteView ikm) {
  const SymmetricKey prk = labeled_extract({}, kem_suite, "dkp_prk", ikm);
  AgreementKey secret = expand_secret<32>(prk, kem_suite, "sk", {});
  const EpochKey public_key = crypto::x25519_public(secret);
  return {std::move(secret), public_key};
}

Context key_schedule_base(const SymmetricKey& shared_secret, ByteView info) {
  constexpr std::uint8_t mode_base = 0;
  const SymmetricKey psk_id_hash = labeled_extract({}, hpke_suite, "psk_id_hash", {});
  const SymmetricKey info_hash = labeled_extract({}, hpke_suite, "info_hash", info);
  Bytes schedule{mode_base};
  psk_id_hash.expose([&](auto raw) { append(schedule, raw); });
  info_hash.expose([&](auto raw) { append(schedule, raw); });
  const SymmetricKey secret =
      shared_secret.expose([](auto raw) { return labeled_extract(raw, hpke_suite, "secret", {}); });
  Context context;
  context.key_ = expand_secret<32>(secret, hpke_suite, "key", schedule);
  const Status expanded =
      labeled_expand(secret, hpke_suite, "base_nonce", schedule, context.base_nonce_);
  CHECK(expanded);
  context.exporter_ = expand_secret<32>(secret, hpke_suite, "exp", schedule);
  return context;
}

Bytes Context::seal(ByteView associated, ByteView plaintext) {
  const auto nonce = nonce_of(base_nonce_, sequence_++);
  return crypto::chacha_seal(key_, nonce, associated, plaintext);
}

std::optional<Bytes> Context::open(ByteView associated, ByteView sealed) {
  const auto nonce = nonce_of(base_nonce_, sequence_);
  auto plaintext = crypto::chacha_open(key_, nonce, associated, sealed);
  if (plaintext) {
    ++sequence_;
  }
  return plaintext;
}

Result<Bytes> Context::export_secret(ByteView exporter_context, std::size_t length) const {
  Bytes out(length);
  HAMROH_TRY(labeled_expand(exporter_, hpke_suite, "sec", exporter_context, out));
  return out;
}

std::optional<SymmetricKey> encapsulate(const KeyPair& ephemeral, const EpochKey& recipient) {
  const auto agreed = crypto::x25519_agree(ephemeral.secret, recipient);
  if (!agreed) {
    return std::nullopt;
  }
  return extract_and_expand(*agreed, ephemeral.public_key.view(), recipient.view());
}

std::optional<SymmetricKey> decapsulate(const Encapsulated& enc,
                                        const AgreementKey& recipient_secret,
                                        const EpochKey& recipient_public) {
  const auto agreed = crypto::x25519_agree(recipient_secret, *EpochKey::from(enc.view()));
  if (!agreed) {
    return std::nullopt;
  }
  return extract_and_expand(*agreed, enc.view(), recipient_public.view());
}

}  // namespace hpke

Result<Sealed> seal_to(const EpochKey& recipient, ByteView info,
                       const std::function<Bytes(const hpke::Encapsulated&)>& make_associated,
                       ByteView plaintext, Entropy& entropy) {
  // RFC 9180 section 4: skE is drawn at random; X25519 takes any 32 bytes.
  AgreementKey secret = AgreementKey::make([&](auto raw) { entropy.fill(raw); });
  const EpochKey public_key = crypto::x25519_public(secret);
  const hpke::KeyPair ephemeral{std::move(secret), public_key};
  const auto shared = hpke::encapsulate(ephemeral, recipient);
  if (!shared) {
    return peer_error(Code::malformed, "a published sealing key is of low order");
  }
  Sealed sealed;
  sealed.enc = *hpke::Encapsulated::from(public_key.view());
  const Bytes associated = make_associated(sealed.enc);
  sealed.ciphertext = hpke::key_schedule_base(*shared, info).seal(associated, plaintext);
  return sealed;
}

Result<Bytes> open_sealed(const AgreementKey& secret, const EpochKey& public_key,
                          const hpke::Encapsulated& enc, ByteView info, ByteView associated,
                          ByteView ciphertext) {
  const auto shared = hpke::decapsulate(enc, secret, public_key);
  if (!shared) {
    return peer_error(Code::cannot_open, "an envelope with a low-order encapsulated key");
  }
  auto plaintext = hpke::key_schedule_base(*shared, info).open(associated, ciphertext);
  if (!plaintext) {
    return peer_error(Code::cannot_open, "an envelope does not open");
  }
  return std::move(*plaintext);
}

std::size_t padded_length(std::size_t length) {
  if (length < 2) {
    return length;
  }
  // E = floor(log2 L), S = floor(log2 E) + 1: the last E - S bits of the padded length are zero.
  const auto exponent = static_cast<unsigned>(std::bit_width(length) - 1);
  const auto significant = static_cast<unsigned>(std::bit_width(exponent));
  const std::size_t mask = (std::size_t{1} << (exponent - significant)) - 1;
  return (length + mask) & ~mask;
}

}  // namespace hamroh
