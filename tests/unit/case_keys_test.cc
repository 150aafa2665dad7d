// The keys of cases: what was sealed under a key that was destroyed opens with nothing that is
// left, whatever copy of it somebody has kept.

#include "protocol/case_keys.h"

#include <gtest/gtest.h>

#include "protocol/memory_store.h"
#include "protocol/sealed_store.h"
#include "tests/unit/store_fixture.h"

namespace hamroh {
namespace {

using store_fixture::begin;
using store_fixture::bytes;

const Bytes row = key_u64(7);

CaseId case_id(std::uint64_t number) {
  CaseId id;
  id.bytes[0] = 1;
  std::ranges::copy(key_u64(number), id.bytes.begin() + 8);
  return id;
}

class CaseKeysTest : public testing::Test {
 protected:
  // One transaction that is committed; the keys are loaded anew, as after a start.
  template <class Work>
  void in_turn(Work&& work, bool commits = true) {
    auto transaction = begin(disk_);
    Effects effects;
    Turn turn{{1}, {1}, *transaction, entropy_, effects};
    auto keys = CaseKeys::load(turn);
    ASSERT_TRUE(keys);
    work(*keys, turn);
    if (commits) {
      ASSERT_TRUE(transaction->commit());
    }
  }
  std::uint64_t make(std::uint64_t number) {
    std::uint64_t place = 0;
    in_turn([&](CaseKeys& keys, Turn& turn) { place = keys.make(case_id(number), turn).value(); });
    return place;
  }
  void make_many(std::uint64_t count) {
    in_turn([&](CaseKeys& keys, Turn& turn) {
      for (std::uint64_t i = 0; i < count; ++i) {
        ASSERT_TRUE(keys.make(case_id(i), turn));
      }
    });
  }
  Bytes seal(std::uint64_t place, std::string_view words) {
    Bytes sealed;
    in_turn([&](CaseKeys& keys, Turn& turn) {
      sealed = keys.seal(place, Table::body, row, bytes(words), turn).value();
    });
    return sealed;
  }
  Result<CaseKeys::Opened> open(ByteView stored, Table table = Table::body, ByteView key = row) {
    Result<CaseKeys::Opened> opened;
    in_turn([&](CaseKeys& keys, Turn& turn) { opened = keys.open(table, key, stored, turn); });
    return opened;
  }
  void destroy(std::uint64_t place) {
    in_turn([&](CaseKeys& keys, Turn& turn) { ASSERT_TRUE(keys.destroy(place, turn)); });
  }

