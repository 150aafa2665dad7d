#include "protocol/text.h"

#include <gtest/gtest.h>

namespace hamroh {
namespace {

bool valid(std::string_view text) {
  return is_valid_utf8(view(text));
}

TEST(Utf8, TakesEveryWellFormedCharacter) {
  for (const char* good : {"", "a", "\x7f", "\u0080", "\u07ff", "\u0800", "\uffff", "\U00010000",
                           "\U0010ffff", "\xed\x9f\xbf", "\xee\x80\x80", "Тоҷикӣ"}) {
    EXPECT_TRUE(valid(good)) << good;
  }
  EXPECT_TRUE(valid(std::string_view("a\0b", 3)));
}

TEST(Utf8, RefusesOverlongSurrogateTooHighAndCutForms) {
  for (const char* bad : {"\x80",
                          "\xbf",
                          "\xc0\x80",
                          "\xc1\xbf",
                          "\xe0\x80\x80",
                          "\xe0\x9f\xbf",
                          "\xf0\x80\x80\x80",
                          "\xf0\x8f\xbf\xbf",
                          "\xed\xa0\x80",
                          "\xed\xbf\xbf",
                          "\xf4\x90\x80\x80",
                          "\xf5\x80\x80\x80",
                          "\xff",
                          "\xfe",
                          "\xc3",
                          "\xe2\x82",
                          "\xf0\x9f\x98",
                          "\xc3(",
                          "\xe2(\xa1",
                          "a\xc3"}) {
    EXPECT_FALSE(valid(bad)) << to_hex(view(bad));
  }
}

TEST(PlainText, HasNoControlCharacters) {
  EXPECT_TRUE(is_plain_text("Салом, ҷаҳон! 12"));
  for (const char* bad : {"\x01", "a\x1b[2J", "\r", "a\x7f", "\u0080", "\u009f", "a\xff"}) {
    EXPECT_FALSE(is_plain_text(bad)) << to_hex(view(bad));
    EXPECT_FALSE(is_plain_text(bad, Lines::many)) << to_hex(view(bad));
  }
  EXPECT_FALSE(is_plain_text(std::string_view("\0", 1)));
}

TEST(PlainText, BreaksLinesOnlyWhereLinesAreAllowed) {
  EXPECT_FALSE(is_plain_text("a\nb"));
  EXPECT_FALSE(is_plain_text("a\tb"));
  EXPECT_TRUE(is_plain_text("a\nb\tc", Lines::many));
}

TEST(PlainText, HidesAndReordersNothing) {
  for (const char* bad : {"\u200b", "\u200f", "\u202a", "\u202e", "\u2060", "\u2069", "\ufeff"}) {
    EXPECT_FALSE(is_plain_text(bad)) << to_hex(view(bad));
    EXPECT_FALSE(is_plain_text(std::string("ordinary ") + bad)) << to_hex(view(bad));
  }
  for (const char* good : {"\u200a", "\u2010", "\u2029\u202f"}) {
    EXPECT_TRUE(is_valid_utf8(view(good)));
  }
  EXPECT_TRUE(is_plain_text("\u2010"));
}

TEST(Characters, AreCountedAndNotBytes) {
  EXPECT_EQ(count_characters(""), 0U);
  EXPECT_EQ(count_characters("abc"), 3U);
  EXPECT_EQ(count_characters("Тоҷикӣ"), 6U);
  EXPECT_EQ(count_characters("\U0001F600"), 1U);
}

TEST(Escaping, MakesEverythingPlainAndLeavesPlainTextAlone) {
  EXPECT_EQ(escape_for_terminal("Салом"), "Салом");
  EXPECT_EQ(escape_for_terminal("a\x1b[2J"), "a\\u{1b}[2J");
  EXPECT_EQ(escape_for_terminal("a\nb"), "a\\u{a}b");
  EXPECT_EQ(escape_for_terminal("a\nb", Lines::many), "a\nb");
  EXPECT_EQ(escape_for_terminal("a\u202eb"), "a\\u{202e}b");
  EXPECT_EQ(escape_for_terminal("a\xff\xc3"), "a\\xff\\xc3");
  for (unsigned a = 0; a < 256; ++a) {
    for (unsigned b = 0; b < 256; b += 5) {
      const std::string two{static_cast<char>(a), static_cast<char>(b)};
      ASSERT_TRUE(is_plain_text(escape_for_terminal(two)));
    }
  }
}

}  // namespace
}  // namespace hamroh
