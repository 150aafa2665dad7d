#include "protocol/text.h"

#include <cstring>

namespace hamroh {
namespace {

bool is_plain(char32_t point, Lines lines) {
  if (point == '\n' || point == '\t') {
    return lines == Lines::many;
  }
  const bool control = point < 0x20 || (point >= 0x7F && point <= 0x9F);
  const bool hidden = (point >= 0x200B && point <= 0x200F) || point == 0x061C ||
                      (point >= 0x2028 && point <= 0x202E) ||
                      (point >= 0x2060 && point <= 0x2069) || point == 0xFEFF ||
                      (point >= 0xFFF9 && point <= 0xFFFB);
  return !control && !hidden;
}

// How many leading bytes, in steps of eight, are printable ASCII: nearly all text is mostly that.
std::size_t printable_ascii(ByteView bytes) {
  constexpr std::uint64_t ones = 0x0101010101010101;
  constexpr std::uint64_t high = 0x80 * ones;
  std::size_t length = 0;
  for (; length + 8 <= bytes.size(); length += 8) {
    std::uint64_t word = 0;
    std::memcpy(&word, bytes.data() + length, 8);
    const std::uint64_t rubout = word ^ (0x7F * ones);  // a zero byte where there is 0x7F
    const std::uint64_t control = (word - 0x20 * ones) | (rubout - ones);
    if (((word | control) & high) != 0) {
      break;
    }
  }
  return length;
}

std::string hex_of(char32_t point) {
  constexpr std::string_view digits = "0123456789abcdef";
  std::string hex;
  for (int shift = 20; shift >= 0; shift -= 4) {
    const auto digit = static_cast<std::size_t>((point >> shift) & 15U);
    if (digit != 0 || !hex.empty() || shift == 0) {
      hex.push_back(digits[digit]);
    }
  }
  return hex;
}

}  // namespace

Character first_character(ByteView bytes) {
  const std::uint8_t lead = bytes[0];
  if (lead < 0x80) {
    return {lead, 1};
  }
  const std::size_t length = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
  if (lead < 0xC2 || lead > 0xF4 || bytes.size() < length) {
    return {};
  }
  char32_t point = lead & (0xFFU >> (length + 1));
  for (std::size_t i = 1; i < length; ++i) {
    if ((bytes[i] & 0xC0U) != 0x80U) {
      return {};
    }
    point = point << 6 | (bytes[i] & 0x3FU);
  }
  const bool overlong = (length == 3 && point < 0x800) || (length == 4 && point < 0x10000);
  const bool surrogate = point >= 0xD800 && point <= 0xDFFF;
  return overlong || surrogate || point > 0x10FFFF ? Character{} : Character{point, length};
}

bool is_valid_utf8(ByteView bytes) {
  while (!bytes.empty()) {
    const Character character = first_character(bytes);
    if (character.length == 0) {
      return false;
    }
    bytes = bytes.subspan(character.length);
  }
  return true;
}

bool is_plain_text(std::string_view text, Lines lines) {
  ByteView bytes = view(text);
  while (!bytes.empty()) {
    bytes = bytes.subspan(printable_ascii(bytes));
    if (bytes.empty()) {
      break;
    }
    const Character character = first_character(bytes);
    if (character.length == 0 || !is_plain(character.point, lines)) {
      return false;
    }
    bytes = bytes.subspan(character.length);
  }
  return true;
}

std::size_t count_characters(std::string_view text) {
  std::size_t count = 0;
  for (const char c : text) {
    count += (static_cast<std::uint8_t>(c) & 0xC0U) != 0x80U ? 1U : 0U;
  }
  return count;
}

std::string escape_for_terminal(std::string_view text, Lines lines) {
  std::string out;
  ByteView bytes = view(text);
  while (!bytes.empty()) {
    const Character character = first_character(bytes);
    const std::size_t length = std::max<std::size_t>(1, character.length);
    if (character.length == 0) {
      out += "\\x" + to_hex(bytes.first(1));
    } else if (is_plain(character.point, lines)) {
      out.append(hamroh::text(bytes.first(length)));
    } else {
      out += escape_character(character.point);
    }
    bytes = bytes.subspan(length);
  }
  return out;
}

std::string escape_character(char32_t point) {
  return "\\u{" + hex_of(point) + "}";
}

}  // namespace hamroh
