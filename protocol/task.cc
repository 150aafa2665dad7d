#include "protocol/task.h"

namespace hamroh {
namespace {

constexpr std::uint8_t row_version = 1;
constexpr std::uint8_t decision_row_version = 2;  // nobody who knows no decisions reads it
constexpr auto kind_last = static_cast<std::uint8_t>(TaskKind::consent_exception);

}  // namespace

const char* task_kind_name(TaskKind kind) {
  switch (kind) {
    case TaskKind::see_sealed_tier:
      return "see_sealed_tier";
    case TaskKind::export_case:
      return "export_case";
    case TaskKind::break_glass:
      return "break_glass";
    case TaskKind::unusual_reading:
      return "unusual_reading";
    case TaskKind::decision:
      return "decision";
    case TaskKind::consent_exception:
      return "consent_exception";
  }
  return "unknown";
}

Operation operation_for(TaskKind kind) {
  switch (kind) {
    case TaskKind::see_sealed_tier:
      return Operation::see_sealed_tier;
    case TaskKind::export_case:
      return Operation::export_case;
    case TaskKind::decision:
      return Operation::sign_vote;
    case TaskKind::consent_exception:
      return Operation::refer;
    case TaskKind::break_glass:
    case TaskKind::unusual_reading:
      break;
  }
  return Operation::break_glass;
}

const char* task_state_name(TaskState state) {
  switch (state) {
    case TaskState::open:
      return "open";
    case TaskState::agreed:
      return "agreed";
    case TaskState::refused:
      return "refused";
  }
  return "unknown";
}

Bytes Task::encode() const {
  CHECK(reason.size() <= reason_bytes_max);
  const bool decides = kind == TaskKind::decision;
  Bytes out{decides ? decision_row_version : row_version, static_cast<std::uint8_t>(kind),
            static_cast<std::uint8_t>(state)};
  append(out, case_id.view());
  append(out, user.view());
  put_u8(out, static_cast<std::uint8_t>(role));
  put_u64(out, created.ms);
  append(out, second.view());
  put_u64(out, decided.ms);
  put_u16(out, static_cast<std::uint16_t>(reason.size()));
  append(out, view(reason));
  if (decides) {
    put_u16(out, static_cast<std::uint16_t>(proposal.size()));
    append(out, proposal);
  }
  return out;
}

Result<Task> Task::parse(const TaskId& id, ByteView bytes) {
  ByteReader reader(bytes);
  Task task;
  task.id = id;
  const std::uint8_t version = reader.u8();
  const std::uint8_t kind = reader.u8();
  const std::uint8_t state = reader.u8();
  task.case_id = reader.fixed<CaseId>();
  task.user = reader.fixed<UserId>();
  task.role = static_cast<Role>(reader.u8());
  task.created = {reader.u64()};
  task.second = reader.fixed<UserId>();
  task.decided = {reader.u64()};
  const std::uint16_t length = reader.u16();
  task.reason = std::string(text(reader.take(length)));
  const bool decides = kind == static_cast<std::uint8_t>(TaskKind::decision);
  if (decides) {
    const ByteView proposal = reader.take(reader.u16());
    task.proposal.assign(proposal.begin(), proposal.end());
  }
  if (version != (decides ? decision_row_version : row_version) || !reader.finished() || kind < 1 ||
      kind > kind_last || state < 1 || state > 3 || length > reason_bytes_max) {
    return environment_error(Code::store_corrupt, "a task does not parse");
  }
  task.kind = static_cast<TaskKind>(kind);
  task.state = static_cast<TaskState>(state);
  return task;
}

}  // namespace hamroh
