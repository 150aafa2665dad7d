// `hamroh-bench erase`: how long it takes to erase one of many cases for good: rows, keys, the keys
// above, the commit, and the log emptied into the database.

#include <cstdio>
#include <filesystem>

#include "tests/bench/many_cases.h"
#include "tests/bench/pair.h"

namespace hamroh::bench {

int run_erase(const EraseOptions& options) {
  const std::string path = options.directory + "/bench-erase.db";
  std::filesystem::remove(path);
  std::filesystem::remove(path + "-wal");
  std::vector<double> times;
  double opening_ms = 0;
  {
    ManyCases bench(path);
    const auto from = SteadyClock::now();
    bench.open_cases(options.cases, options.bytes);
    opening_ms = ms_since(from);
    for (std::size_t i = 0; i < options.erasures; ++i) {
      times.push_back(bench.erase_one());
    }
  }
  std::ranges::sort(times);
  const char* format =
      options.json ? "{\"cases\": %zu, \"erasures\": %zu, \"median_ms\": %.1f, \"most_ms\": %.1f, "
                     "\"opening_s\": %.1f}\n"
                   : "%zu cases, %zu of them erased: %.1f ms in the median, %.1f ms at most; they "
                     "were opened in %.1f s\n";
  std::printf(format, options.cases, options.erasures, times[times.size() / 2], times.back(),
              opening_ms / 1'000);
  std::filesystem::remove(path);
  std::filesystem::remove(path + "-wal");
  return 0;
}

}  // namespace hamroh::bench
