#include "daemon/configuration.h"

#include <gtest/gtest.h>

namespace hamroh {
namespace {

std::string fault_of(std::string_view toml) {
  const auto parsed = parse_configuration(toml);
  return parsed ? "" : parsed.error().text;
}

TEST(Configuration, WrittenDefaultsAreTheDefaults) {
  const auto written = parse_configuration(default_configuration());
  ASSERT_TRUE(written) << written.error().text;
  const Configuration none;
  EXPECT_EQ(written->listen, none.listen);
  EXPECT_EQ(written->inputs_max, none.inputs_max);
  EXPECT_EQ(written->cache_kib, none.cache_kib);
  EXPECT_EQ(written->log_bytes_checkpoint, none.log_bytes_checkpoint);
  EXPECT_EQ(written->lifetime_days, none.lifetime_days);
  EXPECT_EQ(written->lock_after, none.lock_after);
  EXPECT_EQ(written->erase_on_request, none.erase_on_request);
  EXPECT_EQ(written->retention_days, none.retention_days);
  EXPECT_EQ(written->log_level, none.log_level);
  EXPECT_EQ(written->log_format, none.log_format);
}

TEST(Configuration, WrittenFileNamesEveryOption) {
  const std::string text = default_configuration();
  for (const char* option : {"listen", "node_key_file", "reader_key_file", "passphrase_file",
                             "lock_after", "inputs_max", "cache_kib", "log_bytes_checkpoint",
                             "lifetime_days", "on_request", "days", "level", "format"}) {
    EXPECT_NE(text.find(std::string(option) + " = "), std::string::npos) << option;
  }
}

TEST(Configuration, ValuesAreTaken) {
  const auto parsed = parse_configuration(
      "[node]\nlisten = \"tcp://0.0.0.0:7311\"\n[turn]\ninputs_max = 1\n[log]\nformat = "
      "\"json\"\n");
  ASSERT_TRUE(parsed);
  EXPECT_EQ(parsed->listen, "tcp://0.0.0.0:7311");
  EXPECT_EQ(parsed->inputs_max, 1U);
  EXPECT_EQ(parsed->log_format, "json");
  const auto erases =
      parse_configuration("[erasure]\non_request = \"erase\"\n[retention]\ndays = 3650\n");
  ASSERT_TRUE(erases);
  EXPECT_TRUE(erases->erase_on_request);
  EXPECT_EQ(erases->retention_days, 3650U);
}

TEST(Configuration, TheVaultLocksByItselfAfterMinutes) {
  EXPECT_EQ(lock_delay({}), Duration{});
  for (const auto& [written, delay] :
       {std::pair{"0", minutes(0)}, {"1", minutes(1)}, {"15", minutes(15)}, {"10080", days(7)}}) {
    const auto parsed =
        parse_configuration("[vault]\nlock_after = \"" + std::string(written) + "\"");
    ASSERT_TRUE(parsed) << written;
    EXPECT_EQ(lock_delay(*parsed), delay);
  }
  for (const char* wrong : {"\"\"", "\"-1\"", "\"1.5\"", "\"15m\"", "\" 1\"", "\"10081\"", "15"}) {
    EXPECT_NE(fault_of("[vault]\nlock_after = " + std::string(wrong)), "") << wrong;
  }
}

TEST(Configuration, FaultsNameTheOptionAndTheLine) {
  EXPECT_EQ(fault_of("[turn]\n\ninputs_maximum = 3\n"),
            "turn.inputs_maximum is not an option (line 3)");
  EXPECT_EQ(fault_of("[turn]\ninputs_max = 0\n"),
            "turn.inputs_max must be a whole number from 1 to 4096 (line 2)");
  EXPECT_NE(fault_of("[turn]\ninputs_max = 4097\n"), "");
  EXPECT_NE(fault_of("[turn]\ninputs_max = \"many\"\n"), "");
  EXPECT_NE(fault_of("[turn]\ninputs_max = 2.5\n"), "");
  EXPECT_NE(fault_of("[log]\nlevel = \"loud\"\n"), "");
  EXPECT_NE(fault_of("[erasure]\non_request = \"perhaps\"\n"), "");
  EXPECT_NE(fault_of("[retention]\ndays = -1\n"), "");
  EXPECT_NE(fault_of("[turns]\n").find("turns"), std::string::npos);
  EXPECT_NE(fault_of("turn = 3\n"), "");
  EXPECT_NE(fault_of("[turn\n").find("line 1"), std::string::npos);
  EXPECT_NE(fault_of(std::string(70'000, '#')), "");
}

}  // namespace
}  // namespace hamroh
