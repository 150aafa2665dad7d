#include "admin/confusable.h"

#include <algorithm>
#include <array>

#include "protocol/text.h"

namespace hamroh {
namespace {

struct Lookalike {
  char32_t letter;
  char32_t like;
};

// Tajik letters and the Russian ones without their stroke.
constexpr std::array<Lookalike, 6> tajik{
    {{U'ғ', U'г'}, {U'ӣ', U'и'}, {U'қ', U'к'}, {U'ӯ', U'у'}, {U'ҳ', U'х'}, {U'ҷ', U'ч'}}};

// Small letters; capitals are made small first, so letters whose capitals look alike are here too.
constexpr std::array<Lookalike, 48> latin{{
    {U'а', U'a'}, {U'в', U'b'}, {U'с', U'c'}, {U'ԁ', U'd'}, {U'е', U'e'}, {U'ё', U'e'},
    {U'һ', U'h'}, {U'н', U'h'}, {U'і', U'l'}, {U'ї', U'l'}, {U'ӏ', U'l'}, {U'ј', U'j'},
    {U'к', U'k'}, {U'м', U'm'}, {U'о', U'o'}, {U'р', U'p'}, {U'ԛ', U'q'}, {U'ѕ', U's'},
    {U'т', U't'}, {U'ѵ', U'v'}, {U'ԝ', U'w'}, {U'х', U'x'}, {U'у', U'y'}, {U'ү', U'y'},
    {U'ѐ', U'e'}, {U'ѝ', U'и'}, {U'й', U'и'}, {U'α', U'a'}, {U'β', U'b'}, {U'ε', U'e'},
    {U'η', U'h'}, {U'ι', U'l'}, {U'κ', U'k'}, {U'μ', U'm'}, {U'ν', U'v'}, {U'ο', U'o'},
    {U'ρ', U'p'}, {U'τ', U't'}, {U'υ', U'y'}, {U'χ', U'x'}, {U'ζ', U'z'}, {U'ı', U'l'},
    {U'ł', U'l'}, {U'ɑ', U'a'}, {U'ɡ', U'g'}, {U'ø', U'o'}, {U'ѳ', U'o'}, {U'ө', U'o'},
}};

char32_t small(char32_t point) {
  const bool latin_capital = point >= U'A' && point <= U'Z';
  const bool greek_capital = point >= 0x391 && point <= 0x3A9;
  const bool cyrillic_capital = point >= 0x410 && point <= 0x42F;
  if (latin_capital || greek_capital || cyrillic_capital) {
    return point + 0x20;
  }
  if (point >= 0x400 && point <= 0x40F) {
    return point + 0x50;
  }
  if (point == 0x4C0) {  // palochka
    return 0x4CF;
  }
  const bool pairs = (point >= 0x460 && point <= 0x481) || (point >= 0x48A && point <= 0x4BF) ||
                     (point >= 0x4D0 && point <= 0x52F);  // Cyrillic: even capital, odd small
  if (pairs) {
    return point | 1U;
  }
  if (point >= 0xFF21 && point <= 0xFF3A) {  // full width
    return point - 0xFF21 + U'a';
  }
  return point >= 0xFF41 && point <= 0xFF5A ? point - 0xFF41 + U'a' : point;
}

template <std::size_t N>
char32_t folded_by(const std::array<Lookalike, N>& table, char32_t point) {
  const auto found = std::ranges::find(table, point, &Lookalike::letter);
  return found == table.end() ? point : found->like;
}

char32_t folded(char32_t point) {
  const char32_t letter = folded_by(latin, folded_by(tajik, small(point)));
  switch (letter) {
    case U'0':
      return U'o';
    case U'1':
    case U'i':
    case U'|':
      return U'l';
    default:
      return letter;
  }
}

bool is_separator(char32_t point) {
  const bool ascii_word = (point >= U'0' && point <= U'9') || (point >= U'a' && point <= U'z') ||
                          (point >= U'A' && point <= U'Z') || point == U'|';
  const bool wide_blank = point == 0xA0 || (point >= 0x2000 && point <= 0x206F) || point == 0x3000;
  return wide_blank || (point < 0x80 && !ascii_word);
}

bool is_latin(char32_t point) {
  return (point >= U'a' && point <= U'z') || (point >= U'A' && point <= U'Z') ||
         (point >= 0xC0 && point <= 0x24F && point != 0xD7 && point != 0xF7);
}

bool is_cyrillic(char32_t point) {
  return point >= 0x400 && point <= 0x52F;
}

void append_utf8(std::string& out, char32_t point) {
  const auto put = [&](char32_t byte) { out.push_back(static_cast<char>(byte)); };
  if (point < 0x80) {
    put(point);
  } else if (point < 0x800) {
    put(0xC0 | point >> 6);
    put(0x80 | (point & 0x3F));
  } else if (point < 0x10000) {
    put(0xE0 | point >> 12);
    put(0x80 | (point >> 6 & 0x3F));
    put(0x80 | (point & 0x3F));
  } else {
    put(0xF0 | point >> 18);
    put(0x80 | (point >> 12 & 0x3F));
    put(0x80 | (point >> 6 & 0x3F));
    put(0x80 | (point & 0x3F));
  }
}

// Calls `use` with each code point and its bytes; bytes that are no UTF-8 come singly, as point 0.
template <class Use>
void for_each_character(std::string_view name, Use&& use) {
  while (!name.empty()) {
    const Character character = first_character(view(name));
    const std::size_t length = std::max<std::size_t>(1, character.length);
    use(character.length == 0 ? char32_t{0} : character.point, name.substr(0, length));
    name.remove_prefix(length);
  }
}

}  // namespace

std::string skeleton(std::string_view name) {
  std::string out;
  for_each_character(name, [&](char32_t point, std::string_view) {
    if (!is_separator(point)) {
      append_utf8(out, folded(point));
    }
  });
  return out;
}

bool mixes_scripts(std::string_view name) {
  bool has_latin = false;
  bool has_cyrillic = false;
  for_each_character(name, [&](char32_t point, std::string_view) {
    has_latin = has_latin || is_latin(point);
    has_cyrillic = has_cyrillic || is_cyrillic(point);
  });
  return has_latin && has_cyrillic;
}

std::string escape_lookalikes(std::string_view name) {
  std::string out;
  for_each_character(name, [&](char32_t point, std::string_view bytes) {
    const char32_t like = folded(point);
    const bool lookalike = point >= 0x80 && (like < 0x80 || like != small(point));
    out += lookalike ? escape_character(point) : escape_for_terminal(bytes);
  });
  return out;
}

}  // namespace hamroh
