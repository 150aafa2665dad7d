// The second factor: time-based one-time passwords (RFC 6238, SHA-1, six digits, 30 s), by liboath.
//
// Codes are the only thing in a login that reads the wall clock, because the user's telephone does.
#pragma once

#include <optional>
#include <string>

#include "protocol/account.h"

namespace hamroh {

// The time step of a code that is right at `now`, give or take one step; absent if it is not. The
// code of `last_step` and those before it do not count again, unless `last_step` lies so far ahead
// that this clock must have been put back since.
[[nodiscard]] std::optional<std::uint64_t> check_code(const FactorSecret& secret,
                                                      std::string_view code, Timestamp now,
                                                      std::uint64_t last_step);
// What a telephone reads out of a QR code: otpauth://totp/ISSUER:NAME?secret=…&issuer=ISSUER
[[nodiscard]] std::string enrolment_uri(const FactorSecret& secret, std::string_view issuer,
                                        std::string_view name);

}  // namespace hamroh
