#include "daemon/vault.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <set>
#include <vector>

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

constexpr std::string_view right = "саломат бошед";

SymmetricKey draw() {
  return SymmetricKey::make([](auto raw) { crypto::system_random(raw); });
}

RecoverySplit split_of(const SymmetricKey& recovery_key) {
  RecoverySplit split;
  split.id = split_id_of(recovery_key);
  split.count = {3, 5};
  return split;
}

TEST_F(VaultFile, CredentialOpensBothTiersAndIsReadableByItsOwnerOnly) {
  const auto made = Vault::create(*home_, Vault::Mode::credential);
  ASSERT_TRUE(made);
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
  EXPECT_TRUE(node->equals(made->node));
  EXPECT_TRUE(reader->equals(made->reader));
}

TEST_F(VaultFile, PassphraseOpensTheReaderTierAndLeavesNoKeyFile) {
  ASSERT_TRUE(Vault::create(*home_, Vault::Mode::passphrase, view(right), cheap));
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

TEST_F(VaultFile, InModeUsersNothingInTheHomeOpensTheReaderTier) {
  ASSERT_TRUE(Vault::create(*home_, Vault::Mode::users));
  EXPECT_FALSE(file_exists(home_->reader_key()));
  const auto vault = Vault::open(*home_);
  ASSERT_TRUE(vault);
  EXPECT_EQ(vault->mode(), Vault::Mode::users);
  EXPECT_TRUE(vault->node_tier(home_->node_key()));
  EXPECT_FALSE(vault->reader_tier_from_passphrase(view(right)));
  EXPECT_FALSE(vault->reader_tier_from_file(home_->node_key()));
}

TEST_F(VaultFile, TheRootOfTheReaderTierCanBeChangedByWhoeverHoldsItsKey) {
  const auto made = Vault::create(*home_, Vault::Mode::credential);
  auto vault = Vault::open(*home_);
  ASSERT_TRUE(made && vault);
  ASSERT_TRUE(vault->wrap_reader(made->reader, view(right), cheap));
  ASSERT_TRUE(vault->write(*home_));
  vault = Vault::open(*home_);
  ASSERT_TRUE(vault && vault->mode() == Vault::Mode::passphrase);
  EXPECT_TRUE(vault->reader_tier_from_passphrase(view(right))->equals(made->reader));
  vault->leave_reader_to_users();
  ASSERT_TRUE(vault->write(*home_));
  vault = Vault::open(*home_);
  ASSERT_TRUE(vault && vault->mode() == Vault::Mode::users);
  const SymmetricKey root = vault->renew_reader_root(made->reader);
  ASSERT_TRUE(root.expose([&](auto raw) { return write_file(home_->reader_key(), raw); }));
  ASSERT_TRUE(vault->write(*home_));
  vault = Vault::open(*home_);
  ASSERT_TRUE(vault && vault->mode() == Vault::Mode::credential);
  EXPECT_TRUE(vault->reader_tier_from_file(home_->reader_key())->equals(made->reader));
}

TEST_F(VaultFile, RecoveryKeyOpensBothTiersAndOutlivesDestruction) {
  const auto made = Vault::create(*home_, Vault::Mode::passphrase, view(right), cheap);
  auto vault = Vault::open(*home_);
  ASSERT_TRUE(made && vault);
  EXPECT_FALSE(vault->recovery());
  EXPECT_EQ(vault->tiers_from_recovery(draw()).error().code, Code::not_found);
  const SymmetricKey old_key = draw();
  const SymmetricKey key = draw();
  vault->wrap_for_recovery(split_of(old_key), old_key, *made);
  vault->wrap_for_recovery(split_of(key), key, *made);  // makes the one before worthless
  vault->destroy();
  ASSERT_TRUE(vault->write(*home_));
  vault = Vault::open(*home_);
  ASSERT_TRUE(vault);
  EXPECT_TRUE(vault->destroyed());
  EXPECT_EQ(vault->recovery(), split_of(key));
  EXPECT_EQ(vault->node_tier(home_->node_key()).error().code, Code::locked);
  EXPECT_FALSE(vault->reader_tier_from_passphrase(view(right)));
  EXPECT_EQ(vault->tiers_from_recovery(old_key).error().code, Code::bad_passphrase);
  const auto tiers = vault->tiers_from_recovery(key);
  ASSERT_TRUE(tiers);
  EXPECT_TRUE(tiers->node.equals(made->node));
  EXPECT_TRUE(tiers->reader.equals(made->reader));
}

// Every kind of vault file, as bytes.
std::vector<Bytes> vault_files(const Home& home) {
  std::vector<Bytes> files;
  for (const auto mode : {Vault::Mode::credential, Vault::Mode::passphrase, Vault::Mode::users}) {
    const auto made = Vault::create(home, mode, view(right), cheap);
    auto vault = Vault::open(home);
    EXPECT_TRUE(made && vault);
    files.push_back(*read_file(home.vault(), 4'096));
    const SymmetricKey key = draw();
    vault->wrap_for_recovery(split_of(key), key, *made);
    EXPECT_TRUE(vault->write(home));
    files.push_back(*read_file(home.vault(), 4'096));
    vault->destroy();
    EXPECT_TRUE(vault->write(home));
    files.push_back(*read_file(home.vault(), 4'096));
  }
  return files;
}

TEST_F(VaultFile, AnyFlippedBitAndAnyMissingByteIsFoundAndNamed) {
  for (const Bytes& good : vault_files(*home_)) {
    ASSERT_TRUE(write_file(home_->vault(), good));
    ASSERT_TRUE(Vault::open(*home_));
    for (std::size_t bit = 0; bit < good.size() * 8; ++bit) {
      Bytes changed = good;
      changed[bit / 8] ^= static_cast<std::uint8_t>(1U << bit % 8);
      std::ofstream(home_->vault(), std::ios::binary)
          .write(reinterpret_cast<const char*>(changed.data()),
                 static_cast<std::streamsize>(changed.size()));
      const auto vault = Vault::open(*home_);
      ASSERT_FALSE(vault) << "bit " << bit;
      EXPECT_EQ(vault.error().code, Code::store_corrupt);
      EXPECT_STREQ(vault.error().text, "the vault file is damaged");
    }
    for (std::size_t length = 0; length < good.size(); ++length) {
      std::ofstream(home_->vault(), std::ios::binary)
          .write(reinterpret_cast<const char*>(good.data()), static_cast<std::streamsize>(length));
      const auto vault = Vault::open(*home_);
      ASSERT_FALSE(vault) << length << " bytes";
      EXPECT_EQ(vault.error().code, Code::store_corrupt);
    }
  }
}

TEST_F(VaultFile, OverlongFilesAndNewerVersionsAreRefusedWithTheirOwnWords) {
  ASSERT_TRUE(Vault::create(*home_, Vault::Mode::credential));
  const Bytes good = *read_file(home_->vault(), 4'096);
  for (const std::size_t more : {1U, 32U, 8'192U}) {
    Bytes longer = good;
    longer.resize(good.size() + more);
    ASSERT_TRUE(write_file(home_->vault(), longer));
    EXPECT_EQ(Vault::open(*home_).error().code, Code::store_corrupt) << more;
  }
  Bytes newer = good;
  newer[0] = 3;
  newer.resize(newer.size() - Digest::size);
  append(newer, crypto::sha256({newer}).view());
  ASSERT_TRUE(write_file(home_->vault(), newer));
  EXPECT_EQ(Vault::open(*home_).error().code, Code::store_newer);
}

// As version 1 wrote it: a passphrase vault without recovery part or hash.
Bytes version_1_of(const Bytes& version_2) {
  const ByteView all(version_2);
  Bytes old{1, 2};
  append(old, all.subspan(3, 8 + 8 + 16));
  append(old, all.subspan(3 + 32 + 1, 72));
  append(old, all.subspan(3 + 32 + 1 + 72 + 1, 72));
  return old;
}

TEST_F(VaultFile, VersionOneIsReadAndBecomesVersionTwoAtTheFirstChange) {
  const auto made = Vault::create(*home_, Vault::Mode::passphrase, view(right), cheap);
  ASSERT_TRUE(made);
  const Bytes now = *read_file(home_->vault(), 4'096);
  const Bytes old = version_1_of(now);
  ASSERT_TRUE(write_file(home_->vault(), old));
  auto vault = Vault::open(*home_);
  ASSERT_TRUE(vault);
  EXPECT_TRUE(vault->node_tier(home_->node_key())->equals(made->node));
  EXPECT_TRUE(vault->reader_tier_from_passphrase(view(right))->equals(made->reader));
  ASSERT_TRUE(vault->write(*home_));
  EXPECT_EQ(*read_file(home_->vault(), 4'096), now);
  // It has no hash: damage shows when it is opened, at the latest.
  for (std::size_t at = 0; at < old.size(); ++at) {
    Bytes changed = old;
    changed[at] ^= 0x40U;
    ASSERT_TRUE(write_file(home_->vault(), changed));
    vault = Vault::open(*home_);
    const bool opens = vault && vault->node_tier(home_->node_key()) &&
                       vault->reader_tier_from_passphrase(view(right));
    EXPECT_FALSE(opens) << "byte " << at;
    ASSERT_TRUE(write_file(home_->vault(), ByteView(old).first(at)));
    EXPECT_FALSE(Vault::open(*home_)) << at << " bytes";
  }
}

TEST_F(VaultFile, AbsentKeyFileIsAClearError) {
  ASSERT_TRUE(Vault::create(*home_, Vault::Mode::credential));
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
