// A checksum in every page of the database file, verified whenever a page is read from it.
//
// SQLite finds damage only where it breaks the structure of a page: a flipped bit in a row id makes
// a row vanish without a word. So every page ends in a checksum, see protocol/page_sum.h. It is
// written when the page reaches the database file (at a checkpoint, so not on the commit path) and
// verified before SQLite sees the page; a page that fails is SQLITE_IOERR_DATA. Pages in the
// write-ahead log carry SQLite's own checksums (see sqlite_wal.h).
//
// On the same way the gaps within pages are zeroed, in which SQLite leaves copies of rows that went
// to another page: what was erased shall stand nowhere in the file.
#pragma once

#include <memory>
#include <string>

#include "protocol/error.h"
#include "protocol/page_sum.h"

namespace hamroh {

// So that a page's first byte tells what it is; 256 GiB.
inline constexpr std::size_t pages_max = (std::size_t{1} << 24) - 1;

// An SQLite VFS over another one, registered while this lives. One database per object, and the
// database must be closed first.
class PageVfs {
 public:
  // `base` names the VFS below; empty = the platform's. Fails if there is none of that name.
  [[nodiscard]] static Result<std::unique_ptr<PageVfs>> create(const std::string& base);
  ~PageVfs();
  PageVfs(const PageVfs&) = delete;
  PageVfs& operator=(const PageVfs&) = delete;
  [[nodiscard]] const std::string& name() const;

 private:
  PageVfs();
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace hamroh
