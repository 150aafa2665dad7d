#include "protocol/ledger.h"

#include "protocol/constants.h"
#include "protocol/memory_store.h"
#include "tests/unit/merkle_fixture.h"

namespace hamroh {
namespace {

using merkle_fixture::ReferenceTree;

Entry numbered_entry(std::uint64_t number) {
  Entry entry;
  entry.kind = EntryKind::opened;
  entry.time = {1'700'000'000'000 + number};
  entry.directory_version = 3;
  const Bytes key = key_u64(number);
  std::copy(key.begin(), key.end(), entry.subject.bytes.begin());
  return entry;
}

EntryReference numbered_reference(std::uint64_t number) {
  EntryReference reference;
  reference.peer.bytes.fill(static_cast<std::uint8_t>(number));
  reference.author.bytes.fill(static_cast<std::uint8_t>(number + 1));
  const Bytes key = key_u64(number);
  std::copy(key.begin(), key.end(), reference.message.bytes.begin());
  return reference;
}

Bytes node_key(unsigned level, std::uint64_t index) {
  Bytes key;
  put_u8(key, static_cast<std::uint8_t>(level));
  put_u64(key, index);
  return key;
}

class LedgerTest : public testing::Test {
 protected:
  void begin() { transaction_ = std::move(*store_.begin()); }
  void commit() {
    ASSERT_TRUE(transaction_->commit().has_value());
    transaction_.reset();
  }
  void append(std::uint64_t count) {
    for (std::uint64_t i = 0; i < count; ++i) {
      const std::uint64_t index = ledger_.size();
      EXPECT_EQ(ledger_.append(numbered_entry(index), numbered_reference(index)), index);
    }
  }
  // A turn of `count` entries, from begin to commit.
  void turn(std::uint64_t count) {
    begin();
    append(count);
    ASSERT_TRUE(ledger_.flush(*transaction_).has_value());
    commit();
  }
  Result<Ledger> load() {
    begin();
    auto loaded = Ledger::load(*transaction_);
    transaction_.reset();
    return loaded;
  }
  void reload() {
    auto loaded = load();
    ASSERT_TRUE(loaded.has_value());
    ledger_ = std::move(*loaded);
  }
  // What the tree of the numbered entries must be.
  static CompactRange expected_range(std::uint64_t size) {
    CompactRange range;
    for (std::uint64_t i = 0; i < size; ++i) {
      range.append(numbered_entry(i).leaf());
    }
    return range;
  }
  void expect_proves(std::uint64_t size, std::uint64_t base,
                     const std::vector<std::uint64_t>& indices) {
    const auto range = ledger_.range_at(*transaction_, size);
    const auto base_range = ledger_.range_at(*transaction_, base);
    const auto hashes = ledger_.prove(*transaction_, size, base, indices);
    ASSERT_TRUE(range && base_range && hashes) << "size " << size << ", base " << base;
    std::vector<ProvenLeaf> leaves;
    for (const std::uint64_t index : indices) {
      leaves.push_back({index, numbered_entry(index).leaf()});
    }
    EXPECT_EQ(verify_multiproof(size, range->root(), *base_range, leaves, *hashes), *range)
        << "size " << size << ", base " << base;
  }
  void expect_corrupt(const Status& status) {
    ASSERT_FALSE(status);
    EXPECT_EQ(status.error(), (Error{Code::store_corrupt, Blame::environment, ""}));
  }
  // Verifies with a ledger loaded anew; what load refuses is refused, too.
  Status verify_on_disk() {
    begin();
    auto loaded = Ledger::load(*transaction_);
    Status status = loaded ? loaded->verify(*transaction_) : tl::unexpected(loaded.error());
    transaction_.reset();
    return status;
  }
  void change_rows(const std::function<void(MemoryStore::Rows&)>& change) {
    MemoryStore::Rows rows = store_.rows();
    change(rows);
    store_.restore(std::move(rows));
  }

