// Parts of requests and replies of the local API that are laid by hand inside the field `bytes`,
// where tables of their own would only repeat their structs. Strict as everything: a part is read
// to its end, bounded, and counts are u16.
#pragma once

#include "protocol/api.h"

namespace hamroh::api {

[[nodiscard]] tl::unexpected<Error> malformed_part();
// length u8 ‖ text
void put_short(Bytes& out, std::string_view text);

// team length u8 ‖ team ‖ count u8 ‖ user[16]… ‖ count u8 ‖ user[16]…
[[nodiscard]] Bytes encode_part(const AssignCase& ask);
[[nodiscard]] Result<AssignCase> parse_assign(const CaseId& id, ByteView bytes);
// kind u8 ‖ reason
[[nodiscard]] Bytes encode_part(const AskSecond& ask);
[[nodiscard]] Result<AskSecond> parse_ask_second(const CaseId& id, ByteView bytes);

// (user[16] ‖ length u8 ‖ name)…
[[nodiscard]] Bytes encode_names(const Names& names);
[[nodiscard]] Result<Names> parse_names(ByteView bytes);
// (id[16] ‖ length u16 ‖ row of task.h)…
[[nodiscard]] Bytes encode_part(const std::vector<Task>& tasks);
[[nodiscard]] Result<std::vector<Task>> parse_tasks(ByteView bytes);
// (length u16 ‖ row of access.h)…
[[nodiscard]] Bytes encode_part(const std::vector<AccessRecord>& accesses);
[[nodiscard]] Result<std::vector<AccessRecord>> parse_accesses(ByteView bytes);
// (kind u16 ‖ withheld u8 ‖ length u32 ‖ bytes)…
[[nodiscard]] Bytes encode_part(const std::vector<Body>& bodies);
[[nodiscard]] Result<std::vector<Body>> parse_bodies(ByteView bytes);
// statement ‖ file key[32] ‖ key days u32 ‖ keys u32 ‖ threshold u8 ‖ shares u8 ‖ length u16 ‖
// vault ‖ length u16 ‖ keyring; without the database's size
[[nodiscard]] Bytes encode_part(const BackupBegun& begun);
[[nodiscard]] Result<BackupBegun> parse_backup_begun(ByteView bytes, std::uint64_t database_bytes);
// (clock u8 ‖ about[32] ‖ waits[16] ‖ owes[16] ‖ urgency u8 ‖ start, half, due, escalate u64)…
[[nodiscard]] Bytes encode_part(const std::vector<CaseClock>& clocks);
[[nodiscard]] Result<std::vector<CaseClock>> parse_clocks(ByteView bytes);
// (case[16] ‖ length u16 ‖ clocks)…
[[nodiscard]] Bytes encode_part(const std::vector<DueCase>& cases);
[[nodiscard]] Result<std::vector<DueCase>> parse_due(ByteView bytes);
// (index u64 ‖ member[16] ‖ received u64 ‖ length u16 ‖ statement)…
[[nodiscard]] Bytes encode_part(const std::vector<Escalation>& escalations);
[[nodiscard]] Result<std::vector<Escalation>> parse_escalations(ByteView bytes);
// from u64 ‖ until u64
[[nodiscard]] Bytes encode_part(const CountFund& ask);
[[nodiscard]] Result<CountFund> parse_count_fund(ByteView bytes);
// done u8 ‖ cases, damaged, unreadable, erased, beyond u64 ‖ (length u8 ‖ currency ‖ length u8 ‖
// purpose ‖ urgency u8 ‖ (requests u64 ‖ amount u64) × 7)…, the cells rising
[[nodiscard]] Bytes encode_part(const FundCounted& counted);
[[nodiscard]] Result<FundCounted> parse_fund_counted(ByteView bytes);

}  // namespace hamroh::api
