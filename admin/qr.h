// QR codes (ISO/IEC 18004) of short texts, for a screen or for paper: the fingerprint of a request,
// which the other side scans instead of listening to it.
//
// Byte mode, error correction level M (15 % of the code may be lost), the smallest version that
// holds the text, and the quiet zone of four modules that the standard asks for. A text has 1 to
// limits::qr_text_bytes_max bytes: 512 bytes make a code of 89 modules, 97 columns of a terminal,
// and the 24 hex digits of a fingerprint one of 25 modules, 33 columns. Only ASCII is read alike by
// every scanner; of anything else some guess another encoding than UTF-8.
//
// Errors: invalid_argument (caller) for an empty text, too_large (caller), io_failed (environment)
// if memory cannot be had.
#pragma once

#include <string>
#include <string_view>

#include "protocol/types.h"

namespace hamroh {

enum class TerminalColours : std::uint8_t {
  black_on_white = 1,  // by ANSI sequences, whatever the colours of the terminal are
  none = 2,            // blocks are the dark modules: for paper, files and light terminals
};

// Lines of half blocks (U+2580, U+2584, U+2588) and blanks, two rows of modules a line, each ending
// in a newline.
[[nodiscard]] Result<std::string> qr_for_terminal(
    std::string_view text, TerminalColours colours = TerminalColours::black_on_white);

// A greyscale PNG, 8 pixels a module.
[[nodiscard]] Result<Bytes> qr_as_png(std::string_view text);

}  // namespace hamroh
