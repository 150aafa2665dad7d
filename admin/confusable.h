// Names that look like other names.
//
// Latin, Cyrillic and Greek have letters that nobody can tell apart, and Tajik letters differ from
// Russian ones by a small stroke. `skeleton` folds what looks alike to one form: lower case, Tajik
// letters as Russian ones, these as the Latin letters that they look like, 0 as o, 1, i and | as l;
// blanks and punctuation are left out. Two names with one skeleton may be taken for one another.
// After the idea of Unicode TS 39, with a table of our own for the scripts of the region.
#pragma once

#include <string>
#include <string_view>

namespace hamroh {

[[nodiscard]] std::string skeleton(std::string_view name);
[[nodiscard]] bool mixes_scripts(std::string_view name);  // Latin and Cyrillic letters in one name
// As escape_for_terminal, and every letter beyond ASCII that looks like another one as \u{…} too.
[[nodiscard]] std::string escape_lookalikes(std::string_view name);

}  // namespace hamroh
