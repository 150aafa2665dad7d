// What a node shows: plain values out of memory and rows. Nothing here changes anything.

#include <utility>

#include "protocol/node.h"

namespace hamroh {
namespace {

CaseView case_head(const CaseId& id, const CaseRecord& record, const MemberId& self) {
  CaseView shown;
  shown.id = id;
  shown.opened = record.opened;
  shown.author = record.opener;
  shown.state = record.state(self);
  for (const CaseRecord::Participant& participant : record.participants) {
    shown.participants.push_back(participant.member);
  }
  shown.incomplete = record.opener.is_zero() || !record.missing.empty();
  return shown;
}

bool awaits_decision_of(const CaseRecord& record, const MemberId& self) {
  const CaseRecord::Participant* participant = record.find(self);
  return participant != nullptr && participant->referred_to &&
         participant->decision == CaseDecision::none;
}

}  // namespace

NodeView Node::view() const {
  NodeView shown;
  shown.network = identity_.network;
  shown.member = identity_.member;
  shown.name = identity_.name;
  shown.kind = identity_.kind;
  shown.phase = phase_;
  shown.locked = locked();
  shown.clock_suspect = clock_suspect_;
  shown.standing = standing();
  shown.constitution_version = membership_->constitution().value().version;
  shown.staleness = membership_->staleness(clock_wall_);
  if (directory() != nullptr) {
    shown.directory_version = directory()->value().version;
    shown.directory_expires = directory()->value().expires;
  }
  if (const Member* self = membership_->find(identity_.member)) {
    shown.key_serial = self->key_serial;
  }
  shown.rotation_waits = waiting_rotation_.has_value();
  shown.alarms = alarms_;
  shown.ledger_size = ledger_.size();
  shown.ledger_root = ledger_.root();
  shown.session_first = session_first_;
  shown.outbox_depth = outbox_size_;
  for (const auto& [member, peer] : peers_) {
    if (shown.peers.size() == limits::vector_items_max) {
      break;  // a summary: the whole list is the directory's
    }
    PeerView view;
    view.member = member;
    const Member* entry = membership_->find(member);
    view.name = entry != nullptr ? entry->name : "";
    view.revoked = entry != nullptr && entry->state == MemberState::revoked;
    if (const auto suspended = suspended_.find(member); suspended != suspended_.end()) {
      view.suspended_until = suspended->second.until;
    }
    view.connected = peer.connected;
    view.queued = peer.outbox.size();
    view.in_flight = peer.outbox.in_flight();
    view.held = peer.held.size();
    view.heard = peer.record.heard;
    shown.peers.push_back(std::move(view));
  }
  return shown;
}

Result<MessageView> Node::message(const MessageId& message, Turn& turn) const {
  HAMROH_ASSIGN(auto own, read_message(identity_.member, message, turn));
  if (own) {
    return own->view(identity_.member, message, identity_.member);
  }
  if (directory() != nullptr) {
    // Of members that were revoked since as well: what was opened stays.
    for (const Member& member : directory()->value().members) {
      HAMROH_ASSIGN(auto record, read_message(member.id, message, turn));
      if (record) {
        return record->view(member.id, message, identity_.member);
      }
    }
  }
  return caller_error(Code::not_found, "there is no such message here");
}

Result<CaseView> Node::case_view(const CaseId& id, Turn& turn) const {
  HAMROH_ASSIGN(const std::optional<CaseRecord> record, read_case(id, turn));
  if (!record) {
    return caller_error(Code::not_found, "there is no such case here");
  }
  CaseView shown = case_head(id, *record, identity_.member);
  bool delivered = true;
  for (const std::size_t at : record->order()) {
    const CaseRecord::CaseEvent& event = record->events[at];
    HAMROH_ASSIGN(const auto message, read_message(event.author, event.message, turn));
    if (!message) {
      return environment_error(Code::store_corrupt, "an event of the case has no record");
    }
    shown.events.push_back(message->view(event.author, event.message, identity_.member));
    const bool referral = shown.events.back().kind == EventKind::referral_send;
    delivered = delivered && (!referral || shown.events.back().level() == Level::opened);
  }
  // The referral has been received once its recipient has opened it; both sides then say the same.
  if (shown.state == ReferralState::sent && delivered) {
    shown.state = ReferralState::received;
  }
  return shown;
}

Result<Node::CasePage> Node::cases(std::optional<CaseId> before, std::size_t limit,
                                   bool awaiting_decision, Turn& turn) const {
  constexpr std::size_t visited_max = 4096;
  CasePage page;
  std::size_t visited = 0;
  CaseId last;
  Status parsed;
  const Bytes from = CaseRecord::key(CaseId{});
  const Bytes until = before ? CaseRecord::key(*before) : Bytes{};
  HAMROH_TRY(turn.store.scan(
      Table::case_event, from, until, Transaction::Order::descending,
      [&](ByteView key, ByteView value) {
        auto record = CaseRecord::parse(value);
        const auto id = CaseId::from(key.first(std::min<std::size_t>(key.size(), 16)));
        if (!record || !id) {
          parsed = environment_error(Code::store_corrupt, "a case does not parse");
          return false;
        }
        if (page.cases.size() == limit || visited == visited_max) {
          page.next = last;
          return false;
        }
        ++visited;
        last = *id;
        if (!awaiting_decision || awaits_decision_of(*record, identity_.member)) {
          page.cases.push_back(case_head(*id, *record, identity_.member));
        }
        return true;
      }));
  HAMROH_TRY(parsed);
  return page;
}

Result<Node::StoredBody> Node::body(const MemberId& author, const MessageId& message,
                                    Turn& turn) const {
  HAMROH_ASSIGN(const auto record, read_message(author, message, turn));
  if (!record || !record->body) {
    return caller_error(Code::not_found, "there is no such message here");
  }
  HAMROH_ASSIGN(const std::optional<Bytes> bytes,
                turn.store.get(Table::body, key_u64(*record->body)));
  if (!bytes) {
    return environment_error(Code::store_corrupt, "a kept message has no body");
  }
  HAMROH_ASSIGN(Inner inner, parse_inner(*bytes));
  return StoredBody{static_cast<EventKind>(inner.kind), std::move(inner.body)};
}

Result<std::vector<Event>> Node::events(std::uint64_t from, std::size_t limit, Turn& turn) const {
  std::vector<Event> events;
  if (limit == 0) {
    return events;
  }
  HAMROH_TRY(ledger_.scan(turn.store, from, [&](const LedgerRecord& record) {
    events.push_back({record.index, static_cast<std::uint8_t>(record.entry.kind), record.entry.code,
                      record.entry.time, record.reference.peer, record.reference.author,
                      record.reference.message});
    return events.size() < limit;
  }));
  return events;
}

Result<std::string> Node::receipt(const MessageId& message, std::optional<MemberId> recipient,
                                  Turn& turn) const {
  HAMROH_ASSIGN(const auto record, read_message(identity_.member, message, turn));
  if (!record) {
    return caller_error(Code::not_found, "this node did not send such a message");
  }
  const auto delivery = std::ranges::find_if(record->deliveries, [&](const Delivery& item) {
    return is_settled(item.level) && (!recipient || *recipient == item.recipient);
  });
  if (delivery == record->deliveries.end()) {
    return caller_error(Code::not_found, "there is no receipt yet: wait for the message first");
  }
  std::optional<ProofRecord> proof;
  HAMROH_TRY(turn.store.scan(Table::proof, key_u64(0), key_u64(delivery->settled_index + 1),
                             Transaction::Order::descending, [&](ByteView, ByteView value) {
                               auto parsed = ProofRecord::parse(value);
                               proof = parsed ? std::optional(std::move(*parsed)) : std::nullopt;
                               return false;
                             }));
  const auto is_ours = [&](const auto& item) { return item.second.subject == record->digest; };
  if (!proof || proof->origin.member != delivery->recipient ||
      std::ranges::none_of(proof->receipts, is_ours)) {
    return caller_error(Code::not_found, "the message expired here: there is no receipt of others");
  }
  const auto& [index, entry] = *std::ranges::find_if(proof->receipts, is_ours);
  const auto which = std::ranges::find(proof->leaves, index, &ProvenLeaf::index);
  if (which == proof->leaves.end()) {
    return environment_error(Code::store_corrupt, "a kept proof lacks its leaf");
  }
  ExportedProof exported;
  HAMROH_ASSIGN(
      exported.path,
      inclusion_path(proof->note.size, proof->note.root, proof->base, proof->leaves, proof->hashes,
                     static_cast<std::size_t>(which - proof->leaves.begin())));
  const auto encoded = entry.encode();
  exported.entry.assign(encoded.begin(), encoded.end());
  exported.index = index;
  exported.signed_note = to_signed_note(proof->origin, proof->note);
  return to_tlog_proof(exported);
}

void Node::check_invariants() const {
  std::size_t queued = 0;
  for (const auto& [member, peer] : peers_) {
    peer.outbox.check_invariants();
    queued += peer.outbox.size();
    CHECK(peer.known_base <= ledger_.size());
    CHECK(!peer.record.note || peer.record.note->size == peer.record.range.size);
  }
  CHECK(queued == outbox_size_);
  std::size_t pending = 0;
  for (const auto& [row, count] : pending_) {
    CHECK(count > 0);
    pending += count;
  }
  CHECK(pending == queued);
  CHECK(session_first_ <= ledger_.size());
  CHECK(!note_ || (note_->size <= ledger_.size() && note_->first == session_first_));
}

}  // namespace hamroh
