// What a consent allows.

#include "protocol/consent.h"

#include <gtest/gtest.h>

namespace hamroh {
namespace {

using enum DisclosureTier;

constexpr Timestamp noon_of_20_november{1'795'176'000'000};  // 2026-11-20T12:00Z

MemberId member(std::uint8_t number) {
  MemberId id;
  id.bytes.fill(number);
  return id;
}

const ConsentRecipient commission{member(1), MemberKind::commission};
const ConsentRecipient shelter{member(2), MemberKind::provider};
const ConsentRecipient ministry{member(3), MemberKind::ministry};

Consent given(std::vector<ConsentScope> scope) {
  Consent consent;
  consent.given_by = ConsentGiver::self;
  consent.mode = ConsentMode::signed_paper;
  consent.text_version = "consent/2026-1";
  consent.language = "tg";
  consent.date = "2026-11-20";
  consent.expires = "2026-11-25";
  consent.scope = std::move(scope);
  return consent;
}

Consent excepted() {
  Consent consent;
  consent.exception = ConsentException::imminent_danger;
  consent.second_approver = "coordinator";
  consent.date = "2026-11-20";
  return consent;
}

TEST(Consent, TheHourOfTheTestsIsThatOfTheComment) {
  EXPECT_EQ(to_iso8601(noon_of_20_november), "2026-11-20T12:00:00.000Z");
}

TEST(Consent, IsInForceFromItsDateToTheEndOfItsLastDay) {
  const Consent consent = given({});
  EXPECT_TRUE(is_in_force(consent, noon_of_20_november));
  EXPECT_TRUE(is_in_force(consent, noon_of_20_november + days(5) + hours(11)));
  EXPECT_FALSE(is_in_force(consent, noon_of_20_november + days(5) + hours(12)));
  EXPECT_FALSE(is_in_force(consent, {noon_of_20_november.ms - days(2).ms}));
}

TEST(Consent, BeginsWithItsDayWhereverThatBeginsFirst) {
  // The 20th begins in UTC+14 at 10:00 UTC of the 19th.
  const Timestamp ten_of_the_19th{noon_of_20_november.ms - hours(26).ms};
  EXPECT_TRUE(is_in_force(given({}), ten_of_the_19th));
  EXPECT_FALSE(is_in_force(given({}), {ten_of_the_19th.ms - 1}));
}

TEST(Consent, WithoutExpiryStaysInForce) {
  Consent consent = given({});
  consent.expires.clear();
  EXPECT_TRUE(is_in_force(consent, noon_of_20_november + days(10'000)));
  EXPECT_FALSE(is_in_force(consent, {}));
}

TEST(Consent, AnExceptionIsInForceLikeAConsent) {
  Consent exception = excepted();
  EXPECT_TRUE(is_in_force(exception, noon_of_20_november));
  exception.expires = "2026-11-21";
  EXPECT_FALSE(is_in_force(exception, noon_of_20_november + days(2)));
}

TEST(Consent, NeitherGivenNorExceptedIsNeverInForce) {
  Consent nothing;
  nothing.date = "2026-11-20";
  EXPECT_FALSE(is_in_force(nothing, noon_of_20_november));
}

TEST(Consent, OpensItsTiersToTheKindsAndMembersItNamesAndToNobodyElse) {
  const Consent consent = given({{{"kind:commission"}, {t1, t3}, {"protection"}},
                                 {{"member:" + to_uuid(member(2))}, {t1, t2}, {"protection"}}});
  EXPECT_EQ(tiers_opened(consent, commission), (Tiers{t1, t3}));
  EXPECT_EQ(tiers_opened(consent, shelter), (Tiers{t1, t2}));
  EXPECT_EQ(tiers_opened(consent, ministry), Tiers{});
  const ConsentRecipient other_shelter{member(4), MemberKind::provider};
  EXPECT_EQ(tiers_opened(consent, other_shelter), Tiers{});
}

TEST(Consent, AMemberIsNamedWithOrWithoutHyphens) {
  const Consent consent = given({{{"member:" + member(2).hex()}, {t1}, {"protection"}}});
  EXPECT_TRUE(tiers_opened(consent, shelter).has(t1));
}

TEST(Consent, ScopesThatCoverOneRecipientAddUp) {
  const Consent consent = given({{{"kind:provider"}, {t1}, {"protection"}},
                                 {{"member:" + member(2).hex()}, {t2, t4}, {"medical_care"}}});
  EXPECT_EQ(tiers_opened(consent, shelter), (Tiers{t1, t2, t4}));
}

TEST(Consent, WordsThatNameNoMemberAndNoKindCoverNobody) {
  const Consent consent = given(
      {{{"kind:clinic", "commission", "member:0", "kind:", "member:", "all"}, {t1}, {"help"}}});
  for (const ConsentRecipient& recipient : {commission, shelter, ministry}) {
    EXPECT_TRUE(tiers_opened(consent, recipient).empty());
  }
}

TEST(Consent, AnExceptionWithoutScopeOpensAllButTheSealedTierAndTheStatusFile) {
  EXPECT_EQ(tiers_opened(excepted(), shelter), (Tiers{t1, t2, t3}));
}

TEST(Consent, AnExceptionWithAScopeIsHeldToIt) {
  Consent exception = excepted();
  exception.scope = {{{"kind:provider"}, {t1}, {"protection"}}};
  EXPECT_EQ(tiers_opened(exception, shelter), Tiers{t1});
  EXPECT_EQ(tiers_opened(exception, commission), Tiers{});
}

TEST(Consent, AllowsSendingOnlyWhereT1IsOpenAndWhileItIsInForce) {
  const Consent consent = given(
      {{{"kind:commission"}, {t1}, {"protection"}}, {{"kind:ministry"}, {t2}, {"protection"}}});
  EXPECT_TRUE(allows_sending(consent, commission, noon_of_20_november));
  EXPECT_FALSE(allows_sending(consent, commission, noon_of_20_november + days(6)));
  EXPECT_FALSE(allows_sending(consent, ministry, noon_of_20_november));
  EXPECT_FALSE(allows_sending(consent, shelter, noon_of_20_november));
}

TEST(Consent, WhomItBarsGetsNothingWhateverTheScopesOpen) {
  Consent consent = given({{{"kind:commission", "kind:provider"}, {t1, t2}, {"protection"}}});
  consent.never = {"kind:commission"};
  EXPECT_TRUE(bars(consent, commission));
  EXPECT_FALSE(bars(consent, shelter));
  EXPECT_EQ(tiers_opened(consent, commission), Tiers{});
  EXPECT_EQ(tiers_opened(consent, shelter), (Tiers{t1, t2}));
  EXPECT_FALSE(allows_sending(consent, commission, noon_of_20_november));
  Consent exception = excepted();
  exception.never = {"member:" + to_uuid(shelter.member)};
  EXPECT_EQ(tiers_opened(exception, shelter), Tiers{});
}

TEST(Consent, AnApplicationForTheStatusNeedsItsPurpose) {
  Consent consent = given({{{"kind:commission"}, {t1}, {"protection"}}});
  EXPECT_TRUE(allows_purpose(consent, commission, {Service::shelter}));
  EXPECT_FALSE(allows_purpose(consent, commission, {Service::status_application}));
  consent.scope.push_back({{"kind:commission"}, {t1}, {"status_application"}});
  EXPECT_TRUE(allows_purpose(consent, commission, {Service::status_application}));
  EXPECT_TRUE(allows_purpose(excepted(), commission, {Service::status_application}));
}

TEST(Tiers, AreASet) {
  const Tiers some{t1, t4};
  EXPECT_TRUE(some.has(t4));
  EXPECT_FALSE(some.has(t2));
  EXPECT_EQ((some & Tiers{t4, s}), Tiers{t4});
  EXPECT_EQ((some | Tiers{s}), (Tiers{t1, t4, s}));
}

}  // namespace
}  // namespace hamroh
