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

using Clock = std::chrono::steady_clock;

double us_between(Clock::time_point from, Clock::time_point to) {
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
  std::map<MessageId, Clock::time_point> open;
  std::uint64_t sent = 0;
  std::uint64_t done = 0;
  std::vector<Clock::time_point> tenths{Clock::now()};
  const auto begin = Clock::now();
  while (done < options.messages && result.fault.empty()) {
    while (open.size() < options.window && sent < options.messages) {
      api::Submit submission;
      submission.message = new_message_id();
      submission.kind = EventKind::referral_send;
      submission.to = {to};
      submission.body = sample_body(options.bytes, sent);
      open.emplace(submission.message, Clock::now());
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
    result.latency_us.push_back(us_between(found->second, Clock::now()));
    open.erase(found);
    ++done;
    if (done % std::max<std::uint64_t>(options.messages / 10, 1) == 0) {
      tenths.push_back(Clock::now());
    }
  }
  result.seconds = us_between(begin, Clock::now()) / 1e6;
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

void print(const PairOptions& options, const Measured& result, const Usage& usage, double wire,
           double disk, double idle_mib, double peak_mib) {
  std::vector<double> sorted = result.latency_us;
  std::ranges::sort(sorted);
  const auto messages = static_cast<double>(options.messages);
  const auto each = [messages](std::uint64_t us) { return static_cast<double>(us) / messages; };
  if (options.json) {
    std::printf(
        "{\"messages\": %llu, \"bytes\": %zu, \"window\": %zu, \"messages_per_second\": %.1f, "
        "\"p50_ms\": %.3f, \"p99_ms\": %.3f, \"max_ms\": %.3f, \"idle_pss_mib\": %.1f, "
        "\"peak_rss_mib\": %.1f, \"wire_bytes_per_message\": %.1f, \"disk_bytes_per_message\": "
        "%.1f, "
        "\"cpu_us_per_message\": %.1f, \"cpu_us\": {\"sender\": %.1f, \"sender_link\": %.1f, "
        "\"recipient\": %.1f, \"recipient_link\": %.1f, \"client\": %.1f}, "
        "\"first_tenth_per_second\": %.1f, \"last_tenth_per_second\": %.1f}\n",
        static_cast<unsigned long long>(options.messages), options.bytes, options.window,
        messages / result.seconds, percentile(sorted, 0.5) / 1e3, percentile(sorted, 0.99) / 1e3,
        percentile(sorted, 1) / 1e3, idle_mib, peak_mib, wire, disk, each(usage.total()),
        each(usage.sender), each(usage.sender_link), each(usage.recipient),
        each(usage.recipient_link), each(usage.client), result.first_tenth_rate,
        result.last_tenth_rate);
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
      idle_mib, peak_mib);
  std::printf("  wire, disk   %.0f and %.0f bytes a message\n", wire, disk);
}

}  // namespace

int run_pair(const PairOptions& options) {
  auto network = Network::found(options.directory, own_directory(),
                                {{"sender", "ngo"}, {"recipient", "commission"}});
  if (!network) {
    return fail(network.error());
  }
  // Before the start and after the stop the logs are empty, so that only what stays is counted.
  const auto disk_before = directory_bytes(network->home(0)) + directory_bytes(network->home(1));
  for (std::size_t i = 0; i < 2; ++i) {
    if (const auto started = network->start(i); !started) {
      return fail(started.error());
    }
  }
  auto client = Client::connect(network->home(0));
  if (!client) {
    return fail("no connection to the sender's node");
  }
  MemberId recipient;
  for (int i = 0;; ++i) {
    const auto status = client->status();
    if (status && status->node.phase == Phase::ready && !status->node.peers.empty() &&
        status->node.peers[0].connected) {
      recipient = status->node.peers[0].member;
      break;
    }
    if (i == 300) {
      return fail("the nodes did not meet within 30 s");
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
  }
  std::this_thread::sleep_for(std::chrono::milliseconds(500));
  double idle_kib = 0;
  for (std::size_t i = 0; i < 2; ++i) {
    const auto both = pss_kib(network->process(i)) + pss_kib(network->link_process(i));
    idle_kib = std::max(idle_kib, static_cast<double>(both));
  }
  // A few messages first: page caches, key sheets and the first connections are not what is
  // measured.
  PairOptions warm = options;
  warm.messages = std::min<std::uint64_t>(200, options.messages);
  if (const Measured warmed = push(*client, recipient, warm); !warmed.fault.empty()) {
    return fail(warmed.fault);
  }
  std::this_thread::sleep_for(std::chrono::milliseconds(1'200));
  const auto status_before = client->status();
  const Usage before = usage_of(*network);
  const Measured result = push(*client, recipient, options);
  const Usage after = usage_of(*network);
  if (!result.fault.empty()) {
    return fail(result.fault);
  }
  std::this_thread::sleep_for(std::chrono::milliseconds(1'200));  // the links report once a while
  const auto status_after = client->status();
  double peak_kib = 0;
  for (std::size_t i = 0; i < 2; ++i) {
    const auto both = peak_rss_kib(network->process(i)) + peak_rss_kib(network->link_process(i));
    peak_kib = std::max(peak_kib, static_cast<double>(both));
  }
  network->stop(0);
  network->stop(1);
  const auto disk_after = directory_bytes(network->home(0)) + directory_bytes(network->home(1));
  if (!status_before || !status_after) {
    return fail("the sender's node does not answer");
  }
  const auto& link_before = status_before->link;
  const auto& link_after = status_after->link;
  const auto messages = static_cast<double>(options.messages);
  const auto wire = static_cast<double>(link_after.bytes_in + link_after.bytes_out -
                                        link_before.bytes_in - link_before.bytes_out);
  const Usage spent{after.sender - before.sender, after.sender_link - before.sender_link,
                    after.recipient - before.recipient,
                    after.recipient_link - before.recipient_link, after.client - before.client};
  const double disk = static_cast<double>(disk_after - disk_before) /
                      static_cast<double>(options.messages + warm.messages);
  print(options, result, spent, wire / messages, disk, idle_kib / 1024, peak_kib / 1024);
  return 0;
}

}  // namespace hamroh::bench
