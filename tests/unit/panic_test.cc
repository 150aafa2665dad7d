// Panic and recovery on the files of a home, with the process killed at every call that changes
// something on disk: there is a working node before and after, or a destroyed one that shares open.

#include "daemon/panic.h"

#include <gtest/gtest.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>

#include "daemon/backup_keys.h"
#include "daemon/recovery.h"

namespace {

// The process ends at the n-th of its calls from now on, as by kill -9; 0: never.
unsigned calls_left = 0;

void count_call() {
  if (calls_left > 0 && --calls_left == 0) {
    _exit(9);
  }
}

}  // namespace

// What changes files, in front of the C library's: the end comes before the call, and so after
// every other one.
extern "C" {
ssize_t write(int descriptor, const void* bytes, size_t length) {
  count_call();
  return syscall(SYS_write, descriptor, bytes, length);
}
int fsync(int descriptor) {
  count_call();
  return static_cast<int>(syscall(SYS_fsync, descriptor));
}
int rename(const char* from, const char* to) noexcept {
  count_call();
  return static_cast<int>(syscall(SYS_rename, from, to));
}
int unlink(const char* path) noexcept {
  count_call();
  return static_cast<int>(syscall(SYS_unlink, path));
}
}

namespace hamroh {
namespace {

class SystemDraws final : public Entropy {
 public:
  void fill(std::span<std::uint8_t> out) override { crypto::system_random(out); }
};

class AHome : public testing::Test {
 protected:
  void SetUp() override {
    ASSERT_TRUE(crypto::start());
    std::string pattern = testing::TempDir() + "/hamroh-panic-XXXXXX";
    ASSERT_NE(mkdtemp(pattern.data()), nullptr);
    home_.emplace(pattern);
    make();
  }
  void TearDown() override { std::filesystem::remove_all(home_->path()); }

  // A node's vault with its key files, and three shares of which two are enough.
  void make() {
    auto tiers = Vault::create(*home_, Vault::Mode::credential);
    ASSERT_TRUE(tiers);
    tiers_ = std::move(*tiers);
    SystemDraws entropy;
    const SymmetricKey key =
        SymmetricKey::make([&](std::span<std::uint8_t, 32> out) { entropy.fill(out); });
    const RecoverySplit split{{}, {}, split_id_of(key), {2, 3}};
    shares_.clear();
    for (KeyShare& share : split_key(key, split.count, entropy)) {
      shares_.push_back({split, std::move(share)});
    }
    auto vault = Vault::open(*home_);
    ASSERT_TRUE(vault);
    vault->wrap_for_recovery(split, key, tiers_);
    ASSERT_TRUE(vault->write(*home_));
  }
  RecoveryRequest request(std::optional<Vault::Mode> mode = std::nullopt) const {
    RecoveryRequest made{*home_, {}, mode, {}};
    for (std::size_t at = 0; at < 2; ++at) {
      made.shares.push_back(
          {shares_[at].split, {shares_[at].share.index, shares_[at].share.value.copy()}});
    }
    return made;
  }
  [[nodiscard]] bool works() const {
    const auto vault = Vault::open(*home_);
    if (!vault || vault->destroyed()) {
      return false;
    }
    const auto node = vault->node_tier(home_->node_key());
    const auto reader = vault->reader_tier_from_file(home_->reader_key());
    return node && reader && node->equals(tiers_.node) && reader->equals(tiers_.reader);
  }
  [[nodiscard]] bool is_destroyed() const {
    const auto vault = Vault::open(*home_);
    return vault && vault->destroyed() && vault->recovery();
  }

