// A jurisdiction pack as its TOML file, version "pack/1" (the file's form: admin/PACK.md).
//
// Reading finds every mistake, not only the first: of the letters, then of the syntax, then of
// names and types together with what the values mean (`faults_of`). Each mistake has its line and
// column and says what to do; at most limits::pack_faults_max are told.
//
// For hostile bytes: the file is bounded before it is looked at; a scan of our own bounds nesting,
// keys and lines before the TOML library sees it, because the library destroys nested tables by
// recursion; strings over several lines are refused, so that this scan and the library always
// agree on what is a string. Reading never throws.
#pragma once

#include <string>
#include <vector>

#include "protocol/pack.h"

namespace hamroh {

struct PackMistake {
  std::uint32_t line = 0;  // from 1
  std::uint32_t column = 0;
  std::string what;    // escaped for terminals
  std::string remedy;  // the same
  bool operator==(const PackMistake&) const = default;
};

// In order of lines; never empty on failure.
[[nodiscard]] tl::expected<Pack, std::vector<PackMistake>> read_pack(std::string_view toml);

// "15 min", "8 h", "14 days", "3 working days", "2 months", "1 year"; the singular and the plural
// are both taken. Nothing if it is none of these, zero, or over the bound of its unit.
[[nodiscard]] std::optional<Period> parse_period(std::string_view text);

}  // namespace hamroh
