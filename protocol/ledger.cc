#include "protocol/ledger.h"

#include <bit>
#include <deque>
#include <list>
#include <utility>

#include "protocol/constants.h"

namespace hamroh {
namespace {

constexpr unsigned tile_levels = 8;  // a tile holds 256 hashes and what can be built from them
constexpr std::size_t tile_width = 1U << tile_levels;
constexpr std::size_t cached_tiles_max = 48;       // of at most 16 KiB
constexpr std::size_t recent_records_max = 4'096;  // kept after the flush, for proofs and events
constexpr std::size_t row_records_max = 1'024;
constexpr std::uint64_t index_max = (std::uint64_t{1} << 63) - 1;  // integer keys end there
constexpr std::size_t bare_entry_bytes = Entry::encoded_size - labels::entry.size();
constexpr std::size_t record_bytes = bare_entry_bytes + 48;

tl::unexpected<Error> corrupt(const char* text) {
  return environment_error(Code::store_corrupt, text);
}

// 256 neighbouring hashes of one level and every full subtree above them, up to the tile's own
// root.
struct Tile {
  std::uint64_t index = 0;
  std::array<std::vector<Digest>, tile_levels + 1> levels;

  [[nodiscard]] std::size_t width() const { return levels[0].size(); }
  [[nodiscard]] bool full() const { return width() == tile_width; }
  void append(const Digest& hash) {
    levels[0].push_back(hash);
    for (unsigned level = 0; level < tile_levels && levels[level].size() % 2 == 0; ++level) {
      const auto& below = levels[level];
      levels[level + 1].push_back(node_hash(below[below.size() - 2], below.back()));
    }
  }
};

Bytes node_key(unsigned level, std::uint64_t index) {
  Bytes key;
  put_u8(key, static_cast<std::uint8_t>(level));
  put_u64(key, index);
  return key;
}

void put_record(Bytes& out, const LedgerRecord& record) {
  const auto entry = record.entry.encode();
  append(out, ByteView(entry).subspan(labels::entry.size()));
  append(out, record.reference.peer.view());
  append(out, record.reference.author.view());
  append(out, record.reference.message.view());
}

// A row's records from its bytes; `first` is the row's key.
Result<std::vector<LedgerRecord>> parse_row(std::uint64_t first, ByteView row) {
  ByteReader reader(row);
  const std::size_t count = reader.u32();
  if (!reader.ok() || count == 0 || count > row_records_max || first > index_max - count ||
      reader.remaining() != count * record_bytes) {
    return corrupt("a ledger row has a wrong length");
  }
  std::vector<LedgerRecord> records;
  records.reserve(count);
  for (std::size_t i = 0; i < count; ++i) {
    std::array<std::uint8_t, Entry::encoded_size> bytes{};
    std::memcpy(bytes.data(), labels::entry.data(), labels::entry.size());
    const ByteView bare = reader.take(bare_entry_bytes);
    std::memcpy(bytes.data() + labels::entry.size(), bare.data(), bare.size());
    auto entry = Entry::parse(bytes);
    if (!entry) {
      return corrupt("a ledger entry does not parse");
    }
    LedgerRecord record{first + i, *entry, {}};
    record.reference.peer = reader.fixed<MemberId>();
    record.reference.author = reader.fixed<MemberId>();
    record.reference.message = reader.fixed<MessageId>();
    records.push_back(record);
  }
  return records;
}

}  // namespace

const char* entry_kind_name(EntryKind kind) {
  switch (kind) {
    case EntryKind::sent:
      return "sent";
    case EntryKind::opened:
      return "opened";
    case EntryKind::refused:
      return "refused";
    case EntryKind::expired:
      return "expired";
    case EntryKind::unsupported:
      return "unsupported";
    case EntryKind::held:
      return "held";
    case EntryKind::settled:
      return "settled";
    case EntryKind::session:
      return "session";
    case EntryKind::directory:
      return "directory";
    case EntryKind::key_sheet:
      return "key_sheet";
    case EntryKind::keys_destroyed:
      return "keys_destroyed";
    case EntryKind::conflict:
      return "conflict";
    case EntryKind::fork_seen:
      return "fork_seen";
    case EntryKind::stored:
      return "stored";
    case EntryKind::returned:
      return "returned";
    case EntryKind::redelivered:
      return "redelivered";
    case EntryKind::constitution:
      return "constitution";
    case EntryKind::suspension:
      return "suspension";
    case EntryKind::rotation:
      return "rotation";
    case EntryKind::dummy:
      return "dummy";
    case EntryKind::witness:
      return "witness";
    case EntryKind::read:
      return "read";
    case EntryKind::break_glass:
      return "break_glass";
    case EntryKind::reviewed:
      return "reviewed";
    case EntryKind::exported:
      return "exported";
    case EntryKind::unusual_reading:
      return "unusual_reading";
    case EntryKind::assigned:
      return "assigned";
    case EntryKind::erased:
      return "erased";
    case EntryKind::erasure_told:
      return "erasure_told";
    case EntryKind::user_changed:
      return "user_changed";
    case EntryKind::backup_made:
      return "backup_made";
    case EntryKind::reminded:
      return "reminded";
    case EntryKind::voted:
      return "voted";
    case EntryKind::upgraded:
      return "upgraded";
  }
  return "unknown";
}

std::array<std::uint8_t, Entry::encoded_size> Entry::encode() const {
  Bytes out;
  out.reserve(encoded_size);
  append(out, view(labels::entry));
  put_u8(out, static_cast<std::uint8_t>(kind));
  put_u16(out, static_cast<std::uint16_t>(code));
  put_u64(out, time.ms);
  put_u64(out, directory_version);
  append(out, salt.view());
  append(out, subject.view());
  append(out, detail.view());
  std::array<std::uint8_t, encoded_size> fixed{};
  CHECK(out.size() == fixed.size());
  std::memcpy(fixed.data(), out.data(), fixed.size());
  return fixed;
}

Result<Entry> Entry::parse(ByteView bytes) {
  ByteReader reader(bytes);
  const ByteView label = reader.take(labels::entry.size());
  Entry entry;
  entry.kind = static_cast<EntryKind>(reader.u8());
  entry.code = static_cast<Code>(reader.u16());
  entry.time = {reader.u64()};
  entry.directory_version = reader.u64();
  entry.salt = reader.fixed<Salt>();
  entry.subject = reader.fixed<Digest>();
  entry.detail = reader.fixed<Digest>();
  if (!reader.finished() || text(label) != labels::entry) {
    return peer_error(Code::malformed, "a ledger entry has a wrong length or label");
  }
  return entry;
}

Digest Entry::leaf() const {
  return leaf_hash(encode());
}

struct Ledger::State {
  std::uint64_t size = 0;
  std::vector<Tile> frontier;  // the newest tile of each group of eight levels
  std::vector<LedgerRecord> unflushed;
  std::deque<LedgerRecord> recent;  // flushed, newest last, without gap up to the unflushed ones
  std::map<Bytes, Digest> unflushed_nodes;  // by key
  CompactRange range;
  bool range_fresh = true;

