// `hamroh-bench backup`: how fast `hamroh backup` copies a large store, alone and beside a load,
// and how much slower the load is meanwhile.

#include <sys/stat.h>

#include <algorithm>
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <thread>
#include <vector>

#include "tests/bench/network.h"
#include "tests/bench/pair.h"

namespace hamroh::bench {
namespace {

using Fault = tl::unexpected<std::string>;

constexpr std::size_t filling_bytes = 60'000;
constexpr std::uint64_t filling_batch = 500;

struct Backup {
  double megabytes = 0;
  double seconds = 0;
  [[nodiscard]] double rate() const { return seconds > 0 ? megabytes / seconds : 0; }
};

double number_in(const std::string& text, const std::string& field) {
  const std::size_t at = text.find("\"" + field + "\": ");
  return at == std::string::npos ? 0 : std::atof(text.c_str() + at + field.size() + 4);
}

std::string output_of(const std::string& command) {
  std::string text;
  if (FILE* pipe = ::popen(command.c_str(), "r")) {
    std::array<char, 4096> block{};
    for (std::size_t got = 0; (got = std::fread(block.data(), 1, block.size(), pipe)) > 0;) {
      text.append(block.data(), got);
    }
    (void)::pclose(pipe);
  }
  return text;
}

Backup make_backup(const Network& network) {
  const std::string said =
      output_of(own_directory() + "/hamroh backup --json --home " + network.home(0) + " --out " +
                network.root() + "/backup --keys-out " + network.root() + "/keys 2>&1");
  return {number_in(said, "bytes") / 1e6, number_in(said, "seconds")};
}

double database_megabytes(const Network& network) {
  struct stat info {};
  const std::string file = network.home(0) + "/node.db";
  return ::stat(file.c_str(), &info) == 0 ? static_cast<double>(info.st_size) / 1e6 : 0;
}

struct Rounds {
  std::vector<double> alone;   // messages a second
  std::vector<double> beside;  // the same while backups are made one after the other
  std::vector<Backup> backups_alone;
  std::vector<Backup> backups_beside;
  double megabytes = 0;
};

tl::expected<void, std::string> fill(const BackupOptions& options, const Network& network,
                                     Client& client, const MemberId& to) {
  PairOptions filling;
  filling.messages = filling_batch;
  filling.bytes = filling_bytes;
  filling.window = 256;
  while (database_megabytes(network) < static_cast<double>(options.store_megabytes)) {
    if (const Pushed pushed = push_messages(client, to, filling); !pushed.fault.empty()) {
      return Fault(pushed.fault);
    }
  }
  return {};
}

tl::expected<Rounds, std::string> run_rounds(const BackupOptions& options, const Network& network,
                                             Client& client, const MemberId& to) {
  Rounds rounds;
  PairOptions load;
  load.messages = options.messages;
  const auto push = [&](std::vector<double>& rates) -> std::string {
    const Pushed pushed = push_messages(client, to, load);
    rates.push_back(static_cast<double>(load.messages) / pushed.seconds);
    return pushed.fault;
  };
  for (int round = 0; round < options.rounds; ++round) {
    if (const std::string fault = push(rounds.alone); !fault.empty()) {
      return Fault(fault);
    }
    rounds.backups_alone.push_back(make_backup(network));
    std::atomic<bool> over = false;
    std::thread backing([&] {
      while (!over) {
        const Backup made = make_backup(network);
        if (!over) {
          rounds.backups_beside.push_back(made);
        }
      }
    });
    const std::string fault = push(rounds.beside);
    over = true;
    backing.join();
    if (!fault.empty()) {
      return Fault(fault);
    }
  }
  rounds.megabytes = database_megabytes(network);
  return rounds;
}

double median(std::vector<double> values) {
  std::ranges::sort(values);
  return values.empty() ? 0 : values[values.size() / 2];
}
double median_rate(const std::vector<Backup>& backups) {
  std::vector<double> rates;
  for (const Backup& backup : backups) {
    rates.push_back(backup.rate());
  }
  return median(std::move(rates));
}

tl::expected<Rounds, std::string> measure(const BackupOptions& options) {
  auto network = Network::found(options.directory, own_directory(),
                                {{"sender", "ngo"}, {"recipient", "commission"}});
  if (!network) {
    return Fault(network.error());
  }
  for (std::size_t i = 0; i < 2; ++i) {
    if (const auto started = network->start(i); !started) {
      return Fault(started.error());
    }
  }
  auto client = Client::connect(network->home(0));
  const auto to = client ? meet(*client) : std::nullopt;
  if (!to) {
    return Fault("the nodes did not meet within 30 s");
  }
  (void)output_of(own_directory() + "/hamroh recovery make --home " + network->home(0) +
                  " --shares 2 --threshold 2 --out " + network->root() + "/shares 2>&1");
  if (const auto filled = fill(options, *network, *client, *to); !filled) {
    return Fault(filled.error());
  }
  return run_rounds(options, *network, *client, *to);
}

}  // namespace

int run_backup(const BackupOptions& options) {
  const auto rounds = measure(options);
  if (!rounds) {
    std::fprintf(stderr, "hamroh-bench: %s\n", rounds.error().c_str());
    return 1;
  }
  const double alone = median(rounds->alone);
  const double beside = median(rounds->beside);
  const double loss = alone > 0 ? 100 * (1 - beside / alone) : 0;
  std::printf(
      options.json
          ? "{\"store_megabytes\": %.0f, \"backup_megabytes_per_second\": %.1f, "
            "\"beside_load\": %.1f, \"messages_per_second\": %.1f, \"beside_backup\": %.1f, "
            "\"loss_percent\": %.1f, \"backups_beside\": %zu}\n"
          : "store of %.0f MB: backup at %.1f MB/s, beside the load at %.1f MB/s\n"
            "load at window 64: %.1f messages/s, beside backups %.1f (%.1f %% less, %zu "
            "backups)\n",
      rounds->megabytes, median_rate(rounds->backups_alone), median_rate(rounds->backups_beside),
      alone, beside, loss, rounds->backups_beside.size());
  return 0;
}

}  // namespace hamroh::bench
