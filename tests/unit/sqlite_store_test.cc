#include "daemon/sqlite_store.h"

#include <sqlite3.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>
#include <iterator>

#include "daemon/sqlite_pages.h"
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
using store_fixture::TemporaryDirectory;

constexpr std::string_view canary = "canary: Zarina, Khujand, +992";
constexpr std::size_t rows_of_a_table = 40;
constexpr std::array filled_tables{Table::meta, Table::body, Table::message};

std::unique_ptr<SqliteStore> open_store(const std::string& path) {
  auto opened = SqliteStore::open(path);
  CHECK(opened.has_value());
  return std::move(*opened);
}

Code open_code(const std::string& path) {
  auto opened = SqliteStore::open(path);
  return opened ? Code::none : opened.error().code;
}

Bytes read_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

void write_file(const std::string& path, ByteView content) {
  std::ofstream file(path, std::ios::binary | std::ios::trunc);
  file.write(reinterpret_cast<const char*>(content.data()),
             static_cast<std::streamsize>(content.size()));
  CHECK(file.good());
}

// Runs SQL on the file behind the store's back.
void run_sql(const std::string& path, const char* sql) {
  // Through the page checksums, as the file has to stay valid but for what the test changes.
  auto pages = PageVfs::create("");
  CHECK(pages.has_value());
  sqlite3* database = nullptr;
  CHECK(sqlite3_open_v2(path.c_str(), &database, SQLITE_OPEN_READWRITE, (*pages)->name().c_str()) ==
        SQLITE_OK);
  CHECK(sqlite3_exec(database, "PRAGMA locking_mode=EXCLUSIVE", nullptr, nullptr, nullptr) ==
        SQLITE_OK);
  CHECK(sqlite3_exec(database, sql, nullptr, nullptr, nullptr) == SQLITE_OK);
  CHECK(sqlite3_close(database) == SQLITE_OK);
}

Bytes row_value(Table table, std::uint64_t row) {
  Bytes value = bytes(canary);
  put_u8(value, static_cast<std::uint8_t>(table));
  put_u64(value, row);
  value.resize(300 + 10 * row, 'x');
  return value;
}

// A sealed store on disk with rows in three tables, each row in a transaction of its own.
class SqliteStoreTest : public testing::Test {
 protected:
  SqliteStoreTest() { CHECK(crypto::start()); }

  void fill(SqliteStore& store) {
    SealedStore sealed(store, entropy_, symmetric_key(1));
    sealed.unlock(symmetric_key(2));
    for (std::uint64_t row = 0; row < rows_of_a_table; ++row) {
      auto transaction = begin(sealed);
      for (Table table : filled_tables) {
        CHECK(transaction->put(table, key_u64(row), row_value(table, row)).has_value());
      }
      CHECK(transaction->commit().has_value());
    }
  }

  struct Reading {
    std::size_t right = 0;
    std::size_t errors = 0;
    std::size_t absent = 0;
    std::size_t wrong = 0;
  };

  // Reads every row, opening anew after each error, as the daemon does.
  Reading read_all(const std::string& path) {
    Reading reading;
    std::unique_ptr<SqliteStore> store;
    for (std::uint64_t at = 0; at < rows_of_a_table * filled_tables.size(); ++at) {
      const Table table = filled_tables[at % filled_tables.size()];
      const std::uint64_t row = at / filled_tables.size();
      if (!store || store->health() != "ok") {
        store.reset();
        auto opened = SqliteStore::open(path);
        if (!opened) {
          reading.errors += rows_of_a_table * filled_tables.size() - at;
          break;
        }
        store = std::move(*opened);
      }
      SealedStore sealed(*store, entropy_, symmetric_key(1));
      sealed.unlock(symmetric_key(2));
      const auto found = get_one(sealed, table, key_u64(row));
      if (!found) {
        ++reading.errors;
      } else if (!*found) {
        ++reading.absent;
      } else if (**found == row_value(table, row)) {
        ++reading.right;
      } else {
        ++reading.wrong;
      }
    }
    return reading;
  }

  // A filled store with one flipped bit in its last page, which holds rows and not the schema.
  std::unique_ptr<SqliteStore> open_damaged_store() {
    auto store = open_store(path_);
    fill(*store);
    store.reset();
    Bytes damaged = read_file(path_);
    damaged[damaged.size() - page_bytes / 2] ^= 1;
    write_file(path_, damaged);
    return open_store(path_);
  }

