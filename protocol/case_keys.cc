#include "protocol/case_keys.h"

#include <utility>

namespace hamroh {
namespace {

constexpr std::uint8_t row_version = 1;
constexpr std::size_t nonce_bytes = 24;
constexpr std::size_t wrap_bytes = nonce_bytes + 32 + crypto::tag_bytes;
constexpr std::size_t head_bytes = 1 + 8;  // of what is sealed for a case: version, place

const Bytes erasure_row{'g'};
const Bytes after_erasure_rows{'h'};

Bytes block_row(std::size_t block) {
  Bytes row = erasure_row;
  put_u32(row, static_cast<std::uint32_t>(block));
  return row;
}

tl::unexpected<Error> corrupt() {
  return environment_error(Code::store_corrupt, "the key of a case does not open");
}

SymmetricKey draw_key(Turn& turn) {
  return SymmetricKey::make([&](auto raw) { turn.entropy.fill(raw); });
}

Bytes context(char what) {
  const ByteView label = view(labels::case_key);
  Bytes bytes(label.begin(), label.end());
  put_u8(bytes, static_cast<std::uint8_t>(what));
  return bytes;
}

Bytes block_context(std::size_t block) {
  Bytes bytes = context('g');
  put_u32(bytes, static_cast<std::uint32_t>(block));
  return bytes;
}

Bytes key_context(const CaseId& id, std::uint64_t place) {
  Bytes bytes = context('k');
  append(bytes, id.view());
  put_u64(bytes, place);
  return bytes;
}

Bytes content_context(Table table, std::uint64_t place, ByteView row) {
  Bytes bytes = context('s');
  put_u8(bytes, static_cast<std::uint8_t>(table));
  put_u8(bytes, CaseKeys::sealed_version);
  put_u64(bytes, place);
  append(bytes, row);
  return bytes;
}

void append_sealed(Bytes& out, const SymmetricKey& key, ByteView associated, ByteView content,
                   Turn& turn) {
  std::array<std::uint8_t, nonce_bytes> nonce{};
  turn.entropy.fill(nonce);
  append(out, nonce);
  append(out, crypto::xchacha_seal(key, nonce, associated, content));
}

std::optional<Bytes> open_sealed(const SymmetricKey& key, ByteView associated, ByteView stored) {
  if (stored.size() < nonce_bytes + crypto::tag_bytes) {
    return std::nullopt;
  }
  return crypto::xchacha_open(key, stored.first<nonce_bytes>(), associated,
                              stored.subspan(nonce_bytes));
}

// One key out of opened bytes, which are wiped.
std::optional<SymmetricKey> key_from(std::optional<Bytes> raw) {
  if (!raw || raw->size() != 32) {
    return std::nullopt;
  }
  SymmetricKey key(ByteView(*raw).first<32>());
  crypto::wipe(*raw);
  return key;
}

// The key in a row of Table::case_key, and whose it is.
std::optional<std::pair<CaseId, SymmetricKey>> unwrapped(const SymmetricKey& group,
                                                         std::uint64_t place, ByteView row) {
  ByteReader reader(row);
  const bool known = reader.u8() == row_version;
  const auto id = reader.fixed<CaseId>();
  const ByteView wrap = reader.take(wrap_bytes);
  if (!known || !reader.finished()) {
    return std::nullopt;
  }
  auto key = key_from(open_sealed(group, key_context(id, place), wrap));
  return key ? std::optional(std::pair(id, std::move(*key))) : std::nullopt;
}

}  // namespace

CaseKeys::CaseKeys() : recent_(slots) {}

Result<CaseKeys> CaseKeys::load(Turn& turn) {
  CaseKeys keys;
  bool present = false;
  Status read;
  HAMROH_TRY(turn.store.scan(Table::reader_secret, erasure_row, after_erasure_rows,
                             Transaction::Order::ascending, [&](ByteView key, ByteView value) {
                               if (key.size() == erasure_row.size()) {
                                 present = value.size() == 33 && value[0] == row_version;
                                 if (present) {
                                   keys.erasure_ = SymmetricKey(value.subspan<1, 32>());
                                 }
                                 read = present ? Status{} : corrupt();
                               } else {
                                 read = keys.take_block(ByteReader(key.subspan(1)).u32(), value);
                               }
                               return read.has_value();
                             }));
  HAMROH_TRY(read);
  HAMROH_TRY(turn.store.scan(Table::case_key, key_u64(0), {}, Transaction::Order::descending,
                             [&](ByteView key, ByteView) {
                               keys.next_place_ = ByteReader(key).u64() + 1;
                               return false;
                             }));
  if (keys.next_place_ > keys.groups_.size() * group_cases) {
    return corrupt();
  }
  if (!present) {
    keys.erasure_ = draw_key(turn);
    HAMROH_TRY(keys.put_erasure_key(turn));
  }
  return keys;
}

Status CaseKeys::take_block(std::size_t block, ByteView row) {
  const bool next = groups_.size() == block * block_groups;
  auto keys = next && !row.empty() && row[0] == row_version
                  ? open_sealed(erasure_, block_context(block), row.subspan(1))
                  : std::nullopt;
  if (!keys || keys->empty() || keys->size() % 32 != 0 || keys->size() / 32 > block_groups ||
      groups_.size() >= groups_max) {
    return corrupt();
  }
  for (std::size_t at = 0; at < keys->size(); at += 32) {
    groups_.emplace_back(ByteView(*keys).subspan(at).first<32>());
  }
  crypto::wipe(*keys);
  return {};
}

Result<std::uint64_t> CaseKeys::make(const CaseId& id, Turn& turn) {
  if (full()) {
    return caller_error(Code::full, "this node holds as many cases as it can");
  }
  const std::uint64_t place = next_place_;
  if (place / group_cases == groups_.size()) {
    HAMROH_TRY(add_group(turn));
  }
  SymmetricKey key = draw_key(turn);
  HAMROH_TRY(turn.store.put(Table::case_key, key_u64(place), wrapped(place, id, key, turn)));
  recent_[place % slots] = {place, std::move(key)};
  ++next_place_;
  return place;
}

Status CaseKeys::add_group(Turn& turn) {
  groups_.push_back(draw_key(turn));
  return put_block((groups_.size() - 1) / block_groups, turn);
}

Status CaseKeys::destroy(std::uint64_t place, Turn& turn) {
  const std::uint64_t group = place / group_cases;
  if (group >= groups_.size()) {
    return corrupt();
  }
  recent_[place % slots] = {};
  HAMROH_TRY(turn.store.erase(Table::case_key, key_u64(place)));
  std::vector<std::tuple<std::uint64_t, CaseId, SymmetricKey>> survivors;
  bool sound = true;
  HAMROH_TRY(turn.store.scan(
      Table::case_key, key_u64(group * group_cases), key_u64((group + 1) * group_cases),
      Transaction::Order::ascending, [&](ByteView key, ByteView value) {
        const std::uint64_t other = ByteReader(key).u64();
        auto found = unwrapped(groups_[group], other, value);
        sound = found.has_value();
        if (found) {
          survivors.emplace_back(other, found->first, std::move(found->second));
        }
        return sound;
      }));
  if (!sound) {
    return corrupt();
  }
  groups_[group] = draw_key(turn);
  for (const auto& [other, id, key] : survivors) {
    HAMROH_TRY(turn.store.put(Table::case_key, key_u64(other), wrapped(other, id, key, turn)));
  }
  erasure_ = draw_key(turn);
  HAMROH_TRY(put_erasure_key(turn));
  for (std::size_t block = 0; block * block_groups < groups_.size(); ++block) {
    HAMROH_TRY(put_block(block, turn));
  }
  return {};
}

Status CaseKeys::put_erasure_key(Turn& turn) const {
  Bytes row{row_version};
  row.reserve(33);
  erasure_.expose([&](auto raw) { append(row, raw); });
  const Status kept = turn.store.put(Table::reader_secret, erasure_row, row);
  crypto::wipe(row);
  return kept;
}

Status CaseKeys::put_block(std::size_t block, Turn& turn) const {
  const std::size_t from = block * block_groups;
  const std::size_t until = std::min(from + block_groups, groups_.size());
  Bytes keys;
  keys.reserve((until - from) * 32);  // one allocation, so that none is left unwiped
  for (std::size_t at = from; at < until; ++at) {
    groups_[at].expose([&](auto raw) { append(keys, raw); });
  }
  Bytes row{row_version};
  append_sealed(row, erasure_, block_context(block), keys, turn);
  crypto::wipe(keys);
  return turn.store.put(Table::reader_secret, block_row(block), row);
}

Bytes CaseKeys::wrapped(std::uint64_t place, const CaseId& id, const SymmetricKey& key,
                        Turn& turn) const {
  Bytes row{row_version};
  append(row, id.view());
  key.expose([&](auto raw) {
    append_sealed(row, groups_[place / group_cases], key_context(id, place), raw, turn);
  });
  return row;
}

Result<const SymmetricKey*> CaseKeys::key_of(std::uint64_t place, Turn& turn) const {
  Slot& slot = recent_[place % slots];
  if (slot.place == place) {
    return &slot.key;
  }
  if (place >= next_place_) {
    return caller_error(Code::erased, "the key of this case is gone");
  }
  HAMROH_ASSIGN(const std::optional<Bytes> row, turn.store.get(Table::case_key, key_u64(place)));
  if (!row) {
    return caller_error(Code::erased, "the key of this case is gone");
  }
  auto found = unwrapped(groups_[place / group_cases], place, *row);
  if (!found) {
    return corrupt();
  }
  slot = {place, std::move(found->second)};
  return &slot.key;
}

Result<Bytes> CaseKeys::seal(std::uint64_t place, Table table, ByteView row, ByteView content,
                             Turn& turn) const {
  HAMROH_ASSIGN(const SymmetricKey* key, key_of(place, turn));
  Bytes sealed;
  sealed.reserve(head_bytes + nonce_bytes + content.size() + crypto::tag_bytes);
  put_u8(sealed, sealed_version);
  put_u64(sealed, place);
  append_sealed(sealed, *key, content_context(table, place, row), content, turn);
  return sealed;
}

std::optional<std::uint64_t> CaseKeys::place_in(ByteView stored) {
  ByteReader reader(stored);
  const bool known = reader.u8() == sealed_version;
  const std::uint64_t place = reader.u64();
  return known && reader.ok() ? std::optional(place) : std::nullopt;
}

Result<CaseKeys::Opened> CaseKeys::open(Table table, ByteView row, ByteView stored,
                                        Turn& turn) const {
  const auto place = place_in(stored);
  if (!place) {
    return corrupt();
  }
  HAMROH_ASSIGN(const SymmetricKey* key, key_of(*place, turn));
  auto content = open_sealed(*key, content_context(table, *place, row), stored.subspan(head_bytes));
  if (!content) {
    return environment_error(Code::store_corrupt, "what was kept of a case does not open");
  }
  return Opened{*place, std::move(*content)};
}

}  // namespace hamroh
