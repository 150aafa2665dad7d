// Attachments on their way from node to node: who was sent the announcement asks its author for the
// chunks, a few at a time, and the author serves them behind everything that is a message.
//
// What lacks follows from the store, so nothing of a transfer is kept but the chunks: over a kill,
// a restart, days without a line, it goes on where it was. While the vault is locked nothing is
// asked for and nothing served; the peer asks again.
//
// A peer is asked for one attachment after the other. It serves only what it announced to the one
// that asks, and whatever comes here unasked, or does not lead to the root that was announced, is
// dropped before it is kept.

#include <utility>

#include "protocol/node.h"

namespace hamroh {
namespace {

constexpr std::size_t chunks_served_per_turn = 16;  // to one peer
constexpr std::size_t trees_kept_max = 4;
constexpr unsigned refused_chunks_max = 8;  // of one attachment, then it is given up

std::uint64_t day_of(Duration monotonic) {
  return monotonic.ms / days(1).ms;
}

constexpr bool is_served(Level level) {
  return level == Level::accepted || level == Level::stored || level == Level::opened;
}

}  // namespace

bool Node::may_transfer_with(const MemberId& member) const {
  const auto peer = peers_.find(member);
  return !locked() && may_sign() && peer != peers_.end() && peer->second.connected &&
         peer->second.greeted && active_member(member) != nullptr && !is_suspended(member);
}

// The connection has gone, and with it what was under way.
void Node::forget_transfers_with(const MemberId& member) {
  if (const auto serving = transfers_.serving.find(member); serving != transfers_.serving.end()) {
    serving->second.asked.clear();  // what was sent today counts on
  }
  const auto coming = transfers_.coming.find(member);
  if (coming == transfers_.coming.end()) {
    return;
  }
  for (auto& [message, one] : coming->second) {
    if (one.pull) {
      one.pull->forget_asked();
    }
    one.tell_at = {};
    one.tell_delay = tuning::chunk_wait_min;
  }
}

std::optional<Duration> Node::next_transfer() const {
  std::optional<Duration> next;
  const auto at = [&](Duration when) { next = next ? std::min(*next, when) : when; };
  if (transfers_.removals && !locked()) {
    at({});
  }
  for (const auto& [member, serving] : transfers_.serving) {
    const auto peer = peers_.find(member);
    // Behind messages that wait for room in flight: the receipt that makes it wakes the node.
    const bool behind =
        peer != peers_.end() && peer->second.outbox.size() > peer->second.outbox.in_flight();
    if (!serving.asked.empty() && !behind && may_transfer_with(member)) {
      at({});
    }
  }
  for (const auto& [member, of_member] : transfers_.coming) {
    if (!may_transfer_with(member) || !transfers_.room) {
      continue;
    }
    bool pulled = false;
    for (const auto& [message, one] : of_member) {
      if (one.whole) {
        at(one.tell_at);
      } else if (!one.waiting && !pulled) {
        pulled = true;
        const auto taken = transfers_.taken.find(member);
        const bool room =
            !one.pull || taken == transfers_.taken.end() ||
            taken->second.has_room(taken->second.day, limits::attachment_chunk_bytes, one.quota);
        const Duration asks = one.pull ? one.pull->next().value_or(Duration{}) : Duration{};
        at(room ? asks : Duration{(taken->second.day + 1) * days(1).ms});
      }
    }
  }
  return next;
}

Status Node::load_attachments(Turn& turn) {
  transfers_.removals = true;  // the first sweep finds out
  HAMROH_TRY(drop_old_uploads(turn));
  return load_coming(turn);
}

Status Node::load_coming(Turn& turn) {
  struct Row {
    MemberId author;
    MessageId message;
    CaseId id;
  };
  std::vector<Row> rows;
  transfers_.more_coming = false;
  const Bytes from = attachment_row::wanted(MemberId{}, MessageId{});
  HAMROH_TRY(turn.store.scan(Table::attachment, from, attachment_row::behind({'w'}),
                             Transaction::Order::ascending, [&](ByteView key, ByteView value) {
                               ByteReader reader(key.subspan(1));
                               Row row{reader.fixed<MemberId>(), reader.fixed<MessageId>(), {}};
                               const auto id = CaseId::from(value);
                               if (!reader.finished() || !id || row.author == identity_.member) {
                                 return true;
                               }
                               row.id = *id;
                               transfers_.more_coming = rows.size() == limits::pulls_max;
                               if (!transfers_.more_coming) {
                                 rows.push_back(row);
                               }
                               return !transfers_.more_coming;
                             }));
  for (const Row& row : rows) {
    HAMROH_ASSIGN(const auto record, read_attachment(row.id, row.author, row.message, turn));
    if (!record) {
      HAMROH_TRY(
          turn.store.erase(Table::attachment, attachment_row::wanted(row.author, row.message)));
      continue;
    }
    Coming coming;
    coming.case_id = row.id;
    coming.number = record->number;
    coming.bytes = record->bytes;
    coming.root = record->root;
    coming.waiting = record->state == AttachmentState::waiting;
    coming.whole = record->state == AttachmentState::whole;
    transfers_.coming[row.author].try_emplace(row.message, std::move(coming));
  }
  return {};
}

Status Node::expect_attachment(const MemberId& member, const Inner& inner, Turn& turn) {
  const auto reference = attachment_in(inner);
  HAMROH_ASSIGN(AttachmentBody body, AttachmentBody::parse(inner.body));
  CHECK(reference);  // judge saw to it
  HAMROH_ASSIGN(const auto known, read_attachment(inner.case_id, member, inner.message, turn));
  if (known) {
    return {};
  }
  AttachmentRecord record;
  HAMROH_ASSIGN(record.number, new_attachment_number(turn));
  HAMROH_ASSIGN(const bool room, take_attachment_room(member, reference->bytes, turn));
  record.state = room ? AttachmentState::coming : AttachmentState::waiting;
  record.bytes = reference->bytes;
  record.root = reference->root;
  record.key = std::move(body.key);
  record.sha256 = body.sha256;
  record.media = body.media;
  record.name = std::move(body.name);
  record.created = inner.created;
  HAMROH_TRY(keep_attachment(inner.case_id, member, inner.message, record, turn));
  HAMROH_TRY(turn.store.put(Table::attachment, attachment_row::wanted(member, inner.message),
                            inner.case_id.view()));
  std::size_t all = 0;
  for (const auto& [author, of_author] : transfers_.coming) {
    all += of_author.size();
  }
  if (all >= limits::pulls_max) {
    transfers_.more_coming = true;
    return {};
  }
  Coming coming;
  coming.case_id = inner.case_id;
  coming.number = record.number;
  coming.bytes = record.bytes;
  coming.root = record.root;
  coming.waiting = !room;
  transfers_.coming[member].insert_or_assign(inner.message, std::move(coming));
  return {};
}

// ---- at the author's node -----------------------------------------------------------------------

Status Node::receive_want(const MemberId& member, ByteView frame, Turn& turn) {
  HAMROH_ASSIGN(const Want want, parse_want(frame));
  if (!may_transfer_with(member)) {
    return {};  // it asks again
  }
  const auto answer = [&](Code code) {
    const ChunkFrame none{want.message, code, chunk_none, {}, {}};
    turn.effects.frames.push_back({member, encode_chunk(none)});
    return Status{};
  };
  HAMROH_ASSIGN(const auto record, read_message(identity_.member, want.message, turn));
  if (!record) {
    // An earlier incarnation of this node announced it, and it was lost with that. Told, because
    // whoever goes on asking for it asks for nothing else.
    return answer(Code::attachment_gone);
  }
  if (record->erased()) {
    return answer(Code::erased);
  }
  const bool of_a_file = record->kind == static_cast<std::uint16_t>(EventKind::attachment_add);
  const auto delivery = of_a_file
                            ? std::ranges::find(record->deliveries, member, &Delivery::recipient)
                            : std::vector<Delivery>::const_iterator{};
  if (!of_a_file || delivery == record->deliveries.end()) {
    return peer_error(Code::not_addressed, "a want of what was not announced to that member");
  }
  if (!is_served(delivery->level)) {
    // It was taken back, as from a member whose admission was revoked for a while.
    return answer(Code::attachment_gone);
  }
  HAMROH_ASSIGN(auto kept, read_attachment(record->case_id, identity_.member, want.message, turn));
  if (!kept || kept->state != AttachmentState::whole) {
    return answer(Code::attachment_gone);
  }
  if (want.whole) {
    HAMROH_TRY(note_whole(member, record->case_id, want.message, *kept, turn));
    return answer(Code::none);
  }
  // Somebody may have withdrawn the consent since it was announced.
  HAMROH_ASSIGN(const auto of_case, read_case(record->case_id, turn));
  const Status granted =
      of_case ? check_attachment_recipients(*of_case, record->case_id, std::span(&member, 1), turn)
              : Status(caller_error(Code::not_granted, "no such case"));
  if (!granted) {
    return granted.error().blame == Blame::environment ? granted : answer(Code::attachment_gone);
  }
  if (want.chunks.back() >= kept->shape().count()) {
    return peer_error(Code::malformed, "a want of a chunk that there is not");
  }
  transfers_.have[{want.message, member}] = want.have;
  AttachmentWork::Serving& serving = transfers_.serving[member];
  for (const std::uint16_t index : want.chunks) {
    const AttachmentWork::Asked asked{want.message, index};
    const bool known = std::ranges::find(serving.asked, asked) != serving.asked.end();
    if (!known && serving.asked.size() < limits::chunks_in_want_max) {
      serving.asked.push_back(asked);
    }
  }
  return {};
}

Status Node::note_whole(const MemberId& member, const CaseId& id, const MessageId& message,
                        AttachmentRecord& record, Turn& turn) {
  transfers_.have.erase({message, member});
  const auto found = std::ranges::find(record.to, member);
  if (found == record.to.end()) {
    return {};
  }
  Timestamp& whole = record.whole[static_cast<std::size_t>(found - record.to.begin())];
  if (whole.ms != 0) {
    return {};  // said again, because the answer got lost
  }
  whole = turn.now;
  return keep_attachment(id, identity_.member, message, record, turn);
}

Status Node::serve_chunk(const MemberId& member, const AttachmentWork::Asked& asked, Turn& turn) {
  auto served = transfers_.served.find(asked.message);
  if (served == transfers_.served.end()) {
    HAMROH_ASSIGN(const auto record, read_message(identity_.member, asked.message, turn));
    if (!record || record->erased()) {
      return {};
    }
    HAMROH_ASSIGN(const auto kept,
                  read_attachment(record->case_id, identity_.member, asked.message, turn));
    if (!kept) {
      return {};
    }
    HAMROH_ASSIGN(const auto leaves, chunk_leaves(kept->number, kept->shape().count(), turn));
    std::vector<Digest> all;
    for (const auto& leaf : leaves) {
      all.push_back(leaf.value_or(Digest{}));
    }
    if (transfers_.served.size() >= trees_kept_max) {
      transfers_.served.erase(transfers_.served.begin());
    }
    HAMROH_ASSIGN(const std::uint64_t quota, attachment_quota(record->case_id, turn));
    served =
        transfers_.served
            .emplace(asked.message,
                     AttachmentWork::Served{kept->number, AttachmentTree(std::move(all)), quota})
            .first;
  }
  const auto& [number, tree, quota] = served->second;
  if (!transfers_.serving[member].sent.take(day_of(turn.monotonic), limits::attachment_chunk_bytes,
                                            quota)) {
    return {};  // it asks again tomorrow
  }
  HAMROH_ASSIGN(const auto chunk,
                turn.store.get(Table::chunk, attachment_row::chunk(number, asked.index)));
  if (!chunk || asked.index >= tree.count()) {
    return {};
  }
  turn.effects.frames.push_back({member, encode_chunk({asked.message, Code::none, asked.index,
                                                       tree.path(asked.index), *chunk})});
  return {};
}

Status Node::serve_chunks(Turn& turn) {
  for (auto& [member, serving] : transfers_.serving) {
    const auto peer = peers_.find(member);
    if (!may_transfer_with(member) ||
        peer->second.outbox.size() > peer->second.outbox.in_flight()) {
      continue;
    }
    for (std::size_t left = chunks_served_per_turn; left > 0 && !serving.asked.empty(); --left) {
      const AttachmentWork::Asked asked = serving.asked.front();
      serving.asked.pop_front();
      HAMROH_TRY(serve_chunk(member, asked, turn));
    }
  }
  return {};
}

// ---- at the recipient's node --------------------------------------------------------------------

Status Node::receive_chunk(const MemberId& member, ByteView frame, Turn& turn) {
  HAMROH_ASSIGN(const ChunkFrame chunk, parse_chunk(frame));
  if (locked()) {
    return {};
  }
  auto& of_member = transfers_.coming[member];  // at most one a member of the directory
  const auto found = of_member.find(chunk.message);
  if (found == of_member.end()) {
    return peer_error(Code::not_addressed, "a chunk that nobody here has asked for");
  }
  Coming& coming = found->second;
  if (chunk.code != Code::none) {
    return coming.whole ? Status{} : end_coming(member, chunk.message, AttachmentState::gone, turn);
  }
  if (chunk.index == chunk_none) {
    if (!coming.whole) {
      return peer_error(Code::not_addressed, "an answer to what nobody here has said");
    }
    of_member.erase(found);
    return turn.store.erase(Table::attachment, attachment_row::wanted(member, chunk.message));
  }
  return take_chunk(member, chunk, coming, turn);
}

Status Node::take_chunk(const MemberId& member, const ChunkFrame& frame, Coming& coming,
                        Turn& turn) {
  if (!coming.pull || !coming.pull->expects(frame.index)) {
    return peer_error(Code::not_addressed, "a chunk that nobody here has asked for");
  }
  const auto shape = AttachmentShape::of(coming.bytes);
  const auto leaf = check_chunk(coming.root, *shape, frame.index, frame.path, frame.chunk);
  if (!leaf) {
    coming.pull->refused(frame.index, turn.monotonic);
    if (++coming.refused == refused_chunks_max) {
      HAMROH_TRY(end_coming(member, frame.message, AttachmentState::damaged, turn));
    }
    return tl::unexpected(leaf.error());
  }
  HAMROH_TRY(keep_chunk(coming.number, frame.index, frame.chunk, *leaf, turn));
  coming.pull->arrived(frame.index, turn.monotonic);
  // What was asked for before is taken, also beyond the quota.
  (void)transfers_.taken[member].take(day_of(turn.monotonic), limits::attachment_chunk_bytes,
                                      UINT64_MAX);
  if (!coming.pull->whole()) {
    return {};
  }
  coming.whole = true;
  coming.pull.reset();
  HAMROH_ASSIGN(auto record, read_attachment(coming.case_id, member, frame.message, turn));
  if (!record) {
    return environment_error(Code::store_corrupt, "an attachment that comes has no record");
  }
  record->state = AttachmentState::whole;
  return keep_attachment(coming.case_id, member, frame.message, *record, turn);
}

// It will not become whole: what is here of it goes.
Status Node::end_coming(const MemberId& member, const MessageId& message, AttachmentState state,
                        Turn& turn) {
  auto& of_member = transfers_.coming.at(member);
  const CaseId id = of_member.at(message).case_id;
  of_member.erase(message);
  HAMROH_TRY(turn.store.erase(Table::attachment, attachment_row::wanted(member, message)));
  HAMROH_ASSIGN(auto record, read_attachment(id, member, message, turn));
  if (!record) {
    return {};
  }
  HAMROH_TRY(remove_chunks(member, *record, turn));
  record->state = state;
  return keep_attachment(id, member, message, *record, turn);
}

Status Node::ask_for_chunks(Turn& turn) {
  if (!transfers_.room) {
    return {};
  }
  for (auto& [member, of_member] : transfers_.coming) {
    if (!of_member.empty() && may_transfer_with(member)) {
      HAMROH_TRY(ask_peer_for_chunks(member, turn));
    }
  }
  return {};
}

Status Node::ask_peer_for_chunks(const MemberId& member, Turn& turn) {
  bool asked = false;  // one attachment after the other
  for (auto& [message, coming] : transfers_.coming.at(member)) {
    if (coming.whole && turn.monotonic >= coming.tell_at) {
      const auto all = static_cast<std::uint16_t>(AttachmentShape::of(coming.bytes)->count());
      turn.effects.frames.push_back({member, encode_want({message, all, true, {}})});
      coming.tell_at = Duration{turn.monotonic.ms + coming.tell_delay.ms};
      coming.tell_delay = std::min(Duration{coming.tell_delay.ms * 2}, tuning::chunk_wait_max);
    }
    if (coming.whole || coming.waiting || asked) {
      continue;
    }
    asked = true;
    if (!coming.pull) {
      const std::size_t count = AttachmentShape::of(coming.bytes)->count();
      HAMROH_ASSIGN(const auto leaves, chunk_leaves(coming.number, count, turn));
      std::vector<bool> here;
      for (const auto& leaf : leaves) {
        here.push_back(leaf.has_value());
      }
      coming.pull.emplace(std::move(here));
      HAMROH_ASSIGN(coming.quota, attachment_quota(coming.case_id, turn));
    }
    if (!transfers_.taken[member].has_room(day_of(turn.monotonic), limits::attachment_chunk_bytes,
                                           coming.quota)) {
      continue;  // tomorrow
    }
    std::vector<std::uint16_t> next = coming.pull->ask(turn.monotonic);
    if (!next.empty()) {
      const auto have = static_cast<std::uint16_t>(coming.pull->here());
      turn.effects.frames.push_back({member, encode_want({message, have, false, std::move(next)})});
    }
  }
  return {};
}

// What had to wait for room in its author's share, and what did not fit in memory.
Status Node::give_waiting_room(Turn& turn) {
  if (locked()) {
    return {};
  }
  if (transfers_.more_coming) {
    HAMROH_TRY(load_coming(turn));
  }
  for (auto& [member, of_member] : transfers_.coming) {
    for (auto& [message, coming] : of_member) {
      if (!coming.waiting) {
        continue;
      }
      HAMROH_ASSIGN(auto record, read_attachment(coming.case_id, member, message, turn));
      if (!record) {
        continue;
      }
      HAMROH_ASSIGN(const bool room, take_attachment_room(member, coming.bytes, turn));
      if (!room) {
        break;  // of this member
      }
      record->state = AttachmentState::coming;
      HAMROH_TRY(keep_attachment(coming.case_id, member, message, *record, turn));
      coming.waiting = false;
    }
  }
  return {};
}

}  // namespace hamroh