  static Status read_everything(Transaction& transaction) {
    for (const Table table : filled_tables) {
      HAMROH_TRY(transaction.scan(table, {}, {}, Transaction::Order::ascending,
                                  [](ByteView, ByteView) { return true; }));
    }
    return {};
  }

  TemporaryDirectory directory_;
  std::string path_ = directory_.file("store.db");
  std::string wal_ = path_ + "-wal";
  SeededEntropy entropy_{11};
};

TEST_F(SqliteStoreTest, FilesAreForTheirOwnerOnly) {
  auto store = open_store(path_);
  ASSERT_TRUE(put_one(*store, Table::meta, view("a"), view("1")));
  for (const std::string& file : {path_, wal_}) {
    struct stat status {};
    ASSERT_EQ(::stat(file.c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 0777U, 0600U);
  }
}

TEST_F(SqliteStoreTest, AFileThatOthersMayReadIsMadePrivate) {
  open_store(path_).reset();
  ASSERT_EQ(::chmod(path_.c_str(), 0644), 0);
  auto store = open_store(path_);
  struct stat status {};
  ASSERT_EQ(::stat(path_.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777U, 0600U);
}

TEST_F(SqliteStoreTest, ASecondOpenerIsToldThatTheStoreIsBusy) {
  auto store = open_store(path_);
  ASSERT_TRUE(put_one(*store, Table::meta, view("a"), view("1")));
  EXPECT_EQ(open_code(path_), Code::busy);
  const pid_t child = ::fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    ::_exit(open_code(path_) == Code::busy ? 0 : 1);
  }
  int status = -1;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0);
  // The refused attempts did not take the lock away.
  ASSERT_TRUE(put_one(*store, Table::meta, view("b"), view("2")));
  EXPECT_EQ(open_code(path_), Code::busy);
  store.reset();
  EXPECT_EQ(open_code(path_), Code::none);
}

TEST_F(SqliteStoreTest, AnOlderSchemaGetsItsNewTablesAndKeepsItsRows) {
  auto store = open_store(path_);
  ASSERT_TRUE(put_one(*store, Table::message, view("a"), view("1")));
  store.reset();
  for (const char* table : {"user", "case_key", "access", "erased", "task", "pack", "tier",
                            "service", "chunk", "attachment", "chunk_leaf", "due", "escalation"}) {
    run_sql(path_, (std::string("DROP TABLE ") + table).c_str());
  }
  run_sql(path_, "PRAGMA user_version=1");
  store = open_store(path_);
  ASSERT_TRUE(store);
  EXPECT_TRUE(put_one(*store, Table::user, view("b"), view("2")));
  auto transaction = store->begin().value();
  EXPECT_EQ(transaction->get(Table::message, view("a")).value(), Bytes{'1'});
}

TEST_F(SqliteStoreTest, ASchemaBeforeDisclosureGetsItsTables) {
  open_store(path_).reset();
  run_sql(path_, "DROP TABLE tier");
  run_sql(path_, "DROP TABLE service");
  for (const char* table : {"chunk", "attachment", "chunk_leaf", "due", "escalation"}) {
    run_sql(path_, (std::string("DROP TABLE ") + table).c_str());
  }
  run_sql(path_, "PRAGMA user_version=3");
  const auto store = open_store(path_);
  ASSERT_TRUE(store);
  EXPECT_TRUE(put_one(*store, Table::tier, view("b"), view("2")));
}

TEST_F(SqliteStoreTest, ASchemaBeforeAttachmentsGetsItsTables) {
  auto before = open_store(path_);
  ASSERT_TRUE(put_one(*before, Table::tier, view("a"), view("1")));
  before.reset();
  for (const char* table : {"chunk", "attachment", "chunk_leaf", "due", "escalation"}) {
    run_sql(path_, (std::string("DROP TABLE ") + table).c_str());
  }
  run_sql(path_, "PRAGMA user_version=4");
  const auto store = open_store(path_);
  ASSERT_TRUE(store);
  EXPECT_TRUE(put_one(*store, Table::chunk, key_u64(5), view("2")));
  auto transaction = store->begin().value();
  EXPECT_EQ(transaction->get(Table::tier, view("a")).value(), Bytes{'1'});
}

