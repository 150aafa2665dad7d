#include "daemon/passphrase_worker.h"

#include <gtest/gtest.h>
#include <poll.h>

namespace hamroh {
namespace {

constexpr crypto::PassphraseCost cheap{1, 64 * 1024};
constexpr crypto::PassphraseCost slow{3, 64ULL * 1024 * 1024};

Bytes bytes(std::string_view text) {
  return {view(text).begin(), view(text).end()};
}

PassphraseWorker::Job job(std::uint64_t id, std::string_view passphrase,
                          crypto::PassphraseCost cost = cheap) {
  PassphraseWorker::Job made{id, {}};
  made.derivations.emplace_back(bytes(passphrase), Salt{}, cost);
  return made;
}

// Until so many outcomes have come; a test that waits for ever is ended from outside.
std::vector<PassphraseWorker::Outcome> wait_for(PassphraseWorker& worker, std::size_t count) {
  std::vector<PassphraseWorker::Outcome> all;
  while (all.size() < count) {
    pollfd watched{worker.descriptor(), POLLIN, 0};
    ::poll(&watched, 1, -1);
    for (auto& outcome : worker.take()) {
      all.push_back(std::move(outcome));
    }
  }
  return all;
}

TEST(PassphraseWorker, MakesTheKeyThatArgon2idMakes) {
  ASSERT_TRUE(crypto::start());
  auto worker = PassphraseWorker::start();
  ASSERT_TRUE(worker);
  auto both = job(7, "first passphrase");
  both.derivations.emplace_back(bytes("second"), Salt{}, cheap);
  ASSERT_TRUE((*worker)->offer(std::move(both)));
  const auto outcomes = wait_for(**worker, 1);
  ASSERT_EQ(outcomes.front().id, 7U);
  ASSERT_EQ(outcomes.front().keys.size(), 2U);
  for (std::size_t i = 0; i < 2; ++i) {
    const auto wanted =
        crypto::passphrase_key(view(i == 0 ? "first passphrase" : "second"), Salt{}.bytes, cheap);
    ASSERT_TRUE(wanted && outcomes.front().keys[i]);
    EXPECT_TRUE(outcomes.front().keys[i]->equals(*wanted));
  }
}

TEST(PassphraseWorker, RefusesMoreThanItsQueueHoldsAndAnswersWhatItTook) {
  ASSERT_TRUE(crypto::start());
  auto worker = PassphraseWorker::start();
  ASSERT_TRUE(worker);
  std::size_t taken = 0;
  std::size_t refused = 0;
  for (std::uint64_t id = 0; id < 100; ++id) {
    const Status offered = (*worker)->offer(job(id, "a passphrase", slow));
    if (offered) {
      ++taken;
    } else {
      EXPECT_EQ(offered.error().code, Code::busy);
      ++refused;
    }
  }
  EXPECT_GE(taken, PassphraseWorker::queued_max);
  EXPECT_GT(refused, 50U);
  EXPECT_EQ(wait_for(**worker, taken).size(), taken);
}

TEST(PassphraseWorker, EndsWithWorkLeft) {
  ASSERT_TRUE(crypto::start());
  auto worker = PassphraseWorker::start();
  ASSERT_TRUE(worker);
  for (std::uint64_t id = 0; id < 5; ++id) {
    ASSERT_TRUE((*worker)->offer(job(id, "a passphrase", slow)));
  }
  worker->reset();  // does not wait for all five
}

TEST(PassphraseWorker, SaysWhatFailedAndGoesOn) {
  ASSERT_TRUE(crypto::start());
  auto worker = PassphraseWorker::start();
  ASSERT_TRUE(worker);
  ASSERT_TRUE((*worker)->offer(job(1, "a passphrase", {0, 0})));  // libsodium refuses this cost
  ASSERT_TRUE((*worker)->offer(job(2, "a passphrase")));
  const auto outcomes = wait_for(**worker, 2);
  EXPECT_FALSE(outcomes[0].keys[0]);
  EXPECT_TRUE(outcomes[1].keys[0]);
}

}  // namespace
}  // namespace hamroh
