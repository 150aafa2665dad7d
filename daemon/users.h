// The accounts of a running node: all of them in memory (at most users_max, each about 1 KiB),
// every change in the store, in the ledger and in Node's view of who is who, within the caller's
// turn.
//
// After a turn that failed these are ahead of the disk: `load` again.
#pragma once

#include <functional>
#include <map>

#include "protocol/account.h"
#include "protocol/node.h"

namespace hamroh {

class Users {
 public:
  // Everything that the store has. Errors (environment): store_corrupt.
  [[nodiscard]] Status load(Transaction& store);
  // Tells the node who there is, and enters those into the ledger that are not in it yet.
  [[nodiscard]] Status introduce(Node& node, Turn& turn);

  // Null if there is none.
  [[nodiscard]] const Account* find(const UserId& user) const;
  [[nodiscard]] const Account* find_name(std::string_view name) const;
  [[nodiscard]] const std::map<UserId, Account>& all() const { return accounts_; }

  // Adds or replaces an account, under its next generation and with a ledger entry in the name of
  // `actor`. Errors (caller): invalid_argument with what is wrong, conflict (the name is taken),
  // full, not_permitted (it would leave no active operator).
  [[nodiscard]] Status change(Account account, const Actor& actor, Node& node, Turn& turn);
  // Counters only: failures and the second factor's step, which are no change of the account.
  [[nodiscard]] Status remember(const Account& account, Turn& turn);

 private:
  [[nodiscard]] Status check(const Account& account) const;
  void keep(Account account);

  std::map<UserId, Account> accounts_;
  std::map<std::string, UserId, std::less<>> names_;
};

// The accounts of a store that may be damaged, in the order of their ids; those that do not parse
// are passed over. `visit` says whether to go on.
[[nodiscard]] Status visit_accounts(Transaction& store, const std::function<bool(Account&)>& visit);

}  // namespace hamroh
