#include "admin/qr.h"

#include <png.h>
#include <qrencode.h>
#include <memory>
#include <utility>

#include "protocol/constants.h"

namespace hamroh {
namespace {

constexpr std::size_t quiet_modules = 4;
constexpr std::size_t pixels_per_module = 8;
constexpr std::uint8_t black = 0x00;
constexpr std::uint8_t white = 0xFF;

// The 256 colours' black and white: themes change the first 16.
constexpr std::string_view black_on_white = "\x1b[38;5;16;48;5;231m";
constexpr std::string_view colours_end = "\x1b[0m";

// A code with its quiet zone.
class Modules {
 public:
  static Result<Modules> of(std::string_view text);
  [[nodiscard]] std::size_t side() const { return inner_side() + 2 * quiet_modules; }
  // Everything outside is light.
  [[nodiscard]] bool is_dark(std::size_t row, std::size_t column) const {
    const std::size_t y = row - quiet_modules;  // wraps to a large number inside the quiet zone
    const std::size_t x = column - quiet_modules;
    return y < inner_side() && x < inner_side() && (code_->data[y * inner_side() + x] & 1U) != 0;
  }

 private:
  using Owned = std::unique_ptr<QRcode, decltype(&QRcode_free)>;
  explicit Modules(Owned code) : code_(std::move(code)) {}
  [[nodiscard]] std::size_t inner_side() const { return static_cast<std::size_t>(code_->width); }

  Owned code_;
};

Result<Modules> Modules::of(std::string_view text) {
  if (text.empty()) {
    return caller_error(Code::invalid_argument, "there is no text for a QR code");
  }
  if (text.size() > limits::qr_text_bytes_max) {
    return caller_error(Code::too_large, "the text is too long for a QR code");
  }
  constexpr int smallest_version = 0;
  Owned code(QRcode_encodeData(static_cast<int>(text.size()), view(text).data(), smallest_version,
                               QR_ECLEVEL_M),
             &QRcode_free);
  if (!code) {
    return environment_error(Code::io_failed, "no memory for a QR code");
  }
  return Modules(std::move(code));
}

std::string_view half_blocks(bool upper, bool lower) {
  if (upper) {
    return lower ? "█" : "▀";
  }
  return lower ? "▄" : " ";
}

Bytes pixels_of(const Modules& modules, std::size_t side) {
  Bytes pixels;
  pixels.reserve(side * side);
  for (std::size_t y = 0; y < side; ++y) {
    for (std::size_t x = 0; x < side; ++x) {
      const bool dark = modules.is_dark(y / pixels_per_module, x / pixels_per_module);
      pixels.push_back(dark ? black : white);
    }
  }
  return pixels;
}

}  // namespace

Result<std::string> qr_for_terminal(std::string_view text, TerminalColours colours) {
  HAMROH_ASSIGN(const auto modules, Modules::of(text));
  const bool coloured = colours == TerminalColours::black_on_white;
  std::string out;
  for (std::size_t row = 0; row < modules.side(); row += 2) {
    out += coloured ? black_on_white : "";
    for (std::size_t column = 0; column < modules.side(); ++column) {
      out += half_blocks(modules.is_dark(row, column), modules.is_dark(row + 1, column));
    }
    out += coloured ? colours_end : "";
    out += '\n';
  }
  return out;
}

Result<Bytes> qr_as_png(std::string_view text) {
  HAMROH_ASSIGN(const auto modules, Modules::of(text));
  const std::size_t side = modules.side() * pixels_per_module;
  const auto pixels = pixels_of(modules, side);

  // libpng's simplified interface: its longjmp stays inside the library, and a failure comes back
  // as 0 with everything freed.
  png_image image{};
  image.version = PNG_IMAGE_VERSION;
  image.width = static_cast<png_uint_32>(side);
  image.height = static_cast<png_uint_32>(side);
  image.format = PNG_FORMAT_GRAY;
  Bytes png(PNG_IMAGE_PNG_SIZE_MAX(image));
  png_alloc_size_t length = png.size();
  if (png_image_write_to_memory(&image, png.data(), &length, 0, pixels.data(), 0, nullptr) == 0) {
    return environment_error(Code::io_failed, "no memory for the picture of a QR code");
  }
  png.resize(length);
  return png;
}

}  // namespace hamroh
