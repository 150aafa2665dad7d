// The rows that tell of people, each under the key of its case: how Node writes and reads them, and
// how a store from before there were such keys gets them.

#include <utility>

#include "protocol/node.h"

namespace hamroh {
namespace {

constexpr std::size_t cases_opened_at_once = 16;  // one row may have a mebibyte
constexpr std::size_t bodies_upgraded_per_tick = 64;
constexpr std::size_t places_kept_max = 1'024;

}  // namespace

Status Node::open_case_keys(Turn& turn) {
  HAMROH_ASSIGN(case_keys_, CaseKeys::load(turn));
  HAMROH_ASSIGN(const std::optional<Bytes> layout, turn.store.get(Table::meta, row::layout));
  upgrade_.reset();
  if (!layout) {
    upgrade_ = LayoutRecord{};
  } else {
    HAMROH_ASSIGN(const LayoutRecord record, LayoutRecord::parse(*layout));
    if (!record.done) {
      upgrade_ = record;
    }
  }
  HAMROH_TRY(load_disclosures(turn));
  HAMROH_TRY(load_clocks(turn));
  HAMROH_TRY(load_attachments(turn));
  return load_erasures(turn);
}

Result<std::optional<std::uint64_t>> Node::place_of(const CaseId& id, Turn& turn) const {
  if (const auto known = places_.find(id); known != places_.end()) {
    return std::optional(known->second);
  }
  if (absent_case_ == id) {
    return std::optional<std::uint64_t>{};  // a new case is not looked for twice
  }
  HAMROH_ASSIGN(const std::optional<Bytes> row,
                turn.store.get(Table::case_event, CaseRecord::key(id)));
  const auto place = row ? CaseKeys::place_in(*row) : std::nullopt;
  if (place) {
    remember_place(id, *place);
  }
  return place;
}

void Node::remember_place(const CaseId& id, std::uint64_t place) const {
  if (places_.size() >= places_kept_max) {
    places_.clear();
  }
  places_[id] = place;
  absent_case_.reset();
}

Status Node::keep_for_case(Table table, ByteView key, const CaseId& id, ByteView content,
                           Turn& turn) const {
  HAMROH_ASSIGN(const auto place, place_of(id, turn));
  if (!place) {
    return turn.store.put(table, key, content);
  }
  CHECK(case_keys_);
  HAMROH_ASSIGN(const Bytes sealed, case_keys_->seal(*place, table, key, content, turn));
  return turn.store.put(table, key, sealed);
}

Result<std::optional<Bytes>> Node::open_for_case(Table table, ByteView key, Bytes stored,
                                                 Turn& turn) const {
  if (!CaseKeys::is_sealed(stored)) {
    return std::optional(std::move(stored));
  }
  if (!case_keys_) {
    // Locked in this very turn: the store still opens its part.
    return caller_error(Code::locked, "the vault is locked");
  }
  auto opened = case_keys_->open(table, key, stored, turn);
  if (!opened) {
    return opened.error().code == Code::erased
               ? Result<std::optional<Bytes>>(std::nullopt)
               : Result<std::optional<Bytes>>(tl::unexpected(opened.error()));
  }
  return std::optional<Bytes>(std::move(opened->content));
}

Result<std::optional<CaseRecord>> Node::read_case(const CaseId& id, Turn& turn) const {
  HAMROH_ASSIGN(std::optional<Bytes> row, turn.store.get(Table::case_event, CaseRecord::key(id)));
  if (!row) {
    absent_case_ = id;
    return std::optional<CaseRecord>{};
  }
  HAMROH_ASSIGN(CaseRecord record, open_case(id, std::move(*row), turn));
  return std::optional<CaseRecord>(std::move(record));
}

Result<CaseRecord> Node::open_case(const CaseId& id, Bytes stored, Turn& turn) const {
  const auto place = CaseKeys::place_in(stored);
  HAMROH_ASSIGN(const std::optional<Bytes> content,
                open_for_case(Table::case_event, CaseRecord::key(id), std::move(stored), turn));
  if (!content) {
    return environment_error(Code::store_corrupt, "a case is here without its key");
  }
  if (place) {
    remember_place(id, *place);
  }
  return CaseRecord::parse(*content);
}

Status Node::keep_case(const CaseId& id, ByteView row, Turn& turn) {
  HAMROH_ASSIGN(const auto place, place_of(id, turn));
  if (!place) {
    HAMROH_ASSIGN(const std::uint64_t made, case_keys_->make(id, turn));
    remember_place(id, made);
  }
  return keep_for_case(Table::case_event, CaseRecord::key(id), id, row, turn);
}

Status Node::visit_cases(Bytes from, Bytes until, Transaction::Order order,
                         const CaseVisitor& visit, Turn& turn) const {
  for (;;) {
    std::vector<std::pair<Bytes, Bytes>> rows;
    HAMROH_TRY(
        turn.store.scan(Table::case_event, from, until, order, [&](ByteView key, ByteView value) {
          rows.emplace_back(Bytes(key.begin(), key.end()), Bytes(value.begin(), value.end()));
          return rows.size() < cases_opened_at_once;
        }));
    for (auto& [key, value] : rows) {
      const auto id = CaseId::from(ByteView(key).first(std::min(key.size(), CaseId::size)));
      if (!id) {
        return environment_error(Code::store_corrupt, "a case does not parse");
      }
      HAMROH_ASSIGN(CaseRecord record, open_case(*id, std::move(value), turn));
      HAMROH_ASSIGN(const bool more, visit(*id, record));
      if (!more) {
        return {};
      }
    }
    if (rows.size() < cases_opened_at_once) {
      return {};
    }
    if (order == Transaction::Order::descending) {
      until = rows.back().first;
    } else {
      from = rows.back().first;
      from.push_back(0);
    }
  }
}

Status Node::keep_body(std::uint64_t key, const CaseId& id, ByteView inner, Turn& turn) {
  return keep_for_case(Table::body, key_u64(key), id, inner, turn);
}

Result<std::optional<Bytes>> Node::read_body(const MessageRecord& record, Turn& turn) const {
  CHECK(record.body);
  const Bytes key = key_u64(*record.body);
  HAMROH_ASSIGN(std::optional<Bytes> stored, turn.store.get(Table::body, key));
  if (!stored) {
    return stored;
  }
  return open_for_case(Table::body, key, std::move(*stored), turn);
}

Result<Inner> Node::read_inner(const MessageRecord& record, Turn& turn) const {
  HAMROH_ASSIGN(const std::optional<Bytes> bytes, read_body(record, turn));
  if (!bytes) {
    return environment_error(Code::store_corrupt, "a kept message has no body");
  }
  return parse_inner(*bytes);
}

Result<std::optional<Inner>> Node::read_event(const CaseRecord::CaseEvent& event,
                                              Turn& turn) const {
  HAMROH_ASSIGN(const auto message, read_message(event.author, event.message, turn));
  if (!message || !message->body) {
    return std::optional<Inner>{};
  }
  HAMROH_ASSIGN(Inner inner, read_inner(*message, turn));
  return std::optional(std::move(inner));
}

// The evidence goes with the case that it tells of; or, if that is not here, with the case of the
// message before it. Where neither is here nothing but the digest is kept.
Status Node::keep_conflict(const MemberId& member, const Inner& inner,
                           const VerifiedMessage& message, const MessageRecord& known, Turn& turn) {
  const Bytes key = MessageRecord::key(member, inner.message);
  for (const CaseId& id : {inner.case_id, known.case_id}) {
    HAMROH_ASSIGN(const auto place, place_of(id, turn));
    if (place) {
      return keep_for_case(Table::conflict, key, id, message.inner, turn);
    }
  }
  return turn.store.put(Table::conflict, key, message.digest.view());
}

// ---- a store of before ------------------------------------------------------------------------

// Each turn is whole by itself: what it rewrote and how far it came stand in one transaction.
Status Node::upgrade_layout(Turn& turn) {
  std::size_t budget = bodies_upgraded_per_tick;
  bool more = false;
  HAMROH_TRY(visit_cases(
      CaseRecord::key(upgrade_->next), {}, Transaction::Order::ascending,
      [&](const CaseId& id, CaseRecord& record) -> Result<bool> {
        if (budget == 0) {
          more = true;
          return false;
        }
        if (id != upgrade_->next) {
          upgrade_->next = id;
          upgrade_->event = 0;
        }
        HAMROH_ASSIGN(const bool whole, upgrade_case(id, record, budget, turn));
        more = !whole;
        return whole;
      },
      turn));
  if (!more) {
    upgrade_->done = true;
    append_entry(EntryKind::upgraded, Code::none, Digest{}, Digest{}, {}, turn);
    // The log still holds what was rewritten.
    turn.effects.truncate_log = true;
  }
  HAMROH_TRY(turn.store.put(Table::meta, row::layout, upgrade_->encode()));
  if (!more) {
    upgrade_.reset();
  }
  return {};
}

// True if nothing of the case is left to do.
Result<bool> Node::upgrade_case(const CaseId& id, CaseRecord& record, std::size_t& budget,
                                Turn& turn) {
  --budget;
  HAMROH_ASSIGN(const auto place, place_of(id, turn));
  if (!place) {
    HAMROH_TRY(keep_case(id, record.encode(), turn));
  }
  for (; upgrade_->event < record.events.size(); ++upgrade_->event) {
    if (budget == 0) {
      return false;
    }
    --budget;
    const CaseRecord::CaseEvent& event = record.events[upgrade_->event];
    HAMROH_ASSIGN(const auto message, read_message(event.author, event.message, turn));
    if (message && message->body) {
      HAMROH_ASSIGN(const std::optional<Bytes> body,
                    turn.store.get(Table::body, key_u64(*message->body)));
      if (body && !CaseKeys::is_sealed(*body)) {
        HAMROH_TRY(keep_body(*message->body, id, *body, turn));
      }
    }
    const Bytes key = MessageRecord::key(event.author, event.message);
    HAMROH_ASSIGN(const std::optional<Bytes> evidence, turn.store.get(Table::conflict, key));
    if (evidence && !CaseKeys::is_sealed(*evidence) && evidence->size() != Digest::size) {
      HAMROH_TRY(keep_for_case(Table::conflict, key, id, *evidence, turn));
    }
  }
  return true;
}

}  // namespace hamroh
