#include "admin/authority.h"

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "tests/unit/authority_fixture.h"

namespace hamroh {
namespace {

using namespace authority_fixture;

class AuthorityDirectory : public testing::Test {
 protected:
  void SetUp() override {
    ASSERT_TRUE(crypto::start());
    std::string pattern = testing::TempDir() + "/hamroh-authority-XXXXXX";
    ASSERT_NE(mkdtemp(pattern.data()), nullptr);
    root_ = pattern;
    place_ = root_ + "/authority";
    ASSERT_TRUE(Authority::begin(place_, statements_of(founding())));
  }
  void TearDown() override { std::filesystem::remove_all(root_); }

  static Drafting drafting(const Authority& authority, Timestamp now = today) {
    DraftTerms terms;
    terms.rule = authority.rule();
    terms.now = now;
    return Drafting(authority.membership(), terms);
  }
  static Proposal admission(const Authority& authority, unsigned number) {
    const NamedFile file = request(authority.membership().network(), member(number));
    return drafting(authority).admission({&file, 1}).value();
  }
  static Outcome<Published> publish(Authority& authority, Proposal proposal,
                                    std::initializer_list<unsigned> signers) {
    for (const unsigned signer : signers) {
      EXPECT_TRUE(sign_proposal(proposal, key(signer), proposal.created));
    }
    return authority.publish(statements_of(proposal), proposal.created);
  }
  Bytes read(const std::string& name) const {
    return read_input(place_ + "/" + name, 64U << 20U).value();
  }

