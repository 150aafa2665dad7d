// `hamroh-bench floor`: what this machine asks at least for one turn, from its primitives and its
// disk.

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <vector>

#include "daemon/keeper.h"
#include "protocol/envelope.h"
#include "tests/bench/pair.h"
#include "tests/bench/sample_form.h"

namespace hamroh::bench {
namespace {

using SteadyClock = std::chrono::steady_clock;

template <class Work>
double median_us(int runs, Work&& work) {
  std::vector<double> times;
  for (int i = 0; i < runs; ++i) {
    const auto from = SteadyClock::now();
    work();
    times.push_back(std::chrono::duration<double, std::micro>(SteadyClock::now() - from).count());
  }
  std::ranges::sort(times);
  return times[times.size() / 2];
}

// What one turn costs at a batch size, both nodes together, without processes, sockets or frames.
struct Floor {
  std::size_t batch = 0;
  double digest_us = 0, seal_us = 0, sign_us = 0, verify_us = 0, rows_us = 0, commit_us = 0;
  // Two nodes on two cores share the work; each message is hashed, sealed into a row and put twice.
  [[nodiscard]] double message_us() const {
    const double turn = 2 * (sign_us + verify_us) + seal_us;
    return 2 * (digest_us + rows_us) + turn / static_cast<double>(batch);
  }
  [[nodiscard]] double cpu_bound() const { return 2e6 / message_us(); }
  // A window of one batch: three commits follow one another before the receipt is durable.
  [[nodiscard]] double commit_bound() const {
    return static_cast<double>(batch) * 1e6 /
           (3 * commit_us + message_us() * static_cast<double>(batch));
  }
};

class Bench {
 public:
  Bench(const std::string& directory, std::size_t bytes) : bytes_(bytes) {
    pattern_ = directory + "/hamroh-floor-XXXXXX";
    good_ = mkdtemp(pattern_.data()) != nullptr;
    if (good_) {
      auto store = SqliteStore::open(pattern_ + "/floor.db");
      good_ = store.has_value();
      if (good_) {
        disk_ = std::move(*store);
        const SymmetricKey key = SymmetricKey::make([](auto raw) { crypto::system_random(raw); });
        sealed_ = std::make_unique<SealedStore>(*disk_, entropy_, key);
        sealed_->unlock(key);
      }
    }
  }
  ~Bench() {
    sealed_.reset();
    disk_.reset();
    std::error_code ignored;
    std::filesystem::remove_all(pattern_, ignored);
  }
  [[nodiscard]] bool good() const { return good_; }

  Floor measure(std::size_t batch) {
    Floor floor;
    floor.batch = batch;
    const Bytes body = sample_body(bytes_, 1);
    const auto author =
        crypto::SigningKey::from_seed(Seed::make([](auto raw) { crypto::system_random(raw); }));
    const AgreementKey secret = AgreementKey::make([](auto raw) { crypto::system_random(raw); });
    const EpochKey key = crypto::x25519_public(secret);
    const Origin origin{};
    Note note;
    floor.sign_us =
        median_us(200, [&] { note = sign_note(origin, 1, {}, 0, NoteRole::author, author); });
    floor.verify_us = median_us(200, [&] { good_ = good_ && verify_note(origin, note); });
    floor.digest_us = median_us(500, [&] { (void)message_digest(body); });
    const Bytes content(std::min(body.size() * batch, limits::envelope_plaintext_max));
    const double envelopes = std::max(1.0, static_cast<double>(body.size() * batch) /
                                               static_cast<double>(limits::envelope_plaintext_max));
    floor.seal_us = envelopes * median_us(50, [&] {
                      const auto frame = seal_envelope(content, {}, {}, key, entropy_);
                      const auto parsed = parse_envelope(*frame);
                      good_ = good_ && open_envelope(*parsed, {}, secret, key);
                    });
    measure_rows(floor, body);
    return floor;
  }

 private:
  void measure_rows(Floor& floor, ByteView body) {
    std::vector<double> rows;
    std::vector<double> commits;
    for (int run = 0; run < 60; ++run) {
      auto transaction = sealed_->begin();
      const auto from = SteadyClock::now();
      for (std::size_t i = 0; i < floor.batch; ++i) {
        const std::uint64_t id = next_++;
        const std::array<std::uint8_t, 150> state{};
        good_ = good_ && (*transaction)->put(Table::body, key_u64(id), body) &&
                (*transaction)->put(Table::message, key_u64(id), state);
      }
      const auto middle = SteadyClock::now();
      good_ = good_ && (*transaction)->commit();
      rows.push_back(std::chrono::duration<double, std::micro>(middle - from).count());
      commits.push_back(
          std::chrono::duration<double, std::micro>(SteadyClock::now() - middle).count());
      transaction->reset();
      if (disk_->wal_bytes() > 16 * 1024 * 1024) {
        (void)disk_->checkpoint(true);
      }
    }
    std::ranges::sort(rows);
    std::ranges::sort(commits);
    floor.rows_us = rows[rows.size() / 2] / static_cast<double>(floor.batch);
    floor.commit_us = commits[commits.size() / 2];
  }

  std::size_t bytes_;
  std::string pattern_;
  bool good_ = false;
  SystemEntropy entropy_;
  std::unique_ptr<SqliteStore> disk_;
  std::unique_ptr<SealedStore> sealed_;
  std::uint64_t next_ = 1;
};

}  // namespace

int run_floor(const FloorOptions& options) {
  Bench bench(options.directory, options.bytes);
  std::vector<Floor> floors;
  for (const std::size_t batch : {1U, 16U, 64U, 256U}) {
    if (bench.good()) {
      floors.push_back(bench.measure(batch));
    }
  }
  if (!bench.good()) {
    std::fprintf(stderr, "hamroh-bench: the store below %s does not work\n",
                 options.directory.c_str());
    return 1;
  }
  if (options.json) {
    std::printf("{\"bytes\": %zu, \"floor\": [", options.bytes);
    for (const Floor& floor : floors) {
      std::printf(
          "%s{\"batch\": %zu, \"sign_us\": %.1f, \"verify_us\": %.1f, \"digest_us\": %.1f, "
          "\"seal_open_us\": %.1f, \"rows_us\": %.1f, \"commit_us\": %.1f, "
          "\"commits_per_second\": %.0f, \"cpu_bound_per_second\": %.0f, "
          "\"one_window_per_second\": %.0f}",
          &floor == &floors.front() ? "" : ", ", floor.batch, floor.sign_us, floor.verify_us,
          floor.digest_us, floor.seal_us, floor.rows_us, floor.commit_us, 1e6 / floor.commit_us,
          floor.cpu_bound(), floor.commit_bound());
    }
    std::puts("]}");
    return 0;
  }
  std::printf("The floor of this machine for referrals of %zu bytes (medians)\n", options.bytes);
  std::puts("batch  sign   verify  digest  seal+open  rows/msg  commit  CPU bound  one window");
  for (const Floor& floor : floors) {
    std::printf("%5zu  %4.0fus  %4.0fus  %4.1fus   %6.0fus   %5.1fus  %4.0fus  %7.0f/s  %8.0f/s\n",
                floor.batch, floor.sign_us, floor.verify_us, floor.digest_us, floor.seal_us,
                floor.rows_us, floor.commit_us, floor.cpu_bound(), floor.commit_bound());
  }
  std::puts(
      "CPU bound: digest and rows twice, two signatures and checks and one seal a turn, on two\n"
      "cores, nothing else. One window: three commits after one another for each batch.");
  return 0;
}

}  // namespace hamroh::bench
