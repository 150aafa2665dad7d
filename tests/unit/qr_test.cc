#include "admin/qr.h"

#include <gtest/gtest.h>
#include <png.h>
#include <qrencode.h>
#include <memory>

#include "protocol/constants.h"

namespace hamroh {
namespace {

constexpr std::size_t quiet = 4;
constexpr std::size_t pixels = 8;
const std::string sample = "hamroh:0af57fcbb71e623a420aa90a";

using Rows = std::vector<std::vector<bool>>;  // true: dark

// The library's own modules, with the quiet zone laid around them.
Rows expected_rows(const std::string& text) {
  const std::unique_ptr<QRcode, decltype(&QRcode_free)> code(
      QRcode_encodeData(static_cast<int>(text.size()), view(text).data(), 0, QR_ECLEVEL_M),
      &QRcode_free);
  const auto side = static_cast<std::size_t>(code->width);
  Rows rows(side + 2 * quiet, std::vector<bool>(side + 2 * quiet));
  for (std::size_t y = 0; y < side; ++y) {
    for (std::size_t x = 0; x < side; ++x) {
      rows[y + quiet][x + quiet] = (code->data[y * side + x] & 1U) != 0;
    }
  }
  return rows;
}

// Every pixel of a module has to be the same black or white.
Rows rows_of_png(const Bytes& png) {
  png_image image{};
  image.version = PNG_IMAGE_VERSION;
  EXPECT_NE(png_image_begin_read_from_memory(&image, png.data(), png.size()), 0);
  image.format = PNG_FORMAT_GRAY;
  Bytes grey(PNG_IMAGE_SIZE(image));
  EXPECT_NE(png_image_finish_read(&image, nullptr, grey.data(), 0, nullptr), 0);
  EXPECT_EQ(image.width, image.height);
  EXPECT_EQ(image.width % pixels, 0U);
  const std::size_t side = image.width / pixels;
  Rows rows(side, std::vector<bool>(side));
  for (std::size_t y = 0; y < image.height; ++y) {
    for (std::size_t x = 0; x < image.width; ++x) {
      const std::uint8_t shade = grey[y * image.width + x];
      EXPECT_TRUE(shade == 0 || shade == 255);
      if (y % pixels == 0 && x % pixels == 0) {
        rows[y / pixels][x / pixels] = shade == 0;
      }
      EXPECT_EQ(rows[y / pixels][x / pixels], shade == 0);
    }
  }
  return rows;
}

// Reads half blocks back; the last line may have half a row more than the code.
Rows rows_of_text(std::string_view text) {
  Rows rows;
  while (!text.empty()) {
    std::vector<bool> upper;
    std::vector<bool> lower;
    while (!text.starts_with('\n')) {
      const bool full = text.starts_with("█");
      upper.push_back(full || text.starts_with("▀"));
      lower.push_back(full || text.starts_with("▄"));
      const bool blank = text.starts_with(' ');
      EXPECT_TRUE(blank || upper.back() || lower.back());
      text.remove_prefix(blank ? 1 : 3);
    }
    text.remove_prefix(1);
    rows.push_back(upper);
    rows.push_back(lower);
  }
  return rows;
}

TEST(QrPng, ReadsBackAsTheModulesOfTheCode) {
  for (const std::string& text :
       {sample, std::string("A"), std::string("0123456789"), std::string("Салом, ҷаҳон"),
        std::string("with\0NUL", 8), std::string(limits::qr_text_bytes_max, 'x')}) {
    const auto png = qr_as_png(text);
    ASSERT_TRUE(png.has_value());
    EXPECT_EQ(rows_of_png(*png), expected_rows(text)) << text;
  }
}

TEST(QrPng, IsTheSameEachTime) {
  EXPECT_EQ(*qr_as_png(sample), *qr_as_png(sample));
}

TEST(QrTerminal, PlainBlocksReadBackAsTheModulesOfTheCode) {
  for (const std::string& text : {sample, std::string(limits::qr_text_bytes_max, 'x')}) {
    const auto blocks = qr_for_terminal(text, TerminalColours::none);
    ASSERT_TRUE(blocks.has_value());
    Rows rows = rows_of_text(*blocks);
    Rows expected = expected_rows(text);
    ASSERT_EQ(rows.size(), expected.size() + 1);  // the side is odd
    expected.emplace_back(expected.front().size());
    EXPECT_EQ(rows, expected);
  }
}

TEST(QrTerminal, EveryLineSetsBlackOnWhiteAndEndsIt) {
  const std::string begin = "\x1b[38;5;16;48;5;231m";
  const std::string end = "\x1b[0m";
  const auto plain = qr_for_terminal(sample, TerminalColours::none);
  const auto coloured = qr_for_terminal(sample);
  ASSERT_TRUE(plain.has_value() && coloured.has_value());
  EXPECT_EQ(plain->find('\x1b'), std::string::npos);

  std::string expected;
  std::string_view rest = *plain;
  while (!rest.empty()) {
    const auto length = rest.find('\n');
    expected += begin + std::string(rest.substr(0, length)) + end + "\n";
    rest.remove_prefix(length + 1);
  }
  EXPECT_EQ(*coloured, expected);
}

TEST(Qr, TextThatIsEmptyOrTooLongIsRefused) {
  const std::string too_long(limits::qr_text_bytes_max + 1, '0');
  EXPECT_EQ(qr_for_terminal("").error(), (Error{Code::invalid_argument, Blame::caller}));
  EXPECT_EQ(qr_as_png("").error(), (Error{Code::invalid_argument, Blame::caller}));
  EXPECT_EQ(qr_for_terminal(too_long).error(), (Error{Code::too_large, Blame::caller}));
  EXPECT_EQ(qr_as_png(too_long).error(), (Error{Code::too_large, Blame::caller}));
}

}  // namespace
}  // namespace hamroh
