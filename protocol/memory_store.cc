#include "protocol/memory_store.h"

#include <functional>
#include <iterator>

#include "protocol/record_bounds.h"

namespace hamroh {

namespace {

using Key = std::pair<Table, Bytes>;

Key row_key(Table table, ByteView key) {
  return {table, Bytes(key.begin(), key.end())};
}

std::uint64_t cost(const Key& key, const Bytes& value) {
  return key.second.size() + value.size();
}

// The first key behind every key of the table.
Key table_end(Table table) {
  return {static_cast<Table>(static_cast<int>(table) + 1), {}};
}

}  // namespace

struct MemoryStore::State {
  Rows rows;
  std::uint64_t bytes = 0;     // of `rows`
  std::uint64_t capacity = 0;  // 0 = unlimited
  std::uint64_t calls = 0;
  std::uint64_t fail_call = 0;  // absolute; 0 = none
  Error fail_error;
  // Which transaction is the open one; a crash forgets it, and its calls then fail.
  std::uint64_t open = 0;
  std::uint64_t begun = 0;
};

// Writes wait in an overlay (nothing = erased) until the commit moves them into the rows.
class MemoryTransaction final : public Transaction {
 public:
  using Overlay = std::map<Key, std::optional<Bytes>>;

  MemoryTransaction(MemoryStore::State& state, std::uint64_t number)
      : state_(state), number_(number) {}
  ~MemoryTransaction() override { close(); }
  MemoryTransaction(const MemoryTransaction&) = delete;
  MemoryTransaction& operator=(const MemoryTransaction&) = delete;

  Result<std::optional<Bytes>> get(Table table, ByteView key) override {
    HAMROH_TRY(enter());
    HAMROH_TRY(check_key(table, key));
    const Key wanted = row_key(table, key);
    if (auto written = overlay_.find(wanted); written != overlay_.end()) {
      return written->second;
    }
    auto row = state_.rows.find(wanted);
    return row == state_.rows.end() ? std::nullopt : std::optional(row->second);
  }

  Status put(Table table, ByteView key, ByteView value) override {
    HAMROH_TRY(enter());
    HAMROH_TRY(check_record(table, key, value));
    overlay_.insert_or_assign(row_key(table, key), Bytes(value.begin(), value.end()));
    return {};
  }

  Status erase(Table table, ByteView key) override {
    HAMROH_TRY(enter());
    HAMROH_TRY(check_key(table, key));
    overlay_.insert_or_assign(row_key(table, key), std::nullopt);
    return {};
  }

  Status scan(Table table, ByteView from, ByteView until, Order order,
              const Visitor& visit) override {
    HAMROH_TRY(enter());
    const Key first = row_key(table, from);
    const Key last = until.empty() ? table_end(table) : row_key(table, until);
    if (!(first < last)) {
      return {};
    }
    auto row = state_.rows.lower_bound(first);
    auto row_end = state_.rows.lower_bound(last);
    auto written = overlay_.lower_bound(first);
    auto written_end = overlay_.lower_bound(last);
    if (order == Order::ascending) {
      merge(row, row_end, written, written_end, std::less<Key>(), visit);
    } else {
      merge(std::reverse_iterator(row_end), std::reverse_iterator(row),
            std::reverse_iterator(written_end), std::reverse_iterator(written), std::greater<Key>(),
            visit);
    }
    return {};
  }

  Status commit() override {
    if (Status entered = enter(); !entered) {
      close();  // nothing of a transaction whose commit failed has happened
      return entered;
    }
    std::uint64_t bytes = state_.bytes;
    for (const auto& [key, value] : overlay_) {
      if (auto row = state_.rows.find(key); row != state_.rows.end()) {
        bytes -= cost(key, row->second);
      }
      bytes += value ? cost(key, *value) : 0;
    }
    if (state_.capacity != 0 && bytes > state_.capacity && bytes > state_.bytes) {
      close();
      return environment_error(Code::full, "the store is full");
    }
    for (auto& [key, value] : overlay_) {
      if (value) {
        state_.rows.insert_or_assign(key, std::move(*value));
      } else {
        state_.rows.erase(key);
      }
    }
    state_.bytes = bytes;
    close();
    return {};
  }

 private:
  Status enter() {
    if (state_.open != number_) {
      return environment_error(Code::store_failed, "the transaction is over");
    }
    if (++state_.calls == state_.fail_call) {
      state_.fail_call = 0;
      failed_ = state_.fail_error;
    }
    // As on a disk: after a fault nothing of this transaction can be kept.
    return failed_ ? Status(tl::unexpected(*failed_)) : Status();
  }

  void close() {
    if (state_.open == number_) {
      state_.open = 0;
    }
  }

  // Visits two ordered ranges as one; what was written hides the row of the same key.
  template <class Row, class Written, class Before>
  static void merge(Row row, Row row_end, Written written, Written written_end, Before before,
                    const Visitor& visit) {
    while (row != row_end || written != written_end) {
      const bool take_row =
          written == written_end || (row != row_end && before(row->first, written->first));
      if (take_row) {
        if (!visit(row->first.second, row->second)) {
          return;
        }
        ++row;
        continue;
      }
      if (row != row_end && row->first == written->first) {
        ++row;
      }
      if (written->second && !visit(written->first.second, *written->second)) {
        return;
      }
      ++written;
    }
  }

  MemoryStore::State& state_;
  std::uint64_t number_;
  std::optional<Error> failed_;
  Overlay overlay_;
};

MemoryStore::MemoryStore() : state_(std::make_unique<State>()) {}
MemoryStore::~MemoryStore() = default;

Result<std::unique_ptr<Transaction>> MemoryStore::begin() {
  CHECK(state_->open == 0);
  state_->open = ++state_->begun;
  return std::make_unique<MemoryTransaction>(*state_, state_->open);
}

void MemoryStore::fail_at(std::uint64_t call, Error error) {
  CHECK(call > 0);
  state_->fail_call = state_->calls + call;
  state_->fail_error = error;
}

void MemoryStore::set_capacity(std::uint64_t bytes) {
  state_->capacity = bytes;
}
void MemoryStore::crash() {
  state_->open = 0;
}
std::uint64_t MemoryStore::calls() const {
  return state_->calls;
}
const MemoryStore::Rows& MemoryStore::rows() const {
  return state_->rows;
}

void MemoryStore::restore(Rows rows) {
  CHECK(state_->open == 0);
  state_->rows = std::move(rows);
  state_->bytes = 0;
  for (const auto& [key, value] : state_->rows) {
    state_->bytes += cost(key, value);
  }
}

}  // namespace hamroh
