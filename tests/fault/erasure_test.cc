// What a disk still holds of what was erased: nothing, in the database, its free pages, the gaps
// within its pages or the log; and a kill at any write of an erasure leaves a case whole or erased,
// and after the next start again nothing of it.
#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>
#include <unordered_set>

#include "daemon/sqlite_store.h"
#include "tests/fault/crash_vfs.h"
#include "tests/unit/node_fixture.h"

namespace hamroh {
namespace {

using namespace node_fixture;
using store_fixture::begin;
using store_fixture::TemporaryDirectory;

constexpr std::size_t probe_bytes = 8;

// Words of random-looking bytes that a file may not hold.
class Forbidden {
 public:
  void add(ByteView value) {
    for (std::size_t at = 16; at + probe_bytes <= value.size(); at += 32) {
      words_.insert(word(value.data() + at));
    }
  }
  [[nodiscard]] std::size_t found_in(ByteView file) const {
    std::size_t found = 0;
    for (std::size_t at = 0; at + probe_bytes <= file.size(); ++at) {
      found += words_.contains(word(file.data() + at)) ? 1 : 0;
    }
    return found;
  }
  [[nodiscard]] std::size_t size() const { return words_.size(); }

 private:
  static std::uint64_t word(const std::uint8_t* at) {
    std::uint64_t value = 0;
    std::memcpy(&value, at, sizeof value);
    return value;
  }
  std::unordered_set<std::uint64_t> words_;
};

Bytes read_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

using Rows = MemoryStore::Rows;

Rows rows_of(Store& store) {
  Rows rows;
  const auto transaction = begin(store);
  for (const Table table : all_tables) {
    EXPECT_TRUE(transaction->scan(
        table, {}, {}, Transaction::Order::ascending, [&](ByteView key, ByteView value) {
          rows[{table, Bytes(key.begin(), key.end())}] = Bytes(value.begin(), value.end());
          return true;
        }));
  }
  return rows;
}

// Rows of every size come, change and go, in tables of both kinds; of all that is no row any more,
// the files hold nothing once the log is emptied.
TEST(Remnants, WhatIsNoRowAnyMoreStandsNowhereInTheFiles) {
  for (const std::uint64_t seed : {1U, 2U, 3U, 4U, 5U}) {
    const TemporaryDirectory directory;
    const std::string path = directory.file("store.db");
    store_fixture::SeededEntropy entropy(seed);
    std::mt19937_64 random(seed);
    Forbidden gone;
    Rows live;
    auto store = SqliteStore::open(path, {}).value();
    for (int turn = 0; turn < 150; ++turn) {
      const auto transaction = begin(*store);
      for (int change = 0; change < 20; ++change) {
        const Table table = random() % 2 == 0 ? Table::case_event : Table::case_key;
        Bytes key = key_u64(random() % 300);
        if (table == Table::case_event) {
          const Digest hashed = crypto::sha256({key});
          key.assign(hashed.view().begin(), hashed.view().end());
        }
        if (const auto before = live.find({table, key}); before != live.end()) {
          gone.add(before->second);
        }
        if (random() % 4 == 0) {
          ASSERT_TRUE(transaction->erase(table, key));
          live.erase({table, key});
          continue;
        }
        Bytes value(100 + random() % (random() % 20 == 0 ? 60'000 : 2'000));
        entropy.fill(value);
        ASSERT_TRUE(transaction->put(table, key, value));
        live[{table, key}] = std::move(value);
      }
      ASSERT_TRUE(transaction->commit());
      if (turn % 40 == 17) {
        ASSERT_TRUE(store->checkpoint(false));
      }
    }
    ASSERT_TRUE(store->checkpoint(true));
    ASSERT_GT(gone.size(), 10'000U);
    EXPECT_EQ(gone.found_in(read_file(path)), 0U) << "seed " << seed;
    EXPECT_EQ(read_file(path + "-wal").size(), 0U);
    EXPECT_EQ(rows_of(*store), live);
    EXPECT_TRUE(store->verify());
    store.reset();
    auto again = SqliteStore::open(path, {}).value();
    EXPECT_EQ(rows_of(*again), live);
    EXPECT_TRUE(again->verify());
  }
}

// A node with two cases on a real database whose every write is recorded.
class ErasureOnDisk : public NodeFixture {
 protected:
  void SetUp() override {
    for (const std::uint64_t number : {1U, 2U}) {
      ASSERT_TRUE(submit(ngo_, a_referral(number)));
    }
    for (std::uint64_t number = 10; number < 20; ++number) {
      ASSERT_TRUE(submit(ngo_, a_note(number, std::string(900, 'x'))));
    }
    talk();
    ngo_.node.reset();
    elapsed_.ms += tuning::start_wait_max.ms;
  }
  static void fill(SqliteStore& disk, const Rows& rows) {
    const auto transaction = begin(disk);
    for (const auto& [key, value] : rows) {
      ASSERT_TRUE(transaction->put(key.first, key.second, value));
    }
    ASSERT_TRUE(transaction->commit());
  }
  // One turn of a node over that disk; what its work answers.
  template <class Work>
  Status with_node(SqliteStore& disk, Work&& work) {
    SealedStore store(disk, ngo_.entropy, store_fixture::symmetric_key(ngo_.seed));
    store.unlock(store_fixture::symmetric_key(ngo_.seed + 100));
    HAMROH_ASSIGN(auto transaction, store.begin());
    Effects effects;
    Turn turn{now(), elapsed_, *transaction, ngo_.entropy, effects};
    HAMROH_ASSIGN(Node node, Node::open({}, turn));
    elapsed_.ms += tuning::start_wait_max.ms;
    Turn later{now(), elapsed_, *transaction, ngo_.entropy, effects};
    HAMROH_TRY(node.tick(later));
    HAMROH_TRY(work(node, later));
    HAMROH_TRY(node.finish(later));
    HAMROH_TRY(transaction->commit());
    transaction.reset();
    if (effects.truncate_log) {
      HAMROH_TRY(disk.checkpoint(true));
    }
    return {};
  }
  Status erase(SqliteStore& disk) {
    return with_node(disk, [&](Node& node, Turn& turn) -> Status {
      const auto erased = node.erase_case(id_, ErasureReason::withdrawal, false, turn);
      return erased ? Status{} : tl::unexpected(erased.error());
    });
  }
  // The rows of which nothing may stay, as they lie on the disk: those of the case, and everything
  // above its key.
  [[nodiscard]] Forbidden rows_that_go(const Rows& before) {
    Forbidden gone;
    for (const auto& [key, value] : before) {
      const bool above = key.first == Table::case_key ||
                         (key.first == Table::reader_secret && key.second.front() == 'g');
      const bool of_case = key.first == Table::case_event && key.second == CaseRecord::key(id_);
      if (above || of_case) {
        gone.add(value);
      }
    }
    in_turn(ngo_, [&](Turn& turn) {
      for (std::uint64_t number = 10; number < 20; ++number) {
        const Bytes row = turn.store.get(Table::message, MessageRecord::key(ngo_.id, id_of(number)))
                              .value()
                              .value();
        const auto record = MessageRecord::parse(row);
        gone.add(before.at({Table::body, key_u64(*record->body)}));
        gone.add(before.at({Table::message, MessageRecord::key(ngo_.id, id_of(number))}));
      }
    });
    return gone;
  }

  const TemporaryDirectory directory_;
  const std::string path_ = directory_.file("store.db");
  const CaseId id_ = case_of(id_of(1));
};

TEST_F(ErasureOnDisk, NothingOfTheCaseStaysInTheFiles) {
  const Rows before = ngo_.disk.rows();
  const Forbidden gone = rows_that_go(before);
  auto disk = SqliteStore::open(path_, {}).value();
  fill(*disk, before);
  ASSERT_TRUE(disk->checkpoint(true));
  ASSERT_GT(gone.found_in(read_file(path_)), 100U);  // so the search does find
  ASSERT_TRUE(erase(*disk));
  EXPECT_EQ(gone.found_in(read_file(path_)), 0U);
  EXPECT_EQ(read_file(path_ + "-wal").size(), 0U);
}

TEST_F(ErasureOnDisk, AKillAtEveryWriteLeavesTheCaseWholeOrErasedForGood) {
  const Rows before = ngo_.disk.rows();
  const Forbidden gone = rows_that_go(before);
  CrashVfs vfs("crash-erasure");
  auto disk =
      SqliteStore::open(path_, {.cache_kib = 64, .vfs = vfs.name(), .create = true}).value();
  fill(*disk, before);
  ASSERT_TRUE(disk->checkpoint(true));
  const std::size_t first = vfs.operations().size();
  ASSERT_TRUE(erase(*disk));
  const std::vector<CrashVfs::Operation> operations = vfs.operations();
  ASSERT_GT(operations.size(), first + 10);
  std::size_t whole = 0;
  std::size_t erased = 0;
  for (std::size_t count = first; count <= operations.size(); ++count) {
    const std::array<CrashVfs::Keep, 2> disks{[](std::size_t) { return true; },
                                              [](std::size_t) { return false; }};
    for (const CrashVfs::Keep& keep : disks) {
      const TemporaryDirectory crashed;
      for (const auto& [name, content] : CrashVfs::replay(operations, count, keep)) {
        std::ofstream file(crashed.file(name), std::ios::binary);
        file.write(reinterpret_cast<const char*>(content.data()),
                   static_cast<std::streamsize>(content.size()));
      }
      auto found = SqliteStore::open(crashed.file("store.db"), {});
      ASSERT_TRUE(found) << found.error().text;
      EXPECT_TRUE((*found)->verify());
      const Bytes file = read_file(crashed.file("store.db"));  // the start has emptied the log
      ASSERT_TRUE(with_node(**found, [&](Node& node, Turn& turn) -> Status {
        const Code code = code_of(node.case_view(id_, program(), turn));
        EXPECT_TRUE(code == Code::none || code == Code::erased) << code_name(code);
        if (code == Code::erased) {
          ++erased;
          EXPECT_EQ(gone.found_in(file), 0U) << "after operation " << count;
        } else {
          ++whole;
          EXPECT_TRUE(node.body(ngo_.id, id_of(10), program(), turn));
        }
        EXPECT_TRUE(node.body(ngo_.id, id_of(2), program(), turn));  // the other case
        return {};
      }));
    }
  }
  EXPECT_GT(whole, 0U);
  EXPECT_GT(erased, 0U);
}

}  // namespace
}  // namespace hamroh