TEST_F(SqliteStoreTest, ANewerSchemaIsRefusedAndLeftAsItIs) {
  open_store(path_).reset();
  run_sql(path_, "PRAGMA user_version=6");
  const Bytes before = read_file(path_);
  EXPECT_EQ(open_code(path_), Code::store_newer);
  EXPECT_EQ(read_file(path_), before);
}

TEST_F(SqliteStoreTest, AnotherProgramsDatabaseIsRefused) {
  open_store(path_).reset();
  run_sql(path_, "PRAGMA application_id=7");
  EXPECT_EQ(open_code(path_), Code::store_corrupt);
}

TEST_F(SqliteStoreTest, AForeignObjectInTheSchemaIsRefused) {
  open_store(path_).reset();
  run_sql(path_, "CREATE TRIGGER t AFTER INSERT ON body BEGIN DELETE FROM body; END");
  EXPECT_EQ(open_code(path_), Code::store_corrupt);
}

TEST_F(SqliteStoreTest, AChangedTableIsRefused) {
  open_store(path_).reset();
  run_sql(path_, "ALTER TABLE peer ADD COLUMN more BLOB");
  EXPECT_EQ(open_code(path_), Code::store_corrupt);
}

TEST_F(SqliteStoreTest, AFileThatIsNoDatabaseIsRefusedAndKept) {
  Bytes garbage(40'000);
  entropy_.fill(garbage);
  write_file(path_, garbage);
  EXPECT_EQ(open_code(path_), Code::store_corrupt);
  EXPECT_EQ(read_file(path_), garbage);
  write_file(path_, view("hello"));
  EXPECT_EQ(open_code(path_), Code::store_corrupt);
  EXPECT_EQ(read_file(path_), bytes("hello"));
}

TEST_F(SqliteStoreTest, ADirectoryThatIsNotThereIsAnError) {
  EXPECT_EQ(open_code(directory_.file("absent/store.db")), Code::io_failed);
}

TEST_F(SqliteStoreTest, WhereAStoreMustBeNoneIsMade) {
  const SqliteOptions must_be{.cache_kib = 4096, .vfs = "", .create = false};
  EXPECT_EQ(SqliteStore::open(path_, must_be).error().code, Code::not_found);
  EXPECT_FALSE(std::filesystem::exists(path_));
  write_file(path_, {});
  EXPECT_EQ(SqliteStore::open(path_, must_be).error().code, Code::store_corrupt);
  open_store(path_).reset();
  EXPECT_TRUE(SqliteStore::open(path_, must_be).has_value());
}

TEST_F(SqliteStoreTest, SettingsOutOfBoundsAreRefused) {
  auto opened = SqliteStore::open(path_, {.cache_kib = 1, .vfs = "", .create = true});
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().code, Code::invalid_argument);
  opened = SqliteStore::open(path_, {.cache_kib = 4096, .vfs = "no such vfs", .create = true});
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().code, Code::store_failed);
}

TEST_F(SqliteStoreTest, TheFileItselfHasTheAgreedForm) {
  auto store = open_store(path_);
  fill(*store);
  ASSERT_TRUE(store->checkpoint(true));
  const Bytes file = read_file(path_);
  ASSERT_GE(file.size(), page_bytes);
  EXPECT_EQ(ByteReader(ByteView(file).subspan(16)).u16(), page_bytes);
  EXPECT_EQ(file[18], 2);  // write-ahead log, for readers and writers
  EXPECT_EQ(file[19], 2);
  EXPECT_EQ(file[20], page_reserved_bytes);
  EXPECT_EQ(ByteReader(ByteView(file).subspan(60)).u32(), 5U);           // user_version
  EXPECT_EQ(ByteReader(ByteView(file).subspan(68)).u32(), 0x48616d72U);  // application_id
}

