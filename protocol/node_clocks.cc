// The clocks of cases: what runs, what is due, and what a node does by itself when time is over.
//
// The store has one row for each case in which a clock runs, under the time at which the next of
// them comes to its next stage; memory has the first of these times and nothing else, so that a
// case in which nothing is due costs neither time nor memory. At half of its time a clock is
// entered into the ledger, which whoever listens to the node's events hears of; when it is over,
// the node of whoever waits says so to whoever owes (deadline.missed); half as much later it tells
// the oversight body, without a word of the case (deadline.escalated). What has been done stands
// with the case, so a node that was away does all of it once, when it is back.
//
// Nothing is done while the wall clock cannot be trusted, and in the first minute after a start or
// unlocking: what others answered meanwhile comes in first.

#include <utility>

#include "protocol/node.h"
#include "protocol/wire_form.h"

namespace hamroh {
namespace {

constexpr std::size_t cases_acted_on_per_tick = 32;
constexpr std::size_t cases_swept_per_tick = 64;
constexpr Duration clocks_settle = minutes(1);
constexpr Duration clocks_interval = seconds(1);
constexpr Duration try_again = minutes(10);
constexpr Timestamp end_of_time{UINT64_MAX};

CaseRecord::Mark mark_of(const CaseClock& clock, ClockStage stage) {
  return {clock.clock, clock.about, clock.owes, stage};
}

bool is_of(const CaseRecord::Mark& mark, const CaseClock& clock) {
  return mark.clock == clock.clock && mark.about == clock.about && mark.owes == clock.owes;
}

ClockStage stage_in(const CaseRecord& record, const CaseClock& clock) {
  const auto mark = std::ranges::find_if(
      record.marks, [&](const CaseRecord::Mark& one) { return is_of(one, clock); });
  return mark == record.marks.end() ? ClockStage::running : mark->stage;
}

bool says_missed(const CaseRecord::CaseEvent& event, const CaseClock& clock) {
  return event.kind == static_cast<std::uint16_t>(EventKind::deadline_missed) &&
         event.author == clock.waits && event.facts.about == clock.about &&
         event.facts.member == clock.owes &&
         event.facts.service == static_cast<std::uint8_t>(clock.clock);
}

DeadlineStatement statement_of(const CaseClock& clock) {
  return {clock.clock, clock.about, clock.owes, clock.urgency, clock.start, clock.deadline.due};
}

}  // namespace

// ---- which run ----------------------------------------------------------------------------------

const Pack* Node::rules_of(const CaseRecord& record) const {
  return record.pack.is_zero() ? nullptr : pack(record.pack);
}

// Without those that nobody can do anything about, because whoever owes may not, and those of which
// this node cannot know.
std::vector<CaseClock> Node::clocks_of(const CaseId& id, const CaseRecord& record,
                                       const CaseState& state) const {
  const Pack* rules = rules_of(record);
  if (rules == nullptr) {
    return {};
  }
  std::vector<CaseClock> clocks = record.clocks(id, state, *rules);
  std::erase_if(clocks, [&](const CaseClock& clock) {
    const auto needed = capability_for(clock.clock);
    const Member* owes = membership_->find(clock.owes);
    const bool unable =
        is_duty(clock) && needed && (owes == nullptr || !owes->capabilities.has(*needed));
    // Receipts are seen by two only.
    const bool unseen = (clock.clock == Clock::delivery || clock.clock == Clock::receipt) &&
                        clock.waits != identity_.member && clock.owes != identity_.member;
    return unable || unseen;
  });
  return clocks;
}

// To be called whenever something about the case has changed, before its row is written.
// `not_before`: what could not be done is tried again then.
Status Node::set_clocks(const CaseId& id, CaseRecord& record, Timestamp not_before, Turn& turn) {
  Timestamp next{};
  std::vector<CaseRecord::Mark> marks;
  if (rules_of(record) != nullptr) {
    for (const CaseClock& clock : clocks_of(id, record, record.fold(id))) {
      const ClockStage stage = stage_in(record, clock);
      const Timestamp time = std::max({next_stage(clock, stage), not_before, Timestamp{1}});
      next = next.ms == 0 ? time : std::min(next, time);
      if (stage != ClockStage::running) {
        marks.push_back(mark_of(clock, stage));
      }
    }
  }
  record.marks = std::move(marks);
  if (next == record.due) {
    return {};
  }
  if (record.due.ms != 0) {
    HAMROH_TRY(turn.store.erase(Table::due, DueKey{record.due, id}.encode()));
  }
  record.due = next;
  if (next.ms == 0) {
    return {};
  }
  next_due_ = std::min(next_due_, next);
  return turn.store.put(Table::due, DueKey{next, id}.encode(), Bytes{1});
}

// The case of a referral is under a pack: which must not be forgotten from now on.
Status Node::set_clocks(const CaseId& id, CaseRecord& record, Turn& turn) {
  if (record.pack.is_zero()) {
    return {};
  }
  HAMROH_TRY(know_pack(record.pack, true, turn));
  return set_clocks(id, record, Timestamp{}, turn);
}

Timestamp Node::heard_at(Timestamp said, const Turn& turn) const {
  const Timestamp now = latest_now(turn);
  return said <= now + tuning::clock_skew ? said : now;
}

// A clock in doubt refutes nobody: what either of its two times bears out is believed.
Timestamp Node::latest_now(const Turn& turn) const {
  return std::max(turn.now, trusted_now(turn));
}

// A recipient's receipt for a referral of this node: its delivery ends, and more begins.
Status Node::note_opened(const CaseId& id, const Digest& referral, const OpenedAt& opened,
                         Turn& turn) {
  if (packs_.empty()) {
    return {};
  }
  HAMROH_ASSIGN(auto record, read_case(id, turn));
  if (!record || record->pack.is_zero()) {
    return {};
  }
  const auto event = std::ranges::find(record->events, referral, &CaseRecord::CaseEvent::digest);
  const bool news =
      event != record->events.end() &&
      std::ranges::find(event->opened, opened.member, &OpenedAt::member) == event->opened.end();
  if (!news) {
    return {};
  }
  event->opened.push_back({opened.member, heard_at(opened.time, turn)});
  HAMROH_TRY(set_clocks(id, *record, turn));
  return keep_case(id, record->encode(), turn);
}

Status Node::check_may_close(const CaseId& id, const CaseRecord& record, const Turn& turn) const {
  const Timestamp now = trusted_now(turn);
  const std::vector<CaseClock> clocks = clocks_of(id, record, record.fold(id));
  const bool runs = std::ranges::any_of(
      clocks, [&](const CaseClock& clock) { return is_duty(clock) && now < clock.deadline.due; });
  return runs ? Status(caller_error(Code::clock_open,
                                    "something is still due in this case: hamroh case show says "
                                    "what; it can be closed when that is done, or its time over"))
              : Status();
}

Status Node::check_in_parallel(const CaseId& id, const ReferralForm& form, const CaseRecord& record,
                               Turn& turn) const {
  const Timestamp now = trusted_now(turn);
  const CaseState state = record.fold(id);
  const std::vector<CaseClock> clocks = clocks_of(id, record, state);
  for (const TrackState& track : state.tracks) {
    const bool waits = track.track == Track::referral &&
                       find_rule(EventKind::referral_accept)->from.has(track.state);
    const bool in_time = std::ranges::any_of(clocks, [&](const CaseClock& clock) {
      return clock.about == track.about && clock.owes == track.member && now < clock.deadline.due;
    });
    if (!waits || !in_time) {
      continue;
    }
    const auto event =
        std::ranges::find(record.events, track.about, &CaseRecord::CaseEvent::digest);
    HAMROH_ASSIGN(const auto inner, read_event(*event, turn));
    if (!inner) {
      continue;
    }
    const auto other = parse_referral(inner->body);
    const bool same =
        other && std::ranges::any_of(form.triage.services, [&](Service service) {
          return std::ranges::find(other->triage.services, service) != other->triage.services.end();
        });
    if (same) {
      return caller_error(Code::clock_open,
                          "another member was asked for the same and still has time to answer: "
                          "hamroh due says until when; hamroh revoke takes that back");
    }
  }
  return {};
}

// ---- when something is due ----------------------------------------------------------------------

Status Node::load_clocks(Turn& turn) {
  next_clocks_ = Duration{turn.monotonic.ms + clocks_settle.ms};
  HAMROH_ASSIGN(const std::optional<Bytes> sweep, turn.store.get(Table::meta, row::clocks));
  clocks_sweep_ = sweep ? CaseId::from(*sweep) : std::nullopt;
  escalations_ = 0;
  HAMROH_TRY(turn.store.scan(Table::escalation, key_u64(0), {}, Transaction::Order::ascending,
                             [&](ByteView, ByteView) {
                               ++escalations_;
                               return true;
                             }));
  return find_next_due(turn);
}

Status Node::find_next_due(Turn& turn) {
  next_due_ = end_of_time;
  return turn.store.scan(Table::due, DueKey{}.encode(), {}, Transaction::Order::ascending,
                         [&](ByteView key, ByteView) {
                           const auto due = DueKey::parse(key);
                           next_due_ = due ? due->time : next_due_;
                           return false;
                         });
}

bool Node::clocks_act() const {
  const Standing now = standing();
  return !locked() && directory() != nullptr && phase_ == Phase::ready && !clock_suspect_ &&
         (now == Standing::member || now == Standing::suspended);
}

std::optional<Duration> Node::next_clocks_wakeup() const {
  if (!clocks_act() || (next_due_ == end_of_time && !clocks_sweep_)) {
    return std::nullopt;
  }
  const Duration until = next_due_ - clock_wall_;
  const Duration due = clocks_sweep_ ? Duration{} : Duration{clock_monotonic_.ms + until.ms};
  return std::max(due, next_clocks_);
}

Status Node::run_clocks(Turn& turn) {
  if (!clocks_act() || turn.monotonic < next_clocks_) {
    return {};
  }
  if (clocks_sweep_) {
    return sweep_clocks(turn);
  }
  if (turn.now < next_due_) {
    return {};
  }
  next_clocks_ = Duration{turn.monotonic.ms + clocks_interval.ms};
  std::vector<DueKey> due;
  const Bytes until = DueKey{{turn.now.ms + 1}, {}}.encode();
  HAMROH_TRY(turn.store.scan(Table::due, DueKey{}.encode(), until, Transaction::Order::ascending,
                             [&](ByteView key, ByteView) {
                               if (const auto one = DueKey::parse(key)) {
                                 due.push_back(*one);
                               }
                               return due.size() < cases_acted_on_per_tick;
                             }));
  for (const DueKey& one : due) {
    auto record = read_case(one.id, turn);
    if (!record && record.error().code != Code::store_corrupt) {
      return tl::unexpected(record.error());
    }
    if (record && *record && (*record)->due == one.time) {
      HAMROH_TRY(act_on_clocks(one.id, **record, turn));
    } else {
      // Of a case that is damaged as well: it must not keep the others from what is due in them.
      HAMROH_TRY(turn.store.erase(Table::due, one.encode()));
    }
  }
  return find_next_due(turn);
}

Status Node::act_on_clocks(const CaseId& id, CaseRecord& record, Turn& turn) {
  bool later = false;
  for (const CaseClock& clock : clocks_of(id, record, record.fold(id))) {
    const ClockStage before = stage_in(record, clock);
    const ClockStage now = stage_at(clock, turn.now);
    if (now <= before || record.marks.size() >= limits::case_marks_max) {
      continue;
    }
    HAMROH_ASSIGN(const bool done, reach_stage(id, clock, {before, now}, record, turn));
    later = later || !done;
    if (done) {
      std::erase_if(record.marks, [&](const CaseRecord::Mark& mark) { return is_of(mark, clock); });
      record.marks.push_back(mark_of(clock, now));
    }
  }
  HAMROH_TRY(set_clocks(id, record, later ? turn.now + try_again : Timestamp{}, turn));
  return keep_case(id, record.encode(), turn);
}

// Everything that lies between two stages; false if something of it has to wait.
Result<bool> Node::reach_stage(const CaseId& id, const CaseClock& clock, const Stages& stages,
                               CaseRecord& record, Turn& turn) {
  const auto reaches = [&](ClockStage stage) {
    return stages.before < stage && stages.now >= stage;
  };
  const bool waits_here = clock.waits == identity_.member;
  if (reaches(ClockStage::missed) && waits_here) {
    HAMROH_ASSIGN(const bool told, say_missed(id, clock, record, turn));
    if (!told) {
      return false;
    }
  }
  if (reaches(ClockStage::escalated) && waits_here) {
    HAMROH_ASSIGN(const bool told, escalate(clock, record, turn));
    if (!told) {
      return false;
    }
  }
  if (stages.before == ClockStage::running) {
    append_entry(EntryKind::reminded, Code::none, clock.about, Digest{},
                 {clock.owes, clock.waits, *MessageId::from(id.view())}, turn);
  }
  return true;
}

Result<bool> Node::say_missed(const CaseId& id, const CaseClock& clock, CaseRecord& record,
                              Turn& turn) {
  const bool said = std::ranges::any_of(
      record.events, [&](const auto& event) { return says_missed(event, clock); });
  if (said || active_member(clock.owes) == nullptr) {
    return true;
  }
  if (!has_room_for(clock.owes)) {
    return false;
  }
  Submission submission;
  submission.case_id = id;
  submission.kind = EventKind::deadline_missed;
  submission.to = {clock.owes};
  submission.body = encode(statement_of(clock));
  EventFacts facts;
  facts.about = clock.about;
  facts.member = clock.owes;
  facts.service = static_cast<std::uint8_t>(clock.clock);
  HAMROH_TRY(say_by_itself(std::move(submission), facts, record, turn));
  return true;  // a case that holds as much as it may is shown as overdue all the same
}

// The oversight body that the pack names for the district of the case; without one, any member of
// that kind. Zero: there is none.
Result<MemberId> Node::oversight_of(const CaseRecord& record, Turn& turn) const {
  std::string district;
  for (const CaseRecord::CaseEvent& event : record.events) {
    if (event.kind != static_cast<std::uint16_t>(EventKind::referral_send) || !district.empty()) {
      continue;
    }
    HAMROH_ASSIGN(const auto inner, read_event(event, turn));
    if (inner) {
      const auto form = parse_referral(inner->body);
      district = form ? form->triage.district : "";
    }
  }
  if (const Pack* rules = rules_of(record)) {
    const Body* body = body_for(*rules, BodyRole::oversight, district);
    if (body != nullptr && body->member && active_member(*body->member) != nullptr) {
      return *body->member;
    }
  }
  for (const Member& member : directory()->value().members) {
    if (member.kind == MemberKind::oversight && active_member(member.id) != nullptr) {
      return member.id;
    }
  }
  return MemberId{};
}

Result<bool> Node::escalate(const CaseClock& clock, const CaseRecord& record, Turn& turn) {
  HAMROH_ASSIGN(const MemberId oversight, oversight_of(record, turn));
  if (oversight.is_zero() || oversight == identity_.member) {
    return true;
  }
  HAMROH_ASSIGN(const MessageId told, tell(EventKind::deadline_escalated, {}, {oversight},
                                           encode(statement_of(clock)), {}, turn));
  return !told.is_zero();
}

// ---- a pack has come ----------------------------------------------------------------------------

Status Node::begin_clocks_sweep(Turn& turn) {
  clocks_sweep_ = CaseId{};
  return turn.store.put(Table::meta, row::clocks, clocks_sweep_->view());
}

// Cases under a pack that was not here had no clocks until now.
Status Node::sweep_clocks(Turn& turn) {
  std::size_t swept = 0;
  std::optional<CaseId> next;
  std::vector<std::pair<CaseId, CaseRecord>> changed;
  const Status visited = visit_cases(
      CaseRecord::key(*clocks_sweep_), {}, Transaction::Order::ascending,
      [&](const CaseId& id, CaseRecord& record) -> Result<bool> {
        if (swept++ == cases_swept_per_tick) {
          next = id;
          return false;
        }
        if (rules_of(record) != nullptr) {
          changed.emplace_back(id, std::move(record));
        }
        return true;
      },
      turn);
  // Behind a damaged case clocks are set when something happens in theirs.
  if (!visited && visited.error().code != Code::store_corrupt) {
    return visited;
  }
  for (auto& [id, record] : changed) {
    const Timestamp before = record.due;
    HAMROH_TRY(set_clocks(id, record, turn));
    if (record.due != before) {
      HAMROH_TRY(keep_case(id, record.encode(), turn));
    }
  }
  clocks_sweep_ = next;
  return next ? turn.store.put(Table::meta, row::clocks, next->view())
              : turn.store.erase(Table::meta, row::clocks);
}

// ---- what is shown ------------------------------------------------------------------------------

Result<Node::DuePage> Node::due(std::optional<DueKey> after, std::size_t limit, const Actor& actor,
                                Turn& turn) const {
  if (locked()) {
    return caller_error(Code::locked, "the vault is locked");
  }
  std::vector<DueKey> keys;
  Bytes from = after.value_or(DueKey{}).encode();
  if (after) {
    from.push_back(0);
  }
  HAMROH_TRY(turn.store.scan(Table::due, from, {}, Transaction::Order::ascending,
                             [&](ByteView key, ByteView) {
                               if (const auto one = DueKey::parse(key)) {
                                 keys.push_back(*one);
                               }
                               return keys.size() < limit;
                             }));
  DuePage page;
  for (const DueKey& key : keys) {
    HAMROH_ASSIGN(const auto record, read_case(key.id, turn));
    if (record && sees(actor, key.id, *record, turn)) {
      page.cases.push_back({key.id, clocks_of(key.id, *record, record->fold(key.id))});
    }
  }
  if (keys.size() == limit) {
    page.next = keys.back();
  }
  return page;
}

// ---- at the oversight body ----------------------------------------------------------------------

Node::Verdict Node::judge_escalation(const Inner& inner) const {
  const Member* own = active_member(identity_.member);
  if (inner.message.bytes != inner.case_id.bytes || !inner.heads.empty()) {
    return {EntryKind::refused, Code::invalid_form};
  }
  const bool oversees = own != nullptr && own->capabilities.has(Capability::metrics);
  return oversees ? Verdict{EntryKind::opened, Code::none}
                  : Verdict{EntryKind::refused, Code::not_capable};
}

// The oldest go when there are too many.
Status Node::take_escalation(const MemberId& member, const Inner& inner, std::uint64_t index,
                             Turn& turn) {
  if (escalations_ >= limits::escalations_max) {
    Bytes oldest;
    HAMROH_TRY(turn.store.scan(Table::escalation, key_u64(0), {}, Transaction::Order::ascending,
                               [&](ByteView key, ByteView) {
                                 oldest.assign(key.begin(), key.end());
                                 return false;
                               }));
    HAMROH_TRY(turn.store.erase(Table::escalation, oldest));
    --escalations_;
  }
  ++escalations_;
  return turn.store.put(Table::escalation, key_u64(index),
                        EscalationRecord{member, turn.now, inner.body}.encode());
}

Result<Node::EscalationPage> Node::escalations(std::optional<std::uint64_t> before,
                                               std::size_t limit, Turn& turn) const {
  if (locked()) {
    return caller_error(Code::locked, "the vault is locked");
  }
  EscalationPage page;
  Status parsed;
  const Bytes until = before ? key_u64(*before) : Bytes{};
  HAMROH_TRY(turn.store.scan(Table::escalation, key_u64(0), until, Transaction::Order::descending,
                             [&](ByteView key, ByteView value) {
                               auto record = EscalationRecord::parse(value);
                               if (!record) {
                                 parsed = tl::unexpected(record.error());
                                 return false;
                               }
                               page.known.emplace_back(ByteReader(key).u64(), std::move(*record));
                               return page.known.size() < limit;
                             }));
  HAMROH_TRY(parsed);
  if (page.known.size() == limit) {
    page.next = page.known.back().first;
  }
  return page;
}

}  // namespace hamroh
