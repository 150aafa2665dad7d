// Which text from outside is fit to be shown to people: valid UTF-8 without characters that could
// make it look like something else.
#pragma once

#include <string_view>

#include "protocol/types.h"

namespace hamroh {

// RFC 3629: no overlong forms, no surrogates, nothing above U+10FFFF.
[[nodiscard]] bool is_valid_utf8(ByteView bytes);

// The code point at the front of bytes that are not empty; length 0 if there is no valid UTF-8.
struct Character {
  char32_t point = 0;
  std::size_t length = 0;
};
[[nodiscard]] Character first_character(ByteView bytes);

enum class Lines : std::uint8_t { one = 1, many = 2 };  // many: newline and tab are allowed

// Valid UTF-8 without control characters (C0, DEL, C1) and without the bidirectional and invisible
// format characters that reorder or hide text (U+200B…200F, U+202A…202E, U+2060…2069, U+FEFF).
[[nodiscard]] bool is_plain_text(std::string_view text, Lines lines = Lines::one);

// The number of code points of valid UTF-8.
[[nodiscard]] std::size_t count_characters(std::string_view text);

// For terminals and logs of operators: everything that is not plain text becomes \u{…} or \x…, so
// that data cannot move the cursor or pose as another line.
[[nodiscard]] std::string escape_for_terminal(std::string_view text, Lines lines = Lines::one);
[[nodiscard]] std::string escape_character(char32_t point);  // always: \u{…}

}  // namespace hamroh
