// What is believed of a backup before anything of it opens: its head, and the keyring.

#include "protocol/backup.h"
#include "tests/fuzz/fuzz.h"

namespace hamroh::fuzz {
namespace {

constexpr std::array<std::uint8_t, 24> nonce{1};
constexpr std::array<std::uint8_t, 16> salt{2};

SymmetricKey key_of(std::uint8_t byte) {
  return SymmetricKey::make([&](auto raw) { std::fill(raw.begin(), raw.end(), byte); });
}
Bytes sample_head() {
  BackupHead head;
  head.statement = {filled<NetworkId>(1),   filled<MemberId>(2), 3, {4}, 5, filled<Digest>(6),
                    filled<BackupKeyId>(7), filled<BackupId>(8)};
  head.database_bytes = 200ULL * 4096;
  head.vault_bytes = 217;
  head.configuration_bytes = 1000;
  return head.encode();
}
// Without the hash at its end, which lets nothing but the seeds through.
Bytes sample_keyring(bool passphrase) {
  Keyring keyring;
  keyring.network = filled<NetworkId>(1);
  keyring.member = filled<MemberId>(2);
  keyring.vault = Bytes(217, 3);
  if (passphrase) {
    keyring.seal_tiers({1, 8192}, salt, key_of(4), {key_of(5), key_of(6)}, nonce);
  }
  std::vector<BackupKey> keys;
  keys.push_back({filled<BackupKeyId>(7), {8}, {9}, key_of(9)});
  keyring.seal_keys(key_of(5), keys, nonce);
  const Bytes bytes = keyring.encode();
  return {bytes.begin(), bytes.end() - Digest::size};
}

}  // namespace

std::vector<Bytes> seeds() {
  return {chosen(0, sample_head()), chosen(1, sample_keyring(false)),
          chosen(1, sample_keyring(true))};
}

void run(ByteView input) {
  const auto [parser, rest] = choose(input, 2);
  if (parser == 0) {
    const auto head = BackupHead::parse(rest);
    if (head) {
      CHECK(std::ranges::equal(head->encode(), rest));
      std::uint64_t bytes = BackupHead::encoded_size + head->chunks() * crypto::tag_bytes;
      bytes += (head->chunks() - 1) * backup_chunk_bytes + head->chunk_bytes(head->chunks() - 1);
      CHECK(bytes == head->file_bytes());
    }
    return;
  }
  Bytes file(rest.begin(), rest.end());
  append(file, crypto::sha256({rest}).view());
  const auto keyring = Keyring::parse(file);
  CHECK(!keyring || keyring->encode() == file);
  if (keyring) {
    (void)keyring->open_keys(key_of(5));
    (void)keyring->open_tiers(key_of(4));
  }
}

}  // namespace hamroh::fuzz
