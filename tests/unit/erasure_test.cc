// Certificates of erasure, and what is kept of an erased case.

#include "protocol/erasure.h"

#include <gtest/gtest.h>

#include "tests/unit/store_fixture.h"

namespace hamroh {
namespace {

const crypto::SigningKey author = crypto::SigningKey::from_seed(store_fixture::symmetric_key(5));

ErasureCertificate certificate() {
  ErasureCertificate made;
  made.network.bytes.fill(0x0a);
  made.member.bytes.fill(0x0b);
  made.incarnation = 2;
  made.case_id.bytes.fill(0x0c);
  made.reason = ErasureReason::withdrawal;
  made.time = {1'790'000'000'000};
  made.messages = 3;
  made.root.bytes.fill(0x0d);
  made.index = 77;
  made.key = *AuthorKey::from(author.public_key().view());
  return made;
}

ErasedRecord record() {
  ErasedRecord made;
  made.certificate = sign_erasure(certificate(), author);
  made.asked.push_back({*MemberId::from(Bytes(16, 1)), *MessageId::from(Bytes(16, 2)), {}, {}});
  made.asked.push_back(
      {*MemberId::from(Bytes(16, 3)), *MessageId::from(Bytes(16, 4)), made.certificate, {9}});
  made.asking.push_back({*MemberId::from(Bytes(16, 5)), made.certificate, {8}, true});
  return made;
}

TEST(Erasure, ACertificateComesBackAsItWasSigned) {
  const Bytes file = sign_erasure(certificate(), author);
  EXPECT_EQ(file.size(), certificate_bytes);
  const auto parsed = parse_erasure(file);
  ASSERT_TRUE(parsed);
  EXPECT_EQ(*parsed, certificate());
}

TEST(Erasure, AnyChangedBitIsRefused) {
  const Bytes file = sign_erasure(certificate(), author);
  for (std::size_t bit = 0; bit < file.size() * 8; ++bit) {
    Bytes changed = file;
    changed[bit / 8] ^= static_cast<std::uint8_t>(1U << (bit % 8));
    EXPECT_FALSE(parse_erasure(changed)) << bit;
  }
}

TEST(Erasure, AnotherLengthIsRefused) {
  Bytes file = sign_erasure(certificate(), author);
  for (std::size_t length = 0; length < file.size(); ++length) {
    EXPECT_FALSE(parse_erasure(ByteView(file).first(length)));
  }
  file.push_back(0);
  EXPECT_FALSE(parse_erasure(file));
}

TEST(Erasure, AReasonThatNobodyKnowsIsRefusedThoughItIsSigned) {
  ErasureCertificate strange = certificate();
  strange.reason = static_cast<ErasureReason>(7);
  EXPECT_FALSE(parse_erasure(sign_erasure(strange, author)));
  strange.reason = static_cast<ErasureReason>(0);
  EXPECT_FALSE(parse_erasure(sign_erasure(strange, author)));
}

TEST(Erasure, OnlyAnEmptyCaseHasTheEmptyRoot) {
  ErasureCertificate nothing = certificate();
  nothing.messages = 0;
  EXPECT_FALSE(parse_erasure(sign_erasure(nothing, author)));
  nothing.root = erasure_root({});
  EXPECT_TRUE(parse_erasure(sign_erasure(nothing, author)));
  nothing.messages = 1;
  EXPECT_FALSE(parse_erasure(sign_erasure(nothing, author)));
}

TEST(Erasure, TheRootIsThatOfRfc6962OverTheDigests) {
  const Digest one = crypto::sha256({view("one")});
  const Digest two = crypto::sha256({view("two")});
  const std::vector<Digest> both{one, two};
  EXPECT_EQ(erasure_root(both), node_hash(leaf_hash(one.view()), leaf_hash(two.view())));
}

TEST(Erasure, ReasonsHaveNames) {
  for (unsigned value = 1; value <= 6; ++value) {
    const auto reason = static_cast<ErasureReason>(value);
    EXPECT_EQ(parse_erasure_reason(erasure_reason_name(reason)), reason);
  }
  EXPECT_EQ(parse_erasure_reason("unknown"), std::nullopt);
  EXPECT_EQ(parse_erasure_reason(""), std::nullopt);
}

TEST(Erasure, ARecordComesBackAsItWasKept) {
  EXPECT_EQ(ErasedRecord::parse(record().encode()).value(), record());
  EXPECT_EQ(ErasedRecord::parse(ErasedRecord{}.encode()).value(), ErasedRecord{});
}

TEST(Erasure, ARecordOfAnotherLengthIsCorrupt) {
  Bytes row = record().encode();
  for (std::size_t length = 0; length < row.size(); ++length) {
    EXPECT_FALSE(ErasedRecord::parse(ByteView(row).first(length))) << length;
  }
  row.push_back(0);
  EXPECT_FALSE(ErasedRecord::parse(row));
}

}  // namespace
}  // namespace hamroh
