// Membership as a fold, and the attacks on it that the specification of TUF names.

#include "protocol/membership.h"

#include <algorithm>
#include <chrono>

#include "tests/unit/directory_fixture.h"

namespace hamroh {
namespace {

using namespace directory_fixture;

Membership begun() {
  return Membership::begin(std::vector{founding_file(constitution(3, 2), {1, 2, 3})}).value();
}

Membership joined() {
  Membership membership = begun();
  EXPECT_TRUE(membership.take(encode_directory_file(first_file())));
  return membership;
}

Bytes step(const Membership& membership, const std::function<void(Directory&)>& change = {},
           const std::vector<unsigned>& signers = {1, 2}) {
  return encode_directory_file(next_file(
      *membership.directory(),
      [&](Directory& d) {
        if (change) {
          change(d);
        }
      },
      signers));
}

Bytes replacing(std::uint64_t directory_from, const std::vector<unsigned>& signers = {1, 2, 4, 5}) {
  return encode_signed_constitution(
      successor_file(replaced(founded(), directory_from), founded().network(), signers));
}

// A refusal changes nothing: versions, members, and what others are told of.
Code refusal(Membership& membership, ByteView file) {
  const std::uint64_t version = membership.version();
  const std::uint64_t constitution = membership.constitution().value().version;
  const Digest standing = membership.standing();
  const Code code = code_of(membership.take(file));
  EXPECT_NE(code, Code::none);
  EXPECT_EQ(membership.version(), version);
  EXPECT_EQ(membership.constitution().value().version, constitution);
  EXPECT_EQ(membership.standing(), standing);
  return code;
}

std::vector<MemberId> suspended(const Membership& membership, Timestamp now) {
  std::vector<MemberId> members;
  for (const ActiveSuspension& one : membership.suspensions(now)) {
    members.push_back(one.member);
  }
  return members;
}

// ---- the attacks of the specification of TUF, by name
//
// ExtraneousDependencies does not apply: a directory names no other file that a node would fetch.

TEST(Attack, ArbitraryInstallation) {
  Membership membership = joined();
  EXPECT_EQ(refusal(membership, step(membership, {}, {})), Code::threshold_not_met);
  EXPECT_EQ(refusal(membership, step(membership, {}, {7, 8})), Code::bad_signature);
  EXPECT_EQ(refusal(membership, suspension_file(suspension(1), {8})), Code::bad_signature);
  EXPECT_EQ(refusal(membership, rotation_file(rotation(1), 1, 8)), Code::bad_signature);
  EXPECT_EQ(refusal(membership, replacing(2, {4, 5, 6})), Code::threshold_not_met);
}

TEST(Attack, EndlessData) {
  Membership membership = joined();
  const auto from = std::chrono::steady_clock::now();
  EXPECT_EQ(refusal(membership, Bytes(10 * 1024 * 1024, 0x5A)), Code::malformed);
  Bytes junk = encode_directory_file(first_file());
  junk.resize(10 * 1024 * 1024);
  EXPECT_EQ(refusal(membership, junk), Code::too_large);
  // As many records that look good as fit, under a signature that is worth nothing.
  DirectoryFile many = first_file();
  many.head = next_file(*membership.directory(), [](Directory&) {}).head;
  many.records.clear();
  Member one = member(1);
  one.name = std::string(256, 'x');
  for (unsigned number = 0; number < 12'000; ++number) {
    one.id.bytes[14] = static_cast<std::uint8_t>(number >> 8);
    one.id.bytes[15] = static_cast<std::uint8_t>(number);
    many.records.push_back(one);
  }
  many.head.signatures[0].signature.bytes[0] ^= 1;
  const Bytes bytes = encode_directory_file(many);
  EXPECT_LT(bytes.size(), limits::directory_bytes_max);
  EXPECT_EQ(refusal(membership, bytes), Code::bad_signature);
  // Generous, because sanitizers run it too; each of them takes milliseconds.
  EXPECT_LT(std::chrono::steady_clock::now() - from, std::chrono::seconds(5));
}

TEST(Attack, FastForward) {
  Membership membership = joined();
  EXPECT_EQ(refusal(membership, step(membership, [](Directory& d) { d.version = UINT64_MAX; })),
            Code::broken_chain);
  EXPECT_EQ(refusal(membership, step(membership, [](Directory& d) { d.version = 3; })),
            Code::broken_chain);
  EXPECT_TRUE(membership.take(step(membership)));  // and it still goes on
}

TEST(Attack, IndefiniteFreeze) {
  const Membership membership = joined();
  const Directory& held = membership.directory()->value();
  EXPECT_EQ(membership.staleness({held.warns.ms - 1}), Staleness::fresh);
  EXPECT_EQ(membership.staleness(held.warns), Staleness::warn);
  EXPECT_EQ(membership.staleness({held.expires.ms - 1}), Staleness::warn);
  EXPECT_EQ(membership.staleness(held.expires), Staleness::expired);
  EXPECT_EQ(membership.staleness({UINT64_MAX}), Staleness::expired);
  EXPECT_EQ(membership.staleness({0}), Staleness::fresh);  // a clock of 1970 says what it can
  EXPECT_EQ(begun().staleness(today), Staleness::expired);
}

TEST(Attack, MaliciousMirrors) {
  // Whoever passes statements on can garble or withhold them, and nothing else.
  Membership membership = joined();
  const Bytes good = step(membership);
  for (std::size_t at = 0; at < good.size(); ++at) {
    Bytes garbled = good;
    garbled[at] ^= 0x40;
    Membership another = joined();
    if (another.take(garbled)) {
      ASSERT_TRUE(membership.version() == 2 || membership.take(good));
      ASSERT_EQ(another.directory()->hash(), membership.directory()->hash()) << at;
    }
  }
}

TEST(Attack, MixAndMatch) {
  Membership membership = joined();
  const DirectoryFile second =
      next_file(*membership.directory(), [](Directory& d) { d.members.push_back(member(3)); });
  DirectoryFile other_records = second;
  other_records.records = {member(4)};
  EXPECT_EQ(refusal(membership, encode_directory_file(other_records)), Code::bad_proof);
  DirectoryFile no_records = second;
  no_records.records.clear();
  EXPECT_EQ(refusal(membership, encode_directory_file(no_records)), Code::bad_proof);
  // Its head over the records of the version before, whole, and the other way round.
  DirectoryFile old_records = first_file();
  old_records.head = second.head;
  EXPECT_EQ(refusal(membership, encode_directory_file(old_records)), Code::bad_proof);
  // For one who joins: the log of another version.
  ASSERT_TRUE(membership.take(encode_directory_file(second)));
  DirectoryFile whole = complete_file(membership.directory()->value());
  whole.head = membership.directory()->signed_head();
  whole.log = {};
  Membership late = begun();
  EXPECT_EQ(refusal(late, encode_directory_file(whole)), Code::broken_chain);
}

TEST(Attack, Rollback) {
  Membership membership = joined();
  const Bytes second = step(membership);
  ASSERT_TRUE(membership.take(second));
  ASSERT_TRUE(membership.take(step(membership)));
  EXPECT_EQ(refusal(membership, second), Code::stale_version);
  EXPECT_EQ(refusal(membership, encode_directory_file(first_file())), Code::stale_version);
  EXPECT_FALSE(membership.split_view());
}

TEST(Attack, VulnerabilityToKeyCompromise) {
  // One stolen administrator's key can suspend for a while, and nothing else.
  Membership membership = joined();
  EXPECT_EQ(refusal(membership, step(membership, {}, {3})), Code::threshold_not_met);
  EXPECT_EQ(refusal(membership, step(membership, {}, {3, 3})), Code::duplicate_signer);
  EXPECT_EQ(refusal(membership, suspension_file(suspension(1, today, true), {3})),
            Code::threshold_not_met);
  EXPECT_EQ(refusal(membership, replacing(2, {3, 4, 5, 6})), Code::threshold_not_met);
  ASSERT_TRUE(membership.take(suspension_file(suspension(1), {3})));
  for (unsigned number = 2; number < 20; ++number) {
    (void)membership.take(suspension_file(suspension(number), {3}));
  }
  EXPECT_EQ(membership.suspension_files().size(), limits::suspensions_per_administrator_max);
  EXPECT_EQ(suspended(membership, today + hours(1)).size(), 1U);
  ASSERT_TRUE(membership.take(suspension_file(suspension(1, today + hours(2), true), {1, 2})));
  EXPECT_TRUE(suspended(membership, today + hours(2)).empty());
}

TEST(Attack, WrongSoftwareInstallationIsAWrongSigner) {
  // Members' keys sign for members, administrators' for administrators, and each for one purpose.
  Membership membership = joined();
  EXPECT_EQ(refusal(membership, step(membership, {}, {1, 100})), Code::bad_signature);
  EXPECT_EQ(refusal(membership, rotation_file(rotation(1), 1, 1)), Code::bad_signature);
  EXPECT_EQ(refusal(membership, rotation_file(rotation(1), 1, 200)), Code::bad_signature);
  const Suspension one = suspension(1);
  SignedPayload as_directory{encode_suspension(one), {}};
  as_directory.signatures.push_back(sign_directory(as_directory.payload, one.network, key(1)));
  EXPECT_EQ(refusal(membership, encode_signed_suspension(as_directory)), Code::bad_signature);
}

// ---- other networks and other forms

TEST(Membership, TakesNothingOfAnotherNetwork) {
  Constitution theirs = constitution(3, 2);
  theirs.created.ms += 1;  // the same people under the same name, another founding
  const SignedPayload founding = founding_file(theirs, {1, 2, 3});
  Membership other = Membership::begin(std::vector{founding}).value();
  EXPECT_EQ(refusal(other, encode_directory_file(first_file())), Code::bad_signature);
  EXPECT_EQ(refusal(other, suspension_file(suspension(1), {1})), Code::bad_signature);
  EXPECT_EQ(refusal(other, rotation_file(1)), Code::wrong_network);
  EXPECT_EQ(refusal(other, replacing(2)), Code::broken_chain);
}

TEST(Membership, RequestReplayedInAnotherNetworkAdmitsNobodyByItself) {
  Membership membership = joined();
  EXPECT_EQ(refusal(membership, make_rotation(rotation(1), key(100), {key(9), key(8), key(7)})),
            Code::bad_signature);
  EXPECT_FALSE(statement_kind(Bytes{0, 0, 0, 0, 'H', 'R', 'E', 'Q'}));
}

TEST(Membership, WhatItHasTakenIsKnown) {
  Membership membership = joined();
  const Bytes second = step(membership);
  const std::vector<Bytes> files{second, replacing(5), suspension_file(suspension(1), {1}),
                                 rotation_file(2)};
  for (const Bytes& file : files) {
    const auto taken = membership.take(file);
    ASSERT_TRUE(taken);
    EXPECT_FALSE(taken->known);
    EXPECT_EQ(taken->kind, statement_kind(file));
  }
  const Digest standing = membership.standing();
  for (const Bytes& file : files) {
    const auto again = membership.take(file);
    ASSERT_TRUE(again);
    EXPECT_TRUE(again->known);
  }
  EXPECT_EQ(membership.standing(), standing);
}

// ---- constitutions

TEST(Membership, RemovedSignersSignNothingFromTheSameVersionOn) {
  Membership membership = joined();
  ASSERT_TRUE(membership.take(replacing(2)));
  const auto under = [](Directory& d) {
    d.constitution =
        verify_successor(founded(), successor_file(replaced(), founded().network())).value().hash();
  };
  EXPECT_EQ(refusal(membership, step(membership, under, {2, 3})), Code::bad_signature);
  EXPECT_EQ(refusal(membership, step(membership, {}, {1, 2})), Code::bad_signature);
  EXPECT_EQ(refusal(membership, step(membership, under, {1, 4})), Code::threshold_not_met);
  EXPECT_EQ(refusal(membership, step(membership, {}, {1, 4, 5})), Code::broken_chain);
  EXPECT_TRUE(membership.take(step(membership, under, {1, 4, 5})));
}

TEST(Membership, ConstitutionGovernsFromItsVersionAndNotBefore) {
  Membership membership = joined();
  ASSERT_TRUE(membership.take(replacing(3)));
  EXPECT_EQ(membership.constitution_at(2).value().version, 1U);
  EXPECT_EQ(membership.constitution_at(3).value().version, 2U);
  ASSERT_TRUE(membership.take(step(membership)));  // version 2 under the old one
  EXPECT_EQ(refusal(membership, step(membership)), Code::bad_signature);
}

TEST(Membership, ConstitutionThatComesTooLateIsRefused) {
  Membership membership = joined();
  ASSERT_TRUE(membership.take(step(membership)));
  EXPECT_EQ(refusal(membership, replacing(2)), Code::broken_chain);
  EXPECT_TRUE(membership.take(replacing(3)));
}

TEST(Membership, ConstitutionThatNeverComesIntoForceChangesNoDirectory) {
  Membership membership = joined();
  ASSERT_TRUE(membership.take(replacing(UINT64_MAX)));
  EXPECT_TRUE(membership.take(step(membership)));
  EXPECT_EQ(membership.constitution_at(membership.version()).value().version, 1U);
}

TEST(Membership, TwoConstitutionsOfOneVersionAreASplitView) {
  Membership membership = joined();
  ASSERT_TRUE(membership.take(replacing(2)));
  EXPECT_EQ(refusal(membership, replacing(3)), Code::fork);
  ASSERT_TRUE(membership.split_view());
  EXPECT_EQ(membership.split_view()->kind, StatementKind::constitution);
  EXPECT_EQ(membership.split_view()->here, replacing(2));
  EXPECT_EQ(membership.split_view()->there, replacing(3));
  EXPECT_EQ(refusal(membership, replacing(4, {1, 4, 5})),
            Code::stale_version);  // signed by too few
  EXPECT_FALSE(membership.split_view());
}

// ---- directories

TEST(Membership, TwoDirectoriesOfOneVersionAreASplitView) {
  Membership membership = joined();
  const Bytes one = step(membership);
  const Bytes other = step(membership, [](Directory& d) { d.members[0].name = "Other"; }, {2, 3});
  const Bytes forged = step(membership, [](Directory& d) { d.members[0].name = "Third"; }, {3});
  ASSERT_TRUE(membership.take(one));
  EXPECT_EQ(refusal(membership, other), Code::fork);
  ASSERT_TRUE(membership.split_view());
  EXPECT_EQ(membership.split_view()->version, 2U);
  // Whoever knows the constitutions can judge the evidence.
  for (const Bytes& side : {membership.split_view()->here, membership.split_view()->there}) {
    EXPECT_TRUE(verify_directory_head(founded(), parse_directory_file(side)->head));
  }
  EXPECT_EQ(refusal(membership, forged), Code::threshold_not_met);
  EXPECT_FALSE(membership.split_view());
}

TEST(Membership, HeadsAreComparedOnlyIfBothAreSigned) {
  Membership membership = joined();
  const auto head = [&](const Bytes& file) {
    return encode_directory_file(head_file(parse_directory_file(file)->head));
  };
  const Bytes ours = head(step(membership));
  const auto change = [](Directory& d) { d.pack.bytes[0] = 1; };
  EXPECT_TRUE(membership.compare(ours, ours));
  EXPECT_EQ(code_of(membership.compare(ours, head(step(membership, change)))), Code::fork);
  EXPECT_TRUE(membership.split_view());
  EXPECT_EQ(code_of(membership.compare(ours, head(step(membership, change, {1})))),
            Code::threshold_not_met);
  EXPECT_EQ(code_of(membership.compare(ours, head(encode_directory_file(first_file())))),
            Code::malformed);
  EXPECT_FALSE(membership.split_view());
}

TEST(Membership, OneKeyNeverStandsUnderTwoNames) {
  Membership membership = joined();
  const auto admitting = [&](const std::function<void(Member&)>& change) {
    return step(membership, [&](Directory& d) {
      d.members.push_back(member(3));
      change(d.members.back());
    });
  };
  EXPECT_EQ(refusal(membership, admitting([](Member& m) { m.author = member(1).author; })),
            Code::conflict);
  EXPECT_EQ(
      refusal(membership, admitting([](Member& m) { m.witness.bytes = member(1).receipt.bytes; })),
      Code::conflict);
  EXPECT_EQ(refusal(membership, admitting([](Member& m) { m.name = "member 2"; })), Code::conflict);
}

// ---- rotations

TEST(Membership, RotationCountsFromTheDirectoryOnSerialBySerial) {
  Membership membership = joined();
  EXPECT_EQ(refusal(membership, rotation_file(1, 2)), Code::broken_chain);
  ASSERT_TRUE(membership.take(rotation_file(1, 1)));
  EXPECT_EQ(membership.find(member(1).id)->author, rotation(1, 1).author);
  ASSERT_TRUE(membership.take(rotation_file(1, 2)));
  EXPECT_EQ(membership.find(member(1).id)->key_serial, 2U);
  EXPECT_EQ(membership.rotation_files(), (std::vector{rotation_file(1, 1), rotation_file(1, 2)}));
}

TEST(Membership, DirectoryTakesRotationsOverOrEndsThem) {
  Membership membership = joined();
  ASSERT_TRUE(membership.take(rotation_file(1, 1)));
  ASSERT_TRUE(membership.take(rotation_file(1, 2)));
  const Member once =
      verify_rotation(founded().network(), rotation_file(1, 1))->applied_to(member(1));
  ASSERT_TRUE(membership.take(step(membership, [&](Directory& d) { d.members[0] = once; })));
  EXPECT_EQ(membership.rotation_files(), std::vector<Bytes>{rotation_file(1, 2)});
  EXPECT_EQ(membership.find(member(1).id)->key_serial, 2U);
  // A new incarnation ends whatever the lost keys say.
  ASSERT_TRUE(membership.take(step(membership, [&](Directory& d) {
    d.members[0] = member(9);
    d.members[0].id = member(1).id;
    d.members[0].incarnation = 2;
  })));
  EXPECT_TRUE(membership.rotation_files().empty());
  EXPECT_EQ(membership.find(member(1).id)->author, member(9).author);
  EXPECT_EQ(refusal(membership, rotation_file(1, 1)), Code::stale_version);
}

TEST(Membership, RevokedAndUnknownMembersDoNotRotate) {
  Membership membership = joined();
  EXPECT_EQ(refusal(membership, rotation_file(3)), Code::unknown_member);
  ASSERT_TRUE(membership.take(rotation_file(1)));
  ASSERT_TRUE(membership.take(
      step(membership, [](Directory& d) { d.members[0].state = MemberState::revoked; })));
  EXPECT_TRUE(membership.rotation_files().empty());
  EXPECT_EQ(refusal(membership, rotation_file(1)), Code::unknown_member);
  EXPECT_EQ(membership.active(member(1).id), nullptr);
  EXPECT_NE(membership.find(member(1).id), nullptr);
}

TEST(Membership, CountersignedKeysChangeByTheDirectoryOnly) {
  Membership membership = joined();
  ASSERT_TRUE(membership.take(step(membership, [](Directory& d) {
    d.countersigned = 1U << static_cast<unsigned>(KeyPurpose::author);
  })));
  EXPECT_EQ(refusal(membership, rotation_file(1)), Code::threshold_not_met);
  Rotation others = rotation(1);
  others.author = member(1).author;
  const auto receipt = key(rotated_key(1, 1, 1));
  const auto witness = key(rotated_key(1, 1, 2));
  EXPECT_TRUE(membership.take(make_rotation(others, key(100), {key(100), receipt, witness})));
}

TEST(Membership, NoRotationTakesAKeyThatAnotherHas) {
  Membership membership = joined();
  const auto stealing = [](const std::function<void(Rotation&)>& change, unsigned author = 0) {
    Rotation rotation = directory_fixture::rotation(1);
    change(rotation);
    const auto new_author = key(author == 0 ? rotated_key(1, 1, 0) : author);
    const auto receipt = key(rotated_key(1, 1, 1));
    const auto witness = key(rotated_key(1, 1, 2));
    return make_rotation(rotation, key(100), {new_author, receipt, witness});
  };
  EXPECT_EQ(refusal(membership, stealing([](Rotation& r) { r.transport = member(2).transport; })),
            Code::conflict);
  EXPECT_EQ(refusal(membership, stealing([](Rotation& r) { r.author = member(2).author; }, 200)),
            Code::conflict);
  EXPECT_EQ(refusal(membership,
                    stealing([](Rotation& r) { r.author.bytes = member(2).receipt.bytes; }, 201)),
            Code::conflict);
}

TEST(Membership, TwoRotationsOfOneSerialAreASplitViewThatNamesTheMember) {
  Membership membership = joined();
  ASSERT_TRUE(membership.take(rotation_file(1)));
  Rotation other = rotation(1);
  other.endpoint = "tcp://192.0.2.66:1";
  const Bytes second = rotation_file(other, 1, 100);
  EXPECT_EQ(refusal(membership, second), Code::fork);
  ASSERT_TRUE(membership.split_view());
  EXPECT_EQ(membership.split_view()->member, member(1).id);
  EXPECT_EQ(membership.split_view()->here, rotation_file(1));
  EXPECT_EQ(membership.split_view()->there, second);
}

TEST(Membership, RotationsOfOneMemberAreBounded) {
  Membership membership = joined();
  for (std::uint64_t serial = 1; serial <= limits::rotations_per_member_max; ++serial) {
    ASSERT_TRUE(membership.take(rotation_file(1, serial)));
  }
  EXPECT_EQ(refusal(membership, rotation_file(1, limits::rotations_per_member_max + 1)),
            Code::full);
  EXPECT_TRUE(membership.take(rotation_file(2)));
}

// ---- suspensions

TEST(Membership, SignaturesUnderOneSuspensionAddUpInWhateverOrder) {
  std::vector<std::vector<unsigned>> sets{{1}, {2}, {3, 2}};
  std::optional<Digest> standing;
  do {
    Membership membership = joined();
    for (const auto& signers : sets) {
      ASSERT_TRUE(membership.take(suspension_file(suspension(1), signers)));
    }
    const auto files = membership.suspension_files();
    ASSERT_EQ(files.size(), 1U);
    EXPECT_EQ(verify_suspension(founded(), files[0])->signers.size(), 3U);
    EXPECT_EQ(membership.standing(), standing.value_or(membership.standing()));
    standing = membership.standing();
  } while (std::ranges::next_permutation(sets).found);
}

TEST(Membership, MergedSuspensionNamesTheFileThatItReplaces) {
  Membership membership = joined();
  const Bytes by_one = suspension_file(suspension(1), {1});
  ASSERT_TRUE(membership.take(by_one));
  const auto taken = membership.take(suspension_file(suspension(1), {2}));
  ASSERT_TRUE(taken);
  EXPECT_FALSE(taken->known);
  EXPECT_EQ(taken->replaced, by_one);
  EXPECT_EQ(membership.suspension_files(), std::vector<Bytes>{taken->merged});
}

TEST(Membership, SuspensionsOfReplacedAdministratorsEnd) {
  Membership membership = joined();
  ASSERT_TRUE(membership.take(suspension_file(suspension(1), {2})));
  ASSERT_TRUE(membership.take(suspension_file(suspension(2), {1, 3})));
  ASSERT_EQ(suspended(membership, today).size(), 2U);
  ASSERT_TRUE(membership.take(replacing(2)));
  // Administrators 2 and 3 are gone: what 1 has signed as well is 1's alone.
  EXPECT_EQ(suspended(membership, today), std::vector{member(2).id});
  EXPECT_EQ(refusal(membership, suspension_file(suspension(1), {2})), Code::bad_signature);
  EXPECT_TRUE(membership.take(suspension_file(suspension(1), {4})));
}

TEST(Membership, SaysWhenSuspensionsMayNextBeOthers) {
  Membership membership = joined();
  EXPECT_FALSE(membership.next_change(today));
  ASSERT_TRUE(membership.take(suspension_file(suspension(1, today + hours(1)), {1})));
  EXPECT_EQ(membership.next_change(today), today + hours(1));
  EXPECT_EQ(membership.next_change(today + hours(1)), today + hours(73));
  EXPECT_FALSE(membership.next_change(today + hours(73)));
}

TEST(Membership, ForgetsSuspensionsThatCanMatterNoMore) {
  Membership membership = joined();
  const Bytes file = suspension_file(suspension(1), {1});
  ASSERT_TRUE(membership.take(file));
  EXPECT_TRUE(membership.prune(today + hours(72) + days(30)).empty());
  EXPECT_EQ(membership.prune({(today + hours(72) + days(30)).ms + 1}), std::vector<Bytes>{file});
  EXPECT_TRUE(membership.suspension_files().empty());
}

TEST(Membership, ClockOf1970And2099SuspendsNobodyWrongly) {
  Membership membership = joined();
  ASSERT_TRUE(membership.take(suspension_file(suspension(1), {1})));
  EXPECT_TRUE(suspended(membership, {0}).empty());
  EXPECT_TRUE(suspended(membership, {4'086'000'000'000}).empty());
  EXPECT_EQ(suspended(membership, today).size(), 1U);  // and nothing was forgotten meanwhile
}

// ---- the fold

TEST(Membership, IsTheSameInWhateverOrderItsStatementsCame) {
  const Membership model = joined();
  std::vector<Bytes> files{step(model), suspension_file(suspension(1), {1}),
                           suspension_file(suspension(2), {2}), rotation_file(1), rotation_file(2)};
  std::ranges::sort(files);
  std::optional<Digest> standing;
  do {
    Membership membership = joined();
    for (const Bytes& file : files) {
      ASSERT_TRUE(membership.take(file));
    }
    EXPECT_EQ(membership.version(), 2U);
    EXPECT_EQ(suspended(membership, today).size(), 2U);
    EXPECT_EQ(membership.standing(), standing.value_or(membership.standing()));
    standing = membership.standing();
  } while (std::ranges::next_permutation(files).found);
}

TEST(Membership, BeginsFromAChainOfConstitutions) {
  const std::vector<SignedPayload> chain{founding_file(constitution(3, 2), {1, 2, 3}),
                                         successor_file(replaced(), founded().network())};
  const auto membership = Membership::begin(chain);
  ASSERT_TRUE(membership);
  EXPECT_EQ(membership->constitution().value().version, 2U);
  EXPECT_EQ(membership->directory(), nullptr);
  EXPECT_EQ(membership->find(member(1).id), nullptr);
  EXPECT_FALSE(Membership::begin({}));
}

TEST(Evidence, OfALedgerEndsAtThePositionThatARevocationNames) {
  Member revoked = member(1);
  revoked.state = MemberState::revoked;
  revoked.position = 10;
  EXPECT_TRUE(stands_as_evidence(revoked, 1, 9));
  EXPECT_FALSE(stands_as_evidence(revoked, 1, 10));
  EXPECT_TRUE(stands_as_evidence(member(1), 1, 1'000));
  Member back = member(1);
  back.incarnation = 2;
  back.position = 10;  // of the ledger that was lost
  EXPECT_TRUE(stands_as_evidence(back, 1, 9));
  EXPECT_FALSE(stands_as_evidence(back, 1, 10));
  EXPECT_TRUE(stands_as_evidence(back, 2, 10));
  EXPECT_FALSE(stands_as_evidence(back, 3, 0));
}

TEST(History, RoundTripsInOrderAndIsBounded) {
  const std::vector<Bytes> statements{replacing(2), rotation_file(1), {}};
  EXPECT_EQ(parse_history(encode_history(statements)).value(), statements);
  EXPECT_TRUE(parse_history(encode_history({}))->empty());
  EXPECT_FALSE(parse_history(Bytes(64, 0xff)));
  EXPECT_EQ(code_of(parse_history(Bytes(65 * 1024 * 1024))), Code::too_large);
}

TEST(StatementKind, IsToldByTheFileIdentifier) {
  EXPECT_EQ(statement_kind(replacing(2)), StatementKind::constitution);
  EXPECT_EQ(statement_kind(encode_directory_file(first_file())), StatementKind::directory);
  EXPECT_EQ(statement_kind(suspension_file(suspension(1), {1})), StatementKind::suspension);
  EXPECT_EQ(statement_kind(rotation_file(1)), StatementKind::rotation);
  EXPECT_FALSE(statement_kind({}));
  EXPECT_FALSE(statement_kind(Bytes(7)));
  EXPECT_FALSE(statement_kind(Bytes(100)));
  EXPECT_STREQ(staleness_name(Staleness::warn), "warn");
}

}  // namespace
}  // namespace hamroh
