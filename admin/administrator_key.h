// The key of one administrator at rest, and the card by which an administrator asks to be one.
//
//   key file = L(administrator-key) ‖ name length u16 ‖ name ‖ public key[32] ‖ operations u64 ‖
//              memory u64 ‖ salt[16] ‖ nonce[24] ‖ sealed seed[48]
//
// Sealed with XChaCha20-Poly1305 under the key that Argon2id makes of the passphrase; everything
// before the nonce is authenticated with it. The cost stands in the file and is bounded when read:
// a hostile file can take a second or two, never the memory of the machine.
//
//   card = L(administrator-card) ‖ network[32] ‖ name length u16 ‖ name ‖ key[32] ‖ possession[64]
//
// Both refuse trailing bytes and versions that they do not know. Nothing here touches a file.
#pragma once

#include <string>

#include "protocol/constitution.h"

namespace hamroh {

inline constexpr std::size_t administrator_key_bytes_max = 1024;

struct SealedAdministratorKey {
  std::string name;
  AdminKey key;
  crypto::PassphraseCost cost;
  std::array<std::uint8_t, 16> salt{};
  std::array<std::uint8_t, 24> nonce{};
  std::array<std::uint8_t, 48> sealed{};
};

// Whether it is long enough to be made one: 8 characters. Errors (caller): bad_passphrase.
[[nodiscard]] Status check_new_passphrase(ByteView passphrase);
// Salt and nonce are drawn. Errors: invalid_argument (caller) for an unfit name, bad_passphrase
// for one that is too short, full (environment).
[[nodiscard]] Result<SealedAdministratorKey> seal_administrator_key(
    std::string_view name, const Seed& seed, ByteView passphrase, crypto::PassphraseCost cost = {});
// Errors: bad_passphrase (caller), also if the file was changed; full (environment).
[[nodiscard]] Result<crypto::SigningKey> open_administrator_key(const SealedAdministratorKey& file,
                                                                ByteView passphrase);

[[nodiscard]] Bytes encode_administrator_key(const SealedAdministratorKey& file);
// Errors (peer): malformed, unsupported_version, too_large.
[[nodiscard]] Result<SealedAdministratorKey> parse_administrator_key(ByteView bytes);

struct AdministratorCard {
  NetworkId network;
  Administrator administrator;
};
[[nodiscard]] Bytes encode_administrator_card(const AdministratorCard& card);
// By itself: for which network's name the possession is proven is for is_founder_proven to judge.
// Errors (peer): malformed, unsupported_version.
[[nodiscard]] Result<AdministratorCard> parse_administrator_card(ByteView bytes);

// label at the front of a file; malformed or unsupported_version (peer) if it is another one.
[[nodiscard]] Status check_file_label(ByteView bytes, std::string_view label);

}  // namespace hamroh
