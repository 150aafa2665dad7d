// Votes of commissioners: each counts once, for one decision, of one member, about one application.

#include "protocol/ballot.h"

#include <gtest/gtest.h>

#include "protocol/wire_form.h"

namespace hamroh {
namespace {

template <class Fixed>
Fixed filled(std::uint8_t byte) {
  Fixed value;
  value.bytes.fill(byte);
  return value;
}

Seed seed(std::uint8_t byte) {
  return Seed::make([&](auto raw) { std::ranges::fill(raw, byte); });
}

const UserHome home{filled<NetworkId>(1), filled<MemberId>(2)};
const Subject subject{home.network, filled<CaseId>(3), filled<Digest>(4)};

crypto::SigningKey author_key() {
  return crypto::SigningKey::from_seed(seed(9));
}
AuthorKey author() {
  return *AuthorKey::from(author_key().public_key().view());
}

Vote vote_of(std::uint8_t user, const Digest& decision, std::uint8_t key = 0,
             Role role = Role::commissioner, const UserHome& at = home) {
  const Seed secret = seed(key == 0 ? user : key);
  UserCertificate certificate;
  certificate.home = at;
  certificate.user = filled<UserId>(user);
  certificate.role = role;
  certificate.key = crypto::SigningKey::from_seed(secret).public_key();
  certificate.author = author();
  certificate.signature = author_key().sign(certificate.statement());
  return {certificate, sign_vote(secret, at, certificate.user, decision)};
}

Particulars refusal() {
  Particulars said;
  said.code = "evidence_incomplete";
  said.text = FreeText{"tg", "Ҳуҷҷат нест."};
  return said;
}
Digest decision(const Particulars& said = refusal(), EventKind kind = EventKind::status_refuse) {
  return decision_digest(subject, kind, said);
}
Code checked(const std::vector<Vote>& votes, const Digest& of = decision()) {
  const Status good = check_votes(home, author(), of, votes);
  return good ? Code::none : good.error().code;
}

TEST(Ballot, AVoteIsOverTheStatusFileAsWell) {
  Particulars with_file = refusal();
  with_file.file = filled<Digest>(5);
  EXPECT_NE(decision(with_file), decision());
  Particulars with_another = with_file;
  with_another.file = filled<Digest>(6);
  EXPECT_NE(decision(with_file), decision(with_another));
}

TEST(Ballot, DistinctCommissionersOfTheMemberCount) {
  EXPECT_EQ(checked({vote_of(11, decision()), vote_of(12, decision()), vote_of(13, decision())}),
            Code::none);
}

TEST(Ballot, NobodyIsCountedTwiceNeitherByNameNorByKey) {
  const Vote one = vote_of(11, decision());
  EXPECT_EQ(checked({one, one}), Code::duplicate_signer);
  EXPECT_EQ(checked({one, vote_of(12, decision(), 11)}), Code::duplicate_signer);
  EXPECT_EQ(checked({one, vote_of(11, decision(), 12)}), Code::duplicate_signer);
}

TEST(Ballot, AVoteIsForOneDecisionOnly) {
  const Vote one = vote_of(11, decision());
  Particulars other = refusal();
  other.code = "criteria_not_met";
  EXPECT_EQ(checked({one}, decision(other)), Code::bad_signature);
  other = refusal();
  other.text->text += "!";
  EXPECT_EQ(checked({one}, decision(other)), Code::bad_signature);
  other = refusal();
  other.member = filled<MemberId>(5);
  EXPECT_EQ(checked({one}, decision(other)), Code::bad_signature);
  EXPECT_EQ(checked({one}, decision(refusal(), EventKind::status_assign)), Code::bad_signature);
  for (const Subject& elsewhere : {Subject{filled<NetworkId>(7), subject.case_id, subject.event},
                                   Subject{home.network, filled<CaseId>(7), subject.event},
                                   Subject{home.network, subject.case_id, filled<Digest>(7)}}) {
    EXPECT_EQ(checked({one}, decision_digest(elsewhere, EventKind::status_refuse, refusal())),
              Code::bad_signature);
  }
}

TEST(Ballot, OnlyCommissionersThatTheMemberCertifiesVote) {
  const Digest of = decision();
  EXPECT_EQ(checked({vote_of(11, of, 0, Role::supervisor)}), Code::no_standing);
  EXPECT_EQ(checked({vote_of(11, of, 0, Role::commissioner, {home.network, filled<MemberId>(7)})}),
            Code::no_standing);
  Vote forged = vote_of(11, of);
  forged.certificate.serial = 2;
  EXPECT_EQ(checked({forged}), Code::bad_signature);
  Vote other_author = vote_of(11, of);
  const crypto::SigningKey thief = crypto::SigningKey::from_seed(seed(66));
  other_author.certificate.author = *AuthorKey::from(thief.public_key().view());
  other_author.certificate.signature = thief.sign(other_author.certificate.statement());
  EXPECT_EQ(checked({other_author}), Code::bad_signature);
}

TEST(Ballot, VotesTravelInTheBodyOfADecisionAndOfNothingElse) {
  Particulars said = refusal();
  said.ballot = Ballot{subject.event, {vote_of(11, decision()), vote_of(12, decision())}};
  const auto parsed = parse_particulars(encode(said), EventKind::status_refuse);
  ASSERT_TRUE(parsed);
  EXPECT_EQ(*parsed, said);
  said.code.clear();
  said.text.reset();
  EXPECT_TRUE(parse_particulars(encode(said), EventKind::status_assign));
  EXPECT_FALSE(parse_particulars(encode(said), EventKind::ministry_confirm));
  said.ballot->votes.clear();
  EXPECT_FALSE(parse_particulars(encode(said), EventKind::status_assign));
  said.ballot->votes.assign(33, vote_of(11, decision()));
  EXPECT_FALSE(parse_particulars(encode(said), EventKind::status_assign));
  said.ballot->votes.resize(1);
  said.ballot->subject = {};
  EXPECT_FALSE(parse_particulars(encode(said), EventKind::status_assign));
}

TEST(Ballot, AProposalIsKeptAsItIs) {
  const Proposal proposal{
      EventKind::status_refuse, subject.event, refusal(), {vote_of(11, decision())}};
  const auto again = Proposal::parse(proposal.encode());
  ASSERT_TRUE(again);
  EXPECT_EQ(*again, proposal);
  EXPECT_TRUE(again->has_voted(filled<UserId>(11)));
  Bytes cut = proposal.encode();
  cut.pop_back();
  EXPECT_FALSE(Proposal::parse(cut));
}

}  // namespace
}  // namespace hamroh
