// The contract of Store and Transaction, over every store that the product and its tests use.
#include <functional>

#include "daemon/sqlite_store.h"
#include "protocol/memory_store.h"
#include "protocol/record_bounds.h"
#include "protocol/sealed_store.h"
#include "tests/unit/store_fixture.h"

namespace hamroh {
namespace {

using store_fixture::begin;
using store_fixture::bytes;
using store_fixture::get_one;
using store_fixture::put_one;
using store_fixture::SeededEntropy;
using store_fixture::symmetric_key;

enum class Kind { memory, sealed_memory, sqlite, sealed_sqlite };

// One store of a kind, which can be closed and opened again where it is on disk.
class Subject {
 public:
  explicit Subject(Kind kind) : kind_(kind) { open(); }

  [[nodiscard]] Store& store() {
    if (sealed_) {
      return *sealed_;
    }
    return base();
  }

  void reopen() {
    sealed_.reset();
    sqlite_.reset();
    open();
  }

 private:
  [[nodiscard]] bool on_disk() const {
    return kind_ == Kind::sqlite || kind_ == Kind::sealed_sqlite;
  }
  [[nodiscard]] Store& base() {
    if (on_disk()) {
      return *sqlite_;
    }
    return memory_;
  }
  void open() {
    if (on_disk()) {
      auto opened = SqliteStore::open(directory_.file("store.db"));
      CHECK(opened.has_value());
      sqlite_ = std::move(*opened);
    }
    if (kind_ == Kind::sealed_memory || kind_ == Kind::sealed_sqlite) {
      sealed_ = std::make_unique<SealedStore>(base(), entropy_, symmetric_key(1));
      sealed_->unlock(symmetric_key(2));
    }
  }