  std::optional<Home> home_;
  TierKeys tiers_;
  std::vector<RecoveryShare> shares_;
};
using Panic = AHome;
using UseOfRecovery = AHome;

// Runs `act` in a process that dies at its n-th call; false when it came to its end.
template <class Act>
bool dies(unsigned call, Act act) {
  const pid_t child = fork();
  if (child == 0) {
    calls_left = call;
    act();
    _exit(0);
  }
  int status = 0;
  EXPECT_EQ(waitpid(child, &status, 0), child);
  EXPECT_TRUE(WIFEXITED(status));
  return WEXITSTATUS(status) == 9;
}

TEST_F(Panic, FindsNoKeyringInTheHomeThatOpensWithLessThanShares) {
  SystemDraws entropy;
  auto keys = BackupKeys::open(*home_, {}, {}, tiers_.node);
  ASSERT_TRUE(keys);
  (void)keys->present({30, 3}, {5}, entropy);
  ASSERT_TRUE(keys->write(*home_, tiers_.node, {5}, entropy));
  const BackupPassphrase passphrase{tiers_.reader.copy(), {1}, {1, 8192}};
  const VaultTiers tiers{tiers_.node.copy(), tiers_.reader.copy()};
  const auto copy = keys->copy_for(passphrase, *home_, tiers, {5}, entropy);
  ASSERT_TRUE(copy && Keyring::parse(*copy)->open_tiers(passphrase.root));

  const auto file = read_file(backup_keys_file(*home_), keyring_bytes_max);
  const auto keyring = file ? Keyring::parse(*file) : Result<Keyring>();
  ASSERT_TRUE(file && keyring);
  EXPECT_FALSE(keyring->passphrase);
  const auto vault = Vault::parse(keyring->vault);
  ASSERT_TRUE(vault);
  EXPECT_TRUE(vault->destroyed());
  EXPECT_FALSE(vault->node_tier(home_->node_key()));
  EXPECT_FALSE(vault->reader_tier_from_file(home_->reader_key()));
  EXPECT_TRUE(keyring->open_keys(tiers_.node));

  const BackupPassphrase dear{tiers_.reader.copy(), {1}, {65, 8192}};
  EXPECT_FALSE(keys->copy_for(dear, *home_, tiers, {5}, entropy)) << "nobody could read it again";
}

TEST_F(Panic, LeavesNothingThatOpensButTheShares) {
  const auto destroyed = destroy_keys(*home_, {}, false);
  ASSERT_TRUE(destroyed);
  EXPECT_EQ(destroyed->recovery, shares_[0].split);
  EXPECT_TRUE(destroyed->outside.empty());
  EXPECT_TRUE(is_destroyed());
  EXPECT_FALSE(file_exists(home_->node_key()));
  EXPECT_FALSE(file_exists(home_->reader_key()));
  ASSERT_TRUE(use_recovery(request(), {}));
  EXPECT_TRUE(works());
}

TEST_F(Panic, KilledAtAnyCallLeavesAWorkingNodeOrADestroyedOne) {
  unsigned call = 1;
  for (; dies(call, [&] { (void)destroy_keys(*home_, {}, false); }); ++call) {
    ASSERT_LT(call, 1'000U);
    EXPECT_TRUE(works() || is_destroyed()) << call;
    if (is_destroyed()) {
      // What a start does.
      remove_key_files(*home_, {});
      EXPECT_FALSE(file_exists(home_->node_key()) || file_exists(home_->reader_key())) << call;
      ASSERT_TRUE(use_recovery(request(), {})) << call;
      ASSERT_TRUE(works()) << call;
    }
  }
  EXPECT_GT(call, 8U);
  EXPECT_TRUE(is_destroyed());
}

TEST_F(Panic, WithoutSharesItHasToBeMeant) {
  std::filesystem::remove(home_->vault());
  ASSERT_TRUE(Vault::create(*home_, Vault::Mode::credential));
  const auto refused = destroy_keys(*home_, {}, false);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Code::not_found);
  EXPECT_TRUE(file_exists(home_->node_key()));
  const auto destroyed = destroy_keys(*home_, {}, true);
  ASSERT_TRUE(destroyed);
  EXPECT_FALSE(destroyed->recovery);
  EXPECT_TRUE(Vault::open(*home_)->destroyed());
}

TEST_F(Panic, ADamagedVaultIsDestroyedOnlyIfThatIsMeant) {
  ASSERT_TRUE(write_file(home_->vault(), Bytes(200, 1)));
  EXPECT_FALSE(destroy_keys(*home_, {}, false));
  EXPECT_TRUE(file_exists(home_->node_key()));
  EXPECT_TRUE(destroy_keys(*home_, {}, true));
  EXPECT_FALSE(file_exists(home_->node_key()));
}

TEST_F(Panic, KeyFilesOutsideTheHomeAreTriedAndNamed) {
  const std::string outside = home_->path() + "-credentials";
  std::filesystem::create_directory(outside);
  std::filesystem::rename(home_->node_key(), outside + "/node");
  Configuration configuration;
  configuration.node_key_file = outside + "/node";
  const auto destroyed = destroy_keys(*home_, configuration, false);
  ASSERT_TRUE(destroyed);
  EXPECT_EQ(destroyed->outside, std::vector<std::string>{outside + "/node"});
  EXPECT_FALSE(file_exists(outside + "/node"));
  std::filesystem::remove_all(outside);
}

TEST_F(Panic, AKeyBehindALinkIsDestroyedWhereItLies) {
  const std::string stick = home_->path() + "-stick";
  std::filesystem::create_directory(stick);
  std::filesystem::rename(home_->reader_key(), stick + "/reader");
  std::filesystem::create_symlink(stick + "/reader", home_->reader_key());
  ASSERT_TRUE(works());
  const auto destroyed = destroy_keys(*home_, {}, false);
  ASSERT_TRUE(destroyed);
  EXPECT_EQ(destroyed->outside.size(), 1U);
  EXPECT_FALSE(file_exists(stick + "/reader"));
  EXPECT_FALSE(std::filesystem::is_symlink(home_->reader_key()));
  std::filesystem::remove_all(stick);
}

TEST_F(UseOfRecovery, KilledAtAnyCallItCanBeDoneAgain) {
  for (const bool from_destroyed : {false, true}) {
    make();
    if (from_destroyed) {
      ASSERT_TRUE(destroy_keys(*home_, {}, false));
    }
    unsigned call = 1;
    for (; dies(call, [&] { (void)use_recovery(request(), {}); }); ++call) {
      ASSERT_LT(call, 1'000U);
      EXPECT_TRUE(works() || is_destroyed()) << call;
      ASSERT_TRUE(use_recovery(request(), {})) << call;
      ASSERT_TRUE(works()) << call;
      if (from_destroyed) {
        ASSERT_TRUE(destroy_keys(*home_, {}, false));
      }
    }
    EXPECT_GT(call, 6U);
    EXPECT_TRUE(works());
  }
}

TEST_F(UseOfRecovery, ChangesHowTheReaderTierOpens) {
  RecoveryRequest by_passphrase = request(Vault::Mode::passphrase);
  EXPECT_EQ(use_recovery(by_passphrase, {}).error().code, Code::invalid_argument);
  EXPECT_TRUE(works());
  const auto users = use_recovery(request(Vault::Mode::users), {});
  ASSERT_TRUE(users);
  EXPECT_EQ(*users, Vault::Mode::users);
  EXPECT_FALSE(file_exists(home_->reader_key()));
  ASSERT_TRUE(use_recovery(request(Vault::Mode::credential), {}));
  EXPECT_TRUE(works());
}

TEST_F(UseOfRecovery, SharesOfAnotherNodeAndReplacedOnesAreToldApart) {
  RecoveryRequest old = request();
  make();
  auto used = use_recovery(old, {});
  ASSERT_FALSE(used);
  EXPECT_EQ(used.error().code, Code::stale_version);
  for (RecoveryShare& share : old.shares) {
    share.split.member.bytes[0] = 1;
  }
  used = use_recovery(old, {});
  ASSERT_FALSE(used);
  EXPECT_EQ(used.error().code, Code::unknown_member);
  EXPECT_TRUE(works());
  const auto lock = HomeLock::take(*home_);
  EXPECT_EQ(use_recovery(request(), {}).error().code, Code::busy);
}

}  // namespace
}  // namespace hamroh
