// The Store on disk: one SQLite database, one connection, one thread.
//
// What it trusts: that the disk keeps what fsync said it keeps. What it finds by itself: a page
// that was damaged (sqlite_pages.h), a log that was damaged before its last commit (sqlite_wal.h),
// a file of another program or of a newer version, and a second process (the lock is exclusive for
// as long as the store is open). Whether a record is right is the SealedStore's matter above it.
//
// Files: PATH and PATH-wal, mode 0600. The log is moved into the database only by checkpoint(),
// which the runtime calls between turns, by open() and by the destructor.
//
// Failure: Code::full leaves the store as it was before the transaction, and it goes on working. A
// read that fails ends its transaction; if that one has not changed anything, the store goes on
// working, so that one damaged page takes no more than itself. After any other io_failed or
// store_corrupt the store answers that error to everything until it is opened anew; if the commit
// itself answered io_failed, only opening anew shows whether the transaction is there.
#pragma once

#include <string>
#include <vector>

#include "protocol/ports.h"

namespace hamroh {

struct SqliteOptions {
  std::uint32_t cache_kib = 4096;  // pages kept in memory; 64 … 1048576
  std::string vfs;                 // the SQLite VFS to build on; empty = the platform's
  bool create = true;              // false: an absent (not_found) or empty store is an error
  // Neither of the files is ever written, and a damaged log is no error: what lies behind the
  // damage is not seen, and health() says so. For reading what is left of a damaged store.
  bool read_only = false;
};

struct Checkpointed {
  std::uint64_t pages_in_log = 0;
  std::uint64_t pages_moved = 0;  // of those, now in the database file
  bool operator==(const Checkpointed&) const = default;
};

class SqliteStore final : public Store {
 public:
  // Opens or creates. Errors: busy (another process has it open), store_newer, store_corrupt, full,
  // io_failed, store_failed (a setting that SQLite did not take; the text names it).
  [[nodiscard]] static Result<std::unique_ptr<SqliteStore>> open(const std::string& path,
                                                                 SqliteOptions options = {});
  ~SqliteStore() override;

  [[nodiscard]] Result<std::unique_ptr<Transaction>> begin() override;

  // Moves the log into the database file; never within a transaction. With `truncate` the log is
  // also emptied, so that nothing erased stays in it.
  [[nodiscard]] Result<Checkpointed> checkpoint(bool truncate);
  // While held, the database file stands still, so that another process may copy it: checkpoint()
  // moves nothing, whoever asks. The log grows meanwhile.
  void hold(bool still);
  [[nodiscard]] bool held() const;
  // Reads every page: seconds for a large store. Never within a transaction. The names of the
  // tables that hold a damaged page; "free pages" for what belongs to no table. The store goes on
  // working.
  [[nodiscard]] Result<std::vector<const char*>> damaged_tables();
  // store_corrupt if there are any.
  [[nodiscard]] Status verify();

  // Bytes of the log that are not in the database file yet.
  [[nodiscard]] std::uint64_t wal_bytes() const;
  [[nodiscard]] std::uint64_t file_bytes() const;
  // "ok", or what is wrong, for `status` and logs.
  [[nodiscard]] std::string health() const;
  // SQLite's last extended error code (0 = none yet) and its static name.
  [[nodiscard]] int last_error() const;
  [[nodiscard]] const char* last_error_text() const;

 private:
  friend class SqliteTransaction;
  struct State;
  explicit SqliteStore(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace hamroh
