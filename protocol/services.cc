#include "protocol/services.h"

#include <algorithm>

namespace hamroh {
namespace {

// What is not known does not matter: whoever offers it decides.
template <class Enum>
bool is_for(const std::vector<Enum>& for_whom, const std::optional<Enum>& person, Enum unknown) {
  return for_whom.empty() || !person || *person == unknown ||
         std::ranges::find(for_whom, *person) != for_whom.end();
}

bool speaks(const OfferedService& offered, const std::string& language) {
  return language.empty() ||
         std::ranges::find(offered.languages, language) != offered.languages.end();
}

}  // namespace

const char* fit_name(Fit fit) {
  switch (fit) {
    case Fit::free:
      return "free";
    case Fit::unknown:
      return "unknown";
    case Fit::expired:
      return "expired";
    case Fit::full:
      return "full";
    case Fit::closed:
      return "closed";
    case Fit::unsuitable:
      return "unsuitable";
    case Fit::outside_area:
      return "outside_area";
    case Fit::not_offered:
      return "not_offered";
  }
  return "unknown";
}

bool is_within(std::string_view district, std::string_view area) {
  return district.starts_with(area) &&
         (district.size() == area.size() || district[area.size()] == '-');
}

Fit fit_of(const OfferedService& offered, const ServiceNeed& need, bool expired) {
  if (offered.service != need.service) {
    return Fit::not_offered;
  }
  const bool near =
      need.district.empty() || std::ranges::any_of(offered.districts, [&](const auto& area) {
        return is_within(need.district, area);
      });
  if (!near) {
    return Fit::outside_area;
  }
  if (!is_for(offered.sexes, need.sex, Sex::unknown) ||
      !is_for(offered.age_bands, need.age_band, AgeBand::unknown)) {
    return Fit::unsuitable;
  }
  if (expired) {
    return Fit::expired;
  }
  switch (offered.accepts) {
    case Accepts::full:
      return Fit::full;
    case Accepts::closed:
      return Fit::closed;
    case Accepts::open:
      break;
  }
  return !offered.places ? Fit::unknown : *offered.places > 0 ? Fit::free : Fit::full;
}

std::vector<Answering> who_can_take(std::span<const ServiceStatement> statements,
                                    const ServiceNeed& need, Timestamp now) {
  std::vector<Answering> found;
  for (std::size_t i = 0; i < statements.size(); ++i) {
    const bool expired = now >= statements[i].valid_until;
    for (const OfferedService& offered : statements[i].services) {
      const Fit fit = fit_of(offered, need, expired);
      if (fit <= Fit::closed) {
        found.push_back({i, &offered, fit, speaks(offered, need.language)});
      }
    }
  }
  std::ranges::stable_sort(found, [](const Answering& a, const Answering& b) {
    if (a.fit != b.fit) {
      return a.fit < b.fit;
    }
    if (a.speaks != b.speaks) {
      return a.speaks;
    }
    return a.offered->places.value_or(0) > b.offered->places.value_or(0);
  });
  return found;
}

std::vector<ServiceWarning> warnings_for(const Triage& triage, const ServiceStatement& statement,
                                         Timestamp now) {
  const bool expired = now >= statement.valid_until;
  std::vector<ServiceWarning> warnings;
  bool any = false;
  for (const Service service : triage.services) {
    const ServiceNeed need{service, triage.district, triage.sex, triage.age_band, {}};
    Fit best = Fit::not_offered;
    for (const OfferedService& offered : statement.services) {
      best = std::min(best, fit_of(offered, need, expired));
    }
    any = any || best != Fit::not_offered;
    if (best != Fit::not_offered && !is_takeable(best)) {
      warnings.push_back({service, best});
    }
  }
  if (!any) {
    return {{std::nullopt, expired ? Fit::expired : Fit::not_offered}};
  }
  return warnings;
}

}  // namespace hamroh
