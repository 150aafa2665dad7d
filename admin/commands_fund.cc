// What relief funds came to, over all cases that this node knows.

#include <unistd.h>

#include <cstdio>

#include "admin/commands.h"
#include "admin/fund_view.h"
#include "admin/report.h"

namespace hamroh {
namespace {

// How many cases were looked at, on standard error where a person waits.
class CountLine {
 public:
  void show(std::uint64_t cases) {
    if (seen_) {
      std::fprintf(stderr, "\r%llu cases", static_cast<unsigned long long>(cases));
      shown_ = true;
    }
  }
  CountLine() : seen_(::isatty(STDERR_FILENO) == 1) {}
  ~CountLine() {
    if (shown_) {
      std::fputs("\n", stderr);
    }
  }
  CountLine(const CountLine&) = delete;
  CountLine& operator=(const CountLine&) = delete;

 private:
  bool seen_;
  bool shown_ = false;
};

}  // namespace

int fund_totals(const Arguments& arguments) {
  FundPeriod period;
  if (!arguments.from_day.empty()) {
    const auto end = end_of_day(arguments.from_day);
    if (!end) {
      return usage(arguments, "--from is a day such as 2026-01-01");
    }
    period.from = {end->ms + 1 - days(1).ms};
  }
  if (!arguments.to_day.empty()) {
    const auto end = end_of_day(arguments.to_day);
    if (!end) {
      return usage(arguments, "--to is a day such as 2026-03-31");
    }
    period.until = {end->ms + 1};
  }
  if (period.from >= period.until) {
    return usage(arguments, "--to is not before --from");
  }
  return with_node(arguments, [&](Client& client) {
    CountLine line;
    const auto counted = client.fund_totals(period, [&](std::uint64_t cases) { line.show(cases); });
    if (!counted) {
      return fail(arguments, arguments.home, counted.error(), client);
    }
    const FundReport report{period, arguments.for_oversight};
    std::fputs(arguments.json ? (fund_json(*counted, report) + "\n").c_str()
                              : fund_text(*counted, report).c_str(),
               stdout);
    return exit_done;
  });
}

}  // namespace hamroh
