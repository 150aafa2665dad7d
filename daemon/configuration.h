// hamroh.toml: every option with its default. `node init` writes the file with all of them; an
// absent file means the defaults, and an unknown key is an error that names its line.
#pragma once

#include <string>

#include "protocol/types.h"

namespace hamroh {

struct Configuration {
  std::string listen;              // [node] where to bind; empty: the published endpoint
  std::string node_key_file;       // [vault] relative to the home; empty: node.key
  std::string reader_key_file;     // empty: reader.key
  std::string passphrase_file;     // empty: a node with a passphrase starts locked
  std::string lock_after = "0";    // minutes without a local request; "0": never by itself
  std::uint32_t inputs_max = 256;  // [turn] inputs in one transaction; 1 … 4096
  std::uint32_t cache_kib = 4096;  // [store]
  std::uint64_t log_bytes_checkpoint = 16 * 1024 * 1024;
  std::uint32_t lifetime_days = 30;         // [messages]
  std::uint32_t session_idle_minutes = 30;  // [users]
  std::uint32_t session_hours = 12;
  bool erase_on_request = false;       // [erasure] on_request: "ask" or "erase"
  std::uint32_t retention_days = 0;    // [retention]; 0: nothing goes by itself
  std::uint32_t backup_key_days = 30;  // [backup]
  std::uint32_t backup_keys = 3;
  std::uint64_t backup_log_bytes_max = 256ULL << 20U;
  std::string log_level = "info";   // [log] trace debug info warn error
  std::string log_format = "text";  // or "json"
};

// lock_after as a time; zero: never.
[[nodiscard]] Duration lock_delay(const Configuration& configuration);

struct ConfigurationFault {
  std::string text;  // what, and on which line
};

[[nodiscard]] tl::expected<Configuration, ConfigurationFault> parse_configuration(
    std::string_view toml);
// The file that `node init` writes: every option, explained, at its default.
[[nodiscard]] std::string default_configuration();

}  // namespace hamroh
