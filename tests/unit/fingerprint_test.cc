#include "protocol/fingerprint.h"

#include <gtest/gtest.h>
#include <algorithm>
#include <map>
#include <random>
#include <set>

#include "protocol/constants.h"
#include "protocol/crypto.h"
#include "protocol/text.h"

namespace hamroh {
namespace {

constexpr std::array languages = {WordLanguage::english, WordLanguage::russian,
                                  WordLanguage::tajik};
constexpr std::size_t letters_min = 3;
constexpr std::size_t letters_max = 9;
constexpr std::size_t distance_min = 3;
constexpr std::size_t telling_letters = 4;

// The Cyrillic letters of two bytes each, and ASCII.
std::vector<std::string> letters_of(std::string_view word) {
  std::vector<std::string> letters;
  for (std::size_t at = 0; at < word.size(); at += letters.back().size()) {
    letters.emplace_back(word.substr(at, static_cast<std::uint8_t>(word[at]) < 0x80 ? 1 : 2));
  }
  return letters;
}

std::string replaced(std::string_view text, const std::map<std::string, std::string>& letters) {
  std::string out;
  for (const std::string& letter : letters_of(text)) {
    const auto found = letters.find(letter);
    out += found == letters.end() ? letter : found->second;
  }
  return out;
}

// Independent of the code under test, which folds code points.
std::string folded(std::string_view word) {
  return replaced(
      word, {{"ё", "е"}, {"ғ", "г"}, {"ӣ", "и"}, {"қ", "к"}, {"ӯ", "у"}, {"ҳ", "х"}, {"ҷ", "ч"}});
}

std::size_t distance(const std::vector<std::string>& a, const std::vector<std::string>& b) {
  std::vector<std::size_t> row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) {
    row[j] = j;
  }
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = std::exchange(row[0], i);
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t changed = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
      diagonal = row[j];
      row[j] = std::min({row[j] + 1, row[j - 1] + 1, changed});
    }
  }
  return row[b.size()];
}

Fingerprint numbered(std::uint8_t first) {
  Fingerprint fingerprint;
  for (std::uint8_t& byte : fingerprint.bytes) {
    byte = first++;
  }
  return fingerprint;
}

std::string joined(const std::vector<std::string>& words, std::string_view between) {
  std::string text;
  for (const std::string& word : words) {
    text += (text.empty() ? "" : std::string(between)) + word;
  }
  return text;
}

std::vector<std::string> words_of(const Fingerprint& fingerprint, WordLanguage language) {
  std::vector<std::string> words;
  for (const std::uint8_t byte : fingerprint.bytes) {
    words.emplace_back(word_list(language)[byte]);
  }
  return words;
}

TEST(Fingerprint, IsTheBeginningOfALabelledHash) {
  ASSERT_TRUE(crypto::start());
  EXPECT_EQ(labels::fingerprint, std::string("hamroh/fingerprint/1") + '\0');
  const Digest digest = crypto::sha256({view(labels::fingerprint), view("a request")});
  const Fingerprint fingerprint = fingerprint_of(view("a request"));
  EXPECT_TRUE(std::equal(fingerprint.bytes.begin(), fingerprint.bytes.end(), digest.bytes.begin()));
  EXPECT_NE(fingerprint, fingerprint_of(view("a request ")));
}

TEST(Fingerprint, FixedVectorInEachLanguage) {
  const Fingerprint fingerprint = fingerprint_of(view("Hamroh"));
  EXPECT_EQ(fingerprint.hex(), "0af57fcbb71e623a420aa90a");
  EXPECT_EQ(fingerprint_words(fingerprint, WordLanguage::english),
            "backpack walnut minute sparrow · robot building hedgehog cupboard · drawer backpack "
            "plastic backpack");
  EXPECT_EQ(fingerprint_words(fingerprint, WordLanguage::russian),
            "бабочка шиповник морковь ступень · салфетка вечер корица жемчуг · звонок бабочка "
            "пуговица бабочка");
  EXPECT_EQ(fingerprint_words(fingerprint, WordLanguage::tajik),
            "атола шалғам офтоб фаввора · таблак гелос мавиз зардолу · камзӯл атола саҳро атола");
}

TEST(WordLanguage, HasThreeCodesAndNoOther) {
  EXPECT_EQ(parse_word_language("en"), WordLanguage::english);
  EXPECT_EQ(parse_word_language("ru"), WordLanguage::russian);
  EXPECT_EQ(parse_word_language("tg"), WordLanguage::tajik);
  for (const char* other : {"", "e", "EN", "en ", "tj", "english"}) {
    EXPECT_EQ(parse_word_language(other), std::nullopt) << other;
  }
}

