#include "daemon/configuration.h"

#include <toml++/toml.h>
#include <charconv>
#include <set>
#include <utility>

#include "protocol/constants.h"

namespace hamroh {
namespace {

constexpr std::size_t backup_keys_kept_max = 32;

using Fault = std::optional<ConfigurationFault>;

ConfigurationFault at(const toml::node& node, const std::string& what) {
  return {what + " (line " + std::to_string(node.source().begin.line) + ")"};
}

// Reads one section and keeps account of the keys that it knows.
class Section {
 public:
  Section(const toml::table& root, std::string name) : name_(std::move(name)) {
    table_ = root[name_].as_table();
    if (table_ == nullptr && root.contains(name_)) {
      fault_ = at(*root.get(name_), name_ + " is not a section");
    }
  }
  void text(const char* key, std::string& out) {
    if (const toml::node* node = take(key)) {
      const auto value = node->value_exact<std::string>();
      if (value) {
        out = *value;
      } else {
        fault_ = at(*node, name_ + "." + key + " must be a text");
      }
    }
  }
  template <class Number>
  void number(const char* key, Number& out, std::int64_t low, std::int64_t high) {
    if (const toml::node* node = take(key)) {
      const auto value = node->value_exact<std::int64_t>();
      if (value && *value >= low && *value <= high) {
        out = static_cast<Number>(*value);
      } else {
        fault_ = at(*node, name_ + "." + key + " must be a whole number from " +
                               std::to_string(low) + " to " + std::to_string(high));
      }
    }
  }
  [[nodiscard]] Fault finish() {
    if (table_ != nullptr && !fault_) {
      for (const auto& [key, node] : *table_) {
        if (!known_.contains(std::string(key.str()))) {
          return at(node, name_ + "." + std::string(key.str()) + " is not an option");
        }
      }
    }
    return fault_;
  }

