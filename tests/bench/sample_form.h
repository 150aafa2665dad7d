// Plausible referral forms of a wanted size, for measuring.
#pragma once

#include "protocol/wire_form.h"

namespace hamroh::bench {

// Encoded to about `bytes` (within a few), different for each `number`.
[[nodiscard]] Bytes sample_body(std::size_t bytes, std::uint64_t number);

}  // namespace hamroh::bench
