#include "admin/review.h"

#include "admin/confusable.h"
#include "tests/unit/authority_fixture.h"

namespace hamroh {
namespace {

using namespace authority_fixture;
using testing::AssertionResult;

Review review_of(const Desk& desk, const Outcome<Proposal>& proposal) {
  EXPECT_TRUE(proposal) << proposal.error().error.text;
  return review_proposal(*proposal, examine(*proposal, desk.membership()).value());
}

AssertionResult says(const Review& review, const std::string& words) {
  const std::string text = review_as_text(review);
  return text.find(words) != std::string::npos ? testing::AssertionSuccess()
                                               : testing::AssertionFailure()
                                                     << "not \"" << words << "\" in:\n"
                                                     << text;
}

Review review_of_admission(const Desk& desk, const Member& asked) {
  const NamedFile file = request(desk.network(), asked);
  return review_of(desk, desk.drafting().admission({&file, 1}));
}

Desk desk_with_members() {
  Desk desk;
  desk.agree(desk.admission({1, 2}));
  return desk;
}

TEST(Review, AnAdmissionShowsEveryField) {
  const Desk desk;
  const Review review = review_of_admission(desk, member(1));
  EXPECT_TRUE(says(review, "Directory version 1 → 2"));
  EXPECT_TRUE(says(review, "Admits Member 1 (ngo)"));
  EXPECT_TRUE(says(review, "id 01000000-0000-0000-0000-000000000000"));
  EXPECT_TRUE(says(review, "address tcp://127.0.0.1:7001"));
  EXPECT_TRUE(says(review, "refer.send, consent.record"));
  EXPECT_TRUE(says(review, "author " + public_of<AuthorKey>(110).hex().substr(0, 16)));
  EXPECT_TRUE(says(review, "expires: 2027-04-15 08:00 UTC"));
  EXPECT_TRUE(says(review, "the fingerprint is asked of Member 1"));
  EXPECT_TRUE(says(review, "What is signed: directory version 2, hash "));
  EXPECT_TRUE(review.warnings.empty());
}

TEST(Review, CapabilitiesBeyondTheUsualAreWarnedOf) {
  const Desk desk;
  Member asked = member(1);
  asked.capabilities.give(Capability::status_confirm);
  EXPECT_TRUE(says(review_of_admission(desk, asked),
                   "WARNING: Member 1 asks for more than a member of kind ngo usually may: "
                   "status.confirm"));
}

TEST(Review, EachChangedFieldShowsBeforeAndAfter) {
  const Desk desk = desk_with_members();
  Capabilities give;
  give.give(Capability::status_decide);
  Capabilities take;
  take.give(Capability::fund_ask);
  const Review capabilities =
      review_of(desk, desk.drafting().capabilities(member(1).id, give, take));
  EXPECT_TRUE(says(capabilities, "gives: status.decide"));
  EXPECT_TRUE(says(capabilities, "takes: fund.ask"));
  const Review revoked = review_of(desk, desk.drafting().revocation(member(1).id, 1042));
  EXPECT_TRUE(says(revoked, "Revokes Member 1"));
  EXPECT_TRUE(says(revoked, "state: active → revoked"));
  EXPECT_TRUE(says(revoked, "only what stands before entry 1042"));
  const NamedFile fresh = request(desk.network(), member(2, 2));
  const Review keys =
      review_of(desk, desk.drafting().incarnation(member(2).id, fresh, std::nullopt));
  EXPECT_TRUE(says(keys, "incarnation: 1 → 2"));
  EXPECT_TRUE(says(keys, "author key: " + member(2).author.hex().substr(0, 16) + " → " +
                             member(2, 2).author.hex().substr(0, 16)));
  EXPECT_TRUE(says(keys, "WARNING: Everything in the ledger of before stays believed."));
}

TEST(Review, RulesAndAdministratorsShowBeforeAndAfter) {
  const Desk desk;
  const NamedFile fourth = card(desk.network(), "Test", "admin-4", 4);
  const std::vector<std::string> removed{"admin-1"};
  const Review review = review_of(desk, desk.drafting().constitution({&fourth, 1}, removed, 3));
  EXPECT_TRUE(says(review, "Constitution version 1 → 2, in force from directory version 2"));
  EXPECT_TRUE(says(review, "removes the administrator admin-1"));
  EXPECT_TRUE(says(
      review, "adds the administrator admin-4, key " + public_of<AdminKey>(4).hex().substr(0, 16)));
  EXPECT_TRUE(says(review, "must agree: 2 of 3 → 3 of 3"));
  EXPECT_TRUE(says(review, "the fingerprint is asked of admin-4"));
  EXPECT_EQ(review.to_be_signed.size(), 2U);
  const Review pack = review_of(desk, desk.drafting().pack(crypto::sha256({view("p")}), 0x12));
  EXPECT_TRUE(says(pack, "jurisdiction pack: none → "));
  EXPECT_TRUE(says(pack, "keys that members cannot change alone: none → author, transport"));
}

TEST(Review, SuspensionsSayWhatHappens) {
  const Desk desk = desk_with_members();
  const Review review = review_of(
      desk, desk.drafting().suspension(member(1).id, SuspensionReason::device_lost, hours(72)));
  EXPECT_TRUE(says(review, "Suspends Member 1"));
  EXPECT_TRUE(says(review, "reason device_lost"));
}

TEST(Review, WhatNobodySignsIsCalledSoAndCannotMoveTheCursor) {
  const Desk desk;
  Proposal proposal = desk.admission({1});
  proposal.proposer = "Saida\x1b[2J\xE2\x80\xAE";
  proposal.comment = "agreed\xE2\x80\x8B";
  const Review review = review_of(desk, proposal);
  EXPECT_TRUE(says(review, "Saida\\u{1b}[2J\\u{202e}"));
  EXPECT_TRUE(says(review, "Comment, which nobody signs: agreed\\u{200b}"));
  EXPECT_EQ(review_as_json(review).find('\x1b'), std::string::npos);
}

TEST(Review, ANameThatLooksLikeAMembersIsShownWithItsLettersEscaped) {
  Desk desk;
  Member first = member(1);
  first.name = "Umed Khujand";
  const NamedFile file = request(desk.network(), first);
  desk.agree(desk.drafting().admission({&file, 1}).value());
  const std::array<std::pair<const char*, const char*>, 4> alike{{
      {"Umеd Khujand", "Um\\u{435}d Khujand"},  // Cyrillic е: mixes scripts too
      {"Umed  Khujand", "Umed  Khujand"},       // another blank
      {"Umеd-Khuјаnd", "Um\\u{435}d-Khu\\u{458}\\u{430}nd"},
      {"Umed Khujаnd", "Umed Khuj\\u{430}nd"},
  }};
  for (const auto& [name, shown] : alike) {
    Member second = member(2);
    second.name = name;
    const Review review = review_of_admission(desk, second);
    EXPECT_TRUE(says(review, std::string("Admits ") + shown));
    EXPECT_TRUE(says(review, std::string("The name ") + shown +
                                 " looks like that of Umed Khujand, which is somebody else."));
    const std::string json = review_as_json(review);
    EXPECT_NE(json.find("looks like that of Umed Khujand"), std::string::npos) << json;
  }
}

TEST(Review, AnHonestNameIsShownAsItIs) {
  const Desk desk = desk_with_members();
  Member asked = member(3);
  asked.name = "Ҳомии Қурғонтеппа";
  const Review review = review_of_admission(desk, asked);
  EXPECT_TRUE(says(review, "Admits Ҳомии Қурғонтеппа (ngo)"));
  EXPECT_TRUE(review.warnings.empty());
}

TEST(Review, AFoundingShowsEachKeyAsWordsAndTheNetworkToCompare) {
  const FoundingFile file = founding();
  const Review review = review_founding(file);
  EXPECT_TRUE(says(review, "2 of 3 administrators must agree"));
  for (unsigned number = 1; number <= 3; ++number) {
    const Fingerprint fingerprint = fingerprint_of(public_of<AdminKey>(number).view());
    EXPECT_TRUE(says(review, fingerprint_words(fingerprint, WordLanguage::tajik)));
  }
  EXPECT_TRUE(says(review, fingerprint_words(fingerprint_of(network_of(*file.laid).view()),
                                             WordLanguage::russian)));
}

TEST(Skeleton, FoldsWhatLooksAlike) {
  EXPECT_EQ(skeleton("Cap"), skeleton("Сар"));  // Cyrillic
  EXPECT_EQ(skeleton("PAYPAL"), skeleton("РАУРАL"));
  EXPECT_EQ(skeleton("Ӯмед"), skeleton("Умед"));
  EXPECT_EQ(skeleton("Қ"), skeleton("K"));
  EXPECT_EQ(skeleton("Ғ"), skeleton("Г"));
  EXPECT_EQ(skeleton("l0l"), skeleton("IOI"));
  EXPECT_EQ(skeleton("Uｍed"), skeleton("umed"));
  EXPECT_EQ(skeleton("a b"), skeleton("A-B"));
  EXPECT_NE(skeleton("Umed"), skeleton("Omed"));
  EXPECT_NE(skeleton("Ҳамроҳ"), skeleton("Ҳамдам"));
}

TEST(Skeleton, MixedScriptsAreNoticed) {
  EXPECT_TRUE(mixes_scripts("Umеd"));
  EXPECT_FALSE(mixes_scripts("Umed 1"));
  EXPECT_FALSE(mixes_scripts("Умед 1"));
}

}  // namespace
}  // namespace hamroh