  // Tiles read from the store, newest used first.
  using Key = std::pair<unsigned, std::uint64_t>;
  std::list<std::pair<Key, Tile>> cached;
  // The row read last: reading neighbours is the usual case.
  std::vector<LedgerRecord> row;

  void append_leaf(const Digest& leaf) {
    Digest hash = leaf;
    for (std::size_t group = 0;; ++group) {
      if (group == frontier.size()) {
        frontier.emplace_back();
      }
      Tile& tile = frontier[group];
      tile.append(hash);
      if (!tile.full()) {
        break;
      }
      hash = tile.levels[tile_levels][0];
      const auto level = static_cast<unsigned>((group + 1) * tile_levels);
      unflushed_nodes.emplace(node_key(level, tile.index), hash);
      const std::uint64_t index = tile.index;
      remember({static_cast<unsigned>(group), index}, std::exchange(tile, Tile{}));
      tile.index = index + 1;
    }
    ++size;
    range_fresh = false;
  }

  void remember(const Key& key, Tile tile) {
    cached.emplace_front(key, std::move(tile));
    if (cached.size() > cached_tiles_max) {
      cached.pop_back();
    }
  }

  Result<const Tile*> tile_at(Transaction& store, unsigned group, std::uint64_t index) {
    if (group < frontier.size() && frontier[group].index == index) {
      return &frontier[group];
    }
    for (auto tile = cached.begin(); tile != cached.end(); ++tile) {
      if (tile->first == Key{group, index}) {
        cached.splice(cached.begin(), cached, tile);
        return &cached.front().second;
      }
    }
    HAMROH_ASSIGN(Tile tile, read_tile(store, group, index, tile_width));
    remember({group, index}, std::move(tile));
    return &cached.front().second;
  }

