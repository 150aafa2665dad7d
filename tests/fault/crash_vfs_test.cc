// Every crash and every failed write of a short life of the store: afterwards it holds exactly the
// transactions whose commit had returned, and at most the one that was under way besides.
#include "tests/fault/crash_vfs.h"

#include <filesystem>
#include <fstream>
#include <random>

#include "daemon/sqlite_store.h"
#include "tests/unit/store_fixture.h"

namespace hamroh {
namespace {

using store_fixture::begin;
using store_fixture::TemporaryDirectory;
using Rows = std::map<std::pair<Table, Bytes>, Bytes>;

constexpr std::array used_tables{Table::meta, Table::body, Table::message};
constexpr std::uint64_t turns = 24;

// Few pages fit, so that large transactions write to the log long before they commit.
SqliteOptions options(const CrashVfs& vfs) {
  return {.cache_kib = 64, .vfs = vfs.name(), .create = true};
}

struct Change {
  Table table;
  Bytes key;
  std::optional<Bytes> value;
};

// What transaction number `turn` does; every eighth one is large.
std::vector<Change> changes_of(std::uint64_t turn) {
  std::vector<Change> changes;
  std::mt19937_64 random(turn);
  const auto value = [&](std::size_t length) {
    return Bytes(length, static_cast<std::uint8_t>(turn));
  };
  changes.push_back({Table::meta, store_fixture::bytes("turn"), key_u64(turn)});
  const std::uint64_t rows = turn % 8 == 5 ? 60 : 3;
  for (std::uint64_t row = 0; row < rows; ++row) {
    changes.push_back({Table::body, key_u64(turn * 100 + row), value(2300)});
    changes.push_back({Table::message, key_u64(random() % 500), value(150)});
  }
  if (turn > 3) {
    for (std::uint64_t row = 0; row < 60; ++row) {
      changes.push_back({Table::body, key_u64((turn - 3) * 100 + row), std::nullopt});
    }
  }
  if (turn % 6 == 2) {
    changes.push_back({Table::meta, store_fixture::bytes("large"), value(200'000)});
  }
  return changes;
}

// The rows after each number of transactions.
std::vector<Rows> expected_rows() {
  std::vector<Rows> states{Rows()};
  for (std::uint64_t turn = 1; turn <= turns; ++turn) {
    Rows rows = states.back();
    for (Change& change : changes_of(turn)) {
      if (change.value) {
        rows[{change.table, std::move(change.key)}] = std::move(*change.value);
      } else {
        rows.erase({change.table, change.key});
      }
    }
    states.push_back(std::move(rows));
  }
  return states;
}

Status run_turn(Store& store, std::uint64_t turn) {
  HAMROH_ASSIGN(std::unique_ptr<Transaction> transaction, store.begin());
  for (const Change& change : changes_of(turn)) {
    HAMROH_TRY(change.value ? transaction->put(change.table, change.key, *change.value)
                            : transaction->erase(change.table, change.key));
  }
  return transaction->commit();
}

Status after_turn(SqliteStore& store, std::uint64_t turn) {
  if (turn % 5 == 0) {
    HAMROH_TRY(store.checkpoint(turn % 10 == 0));
  }
  return {};
}

Result<Rows> all_rows(Store& store) {
  Rows rows;
  HAMROH_ASSIGN(std::unique_ptr<Transaction> transaction, store.begin());
  for (Table table : used_tables) {
    HAMROH_TRY(transaction->scan(
        table, {}, {}, Transaction::Order::ascending, [&](ByteView key, ByteView value) {
          rows[{table, Bytes(key.begin(), key.end())}] = Bytes(value.begin(), value.end());
          return true;
        }));
  }
  return rows;
}

class CrashVfsTest : public testing::Test {
 protected:
  // Opens what a crash left and returns how many transactions it holds, all of them whole.
  std::uint64_t transactions_in(const std::map<std::string, Bytes>& files) {
    const TemporaryDirectory directory;
    for (const auto& [name, content] : files) {
      std::ofstream file(directory.file(name), std::ios::binary);
      file.write(reinterpret_cast<const char*>(content.data()),
                 static_cast<std::streamsize>(content.size()));
    }
    const CrashVfs vfs("crash-replay");
    auto store = SqliteStore::open(directory.file("store.db"), options(vfs));
    if (!store) {
      ADD_FAILURE() << store.error().text;
      return UINT64_MAX;
    }
    return transactions_in(**store);
  }

  std::uint64_t transactions_in(Store& store) {
    const Result<Rows> rows = all_rows(store);
    if (!rows) {
      ADD_FAILURE() << rows.error().text;
      return UINT64_MAX;
    }
    const auto turn = rows->find({Table::meta, store_fixture::bytes("turn")});
    const std::uint64_t count = turn == rows->end() ? 0 : ByteReader(turn->second).u64();
    EXPECT_TRUE(count <= turns && *rows == expected_[count]) << "not whole: " << count;
    return count;
  }

  const std::vector<Rows> expected_ = expected_rows();
  const TemporaryDirectory directory_;
  const std::string path_ = directory_.file("store.db");
};

TEST_F(CrashVfsTest, AfterEveryCrashTheStoreHoldsWhatItPromisedAndNothingInPart) {
  CrashVfs vfs("crash-record");
  std::vector<std::size_t> returned{0};  // operations when the n-th commit had returned
  {
    auto store = SqliteStore::open(path_, options(vfs));
    ASSERT_TRUE(store);
    for (std::uint64_t turn = 1; turn <= turns; ++turn) {
      ASSERT_TRUE(run_turn(**store, turn));
      returned.push_back(vfs.operations().size());
      ASSERT_TRUE(after_turn(**store, turn));
    }
  }
  const std::vector<CrashVfs::Operation>& operations = vfs.operations();
  ASSERT_GT(operations.size(), 300U);
  std::mt19937_64 random(1);
  constexpr std::size_t crashes = 400;
  for (std::size_t crash = 0; crash <= crashes; ++crash) {
    const std::size_t count = crash * operations.size() / crashes;
    std::vector<CrashVfs::Operation> until(operations.begin(),
                                           operations.begin() + static_cast<std::ptrdiff_t>(count));
    std::uint64_t promised = 0;
    while (promised < turns && returned[promised + 1] <= count) {
      ++promised;
    }
    const std::uint64_t seed = random();
    const std::array<CrashVfs::Keep, 3> disks{
        [](std::size_t) { return true; },
        [](std::size_t) { return false; },
        [seed](std::size_t at) { return std::mt19937_64(seed + at)() % 2 == 0; },
    };
    for (std::size_t disk = 0; disk < disks.size(); ++disk) {
      const std::uint64_t found = transactions_in(CrashVfs::replay(until, count, disks[disk]));
      EXPECT_TRUE(found == promised || found == promised + 1)
          << "after operation " << count << ", disk " << disk << ": promised " << promised
          << ", found " << found;
    }
    // A write cut at a sector.
    if (!until.empty() && until.back().kind == CrashVfs::Operation::Kind::write) {
      until.back().data.resize(until.back().data.size() / 2 / 512 * 512);
      const std::uint64_t found = transactions_in(CrashVfs::replay(until, count, disks[0]));
      EXPECT_TRUE(found + 1 >= promised && found <= promised + 1) << "torn operation " << count;
      EXPECT_TRUE(found >= promised || returned[promised] == count) << "torn operation " << count;
    }
    if (HasFailure()) {
      return;
    }
  }
}

TEST_F(CrashVfsTest, AFullDiskRefusesCleanlyAndTheStoreGoesOn) {
  CrashVfs vfs("crash-full");
  auto opened = SqliteStore::open(path_, options(vfs));
  ASSERT_TRUE(opened);
  SqliteStore& store = **opened;
  std::uint64_t committed = 0;
  std::uint64_t refused = 0;
  std::mt19937_64 random(2);
  while (committed < turns) {
    vfs.fail_from(1 + random() % 24, CrashVfs::Fault::disk_full);
    Status status = run_turn(store, committed + 1);
    if (status) {
      ++committed;
      status = after_turn(store, committed);
    }
    if (!status) {
      ++refused;
      ASSERT_EQ(status.error().code, Code::full) << status.error().text;
      ASSERT_NE(store.health(), "ok");
      ASSERT_EQ(transactions_in(store), committed) << "reads go on while the disk is full";
    }
    vfs.heal();
    ASSERT_EQ(transactions_in(store), committed);
    if (!status) {
      ASSERT_TRUE(committed == turns || run_turn(store, committed + 1));
      committed += committed < turns ? 1 : 0;
      ASSERT_TRUE(store.checkpoint(false));
      ASSERT_EQ(store.health(), "ok");
    }
  }
  EXPECT_GT(refused, 5U);
  EXPECT_TRUE(store.verify());
  opened->reset();
  opened = SqliteStore::open(path_, options(vfs));
  ASSERT_TRUE(opened);
  EXPECT_EQ(transactions_in(**opened), turns);
}

TEST_F(CrashVfsTest, AFullDiskDoesNotKeepTheStoreFromOpening) {
  CrashVfs vfs("crash-full-open");
  auto opened = SqliteStore::open(path_, options(vfs));
  ASSERT_TRUE(opened);
  for (std::uint64_t turn = 1; turn <= 7; ++turn) {
    ASSERT_TRUE(run_turn(**opened, turn));
  }
  vfs.fail_from(1, CrashVfs::Fault::disk_full);  // also keeps the log from being moved
  opened->reset();
  opened = SqliteStore::open(path_, options(vfs));
  ASSERT_TRUE(opened) << opened.error().text;
  EXPECT_EQ(transactions_in(**opened), 7U);
  EXPECT_EQ(run_turn(**opened, 8).error().code, Code::full);
  vfs.heal();
  EXPECT_TRUE(run_turn(**opened, 8));
  EXPECT_EQ(transactions_in(**opened), 8U);
}

TEST_F(CrashVfsTest, AfterAFailedWriteOrSyncNothingIsAnsweredUntilTheStoreIsOpenedAnew) {
  for (CrashVfs::Fault fault : {CrashVfs::Fault::write_error, CrashVfs::Fault::sync_error}) {
    for (std::uint64_t nth = 1; nth < 60; nth += fault == CrashVfs::Fault::sync_error ? 1 : 4) {
      const TemporaryDirectory directory;
      const std::string path = directory.file("store.db");
      CrashVfs vfs("crash-error");
      auto opened = SqliteStore::open(path, options(vfs));
      ASSERT_TRUE(opened);
      vfs.fail_from(nth, fault);
      std::uint64_t committed = 0;
      bool turn_failed = false;
      Status status;
      while (status && committed < turns) {
        status = run_turn(**opened, committed + 1);
        turn_failed = !status;
        committed += status ? 1 : 0;
        if (status) {
          status = after_turn(**opened, committed);
        }
      }
      vfs.heal();
      if (!status) {
        EXPECT_EQ(status.error().code, Code::io_failed);
        EXPECT_EQ((*opened)->begin().error().code, Code::io_failed);
        EXPECT_EQ((*opened)->checkpoint(true).error().code, Code::io_failed);
        EXPECT_NE((*opened)->last_error(), 0);
      }
      opened->reset();
      opened = SqliteStore::open(path, options(vfs));
      ASSERT_TRUE(opened) << opened.error().text;
      const std::uint64_t found = transactions_in(**opened);
      EXPECT_TRUE(found == committed || (turn_failed && found == committed + 1))
          << "fault " << nth << ": committed " << committed << ", found " << found;
      EXPECT_TRUE((*opened)->verify());
    }
  }
}

}  // namespace
}  // namespace hamroh
