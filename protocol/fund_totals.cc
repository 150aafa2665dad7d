#include "protocol/fund_totals.h"

#include <algorithm>

namespace hamroh {
namespace {

void raise(std::uint64_t& sum, std::uint64_t by) {
  sum = by > UINT64_MAX - sum ? UINT64_MAX : sum + by;
}

void raise(FundNumber& number, const FundNumber& by) {
  raise(number.requests, by.requests);
  raise(number.amount, by.amount);
}

using Shown = std::array<std::optional<FundNumber>, all_fund_columns.size()>;

// Of numbers each of which is part of the one before it: those that count enough, and by which
// those before them exceed them enough.
Shown told_of(const FundNumbers& numbers) {
  Shown shown;
  const auto tell = [&](FundColumn column) {
    shown[static_cast<std::size_t>(column)] = numbers.of(column);
  };
  const auto told = [&](FundColumn column) {
    return shown[static_cast<std::size_t>(column)].has_value();
  };
  const auto enough = [&](FundColumn column) {
    return numbers.of(column).requests >= oversight_cell_min;
  };
  std::optional<std::uint64_t> larger;
  for (const FundColumn column :
       {FundColumn::asked, FundColumn::approved, FundColumn::paid, FundColumn::accounted}) {
    const std::uint64_t requests = numbers.of(column).requests;
    if (enough(column) &&
        (!larger || (*larger >= requests && *larger - requests >= oversight_cell_min))) {
      tell(column);
      larger = requests;
    }
  }
  // What was asked for and not approved is known then; its two parts are told both or not at all.
  if (told(FundColumn::asked) && told(FundColumn::approved) && enough(FundColumn::refused) &&
      enough(FundColumn::undecided)) {
    tell(FundColumn::refused);
    tell(FundColumn::undecided);
  }
  if (told(FundColumn::paid) && told(FundColumn::accounted) && enough(FundColumn::unaccounted)) {
    tell(FundColumn::unaccounted);
  }
  return shown;
}

bool tells_anything(const Shown& shown) {
  return std::ranges::any_of(shown, [](const auto& number) { return number.has_value(); });
}

}  // namespace

const char* fund_column_name(FundColumn column) {
  switch (column) {
    case FundColumn::asked:
      return "asked";
    case FundColumn::approved:
      return "approved";
    case FundColumn::refused:
      return "refused";
    case FundColumn::paid:
      return "paid";
    case FundColumn::accounted:
      return "accounted";
    case FundColumn::undecided:
      return "undecided";
    case FundColumn::unaccounted:
      return "unaccounted";
  }
  return "unknown";
}

void FundNumbers::add(const FundNumbers& more) {
  for (std::size_t at = 0; at < columns.size(); ++at) {
    raise(columns[at], more.columns[at]);
  }
}

void FundTotals::add(const FundRequest& request, const FundPeriod& period) {
  bool lost = false;
  const auto count = [&](FundColumn column, const FundMoney& money) {
    const FundCell cell{money.currency, request.purpose, request.urgency};
    if (!cells.contains(cell) && cells.size() == limits::fund_cells_max) {
      lost = true;
      return;
    }
    raise(cells[cell].of(column), {1, money.amount});
  };
  const auto before_end = [&](const std::optional<Timestamp>& time) {
    return time && *time < period.until;
  };
  const FundMoney& wanted = request.asked;
  if (period.has(request.asked.time)) {
    count(FundColumn::asked, wanted);
  }
  if (request.approved && period.has(*request.approved)) {
    count(FundColumn::approved, wanted);
  }
  if (request.refused && period.has(*request.refused)) {
    count(FundColumn::refused, wanted);
  }
  if (before_end(request.asked.time) && !before_end(request.approved) &&
      !before_end(request.refused)) {
    count(FundColumn::undecided, wanted);
  }
  if (request.paid && period.has(request.paid->time)) {
    count(FundColumn::paid, *request.paid);
  }
  if (request.accounted && period.has(request.accounted->time)) {
    count(FundColumn::accounted, *request.accounted);
  }
  if (request.paid && before_end(request.paid->time) &&
      !(request.accounted && before_end(request.accounted->time))) {
    count(FundColumn::unaccounted, *request.paid);
  }
  beyond += lost ? 1 : 0;
}

std::vector<OversightRow> for_oversight(const FundTotals& totals) {
  std::vector<OversightRow> rows;
  std::map<std::string, FundNumbers> rest;
  for (const auto& [cell, numbers] : totals.cells) {
    const Shown shown = told_of(numbers);
    // A line without what was asked for would leave requests untold that no other line has.
    if (shown[static_cast<std::size_t>(FundColumn::asked)]) {
      rows.push_back({cell, false, shown});
    } else {
      rest[cell.currency].add(numbers);
    }
  }
  for (const auto& [currency, numbers] : rest) {
    const Shown shown = told_of(numbers);
    if (tells_anything(shown)) {
      rows.push_back({{currency, {}, 0}, true, shown});
    }
  }
  std::ranges::stable_sort(
      rows, {}, [](const OversightRow& row) { return std::pair(row.cell.currency, row.rest); });
  return rows;
}

}  // namespace hamroh
