#include "tests/bench/pair.h"

#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <map>
#include <thread>
#include <vector>

#include "hamroh/client.h"
#include "protocol/ledger.h"
#include "tests/bench/network.h"
#include "tests/bench/sample_form.h"

namespace hamroh::bench {
namespace {

using SteadyClock = std::chrono::steady_clock;

double us_between(SteadyClock::time_point from, SteadyClock::time_point to) {
  return std::chrono::duration<double, std::micro>(to - from).count();
}

struct Usage {
  std::uint64_t sender = 0, sender_link = 0, recipient = 0, recipient_link = 0, client = 0;
  [[nodiscard]] std::uint64_t total() const {
    return sender + sender_link + recipient + recipient_link + client;
  }
};

Usage usage_of(const Network& network) {
  return {cpu_us(network.process(0)), cpu_us(network.link_process(0)), cpu_us(network.process(1)),
          cpu_us(network.link_process(1)), cpu_us(getpid())};
}

struct Measured {
  std::vector<double> latency_us;
  double seconds = 0;
  std::string fault;
  // Cost of the first and last tenth, to see that it is flat.
  double first_tenth_rate = 0, last_tenth_rate = 0;
};

// Keeps `window` messages between submission and receipt until all are through.
Measured push(Client& client, const MemberId& to, const PairOptions& options) {
  Measured result;
  const auto cursor = client.cursor_now();
  if (!cursor) {
    result.fault = cursor.error().text;
    return result;
  }
  EventStream events(client, *cursor);
  std::map<MessageId, SteadyClock::time_point> open;
  std::uint64_t sent = 0;
  std::uint64_t done = 0;
  std::vector<SteadyClock::time_point> tenths{SteadyClock::now()};
  const auto begin = SteadyClock::now();
  while (done < options.messages && result.fault.empty()) {
    while (open.size() < options.window && sent < options.messages) {
      api::Submit submission;
      submission.message = new_message_id();
      submission.kind = EventKind::referral_send;
      submission.to = {to};
      submission.body = sample_body(options.bytes, sent);
      open.emplace(submission.message, SteadyClock::now());
      const Status queued =
          client.submit_async(submission, [&result](Result<api::Accepted> accepted) {
            if (!accepted) {
              result.fault = accepted.error().text;
            }
          });
      if (!queued) {
        result.fault = queued.error().text;
      }
      ++sent;
    }
    const auto event = events.next(seconds(30));
    if (!event || !*event) {
      result.fault = event ? "no receipt within 30 s" : event.error().text;
      break;
    }
    if ((*event)->kind != static_cast<std::uint8_t>(EntryKind::settled)) {
      continue;
    }
    const auto found = open.find((*event)->message);
    if (found == open.end()) {
      continue;
    }
    if ((*event)->code != Code::none) {
      result.fault = code_name((*event)->code);
    }
    result.latency_us.push_back(us_between(found->second, SteadyClock::now()));
    open.erase(found);
    ++done;
    if (done % std::max<std::uint64_t>(options.messages / 10, 1) == 0) {
      tenths.push_back(SteadyClock::now());
    }
  }
  result.seconds = us_between(begin, SteadyClock::now()) / 1e6;
  if (tenths.size() > 3) {
    const double share = static_cast<double>(options.messages) / 10;
    result.first_tenth_rate = share / (us_between(tenths[0], tenths[1]) / 1e6);
    result.last_tenth_rate = share / (us_between(tenths[tenths.size() - 2], tenths.back()) / 1e6);
  }
  return result;
}

double percentile(const std::vector<double>& sorted, double share) {
  return sorted.empty()
             ? 0
             : sorted[static_cast<std::size_t>(share * static_cast<double>(sorted.size() - 1))];
}

int fail(const std::string& why) {
  std::fprintf(stderr, "hamroh-bench: %s\n", why.c_str());
  return 1;
}

struct Report {
  Measured measured;
  Usage spent;                // CPU in microseconds, over all messages
  double wire_bytes = 0;      // both directions, over all messages
  double disk_bytes = 0;      // on both nodes, for one message
  double idle_kib = 0;        // PSS of the larger node with its link, before the first message
  double peak_kib = 0;        // RSS of the same, the most there ever was
  double restart_ms = 0;      // of the sender at the end, from exec to its first answer
  std::uint64_t entries = 0;  // in the sender's ledger at the end
};

void print(const PairOptions& options, const Report& report) {
  const Measured& result = report.measured;
  std::vector<double> sorted = result.latency_us;
  std::ranges::sort(sorted);
  const auto messages = static_cast<double>(options.messages);
  const auto each = [messages](std::uint64_t us) { return static_cast<double>(us) / messages; };
  const Usage& usage = report.spent;
  if (options.json) {
    std::printf(
        "{\"messages\": %llu, \"bytes\": %zu, \"window\": %zu, \"messages_per_second\": %.1f, "
        "\"p50_ms\": %.3f, \"p99_ms\": %.3f, \"max_ms\": %.3f, \"idle_pss_mib\": %.1f, "
        "\"peak_rss_mib\": %.1f, \"wire_bytes_per_message\": %.1f, "
        "\"disk_bytes_per_message\": %.1f, \"cpu_us_per_message\": %.1f, "
        "\"cpu_us\": {\"sender\": %.1f, \"sender_link\": %.1f, \"recipient\": %.1f, "
        "\"recipient_link\": %.1f, \"client\": %.1f}, \"first_tenth_per_second\": %.1f, "
        "\"last_tenth_per_second\": %.1f, \"restart_ms\": %.0f, \"ledger_entries\": %llu}\n",
        static_cast<unsigned long long>(options.messages), options.bytes, options.window,
        messages / result.seconds, percentile(sorted, 0.5) / 1e3, percentile(sorted, 0.99) / 1e3,
        percentile(sorted, 1) / 1e3, report.idle_kib / 1024, report.peak_kib / 1024,
        report.wire_bytes / messages, report.disk_bytes, each(usage.total()), each(usage.sender),
        each(usage.sender_link), each(usage.recipient), each(usage.recipient_link),
        each(usage.client), result.first_tenth_rate, result.last_tenth_rate, report.restart_ms,
        static_cast<unsigned long long>(report.entries));
    return;
  }
  std::printf(
      "%llu referrals of %zu bytes, window %zu: from submission to verified opened receipt\n",
      static_cast<unsigned long long>(options.messages), options.bytes, options.window);
  std::printf("  throughput   %.0f per second (first tenth %.0f, last tenth %.0f)\n",
              messages / result.seconds, result.first_tenth_rate, result.last_tenth_rate);
  std::printf("  latency      p50 %.2f ms, p99 %.2f ms, max %.2f ms\n",
              percentile(sorted, 0.5) / 1e3, percentile(sorted, 0.99) / 1e3,
              percentile(sorted, 1) / 1e3);
  std::printf(
      "  CPU          %.1f us a message: sender %.1f + link %.1f, recipient %.1f + link %.1f, "
      "client %.1f\n",
      each(usage.total()), each(usage.sender), each(usage.sender_link), each(usage.recipient),
      each(usage.recipient_link), each(usage.client));
  std::printf(
      "  memory       idle %.1f MiB (PSS of the larger node with its link), peak %.1f MiB\n",
      report.idle_kib / 1024, report.peak_kib / 1024);
  std::printf("  wire, disk   %.0f and %.0f bytes a message\n", report.wire_bytes / messages,
              report.disk_bytes);
  std::printf("  restart      %.0f ms with %llu ledger entries\n", report.restart_ms,
              static_cast<unsigned long long>(report.entries));
}

// Asks until `enough` is true of the node's state, for 30 s at most.
std::optional<api::NodeStatus> await(Client& client, bool (*enough)(const NodeView&)) {
  constexpr auto interval = std::chrono::milliseconds(2);
  const auto end = SteadyClock::now() + std::chrono::seconds(30);
  while (SteadyClock::now() < end) {
    const auto status = client.status();
    if (status && enough(status->node)) {
      return *status;
    }
    std::this_thread::sleep_for(interval);
  }
  return std::nullopt;
}

bool has_met(const NodeView& node) {
  return node.phase == Phase::ready && !node.peers.empty() && node.peers[0].connected;
}

// Takes submissions. It signs only when its peers have answered, or have had 10 s to do so.
bool works(const NodeView& node) {
  return node.phase == Phase::ready || node.phase == Phase::starting;
}

std::uint64_t bytes_on_disk(const Network& network) {
  return directory_bytes(network.home(0)) + directory_bytes(network.home(1));
}

// The larger of the two nodes by this measure, each with its link.
double larger_kib(const Network& network, std::uint64_t (*measure)(pid_t)) {
  double largest = 0;
  for (std::size_t i = 0; i < 2; ++i) {
    const auto both = measure(network.process(i)) + measure(network.link_process(i));
    largest = std::max(largest, static_cast<double>(both));
  }
  return largest;
}

using Fault = tl::unexpected<std::string>;

// Runs the load on two nodes that have met.
tl::expected<Report, std::string> run_load(const PairOptions& options, const Network& network,
                                           Client& client) {
  const auto pause = [](int ms) { std::this_thread::sleep_for(std::chrono::milliseconds(ms)); };
  const auto met = await(client, has_met);
  if (!met) {
    return Fault("the nodes did not meet within 30 s");
  }
  const MemberId recipient = met->node.peers[0].member;
  Report report;
  pause(500);
  report.idle_kib = larger_kib(network, pss_kib);
  // A few messages first: page caches, key sheets and the first connections are not what is
  // measured.
  PairOptions warm = options;
  warm.messages = options.warm_messages();
  if (const Measured warmed = push(client, recipient, warm); !warmed.fault.empty()) {
    return Fault(warmed.fault);
  }
  pause(1'200);  // the links report once a second
  const auto status_before = client.status();
  const Usage before = usage_of(network);
  report.measured = push(client, recipient, options);
  const Usage after = usage_of(network);
  if (!report.measured.fault.empty()) {
    return Fault(report.measured.fault);
  }
  pause(1'200);
  const auto status_after = client.status();
  if (!status_before || !status_after) {
    return Fault("the sender's node does not answer");
  }
  report.peak_kib = larger_kib(network, peak_rss_kib);
  report.wire_bytes =
      static_cast<double>(status_after->link.bytes_in + status_after->link.bytes_out -
                          status_before->link.bytes_in - status_before->link.bytes_out);
  report.spent = {after.sender - before.sender, after.sender_link - before.sender_link,
                  after.recipient - before.recipient, after.recipient_link - before.recipient_link,
                  after.client - before.client};
  return report;
}

tl::expected<Report, std::string> measure(const PairOptions& options) {
  auto network = Network::found(options.directory, own_directory(),
                                {{"sender", "ngo"}, {"recipient", "commission"}});
  if (!network) {
    return Fault(network.error());
  }
  // Before the start and after the stop the logs are empty, so that only what stays is counted.
  const std::uint64_t disk_before = bytes_on_disk(*network);
  for (std::size_t i = 0; i < 2; ++i) {
    if (const auto started = network->start(i); !started) {
      return Fault(started.error());
    }
  }
  auto client = network->connect(0);
  if (!client) {
    return Fault("no connection to the sender's node");
  }
  auto report = run_load(options, *network, *client);
  if (!report) {
    return report;
  }
  network->stop(0);
  network->stop(1);
  report->disk_bytes = static_cast<double>(bytes_on_disk(*network) - disk_before) /
                       static_cast<double>(options.messages + options.warm_messages());
  const auto begin = SteadyClock::now();
  if (const auto started = network->start(0); !started) {
    return Fault(started.error());
  }
  const auto again = await(*client, works);
  if (!again) {
    return Fault("the sender's node did not start again within 30 s");
  }
  report->restart_ms = us_between(begin, SteadyClock::now()) / 1e3;
  report->entries = again->node.ledger_size;
  return report;
}

}  // namespace

Pushed push_messages(Client& client, const MemberId& to, const PairOptions& options) {
  Measured measured = push(client, to, options);
  return {measured.seconds, std::move(measured.fault)};
}

std::optional<MemberId> meet(Client& client) {
  const auto met = await(client, has_met);
  return met ? std::optional(met->node.peers[0].member) : std::nullopt;
}

int run_pair(const PairOptions& options) {
  const auto report = measure(options);
  if (!report) {
    return fail(report.error());
  }
  print(options, *report);
  return 0;
}

}  // namespace hamroh::bench
