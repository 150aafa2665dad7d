// Where the bytes of secrets lie: locked, wiped when given back, used again, and bounded.

#include <gtest/gtest.h>
#include <sys/resource.h>

#include <fstream>
#include <string>
#include <thread>
#include <vector>

#include "protocol/crypto.h"
#include "protocol/sanitizers.h"

namespace hamroh {
namespace {

class SecretMemory : public testing::Test {
 protected:
  SecretMemory() { EXPECT_TRUE(crypto::start()); }
};

// "VmLck:      136 kB" in /proc/self/status.
[[maybe_unused]] std::size_t locked_kib() {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with("VmLck:")) {
      return std::stoul(line.substr(6));
    }
  }
  return 0;
}

Secret<32> filled_with(std::uint8_t byte) {
  return Secret<32>::make([byte](auto raw) { std::fill(raw.begin(), raw.end(), byte); });
}
const std::uint8_t* address_of(const Secret<32>& secret) {
  return secret.expose([](auto raw) { return raw.data(); });
}

TEST_F(SecretMemory, IsLockedAndTheKernelSaysSo) {
  const Secret<32> held = filled_with(1);
  const crypto::MemoryLock memory = crypto::memory_lock();
  EXPECT_GE(memory.bytes, 64U * 1024);
  EXPECT_EQ(memory.outside, 0U);
  rlimit limit{};
  ASSERT_EQ(getrlimit(RLIMIT_MEMLOCK, &limit), 0);
  if (limit.rlim_cur >= 1024 * 1024) {
    EXPECT_TRUE(memory.locked);
#ifndef HAMROH_SANITIZED  // which turns mlock off
    EXPECT_GE(locked_kib() * 1024, memory.bytes);
#endif
  }
}

TEST_F(SecretMemory, IsWipedWhenASecretEndsAndServesTheNextOne) {
  const std::uint8_t* freed = nullptr;
  {
    const Secret<32> secret = filled_with(0xa5);
    freed = address_of(secret);
  }
  // Only the address of the next free slot may stand there, in the first eight bytes.
  for (std::size_t at = sizeof(void*); at < 64; ++at) {
    EXPECT_EQ(freed[at], 0) << at;
  }
  const Secret<32> next = Secret<32>::make([](auto raw) {
    for (const std::uint8_t byte : raw) {
      EXPECT_EQ(byte, 0);
    }
  });
  EXPECT_EQ(address_of(next), freed);
}

TEST_F(SecretMemory, DefaultAndMovedFromSecretsAreZeros) {
  Secret<32> from = filled_with(7);
  Secret<32> into = std::move(from);
  EXPECT_TRUE(into.equals(filled_with(7)));
  EXPECT_TRUE(from.equals(Secret<32>()));  // NOLINT: reading it is the point
  EXPECT_TRUE(from.copy().equals(filled_with(0)));
  into = std::move(from);
  EXPECT_TRUE(into.equals(filled_with(0)));
  from = filled_with(9);
  EXPECT_TRUE(from.equals(filled_with(9)));
}

TEST_F(SecretMemory, BeyondItsBoundSecretsStillWorkAndItIsSaid) {
  constexpr std::size_t slots_max = 16 * 1024;
  {
    std::vector<Secret<32>> many;
    for (std::size_t count = 0; count < slots_max + 100; ++count) {
      many.push_back(filled_with(static_cast<std::uint8_t>(count)));
    }
    const crypto::MemoryLock full = crypto::memory_lock();
    EXPECT_EQ(full.bytes, 1024U * 1024);
    EXPECT_GE(full.outside, 100U);
    EXPECT_FALSE(full.locked);
    for (std::size_t count = 0; count < many.size(); ++count) {
      ASSERT_TRUE(many[count].equals(filled_with(static_cast<std::uint8_t>(count))));
    }
  }
  EXPECT_EQ(crypto::memory_lock().outside, 0U);
}

TEST_F(SecretMemory, ThreadsMayMakeAndEndTheirOwn) {
  std::vector<std::thread> threads;
  for (unsigned thread = 0; thread < 4; ++thread) {
    threads.emplace_back([thread] {
      for (unsigned round = 0; round < 2'000; ++round) {
        const Secret<32> one = filled_with(static_cast<std::uint8_t>(thread));
        const Secret<32> two = one.copy();
        ASSERT_TRUE(two.equals(filled_with(static_cast<std::uint8_t>(thread))));
      }
    });
  }
  for (std::thread& thread : threads) {
    thread.join();
  }
}

}  // namespace
}  // namespace hamroh
