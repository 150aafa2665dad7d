// `hamroh-bench clocks`: what many cases with running clocks cost a node: its start, its memory,
// and a tick in which nothing is due, or a few things are.

#include <cstdio>
#include <filesystem>
#include <fstream>

#include "tests/bench/many_cases.h"
#include "tests/bench/pair.h"
#include "tests/sim/pack.h"

namespace hamroh::bench {
namespace {

// The simulator's, with the codes of the sample form.
Bytes pack() {
  std::string words(sim::simulated_pack);
  const auto replace = [&](const std::string& old, const std::string& by) {
    const std::size_t at = words.find(old);
    CHECK(at != std::string::npos);
    words.replace(at, old.size(), by);
  };
  replace("consent/1", "consent/2026-1");
  replace("[codes.reason]\nsimulated", "[codes.reason]\nexploited_abroad_returned");
  replace("[codes.purposes]\n",
          "[codes.purposes]\nstatus_application = {en = \"A\", ru = \"A\", tg = \"A\"}\n");
  replace("[codes.access_needs]\nother", "[codes.access_needs]\ninterpreter");
  return {words.begin(), words.end()};
}

std::size_t resident_bytes() {
  std::ifstream statm("/proc/self/statm");
  std::size_t pages = 0;
  statm >> pages >> pages;
  return pages * 4'096;
}

double median(std::vector<double> values) {
  std::ranges::sort(values);
  return values[values.size() / 2];
}

}  // namespace

int run_clocks(const ClocksOptions& options) {
  const std::string path = options.directory + "/bench-clocks.db";
  std::filesystem::remove(path);
  std::filesystem::remove(path + "-wal");
  std::vector<double> starts;
  std::vector<double> idle;
  std::vector<double> busy;
  double bytes_a_case = 0;
  {
    ManyCases bench(path, pack());
    bench.open_cases(options.cases, options.bytes, seconds(1));
    // What nobody took is given up: the cases are idle, but for their clocks.
    while (bench.node().view().outbox_depth > 0) {
      (void)bench.tick_after(seconds(11));
    }
    bench.close();
    const std::size_t before = resident_bytes();
    for (int run = 0; run < options.runs; ++run) {
      starts.push_back(bench.reopen());
    }
    const std::size_t after = resident_bytes();
    bytes_a_case = after > before
                       ? static_cast<double>(after - before) / static_cast<double>(options.cases)
                       : 0;
    (void)bench.tick_after(minutes(1));
    for (int run = 0; run < options.runs; ++run) {
      idle.push_back(bench.tick_after(milliseconds(100)));
    }
    (void)bench.tick_after(minutes(1));
    for (int run = 0; run < options.runs; ++run) {
      busy.push_back(bench.tick_after(seconds(1)));
    }
  }
  std::printf(options.json
                  ? "{\"cases\": %zu, \"start_ms\": %.2f, \"bytes_a_case\": %.0f, "
                    "\"idle_tick_ms\": %.3f, \"busy_tick_ms\": %.2f}\n"
                  : "%zu cases with a running clock: start %.2f ms, %.0f bytes of memory a case; a "
                    "tick in which nothing is due %.3f ms, one in which 32 cases are %.2f ms\n",
              options.cases, median(starts), bytes_a_case, median(idle), median(busy));
  std::filesystem::remove(path);
  std::filesystem::remove(path + "-wal");
  return 0;
}

}  // namespace hamroh::bench
