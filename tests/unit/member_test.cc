#include "protocol/member.h"

#include "protocol/proof.h"
#include "tests/unit/directory_fixture.h"

namespace hamroh {
namespace {

using namespace directory_fixture;

Code code_with(const std::function<void(Member&)>& change) {
  Member changed = member(1);
  change(changed);
  return code_of(parse_member(encode_member(changed)));
}

Member unusual() {
  Member unusual = member(1);
  unusual.state = MemberState::revoked;
  unusual.incarnation = 3;
  unusual.key_serial = UINT64_MAX;
  unusual.position = 77;
  return unusual;
}

TEST(MemberRecord, RoundTripsEveryField) {
  EXPECT_EQ(parse_member(encode_member(member(1))).value(), member(1));
  EXPECT_EQ(parse_member(encode_member(unusual())).value(), unusual());
}

TEST(MemberRecord, HasOneEncodingOnly) {
  const Bytes record = encode_member(unusual());
  for (std::size_t at = 0; at < record.size(); ++at) {
    for (const std::uint8_t mask : Bytes{0x01, 0x80}) {
      Bytes changed = record;
      changed[at] = static_cast<std::uint8_t>(changed[at] ^ mask);
      if (const auto parsed = parse_member(changed)) {
        ASSERT_EQ(encode_member(*parsed), changed) << at;
        ASSERT_NE(*parsed, unusual()) << at;
      }
    }
  }
}

TEST(MemberRecord, RefusesEveryCutWhatFollowsAndOtherVersions) {
  Bytes record = encode_member(member(1));
  for (std::size_t length = 0; length < record.size(); ++length) {
    ASSERT_FALSE(parse_member(ByteView(record).first(length))) << length;
  }
  record.push_back(0);
  EXPECT_EQ(code_of(parse_member(record)), Code::malformed);
  record.pop_back();
  record[0] = 2;
  EXPECT_EQ(code_of(parse_member(record)), Code::unsupported_version);
}

TEST(MemberRecord, NamesNothingUnknown) {
  EXPECT_EQ(code_with([](Member& m) { m.kind = static_cast<MemberKind>(0); }), Code::malformed);
  EXPECT_EQ(code_with([](Member& m) { m.kind = static_cast<MemberKind>(9); }), Code::malformed);
  EXPECT_EQ(code_with([](Member& m) { m.state = static_cast<MemberState>(0); }), Code::malformed);
  EXPECT_EQ(code_with([](Member& m) { m.state = static_cast<MemberState>(3); }), Code::malformed);
  EXPECT_EQ(code_with([](Member& m) { m.incarnation = 0; }), Code::malformed);
  EXPECT_EQ(code_with([](Member& m) { m.id = {}; }), Code::malformed);
}

TEST(MemberRecord, NamesAreShortPlainText) {
  for (const std::string& name :
       {std::string(), std::string(257, 'x'), std::string("a\nb"), std::string("a\xff"),
        std::string("evil\u202Ename"), std::string("a\0b", 3), std::string(" a"), std::string("a "),
        std::string(" ")}) {
    EXPECT_EQ(code_with([&](Member& m) { m.name = name; }), Code::malformed) << to_hex(view(name));
  }
  EXPECT_EQ(code_with([](Member& m) { m.name = std::string(256, 'x'); }), Code::none);
  EXPECT_EQ(code_with([](Member& m) { m.name = "Ҷамъияти «Умед»"; }), Code::none);
}

TEST(MemberRecord, EndpointsAreTcpWithHostAndPort) {
  for (const char* endpoint :
       {"", "tcp://", "tcp://host", "tcp://host:", "tcp://host:0", "tcp://host:65536",
        "tcp://host:080", "tcp://host:80x", "tcp://host:+80", "ipc://socket", "tcp://ho st:80",
        "tcp://:80", "tcp://fe80::1:80", "tcp://host:80;tcp://other:81", "tcp://*:80"}) {
    EXPECT_EQ(code_with([&](Member& m) { m.endpoint = endpoint; }), Code::malformed) << endpoint;
  }
  EXPECT_EQ(code_with([](Member& m) { m.endpoint = "tcp://node.example:65535"; }), Code::none);
  EXPECT_EQ(code_with([](Member& m) { m.endpoint = "tcp://[2001:db8::1]:7311"; }), Code::none);
}

TEST(MemberLeaf, CoversEveryByteOfTheRecordUnderItsOwnLabel) {
  const Bytes record = encode_member(member(1));
  EXPECT_NE(member_leaf(record), leaf_hash(record));
  for (std::size_t at = 0; at < record.size(); ++at) {
    Bytes changed = record;
    changed[at] ^= 1;
    ASSERT_NE(member_leaf(changed), member_leaf(record)) << at;
  }
}

TEST(Members, ShareNoNameAndNoKeyWhateverItIsFor) {
  const auto code = [](const std::function<void(Member&)>& change) {
    std::vector<Member> two{member(1), member(2)};
    change(two[1]);
    return code_of(check_distinct(two));
  };
  EXPECT_EQ(code([](Member&) {}), Code::none);
  EXPECT_EQ(code([](Member& m) { m.name = "MEMBER 1"; }), Code::conflict);
  EXPECT_EQ(code([](Member& m) { m.author = member(1).author; }), Code::conflict);
  EXPECT_EQ(code([](Member& m) { m.receipt = member(1).receipt; }), Code::conflict);
  EXPECT_EQ(code([](Member& m) { m.witness = member(1).witness; }), Code::conflict);
  EXPECT_EQ(code([](Member& m) { m.transport = member(1).transport; }), Code::conflict);
  // One key for two purposes is a key twice, of one member or of two.
  EXPECT_EQ(code([](Member& m) { m.receipt.bytes = m.author.bytes; }), Code::conflict);
  EXPECT_EQ(code([](Member& m) { m.witness.bytes = member(1).author.bytes; }), Code::conflict);
  EXPECT_EQ(code([](Member& m) { m.transport.bytes = member(1).receipt.bytes; }), Code::conflict);
}

TEST(Possession, CountsForOneNetworkOneOwnerOnePurposeAndOneKey) {
  const NetworkId network = founded().network();
  const Possessions proofs = prove_possessions(network, member(1).id, key(100), key(101), key(102));
  EXPECT_TRUE(check_possessions(network, member(1), proofs));
  NetworkId other = network;
  other.bytes[0] ^= 1;
  EXPECT_EQ(code_of(check_possessions(other, member(1), proofs)), Code::bad_signature);
  Member changed = member(1);
  changed.id = member(2).id;
  EXPECT_EQ(code_of(check_possessions(network, changed, proofs)), Code::bad_signature);
  changed = member(1);
  std::swap(changed.author.bytes, changed.receipt.bytes);
  Possessions swapped = proofs;
  std::swap(swapped.author, swapped.receipt);
  EXPECT_EQ(code_of(check_possessions(network, changed, swapped)), Code::bad_signature);
  for (Signature Possessions::*which :
       {&Possessions::author, &Possessions::receipt, &Possessions::witness}) {
    Possessions garbled = proofs;
    (garbled.*which).bytes[7] ^= 1;
    EXPECT_EQ(code_of(check_possessions(network, member(1), garbled)), Code::bad_signature);
  }
}

TEST(Names, OfKindsPurposesAndCapabilitiesAreDistinct) {
  for (std::uint8_t value = 1; value <= static_cast<std::uint8_t>(member_kind_last); ++value) {
    const auto kind = static_cast<MemberKind>(value);
    EXPECT_EQ(parse_member_kind(member_kind_name(kind)), kind);
    EXPECT_NE(default_capabilities(kind).bits, 0U);
  }
  for (std::uint8_t value = 0; value <= capability_last; ++value) {
    const auto capability = static_cast<Capability>(value);
    EXPECT_EQ(parse_capability(capability_name(capability)), capability);
  }
  EXPECT_FALSE(parse_member_kind("unknown"));
  EXPECT_FALSE(parse_member_kind("NGO"));
  EXPECT_FALSE(parse_capability("unknown"));
  EXPECT_EQ(parse_key_purpose("epoch"), KeyPurpose::epoch);
  EXPECT_FALSE(parse_key_purpose("administrator"));  // no member's key
  EXPECT_FALSE(default_capabilities(MemberKind::ngo).has(Capability::refer_decide));
  EXPECT_FALSE(default_capabilities(MemberKind::relay).has(Capability::refer_send));
}

TEST(Capabilities, AreGivenAndTakenOneByOne) {
  Capabilities some;
  some.give(Capability::relay_hold);
  some.give(Capability::refer_send);
  EXPECT_TRUE(some.has(Capability::refer_send));
  some.take(Capability::refer_send);
  EXPECT_FALSE(some.has(Capability::refer_send));
  EXPECT_TRUE(some.has(Capability::relay_hold));
}

}  // namespace
}  // namespace hamroh