  MemoryStore store_;
  std::unique_ptr<Transaction> transaction_;
  Ledger ledger_;
};

TEST(Entry, EncodesToTheGoldenBytesAndBack) {
  Entry entry;
  entry.kind = EntryKind::opened;
  entry.code = static_cast<Code>(0x1234);
  entry.time = {0x0102030405060708};
  entry.directory_version = 9;
  for (std::uint8_t i = 0; i < 16; ++i) {
    entry.salt.bytes[i] = i;
  }
  entry.subject.bytes.fill(0xaa);
  entry.detail.bytes.fill(0xbb);
  const auto encoded = entry.encode();
  EXPECT_EQ(to_hex(encoded),
            "68616d726f682f656e7472792f3100"
            "02"
            "1234"
            "0102030405060708"
            "0000000000000009"
            "000102030405060708090a0b0c0d0e0f"
            "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
            "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb");
  EXPECT_EQ(entry.leaf().hex(), "b2c42921467f16eecab0d135768890ae9571dbeffec22189160f3e8a1c10b389");
  EXPECT_EQ(Entry::parse(encoded), entry);
}

TEST(Entry, OnlyTheExactLengthAndLabelParse) {
  const auto encoded = numbered_entry(7).encode();
  Bytes bytes(encoded.begin(), encoded.end());
  for (std::size_t length = 0; length < bytes.size(); ++length) {
    EXPECT_FALSE(Entry::parse(ByteView(bytes).first(length)));
  }
  for (std::size_t at = 0; at < labels::entry.size(); ++at) {
    bytes[at] ^= 1;
    const auto parsed = Entry::parse(bytes);
    ASSERT_FALSE(parsed);
    EXPECT_EQ(parsed.error(), (Error{Code::malformed, Blame::peer, ""}));
    bytes[at] ^= 1;
  }
  EXPECT_TRUE(Entry::parse(bytes));
  bytes.push_back(0);
  EXPECT_FALSE(Entry::parse(bytes));
}

TEST(Entry, AnUnlistedKindIsKeptAsItIs) {
  Entry entry = numbered_entry(1);
  entry.kind = static_cast<EntryKind>(99);
  EXPECT_EQ(Entry::parse(entry.encode()), entry);
  EXPECT_STREQ(entry_kind_name(entry.kind), "unknown");
  EXPECT_STREQ(entry_kind_name(EntryKind::stored), "stored");
  EXPECT_STREQ(entry_kind_name(EntryKind::read), "read");
}

TEST(Entry, EveryFieldIsPartOfTheLeaf) {
  const Entry entry = numbered_entry(1);
  std::vector<Entry> changed(7, entry);
  changed[0].kind = EntryKind::refused;
  changed[1].code = Code::expired;
  changed[2].time.ms ^= 1;
  changed[3].directory_version ^= 1;
  changed[4].salt.bytes[15] ^= 1;
  changed[5].subject.bytes[31] ^= 1;
  changed[6].detail.bytes[31] ^= 1;
  for (const Entry& other : changed) {
    EXPECT_NE(other.leaf(), entry.leaf());
  }
}

TEST_F(LedgerTest, AnEmptyLedgerIsTheEmptyTree) {
  reload();
  EXPECT_EQ(ledger_.size(), 0U);
  EXPECT_EQ(ledger_.root(), empty_root());
  begin();
  const auto record = ledger_.read(*transaction_, 0);
  EXPECT_TRUE(record && !*record);
  EXPECT_EQ(ledger_.prove(*transaction_, 0, 0, {}), std::vector<Digest>{});
  EXPECT_TRUE(ledger_.flush(*transaction_));
  EXPECT_TRUE(ledger_.verify(*transaction_));
  commit();
  EXPECT_TRUE(store_.rows().empty());
}

TEST_F(LedgerTest, EveryTurnLoadsAsItWasInMemory) {
  CompactRange expected;
  std::mt19937_64 random(3);
  while (ledger_.size() < 2'500) {
    const std::uint64_t count = 1 + random() % 40;
    for (std::uint64_t i = 0; i < count; ++i) {
      expected.append(numbered_entry(expected.size).leaf());
    }
    turn(count);
    EXPECT_EQ(ledger_.compact_range(), expected);
    EXPECT_EQ(ledger_.root(), expected.root());
    const auto loaded = load();
    ASSERT_TRUE(loaded.has_value());
    EXPECT_EQ(loaded->size(), expected.size);
    EXPECT_EQ(loaded->compact_range(), expected);
    if (random() % 4 == 0) {
      reload();
    }
  }
}

TEST_F(LedgerTest, LoadsAtEveryEdgeOfATile) {
  for (const std::uint64_t size : {1U, 2U, 255U, 256U, 257U, 511U, 512U, 513U, 767U, 768U}) {
    turn(size - ledger_.size());
    reload();
    EXPECT_EQ(ledger_.compact_range(), expected_range(size));
    begin();
    const std::vector<std::uint64_t> ends{0, size - 1};
    expect_proves(size, size / 2, size == 1 ? std::vector<std::uint64_t>{0} : ends);
    transaction_.reset();
  }
}

TEST_F(LedgerTest, ACrashBetweenTurnsLeavesTheLastTurn) {
  turn(300);
  const CompactRange before = ledger_.compact_range();
  begin();
  append(300);
  ASSERT_TRUE(ledger_.flush(*transaction_));
  store_.crash();
  transaction_.reset();
  reload();
  EXPECT_EQ(ledger_.compact_range(), before);
  turn(300);
  EXPECT_EQ(ledger_.compact_range(), expected_range(600));
  reload();
  EXPECT_EQ(ledger_.compact_range(), expected_range(600));
}

TEST_F(LedgerTest, UnflushedRecordsStandUntilTheFlush) {
  turn(10);
  begin();
  append(3);
  ASSERT_EQ(ledger_.unflushed().size(), 3U);
  EXPECT_EQ(ledger_.unflushed()[0].index, 10U);
  EXPECT_EQ(ledger_.unflushed()[2].entry, numbered_entry(12));
  EXPECT_EQ(ledger_.unflushed()[2].reference, numbered_reference(12));
  ASSERT_TRUE(ledger_.flush(*transaction_));
  EXPECT_TRUE(ledger_.unflushed().empty());
  commit();
}

TEST_F(LedgerTest, AFlushWritesOnlyWhatIsNew) {
  turn(300);
  begin();
  append(1);
  const std::uint64_t calls = store_.calls();
  ASSERT_TRUE(ledger_.flush(*transaction_));
  EXPECT_EQ(store_.calls(), calls + 1);
  ASSERT_TRUE(ledger_.flush(*transaction_));
  EXPECT_EQ(store_.calls(), calls + 1);
}

TEST_F(LedgerTest, AFailedStoreFailsTheFlush) {
  turn(250);
  for (std::uint64_t call = 1; call <= 2; ++call) {  // the row, then the first tile's root
    begin();
    append(20);
    store_.fail_at(call, Error{Code::full, Blame::environment, "full"});
    const Status flushed = ledger_.flush(*transaction_);
    ASSERT_FALSE(flushed);
    EXPECT_EQ(flushed.error().code, Code::full);
    transaction_.reset();
    reload();
    EXPECT_EQ(ledger_.compact_range(), expected_range(250));
  }
}

TEST_F(LedgerTest, EveryRecordIsReadBackBeforeAndAfterALoad) {
  turn(1);
  turn(1'500);  // two rows
  turn(700);
  begin();
  append(30);
  const auto expect_all = [&] {
    for (const std::uint64_t stride : {1U, 997U}) {  // in order, and jumping between rows
      for (std::uint64_t i = 0; i < ledger_.size(); ++i) {
        const std::uint64_t index = i * stride % ledger_.size();
        const auto record = ledger_.read(*transaction_, index);
        ASSERT_TRUE(record && *record) << index;
        EXPECT_EQ((*record)->index, index);
        EXPECT_EQ((*record)->entry, numbered_entry(index));
        EXPECT_EQ((*record)->reference, numbered_reference(index));
      }
    }
    const auto behind = ledger_.read(*transaction_, ledger_.size());
    EXPECT_TRUE(behind && !*behind);
    const auto far_behind = ledger_.read(*transaction_, UINT64_MAX);
    EXPECT_TRUE(far_behind && !*far_behind);
  };
  expect_all();
  ASSERT_TRUE(ledger_.flush(*transaction_));
  expect_all();
  commit();
  reload();
  begin();
  expect_all();
}

TEST_F(LedgerTest, LargeTurnsAreSplitIntoBoundedRows) {
  turn(2'500);
  std::vector<std::uint64_t> firsts;
  for (const auto& [key, value] : store_.rows()) {
    if (key.first == Table::ledger) {
      firsts.push_back(ByteReader(key.second).u64());
      EXPECT_EQ((value.size() - 4) % 147, 0U);  // 99 bytes of an entry, 48 of its reference
    }
  }
  EXPECT_EQ(firsts, (std::vector<std::uint64_t>{0, 1'024, 2'048}));
}

TEST_F(LedgerTest, ARowHoldsTheEntriesBytes) {
  turn(1);
  const auto encoded = numbered_entry(0).encode();
  Bytes expected;
  put_u32(expected, 1);
  hamroh::append(expected, ByteView(encoded).subspan(labels::entry.size()));
  hamroh::append(expected, numbered_reference(0).peer.view());
  hamroh::append(expected, numbered_reference(0).author.view());
  hamroh::append(expected, numbered_reference(0).message.view());
  EXPECT_EQ(store_.rows().at({Table::ledger, key_u64(0)}), expected);
}

TEST_F(LedgerTest, ScanVisitsInOrderUntilItIsStopped) {
  turn(1'100);
  begin();
  append(5);
  std::vector<std::uint64_t> seen;
  ASSERT_TRUE(ledger_.scan(*transaction_, 1'000, [&](const LedgerRecord& record) {
    seen.push_back(record.index);
    return true;
  }));
  ASSERT_EQ(seen.size(), 105U);
  EXPECT_EQ(seen.front(), 1'000U);
  EXPECT_EQ(seen.back(), 1'104U);
  EXPECT_TRUE(std::ranges::is_sorted(seen));
  seen.clear();
  ASSERT_TRUE(ledger_.scan(*transaction_, 3, [&](const LedgerRecord& record) {
    seen.push_back(record.index);
    return seen.size() < 4;
  }));
  EXPECT_EQ(seen, (std::vector<std::uint64_t>{3, 4, 5, 6}));
  for (const std::uint64_t from : {std::uint64_t{1'105}, UINT64_MAX}) {
    ASSERT_TRUE(ledger_.scan(*transaction_, from, [](const LedgerRecord&) -> bool {
      ADD_FAILURE() << "nothing stands there";
      return false;
    }));
  }
}

TEST_F(LedgerTest, ProofsAreTheSameBeforeTheFlushAfterItAndAfterALoad) {
  turn(600);
  const std::vector<std::uint64_t> indices{3, 255, 256, 590, 600, 611, 639};
  begin();
  append(40);
  expect_proves(640, 590, indices);
  const auto before = ledger_.prove(*transaction_, 640, 590, indices);
  ASSERT_TRUE(ledger_.flush(*transaction_));
  EXPECT_EQ(ledger_.prove(*transaction_, 640, 590, indices), before);
  commit();
  reload();
  begin();
  EXPECT_EQ(ledger_.prove(*transaction_, 640, 590, indices), before);
}

TEST_F(LedgerTest, ProofsAreThoseOfTheDefinition) {
  turn(70);
  std::vector<Digest> leaves;
  for (std::uint64_t i = 0; i < 70; ++i) {
    leaves.push_back(numbered_entry(i).leaf());
  }
  const ReferenceTree tree(leaves);
  begin();
  std::mt19937_64 random(11);
  for (int round = 0; round < 300; ++round) {
    const std::uint64_t size = 1 + random() % 70;
    const std::uint64_t base = random() % (size + 1);
    std::vector<std::uint64_t> indices;
    for (std::uint64_t i = 0; i < size; ++i) {
      if (random() % 8 == 0) {
        indices.push_back(i);
      }
    }
    EXPECT_EQ(ledger_.range_at(*transaction_, size), tree.range(size));
    EXPECT_EQ(ledger_.prove(*transaction_, size, base, indices),
              make_multiproof(size, base, indices, tree.subtree()));
  }
}

TEST_F(LedgerTest, ProvingTheNewestThousandsDoesNotTouchTheStore) {
  for (int i = 0; i < 100; ++i) {
    turn(100);
  }
  begin();
  append(64);
  const std::uint64_t calls = store_.calls();
  std::vector<std::uint64_t> newest;
  for (std::uint64_t index = 10'000; index < 10'064; ++index) {
    newest.push_back(index);
  }
  expect_proves(10'064, 10'000, newest);
  expect_proves(10'064, 10'064, newest);
  expect_proves(10'064, 9'000, {6'000, 7'777, 10'050});
  EXPECT_TRUE(ledger_.read(*transaction_, 6'000));
  EXPECT_EQ(store_.calls(), calls);
}

// 70,000 entries, so that roots of 65,536 leaves appear and old tiles have left the memory.
class LargeLedgerTest : public LedgerTest {
 protected:
  static constexpr std::uint64_t size_ = 70'000;
  void expect_random_proofs() {
    std::mt19937_64 random(5);
    for (int round = 0; round < 60; ++round) {
      const std::uint64_t size = 1 + random() % size_;
      const std::uint64_t base = round % 8 == 0 ? size : random() % (size + 1);
      std::vector<std::uint64_t> indices;
      for (std::uint64_t i = random() % 40; i > 0; --i) {
        indices.push_back(random() % size);
      }
      std::ranges::sort(indices);
      indices.erase(std::unique(indices.begin(), indices.end()), indices.end());
      expect_proves(size, base, indices);
    }
    for (const std::uint64_t size : {65'535U, 65'536U, 65'537U, 69'888U, 70'000U}) {
      expect_proves(size, 65'536 - 300, {0, 255, 256, 65'000, 65'534});
    }
    EXPECT_EQ(*ledger_.range_at(*transaction_, 65'537), expected_range(65'537));
    EXPECT_EQ(*ledger_.range_at(*transaction_, size_), ledger_.compact_range());
  }
};

TEST_F(LargeLedgerTest, LoadsAndProvesInManyTurns) {
  for (std::uint64_t i = 0; i < 100; ++i) {
    turn(700);
  }
  EXPECT_EQ(ledger_.compact_range(), expected_range(size_));
  EXPECT_EQ(text(store_.rows().at({Table::ledger_node, node_key(16, 0)})),
            text(expected_range(65'536).roots[0].view()));
  EXPECT_EQ(text(store_.rows().at({Table::ledger_node, node_key(8, 0)})),
            text(expected_range(256).roots[0].view()));
  EXPECT_FALSE(store_.rows().contains({Table::ledger_node, node_key(8, 273)}));
  begin();
  expect_random_proofs();
  EXPECT_TRUE(ledger_.verify(*transaction_));
  transaction_.reset();

  const std::uint64_t calls = store_.calls();
  reload();
  EXPECT_LE(store_.calls() - calls, 16U);  // whatever the size: the last rows and one tile a level
  EXPECT_EQ(ledger_.compact_range(), expected_range(size_));
  begin();
  expect_random_proofs();
  EXPECT_TRUE(ledger_.verify(*transaction_));
}

TEST_F(LargeLedgerTest, ProvesWhatOneVeryLargeTurnHasNotFlushed) {
  begin();
  append(size_);
  // One leaf in each of 60 tiles drives all others out of the memory before their parents are
  // needed.
  std::vector<std::uint64_t> scattered;
  for (std::uint64_t tile = 0; tile < 60; ++tile) {
    scattered.push_back(tile * 256 + 7);
  }
  expect_proves(size_, 0, scattered);
  expect_random_proofs();
  ASSERT_TRUE(ledger_.flush(*transaction_));
  expect_random_proofs();
  commit();
  reload();
  EXPECT_EQ(ledger_.compact_range(), expected_range(size_));
}

TEST_F(LargeLedgerTest, AChangedRootOfAnyLevelIsFound) {
  turn(size_);
  for (const Bytes& key : {node_key(8, 0), node_key(8, 254), node_key(8, 255), node_key(8, 256),
                           node_key(8, 272), node_key(16, 0)}) {
    const MemoryStore::Rows good = store_.rows();
    change_rows([&](auto& rows) { rows.at({Table::ledger_node, key})[31] ^= 1; });
    expect_corrupt(verify_on_disk());
    change_rows([&](auto& rows) { rows.at({Table::ledger_node, key}).pop_back(); });
    expect_corrupt(verify_on_disk());
    change_rows([&](auto& rows) { rows.erase({Table::ledger_node, key}); });
    expect_corrupt(verify_on_disk());
    store_.restore(good);
    EXPECT_TRUE(verify_on_disk());
  }
}

TEST_F(LedgerTest, ADamagedRowIsFoundWhereverItIs) {
  for (int i = 0; i < 6; ++i) {
    turn(100);
  }
  const MemoryStore::Rows good = store_.rows();
  for (std::uint64_t first = 0; first < 600; first += 100) {
    const std::pair<Table, Bytes> key{Table::ledger, key_u64(first)};
    const std::vector<std::pair<const char*, std::function<void(MemoryStore::Rows&)>>> damages{
        {"cut", [&](auto& rows) { rows.at(key).pop_back(); }},
        {"lengthened", [&](auto& rows) { rows.at(key).push_back(0); }},
        {"empty", [&](auto& rows) { rows.at(key).clear(); }},
        {"of no records",
         [&](auto& rows) {
           rows.at(key) = {0, 0, 0, 0};
         }},
        {"of one record less", [&](auto& rows) { --rows.at(key)[3]; }},
        {"of 2^32 - 1 records", [&](auto& rows) { std::fill_n(rows.at(key).begin(), 4, 0xff); }},
    };
    for (const auto& [what, damage] : damages) {
      SCOPED_TRACE(testing::Message() << "row " << first << " " << what);
      store_.restore(good);
      change_rows(damage);
      expect_corrupt(verify_on_disk());
    }
  }
}

TEST_F(LedgerTest, AMissingOrShortRowIsAGap) {
  for (int i = 0; i < 6; ++i) {
    turn(100);
  }
  const MemoryStore::Rows good = store_.rows();
  for (std::uint64_t first = 0; first < 500; first += 100) {
    store_.restore(good);
    change_rows([&](auto& rows) { rows.erase({Table::ledger, key_u64(first)}); });
    expect_corrupt(verify_on_disk());
    store_.restore(good);
    change_rows([&](auto& rows) {
      Bytes& row = rows.at({Table::ledger, key_u64(first)});
      row.erase(row.end() - 147, row.end());
      row[3] = 99;
    });
    expect_corrupt(verify_on_disk());
  }
}

TEST_F(LedgerTest, ReadingAGapIsAnError) {
  for (int i = 0; i < 6; ++i) {
    turn(100);
  }
  change_rows([&](auto& rows) { rows.erase({Table::ledger, key_u64(100)}); });
  reload();
  begin();
  for (const std::uint64_t index : {100U, 150U, 199U}) {
    const auto record = ledger_.read(*transaction_, index);
    ASSERT_FALSE(record);
    EXPECT_EQ(record.error(), (Error{Code::store_corrupt, Blame::environment, ""}));
  }
  EXPECT_TRUE(ledger_.read(*transaction_, 99));
  EXPECT_TRUE(ledger_.read(*transaction_, 200));
  const auto hashes = ledger_.prove(*transaction_, 600, 0, std::vector<std::uint64_t>{10});
  ASSERT_FALSE(hashes);
  EXPECT_EQ(hashes.error().code, Code::store_corrupt);
}

TEST_F(LedgerTest, NewestEntriesChangedBehindItsBackAreFound) {
  turn(300);
  begin();
  append(10);
  EXPECT_TRUE(ledger_.verify(*transaction_));  // with entries that are not flushed yet
  ASSERT_TRUE(ledger_.flush(*transaction_));
  EXPECT_TRUE(ledger_.verify(*transaction_));
  commit();
  for (const bool loaded : {false, true}) {
    if (loaded) {
      reload();
    }
    const MemoryStore::Rows good = store_.rows();
    change_rows([&](auto& rows) { rows.at({Table::ledger, key_u64(0)})[4 + 299 * 147 + 50] ^= 1; });
    begin();
    expect_corrupt(ledger_.verify(*transaction_));
    transaction_.reset();
    store_.restore(good);
  }
}

TEST_F(LedgerTest, AChangedEntryIsFoundInEveryFullTile) {
  for (int i = 0; i < 6; ++i) {
    turn(100);
  }
  const MemoryStore::Rows good = store_.rows();
  for (const std::uint64_t index : {0U, 99U, 100U, 255U, 256U, 511U}) {
    store_.restore(good);
    change_rows([&](auto& rows) {
      rows.at({Table::ledger, key_u64(index / 100 * 100)})[4 + index % 100 * 147 + 50] ^= 1;
    });
    expect_corrupt(verify_on_disk());
  }
}

TEST_F(LedgerTest, ALoadedLedgerDiffersIfItsNewestEntriesWereChanged) {
  turn(300);
  const Digest root = ledger_.root();
  change_rows([&](auto& rows) { rows.at({Table::ledger, key_u64(0)})[4 + 299 * 147 + 50] ^= 1; });
  reload();
  EXPECT_NE(ledger_.root(), root);
}

TEST_F(LedgerTest, ARowBehindTheGreatestIndexIsCorrupt) {
  turn(3);
  change_rows([&](auto& rows) {
    auto row = rows.extract({Table::ledger, key_u64(0)});
    row.key() = {Table::ledger, key_u64(UINT64_MAX - 2)};
    rows.insert(std::move(row));
  });
  const auto loaded = load();
  ASSERT_FALSE(loaded);
  EXPECT_EQ(loaded.error(), (Error{Code::store_corrupt, Blame::environment, ""}));
}

TEST_F(LedgerTest, TheOrderOfTurnsDoesNotChangeTheTree) {
  turn(513);
  const Digest whole = ledger_.root();
  const MemoryStore::Rows rows = store_.rows();
  store_.restore({});
  reload();
  for (int i = 0; i < 513; ++i) {
    turn(1);
  }
  EXPECT_EQ(ledger_.root(), whole);
  EXPECT_EQ(store_.rows().at({Table::ledger_node, node_key(8, 1)}),
            rows.at({Table::ledger_node, node_key(8, 1)}));
}

}  // namespace
}  // namespace hamroh