TEST(WordLists, HoldLowerCaseWordsOfTheLanguagesOwnLetters) {
  const std::map<WordLanguage, std::string> alphabets = {
      {WordLanguage::english, "abcdefghijklmnopqrstuvwxyz"},
      {WordLanguage::russian, "абвгдеёжзийклмнопрстуфхцчшщъыьэюя"},
      {WordLanguage::tajik, "абвгғдеёжзиӣйкқлмнопрстуӯфхҳчҷшъэюя"}};
  for (const auto& [language, alphabet] : alphabets) {
    for (const std::string_view word : word_list(language)) {
      ASSERT_TRUE(is_plain_text(word));
      const auto letters = letters_of(word);
      EXPECT_GE(letters.size(), letters_min) << word;
      EXPECT_LE(letters.size(), letters_max) << word;
      for (const std::string& letter : letters) {
        EXPECT_NE(alphabet.find(letter), std::string::npos) << word;
      }
    }
  }
}

TEST(WordLists, AnyTwoWordsAreFarApart) {
  for (const WordLanguage language : languages) {
    std::vector<std::vector<std::string>> words;
    for (const std::string_view word : word_list(language)) {
      words.push_back(letters_of(folded(word)));
    }
    for (std::size_t i = 0; i < words.size(); ++i) {
      for (std::size_t j = 0; j < i; ++j) {
        EXPECT_GE(distance(words[i], words[j]), distance_min)
            << word_list(language)[i] << " " << word_list(language)[j];
      }
    }
  }
}

TEST(WordLists, TheFirstFourLettersTellTheWord) {
  for (const WordLanguage language : languages) {
    std::set<std::vector<std::string>> beginnings;
    for (const std::string_view word : word_list(language)) {
      auto letters = letters_of(folded(word));
      letters.resize(std::min(letters.size(), telling_letters));
      EXPECT_TRUE(beginnings.insert(letters).second) << word;
    }
  }
}

TEST(WordLists, NoWordBelongsToTwoLanguages) {
  std::set<std::string> words;
  for (const WordLanguage language : languages) {
    for (const std::string_view word : word_list(language)) {
      EXPECT_TRUE(words.insert(folded(word)).second) << word;
    }
  }
}

TEST(WordLists, NeverChange) {
  const std::map<WordLanguage, std::string> digests = {
      {WordLanguage::english, "140eaef26a4fc9fd65c1e36268e214cb6db51f9ee9d63d969563bbd25bbbd0ee"},
      {WordLanguage::russian, "69f6152ba03f56c216898a9bca08f8cc59cc2e800af3b21992697a2267389bf4"},
      {WordLanguage::tajik, "b0f770a3a395a015fb84e56c6343b776bbd0ca280ffd129b6ee6e2b56713aac5"}};
  for (const auto& [language, digest] : digests) {
    std::string all;
    for (const std::string_view word : word_list(language)) {
      all += std::string(word) + "\n";
    }
    EXPECT_EQ(crypto::sha256({view(all)}).hex(), digest);
  }
}

TEST(FingerprintWords, EveryWordOfEveryLanguageComesBack) {
  for (const WordLanguage language : languages) {
    for (unsigned first = 0; first < 256; ++first) {
      const Fingerprint fingerprint = numbered(static_cast<std::uint8_t>(first));
      EXPECT_EQ(parse_fingerprint_words(fingerprint_words(fingerprint, language)), fingerprint);
    }
  }
}

TEST(FingerprintWords, RandomFingerprintsComeBack) {
  std::mt19937 random(20261124);
  for (const WordLanguage language : languages) {
    for (int round = 0; round < 200; ++round) {
      Fingerprint fingerprint;
      for (std::uint8_t& byte : fingerprint.bytes) {
        byte = static_cast<std::uint8_t>(random() & 0xFFU);
      }
      EXPECT_EQ(parse_fingerprint_words(fingerprint_words(fingerprint, language)), fingerprint);
    }
  }
}

TEST(FingerprintWords, AnyUsualWayToPutWordsApartIsForgiven) {
  for (const WordLanguage language : languages) {
    const Fingerprint fingerprint = numbered(240);  // and over the end of the list
    const auto words = words_of(fingerprint, language);
    for (const char* between : {" ", "  ", "\n", "\r\n", "\t", ",", ", ", "-", " - ", " · ", "·",
                                " — ", "–", "\u2010", "\u2011", "\u00A0"}) {
      EXPECT_EQ(parse_fingerprint_words(joined(words, between)), fingerprint) << between;
    }
    EXPECT_EQ(parse_fingerprint_words("\n  " + joined(words, " ") + ",\n"), fingerprint);
  }
}

TEST(FingerprintWords, UpperCaseIsForgiven) {
  std::map<std::string, std::string> capitals = {{"ё", "Ё"}, {"ғ", "Ғ"}, {"ӣ", "Ӣ"}, {"қ", "Қ"},
                                                 {"ӯ", "Ӯ"}, {"ҳ", "Ҳ"}, {"ҷ", "Ҷ"}};
  const auto small = letters_of("abcdefghijklmnopqrstuvwxyzабвгдежзийклмнопрстуфхцчшщъыьэюя");
  const auto large = letters_of("ABCDEFGHIJKLMNOPQRSTUVWXYZАБВГДЕЖЗИЙКЛМНОПРСТУФХЦЧШЩЪЫЬЭЮЯ");
  for (std::size_t i = 0; i < small.size(); ++i) {
    capitals[small[i]] = large.at(i);
  }
  for (const WordLanguage language : languages) {
    for (unsigned first = 0; first < 256; ++first) {
      const Fingerprint fingerprint = numbered(static_cast<std::uint8_t>(first));
      const std::string words = joined(words_of(fingerprint, language), " ");
      const std::string shouted = replaced(words, capitals);
      EXPECT_NE(shouted, words);
      EXPECT_EQ(parse_fingerprint_words(shouted), fingerprint) << shouted;
    }
  }
}

