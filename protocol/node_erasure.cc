// What goes for good: erasing one case, asking the others and answering them, and retention.
//
// Commit points. One transaction erases: rows, key, the keys above, the certificate, its ledger
// entry and the messages to the others. A kill before the commit leaves everything as it was; after
// it, nothing of the case opens any more, and the log, which still holds the rows of before, is
// emptied at the next start at the latest.

#include <utility>

#include "protocol/node.h"

namespace hamroh {
namespace {

constexpr std::size_t requests_kept_max = 1'024;        // in memory; the others stay in the store
constexpr std::size_t accesses_erased_at_once = 4'096;  // per scan, not per case
constexpr std::size_t cases_visited_per_tick = 64;
constexpr std::size_t erasures_read_at_once = 256;
constexpr Duration erasure_interval = milliseconds(200);  // one case at a time, with pauses
constexpr Duration sweep_interval = hours(1);

// Ledger entries about a case name it where others name a message: its id is one.
EntryReference about(const MemberId& peer, const MemberId& author, const CaseId& id) {
  return {peer, author, *MessageId::from(id.view())};
}

}  // namespace

Result<Erasing> Node::erase_case(const CaseId& id, ErasureReason reason, bool ask, Turn& turn) {
  if (locked()) {
    return caller_error(Code::locked, "the vault is locked: unlock it to erase");
  }
  if (phase_ == Phase::stopped) {
    return caller_error(Code::signing_stopped, "this ledger is behind what others have seen");
  }
  if (!may_sign() || upgrade_) {
    return caller_error(Code::not_ready, "the node is starting: try again in a moment");
  }
  HAMROH_ASSIGN(auto known, read_erased(id, turn));
  HAMROH_ASSIGN(const auto record, read_case(id, turn));
  HAMROH_ASSIGN(const auto place, place_of(id, turn));
  if (!record || !place) {
    if (known && known->erased()) {
      return Erasing{known->certificate, 0, true};
    }
    return caller_error(Code::not_found, "there is no such case here");
  }
  // Nothing is refused from here on.
  HAMROH_ASSIGN(const auto answer, erased_answer(id, *record));
  HAMROH_ASSIGN(const std::vector<Digest> digests, erase_events(*record, turn));
  HAMROH_TRY(erase_rows(id, *place, turn));
  if (record->due.ms != 0) {
    HAMROH_TRY(turn.store.erase(Table::due, DueKey{record->due, id}.encode()));
  }
  ErasureCertificate certificate;
  certificate.network = identity_.network;
  certificate.member = identity_.member;
  certificate.incarnation = identity_.incarnation;
  certificate.case_id = id;
  certificate.reason = reason;
  certificate.time = trusted_now(turn);
  certificate.messages = static_cast<std::uint32_t>(digests.size());
  certificate.root = erasure_root(digests);
  certificate.index = ledger_.size();
  ErasedRecord erased = known.value_or(ErasedRecord{});
  erased.certificate = sign_erasure(certificate, *author_);
  const std::uint64_t index =
      append_entry(EntryKind::erased, Code::none, crypto::sha256({erased.certificate}), Digest{},
                   about({}, identity_.member, id), turn);
  CHECK(index == certificate.index);
  if (ask && standing() != Standing::revoked) {
    HAMROH_TRY(ask_others(id, *record, erased, turn));
  }
  HAMROH_TRY(answer_askers(id, erased, turn));
  if (answer) {
    HAMROH_TRY(tell(EventKind::consent_applied, id, answer->to, answer->body, {}, turn));
  }
  HAMROH_TRY(keep_erased(id, erased, turn));
  asked_for_.erase(id);
  turn.effects.truncate_log = true;
  return Erasing{std::move(erased.certificate), erased.asked.size(), false};
}

// Of each message only the guard stays, so that a duplicate still gets its first receipt. The
// digests, in the order of this ledger.
Result<std::vector<Digest>> Node::erase_events(const CaseRecord& record, Turn& turn) {
  std::vector<std::pair<std::uint64_t, Digest>> found;
  for (const CaseRecord::CaseEvent& event : record.events) {
    const Bytes key = MessageRecord::key(event.author, event.message);
    HAMROH_TRY(turn.store.erase(Table::conflict, key));
    HAMROH_ASSIGN(auto message, read_message(event.author, event.message, turn));
    if (!message) {
      found.emplace_back(UINT64_MAX, event.digest);  // damage is no reason to keep the rest
      continue;
    }
    found.emplace_back(message->index, message->digest);
    if (event.author == identity_.member) {
      HAMROH_TRY(return_deliveries(event.message, *message, Code::erased, turn));
      HAMROH_TRY(turn.store.erase(Table::tier, TierRecord::key(event.message)));
    }
    if (message->body) {
      HAMROH_TRY(turn.store.erase(Table::body, key_u64(*message->body)));
    }
    message->shrink_to_guard();
    HAMROH_TRY(turn.store.put(Table::message, key, message->encode()));
  }
  std::ranges::sort(found);
  std::vector<Digest> digests;
  std::ranges::transform(found, std::back_inserter(digests),
                         &std::pair<std::uint64_t, Digest>::second);
  return digests;
}

// Nobody delivers what is erased: what was under way is settled here, and its author is told. What
// a peer has received all the same, it is asked to erase like the rest.
Status Node::return_deliveries(const MessageId& message, const MessageRecord& record, Code why,
                               Turn& turn) {
  fresh_inners_.erase(message);
  for (const Delivery& delivery : record.deliveries) {
    const auto peer = peers_.find(delivery.recipient);
    if (is_settled(delivery.level) || peer == peers_.end()) {
      continue;
    }
    if (const OutboxItem* waiting = peer->second.outbox.find(message)) {
      const OutboxItem item = *waiting;
      HAMROH_TRY(settle_alone(peer->first, peer->second, item, EntryKind::returned,
                              {peer->first, Level::refused, why, turn.now, 0}, turn));
    }
  }
  return {};
}

Status Node::erase_rows(const CaseId& id, std::uint64_t place, Turn& turn) {
  HAMROH_TRY(erase_attachments(id, turn));  // while their key still opens
  HAMROH_TRY(turn.store.erase(Table::case_event, CaseRecord::key(id)));
  HAMROH_TRY(turn.store.erase(Table::tier, TierRecord::due_key(id)));
  HAMROH_TRY(erase_status_files(id, turn));
  Bytes from(id.bytes.begin(), id.bytes.end());
  Bytes until = from;
  until.insert(until.end(), 9, 0xff);  // behind every index
  for (bool more = true; more;) {
    std::vector<Bytes> keys;
    HAMROH_TRY(turn.store.scan(Table::access, from, until, Transaction::Order::ascending,
                               [&](ByteView key, ByteView) {
                                 keys.emplace_back(key.begin(), key.end());
                                 return keys.size() < accesses_erased_at_once;
                               }));
    for (const Bytes& key : keys) {
      HAMROH_TRY(turn.store.erase(Table::access, key));
    }
    more = keys.size() == accesses_erased_at_once;
  }
  HAMROH_ASSIGN(const std::vector<Task> tasks, all_tasks(turn));
  for (const Task& task : tasks) {
    if (task.case_id == id) {
      HAMROH_TRY(turn.store.erase(Table::task, task.id.view()));
    }
  }
  std::erase_if(broken_glass_, [&](const auto& item) { return item.first.second == id; });
  for (auto& [user, pace] : paces_) {
    pace.opened.erase(id);
    pace.entered.erase(id);
  }
  places_.erase(id);
  return case_keys_->destroy(place, turn);
}

// ---- the others -------------------------------------------------------------------------------

Status Node::ask_others(const CaseId& id, const CaseRecord& record, ErasedRecord& erased,
                        Turn& turn) {
  for (const MemberId& participant : record.participants) {
    const bool asks_itself =
        std::ranges::find(erased.asking, participant, &ErasedRecord::Asking::member) !=
        erased.asking.end();
    if (participant == identity_.member || asks_itself || active_member(participant) == nullptr ||
        erased.asked.size() == ErasedRecord::members_max) {
      continue;  // who asks has erased; and who is no member any more cannot be asked
    }
    HAMROH_ASSIGN(const MessageId message, tell(EventKind::erasure_request, id, {participant},
                                                erased.certificate, {}, turn));
    erased.asked.push_back({participant, message, {}, {}});
  }
  return {};
}

Status Node::answer_askers(const CaseId& id, ErasedRecord& erased, Turn& turn) {
  for (ErasedRecord::Asking& one : erased.asking) {
    if (one.answered) {
      continue;
    }
    if (active_member(one.member) != nullptr) {
      HAMROH_ASSIGN(const MessageId message,
                    tell(EventKind::erasure_done, id, {one.member}, erased.certificate, {}, turn));
      one.answered = !message.is_zero();
    }
    if (!one.answered) {
      unanswered_.insert(one.member);
    }
  }
  return {};
}

// Who asked may have been revoked when the case was erased, or its queue full. Looked at when
// membership has changed and now and then; one page of what is kept at a time, until all is seen.
Status Node::answer_late(Turn& turn) {
  const auto may_hear = [&](const MemberId& member) {
    return active_member(member) != nullptr && has_room_for(member);
  };
  const bool able = directory() != nullptr && phase_ != Phase::stopped;
  if (!able || (!answers_from_ && std::ranges::none_of(unanswered_, may_hear))) {
    return {};
  }
  if (!answers_from_) {
    unanswered_.clear();  // whoever still waits is found again
  }
  HAMROH_ASSIGN(ErasurePage page, erasures(answers_from_, erasures_read_at_once, turn));
  for (auto& [id, record] : page.erasures) {
    const std::vector<ErasedRecord::Asking> before = record.asking;
    if (record.erased()) {
      HAMROH_TRY(answer_askers(id, record, turn));
    }
    if (record.asking != before) {
      HAMROH_TRY(keep_erased(id, record, turn));
    }
  }
  answers_from_ = page.next;
  newcomers_ = newcomers_ || page.next;
  return {};
}

// An answer that was still under way to a member when that was revoked was not given.
Status Node::take_back_answer(const MemberId& member, const MessageId& message, Turn& turn) {
  HAMROH_ASSIGN(const auto returned, read_message(identity_.member, message, turn));
  if (!returned || returned->kind != static_cast<std::uint16_t>(EventKind::erasure_done)) {
    return {};
  }
  HAMROH_ASSIGN(auto erased, read_erased(returned->case_id, turn));
  if (!erased) {
    return {};
  }
  const auto asking = std::ranges::find(erased->asking, member, &ErasedRecord::Asking::member);
  if (asking == erased->asking.end()) {
    return {};
  }
  asking->answered = false;
  unanswered_.insert(member);
  return keep_erased(returned->case_id, *erased, turn);
}

bool Node::has_room_for(const MemberId& member) const {
  const auto peer = peers_.find(member);
  return peer != peers_.end() &&
         peer->second.outbox.size() < limits::outbox_messages_per_peer_max &&
         outbox_size_ < limits::outbox_messages_max;
}

Result<MessageId> Node::tell(EventKind kind, const CaseId& id, std::vector<MemberId> to,
                             const Bytes& body, Timestamp expires, Turn& turn) {
  if (!std::ranges::all_of(to, [&](const MemberId& one) { return has_room_for(one); }) ||
      outbox_size_ + to.size() > limits::outbox_messages_max) {
    return MessageId{};
  }
  Inner inner;
  inner.blind = turn.entropy.draw<Salt>();
  inner.network = identity_.network;
  inner.message = draw_message_id(turn);
  inner.author = identity_.member;
  inner.recipients = std::move(to);
  inner.case_id = id.is_zero() ? *CaseId::from(inner.message.view()) : id;
  inner.directory_version = directory()->value().version;
  inner.created = turn.now;
  inner.expires = turn.now + options_.message_lifetime;
  if (expires.ms != 0) {
    inner.expires = std::min(inner.expires, expires);
  }
  inner.kind = static_cast<std::uint16_t>(kind);
  inner.body = body;
  Bytes bytes = encode_inner(inner);
  const Digest digest = message_digest(bytes);
  // The key of the case is gone, so it stands under none: it says nothing of the person.
  HAMROH_TRY(keep_sent(inner, std::move(bytes), digest, turn));
  return inner.message;
}

// A certificate must be its author's, about the case that the message names. It need not be signed
// with the author's present key: that may have changed since, and the message itself is proven.
Result<Node::Verdict> Node::judge_erasure(const MemberId& member, const Inner& inner,
                                          const std::optional<CaseRecord>& record,
                                          Turn& turn) const {
  const auto refuse = [](Code code) { return Verdict{EntryKind::refused, code}; };
  const auto certificate = parse_erasure(inner.body);
  if (!certificate || certificate->network != identity_.network || certificate->member != member ||
      certificate->case_id != inner.case_id || inner.message.bytes == inner.case_id.bytes) {
    return refuse(Code::invalid_form);
  }
  HAMROH_ASSIGN(const auto known, read_erased(inner.case_id, turn));
  const bool room = !known || known->asking.size() < ErasedRecord::members_max ||
                    std::ranges::find(known->asking, member, &ErasedRecord::Asking::member) !=
                        known->asking.end();
  if (inner.kind == static_cast<std::uint16_t>(EventKind::erasure_done)) {
    if (!known || !known->erased()) {
      // An answer to what was asked before this node came back from a backup that still has the
      // case: people shall hear of it.
      const bool concerned = record && record->has(member);
      return concerned && room ? Verdict{EntryKind::opened, Code::none} : refuse(Code::no_standing);
    }
    const auto asked = std::ranges::find(known->asked, member, &ErasedRecord::Asked::member);
    if (asked == known->asked.end()) {
      return refuse(Code::no_standing);
    }
    return asked->certificate.empty() ? Verdict{EntryKind::opened, Code::none}
                                      : refuse(Code::conflict);
  }
  if (record && !record->opener.is_zero() && !record->has(member)) {
    return refuse(Code::no_standing);
  }
  return room ? Verdict{EntryKind::opened, Code::none} : refuse(Code::full);
}

// Also for a case that is not here: its messages may still be on their way, and then it is asked
// for already.
Status Node::take_erasure(const MemberId& member, const Inner& inner, Turn& turn) {
  const CaseId& id = inner.case_id;
  HAMROH_ASSIGN(auto known, read_erased(id, turn));
  ErasedRecord record = known.value_or(ErasedRecord{});
  const bool done = inner.kind == static_cast<std::uint16_t>(EventKind::erasure_done);
  if (done && record.erased()) {
    const auto asked = std::ranges::find(record.asked, member, &ErasedRecord::Asked::member);
    CHECK(asked != record.asked.end());
    asked->certificate = inner.body;
    asked->time = turn.now;
    append_entry(EntryKind::erasure_told, Code::none, crypto::sha256({inner.body}), Digest{},
                 about(member, member, id), turn);
    return keep_erased(id, record, turn);
  }
  const auto asking = std::ranges::find(record.asking, member, &ErasedRecord::Asking::member);
  if (asking == record.asking.end()) {
    record.asking.push_back({member, inner.body, turn.now, done});  // nobody waits for an answer
  }
  if (record.erased()) {
    HAMROH_TRY(answer_askers(id, record, turn));
  }
  HAMROH_TRY(keep_erased(id, record, turn));
  return note_request(id, turn);
}

// Whether a case shall be erased because its opener asks for it: looked at when the request comes,
// and when a message of the case does, because they may overtake one another.
Status Node::note_request(const CaseId& id, Turn& turn) {
  if (!options_.erase_on_request || !any_erased_) {
    return {};
  }
  HAMROH_ASSIGN(const bool wanted, opener_asks(id, turn));
  if (wanted && asked_for_.size() < requests_kept_max) {
    asked_for_.insert(id);
  } else if (wanted) {
    more_asked_for_ = true;
  }
  return {};
}

Result<bool> Node::opener_asks(const CaseId& id, Turn& turn) const {
  HAMROH_ASSIGN(const auto known, read_erased(id, turn));
  if (!known || known->erased() || known->asking.empty()) {
    return false;
  }
  HAMROH_ASSIGN(const auto record, read_case(id, turn));
  return record && std::ranges::find(known->asking, record->opener,
                                     &ErasedRecord::Asking::member) != known->asking.end();
}

// ---- what is kept -----------------------------------------------------------------------------

Result<std::optional<ErasedRecord>> Node::read_erased(const CaseId& id, Turn& turn) const {
  if (!any_erased_) {
    return std::optional<ErasedRecord>{};  // spares every new case a search
  }
  HAMROH_ASSIGN(const std::optional<Bytes> row,
                turn.store.get(Table::erased, ErasedRecord::key(id)));
  if (!row) {
    return std::optional<ErasedRecord>{};
  }
  HAMROH_ASSIGN(ErasedRecord record, ErasedRecord::parse(*row));
  return std::optional<ErasedRecord>(std::move(record));
}

Status Node::keep_erased(const CaseId& id, const ErasedRecord& record, Turn& turn) {
  any_erased_ = true;
  return turn.store.put(Table::erased, ErasedRecord::key(id), record.encode());
}

Result<bool> Node::was_erased(const CaseId& id, Turn& turn) const {
  HAMROH_ASSIGN(const auto record, read_erased(id, turn));
  return record && record->erased();
}

Result<Node::ErasurePage> Node::erasures(std::optional<CaseId> after, std::size_t limit,
                                         Turn& turn) const {
  ErasurePage page;
  Status parsed;
  Bytes from = ErasedRecord::key(after.value_or(CaseId{}));
  if (after) {
    from.push_back(0);
  }
  HAMROH_TRY(turn.store.scan(
      Table::erased, from, {}, Transaction::Order::ascending, [&](ByteView key, ByteView value) {
        if (page.erasures.size() == limit) {
          page.next = page.erasures.back().first;
          return false;
        }
        auto record = ErasedRecord::parse(value);
        const auto id = CaseId::from(key);
        if (!record || !id) {
          parsed = environment_error(Code::store_corrupt,
                                     "what is kept of an erased case does not parse");
          return false;
        }
        page.erasures.emplace_back(*id, std::move(*record));
        return true;
      }));
  HAMROH_TRY(parsed);
  return page;
}

Result<ErasedRecord> Node::erasure(const CaseId& id, Turn& turn) const {
  if (locked()) {
    return caller_error(Code::locked, "the vault is locked");
  }
  HAMROH_ASSIGN(auto record, read_erased(id, turn));
  if (!record) {
    return caller_error(Code::not_found, "nothing of that case was erased or asked for here");
  }
  return std::move(*record);
}

// ---- by itself --------------------------------------------------------------------------------

// At unlocking, and when those in memory are done: which requests this node shall follow by itself,
// and who waits for an answer.
Status Node::load_erasures(Turn& turn) {
  more_asked_for_ = false;
  asked_for_.clear();
  any_erased_ = true;
  std::optional<CaseId> after;
  do {
    HAMROH_ASSIGN(const ErasurePage page, erasures(after, erasures_read_at_once, turn));
    any_erased_ = after || !page.erasures.empty();
    for (const auto& [id, record] : page.erasures) {
      for (const ErasedRecord::Asking& one : record.asking) {
        if (record.erased() && !one.answered) {
          unanswered_.insert(one.member);
        }
      }
      if (!more_asked_for_) {
        HAMROH_TRY(note_request(id, turn));
      }
    }
    after = page.next;
  } while (after);
  newcomers_ = newcomers_ || !unanswered_.empty();
  return {};
}

bool Node::erases_by_itself() const {
  const bool wanted = !asked_for_.empty() || more_asked_for_ || options_.retention.ms != 0;
  return wanted && !locked() && may_sign() && !upgrade_;
}

// One case at a time. On request: what the member asks for that opened the case; what others ask
// for is for people to decide.
Status Node::erase_what_is_due(Turn& turn) {
  if (!erases_by_itself() || turn.monotonic < next_erasure_) {
    return {};
  }
  next_erasure_ = Duration{turn.monotonic.ms + erasure_interval.ms};
  if (asked_for_.empty() && more_asked_for_) {
    return load_erasures(turn);
  }
  if (!asked_for_.empty()) {
    const CaseId id = *asked_for_.begin();
    asked_for_.erase(asked_for_.begin());
    HAMROH_ASSIGN(const bool wanted, opener_asks(id, turn));
    if (!wanted) {
      return {};
    }
    const auto erased = erase_case(id, ErasureReason::request, true, turn);
    return erased ? Status{} : tl::unexpected(erased.error());
  }
  if (clock_suspect_) {  // never on the word of a clock that is in doubt
    next_erasure_ = Duration{turn.monotonic.ms + minutes(1).ms};
    return {};
  }
  return sweep_retention(turn);
}

// A case is as old as its newest event, by the time at which that was entered here: what an author
// writes as its time of creation decides nothing.
Status Node::sweep_retention(Turn& turn) {
  std::size_t visited = 0;
  std::optional<CaseId> due;
  const std::optional<CaseId> from = std::exchange(retention_from_, std::nullopt);
  HAMROH_TRY(visit_cases(
      CaseRecord::key(from.value_or(CaseId{})), {}, Transaction::Order::ascending,
      [&](const CaseId& id, CaseRecord& record) -> Result<bool> {
        if (due || ++visited > cases_visited_per_tick) {
          retention_from_ = id;
          return false;
        }
        if (record.events.empty()) {
          return true;
        }
        const CaseRecord::CaseEvent& newest = record.events.back();
        HAMROH_ASSIGN(const auto message, read_message(newest.author, newest.message, turn));
        if (!message) {
          return true;
        }
        HAMROH_ASSIGN(const auto entry, ledger_.read(turn.store, message->index));
        if (entry && turn.now - entry->entry.time > options_.retention) {
          due = id;
        }
        return true;
      },
      turn));
  if (!retention_from_) {
    next_erasure_ = Duration{turn.monotonic.ms + sweep_interval.ms};
  }
  if (!due) {
    return {};
  }
  // Others have rules of their own for how long they keep what is theirs.
  const auto erased = erase_case(*due, ErasureReason::retention, false, turn);
  return erased ? Status{} : tl::unexpected(erased.error());
}

}  // namespace hamroh
