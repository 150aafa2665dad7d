// Structured logs without user data, to standard error.
//
// A line is an event name and fields; names are literals, values are ids, counts and static texts
// only. There is no way to log a payload, a name or a key: `text` takes static strings by contract.
#pragma once

#include <initializer_list>
#include <string>
#include <variant>

#include "protocol/types.h"

namespace hamroh::log {

enum class Level : std::uint8_t { trace = 0, debug = 1, info = 2, warn = 3, error = 4 };

struct Field {
  const char* name;
  std::variant<std::uint64_t, std::string, const char*> value;
};
[[nodiscard]] inline Field count(const char* name, std::uint64_t value) {
  return {name, value};
}
template <class Tag>
[[nodiscard]] Field id(const char* name, const FixedBytes<Tag, 16>& value) {
  return {name, value.hex()};
}
[[nodiscard]] inline Field text(const char* name, const char* value) {
  return {name, value};
}

void start(const std::string& level, bool json);
void write(Level level, const char* event, std::initializer_list<Field> fields = {});
inline void info(const char* event, std::initializer_list<Field> fields = {}) {
  write(Level::info, event, fields);
}
inline void warn(const char* event, std::initializer_list<Field> fields = {}) {
  write(Level::warn, event, fields);
}
inline void debug(const char* event, std::initializer_list<Field> fields = {}) {
  write(Level::debug, event, fields);
}

}  // namespace hamroh::log
