// The end of a turn: what is owed and due to each peer is planned, the ledger is written, one note
// is signed over all of it, and one envelope or more is sealed for each peer.

#include <utility>

#include "protocol/node.h"

namespace hamroh {
namespace {

constexpr std::size_t envelope_leaves_max = 1024;
static_assert(envelope_leaves_max < limits::sections_max &&
              envelope_leaves_max <= limits::proof_leaves_max);

}  // namespace

std::uint64_t Node::append_entry(EntryKind kind, Code code, const Digest& subject,
                                 const Digest& detail, const EntryReference& reference,
                                 Turn& turn) {
  Entry entry;
  entry.kind = kind;
  entry.code = code;
  entry.time = turn.now;
  entry.directory_version =
      membership_ && directory() != nullptr ? directory()->value().version : 0;
  entry.salt = turn.entropy.draw<Salt>();
  entry.subject = subject;
  entry.detail = detail;
  return ledger_.append(entry, reference);
}

Status Node::finish(Turn& turn) {
  if (!fresh_.empty()) {
    PendingRecord row;
    for (const auto& [sequence, message] : fresh_) {
      row.messages.push_back(message);
    }
    HAMROH_TRY(turn.store.put(Table::pending, key_u64(fresh_.front().first), row.encode()));
  }
  std::vector<Plan> plans;
  if (may_sign()) {
    HAMROH_ASSIGN(plans, make_plans(turn));
  }
  HAMROH_TRY(flush_ledger(turn));
  if (!plans.empty()) {
    HAMROH_TRY(sign_head(turn));
  }
  for (Plan& plan : plans) {
    HAMROH_TRY(send_plan(plan, turn));
  }
  fresh_.clear();
  fresh_inners_.clear();
  // Behind everything that is a message.
  HAMROH_TRY(serve_chunks(turn));
  return ask_for_chunks(turn);
}

Status Node::flush_ledger(Turn& turn) {
  const std::span<const LedgerRecord> records = ledger_.unflushed();
  if (records.empty()) {
    return {};
  }
  for (const LedgerRecord& record : records) {
    turn.effects.notices.push_back({{record.index, static_cast<std::uint8_t>(record.entry.kind),
                                     record.entry.code, record.entry.time, record.reference.peer,
                                     record.reference.author, record.reference.message}});
  }
  HAMROH_TRY(ledger_.flush(turn.store));
  if (phase_ != Phase::stopped) {
    // An old copy must not overwrite what shows that it is one.
    turn.effects.anchor = WriteAnchor{ledger_.size(), ledger_.root()};
  }
  return {};
}

// Signs over the whole ledger, once for as many peers and messages as there are, and keeps the
// note: the newest of a session proves every entry of that session for ever.
Status Node::sign_head(Turn& turn) {
  if (note_ && note_->size == ledger_.size()) {
    return {};
  }
  const crypto::SigningKey& key = author_ ? *author_ : *receipt_;
  note_ = sign_note(origin(), ledger_.size(), ledger_.root(), session_first_,
                    author_ ? NoteRole::author : NoteRole::receipt, key);
  return turn.store.put(Table::session_note, key_u64(session_first_), note_->encode());
}

Result<std::optional<Note>> Node::head(Turn& turn) {
  if (may_sign()) {
    HAMROH_TRY(flush_ledger(turn));
    HAMROH_TRY(sign_head(turn));
  }
  return note_;
}

Result<std::vector<Node::Plan>> Node::make_plans(Turn& turn) {
  std::vector<Plan> plans;
  for (auto& [member, peer] : peers_) {
    if (!peer.connected || !peer.greeted || !peer.sheet || active_member(member) == nullptr) {
      continue;
    }
    if (peer.hello_due && lacks(peer)) {
      continue;  // first the keys that it needs to believe what follows
    }
    Plan plan;
    plan.peer = &peer;
    plan.member = member;
    HAMROH_TRY(plan_receipts(plan, turn));
    if (!locked()) {
      HAMROH_TRY(plan_messages(plan, turn));
    }
    if (owes_pack(peer) && turn.monotonic >= peer.pack_next) {
      HAMROH_ASSIGN(plan.pack, pack_file(peer.lacks_pack, turn));
      peer.lacks_pack = {};
      peer.pack_next = Duration{turn.monotonic.ms + tuning::pack_interval.ms};
    }
    const bool something = !plan.messages.empty() || !plan.receipts.empty() ||
                           !plan.old_receipts.empty() || !plan.pack.empty() || peer.wants_proof;
    if (something) {
      plans.push_back(std::move(plan));
    }
  }
  return plans;
}

bool Node::is_own_key(const Note& note) const {
  const SigningPublicKey* key = note.role == NoteRole::receipt
                                    ? &receipt_->public_key()
                                    : (author_ ? &author_->public_key() : nullptr);
  return key == nullptr || std::ranges::equal(note.key.view(), key->view());
}

// A receipt of an earlier session is proven by that session's last note. One that no note ever
// covered was never given: it is entered again, in this session.
Status Node::plan_receipts(Plan& plan, Turn& turn) {
  for (Owed& owed : plan.peer->owed) {
    if (owed.index >= session_first_) {
      plan.receipts.push_back(owed);
      continue;
    }
    std::optional<Note> note;
    HAMROH_TRY(turn.store.scan(Table::session_note, key_u64(0), key_u64(owed.index + 1),
                               Transaction::Order::descending, [&](ByteView, ByteView value) {
                                 if (auto parsed = Note::parse(value)) {
                                   note = *parsed;
                                 }
                                 return false;
                               }));
    // A note under a key that is no longer this node's is believed by nobody: entered again, too.
    if (note && owed.index < note->size && is_own_key(*note)) {
      auto& [kept, receipts] = plan.old_receipts[note->first];
      kept = *note;
      receipts.push_back(owed);
      continue;
    }
    const bool by_reader =
        owed.entry.kind != EntryKind::held && owed.entry.kind != EntryKind::refused;
    if (locked() && by_reader) {
      continue;  // the peer asks again; by then the author key may be back
    }
    // `detail` names the first entry, so that nobody takes the second for another outcome. It tells
    // of the same moment, which deadlines start from, and of the directory that it was judged by.
    Entry again = owed.entry;
    again.salt = turn.entropy.draw<Salt>();
    again.detail = owed.entry.leaf();
    owed.index = ledger_.append(again, {plan.member, plan.member, owed.message});
    owed.entry = again;
    plan.receipts.push_back(owed);
  }
  plan.peer->owed.clear();
  return {};
}

// A message whose `sent` entry belongs to an earlier session gets a fresh one, because the note of
// this session vouches for nothing older.
Status Node::plan_messages(Plan& plan, Turn& turn) {
  plan.messages = plan.peer->outbox.take_due(turn.monotonic, turn.entropy);
  for (OutboxItem& item : plan.messages) {
    if (item.sent_index < session_first_) {
      Digest detail;
      if (item.redelivered != 0) {
        HAMROH_ASSIGN(const auto first, ledger_.read(turn.store, item.redelivered));
        detail = first ? first->entry.detail : Digest{};
      }
      item.sent_index =
          append_entry(item.redelivered != 0 ? EntryKind::redelivered : EntryKind::sent, Code::none,
                       item.digest, detail, {plan.member, identity_.member, item.message}, turn);
      plan.peer->outbox.set_sent_index(item.message, item.sent_index);
    }
  }
  return {};
}

Result<Bytes> Node::inner_of(const OutboxItem& item, Turn& turn) {
  if (const auto fresh = fresh_inners_.find(item.message); fresh != fresh_inners_.end()) {
    return fresh->second;
  }
  HAMROH_ASSIGN(const auto record, read_message(identity_.member, item.message, turn));
  if (!record || !record->body) {
    return environment_error(Code::store_corrupt, "an unsettled message has no body");
  }
  HAMROH_ASSIGN(std::optional<Bytes> inner, read_body(*record, turn));
  if (!inner || message_digest(*inner) != item.digest) {
    return environment_error(Code::store_corrupt, "a kept message is not what was signed");
  }
  return std::move(*inner);
}

Status Node::send_plan(Plan& plan, Turn& turn) {
  for (auto& [first, old] : plan.old_receipts) {
    std::map<std::uint64_t, Leaf> leaves;
    for (const Owed& owed : old.second) {
      leaves.emplace(owed.index, ReceiptSection{owed.message, owed.index, owed.entry});
    }
    std::vector<Leaf> ordered;
    for (auto& [index, leaf] : leaves) {
      ordered.push_back(std::move(leaf));
    }
    HAMROH_TRY(send_leaves(plan, old.first, 0, std::move(ordered), turn));
  }
  std::map<std::uint64_t, Leaf> leaves;  // in ledger order, each entry once
  for (const Owed& owed : plan.receipts) {
    leaves.emplace(owed.index, ReceiptSection{owed.message, owed.index, owed.entry});
  }
  std::map<std::uint64_t, Leaf> urgent;
  for (const OutboxItem& item : plan.messages) {
    HAMROH_ASSIGN(const auto record, ledger_.read(turn.store, item.sent_index));
    CHECK(record);
    HAMROH_ASSIGN(Bytes inner, inner_of(item, turn));
    (item.urgent ? urgent : leaves)
        .emplace(item.sent_index, MessageSection{item.sent_index, record->entry, std::move(inner)});
  }
  if (leaves.empty()) {
    leaves.swap(urgent);
  }
  std::vector<Leaf> batch;
  std::size_t bytes = 0;
  const std::size_t bytes_max = limits::envelope_plaintext_max - limits::proof_room_bytes;
  const auto send_batch = [&]() -> Status {
    Status sent = send_leaves(plan, *note_, plan.peer->known_base, std::move(batch), turn);
    plan.peer->known_base = note_->size;
    plan.peer->wants_proof = false;
    batch.clear();
    bytes = 0;
    return sent;
  };
  // Emergencies in envelopes of their own, before everything else of the turn.
  for (std::map<std::uint64_t, Leaf>* lane : {&urgent, &leaves}) {
    for (auto& [index, leaf] : *lane) {
      const auto* message = std::get_if<MessageSection>(&leaf);
      const std::size_t more = message != nullptr ? message_section_bytes(message->inner.size())
                                                  : receipt_section_bytes();
      if (!batch.empty() && (bytes + more > bytes_max || batch.size() == envelope_leaves_max)) {
        HAMROH_TRY(send_batch());
      }
      bytes += more;
      batch.push_back(std::move(leaf));
    }
    if (!batch.empty()) {
      HAMROH_TRY(send_batch());
    }
  }
  // A pack travels last and alone: it may fill an envelope.
  if (plan.peer->wants_proof || !plan.pack.empty()) {
    HAMROH_TRY(send_batch());
  }
  return {};
}

Status Node::send_leaves(Plan& plan, const Note& note, std::uint64_t base, std::vector<Leaf> leaves,
                         Turn& turn) {
  EnvelopeContent content;
  content.proof.sender = identity_.member;
  content.proof.incarnation = identity_.incarnation;
  content.proof.note = note;
  content.proof.base_size = base;
  std::vector<std::uint64_t> indices;
  std::vector<MessageId> messages;
  for (const auto& leaf : leaves) {
    indices.push_back(std::visit([](const auto& section) { return section.index; }, leaf));
    if (const auto* message = std::get_if<MessageSection>(&leaf)) {
      HAMROH_ASSIGN(const auto record, ledger_.read(turn.store, message->index));
      messages.push_back(record->reference.message);
    }
  }
  HAMROH_ASSIGN(content.proof.hashes, ledger_.prove(turn.store, note.size, base, indices));
  const std::size_t proof_bytes = content.proof.hashes.size() * Digest::size;
  if (proof_bytes > limits::proof_room_bytes && leaves.size() > 1) {
    // Entries scattered over a large ledger share few hashes: two envelopes instead of one.
    const auto middle = leaves.begin() + static_cast<std::ptrdiff_t>(leaves.size() / 2);
    std::vector<Leaf> second(std::make_move_iterator(middle),
                             std::make_move_iterator(leaves.end()));
    leaves.erase(middle, leaves.end());
    const bool current = note_ && note == *note_;
    HAMROH_TRY(send_leaves(plan, note, base, std::move(leaves), turn));
    return send_leaves(plan, note, current ? note.size : base, std::move(second), turn);
  }
  if (leaves.empty() && !plan.pack.empty()) {
    content.packs.push_back(std::exchange(plan.pack, {}));
  }
  content.leaves = std::move(leaves);
  const Bytes encoded = encode_content(content);
  HAMROH_ASSIGN(Bytes frame, seal_envelope(encoded, identity_.network, plan.member,
                                           plan.peer->sheet->key_at(turn.now).key, turn.entropy));
  if (plan.peer->locked && !messages.empty()) {
    // Bounded by what may be in flight; forgotten with the connection.
    plan.peer->envelopes.emplace(envelope_digest(frame), std::move(messages));
  }
  turn.effects.frames.push_back({plan.member, std::move(frame)});
  return {};
}

}  // namespace hamroh
