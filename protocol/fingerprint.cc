#include "protocol/fingerprint.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "protocol/constants.h"
#include "protocol/crypto.h"

namespace hamroh {
namespace {

constexpr std::size_t words_per_group = 4;
constexpr std::array languages = {WordLanguage::english, WordLanguage::russian,
                                  WordLanguage::tajik};

// What is typed for what, in lower case.
constexpr std::array<std::pair<char32_t, char32_t>, 13> spellings = {{
    {U'ё', U'е'},
    {U'ғ', U'г'},
    {U'ӣ', U'и'},
    {U'қ', U'к'},
    {U'ӯ', U'у'},
    {U'ҳ', U'х'},
    {U'ҷ', U'ч'},
    {U'ѓ', U'г'},
    {U'ї', U'и'},
    {U'ќ', U'к'},
    {U'ў', U'у'},
    {U'њ', U'х'},
    {U'љ', U'ч'},
}};
// Space, tab, line feed, carriage return, comma, hyphen, no-break space, middle dot, and the
// hyphens and dashes of word processors.
constexpr std::u32string_view separators = U" \t\n\r,-\u00A0\u00B7\u2010\u2011\u2012\u2013\u2014";
constexpr std::u32string_view tajik_capitals = U"ҒҚҲҶӢӮ";

// Takes the next character off; nothing if it is not UTF-8 of at most three bytes. Surrogates need
// no care: fold() does not know them.
std::optional<char32_t> take_character(std::string_view& text) {
  const auto lead = static_cast<std::uint8_t>(text.front());
  const std::size_t length = lead < 0x80 ? 1 : lead < 0xE0 ? 2 : 3;
  if ((lead >= 0x80 && lead < 0xC2) || lead >= 0xF0 || text.size() < length) {
    return std::nullopt;
  }
  char32_t point = length == 1 ? lead : lead & (0xFFU >> (length + 1));
  for (std::size_t i = 1; i < length; ++i) {
    const auto next = static_cast<std::uint8_t>(text[i]);
    if ((next & 0xC0U) != 0x80U) {
      return std::nullopt;
    }
    point = point << 6 | (next & 0x3FU);
  }
  if (length == 3 && point < 0x800) {
    return std::nullopt;  // overlong
  }
  text.remove_prefix(length);
  return point;
}

char32_t lower(char32_t point) {
  if ((point >= U'A' && point <= U'Z') || (point >= U'А' && point <= U'Я')) {
    return point + 0x20;
  }
  if (point >= 0x0400 && point <= 0x040F) {  // Ё and its row
    return point + 0x50;
  }
  // The Tajik letters stand in pairs, the capital first.
  return tajik_capitals.find(point) != tajik_capitals.npos ? point + 1 : point;
}

// The letter by which words are compared; nothing if it is no letter of the three alphabets.
std::optional<char32_t> fold(char32_t point) {
  const char32_t small = lower(point);
  const auto* spelling = std::find_if(spellings.begin(), spellings.end(),
                                      [&](const auto& pair) { return pair.first == small; });
  if (spelling != spellings.end()) {
    return spelling->second;
  }
  const bool letter = (small >= U'a' && small <= U'z') || (small >= U'а' && small <= U'я');
  return letter ? std::optional(small) : std::nullopt;
}

// The folded words of a text; nothing if it has a character that is neither letter nor separator.
std::optional<std::vector<std::u32string>> folded_words(std::string_view text) {
  std::vector<std::u32string> words;
  bool inside = false;
  while (!text.empty()) {
    const auto point = take_character(text);
    if (!point) {
      return std::nullopt;
    }
    if (separators.find(*point) != separators.npos) {
      inside = false;
      continue;
    }
    const auto letter = fold(*point);
    if (!letter) {
      return std::nullopt;
    }
    if (!std::exchange(inside, true)) {
      words.emplace_back();
    }
    words.back().push_back(*letter);
  }
  return words;
}

std::vector<std::u32string> folded_list(WordLanguage language) {
  std::vector<std::u32string> list;
  for (const std::string_view word : word_list(language)) {
    const auto folded = folded_words(word);
    CHECK(folded && folded->size() == 1);
    list.push_back(folded->front());
  }
  return list;
}

std::optional<Fingerprint> look_up(const std::vector<std::u32string>& words,
                                   WordLanguage language) {
  const auto list = folded_list(language);
  Fingerprint fingerprint;
  for (std::size_t i = 0; i < Fingerprint::size; ++i) {
    const auto found = std::find(list.begin(), list.end(), words[i]);
    if (found == list.end()) {
      return std::nullopt;
    }
    fingerprint.bytes[i] = static_cast<std::uint8_t>(found - list.begin());
  }
  return fingerprint;
}

}  // namespace

Fingerprint fingerprint_of(ByteView statement) {
  const Digest digest = crypto::sha256({view(labels::fingerprint), statement});
  Fingerprint fingerprint;
  std::copy_n(digest.bytes.begin(), Fingerprint::size, fingerprint.bytes.begin());
  return fingerprint;
}

std::optional<WordLanguage> parse_word_language(std::string_view code) {
  if (code == "en") {
    return WordLanguage::english;
  }
  if (code == "ru") {
    return WordLanguage::russian;
  }
  return code == "tg" ? std::optional(WordLanguage::tajik) : std::nullopt;
}

std::string fingerprint_words(const Fingerprint& fingerprint, WordLanguage language) {
  const WordList& list = word_list(language);
  std::string words;
  for (std::size_t i = 0; i < Fingerprint::size; ++i) {
    if (i > 0) {
      words += i % words_per_group == 0 ? " · " : " ";
    }
    words += list[fingerprint.bytes[i]];
  }
  return words;
}

std::optional<Fingerprint> parse_fingerprint_words(std::string_view typed) {
  if (typed.size() > limits::fingerprint_text_bytes_max) {
    return std::nullopt;
  }
  const auto words = folded_words(typed);
  if (!words || words->size() != Fingerprint::size) {
    return std::nullopt;
  }
  for (const WordLanguage language : languages) {
    if (const auto fingerprint = look_up(*words, language)) {
      return fingerprint;
    }
  }
  return std::nullopt;
}

}  // namespace hamroh