  Result<Tile> read_tile(Transaction& store, unsigned group, std::uint64_t index,
                         std::size_t width) {
    Tile tile;
    tile.index = index;
    const std::uint64_t first = index << tile_levels;
    if (group == 0) {
      HAMROH_TRY(visit(store, first, [&](const LedgerRecord& record) {
        if (tile.width() < width) {
          tile.append(record.entry.leaf());
        }
        return tile.width() < width;
      }));
    } else if (width > 0) {
      const unsigned level = group * tile_levels;
      HAMROH_TRY(
          store.scan(Table::ledger_node, node_key(level, first), node_key(level, first + width),
                     Transaction::Order::ascending, [&](ByteView key, ByteView value) {
                       const auto hash = Digest::from(value);
                       if (hash && text(key) == text(node_key(level, first + tile.width()))) {
                         tile.append(*hash);
                         return true;
                       }
                       return false;
                     }));
      // A turn of very many entries may need tiles again that it has not flushed yet.
      for (auto node = unflushed_nodes.find(node_key(level, first + tile.width()));
           node != unflushed_nodes.end() && tile.width() < width;
           node = unflushed_nodes.find(node_key(level, first + tile.width()))) {
        tile.append(node->second);
      }
    }
    if (tile.width() != width) {
      return corrupt("the ledger's rows do not join");
    }
    return tile;
  }

  Result<Digest> subtree(Transaction& store, unsigned level, std::uint64_t index) {
    const unsigned group = level / tile_levels;
    const unsigned inner = level % tile_levels;
    HAMROH_ASSIGN(const Tile* tile, tile_at(store, group, index >> (tile_levels - inner)));
    const std::uint64_t at = index & ((std::uint64_t{1} << (tile_levels - inner)) - 1);
    CHECK(at < tile->levels[inner].size());
    return tile->levels[inner][at];
  }

  Status load_row(Transaction& store, std::uint64_t index) {
    row.clear();
    Status parsed;
    HAMROH_TRY(store.scan(Table::ledger, key_u64(0), key_u64(index + 1),
                          Transaction::Order::descending, [&](ByteView key, ByteView value) {
                            auto records = parse_row(ByteReader(key).u64(), value);
                            if (records) {
                              row = std::move(*records);
                            } else {
                              parsed = tl::unexpected(records.error());
                            }
                            return false;
                          }));
    HAMROH_TRY(parsed);
    if (row.empty() || index - row.front().index >= row.size()) {
      row.clear();
      return corrupt("the ledger has a gap");
    }
    return {};
  }

  [[nodiscard]] std::uint64_t flushed() const { return size - unflushed.size(); }
  [[nodiscard]] std::uint64_t recent_first() const { return flushed() - recent.size(); }

  Result<LedgerRecord> read(Transaction& store, std::uint64_t index) {
    if (index >= flushed()) {
      return unflushed[index - flushed()];
    }
    if (index >= recent_first()) {
      return recent[index - recent_first()];
    }
    if (row.empty() || index < row.front().index || index > row.back().index) {
      HAMROH_TRY(load_row(store, index));
    }
    return row[index - row.front().index];
  }

  Status visit(Transaction& store, std::uint64_t from,
               const std::function<bool(const LedgerRecord&)>& use) {
    for (std::uint64_t index = from; index < size; ++index) {
      HAMROH_ASSIGN(const LedgerRecord record, read(store, index));
      if (!use(record)) {
        return {};
      }
    }
    return {};
  }

