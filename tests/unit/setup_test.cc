// Homes made, locked, unlocked and joined, as `hamrohd init` and `hamrohd join` and the running
// daemon do it.

#include "daemon/setup.h"

#include <gtest/gtest.h>

#include <filesystem>

#include "daemon/keeper.h"
#include "tests/unit/directory_fixture.h"
#include "tests/unit/store_fixture.h"

namespace hamroh {
namespace {

namespace fs = std::filesystem;

class Setup : public testing::Test {
 protected:
  void SetUp() override {
    ASSERT_TRUE(crypto::start());
    const SignedPayload founding =
        directory_fixture::founding_file(directory_fixture::constitution(3, 2), {1, 2, 3});
    ASSERT_TRUE(write_file(place_.file("network"), encode_signed_constitution(founding)));
  }
  [[nodiscard]] InitOptions options() const {
    return {home_, place_.file("network"), "Umed", MemberKind::ngo, "tcp://127.0.0.1:7001", {}, {},
            {}};
  }
  void configure(const std::string& toml) {
    ASSERT_TRUE(write_file(home_.configuration(), view(toml)));
  }
  // The directory of a network whose only member is the node of this home.
  void admit() {
    const auto request = parse_join_request(*read_file(home_.request(), 64 * 1024));
    ASSERT_TRUE(request);
    const VerifiedConstitution constitution = directory_fixture::founded();
    Directory directory = directory_fixture::directory(constitution);
    directory.created = wall_now();
    directory.warns = wall_now() + days(60);
    directory.expires = wall_now() + days(90);
    directory.members = {request->member};
    ASSERT_TRUE(write_file(place_.file("directory"),
                           encode_directory_file(directory_fixture::directory_file(
                               directory, directory.network, {1, 2}))));
  }

  store_fixture::TemporaryDirectory place_;
  Home home_{place_.file("home")};
};

TEST_F(Setup, AFailedInitialisationLeavesNothingBehind) {
  InitOptions bad = options();
  bad.name = "";
  EXPECT_FALSE(initialise_home(bad));
  EXPECT_FALSE(file_exists(home_.path()));
  ASSERT_TRUE(make_directory(home_.path()));
  ASSERT_TRUE(write_file(home_.file("mine"), view("kept")));
  EXPECT_FALSE(initialise_home(bad));
  EXPECT_EQ(std::distance(fs::directory_iterator(home_.path()), {}), 1);
  EXPECT_TRUE(initialise_home(options()));
}

TEST_F(Setup, AHomeInUseIsLeftAlone) {
  ASSERT_TRUE(initialise_home(options()));
  const auto files = std::distance(fs::directory_iterator(home_.path()), {});
  EXPECT_EQ(initialise_home(options()).error().code, Code::conflict);
  const auto lock = HomeLock::take(home_);
  ASSERT_TRUE(lock);
  EXPECT_EQ(initialise_home(options()).error().code, Code::busy);
  EXPECT_EQ(std::distance(fs::directory_iterator(home_.path()), {}), files);
}

TEST_F(Setup, JoiningFindsTheKeyFilesWhereTheConfigurationSays) {
  ASSERT_TRUE(initialise_home(options()));
  ASSERT_NO_FATAL_FAILURE(admit());
  ASSERT_NO_FATAL_FAILURE(configure("[vault]\nnode_key_file = \"keys/n\"\n"));
  fs::create_directory(home_.file("keys"));
  const auto configuration = read_configuration(home_);
  ASSERT_TRUE(configuration);
  EXPECT_EQ(missing_key_file(home_, *configuration), home_.file("keys/n"));
  EXPECT_EQ(join_network(home_, *configuration, place_.file("directory")).error().code,
            Code::not_found);
  fs::rename(home_.node_key(), home_.file("keys/n"));
  EXPECT_EQ(missing_key_file(home_, *configuration), std::nullopt);
  const auto joined = join_network(home_, *configuration, place_.file("directory"));
  ASSERT_TRUE(joined) << joined.error().text;
  EXPECT_EQ(joined->members, 1U);
}

TEST_F(Setup, AVaultWithAKeyFileIsLockedAndOpensFromTheFileAgain) {
  ASSERT_TRUE(initialise_home(options()));
  Keeper keeper(home_, {});
  ASSERT_TRUE(keeper.open_store(false));
  EXPECT_TRUE(keeper.unlocked());
  keeper.lock_store();
  EXPECT_FALSE(keeper.unlocked());
  keeper.close();
  ASSERT_TRUE(keeper.open_store(false));
  EXPECT_FALSE(keeper.unlocked()) << "opening the store again must not open the vault";
  ASSERT_TRUE(keeper.unlock_store({}));
  EXPECT_TRUE(keeper.unlocked());
}

TEST_F(Setup, AWrongOrMissingKeyFileIsTheCallersTroubleOnly) {
  ASSERT_TRUE(initialise_home(options()));
  Keeper keeper(home_, {});
  ASSERT_TRUE(keeper.open_store(false));
  keeper.lock_store();
  ASSERT_TRUE(write_file(home_.reader_key(), Bytes(32, 7)));
  EXPECT_EQ(keeper.unlock_store({}).error(), (Error{Code::invalid_argument, Blame::caller, ""}));
  ASSERT_TRUE(write_file(home_.reader_key(), Bytes(31, 7)));
  EXPECT_EQ(keeper.unlock_store({}).error().blame, Blame::caller);
  fs::remove(home_.reader_key());
  EXPECT_EQ(keeper.unlock_store({}).error(), (Error{Code::not_found, Blame::caller, ""}));
  EXPECT_FALSE(keeper.unlocked());
}

}  // namespace
}  // namespace hamroh
