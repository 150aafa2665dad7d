#include "admin/fund_view.h"

#include <nlohmann/json.hpp>

#include "protocol/form.h"
#include "protocol/text.h"

namespace hamroh {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::uint64_t day_ms = 24 * 60 * 60 * 1000;

// One line, with whatever may be told in it.
OversightRow row_of(const FundCell& cell, const FundNumbers& numbers, bool all = false) {
  OversightRow row;
  row.cell = cell;
  row.rest = all;
  std::ranges::copy(numbers.columns, row.columns.begin());
  return row;
}

// Every cell, and behind those of each currency all of it together.
std::vector<OversightRow> whole(const FundTotals& totals) {
  std::vector<OversightRow> rows;
  FundNumbers sum;
  for (auto at = totals.cells.begin(); at != totals.cells.end(); ++at) {
    rows.push_back(row_of(at->first, at->second));
    sum.add(at->second);
    const auto next = std::next(at);
    if (next == totals.cells.end() || next->first.currency != at->first.currency) {
      rows.push_back(row_of({at->first.currency, {}, 0}, sum, true));
      sum = {};
    }
  }
  return rows;
}

std::vector<OversightRow> rows_of(const FundTotals& totals, const FundReport& report) {
  return report.for_oversight ? for_oversight(totals) : whole(totals);
}

std::string first_day(const FundPeriod& period) {
  return period.from.ms == 0 ? "" : to_iso8601(period.from).substr(0, 10);
}
std::string last_day(const FundPeriod& period) {
  return period.until.ms == UINT64_MAX
             ? ""
             : to_iso8601(Timestamp{period.until.ms - day_ms}).substr(0, 10);
}

std::string urgency_text(std::uint8_t urgency) {
  const bool known = urgency >= 1 && urgency <= static_cast<std::uint8_t>(Urgency::normal);
  return known ? name_of(static_cast<Urgency>(urgency)) : "";
}

std::string number_text(const OversightRow& row, FundColumn column) {
  const auto& number = row.columns[static_cast<std::size_t>(column)];
  return std::string(fund_column_name(column)) + " " +
         (number ? std::to_string(number->requests) + " (" + std::to_string(number->amount) + ")"
                 : "-");
}

std::string row_text(const OversightRow& row, const FundReport& report) {
  std::string text = "  ";
  if (row.rest) {
    text += report.for_oversight ? "all others together" : "all together";
  } else {
    const std::string urgency = urgency_text(row.cell.urgency);
    text += escape_for_terminal(row.cell.purpose) + ", " +
            (urgency.empty() ? "urgency not known here" : urgency);
  }
  text += "\n    ";
  for (const FundColumn column : all_fund_columns) {
    text += column == FundColumn::undecided ? "\n    open: "
            : column == FundColumn::asked   ? ""
                                            : ", ";
    text += number_text(row, column);
  }
  return text + "\n";
}

std::string period_text(const FundPeriod& period) {
  const std::string from = first_day(period);
  const std::string to = last_day(period);
  return (from.empty() ? "from the beginning" : "from " + from) +
         (to.empty() ? " until now" : " to " + to);
}

// What is not in the numbers.
std::string gaps_text(const api::FundCounted& counted, const FundReport& report) {
  const auto line = [&](std::uint64_t number, const char* what) {
    const bool small = report.for_oversight && number < oversight_cell_min;
    return number == 0 ? std::string()
                       : "Not in these numbers: " + (small ? "some" : std::to_string(number)) +
                             " " + what + ".\n";
  };
  return line(counted.damaged, "cases that are damaged here") +
         line(counted.unreadable, "events about money that cannot be read here") +
         line(counted.erased, "cases that were erased here, with whatever they held") +
         line(counted.totals.beyond, "requests, because there are too many different ones");
}

}  // namespace

std::string fund_text(const api::FundCounted& counted, const FundReport& report) {
  std::string text = "Relief money " + period_text(report.period) +
                     " (days in UTC, as entered here). Requests, and in brackets minor units.\n";
  if (report.for_oversight) {
    const std::string least = std::to_string(oversight_cell_min);
    text +=
        "For an oversight body: what counts fewer than " + least +
        " requests is left out (-), and so is\nwhat it could be computed from; there are no "
        "sums over lines. Two reports whose periods\noverlap can be subtracted from each other: "
        "hand out one kind of period only.\n";
  }
  std::string currency;
  bool any = false;
  for (const OversightRow& row : rows_of(counted.totals, report)) {
    if (!any || row.cell.currency != currency) {
      currency = row.cell.currency;
      text += escape_for_terminal(currency) + "\n";
    }
    any = true;
    text += row_text(row, report);
  }
  if (!any) {
    text +=
        report.for_oversight ? "There is nothing that may be told.\n" : "Nothing was asked for.\n";
  }
  return text + gaps_text(counted, report);
}

std::string fund_json(const api::FundCounted& counted, const FundReport& report) {
  const auto day = [](const std::string& text) { return text.empty() ? Json() : Json(text); };
  const auto number = [&](std::uint64_t value) {
    const bool small = report.for_oversight && value < oversight_cell_min;
    return small && value != 0 ? Json() : Json(value);
  };
  Json rows = Json::array();
  for (const OversightRow& row : rows_of(counted.totals, report)) {
    Json json{{"currency", row.cell.currency},
              {"together", row.rest},
              {"purpose", row.rest ? Json() : Json(row.cell.purpose)},
              {"urgency", row.rest ? Json() : day(urgency_text(row.cell.urgency))}};
    for (const FundColumn column : all_fund_columns) {
      const auto& told = row.columns[static_cast<std::size_t>(column)];
      json[fund_column_name(column)] =
          told ? Json{{"requests", told->requests}, {"amount", told->amount}} : Json();
    }
    rows.push_back(std::move(json));
  }
  Json json{{"from", day(first_day(report.period))},
            {"to", day(last_day(report.period))},
            {"for_oversight", report.for_oversight}};
  if (report.for_oversight) {
    json["least"] = oversight_cell_min;
  }
  json["totals"] = std::move(rows);
  json["damaged_cases"] = number(counted.damaged);
  json["unreadable_events"] = number(counted.unreadable);
  json["erased_cases"] = number(counted.erased);
  json["requests_beyond"] = number(counted.totals.beyond);
  return json.dump();
}

}  // namespace hamroh