  const CompactRange& compact() {
    if (!range_fresh) {
      range = CompactRange{};
      for (std::size_t group = frontier.size(); group > 0; --group) {
        const Tile& tile = frontier[group - 1];
        for (unsigned level = tile_levels; level > 0; --level) {
          const unsigned inner = level - 1;
          if (((tile.width() >> inner) & 1U) != 0) {
            range.roots.push_back(tile.levels[inner].back());
          }
        }
      }
      range.size = size;
      range_fresh = true;
    }
    return range;
  }
};

Ledger::Ledger() : state_(std::make_unique<State>()) {}
Ledger::Ledger(Ledger&&) noexcept = default;
Ledger& Ledger::operator=(Ledger&&) noexcept = default;
Ledger::~Ledger() = default;

Result<Ledger> Ledger::load(Transaction& store) {
  Ledger ledger;
  State& state = *ledger.state_;
  Status parsed;
  HAMROH_TRY(store.scan(Table::ledger, key_u64(0), {}, Transaction::Order::descending,
                        [&](ByteView key, ByteView value) {
                          auto records = parse_row(ByteReader(key).u64(), value);
                          if (records) {
                            state.size = records->back().index + 1;
                          } else {
                            parsed = tl::unexpected(records.error());
                          }
                          return false;
                        }));
  HAMROH_TRY(parsed);
  state.range_fresh = state.size == 0;
  for (unsigned group = 0; state.size >> (group * tile_levels) > 0; ++group) {
    const std::uint64_t count = state.size >> (group * tile_levels);
    HAMROH_ASSIGN(Tile tile,
                  state.read_tile(store, group, count >> tile_levels, count & (tile_width - 1)));
    state.frontier.push_back(std::move(tile));
    if (group == 7) {
      break;  // 2^64 entries
    }
  }
  return ledger;
}

std::uint64_t Ledger::size() const {
  return state_->size;
}
const CompactRange& Ledger::compact_range() const {
  return state_->compact();
}
Digest Ledger::root() const {
  return state_->compact().root();
}

std::uint64_t Ledger::append(const Entry& entry, const EntryReference& reference) {
  const std::uint64_t index = state_->size;
  state_->append_leaf(entry.leaf());
  state_->unflushed.push_back({index, entry, reference});
  return index;
}

std::span<const LedgerRecord> Ledger::unflushed() const {
  return state_->unflushed;
}

Status Ledger::flush(Transaction& store) {
  State& state = *state_;
  for (std::size_t at = 0; at < state.unflushed.size(); at += row_records_max) {
    const std::size_t count = std::min(row_records_max, state.unflushed.size() - at);
    Bytes row;
    row.reserve(4 + count * record_bytes);
    put_u32(row, static_cast<std::uint32_t>(count));
    for (std::size_t i = 0; i < count; ++i) {
      put_record(row, state.unflushed[at + i]);
    }
    HAMROH_TRY(store.put(Table::ledger, key_u64(state.unflushed[at].index), row));
  }
  for (const auto& [key, hash] : state.unflushed_nodes) {
    HAMROH_TRY(store.put(Table::ledger_node, key, hash.view()));
  }
  state.unflushed_nodes.clear();
  state.recent.insert(state.recent.end(), state.unflushed.begin(), state.unflushed.end());
  state.unflushed.clear();
  if (state.recent.size() > recent_records_max) {
    const auto surplus = static_cast<std::ptrdiff_t>(state.recent.size() - recent_records_max);
    state.recent.erase(state.recent.begin(), state.recent.begin() + surplus);
  }
  return {};
}

Result<std::optional<LedgerRecord>> Ledger::read(Transaction& store, std::uint64_t index) const {
  if (index >= state_->size) {
    return std::optional<LedgerRecord>{};
  }
  HAMROH_ASSIGN(LedgerRecord record, state_->read(store, index));
  return std::optional<LedgerRecord>(record);
}

Status Ledger::scan(Transaction& store, std::uint64_t from,
                    const std::function<bool(const LedgerRecord&)>& visit) const {
  return state_->visit(store, from, visit);
}

Result<CompactRange> Ledger::range_at(Transaction& store, std::uint64_t size) const {
  CHECK(size <= state_->size);
  return make_compact_range(size, [&](unsigned level, std::uint64_t index) {
    return state_->subtree(store, level, index);
  });
}

Result<std::vector<Digest>> Ledger::prove(Transaction& store, std::uint64_t size,
                                          std::uint64_t base_size,
                                          std::span<const std::uint64_t> indices) const {
  CHECK(size <= state_->size);
  return make_multiproof(size, base_size, indices, [&](unsigned level, std::uint64_t index) {
    return state_->subtree(store, level, index);
  });
}

Status Ledger::verify(Transaction& store) const {
  State recomputed;
  Status wrong;
  const auto check_nodes = [&]() -> Status {
    for (const auto& [key, hash] : recomputed.unflushed_nodes) {
      HAMROH_ASSIGN(const auto row, store.get(Table::ledger_node, key));
      if (!row || Digest::from(*row) != hash) {
        return corrupt("a kept subtree is not that of the entries");
      }
    }
    return {};
  };
  State on_disk;  // the rows themselves, not what this object remembers of them
  on_disk.size = state_->flushed();
  HAMROH_TRY(on_disk.visit(store, 0, [&](const LedgerRecord& record) {
    recomputed.append_leaf(record.entry.leaf());
    wrong = check_nodes();
    recomputed.unflushed_nodes.clear();
    return wrong.has_value();
  }));
  HAMROH_TRY(wrong);
  for (const LedgerRecord& record : state_->unflushed) {
    recomputed.append_leaf(record.entry.leaf());
  }
  if (recomputed.compact() != state_->compact()) {
    return corrupt("the ledger's root is not that of its entries");
  }
  return {};
}

}  // namespace hamroh
