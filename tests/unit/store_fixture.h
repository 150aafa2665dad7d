// What the tests of the stores share: keys, values and a directory that goes away with the test.
#pragma once

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <random>
#include <string>

#include "protocol/crypto.h"
#include "protocol/ports.h"

namespace hamroh::store_fixture {

// Deterministic; only tests may draw nonces from it.
class SeededEntropy final : public Entropy {
 public:
  explicit SeededEntropy(std::uint64_t seed) : engine_(seed) {}
  void fill(std::span<std::uint8_t> out) override {
    for (std::uint8_t& byte : out) {
      byte = static_cast<std::uint8_t>(engine_());
    }
  }

 private:
  std::mt19937_64 engine_;
};

class TemporaryDirectory {
 public:
  TemporaryDirectory() {
    std::string pattern = testing::TempDir() + "/hamroh-store-XXXXXX";
    const char* made = ::mkdtemp(pattern.data());
    CHECK(made != nullptr);
    path_ = made;
  }
  ~TemporaryDirectory() { std::filesystem::remove_all(path_); }
  TemporaryDirectory(const TemporaryDirectory&) = delete;
  TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;
  [[nodiscard]] std::string file(const std::string& name) const { return path_ + "/" + name; }

 private:
  std::string path_;
};

inline SymmetricKey symmetric_key(std::uint8_t fill) {
  std::array<std::uint8_t, 32> raw;
  raw.fill(fill);
  return SymmetricKey(raw);
}

inline Bytes bytes(std::string_view from) {
  return {view(from).begin(), view(from).end()};
}

inline std::unique_ptr<Transaction> begin(Store& store) {
  auto transaction = store.begin();
  CHECK(transaction.has_value());
  return std::move(*transaction);
}

// The key of a row of a MemoryStore. Not inlined: g++ 12 then warns of an overlong comparison.
[[gnu::noinline]] inline std::pair<Table, Bytes> row_key(Table table, ByteView key) {
  return {table, Bytes(key.begin(), key.end())};
}

inline Status put_one(Store& store, Table table, ByteView key, ByteView value) {
  HAMROH_ASSIGN(std::unique_ptr<Transaction> transaction, store.begin());
  HAMROH_TRY(transaction->put(table, key, value));
  return transaction->commit();
}

inline Result<std::optional<Bytes>> get_one(Store& store, Table table, ByteView key) {
  HAMROH_ASSIGN(std::unique_ptr<Transaction> transaction, store.begin());
  return transaction->get(table, key);
}

}  // namespace hamroh::store_fixture
