// `hamroh-bench erase`: how long it takes to erase one of many cases for good: rows, keys, the keys
// above, the commit, and the log emptied into the database.

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <filesystem>

#include "daemon/keeper.h"
#include "protocol/memory_store.h"
#include "tests/bench/pair.h"
#include "tests/bench/sample_form.h"
#include "tests/sim/authority.h"
#include "tests/sim/program.h"

namespace hamroh::bench {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::size_t cases_in_a_turn = 256;
constexpr std::size_t recipients = 4;  // so that no queue is full
constexpr Timestamp began{1'800'000'000'000};

double ms_since(Clock::time_point from) {
  return std::chrono::duration<double, std::milli>(Clock::now() - from).count();
}

MessageId message_id(std::uint64_t number) {
  MessageId id;
  const Bytes time = key_u64((began.ms + number) << 16U);
  std::ranges::copy(time, id.bytes.begin());
  crypto::system_random(std::span(id.bytes).subspan(6));
  return id;
}

// A node on a real database, with members to refer to whom it never meets.
class Bench {
 public:
  explicit Bench(const std::string& path)
      : node_key_(SymmetricKey::make([](auto raw) { crypto::system_random(raw); })),
        reader_key_(SymmetricKey::make([](auto raw) { crypto::system_random(raw); })),
        disk_(SqliteStore::open(path, {}).value()),
        store_(*disk_, entropy_, node_key_) {
    store_.unlock(reader_key_);
    sim::Authority authority(sim::Random(1), began);
    const Bytes network = authority.network_file();
    for (std::size_t i = 0; i <= recipients; ++i) {
      SymmetricKey other = SymmetricKey::make([](auto raw) { crypto::system_random(raw); });
      MemoryStore memory;
      SealedStore elsewhere(memory, entropy_, other);
      elsewhere.unlock(other);
      Store& home = i == 0 ? static_cast<Store&>(store_) : elsewhere;
      const NewMember member{network,
                             "member " + std::to_string(i),
                             i == 0 ? MemberKind::ngo : MemberKind::commission,
                             "tcp://127.0.0.1:" + std::to_string(7'000 + i),
                             std::nullopt,
                             1};
      in_turn(home, [&](Turn& turn) {
        const Bytes request = Node::initialise(member, turn).value();
        const Member entry = parse_join_request(request)->member;
        authority.admit(entry);
        if (i != 0) {
          others_.push_back(entry.id);
        }
      });
    }
    in_turn(store_, [&](Turn& turn) { node_.emplace(Node::open({}, turn).value()); });
    const Bytes directory = authority.publish(began);
    in_turn(store_, [&](Turn& turn) {
      const Status installed = node_->install(directory, turn);
      CHECK(installed);
    });
    monotonic_.ms += tuning::start_wait_max.ms;
    in_turn(store_, [&](Turn& turn) {
      const Status ticked = node_->tick(turn);
      CHECK(ticked);
    });
  }

  void open_cases(std::size_t count, std::size_t bytes) {
    for (std::size_t done = 0; done < count;) {
      in_turn(store_, [&](Turn& turn) {
        for (std::size_t i = 0; i < cases_in_a_turn && done < count; ++i, ++done) {
          const MessageId id = message_id(done);
          const auto accepted = node_->submit({id,
                                               std::nullopt,
                                               EventKind::referral_send,
                                               {others_[done % recipients]},
                                               sample_body(bytes, done),
                                               {}},
                                              program(), turn);
          CHECK(accepted);
          cases_.push_back(*CaseId::from(id.view()));
        }
      });
      if (disk_->wal_bytes() > 16 * 1024 * 1024) {
        CHECK(disk_->checkpoint(false));
      }
    }
    CHECK(disk_->checkpoint(true));
  }

  // One of the cases, drawn at random: until nothing of it stands in the files.
  double erase_one() {
    std::array<std::uint8_t, 8> drawn{};
    crypto::system_random(drawn);
    const auto which = static_cast<std::ptrdiff_t>(ByteReader(drawn).u64() % cases_.size());
    const CaseId id = cases_[static_cast<std::size_t>(which)];
    cases_.erase(cases_.begin() + which);
    const auto from = Clock::now();
    in_turn(store_, [&](Turn& turn) {
      const auto erased = node_->erase_case(id, ErasureReason::withdrawal, true, turn);
      CHECK(erased);
    });
    CHECK(disk_->checkpoint(true));
    return ms_since(from);
  }

 private:
  template <class Work>
  void in_turn(Store& store, Work&& work) {
    auto transaction = store.begin();
    CHECK(transaction);
    Effects effects;
    Turn turn{began, monotonic_, **transaction, entropy_, effects};
    work(turn);
    if (node_) {
      const Status finished = node_->finish(turn);
      CHECK(finished);
    }
    const Status committed = (*transaction)->commit();
    CHECK(committed);
  }

  SymmetricKey node_key_;
  SymmetricKey reader_key_;
  SystemEntropy entropy_;
  std::unique_ptr<SqliteStore> disk_;
  SealedStore store_;
  std::optional<Node> node_;
  Duration monotonic_{1'000'000};
  std::vector<MemberId> others_;
  std::vector<CaseId> cases_;
};

}  // namespace

int run_erase(const EraseOptions& options) {
  const std::string path = options.directory + "/bench-erase.db";
  std::filesystem::remove(path);
  std::filesystem::remove(path + "-wal");
  std::vector<double> times;
  double opening_ms = 0;
  {
    Bench bench(path);
    const auto from = Clock::now();
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