  Kind kind_;
  store_fixture::TemporaryDirectory directory_;
  SeededEntropy entropy_{7};
  MemoryStore memory_;
  std::unique_ptr<SqliteStore> sqlite_;
  std::unique_ptr<SealedStore> sealed_;
};

class StoreContract : public testing::TestWithParam<Kind> {
 protected:
  Subject subject_{GetParam()};
  Store& store() { return subject_.store(); }
};

using Rows = std::vector<std::pair<Bytes, Bytes>>;

Rows scanned(Transaction& transaction, Table table, ByteView from = {}, ByteView until = {},
             Transaction::Order order = Transaction::Order::ascending,
             std::size_t most = SIZE_MAX) {
  Rows rows;
  const Status status =
      transaction.scan(table, from, until, order, [&](ByteView key, ByteView value) {
        rows.emplace_back(Bytes(key.begin(), key.end()), Bytes(value.begin(), value.end()));
        return rows.size() < most;
      });
  EXPECT_TRUE(status.has_value());
  return rows;
}

TEST_P(StoreContract, WhatWasPutIsGotWithinAndAfterTheTransaction) {
  auto transaction = begin(store());
  ASSERT_TRUE(transaction->put(Table::meta, view("a"), view("one")));
  EXPECT_EQ(transaction->get(Table::meta, view("a"))->value(), bytes("one"));
  EXPECT_FALSE(transaction->get(Table::meta, view("b"))->has_value());
  ASSERT_TRUE(transaction->commit());
  transaction.reset();
  EXPECT_EQ(get_one(store(), Table::meta, view("a"))->value(), bytes("one"));
}

TEST_P(StoreContract, EveryTableKeepsItsOwnRows) {
  const Bytes key = key_u64(5);
  for (Table table : all_tables) {
    const Bytes value{static_cast<std::uint8_t>(table)};
    ASSERT_TRUE(put_one(store(), table, key, value));
  }
  for (Table table : all_tables) {
    auto found = get_one(store(), table, key);
    ASSERT_TRUE(found && *found);
    EXPECT_EQ(**found, Bytes{static_cast<std::uint8_t>(table)});
  }
}

TEST_P(StoreContract, PutReplaces) {
  for (Table table : {Table::meta, Table::body}) {
    const Bytes key = key_u64(9);
    ASSERT_TRUE(put_one(store(), table, key, view("before")));
    ASSERT_TRUE(put_one(store(), table, key, view("after, and longer")));
    EXPECT_EQ(get_one(store(), table, key)->value(), bytes("after, and longer"));
    EXPECT_EQ(scanned(*begin(store()), table).size(), 1U);
  }
}

TEST_P(StoreContract, ErasedRowsAreGoneAndErasingWhatIsAbsentIsNoError) {
  ASSERT_TRUE(put_one(store(), Table::meta, view("a"), view("one")));
  auto transaction = begin(store());
  ASSERT_TRUE(transaction->erase(Table::meta, view("a")));
  ASSERT_TRUE(transaction->erase(Table::meta, view("never there")));
  ASSERT_TRUE(transaction->erase(Table::body, key_u64(1)));
  EXPECT_FALSE(transaction->get(Table::meta, view("a"))->has_value());
  EXPECT_TRUE(scanned(*transaction, Table::meta).empty());
  ASSERT_TRUE(transaction->commit());
  transaction.reset();
  EXPECT_FALSE(get_one(store(), Table::meta, view("a"))->has_value());
}

TEST_P(StoreContract, WhatWasNotCommittedDidNotHappen) {
  ASSERT_TRUE(put_one(store(), Table::meta, view("kept"), view("old")));
  {
    auto transaction = begin(store());
    ASSERT_TRUE(transaction->put(Table::meta, view("kept"), view("new")));
    ASSERT_TRUE(transaction->put(Table::body, key_u64(1), view("new")));
    ASSERT_TRUE(transaction->erase(Table::meta, view("kept")));
  }
  EXPECT_EQ(get_one(store(), Table::meta, view("kept"))->value(), bytes("old"));
  EXPECT_FALSE(get_one(store(), Table::body, key_u64(1))->has_value());
}

TEST_P(StoreContract, CommittedRowsOutliveTheStoreObject) {
  ASSERT_TRUE(put_one(store(), Table::message, view("id"), view("state")));
  ASSERT_TRUE(put_one(store(), Table::ledger, key_u64(64), view("entries")));
  subject_.reopen();
  EXPECT_EQ(get_one(store(), Table::message, view("id"))->value(), bytes("state"));
  EXPECT_EQ(get_one(store(), Table::ledger, key_u64(64))->value(), bytes("entries"));
}

TEST_P(StoreContract, ATransactionIsOverAfterItsCommit) {
  auto transaction = begin(store());
  ASSERT_TRUE(transaction->put(Table::meta, view("a"), view("one")));
  ASSERT_TRUE(transaction->commit());
  EXPECT_FALSE(transaction->put(Table::meta, view("a"), view("two")));
  EXPECT_FALSE(transaction->commit());
  transaction.reset();
  EXPECT_EQ(get_one(store(), Table::meta, view("a"))->value(), bytes("one"));
}

TEST_P(StoreContract, EmptyValuesAndValuesOfEveryByteAreKept) {
  Bytes every(256);
  for (std::size_t at = 0; at < every.size(); ++at) {
    every[at] = static_cast<std::uint8_t>(at);
  }
  ASSERT_TRUE(put_one(store(), Table::meta, view("empty"), {}));
  ASSERT_TRUE(put_one(store(), Table::body, key_u64(0), {}));
  ASSERT_TRUE(put_one(store(), Table::meta, view("every"), every));
  EXPECT_EQ(get_one(store(), Table::meta, view("empty"))->value(), Bytes());
  EXPECT_EQ(get_one(store(), Table::body, key_u64(0))->value(), Bytes());
  EXPECT_EQ(get_one(store(), Table::meta, view("every"))->value(), every);
}

TEST_P(StoreContract, ValuesOfNearlyOneMebibyteAreKeptAndLargerOnesRefused) {
  constexpr std::size_t sealing = 64;  // more than a SealedStore adds
  Bytes big(record_bytes_max - sealing);
  SeededEntropy(3).fill(big);
  ASSERT_TRUE(put_one(store(), Table::meta, view("big"), big));
  ASSERT_TRUE(put_one(store(), Table::body, key_u64(1), big));
  subject_.reopen();
  EXPECT_EQ(get_one(store(), Table::meta, view("big"))->value(), big);
  EXPECT_EQ(get_one(store(), Table::body, key_u64(1))->value(), big);
  big.resize(record_bytes_max + 1);
  const Status refused = put_one(store(), Table::meta, view("bigger"), big);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Code::too_large);
}

TEST_P(StoreContract, KeysOutOfBoundsAreRefusedAndTheTransactionGoesOn) {
  auto transaction = begin(store());
  const auto refused = [&](Table table, ByteView key) {
    const Status put = transaction->put(table, key, view("x"));
    return !put && put.error().code == Code::invalid_argument && !transaction->get(table, key) &&
           !transaction->erase(table, key);
  };
  EXPECT_TRUE(refused(Table::meta, {}));
  EXPECT_TRUE(refused(Table::meta, Bytes(key_bytes_max + 1, 1)));
  EXPECT_TRUE(refused(Table::body, {}));
  EXPECT_TRUE(refused(Table::body, Bytes(7, 0)));
  EXPECT_TRUE(refused(Table::body, Bytes(9, 0)));
  EXPECT_TRUE(refused(Table::body, key_u64(1ULL << 63)));
  ASSERT_TRUE(transaction->put(Table::meta, Bytes(key_bytes_max, 0xff), view("longest")));
  ASSERT_TRUE(transaction->put(Table::body, key_u64(INT64_MAX), view("last")));
  ASSERT_TRUE(transaction->commit());
  transaction.reset();
  EXPECT_EQ(scanned(*begin(store()), Table::meta).size(), 1U);
  EXPECT_EQ(scanned(*begin(store()), Table::body).size(), 1U);
}

TEST_P(StoreContract, ScansGoInByteOrderBothWaysAndStopWhenTold) {
  auto transaction = begin(store());
  for (const char* key : {"b", "a", "ab", "\x7f", "\xff", "a\x01"}) {
    ASSERT_TRUE(transaction->put(Table::meta, view(key), view(key)));
  }
  const std::vector<Bytes> order = {bytes("a"), bytes("a\x01"), bytes("ab"),
                                    bytes("b"), bytes("\x7f"),  bytes("\xff")};
  const Rows up = scanned(*transaction, Table::meta);
  Rows down = scanned(*transaction, Table::meta, {}, {}, Transaction::Order::descending);
  std::reverse(down.begin(), down.end());
  ASSERT_EQ(up.size(), order.size());
  EXPECT_EQ(up, down);
  for (std::size_t at = 0; at < order.size(); ++at) {
    EXPECT_EQ(up[at].first, order[at]);
    EXPECT_EQ(up[at].second, order[at]);
  }
  EXPECT_EQ(scanned(*transaction, Table::meta, {}, {}, Transaction::Order::ascending, 2).size(),
            2U);
  const Rows last = scanned(*transaction, Table::meta, {}, {}, Transaction::Order::descending, 1);
  EXPECT_EQ(last.front().first, bytes("\xff"));
}

TEST_P(StoreContract, ScanBoundsIncludeTheFirstAndExcludeTheLast) {
  auto transaction = begin(store());
  for (std::uint64_t id : {1, 2, 3, 255, 256, 70'000}) {
    ASSERT_TRUE(transaction->put(Table::body, key_u64(id), view("x")));
    ASSERT_TRUE(transaction->put(Table::ledger_node, key_u64(id), view("x")));
  }
  for (Table table : {Table::body, Table::ledger_node}) {
    const auto count = [&](ByteView from, ByteView until) {
      return scanned(*transaction, table, from, until).size();
    };
    EXPECT_EQ(count(key_u64(2), key_u64(256)), 3U);
    EXPECT_EQ(count(key_u64(2), key_u64(2)), 0U);
    EXPECT_EQ(count(key_u64(3), key_u64(2)), 0U);
    EXPECT_EQ(count(key_u64(256), {}), 2U);
    EXPECT_EQ(count({}, key_u64(1)), 0U);
    EXPECT_EQ(count({}, key_u64(UINT64_MAX)), 6U);
    EXPECT_EQ(count(key_u64(UINT64_MAX), {}), 0U);
    const Rows down =
        scanned(*transaction, table, key_u64(2), key_u64(256), Transaction::Order::descending);
    ASSERT_EQ(down.size(), 3U);
    EXPECT_EQ(down.front().first, key_u64(255));
  }
}

// Against a map of what the contract says, with bounds of any length.
TEST_P(StoreContract, RandomOperationsAgreeWithAModel) {
  std::mt19937_64 random(20);
  std::map<std::pair<Table, Bytes>, Bytes> model;
  const std::array tables{Table::message, Table::body, Table::meta};
  for (int round = 0; round < 30; ++round) {
    auto transaction = begin(store());
    auto changed = model;
    for (int step = 0; step < 40; ++step) {
      const Table table = tables[random() % tables.size()];
      Bytes key = key_u64(random() % 4 * 256 + random() % 4);
      if (!is_integer_keyed(table) && random() % 2 == 0) {
        key.erase(key.begin(), key.begin() + static_cast<int>(random() % 7));
      }
      if (random() % 3 == 0) {
        ASSERT_TRUE(transaction->erase(table, key));
        changed.erase({table, key});
      } else {
        const Bytes value(random() % 40, static_cast<std::uint8_t>(random()));
        ASSERT_TRUE(transaction->put(table, key, value));
        changed[{table, key}] = value;
      }
    }
    const Table table = tables[random() % tables.size()];
    const auto bound = [&] {
      Bytes raw = key_u64(random() % 4 * 256 + random() % 4);
      raw.resize(random() % 10);
      return raw;
    };
    const Bytes from = bound();
    const Bytes until = bound();
    Rows wanted;
    for (const auto& [key, value] : changed) {
      if (key.first == table && key.second >= from && (until.empty() || key.second < until)) {
        wanted.emplace_back(key.second, value);
      }
    }
    EXPECT_EQ(scanned(*transaction, table, from, until), wanted);
    std::reverse(wanted.begin(), wanted.end());
    EXPECT_EQ(scanned(*transaction, table, from, until, Transaction::Order::descending), wanted);
    if (random() % 4 != 0) {
      ASSERT_TRUE(transaction->commit());
      model = std::move(changed);
    }
    transaction.reset();
    if (round % 10 == 9) {
      subject_.reopen();
    }
  }
  for (Table table : tables) {
    Rows wanted;
    for (const auto& [key, value] : model) {
      if (key.first == table) {
        wanted.emplace_back(key.second, value);
      }
    }
    EXPECT_EQ(scanned(*begin(store()), table), wanted);
  }
}

std::string kind_name(const testing::TestParamInfo<Kind>& parameter) {
  constexpr std::array names{"Memory", "SealedMemory", "Sqlite", "SealedSqlite"};
  return names[static_cast<std::size_t>(parameter.param)];
}
INSTANTIATE_TEST_SUITE_P(Stores, StoreContract,
                         testing::Values(Kind::memory, Kind::sealed_memory, Kind::sqlite,
                                         Kind::sealed_sqlite),
                         kind_name);

TEST(MemoryStore, ACrashKeepsOnlyWhatWasCommitted) {
  MemoryStore store;
  ASSERT_TRUE(put_one(store, Table::meta, view("kept"), view("1")));
  auto transaction = begin(store);
  ASSERT_TRUE(transaction->put(Table::meta, view("lost"), view("2")));
  store.crash();
  EXPECT_FALSE(transaction->commit());
  auto next = begin(store);
  transaction.reset();  // must not end the transaction of the restarted node
  EXPECT_TRUE(next->get(Table::meta, view("kept"))->has_value());
  EXPECT_FALSE(next->get(Table::meta, view("lost"))->has_value());
  EXPECT_TRUE(next->commit());
}

TEST(MemoryStore, AnInjectedFaultFailsOnceAndItsTransactionForGood) {
  MemoryStore store;
  const Error fault{Code::io_failed, Blame::environment, "injected"};
  store.fail_at(2, fault);
  auto transaction = begin(store);
  EXPECT_TRUE(transaction->put(Table::meta, view("a"), view("1")));
  EXPECT_EQ(transaction->put(Table::meta, view("b"), view("2")).error(), fault);
  EXPECT_EQ(transaction->commit().error(), fault);
  transaction.reset();
  EXPECT_TRUE(store.rows().empty());
  EXPECT_TRUE(put_one(store, Table::meta, view("a"), view("1")));
  EXPECT_EQ(store.calls(), 5U);
}

TEST(MemoryStore, AFullStoreRefusesGrowthAndAllowsShrinking) {
  MemoryStore store;
  ASSERT_TRUE(put_one(store, Table::meta, view("a"), Bytes(100)));
  store.set_capacity(150);
  EXPECT_EQ(put_one(store, Table::meta, view("b"), Bytes(100)).error().code, Code::full);
  EXPECT_EQ(store.rows().size(), 1U);
  EXPECT_TRUE(put_one(store, Table::meta, view("a"), Bytes(10)));
  EXPECT_TRUE(put_one(store, Table::meta, view("b"), Bytes(100)));
}

TEST(MemoryStore, AnOldImageCanBeRestored) {
  MemoryStore store;
  ASSERT_TRUE(put_one(store, Table::meta, view("a"), view("old")));
  const MemoryStore::Rows image = store.rows();
  ASSERT_TRUE(put_one(store, Table::meta, view("a"), view("new")));
  store.restore(image);
  EXPECT_EQ(get_one(store, Table::meta, view("a"))->value(), bytes("old"));
}

}  // namespace
}  // namespace hamroh
