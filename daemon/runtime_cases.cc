// Cases, to whom of the organisation they are shown, and what needs a second person.

#include "daemon/log.h"
#include "daemon/runtime_state.h"
#include "protocol/wire_form.h"

namespace hamroh {

Result<Answer> Runtime::State::reply_to(const api::ListCases& ask, Turn& turn) {
  HAMROH_ASSIGN(Node::CasePage page,
                keeper.node().cases(ask.before, ask.limit, ask.awaiting_decision, actor, turn));
  std::set<UserId> users;
  for (const CaseView& shown : page.cases) {
    users.insert(shown.assigned.begin(), shown.assigned.end());
  }
  return api::Cases{std::move(page.cases), page.next, names_of(users)};
}

Result<Answer> Runtime::State::reply_to(const api::GetCase& ask, Turn& turn) {
  HAMROH_TRY(keeper.node().admit_reading(ask.case_id, actor, turn));
  HAMROH_ASSIGN(CaseView shown, keeper.node().case_view(ask.case_id, actor, turn));
  opened_case = ask.case_id;
  api::Names names = names_in(shown);
  return api::Case{std::move(shown), std::move(names)};
}

Result<Answer> Runtime::State::reply_to(const api::GetBody& ask, Turn& turn) {
  HAMROH_ASSIGN(Node::StoredBody body, keeper.node().body(ask.author, ask.message, actor, turn));
  HAMROH_TRY(keeper.node().admit_reading(body.case_id, actor, turn));
  opened_case = body.case_id;
  return api::Body{body.kind, std::move(body.body), body.withheld};
}

Result<Answer> Runtime::State::reply_to(const api::TakeCase& ask, Turn& turn) {
  HAMROH_TRY(keeper.node().take_case(ask.case_id, actor, turn));
  return api::Done{};
}

Result<Answer> Runtime::State::reply_to(const api::AssignCase& ask, Turn& turn) {
  const Assignment assignment{ask.team.empty() ? std::nullopt : std::optional(ask.team), ask.give,
                              ask.withdraw};
  HAMROH_TRY(keeper.node().assign_case(ask.case_id, assignment, actor, turn));
  return api::Done{};
}

Result<Answer> Runtime::State::reply_to(const api::AskSecond& ask, Turn& turn) {
  HAMROH_ASSIGN(const TaskId task,
                keeper.node().ask(ask.kind, ask.case_id, ask.reason, actor, turn));
  if (ask.kind == TaskKind::break_glass) {
    log::warn("glass.broken", {log::id("case", ask.case_id), log::id("user", actor.user)});
  }
  return api::Asked{task};
}

Result<Answer> Runtime::State::reply_to(const api::DecideTask& ask, Turn& turn) {
  HAMROH_TRY(keeper.node().decide_task(ask.task, ask.agrees, actor, turn));
  return api::Done{};
}

Result<Answer> Runtime::State::reply_to(const api::ListTasks&, Turn& turn) {
  HAMROH_ASSIGN(std::vector<Task> tasks, keeper.node().tasks(actor, turn));
  std::set<UserId> users;
  for (const Task& task : tasks) {
    users.insert({task.user, task.second});
    if (task.kind == TaskKind::decision) {
      HAMROH_ASSIGN(const Proposal proposal, Proposal::parse(task.proposal));
      for (const Vote& vote : proposal.votes) {
        users.insert(vote.certificate.user);
      }
    }
  }
  return api::Tasks{std::move(tasks), names_of(users)};
}

Result<Answer> Runtime::State::reply_to(const api::GetAccesses& ask, Turn& turn) {
  HAMROH_ASSIGN(std::vector<AccessRecord> found, keeper.node().accesses(ask.case_id, actor, turn));
  std::set<UserId> users;
  for (const AccessRecord& access : found) {
    users.insert({access.user, access.other});
  }
  return api::Accesses{std::move(found), names_of(users)};
}

Result<Answer> Runtime::State::reply_to(const api::ExportCase& ask, Turn& turn) {
  HAMROH_TRY(keeper.node().admit_reading(ask.case_id, actor, turn));
  HAMROH_ASSIGN(Node::ExportedCase found,
                keeper.node().export_case(ask.case_id, ask.from, actor, turn));
  opened_case = ask.case_id;
  exported = ask.from == 0;
  api::Exported reply;
  reply.names = names_in(found.shown);
  reply.shown = std::move(found.shown);
  for (Node::StoredBody& body : found.bodies) {
    reply.bodies.push_back({body.kind, std::move(body.body), body.withheld});
  }
  reply.next = found.next;
  return reply;
}

Result<Answer> Runtime::State::reply_to(const api::FindMessages& ask, Turn& turn) {
  HAMROH_ASSIGN(auto found, keeper.node().find_messages(ask.beginning, api::limits::page_items_max,
                                                        actor, turn));
  return api::Found{std::move(found)};
}

// ---- decisions by votes -------------------------------------------------------------------------

Result<Answer> Runtime::State::reply_to(const api::ProposeDecision& ask, Turn& turn) {
  HAMROH_ASSIGN(const Node::Proposed made,
                keeper.node().propose_decision(ask.case_id, ask.kind, ask.body, actor, turn));
  return api::Proposed{made.task, made.decision, made.votes, made.needed.value_or(0)};
}

Result<Answer> Runtime::State::reply_to(const api::GetStatusFile& ask, Turn& turn) {
  HAMROH_TRY(keeper.node().admit_reading(ask.case_id, actor, turn));
  HAMROH_ASSIGN(const StatusFile file,
                keeper.node().status_file(ask.case_id, ask.commitment, actor, turn));
  opened_case = ask.case_id;
  return api::Body{EventKind::status_disclose, encode(file), false};
}

Result<Answer> Runtime::State::reply_to(const api::CastVote& ask, Turn& turn) {
  HAMROH_ASSIGN(const Node::Counted counted,
                keeper.node().cast_vote(ask.task, {ask.certificate, ask.signature}, actor, turn));
  log::info("vote.cast", {log::id("task", ask.task), log::id("user", actor.user)});
  api::Counted reply{counted.votes, counted.needed.value_or(0), {}};
  if (counted.sent) {
    reply.sent =
        api::Accepted{counted.sent->message, counted.sent->case_id, counted.sent->duplicate};
  }
  return reply;
}

// ---- who can take a person ----------------------------------------------------------------------

Result<Answer> Runtime::State::reply_to(const api::PublishServices& ask, Turn& turn) {
  const auto statement = parse_services(ask.statement);
  if (!statement) {
    return caller_error(Code::invalid_form, "the statement of services is not valid");
  }
  HAMROH_ASSIGN(const PublishedServices published,
                keeper.node().publish_services(*statement, actor, turn));
  log::info("services.published", {log::id("user", actor.user)});
  return api::Published{published.serial, published.members};
}

Result<Answer> Runtime::State::reply_to(const api::ListServices& ask, Turn& turn) {
  HAMROH_ASSIGN(Node::ServicesPage page, keeper.node().services(ask.after, ask.limit, turn));
  api::Services reply;
  for (KnownServices& one : page.known) {
    reply.known.push_back({one.member, one.received, std::move(one.statement)});
  }
  reply.next = page.next;
  return reply;
}

// ---- what is due --------------------------------------------------------------------------------

Result<Answer> Runtime::State::reply_to(const api::ListDue& ask, Turn& turn) {
  const auto after =
      ask.after ? std::optional(DueKey{ask.after->time, ask.after->case_id}) : std::nullopt;
  HAMROH_ASSIGN(Node::DuePage page, keeper.node().due(after, ask.limit, actor, turn));
  api::Due reply;
  for (Node::DueCase& one : page.cases) {
    one.clocks.resize(std::min(one.clocks.size(), api::limits::clocks_max));
    reply.cases.push_back({one.id, std::move(one.clocks)});
  }
  if (page.next) {
    reply.next = api::DuePlace{page.next->time, page.next->id};
  }
  return reply;
}

Result<Answer> Runtime::State::reply_to(const api::ListEscalations& ask, Turn& turn) {
  HAMROH_ASSIGN(Node::EscalationPage page, keeper.node().escalations(ask.before, ask.limit, turn));
  api::Escalations reply;
  for (auto& [index, record] : page.known) {
    reply.known.push_back({index, record.member, record.received, std::move(record.body)});
  }
  reply.next = page.next;
  return reply;
}

// ---- what a relief fund came to -----------------------------------------------------------------

Result<Answer> Runtime::State::reply_to(const api::CountFund& ask, Turn& turn) {
  FundCount& count = fund_counts[actor.user];
  if (count.period != ask.period) {
    count = FundCount{};
    count.period = ask.period;
  }
  const Status counted = keeper.node().count_fund(count, actor, turn);
  if (!counted) {
    fund_counts.erase(actor.user);
    return tl::unexpected(counted.error());
  }
  api::FundCounted reply{count.done,       count.cases,  count.damaged,
                         count.unreadable, count.erased, {}};
  if (count.done) {
    reply.totals = std::move(count.totals);
    fund_counts.erase(actor.user);
  }
  return reply;
}

// ---- what was read is on record before it is shown --------------------------------------------

void Runtime::State::enter_readings(std::vector<Reading> readings) {
  Status entered;
  if (options.read_only) {
    note_readings(readings);
  } else if (!readings.empty()) {
    auto transaction = keeper.store().begin();
    Effects effects;
    if (transaction) {
      Turn turn{wall_now(), monotonic_now(), **transaction, keeper.entropy(), effects};
      for (const Reading& reading : readings) {
        if (entered) {
          entered = reading.exported
                        ? keeper.node().enter_export(reading.case_id, reading.actor, turn)
                        : keeper.node().enter_reading(reading.case_id, reading.actor, turn);
        }
      }
      entered = entered ? keeper.node().finish(turn) : entered;
      entered = entered ? (*transaction)->commit() : entered;
      transaction->reset();
    } else {
      entered = tl::unexpected(transaction.error());
    }
    if (entered) {
      // Commit point: who has read what is on record, and may be shown it.
      perform(std::move(effects));
    }
  }
  for (Reading& reading : readings) {
    if (!entered) {
      reading.reply.answer = failure(entered.error());
    }
    replies.emplace_back(std::move(reading.client), std::move(reading.reply));
  }
  if (!entered) {
    fall(entered.error());
  }
}

// A store that is only looked at takes no entries: whoever reads there stands in the log.
void Runtime::State::note_readings(const std::vector<Reading>& readings) const {
  for (const Reading& reading : readings) {
    log::warn("case.read", {log::id("case", reading.case_id), log::id("user", reading.actor.user)});
  }
}

// ---- names and events --------------------------------------------------------------------------

api::Names Runtime::State::names_of(const std::set<UserId>& users) const {
  api::Names names;
  for (const UserId& user : users) {
    const auto known = keeper.node().users().find(user);
    if (known != keeper.node().users().end() && names.size() < api::limits::names_max) {
      names.emplace_back(user, known->second.name);
    }
  }
  return names;
}

api::Names Runtime::State::names_in(const CaseView& shown) const {
  std::set<UserId> users(shown.assigned.begin(), shown.assigned.end());
  for (const MessageView& event : shown.events) {
    users.insert(event.user);
  }
  return names_of(users);
}

Result<std::vector<Event>> Runtime::State::seen_events(const WaitingPoll& poll,
                                                       std::vector<Event> events) {
  if (poll.actor.hears_everything()) {
    return events;
  }
  HAMROH_ASSIGN(auto transaction, keeper.store().begin());
  Effects effects;
  Turn turn{wall_now(), monotonic_now(), *transaction, keeper.entropy(), effects};
  std::vector<Event> seen;
  for (Event& event : events) {
    HAMROH_ASSIGN(const bool may, keeper.node().may_see_event(event, poll.actor, turn));
    if (may) {
      seen.push_back(std::move(event));
    }
  }
  return seen;
}

}  // namespace hamroh
