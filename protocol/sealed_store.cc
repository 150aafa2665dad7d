#include "protocol/sealed_store.h"

#include "protocol/constants.h"
#include "protocol/record_bounds.h"

namespace hamroh {

namespace {

constexpr std::uint8_t record_version = 1;
constexpr std::size_t nonce_bytes = 24;
constexpr std::size_t nonce_at = 1;
constexpr std::size_t sealed_at = nonce_at + nonce_bytes;
constexpr std::size_t overhead = sealed_at + crypto::tag_bytes;

std::size_t slot(Table table) {
  return static_cast<std::size_t>(table);
}
constexpr std::size_t slots = static_cast<std::size_t>(all_tables.back()) + 1;

// AAD = table u8 ‖ key ‖ version u8. The key is the only part of variable length, so it is
// unambiguous.
class Associated {
 public:
  Associated(Table table, ByteView key) : size_(key.size() + 2) {
    CHECK(key.size() <= key_bytes_max);
    raw_[0] = static_cast<std::uint8_t>(table);
    std::copy(key.begin(), key.end(), raw_.begin() + 1);
    raw_[size_ - 1] = record_version;
  }
  [[nodiscard]] ByteView view() const { return {raw_.data(), size_}; }

 private:
  std::array<std::uint8_t, key_bytes_max + 2> raw_{};
  std::size_t size_;
};

SymmetricKey record_key(const SymmetricKey& tier_key, Table table) {
  Bytes info(labels::record_key.begin(), labels::record_key.end());
  put_u8(info, static_cast<std::uint8_t>(table));
  return SymmetricKey::make([&](std::span<std::uint8_t, 32> out) {
    const Status expanded =
        tier_key.expose([&](auto raw) { return crypto::hkdf_expand(raw, info, out); });
    CHECK(expanded.has_value());
  });
}

}  // namespace

struct SealedStore::State {
  State(Store& inner_store, Entropy& nonce_source) : inner(inner_store), nonces(nonce_source) {}

  void derive(Tier tier, const SymmetricKey& tier_key) {
    for (Table table : all_tables) {
      if (tier_of(table) == tier) {
        keys[slot(table)] = record_key(tier_key, table);
      }
    }
  }

  // The table's record key, or nothing while its tier is locked.
  [[nodiscard]] const SymmetricKey* key_of(Table table) const {
    return unlocked || tier_of(table) == Tier::node ? &keys[slot(table)] : nullptr;
  }

  Store& inner;
  Entropy& nonces;
  std::array<SymmetricKey, slots> keys;
  bool unlocked = false;
};

class SealedTransaction final : public Transaction {
 public:
  SealedTransaction(SealedStore::State& state, std::unique_ptr<Transaction> inner)
      : state_(state), inner_(std::move(inner)) {}

  Result<std::optional<Bytes>> get(Table table, ByteView key) override {
    HAMROH_ASSIGN(const SymmetricKey* record_key, unlocked_key(table));
    HAMROH_ASSIGN(std::optional<Bytes> stored, inner_->get(table, key));
    if (!stored) {
      return std::optional<Bytes>();
    }
    std::optional<Bytes> value = open(*record_key, table, key, *stored);
    if (!value) {
      return corrupt();
    }
    return value;
  }

  Status put(Table table, ByteView key, ByteView value) override {
    HAMROH_ASSIGN(const SymmetricKey* record_key, unlocked_key(table));
    HAMROH_TRY(check_record(table, key, value));
    if (value.size() > record_bytes_max - overhead) {
      return caller_error(Code::too_large, "a sealed record is at most 1 MiB");
    }
    std::array<std::uint8_t, nonce_bytes> nonce;
    state_.nonces.fill(nonce);
    const Bytes sealed =
        crypto::xchacha_seal(*record_key, nonce, Associated(table, key).view(), value);
    record_.assign(1, record_version);
    append(record_, nonce);
    append(record_, sealed);
    return inner_->put(table, key, record_);
  }

  Status erase(Table table, ByteView key) override {
    HAMROH_ASSIGN([[maybe_unused]] const SymmetricKey* record_key, unlocked_key(table));
    return inner_->erase(table, key);
  }

  Status scan(Table table, ByteView from, ByteView until, Order order,
              const Visitor& visit) override {
    HAMROH_ASSIGN(const SymmetricKey* record_key, unlocked_key(table));
    bool sound = true;
    HAMROH_TRY(inner_->scan(table, from, until, order, [&](ByteView key, ByteView stored) {
      const std::optional<Bytes> value = open(*record_key, table, key, stored);
      sound = value.has_value();
      return sound && visit(key, *value);
    }));
    return sound ? Status() : corrupt();
  }

  Status commit() override { return inner_->commit(); }

 private:
  [[nodiscard]] Result<const SymmetricKey*> unlocked_key(Table table) const {
    const SymmetricKey* key = state_.key_of(table);
    if (key == nullptr) {
      return caller_error(Code::locked, "the reader tier of the vault is locked");
    }
    return key;
  }

  static tl::unexpected<Error> corrupt() {
    return environment_error(Code::store_corrupt, "a stored record does not open");
  }

  static std::optional<Bytes> open(const SymmetricKey& record_key, Table table, ByteView key,
                                   ByteView stored) {
    // A key longer than any that can be written comes from a damaged file.
    if (stored.size() < overhead || stored[0] != record_version || key.size() > key_bytes_max) {
      return std::nullopt;
    }
    const auto nonce = stored.subspan<nonce_at, nonce_bytes>();
    return crypto::xchacha_open(record_key, nonce, Associated(table, key).view(),
                                stored.subspan(sealed_at));
  }

  SealedStore::State& state_;
  std::unique_ptr<Transaction> inner_;
  Bytes record_;  // reused from put to put
};

SealedStore::SealedStore(Store& inner, Entropy& nonces, const SymmetricKey& node_key)
    : state_(std::make_unique<State>(inner, nonces)) {
  state_->derive(Tier::node, node_key);
}

SealedStore::~SealedStore() = default;

void SealedStore::unlock(const SymmetricKey& reader_key) {
  state_->derive(Tier::reader, reader_key);
  state_->unlocked = true;
}

void SealedStore::lock() {
  state_->unlocked = false;
  for (Table table : all_tables) {
    if (tier_of(table) == Tier::reader) {
      state_->keys[slot(table)] = SymmetricKey();
    }
  }
}

bool SealedStore::unlocked() const {
  return state_->unlocked;
}

Result<std::unique_ptr<Transaction>> SealedStore::begin() {
  HAMROH_ASSIGN(std::unique_ptr<Transaction> inner, state_->inner.begin());
  return std::make_unique<SealedTransaction>(*state_, std::move(inner));
}

}  // namespace hamroh
