// An SQLite VFS that records every write, truncation and sync, so that a test can play any crash
// and fail any write.
//
// Files lie in real directories, but nothing is really synced: what a power loss would keep is
// decided when a recording is replayed. A crash is a prefix of the recording; of the changes that
// were not synced yet, all may be kept (the process was killed), none (the disk kept only what it
// had promised), or any subset (the disk wrote some of them).
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "protocol/types.h"

namespace hamroh {

class CrashVfs {
 public:
  struct Operation {
    enum class Kind : std::uint8_t { write, truncate, sync, remove };
    Kind kind = Kind::write;
    std::string name;          // of the file, without its directory
    std::uint64_t offset = 0;  // of a write; the new size for a truncation
    Bytes data;
  };

  // What a replay does with a change that no sync covered: true keeps it.
  using Keep = std::function<bool(std::size_t operation)>;

  explicit CrashVfs(const std::string& name);
  ~CrashVfs();
  CrashVfs(const CrashVfs&) = delete;
  CrashVfs& operator=(const CrashVfs&) = delete;

  [[nodiscard]] const std::string& name() const;
  [[nodiscard]] const std::vector<Operation>& operations() const;

  enum class Fault : std::uint8_t { disk_full, write_error, sync_error };
  // The n-th write or sync from now (1 = the next) and all after it fail, until `heal`. A write of
  // a full disk writes its first half.
  void fail_from(std::uint64_t nth, Fault fault);
  void heal();
  // Writes (or syncs, for sync_error) seen since the last fail_from or heal.
  [[nodiscard]] std::uint64_t faultable_calls() const;

  // The files as they would be found after a crash behind the first `count` operations.
  [[nodiscard]] static std::map<std::string, Bytes> replay(const std::vector<Operation>& operations,
                                                           std::size_t count, const Keep& keep);

  struct State;  // only for the functions that SQLite calls

 private:
  std::unique_ptr<State> state_;
};

}  // namespace hamroh
