#include "protocol/rights.h"

#include <algorithm>

namespace hamroh {
namespace {

// The table. One row an operation, one column a role: case worker, supervisor, commissioner,
// auditor, operator, integration (x: may be granted).
struct Row {
  Operation operation;
  const char* name;
  std::array<bool, all_roles.size()> allowed;
};
constexpr bool x = true;
constexpr bool o = false;
constexpr std::array<Row, operations> table{{
    // clang-format off
    //                                                 work  sup   comm  aud   oper  integ
    {Operation::see_status,      "see_status",        {x,    x,    x,    x,    x,    x}},
    {Operation::see_members,     "see_members",       {x,    x,    x,    x,    x,    x}},
    {Operation::see_events,      "see_events",        {x,    x,    x,    x,    o,    x}},
    {Operation::refer,           "refer",             {x,    x,    o,    o,    o,    x}},
    {Operation::decide,          "decide",            {x,    x,    x,    o,    o,    x}},
    {Operation::note,            "note",              {x,    x,    x,    o,    o,    x}},
    {Operation::see_cases,       "see_cases",         {x,    x,    x,    o,    o,    x}},
    {Operation::see_sealed_tier, "see_sealed_tier",   {x,    x,    x,    o,    o,    o}},
    {Operation::export_case,     "export_case",       {x,    x,    o,    o,    o,    o}},
    {Operation::take_case,       "take_case",         {x,    x,    x,    o,    o,    o}},
    {Operation::assign_case,     "assign_case",       {o,    x,    o,    o,    o,    o}},
    {Operation::break_glass,     "break_glass",       {x,    x,    x,    o,    o,    o}},
    {Operation::agree,           "agree",             {o,    x,    o,    o,    o,    o}},
    {Operation::review,          "review",            {o,    x,    o,    x,    o,    o}},
    {Operation::erase_case,      "erase_case",        {o,    x,    o,    o,    o,    o}},
    {Operation::see_ledger,      "see_ledger",        {o,    o,    o,    x,    o,    x}},
    {Operation::see_accesses,    "see_accesses",      {o,    x,    o,    x,    o,    o}},
    {Operation::sign_vote,       "sign_vote",         {o,    o,    x,    o,    o,    o}},
    {Operation::see_users,       "see_users",         {o,    x,    o,    x,    x,    o}},
    {Operation::manage_users,    "manage_users",      {o,    o,    o,    o,    x,    o}},
    {Operation::manage_node,     "manage_node",       {o,    o,    o,    o,    x,    o}},
    {Operation::back_up,         "back_up",           {o,    o,    o,    o,    x,    o}},
    {Operation::lock,            "lock",              {x,    x,    x,    x,    x,    o}},
    {Operation::panic,           "panic",             {x,    x,    x,    o,    x,    o}},
    {Operation::own_account,     "own_account",       {x,    x,    x,    x,    x,    o}},
    {Operation::decide_status,   "decide_status",     {o,    o,    x,    o,    o,    x}},
    {Operation::publish_services, "publish_services", {o,    x,    o,    o,    o,    x}},
    // clang-format on
}};

constexpr std::array<Grants, all_roles.size()> make_rights() {
  std::array<Grants, all_roles.size()> rights{};
  for (const Row& row : table) {
    for (std::size_t role = 0; role < rights.size(); ++role) {
      if (row.allowed[role]) {
        rights[role].give(row.operation);
      }
    }
  }
  return rights;
}
constexpr std::array<Grants, all_roles.size()> rights = make_rights();

constexpr bool in_order() {
  for (std::size_t i = 0; i < table.size(); ++i) {
    if (static_cast<std::size_t>(table[i].operation) != i) {
      return false;
    }
  }
  return true;
}
static_assert(in_order(), "a row for each operation, at its place");

}  // namespace

const char* role_name(Role role) {
  switch (role) {
    case Role::case_worker:
      return "case_worker";
    case Role::supervisor:
      return "supervisor";
    case Role::commissioner:
      return "commissioner";
    case Role::auditor:
      return "auditor";
    case Role::operator_:
      return "operator";
    case Role::integration:
      return "integration";
  }
  return "unknown";
}

std::optional<Role> parse_role(std::string_view name) {
  const auto found =
      std::ranges::find_if(all_roles, [&](Role role) { return role_name(role) == name; });
  return found == all_roles.end() ? std::nullopt : std::optional(*found);
}

const char* operation_name(Operation operation) {
  const auto index = static_cast<std::size_t>(operation);
  return index < table.size() ? table[index].name : "unknown";
}

std::optional<Operation> parse_operation(std::string_view name) {
  const auto found = std::ranges::find_if(table, [&](const Row& row) { return row.name == name; });
  return found == table.end() ? std::nullopt : std::optional(found->operation);
}

Grants rights_of(Role role) {
  const auto index = static_cast<std::size_t>(role) - 1;
  return index < rights.size() ? rights[index] : Grants{};
}

bool Actor::in_team(std::string_view team) const {
  return std::ranges::binary_search(teams, team);
}

bool is_team_name(std::string_view name) {
  constexpr std::size_t length_max = 32;
  return !name.empty() && name.size() <= length_max && std::ranges::all_of(name, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
  });
}

}  // namespace hamroh
