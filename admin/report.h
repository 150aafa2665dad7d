// How the programs speak to people and scripts: exit codes, refusals and JSON.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "protocol/types.h"

namespace hamroh {

inline constexpr int exit_done = 0;
inline constexpr int exit_refused = 1;
inline constexpr int exit_usage = 2;
inline constexpr int exit_no_node = 3;
inline constexpr int exit_timed_out = 4;

// What happened, where, and what to do next. With `json` it goes to standard output as
// {"error": CODE, "text": …, "where": …, "remedy": …}; the words always go to standard error.
// Returns exit_refused.
int refuse(bool json, const std::string& where, const Error& error, const std::string& remedy = {});
int refuse(bool json, const std::string& where, Code code, const std::string& text,
           const std::string& remedy = {});

// A JSON string literal of any bytes: invalid UTF-8 becomes U+FFFD.
[[nodiscard]] std::string json_string(std::string_view text);

}  // namespace hamroh