TEST_F(SqliteStoreTest, CheckpointsEmptyTheLogAndKeepTheRows) {
  auto store = open_store(path_);
  EXPECT_EQ(store->wal_bytes(), 0U);
  fill(*store);
  EXPECT_GT(store->wal_bytes(), 0U);
  const std::uint64_t before = store->file_bytes();
  const auto passive = store->checkpoint(false);
  ASSERT_TRUE(passive);
  EXPECT_GT(passive->pages_in_log, 0U);
  EXPECT_EQ(passive->pages_moved, passive->pages_in_log);
  EXPECT_EQ(store->wal_bytes(), 0U);
  EXPECT_GT(store->file_bytes(), before);
  EXPECT_GT(std::filesystem::file_size(wal_), 0U);
  ASSERT_TRUE(store->checkpoint(true));
  EXPECT_EQ(std::filesystem::file_size(wal_), 0U);
  EXPECT_TRUE(store->verify());
  EXPECT_EQ(store->health(), "ok");
  store.reset();
  EXPECT_EQ(read_all(path_).right, rows_of_a_table * filled_tables.size());
}

TEST_F(SqliteStoreTest, NoByteOnDiskShowsWhatWasPut) {
  auto store = open_store(path_);
  fill(*store);
  ASSERT_TRUE(store->checkpoint(false));
  for (const std::string& file : {path_, wal_}) {
    const Bytes content = read_file(file);
    EXPECT_GT(content.size(), 1000U);
    EXPECT_EQ(text(content).find("canary"), std::string_view::npos);
    EXPECT_EQ(text(content).find("Zarina"), std::string_view::npos);
  }
}

TEST_F(SqliteStoreTest, ErasedBytesLeaveTheFileAndTheLog) {
  const Bytes secret = bytes("an erased record that nobody may find again");
  auto store = open_store(path_);
  ASSERT_TRUE(put_one(*store, Table::body, key_u64(1), secret));
  ASSERT_TRUE(put_one(*store, Table::meta, view("k"), secret));
  ASSERT_TRUE(store->checkpoint(true));
  ASSERT_NE(text(read_file(path_)).find(text(secret)), std::string_view::npos);
  auto transaction = begin(*store);
  ASSERT_TRUE(transaction->erase(Table::body, key_u64(1)));
  ASSERT_TRUE(transaction->erase(Table::meta, view("k")));
  ASSERT_TRUE(transaction->commit());
  transaction.reset();
  ASSERT_TRUE(store->checkpoint(true));
  for (const std::string& file : {path_, wal_}) {
    const Bytes content = read_file(file);
    EXPECT_EQ(text(content).find(text(secret)), std::string_view::npos);
  }
}

TEST_F(SqliteStoreTest, NoFlippedBitOfTheDatabaseFileGivesAWrongAnswer) {
  auto store = open_store(path_);
  fill(*store);
  store.reset();
  const Bytes image = read_file(path_);
  const std::size_t all = rows_of_a_table * filled_tables.size();
  std::mt19937_64 random(3);
  std::size_t found = 0;
  constexpr int trials = 60;
  for (int trial = 0; trial < trials; ++trial) {
    Bytes damaged = image;
    // Every second one in the pages that hold the rows' cell pointers and keys: their first bytes.
    std::size_t at = random() % image.size();
    if (trial % 2 == 0) {
      at = at / page_bytes * page_bytes + random() % 128;
    }
    damaged[at] ^= static_cast<std::uint8_t>(1U << random() % 8);
    std::filesystem::remove(wal_);
    write_file(path_, damaged);
    const Reading reading = read_all(path_);
    EXPECT_EQ(reading.wrong, 0U) << "byte " << at;
    EXPECT_EQ(reading.absent, 0U) << "byte " << at;
    EXPECT_EQ(reading.right + reading.errors, all);
    auto reopened = SqliteStore::open(path_);
    found += reading.errors > 0 || !reopened || !(*reopened)->verify() ? 1 : 0;
  }
  // Whatever the reads did not touch, verify() finds; only bytes of the header that each commit
  // writes anew may be mended by opening.
  EXPECT_GE(found, static_cast<std::size_t>(trials) - 2);
}

TEST_F(SqliteStoreTest, ADamagedPageLeavesTheOthersReadable) {
  auto store = open_store(path_);
  fill(*store);
  store.reset();
  Bytes damaged = read_file(path_);
  damaged[damaged.size() - page_bytes / 2] ^= 1;  // the last page holds rows, not the schema
  write_file(path_, damaged);
  const Reading reading = read_all(path_);
  EXPECT_GT(reading.errors, 0U);
  EXPECT_GT(reading.right, 0U);
  EXPECT_EQ(reading.wrong + reading.absent, 0U);
}

