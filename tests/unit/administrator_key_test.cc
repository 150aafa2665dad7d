#include "admin/administrator_key.h"

#include "tests/unit/authority_fixture.h"

namespace hamroh {
namespace {

using namespace authority_fixture;

constexpr crypto::PassphraseCost cheap{1, 8 * 1024};

SealedAdministratorKey sealed() {
  EXPECT_TRUE(crypto::start());
  return seal_administrator_key("Саидова", key(1).seed(), view("correct horse"), cheap).value();
}

TEST(AdministratorKeyFile, OpensWithItsPassphraseOnly) {
  const auto file = parse_administrator_key(encode_administrator_key(sealed()));
  ASSERT_TRUE(file);
  EXPECT_EQ(file->name, "Саидова");
  EXPECT_EQ(file->key, public_of<AdminKey>(1));
  const auto opened = open_administrator_key(*file, view("correct horse"));
  ASSERT_TRUE(opened);
  EXPECT_EQ(opened->public_key(), key(1).public_key());
  for (const char* wrong : {"", "correct hors", "correct horse ", "Correct horse"}) {
    EXPECT_EQ(code_of(open_administrator_key(*file, view(wrong))), Code::bad_passphrase) << wrong;
  }
}

TEST(AdministratorKeyFile, AShortPassphraseIsRefusedWhenItIsMade) {
  EXPECT_EQ(code_of(seal_administrator_key("a", key(1).seed(), view("1234567"), cheap)),
            Code::bad_passphrase);
  EXPECT_TRUE(seal_administrator_key("a", key(1).seed(), view("12345678"), cheap));
  // Characters count, not bytes.
  EXPECT_FALSE(check_new_passphrase(view("парол12")));
  EXPECT_TRUE(check_new_passphrase(view("пароль12")));
}

TEST(AdministratorKeyFile, AnUnfitNameIsRefused) {
  for (const char* name : {"", " a", "a\nb",
                           "a\xE2\x80\xAE"
                           "b"}) {
    EXPECT_EQ(code_of(seal_administrator_key(name, key(1).seed(), view("12345678"), cheap)),
              Code::invalid_argument);
  }
}

TEST(AdministratorKeyFile, AHostileCostIsRefusedBeforeAnythingIsAllocated) {
  const auto with_cost = [](std::uint64_t operations, std::uint64_t memory) {
    SealedAdministratorKey file = sealed();
    file.cost = {operations, memory};
    return code_of(parse_administrator_key(encode_administrator_key(file)));
  };
  EXPECT_EQ(with_cost(3, 100ULL << 30U), Code::malformed);
  EXPECT_EQ(with_cost(3, UINT64_MAX), Code::malformed);
  EXPECT_EQ(with_cost(UINT64_MAX, 8 * 1024), Code::malformed);
  EXPECT_EQ(with_cost(0, 8 * 1024), Code::malformed);
  EXPECT_EQ(with_cost(1, 0), Code::malformed);
  EXPECT_EQ(with_cost(1, 8 * 1024 + 1), Code::malformed);
  EXPECT_EQ(with_cost(16, 1ULL << 30U), Code::none);
}

TEST(AdministratorKeyFile, EveryTruncatedFileIsRefusedAndNoChangedOneOpens) {
  const SealedAdministratorKey file = sealed();
  const Bytes bytes = encode_administrator_key(file);
  const std::size_t cost_at = labels::administrator_key.size() + 2 + file.name.size() + 32;
  for (std::size_t at = 0; at < bytes.size(); ++at) {
    EXPECT_FALSE(parse_administrator_key(ByteView(bytes).first(at)));
    Bytes flipped = bytes;
    flipped[at] ^= static_cast<std::uint8_t>(1U << (at % 8));
    const auto parsed = parse_administrator_key(flipped);
    const bool costly = at >= cost_at && at < cost_at + 16;  // would work long for nothing
    if (parsed && !costly) {
      EXPECT_EQ(code_of(open_administrator_key(*parsed, view("correct horse"))),
                Code::bad_passphrase)
          << at;
    }
  }
  Bytes longer = bytes;
  longer.push_back(0);
  EXPECT_EQ(code_of(parse_administrator_key(longer)), Code::malformed);
  EXPECT_EQ(code_of(parse_administrator_key(Bytes(10U << 20U))), Code::too_large);
  Bytes newer = bytes;
  newer[labels::administrator_key.size() - 2] = '2';
  EXPECT_EQ(code_of(parse_administrator_key(newer)), Code::unsupported_version);
}

TEST(AdministratorKeyFile, TwoSealsOfOneKeyShareNothing) {
  const SealedAdministratorKey a = sealed();
  const SealedAdministratorKey b = sealed();
  EXPECT_NE(a.salt, b.salt);
  EXPECT_NE(a.nonce, b.nonce);
  EXPECT_NE(a.sealed, b.sealed);
}

TEST(AdministratorCard, ReadsBackAndProvesItsKeyForOneNetworkName) {
  const Administrator administrator{"admin-4", public_of<AdminKey>(4),
                                    prove_founder("Test", "admin-4", key(4))};
  const Bytes bytes = encode_administrator_card({NetworkId{}, administrator});
  const auto card = parse_administrator_card(bytes);
  ASSERT_TRUE(card);
  EXPECT_EQ(card->administrator, administrator);
  EXPECT_TRUE(is_founder_proven("Test", card->administrator));
  EXPECT_FALSE(is_founder_proven("Other", card->administrator));
  for (std::size_t at = 0; at < bytes.size(); ++at) {
    EXPECT_FALSE(parse_administrator_card(ByteView(bytes).first(at)));
  }
}

}  // namespace
}  // namespace hamroh
