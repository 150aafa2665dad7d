// What relief funds came to, as text for people and as JSON for programs. Pure: values in, strings
// out; text is safe for terminals. Neither names a case, a member or a person.
#pragma once

#include <string>

#include "protocol/api.h"

namespace hamroh {

struct FundReport {
  FundPeriod period;
  // For an oversight body: nothing that counts fewer than oversight_cell_min, nothing that such a
  // number could be computed from (fund_totals.h), and no sums over lines.
  bool for_oversight = false;
};
[[nodiscard]] std::string fund_text(const api::FundCounted& counted, const FundReport& report);
// Absent numbers are null.
[[nodiscard]] std::string fund_json(const api::FundCounted& counted, const FundReport& report);

}  // namespace hamroh