 private:
  const toml::node* take(const char* key) {
    known_.insert(key);
    return table_ == nullptr || fault_ ? nullptr : table_->get(key);
  }
  std::string name_;
  const toml::table* table_ = nullptr;
  std::set<std::string> known_;
  Fault fault_;
};

std::optional<std::uint64_t> lock_minutes(std::string_view text) {
  constexpr std::uint64_t minutes_max = 7 * 24 * 60;
  std::uint64_t minutes = 0;
  const char* end = text.data() + text.size();
  const auto [rest, fault] = std::from_chars(text.data(), end, minutes);
  return fault == std::errc{} && rest == end && minutes <= minutes_max ? std::optional(minutes)
                                                                       : std::nullopt;
}

Fault read_sections(const toml::table& root, Configuration& out) {
  const std::set<std::string_view> sections{"node",  "vault",   "turn",      "store",  "messages",
                                            "users", "erasure", "retention", "backup", "log"};
  for (const auto& [key, node] : root) {
    if (!sections.contains(key.str())) {
      return at(node, std::string(key.str()) + " is not a section");
    }
  }
  Section node(root, "node");
  node.text("listen", out.listen);
  Section vault(root, "vault");
  vault.text("node_key_file", out.node_key_file);
  vault.text("reader_key_file", out.reader_key_file);
  vault.text("passphrase_file", out.passphrase_file);
  vault.text("lock_after", out.lock_after);
  Section turn(root, "turn");
  turn.number("inputs_max", out.inputs_max, 1, static_cast<std::int64_t>(limits::turn_inputs_max));
  Section store(root, "store");
  store.number("cache_kib", out.cache_kib, 64, 1'048'576);
  store.number("log_bytes_checkpoint", out.log_bytes_checkpoint, 65'536, 1'073'741'824);
  Section messages(root, "messages");
  messages.number("lifetime_days", out.lifetime_days, 1, 365);
  Section users(root, "users");
  users.number("session_idle_minutes", out.session_idle_minutes, 1, 1440);
  users.number("session_hours", out.session_hours, 1, 168);
  Section erasure(root, "erasure");
  std::string on_request = "ask";
  erasure.text("on_request", on_request);
  Section retention(root, "retention");
  retention.number("days", out.retention_days, 0, 36'500);
  Section backup(root, "backup");
  backup.number("key_days", out.backup_key_days, 1, 365);
  backup.number("keys", out.backup_keys, 2, static_cast<std::int64_t>(backup_keys_kept_max));
  backup.number("log_bytes_max", out.backup_log_bytes_max, 1'048'576, 1'099'511'627'776);
  Section log(root, "log");
  log.text("level", out.log_level);
  log.text("format", out.log_format);
  for (Section* section :
       {&node, &vault, &turn, &store, &messages, &users, &erasure, &retention, &backup, &log}) {
    if (Fault fault = section->finish()) {
      return fault;
    }
  }
  if (!lock_minutes(out.lock_after)) {
    return ConfigurationFault{
        "vault.lock_after must be a number of minutes from \"0\" to \"10080\""};
  }
  if (on_request != "ask" && on_request != "erase") {
    return ConfigurationFault{"erasure.on_request must be ask or erase"};
  }
  out.erase_on_request = on_request == "erase";
  const std::set<std::string> levels{"trace", "debug", "info", "warn", "error"};
  if (!levels.contains(out.log_level)) {
    return ConfigurationFault{"log.level must be one of trace, debug, info, warn, error"};
  }
  if (out.log_format != "text" && out.log_format != "json") {
    return ConfigurationFault{"log.format must be text or json"};
  }
  return std::nullopt;
}

}  // namespace

Duration lock_delay(const Configuration& configuration) {
  return minutes(lock_minutes(configuration.lock_after).value_or(0));
}

tl::expected<Configuration, ConfigurationFault> parse_configuration(std::string_view text) {
  constexpr std::size_t bytes_max = 64 * 1024;
  if (text.size() > bytes_max) {
    return tl::unexpected(ConfigurationFault{"the file is over 64 KiB"});
  }
  try {
    const toml::table root = toml::parse(text);
    Configuration configuration;
    if (Fault fault = read_sections(root, configuration)) {
      return tl::unexpected(*fault);
    }
    return configuration;
  } catch (const toml::parse_error& error) {
    return tl::unexpected(ConfigurationFault{std::string(error.description()) + " (line " +
                                             std::to_string(error.source().begin.line) + ")"});
  }
}

std::string default_configuration() {
  return R"(# Configuration of this Hamroh node. Every option stands here with its default.

[node]
# Where to listen; empty: the endpoint that the directory publishes. Behind a firewall that
# forwards a port, this may be for example "tcp://0.0.0.0:7311".
listen = ""

[vault]
# Key files, relative to this directory; empty: node.key and reader.key.
node_key_file = ""
reader_key_file = ""
# A vault that opens with passphrases of users starts locked, and `hamroh unlock NAME` opens it. One
# that has a passphrase of its own (hamroh recovery use --passphrase-file) is opened at start by the
# file named here; keep it where only this service can read it.
passphrase_file = ""
# After so many minutes without a local request (other than for status and events) the vault locks
# by itself; "0": never.
lock_after = "0"

[turn]
# How many inputs may share one transaction, one signature and one sync to disk.
inputs_max = 256

[store]
cache_kib = 4096
# The log is moved into the database when it has grown to this many bytes.
log_bytes_checkpoint = 16777216

[messages]
# After this time an undelivered message is given up, and its author is told.
lifetime_days = 30

[users]
# Who was not active for so long has to log in again, and everybody does after so many hours.
session_idle_minutes = 30
session_hours = 12

[erasure]
# When the member that opened a case has erased it and asks for the same here: "ask" keeps that for
# people to decide (`hamroh erasure list`), "erase" follows by itself.
on_request = "ask"

[retention]
# A case in which nothing has happened for so many days is erased here, without asking others; 0:
# never by itself. It waits while the clock is in doubt.
days = 0

[backup]
# A backup opens with a key that serves for so many days; the newest so many keys are kept. Older
# ones are destroyed, so what is erased is gone from every backup after key_days times keys days.
key_days = 30
keys = 3
# A backup that keeps the log from being moved into the database is ended when the log is so large.
log_bytes_max = 268435456

[log]
# trace, debug, info, warn or error; to standard error, never with anything of a person in it.
level = "info"
# text or json
format = "text"
)";
}

}  // namespace hamroh
