#include "admin/proposal.h"

#include "tests/unit/authority_fixture.h"

namespace hamroh {
namespace {

using namespace authority_fixture;

Proposal signed_by(Proposal proposal, std::initializer_list<unsigned> signers) {
  for (const unsigned signer : signers) {
    EXPECT_TRUE(sign_proposal(proposal, key(signer), today));
  }
  return proposal;
}

TEST(Proposal, ReadsBackAsItWasWritten) {
  const Desk desk;
  Proposal proposal = signed_by(desk.admission({1, 2}), {3, 1});
  proposal.comment = "As agreed\nin March";
  const Bytes bytes = encode_proposal(proposal);
  const auto again = parse_proposal(bytes);
  ASSERT_TRUE(again) << again.error().text;
  EXPECT_EQ(encode_proposal(*again), bytes);
  EXPECT_EQ(again->records, proposal.records);
  EXPECT_EQ(again->comment, proposal.comment);
}

TEST(Proposal, EveryTruncatedOrBitFlippedFileIsRefused) {
  const Desk desk;
  const Bytes bytes = encode_proposal(signed_by(desk.admission({1}), {1}));
  for (std::size_t at = 0; at < bytes.size(); ++at) {
    EXPECT_FALSE(parse_proposal(ByteView(bytes).first(at)));
    Bytes flipped = bytes;
    flipped[at] ^= static_cast<std::uint8_t>(1U << (at % 8));
    EXPECT_FALSE(parse_proposal(flipped)) << at;
  }
  Bytes longer = bytes;
  longer.push_back(0);
  EXPECT_FALSE(parse_proposal(longer));
  EXPECT_EQ(code_of(parse_proposal(with_digest(longer))), Code::malformed);
}

TEST(Proposal, EveryBitFlippedUnderAMatchingDigestIsRefusedOrChangesWhatItIs) {
  const Desk desk;
  const Proposal proposal = signed_by(desk.admission({1}), {1});
  const Bytes bytes = encode_proposal(proposal);
  for (std::size_t at = 0; at + Digest::size < bytes.size(); ++at) {
    Bytes flipped = bytes;
    flipped[at] ^= static_cast<std::uint8_t>(1U << (at % 8));
    const auto parsed = parse_proposal(with_digest(flipped));
    if (!parsed) {
      continue;
    }
    // Nothing that an administrator signed can have changed …
    EXPECT_EQ(parsed->directory->payload, proposal.directory->payload);
    // … and it merges no more with what was reviewed.
    const std::array copies{proposal, *parsed};
    EXPECT_EQ(code_of(merge_proposals(copies)), Code::conflict) << at;
  }
}

TEST(Proposal, AnUnknownVersionIsNamed) {
  const Desk desk;
  Bytes bytes = encode_proposal(desk.admission({1}));
  bytes[labels::proposal.size() - 2] = '2';
  EXPECT_EQ(code_of(parse_proposal(with_digest(bytes))), Code::unsupported_version);
}

TEST(Proposal, TenMebibytesOfJunkAreRefused) {
  Bytes junk(10U << 20U, 0xA5);
  EXPECT_EQ(code_of(parse_proposal(junk)), Code::too_large);
  junk.resize(limits::proposal_bytes_max);
  EXPECT_EQ(code_of(parse_proposal(junk)), Code::malformed);
  std::ranges::copy(labels::proposal, junk.begin());
  EXPECT_EQ(code_of(parse_proposal(with_digest(junk))), Code::malformed);
  EXPECT_FALSE(parse_founding(junk));
  EXPECT_FALSE(parse_directory_file(Bytes(10U << 20U, 0xA5)));
}

TEST(Proposal, AlteredAfterReviewItIsNotSigned) {
  const Desk desk;
  const Proposal reviewed = desk.admission({1});
  Proposal altered = reviewed;
  altered.records[0].endpoint = "tcp://203.0.113.9:7001";
  const auto parsed = parse_proposal(encode_proposal(altered));
  ASSERT_TRUE(parsed);
  EXPECT_EQ(code_of(examine(*parsed, desk.membership())), Code::bad_proof);
  // With a payload that fits the altered record, the request does not.
  Directory next = desk.membership().directory()->successor(today, days(90));
  next.members = altered.records;
  altered.directory->payload = encode_directory_head(head_of(next));
  EXPECT_EQ(code_of(examine(altered, desk.membership())), Code::bad_proof);
  const std::array copies{reviewed, altered};
  EXPECT_EQ(code_of(merge_proposals(copies)), Code::conflict);
}

TEST(Proposal, AlteredAfterSigningItIsRefused) {
  const Desk desk;
  Proposal altered = signed_by(desk.admission({1}), {1});
  Directory next = desk.membership().directory()->successor(today, days(3000));
  next.members = altered.records;
  altered.directory->payload = encode_directory_head(head_of(next));
  EXPECT_EQ(code_of(parse_proposal(encode_proposal(altered))), Code::bad_signature);
}

TEST(Proposal, ARequestReplayedInAnotherNetworkIsRefused) {
  const Desk desk;
  const Desk other(founding("Other"));
  const NamedFile replayed = request(other.network(), member(1));
  EXPECT_EQ(code_of(desk.drafting().admission({&replayed, 1})), Code::wrong_network);
  Proposal forged = desk.admission({1});
  forged.grounds = {replayed.bytes};
  EXPECT_EQ(code_of(examine(forged, desk.membership())), Code::wrong_network);
  EXPECT_EQ(code_of(examine(other.admission({1}), desk.membership())), Code::wrong_network);
}

TEST(Proposal, MergingIsCommutativeAndAssociative) {
  const Desk desk;
  const Proposal bare = desk.admission({1, 2});
  const Proposal a = signed_by(bare, {1});
  const Proposal b = signed_by(bare, {2, 3});
  const Proposal c = signed_by(bare, {3});
  const auto merged = [](std::vector<Proposal> copies) {
    return encode_proposal(merge_proposals(copies).value());
  };
  const Bytes all = merged({a, b, c});
  EXPECT_EQ(all, merged({c, b, a}));
  EXPECT_EQ(all, merged({b, a}));
  EXPECT_EQ(all, merged({merge_proposals(std::array{c, a}).value(), b}));
  EXPECT_EQ(all, merged({a, merge_proposals(std::array{b, c}).value(), a}));
  EXPECT_TRUE(parse_proposal(all));
}

TEST(Proposal, AnotherProposalIsNotMerged) {
  const Desk desk;
  EXPECT_EQ(code_of(merge_proposals(std::array{desk.admission({1}), desk.admission({2})})),
            Code::conflict);
  EXPECT_EQ(code_of(merge_proposals({})), Code::invalid_argument);
}

TEST(Proposal, DuplicateSignersAreRefused) {
  const Desk desk;
  Proposal proposal = signed_by(desk.admission({1}), {1});
  const auto again = sign_proposal(proposal, key(1), today);
  ASSERT_TRUE(again);
  EXPECT_FALSE(*again);
  EXPECT_EQ(proposal.directory->signatures.size(), 1U);
  proposal.directory->signatures.push_back(proposal.directory->signatures[0]);
  EXPECT_EQ(code_of(parse_proposal(encode_proposal(proposal))), Code::duplicate_signer);
}

TEST(Proposal, AStrangersSignatureIsNeverKept) {
  const Desk desk;
  Proposal proposal = desk.admission({1});
  EXPECT_EQ(code_of(sign_proposal(proposal, key(9), today)), Code::bad_signature);
  EXPECT_TRUE(proposal.directory->signatures.empty());
  proposal.directory->signatures.push_back(
      sign_directory(proposal.directory->payload, proposal.network, key(9)));
  EXPECT_EQ(code_of(parse_proposal(encode_proposal(proposal))), Code::bad_signature);
  // A signature for another label or network is none.
  proposal.directory->signatures = {
      sign_constitution(proposal.directory->payload, proposal.network, key(1))};
  EXPECT_EQ(code_of(parse_proposal(encode_proposal(proposal))), Code::bad_signature);
}

TEST(Proposal, StatusNamesWhoHasSignedAndWhoIsMissing) {
  const Desk desk;
  const Proposal proposal = signed_by(desk.admission({1}), {3});
  auto requirements = requirements_of(proposal);
  ASSERT_EQ(requirements.size(), 1U);
  EXPECT_EQ(requirements[0].needed, 2U);
  EXPECT_EQ(requirements[0].have, std::vector<std::string>{"admin-3"});
  EXPECT_EQ(requirements[0].missing, (std::vector<std::string>{"admin-1", "admin-2"}));
  EXPECT_FALSE(is_complete(requirements));
  EXPECT_TRUE(is_complete(requirements_of(signed_by(proposal, {1}))));
}

TEST(Proposal, NothingIsSignedAfterItCloses) {
  const Desk desk;
  Proposal proposal = desk.admission({1});
  EXPECT_EQ(code_of(sign_proposal(proposal, key(1), today + days(14))), Code::expired);
  EXPECT_TRUE(sign_proposal(proposal, key(1), today + days(13)));
}

TEST(Proposal, OnAnotherBaseIsOutOfDate) {
  Desk desk;
  const Proposal first = desk.admission({1});
  const Proposal second = desk.admission({2});
  EXPECT_TRUE(examine(second, desk.membership()));
  desk.agree(first);
  EXPECT_EQ(code_of(examine(second, desk.membership())), Code::stale_version);
}

TEST(Proposal, ASuspensionOutlivesANewDirectory) {
  Desk desk;
  desk.agree(desk.admission({1}));
  const Proposal suspension =
      desk.drafting().suspension(member(1).id, SuspensionReason::misuse, hours(72)).value();
  desk.agree(desk.drafting().renewal().value());
  EXPECT_TRUE(examine(suspension, desk.membership()));
  EXPECT_EQ(requirements_of(suspension)[0].needed, 1U);
}

TEST(Proposal, ANewMemberRestsOnItsOwnRequest) {
  const Desk desk;
  Proposal proposal = desk.admission({1});
  Proposal without = proposal;
  without.grounds.clear();
  EXPECT_EQ(code_of(examine(without, desk.membership())), Code::bad_signature);
  Proposal burdened = proposal;
  burdened.grounds.push_back(request(desk.network(), member(2)).bytes);
  EXPECT_EQ(code_of(examine(burdened, desk.membership())), Code::malformed);
}

TEST(Proposal, KeysChangeByARequestForTheNextIncarnationOnly) {
  Desk desk;
  desk.agree(desk.admission({1}));
  const NamedFile same = request(desk.network(), member(1));
  const NamedFile next = request(desk.network(), member(1, 2));
  const NamedFile jump = request(desk.network(), member(1, 3));
  const NamedFile other = request(desk.network(), member(2));
  const auto keys = [&](const NamedFile& file) {
    return desk.drafting().incarnation(member(1).id, file, 17);
  };
  EXPECT_EQ(code_of(keys(same)), Code::broken_chain);
  EXPECT_EQ(code_of(keys(jump)), Code::broken_chain);
  EXPECT_EQ(code_of(keys(other)), Code::conflict);
  const auto proposal = keys(next);
  ASSERT_TRUE(proposal) << proposal.error().error.text;
  Proposal without = *proposal;
  without.grounds.clear();
  EXPECT_EQ(code_of(examine(without, desk.membership())), Code::bad_signature);
  desk.agree(*proposal);
  EXPECT_EQ(desk.directory().members[0].incarnation, 2U);
  EXPECT_EQ(desk.directory().members[0].position, 17U);
}

TEST(Proposal, KeysChangeByTheMembersOwnRotation) {
  Desk desk;
  desk.agree(desk.admission({1}));
  const Member present = member(1);
  Rotation rotation{desk.network(),
                    present.id,
                    1,
                    1,
                    today,
                    public_of<AuthorKey>(900),
                    present.receipt,
                    present.witness,
                    present.transport,
                    present.endpoint};
  const auto make = [&](unsigned signer) {
    return NamedFile{"rotation",
                     make_rotation(rotation, key(signer), {key(900), key(111), key(112)})};
  };
  const NamedFile good = make(110);
  const NamedFile stolen = make(901);
  EXPECT_EQ(code_of(desk.drafting().rotation(present.id, {&stolen, 1})), Code::bad_signature);
  desk.agree(desk.drafting().rotation(present.id, {&good, 1}).value());
  EXPECT_EQ(desk.directory().members[0].key_serial, 1U);
  EXPECT_EQ(desk.directory().members[0].author, public_of<AuthorKey>(900));
}

TEST(ProposedConstitution, NeedsTheOldAndTheNewRule) {
  Desk desk;
  const NamedFile fourth = card(desk.network(), "Test", "admin-4", 4);
  const std::vector<std::string> removed{"admin-1", "admin-2"};
  const NamedFile fifth = card(desk.network(), "Test", "admin-5", 5);
  const std::array cards{fourth, fifth};
  const Proposal proposal = desk.drafting().constitution(cards, removed, std::nullopt).value();
  const auto met = [&](std::initializer_list<unsigned> signers) {
    std::vector<bool> out;
    for (const Requirement& one : requirements_of(signed_by(proposal, signers))) {
      out.push_back(one.is_met());
    }
    return out;
  };
  EXPECT_EQ(met({1, 2}), (std::vector<bool>{true, false, false}));
  EXPECT_EQ(met({4, 5}), (std::vector<bool>{false, true, true}));
  EXPECT_EQ(met({1, 3}), (std::vector<bool>{true, false, false}));
  EXPECT_EQ(met({1, 3, 4}), (std::vector<bool>{true, true, true}));
  desk.publish(signed_by(proposal, {1, 3, 4}));
  EXPECT_EQ(desk.membership().constitution().value().version, 2U);
  EXPECT_EQ(desk.membership().version(), 2U);
  Proposal later = desk.admission({1});
  EXPECT_EQ(code_of(sign_proposal(later, key(1), today)), Code::bad_signature);
}

TEST(ProposedConstitution, OneKeyUnderTwoNamesIsRefused) {
  const Desk desk;
  const NamedFile again = card(desk.network(), "Test", "somebody else", 1);
  EXPECT_EQ(code_of(desk.drafting().constitution({&again, 1}, {}, 3)), Code::duplicate_signer);
  FoundingFile file = start_founding("Test", 3, 2, today, days(90)).value();
  EXPECT_TRUE(enter_founding(file, "one", key(1)));
  EXPECT_EQ(code_of(enter_founding(file, "two", key(1))), Code::duplicate_signer);
}

TEST(ProposedConstitution, AThresholdOfHalfIsRefused) {
  const Desk desk;
  EXPECT_EQ(code_of(desk.drafting().constitution({}, {}, 1)), Code::threshold_not_met);
  EXPECT_EQ(code_of(desk.drafting().constitution({}, {}, 4)), Code::threshold_not_met);
  EXPECT_EQ(code_of(start_founding("Test", 4, 2, today, days(90))), Code::threshold_not_met);
}

TEST(ProposedConstitution, ACardOfAnotherNetworkOrWithoutPossessionIsRefused) {
  const Desk desk;
  const NamedFile foreign = card(Desk(founding("Other")).network(), "Other", "admin-4", 4);
  EXPECT_EQ(code_of(desk.drafting().constitution({&foreign, 1}, {}, 3)), Code::wrong_network);
  const NamedFile unproven = card(desk.network(), "Other", "admin-4", 4);
  EXPECT_EQ(code_of(desk.drafting().constitution({&unproven, 1}, {}, 3)), Code::bad_signature);
}

// ---- the founding file

FoundingFile begun() {
  return start_founding("Test", 3, 2, today, days(90)).value();
}

TEST(FoundingFile, CopiesUniteEntriesAndSignaturesInAnyOrder) {
  FoundingFile a = begun();
  FoundingFile b = begun();
  EXPECT_TRUE(enter_founding(a, "admin-1", key(1)));
  EXPECT_TRUE(enter_founding(b, "admin-3", key(3)));
  EXPECT_TRUE(enter_founding(b, "admin-2", key(2)));
  EXPECT_EQ(code_of(sign_founding(a, key(1))), Code::not_ready);
  const FoundingFile full = merge_foundings(std::array{b, a}).value();
  EXPECT_EQ(encode_founding(full), encode_founding(merge_foundings(std::array{a, b}).value()));
  ASSERT_TRUE(full.laid);
  FoundingFile c = full;
  FoundingFile d = full;
  EXPECT_TRUE(sign_founding(c, key(2)));
  EXPECT_TRUE(sign_founding(d, key(1)));
  EXPECT_TRUE(sign_founding(d, key(3)));
  const FoundingFile all = merge_foundings(std::array{c, d, a}).value();
  EXPECT_EQ(encode_founding(all), encode_founding(merge_foundings(std::array{a, d, c}).value()));
  EXPECT_TRUE(is_complete(requirements_of(all)));
  EXPECT_FALSE(is_complete(requirements_of(d)));
  const auto again = parse_founding(encode_founding(all));
  ASSERT_TRUE(again) << again.error().text;
  EXPECT_EQ(encode_founding(*again), encode_founding(all));
  EXPECT_TRUE(replay_history(statements_of(all)));
}

TEST(FoundingFile, EveryTruncatedOrBitFlippedFileIsRefused) {
  const Bytes bytes = encode_founding(founding());
  for (std::size_t at = 0; at < bytes.size(); ++at) {
    EXPECT_FALSE(parse_founding(ByteView(bytes).first(at)));
    Bytes flipped = bytes;
    flipped[at] ^= static_cast<std::uint8_t>(1U << (at % 8));
    EXPECT_FALSE(parse_founding(flipped)) << at;
  }
}

TEST(FoundingFile, AFourthAdministratorOfThreeIsRefused) {
  FoundingFile full = founding();
  EXPECT_EQ(code_of(enter_founding(full, "admin-4", key(4))), Code::full);
  FoundingFile other = begun();
  EXPECT_TRUE(enter_founding(other, "admin-4", key(4)));
  EXPECT_EQ(code_of(merge_foundings(std::array{full, other})), Code::conflict);
  FoundingFile impostor = begun();
  EXPECT_TRUE(enter_founding(impostor, "ADMIN-1", key(4)));
  EXPECT_EQ(code_of(merge_foundings(std::array{full, impostor})), Code::conflict);
}

TEST(FoundingFile, EntriesThatProveNothingAreRefused) {
  FoundingFile file = begun();
  EXPECT_TRUE(enter_founding(file, "admin-1", key(1)));
  file.entries[0].key = public_of<AdminKey>(2);
  EXPECT_EQ(code_of(parse_founding(encode_founding(file))), Code::bad_signature);
}

TEST(FoundingFile, WhatIsSignedIsWhatWasEntered) {
  FoundingFile file = founding();
  Constitution other = parse_constitution(file.laid->constitution.payload).value();
  other.threshold = 3;
  file.laid->constitution.payload = encode_constitution(other);
  EXPECT_EQ(code_of(parse_founding(encode_founding(file))), Code::malformed);
}

}  // namespace
}  // namespace hamroh
