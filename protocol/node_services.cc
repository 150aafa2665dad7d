// The services that members give, and their free places: saying so to everybody, and keeping what
// others say. One statement a member is kept, the newest.
//
// Such a message is about no case: it names its own id where others name their case, so that no row
// of a case is ever touched by it.

#include <utility>

#include "protocol/node.h"
#include "protocol/wire_form.h"

namespace hamroh {

Result<PublishedServices> Node::publish_services(ServiceStatement statement, const Actor& actor,
                                                 Turn& turn) {
  HAMROH_TRY(check_may_publish(statement, actor, turn));
  HAMROH_ASSIGN(const auto old, read_services(identity_.member, turn));
  // Above everything that was ever published, even if this store has lost it.
  statement.serial = std::max(old ? old->serial + 1 : 1, turn.now.ms);
  ServiceRecord record;
  record.received = turn.now;
  record.serial = statement.serial;
  record.statement = encode(statement);
  if (record.statement.size() > limits::services_bytes_max) {
    return caller_error(Code::too_large, "a statement of services is over 16 KiB");
  }
  if (old) {
    HAMROH_TRY(replace_statement(*old, turn));
  }
  HAMROH_TRY(tell_services(record, statement, turn));
  HAMROH_TRY(turn.store.put(Table::service, identity_.member.view(), record.encode()));
  return PublishedServices{record.serial, record.told.size(), record.messages.size()};
}

Status Node::check_may_publish(const ServiceStatement& statement, const Actor& actor,
                               const Turn& turn) const {
  if (locked()) {
    return caller_error(Code::locked, "the vault is locked: unlock it to publish");
  }
  if (!actor.may(Operation::publish_services)) {
    return caller_error(Code::not_permitted, "supervisors publish the services");
  }
  const Member* own = directory() == nullptr ? nullptr : active_member(identity_.member);
  if (own == nullptr) {
    return caller_error(Code::not_ready, "this node is no active member of a network");
  }
  if (phase_ == Phase::stopped || standing() == Standing::superseded) {
    return caller_error(Code::signing_stopped, "this ledger is behind what others have seen");
  }
  if (!own->capabilities.has(Capability::service_provide)) {
    return caller_error(Code::not_capable, "the directory does not list this node as a provider");
  }
  if (find_fault(statement)) {
    return caller_error(Code::invalid_form, "the statement of services is not valid");
  }
  const Timestamp now = trusted_now(turn);
  if (statement.valid_until <= now || statement.valid_until > now + limits::services_valid_max) {
    return caller_error(Code::invalid_form, "a statement of services is valid for 1 to 31 days");
  }
  return {};
}

Result<std::optional<ServiceRecord>> Node::read_services(const MemberId& member, Turn& turn) const {
  HAMROH_ASSIGN(const std::optional<Bytes> row, turn.store.get(Table::service, member.view()));
  if (!row) {
    return std::optional<ServiceRecord>{};
  }
  HAMROH_ASSIGN(ServiceRecord record, ServiceRecord::parse(*row));
  return std::optional<ServiceRecord>(std::move(record));
}

Status Node::replace_statement(const ServiceRecord& old, Turn& turn) {
  for (const MessageId& message : old.messages) {
    HAMROH_ASSIGN(const auto sent, read_message(identity_.member, message, turn));
    if (!sent || !sent->body) {
      continue;
    }
    HAMROH_TRY(return_deliveries(message, *sent, Code::stale_version, turn));
    HAMROH_ASSIGN(auto settled, read_message(identity_.member, message, turn));
    HAMROH_TRY(turn.store.erase(Table::body, key_u64(*settled->body)));
    settled->body.reset();
    HAMROH_TRY(turn.store.put(Table::message, MessageRecord::key(identity_.member, message),
                              settled->encode()));
  }
  return {};
}

Status Node::tell_services(ServiceRecord& record, const ServiceStatement& statement, Turn& turn) {
  std::vector<MemberId> to;
  const auto tell_them = [&]() -> Status {
    std::ranges::sort(to);
    HAMROH_ASSIGN(const MessageId message, tell(EventKind::service_publish, {}, to,
                                                record.statement, statement.valid_until, turn));
    if (!message.is_zero()) {
      record.messages.push_back(message);
      record.told.insert(record.told.end(), to.begin(), to.end());
    }
    to.clear();
    return {};
  };
  std::vector<MemberId> told = record.told;
  std::ranges::sort(told);
  for (const Member& member : directory()->value().members) {
    const bool asks = member.id != identity_.member && active_member(member.id) != nullptr &&
                      member.capabilities.has(Capability::refer_send);
    if (!asks || std::ranges::binary_search(told, member.id) || !has_room_for(member.id)) {
      continue;
    }
    to.push_back(member.id);
    if (to.size() == limits::recipients_max) {
      HAMROH_TRY(tell_them());
    }
  }
  if (!to.empty()) {
    HAMROH_TRY(tell_them());
  }
  std::ranges::sort(record.told);
  return {};
}

Status Node::tell_newcomers(Turn& turn) {
  newcomers_ = false;
  if (directory() == nullptr || standing() != Standing::member || phase_ == Phase::stopped) {
    return {};
  }
  HAMROH_ASSIGN(auto record, read_services(identity_.member, turn));
  if (!record) {
    return {};
  }
  HAMROH_ASSIGN(const ServiceStatement statement, parse_services(record->statement));
  const bool able = active_member(identity_.member)->capabilities.has(Capability::service_provide);
  if (!able || trusted_now(turn) >= statement.valid_until) {
    return {};
  }
  const std::size_t before = record->messages.size();
  HAMROH_TRY(tell_services(*record, statement, turn));
  return record->messages.size() == before
             ? Status()
             : turn.store.put(Table::service, identity_.member.view(), record->encode());
}

// ---- what others say --------------------------------------------------------------------------

Result<Node::Verdict> Node::judge_services(const MemberId& member, const Inner& inner,
                                           Turn& turn) const {
  const auto refuse = [](Code code) { return Verdict{EntryKind::refused, code, {}}; };
  const auto statement = parse_services(inner.body);
  const Timestamp latest = trusted_now(turn) + limits::services_valid_max + tuning::clock_tolerance;
  if (!statement || inner.message.bytes != inner.case_id.bytes || !inner.heads.empty() ||
      statement->valid_until > latest) {
    return refuse(Code::invalid_form);
  }
  HAMROH_ASSIGN(const auto known, read_services(member, turn));
  if (known && statement->serial <= known->serial) {
    return refuse(Code::stale_version);
  }
  return Verdict{EntryKind::opened, Code::none, {}};
}

Status Node::take_services(const MemberId& member, const Inner& inner, Turn& turn) {
  HAMROH_ASSIGN(const ServiceStatement statement, parse_services(inner.body));
  ServiceRecord record;
  record.received = turn.now;
  record.serial = statement.serial;
  record.statement = inner.body;
  return turn.store.put(Table::service, member.view(), record.encode());
}

Result<Node::ServicesPage> Node::services(std::optional<MemberId> after, std::size_t limit,
                                          Turn& turn) const {
  if (locked()) {
    return caller_error(Code::locked, "the vault is locked");
  }
  ServicesPage page;
  Status parsed;
  const MemberId first = after.value_or(MemberId{});
  Bytes from(first.bytes.begin(), first.bytes.end());
  if (after) {
    from.push_back(0);
  }
  HAMROH_TRY(turn.store.scan(
      Table::service, from, {}, Transaction::Order::ascending, [&](ByteView key, ByteView value) {
        const auto member = MemberId::from(key);
        auto record = ServiceRecord::parse(value);
        if (!member || !record) {
          parsed = environment_error(Code::store_corrupt, "kept services do not parse");
          return false;
        }
        if (directory() == nullptr || active_member(*member) == nullptr) {
          return true;
        }
        if (page.known.size() == limit) {
          page.next = page.known.back().member;
          return false;
        }
        page.known.push_back({*member, record->received, std::move(record->statement)});
        return true;
      }));
  HAMROH_TRY(parsed);
  return page;
}

}  // namespace hamroh
