#include "admin/administrator_key.h"

#include "protocol/member.h"
#include "protocol/text.h"

namespace hamroh {
namespace {

constexpr std::uint64_t operations_max = 16;
constexpr std::uint64_t memory_bytes_min = 8 * 1024;
constexpr std::uint64_t memory_bytes_max = 1ULL << 30U;
constexpr std::uint64_t memory_bytes_step = 1024;  // Argon2 counts KiB: other bits mean nothing

template <std::size_t N>
std::array<std::uint8_t, N> take_array(ByteReader& reader) {
  std::array<std::uint8_t, N> array{};
  const ByteView raw = reader.take(N);
  std::ranges::copy(raw, array.begin());
  return array;
}

// What the seal covers beside the seed.
Bytes clear_part(const SealedAdministratorKey& file) {
  Bytes out;
  append(out, view(labels::administrator_key));
  put_u16(out, static_cast<std::uint16_t>(file.name.size()));
  append(out, view(file.name));
  append(out, file.key.view());
  put_u64(out, file.cost.operations);
  put_u64(out, file.cost.memory_bytes);
  append(out, file.salt);
  return out;
}

bool is_bearable(const crypto::PassphraseCost& cost) {
  return cost.operations >= 1 && cost.operations <= operations_max &&
         cost.memory_bytes >= memory_bytes_min && cost.memory_bytes <= memory_bytes_max &&
         cost.memory_bytes % memory_bytes_step == 0;
}

}  // namespace

Status check_new_passphrase(ByteView passphrase) {
  if (count_characters(text(passphrase)) < limits::passphrase_characters_min) {
    return caller_error(Code::bad_passphrase, "a passphrase has at least 8 characters");
  }
  return {};
}

Result<SealedAdministratorKey> seal_administrator_key(std::string_view name, const Seed& seed,
                                                      ByteView passphrase,
                                                      crypto::PassphraseCost cost) {
  if (!is_fit_name(name)) {
    return caller_error(Code::invalid_argument,
                        "a name is 1 to 256 bytes of plain text without blanks at its ends");
  }
  HAMROH_TRY(check_new_passphrase(passphrase));
  SealedAdministratorKey file;
  file.name = name;
  file.key = *AdminKey::from(crypto::SigningKey::from_seed(seed).public_key().view());
  file.cost = cost;
  crypto::system_random(file.salt);
  crypto::system_random(file.nonce);
  HAMROH_ASSIGN(const SymmetricKey root, crypto::passphrase_key(passphrase, file.salt, cost));
  seed.expose([&](auto raw) {
    std::ranges::copy(crypto::xchacha_seal(root, file.nonce, clear_part(file), raw),
                      file.sealed.begin());
  });
  return file;
}

Result<crypto::SigningKey> open_administrator_key(const SealedAdministratorKey& file,
                                                  ByteView passphrase) {
  HAMROH_ASSIGN(const SymmetricKey root, crypto::passphrase_key(passphrase, file.salt, file.cost));
  auto raw = crypto::xchacha_open(root, file.nonce, clear_part(file), file.sealed);
  if (!raw || raw->size() != 32) {
    return caller_error(Code::bad_passphrase, "the passphrase does not open this key");
  }
  const Seed seed(ByteView(*raw).first<32>());
  crypto::wipe(*raw);
  crypto::SigningKey key = crypto::SigningKey::from_seed(seed);
  if (!std::ranges::equal(key.public_key().view(), file.key.view())) {
    return peer_error(Code::malformed, "the key inside is not the one that the file names");
  }
  return key;
}

Bytes encode_administrator_key(const SealedAdministratorKey& file) {
  Bytes out = clear_part(file);
  append(out, file.nonce);
  append(out, file.sealed);
  return out;
}

Result<SealedAdministratorKey> parse_administrator_key(ByteView bytes) {
  if (bytes.size() > administrator_key_bytes_max) {
    return peer_error(Code::too_large, "this is too large for an administrator's key");
  }
  HAMROH_TRY(check_file_label(bytes, labels::administrator_key));
  ByteReader reader(bytes.subspan(labels::administrator_key.size()));
  SealedAdministratorKey file;
  file.name = text(reader.take(reader.u16()));
  file.key = reader.fixed<AdminKey>();
  file.cost.operations = reader.u64();
  file.cost.memory_bytes = reader.u64();
  file.salt = take_array<16>(reader);
  file.nonce = take_array<24>(reader);
  file.sealed = take_array<48>(reader);
  if (!reader.finished() || !is_fit_name(file.name)) {
    return peer_error(Code::malformed, "this administrator's key is damaged");
  }
  if (!is_bearable(file.cost)) {
    return peer_error(Code::malformed, "this key asks for more work or memory than a key may");
  }
  return file;
}

Bytes encode_administrator_card(const AdministratorCard& card) {
  Bytes out;
  append(out, view(labels::administrator_card));
  append(out, card.network.view());
  put_u16(out, static_cast<std::uint16_t>(card.administrator.name.size()));
  append(out, view(card.administrator.name));
  append(out, card.administrator.key.view());
  append(out, card.administrator.possession.view());
  return out;
}

Result<AdministratorCard> parse_administrator_card(ByteView bytes) {
  HAMROH_TRY(check_file_label(bytes, labels::administrator_card));
  ByteReader reader(bytes.subspan(labels::administrator_card.size()));
  AdministratorCard card;
  card.network = reader.fixed<NetworkId>();
  card.administrator.name = text(reader.take(reader.u16()));
  card.administrator.key = reader.fixed<AdminKey>();
  card.administrator.possession = reader.fixed<Signature>();
  if (!reader.finished() || !is_fit_name(card.administrator.name)) {
    return peer_error(Code::malformed, "this administrator's card is damaged");
  }
  return card;
}

Status check_file_label(ByteView bytes, std::string_view label) {
  const std::string_view front = text(bytes.first(std::min(bytes.size(), label.size())));
  if (front == label) {
    return {};
  }
  const std::string_view unnumbered = label.substr(0, label.size() - 2);  // without "1" and NUL
  if (front.starts_with(unnumbered)) {
    return peer_error(Code::unsupported_version,
                      "this file is of a version that is not known here");
  }
  return peer_error(Code::malformed, "this file is of another kind");
}

}  // namespace hamroh
