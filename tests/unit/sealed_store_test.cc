#include "protocol/sealed_store.h"

#include "protocol/memory_store.h"
#include "protocol/record_bounds.h"
#include "tests/unit/store_fixture.h"

namespace hamroh {
namespace {

using store_fixture::begin;
using store_fixture::bytes;
using store_fixture::get_one;
using store_fixture::put_one;
using store_fixture::row_key;
using store_fixture::SeededEntropy;
using store_fixture::symmetric_key;

constexpr std::string_view canary = "canary: Zarina, Khujand, +992";

class SealedStoreTest : public testing::Test {
 protected:
  SealedStoreTest() : sealed_(memory_, entropy_, symmetric_key(1)) {
    CHECK(crypto::start());
    sealed_.unlock(symmetric_key(2));
  }

  // The error's code if the record is found damaged, none if it is as it was put, and a failure
  // else.
  Code code_of(Table table, ByteView key) {
    auto found = get_one(sealed_, table, key);
    if (!found) {
      EXPECT_EQ(found.error().blame, Blame::environment);
      return found.error().code;
    }
    EXPECT_TRUE(*found && **found == bytes(canary));
    return Code::none;
  }

  MemoryStore memory_;
  SeededEntropy entropy_{5};
  SealedStore sealed_;
};

TEST_F(SealedStoreTest, EveryFlippedBitOfARecordIsFound) {
  ASSERT_TRUE(put_one(sealed_, Table::meta, view("k"), view(canary)));
  const MemoryStore::Rows image = memory_.rows();
  const std::pair<Table, Bytes> key = row_key(Table::meta, view("k"));
  for (std::size_t bit = 0; bit < image.at(key).size() * 8; ++bit) {
    MemoryStore::Rows damaged = image;
    damaged[key][bit / 8] ^= static_cast<std::uint8_t>(1U << (bit % 8));
    memory_.restore(damaged);
    EXPECT_EQ(code_of(Table::meta, view("k")), Code::store_corrupt) << "bit " << bit;
  }
  memory_.restore(image);
  EXPECT_EQ(code_of(Table::meta, view("k")), Code::none);
}

TEST_F(SealedStoreTest, EveryShortenedOrLengthenedRecordIsFound) {
  ASSERT_TRUE(put_one(sealed_, Table::meta, view("k"), view(canary)));
  const MemoryStore::Rows image = memory_.rows();
  const std::pair<Table, Bytes> key = row_key(Table::meta, view("k"));
  for (std::size_t length = 0; length <= image.at(key).size() + 3; ++length) {
    if (length == image.at(key).size()) {
      continue;
    }
    MemoryStore::Rows damaged = image;
    damaged[key].resize(length);
    memory_.restore(damaged);
    EXPECT_EQ(code_of(Table::meta, view("k")), Code::store_corrupt) << "length " << length;
  }
}

TEST_F(SealedStoreTest, AMovedRecordIsRefused) {
  const Bytes key = key_u64(1);
  ASSERT_TRUE(put_one(sealed_, Table::body, key, view(canary)));
  const Bytes record = memory_.rows().at(row_key(Table::body, key));
  MemoryStore::Rows moved;
  moved[row_key(Table::body, key_u64(2))] = record;  // another key
  moved[row_key(Table::proof, key)] = record;        // another table of the same tier
  moved[row_key(Table::ledger, key)] = record;       // another tier
  moved[row_key(Table::message, view("m"))] = record;
  memory_.restore(moved);
  EXPECT_EQ(code_of(Table::body, key_u64(2)), Code::store_corrupt);
  EXPECT_EQ(code_of(Table::proof, key), Code::store_corrupt);
  EXPECT_EQ(code_of(Table::ledger, key), Code::store_corrupt);
  EXPECT_EQ(code_of(Table::message, view("m")), Code::store_corrupt);
}

TEST_F(SealedStoreTest, ARecordOfAnotherVersionIsRefused) {
  ASSERT_TRUE(put_one(sealed_, Table::meta, view("k"), view(canary)));
  MemoryStore::Rows rows = memory_.rows();
  for (int version = 0; version < 256; ++version) {
    rows[row_key(Table::meta, view("k"))][0] = static_cast<std::uint8_t>(version);
    memory_.restore(rows);
    EXPECT_EQ(code_of(Table::meta, view("k")), version == 1 ? Code::none : Code::store_corrupt);
  }
}

TEST_F(SealedStoreTest, OneBadRecordLeavesTheOthersReadable) {
  ASSERT_TRUE(put_one(sealed_, Table::meta, view("a"), view(canary)));
  ASSERT_TRUE(put_one(sealed_, Table::meta, view("b"), view(canary)));
  ASSERT_TRUE(put_one(sealed_, Table::meta, view("c"), view(canary)));
  MemoryStore::Rows rows = memory_.rows();
  rows[row_key(Table::meta, view("b"))].back() ^= 1;
  memory_.restore(rows);
  EXPECT_EQ(code_of(Table::meta, view("a")), Code::none);
  EXPECT_EQ(code_of(Table::meta, view("b")), Code::store_corrupt);
  EXPECT_EQ(code_of(Table::meta, view("c")), Code::none);

  std::vector<Bytes> seen;
  const Status scanned = begin(sealed_)->scan(Table::meta, {}, {}, Transaction::Order::ascending,
                                              [&](ByteView key, ByteView value) {
                                                EXPECT_EQ(text(value), canary);
                                                seen.emplace_back(key.begin(), key.end());
                                                return true;
                                              });
  ASSERT_FALSE(scanned);
  EXPECT_EQ(scanned.error().code, Code::store_corrupt);
  EXPECT_EQ(seen, std::vector<Bytes>{bytes("a")});
}

TEST_F(SealedStoreTest, NoStoredByteShowsWhatWasPut) {
  for (Table table : all_tables) {
    ASSERT_TRUE(put_one(sealed_, table, key_u64(1), view(canary)));
  }
  ASSERT_EQ(memory_.rows().size(), all_tables.size());
  for (const auto& [key, value] : memory_.rows()) {
    EXPECT_EQ(text(value).find("canary"), std::string_view::npos);
    EXPECT_EQ(text(value).find("Zarina"), std::string_view::npos);
    EXPECT_EQ(value.size(), canary.size() + 41);
  }
}

TEST_F(SealedStoreTest, TheSameValueIsNeverStoredAlikeTwice) {
  ASSERT_TRUE(put_one(sealed_, Table::meta, view("k"), view(canary)));
  const MemoryStore::Rows before = memory_.rows();
  ASSERT_TRUE(put_one(sealed_, Table::meta, view("k"), view(canary)));
  EXPECT_NE(memory_.rows(), before);
}

TEST_F(SealedStoreTest, ALockedReaderTierRefusesUntilItIsUnlockedAgain) {
  for (Table table : all_tables) {
    ASSERT_TRUE(put_one(sealed_, table, key_u64(1), view(canary)));
  }
  sealed_.lock();
  EXPECT_FALSE(sealed_.unlocked());
  for (Table table : all_tables) {
    auto transaction = begin(sealed_);
    const auto got = transaction->get(table, key_u64(1));
    const Status put = transaction->put(table, key_u64(2), view("x"));
    const Status erased = transaction->erase(table, key_u64(3));
    const Status scanned = transaction->scan(table, {}, {}, Transaction::Order::ascending,
                                             [](ByteView, ByteView) { return true; });
    const bool usable = tier_of(table) == Tier::node;
    EXPECT_EQ(got.has_value() && put && erased && scanned, usable);
    if (!usable) {
      const Error locked{Code::locked, Blame::caller, ""};
      EXPECT_EQ(got.error(), locked);
      EXPECT_EQ(put.error(), locked);
      EXPECT_EQ(erased.error(), locked);
      EXPECT_EQ(scanned.error(), locked);
    }
  }
  sealed_.unlock(symmetric_key(2));
  for (Table table : all_tables) {
    EXPECT_EQ(code_of(table, key_u64(1)), Code::none);
  }
}

TEST_F(SealedStoreTest, AnotherKeyOpensNothing) {
  ASSERT_TRUE(put_one(sealed_, Table::meta, view("k"), view(canary)));
  ASSERT_TRUE(put_one(sealed_, Table::body, key_u64(1), view(canary)));
  SealedStore other(memory_, entropy_, symmetric_key(3));
  other.unlock(symmetric_key(4));
  EXPECT_EQ(get_one(other, Table::meta, view("k")).error().code, Code::store_corrupt);
  EXPECT_EQ(get_one(other, Table::body, key_u64(1)).error().code, Code::store_corrupt);
}

TEST_F(SealedStoreTest, TheTiersHaveDifferentKeysEvenFromOneSecret) {
  sealed_.unlock(symmetric_key(1));
  ASSERT_TRUE(put_one(sealed_, Table::body, key_u64(1), view(canary)));
  MemoryStore::Rows rows = memory_.rows();
  rows[row_key(Table::pending, key_u64(1))] = rows.at(row_key(Table::body, key_u64(1)));
  memory_.restore(rows);
  EXPECT_EQ(code_of(Table::pending, key_u64(1)), Code::store_corrupt);
}

}  // namespace
}  // namespace hamroh
