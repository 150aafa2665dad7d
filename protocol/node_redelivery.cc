// A member that came back as a new incarnation gets again what it had opened and lost.

#include <utility>

#include "protocol/node.h"

namespace hamroh {
namespace {

constexpr std::size_t proofs_searched_at_once = 64;
constexpr std::size_t entries_searched_for_a_proof = 8'192;

}  // namespace

// A member that came back as a new incarnation has lost what it had opened from its `position` on.
// A few proofs at a time are looked through, so that no turn becomes long. Whoever was revoked
// since may be restored: it waits until then.
bool Node::may_redeliver(const MemberId& member) const {
  const auto peer = peers_.find(member);
  return active_member(member) != nullptr && peer != peers_.end() &&
         peer->second.outbox.size() < limits::outbox_messages_per_peer_max / 2;
}

Status Node::redeliver(Turn& turn) {
  if (locked()) {
    return {};
  }
  for (auto item = redeliveries_.begin(); item != redeliveries_.end();) {
    const MemberId member = item->first.first;
    RedeliveryRecord& record = item->second;
    if (!may_redeliver(member)) {
      ++item;  // first what waits already
      continue;
    }
    const Bytes key = RedeliveryRecord::key(member, record.incarnation);
    HAMROH_ASSIGN(const std::vector<MessageId> lost, lost_by(member, record, turn));
    for (const MessageId& message : lost) {
      HAMROH_TRY(send_again(member, message, turn));
    }
    if (record.cursor == UINT64_MAX) {
      HAMROH_TRY(turn.store.erase(Table::meta, key));
      item = redeliveries_.erase(item);
      continue;
    }
    HAMROH_TRY(turn.store.put(Table::meta, key, record.encode()));
    ++item;
  }
  return {};
}

// The messages whose `opened` receipts stand at or behind the position in the lost ledger. Moves
// the cursor; UINT64_MAX when everything was looked through.
Result<std::vector<MessageId>> Node::lost_by(const MemberId& member, RedeliveryRecord& from,
                                             Turn& turn) const {
  std::vector<std::pair<std::uint64_t, ProofRecord>> proofs;
  Status parsed;
  const std::uint64_t begin = from.cursor;
  from.cursor = UINT64_MAX;
  HAMROH_TRY(turn.store.scan(Table::proof, key_u64(begin), {}, Transaction::Order::ascending,
                             [&](ByteView key, ByteView value) {
                               const std::uint64_t index = ByteReader(key).u64();
                               if (proofs.size() == proofs_searched_at_once) {
                                 from.cursor = index;
                                 return false;
                               }
                               auto proof = ProofRecord::parse(value);
                               if (!proof) {
                                 parsed = tl::unexpected(proof.error());
                                 return false;
                               }
                               proofs.emplace_back(index, std::move(*proof));
                               return true;
                             }));
  HAMROH_TRY(parsed);
  std::vector<MessageId> messages;
  for (const auto& [index, proof] : proofs) {
    if (proof.origin.member != member || proof.origin.incarnation != from.incarnation) {
      continue;
    }
    std::set<Digest> leaves;
    for (const auto& [at, entry] : proof.receipts) {
      if (at >= from.position && entry.kind == EntryKind::opened) {
        leaves.insert(entry.leaf());
      }
    }
    // The entries that settled them stand from the proof's index on.
    std::size_t looked_at = 0;
    if (!leaves.empty()) {
      HAMROH_TRY(ledger_.scan(turn.store, index, [&](const LedgerRecord& record) {
        if (record.entry.kind == EntryKind::settled && leaves.erase(record.entry.detail) > 0) {
          messages.push_back(record.reference.message);
        }
        return !leaves.empty() && ++looked_at < entries_searched_for_a_proof;
      }));
    }
  }
  return messages;
}

// The message goes out once more under an entry that says why; it does not expire, because its
// author was told long ago that it had arrived.
Status Node::send_again(const MemberId& member, const MessageId& message, Turn& turn) {
  HAMROH_ASSIGN(auto record, read_message(identity_.member, message, turn));
  const auto delivery = record ? std::ranges::find(record->deliveries, member, &Delivery::recipient)
                               : std::vector<Delivery>::iterator{};
  if (!record || !record->body || delivery == record->deliveries.end() ||
      delivery->level != Level::opened) {
    return {};
  }
  HAMROH_ASSIGN(const auto erasure, read_erased(record->case_id, turn));
  if (erasure && !is_about_erasure(static_cast<EventKind>(record->kind)) &&
      std::ranges::find(erasure->asking, member, &ErasedRecord::Asking::member) !=
          erasure->asking.end()) {
    return {};  // it has erased the case itself, and must not get it back
  }
  HAMROH_ASSIGN(const auto settled, ledger_.read(turn.store, delivery->settled_index));
  HAMROH_ASSIGN(const std::optional<Bytes> inner, read_body(*record, turn));
  if (!settled || !inner) {
    return {};  // erased here since: there is nothing left to be sent
  }
  const std::uint64_t index =
      append_entry(EntryKind::redelivered, Code::none, record->digest, settled->entry.detail,
                   {member, identity_.member, message}, turn);
  *delivery = {member, Level::accepted, Code::none, turn.now, index};
  // The message moves to this turn's row of unsettled ones, with whatever else of it is unsettled.
  const auto unsettled = static_cast<std::size_t>(std::ranges::count_if(
      record->deliveries, [](const Delivery& one) { return !is_settled(one.level); }));
  for (std::size_t moved = 1; moved < unsettled; ++moved) {
    HAMROH_TRY(settle_pending(record->index, turn));
  }
  record->index = index;
  HAMROH_TRY(turn.store.put(Table::message, MessageRecord::key(identity_.member, message),
                            record->encode()));
  const OutboxItem item{
      message, record->digest, index, static_cast<std::uint32_t>(inner->size()), record->expires,
      0,       index};
  HAMROH_TRY(peers_.at(member).outbox.enqueue(index, item));
  ++outbox_size_;
  fresh_.emplace_back(index, message);
  pending_[fresh_.front().first] += unsettled;
  return {};
}

}  // namespace hamroh
