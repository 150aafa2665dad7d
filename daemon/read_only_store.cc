#include "daemon/read_only_store.h"

#include <utility>

namespace hamroh {
namespace {

bool can_be_done_without(Table table) {
  return table == Table::peer || table == Table::held || table == Table::session_note;
}

class ReadOnlyTransaction final : public Transaction {
 public:
  ReadOnlyTransaction(Store& store, std::unique_ptr<Transaction> inner, bool opening)
      : store_(store), inner_(std::move(inner)), opening_(opening) {}

  Result<std::optional<Bytes>> get(Table table, ByteView key) override {
    HAMROH_TRY(usable());
    auto found = inner_->get(table, key);
    if (found || found.error().blame != Blame::environment) {
      return found;
    }
    HAMROH_TRY(judge(table, found.error()));
    return std::optional<Bytes>();
  }

  Status scan(Table table, ByteView from, ByteView until, Order order,
              const Visitor& visit) override {
    if (opening_ && table == Table::pending) {
      return {};
    }
    HAMROH_TRY(usable());
    const Status scanned = inner_->scan(table, from, until, order, visit);
    return scanned || scanned.error().blame != Blame::environment ? scanned
                                                                  : judge(table, scanned.error());
  }

  Status put(Table, ByteView, ByteView) override { return {}; }
  Status erase(Table, ByteView) override { return {}; }
  Status commit() override {
    return environment_error(Code::store_corrupt, "this node is read-only");
  }

 private:
  // A failed read has ended the transaction below.
  [[nodiscard]] Status usable() {
    if (!inner_) {
      HAMROH_ASSIGN(inner_, store_.begin());
    }
    return {};
  }

  [[nodiscard]] Status judge(Table table, const Error& error) {
    inner_.reset();
    if (opening_ && table == Table::reader_secret) {
      return caller_error(Code::locked, "the keys of the reader tier are damaged");
    }
    return opening_ && can_be_done_without(table) ? Status() : tl::unexpected(error);
  }

  Store& store_;
  std::unique_ptr<Transaction> inner_;
  bool opening_;
};

}  // namespace

Result<std::unique_ptr<Transaction>> ReadOnlyStore::begin() {
  HAMROH_ASSIGN(std::unique_ptr<Transaction> inner, inner_.begin());
  return std::make_unique<ReadOnlyTransaction>(inner_, std::move(inner), opening_);
}

}  // namespace hamroh
