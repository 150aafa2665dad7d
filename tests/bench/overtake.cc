// `hamroh-bench overtake`: an emergency behind thousands of other messages and a file. What it
// asserts is the order in which the recipient's ledger has opened them; how long that took is told
// beside it.
//
// While the recipient is away its sender takes over everything, and last of all the emergency; half
// of the file has come before. So all of it waits in one queue when the two meet again.

#include <chrono>
#include <cstdio>
#include <set>
#include <thread>

#include "protocol/ledger.h"
#include "protocol/wire_form.h"
#include "tests/bench/network.h"
#include "tests/bench/pair.h"
#include "tests/bench/sample_form.h"

namespace hamroh::bench {
namespace {

using SteadyClock = std::chrono::steady_clock;
using Fault = tl::unexpected<std::string>;
template <class Value>
using Or = tl::expected<Value, std::string>;
constexpr auto patience = std::chrono::minutes(5);
using enum DisclosureTier;

double ms_since(SteadyClock::time_point from) {
  return std::chrono::duration<double, std::milli>(SteadyClock::now() - from).count();
}

Bytes form_of(Urgency urgency, std::uint64_t number) {
  auto form = parse_referral(sample_body(2'048, number));
  form->triage.urgency = urgency;
  form->consent.scope = {{{"kind:commission"}, {t1, t2}, {"protection", "status_application"}}};
  return encode(*form);
}

std::uint16_t chunks_there(Client& client, const CaseId& id) {
  const auto all = client.attachments(id);
  return all && !all->empty() && !all->front().holders.empty() ? all->front().holders.front().have
                                                               : std::uint16_t{0};
}

// Announces a file, and returns once the recipient has some of it and not all.
Or<void> begin_file(Client& client, const CaseId& id, std::size_t mebibytes) {
  Bytes file(mebibytes * 1024 * 1024);
  crypto::system_random(file);
  api::AttachFile ask;
  ask.message = new_message_id();
  ask.case_id = id;
  ask.bytes = file.size();
  ask.sha256 = crypto::sha256({file});
  ask.name = "scan.pdf";
  if (const auto sent = client.attach(ask, file); !sent) {
    return Fault(client.words_for(sent.error()));
  }
  for (const auto until = SteadyClock::now() + patience; SteadyClock::now() < until;) {
    if (chunks_there(client, id) > 0) {
      return {};
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  return Fault("nothing of the file came");
}

Or<std::set<MessageId>> submit_all(Client& client, const MemberId& to, std::uint64_t messages) {
  std::string fault;
  std::set<MessageId> all;
  for (std::uint64_t i = 0; i < messages && fault.empty(); ++i) {
    api::Submit submission;
    submission.message = *all.insert(new_message_id()).first;
    submission.kind = EventKind::referral_send;
    submission.to = {to};
    submission.body = form_of(Urgency::normal, i);
    const Status queued = client.submit_async(submission, [&](Result<api::Accepted> accepted) {
      fault = accepted ? fault : std::string(accepted.error().text);
    });
    fault = queued ? fault : std::string(queued.error().text);
    while (client.outstanding() >= Client::outstanding_max / 2) {
      client.poll(seconds(10));
    }
  }
  while (client.outstanding() > 0 && fault.empty()) {
    client.poll(seconds(10));
  }
  return fault.empty() ? Or<std::set<MessageId>>(std::move(all)) : Fault(fault);
}

struct Order {
  std::uint64_t before = 0;  // opened earlier than the emergency
  std::uint64_t after = 0;
  double emergency_ms = 0;  // since the recipient was started again, until its program heard of it
  double all_ms = 0;
  std::uint16_t chunks = 0;  // of the file at that moment
};

// Reads in which order the recipient's node has opened them.
Or<Order> watch(Client& there, const MessageId& emergency, const std::set<MessageId>& others,
                SteadyClock::time_point started) {
  Order order;
  bool came = false;
  EventStream events(there, 0);
  while (order.before + order.after < others.size() || !came) {
    const auto event = events.next(minutes(1));
    if (!event || !*event) {
      return Fault(event ? "nothing came for a minute" : event.error().text);
    }
    if ((*event)->kind != static_cast<std::uint8_t>(EntryKind::opened)) {
      continue;
    }
    if ((*event)->message == emergency) {
      came = true;
      order.emergency_ms = ms_since(started);
    } else if (others.contains((*event)->message)) {
      ++(came ? order.after : order.before);
    }
  }
  order.all_ms = ms_since(started);
  return order;
}

Or<Order> measure(const OvertakeOptions& options) {
  auto network = Network::found(options.directory, own_directory(),
                                {{"sender", "ngo"}, {"recipient", "commission"}});
  if (!network) {
    return Fault(network.error());
  }
  for (const std::size_t member : {0U, 1U}) {
    if (const auto started = network->start(member); !started) {
      return Fault(started.error());
    }
  }
  auto client = network->connect(0);
  auto other = network->connect(1);
  if (!client || !other) {
    return Fault("a node does not answer");
  }
  client->set_deadline(minutes(2));
  const auto to = meet(*client);
  const auto id = accepted_case(*client, *other);
  if (!to || !id) {
    return Fault(id ? "the two nodes do not meet" : id.error());
  }
  if (const auto begun = begin_file(*client, *id, options.mebibytes); !begun) {
    return Fault(begun.error());
  }
  network->stop(1);
  const std::uint16_t chunks = chunks_there(*client, *id);
  if (chunks >= options.mebibytes * 16) {
    return Fault("the file was too quick: take a larger one");
  }
  const auto sent = submit_all(*client, *to, options.messages);
  if (!sent) {
    return Fault(sent.error());
  }
  const auto emergency =
      client->refer(*to, *parse_referral(form_of(Urgency::emergency, options.messages)));
  if (!emergency) {
    return Fault(client->words_for(emergency.error()));
  }
  const auto started = SteadyClock::now();
  if (const auto again = network->start(1); !again) {
    return Fault(again.error());
  }
  auto there = network->connect(1);
  if (!there) {
    return Fault("the recipient does not answer");
  }
  auto order = watch(*there, emergency->message, *sent, started);
  if (order) {
    order->chunks = chunks;
  }
  return order;
}

}  // namespace

int run_overtake(const OvertakeOptions& options) {
  const auto order = measure(options);
  if (!order) {
    std::fprintf(stderr, "hamroh-bench: %s\n", order.error().c_str());
    return 1;
  }
  std::printf(options.json
                  ? "{\"messages\": %llu, \"mib\": %zu, \"chunks_before\": %u, \"before\": %llu, "
                    "\"emergency_ms\": %.0f, \"all_ms\": %.0f}\n"
                  : "%llu messages and a file of %zu MiB, of which %u chunks had come, waited: "
                    "%llu were opened before the emergency; it was there %.0f ms after the "
                    "recipient was started, the others after %.0f ms\n",
              static_cast<unsigned long long>(options.messages), options.mebibytes, order->chunks,
              static_cast<unsigned long long>(order->before), order->emergency_ms, order->all_ms);
  return order->before == 0 ? 0 : 1;
}

}  // namespace hamroh::bench
