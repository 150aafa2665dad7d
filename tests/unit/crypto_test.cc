// The primitives against the published vectors of their specifications, and what they must refuse.

#include "protocol/crypto.h"

#include <gtest/gtest.h>

#include <type_traits>

namespace hamroh {
namespace {

Bytes hex(std::string_view text) {
  return from_hex(text).value();
}

template <class Fixed>
Fixed fixed(std::string_view text) {
  return Fixed::parse_hex(text).value();
}

Secret<32> secret(std::string_view text) {
  const Bytes raw = hex(text);
  return Secret<32>(std::span<const std::uint8_t, 32>(raw));
}

class Crypto : public testing::Test {
 protected:
  Crypto() { EXPECT_TRUE(crypto::start()); }
};

TEST_F(Crypto, StartsMoreThanOnce) {
  EXPECT_TRUE(crypto::start());
}

TEST_F(Crypto, Sha256IsThatOfFips180OverTheJoinedParts) {
  const char* abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
  EXPECT_EQ(crypto::sha256({view("abc")}).hex(), abc);
  EXPECT_EQ(crypto::sha256({view("a"), {}, view("bc")}).hex(), abc);
  EXPECT_EQ(crypto::sha256({}).hex(),
            "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
}

TEST_F(Crypto, HmacIsThatOfRfc4231) {
  EXPECT_EQ(
      crypto::hmac_sha256(view("Jefe"), {view("what do ya want "), view("for nothing?")}).hex(),
      "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
  // A key longer than a block, test case 6.
  EXPECT_EQ(crypto::hmac_sha256(Bytes(131, 0xaa),
                                {view("Test Using Larger Than Block-Size Key - Hash Key First")})
                .hex(),
            "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
}

TEST_F(Crypto, HkdfIsThatOfRfc5869) {
  const SymmetricKey prk = crypto::hkdf_extract(hex("000102030405060708090a0b0c"), Bytes(22, 0x0b));
  prk.expose([](auto raw) {
    EXPECT_EQ(to_hex(raw), "077709362c2e32df0ddc3f0dc47bba6390b6c73bb50f9c3122ec844ad7c2b3e5");
    Bytes okm(42);
    ASSERT_TRUE(crypto::hkdf_expand(raw, hex("f0f1f2f3f4f5f6f7f8f9"), okm));
    EXPECT_EQ(to_hex(okm),
              "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b88718"
              "5865");
  });
}

TEST_F(Crypto, HkdfExpandsNoFurtherThan255Blocks) {
  Bytes out(255 * 32);
  EXPECT_TRUE(crypto::hkdf_expand(Bytes(32), {}, out));
  out.push_back(0);
  EXPECT_FALSE(crypto::hkdf_expand(Bytes(32), {}, out));
}

TEST_F(Crypto, Ed25519IsThatOfRfc8032) {
  const auto key = crypto::SigningKey::from_seed(
      secret("4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb"));
  EXPECT_EQ(key.public_key().hex(),
            "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c");
  const Signature signature = key.sign(hex("72"));
  EXPECT_EQ(signature.hex(),
            "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
            "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00");
  EXPECT_TRUE(crypto::verify(key.public_key(), hex("72"), signature));
  EXPECT_TRUE(key.seed().equals(
      secret("4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb")));
}

TEST_F(Crypto, NoBitOfASignatureMessageOrKeyMayChange) {
  const auto key = crypto::SigningKey::from_seed(Seed());
  const Bytes message = hex("0102");
  const Signature good = key.sign(message);
  for (std::size_t bit = 0; bit < 512; ++bit) {
    Signature changed = good;
    changed.bytes[bit / 8] ^= static_cast<std::uint8_t>(1U << (bit % 8));
    ASSERT_FALSE(crypto::verify(key.public_key(), message, changed)) << bit;
  }
  EXPECT_FALSE(crypto::verify(key.public_key(), hex("0103"), good));
  EXPECT_FALSE(crypto::verify({}, message, good));
}

TEST_F(Crypto, SignatureWithALargerScalarIsRefused) {
  const auto key = crypto::SigningKey::from_seed(Seed());
  Signature malleable = key.sign(hex("01"));
  // S + L verifies under lax rules.
  const Bytes order = hex("edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010");
  unsigned carry = 0;
  for (std::size_t i = 0; i < 32; ++i) {
    const unsigned sum = malleable.bytes[32 + i] + order[i] + carry;
    malleable.bytes[32 + i] = static_cast<std::uint8_t>(sum);
    carry = sum >> 8;
  }
  EXPECT_FALSE(crypto::verify(key.public_key(), hex("01"), malleable));
}

TEST_F(Crypto, KeyOfLowOrderVerifiesNothing) {
  SigningPublicKey identity;
  identity.bytes[0] = 1;
  Signature signature;
  signature.bytes[0] = 1;  // R = identity, S = 0: holds for every message under lax rules
  EXPECT_FALSE(crypto::verify(identity, hex("01"), signature));
}

TEST_F(Crypto, X25519IsThatOfRfc7748) {
  const auto agreed = crypto::x25519_agree(
      secret("a546e36bf0527c9d3b16154b82465edd62144c0ac1fc5a18506a2244ba449ac4"),
      fixed<EpochKey>("e6db6867583030db3594c1a424b15f7c726624ec26b3353b10a903a6d0ab1c4c"));
  ASSERT_TRUE(agreed);
  EXPECT_TRUE(
      agreed->equals(secret("c3da55379de9c6908e94ea4df28d084f32eccf03491c71f754b4075577a28552")));
}

TEST_F(Crypto, BothSidesAgree) {
  const AgreementKey a = secret(std::string(64, '1'));
  const AgreementKey b = secret(std::string(64, '2'));
  const auto ab = crypto::x25519_agree(a, crypto::x25519_public(b));
  const auto ba = crypto::x25519_agree(b, crypto::x25519_public(a));
  ASSERT_TRUE(ab && ba);
  EXPECT_TRUE(ab->equals(*ba));
}

TEST_F(Crypto, AgreementWithAKeyOfLowOrderIsRefused) {
  const AgreementKey a = secret(std::string(64, '1'));
  EXPECT_FALSE(crypto::x25519_agree(a, {}));
  EpochKey one;
  one.bytes[0] = 1;
  EXPECT_FALSE(crypto::x25519_agree(a, one));
  EXPECT_FALSE(crypto::x25519_agree(
      a, fixed<EpochKey>("e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800")));
}

TEST_F(Crypto, ChaChaIsThatOfRfc8439) {
  const SymmetricKey key =
      secret("808182838485868788898a8b8c8d8e8f909192939495969798999a9b9c9d9e9f");
  const Bytes nonce = hex("070000004041424344454647");
  const std::span<const std::uint8_t, 12> nonce_view(nonce);
  const Bytes associated = hex("50515253c0c1c2c3c4c5c6c7");
  const auto plain = view(
      "Ladies and Gentlemen of the class of '99: If I could offer you only one tip for the future, "
      "sunscreen would be it.");
  const Bytes sealed = crypto::chacha_seal(key, nonce_view, associated, plain);
  EXPECT_EQ(to_hex(ByteView(sealed).last(16)), "1ae10b594f09e26a7e902ecbd0600691");
  EXPECT_EQ(to_hex(ByteView(sealed).first(8)), "d31a8d34648e60db");
  const auto opened = crypto::chacha_open(key, nonce_view, associated, sealed);
  ASSERT_TRUE(opened);
  EXPECT_TRUE(std::ranges::equal(*opened, plain));
}

template <std::size_t N, class Seal, class Open>
void expect_authenticated(const Seal& seal, const Open& open) {
  const SymmetricKey key = secret(std::string(64, '3'));
  std::array<std::uint8_t, N> nonce{};
  const std::span<const std::uint8_t, N> nonce_view(nonce);
  const Bytes sealed = seal(key, nonce_view, view("associated"), view("plain"));
  ASSERT_EQ(sealed.size(), 5 + crypto::tag_bytes);
  EXPECT_TRUE(open(key, nonce_view, view("associated"), sealed));
  EXPECT_FALSE(open(key, nonce_view, view("associateD"), sealed));
  EXPECT_FALSE(open(secret(std::string(64, '4')), nonce_view, view("associated"), sealed));
  for (std::size_t at = 0; at < sealed.size(); ++at) {
    Bytes changed = sealed;
    changed[at] ^= 1;
    ASSERT_FALSE(open(key, nonce_view, view("associated"), changed));
    ASSERT_FALSE(open(key, nonce_view, view("associated"), ByteView(sealed).first(at)));
  }
  nonce[0] = 1;
  EXPECT_FALSE(open(key, nonce_view, view("associated"), sealed));
}

TEST_F(Crypto, SealedBytesOpenOnlyUnchanged) {
  expect_authenticated<12>(crypto::chacha_seal, crypto::chacha_open);
  expect_authenticated<24>(crypto::xchacha_seal, crypto::xchacha_open);
}

TEST_F(Crypto, PassphraseKeysDependOnPassphraseSaltAndCost) {
  std::array<std::uint8_t, 16> salt{};
  const crypto::PassphraseCost cheap{1, 64 * 1024};
  const auto derive = [&](std::string_view passphrase, crypto::PassphraseCost cost) {
    return crypto::passphrase_key(view(passphrase), salt, cost).value();
  };
  const SymmetricKey first = derive("one", cheap);
  EXPECT_TRUE(first.equals(derive("one", cheap)));
  EXPECT_FALSE(first.equals(derive("two", cheap)));
  EXPECT_FALSE(first.equals(derive("one", {2, 64 * 1024})));
  EXPECT_FALSE(first.equals(derive("one", {1, 128 * 1024})));
  salt[0] = 1;
  EXPECT_FALSE(first.equals(derive("one", cheap)));
}

TEST_F(Crypto, ComparisonSeesLengthAndContent) {
  EXPECT_TRUE(crypto::equal({}, {}));
  EXPECT_TRUE(crypto::equal(hex("0102"), hex("0102")));
  EXPECT_FALSE(crypto::equal(hex("0102"), hex("0103")));
  EXPECT_FALSE(crypto::equal(hex("0102"), hex("010200")));
}

TEST_F(Crypto, SecretsMoveAndLeaveNothingBehind) {
  static_assert(!std::is_copy_constructible_v<Seed> && !std::is_copy_assignable_v<Seed>);
  Seed from = secret(std::string(64, '5'));
  const Seed kept = from.copy();
  const Seed to = std::move(from);
  EXPECT_TRUE(to.equals(kept));
  EXPECT_TRUE(from.equals(Seed()));
}

}  // namespace
}  // namespace hamroh
