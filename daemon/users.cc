#include "daemon/users.h"

#include <algorithm>

#include "protocol/constants.h"

namespace hamroh {
namespace {

void tell(Node& node, const Account& account) {
  node.know_user(account.id, {account.name, account.role, account.teams, account.active});
}

Status enter(const Account& account, const Actor& actor, Node& node, Turn& turn) {
  return node.enter_access(EntryKind::user_changed, actor, CaseId{}, account.id, account.summary(),
                           turn);
}

bool is_operator(const Account& account) {
  return account.active && account.role == Role::operator_;
}

}  // namespace

Status Users::load(Transaction& store) {
  accounts_.clear();
  names_.clear();
  Status parsed;
  HAMROH_TRY(store.scan(
      Table::user, Bytes{0}, {}, Transaction::Order::ascending, [&](ByteView key, ByteView value) {
        const auto id = UserId::from(key);
        auto account = id ? Account::parse(*id, value)
                          : environment_error(Code::store_corrupt, "the table of users is damaged");
        if (!account) {
          parsed = tl::unexpected(account.error());
          return false;
        }
        keep(std::move(*account));
        return accounts_.size() < limits::users_max;
      }));
  return parsed;
}

Status Users::introduce(Node& node, Turn& turn) {
  for (auto& [id, account] : accounts_) {
    tell(node, account);
    if (account.generation == 0) {
      account.generation = 1;
      HAMROH_TRY(enter(account, account.actor(), node, turn));
      HAMROH_TRY(turn.store.put(Table::user, account.row_key(), account.encode()));
    }
  }
  return {};
}

const Account* Users::find(const UserId& user) const {
  const auto found = accounts_.find(user);
  return found == accounts_.end() ? nullptr : &found->second;
}

const Account* Users::find_name(std::string_view name) const {
  const auto found = names_.find(name);
  return found == names_.end() ? nullptr : find(found->second);
}

Status Users::change(Account account, const Actor& actor, Node& node, Turn& turn) {
  HAMROH_TRY(check(account));
  ++account.generation;
  HAMROH_TRY(enter(account, actor, node, turn));
  HAMROH_TRY(turn.store.put(Table::user, account.row_key(), account.encode()));
  tell(node, account);
  keep(std::move(account));
  return {};
}

Status Users::remember(const Account& account, Turn& turn) {
  HAMROH_TRY(turn.store.put(Table::user, account.row_key(), account.encode()));
  keep(account);
  return {};
}

Status Users::check(const Account& account) const {
  if (const auto fault = account.find_fault()) {
    return caller_error(Code::invalid_argument, *fault);
  }
  const Account* named = find_name(account.name);
  if (named != nullptr && named->id != account.id) {
    return caller_error(Code::conflict, "another user has that name");
  }
  const Account* before = find(account.id);
  if (before == nullptr && accounts_.size() >= limits::users_max) {
    return caller_error(Code::full, "there are as many users as there may be");
  }
  if (before != nullptr && is_operator(*before) && !is_operator(account) &&
      std::ranges::count_if(accounts_, [](const auto& one) { return is_operator(one.second); }) ==
          1) {
    return caller_error(Code::not_permitted, "this is the last operator: add another one first");
  }
  return {};
}

void Users::keep(Account account) {
  const auto before = accounts_.find(account.id);
  if (before != accounts_.end()) {
    names_.erase(before->second.name);
  }
  names_[account.name] = account.id;
  accounts_.insert_or_assign(account.id, std::move(account));
}

Status visit_accounts(Transaction& store, const std::function<bool(Account&)>& visit) {
  return store.scan(
      Table::user, Bytes{0}, {}, Transaction::Order::ascending, [&](ByteView key, ByteView value) {
        const auto id = UserId::from(key);
        auto account = id ? Account::parse(*id, value) : environment_error(Code::store_corrupt, "");
        return !account || visit(*account);
      });
}

}  // namespace hamroh