TEST(FingerprintWords, EverydaySpellingsAreForgiven) {
  const std::map<std::string, std::string> old_fonts = {{"ғ", "ѓ"}, {"ӣ", "ї"}, {"қ", "ќ"},
                                                        {"ӯ", "ў"}, {"ҳ", "њ"}, {"ҷ", "љ"}};
  for (const WordLanguage language : {WordLanguage::russian, WordLanguage::tajik}) {
    for (unsigned first = 0; first < 256; ++first) {
      const Fingerprint fingerprint = numbered(static_cast<std::uint8_t>(first));
      const std::string words = joined(words_of(fingerprint, language), " ");
      EXPECT_EQ(parse_fingerprint_words(folded(words)), fingerprint) << folded(words);
      EXPECT_EQ(parse_fingerprint_words(replaced(words, old_fonts)), fingerprint) << words;
    }
  }
}

TEST(FingerprintWords, AnotherNumberOfWordsIsRefused) {
  for (const WordLanguage language : languages) {
    auto words = words_of(numbered(7), language);
    words.push_back(words.front());
    EXPECT_EQ(parse_fingerprint_words(joined(words, " ")), std::nullopt);
    words.resize(11);
    EXPECT_EQ(parse_fingerprint_words(joined(words, " ")), std::nullopt);
  }
  EXPECT_EQ(parse_fingerprint_words(""), std::nullopt);
  EXPECT_EQ(parse_fingerprint_words(" · , - "), std::nullopt);
}

TEST(FingerprintWords, OneWordOfAnotherLanguageIsRefused) {
  for (const WordLanguage language : languages) {
    for (const WordLanguage other : languages) {
      for (const std::size_t place : {0U, 5U, 11U}) {
        auto words = words_of(numbered(100), language);
        words[place] = words_of(numbered(100), other)[place];
        EXPECT_EQ(parse_fingerprint_words(joined(words, " ")).has_value(), language == other);
      }
    }
  }
}

TEST(FingerprintWords, AnUnknownOrSlightlyWrongWordIsRefused) {
  for (const WordLanguage language : languages) {
    const auto good = words_of(numbered(33), language);
    for (const std::string wrong : {"hamroh", "ҳамроҳ", "a", "я"}) {
      auto words = good;
      words[3] = wrong;
      EXPECT_EQ(parse_fingerprint_words(joined(words, " ")), std::nullopt) << wrong;
    }
    auto words = good;
    words[11] += language == WordLanguage::english ? "s" : "ы";
    EXPECT_EQ(parse_fingerprint_words(joined(words, " ")), std::nullopt);
    words = good;
    words[4] += words[5];  // a separator forgotten
    words[5] = words[6];
    EXPECT_EQ(parse_fingerprint_words(joined(words, " ")), std::nullopt);
  }
}

TEST(FingerprintWords, JunkBytesAreRefused) {
  const std::string good = fingerprint_words(numbered(9), WordLanguage::tajik);
  ASSERT_TRUE(parse_fingerprint_words(good));
  for (const std::string& junk :
       {std::string(1, '\0'), std::string("\x1b"), std::string("."), std::string("1"),
        std::string("\xff"), std::string("\x80"), std::string("\xd0"), std::string("\xe2\x80"),
        std::string("\xc0\xa0"),      // overlong blanks
        std::string("\xe0\x80\xa0"),  // in two lengths
        std::string("\xed\xa0\x80"), std::string("\xf0\x9f\x98\x80"), std::string("\u200B"),
        std::string("é"), std::string("Ԁ")}) {
    EXPECT_EQ(parse_fingerprint_words(good + junk), std::nullopt) << to_hex(view(junk));
    EXPECT_EQ(parse_fingerprint_words(junk + good), std::nullopt) << to_hex(view(junk));
    EXPECT_EQ(parse_fingerprint_words(good + " " + junk), std::nullopt) << to_hex(view(junk));
  }
}

TEST(FingerprintWords, ALatinLetterAmongCyrillicOnesIsRefused) {
  const std::string words = fingerprint_words(numbered(0), WordLanguage::russian);
  const std::string mixed = replaced(words, {{"а", "a"}});
  ASSERT_NE(words, mixed);
  EXPECT_EQ(parse_fingerprint_words(mixed), std::nullopt);
}

TEST(FingerprintWords, TextOverTheBoundIsRefused) {
  std::string text = fingerprint_words(numbered(9), WordLanguage::russian);
  text.append(limits::fingerprint_text_bytes_max - text.size(), ' ');
  EXPECT_TRUE(parse_fingerprint_words(text));
  EXPECT_EQ(parse_fingerprint_words(text + " "), std::nullopt);
}

}  // namespace
}  // namespace hamroh
