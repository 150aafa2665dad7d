// What a relief fund was asked for, and what became of it: numbers and sums over many cases, for
// whoever answers for the money. Nothing here names a case, a member or a person, and no text.
//
// A request counts in the cell of its purpose, its currency and the urgency of its case: that of
// the most urgent referral known here when it was made, or none. What is said of it later counts on
// a day of its own, and money in the currency in which it was paid or accounted for. So
//   asked, approved, refused, paid, accounted   are what happened within the period, and
//   undecided, unaccounted                      what was open when it ended: asked and not decided,
//                                               paid and not accounted for.
// Sums are in minor units of the currency: what was asked for, of asked, approved, refused and
// undecided; what was paid, of paid and unaccounted; what was accounted for.
//
// For an oversight body nothing may be told that counts fewer than `oversight_cell_min` requests,
// nor anything that lets such a number be computed (see for_oversight).
#pragma once

#include <array>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "protocol/types.h"

namespace hamroh {

inline constexpr std::uint64_t oversight_cell_min = 10;
namespace limits {
inline constexpr std::size_t fund_cells_max = 4'096;
}  // namespace limits

enum class FundColumn : std::uint8_t {
  asked = 0,
  approved = 1,
  refused = 2,
  paid = 3,
  accounted = 4,
  undecided = 5,
  unaccounted = 6,
};
inline constexpr std::array all_fund_columns{
    FundColumn::asked,     FundColumn::approved,  FundColumn::refused,    FundColumn::paid,
    FundColumn::accounted, FundColumn::undecided, FundColumn::unaccounted};
[[nodiscard]] const char* fund_column_name(FundColumn column);

struct FundMoney {
  Timestamp time;  // at which that was entered here
  std::uint64_t amount = 0;
  std::string currency;
};
// One request, as the fold of its case tells it: what was void is not in it.
struct FundRequest {
  std::string purpose;
  std::uint8_t urgency = 0;  // 0: no referral of the case is known here
  FundMoney asked;
  std::optional<Timestamp> approved;
  std::optional<Timestamp> refused;
  std::optional<FundMoney> paid;
  std::optional<FundMoney> accounted;
};

// From that moment on, and before the other.
struct FundPeriod {
  Timestamp from;
  Timestamp until{UINT64_MAX};
  bool operator==(const FundPeriod&) const = default;
  [[nodiscard]] bool has(Timestamp time) const { return from <= time && time < until; }
};

struct FundCell {
  std::string currency;
  std::string purpose;
  std::uint8_t urgency = 0;
  auto operator<=>(const FundCell&) const = default;
};
struct FundNumber {
  std::uint64_t requests = 0;
  std::uint64_t amount = 0;  // at the most UINT64_MAX
  bool operator==(const FundNumber&) const = default;
};
struct FundNumbers {
  std::array<FundNumber, all_fund_columns.size()> columns;
  bool operator==(const FundNumbers&) const = default;
  [[nodiscard]] const FundNumber& of(FundColumn column) const {
    return columns[static_cast<std::size_t>(column)];
  }
  [[nodiscard]] FundNumber& of(FundColumn column) {
    return columns[static_cast<std::size_t>(column)];
  }
  void add(const FundNumbers& more);
};

struct FundTotals {
  std::map<FundCell, FundNumbers> cells;
  std::uint64_t beyond = 0;  // requests that found no cell, because there are fund_cells_max
  bool operator==(const FundTotals&) const = default;

  void add(const FundRequest& request, const FundPeriod& period);
};

// How far one count over a node's cases has come (Node::count_fund). It begins with a period and
// nothing else.
struct FundCount {
  FundPeriod period;
  FundTotals totals;
  Bytes from;               // where to go on in the store
  bool cases_done = false;  // then what was erased is counted
  bool done = false;
  std::uint64_t cases = 0;       // looked at
  std::uint64_t damaged = 0;     // cases of which nothing can be read
  std::uint64_t unreadable = 0;  // events about money that cannot be read
  std::uint64_t erased = 0;      // cases that were erased here, with whatever they held
};

// One line for an oversight body. Absent is what may not be told.
struct OversightRow {
  FundCell cell;
  bool rest = false;  // all cells of this currency that have no line of their own, together
  std::array<std::optional<FundNumber>, all_fund_columns.size()> columns;
  bool operator==(const OversightRow&) const = default;
};
// What may be told. Each request that was asked for counts in one line at most, and there are no
// sums over lines, so one line tells nothing of another. Within a line
//   asked ⊇ approved ⊇ paid ⊇ accounted,   asked ⊇ refused + undecided,   paid ⊇ unaccounted,
// so a number is told only if it counts enough itself and differs enough from the next larger one
// that is told: the difference would be a cell. Cells too small for a line are put together; what
// stays too small then is not told at all.
[[nodiscard]] std::vector<OversightRow> for_oversight(const FundTotals& totals);

}  // namespace hamroh
