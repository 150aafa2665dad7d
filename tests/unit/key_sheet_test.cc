#include "protocol/key_sheet.h"

#include <functional>

#include "protocol/wire_key_sheet.h"
#include "tests/unit/directory_fixture.h"

namespace hamroh {
namespace {

using namespace directory_fixture;

NetworkId network() {
  NetworkId network;
  network.bytes[0] = 42;
  return network;
}

// Eight weekly epochs from today on, as a node publishes them.
KeySheet sheet(std::size_t epochs = tuning::epochs_ahead) {
  KeySheet sheet{network(), member(1).id, 1, 5, today, {}};
  for (std::size_t n = 0; n < epochs; ++n) {
    SheetKey key;
    key.key.bytes[0] = static_cast<std::uint8_t>(n + 1);
    key.begins = today + Duration{n * tuning::epoch_length.ms};
    key.ends = key.begins + tuning::epoch_length;
    sheet.keys.push_back(key);
  }
  return sheet;
}

Result<VerifiedKeySheet> verified(const KeySheet& sheet, unsigned signer = 100) {
  return verify_key_sheet(sign_key_sheet(sheet, key(signer)), network(), member(1).id, 1,
                          member(1).author);
}

Code code_with(const std::function<void(KeySheet&)>& change) {
  KeySheet changed = sheet();
  change(changed);
  return code_of(verified(changed));
}

TEST(KeySheet, RoundTripsAndKeepsTheSignedBytes) {
  const auto good = verified(sheet());
  ASSERT_TRUE(good);
  EXPECT_EQ(good->value(), sheet());
  EXPECT_EQ(good->file(), sign_key_sheet(sheet(), key(100)));
}

TEST(KeySheet, IsSignedByItsMembersAuthorKey) {
  EXPECT_EQ(code_of(verified(sheet(), 101)), Code::bad_signature);
  EXPECT_EQ(code_of(verified(sheet(), 200)), Code::bad_signature);
}

TEST(KeySheet, IsOfThisNetworkMemberAndIncarnation) {
  KeySheet elsewhere = sheet();
  elsewhere.network.bytes[0] ^= 1;
  // Its signature names another network, so it is not even one of this network.
  EXPECT_EQ(code_of(verified(elsewhere)), Code::bad_signature);
  // Nor is one that its author signed for this network, but that names another inside.
  const Bytes payload = wire::encode_key_sheet(elsewhere);
  Bytes statement;
  append(statement, view(labels::key_sheet));
  append(statement, network().view());
  append(statement, crypto::sha256({payload}).view());
  const Bytes file = wire::encode_signed_key_sheet(payload, key(100).sign(statement));
  EXPECT_EQ(code_of(verify_key_sheet(file, network(), member(1).id, 1, member(1).author)),
            Code::wrong_network);
  EXPECT_EQ(code_with([](KeySheet& s) { s.member = member(2).id; }), Code::unknown_member);
  EXPECT_EQ(code_with([](KeySheet& s) { s.incarnation = 2; }), Code::unknown_member);
}

TEST(KeySheet, EpochsFollowOneAnotherWithoutGapOrOverlap) {
  EXPECT_EQ(code_with([](KeySheet& s) { s.keys[3].begins.ms += 1; }), Code::malformed);
  EXPECT_EQ(code_with([](KeySheet& s) { s.keys[3].begins.ms -= 1; }), Code::malformed);
  EXPECT_EQ(code_with([](KeySheet& s) { std::swap(s.keys[0], s.keys[1]); }), Code::malformed);
  EXPECT_EQ(code_with([](KeySheet& s) { s.keys[7].ends = s.keys[7].begins; }), Code::malformed);
}

TEST(KeySheet, RepeatsNoKey) {
  EXPECT_EQ(code_with([](KeySheet& s) { s.keys[7].key = s.keys[0].key; }), Code::malformed);
}

TEST(KeySheet, HoldsOneToItsMostKeys) {
  EXPECT_TRUE(verified(sheet(1)));
  EXPECT_TRUE(verified(sheet(limits::key_sheet_epochs_max)));
  EXPECT_EQ(code_of(verified(sheet(0))), Code::malformed);
  EXPECT_EQ(code_of(verified(sheet(limits::key_sheet_epochs_max + 1))), Code::malformed);
}

TEST(KeySheet, SealsToTheKeyOfTheCurrentEpoch) {
  const VerifiedKeySheet good = verified(sheet()).value();
  for (const SheetKey& expected : sheet().keys) {
    EXPECT_EQ(good.key_at(expected.begins), expected);
    EXPECT_EQ(good.key_at({expected.ends.ms - 1}), expected);
  }
}

TEST(KeySheet, SealsToTheNearestKeyOutsideItsTime) {
  const VerifiedKeySheet good = verified(sheet()).value();
  EXPECT_EQ(good.key_at({0}), sheet().keys.front());
  EXPECT_EQ(good.key_at(sheet().keys.back().ends), sheet().keys.back());
  EXPECT_EQ(good.key_at({UINT64_MAX}), sheet().keys.back());
}

TEST(KeySheet, NoFlippedOrMissingByteIsEverAnotherSheet) {
  const Bytes file = sign_key_sheet(sheet(), key(100));
  const auto verify = [](ByteView bytes) {
    return verify_key_sheet(bytes, network(), member(1).id, 1, member(1).author);
  };
  for (std::size_t at = 0; at < file.size(); ++at) {
    Bytes flipped = file;
    flipped[at] ^= 0x80;
    const auto result = verify(flipped);
    ASSERT_TRUE(!result || result->value() == sheet()) << at;
    const auto cut = verify(ByteView(file).first(at));
    ASSERT_TRUE(!cut || cut->value() == sheet()) << at;
  }
}

TEST(KeySheet, KeyIdsAreOfTheKeyAlone) {
  const SheetKey first = sheet().keys[0];
  EXPECT_EQ(epoch_key_id(first.key), epoch_key_id(first.key));
  EXPECT_NE(epoch_key_id(first.key), epoch_key_id(sheet().keys[1].key));
  const Digest digest = crypto::sha256({view(labels::epoch_key_id), first.key.view()});
  EXPECT_TRUE(std::ranges::equal(epoch_key_id(first.key).view(), digest.view().first(16)));
}

}  // namespace
}  // namespace hamroh
