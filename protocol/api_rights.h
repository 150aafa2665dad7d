// What each request of the local API needs: the daemon checks it before it looks at any verb, and
// the matrix of roles and verbs is tested from it.
#pragma once

#include "protocol/api.h"

namespace hamroh::api {

struct Needed {
  // Without a session only logins, and a status that shows neither peers nor counts.
  bool session = true;
  // Beyond being somebody: absent for what everybody may do with her own session.
  std::optional<Operation> operation;
  std::optional<Operation> or_else;  // this is as good
  bool operator==(const Needed&) const = default;
};
[[nodiscard]] bool suffices(const Needed& needed, const Actor& actor);
// A verb that is not named here does not compile.
[[nodiscard]] Needed needed_for(const Request& request);

// May this actor (absent: nobody is logged in) ask that? Errors (caller): not_authenticated,
// not_permitted.
[[nodiscard]] Status check_rights(const Request& request, const Actor* actor);

}  // namespace hamroh::api
