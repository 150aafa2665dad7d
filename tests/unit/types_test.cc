#include "protocol/types.h"

#include <gtest/gtest.h>

namespace hamroh {
namespace {

TEST(Hex, RoundTripsAndIsStrict) {
  const Bytes all{0x00, 0x7f, 0x80, 0xff};
  EXPECT_EQ(to_hex(all), "007f80ff");
  EXPECT_EQ(from_hex("007f80ff"), all);
  EXPECT_EQ(from_hex(""), Bytes{});
  for (const char* bad : {"0", "0g", "00 ", " 00", "0x00", "00\n"}) {
    EXPECT_FALSE(from_hex(bad)) << bad;
  }
}

TEST(Base64, IsThatOfRfc4648) {
  const std::pair<const char*, const char*> vectors[] = {{"", ""},
                                                         {"f", "Zg=="},
                                                         {"fo", "Zm8="},
                                                         {"foo", "Zm9v"},
                                                         {"foob", "Zm9vYg=="},
                                                         {"fooba", "Zm9vYmE="},
                                                         {"foobar", "Zm9vYmFy"}};
  for (const auto& [plain, encoded] : vectors) {
    EXPECT_EQ(to_base64(view(plain)), encoded);
    const auto decoded = from_base64(encoded);
    ASSERT_TRUE(decoded);
    EXPECT_EQ(text(*decoded), plain);
  }
}

TEST(Base64, RefusesWhatWouldNotBeEncodedIdentically) {
  for (const char* bad : {"Zg", "Zg=", "Zg===", "Zh==", "Zm9=", "Z", "=", "====", "Zm9v\n", "Zm 9v",
                          "Zm9-", "Z=g="}) {
    EXPECT_FALSE(from_base64(bad)) << bad;
  }
}

TEST(Identifiers, HaveExactlyTheirLength) {
  EXPECT_TRUE(MemberId::from(Bytes(16)));
  EXPECT_FALSE(MemberId::from(Bytes(15)));
  EXPECT_FALSE(MemberId::from(Bytes(17)));
  EXPECT_TRUE(MemberId::parse_hex(std::string(32, 'a')));
  EXPECT_FALSE(MemberId::parse_hex(std::string(31, 'a')));
  EXPECT_FALSE(MemberId::parse_hex(std::string(34, 'a')));
  EXPECT_TRUE(MemberId().is_zero());
}

TEST(Uuid, RoundTripsWithAndWithoutHyphens) {
  const MessageId id = *MessageId::parse_hex("0123456789abcdef0123456789abcdef");
  EXPECT_EQ(to_uuid(id), "01234567-89ab-cdef-0123-456789abcdef");
  EXPECT_EQ(MessageId::from(parse_uuid(to_uuid(id)).value()), id);
  EXPECT_EQ(MessageId::from(parse_uuid(id.hex()).value()), id);
  for (const char* bad :
       {"", "01234567-89ab-cdef-0123-456789abcde", "0123456-789ab-cdef-0123-456789abcdef",
        "01234567-89ab-cdef-0123456789abcdef0", "{0123456789abcdef0123456789abcd}"}) {
    EXPECT_FALSE(parse_uuid(bad)) << bad;
  }
}

TEST(Time, SaturatesAtBothEnds) {
  EXPECT_EQ(Timestamp{UINT64_MAX} + days(1), Timestamp{UINT64_MAX});
  EXPECT_EQ(Timestamp{5} - Timestamp{7}, Duration{0});
  EXPECT_EQ(Timestamp{7} - Timestamp{5}, Duration{2});
}

TEST(Time, IsPrintedInUtc) {
  EXPECT_EQ(to_iso8601({0}), "1970-01-01T00:00:00.000Z");
  EXPECT_EQ(to_iso8601({951'782'400'001}), "2000-02-29T00:00:00.001Z");
  EXPECT_EQ(to_iso8601({1'763'626'530'123}), "2025-11-20T08:15:30.123Z");
  EXPECT_EQ(to_iso8601({253'402'300'799'999}), "9999-12-31T23:59:59.999Z");
  EXPECT_EQ(to_iso8601({253'402'300'800'000}), "9999-12-31T23:59:59.999Z");
  EXPECT_EQ(to_iso8601({UINT64_MAX}), "9999-12-31T23:59:59.999Z");
}

TEST(Reader, ReadsWhatWasPutBigEndian) {
  Bytes bytes;
  put_u8(bytes, 0x01);
  put_u16(bytes, 0x0203);
  put_u32(bytes, 0x04050607);
  put_u64(bytes, 0x08090a0b0c0d0e0f);
  EXPECT_EQ(to_hex(bytes), "0102030405060708090a0b0c0d0e0f");
  ByteReader reader(bytes);
  EXPECT_EQ(reader.u8(), 0x01U);
  EXPECT_EQ(reader.u16(), 0x0203U);
  EXPECT_EQ(reader.u32(), 0x04050607U);
  EXPECT_FALSE(reader.finished());
  EXPECT_EQ(reader.u64(), 0x08090a0b0c0d0e0fU);
  EXPECT_TRUE(reader.finished());
}

TEST(Reader, ShortReadIsRememberedForEver) {
  const Bytes bytes{1, 2, 3};
  ByteReader reader(bytes);
  EXPECT_EQ(reader.u32(), 0U);
  EXPECT_FALSE(reader.ok());
  EXPECT_EQ(reader.u8(), 0U);
  EXPECT_TRUE(reader.take(0).empty());
  EXPECT_FALSE(reader.ok());
  EXPECT_FALSE(reader.finished());
  ByteReader huge(bytes);
  EXPECT_TRUE(huge.take(SIZE_MAX).empty());
  EXPECT_FALSE(huge.ok());
}

TEST(IntegerKeys, AreOrderedLikeTheirNumbers) {
  EXPECT_LT(key_u64(255), key_u64(256));
  EXPECT_LT(key_u64(1), key_u64(UINT64_MAX));
}

}  // namespace
}  // namespace hamroh
