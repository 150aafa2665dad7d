// What needs a second person: agreements to see the sealed tier or to export a case, and looks at
// break-glass and unusual reading after the fact. Table::task, key task id[16]:
//   version u8 (1) ‖ kind u8 ‖ state u8 ‖ case[16] ‖ user[16] ‖ role u8 ‖ created u64 ‖
//   second[16] ‖ decided u64 ‖ length u16 ‖ reason
// and of a decision, in version 2: ‖ length u16 ‖ proposal (ballot.h)
#pragma once

#include <string>

#include "protocol/rights.h"

namespace hamroh {

enum class TaskKind : std::uint8_t {
  see_sealed_tier = 1,
  export_case = 2,
  break_glass = 3,      // done already: to be reviewed
  unusual_reading = 4,  // the same
  decision = 5,         // on a status: waits for the votes of commissioners
  // Sent without a consent, under a coded exception: until a second person agrees, no more than
  // triage follows, but in an emergency.
  consent_exception = 6,
};
[[nodiscard]] const char* task_kind_name(TaskKind kind);  // "see_sealed_tier"
// What a user needs the right to, to ask for it, or to do it.
[[nodiscard]] Operation operation_for(TaskKind kind);

enum class TaskState : std::uint8_t { open = 1, agreed = 2, refused = 3 };
[[nodiscard]] const char* task_state_name(TaskState state);

struct Task {
  static constexpr std::size_t reason_bytes_max = 512;

  TaskId id;
  TaskKind kind{};
  TaskState state = TaskState::open;
  CaseId case_id;  // zero with unusual_reading
  UserId user;     // who asked, or did it
  Role role{};
  Timestamp created;
  UserId second;  // who decided; zero while open
  Timestamp decided;
  std::string reason;   // UTF-8 without control characters
  Bytes proposal = {};  // of a decision
  bool operator==(const Task&) const = default;

  // What is done first and looked at afterwards.
  [[nodiscard]] bool is_review() const {
    return kind == TaskKind::break_glass || kind == TaskKind::unusual_reading ||
           kind == TaskKind::consent_exception;
  }
  [[nodiscard]] Bytes encode() const;
  // Errors (environment): store_corrupt.
  [[nodiscard]] static Result<Task> parse(const TaskId& id, ByteView bytes);
};

}  // namespace hamroh
