// Recovery shares: Shamir's scheme, the bytes and lines of a share, and what mixed-up, mistyped and
// missing shares are told.

#include <gtest/gtest.h>

#include "protocol/recovery_share.h"

namespace hamroh {
namespace {

class SystemDraws final : public Entropy {
 public:
  void fill(std::span<std::uint8_t> out) override { crypto::system_random(out); }
};
class Ones final : public Entropy {  // every coefficient is 1
 public:
  void fill(std::span<std::uint8_t> out) override { std::fill(out.begin(), out.end(), 1); }
};

SymmetricKey random_key() {
  return SymmetricKey::make([](auto raw) { crypto::system_random(raw); });
}
MemberId member(std::uint8_t byte) {
  MemberId id;
  id.bytes.fill(byte);
  return id;
}

// A split as a node would make it.
std::vector<RecoveryShare> split_of(const SymmetricKey& key, ShareCount count,
                                    std::uint8_t organisation = 1) {
  SystemDraws entropy;
  std::vector<RecoveryShare> shares;
  for (KeyShare& share : split_key(key, count, entropy)) {
    shares.push_back(
        {{NetworkStart{}, member(organisation), split_id_of(key), count}, std::move(share)});
  }
  return shares;
}
std::vector<RecoveryShare> only(const std::vector<RecoveryShare>& all,
                                const std::vector<std::size_t>& which) {
  std::vector<RecoveryShare> chosen;
  for (const std::size_t at : which) {
    chosen.push_back({all[at].split, {all[at].share.index, all[at].share.value.copy()}});
  }
  return chosen;
}
void append_to(std::vector<RecoveryShare>& shares, std::vector<RecoveryShare> more) {
  for (RecoveryShare& share : more) {
    shares.push_back(std::move(share));
  }
}

class Recovery : public testing::Test {
 protected:
  Recovery() { EXPECT_TRUE(crypto::start()); }
};

TEST_F(Recovery, EverySetOfThresholdSharesLeadsToTheKey) {
  const SymmetricKey key = random_key();
  const auto shares = split_of(key, {3, 5});
  for (unsigned set = 0; set < 32; ++set) {
    std::vector<std::size_t> which;
    for (std::size_t at = 0; at < 5; ++at) {
      if ((set >> at & 1U) != 0) {
        which.push_back(at);
      }
    }
    const auto found = recover_key(only(shares, which));
    ASSERT_EQ(found.has_value(), which.size() >= 3) << set;
    if (found) {
      EXPECT_TRUE(found->equals(key));
    } else {
      EXPECT_EQ(found.error().code, Code::threshold_not_met);
    }
  }
}

TEST_F(Recovery, TheLargestSplitWorks) {
  const SymmetricKey key = random_key();
  const auto found = recover_key(split_of(key, {16, 16}));
  ASSERT_TRUE(found);
  EXPECT_TRUE(found->equals(key));
}

TEST_F(Recovery, SharesAreThoseOfThePolynomialOverTheFieldOfAes) {
  // key + x + x², by hand.
  Ones entropy;
  SymmetricKey key = SymmetricKey::make([](auto raw) { std::fill(raw.begin(), raw.end(), 0x53); });
  const auto shares = split_key(key, {3, 16}, entropy);
  const auto first_byte = [&](std::size_t index) {
    return shares[index - 1].value.expose([](auto raw) { return unsigned{raw[0]}; });
  };
  EXPECT_EQ(first_byte(1), 0x53U);                   // 1 + 1 = 0
  EXPECT_EQ(first_byte(2), 0x53U ^ 0x02U ^ 0x04U);   // 2² = 4
  EXPECT_EQ(first_byte(3), 0x53U ^ 0x03U ^ 0x05U);   // 3² = 5
  EXPECT_EQ(first_byte(16), 0x53U ^ 0x10U ^ 0x1BU);  // 16² = 256, reduced by 0x11B
}

TEST_F(Recovery, FewerSharesThanTheThresholdLeadElsewhere) {
  const auto shares = split_of(random_key(), {3, 3});
  std::vector<KeyShare> two;
  for (std::size_t at = 0; at < 2; ++at) {
    two.push_back({shares[at].share.index, shares[at].share.value.copy()});
  }
  const auto other = combine_key(two);
  ASSERT_TRUE(other);
  EXPECT_NE(split_id_of(*other), shares[0].split.id);
  two[1].index = two[0].index;
  EXPECT_FALSE(combine_key(two));
  two[1].index = 0;
  EXPECT_FALSE(combine_key(two));
  EXPECT_FALSE(combine_key({}));
}

TEST_F(Recovery, SharesComeBackFromTheirBytesTheirLinesAndTheirCode) {
  const auto shares = split_of(random_key(), {2, 3});
  for (const RecoveryShare& share : shares) {
    const Bytes bytes = encode(share);
    const auto parsed = parse_recovery_share(bytes);
    ASSERT_TRUE(parsed);
    EXPECT_EQ(parsed->split, share.split);
    EXPECT_EQ(encode(*parsed), bytes);
    const auto typed = read_recovery_share("Keep this.\n\n" + recovery_share_text(bytes));
    ASSERT_TRUE(typed) << typed.error().text;
    EXPECT_EQ(encode(*typed), bytes);
    const auto scanned = read_recovery_share(recovery_share_code(bytes) + "\n");
    ASSERT_TRUE(scanned);
    EXPECT_EQ(encode(*scanned), bytes);
  }
}

TEST_F(Recovery, IsTypedAsPeopleType) {
  const Bytes bytes = encode(split_of(random_key(), {2, 3})[0]);
  std::string text = recovery_share_text(bytes);
  for (char& letter : text) {
    letter = letter == '-' ? ' ' : static_cast<char>(std::tolower(letter));
    letter = letter == '0' ? 'o' : letter;
  }
  // The numbers of lines are digits still.
  for (std::size_t at = 0, line = 1; line <= 8; ++line, at = text.find('\n', at) + 1) {
    text[at] = static_cast<char>('0' + line);
  }
  const auto typed = read_recovery_share(text);
  ASSERT_TRUE(typed) << typed.error().text;
  EXPECT_EQ(encode(*typed), bytes);
}

TEST_F(Recovery, AnyMistypedLetterIsFoundInItsLine) {
  const std::string good = recovery_share_text(encode(split_of(random_key(), {2, 3})[0]));
  std::size_t line = 0;
  bool number = true;
  for (std::size_t at = 0; at < good.size(); ++at) {
    if (number) {
      ++line;
      number = false;
      continue;
    }
    number = good[at] == '\n';
    if (std::isalnum(static_cast<unsigned char>(good[at])) == 0) {
      continue;
    }
    std::string wrong = good;
    wrong[at] = good[at] == 'A' ? 'B' : 'A';
    const auto read = read_recovery_share(wrong);
    ASSERT_FALSE(read) << at;
    EXPECT_NE(std::string(read.error().text).find("line " + std::to_string(line)),
              std::string::npos)
        << read.error().text;
  }
  EXPECT_EQ(line, 8U);
}

TEST_F(Recovery, MissingSwappedAndForeignLinesAreFound) {
  const auto shares = split_of(random_key(), {2, 3});
  const std::string one = recovery_share_text(encode(shares[0]));
  const std::string two = recovery_share_text(encode(shares[1]));
  for (std::size_t length = 0; length + 1 < one.size(); ++length) {
    EXPECT_FALSE(read_recovery_share(one.substr(0, length))) << length;
  }
  const auto both = read_recovery_share(one + two);
  ASSERT_FALSE(both);
  EXPECT_EQ(both.error().code, Code::malformed);
  std::string swapped = one;
  swapped[0] = '2';
  swapped[one.find('\n') + 1] = '1';
  EXPECT_FALSE(read_recovery_share(swapped));
}

TEST_F(Recovery, AnyFlippedBitOfTheBytesIsFound) {
  const Bytes good = encode(split_of(random_key(), {2, 3})[0]);
  for (std::size_t bit = 0; bit < good.size() * 8; ++bit) {
    Bytes wrong = good;
    wrong[bit / 8] ^= static_cast<std::uint8_t>(1U << bit % 8);
    EXPECT_FALSE(parse_recovery_share(wrong)) << bit;
  }
  for (std::size_t length = 0; length < good.size(); ++length) {
    EXPECT_FALSE(parse_recovery_share(ByteView(good).first(length))) << length;
  }
}

TEST_F(Recovery, SharesOfTwoSplitsOfTwoOrganisationsAndTwiceTheSameAreNamed) {
  const auto first = split_of(random_key(), {2, 3});
  auto mixed = only(first, {0});
  append_to(mixed, only(split_of(random_key(), {2, 3}), {1}));
  auto found = recover_key(mixed);
  ASSERT_FALSE(found);
  EXPECT_EQ(found.error().code, Code::conflict);
  EXPECT_EQ(found.error().which, 1U);

  mixed = only(first, {0, 1});
  append_to(mixed, only(split_of(random_key(), {2, 3}, 2), {2}));
  found = recover_key(mixed);
  ASSERT_FALSE(found);
  EXPECT_EQ(found.error().code, Code::wrong_network);
  EXPECT_EQ(found.error().which, 2U);

  found = recover_key(only(first, {0, 0}));
  ASSERT_FALSE(found);
  EXPECT_EQ(found.error().code, Code::duplicate_signer);
  EXPECT_EQ(found.error().which, 1U);

  found = recover_key(only(first, {2}));
  ASSERT_FALSE(found);
  EXPECT_EQ(found.error().code, Code::threshold_not_met);
}

TEST_F(Recovery, AFalseShareWithARightCheckDoesNotPassForTheKey) {
  auto shares = split_of(random_key(), {2, 3});
  shares[1].share.value = random_key();
  const auto found = recover_key(only(shares, {0, 1}));
  ASSERT_FALSE(found);
  EXPECT_EQ(found.error().code, Code::bad_signature);
}

}  // namespace
}  // namespace hamroh
