#include "daemon/vault.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <set>

namespace hamroh {
namespace {

constexpr crypto::PassphraseCost cheap{1, 8ULL * 1024 * 1024};

class AHome : public testing::Test {
 protected:
  void SetUp() override {
    ASSERT_TRUE(crypto::start());
    std::string pattern = testing::TempDir() + "/hamroh-home-XXXXXX";
    ASSERT_NE(mkdtemp(pattern.data()), nullptr);
    home_.emplace(pattern);
  }
  void TearDown() override { std::filesystem::remove_all(home_->path()); }
  std::optional<Home> home_;
};
using VaultFile = AHome;
using HomeFile = AHome;
using AnchorOutside = AHome;

mode_t mode_of(const std::string& path) {
  struct stat status {};
  return ::stat(path.c_str(), &status) == 0 ? status.st_mode & 0777U : 0;
}

TEST_F(VaultFile, CredentialOpensBothTiersAndIsReadableByItsOwnerOnly) {
  ASSERT_TRUE(Vault::create(*home_, std::nullopt));
  EXPECT_EQ(mode_of(home_->vault()), 0600U);
  EXPECT_EQ(mode_of(home_->node_key()), 0600U);
  EXPECT_EQ(mode_of(home_->reader_key()), 0600U);
  const auto vault = Vault::open(*home_);
  ASSERT_TRUE(vault);
  EXPECT_EQ(vault->mode(), Vault::Mode::credential);
  const auto node = vault->node_tier(home_->node_key());
  const auto reader = vault->reader_tier_from_file(home_->reader_key());
  ASSERT_TRUE(node && reader);
  EXPECT_FALSE(node->equals(*reader));
  EXPECT_TRUE(node->equals(*vault->node_tier(home_->node_key())));
}

TEST_F(VaultFile, PassphraseOpensTheReaderTierAndLeavesNoKeyFile) {
  const std::string_view right = "саломат бошед";
  ASSERT_TRUE(Vault::create(*home_, view(right), cheap));
  EXPECT_FALSE(file_exists(home_->reader_key()));
  const auto vault = Vault::open(*home_);
  ASSERT_TRUE(vault);
  EXPECT_TRUE(vault->node_tier(home_->node_key()));
  EXPECT_TRUE(vault->reader_tier_from_passphrase(view(right)));
  for (const std::string_view wrong : {"", "саломат", "саломат бошед "}) {
    const auto opened = vault->reader_tier_from_passphrase(view(wrong));
    ASSERT_FALSE(opened);
    EXPECT_EQ(opened.error().code, Code::bad_passphrase);
    EXPECT_EQ(opened.error().blame, Blame::caller);
  }
}

TEST_F(VaultFile, AnyChangedOrMissingByteIsNoticed) {
  const std::string_view right = "passphrase";
  ASSERT_TRUE(Vault::create(*home_, view(right), cheap));
  const auto good = read_file(home_->vault(), 4'096);
  ASSERT_TRUE(good);
  for (std::size_t at = 0; at < good->size(); ++at) {
    Bytes changed = *good;
    changed[at] ^= 0x40U;
    ASSERT_TRUE(write_file(home_->vault(), changed));
    const auto vault = Vault::open(*home_);
    const bool opens = vault && vault->node_tier(home_->node_key()) &&
                       vault->reader_tier_from_passphrase(view(right));
    EXPECT_FALSE(opens) << "byte " << at;
    ASSERT_TRUE(write_file(home_->vault(), ByteView(*good).first(at)));
    EXPECT_FALSE(Vault::open(*home_)) << at << " bytes";
  }
}

TEST_F(VaultFile, AbsentKeyFileIsAClearError) {
  ASSERT_TRUE(Vault::create(*home_, std::nullopt));
  const auto vault = Vault::open(*home_);
  ASSERT_TRUE(vault);
  std::filesystem::remove(home_->node_key());
  const auto node = vault->node_tier(home_->node_key());
  ASSERT_FALSE(node);
  EXPECT_EQ(node.error().code, Code::not_found);
}

TEST_F(HomeFile, IsWrittenWholeAndForItsOwnerOnly) {
  const std::string path = home_->file("some");
  ASSERT_TRUE(write_file(path, Bytes(10'000, 7)));
  ASSERT_TRUE(write_file(path, Bytes(3, 8)));
  EXPECT_EQ(*read_file(path, 100), Bytes(3, 8));
  EXPECT_EQ(mode_of(path), 0600U);
  const auto too_large = read_file(path, 2);
  ASSERT_FALSE(too_large);
  EXPECT_EQ(too_large.error().code, Code::too_large);
  EXPECT_EQ(read_file(home_->file("none"), 10).error().code, Code::not_found);
}

TEST_F(HomeFile, OneProcessHoldsTheLock) {
  auto first = HomeLock::take(*home_);
  ASSERT_TRUE(first);
  const auto second = HomeLock::take(*home_);
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, Code::busy);
  { const HomeLock released = std::move(*first); }
  EXPECT_TRUE(HomeLock::take(*home_));
}

TEST_F(AnchorOutside, RemembersTheNewestOfTwoSlots) {
  auto anchor = AnchorFile::open(*home_);
  ASSERT_TRUE(anchor);
  EXPECT_FALSE(anchor->read());
  for (std::uint64_t size = 1; size <= 5; ++size) {
    anchor->write({size, Digest{}});
  }
  EXPECT_EQ(anchor->read()->size, 5U);
  const auto again = AnchorFile::open(*home_);
  ASSERT_TRUE(again);
  EXPECT_EQ(again->read()->size, 5U);
}

TEST_F(AnchorOutside, WhatContradictsTheLedgerOutlivesTheLargerAnchorsOfIt) {
  {
    auto anchor = AnchorFile::open(*home_);
    ASSERT_TRUE(anchor);
    anchor->write({8, Digest{}});
    anchor->write({9, Digest{}});
    anchor->replace({5, Digest{}});
    EXPECT_EQ(anchor->read()->size, 5U);
  }
  EXPECT_EQ(AnchorFile::open(*home_)->read()->size, 5U);
}

TEST_F(AnchorOutside, TornWriteLeavesTheOtherSlot) {
  {
    auto anchor = AnchorFile::open(*home_);
    ASSERT_TRUE(anchor);
    anchor->write({8, Digest{}});
    anchor->write({9, Digest{}});
  }
  const auto good = read_file(home_->file("anchor"), 4'096);
  ASSERT_TRUE(good);
  std::set<std::uint64_t> seen;
  for (std::size_t at = 0; at < good->size(); ++at) {
    Bytes torn = *good;
    torn[at] ^= 1U;
    std::ofstream(home_->file("anchor"), std::ios::binary)
        .write(reinterpret_cast<const char*>(torn.data()),
               static_cast<std::streamsize>(torn.size()));
    const auto anchor = AnchorFile::open(*home_);
    ASSERT_TRUE(anchor && anchor->read()) << at;
    seen.insert(anchor->read()->size);
  }
  EXPECT_EQ(seen, (std::set<std::uint64_t>{8, 9}));
}

}  // namespace
}  // namespace hamroh
