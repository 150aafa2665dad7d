// Files that the programs of administrators and operators read and write.
#pragma once

#include <string>

#include "protocol/types.h"

namespace hamroh {

inline constexpr unsigned private_mode = 0600;  // of files for their owner alone
// What a network signed since it was founded, in one file.
inline constexpr std::size_t history_bytes_max = std::size_t{64} * 1024 * 1024;

// Errors: not_found (caller), too_large (caller), io_failed (environment).
[[nodiscard]] Result<Bytes> read_input(const std::string& path, std::size_t bytes_max);
// Whole or not at all: written beside, synced, renamed. `mode` such as 0600.
[[nodiscard]] Status write_output(const std::string& path, ByteView bytes, unsigned mode);
// A new file: what is there already stays as it is. Errors: conflict (caller) if there is one,
// io_failed.
[[nodiscard]] Status write_new_output(const std::string& path, ByteView bytes, unsigned mode);
// A new directory (0700). Errors: conflict (caller) if it is there already, io_failed.
[[nodiscard]] Status make_new_directory(const std::string& path);
[[nodiscard]] bool path_exists(const std::string& path);

// Held while one program changes a directory; another one gets Code::busy.
class DirectoryLock {
 public:
  [[nodiscard]] static Result<DirectoryLock> take(const std::string& directory);
  DirectoryLock(DirectoryLock&& other) noexcept;
  DirectoryLock& operator=(DirectoryLock&& other) noexcept;
  ~DirectoryLock();

 private:
  explicit DirectoryLock(int descriptor) : descriptor_(descriptor) {}
  int descriptor_ = -1;
};

}  // namespace hamroh
