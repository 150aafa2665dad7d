// A program that acts for the whole of its organisation.
#pragma once

#include "protocol/rights.h"

namespace hamroh {

[[nodiscard]] inline Actor program() {
  Actor actor;
  actor.user.bytes[0] = 1;
  actor.role = Role::integration;
  actor.grants.bits = ~std::uint64_t{0};
  return actor;
}

}  // namespace hamroh
