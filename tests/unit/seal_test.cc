#include "protocol/seal.h"

#include <set>

#include "tests/unit/store_fixture.h"

namespace hamroh {
namespace {

using store_fixture::bytes;
using store_fixture::SeededEntropy;

Bytes hex(std::string_view text) {
  return from_hex(text).value();
}

// Draws the given bytes, once.
class GivenEntropy final : public Entropy {
 public:
  explicit GivenEntropy(Bytes bytes) : bytes_(std::move(bytes)) {}
  void fill(std::span<std::uint8_t> out) override {
    ASSERT_EQ(out.size(), bytes_.size());
    std::ranges::copy(bytes_, out.begin());
  }

 private:
  Bytes bytes_;
};

// RFC 9180 appendix A.2.1: DHKEM(X25519, HKDF-SHA256), HKDF-SHA256, ChaCha20Poly1305, Base.
namespace published {
constexpr auto ikm_e = "909a9b35d3dc4713a5e72a4da274b55d3d3821a37e5d099e74a647db583a904b";
constexpr auto ikm_r = "1ac01f181fdf9f352797655161c58b75c656a6cc2716dcb66372da835542e1df";
constexpr auto public_e = "1afa08d3dec047a643885163f1180476fa7ddb54c6a8029ea33f95796bf2ac4a";
constexpr auto public_r = "4310ee97d88cc1f088a5576c77ab0cf5c3ac797f3d95139c6c84b5429c59662a";
constexpr auto info = "4f6465206f6e2061204772656369616e2055726e";
constexpr auto associated = "436f756e742d30";
constexpr auto plaintext = "4265617574792069732074727574682c20747275746820626561757479";
constexpr auto ciphertext =
    "1c5250d8034ec2b784ba2cfd69dbdb8af406cfe3ff938e131f0def8c8b60b4db21993c62ce81883d2dd1b51a28";
}  // namespace published

class Seal : public testing::Test {
 protected:
  Seal() { EXPECT_TRUE(crypto::start()); }
  [[nodiscard]] Sealed seal(std::uint64_t seed = 1) const {
    SeededEntropy entropy(seed);
    return seal_to(
               recipient_.public_key, view("info"),
               [](const auto& enc) { return Bytes(enc.bytes.begin(), enc.bytes.end()); },
               view("what is sealed"), entropy)
        .value();
  }
  [[nodiscard]] Result<Bytes> open(const Sealed& sealed, std::string_view info = "info") const {
    return open_sealed(recipient_.secret, recipient_.public_key, sealed.enc, view(info),
                       sealed.enc.view(), sealed.ciphertext);
  }
  hpke::KeyPair recipient_ = hpke::derive_key_pair(Bytes(32, 7));
};

TEST_F(Seal, IsHpkeBaseOfRfc9180) {
  const hpke::KeyPair ephemeral = hpke::derive_key_pair(hex(published::ikm_e));
  const hpke::KeyPair recipient = hpke::derive_key_pair(hex(published::ikm_r));
  EXPECT_EQ(ephemeral.public_key.hex(), published::public_e);
  EXPECT_EQ(recipient.public_key.hex(), published::public_r);
  Bytes drawn;
  ephemeral.secret.expose([&](auto raw) { drawn.assign(raw.begin(), raw.end()); });
  GivenEntropy entropy(drawn);
  const auto sealed = seal_to(
      recipient.public_key, hex(published::info),
      [](const auto&) { return hex(published::associated); }, hex(published::plaintext), entropy);
  ASSERT_TRUE(sealed);
  EXPECT_EQ(sealed->enc.hex(), published::public_e);
  EXPECT_EQ(to_hex(sealed->ciphertext), published::ciphertext);
  const auto opened =
      open_sealed(recipient.secret, recipient.public_key, sealed->enc, hex(published::info),
                  hex(published::associated), sealed->ciphertext);
  EXPECT_EQ(opened.value(), hex(published::plaintext));
}

TEST_F(Seal, OpensOnlyForItsRecipientInfoAndAssociatedData) {
  const Sealed sealed = seal();
  EXPECT_EQ(open(sealed).value(), bytes("what is sealed"));
  EXPECT_FALSE(open(sealed, "other"));
  const hpke::KeyPair other = hpke::derive_key_pair(Bytes(32, 8));
  EXPECT_FALSE(open_sealed(other.secret, other.public_key, sealed.enc, view("info"),
                           sealed.enc.view(), sealed.ciphertext));
  EXPECT_FALSE(open_sealed(recipient_.secret, recipient_.public_key, sealed.enc, view("info"),
                           view("other"), sealed.ciphertext));
}

TEST_F(Seal, NoChangedByteOpensAndTheReasonIsOneForAll) {
  const Sealed good = seal();
  for (std::size_t at = 0; at < good.ciphertext.size(); ++at) {
    Sealed changed = good;
    changed.ciphertext[at] ^= 1;
    ASSERT_EQ(open(changed).error(), (Error{Code::cannot_open, Blame::peer, ""}));
    changed.ciphertext.resize(at);
    ASSERT_EQ(open(changed).error(), (Error{Code::cannot_open, Blame::peer, ""}));
  }
  for (std::size_t at = 0; at < 32; ++at) {
    Sealed changed = good;
    changed.enc.bytes[at] ^= 1;
    ASSERT_EQ(open(changed).error().code, Code::cannot_open);
  }
  Sealed zero = good;
  zero.enc = {};
  EXPECT_EQ(open(zero).error().code, Code::cannot_open);
}

TEST_F(Seal, EphemeralKeysComeFromEntropyAlone) {
  EXPECT_EQ(seal(1).ciphertext, seal(1).ciphertext);
  EXPECT_NE(seal(1).enc, seal(2).enc);
  EXPECT_NE(seal(1).ciphertext, seal(2).ciphertext);
}

TEST_F(Seal, RecipientKeyOfLowOrderIsRefused) {
  SeededEntropy entropy(1);
  const auto sealed = seal_to(
      {}, view("info"), [](const auto&) { return Bytes(); }, view("x"), entropy);
  ASSERT_FALSE(sealed);
  EXPECT_EQ(sealed.error().blame, Blame::peer);
}

TEST(Padding, NeverShortensAndAddsAtMostTwelvePercent) {
  std::size_t last = 0;
  for (std::size_t length = 0; length <= 70'000; ++length) {
    const std::size_t padded = padded_length(length);
    ASSERT_GE(padded, length);
    ASSERT_LE((padded - length) * 100, length * 12) << length;
    ASSERT_GE(padded, last) << "not monotonic at " << length;
    ASSERT_EQ(padded_length(padded), padded) << length;
    last = padded;
  }
}

TEST(Padding, IsPadme) {
  EXPECT_EQ(padded_length(9), 10U);
  EXPECT_EQ(padded_length(100), 104U);
  EXPECT_EQ(padded_length(1000), 1024U);
  EXPECT_EQ(padded_length(2049), 2176U);
  EXPECT_EQ(padded_length(65'537), 67'584U);
  // Of all lengths up to 64 KiB only O(log log) bits are told.
  std::set<std::size_t> different;
  for (std::size_t length = 1; length <= 65'536; ++length) {
    different.insert(padded_length(length));
  }
  EXPECT_LT(different.size(), 260U);
}

}  // namespace
}  // namespace hamroh
