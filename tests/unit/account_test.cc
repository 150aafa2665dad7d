#include "protocol/account.h"

#include <gtest/gtest.h>

#include "protocol/constants.h"
#include "protocol/user_keys.h"
#include "tests/unit/store_fixture.h"

namespace hamroh {
namespace {

using store_fixture::SeededEntropy;
using store_fixture::symmetric_key;

constexpr crypto::PassphraseCost cheap{1, 8192};

template <class Fixed>
Fixed filled(std::uint8_t byte) {
  Fixed value;
  value.bytes.fill(byte);
  return value;
}

// K of a passphrase stands for the passphrase here: Argon2id has tests of its own.
const SymmetricKey right = symmetric_key(1);
const SymmetricKey other = symmetric_key(2);
const SymmetricKey reader = symmetric_key(3);

Account person(Role role = Role::case_worker) {
  SeededEntropy entropy(1);
  Account account;
  account.id = filled<UserId>(4);
  account.name = "Мадина Каримова";
  account.role = role;
  if (rights_of(role).has(Operation::see_cases)) {
    account.teams = {"intake"};
  }
  account.created = {5};
  make_passphrase(account, right, filled<Salt>(6), cheap, &reader, entropy);
  return account;
}

Account program() {
  Account account;
  account.id = filled<UserId>(7);
  account.name = "case system";
  account.role = Role::integration;
  account.teams = {"intake"};
  account.grants.give(Operation::refer).give(Operation::see_cases);
  account.key = filled<SigningPublicKey>(8);
  return account;
}

Bytes certificate_for(const Account& account) {
  UserCertificate made;
  made.user = account.id;
  made.role = account.role;
  made.serial = 1;
  return made.encode();
}

Account commissioner() {
  SeededEntropy entropy(9);
  Account account = person(Role::commissioner);
  const auto secret = open_secret(account, right);
  CHECK(secret);
  put_seed(account, *secret, Seed(std::array<std::uint8_t, 32>{1}), certificate_for(account),
           entropy);
  account.passphrase->factor =
      wrap_factor(account, *secret, FactorSecret(std::array<std::uint8_t, 20>{2}), entropy);
  account.factor_step = 77;
  return account;
}

TEST(Account, ComesBackAsItWas) {
  Account changed = commissioner();
  changed.active = false;
  changed.must_change = true;
  changed.generation = 9;
  changed.failures = 3;
  changed.teams = {"intake", "north"};
  for (const Account& account : {person(), person(Role::auditor), program(), changed}) {
    const auto parsed = Account::parse(account.id, account.encode());
    ASSERT_TRUE(parsed) << account.name;
    EXPECT_EQ(*parsed, account);
  }
}

TEST(Account, RefusesCutAndLongerRecords) {
  for (const Account& account : {program(), commissioner()}) {
    const Bytes bytes = account.encode();
    for (std::size_t length = 0; length < bytes.size(); ++length) {
      const auto parsed = Account::parse(account.id, ByteView(bytes).first(length));
      ASSERT_FALSE(parsed) << length;
      EXPECT_EQ(parsed.error().code, Code::store_corrupt);
    }
    Bytes longer = bytes;
    longer.push_back(0);
    EXPECT_FALSE(Account::parse(account.id, longer));
  }
}

TEST(Account, WhatParsesEncodesIdentically) {
  const Account account = commissioner();
  const Bytes bytes = account.encode();
  for (std::size_t bit = 0; bit < bytes.size() * 8; ++bit) {
    Bytes bent = bytes;
    bent[bit / 8] ^= static_cast<std::uint8_t>(1U << (bit % 8));
    if (const auto parsed = Account::parse(account.id, bent)) {
      EXPECT_EQ(parsed->encode(), bent) << bit;
    }
  }
}

TEST(Account, NamesThatCouldPoseAsSomethingElseAreRefused) {
  for (const std::string& name :
       {std::string(), std::string(65, 'a'), std::string("two\nlines"), std::string("\x1b[2J"),
        std::string("a\0b", 3), std::string("\xff"), std::string("right\u202eleft"),
        std::string(" padded"), std::string("padded ")}) {
    Account account = person();
    account.name = name;
    EXPECT_TRUE(account.find_fault()) << name;
  }
  for (const char* name : {"x", "'; DROP TABLE user; --", "Мадина", "a@b.tj"}) {
    Account account = person();
    account.name = name;
    EXPECT_FALSE(account.find_fault()) << name;
  }
}

TEST(Account, TeamsAndCredentialsFitTheRole) {
  const auto faulty = [](const auto& change) {
    Account account = person();
    change(account);
    return account.find_fault().has_value();
  };
  EXPECT_TRUE(faulty([](Account& a) { a.teams.clear(); }));
  EXPECT_TRUE(faulty([](Account& a) { a.teams = {"North"}; }));
  EXPECT_TRUE(faulty([](Account& a) { a.teams = {"b", "a"}; }));
  EXPECT_TRUE(faulty([](Account& a) { a.teams = {"a", "a"}; }));
  EXPECT_TRUE(faulty([](Account& a) { a.teams = {"a", "b", "c", "d", "e", "f", "g", "h", "i"}; }));
  EXPECT_TRUE(faulty([](Account& a) { a.role = Role::auditor; }));      // with a team
  EXPECT_TRUE(faulty([](Account& a) { a.role = Role::integration; }));  // with a passphrase
  EXPECT_TRUE(faulty([](Account& a) { a.role = static_cast<Role>(0); }));
  EXPECT_TRUE(faulty([](Account& a) { a.role = static_cast<Role>(7); }));
  EXPECT_TRUE(faulty([](Account& a) { a.passphrase.reset(); }));
  EXPECT_TRUE(faulty([](Account& a) { a.key.emplace(); }));
  EXPECT_TRUE(faulty([](Account& a) { a.grants.give(Operation::refer); }));
  Account granted = program();
  granted.grants.give(Operation::manage_users);
  EXPECT_TRUE(granted.find_fault());
}

TEST(Account, ItsSummaryFitsTheLedgersWordsHoweverLongItIs) {
  Account account = program();
  account.name = std::string(limits::user_name_bytes_max, 'n');
  account.teams.clear();
  for (char team = 'a'; account.teams.size() < limits::teams_max; ++team) {
    account.teams.push_back(std::string(32, team));
  }
  account.grants.bits = rights_of(Role::integration).bits;
  account.generation = UINT32_MAX;
  ASSERT_FALSE(account.find_fault());
  EXPECT_LE(account.summary().size(), 512U);
}

TEST(Passphrase, OpensTheSecretAndNothingElseDoes) {
  const Account account = person();
  EXPECT_TRUE(open_secret(account, right));
  const auto wrong = open_secret(account, other);
  ASSERT_FALSE(wrong);
  EXPECT_EQ(wrong.error().code, Code::bad_passphrase);
  EXPECT_EQ(wrong.error().blame, Blame::caller);
  EXPECT_FALSE(open_secret(program(), right));
}

TEST(Passphrase, OpensTheVaultThroughTheSlot) {
  const Account account = person();
  const auto secret = open_secret(account, right);
  ASSERT_TRUE(secret);
  const auto slot = open_slot(account, *secret);
  ASSERT_TRUE(slot);
  EXPECT_TRUE(slot->equals(reader));
}

TEST(Passphrase, AWrapOfAnotherUserOrPurposeDoesNotOpen) {
  Account account = person();
  const auto secret = open_secret(account, right);
  ASSERT_TRUE(secret);
  Account moved = account;
  moved.id = filled<UserId>(5);
  EXPECT_FALSE(open_secret(moved, right));
  EXPECT_FALSE(open_slot(moved, *secret));
  account.passphrase->seed = account.passphrase->slot;
  EXPECT_FALSE(open_seed(account, *secret));
}

TEST(Passphrase, AFlippedBitInAnyWrapIsFound) {
  const Account account = commissioner();
  const auto secret = open_secret(account, right);
  ASSERT_TRUE(secret);
  for (std::size_t at = 0; at < account.passphrase->slot.size(); ++at) {
    Account bent = account;
    bent.passphrase->secret[at] ^= 1;
    bent.passphrase->slot[at] ^= 1;
    bent.passphrase->seed[at] ^= 1;
    EXPECT_FALSE(open_secret(bent, right));
    EXPECT_FALSE(open_slot(bent, *secret));
    EXPECT_FALSE(open_seed(bent, *secret));
  }
}

TEST(Passphrase, ChangingItWrapsTheSecretAgainAndKeepsEverythingElse) {
  SeededEntropy entropy(3);
  Account account = commissioner();
  const Account before = account;
  const auto secret = open_secret(account, right);
  ASSERT_TRUE(secret);
  change_passphrase(account, *secret, other, filled<Salt>(9), cheap, entropy);
  EXPECT_FALSE(open_secret(account, right));
  const auto again = open_secret(account, other);
  ASSERT_TRUE(again);
  EXPECT_TRUE(again->equals(*secret));
  EXPECT_EQ(account.passphrase->slot, before.passphrase->slot);
  EXPECT_EQ(account.passphrase->seed, before.passphrase->seed);
  EXPECT_EQ(account.passphrase->factor, before.passphrase->factor);
  EXPECT_TRUE(open_seed(account, *again));
  EXPECT_TRUE(open_factor(account, *again));
}

TEST(Passphrase, AResetTakesTheSigningKeyAndTheSecondFactorWithIt) {
  SeededEntropy entropy(4);
  Account account = commissioner();
  const auto before = open_secret(account, right);
  ASSERT_TRUE(before);
  make_passphrase(account, other, filled<Salt>(9), cheap, &reader, entropy);
  const auto after = open_secret(account, other);
  ASSERT_TRUE(after);
  EXPECT_FALSE(after->equals(*before));
  EXPECT_TRUE(account.passphrase->seed.empty());
  EXPECT_TRUE(account.passphrase->certificate.empty());
  EXPECT_TRUE(account.passphrase->factor.empty());
  EXPECT_FALSE(open_seed(account, *after));
  ASSERT_TRUE(open_slot(account, *after));
  EXPECT_TRUE(open_slot(account, *after)->equals(reader));
  EXPECT_FALSE(account.find_fault());
}

TEST(Passphrase, IsAtLeastEightCharactersAndAtMostOneKibibyte) {
  const auto code = [](std::string_view passphrase) {
    const Status checked = check_passphrase(view(passphrase));
    return checked ? Code::none : checked.error().code;
  };
  EXPECT_EQ(code("1234567"), Code::invalid_argument);
  EXPECT_EQ(code("12345678"), Code::none);
  EXPECT_EQ(code("саломат"), Code::invalid_argument);  // 14 bytes, 7 characters
  EXPECT_EQ(code("саломат!"), Code::none);
  EXPECT_EQ(code("\xff\xff\xff\xff\xff\xff\xff\xff"), Code::invalid_argument);
  EXPECT_EQ(code(std::string(1024, 'x')), Code::none);
  EXPECT_EQ(code(std::string(1025, 'x')), Code::too_large);
  EXPECT_EQ(code(std::string(1 << 20, 'x')), Code::too_large);
}

}  // namespace
}  // namespace hamroh
