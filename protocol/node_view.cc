// What a node shows: plain values out of memory and rows. Nothing here changes anything.

#include <utility>

#include "protocol/node.h"

namespace hamroh {
namespace {

constexpr std::size_t cases_visited_max = 4096;  // by one question

CaseView case_head(const CaseId& id, const CaseRecord& record, const CaseState& state) {
  CaseView shown;
  shown.id = id;
  shown.opened = record.opened;
  shown.author = record.opener;
  shown.state = state.referral();
  shown.participants = record.participants;
  shown.incomplete = !state.gaps.empty();
  shown.team = record.team;
  shown.assigned = record.assigned;
  shown.gaps = state.gaps;
  shown.gaps.resize(std::min(shown.gaps.size(), limits::vector_items_max));
  shown.tracks = state.tracks;
  if (shown.tracks.size() > limits::vector_items_max) {
    const auto excess = static_cast<std::ptrdiff_t>(shown.tracks.size() - limits::vector_items_max);
    shown.tracks.erase(shown.tracks.begin() + 1, shown.tracks.begin() + 1 + excess);
  }
  return shown;
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
  shown.pack = pack_named();
  if (const Pack* in_force = pack_in_force()) {
    shown.pack_id = in_force->id;
    shown.pack_jurisdiction = in_force->jurisdiction;
    for (const CodeName& clock : names_of(Clock{})) {
      const bool set = std::ranges::all_of(in_force->clock(static_cast<Clock>(clock.value)).periods,
                                           [](const auto& period) { return period.has_value(); });
      shown.pack_unset |= set ? 0U : 1U << clock.value;
    }
  }
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

Result<MessageView> Node::message(const MessageId& message, const Actor& actor, Turn& turn) const {
  HAMROH_ASSIGN(auto own, read_message(identity_.member, message, turn));
  if (own && own->erased()) {
    return caller_error(Code::erased, "the case of this message was erased here");
  }
  if (own) {
    HAMROH_TRY(check_message_seen(*own, actor, turn));
    return own->view(identity_.member, message, identity_.member);
  }
  if (directory() != nullptr) {
    // Of members that were revoked since as well: what was opened stays.
    for (const Member& member : directory()->value().members) {
      HAMROH_ASSIGN(auto record, read_message(member.id, message, turn));
      if (record && record->erased()) {
        return caller_error(Code::erased, "the case of this message was erased here");
      }
      if (record) {
        HAMROH_TRY(check_message_seen(*record, actor, turn));
        return record->view(member.id, message, identity_.member);
      }
    }
  }
  return caller_error(Code::not_found, "there is no such message here");
}

Result<CaseView> Node::case_view(const CaseId& id, const Actor& actor, Turn& turn) const {
  HAMROH_ASSIGN(const CaseRecord record, seen_case(id, actor, turn));
  const CaseState state = record.fold(id);
  CaseView shown = case_head(id, record, state);
  shown.pack = record.pack;
  shown.pack_here = rules_of(record) != nullptr;
  shown.clocks = clocks_of(id, record, state);
  shown.clocks.resize(std::min(shown.clocks.size(), limits::vector_items_max));
  for (const std::size_t at : state.order) {
    const CaseRecord::CaseEvent& event = record.events[at];
    HAMROH_ASSIGN(const auto message, read_message(event.author, event.message, turn));
    if (!message) {
      return environment_error(Code::store_corrupt, "an event of the case has no record");
    }
    shown.events.push_back(message->view(event.author, event.message, identity_.member));
    shown.events.back().actor = event.actor;
    shown.events.back().actor_role = event.actor_role;
    shown.events.back().user = event.user;
    shown.events.back().void_reason = state.reasons[at];
    shown.events.back().corrected = state.corrected[at];
  }
  return shown;
}

Result<std::vector<MessageId>> Node::find_messages(const std::string& beginning, std::size_t limit,
                                                   const Actor& actor, Turn& turn) const {
  std::string wanted;
  for (const char digit : beginning) {
    if (digit != '-') {
      wanted.push_back(digit >= 'A' && digit <= 'F' ? static_cast<char>(digit + ('a' - 'A'))
                                                    : digit);
    }
  }
  std::set<MessageId> found;
  std::size_t visited = 0;
  HAMROH_TRY(visit_cases(
      CaseRecord::key(CaseId{}), {}, Transaction::Order::descending,
      [&](const CaseId& id, CaseRecord& record) -> Result<bool> {
        for (const CaseRecord::CaseEvent& event : record.events) {
          if (found.size() < limit && event.message.hex().starts_with(wanted) &&
              sees(actor, id, record, turn)) {
            found.insert(event.message);
          }
        }
        return ++visited < cases_visited_max && found.size() < limit;
      },
      turn));
  return std::vector<MessageId>(found.begin(), found.end());
}

Result<Node::CasePage> Node::cases(std::optional<CaseId> before, std::size_t limit,
                                   bool awaiting_decision, const Actor& actor, Turn& turn) const {
  CasePage page;
  std::size_t visited = 0;
  CaseId last;
  const Bytes from = CaseRecord::key(CaseId{});
  const Bytes until = before ? CaseRecord::key(*before) : Bytes{};
  HAMROH_TRY(visit_cases(
      from, until, Transaction::Order::descending,
      [&](const CaseId& id, CaseRecord& record) -> Result<bool> {
        if (page.cases.size() == limit || visited == cases_visited_max) {
          page.next = last;
          return false;
        }
        ++visited;
        last = id;
        if (sees(actor, id, record, turn)) {
          const CaseState state = record.fold(id);
          if (!awaiting_decision || state.awaits(identity_.member)) {
            page.cases.push_back(case_head(id, record, state));
            page.cases.back().tracks.clear();
            page.cases.back().gaps.clear();
            page.cases.back().clocks = clocks_of(id, record, state);
            page.cases.back().clocks.resize(
                std::min<std::size_t>(page.cases.back().clocks.size(), 1));
          }
        }
        return true;
      },
      turn));
  return page;
}

Result<Node::StoredBody> Node::body(const MemberId& author, const MessageId& message,
                                    const Actor& actor, Turn& turn) const {
  HAMROH_ASSIGN(const auto record, read_message(author, message, turn));
  if (record && record->erased()) {
    return caller_error(Code::erased, "the case of this message was erased here");
  }
  if (!record || !record->body) {
    return caller_error(Code::not_found, "there is no such message here");
  }
  HAMROH_TRY(seen_case(record->case_id, actor, turn));
  HAMROH_ASSIGN(const Inner inner, read_inner(*record, turn));
  bool sealed_tier = false;
  const bool has_tiers = static_cast<EventKind>(inner.kind) == EventKind::referral_send;
  if (has_tiers && actor.may(Operation::see_sealed_tier)) {
    HAMROH_ASSIGN(sealed_tier,
                  has_agreement(TaskKind::see_sealed_tier, record->case_id, actor, turn));
  }
  return shown_body(inner, record->digest, sealed_tier, turn);
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
                                  const Actor& actor, Turn& turn) const {
  HAMROH_ASSIGN(const auto record, read_message(identity_.member, message, turn));
  if (!record) {
    return caller_error(Code::not_found, "this node did not send such a message");
  }
  if (record->erased()) {
    return caller_error(Code::erased, "the case of this message was erased here");
  }
  HAMROH_TRY(seen_case(record->case_id, actor, turn));
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
