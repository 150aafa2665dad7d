// People of this organisation: who may see which case, what is on record of it, and what needs a
// second person.

#include <utility>

#include "protocol/node.h"
#include "protocol/text.h"

namespace hamroh {
namespace {

tl::unexpected<Error> not_yours() {
  return caller_error(Code::not_permitted,
                      "this case is not given to you: ask your supervisor, or break the glass");
}

std::size_t usual_pace(const Actor& actor) {
  return actor.role == Role::integration ? tuning::cases_opened_per_hour_by_program
                                         : tuning::cases_opened_per_hour;
}

Task new_task(TaskKind kind, const CaseId& id, const std::string& reason, const Actor& actor,
              Turn& turn) {
  Task task;
  task.id = turn.entropy.draw<TaskId>();
  task.kind = kind;
  task.case_id = id;
  task.user = actor.user;
  task.role = actor.role;
  task.created = turn.now;
  task.reason = reason;
  return task;
}

}  // namespace

// ---- who sees what ------------------------------------------------------------------------------

void Node::know_user(const UserId& user, UserFacts facts) {
  CHECK(users_.size() < limits::users_max || users_.contains(user));
  users_[user] = std::move(facts);
}

// A case that was given to users who have all left, or see no cases any more, is given to nobody.
bool Node::is_given_to_somebody(const CaseRecord& record) const {
  return std::ranges::any_of(record.assigned, [&](const UserId& user) {
    const auto known = users_.find(user);
    return known != users_.end() && known->second.active &&
           rights_of(known->second.role).has(Operation::see_cases);
  });
}

bool Node::sees(const Actor& actor, const CaseId& id, const CaseRecord& record,
                const Turn& turn) const {
  if (!actor.may(Operation::see_cases)) {
    return false;
  }
  if (actor.role == Role::integration) {
    // A program without teams acts for the whole organisation.
    return actor.teams.empty() || actor.in_team(record.team);
  }
  if (std::ranges::binary_search(record.assigned, actor.user)) {
    return true;
  }
  const bool of_team = actor.in_team(record.team);
  return (of_team && (actor.role == Role::supervisor || !is_given_to_somebody(record))) ||
         has_broken_glass(actor.user, id, turn);
}

bool Node::has_broken_glass(const UserId& user, const CaseId& id, const Turn& turn) const {
  const auto broken = broken_glass_.find({user, id});
  return broken != broken_glass_.end() && turn.monotonic < broken->second;
}

Result<CaseRecord> Node::seen_case(const CaseId& id, const Actor& actor, Turn& turn) const {
  HAMROH_ASSIGN(std::optional<CaseRecord> record, read_case(id, turn));
  if (!record) {
    HAMROH_ASSIGN(const bool erased, was_erased(id, turn));
    return erased ? caller_error(Code::erased, "this case was erased here")
                  : caller_error(Code::not_found, "there is no such case here");
  }
  if (!sees(actor, id, *record, turn)) {
    return not_yours();
  }
  return std::move(*record);
}

// What was refused may belong to no case: whoever answers for the work as a whole sees that.
Status Node::check_message_seen(const MessageRecord& message, const Actor& actor,
                                Turn& turn) const {
  HAMROH_ASSIGN(const std::optional<CaseRecord> record, read_case(message.case_id, turn));
  const bool whole = actor.may(Operation::see_cases) &&
                     (actor.role == Role::supervisor || actor.role == Role::integration);
  const bool seen = record ? sees(actor, message.case_id, *record, turn) : whole;
  return seen ? Status() : not_yours();
}

Result<bool> Node::may_see_event(const Event& event, const Actor& actor, Turn& turn) const {
  if (actor.hears_everything()) {
    return true;
  }
  if (event.message.is_zero()) {
    return false;
  }
  HAMROH_ASSIGN(const auto message, read_message(event.author, event.message, turn));
  if (!message) {
    return false;
  }
  HAMROH_ASSIGN(const auto record, read_case(message->case_id, turn));
  return record && sees(actor, message->case_id, *record, turn);
}

Status Node::load_pseudonyms(Turn& turn) {
  HAMROH_ASSIGN(std::optional<Bytes> key, turn.store.get(Table::reader_secret, row::pseudonyms));
  if (!key) {
    key.emplace(32);
    turn.entropy.fill(*key);
    HAMROH_TRY(turn.store.put(Table::reader_secret, row::pseudonyms, *key));
  }
  if (key->size() != 32) {
    return environment_error(Code::store_corrupt, "the key of pseudonyms is damaged");
  }
  pseudonyms_.emplace(ByteView(*key).first<32>());
  crypto::wipe(*key);
  return {};
}

// ---- reading is on record -----------------------------------------------------------------------

Status Node::admit_reading(const CaseId& id, const Actor& actor, Turn& turn) {
  HAMROH_TRY(seen_case(id, actor, turn));
  Pace& pace = paces_[actor.user];
  const Duration now = turn.monotonic;
  std::erase_if(pace.opened,
                [&](const auto& entry) { return now.ms > entry.second.ms + hours(1).ms; });
  if (pace.opened.contains(id)) {
    return {};
  }
  const bool fast = pace.opened.size() >= usual_pace(actor);
  if (fast && now.ms < pace.last.ms + tuning::reading_pause.ms) {
    return caller_error(Code::too_early,
                        "you have opened unusually many cases: one a minute for now, and your "
                        "supervisor sees it");
  }
  pace.opened.emplace(id, now);
  pace.last = now;
  return {};
}

Status Node::enter_reading(const CaseId& id, const Actor& actor, Turn& turn) {
  Pace& pace = paces_[actor.user];
  const Duration now = turn.monotonic;
  std::erase_if(pace.entered, [&](const auto& entry) {
    return now.ms > entry.second.ms + tuning::reading_repeats.ms;
  });
  if (pace.entered.contains(id)) {
    return {};
  }
  pace.entered.emplace(id, now);
  HAMROH_TRY(enter_access(EntryKind::read, actor, id, {}, {}, turn));
  const bool many = pace.opened.size() >= usual_pace(actor);
  if (!many || (pace.reported && now.ms < pace.reported->ms + hours(1).ms)) {
    return {};
  }
  pace.reported = now;
  const Task task = new_task(TaskKind::unusual_reading, {}, {}, actor, turn);
  HAMROH_TRY(keep_task(task, turn));
  return enter_access(EntryKind::unusual_reading, actor, {}, {}, {}, turn);
}

Status Node::enter_access(EntryKind kind, const Actor& actor, const CaseId& id, const UserId& other,
                          const std::string& words, Turn& turn) {
  AccessRecord record;
  record.kind = kind;
  record.salt = turn.entropy.draw<Salt>();
  record.user = actor.user;
  record.role = actor.role;
  record.case_id = id;
  record.other = other;
  record.words = words;
  record.time = turn.now;
  const std::uint64_t index =
      append_entry(kind, Code::none, record.commitment(), Digest{}, {}, turn);
  if (locked()) {
    return {};
  }
  return keep_for_case(Table::access, AccessRecord::key(id, index), id, record.encode(), turn);
}

Result<std::vector<AccessRecord>> Node::accesses(const CaseId& id, const Actor& actor,
                                                 Turn& turn) const {
  if (!actor.may(Operation::see_accesses)) {
    return caller_error(Code::not_permitted, "only supervisors and auditors see who saw a case");
  }
  if (actor.role != Role::auditor) {
    HAMROH_TRY(seen_case(id, actor, turn));
  }
  std::vector<std::pair<Bytes, Bytes>> rows;
  HAMROH_TRY(turn.store.scan(
      Table::access, AccessRecord::key(id, 0), AccessRecord::key(id, UINT64_MAX),
      Transaction::Order::descending, [&](ByteView key, ByteView value) {
        rows.emplace_back(Bytes(key.begin(), key.end()), Bytes(value.begin(), value.end()));
        return rows.size() < limits::vector_items_max;
      }));
  std::vector<AccessRecord> found;
  for (auto& [key, value] : rows) {
    HAMROH_ASSIGN(const auto opened, open_for_case(Table::access, key, std::move(value), turn));
    if (opened) {
      HAMROH_ASSIGN(AccessRecord record, AccessRecord::parse(*opened));
      found.push_back(std::move(record));
    }
  }
  return found;
}

// ---- to whom a case is given --------------------------------------------------------------------

Status Node::take_case(const CaseId& id, const Actor& actor, Turn& turn) {
  if (!actor.may(Operation::take_case)) {
    return caller_error(Code::not_permitted, "your role takes no cases");
  }
  HAMROH_ASSIGN(CaseRecord record, seen_case(id, actor, turn));
  if (std::ranges::binary_search(record.assigned, actor.user)) {
    return {};
  }
  if (is_given_to_somebody(record)) {
    return caller_error(Code::conflict, "this case is given to somebody: ask your supervisor");
  }
  record.assigned.clear();
  record.assign(actor.user);
  HAMROH_TRY(keep_case(id, record.encode(), turn));
  return enter_access(EntryKind::assigned, actor, id, actor.user, record.team, turn);
}

Result<CaseRecord> Node::case_to_give(const CaseId& id, const Actor& actor, Turn& turn) const {
  if (!actor.may(Operation::assign_case)) {
    return caller_error(Code::not_permitted, "only a supervisor gives cases to others");
  }
  HAMROH_ASSIGN(CaseRecord record, seen_case(id, actor, turn));
  if (!actor.in_team(record.team)) {
    return caller_error(Code::not_permitted, "this case belongs to another team");
  }
  return record;
}

Status Node::check_may_erase(const CaseId& id, const Actor& actor, Turn& turn) const {
  if (!actor.may(Operation::erase_case)) {
    return caller_error(Code::not_permitted, "only a supervisor erases cases");
  }
  HAMROH_ASSIGN(const std::optional<CaseRecord> record, read_case(id, turn));
  return !record || actor.in_team(record->team)
             ? Status()
             : caller_error(Code::not_permitted, "this case belongs to another team");
}

Status Node::assign_case(const CaseId& id, const Assignment& assignment, const Actor& actor,
                         Turn& turn) {
  HAMROH_ASSIGN(CaseRecord record, case_to_give(id, actor, turn));
  if (assignment.team && !is_team_name(*assignment.team)) {
    return caller_error(Code::invalid_argument, "a team is named by 1 to 32 of a-z, 0-9 and -");
  }
  record.team = assignment.team.value_or(record.team);
  std::erase_if(record.assigned, [&](const UserId& user) {
    return std::ranges::find(assignment.withdraw, user) != assignment.withdraw.end();
  });
  for (const UserId& user : assignment.give) {
    const auto known = users_.find(user);
    if (known == users_.end() || !known->second.active) {
      return caller_error(Code::not_found, "a user is not known here, or is disabled");
    }
    const Role role = known->second.role;
    if (role == Role::integration || !rights_of(role).has(Operation::see_cases)) {
      return caller_error(Code::not_permitted, "a user's role sees no cases");
    }
    record.assign(user);
    if (!std::ranges::binary_search(record.assigned, user)) {
      return caller_error(Code::full, "the case is given to as many users as may be");
    }
  }
  HAMROH_TRY(keep_case(id, record.encode(), turn));
  for (const UserId& user : assignment.give) {
    HAMROH_TRY(enter_access(EntryKind::assigned, actor, id, user, record.team, turn));
  }
  for (const UserId& user : assignment.withdraw) {
    HAMROH_TRY(enter_access(EntryKind::assigned, actor, id, user, "withdrawn", turn));
  }
  return assignment.team ? enter_access(EntryKind::assigned, actor, id, {}, record.team, turn)
                         : Status();
}

// ---- second persons -----------------------------------------------------------------------------

Status Node::keep_task(const Task& task, Turn& turn) const {
  return keep_for_case(Table::task, task.id.view(), task.case_id, task.encode(), turn);
}

Result<std::vector<Task>> Node::all_tasks(Turn& turn) const {
  std::vector<std::pair<Bytes, Bytes>> rows;
  HAMROH_TRY(turn.store.scan(Table::task, TaskId{}.view(), {}, Transaction::Order::ascending,
                             [&](ByteView key, ByteView value) {
                               rows.emplace_back(Bytes(key.begin(), key.end()),
                                                 Bytes(value.begin(), value.end()));
                               return true;
                             }));
  std::vector<Task> found;
  for (auto& [key, value] : rows) {
    const auto id = TaskId::from(key);
    if (!id) {
      return environment_error(Code::store_corrupt, "a task has a wrong key");
    }
    HAMROH_ASSIGN(const auto opened, open_for_case(Table::task, key, std::move(value), turn));
    if (opened) {
      HAMROH_ASSIGN(Task task, Task::parse(*id, *opened));
      found.push_back(std::move(task));
    }
  }
  std::ranges::sort(found, [](const Task& a, const Task& b) {
    return std::pair(b.created, b.id) < std::pair(a.created, a.id);
  });
  return found;
}

// Forgets what was decided long ago, if it must.
Status Node::make_room_for_task(Turn& turn) {
  HAMROH_ASSIGN(const std::vector<Task> tasks, all_tasks(turn));
  std::size_t left = tasks.size();
  for (const Task& old : tasks) {
    const bool over = old.state != TaskState::open && trusted_now(turn) > old.decided + days(90);
    if (over && left >= limits::tasks_max) {
      HAMROH_TRY(turn.store.erase(Table::task, old.id.view()));
      --left;
    }
  }
  if (left >= limits::tasks_max) {
    return caller_error(Code::full, "too many questions wait for a second person");
  }
  return {};
}

Result<TaskId> Node::ask(TaskKind kind, const CaseId& id, const std::string& reason,
                         const Actor& actor, Turn& turn) {
  if (kind == TaskKind::unusual_reading || kind == TaskKind::decision ||
      kind == TaskKind::consent_exception || !actor.may(operation_for(kind))) {
    return caller_error(Code::not_permitted, "your role may not ask for that");
  }
  if (reason.empty() || reason.size() > Task::reason_bytes_max || !is_plain_text(reason)) {
    return caller_error(Code::invalid_argument, "a reason is one line of 1 to 512 bytes");
  }
  HAMROH_ASSIGN(const std::optional<CaseRecord> record, read_case(id, turn));
  if (!record) {
    return caller_error(Code::not_found, "there is no such case here");
  }
  const bool breaks = kind == TaskKind::break_glass;
  if (!breaks && !sees(actor, id, *record, turn)) {
    return not_yours();
  }
  HAMROH_TRY(make_room_for_task(turn));
  const Task task = new_task(kind, id, reason, actor, turn);
  HAMROH_TRY(keep_task(task, turn));
  if (breaks) {
    std::erase_if(broken_glass_,
                  [&](const auto& entry) { return entry.second.ms < turn.monotonic.ms; });
    if (broken_glass_.size() >= limits::broken_glass_max) {
      return caller_error(Code::full, "too many cases stand open by broken glass");
    }
    HAMROH_TRY(enter_access(EntryKind::break_glass, actor, id, {}, reason, turn));
    broken_glass_[{actor.user, id}] = {turn.monotonic.ms + tuning::broken_glass_lasts.ms};
  }
  return task.id;
}

bool Node::may_decide(const Task& task, const Actor& actor,
                      const std::optional<CaseRecord>& record) const {
  if (task.kind == TaskKind::decision || task.user == actor.user ||
      !actor.may(task.is_review() ? Operation::review : Operation::agree)) {
    return false;
  }
  if (actor.role == Role::auditor) {
    return true;
  }
  if (record) {
    return actor.in_team(record->team);
  }
  const auto user = users_.find(task.user);  // unusual reading: whoever supervises her
  return user != users_.end() && std::ranges::any_of(user->second.teams, [&](const auto& team) {
           return actor.in_team(team);
         });
}

Status Node::decide_task(const TaskId& id, bool agrees, const Actor& actor, Turn& turn) {
  HAMROH_ASSIGN(std::optional<Bytes> row, turn.store.get(Table::task, id.view()));
  if (row) {
    HAMROH_ASSIGN(row, open_for_case(Table::task, id.view(), std::move(*row), turn));
  }
  if (!row) {
    return caller_error(Code::not_found, "there is no such question here");
  }
  HAMROH_ASSIGN(Task task, Task::parse(id, *row));
  HAMROH_ASSIGN(const std::optional<CaseRecord> record, read_case(task.case_id, turn));
  if (task.kind == TaskKind::decision) {
    return caller_error(Code::invalid_argument, "this waits for votes: hamroh vote CASE");
  }
  if (task.user == actor.user) {
    return caller_error(Code::second_person, "somebody else than who asked has to decide");
  }
  if (!may_decide(task, actor, record)) {
    return caller_error(Code::not_permitted, "this is for another supervisor to decide");
  }
  if (task.state != TaskState::open) {
    return caller_error(Code::conflict, "this has been decided before");
  }
  task.state = agrees ? TaskState::agreed : TaskState::refused;
  task.second = actor.user;
  task.decided = turn.now;
  HAMROH_TRY(keep_task(task, turn));
  if (task.kind == TaskKind::break_glass && !agrees) {
    broken_glass_.erase({task.user, task.case_id});
  }
  if (task.kind == TaskKind::consent_exception && agrees && record) {
    CaseRecord changed = *record;
    HAMROH_TRY(disclose_in_case(task.case_id, changed, turn));
  }
  return enter_access(EntryKind::reviewed, actor, task.case_id, task.user,
                      std::string(task_kind_name(task.kind)) + ": " + task_state_name(task.state),
                      turn);
}

Result<std::vector<Task>> Node::tasks(const Actor& actor, Turn& turn) const {
  HAMROH_ASSIGN(std::vector<Task> tasks, all_tasks(turn));
  std::vector<Task> shown;
  for (Task& task : tasks) {
    HAMROH_ASSIGN(const std::optional<CaseRecord> record, read_case(task.case_id, turn));
    const bool votes = task.kind == TaskKind::decision && record &&
                       actor.may(Operation::sign_vote) && sees(actor, task.case_id, *record, turn);
    if (task.user == actor.user || votes || may_decide(task, actor, record)) {
      shown.push_back(std::move(task));
    }
    if (shown.size() == limits::vector_items_max) {
      break;
    }
  }
  return shown;
}

Result<bool> Node::has_agreement(TaskKind kind, const CaseId& id, const Actor& actor,
                                 Turn& turn) const {
  HAMROH_ASSIGN(const std::vector<Task> tasks, all_tasks(turn));
  const Timestamp now = trusted_now(turn);
  return std::ranges::any_of(tasks, [&](const Task& task) {
    return task.kind == kind && task.case_id == id && task.user == actor.user &&
           task.state == TaskState::agreed && now < task.decided + tuning::agreement_lasts;
  });
}

// ---- the export -----------------------------------------------------------------------------

Result<Node::ExportedCase> Node::export_case(const CaseId& id, std::size_t from, const Actor& actor,
                                             Turn& turn) const {
  if (!actor.may(Operation::export_case)) {
    return caller_error(Code::not_permitted, "your role exports no cases");
  }
  HAMROH_ASSIGN(const bool agreed, has_agreement(TaskKind::export_case, id, actor, turn));
  if (!agreed) {
    return caller_error(Code::second_person, "a supervisor has to agree to the export first");
  }
  HAMROH_ASSIGN(const bool sealed_tier, has_agreement(TaskKind::see_sealed_tier, id, actor, turn));
  ExportedCase exported;
  HAMROH_ASSIGN(exported.shown, case_view(id, actor, turn));
  std::size_t bytes = 0;
  for (exported.next = from; exported.next < exported.shown.events.size(); ++exported.next) {
    const MessageView& event = exported.shown.events[exported.next];
    HAMROH_ASSIGN(const auto record, read_message(event.author, event.message, turn));
    if (!record || !record->body) {
      return environment_error(Code::store_corrupt, "an event of the case has no body");
    }
    HAMROH_ASSIGN(const Inner inner, read_inner(*record, turn));
    HAMROH_ASSIGN(StoredBody body, shown_body(inner, record->digest, sealed_tier, turn));
    bytes += body.body.size();
    if (bytes > limits::export_bytes_max) {
      break;
    }
    exported.bodies.push_back(std::move(body));
  }
  return exported;
}

Status Node::enter_export(const CaseId& id, const Actor& actor, Turn& turn) {
  return enter_access(EntryKind::exported, actor, id, {}, {}, turn);
}

}  // namespace hamroh
