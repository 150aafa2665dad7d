#include "protocol/directory.h"

#include "tests/unit/directory_fixture.h"

namespace hamroh {
namespace {

using namespace directory_fixture;

VerifiedDirectory verified(const Directory& directory) {
  return verify_directory(founded(), directory_file(directory, founded().network(), {1, 2}))
      .value();
}

VerifiedDirectory first() {
  return verified(directory(founded()));
}

// What verification says of a directory that differs in one thing from a good one, although as many
// have signed it as must.
Code code_with(const std::function<void(Directory&)>& change) {
  Directory changed = directory(founded());
  change(changed);
  const auto parsed = parse_directory_file(
      encode_directory_file(directory_file(changed, founded().network(), {1, 2})));
  return parsed ? code_of(verify_directory(founded(), *parsed)) : parsed.error().code;
}

Code code_with_member(const std::function<void(Member&)>& change) {
  return code_with([&](Directory& d) { change(d.members[1]); });
}

Code code_of_step(const std::function<void(Directory&)>& change,
                  const std::vector<unsigned>& signers = {1, 2}) {
  return code_of(follow_directory(first(), founded(), next_file(first(), change, signers)));
}

TEST(Directory, IsAcceptedWithTheThresholdOfDistinctAdministrators) {
  const Directory good = directory(founded());
  const auto by = [&](const std::vector<unsigned>& signers) {
    return verify_directory(founded(), directory_file(good, founded().network(), signers));
  };
  const auto accepted = by({3, 1});
  ASSERT_TRUE(accepted);
  EXPECT_EQ(accepted->value(), good);
  EXPECT_EQ(accepted->hash(), directory_hash(encode_directory_head(head_of(good))));
  EXPECT_EQ(accepted->signers(), (std::set{public_of<AdminKey>(1), public_of<AdminKey>(3)}));
  EXPECT_EQ(code_of(by({})), Code::threshold_not_met);
  EXPECT_EQ(code_of(by({1})), Code::threshold_not_met);
  EXPECT_EQ(code_of(by({1, 1})), Code::duplicate_signer);
  EXPECT_EQ(code_of(by({1, 2, 1})), Code::duplicate_signer);
  EXPECT_EQ(code_of(by({1, 4})), Code::bad_signature);
}

TEST(Directory, SignaturesCoverEveryByteOfTheHead) {
  const DirectoryFile good = first_file();
  for (std::size_t at = 0; at < good.head.payload.size(); ++at) {
    DirectoryFile changed = good;
    changed.head.payload[at] ^= 0x10;
    ASSERT_EQ(code_of(verify_directory(founded(), changed)), Code::bad_signature) << at;
  }
}

TEST(Directory, SignaturesCoverEveryByteOfEveryRecord) {
  const DirectoryFile good = first_file();
  for (std::size_t which = 0; which < good.records.size(); ++which) {
    const Bytes record = encode_member(good.records[which]);
    for (std::size_t at = 0; at < record.size(); ++at) {
      Bytes flipped = record;
      flipped[at] ^= 0x01;
      const auto member = parse_member(flipped);
      if (!member) {
        continue;
      }
      DirectoryFile changed = good;
      changed.records[which] = *member;
      ASSERT_EQ(code_of(verify_directory(founded(), changed)), Code::bad_proof) << at;
    }
  }
}

TEST(Directory, SignaturesOfAnotherNetworkOrPurposeDoNotCount) {
  NetworkId other = founded().network();
  other.bytes[0] ^= 1;
  EXPECT_EQ(
      code_of(verify_directory(founded(), directory_file(directory(founded()), other, {1, 2}))),
      Code::bad_signature);
  DirectoryFile as_constitution = complete_file(directory(founded()));
  for (const unsigned signer : {1U, 2U}) {
    as_constitution.head.signatures.push_back(
        sign_constitution(as_constitution.head.payload, founded().network(), key(signer)));
  }
  EXPECT_EQ(code_of(verify_directory(founded(), as_constitution)), Code::bad_signature);
}

TEST(Directory, BelongsToItsNetworkAndConstitution) {
  EXPECT_EQ(code_with([](Directory& d) { d.network.bytes[0] ^= 1; }), Code::wrong_network);
  EXPECT_EQ(code_with([](Directory& d) { d.constitution.bytes[0] ^= 1; }), Code::broken_chain);
}

TEST(Directory, HasAVersionAChainAndALifetime) {
  EXPECT_EQ(code_with([](Directory& d) { d.version = 0; }), Code::malformed);
  EXPECT_EQ(code_with([](Directory& d) { d.version = 2; }), Code::malformed);
  EXPECT_EQ(code_with([](Directory& d) { d.previous.bytes[0] = 1; }), Code::malformed);
  EXPECT_EQ(code_with([](Directory& d) { d.expires = d.created; }), Code::malformed);
  EXPECT_EQ(code_with([](Directory& d) { d.warns = {d.expires.ms + 1}; }), Code::malformed);
  EXPECT_EQ(code_with([](Directory& d) { d.warns = d.expires; }), Code::none);
}

TEST(Directory, ExpiresAtItsExpiryAndNotBefore) {
  const Timestamp expiry = first().value().expires;
  EXPECT_FALSE(first().expired_at({expiry.ms - 1}));
  EXPECT_TRUE(first().expired_at(expiry));
}

TEST(Directory, FindsMembersById) {
  const VerifiedDirectory d = first();
  ASSERT_NE(d.find(member(2).id), nullptr);
  EXPECT_EQ(*d.find(member(2).id), member(2));
  EXPECT_EQ(d.find(member(3).id), nullptr);
  EXPECT_EQ(d.find({}), nullptr);
}

TEST(Directory, SortsItsMembersAndRepeatsNoneOfTheirKeysOrNames) {
  EXPECT_EQ(code_with([](Directory& d) { std::swap(d.members[0], d.members[1]); }),
            Code::malformed);
  EXPECT_EQ(code_with_member([](Member& m) { m.id = member(1).id; }), Code::malformed);
  EXPECT_EQ(code_with_member([](Member& m) { m.name = "MEMBER 1"; }), Code::conflict);
  EXPECT_EQ(code_with_member([](Member& m) { m.author = member(1).author; }), Code::conflict);
  EXPECT_EQ(code_with_member([](Member& m) { m.witness.bytes = member(1).author.bytes; }),
            Code::conflict);
}

TEST(Directory, ProvesWhichRecordsAndHowManyTheAdministratorsMeant) {
  DirectoryFile fewer = first_file();
  fewer.records.pop_back();
  EXPECT_EQ(code_of(verify_directory(founded(), fewer)), Code::bad_proof);
  DirectoryFile more = first_file();
  more.records.push_back(member(3));
  EXPECT_EQ(code_of(verify_directory(founded(), more)), Code::bad_proof);
  DirectoryFile none = first_file();
  none.records.clear();
  EXPECT_EQ(code_of(verify_directory(founded(), none)), Code::bad_proof);
  EXPECT_EQ(code_with([](Directory& d) { d.members.clear(); }), Code::none);  // they may mean none
}

TEST(Directory, StepIsTheDifferenceOnly) {
  const DirectoryFile admits =
      next_file(first(), [](Directory& d) { d.members.push_back(member(3)); });
  EXPECT_EQ(admits.form, DirectoryForm::delta);
  EXPECT_EQ(admits.records, std::vector{member(3)});
  const auto second = follow_directory(first(), founded(), admits);
  ASSERT_TRUE(second);
  EXPECT_EQ(second->value().members, (std::vector{member(1), member(2), member(3)}));
  EXPECT_EQ(second->value().version, 2U);
  EXPECT_EQ(second->value().previous, first().hash());
  const auto third = follow_directory(
      *second, founded(), next_file(*second, [](Directory& d) { d.members[0].name = "Other"; }));
  ASSERT_TRUE(third);
  EXPECT_EQ(third->value().log.size, 2U);
  // Whoever gets version 3 as a whole has the same.
  DirectoryFile whole = complete_file(third->value());
  whole.head = third->signed_head();
  const auto joined =
      verify_directory(founded(), parse_directory_file(encode_directory_file(whole)).value());
  ASSERT_TRUE(joined);
  EXPECT_EQ(joined->value(), third->value());
  EXPECT_EQ(joined->hash(), third->hash());
}

TEST(Directory, StepMayAlsoComeComplete) {
  Directory next = first().successor(today, days(90));
  next.members.push_back(member(3));
  const auto second =
      follow_directory(first(), founded(), directory_file(next, founded().network(), {2, 3}));
  ASSERT_TRUE(second);
  EXPECT_EQ(second->value(), next);
}

TEST(Directory, OnlyTheNextVersionOfTheSameChainFollows) {
  const VerifiedDirectory one = first();
  const DirectoryFile step = next_file(one, [](Directory&) {});
  const VerifiedDirectory two = follow_directory(one, founded(), step).value();
  const DirectoryFile step_on = next_file(two, [](Directory&) {});
  EXPECT_TRUE(follow_directory(two, founded(), step_on));
  EXPECT_EQ(code_of(follow_directory(two, founded(), step)), Code::stale_version);
  EXPECT_EQ(code_of(follow_directory(two, founded(), first_file())), Code::stale_version);
  EXPECT_EQ(code_of(follow_directory(one, founded(), step_on)), Code::broken_chain);
  EXPECT_EQ(code_of_step([](Directory& d) { d.previous.bytes[0] ^= 1; }), Code::broken_chain);
  EXPECT_EQ(code_of_step([](Directory& d) { d.version = UINT64_MAX; }), Code::broken_chain);
}

TEST(Directory, TwoOfOneVersionAreAFork) {
  Directory other = directory(founded());
  other.members.pop_back();
  EXPECT_EQ(code_of(follow_directory(first(), founded(),
                                     directory_file(other, founded().network(), {1, 2}))),
            Code::fork);
}

TEST(Directory, StepIsSignedLikeAnyOther) {
  const auto nothing = [](Directory&) {};
  EXPECT_EQ(code_of_step(nothing, {1, 3}), Code::none);
  EXPECT_EQ(code_of_step(nothing, {1}), Code::threshold_not_met);
  EXPECT_EQ(code_of_step(nothing, {1, 1}), Code::duplicate_signer);
  EXPECT_EQ(code_of_step(nothing, {1, 9}), Code::bad_signature);
}

TEST(Directory, NoMemberDisappearsOrGoesBackToEarlierKeys) {
  EXPECT_EQ(code_of_step([](Directory& d) { d.members.pop_back(); }), Code::bad_proof);
  Directory shorter = first().successor(today, days(90));
  shorter.members.pop_back();
  EXPECT_EQ(code_of(follow_directory(first(), founded(),
                                     directory_file(shorter, founded().network(), {1, 2}))),
            Code::broken_chain);
  Directory begins = directory(founded());
  begins.members[0].incarnation = 2;
  begins.members[0].key_serial = 5;
  const VerifiedDirectory from = verified(begins);
  const auto code = [&](std::uint32_t incarnation, std::uint64_t serial) {
    return code_of(follow_directory(from, founded(), next_file(from, [&](Directory& d) {
                                      d.members[0].incarnation = incarnation;
                                      d.members[0].key_serial = serial;
                                    })));
  };
  EXPECT_EQ(code(1, 5), Code::broken_chain);
  EXPECT_EQ(code(1, 9), Code::broken_chain);
  EXPECT_EQ(code(2, 4), Code::broken_chain);
  EXPECT_EQ(code(2, 5), Code::none);
  EXPECT_EQ(code(2, 6), Code::none);
  EXPECT_EQ(code(3, 0), Code::none);
}

TEST(Directory, LogIsTheOneThatWasSigned) {
  const VerifiedDirectory second =
      follow_directory(first(), founded(), next_file(first(), [](Directory&) {})).value();
  DirectoryFile whole = complete_file(second.value());
  whole.head = second.signed_head();
  EXPECT_TRUE(verify_directory(founded(), whole));
  DirectoryFile forgetful = whole;
  forgetful.log = {};
  EXPECT_EQ(code_of(verify_directory(founded(), forgetful)), Code::broken_chain);
  DirectoryFile other = whole;
  other.log.roots.at(0).bytes[0] ^= 1;
  EXPECT_EQ(code_of(verify_directory(founded(), other)), Code::broken_chain);
  DirectoryFile longer = whole;
  longer.log.append(Digest{});
  EXPECT_EQ(code_of(verify_directory(founded(), longer)), Code::broken_chain);
  EXPECT_EQ(code_of_step([](Directory& d) { d.log.append(Digest{}); }), Code::broken_chain);
}

TEST(Directory, OnlyACompleteFileStandsByItself) {
  DirectoryFile delta = first_file();
  delta.form = DirectoryForm::delta;
  EXPECT_EQ(code_of(verify_directory(founded(), delta)), Code::broken_chain);
  EXPECT_EQ(code_of(verify_directory(founded(), head_file(first_file().head))), Code::broken_chain);
  DirectoryFile step = next_file(first(), [](Directory&) {});
  EXPECT_EQ(code_of(follow_directory(first(), founded(), head_file(step.head))), Code::malformed);
}

TEST(DirectoryHead, RoundTripsAndStandsForTheWholeDirectory) {
  Directory all = directory(founded());
  all.pack.bytes[3] = 9;
  all.countersigned = 1U << static_cast<unsigned>(KeyPurpose::author);
  const DirectoryHead head = head_of(all);
  EXPECT_EQ(head.member_count, 2U);
  EXPECT_EQ(parse_directory_head(encode_directory_head(head)).value(), head);
  const auto verified_head =
      verify_directory_head(founded(), directory_file(all, founded().network(), {1, 2}).head);
  ASSERT_TRUE(verified_head);
  EXPECT_EQ(verified_head->value(), head);
  EXPECT_EQ(
      code_of(verify_directory_head(founded(), directory_file(all, founded().network(), {1}).head)),
      Code::threshold_not_met);
}

// The three forms, by name.
std::vector<std::pair<std::string, DirectoryFile>> forms() {
  const DirectoryFile step =
      next_file(first(), [](Directory& d) { d.members.push_back(member(3)); });
  return {{"complete", first_file()}, {"delta", step}, {"head", head_file(step.head)}};
}

TEST(DirectoryFile, RoundTripsInEachForm) {
  for (const auto& [name, file] : forms()) {
    const Bytes bytes = encode_directory_file(file);
    const auto parsed = parse_directory_file(bytes);
    ASSERT_TRUE(parsed) << name;
    EXPECT_EQ(parsed->head.payload, file.head.payload) << name;
    EXPECT_EQ(parsed->head.signatures, file.head.signatures) << name;
    EXPECT_EQ(parsed->form, file.form) << name;
    EXPECT_EQ(parsed->records, file.records) << name;
    EXPECT_EQ(parsed->log, file.log) << name;
    EXPECT_EQ(encode_directory_file(*parsed), bytes) << name;
    EXPECT_FALSE(parse_signed_constitution(bytes)) << name;  // a file of another kind
  }
}

TEST(DirectoryFile, NoCutAndNoFlippedByteIsEverAnotherDirectory) {
  const VerifiedDirectory have = first();
  const Digest next_hash = directory_hash(forms()[1].second.head.payload);
  const auto harmless = [&](const Result<DirectoryFile>& parsed) {
    if (!parsed) {
      return true;
    }
    const auto alone = verify_directory(founded(), *parsed);
    const auto next = follow_directory(have, founded(), *parsed);
    return (!alone || alone->value() == have.value()) && (!next || next->hash() == next_hash);
  };
  for (const auto& [name, file] : forms()) {
    const Bytes bytes = encode_directory_file(file);
    for (std::size_t at = 0; at < bytes.size(); ++at) {
      ASSERT_TRUE(harmless(parse_directory_file(ByteView(bytes).first(at)))) << name << at;
      Bytes flipped = bytes;
      flipped[at] ^= 0xff;
      ASSERT_TRUE(harmless(parse_directory_file(flipped))) << name << at;
    }
  }
}

TEST(DirectoryFile, HoldsNothingThatItsFormHasNot) {
  DirectoryFile odd = forms()[2].second;
  odd.records = {member(1)};
  EXPECT_EQ(code_of(parse_directory_file(encode_directory_file(odd))), Code::malformed);
  odd = forms()[0].second;
  odd.form = static_cast<DirectoryForm>(4);
  EXPECT_EQ(code_of(parse_directory_file(encode_directory_file(odd))), Code::malformed);
  odd.form = static_cast<DirectoryForm>(0);
  EXPECT_EQ(code_of(parse_directory_file(encode_directory_file(odd))), Code::malformed);
}

TEST(DirectoryFile, IsBoundedInBytesSignaturesAndSteps) {
  EXPECT_EQ(code_of(parse_directory_file(Bytes(limits::directory_bytes_max + 1))), Code::too_large);
  DirectoryFile file = directory_file(directory(founded()), founded().network(), {1});
  file.head.signatures.resize(limits::administrators_max, file.head.signatures[0]);
  EXPECT_TRUE(parse_directory_file(encode_directory_file(file)));
  file.head.signatures.push_back(file.head.signatures[0]);
  EXPECT_FALSE(parse_directory_file(encode_directory_file(file)));
  DirectoryFile step = forms()[1].second;
  step.records.clear();
  for (unsigned number = 0; number < 700; ++number) {
    Member one = member(1);
    one.id.bytes[14] = static_cast<std::uint8_t>(number >> 8);
    one.id.bytes[15] = static_cast<std::uint8_t>(number);
    step.records.push_back(one);
  }
  EXPECT_EQ(code_of(parse_directory_file(encode_directory_file(step))), Code::too_large);
}

TEST(DirectoryFile, GarbageIsRefused) {
  for (const std::size_t length : {0U, 1U, 7U, 8U, 64U, 4096U}) {
    EXPECT_FALSE(parse_directory_file(Bytes(length)));
    EXPECT_FALSE(parse_directory_file(Bytes(length, 0xff)));
    EXPECT_FALSE(parse_directory_head(Bytes(length, 0xff)));
  }
}

}  // namespace
}  // namespace hamroh
