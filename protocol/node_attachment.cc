// Attachments as people of this organisation see them: bringing one in chunk by chunk, sending it,
// listing those of a case, reading one; and how one goes.
//
// An attachment is named by the message that announces it, whose id the program makes before it
// brings the first chunk: so whatever breaks, it begins again under the same id and is told what
// lacks. Each chunk is sealed once, when it comes; the message is submitted when all are there.
//
// A file may hold anything, so it counts as sealed tier: it goes only to whom the consent opens T4,
// and reading it here needs a second person.

#include <utility>

#include "protocol/node.h"
#include "protocol/text.h"
#include "protocol/wire_form.h"

namespace hamroh {
namespace {

constexpr std::size_t chunks_removed_per_tick = 64;
constexpr std::size_t part_chunks = 16;
constexpr std::size_t uploads_visited_max = 4'096;

ChunkNonce draw_nonce(Turn& turn) {
  return turn.entropy.draw<ChunkNonce>();
}

std::uint64_t number_in(const std::optional<Bytes>& row) {
  return row ? ByteReader(*row).u64() : 0;
}

}  // namespace

// ---- rows ---------------------------------------------------------------------------------------

Result<std::optional<AttachmentRecord>> Node::read_attachment(const CaseId& id,
                                                              const MemberId& author,
                                                              const MessageId& message,
                                                              Turn& turn) const {
  const Bytes key = attachment_row::record(id, author, message);
  HAMROH_ASSIGN(std::optional<Bytes> row, turn.store.get(Table::attachment, key));
  if (row) {
    HAMROH_ASSIGN(row, open_for_case(Table::attachment, key, std::move(*row), turn));
  }
  if (!row) {
    return std::optional<AttachmentRecord>{};
  }
  auto record = AttachmentRecord::parse(*row);
  crypto::wipe(*row);
  if (!record) {
    return tl::unexpected(record.error());
  }
  return std::optional<AttachmentRecord>(std::move(*record));
}

Status Node::keep_attachment(const CaseId& id, const MemberId& author, const MessageId& message,
                             const AttachmentRecord& record, Turn& turn) const {
  Bytes row = record.encode();
  const Status kept =
      keep_for_case(Table::attachment, attachment_row::record(id, author, message), id, row, turn);
  crypto::wipe(row);
  return kept;
}

Result<std::uint64_t> Node::new_attachment_number(Turn& turn) const {
  HAMROH_ASSIGN(const auto row, turn.store.get(Table::attachment, attachment_row::next_number));
  const std::uint64_t number = number_in(row);
  HAMROH_TRY(turn.store.put(Table::attachment, attachment_row::next_number, key_u64(number + 1)));
  return number;
}

// Whether a member's share has room for that many bytes more; then they are counted.
Result<bool> Node::take_attachment_room(const MemberId& member, std::uint64_t bytes,
                                        Turn& turn) const {
  const Bytes key = attachment_row::kept_of(member);
  HAMROH_ASSIGN(const auto row, turn.store.get(Table::attachment, key));
  const std::uint64_t kept = number_in(row);
  const std::uint64_t most = member == identity_.member ? limits::attachment_bytes_own_max
                                                        : limits::attachment_bytes_per_member_max;
  if (kept + bytes > most) {
    return false;
  }
  HAMROH_TRY(turn.store.put(Table::attachment, key, key_u64(kept + bytes)));
  return true;
}

std::uint64_t Node::attachment_quota(const CaseRecord& record) const {
  const Pack* rules = rules_of(record);
  return rules == nullptr ? limits::attachment_bytes_per_day_max
                          : std::min(limits::attachment_bytes_per_day_max,
                                     std::uint64_t{rules->quotas.attachment_mib} << 20);
}

Result<std::uint64_t> Node::attachment_quota(const CaseId& id, Turn& turn) const {
  HAMROH_ASSIGN(const auto record, read_case(id, turn));
  return attachment_quota(record.value_or(CaseRecord{}));
}

Result<std::vector<std::optional<Digest>>> Node::chunk_leaves(std::uint64_t number,
                                                              std::size_t count, Turn& turn) const {
  std::vector<std::optional<Digest>> leaves(count);
  HAMROH_TRY(turn.store.scan(
      Table::chunk_leaf, attachment_row::chunk(number, 0), attachment_row::chunk(number, count),
      Transaction::Order::ascending, [&](ByteView key, ByteView value) {
        const std::size_t index = ByteReader(key).u64() % limits::attachment_chunks_max;
        leaves[index] = Digest::from(value);
        return true;
      }));
  return leaves;
}

Status Node::keep_chunk(std::uint64_t number, std::size_t index, ByteView chunk, const Digest& leaf,
                        Turn& turn) const {
  const Bytes key = attachment_row::chunk(number, index);
  HAMROH_TRY(turn.store.put(Table::chunk, key, chunk));
  return turn.store.put(Table::chunk_leaf, key, leaf.view());
}

// ---- bringing one -------------------------------------------------------------------------------

// A file may hold what is sealed in a form, so it may go where that may: to a recipient that has
// accepted and to which a consent that stands opens something of T4; or back to whoever referred
// the person.
Status Node::check_attachment_recipients(const CaseRecord& record, const CaseId& id,
                                         std::span<const MemberId> to, Turn& turn) const {
  const CaseState state = record.fold(id);
  std::vector<MemberId> may;
  for (const CaseRecord::CaseEvent& event : record.events) {
    if (event.kind != static_cast<std::uint16_t>(EventKind::referral_send)) {
      continue;
    }
    may.push_back(event.author);
    HAMROH_ASSIGN(const auto inner, read_event(event, turn));
    if (!inner) {
      continue;
    }
    const auto form = parse_referral(inner->body);
    if (!form) {
      continue;
    }
    HAMROH_ASSIGN(const auto consent, consent_to_disclose(id, record, state, event, *form, turn));
    for (const TrackState& track : state.tracks) {
      const FormFields open = granted_to(track.member, consent, Occasion::by_hand, turn);
      if (track.track == Track::referral && track.state == State::accepted &&
          !(open & fields_of(DisclosureTier::t4)).empty()) {
        may.push_back(track.member);
      }
    }
  }
  const bool all = std::ranges::all_of(
      to, [&](const MemberId& member) { return std::ranges::find(may, member) != may.end(); });
  return all ? Status{}
             : caller_error(Code::not_granted,
                            "a file goes to members that have accepted the person and for which "
                            "the consent opens T4: name them, or let the consent be widened");
}

Status Node::check_may_attach(const AttachmentAsk& ask, const CaseRecord& record,
                              std::span<const MemberId> to, Turn& turn) const {
  if (ask.message.is_zero() || ask.message.bytes == ask.case_id.bytes || to.empty() ||
      to.size() > limits::recipients_max) {
    return caller_error(Code::invalid_argument, "an attachment needs an id and 1 to 16 recipients");
  }
  if (!is_attachment_name(ask.name)) {
    return caller_error(Code::invalid_argument,
                        "the name is 1 to 128 bytes of plain text without a slash");
  }
  if (!AttachmentShape::of(ask.bytes)) {
    return caller_error(Code::too_large, "an attachment has 1 byte to 64 MiB");
  }
  if (ask.bytes > attachment_quota(record)) {
    return caller_error(Code::too_large,
                        "the jurisdiction pack of the case lets one member send another less than "
                        "that in a day: hamroh pack show");
  }
  if (!record.has(identity_.member)) {
    return caller_error(Code::no_standing, "this node takes no part in that case");
  }
  HAMROH_ASSIGN(const auto used, read_message(identity_.member, ask.message, turn));
  if (used) {
    return caller_error(Code::conflict, "this message id was used for another message");
  }
  std::size_t in_case = 0;
  const Bytes from = attachment_row::of_case(ask.case_id);
  HAMROH_TRY(turn.store.scan(Table::attachment, from, attachment_row::behind(from),
                             Transaction::Order::ascending, [&](ByteView, ByteView) {
                               ++in_case;
                               return true;
                             }));
  if (in_case >= limits::attachments_per_case_max) {
    return caller_error(Code::full, "the case holds as many attachments as it may");
  }
  return check_attachment_recipients(record, ask.case_id, to, turn);
}

Result<AttachmentBegun> Node::begin_attachment(const AttachmentAsk& ask, const Actor& actor,
                                               Turn& turn) {
  if (locked()) {
    return caller_error(Code::locked, "the vault is locked: unlock it to attach a file");
  }
  if (!actor.may(operation_for(EventKind::attachment_add))) {
    return caller_error(Code::not_permitted, "your role attaches no files");
  }
  HAMROH_ASSIGN(const CaseRecord record, seen_case(ask.case_id, actor, turn));
  std::vector<MemberId> to = ask.to;
  if (to.empty()) {
    to = usual_recipients(record, EventKind::attachment_add, {});
  }
  std::ranges::sort(to);
  HAMROH_ASSIGN(auto known, read_attachment(ask.case_id, identity_.member, ask.message, turn));
  if (known) {
    const bool same = known->bytes == ask.bytes && known->sha256 == ask.sha256 &&
                      known->name == ask.name && known->to == to;
    return same ? begun(*known, ask.message, turn)
                : Result<AttachmentBegun>(caller_error(
                      Code::conflict, "this message id was used for another attachment"));
  }
  HAMROH_TRY(check_may_attach(ask, record, to, turn));
  if (uploads_ >= limits::uploads_max) {
    return caller_error(Code::full, "16 attachments are being brought already: finish one first");
  }
  HAMROH_ASSIGN(const bool room, take_attachment_room(identity_.member, ask.bytes, turn));
  if (!room) {
    return caller_error(Code::full, "this node keeps as many attachments of its own as it may");
  }
  AttachmentRecord made;
  HAMROH_ASSIGN(made.number, new_attachment_number(turn));
  made.state = AttachmentState::uploading;
  made.bytes = ask.bytes;
  made.key = SymmetricKey::make([&](auto raw) { turn.entropy.fill(raw); });
  made.sha256 = ask.sha256;
  made.media = ask.media;
  made.name = ask.name;
  made.created = turn.now;
  made.to = std::move(to);
  made.whole.resize(made.to.size());
  HAMROH_TRY(keep_attachment(ask.case_id, identity_.member, ask.message, made, turn));
  HAMROH_TRY(turn.store.put(Table::attachment,
                            attachment_row::wanted(identity_.member, ask.message),
                            ask.case_id.view()));
  ++uploads_;
  return begun(made, ask.message, turn);
}

Result<AttachmentBegun> Node::begun(const AttachmentRecord& record, const MessageId& message,
                                    Turn& turn) const {
  AttachmentBegun begun{record.view(identity_.member, message), {}};
  if (record.state != AttachmentState::uploading) {
    return begun;
  }
  HAMROH_ASSIGN(const auto leaves, chunk_leaves(record.number, record.shape().count(), turn));
  for (std::size_t i = 0; i < leaves.size(); ++i) {
    if (!leaves[i]) {
      begun.missing.push_back(static_cast<std::uint16_t>(i));
    }
  }
  begun.attachment.here = static_cast<std::uint16_t>(leaves.size() - begun.missing.size());
  return begun;
}

Result<AttachmentRecord> Node::own_upload(const CaseId& id, const MessageId& message,
                                          const Actor& actor, Turn& turn) const {
  if (locked()) {
    return caller_error(Code::locked, "the vault is locked: unlock it to attach a file");
  }
  if (!actor.may(operation_for(EventKind::attachment_add))) {
    return caller_error(Code::not_permitted, "your role attaches no files");
  }
  HAMROH_TRY(seen_case(id, actor, turn));
  HAMROH_ASSIGN(auto record, read_attachment(id, identity_.member, message, turn));
  if (!record) {
    return caller_error(Code::not_found, "no such attachment was begun here");
  }
  return std::move(*record);
}

Status Node::add_chunks(const CaseId& id, const MessageId& message, std::size_t first,
                        ByteView plain, const Actor& actor, Turn& turn) {
  HAMROH_ASSIGN(const AttachmentRecord record, own_upload(id, message, actor, turn));
  if (record.state != AttachmentState::uploading) {
    return {};  // it was sent: this comes late, and is there
  }
  const AttachmentShape shape = record.shape();
  if (plain.empty()) {
    return caller_error(Code::invalid_argument, "a part without bytes");
  }
  HAMROH_ASSIGN(const auto leaves, chunk_leaves(record.number, shape.count(), turn));
  for (std::size_t index = first; !plain.empty(); ++index) {
    if (index >= shape.count() || plain.size() < shape.plain_bytes(index)) {
      return caller_error(Code::invalid_argument, "a part that is no whole number of chunks");
    }
    const ByteView one = plain.first(shape.plain_bytes(index));
    plain = plain.subspan(one.size());
    if (leaves[index]) {
      continue;
    }
    const Bytes chunk = seal_chunk(record.key, draw_nonce(turn), shape, index, one);
    HAMROH_TRY(keep_chunk(record.number, index, chunk, chunk_leaf(chunk), turn));
  }
  return {};
}

Result<Accepted> Node::finish_attachment(const CaseId& id, const MessageId& message,
                                         const Actor& actor, Turn& turn) {
  HAMROH_ASSIGN(AttachmentRecord record, own_upload(id, message, actor, turn));
  if (record.state == AttachmentState::uploading) {
    HAMROH_ASSIGN(const auto leaves, chunk_leaves(record.number, record.shape().count(), turn));
    std::vector<Digest> all;
    for (const auto& leaf : leaves) {
      if (!leaf) {
        return caller_error(Code::attachment_not_whole, "not all of the file has been brought yet");
      }
      all.push_back(*leaf);
    }
    record.root = AttachmentTree(std::move(all)).root();
  }
  const AttachmentBody body{record.key.copy(), record.sha256, record.media, record.name};
  Submission submission{message, id, EventKind::attachment_add, record.to, body.encode(), {}, {}};
  submission.attachments = {{record.root, record.bytes}};
  auto accepted = submit(submission, actor, turn);
  crypto::wipe(submission.body);
  HAMROH_TRY(accepted);
  if (record.state == AttachmentState::uploading) {
    record.state = AttachmentState::whole;
    HAMROH_TRY(keep_attachment(id, identity_.member, message, record, turn));
    HAMROH_TRY(
        turn.store.erase(Table::attachment, attachment_row::wanted(identity_.member, message)));
    --uploads_;
  }
  return accepted;
}

// ---- looking at one -----------------------------------------------------------------------------

Result<std::vector<AttachmentView>> Node::attachments(const CaseId& id, const Actor& actor,
                                                      Turn& turn) const {
  if (locked()) {
    return caller_error(Code::locked, "the vault is locked");
  }
  HAMROH_TRY(seen_case(id, actor, turn));
  const Bytes from = attachment_row::of_case(id);
  std::vector<std::pair<MemberId, MessageId>> found;
  HAMROH_TRY(turn.store.scan(Table::attachment, from, attachment_row::behind(from),
                             Transaction::Order::ascending, [&](ByteView key, ByteView) {
                               ByteReader reader(key.subspan(from.size()));
                               const auto author = reader.fixed<MemberId>();
                               const auto message = reader.fixed<MessageId>();
                               if (reader.finished()) {
                                 found.emplace_back(author, message);
                               }
                               return found.size() < limits::case_events_max;
                             }));
  std::vector<AttachmentView> all;
  for (const auto& [author, message] : found) {
    HAMROH_ASSIGN(const auto record, read_attachment(id, author, message, turn));
    if (!record) {
      continue;
    }
    AttachmentView shown = record->view(author, message);
    if (shown.state != AttachmentState::whole) {
      HAMROH_ASSIGN(const auto leaves, chunk_leaves(record->number, shown.chunks, turn));
      shown.here = static_cast<std::uint16_t>(
          std::ranges::count_if(leaves, [](const auto& leaf) { return leaf.has_value(); }));
    }
    for (AttachmentHolder& holder : shown.holders) {
      const auto said = transfers_.have.find({message, holder.member});
      if (holder.whole.ms == 0 && said != transfers_.have.end()) {
        holder.have = said->second;
      }
    }
    all.push_back(std::move(shown));
  }
  // As people name them: in the order in which they came.
  std::ranges::sort(all, {},
                    [](const AttachmentView& one) { return std::pair(one.created, one.message); });
  return all;
}

Result<Bytes> Node::attachment_part(const CaseId& id, const MemberId& author,
                                    const MessageId& message, std::size_t first, const Actor& actor,
                                    Turn& turn) const {
  if (locked()) {
    return caller_error(Code::locked, "the vault is locked");
  }
  HAMROH_TRY(seen_case(id, actor, turn));
  HAMROH_ASSIGN(const bool agreed, has_agreement(TaskKind::see_sealed_tier, id, actor, turn));
  if (!actor.may(Operation::see_sealed_tier) || !agreed) {
    return caller_error(Code::second_person,
                        "a file counts as sealed tier: a second person has to agree first");
  }
  HAMROH_ASSIGN(const auto record, read_attachment(id, author, message, turn));
  if (!record) {
    return caller_error(Code::not_found, "there is no such attachment here");
  }
  if (record->state == AttachmentState::gone) {
    return caller_error(Code::attachment_gone, "its author does not hold this file any more");
  }
  if (record->state == AttachmentState::damaged) {
    return caller_error(Code::attachment_damaged, "what came was not what had been announced");
  }
  if (record->state != AttachmentState::whole) {
    return caller_error(Code::attachment_not_whole, "not all of this file has come yet");
  }
  const AttachmentShape shape = record->shape();
  Bytes part;
  for (std::size_t index = first; index < std::min(first + part_chunks, shape.count()); ++index) {
    HAMROH_ASSIGN(const auto chunk,
                  turn.store.get(Table::chunk, attachment_row::chunk(record->number, index)));
    auto plain = chunk ? open_chunk(record->key, shape, index, *chunk) : std::nullopt;
    if (!plain) {
      return caller_error(Code::attachment_damaged, "a part of this file does not open");
    }
    append(part, *plain);
    crypto::wipe(*plain);
  }
  return part;
}

// ---- how one goes -------------------------------------------------------------------------------

// The record goes at once, and with it the key; the chunks a few at a time.
Status Node::remove_attachment(const CaseId& id, const MemberId& author, const MessageId& message,
                               Turn& turn) {
  HAMROH_ASSIGN(const auto record, read_attachment(id, author, message, turn));
  HAMROH_TRY(turn.store.erase(Table::attachment, attachment_row::record(id, author, message)));
  HAMROH_TRY(turn.store.erase(Table::attachment, attachment_row::wanted(author, message)));
  if (const auto of_author = transfers_.coming.find(author); of_author != transfers_.coming.end()) {
    of_author->second.erase(message);
  }
  transfers_.served.erase(message);
  std::erase_if(transfers_.have, [&](const auto& item) { return item.first.first == message; });
  if (!record) {
    return {};
  }
  uploads_ -= record->state == AttachmentState::uploading ? 1 : 0;
  return remove_chunks(author, *record, turn);
}

Status Node::remove_chunks(const MemberId& author, const AttachmentRecord& record, Turn& turn) {
  Bytes row(author.bytes.begin(), author.bytes.end());
  put_u64(row, record.state == AttachmentState::waiting ? 0 : record.bytes);
  transfers_.removals = true;
  return turn.store.put(Table::attachment, attachment_row::removed(record.number), row);
}

Status Node::erase_attachments(const CaseId& id, Turn& turn) {
  const Bytes from = attachment_row::of_case(id);
  std::vector<std::pair<MemberId, MessageId>> found;
  HAMROH_TRY(turn.store.scan(Table::attachment, from, attachment_row::behind(from),
                             Transaction::Order::ascending, [&](ByteView key, ByteView) {
                               ByteReader reader(key.subspan(from.size()));
                               const auto author = reader.fixed<MemberId>();
                               found.emplace_back(author, reader.fixed<MessageId>());
                               return true;
                             }));
  for (const auto& [author, message] : found) {
    HAMROH_TRY(remove_attachment(id, author, message, turn));
  }
  return {};
}

Status Node::sweep_removed_chunks(Turn& turn) {
  if (!transfers_.removals || locked()) {
    return {};
  }
  std::optional<std::pair<Bytes, Bytes>> row;
  HAMROH_TRY(turn.store.scan(
      Table::attachment, attachment_row::removed(0), attachment_row::behind({'x'}),
      Transaction::Order::ascending, [&](ByteView key, ByteView value) {
        row.emplace(Bytes(key.begin(), key.end()), Bytes(value.begin(), value.end()));
        return false;
      }));
  transfers_.removals = row.has_value();
  if (!row) {
    return {};
  }
  const std::uint64_t number = ByteReader(ByteView(row->first).subspan(1)).u64();
  std::vector<Bytes> keys;
  HAMROH_TRY(turn.store.scan(Table::chunk_leaf, attachment_row::chunk(number, 0),
                             attachment_row::chunk(number + 1, 0), Transaction::Order::ascending,
                             [&](ByteView key, ByteView) {
                               keys.emplace_back(key.begin(), key.end());
                               return keys.size() < chunks_removed_per_tick;
                             }));
  for (const Bytes& key : keys) {
    HAMROH_TRY(turn.store.erase(Table::chunk, key));
    HAMROH_TRY(turn.store.erase(Table::chunk_leaf, key));
  }
  if (keys.size() == chunks_removed_per_tick) {
    return {};
  }
  ByteReader reader(row->second);
  const auto member = reader.fixed<MemberId>();
  const std::uint64_t bytes = reader.u64();
  const Bytes kept = attachment_row::kept_of(member);
  HAMROH_ASSIGN(const auto counted, turn.store.get(Table::attachment, kept));
  const std::uint64_t before = number_in(counted);
  HAMROH_TRY(turn.store.put(Table::attachment, kept, key_u64(before - std::min(before, bytes))));
  return turn.store.erase(Table::attachment, row->first);
}

// What was begun and not sent for days goes.
Status Node::drop_old_uploads(Turn& turn) {
  if (locked() || clock_suspect_) {
    return {};
  }
  const Bytes from = attachment_row::wanted(identity_.member, MessageId{});
  std::vector<std::pair<CaseId, MessageId>> found;
  HAMROH_TRY(turn.store.scan(
      Table::attachment, from, attachment_row::behind(Bytes(from.begin(), from.begin() + 17)),
      Transaction::Order::ascending, [&](ByteView key, ByteView value) {
        const auto id = CaseId::from(value);
        if (const auto message = MessageId::from(key.subspan(17)); id && message) {
          found.emplace_back(*id, *message);
        }
        return found.size() < uploads_visited_max;
      }));
  uploads_ = found.size();
  for (const auto& [id, message] : found) {
    HAMROH_ASSIGN(const auto record, read_attachment(id, identity_.member, message, turn));
    if (!record || turn.now > record->created + tuning::upload_lifetime) {
      HAMROH_TRY(remove_attachment(id, identity_.member, message, turn));
    }
  }
  return {};
}

}  // namespace hamroh
