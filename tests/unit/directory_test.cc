#include "protocol/directory.h"

#include "tests/unit/directory_fixture.h"

namespace hamroh {
namespace {

using namespace directory_fixture;

SignedPayload signed_by(const Directory& directory, const std::vector<unsigned>& signers) {
  return directory_file(directory, founded().network(), signers);
}

VerifiedDirectory verified(const Directory& directory) {
  return verify_directory(founded(), signed_by(directory, {1, 2})).value();
}

// What verification says of a directory that differs in one thing from a good one.
Code code_with(const std::function<void(Directory&)>& change) {
  Directory changed = directory(founded());
  change(changed);
  return code_of(verify_directory(founded(), signed_by(changed, {1, 2})));
}

Code code_with_member(const std::function<void(Member&)>& change) {
  return code_with([&](Directory& d) { change(d.members[1]); });
}

TEST(Founding, IsSignedByAllItsAdministrators) {
  const Constitution three = constitution(3, 2);
  const auto founding = verify_founding(founding_file(three, {1, 2, 3}));
  ASSERT_TRUE(founding);
  EXPECT_EQ(founding->value(), three);
  EXPECT_TRUE(std::ranges::equal(founding->network().view(), founding->hash().view()));
  EXPECT_EQ(code_of(verify_founding(founding_file(three, {1, 2}))), Code::threshold_not_met);
  EXPECT_EQ(code_of(verify_founding(founding_file(three, {}))), Code::threshold_not_met);
}

TEST(Founding, CountsNeitherRepeatedNorForeignSignatures) {
  const Constitution three = constitution(3, 2);
  EXPECT_EQ(code_of(verify_founding(founding_file(three, {1, 2, 2}))), Code::duplicate_signer);
  EXPECT_EQ(code_of(verify_founding(founding_file(three, {1, 2, 9}))), Code::bad_signature);
  SignedPayload garbled = founding_file(three, {1, 2, 3});
  garbled.signatures[2].signature.bytes[5] ^= 1;
  EXPECT_EQ(code_of(verify_founding(garbled)), Code::bad_signature);
}

TEST(Founding, NeedsAThresholdOfMoreThanHalf) {
  EXPECT_EQ(code_of(verify_founding(founding_file(constitution(4, 2), {1, 2, 3, 4}))),
            Code::threshold_not_met);
  EXPECT_TRUE(verify_founding(founding_file(constitution(4, 3), {1, 2, 3, 4})));
  EXPECT_TRUE(verify_founding(founding_file(constitution(1, 1), {1})));
  EXPECT_EQ(code_of(verify_founding(founding_file(constitution(3, 4), {1, 2, 3}))),
            Code::threshold_not_met);
  EXPECT_EQ(code_of(verify_founding(founding_file(constitution(1, 0), {1}))),
            Code::threshold_not_met);
}

TEST(Founding, ProvesPossessionOfEachKeyUnderItsNameAndNetwork) {
  Constitution changed = constitution(3, 2);
  changed.administrators[0].possession = changed.administrators[1].possession;
  EXPECT_EQ(code_of(verify_founding(founding_file(changed, {1, 2, 3}))), Code::bad_signature);
  changed = constitution(3, 2);
  changed.administrators[0].possession = prove_founder("Another", "admin-1", key(1));
  EXPECT_EQ(code_of(verify_founding(founding_file(changed, {1, 2, 3}))), Code::bad_signature);
  changed = constitution(3, 2);
  changed.administrators[0].name = "admin-7";
  EXPECT_EQ(code_of(verify_founding(founding_file(changed, {1, 2, 3}))), Code::bad_signature);
}

TEST(Founding, BeginsItsChain) {
  Constitution second = constitution(3, 2);
  second.version = 2;
  EXPECT_EQ(code_of(verify_founding(founding_file(second, {1, 2, 3}))), Code::broken_chain);
  Constitution with_previous = constitution(3, 2);
  with_previous.previous.bytes[0] = 1;
  EXPECT_EQ(code_of(verify_founding(founding_file(with_previous, {1, 2, 3}))), Code::broken_chain);
}

TEST(Founding, NamesNoAdministratorTwiceAndNotTooMany) {
  Constitution twice = constitution(3, 2);
  twice.administrators[2] = twice.administrators[1];
  EXPECT_EQ(code_of(parse_constitution(encode_constitution(twice))), Code::duplicate_signer);
  Constitution same_name = constitution(3, 2);
  same_name.administrators[2].name = "ADMIN-2";
  EXPECT_EQ(code_of(parse_constitution(encode_constitution(same_name))), Code::duplicate_signer);
  constexpr auto most = static_cast<unsigned>(limits::administrators_max);
  EXPECT_TRUE(parse_constitution(encode_constitution(constitution(most, most))));
  EXPECT_FALSE(parse_constitution(encode_constitution(constitution(most + 1, most + 1))));
  EXPECT_FALSE(parse_constitution(encode_constitution(constitution(0, 0))));
}

// A successor that replaces administrators 2 and 3 by 4, 5 and 6, signed as told.
Result<VerifiedConstitution> succeed(const std::vector<unsigned>& signers,
                                     const std::function<void(Constitution&)>& change = {}) {
  const VerifiedConstitution first = founded();
  Constitution next = constitution(1, 3);
  next.administrators.push_back(administrator(4));
  next.administrators.push_back(administrator(5));
  next.administrators.push_back(administrator(6));
  next.version = 2;
  next.previous = first.hash();
  if (change) {
    change(next);
  }
  SignedPayload file{encode_constitution(next), {}};
  for (const unsigned signer : signers) {
    file.signatures.push_back(sign_constitution(file.payload, first.network(), key(signer)));
  }
  return verify_successor(first, file);
}

TEST(Successor, NeedsTheThresholdOfTheOldAndOfTheNew) {
  const auto next = succeed({1, 2, 4, 5});
  ASSERT_TRUE(next);
  EXPECT_EQ(next->network(), founded().network());
  EXPECT_NE(next->hash(), founded().hash());
  EXPECT_EQ(code_of(succeed({1, 4, 5, 6})), Code::threshold_not_met);  // one of the old
  EXPECT_EQ(code_of(succeed({1, 2, 3, 4})), Code::threshold_not_met);  // two of the new
  EXPECT_EQ(code_of(succeed({1, 2, 4, 4})), Code::duplicate_signer);
  EXPECT_EQ(code_of(succeed({1, 2, 4, 5, 9})), Code::bad_signature);
}

TEST(Successor, FollowsByOneAndNamesTheOneBefore) {
  const std::vector<unsigned> enough{1, 2, 4, 5};
  EXPECT_EQ(code_of(succeed(enough, [](Constitution& c) { c.version = 1; })), Code::stale_version);
  EXPECT_EQ(code_of(succeed(enough, [](Constitution& c) { c.version = 3; })), Code::stale_version);
  EXPECT_EQ(code_of(succeed(enough, [](Constitution& c) { c.previous.bytes[9] ^= 1; })),
            Code::broken_chain);
  EXPECT_EQ(code_of(succeed(enough, [](Constitution& c) { c.network_name = "Other"; })),
            Code::broken_chain);
}

TEST(Successor, ProvesPossessionOfItsNewKeys) {
  const auto without_proof = [](Constitution& c) { c.administrators[1].possession = {}; };
  EXPECT_EQ(code_of(succeed({1, 2, 4, 5}, without_proof)), Code::bad_signature);
}

TEST(Directory, IsAcceptedWithTheThresholdOfDistinctAdministrators) {
  const Directory good = directory(founded());
  const auto accepted = verify_directory(founded(), signed_by(good, {3, 1}));
  ASSERT_TRUE(accepted);
  EXPECT_EQ(accepted->value(), good);
  EXPECT_EQ(accepted->hash(), directory_hash(encode_directory(good)));
  EXPECT_EQ(code_of(verify_directory(founded(), signed_by(good, {1}))), Code::threshold_not_met);
  EXPECT_EQ(code_of(verify_directory(founded(), signed_by(good, {1, 1}))), Code::duplicate_signer);
  EXPECT_EQ(code_of(verify_directory(founded(), signed_by(good, {1, 2, 1}))),
            Code::duplicate_signer);
  EXPECT_EQ(code_of(verify_directory(founded(), signed_by(good, {1, 4}))), Code::bad_signature);
}

TEST(Directory, SignaturesCoverEveryByteOfThePayload) {
  const SignedPayload good = signed_by(directory(founded()), {1, 2});
  for (std::size_t at = 0; at < good.payload.size(); ++at) {
    SignedPayload changed = good;
    changed.payload[at] ^= 0x10;
    ASSERT_EQ(code_of(verify_directory(founded(), changed)), Code::bad_signature) << at;
  }
}

TEST(Directory, SignaturesOfAnotherNetworkOrPurposeDoNotCount) {
  const Directory good = directory(founded());
  NetworkId other = founded().network();
  other.bytes[0] ^= 1;
  EXPECT_EQ(code_of(verify_directory(founded(), directory_file(good, other, {1, 2}))),
            Code::bad_signature);
  SignedPayload as_constitution{encode_directory(good), {}};
  for (const unsigned signer : {1U, 2U}) {
    as_constitution.signatures.push_back(
        sign_constitution(as_constitution.payload, founded().network(), key(signer)));
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
}

TEST(Directory, ExpiresAtItsExpiryAndNotBefore) {
  const VerifiedDirectory d = verified(directory(founded()));
  const Timestamp expiry = d.value().expires;
  EXPECT_FALSE(d.expired_at({expiry.ms - 1}));
  EXPECT_TRUE(d.expired_at(expiry));
}

TEST(Directory, FindsMembersById) {
  const VerifiedDirectory d = verified(directory(founded()));
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
  EXPECT_EQ(code_with_member([](Member& m) { m.receipt = member(1).receipt; }), Code::conflict);
  EXPECT_EQ(code_with_member([](Member& m) { m.witness = member(1).witness; }), Code::conflict);
  EXPECT_EQ(code_with_member([](Member& m) { m.transport = member(1).transport; }), Code::conflict);
  // One key for two purposes is a key twice, of one member or of two.
  EXPECT_EQ(code_with_member([](Member& m) { m.receipt.bytes = m.author.bytes; }), Code::conflict);
  EXPECT_EQ(code_with_member([](Member& m) { m.witness.bytes = member(1).author.bytes; }),
            Code::conflict);
}

TEST(Directory, NamesNothingUnknownOfAMember) {
  EXPECT_EQ(code_with_member([](Member& m) { m.kind = static_cast<MemberKind>(0); }),
            Code::malformed);
  EXPECT_EQ(code_with_member([](Member& m) { m.kind = static_cast<MemberKind>(9); }),
            Code::malformed);
  EXPECT_EQ(code_with_member([](Member& m) { m.state = static_cast<MemberState>(0); }),
            Code::malformed);
  EXPECT_EQ(code_with_member([](Member& m) { m.state = static_cast<MemberState>(3); }),
            Code::malformed);
  EXPECT_EQ(code_with_member([](Member& m) { m.incarnation = 0; }), Code::malformed);
  EXPECT_EQ(code_with([](Directory& d) { d.members[0].id = {}; }), Code::malformed);
}

TEST(Directory, MemberNamesAreShortPlainText) {
  for (const std::string& name :
       {std::string(), std::string(257, 'x'), std::string("a\nb"), std::string("a\xff"),
        std::string("evil\u202Ename"), std::string("a\0b", 3)}) {
    EXPECT_NE(code_with_member([&](Member& m) { m.name = name; }), Code::none)
        << to_hex(view(name));
  }
  EXPECT_EQ(code_with_member([](Member& m) { m.name = std::string(256, 'x'); }), Code::none);
  EXPECT_EQ(code_with_member([](Member& m) { m.name = "Ҷамъияти «Умед»"; }), Code::none);
}

TEST(Directory, EndpointsAreTcpWithHostAndPort) {
  for (const char* endpoint :
       {"", "tcp://", "tcp://host", "tcp://host:", "tcp://host:0", "tcp://host:65536",
        "tcp://host:080", "tcp://host:80x", "ipc://socket", "tcp://ho st:80", "tcp://:80"}) {
    EXPECT_EQ(code_with_member([&](Member& m) { m.endpoint = endpoint; }), Code::malformed)
        << endpoint;
  }
  EXPECT_EQ(code_with_member([](Member& m) { m.endpoint = "tcp://node.example:65535"; }),
            Code::none);
}

TEST(Directory, OnlyTheNextVersionOfTheSameChainMayReplaceAnother) {
  const VerifiedDirectory first = verified(directory(founded()));
  const VerifiedDirectory second = verified(directory(founded(), 2, first.hash()));
  const VerifiedDirectory third = verified(directory(founded(), 3, second.hash()));
  EXPECT_TRUE(may_replace(first, second));
  EXPECT_TRUE(may_replace(second, third));
  EXPECT_EQ(code_of(may_replace(second, second)), Code::stale_version);
  EXPECT_EQ(code_of(may_replace(second, first)), Code::stale_version);
  EXPECT_EQ(code_of(may_replace(first, third)), Code::broken_chain);
  Digest elsewhere = first.hash();
  elsewhere.bytes[0] ^= 1;
  EXPECT_EQ(code_of(may_replace(first, verified(directory(founded(), 2, elsewhere)))),
            Code::broken_chain);
}

TEST(Directory, TwoOfOneVersionAreAFork) {
  const VerifiedDirectory one = verified(directory(founded()));
  Directory other = directory(founded());
  other.members.pop_back();
  EXPECT_EQ(code_of(may_replace(one, verified(other))), Code::fork);
}

TEST(DirectoryFile, RoundTripsAndRefusesEveryTruncation) {
  const SignedPayload file = signed_by(directory(founded()), {1, 2});
  const Bytes bytes = encode_signed_directory(file);
  const auto parsed = parse_signed_directory(bytes);
  ASSERT_TRUE(parsed);
  EXPECT_EQ(parsed->payload, file.payload);
  EXPECT_EQ(parsed->signatures, file.signatures);
  EXPECT_FALSE(parse_signed_constitution(bytes));  // a file of another kind
  for (std::size_t length = 0; length < bytes.size(); ++length) {
    const auto cut = parse_signed_directory(ByteView(bytes).first(length));
    ASSERT_FALSE(cut && verify_directory(founded(), *cut)) << length;
  }
}

TEST(DirectoryFile, NoFlippedByteIsEverAnotherDirectory) {
  const Directory good = directory(founded());
  const Bytes bytes = encode_signed_directory(signed_by(good, {1, 2}));
  for (std::size_t at = 0; at < bytes.size(); ++at) {
    Bytes flipped = bytes;
    flipped[at] ^= 0xff;
    const auto parsed = parse_signed_directory(flipped);
    if (!parsed) {
      continue;
    }
    const auto accepted = verify_directory(founded(), *parsed);
    ASSERT_TRUE(!accepted || accepted->value() == good) << at;
  }
}

TEST(DirectoryFile, IsBoundedInBytesAndSignatures) {
  EXPECT_EQ(code_of(parse_signed_directory(Bytes(limits::directory_bytes_max + 1))),
            Code::too_large);
  EXPECT_EQ(code_of(parse_signed_constitution(Bytes(limits::constitution_bytes_max + 1))),
            Code::too_large);
  SignedPayload file = signed_by(directory(founded()), {1});
  file.signatures.resize(limits::administrators_max, file.signatures[0]);
  EXPECT_TRUE(parse_signed_directory(encode_signed_directory(file)));
  file.signatures.push_back(file.signatures[0]);
  EXPECT_FALSE(parse_signed_directory(encode_signed_directory(file)));
}

TEST(DirectoryFile, GarbageIsRefused) {
  for (const std::size_t length : {0U, 1U, 7U, 8U, 64U, 4096U}) {
    EXPECT_FALSE(parse_signed_directory(Bytes(length)));
    EXPECT_FALSE(parse_signed_directory(Bytes(length, 0xff)));
    EXPECT_FALSE(parse_directory(Bytes(length, 0xff)));
    EXPECT_FALSE(parse_constitution(Bytes(length, 0xff)));
  }
}

Bytes request_of(const Member& member, unsigned author, unsigned receipt, unsigned witness) {
  return make_join_request(founded().network(), member, key(author), key(receipt), key(witness));
}

TEST(JoinRequest, CarriesTheMemberWithEveryProof) {
  const auto request = parse_join_request(request_of(member(3), 300, 301, 302));
  ASSERT_TRUE(request);
  EXPECT_EQ(request->member, member(3));
  EXPECT_EQ(request->network, founded().network());
}

TEST(JoinRequest, ProvesPossessionOfEachKey) {
  EXPECT_EQ(code_of(parse_join_request(request_of(member(3), 1, 301, 302))), Code::bad_signature);
  EXPECT_EQ(code_of(parse_join_request(request_of(member(3), 300, 1, 302))), Code::bad_signature);
  EXPECT_EQ(code_of(parse_join_request(request_of(member(3), 300, 301, 1))), Code::bad_signature);
}

TEST(JoinRequest, NoFlippedByteIsEverAnotherRequest) {
  const Bytes bytes = request_of(member(3), 300, 301, 302);
  for (std::size_t at = 0; at < bytes.size(); ++at) {
    Bytes flipped = bytes;
    flipped[at] ^= 0x01;
    const auto request = parse_join_request(flipped);
    ASSERT_TRUE(!request || request->member == member(3)) << at;
  }
}

Suspension suspension(unsigned of, Timestamp from = today, bool lift = false) {
  return {
      founded().network(), member(of).id, from, from + (lift ? Duration{0} : hours(72)), 7, lift};
}

Result<VerifiedSuspension> stated(const Suspension& suspension, const std::vector<unsigned>& by) {
  SignedPayload file{encode_suspension(suspension), {}};
  for (const unsigned signer : by) {
    file.signatures.push_back(sign_suspension(file.payload, founded().network(), key(signer)));
  }
  return verify_suspension(founded(), encode_signed_suspension(file));
}

std::vector<MemberId> suspended(const std::vector<Result<VerifiedSuspension>>& statements,
                                Timestamp now) {
  std::vector<VerifiedSuspension> list;
  for (const auto& statement : statements) {
    list.push_back(statement.value());
  }
  return suspended_members(list, now);
}

TEST(Suspension, IsTheStatementOfAnyOneAdministrator) {
  const auto one = stated(suspension(1), {3});
  ASSERT_TRUE(one);
  EXPECT_EQ(one->value, suspension(1));
  EXPECT_EQ(one->signers, std::vector<AdminKey>{public_of<AdminKey>(3)});
  EXPECT_EQ(code_of(stated(suspension(1), {})), Code::threshold_not_met);
  EXPECT_EQ(code_of(stated(suspension(1), {9})), Code::bad_signature);
  EXPECT_EQ(code_of(stated(suspension(1), {1, 1})), Code::duplicate_signer);
}

TEST(Suspension, LastsAtMostThreeDaysInThisNetwork) {
  Suspension longer = suspension(1);
  longer.until.ms += 1;
  EXPECT_EQ(code_of(stated(longer, {1})), Code::malformed);
  Suspension backward = suspension(1);
  backward.until.ms = backward.from.ms - 1;
  EXPECT_EQ(code_of(stated(backward, {1})), Code::malformed);
  Suspension elsewhere = suspension(1);
  elsewhere.network.bytes[0] ^= 1;
  EXPECT_EQ(code_of(stated(elsewhere, {1})), Code::wrong_network);
}

TEST(Suspension, HoldsFromItsBeginningToItsEnd) {
  const std::vector<MemberId> one{member(1).id};
  const auto statement = stated(suspension(1), {1});
  EXPECT_TRUE(suspended({statement}, {today.ms - 1}).empty());
  EXPECT_EQ(suspended({statement}, today), one);
  EXPECT_EQ(suspended({statement}, {(today + hours(72)).ms - 1}), one);
  EXPECT_TRUE(suspended({statement}, today + hours(72)).empty());
}

TEST(Suspension, IsLiftedByAnyTwoAdministrators) {
  const Suspension lift = suspension(1, today + hours(1), true);
  EXPECT_EQ(code_of(stated(lift, {2})), Code::threshold_not_met);
  const auto lifted = stated(lift, {2, 3});
  ASSERT_TRUE(lifted);
  EXPECT_EQ(suspended({stated(suspension(1), {1}), lifted}, today).size(), 1U);
  EXPECT_TRUE(suspended({stated(suspension(1), {1}), lifted}, today + hours(1)).empty());
}

TEST(Suspension, OneAdministratorHasOneAtATime) {
  const auto first = stated(suspension(1), {1});
  const auto second = stated(suspension(2, today + hours(1)), {1});
  const auto other = stated(suspension(2, today + hours(1)), {2});
  EXPECT_EQ(suspended({first, second}, today + hours(2)), std::vector<MemberId>{member(1).id});
  EXPECT_EQ(suspended({first, other}, today + hours(2)).size(), 2U);
}

TEST(Suspension, DoesNotHitTheSameMemberAgainWithinThirtyDays) {
  const auto first = stated(suspension(1), {1});
  const Timestamp too_soon{(today + hours(72) + days(30)).ms - 1};
  EXPECT_TRUE(suspended({first, stated(suspension(1, too_soon), {2})}, too_soon).empty());
  const Timestamp later = today + hours(72) + days(30);
  EXPECT_EQ(suspended({first, stated(suspension(1, later), {2})}, later).size(), 1U);
}

TEST(Suspension, IsCountedTheSameInWhateverOrderItComes) {
  const auto first = stated(suspension(1), {1});
  const auto second = stated(suspension(2, today + hours(1)), {1});
  const Timestamp then = today + hours(2);
  EXPECT_EQ(suspended({first, second}, then), suspended({second, first}, then));
}

TEST(Names, OfKindsAndCapabilitiesAreDistinct) {
  for (std::uint8_t value = 1; value <= 8; ++value) {
    const auto kind = static_cast<MemberKind>(value);
    EXPECT_EQ(parse_member_kind(member_kind_name(kind)), kind);
    EXPECT_NE(default_capabilities(kind).bits, 0U);
  }
  EXPECT_FALSE(parse_member_kind("unknown"));
  EXPECT_FALSE(parse_member_kind("NGO"));
  EXPECT_FALSE(default_capabilities(MemberKind::ngo).has(Capability::refer_decide));
  EXPECT_FALSE(default_capabilities(MemberKind::relay).has(Capability::refer_send));
}

}  // namespace
}  // namespace hamroh
