// What a relief fund was asked for over all cases that this node knows, and what became of it: a
// count that goes on a few cases in each turn, so that nothing else waits for it.
//
// What counts is what the folds say; a void event is none. A case, or an event about money, that
// cannot be read is counted as such and keeps nothing else from being counted. Of what was erased
// nothing is known but how many cases it was.

#include <utility>

#include "protocol/node.h"
#include "protocol/wire_form.h"

namespace hamroh {
namespace {

constexpr std::size_t cases_counted_per_turn = 64;
constexpr std::size_t cases_read_at_once = 16;  // one row may have a mebibyte
constexpr std::size_t events_counted_per_turn = 512;
constexpr std::size_t erased_counted_per_turn = 256;

std::optional<EventKind> about_money(std::uint16_t kind) {
  const Rule* rule = find_rule(static_cast<EventKind>(kind));
  return rule != nullptr && rule->track == Track::fund ? std::optional(rule->kind) : std::nullopt;
}

std::uint8_t more_urgent(std::uint8_t one, std::uint8_t other) {  // 0: nothing is known
  return one == 0 || (other != 0 && other < one) ? other : one;
}

bool is_damage(const Error& error) {
  return error.code == Code::store_corrupt || error.blame != Blame::environment;
}

struct Row {
  Bytes key;
  Bytes value;
};
Result<std::vector<Row>> rows_from(Table table, const Bytes& from, std::size_t most, Turn& turn) {
  std::vector<Row> rows;
  HAMROH_TRY(turn.store.scan(
      table, from, {}, Transaction::Order::ascending, [&](ByteView key, ByteView value) {
        rows.push_back({Bytes(key.begin(), key.end()), Bytes(value.begin(), value.end())});
        return rows.size() < most;
      }));
  return rows;
}

Bytes behind(Bytes key) {
  key.push_back(0);
  return key;
}

}  // namespace

// The right is that of whoever reviews what was done here, not that of seeing cases: a supervisor
// sees those of her teams and an auditor none, and both answer for all the money.
Status Node::count_fund(FundCount& count, const Actor& actor, Turn& turn) const {
  if (!actor.may(Operation::review)) {
    return caller_error(Code::not_permitted, "your role does not review what was done here");
  }
  if (locked()) {
    return caller_error(Code::locked, "the vault is locked");
  }
  if (count.done || count.cases_done) {
    return count.done ? Status{} : count_erased(count, turn);
  }
  std::size_t events_left = events_counted_per_turn;
  for (std::size_t seen = 0; seen < cases_counted_per_turn; seen += cases_read_at_once) {
    HAMROH_ASSIGN(auto rows, rows_from(Table::case_event, count.from, cases_read_at_once, turn));
    for (Row& row : rows) {
      if (events_left == 0) {
        return {};
      }
      const auto id = CaseId::from(ByteView(row.key).first(std::min(row.key.size(), CaseId::size)));
      const Status counted =
          id ? count_case(*id, std::move(row.value), count, events_left, turn)
             : Status(environment_error(Code::store_corrupt, "a case does not parse"));
      if (!counted && !is_damage(counted.error())) {
        return counted;
      }
      count.damaged += counted ? 0 : 1;
      ++count.cases;
      count.from = behind(std::move(row.key));
    }
    if (rows.size() < cases_read_at_once) {
      count.cases_done = true;
      count.from.clear();
      return {};
    }
  }
  return {};
}

Status Node::count_case(const CaseId& id, Bytes row, FundCount& count, std::size_t& events_left,
                        Turn& turn) const {
  HAMROH_ASSIGN(const CaseRecord record, open_case(id, std::move(row), turn));
  if (std::ranges::none_of(record.events,
                           [](const auto& event) { return about_money(event.kind).has_value(); })) {
    return {};
  }
  const CaseState state = record.fold(id);
  std::map<Digest, FundRequest> requests;
  std::uint8_t urgency = 0;
  for (const std::size_t at : state.order) {
    const CaseRecord::CaseEvent& event = record.events[at];
    if (state.reasons[at] != Code::none) {
      continue;
    }
    urgency = more_urgent(urgency, event.facts.urgency);
    const auto kind = about_money(event.kind);
    const auto about = requests.find(event.facts.about);
    if (!kind || (*kind != EventKind::fund_request && about == requests.end())) {
      continue;
    }
    events_left -= std::min<std::size_t>(events_left, 1);
    auto money = money_of(event, turn);
    if (!money && !is_damage(money.error())) {
      return tl::unexpected(money.error());
    }
    if (!money) {
      ++count.unreadable;
    } else if (*kind == EventKind::fund_request) {
      requests[event.digest] = {money->purpose, urgency, std::move(money->money), {}, {}, {}, {}};
    } else if (*kind == EventKind::fund_approve) {
      about->second.approved = money->money.time;
    } else if (*kind == EventKind::fund_refuse) {
      about->second.refused = money->money.time;
    } else if (*kind == EventKind::fund_paid) {
      about->second.paid = std::move(money->money);
    } else {
      about->second.accounted = std::move(money->money);
    }
  }
  for (const auto& [digest, request] : requests) {
    count.totals.add(request, count.period);
  }
  return {};
}

// On a day by when it was entered here: what an author writes as its time decides nothing.
Result<Node::SaidOfMoney> Node::money_of(const CaseRecord::CaseEvent& event, Turn& turn) const {
  const auto damaged = [] {
    return environment_error(Code::store_corrupt, "an event about money cannot be read");
  };
  HAMROH_ASSIGN(const auto message, read_message(event.author, event.message, turn));
  if (!message || !message->body) {
    return damaged();
  }
  HAMROH_ASSIGN(const auto entry, ledger_.read(turn.store, message->index));
  HAMROH_ASSIGN(const Inner inner, read_inner(*message, turn));
  HAMROH_ASSIGN(const Particulars said,
                parse_particulars(inner.body, static_cast<EventKind>(event.kind)));
  if (!entry) {
    return damaged();
  }
  return SaidOfMoney{said.code, {entry->entry.time, said.amount, said.currency}};
}

Status Node::count_erased(FundCount& count, Turn& turn) const {
  HAMROH_ASSIGN(auto rows, rows_from(Table::erased, count.from, erased_counted_per_turn, turn));
  for (Row& row : rows) {
    const auto record = ErasedRecord::parse(row.value);
    count.damaged += record ? 0 : 1;
    count.erased += record && record->erased() ? 1 : 0;
    count.from = behind(std::move(row.key));
  }
  count.done = rows.size() < erased_counted_per_turn;
  return {};
}

}  // namespace hamroh
