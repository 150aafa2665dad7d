// The operator that every node begins with: made by `node init`, or at the first start of a home
// that was made before there were users.
//
// With a passphrase she logs in with that. Without one she has a key file, HOME/operator.key, so
// that a fresh node works for whoever may read its home; setting a passphrase ends that.
#pragma once

#include "daemon/home.h"
#include "protocol/account.h"
#include "protocol/user_keys.h"

namespace hamroh {

inline constexpr const char* first_operator_name = "operator";

struct FirstOperator {
  std::string name = first_operator_name;
  std::optional<Bytes> passphrase;
  crypto::PassphraseCost cost;
};

// Writes the account's row, and before it the key file if she gets one: after a crash in between
// the file of that attempt is used. It is entered into the ledger when the node is opened
// (generation 0). `reader_key` is what her passphrase will open; null if the vault is locked.
// Errors: invalid_argument (name or passphrase), and whatever a file may have.
[[nodiscard]] Result<Account> make_first_operator(const FirstOperator& wanted, const Home& home,
                                                  const UserHome& belongs,
                                                  const SymmetricKey* reader_key, Turn& turn);

// For a home whose files are lost: a new key file for the operator who has no passphrase, in the
// place of hers. Returns her name; empty if every operator has a passphrase. A damaged account is
// passed over.
[[nodiscard]] Result<std::string> renew_operator_key(const Home& home, const UserHome& belongs,
                                                     Turn& turn);

}  // namespace hamroh
