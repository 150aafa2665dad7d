// A node on a real database with many cases, referred to members that it never meets.
#pragma once

#include <algorithm>
#include <array>
#include <chrono>
#include <string>
#include <utility>

#include "daemon/keeper.h"
#include "protocol/memory_store.h"
#include "tests/bench/sample_form.h"
#include "tests/sim/authority.h"
#include "tests/sim/program.h"

namespace hamroh::bench {

using SteadyClock = std::chrono::steady_clock;

[[nodiscard]] inline double ms_since(SteadyClock::time_point from) {
  return std::chrono::duration<double, std::milli>(SteadyClock::now() - from).count();
}

inline constexpr std::size_t cases_in_a_turn = 256;
inline constexpr std::size_t recipients = 4;  // so that no queue is full
inline constexpr Timestamp began{1'800'000'000'000};

[[nodiscard]] inline MessageId message_id(std::uint64_t number) {
  MessageId id;
  const Bytes time = key_u64((began.ms + number) << 16U);
  std::ranges::copy(time, id.bytes.begin());
  crypto::system_random(std::span(id.bytes).subspan(6));
  return id;
}

// A node on a real database, with members to refer to whom it never meets.
class ManyCases {
 public:
  explicit ManyCases(const std::string& path, const Bytes& pack = {})
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
    if (!pack.empty()) {
      authority.draft().pack = crypto::sha256({pack});
    }
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
    if (!pack.empty()) {
      in_turn(store_, [&](Turn& turn) {
        const Status installed = node_->install_pack(pack, turn);
        CHECK(installed);
      });
    }
  }

  // `lifetime`: after which what was not delivered is given up; zero: long.
  void open_cases(std::size_t count, std::size_t bytes, Duration lifetime = {}) {
    for (std::size_t done = 0; done < count;) {
      in_turn(store_, [&](Turn& turn) {
        for (std::size_t i = 0; i < cases_in_a_turn && done < count; ++i, ++done) {
          const MessageId id = message_id(done);
          const auto accepted = node_->submit({id,
                                               std::nullopt,
                                               EventKind::referral_send,
                                               {others_[done % recipients]},
                                               sample_body(bytes, done),
                                               lifetime},
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
    const auto from = SteadyClock::now();
    in_turn(store_, [&](Turn& turn) {
      const auto erased = node_->erase_case(id, ErasureReason::withdrawal, true, turn);
      CHECK(erased);
    });
    CHECK(disk_->checkpoint(true));
    return ms_since(from);
  }

  // The node anew, as after a start; in ms.
  double reopen() {
    node_.reset();
    const auto from = SteadyClock::now();
    in_turn(store_, [&](Turn& turn) { node_.emplace(Node::open({}, turn).value()); });
    return ms_since(from);
  }
  void close() { node_.reset(); }
  // Time passes, and the node looks after what is due: in ms.
  double tick_after(Duration passed) {
    now_ = now_ + passed;
    monotonic_.ms += passed.ms;
    const auto from = SteadyClock::now();
    in_turn(store_, [&](Turn& turn) {
      const Status ticked = node_->tick(turn);
      CHECK(ticked);
    });
    return ms_since(from);
  }
  [[nodiscard]] const Node& node() const { return *node_; }

 private:
  template <class Work>
  void in_turn(Store& store, Work&& work) {
    auto transaction = store.begin();
    CHECK(transaction);
    Effects effects;
    Turn turn{now_, monotonic_, **transaction, entropy_, effects};
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
  Timestamp now_ = began;
  std::vector<MemberId> others_;
  std::vector<CaseId> cases_;
};

}  // namespace hamroh::bench
