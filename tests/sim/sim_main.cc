// sim: runs the simulator, one seed or a swarm of them.
//
//   sim --seed 7 --steps 2000      one run; the same seed and steps give the same trace hash
//   sim --swarm --for 60s          one seed after another until the time is over or a check broke
//
// Exit codes: 0 every check held, 1 a check broke (the seed is printed), 2 usage.

#include <unistd.h>
#include <CLI/CLI.hpp>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstring>

#include "tests/sim/swarm.h"

namespace {

using namespace hamroh;
using namespace hamroh::sim;
using SteadyClock = std::chrono::steady_clock;

struct Options {
  std::uint64_t seed = 1;
  std::uint64_t steps = 2'000;
  bool swarm = false;
  std::string duration = "60s";
  std::uint64_t runs = 0;
  bool json = false;
};

// A CHECK that fails ends the process: this says in which run, in the words of run_swarm.
char running[160];
void say_seed(int) {
  const char* text = static_cast<const char*>(running);
  [[maybe_unused]] const auto written = write(STDERR_FILENO, text, std::strlen(text));
  _exit(1);
}

std::string short_hash(const Digest& digest) {
  return to_hex(ByteView(digest.bytes).first(8));
}

Outcome run_one(const Mix& mix, const Options& options, bool verbose) {
  std::snprintf(running, sizeof(running),
                "broken: a CHECK failed; again with: sim --seed %llu --steps %llu\n"
                "red after %llu runs\n",
                static_cast<unsigned long long>(mix.seed),
                static_cast<unsigned long long>(mix.steps),
                static_cast<unsigned long long>(mix.seed - options.seed + 1));
  if (verbose && !options.json) {
    std::printf("seed %llu, steps %llu: %s\n", static_cast<unsigned long long>(mix.seed),
                static_cast<unsigned long long>(mix.steps), mix.describe().c_str());
    std::fflush(stdout);
  }
  Outcome outcome = run(mix);
  if (options.json) {
    std::printf(
        "{\"seed\": %llu, \"steps\": %llu, \"options\": \"%s\", \"submitted\": %llu, "
        "\"opened\": %llu, \"trace\": \"%s\", \"broken\": \"%s\"}\n",
        static_cast<unsigned long long>(mix.seed), static_cast<unsigned long long>(outcome.steps),
        mix.describe().c_str(), static_cast<unsigned long long>(outcome.submitted),
        static_cast<unsigned long long>(outcome.opened), short_hash(outcome.trace).c_str(),
        outcome.broken.c_str());
    return outcome;
  }
  if (verbose) {
    std::printf("  %llu events, %llu messages, %llu opened, trace %s\n",
                static_cast<unsigned long long>(outcome.steps),
                static_cast<unsigned long long>(outcome.submitted),
                static_cast<unsigned long long>(outcome.opened), short_hash(outcome.trace).c_str());
  }
  if (!outcome.broken.empty()) {
    std::printf(
        "broken in seed %llu: %s\n  options: %s\n  again with: sim --seed %llu --steps %llu\n",
        static_cast<unsigned long long>(mix.seed), outcome.broken.c_str(), mix.describe().c_str(),
        static_cast<unsigned long long>(mix.seed), static_cast<unsigned long long>(mix.steps));
  }
  return outcome;
}

int run_swarm(const Options& options, std::chrono::milliseconds time) {
  const auto begin = SteadyClock::now();
  auto told = begin;
  std::uint64_t runs = 0;
  Outcome total;
  Bytes traces;
  for (std::uint64_t seed = options.seed;; ++seed) {
    const auto now = SteadyClock::now();
    if (options.runs != 0 ? runs == options.runs : now - begin >= time) {
      break;
    }
    const Outcome outcome = run_one(draw_mix(seed, options.steps), options, false);
    ++runs;
    append(traces, outcome.trace.view());
    total.steps += outcome.steps;
    total.submitted += outcome.submitted;
    total.opened += outcome.opened;
    if (!outcome.broken.empty()) {
      std::fprintf(stderr, "red after %llu runs\n", static_cast<unsigned long long>(runs));
      return 1;
    }
    if (now - told >= std::chrono::seconds(10) && !options.json) {
      told = now;
      std::printf("%llu runs, %llu events, %llu messages\n", static_cast<unsigned long long>(runs),
                  static_cast<unsigned long long>(total.steps),
                  static_cast<unsigned long long>(total.submitted));
      std::fflush(stdout);
    }
  }
  if (!options.json) {
    std::printf(
        "green: seeds %llu to %llu, %llu steps each; %llu events, %llu messages, %llu opened, "
        "trace %s\n",
        static_cast<unsigned long long>(options.seed),
        static_cast<unsigned long long>(options.seed + runs - 1),
        static_cast<unsigned long long>(options.steps),
        static_cast<unsigned long long>(total.steps),
        static_cast<unsigned long long>(total.submitted),
        static_cast<unsigned long long>(total.opened),
        short_hash(crypto::sha256({traces})).c_str());
  }
  return 0;
}

}  // namespace

int main(int count, char** values) {
  CLI::App app{
      "sim: the whole protocol in one process, with faults drawn from a seed\n\n"
      "Examples:\n  sim --seed 7 --steps 2000\n  sim --swarm --for 60s\n"};
  Options options;
  app.add_option("--seed", options.seed, "The (first) seed (default 1)");
  app.add_option("--steps", options.steps, "Events before everything heals (default 2000)");
  app.add_flag("--swarm", options.swarm, "One seed after another");
  app.add_option("--for", options.duration, "How long, such as 60s (default) or 5m");
  app.add_option("--runs", options.runs, "How many seeds, instead of a time");
  app.add_flag("--json", options.json, "One JSON object for each run");
  std::map<std::string, std::uint64_t> units{{"ms", 1}, {"s", 1'000}, {"m", 60'000}};
  std::uint64_t time_ms = 0;
  try {
    app.parse(count, values);
    auto text = options.duration;
    time_ms = CLI::AsNumberWithUnit(units).operator()(text).empty() ? std::stoull(text) : 0;
  } catch (const CLI::ParseError& fault) {
    return app.exit(fault) == 0 ? 0 : 2;
  } catch (const std::exception&) {
    time_ms = 0;
  }
  if (time_ms == 0 || options.steps == 0) {
    std::fprintf(stderr, "sim: --for is a time such as 60s, --steps at least 1\n");
    return 2;
  }
  std::signal(SIGABRT, say_seed);
  if (options.swarm) {
    return run_swarm(options, std::chrono::milliseconds(time_ms));
  }
  return run_one(draw_mix(options.seed, options.steps), options, true).broken.empty() ? 0 : 1;
}
