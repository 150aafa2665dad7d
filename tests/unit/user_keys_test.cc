#include "protocol/user_keys.h"

#include <gtest/gtest.h>

namespace hamroh {
namespace {

template <class Fixed>
Fixed filled(std::uint8_t byte) {
  Fixed value;
  value.bytes.fill(byte);
  return value;
}

Seed seed_of(std::uint8_t byte) {
  return Seed::make([byte](auto raw) { std::ranges::fill(raw, byte); });
}

const UserHome home{filled<NetworkId>(1), filled<MemberId>(2)};
const UserHome elsewhere{filled<NetworkId>(1), filled<MemberId>(9)};

UserCertificate certificate() {
  const auto author = crypto::SigningKey::from_seed(seed_of(7));
  const auto key = crypto::SigningKey::from_seed(seed_of(8));
  UserCertificate made{home,
                       3,
                       filled<UserId>(4),
                       Role::commissioner,
                       key.public_key(),
                       5,
                       {6},
                       *AuthorKey::from(author.public_key().view()),
                       {}};
  made.signature = author.sign(made.statement());
  return made;
}

TEST(UserKeyFile, ComesBackAsItWasAndRefusesEveryFlippedBit) {
  const Bytes file = UserKeyFile{home, filled<UserId>(4), seed_of(5)}.encode();
  const auto parsed = UserKeyFile::parse(file);
  ASSERT_TRUE(parsed);
  EXPECT_EQ(parsed->home, home);
  EXPECT_EQ(parsed->user, filled<UserId>(4));
  EXPECT_TRUE(parsed->seed.equals(seed_of(5)));
  for (std::size_t bit = 0; bit < file.size() * 8; ++bit) {
    Bytes bent = file;
    bent[bit / 8] ^= static_cast<std::uint8_t>(1U << (bit % 8));
    EXPECT_FALSE(UserKeyFile::parse(bent)) << bit;
  }
  for (std::size_t length = 0; length < file.size(); ++length) {
    EXPECT_FALSE(UserKeyFile::parse(ByteView(file).first(length)));
  }
  Bytes longer = file;
  longer.push_back(0);
  EXPECT_FALSE(UserKeyFile::parse(longer));
}

TEST(Login, SignedForOneMemberDoesNotWorkAtAnother) {
  const auto key = crypto::SigningKey::from_seed(seed_of(5)).public_key();
  const auto challenge = filled<LoginChallenge>(6);
  const Signature signature = sign_login(seed_of(5), home, filled<UserId>(4), challenge);
  EXPECT_TRUE(verify_login(key, home, filled<UserId>(4), challenge, signature));
  EXPECT_FALSE(verify_login(key, elsewhere, filled<UserId>(4), challenge, signature));
  EXPECT_FALSE(verify_login(key, home, filled<UserId>(5), challenge, signature));
  EXPECT_FALSE(verify_login(key, home, filled<UserId>(4), filled<LoginChallenge>(7), signature));
}

TEST(UserCertificate, VerifiesAndComesBackAsItWas) {
  const UserCertificate made = certificate();
  EXPECT_TRUE(made.verify());
  const auto parsed = UserCertificate::parse(made.encode());
  ASSERT_TRUE(parsed);
  EXPECT_EQ(*parsed, made);
  EXPECT_EQ(made.encode().size(), UserCertificate::encoded_size);
}

TEST(UserCertificate, WhateverIsChangedInItIsNotCertified) {
  const Bytes bytes = certificate().encode();
  for (std::size_t at = 0; at < bytes.size(); ++at) {
    Bytes bent = bytes;
    bent[at] ^= 1;
    const auto parsed = UserCertificate::parse(bent);
    EXPECT_FALSE(parsed && parsed->verify()) << at;
  }
  Bytes longer = bytes;
  longer.push_back(0);
  EXPECT_FALSE(UserCertificate::parse(longer));
}

TEST(Vote, IsBoundToTheUserTheMemberAndTheDigest) {
  const UserCertificate made = certificate();
  const auto digest = filled<Digest>(1);
  const Signature vote = sign_vote(seed_of(8), home, made.user, digest);
  EXPECT_TRUE(verify_vote(made, digest, vote));
  EXPECT_FALSE(verify_vote(made, filled<Digest>(2), vote));
  UserCertificate other = made;
  other.user = filled<UserId>(5);
  EXPECT_FALSE(verify_vote(other, digest, vote));
  other = made;
  other.home = elsewhere;
  EXPECT_FALSE(verify_vote(other, digest, vote));
  // What was signed to log in is no vote.
  EXPECT_FALSE(verify_vote(made, digest,
                           sign_login(seed_of(8), home, made.user, filled<LoginChallenge>(1))));
}

}  // namespace
}  // namespace hamroh
