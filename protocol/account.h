// Accounts: who the users of this organisation are, and what only they can open.
//
// Table::user, key user id[16]:
//   version u8 (1) ‖ role u8 ‖ flags u8 (1 active, 2 must change the passphrase) ‖ created u64 ‖
//   generation u32 ‖ failures u32 ‖ last second-factor step u64 ‖ grants u64 ‖
//   length u8 ‖ name ‖ teams u8 ‖ (length u8 ‖ team)… ‖
//   credential u8: 1 passphrase: salt[16] ‖ operations u64 ‖ memory u64 ‖ secret[72] ‖
//                    present u8 (1 slot, 2 second factor, 4 signing key) ‖ slot[72] ‖
//                    factor[60] ‖ seed[72] ‖ certificate[239] (user_keys.h), each if present
//                  2 key: Ed25519 public key[32]
//
// A person has 32 random bytes U, her *secret*, wrapped under K = Argon2id(passphrase). That U
// opens is the proof that the passphrase is right; there is no other hash to steal. Under keys
// derived from U lie:
//   the slot      the reader tier's key, so that her passphrase opens the vault
//   the factor    what her second factor's codes are made from
//   the seed      of a commissioner's signing key
// A wrap is nonce[24] ‖ XChaCha20-Poly1305(key, nonce, AAD, secret), AAD = L(account) ‖ purpose u8
// ‖ user[16]; the key is K for U and HKDF-Expand(U, L(account) ‖ purpose u8) for the others.
// Changing the passphrase wraps U again and nothing else. An operator who resets one makes another
// U: what lay under the old one is gone, so that no operator can use somebody's signing key.
//
// Pure: no clock, no file; entropy and the passphrase's key K are parameters.
#pragma once

#include "protocol/crypto.h"
#include "protocol/ports.h"
#include "protocol/rights.h"

namespace hamroh {

using UserSecret = Secret<32>;
using FactorSecret = Secret<20>;

struct Account {
  struct Passphrase {
    Salt salt;
    crypto::PassphraseCost cost;
    Bytes secret;       // U under K
    Bytes slot;         // the reader tier's key under U; empty if there is none
    Bytes factor;       // likewise
    Bytes seed;         // likewise
    Bytes certificate;  // of the key of `seed`; present if and only if that is
    bool operator==(const Passphrase& other) const;
  };

  UserId id;
  std::string name;
  Role role{};
  std::vector<std::string> teams;  // sorted, distinct
  Grants grants;                   // of an integration; else none
  bool active = true;
  bool must_change = false;  // the passphrase was chosen by somebody else
  Timestamp created;
  std::uint32_t generation = 0;   // rises with each change; 0: not in the ledger yet
  std::uint32_t failures = 0;     // wrong passphrases since the last right one
  std::uint64_t factor_step = 0;  // of the last code, which does not count again
  // One of the two. A key is for programs: integrations, and the operator that `node init` makes.
  std::optional<Passphrase> passphrase;
  std::optional<SigningPublicKey> key;
  bool operator==(const Account&) const = default;

  [[nodiscard]] Actor actor() const;
  // What is wrong with it (static text), if anything is: a name that is empty, too long or not
  // plain text, teams that do not fit the role, grants, credentials.
  [[nodiscard]] std::optional<const char*> find_fault() const;

  [[nodiscard]] Bytes row_key() const { return {id.bytes.begin(), id.bytes.end()}; }
  [[nodiscard]] Bytes encode() const;  // of an account without a fault
  [[nodiscard]] static Result<Account> parse(const UserId& id, ByteView bytes);
  // Role, teams, state and credential in words, for the ledger's commitment.
  [[nodiscard]] std::string summary() const;
};

// How long and how short a passphrase may be. Errors (caller): invalid_argument, too_large.
[[nodiscard]] Status check_passphrase(ByteView passphrase);

// Gives the account a new U under `key` = Argon2id(passphrase, salt, cost); with a slot if there is
// a reader key to put into it. Second factor, signing key and service key are gone.
void make_passphrase(Account& account, const SymmetricKey& key, const Salt& salt,
                     const crypto::PassphraseCost& cost, const SymmetricKey* reader_key,
                     Entropy& entropy);
// The same U under another passphrase.
void change_passphrase(Account& account, const UserSecret& secret, const SymmetricKey& key,
                       const Salt& salt, const crypto::PassphraseCost& cost, Entropy& entropy);
// Errors (caller): bad_passphrase.
[[nodiscard]] Result<UserSecret> open_secret(const Account& account, const SymmetricKey& key);

// Each with the U that `open_secret` gave. The account must have a passphrase. Opening what is
// absent or was not wrapped so gives nothing.
void put_slot(Account& account, const UserSecret& secret, const SymmetricKey& reader_key,
              Entropy& entropy);
[[nodiscard]] std::optional<SymmetricKey> open_slot(const Account& account,
                                                    const UserSecret& secret);
// Whether her passphrase opens the vault: she may log in, and has a slot.
[[nodiscard]] bool opens_vault(const Account& account);
// Goes into Passphrase::factor once the user has confirmed the second factor by a code.
[[nodiscard]] Bytes wrap_factor(const Account& account, const UserSecret& secret,
                                const FactorSecret& factor, Entropy& entropy);
[[nodiscard]] std::optional<FactorSecret> open_factor(const Account& account,
                                                      const UserSecret& secret);
void put_seed(Account& account, const UserSecret& secret, const Seed& seed, Bytes certificate,
              Entropy& entropy);
[[nodiscard]] std::optional<Seed> open_seed(const Account& account, const UserSecret& secret);

}  // namespace hamroh
