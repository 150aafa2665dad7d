// Keys of users: the key file by which a program says who it is, the certificate by which a member
// says whose a signing key is, and the votes that such keys sign. Pure.
//
//   key file    = L(user-key) ‖ network[32] ‖ member[16] ‖ user[16] ‖ seed[32] ‖
//                 first 8 bytes of SHA-256 of all before
//   login       = Ed25519 over L(login) ‖ network[32] ‖ member[16] ‖ user[16] ‖ challenge[32]
//   certificate = L(user-certificate) ‖ network[32] ‖ member[16] ‖ incarnation u32 ‖ user[16] ‖
//                 role u8 ‖ key[32] ‖ serial u64 ‖ time u64 ‖ author key[32] ‖ signature[64],
//                 the signature over everything before the author key
//   vote        = Ed25519 over L(vote) ‖ network[32] ‖ member[16] ‖ user[16] ‖ digest[32]
//
// A login names the member, so that a node cannot use what was signed for it at another one.
#pragma once

#include "protocol/crypto.h"
#include "protocol/rights.h"

namespace hamroh {

// Where a user belongs.
struct UserHome {
  NetworkId network;
  MemberId member;
  bool operator==(const UserHome&) const = default;
};

struct UserKeyFile {
  static constexpr std::size_t encoded_size = 18 + 32 + 16 + 16 + 32 + 8;

  UserHome home;
  UserId user;
  Seed seed;

  // Secret bytes: wiped by the caller.
  [[nodiscard]] Bytes encode() const;
  // Errors (caller): malformed.
  [[nodiscard]] static Result<UserKeyFile> parse(ByteView bytes);
};

// What a program signs to log in, and what a login is answered with: a secret.
using SessionToken = FixedBytes<struct SessionTokenTag, 32>;
using LoginChallenge = FixedBytes<struct LoginChallengeTag, 32>;
[[nodiscard]] Signature sign_login(const Seed& seed, const UserHome& home, const UserId& user,
                                   const LoginChallenge& challenge);
[[nodiscard]] bool verify_login(const SigningPublicKey& key, const UserHome& home,
                                const UserId& user, const LoginChallenge& challenge,
                                const Signature& signature);

struct UserCertificate {
  static constexpr std::size_t signed_size = 26 + 32 + 16 + 4 + 16 + 1 + 32 + 8 + 8;
  static constexpr std::size_t encoded_size = signed_size + 32 + 64;

  UserHome home;
  std::uint32_t incarnation = 0;
  UserId user;
  Role role{};
  SigningPublicKey key;
  std::uint64_t serial = 0;  // rises with every new key of the user
  Timestamp time;
  AuthorKey author;  // who certifies: the member's author key of that time
  Signature signature;
  bool operator==(const UserCertificate&) const = default;

  // The bytes that the author key signs.
  [[nodiscard]] Bytes statement() const;
  [[nodiscard]] bool verify() const;  // against `author`, which the directory has to know
  [[nodiscard]] Bytes encode() const;
  // Errors (caller): malformed. Says nothing of the signature.
  [[nodiscard]] static Result<UserCertificate> parse(ByteView bytes);
};

[[nodiscard]] Signature sign_vote(const Seed& seed, const UserHome& home, const UserId& user,
                                  const Digest& digest);
[[nodiscard]] bool verify_vote(const UserCertificate& certificate, const Digest& digest,
                               const Signature& signature);

}  // namespace hamroh
