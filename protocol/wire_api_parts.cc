#include "protocol/wire_api_parts.h"

#include "protocol/constants.h"
#include "protocol/text.h"

namespace hamroh::api {

tl::unexpected<Error> malformed_part() {
  return peer_error(Code::malformed, "a part of the local API does not parse");
}

void put_short(Bytes& out, std::string_view text) {
  put_u8(out, static_cast<std::uint8_t>(text.size()));
  append(out, view(text));
}

namespace {

void put_users(Bytes& out, const std::vector<UserId>& users) {
  put_u8(out, static_cast<std::uint8_t>(users.size()));
  for (const UserId& user : users) {
    append(out, user.view());
  }
}

bool take_users(ByteReader& reader, std::vector<UserId>& users) {
  const std::size_t count = reader.u8();
  if (count > limits::given_users_max) {
    return false;
  }
  for (std::size_t i = 0; i < count; ++i) {
    users.push_back(reader.fixed<UserId>());
  }
  return reader.ok();
}

}  // namespace

Bytes encode_part(const AssignCase& ask) {
  Bytes out;
  put_short(out, ask.team);
  put_users(out, ask.give);
  put_users(out, ask.withdraw);
  return out;
}

Result<AssignCase> parse_assign(const CaseId& id, ByteView bytes) {
  ByteReader reader(bytes);
  AssignCase ask;
  ask.case_id = id;
  const std::size_t length = reader.u8();
  ask.team = std::string(text(reader.take(length)));
  const bool users = take_users(reader, ask.give) && take_users(reader, ask.withdraw);
  if (!users || !reader.finished() || (!ask.team.empty() && !is_team_name(ask.team))) {
    return malformed_part();
  }
  return ask;
}

Bytes encode_part(const AskSecond& ask) {
  Bytes out{static_cast<std::uint8_t>(ask.kind)};
  append(out, view(ask.reason));
  return out;
}

Result<AskSecond> parse_ask_second(const CaseId& id, ByteView bytes) {
  ByteReader reader(bytes);
  const std::uint8_t kind = reader.u8();
  const std::string_view reason = text(reader.take(reader.remaining()));
  if (!reader.finished() || kind < 1 || kind > 4) {
    return malformed_part();
  }
  if (reason.size() > Task::reason_bytes_max || !is_plain_text(reason)) {
    return caller_error(Code::invalid_argument, "a reason is one line of 1 to 512 bytes");
  }
  return AskSecond{static_cast<TaskKind>(kind), id, std::string(reason)};
}

Bytes encode_names(const Names& names) {
  Bytes out;
  for (const auto& [user, name] : names) {
    append(out, user.view());
    put_short(out, name);
  }
  return out;
}

Result<Names> parse_names(ByteView bytes) {
  ByteReader reader(bytes);
  Names names;
  while (reader.ok() && reader.remaining() > 0 && names.size() < limits::names_max) {
    const auto user = reader.fixed<UserId>();
    const std::size_t length = reader.u8();
    const std::string_view name = text(reader.take(length));
    if (!is_plain_text(name)) {
      return malformed_part();
    }
    names.emplace_back(user, name);
  }
  return reader.finished() ? Result<Names>(std::move(names)) : malformed_part();
}

Bytes encode_part(const std::vector<Task>& tasks) {
  Bytes out;
  for (const Task& task : tasks) {
    const Bytes row = task.encode();
    append(out, task.id.view());
    put_u16(out, static_cast<std::uint16_t>(row.size()));
    append(out, row);
  }
  return out;
}

Result<std::vector<Task>> parse_tasks(ByteView bytes) {
  ByteReader reader(bytes);
  std::vector<Task> tasks;
  while (reader.ok() && reader.remaining() > 0) {
    const auto id = reader.fixed<TaskId>();
    const std::size_t length = reader.u16();
    auto task = Task::parse(id, reader.take(length));
    if (!task || tasks.size() == hamroh::limits::vector_items_max) {
      return malformed_part();
    }
    tasks.push_back(std::move(*task));
  }
  return reader.finished() ? Result<std::vector<Task>>(std::move(tasks)) : malformed_part();
}

Bytes encode_part(const std::vector<AccessRecord>& accesses) {
  Bytes out;
  for (const AccessRecord& access : accesses) {
    const Bytes row = access.encode();
    put_u16(out, static_cast<std::uint16_t>(row.size()));
    append(out, row);
  }
  return out;
}

Result<std::vector<AccessRecord>> parse_accesses(ByteView bytes) {
  ByteReader reader(bytes);
  std::vector<AccessRecord> accesses;
  while (reader.ok() && reader.remaining() > 0) {
    const std::size_t length = reader.u16();
    auto access = AccessRecord::parse(reader.take(length));
    if (!access || accesses.size() == hamroh::limits::vector_items_max) {
      return malformed_part();
    }
    accesses.push_back(std::move(*access));
  }
  return reader.finished() ? Result<std::vector<AccessRecord>>(std::move(accesses))
                           : malformed_part();
}

Bytes encode_part(const std::vector<Body>& bodies) {
  Bytes out;
  for (const Body& body : bodies) {
    put_u16(out, static_cast<std::uint16_t>(body.kind));
    put_u8(out, body.withheld ? 1 : 0);
    put_u32(out, static_cast<std::uint32_t>(body.bytes.size()));
    append(out, body.bytes);
  }
  return out;
}

Result<std::vector<Body>> parse_bodies(ByteView bytes) {
  ByteReader reader(bytes);
  std::vector<Body> bodies;
  while (reader.ok() && reader.remaining() > 0) {
    Body body;
    body.kind = static_cast<EventKind>(reader.u16());
    const std::uint8_t withheld = reader.u8();
    const std::size_t length = reader.u32();
    if (withheld > 1 || length > hamroh::limits::body_bytes_max ||
        bodies.size() == hamroh::limits::case_events_max) {
      return malformed_part();
    }
    body.withheld = withheld == 1;
    const ByteView taken = reader.take(length);
    body.bytes.assign(taken.begin(), taken.end());
    bodies.push_back(std::move(body));
  }
  return reader.finished() ? Result<std::vector<Body>>(std::move(bodies)) : malformed_part();
}

Bytes encode_part(const BackupBegun& begun) {
  Bytes out = begun.statement.encode();
  out.reserve(out.size() + 64 + begun.vault.size() + begun.keyring.size());
  append(out, begun.file_key);
  put_u32(out, begun.policy.key_days);
  put_u32(out, begun.policy.keys);
  put_u8(out, begun.threshold);
  put_u8(out, begun.shares);
  put_u16(out, static_cast<std::uint16_t>(begun.vault.size()));
  append(out, begun.vault);
  put_u16(out, static_cast<std::uint16_t>(begun.keyring.size()));
  append(out, begun.keyring);
  return out;
}

Result<BackupBegun> parse_backup_begun(ByteView bytes, std::uint64_t database_bytes) {
  constexpr std::size_t key_bytes = 32;
  ByteReader reader(bytes);
  const auto copy = [&](std::size_t length) {
    const ByteView taken = reader.take(length);
    return Bytes(taken.begin(), taken.end());
  };
  BackupBegun begun;
  HAMROH_ASSIGN(begun.statement,
                BackupStatement::parse(reader.take(BackupStatement::encoded_size)));
  begun.file_key = copy(key_bytes);
  begun.database_bytes = database_bytes;
  begun.policy.key_days = reader.u32();
  begun.policy.keys = reader.u32();
  begun.threshold = reader.u8();
  begun.shares = reader.u8();
  begun.vault = copy(reader.u16());
  begun.keyring = copy(reader.u16());
  const bool good = reader.finished() && begun.vault.size() <= backup_vault_bytes_max &&
                    begun.keyring.size() <= keyring_bytes_max;
  return good ? Result<BackupBegun>(std::move(begun)) : malformed_part();
}

Bytes encode_part(const std::vector<CaseClock>& clocks) {
  Bytes out;
  for (const CaseClock& clock : clocks) {
    put_u8(out, static_cast<std::uint8_t>(clock.clock));
    append(out, clock.about.view());
    append(out, clock.waits.view());
    append(out, clock.owes.view());
    put_u8(out, static_cast<std::uint8_t>(clock.urgency));
    for (const Timestamp time :
         {clock.start, clock.deadline.half, clock.deadline.due, clock.deadline.escalate}) {
      put_u64(out, time.ms);
    }
  }
  return out;
}

Result<std::vector<CaseClock>> parse_clocks(ByteView bytes) {
  constexpr std::size_t clock_bytes = 1 + Digest::size + 2 * MemberId::size + 1 + 4 * 8;
  if (bytes.size() % clock_bytes != 0 ||
      bytes.size() / clock_bytes > hamroh::limits::vector_items_max) {
    return malformed_part();
  }
  ByteReader reader(bytes);
  std::vector<CaseClock> clocks(bytes.size() / clock_bytes);
  for (CaseClock& clock : clocks) {
    const std::uint8_t which = reader.u8();
    clock.clock = static_cast<Clock>(which);
    clock.about = reader.fixed<Digest>();
    clock.waits = reader.fixed<MemberId>();
    clock.owes = reader.fixed<MemberId>();
    const std::uint8_t urgency = reader.u8();
    clock.urgency = static_cast<Urgency>(urgency);
    clock.start = {reader.u64()};
    clock.deadline.half = {reader.u64()};
    clock.deadline.due = {reader.u64()};
    clock.deadline.escalate = {reader.u64()};
    if (which < 1 || which > clocks_count || urgency < 1 ||
        urgency > static_cast<std::uint8_t>(Urgency::normal)) {
      return malformed_part();
    }
  }
  return clocks;
}

Bytes encode_part(const std::vector<DueCase>& cases) {
  Bytes out;
  for (const DueCase& one : cases) {
    const Bytes clocks = encode_part(one.clocks);
    append(out, one.case_id.view());
    put_u16(out, static_cast<std::uint16_t>(clocks.size()));
    append(out, clocks);
  }
  return out;
}

Result<std::vector<DueCase>> parse_due(ByteView bytes) {
  ByteReader reader(bytes);
  std::vector<DueCase> cases;
  while (reader.ok() && reader.remaining() > 0) {
    DueCase one;
    one.case_id = reader.fixed<CaseId>();
    const ByteView packed = reader.take(reader.u16());
    if (!reader.ok() || cases.size() == limits::due_cases_max) {
      return malformed_part();
    }
    HAMROH_ASSIGN(one.clocks, parse_clocks(packed));
    cases.push_back(std::move(one));
  }
  return cases;
}

Bytes encode_part(const std::vector<Escalation>& escalations) {
  Bytes out;
  for (const Escalation& one : escalations) {
    put_u64(out, one.index);
    append(out, one.member.view());
    put_u64(out, one.received.ms);
    put_u16(out, static_cast<std::uint16_t>(one.statement.size()));
    append(out, one.statement);
  }
  return out;
}

Result<std::vector<Escalation>> parse_escalations(ByteView bytes) {
  ByteReader reader(bytes);
  std::vector<Escalation> escalations;
  while (reader.ok() && reader.remaining() > 0) {
    Escalation one;
    one.index = reader.u64();
    one.member = reader.fixed<MemberId>();
    one.received = {reader.u64()};
    const ByteView statement = reader.take(reader.u16());
    if (!reader.ok() || escalations.size() == limits::escalations_max) {
      return malformed_part();
    }
    one.statement.assign(statement.begin(), statement.end());
    escalations.push_back(std::move(one));
  }
  return escalations;
}

Bytes encode_part(const CountFund& ask) {
  Bytes out;
  put_u64(out, ask.period.from.ms);
  put_u64(out, ask.period.until.ms);
  return out;
}

Result<CountFund> parse_count_fund(ByteView bytes) {
  ByteReader reader(bytes);
  CountFund ask;
  ask.period.from = {reader.u64()};
  ask.period.until = {reader.u64()};
  if (!reader.finished()) {
    return malformed_part();
  }
  if (ask.period.from >= ask.period.until) {
    return caller_error(Code::invalid_argument, "a period ends after it begins");
  }
  return ask;
}

Bytes encode_part(const FundCounted& counted) {
  Bytes out{counted.done ? std::uint8_t{1} : std::uint8_t{0}};
  for (const std::uint64_t number : {counted.cases, counted.damaged, counted.unreadable,
                                     counted.erased, counted.totals.beyond}) {
    put_u64(out, number);
  }
  for (const auto& [cell, numbers] : counted.totals.cells) {
    put_short(out, cell.currency);
    put_short(out, cell.purpose);
    put_u8(out, cell.urgency);
    for (const FundNumber& number : numbers.columns) {
      put_u64(out, number.requests);
      put_u64(out, number.amount);
    }
  }
  return out;
}

Result<FundCounted> parse_fund_counted(ByteView bytes) {
  ByteReader reader(bytes);
  FundCounted counted;
  const std::uint8_t done = reader.u8();
  counted.done = done == 1;
  for (std::uint64_t* number : {&counted.cases, &counted.damaged, &counted.unreadable,
                                &counted.erased, &counted.totals.beyond}) {
    *number = reader.u64();
  }
  auto& cells = counted.totals.cells;
  while (reader.ok() && reader.remaining() > 0) {
    FundCell cell;
    cell.currency = std::string(text(reader.take(reader.u8())));
    cell.purpose = std::string(text(reader.take(reader.u8())));
    cell.urgency = reader.u8();
    FundNumbers numbers;
    for (FundNumber& number : numbers.columns) {
      number.requests = reader.u64();
      number.amount = reader.u64();
    }
    const bool rises = cells.empty() || cells.rbegin()->first < cell;
    const bool plain = is_valid_utf8(view(cell.currency)) && is_valid_utf8(view(cell.purpose));
    if (!reader.ok() || !rises || !plain || cells.size() == hamroh::limits::fund_cells_max) {
      return malformed_part();
    }
    cells.emplace_hint(cells.end(), std::move(cell), numbers);
  }
  return reader.finished() && done <= 1 ? Result<FundCounted>(std::move(counted))
                                        : malformed_part();
}

}  // namespace hamroh::api
