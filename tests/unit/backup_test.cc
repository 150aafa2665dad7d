// The bytes of a backup and of its keyring: what was damaged, cut, exchanged or made for somebody
// else does not open.

#include <gtest/gtest.h>

#include "protocol/backup.h"
#include "protocol/page_sum.h"

namespace hamroh {
namespace {

SymmetricKey key_of(std::uint8_t byte) {
  return SymmetricKey::make([&](auto raw) { std::fill(raw.begin(), raw.end(), byte); });
}
template <class Fixed>
Fixed filled(std::uint8_t byte) {
  Fixed value;
  value.bytes.fill(byte);
  return value;
}
constexpr std::array<std::uint8_t, 24> nonce{7};
constexpr std::array<std::uint8_t, 16> salt{9};

BackupHead head_of(std::uint64_t pages) {
  BackupHead head;
  head.statement = {
      filled<NetworkId>(1),   filled<MemberId>(2), 3, {1'700'000'000'000}, 42, filled<Digest>(4),
      filled<BackupKeyId>(5), filled<BackupId>(6)};
  head.database_bytes = pages * page_bytes;
  head.vault_bytes = 217;
  head.configuration_bytes = 1000;
  return head;
}

// A file as `hamroh backup` writes it, over zeros.
std::vector<Bytes> chunks_of(const BackupCipher& cipher) {
  std::vector<Bytes> chunks;
  for (std::uint64_t n = 0; n < cipher.head().chunks(); ++n) {
    chunks.push_back(cipher.seal(n, Bytes(cipher.head().chunk_bytes(n))));
  }
  return chunks;
}

class Backup : public testing::Test {
 protected:
  Backup() { EXPECT_TRUE(crypto::start()); }
};

TEST_F(Backup, HeadSurvivesEncodingAndFixesTheLengthOfTheFile) {
  const BackupHead head = head_of(200);
  const Bytes encoded = head.encode();
  ASSERT_EQ(encoded.size(), BackupHead::encoded_size);
  const auto parsed = BackupHead::parse(encoded);
  ASSERT_TRUE(parsed);
  EXPECT_EQ(*parsed, head);
  const BackupCipher cipher(head, key_of(1));
  std::uint64_t bytes = encoded.size();
  for (const Bytes& chunk : chunks_of(cipher)) {
    bytes += chunk.size();
  }
  EXPECT_EQ(bytes, head.file_bytes());
}

TEST_F(Backup, EveryChunkOpensInItsPlaceOnly) {
  const BackupCipher cipher(head_of(200), key_of(1));
  const std::vector<Bytes> chunks = chunks_of(cipher);
  ASSERT_EQ(chunks.size(), 4U);
  for (std::uint64_t n = 0; n < chunks.size(); ++n) {
    for (std::uint64_t place = 0; place < chunks.size() + 1; ++place) {
      EXPECT_EQ(cipher.open(place, chunks[n]).has_value(), n == place) << n << " at " << place;
    }
  }
}

TEST_F(Backup, EveryFlippedBitOfHeadOrChunkIsFound) {
  const BackupHead head = head_of(1);
  const SymmetricKey backup_key = key_of(1);
  const BackupCipher cipher(head, backup_file_key(backup_key, head.statement));
  Bytes chunk = cipher.seal(0, Bytes(head.chunk_bytes(0), 0x5a));
  const Bytes encoded = head.encode();
  for (std::size_t bit = 0; bit < encoded.size() * 8; ++bit) {
    Bytes damaged = encoded;
    damaged[bit / 8] = static_cast<std::uint8_t>(damaged[bit / 8] ^ 1U << bit % 8);
    const auto parsed = BackupHead::parse(damaged);
    if (!parsed) {
      continue;
    }
    const BackupCipher other(*parsed, backup_file_key(backup_key, parsed->statement));
    EXPECT_FALSE(other.open(0, chunk)) << bit;
  }
  for (std::size_t bit = 0; bit < chunk.size() * 8; bit += 101) {
    chunk[bit / 8] = static_cast<std::uint8_t>(chunk[bit / 8] ^ 1U << bit % 8);
    EXPECT_FALSE(cipher.open(0, chunk)) << bit;
    chunk[bit / 8] = static_cast<std::uint8_t>(chunk[bit / 8] ^ 1U << bit % 8);
  }
  EXPECT_TRUE(cipher.open(0, chunk));
}

TEST_F(Backup, EveryTruncationOfHeadOrChunkIsFound) {
  const BackupHead head = head_of(1);
  const BackupCipher cipher(head, key_of(1));
  const Bytes chunk = cipher.seal(0, Bytes(head.chunk_bytes(0)));
  const Bytes encoded = head.encode();
  for (std::size_t length = 0; length < encoded.size(); ++length) {
    EXPECT_FALSE(BackupHead::parse(ByteView(encoded).first(length)));
  }
  for (std::size_t length = 0; length < chunk.size(); length += 97) {
    EXPECT_FALSE(cipher.open(0, ByteView(chunk).first(length)));
  }
}

TEST_F(Backup, AnotherKeyOrAnotherBackupUnderTheSameKeyDoesNotOpen) {
  const BackupHead head = head_of(1);
  const SymmetricKey backup_key = key_of(1);
  const BackupCipher cipher(head, backup_file_key(backup_key, head.statement));
  const Bytes chunk = cipher.seal(0, Bytes(head.chunk_bytes(0)));
  EXPECT_TRUE(BackupCipher(head, backup_file_key(backup_key, head.statement)).open(0, chunk));
  EXPECT_FALSE(BackupCipher(head, backup_file_key(key_of(2), head.statement)).open(0, chunk));
  BackupHead other = head;
  other.statement.id = filled<BackupId>(9);
  EXPECT_FALSE(BackupCipher(other, backup_file_key(backup_key, other.statement)).open(0, chunk));
  other = head;
  other.statement.member = filled<MemberId>(9);
  EXPECT_FALSE(BackupCipher(other, backup_file_key(backup_key, other.statement)).open(0, chunk));
}

TEST_F(Backup, SizesThatCannotBeAreRefused) {
  for (const std::uint64_t bytes : {std::uint64_t{0}, std::uint64_t{page_bytes - 1},
                                    backup_database_bytes_max + page_bytes, UINT64_MAX}) {
    BackupHead head = head_of(1);
    head.database_bytes = bytes;
    EXPECT_FALSE(BackupHead::parse(head.encode())) << bytes;
  }
  BackupHead head = head_of(1);
  head.vault_bytes = 0;
  EXPECT_FALSE(BackupHead::parse(head.encode()));
  head.vault_bytes = UINT32_MAX;
  EXPECT_FALSE(BackupHead::parse(head.encode()));
}

// ---- the keyring ------------------------------------------------------------------------------

Keyring keyring_with(std::uint8_t node, bool passphrase) {
  Keyring keyring;
  keyring.network = filled<NetworkId>(1);
  keyring.member = filled<MemberId>(2);
  keyring.made = {5};
  keyring.vault = Bytes(217, 3);
  if (passphrase) {
    keyring.seal_tiers({1, 8192}, salt, key_of(50), {key_of(node), key_of(60)}, nonce);
  }
  std::vector<BackupKey> keys;
  keys.push_back({filled<BackupKeyId>(1), {10}, {30}, key_of(11)});
  keys.push_back({filled<BackupKeyId>(2), {20}, {40}, key_of(12)});
  keyring.seal_keys(key_of(node), keys, nonce);
  return keyring;
}

TEST_F(Backup, AKeyringOpensWithTheNodeTierOfItsNode) {
  const auto keyring = Keyring::parse(keyring_with(40, false).encode());
  ASSERT_TRUE(keyring);
  const auto keys = keyring->open_keys(key_of(40));
  ASSERT_TRUE(keys);
  ASSERT_EQ(keys->size(), 2U);
  EXPECT_EQ((*keys)[1].created.ms, 20U);
  EXPECT_TRUE((*keys)[1].key.equals(key_of(12)));
  EXPECT_EQ(keyring->open_keys(key_of(41)).error().code, Code::bad_passphrase);
  EXPECT_EQ(keyring->open_tiers(key_of(50)).error().code, Code::not_found);
}

TEST_F(Backup, WithoutSharesAPassphraseOpensTheTiers) {
  const auto keyring = Keyring::parse(keyring_with(40, true).encode());
  ASSERT_TRUE(keyring);
  const auto tiers = keyring->open_tiers(key_of(50));
  ASSERT_TRUE(tiers);
  EXPECT_TRUE(tiers->node.equals(key_of(40)));
  EXPECT_TRUE(tiers->reader.equals(key_of(60)));
  EXPECT_EQ(keyring->open_tiers(key_of(51)).error().code, Code::bad_passphrase);
}

TEST_F(Backup, EveryFlippedBitAndEveryTruncationOfAKeyringIsFound) {
  for (const bool passphrase : {false, true}) {
    const Bytes file = keyring_with(40, passphrase).encode();
    for (std::size_t bit = 0; bit < file.size() * 8; ++bit) {
      Bytes damaged = file;
      damaged[bit / 8] = static_cast<std::uint8_t>(damaged[bit / 8] ^ 1U << bit % 8);
      EXPECT_FALSE(Keyring::parse(damaged)) << bit;
    }
    for (std::size_t length = 0; length < file.size(); ++length) {
      EXPECT_FALSE(Keyring::parse(ByteView(file).first(length)));
    }
    Bytes longer = file;
    longer.push_back(0);
    EXPECT_FALSE(Keyring::parse(longer));
  }
}

TEST_F(Backup, WhoeverChangesAKeyringAndItsHashDoesNotGetItOpened) {
  Keyring keyring = keyring_with(40, true);
  keyring.member = filled<MemberId>(9);
  const auto parsed = Keyring::parse(keyring.encode());
  ASSERT_TRUE(parsed);
  EXPECT_FALSE(parsed->open_keys(key_of(40)));
  EXPECT_FALSE(parsed->open_tiers(key_of(50)));
}

TEST_F(Backup, AKeyServesItsDaysAndEndsWithTheBound) {
  const BackupPolicy policy{30, 3};
  std::vector<BackupKey> keys;
  keys.push_back(
      {filled<BackupKeyId>(1), Timestamp{} + days(100), Timestamp{} + days(190), key_of(1)});
  const auto at = [](std::uint64_t day) { return Timestamp{} + days(day); };
  EXPECT_NE(present_backup_key(keys, policy, at(129)), nullptr);
  EXPECT_EQ(present_backup_key(keys, policy, at(130)), nullptr);
  EXPECT_EQ(present_backup_key(keys, policy, at(99)), nullptr);  // made under a wrong clock
  EXPECT_FALSE(is_backup_key_over(keys[0], policy, at(189)));
  EXPECT_TRUE(is_backup_key_over(keys[0], policy, at(190)));
  EXPECT_TRUE(is_backup_key_over(keys[0], policy, at(10)));
}

TEST_F(Backup, APolicyThatBecomesLongerKeepsNoKeyBeyondItsWord) {
  const auto at = [](std::uint64_t day) { return Timestamp{} + days(day); };
  std::vector<BackupKey> keys;
  keys.push_back({filled<BackupKeyId>(1), at(100), at(190), key_of(1)});
  const BackupPolicy longer{60, 6};
  EXPECT_TRUE(is_backup_key_over(keys[0], longer, at(190)));
  EXPECT_NE(present_backup_key(keys, longer, at(130)), nullptr);
  EXPECT_EQ(present_backup_key(keys, longer, at(131)), nullptr);  // what it seals would end early
  EXPECT_TRUE(is_backup_key_over(keys[0], {10, 2}, at(120)));
}

TEST_F(Backup, AZeroedOrSoundPageIsSoundAndNoOther) {
  std::array<std::uint8_t, page_bytes> page{};
  EXPECT_TRUE(is_page_sound(0, page));
  page[17] = 1;
  EXPECT_FALSE(is_page_sound(0, page));
}

}  // namespace
}  // namespace hamroh