TEST_F(SqliteStoreTest, ADamagedPageEndsTheTransactionThatReadItAndNoOther) {
  auto store = open_damaged_store();
  auto transaction = store->begin();
  ASSERT_TRUE(transaction);
  EXPECT_EQ(read_everything(**transaction).error().code, Code::store_corrupt);
  transaction->reset();
  EXPECT_EQ(store->health(), "ok");
  // It still takes changes, and keeps them.
  transaction = store->begin();
  ASSERT_TRUE(transaction);
  ASSERT_TRUE((*transaction)->put(Table::held, Bytes{'n'}, Bytes{1}));
  ASSERT_TRUE((*transaction)->commit());
  transaction->reset();
  EXPECT_TRUE(store->checkpoint(false));
}

TEST_F(SqliteStoreTest, DamageFoundByATransactionThatChangedSomethingEndsTheStore) {
  auto store = open_damaged_store();
  auto transaction = store->begin();
  ASSERT_TRUE(transaction);
  ASSERT_TRUE((*transaction)->put(Table::held, Bytes{'n'}, Bytes{1}));
  EXPECT_EQ(read_everything(**transaction).error().code, Code::store_corrupt);
  EXPECT_EQ((*transaction)->commit().error().code, Code::store_corrupt);
  transaction->reset();
  EXPECT_EQ(store->begin().error().code, Code::store_corrupt);
  EXPECT_EQ(store->checkpoint(false).error().code, Code::store_corrupt);
  EXPECT_EQ(store->verify().error().code, Code::store_corrupt);
  EXPECT_NE(store->health(), "ok");
}

TEST_F(SqliteStoreTest, VerifyNamesTheDamagedTableAndOnlyThatOne) {
  auto store = open_damaged_store();
  const auto damaged = store->damaged_tables();
  ASSERT_TRUE(damaged);
  ASSERT_EQ(damaged->size(), 1U);
  EXPECT_EQ(store->verify().error().code, Code::store_corrupt);
  // What was read to find out has ended nothing.
  EXPECT_TRUE(store->begin());
}

TEST_F(SqliteStoreTest, AReadOnlyStoreLeavesBothFilesAsTheyAre) {
  auto store = open_store(path_);
  fill(*store);
  const Bytes database = read_file(path_);
  Bytes log = read_file(wal_);
  ASSERT_FALSE(log.empty());
  store.reset();
  log[log.size() / 2] ^= 1;  // a store that may write would not open with such a log
  write_file(path_, database);
  write_file(wal_, log);
  ASSERT_FALSE(SqliteStore::open(path_));
  write_file(path_, database);
  write_file(wal_, log);
  {
    SqliteOptions options;
    options.read_only = true;
    auto reading = SqliteStore::open(path_, options);
    ASSERT_TRUE(reading) << reading.error().text;
    EXPECT_NE((*reading)->health(), "ok");
    auto transaction = (*reading)->begin();
    ASSERT_TRUE(transaction);
    EXPECT_FALSE((*transaction)->put(Table::held, Bytes{'n'}, Bytes{1}));
  }
  EXPECT_EQ(read_file(path_), database);
  EXPECT_EQ(read_file(wal_), log);
}

