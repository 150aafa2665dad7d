#include "protocol/suspension.h"

#include "tests/unit/directory_fixture.h"

namespace hamroh {
namespace {

using namespace directory_fixture;

Result<VerifiedSuspension> stated(const Suspension& suspension, const std::vector<unsigned>& by,
                                  const VerifiedConstitution& constitution = founded()) {
  return verify_suspension(constitution, suspension_file(suspension, by));
}

std::vector<MemberId> suspended(const std::vector<Result<VerifiedSuspension>>& statements,
                                Timestamp now, std::uint32_t threshold = 2) {
  std::vector<VerifiedSuspension> list;
  for (const auto& statement : statements) {
    list.push_back(statement.value());
  }
  std::vector<MemberId> members;
  for (const ActiveSuspension& active : active_suspensions(list, threshold, now)) {
    members.push_back(active.member);
  }
  return members;
}

const std::vector<MemberId> first_only{member(1).id};

TEST(Suspension, IsTheStatementOfAnyOneAdministrator) {
  const auto one = stated(suspension(1), {3});
  ASSERT_TRUE(one);
  EXPECT_EQ(one->value, suspension(1));
  EXPECT_EQ(one->signers, std::set{public_of<AdminKey>(3)});
  EXPECT_EQ(code_of(stated(suspension(1), {})), Code::threshold_not_met);
  EXPECT_EQ(code_of(stated(suspension(1), {9})), Code::bad_signature);
  EXPECT_EQ(code_of(stated(suspension(1), {1, 1})), Code::duplicate_signer);
}

TEST(Suspension, LastsAtMostThreeDaysInThisNetwork) {
  Suspension longer = suspension(1);
  longer.until.ms += 1;
  EXPECT_EQ(code_of(stated(longer, {1})), Code::malformed);
  Suspension backward = suspension(1);
  backward.until = {backward.from.ms - 1};
  EXPECT_EQ(code_of(stated(backward, {1})), Code::malformed);
  Suspension nothing = suspension(1);
  nothing.until = nothing.from;
  EXPECT_EQ(code_of(stated(nothing, {1})), Code::malformed);
  Suspension elsewhere = suspension(1);
  elsewhere.network.bytes[0] ^= 1;
  EXPECT_EQ(code_of(stated(elsewhere, {1})), Code::bad_signature);
  SignedPayload signed_here{encode_suspension(elsewhere), {}};
  signed_here.signatures.push_back(
      sign_suspension(signed_here.payload, founded().network(), key(1)));
  EXPECT_EQ(code_of(verify_suspension(founded(), encode_signed_suspension(signed_here))),
            Code::wrong_network);
}

TEST(Suspension, HoldsFromItsBeginningToItsEnd) {
  const auto statement = stated(suspension(1), {1});
  EXPECT_TRUE(suspended({statement}, {today.ms - 1}).empty());
  EXPECT_EQ(suspended({statement}, today), first_only);
  EXPECT_EQ(suspended({statement}, {(today + hours(72)).ms - 1}), first_only);
  EXPECT_TRUE(suspended({statement}, today + hours(72)).empty());
}

TEST(Suspension, IsLiftedByAnyTwoAdministrators) {
  const Suspension lift = suspension(1, today + hours(1), true);
  EXPECT_EQ(code_of(stated(lift, {2})), Code::threshold_not_met);
  EXPECT_EQ(code_of(stated(lift, {2, 2})), Code::duplicate_signer);
  const auto lifted = stated(lift, {2, 3});
  ASSERT_TRUE(lifted);
  EXPECT_EQ(suspended({stated(suspension(1), {1}), lifted}, today), first_only);
  EXPECT_TRUE(suspended({stated(suspension(1), {1}), lifted}, today + hours(1)).empty());
  EXPECT_EQ(suspended({stated(suspension(1), {1}), stated(suspension(2, today, true), {2, 3})},
                      today + hours(1)),
            first_only);  // of another member
}

TEST(Suspension, LiftEndsWhatBeganBeforeItAndNothingLater) {
  const auto lifted = stated(suspension(1, today, true), {2, 3});
  const auto later = stated(suspension(1, today + hours(1)), {1, 2});
  EXPECT_EQ(suspended({lifted, later}, today + hours(2)), first_only);
}

TEST(Suspension, OneAdministratorHasOneAtATime) {
  const auto first = stated(suspension(1), {1});
  const auto second = stated(suspension(2, today + hours(1)), {1});
  const auto other = stated(suspension(2, today + hours(1)), {2});
  const auto after = stated(suspension(2, today + hours(72)), {1});
  EXPECT_EQ(suspended({first, second}, today + hours(2)), first_only);
  EXPECT_EQ(suspended({first, other}, today + hours(2)).size(), 2U);
  EXPECT_EQ(suspended({first, after}, today + hours(72)), std::vector{member(2).id});
}

TEST(Suspension, AgreedByAsManyAsMustNeedsNoPauseAndNoFreeHand) {
  const auto first = stated(suspension(1), {1});
  const auto elsewhere = stated(suspension(2, today + hours(1)), {1, 2});
  EXPECT_EQ(suspended({first, elsewhere}, today + hours(2)).size(), 2U);
  const auto again = stated(suspension(1, today + hours(80)), {2, 3});
  EXPECT_EQ(suspended({first, again}, today + hours(81)), first_only);
}

TEST(Suspension, DoesNotHitTheSameMemberAgainWithinThirtyDays) {
  const auto first = stated(suspension(1), {1});
  const Timestamp too_soon{(today + hours(72) + days(30)).ms - 1};
  EXPECT_TRUE(suspended({first, stated(suspension(1, too_soon), {2})}, too_soon).empty());
  const Timestamp later = today + hours(72) + days(30);
  EXPECT_EQ(suspended({first, stated(suspension(1, later), {2})}, later), first_only);
}

TEST(Suspension, LiftedEarlyMakesThePauseBeginEarly) {
  const auto first = stated(suspension(1), {1});
  const auto lifted = stated(suspension(1, today + hours(1), true), {2, 3});
  const Timestamp later = today + hours(1) + days(30);
  EXPECT_EQ(suspended({first, lifted, stated(suspension(1, later), {2})}, later), first_only);
}

TEST(Suspension, IsCountedTheSameInWhateverOrderItComes) {
  std::vector<Result<VerifiedSuspension>> statements{
      stated(suspension(1), {1}),
      stated(suspension(2, today + hours(1)), {1}),
      stated(suspension(1, today + hours(2), true), {2, 3}),
      stated(suspension(2, today + hours(3)), {2}),
  };
  std::vector<std::size_t> order{0, 1, 2, 3};
  const auto expected = suspended(statements, today + hours(4));
  EXPECT_EQ(expected, std::vector{member(2).id});
  do {
    std::vector<Result<VerifiedSuspension>> shuffled;
    for (const std::size_t which : order) {
      shuffled.push_back(statements[which]);
    }
    EXPECT_EQ(suspended(shuffled, today + hours(4)), expected);
  } while (std::ranges::next_permutation(order).found);
}

// A thief of one key adds it to what others state, so that its own busy hand would spoil theirs.
TEST(Suspension, BusyCosignerTakesNothingFromTheOthers) {
  const VerifiedConstitution five =
      verify_founding(founding_file(constitution(5, 3), {1, 2, 3, 4, 5})).value();
  const auto of_five = [&](const Suspension& from, const std::vector<unsigned>& by) {
    Suspension suspension = from;
    suspension.network = five.network();
    return stated(suspension, by, five);
  };
  const auto own = of_five(suspension(1), {1});
  const auto spoiled = of_five(suspension(2, today + hours(1)), {1, 2});
  EXPECT_EQ(suspended({own, spoiled}, today + hours(2), 3).size(), 2U);
  // Nor does the cosigned one free the hand that is busy for longer.
  const auto third = of_five(suspension(3, today + hours(2)), {1});
  EXPECT_EQ(suspended({own, spoiled, third}, today + hours(3), 3).size(), 2U);
}

// One stolen key can make a single suspension look too early by one that it dates back. Whatever it
// dates back, as many as must agree are not bound by it.
TEST(Suspension, AgreedOneHoldsWhateverOneStolenKeyDatesBack) {
  Suspension back = suspension(1, {today.ms - hours(2).ms});
  back.until = {today.ms - hours(1).ms};
  const auto stolen = stated(back, {3});
  EXPECT_EQ(suspended({stolen, stated(suspension(1), {1, 2})}, today + hours(1)), first_only);
}

TEST(Suspension, ReasonsHaveNamesAndUnknownOnesAreOther) {
  for (std::uint16_t value = 1; value <= 5; ++value) {
    const auto reason = static_cast<SuspensionReason>(value);
    EXPECT_EQ(parse_suspension_reason(suspension_reason_name(reason)), reason);
  }
  EXPECT_STREQ(suspension_reason_name(static_cast<SuspensionReason>(900)), "other");
  EXPECT_FALSE(parse_suspension_reason("unknown"));
  Suspension unlisted = suspension(1);
  unlisted.reason = static_cast<SuspensionReason>(900);
  EXPECT_EQ(stated(unlisted, {1})->value, unlisted);
}

TEST(Suspension, NoFlippedByteIsEverAnotherSuspension) {
  const Bytes file = suspension_file(suspension(1), {1});
  for (std::size_t at = 0; at < file.size(); ++at) {
    Bytes flipped = file;
    flipped[at] ^= 0x01;
    const auto parsed = verify_suspension(founded(), flipped);
    ASSERT_TRUE(!parsed || parsed->value == suspension(1)) << at;
  }
  EXPECT_EQ(code_of(verify_suspension(founded(), Bytes(limits::statement_bytes_max + 1))),
            Code::too_large);
  for (const std::size_t length : {0U, 1U, 8U, 64U, 4096U}) {
    EXPECT_FALSE(verify_suspension(founded(), Bytes(length, 0xff)));
  }
}

}  // namespace
}  // namespace hamroh
