// Who inside an organisation may do what: the roles of its users, what can be asked of a node, and
// the one table that joins them. Daemon, commands, documentation and tests all read this table.
//
// A right is needed, and is not enough: what concerns a case also needs that the user may see the
// case (access.h), and some things need a second person (task.h).
#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "protocol/types.h"

namespace hamroh {

// Values stand in accounts and in sealed inners: explicit, never reused.
enum class Role : std::uint8_t {
  case_worker = 1,
  supervisor = 2,    // of one or more teams
  commissioner = 3,  // decides on a status, with a signing key of her own
  auditor = 4,       // sees the ledger and who looked at what, but no case
  operator_ = 5,     // runs the node: accounts, keys, backups; sees neither ledger nor case
  integration = 6,   // a program: does what it was granted
};
inline constexpr std::array all_roles{Role::case_worker, Role::supervisor, Role::commissioner,
                                      Role::auditor,     Role::operator_,  Role::integration};
[[nodiscard]] const char* role_name(Role role);  // "case_worker", …, "operator"
[[nodiscard]] std::optional<Role> parse_role(std::string_view name);

// What can be asked. Values stand in the grants of accounts: explicit, never reused.
enum class Operation : std::uint8_t {
  see_status = 0,  // of the node, with its peers
  see_members = 1,
  see_events = 2,  // the stream: for people only of cases that they may see
  refer = 3,
  decide = 4,
  note = 5,
  see_cases = 6,        // lists, timelines, messages, bodies without the sealed tier, receipts
  see_sealed_tier = 7,  // T4, together with a second person
  export_case = 8,      // together with a second person
  take_case = 9,        // an unassigned one of the own team
  assign_case = 10,
  break_glass = 11,
  agree = 12,   // as the second person, to exports and the sealed tier
  review = 13,  // break-glass and unusual reading
  erase_case = 14,
  see_ledger = 15,
  see_accesses = 16,  // who looked at what, by pseudonyms and names
  sign_vote = 17,
  see_users = 18,
  manage_users = 19,
  manage_node = 20,  // directories, keys of the node, clock, alarms
  back_up = 21,      // backups and recovery shares
  lock = 22,
  panic = 23,
  own_account = 24,    // passphrase, second factor, signing key
  decide_status = 25,  // on applications, confirmations and appeals
  publish_services = 26,
};
inline constexpr std::size_t operations = 27;
[[nodiscard]] const char* operation_name(Operation operation);
[[nodiscard]] std::optional<Operation> parse_operation(std::string_view name);
[[nodiscard]] constexpr Operation operation_at(std::size_t index) {
  return static_cast<Operation>(index);
}

// A set of operations.
struct Grants {
  std::uint64_t bits = 0;
  [[nodiscard]] constexpr bool has(Operation operation) const {
    return ((bits >> static_cast<unsigned>(operation)) & 1U) != 0;
  }
  constexpr Grants& give(Operation operation) {
    bits |= std::uint64_t{1} << static_cast<unsigned>(operation);
    return *this;
  }
  bool operator==(const Grants&) const = default;
};
// What a role may do; for integrations, what they can be granted at most.
[[nodiscard]] Grants rights_of(Role role);

// Who asks. Its values come out of a verified session, never out of a request.
struct Actor {
  UserId user;
  Role role{};
  std::vector<std::string> teams;  // sorted, distinct
  Grants grants;                   // of an integration; without meaning otherwise

  [[nodiscard]] bool may(Operation operation) const {
    const Grants rights = rights_of(role);
    return rights.has(operation) && (role != Role::integration || grants.has(operation));
  }
  [[nodiscard]] bool in_team(std::string_view team) const;
  // Of the event stream: an auditor, because it shows no case, and a program of the whole
  // organisation. Others hear of the cases that they may see.
  [[nodiscard]] bool hears_everything() const {
    return role == Role::auditor || (role == Role::integration && teams.empty());
  }
};

// A team's name: 1 to 32 of a-z, 0-9 and "-". What comes in belongs to `intake` until it is given
// to somebody.
inline constexpr std::string_view intake_team = "intake";
[[nodiscard]] bool is_team_name(std::string_view name);

}  // namespace hamroh
