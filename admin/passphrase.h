// A passphrase from the person at the terminal or from a file, for the programs of this room.
//
// Whoever takes one wipes it after use (crypto::wipe).
#pragma once

#include <optional>
#include <string>

#include "protocol/types.h"

namespace hamroh {

// For the whole process, before it has a secret: no core file, no debugger of the same user. Its
// memory may be swapped, because no program of a user can count on locking any.
void forbid_dumps();
// A line from the terminal without echo, or of standard input if that is no terminal.
[[nodiscard]] Bytes ask_passphrase(const std::string& prompt);
// The same with echo, for what is no secret; nothing at the end of the input.
[[nodiscard]] std::optional<std::string> ask_line(const std::string& prompt);
// The first line of a file. Errors: not_found, too_large (caller), io_failed.
[[nodiscard]] Result<Bytes> read_passphrase_file(const std::string& path);

}  // namespace hamroh
