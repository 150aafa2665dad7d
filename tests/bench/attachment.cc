// `hamroh-bench attachment`: a file from a program to its node, and from that node to another one,
// beside what one node's seal and disk alone would allow.

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <thread>

#include "daemon/keeper.h"
#include "protocol/attachment.h"
#include "protocol/sealed_store.h"
#include "protocol/wire_form.h"
#include "tests/bench/network.h"
#include "tests/bench/pair.h"
#include "tests/bench/sample_form.h"

namespace hamroh::bench {
namespace {

using SteadyClock = std::chrono::steady_clock;
using Fault = tl::unexpected<std::string>;

constexpr std::size_t chunks_in_a_commit = 16;
constexpr std::uint64_t log_bytes_max = 16 * 1024 * 1024;
constexpr auto patience = std::chrono::minutes(5);

double seconds_since(SteadyClock::time_point from) {
  return std::chrono::duration<double>(SteadyClock::now() - from).count();
}

// Seals every chunk once and writes it into a store like a node's, a mebibyte in each commit; no
// hash, no network, no second node.
double floor_seconds(const std::string& path, ByteView file) {
  const auto key = [] { return SymmetricKey::make([](auto raw) { crypto::system_random(raw); }); };
  SystemEntropy entropy;
  auto disk = SqliteStore::open(path, {}).value();
  SealedStore store(*disk, entropy, key());
  store.unlock(key());
  const SymmetricKey file_key = key();
  const auto shape = *AttachmentShape::of(file.size());
  const auto from = SteadyClock::now();
  for (std::size_t next = 0; next < shape.count();) {
    auto transaction = store.begin().value();
    for (std::size_t i = 0; i < chunks_in_a_commit && next < shape.count(); ++i, ++next) {
      const ByteView plain =
          file.subspan(next * limits::attachment_chunk_bytes, shape.plain_bytes(next));
      const Bytes chunk = seal_chunk(file_key, entropy.draw<ChunkNonce>(), shape, next, plain);
      CHECK(transaction->put(Table::chunk, key_u64(next), chunk));
    }
    CHECK(transaction->commit());
    transaction.reset();
    if (disk->wal_bytes() > log_bytes_max) {
      CHECK(disk->checkpoint(false));
    }
  }
  return seconds_since(from);
}

double hash_seconds(ByteView file) {
  const auto from = SteadyClock::now();
  for (std::size_t at = 0; at < file.size(); at += limits::attachment_chunk_bytes) {
    (void)chunk_leaf(file.subspan(at, std::min(file.size() - at, limits::attachment_chunk_bytes)));
  }
  return seconds_since(from);
}

// Asks until it is so.
template <class Use>
bool comes(Use&& use) {
  for (const auto until = SteadyClock::now() + patience; SteadyClock::now() < until;) {
    if (use()) {
      return true;
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  return false;
}

struct Way {
  double bringing = 0;
  double moving = 0;
};

tl::expected<Way, std::string> send(Client& client, const CaseId& id, ByteView file) {
  api::AttachFile ask;
  ask.message = new_message_id();
  ask.case_id = id;
  ask.bytes = file.size();
  ask.sha256 = crypto::sha256({file});
  ask.name = "scan.pdf";
  Way way;
  const auto from = SteadyClock::now();
  const auto sent = client.attach(ask, file);
  if (!sent) {
    return Fault(client.words_for(sent.error()));
  }
  const auto brought = SteadyClock::now();
  way.bringing = std::chrono::duration<double>(brought - from).count();
  const bool whole = comes([&] {
    const auto all = client.attachments(id);
    return all && std::ranges::any_of(*all, [&](const AttachmentView& one) {
             return one.message == ask.message && !one.holders.empty() &&
                    one.holders.front().whole.ms != 0;
           });
  });
  way.moving = seconds_since(brought);
  return whole ? tl::expected<Way, std::string>(way) : Fault("the file did not arrive");
}

double median(std::vector<double> all) {
  std::ranges::sort(all);
  return all[all.size() / 2];
}

tl::expected<void, std::string> measure(const AttachmentOptions& options) {
  Bytes file(options.mebibytes * 1024 * 1024);
  crypto::system_random(file);
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
  const auto id = accepted_case(*client, *other);
  if (!id) {
    return Fault(id.error());
  }
  std::vector<double> floors, hashes, bringing, moving;
  for (int run = 0; run < options.runs; ++run) {
    const std::string path = network->root() + "/floor.db";
    floors.push_back(floor_seconds(path, file));
    std::filesystem::remove(path);
    std::filesystem::remove(path + "-wal");
    hashes.push_back(hash_seconds(file));
    const auto way = send(*client, *id, file);
    if (!way) {
      return Fault(way.error());
    }
    bringing.push_back(way->bringing);
    moving.push_back(way->moving);
  }
  const auto rate = [&](double seconds) {
    return static_cast<double>(options.mebibytes) / seconds;
  };
  const double floor = median(floors);
  const double moved = median(moving);
  std::printf(options.json
                  ? "{\"mib\": %zu, \"floor_mib_s\": %.1f, \"hash_mib_s\": %.1f, "
                    "\"bringing_mib_s\": %.1f, \"moving_mib_s\": %.1f, \"share\": %.2f}\n"
                  : "%zu MiB: seal and disk alone %.1f MiB/s, hash alone %.1f MiB/s; to "
                    "the node %.1f MiB/s, from node to node %.1f MiB/s: %.2f of the first\n",
              options.mebibytes, rate(floor), rate(median(hashes)), rate(median(bringing)),
              rate(moved), floor / moved);
  return {};
}

}  // namespace

tl::expected<CaseId, std::string> accepted_case(Client& client, Client& other) {
  const auto to = meet(client);
  if (!to) {
    return Fault("the two nodes do not meet");
  }
  auto form = parse_referral(sample_body(2'048, 1));
  using enum DisclosureTier;
  form->consent.scope = {
      {{"kind:commission"}, {t1, t2, t3, t4}, {"protection", "status_application"}}};
  const auto referred = client.refer(*to, *form);
  if (!referred || !client.wait(referred->message, Level::opened, minutes(1))) {
    return Fault("the referral did not arrive");
  }
  const auto decided = other.decide(referred->case_id, {});
  if (!decided || !other.wait(decided->message, Level::opened, minutes(1))) {
    return Fault("the acceptance did not arrive");
  }
  return referred->case_id;
}

int run_attachment(const AttachmentOptions& options) {
  if (const auto measured = measure(options); !measured) {
    std::fprintf(stderr, "hamroh-bench: %s\n", measured.error().c_str());
    return 1;
  }
  return 0;
}

}  // namespace hamroh::bench
