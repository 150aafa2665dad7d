#include "protocol/rotation.h"

#include "tests/unit/directory_fixture.h"

namespace hamroh {
namespace {

using namespace directory_fixture;

Result<VerifiedRotation> verified(ByteView file) {
  return verify_rotation(founded().network(), file);
}

Code code_with(const std::function<void(Rotation&)>& change) {
  Rotation changed = rotation(1);
  change(changed);
  return code_of(verified(rotation_file(changed, 1, 100)));
}

TEST(Rotation, ReplacesKeysAndAddressAndNothingElse) {
  Rotation moved = rotation(1);
  moved.endpoint = "tcp://192.0.2.9:7311";
  const auto rotated = verified(rotation_file(moved, 1, 100));
  ASSERT_TRUE(rotated);
  ASSERT_TRUE(rotated->follows(member(1)));
  const Member next = rotated->applied_to(member(1));
  Member wanted = member(1);
  wanted.key_serial = 1;
  wanted.author = moved.author;
  wanted.receipt = moved.receipt;
  wanted.witness = moved.witness;
  wanted.transport = moved.transport;
  wanted.endpoint = moved.endpoint;
  EXPECT_EQ(next, wanted);
}

TEST(Rotation, FollowsOnlyThePresentKeysSerialAndIncarnation) {
  const auto code = [](const std::function<void(Member&)>& change) {
    Member present = member(1);
    change(present);
    return code_of(verified(rotation_file(1, 1))->follows(present));
  };
  EXPECT_EQ(code([](Member&) {}), Code::none);
  EXPECT_EQ(code([](Member& m) { m.key_serial = 1; }), Code::stale_version);
  EXPECT_EQ(code([](Member& m) { m.incarnation = 2; }), Code::stale_version);
  EXPECT_EQ(code([](Member& m) { m.id = member(2).id; }), Code::stale_version);
  EXPECT_EQ(code([](Member& m) { m.author = member(2).author; }), Code::bad_signature);
  EXPECT_EQ(code_of(verified(rotation_file(1, 2))->follows(member(1))), Code::broken_chain);
  Rotation later = rotation(1);
  later.incarnation = 2;
  EXPECT_EQ(code_of(verified(rotation_file(later, 1, 100))->follows(member(1))),
            Code::broken_chain);
}

TEST(Rotation, IsSignedByTheAuthorKeyUntilNowNotByTheNewOne) {
  const auto by_itself = verified(rotation_file(rotation(1), 1, rotated_key(1, 1, 0)));
  ASSERT_TRUE(by_itself);
  EXPECT_EQ(code_of(by_itself->follows(member(1))), Code::bad_signature);
  const auto by_receipt_key = verified(rotation_file(rotation(1), 1, 101));
  ASSERT_TRUE(by_receipt_key);
  EXPECT_EQ(code_of(by_receipt_key->follows(member(1))), Code::bad_signature);
}

TEST(Rotation, SaysWhichKeysChange) {
  Rotation author_only = rotation(1);
  author_only.receipt = member(1).receipt;
  author_only.witness = member(1).witness;
  author_only.transport = member(1).transport;
  const auto author = key(rotated_key(1, 1, 0));
  const auto receipt = key(101);
  const auto witness = key(102);
  const auto rotated = verified(make_rotation(author_only, key(100), {author, receipt, witness}));
  ASSERT_TRUE(rotated);
  EXPECT_EQ(rotated->changed_in(member(1)), 1U << static_cast<unsigned>(KeyPurpose::author));
  constexpr auto bit = [](KeyPurpose purpose) { return 1U << static_cast<unsigned>(purpose); };
  EXPECT_EQ(verified(rotation_file(1, 1))->changed_in(member(1)),
            bit(KeyPurpose::author) | bit(KeyPurpose::receipt) | bit(KeyPurpose::witness) |
                bit(KeyPurpose::transport));
}

TEST(Rotation, ProvesPossessionOfItsSigningKeys) {
  EXPECT_EQ(code_with([](Rotation& r) { r.author = public_of<AuthorKey>(7); }),
            Code::bad_signature);
  EXPECT_EQ(code_with([](Rotation& r) { r.receipt = public_of<ReceiptKey>(7); }),
            Code::bad_signature);
  EXPECT_EQ(code_with([](Rotation& r) { r.witness = public_of<WitnessKey>(7); }),
            Code::bad_signature);
}

TEST(Rotation, UsesNoKeyForTwoPurposes) {
  EXPECT_EQ(code_with([](Rotation& r) { r.transport.bytes = r.author.bytes; }), Code::conflict);
}

TEST(Rotation, BelongsToItsNetworkAndIsWhole) {
  EXPECT_EQ(code_with([](Rotation& r) { r.network.bytes[0] ^= 1; }), Code::wrong_network);
  EXPECT_EQ(code_with([](Rotation& r) { r.serial = 0; }), Code::malformed);
  EXPECT_EQ(code_with([](Rotation& r) { r.incarnation = 0; }), Code::malformed);
  EXPECT_EQ(code_with([](Rotation& r) { r.member = {}; }), Code::malformed);
  EXPECT_EQ(code_with([](Rotation& r) { r.endpoint = "tcp://host"; }), Code::malformed);
}

TEST(Rotation, NoFlippedByteIsEverAnotherRotation) {
  const Bytes file = rotation_file(1);
  for (std::size_t at = 0; at < file.size(); ++at) {
    Bytes flipped = file;
    flipped[at] ^= 0x01;
    const auto parsed = verified(flipped);
    ASSERT_TRUE(!parsed || parsed->value() == rotation(1)) << at;
  }
  for (std::size_t length = 0; length < file.size(); ++length) {
    const auto cut = verified(ByteView(file).first(length));
    ASSERT_TRUE(!cut || cut->value() == rotation(1)) << length;
  }
}

TEST(Rotation, IsBoundedAndRefusesGarbage) {
  EXPECT_EQ(code_of(verified(Bytes(limits::statement_bytes_max + 1))), Code::too_large);
  for (const std::size_t length : {0U, 1U, 8U, 64U, 4096U}) {
    EXPECT_FALSE(verified(Bytes(length, 0xff)));
  }
}

}  // namespace
}  // namespace hamroh