  MemoryStore disk_;
  store_fixture::SeededEntropy entropy_{1};
};

TEST_F(CaseKeysTest, PlacesRiseInTheOrderOfTheCasesAlsoOverARestart) {
  EXPECT_EQ(make(1), 0u);
  EXPECT_EQ(make(2), 1u);
  EXPECT_EQ(make(3), 2u);
}

TEST_F(CaseKeysTest, WhatWasSealedOpensAgainAfterARestart) {
  const std::uint64_t place = make(1);
  const Bytes sealed = seal(place, "a story");
  const auto opened = open(sealed);
  ASSERT_TRUE(opened);
  EXPECT_EQ(opened->place, place);
  EXPECT_EQ(opened->content, bytes("a story"));
}

TEST_F(CaseKeysTest, SealedContentCannotBeMovedOrChanged) {
  const std::uint64_t place = make(1);
  make(2);
  const Bytes sealed = seal(place, "a story");
  EXPECT_FALSE(open(sealed, Table::conflict));
  EXPECT_FALSE(open(sealed, Table::body, key_u64(8)));
  for (std::size_t at = 0; at < sealed.size(); ++at) {
    Bytes changed = sealed;
    changed[at] ^= 1;
    EXPECT_FALSE(open(changed)) << at;
  }
  for (std::size_t length = 0; length < sealed.size(); ++length) {
    EXPECT_FALSE(open(ByteView(sealed).first(length))) << length;
  }
}

TEST_F(CaseKeysTest, WhatWasSealedForADestroyedKeyIsErased) {
  make_many(3);
  const Bytes sealed = seal(1, "a story");
  destroy(1);
  const auto opened = open(sealed);
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().code, Code::erased);
  EXPECT_EQ(opened.error().blame, Blame::caller);
}

TEST_F(CaseKeysTest, TheOthersSurviveTheDestructionOfOne) {
  constexpr std::uint64_t cases = 2 * CaseKeys::group_cases + 3;
  make_many(cases);
  std::vector<Bytes> sealed;
  for (const std::uint64_t place : {0u, 254u, 255u, 256u, 511u, 513u}) {
    sealed.push_back(seal(place, "another"));
  }
  destroy(100);
  destroy(300);
  for (const Bytes& one : sealed) {
    EXPECT_TRUE(open(one));
  }
  EXPECT_EQ(make(cases), cases);
}

// The old wrap, the old row of group keys, or both, put back from a copy: the erasure key of then
// is gone, so the case stays closed.
TEST_F(CaseKeysTest, OldWrapsOpenWithNothingThatIsLeft) {
  make_many(3);
  const Bytes sealed = seal(1, "a story");
  const MemoryStore::Rows before = disk_.rows();
  destroy(1);
  const MemoryStore::Rows after = disk_.rows();
  const auto put_back = [&](const std::vector<std::pair<Table, Bytes>>& rows) {
    MemoryStore::Rows mixed = after;
    for (const auto& which : rows) {
      mixed[which] = before.at(which);
    }
    disk_.restore(std::move(mixed));
    auto transaction = begin(disk_);
    Effects effects;
    Turn turn{{1}, {1}, *transaction, entropy_, effects};
    const auto keys = CaseKeys::load(turn);
    return keys && keys->open(Table::body, row, sealed, turn).has_value();
  };
  const std::pair wrap{Table::case_key, key_u64(1)};
  Bytes block{'g'};
  put_u32(block, 0);
  const std::pair groups{Table::reader_secret, block};
  EXPECT_FALSE(put_back({wrap}));
  EXPECT_FALSE(put_back({groups}));
  EXPECT_FALSE(put_back({wrap, groups}));
  // With the erasure key of then it opens, so it is this key that keeps it shut.
  EXPECT_TRUE(put_back({wrap, groups, {Table::reader_secret, Bytes{'g'}}}));
}

TEST_F(CaseKeysTest, NoWrapOfBeforeStaysInTheGroup) {
  make_many(5);
  const MemoryStore::Rows before = disk_.rows();
  destroy(2);
  for (const auto& [key, value] : before) {
    const auto now = disk_.rows().find(key);
    EXPECT_TRUE(now == disk_.rows().end() || now->second != value);
  }
}

TEST_F(CaseKeysTest, ADestructionThatWasNotCommittedHasNotHappened) {
  make_many(3);
  const Bytes sealed = seal(1, "a story");
  in_turn([&](CaseKeys& keys, Turn& turn) { ASSERT_TRUE(keys.destroy(1, turn)); }, false);
  EXPECT_TRUE(open(sealed));
}

TEST_F(CaseKeysTest, APlaceThatIsUsedAgainDoesNotOpenWhatWasErased) {
  make_many(2);
  const Bytes sealed = seal(1, "a story");
  destroy(1);
  EXPECT_EQ(make(9), 1u);  // nothing was behind it
  const auto opened = open(sealed);
  ASSERT_FALSE(opened);
}

TEST_F(CaseKeysTest, ARowOfAnotherCaseOrGroupIsFoundCorrupt) {
  make_many(300);
  const auto swap = [&](std::uint64_t one, std::uint64_t other) {
    MemoryStore::Rows rows = disk_.rows();
    std::swap(rows[{Table::case_key, key_u64(one)}], rows[{Table::case_key, key_u64(other)}]);
    disk_.restore(std::move(rows));
  };
  const Bytes sealed = seal(1, "a story");
  swap(1, 2);
  auto opened = open(sealed);
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().code, Code::store_corrupt);
  swap(1, 2);
  swap(1, 299);
  opened = open(sealed);
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().code, Code::store_corrupt);
}

TEST_F(CaseKeysTest, GroupKeysFillMoreThanOneRow) {
  make_many(CaseKeys::group_cases * CaseKeys::block_groups + 1);
  const Bytes first = seal(0, "first");
  const Bytes last = seal(CaseKeys::group_cases * CaseKeys::block_groups, "last");
  destroy(1);
  EXPECT_TRUE(open(first));
  EXPECT_TRUE(open(last));
}

TEST_F(CaseKeysTest, KeysAreReadableOnlyThroughTheVault) {
  SealedStore sealed(disk_, entropy_, store_fixture::symmetric_key(1));
  auto transaction = begin(sealed);
  Effects effects;
  Turn turn{{1}, {1}, *transaction, entropy_, effects};
  const auto keys = CaseKeys::load(turn);
  ASSERT_FALSE(keys);
  EXPECT_EQ(keys.error().code, Code::locked);
}

}  // namespace
}  // namespace hamroh
