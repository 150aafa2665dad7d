// A fingerprint as people compare it: by telephone in words, on paper or screen as a code.
#pragma once

#include <string>

#include "protocol/fingerprint.h"

namespace hamroh {

// {"english": …, "russian": …, "tajik": …, "hex": …}, and as indented lines.
[[nodiscard]] std::string words_as_json(const Fingerprint& fingerprint);
[[nodiscard]] std::string words_as_text(const Fingerprint& fingerprint);
// The code of it, for the terminal; empty if none can be made.
[[nodiscard]] std::string code_as_text(const Fingerprint& fingerprint);
// Writes the code as PNG. Errors: io_failed.
[[nodiscard]] Status write_code(const Fingerprint& fingerprint, const std::string& path);

}  // namespace hamroh
