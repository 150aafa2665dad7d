// What peers say to a node: hello, envelopes and rekey, from hostile bytes to rows.

#include <utility>

#include "protocol/node.h"

namespace hamroh {
namespace {

constexpr std::size_t held_opened_per_tick = 16;

std::optional<Level> level_of(EntryKind outcome) {
  switch (outcome) {
    case EntryKind::opened:
      return Level::opened;
    case EntryKind::refused:
      return Level::refused;
    case EntryKind::expired:
      return Level::expired;
    case EntryKind::unsupported:
      return Level::unsupported;
    default:
      return std::nullopt;
  }
}

bool is_environment(const Status& status) {
  return !status && status.error().blame == Blame::environment;
}

}  // namespace

Status Node::receive(const MemberId& member, ByteView frame, Turn& turn) {
  if (directory() == nullptr) {
    return peer_error(Code::not_ready, "a frame before this node has joined");
  }
  const auto found = peers_.find(member);
  if (found == peers_.end() || active_member(member) == nullptr) {
    return peer_error(Code::unknown_member, "a frame of somebody who is no active member");
  }
  if (is_suspended(member)) {
    return peer_error(Code::suspended, "a frame of a member that is suspended");
  }
  if (frame.empty() || frame.size() > limits::frame_bytes_max) {
    return peer_error(Code::too_large, "a frame is empty or over its bound");
  }
  Peer& peer = found->second;
  switch (static_cast<FrameType>(frame[0])) {
    case FrameType::hello:
      return receive_hello(member, frame, turn);
    case FrameType::envelope:
      return receive_envelope(member, peer, frame, turn);
    case FrameType::rekey:
      return receive_rekey(member, peer, frame, turn);
    case FrameType::want:
      return receive_want(member, frame, turn);
    case FrameType::chunk:
      return receive_chunk(member, frame, turn);
  }
  return peer_error(Code::malformed, "a frame of an unknown type");
}

// ---- hello and rekey --------------------------------------------------------------------------

Status Node::receive_hello(const MemberId& member, ByteView frame, Turn& turn) {
  HAMROH_ASSIGN(const Hello hello, parse_hello(frame));
  if (hello.network != identity_.network) {
    return peer_error(Code::wrong_network, "a hello of another network");
  }
  // First who is who: a statement in it may end the very peer that says hello, or change its keys.
  HAMROH_TRY(take_statements(member, hello.statements, turn));
  const Member* entry = active_member(member);
  const auto found = peers_.find(member);
  if (entry == nullptr || found == peers_.end() || is_suspended(member)) {
    return peer_error(Code::unknown_member, "a hello of a member that may not speak any more");
  }
  Peer& peer = found->second;
  if (hello.member != member || hello.incarnation != entry->incarnation) {
    return peer_error(Code::unknown_member, "a hello in another member's name");
  }
  HAMROH_TRY(take_seen_note(peer, hello, turn));
  if (!hello.key_sheet.empty()) {
    // Without its sheet nothing could be sealed for the peer: such a hello has not greeted, so that
    // it is asked for again.
    const Status taken = take_key_sheet(member, peer, hello.key_sheet, turn);
    if (!taken && taken.error().code != Code::stale_version) {
      // Perhaps it has not heard yet which keys are listed for it: it is told what it lacks.
      if (!is_environment(taken)) {
        HAMROH_TRY(note_peer_membership(peer, hello, turn));
      }
      return taken;
    }
  }
  const Origin their_origin{identity_.network, member, hello.incarnation};
  const auto is_their_note = [&](const Note& note) {
    const ByteView key =
        note.role == NoteRole::author ? entry->author.view() : entry->receipt.view();
    return std::ranges::equal(note.key.view(), key) && verify_note(their_origin, note);
  };
  if (hello.own && peer.record.note && hello.own->size == peer.record.note->size &&
      hello.own->root != peer.record.note->root && is_their_note(*hello.own)) {
    return record_fork(member, peer, *hello.own, turn);
  }
  peer.locked = hello.locked;
  peer.lacks_pack = hello.lacks_pack;
  peer.greeted = true;
  HAMROH_TRY(note_peer_membership(peer, hello, turn));
  if (hello.purpose == HelloPurpose::greeting) {
    peer.hello_due = HelloPurpose::answer;
    const bool may_answer =
        !peer.hello_sent ||
        turn.monotonic.ms >= peer.hello_sent->ms + tuning::hello_interval_min.ms;
    if (may_answer) {
      HAMROH_TRY(send_hello(member, peer, HelloPurpose::answer, turn));
    }
  }
  check_start(turn);
  return {};
}

// The peer names the largest note of ours that it holds. It is where our proofs begin; and if it is
// really ours and our ledger does not extend it, then our store is an old copy.
Status Node::take_seen_note(Peer& peer, const Hello& hello, Turn& turn) {
  std::uint64_t seen = 0;
  if (hello.seen) {
    const ByteView key = hello.seen->key.view();
    const Member* self = membership_->find(identity_.member);  // also if it was revoked
    const bool present = std::ranges::equal(key, receipt_->public_key().view()) ||
                         (self != nullptr && std::ranges::equal(key, self->author.view()));
    const bool past = !present && past_keys_.contains(Bytes(key.begin(), key.end()));
    if ((!present && !past) || !verify_note(origin(), *hello.seen)) {
      return peer_error(Code::bad_signature, "a hello names a note that this node never signed");
    }
    seen = hello.seen->size;
    bool extends = seen <= ledger_.size();
    if (extends) {
      HAMROH_ASSIGN(const CompactRange range, ledger_.range_at(turn.store, seen));
      extends = range.root() == hello.seen->root;
    }
    if (!extends && past) {
      // This ledger holds the end of that key, so nothing of its time can be missing here. Somebody
      // else signs with it: perhaps that is why it was given up.
      return peer_error(Code::bad_signature, "a hello names a note under a key that was given up");
    }
    if (!extends) {
      stop_signing();
      // So that the next start knows it without the peer.
      turn.effects.anchor = WriteAnchor{seen, hello.seen->root};
      return {};
    }
  }
  const bool complaint = hello.purpose == HelloPurpose::complaint;
  if (!peer.greeted || complaint) {
    peer.known_base = seen;
    if (complaint) {
      peer.wants_proof = true;
      peer.outbox.retry_all();
    }
  }
  return {};
}

Status Node::take_key_sheet(const MemberId& member, Peer& peer, ByteView file, Turn& turn) {
  if (peer.sheet && std::ranges::equal(peer.sheet->file(), file)) {
    return {};
  }
  const Member* entry = active_member(member);
  if (entry == nullptr) {
    return peer_error(Code::revoked, "a key sheet of a member that was revoked");
  }
  HAMROH_ASSIGN(VerifiedKeySheet sheet, verify_key_sheet(file, identity_.network, member,
                                                         entry->incarnation, entry->author));
  if (peer.sheet && sheet.value().serial <= peer.sheet->value().serial) {
    return peer_error(Code::stale_version, "a key sheet that is not newer than the known one");
  }
  HAMROH_TRY(turn.store.put(Table::peer, PeerRecord::key_sheet_key(member), file));
  peer.sheet = std::move(sheet);
  return {};
}

Status Node::receive_rekey(const MemberId& member, Peer& peer, ByteView frame, Turn& turn) {
  HAMROH_ASSIGN(const Rekey rekey, parse_rekey(frame));
  const bool had = peer.sheet.has_value();
  const std::uint64_t before = had ? peer.sheet->value().serial : 0;
  HAMROH_TRY(take_key_sheet(member, peer, rekey.key_sheet, turn));
  // Only a newer sheet is acted on; else a stale answer could make us send for ever.
  if (!had || peer.sheet->value().serial > before) {
    peer.outbox.retry_all();
  }
  return {};
}

// ---- envelopes --------------------------------------------------------------------------------

Status Node::receive_envelope(const MemberId& member, Peer& peer, ByteView frame, Turn& turn) {
  HAMROH_ASSIGN(const EnvelopeView envelope, parse_envelope(frame));
  if (envelope.header.recipient != identity_.member) {
    return peer_error(Code::not_addressed, "an envelope for somebody else");
  }
  if (locked()) {
    return hold(member, peer, frame, turn);
  }
  return open_frame(member, peer, frame, turn);
}

// While locked: keep the sealed envelope, once, within the peer's quota, and say so in a receipt.
Status Node::hold(const MemberId& member, Peer& peer, ByteView frame, Turn& turn) {
  const Digest digest = envelope_digest(frame);
  if (const auto known = peer.held.find(digest); known != peer.held.end()) {
    HAMROH_ASSIGN(const auto record, ledger_.read(turn.store, known->second));
    if (record) {
      owe(peer, MessageId{}, known->second, record->entry);
    }
    return {};
  }
  if (peer.held_bytes + frame.size() > limits::held_bytes_per_peer_max ||
      peer.held.size() >= limits::held_envelopes_per_peer_max) {
    return peer_error(Code::full, "the quota of held envelopes of this member is used up");
  }
  const std::uint64_t index =
      append_entry(EntryKind::held, Code::none, digest, Digest{}, {member, member, {}}, turn);
  HeldRecord held;
  held.index = index;
  held.digest = digest;
  held.frame.assign(frame.begin(), frame.end());
  HAMROH_TRY(turn.store.put(Table::held, HeldRecord::key(member, peer.held_next), held.encode()));
  ++peer.held_next;
  peer.held_bytes += frame.size();
  peer.held.emplace(digest, index);
  HAMROH_ASSIGN(const auto record, ledger_.read(turn.store, index));
  owe(peer, MessageId{}, index, record->entry);
  return {};
}

// After unlocking: what was held is opened in the order in which it came, a few at a time.
Status Node::open_held(Turn& turn) {
  std::size_t budget = held_opened_per_tick;
  held_waits_ = false;
  for (auto& [member, peer] : peers_) {
    if (is_suspended(member)) {
      continue;  // held as long as the suspension
    }
    std::vector<std::pair<Bytes, HeldRecord>> rows;
    HAMROH_TRY(turn.store.scan(
        Table::held, HeldRecord::key(member, 0), HeldRecord::key(member, UINT64_MAX),
        Transaction::Order::ascending, [&](ByteView key, ByteView value) {
          if (rows.size() == budget) {
            held_waits_ = true;
            return false;
          }
          if (auto held = HeldRecord::parse(value)) {
            rows.emplace_back(Bytes(key.begin(), key.end()), std::move(*held));
          }
          return true;
        }));
    budget -= rows.size();
    for (const auto& [key, held] : rows) {
      if (membership_->find(member) != nullptr) {
        // What does not open was garbage or is sent again: its sender has kept it.
        const Status opened = open_frame(member, peer, held.frame, turn);
        if (is_environment(opened)) {
          return opened;
        }
      }
      HAMROH_TRY(turn.store.erase(Table::held, key));
      peer.held_bytes -= std::min(peer.held_bytes, held.frame.size());
      peer.held.erase(held.digest);
    }
  }
  return {};
}

Status Node::open_frame(const MemberId& member, Peer& peer, ByteView frame, Turn& turn) {
  HAMROH_ASSIGN(const EnvelopeView envelope, parse_envelope(frame));
  const auto epoch = epochs_.find(envelope.header.epoch_key);
  if (epoch == epochs_.end()) {
    const Duration minute{turn.monotonic.ms / 60'000};
    if (minute != rekey_minute_) {
      rekey_minute_ = minute;
      rekeys_this_minute_ = 0;
    }
    if (sheet_ && rekeys_this_minute_ < tuning::rekeys_per_minute_max) {
      ++rekeys_this_minute_;
      turn.effects.frames.push_back(
          {member, encode_rekey({envelope_digest(frame), sheet_->file()})});
    }
    return peer_error(Code::cannot_open, "an envelope sealed to a key that is not held here");
  }
  HAMROH_ASSIGN(const Bytes plaintext, open_envelope(envelope, identity_.network,
                                                     epoch->second.secret, epoch->second.key));
  // A revoked member's envelopes that were held before are still opened; judge looks at each.
  const Member& entry = *membership_->find(member);
  SenderKnowledge sender;
  sender.origin = {identity_.network, member, entry.incarnation};
  sender.author = entry.author;
  sender.receipt = entry.receipt;
  sender.seen = peer.record.note;
  sender.range = peer.record.range;
  auto verified = verify_content(plaintext, sender);
  if (!verified) {
    const EnvelopeFault& fault = verified.error();
    if (fault.fork) {
      auto content = parse_content(plaintext);
      return record_fork(member, peer, content->proof.note, turn);
    }
    if (fault.wrong_base) {
      peer.hello_due = HelloPurpose::complaint;
    }
    return tl::unexpected(fault.error);
  }
  HAMROH_TRY(remember_note(member, peer, *verified, turn));
  for (const Bytes& sheet : verified->files().key_sheets) {
    const Status taken = take_key_sheet(member, peer, sheet, turn);
    if (is_environment(taken)) {
      return taken;
    }
  }
  for (const VerifiedMessage& message : verified->messages()) {
    const Status applied = apply_message(member, peer, message, turn);
    if (is_environment(applied)) {
      return applied;
    }
  }
  HAMROH_TRY(apply_receipts(member, peer, *verified, turn));
  HAMROH_TRY(take_packs(verified->files().packs, turn));
  // Last, because a statement may end the very peer whose envelope this is.
  HAMROH_TRY(take_statements(member, verified->files().directories, turn));
  return take_statements(member, verified->files().suspensions, turn);
}

Status Node::remember_note(const MemberId& member, Peer& peer, const VerifiedEnvelope& envelope,
                           Turn& turn) {
  peer.record.heard = turn.now;
  const Note& note = envelope.proof().note;
  if (envelope.extends()) {
    peer.record.note = note;
    peer.record.range = envelope.range();
    peer.unproven = 0;
  } else if (!peer.record.note || note.size > peer.record.note->size) {
    // Proven by itself, but not shown to extend what we know: ask for that, and not for ever.
    peer.hello_due = HelloPurpose::complaint;
    if (peer.record.note && ++peer.unproven > limits::unproven_envelopes_max) {
      return peer_error(Code::bad_proof, "a ledger is never shown to extend what it was");
    }
  }
  return turn.store.put(Table::peer, PeerRecord::key(member), peer.record.encode());
}

// Two notes, both signed by the peer, exclude one another. Nothing more is opened; both are kept as
// evidence that an outsider can judge.
Status Node::record_fork(const MemberId& member, const Peer& peer, const Note& note, Turn& turn) {
  const Origin their_origin{identity_.network, member, peer.record.incarnation};
  const auto as_file = [&](const Note& one) {
    const std::string signed_note = to_signed_note(their_origin, one);
    const ByteView bytes = hamroh::view(signed_note);
    return Bytes(bytes.begin(), bytes.end());
  };
  HAMROH_TRY(raise_alarm({AlarmKind::ledger, member, note.size, turn.now,
                          peer.record.note ? as_file(*peer.record.note) : Bytes{}, as_file(note)},
                         turn));
  return peer_error(Code::fork, "two signed notes of this member exclude one another");
}

void Node::owe(Peer& peer, const MessageId& message, std::uint64_t index, const Entry& entry) {
  // Past the bound the peer does without: it will ask again.
  if (peer.owed.size() < limits::in_flight_messages_max * 2) {
    peer.owed.push_back({message, index, entry});
  }
}

// ---- receipts for our messages ----------------------------------------------------------------

Status Node::apply_receipts(const MemberId& member, Peer& peer, const VerifiedEnvelope& envelope,
                            Turn& turn) {
  ProofRecord proof;
  const std::uint64_t first = ledger_.size();
  for (const VerifiedReceipt& receipt : envelope.receipts()) {
    if (receipt.entry.kind == EntryKind::held) {
      HAMROH_TRY(apply_held_receipt(member, peer, receipt, turn));
      continue;
    }
    HAMROH_ASSIGN(const bool settled, apply_receipt(member, peer, receipt, turn));
    if (settled) {
      proof.receipts.emplace_back(receipt.index, receipt.entry);
    }
  }
  if (proof.receipts.empty()) {
    return {};
  }
  proof.origin = {identity_.network, member, membership_->find(member)->incarnation};
  proof.note = envelope.proof().note;
  proof.base = envelope.base();
  proof.hashes = envelope.proof().hashes;
  proof.leaves = envelope.leaves();
  return turn.store.put(Table::proof, key_u64(first), proof.encode());
}

// True if it settled a delivery (or settled it better: a receipt that came after the expiry).
Result<bool> Node::apply_receipt(const MemberId& member, Peer& peer, const VerifiedReceipt& receipt,
                                 Turn& turn) {
  HAMROH_ASSIGN(auto record, read_message(identity_.member, receipt.message, turn));
  if (!record || record->digest != receipt.entry.subject) {
    return false;  // a receipt for nothing that we sent
  }
  const auto delivery = std::ranges::find(record->deliveries, member, &Delivery::recipient);
  if (delivery == record->deliveries.end()) {
    return false;
  }
  const Level level = *level_of(receipt.entry.kind);
  const bool was_settled = is_settled(delivery->level);
  const bool late = delivery->level == Level::expired && level == Level::opened;
  if (was_settled && !late) {
    return false;
  }
  const std::uint64_t index =
      append_entry(EntryKind::settled, static_cast<Code>(receipt.entry.code), receipt.entry.subject,
                   receipt.entry.leaf(), {member, identity_.member, receipt.message}, turn);
  *delivery = {member, level, receipt.entry.code, turn.now, index};
  HAMROH_TRY(turn.store.put(Table::message, MessageRecord::key(identity_.member, receipt.message),
                            record->encode()));
  if (peer.outbox.settle(receipt.message)) {
    --outbox_size_;
  }
  if (!was_settled) {
    HAMROH_TRY(settle_pending(record->index, turn));
  }
  if (level == Level::opened &&
      record->kind == static_cast<std::uint16_t>(EventKind::referral_send)) {
    HAMROH_TRY(note_opened(record->case_id, record->digest, {member, receipt.entry.time}, turn));
  }
  return true;
}

// The peer's vault is locked and it keeps our envelope: its messages are `stored`.
Status Node::apply_held_receipt(const MemberId& member, Peer& peer, const VerifiedReceipt& receipt,
                                Turn& turn) {
  const auto envelope = peer.envelopes.find(receipt.entry.subject);
  if (envelope == peer.envelopes.end()) {
    return {};
  }
  for (const MessageId& message : envelope->second) {
    HAMROH_ASSIGN(auto record, read_message(identity_.member, message, turn));
    if (!record) {
      continue;
    }
    const auto delivery = std::ranges::find(record->deliveries, member, &Delivery::recipient);
    if (delivery == record->deliveries.end() || delivery->level != Level::accepted) {
      continue;
    }
    delivery->level = Level::stored;
    delivery->changed = turn.now;
    append_entry(EntryKind::stored, Code::none, record->digest, receipt.entry.leaf(),
                 {member, identity_.member, message}, turn);
    HAMROH_TRY(turn.store.put(Table::message, MessageRecord::key(identity_.member, message),
                              record->encode()));
    peer.outbox.postpone(message, turn.monotonic);
  }
  peer.envelopes.erase(envelope);
  return {};
}

// ---- messages for us --------------------------------------------------------------------------

Status Node::apply_message(const MemberId& member, Peer& peer, const VerifiedMessage& message,
                           Turn& turn) {
  // Only now, after its proof, is the inner parsed.
  HAMROH_ASSIGN(const Inner inner, parse_inner(message.inner));
  if (inner.network != identity_.network || inner.author != member ||
      !std::ranges::binary_search(inner.recipients, identity_.member)) {
    return peer_error(Code::not_addressed, "a message of or for somebody else");
  }
  if (inner.directory_version > membership_->version()) {
    peer.hello_due = HelloPurpose::answer;  // so that the peer passes the newer directory on
    return peer_error(Code::directory_too_old, "a message under a directory not known here yet");
  }
  HAMROH_ASSIGN(const auto known, read_message(member, inner.message, turn));
  if (known) {
    return answer_duplicate(member, peer, inner, message, *known, turn);
  }
  HAMROH_ASSIGN(std::optional<CaseRecord> record, read_case(inner.case_id, turn));
  HAMROH_ASSIGN(const Verdict verdict, judge(member, inner, message, record, turn));
  return keep_message(member, peer, inner, message, verdict, record, turn);
}

// The same message again gets the first outcome again. Another message under the same id is
// refused, and kept as evidence that its author said two things.
Status Node::answer_duplicate(const MemberId& member, Peer& peer, const Inner& inner,
                              const VerifiedMessage& message, const MessageRecord& known,
                              Turn& turn) {
  if (known.digest == message.digest) {
    HAMROH_ASSIGN(const auto record, ledger_.read(turn.store, known.index));
    if (!record) {
      return environment_error(Code::store_corrupt, "a kept message has no ledger entry");
    }
    owe(peer, inner.message, known.index, record->entry);
    return {};
  }
  const Bytes key = MessageRecord::key(member, inner.message);
  HAMROH_ASSIGN(const std::optional<Bytes> evidence, turn.store.get(Table::conflict, key));
  const std::uint64_t day = turn.monotonic.ms / days(1).ms;
  if (peer.conflicts_day != day) {
    peer.conflicts_day = day;
    peer.conflicts_today = 0;
  }
  if (evidence || peer.conflicts_today >= limits::conflicts_per_peer_and_day_max) {
    return peer_error(Code::conflict, "a message id that was used for another message");
  }
  ++peer.conflicts_today;
  const std::uint64_t index = append_entry(EntryKind::refused, Code::conflict, message.digest,
                                           Digest{}, {member, member, inner.message}, turn);
  HAMROH_TRY(keep_conflict(member, inner, message, known, turn));
  HAMROH_ASSIGN(const auto record, ledger_.read(turn.store, index));
  owe(peer, inner.message, index, record->entry);
  return {};
}

// Whether a message may be applied: what a message may do is checked against the current directory.
Result<Node::Verdict> Node::judge(const MemberId& member, const Inner& inner,
                                  const VerifiedMessage& message,
                                  const std::optional<CaseRecord>& record, Turn& turn) const {
  const auto refuse = [](Code code) { return Verdict{EntryKind::refused, code}; };
  if (!is_known_kind(inner.kind)) {
    return Verdict{EntryKind::unsupported, Code::unsupported_kind};
  }
  const Member& author_entry = *membership_->find(member);
  const bool revoked = author_entry.state == MemberState::revoked;
  if (revoked && message.index >= author_entry.position) {
    return refuse(Code::revoked);
  }
  // What this member's lost incarnation had opened in time comes late through no fault of anybody.
  const bool again = message.entry.kind == EntryKind::redelivered && identity_.incarnation > 1;
  if (!again && !clock_suspect_ && turn.now >= inner.expires) {
    return Verdict{EntryKind::expired, Code::expired};
  }
  const bool all_known = std::ranges::all_of(inner.recipients, [&](const MemberId& recipient) {
    return membership_->find(recipient) != nullptr;
  });
  if (!all_known) {
    return refuse(Code::unknown_member);
  }
  const auto kind = static_cast<EventKind>(inner.kind);
  const auto needed = capability_for(kind);
  if (needed && !author_entry.capabilities.has(*needed)) {
    return refuse(Code::not_capable);
  }
  const auto body = check_body(kind, inner.body);
  if (!body) {
    return refuse(Code::invalid_form);
  }
  if (body->referral && bars(body->referral->consent, {identity_.member, identity_.kind})) {
    return refuse(Code::barred_by_consent);
  }
  if (carries_status_file(kind, inner.body)) {
    return refuse(Code::invalid_form);
  }
  if (kind == EventKind::attachment_add && !attachment_in(inner)) {
    return refuse(Code::invalid_form);
  }
  // What comes again to a member that lost it had its votes checked before its first receipt.
  if (is_voted_on(kind) && !again) {
    const Status voted = check_ballot(member, kind, inner.body, inner.case_id, record, turn);
    if (!voted &&
        (voted.error().blame == Blame::environment || voted.error().code == Code::not_ready)) {
      return tl::unexpected(voted.error());  // what it is about is under way: it comes again
    }
    if (!voted) {
      return refuse(voted.error().code);
    }
  }
  if (is_about_erasure(kind)) {
    return judge_erasure(member, inner, record, turn);
  }
  if (kind == EventKind::service_publish) {
    return judge_services(member, inner, turn);
  }
  if (kind == EventKind::deadline_escalated) {
    return judge_escalation(inner);
  }
  if (body->disclosure) {
    HAMROH_ASSIGN(const Verdict verdict,
                  kind == EventKind::status_disclose
                      ? judge_status_disclosure(member, inner, *body->disclosure, record, turn)
                      : judge_disclosure(member, inner, *body->disclosure, record, turn));
    if (verdict.outcome != EntryKind::opened) {
      return verdict;
    }
  }
  const Verdict opened{EntryKind::opened, Code::none, body->event};
  const bool opens = inner.message.bytes == inner.case_id.bytes;
  if (opens && (kind != EventKind::referral_send || !inner.heads.empty())) {
    return refuse(Code::no_standing);
  }
  if (!record) {
    // What comes late for a case that was erased makes no ghost of it.
    HAMROH_ASSIGN(const bool erased, was_erased(inner.case_id, turn));
    if (erased) {
      return refuse(Code::erased);
    }
    return case_keys_->full() ? refuse(Code::full) : opened;
  }
  // Events may overtake one another, so only a case whose opening is known can tell who is a
  // stranger to it. What a participant may not do is applied as void, and shown.
  const bool complete = !record->opener.is_zero() && record->missing.empty();
  if (opens && !record->opener.is_zero()) {
    return refuse(Code::conflict);
  }
  if (!opens && complete && !record->has(member)) {
    return refuse(Code::no_standing);
  }
  if (record->events.size() >= limits::case_events_max) {
    return refuse(Code::full);
  }
  return opened;
}

// Guard, message, case and ledger entry in one transaction; only then may a receipt be owed.
Status Node::keep_message(const MemberId& member, Peer& peer, const Inner& inner,
                          const VerifiedMessage& message, Verdict verdict,
                          std::optional<CaseRecord>& record, Turn& turn) {
  CaseRecord changed = record ? std::move(*record) : CaseRecord{};
  const auto kind = static_cast<EventKind>(inner.kind);
  const bool about_erasure = is_about_erasure(kind);
  Bytes case_row;
  if (verdict.outcome == EntryKind::opened && !about_erasure && !is_about_no_case(kind)) {
    changed.apply(inner, message.digest, verdict.facts, {}, latest_now(turn));
    if (kind == EventKind::referral_send) {
      changed.events.back().opened = {{identity_.member, turn.now}};
    }
    case_row = changed.encode();
    if (case_row.size() > case_record_bytes_max ||
        changed.participants.size() > limits::case_participants_max) {
      verdict = {EntryKind::refused, Code::full};
    }
  }
  const std::uint64_t index = append_entry(verdict.outcome, verdict.code, message.digest, Digest{},
                                           {member, member, inner.message}, turn);
  MessageRecord kept;
  kept.digest = message.digest;
  kept.case_id = inner.case_id;
  kept.kind = inner.kind;
  kept.created = inner.created;
  kept.expires = inner.expires;
  kept.index = index;
  kept.outcome = verdict.outcome;
  // When it was judged here, for people; the entry has the same time.
  kept.deliveries = {{identity_.member, Level::opened, verdict.code, turn.now, index}};
  kept.code = verdict.code;
  if (verdict.outcome == EntryKind::opened && about_erasure) {
    kept.body = index;
    HAMROH_TRY(turn.store.put(Table::body, key_u64(index), message.inner));
    HAMROH_TRY(take_erasure(member, inner, turn));
  } else if (verdict.outcome == EntryKind::opened && kind == EventKind::service_publish) {
    HAMROH_TRY(take_services(member, inner, turn));  // no body: the row has what counts
  } else if (verdict.outcome == EntryKind::opened && kind == EventKind::deadline_escalated) {
    HAMROH_TRY(take_escalation(member, inner, index, turn));
  } else if (verdict.outcome == EntryKind::opened) {
    kept.body = index;
    if (!changed.pack.is_zero()) {
      HAMROH_TRY(set_clocks(inner.case_id, changed, turn));
      case_row = changed.encode();  // no longer than it was
    }
    HAMROH_TRY(keep_case(inner.case_id, case_row, turn));
    HAMROH_TRY(keep_body(index, inner.case_id, message.inner, turn));
    HAMROH_TRY(note_request(inner.case_id, turn));
    if (kind == EventKind::attachment_add) {
      HAMROH_TRY(expect_attachment(member, inner, turn));
    }
  } else if (verdict.evidence_of) {
    HAMROH_TRY(keep_mismatch(member, *verdict.evidence_of, inner.case_id, message.inner, turn));
  }
  HAMROH_TRY(
      turn.store.put(Table::message, MessageRecord::key(member, inner.message), kept.encode()));
  HAMROH_ASSIGN(const auto entry, ledger_.read(turn.store, index));
  owe(peer, inner.message, index, entry->entry);
  // An acceptance, an appeal or a consent may open something; a change or withdrawal asks for an
  // answer, also one that came before what it is about.
  const bool moves = kind == EventKind::referral_accept || kind == EventKind::status_appeal ||
                     states_consent(kind) || owes_answer(changed);
  return moves && verdict.outcome == EntryKind::opened
             ? disclose_in_case(inner.case_id, changed, turn)
             : Status{};
}

}  // namespace hamroh
