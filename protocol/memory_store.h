// A Store in memory that can crash: `crash()` keeps only what was committed.
//
// Used by unit tests and the simulator, which also needs to count, fail and corrupt. Values are
// kept as given; put a SealedStore in front to test what a disk would see.
#pragma once

#include <map>

#include "protocol/ports.h"

namespace hamroh {

class MemoryStore final : public Store {
 public:
  using Rows = std::map<std::pair<Table, Bytes>, Bytes>;

  MemoryStore();
  ~MemoryStore() override;
  [[nodiscard]] Result<std::unique_ptr<Transaction>> begin() override;

  // Faults, for tests. The n-th store call from now (get, put, erase, scan, commit; 1 = the next)
  // fails with the given error, once.
  void fail_at(std::uint64_t call, Error error);
  // Bytes that fit; a commit that would exceed it fails with Code::full (environment). 0 =
  // unlimited.
  void set_capacity(std::uint64_t bytes);
  // Rolls back an open transaction. The next begin() works again.
  void crash();
  [[nodiscard]] std::uint64_t calls() const;

  // The committed rows, to copy an old image, to restore it, to flip bits and to search for
  // canaries.
  [[nodiscard]] const Rows& rows() const;
  void restore(Rows rows);

 private:
  friend class MemoryTransaction;
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace hamroh