// Copies the files of a running store, as a crash would leave them.
TEST_F(SqliteStoreTest, AFlippedBitInTheLogLosesNoCommitButTheLastUnnoticed) {
  auto store = open_store(path_);
  fill(*store);
  const Bytes database = read_file(path_);
  const Bytes log = read_file(wal_);
  store.reset();
  const std::string copy = directory_.file("copy.db");
  const std::size_t all = rows_of_a_table * filled_tables.size();

  write_file(copy, database);
  write_file(copy + "-wal", log);
  ASSERT_EQ(read_all(copy).right, all);

  std::mt19937_64 random(4);
  const std::size_t frame_bytes = page_bytes + 24;
  std::size_t found = 0;
  std::size_t last_lost = 0;
  constexpr std::size_t trials = 90;
  for (std::size_t trial = 0; trial < trials; ++trial) {
    Bytes damaged = log;
    std::size_t at = random() % log.size();
    if (trial % 3 == 0) {  // a header of a frame, or of the log
      const std::size_t frame = random() % (log.size() / frame_bytes);
      at = trial % 30 == 0 ? random() % 32 : 32 + frame * frame_bytes + random() % 24;
    }
    damaged[at] ^= static_cast<std::uint8_t>(1U << random() % 8);
    write_file(copy, database);
    write_file(copy + "-wal", damaged);
    const Reading reading = read_all(copy);
    EXPECT_EQ(reading.wrong, 0U) << "byte " << at;
    // The last transaction looks like one that a crash interrupted; the anchor knows better.
    EXPECT_TRUE(reading.absent == 0 || reading.absent == filled_tables.size()) << "byte " << at;
    EXPECT_TRUE(reading.errors == 0 || reading.errors == all);
    found += reading.errors == all ? 1 : 0;
    last_lost += reading.absent > 0 ? 1 : 0;
    if (reading.errors == all) {
      EXPECT_EQ(read_file(copy + "-wal"), damaged) << "the evidence must stay";
    }
  }
  EXPECT_EQ(found + last_lost, trials);
  EXPECT_LT(last_lost, trials / 8);
}

TEST_F(SqliteStoreTest, ATruncatedFileIsFound) {
  auto store = open_store(path_);
  fill(*store);
  store.reset();
  const Bytes image = read_file(path_);
  for (std::size_t length = page_bytes; length < image.size(); length += page_bytes) {
    std::filesystem::remove(wal_);
    write_file(path_, ByteView(image).first(length));
    const Reading reading = read_all(path_);
    EXPECT_GT(reading.errors, 0U) << length;
    EXPECT_EQ(reading.wrong + reading.absent, 0U) << length;
  }
  for (std::size_t length : {2U, 99U, 100U, 5'000U}) {
    std::filesystem::remove(wal_);
    write_file(path_, ByteView(image).first(length));
    EXPECT_EQ(open_code(path_), Code::store_corrupt) << length;
  }
}

TEST_F(SqliteStoreTest, APageInTheWrongPlaceIsFound) {
  auto store = open_store(path_);
  fill(*store);
  store.reset();
  Bytes image = read_file(path_);
  const std::size_t pages = image.size() / page_bytes;
  ASSERT_GE(pages, 4U);
  const auto page = [&](std::size_t number) {
    return image.begin() + static_cast<std::ptrdiff_t>(number * page_bytes);
  };
  std::swap_ranges(page(pages - 2), page(pages - 1), page(pages - 1));
  write_file(path_, image);
  const Reading reading = read_all(path_);
  EXPECT_GT(reading.errors, 0U);
  EXPECT_EQ(reading.wrong + reading.absent, 0U);
}

TEST_F(SqliteStoreTest, APagesChecksumShowsEveryFlippedBit) {
  std::array<std::uint8_t, page_bytes> page{};
  entropy_.fill(page);
  const std::uint64_t sound = page_checksum(page_bytes, page);
  EXPECT_NE(page_checksum(2 * page_bytes, page), sound);
  for (std::size_t bit = 0; bit < (page_bytes - page_reserved_bytes) * 8; bit += 37) {
    page[bit / 8] ^= static_cast<std::uint8_t>(1U << (bit % 8));
    EXPECT_NE(page_checksum(page_bytes, page), sound) << bit;
    page[bit / 8] ^= static_cast<std::uint8_t>(1U << (bit % 8));
  }
  EXPECT_EQ(page_checksum(page_bytes, page), sound);
}

TEST_F(SqliteStoreTest, AMissingLogIsNoErrorAfterACleanStop) {
  auto store = open_store(path_);
  fill(*store);
  store.reset();
  std::filesystem::remove(wal_);
  EXPECT_EQ(read_all(path_).right, rows_of_a_table * filled_tables.size());
}

TEST_F(SqliteStoreTest, ALogOfGarbageIsFound) {
  open_store(path_).reset();
  Bytes garbage(3 * page_bytes);
  entropy_.fill(garbage);
  write_file(wal_, garbage);
  EXPECT_EQ(open_code(path_), Code::store_corrupt);
}

}  // namespace
}  // namespace hamroh
