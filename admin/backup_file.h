// Writing a backup (protocol/backup.h has its bytes), so that either the whole, verified file is
// there under its name or nothing is.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "protocol/backup.h"

namespace hamroh {

// Writes FILE.new; it is removed again unless `finish` got to its end.
class BackupWriter {
 public:
  // Errors: io_failed, full (environment).
  [[nodiscard]] static Result<BackupWriter> create(const std::string& path, const BackupHead& head,
                                                   SymmetricKey file_key);
  // The next bytes of the stream; in all head.stream_bytes().
  [[nodiscard]] Status add(ByteView bytes);
  // Syncs, reads everything back from the disk and opens it, `watch` being called with each chunk's
  // bytes, and gives the file its name. Errors: io_failed, full; store_corrupt if what was read
  // back is not what was written.
  [[nodiscard]] Status finish(const std::function<Status(std::size_t)>& watch);

  BackupWriter(BackupWriter&& other) noexcept;
  BackupWriter& operator=(BackupWriter&&) = delete;
  ~BackupWriter();

 private:
  BackupWriter(std::string path, int descriptor, const BackupHead& head, SymmetricKey file_key);
  [[nodiscard]] Status seal_chunk();
  void flush_behind(std::size_t bytes);
  [[nodiscard]] Status read_back(const std::function<Status(std::size_t)>& watch);

  std::string path_;
  int descriptor_ = -1;
  BackupCipher cipher_;
  Bytes chunk_;
  std::uint64_t next_ = 0;
  std::uint64_t written_ = BackupHead::encoded_size;
  std::uint64_t flushed_ = 0;
};

// Reads the pages of a node's database file from front to back without pushing what the node needs
// out of the system's memory, and checks each page.
class PageReader {
 public:
  // Errors: not_found, io_failed.
  [[nodiscard]] static Result<PageReader> open(const std::string& path, std::uint64_t bytes);
  // At most a chunk; empty at the end. Errors: io_failed, store_corrupt (a damaged page).
  [[nodiscard]] Result<ByteView> next();

  PageReader(PageReader&& other) noexcept;
  PageReader& operator=(PageReader&&) = delete;
  ~PageReader();

 private:
  PageReader(int descriptor, std::uint64_t bytes) : descriptor_(descriptor), bytes_(bytes) {}
  int descriptor_ = -1;
  std::uint64_t bytes_ = 0;
  std::uint64_t at_ = 0;
  Bytes block_;
};

// This process gives way to the node, on the processor and on the disk.
void yield_to_others();

}  // namespace hamroh
