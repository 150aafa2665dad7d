#include "daemon/totp.h"

#include <gtest/gtest.h>

namespace hamroh {
namespace {

FactorSecret secret() {
  const std::string_view ascii = "12345678901234567890";  // RFC 6238, appendix B
  return FactorSecret(view(ascii).first<20>());
}
constexpr Timestamp at(std::uint64_t seconds) {
  return {seconds * 1000};
}

TEST(SecondFactor, TakesTheCodesOfTheRfc) {
  EXPECT_EQ(check_code(secret(), "287082", at(59), 0), 1U);
  EXPECT_EQ(check_code(secret(), "081804", at(1'111'111'109), 0), 37'037'036U);
  EXPECT_EQ(check_code(secret(), "050471", at(1'111'111'111), 0), 37'037'037U);
  EXPECT_EQ(check_code(secret(), "005924", at(1'234'567'890), 0), 41'152'263U);
}

TEST(SecondFactor, ACodeCountsOnceAndNeverAgain) {
  const auto step = check_code(secret(), "005924", at(1'234'567'890), 0);
  ASSERT_TRUE(step);
  EXPECT_FALSE(check_code(secret(), "005924", at(1'234'567'890), *step));
  EXPECT_FALSE(check_code(secret(), "005924", at(1'234'567'890), *step + 1));
}

TEST(SecondFactor, ATelephoneMayBeOneStepOffAndNotTwo) {
  EXPECT_TRUE(check_code(secret(), "005924", at(1'234'567'890 + 30), 0));
  EXPECT_TRUE(check_code(secret(), "005924", at(1'234'567'890 - 30), 0));
  EXPECT_FALSE(check_code(secret(), "005924", at(1'234'567'890 + 60), 0));
  EXPECT_FALSE(check_code(secret(), "005924", at(1'234'567'890 - 60), 0));
}

TEST(SecondFactor, AClockThatWasAheadOnceLocksNobodyOut) {
  const std::uint64_t far_ahead = 41'152'263 + 1'000'000;
  EXPECT_TRUE(check_code(secret(), "005924", at(1'234'567'890), far_ahead));
}

TEST(SecondFactor, RefusesWhatIsNoCode) {
  for (const std::string& code : {std::string(), std::string("00592"), std::string("0059240"),
                                  std::string("abcdef"), std::string(1'000'000, '0')}) {
    EXPECT_FALSE(check_code(secret(), code, at(1'234'567'890), 0));
  }
  EXPECT_FALSE(check_code(secret(), "287082", {UINT64_MAX}, 0));
}

TEST(SecondFactor, ItsUriEscapesWhateverStandsInTheNames) {
  EXPECT_EQ(enrolment_uri(secret(), "Umed Khujand", "Мадина&x=1"),
            "otpauth://totp/Umed%20Khujand:%D0%9C%D0%B0%D0%B4%D0%B8%D0%BD%D0%B0%26x%3D1"
            "?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=Umed%20Khujand");
}

}  // namespace
}  // namespace hamroh