  std::string root_;
  std::string place_;
};

TEST_F(AuthorityDirectory, PublishesWhatEnoughHaveSigned) {
  Authority authority = Authority::open(place_).value();
  const Proposal proposal = admission(authority, 1);
  const auto published = publish(authority, proposal, {1, 3});
  ASSERT_TRUE(published) << published.error().error.text;
  EXPECT_EQ(authority.membership().version(), 2U);
  EXPECT_EQ(parse_history(read("history.hamroh"))->size(), 3U);
  EXPECT_EQ(parse_history(read("update.hamroh"))->size(), 1U);
  const auto verified = check_directory(read("network.hamroh"), read("directory.hamroh"));
  ASSERT_TRUE(verified) << verified.error().text;
  EXPECT_EQ(verified->value().members, std::vector<Member>{member(1)});
  EXPECT_EQ(authority.signers(), (std::vector<std::string>{"admin-1", "admin-3"}));
}

TEST_F(AuthorityDirectory, PublishingTwiceChangesNothing) {
  Authority authority = Authority::open(place_).value();
  const Proposal first = admission(authority, 1);
  ASSERT_TRUE(publish(authority, first, {1, 2}));
  ASSERT_TRUE(publish(authority, admission(authority, 2), {1, 2}));
  const Bytes before = read("history.hamroh");
  const auto again = publish(authority, first, {1, 2, 3});
  ASSERT_TRUE(again) << again.error().error.text;
  EXPECT_TRUE(again->added.empty());
  EXPECT_EQ(read("history.hamroh"), before);
}

TEST_F(AuthorityDirectory, ACrashAfterTheHistoryIsMadeGoodByPublishingAgain) {
  Authority authority = Authority::open(place_).value();
  const Proposal proposal = admission(authority, 1);
  ASSERT_TRUE(publish(authority, proposal, {1, 2}));
  const Bytes directory = read("directory.hamroh");
  const Bytes update = read("update.hamroh");
  std::filesystem::remove(place_ + "/directory.hamroh");
  std::filesystem::remove(place_ + "/update.hamroh");
  ASSERT_TRUE(publish(authority, proposal, {1, 2}));
  EXPECT_EQ(read("directory.hamroh"), directory);
  EXPECT_EQ(read("update.hamroh"), update);
}

TEST_F(AuthorityDirectory, TooFewSignersPublishNothing) {
  Authority authority = Authority::open(place_).value();
  const Bytes before = read("history.hamroh");
  EXPECT_EQ(code_of(publish(authority, admission(authority, 1), {2})), Code::threshold_not_met);
  EXPECT_EQ(read("history.hamroh"), before);
  EXPECT_EQ(authority.membership().version(), 1U);
}

TEST_F(AuthorityDirectory, OfTwoConflictingProposalsTheSecondIsRefused) {
  Authority authority = Authority::open(place_).value();
  const Proposal first = admission(authority, 1);
  const Proposal second = admission(authority, 2);
  ASSERT_TRUE(publish(authority, first, {1, 2}));
  const auto refused = publish(authority, second, {2, 3});
  EXPECT_EQ(code_of(refused), Code::conflict);
  EXPECT_NE(refused.error().remedy.find("split"), std::string::npos);
  EXPECT_EQ(authority.membership().directory()->value().members[0].name, "Member 1");
}

TEST_F(AuthorityDirectory, AKeySignsOneDirectoryOfAVersionOnly) {
  Authority authority = Authority::open(place_).value();
  const AdminKey signer = public_of<AdminKey>(1);
  const Digest first = crypto::sha256({view("first")});
  const Digest second = crypto::sha256({view("second")});
  EXPECT_TRUE(authority.check_unsigned(2, signer, first));
  ASSERT_TRUE(authority.note_signed(2, signer, first));
  EXPECT_TRUE(authority.check_unsigned(2, signer, first));
  EXPECT_EQ(code_of(authority.check_unsigned(2, signer, second)), Code::conflict);
  EXPECT_TRUE(authority.check_unsigned(3, signer, second));
  EXPECT_TRUE(authority.check_unsigned(2, public_of<AdminKey>(2), second));
}

TEST_F(AuthorityDirectory, ASuspensionThatWouldCountForNothingIsRefused) {
  Authority authority = Authority::open(place_).value();
  ASSERT_TRUE(publish(authority, admission(authority, 1), {1, 2}));
  ASSERT_TRUE(publish(authority, admission(authority, 2), {1, 2}));
  const auto suspension = [&](unsigned number, Timestamp now) {
    return drafting(authority, now)
        .suspension(member(number).id, SuspensionReason::misuse, hours(72))
        .value();
  };
  ASSERT_TRUE(publish(authority, suspension(1, today), {1}));
  EXPECT_EQ(code_of(publish(authority, suspension(2, today + hours(1)), {1})), Code::conflict);
  EXPECT_TRUE(publish(authority, suspension(2, today + hours(1)), {2}));
  EXPECT_EQ(code_of(publish(authority, suspension(1, today + days(10)), {1})), Code::conflict);
  EXPECT_TRUE(publish(authority, suspension(1, today + days(10)), {1, 2}));  // as many as admit
}

TEST_F(AuthorityDirectory, ARestoredMemberKeepsWhatItsLedgerWasBelievedBefore) {
  Authority authority = Authority::open(place_).value();
  ASSERT_TRUE(publish(authority, admission(authority, 1), {1, 2}));
  const NamedFile fresh = request(authority.membership().network(), member(1, 2));
  ASSERT_TRUE(
      publish(authority, drafting(authority).incarnation(member(1).id, fresh, 17).value(), {1, 2}));
  ASSERT_TRUE(publish(authority, drafting(authority).revocation(member(1).id, 40).value(), {1, 2}));
  EXPECT_EQ(authority.position_before_revocation(member(1).id), 17U);
  ASSERT_TRUE(
      publish(authority,
              drafting(authority)
                  .restoration(member(1).id, authority.position_before_revocation(member(1).id))
                  .value(),
              {2, 3}));
  EXPECT_EQ(authority.membership().directory()->value().members[0].position, 17U);
}

TEST_F(AuthorityDirectory, TheHistoryIsVerifiedWheneverItIsOpened) {
  {
    Authority authority = Authority::open(place_).value();
    ASSERT_TRUE(publish(authority, admission(authority, 1), {1, 2}));
  }
  std::vector<Bytes> history = parse_history(read("history.hamroh")).value();
  std::swap(history[1], history[2]);
  ASSERT_TRUE(write_output(place_ + "/history.hamroh", encode_history(history), 0644));
  const auto opened = Authority::open(place_);
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().where, "statement 2 of the history");
}

TEST_F(AuthorityDirectory, TenMebibytesOfJunkAreNoHistoryAndNoDirectory) {
  const Bytes network = read("network.hamroh");
  const Bytes junk(10U << 20U, 0x5A);
  ASSERT_TRUE(write_output(place_ + "/history.hamroh", junk, 0644));
  EXPECT_EQ(code_of(Authority::open(place_)), Code::malformed);
  EXPECT_EQ(code_of(check_directory(network, junk)), Code::too_large);
}

TEST_F(AuthorityDirectory, ANetworkIsNotBegunInAnothersPlace) {
  EXPECT_EQ(code_of(Authority::begin(place_, statements_of(founding("Other")))), Code::conflict);
  EXPECT_EQ(code_of(Authority::begin(root_ + "/x", {})), Code::malformed);
}

TEST_F(AuthorityDirectory, OneProgramAtATime) {
  const auto first = Authority::open(place_);
  ASSERT_TRUE(first);
  EXPECT_EQ(code_of(Authority::open(place_)), Code::busy);
}

TEST_F(AuthorityDirectory, TheTrialFormFoundsAndAdmits) {
  const std::string trial = root_ + "/trial";
  const Founding founding{trial, "Trial", {"admin-1", "admin-2", "admin-3"}, 2, days(90), today};
  const auto network = found_network(founding);
  ASSERT_TRUE(network) << network.error().error.text;
  EXPECT_EQ(code_of(found_network(founding)), Code::conflict);
  Authority authority = Authority::open(trial).value();
  Admission admission{{request(*network, member(1))}, {"admin-1", "admin-1"}, days(90), today};
  EXPECT_EQ(code_of(admit_members(authority, admission)), Code::duplicate_signer);
  admission.signers = {"admin-1"};
  EXPECT_EQ(code_of(admit_members(authority, admission)), Code::threshold_not_met);
  admission.signers = {"admin-1", "../admin-2"};
  EXPECT_EQ(code_of(admit_members(authority, admission)), Code::not_found);
  admission.signers = {"admin-1", "admin-3"};
  const auto admitted = admit_members(authority, admission);
  ASSERT_TRUE(admitted) << admitted.error().error.text;
  EXPECT_EQ(admitted->version, 2U);
  EXPECT_EQ(code_of(admit_members(authority, admission)), Code::conflict);
}

TEST_F(AuthorityDirectory, EveryStepOfTheHistoryIsToldWithItsSigners) {
  Authority authority = Authority::open(place_).value();
  ASSERT_TRUE(publish(authority, admission(authority, 1), {2, 3}));
  std::vector<std::string> told;
  ASSERT_TRUE(replay_history(authority.history(), [&](const HistoryStep& step) {
    told.push_back(std::to_string(step.number) + " " + std::to_string(step.taken.version) + " " +
                   std::to_string(step.signers.size()));
  }));
  EXPECT_EQ(told, (std::vector<std::string>{"1 1 3", "2 1 3", "3 2 2"}));
}

}  // namespace
}  // namespace hamroh
