// A Store whose transactions take changes and forget them: for looking at a damaged store.
//
// Node opens as ever upon it and nothing reaches the disk. While it opens (`opening`), rows that it
// can do without read as absent when they are damaged: peers, envelopes held, notes of sessions;
// the outbox is left out altogether, because nothing is sent; keys that do not read leave the node
// locked. What it cannot do without is an error as ever: its identity and directory (table meta),
// its receipt key (node_secret), and its ledger. Afterwards every damaged row is the error it is.
#pragma once

#include "protocol/ports.h"

namespace hamroh {

class ReadOnlyStore final : public Store {
 public:
  // `inner` is borrowed and must outlive this object.
  explicit ReadOnlyStore(Store& inner) : inner_(inner) {}
  void opened() { opening_ = false; }
  [[nodiscard]] Result<std::unique_ptr<Transaction>> begin() override;

 private:
  Store& inner_;
  bool opening_ = true;
};

}  // namespace hamroh
