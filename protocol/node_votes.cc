// Decisions by several commissioners, on a status or on money of a fund: proposed, signed one after
// another, sent when there are enough votes; and checked by everybody who receives them.

#include <utility>

#include "protocol/node.h"
#include "protocol/wire_form.h"

namespace hamroh {
namespace {

AuthorKey own_author_key(const crypto::SigningKey& key) {
  return *AuthorKey::from(key.public_key().view());
}

}  // namespace

Result<std::optional<std::size_t>> Node::votes_needed(EventKind kind, const Digest& subject,
                                                      const CaseRecord* record, Turn& turn) const {
  const Pack* pack = record == nullptr ? nullptr : rules_of(*record);
  pack = pack == nullptr ? pack_in_force() : pack;
  if (pack == nullptr) {
    return std::nullopt;
  }
  if (kind == EventKind::fund_approve) {
    return pack->fund ? holders_needed(*pack->fund, subject, record, turn)
                      : Result<std::optional<std::size_t>>(std::nullopt);
  }
  const std::optional<Votes>& votes =
      kind == EventKind::appeal_outcome ? pack->appeal_votes : pack->status_votes;
  return votes ? std::optional<std::size_t>(votes->needed) : std::nullopt;
}

Result<std::optional<std::size_t>> Node::holders_needed(const Fund& fund, const Digest& request,
                                                        const CaseRecord* record,
                                                        Turn& turn) const {
  const bool here = record != nullptr &&
                    std::ranges::find(record->events, request, &CaseRecord::CaseEvent::digest) !=
                        record->events.end();
  if (!here) {
    const bool comes = record == nullptr || !record->missing.empty() || record->opener.is_zero();
    return peer_error(comes ? Code::not_ready : Code::not_found,
                      "there is no such request for money here");
  }
  HAMROH_ASSIGN(const Particulars asked, requested_money(*record, request, turn));
  const auto step = std::ranges::find_if(
      fund.steps, [&](const FundStep& one) { return asked.amount <= one.up_to; });
  const bool may = asked.currency == fund.currency && step != fund.steps.end();
  return std::optional<std::size_t>(may ? step->needed : limits::votes_max + 1);
}

Result<Particulars> Node::requested_money(const CaseRecord& record, const Digest& request,
                                          Turn& turn) const {
  const auto event = std::ranges::find(record.events, request, &CaseRecord::CaseEvent::digest);
  if (event == record.events.end() ||
      event->kind != static_cast<std::uint16_t>(EventKind::fund_request)) {
    return peer_error(Code::not_found, "that is no request for money");
  }
  HAMROH_ASSIGN(const auto inner, read_event(*event, turn));
  if (!inner) {
    return environment_error(Code::store_corrupt, "a request for money has no body");
  }
  return parse_particulars(inner->body, EventKind::fund_request);
}

Status Node::check_ballot(const MemberId& member, EventKind kind, ByteView body, const CaseId& id,
                          const std::optional<CaseRecord>& record, Turn& turn) const {
  const Member* decides = membership_->find(member);
  if (decides == nullptr) {
    return peer_error(Code::unknown_member, "a decision of nobody in the network");
  }
  HAMROH_ASSIGN(Particulars said, parse_particulars(body, kind));
  const std::optional<Ballot> ballot = std::exchange(said.ballot, std::nullopt);
  const Digest about = ballot ? ballot->subject : said.about.value_or(Digest{});
  HAMROH_ASSIGN(const std::optional<std::size_t> needed,
                votes_needed(kind, about, record ? &*record : nullptr, turn));
  if (!ballot) {
    return needed ? Status(peer_error(Code::threshold_not_met,
                                      "the jurisdiction pack wants votes: hamroh vote CASE"))
                  : Status();
  }
  const Digest decision = decision_digest({identity_.network, id, ballot->subject}, kind, said);
  HAMROH_TRY(check_votes({identity_.network, member}, decides->author, decision, ballot->votes));
  if (kind == EventKind::appeal_outcome && record) {
    HAMROH_TRY(check_fresh_voters(ballot->votes, *record, turn));
  }
  return !needed || ballot->votes.size() >= *needed
             ? Status()
             : Status(peer_error(Code::threshold_not_met, "fewer votes than the pack wants"));
}

Status Node::check_fresh_voters(std::span<const Vote> votes, const CaseRecord& record,
                                Turn& turn) const {
  for (const CaseRecord::CaseEvent& event : record.events) {
    const auto kind = static_cast<EventKind>(event.kind);
    if (kind != EventKind::status_assign && kind != EventKind::status_refuse) {
      continue;
    }
    HAMROH_ASSIGN(const auto inner, read_event(event, turn));
    if (!inner) {
      continue;
    }
    const auto said = parse_particulars(inner->body, kind);
    if (!said || !said->ballot) {
      continue;
    }
    for (const Vote& before : said->ballot->votes) {
      if (std::ranges::any_of(votes, [&](const Vote& vote) {
            return vote.certificate.key == before.certificate.key;
          })) {
        return peer_error(Code::no_standing, "who decided before decides on no appeal");
      }
    }
  }
  return {};
}

Status Node::check_may_vote(EventKind kind, const Actor& actor) const {
  if (locked()) {
    return caller_error(Code::locked, "the vault is locked: unlock it to vote");
  }
  if (!is_voted_on(kind)) {
    return caller_error(Code::invalid_argument, "that is nothing on which commissioners vote");
  }
  if (actor.role != Role::commissioner || !actor.may(operation_for(kind))) {
    return caller_error(Code::not_permitted, "commissioners vote, with a key of their own");
  }
  const Member* own = directory() == nullptr ? nullptr : active_member(identity_.member);
  if (own == nullptr || phase_ == Phase::stopped) {
    return caller_error(Code::not_ready, "this node is no active member of a network");
  }
  if (!own->capabilities.has(*capability_for(kind))) {
    return caller_error(Code::not_capable, "the directory does not allow this node that kind");
  }
  return {};
}

// Entered into a copy of the case, which is thrown away.
Status Node::check_would_happen(const CaseRecord& record, const CaseId& id, EventKind kind,
                                ByteView body, Turn& turn) const {
  HAMROH_ASSIGN(const BodyFacts facts, check_body(kind, body));
  CaseRecord trial = record;
  Inner inner;
  inner.message = *MessageId::from(turn.entropy.draw<TaskId>().view());
  inner.author = identity_.member;
  inner.recipients = usual_recipients(trial, kind, facts.event);
  inner.case_id = id;
  for (const MemberId& member : inner.recipients) {
    trial.join(member);
  }
  trial.join(identity_.member);
  inner.heads = trial.heads(trial.audience_of(inner.recipients) |
                            trial.audience_of(std::span(&identity_.member, 1)));
  inner.created = trial.created_after(identity_.member, turn.now);
  inner.kind = static_cast<std::uint16_t>(kind);
  trial.apply(inner, turn.entropy.draw<Digest>(), facts.event);
  switch (trial.fold(id).reasons.back()) {
    case Code::none:
      return {};
    case Code::no_standing:
      return caller_error(Code::no_standing, "it is not for this node to decide on that");
    default:
      return caller_error(Code::wrong_state, "there is nothing on which this could be decided now");
  }
}

namespace {

// Votes for both would never come together.
bool differs_in_file(Proposal one, const Proposal& other) {
  one.said.file = other.said.file;
  return one.kind == other.kind && one.subject == other.subject && one.said == other.said;
}

// Whether there is still something to decide about it.
bool is_undecided(const CaseState& state, EventKind kind, const Digest& subject) {
  if (kind != EventKind::fund_approve) {
    return state.status_subject == subject;
  }
  return std::ranges::any_of(state.tracks, [&](const TrackState& track) {
    return track.track == Track::fund && track.about == subject && track.state == State::asked;
  });
}

}  // namespace

Result<Node::Proposed> Node::propose_decision(const CaseId& id, EventKind kind, ByteView body,
                                              const Actor& actor, Turn& turn) {
  HAMROH_TRY(check_may_vote(kind, actor));
  HAMROH_ASSIGN(const CaseRecord record, seen_case(id, actor, turn));
  HAMROH_ASSIGN(const NamedFile named,
                name_status_file(id, kind, {body.begin(), body.end()}, turn));
  const auto said = parse_particulars(named.body, kind);
  if (!said || said->ballot) {
    return caller_error(Code::invalid_form, "the body does not say what this decision needs");
  }
  HAMROH_TRY(check_would_happen(record, id, kind, named.body, turn));
  const CaseState state = record.fold(id);
  const bool of_money = kind == EventKind::fund_approve;
  const Proposal proposal{
      kind, of_money ? said->about.value_or(Digest{}) : state.status_subject, *said, {}};
  const Digest decision = decision_digest({identity_.network, id, proposal.subject}, kind, *said);
  HAMROH_ASSIGN(const auto needed, votes_needed(kind, proposal.subject, &record, turn));
  if (needed.value_or(1) > limits::votes_max) {
    return caller_error(Code::threshold_not_met,
                        "the fund approves no such amount, or another currency: refuse it");
  }
  HAMROH_ASSIGN(std::vector<Task> tasks, all_tasks(turn));
  for (Task& task : tasks) {
    if (task.kind != TaskKind::decision || task.case_id != id || task.state != TaskState::open) {
      continue;
    }
    HAMROH_ASSIGN(const Proposal known, Proposal::parse(task.proposal));
    if (!is_undecided(state, known.kind, known.subject)) {
      task.state = TaskState::refused;  // what it was about has been decided
      task.decided = turn.now;
      HAMROH_TRY(keep_task(task, turn));
    } else if (decision_digest({identity_.network, id, known.subject}, known.kind, known.said) ==
               decision) {
      return Proposed{task.id, decision, counting_votes(known).size(), needed};
    } else if (differs_in_file(known, proposal)) {
      return caller_error(Code::conflict,
                          "the same decision waits with another status file, or none: see hamroh "
                          "votes; --status-file waiting votes for that one");
    }
  }
  HAMROH_TRY(make_room_for_task(turn));
  HAMROH_TRY(keep_status_file(id, named, turn));
  Task task;
  task.id = turn.entropy.draw<TaskId>();
  task.kind = TaskKind::decision;
  task.case_id = id;
  task.user = actor.user;
  task.role = actor.role;
  task.created = turn.now;
  task.reason = event_kind_name(kind);
  if (said->outcome) {
    task.reason += std::string(" ") + state_name(*said->outcome);
  }
  task.reason += said->code.empty() ? "" : " " + said->code;
  task.proposal = proposal.encode();
  HAMROH_TRY(keep_task(task, turn));
  return Proposed{task.id, decision, 0, needed};
}

// Of commissioners who still are, under the key that the directory lists.
std::vector<Vote> Node::counting_votes(const Proposal& proposal) const {
  std::vector<Vote> counting;
  for (const Vote& vote : proposal.votes) {
    const auto user = users_.find(vote.certificate.user);
    const bool active =
        user != users_.end() && user->second.active && user->second.role == Role::commissioner;
    if (active && vote.certificate.author == own_author_key(*author_)) {
      counting.push_back(vote);
    }
  }
  return counting;
}

Status Node::withdraw_other_votes(const Task& task, const Proposal& proposal, const UserId& user,
                                  Turn& turn) {
  HAMROH_ASSIGN(std::vector<Task> tasks, all_tasks(turn));
  for (Task& other : tasks) {
    if (other.kind != TaskKind::decision || other.case_id != task.case_id || other.id == task.id ||
        other.state != TaskState::open) {
      continue;
    }
    HAMROH_ASSIGN(Proposal known, Proposal::parse(other.proposal));
    const bool hers = known.subject == proposal.subject && known.has_voted(user);
    if (hers) {
      std::erase_if(known.votes, [&](const Vote& vote) { return vote.certificate.user == user; });
      other.proposal = known.encode();
      HAMROH_TRY(keep_task(other, turn));
    }
  }
  return {};
}

// What waits for more votes counts as well, because she has given hers; what was sent counts on its
// day, which is that of the pack's calendar.
Status Node::check_day_limit(const Task& task, const Proposal& proposal, const CaseRecord& record,
                             const UserId& user, Turn& turn) const {
  const Pack* pack = rules_of(record) != nullptr ? rules_of(record) : pack_in_force();
  if (pack == nullptr || !pack->fund) {
    return {};
  }
  const auto day_of = [&](Timestamp time) {
    const auto minutes_there =
        static_cast<std::int64_t>(time.ms / minutes(1).ms) + pack->calendar.utc_offset_minutes;
    return minutes_there / (24 * 60);
  };
  HAMROH_ASSIGN(const Particulars asked, requested_money(record, proposal.subject, turn));
  std::uint64_t sum = asked.amount;
  HAMROH_ASSIGN(const std::vector<Task> tasks, all_tasks(turn));
  for (const Task& other : tasks) {
    const bool counts =
        other.kind == TaskKind::decision && other.id != task.id &&
        (other.state == TaskState::open ||
         (other.state == TaskState::agreed && day_of(other.decided) == day_of(turn.now)));
    if (!counts) {
      continue;
    }
    HAMROH_ASSIGN(const Proposal known, Proposal::parse(other.proposal));
    if (known.kind != EventKind::fund_approve || !known.has_voted(user)) {
      continue;
    }
    HAMROH_ASSIGN(const auto of_case, read_case(other.case_id, turn));
    if (!of_case) {
      continue;  // erased
    }
    HAMROH_ASSIGN(const Particulars before, requested_money(*of_case, known.subject, turn));
    sum += before.amount;  // both at most 10^12
  }
  return sum <= pack->fund->approver_day_limit
             ? Status()
             : Status(caller_error(Code::too_large,
                                   "that is more than one holder of the fund may approve in a day: "
                                   "somebody else has to, or tomorrow"));
}

Result<Node::Counted> Node::cast_vote(const TaskId& id, const Vote& vote, const Actor& actor,
                                      Turn& turn) {
  HAMROH_ASSIGN(const std::vector<Task> tasks, all_tasks(turn));
  const auto found = std::ranges::find(tasks, id, &Task::id);
  if (found == tasks.end() || found->kind != TaskKind::decision) {
    return caller_error(Code::not_found, "no such decision waits for votes");
  }
  Task task = *found;
  HAMROH_ASSIGN(Proposal proposal, Proposal::parse(task.proposal));
  HAMROH_TRY(check_may_vote(proposal.kind, actor));
  HAMROH_ASSIGN(const CaseRecord record, seen_case(task.case_id, actor, turn));
  const MessageId message = *MessageId::from(task.id.view());
  HAMROH_ASSIGN(const auto needed, votes_needed(proposal.kind, proposal.subject, &record, turn));
  if (task.state == TaskState::agreed && proposal.has_voted(actor.user)) {
    return Counted{proposal.votes.size(), needed, Accepted{message, task.case_id, true}};
  }
  if (task.state != TaskState::open ||
      !is_undecided(record.fold(task.case_id), proposal.kind, proposal.subject)) {
    return caller_error(Code::conflict, "this has been decided: see hamroh case show");
  }
  const Digest decision = decision_digest({identity_.network, task.case_id, proposal.subject},
                                          proposal.kind, proposal.said);
  if (vote.certificate.user != actor.user) {
    return caller_error(Code::not_permitted, "everybody votes for herself");
  }
  if (vote.certificate.author != own_author_key(*author_)) {
    return caller_error(Code::bad_signature,
                        "this organisation has new keys: make yours again, hamroh user key make");
  }
  const auto good = check_votes({identity_.network, identity_.member}, own_author_key(*author_),
                                decision, std::span(&vote, 1));
  if (!good) {
    return caller_error(good.error().code, good.error().text);
  }
  if (proposal.kind == EventKind::fund_approve) {
    HAMROH_TRY(check_day_limit(task, proposal, record, actor.user, turn));
  }
  std::erase_if(proposal.votes,
                [&](const Vote& old) { return old.certificate.user == actor.user; });
  if (proposal.votes.size() == limits::votes_max) {
    return caller_error(Code::full, "a decision has at most 32 votes");
  }
  proposal.votes.push_back(vote);
  const std::vector<Vote> votes = counting_votes(proposal);
  Counted counted{votes.size(), needed, {}};
  if (counted.votes >= counted.needed.value_or(1)) {
    // First, because it is the only thing that may still be refused.
    Particulars said = proposal.said;
    said.ballot = Ballot{proposal.subject, votes};
    HAMROH_ASSIGN(counted.sent, submit({message, task.case_id, proposal.kind, {}, encode(said), {}},
                                       actor, turn));
    task.state = TaskState::agreed;
    task.second = actor.user;
    task.decided = turn.now;
  }
  HAMROH_TRY(withdraw_other_votes(task, proposal, actor.user, turn));
  task.proposal = proposal.encode();
  HAMROH_TRY(keep_task(task, turn));
  HAMROH_TRY(enter_access(EntryKind::voted, actor, task.case_id, {}, task.reason, turn));
  return counted;
}

}  // namespace hamroh
