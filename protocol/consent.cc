#include "protocol/consent.h"

namespace hamroh {
namespace {

constexpr std::string_view kind_prefix = "kind:";
constexpr std::string_view member_prefix = "member:";
constexpr Duration earliest_day = hours(14);  // UTC+14, where a day begins first

// ISO 8601 dates are ordered like their text.
std::string day_of(Timestamp time) {
  return to_iso8601(time).substr(0, 10);
}

bool names(std::string_view word, const ConsentRecipient& recipient) {
  if (word.starts_with(kind_prefix)) {
    return parse_member_kind(word.substr(kind_prefix.size())) == recipient.kind;
  }
  if (!word.starts_with(member_prefix)) {
    return false;
  }
  const auto id = parse_uuid(word.substr(member_prefix.size()));
  return id && MemberId::from(*id) == recipient.member;
}

}  // namespace

bool is_in_force(const Consent& consent, Timestamp now) {
  const bool begun = consent.date <= day_of(now + earliest_day);
  const bool over = !consent.expires.empty() && consent.expires < day_of(now);
  return (consent.given_by || consent.exception) && begun && !over;
}

bool covers(const ConsentScope& scope, const ConsentRecipient& recipient) {
  return std::ranges::any_of(scope.recipients,
                             [&](const std::string& word) { return names(word, recipient); });
}

bool bars(const Consent& consent, const ConsentRecipient& recipient) {
  return std::ranges::any_of(consent.never,
                             [&](const std::string& word) { return names(word, recipient); });
}

Tiers tiers_opened(const Consent& consent, const ConsentRecipient& recipient) {
  if (bars(consent, recipient)) {
    return {};
  }
  if (consent.exception && consent.scope.empty()) {
    return {DisclosureTier::t1, DisclosureTier::t2, DisclosureTier::t3};
  }
  Tiers open;
  for (const ConsentScope& scope : consent.scope) {
    if (covers(scope, recipient)) {
      for (const DisclosureTier tier : scope.tiers) {
        open.add(tier);
      }
    }
  }
  return open;
}

bool allows_sending(const Consent& consent, const ConsentRecipient& recipient, Timestamp now) {
  return is_in_force(consent, now) && tiers_opened(consent, recipient).has(DisclosureTier::t1);
}

bool allows_purpose(const Consent& consent, const ConsentRecipient& recipient,
                    const std::vector<Service>& asked) {
  const bool applies = std::ranges::find(asked, Service::status_application) != asked.end() &&
                       recipient.kind == MemberKind::commission;
  const std::string_view purpose = name_of(Service::status_application);
  return !applies || consent.exception ||
         std::ranges::any_of(consent.scope, [&](const ConsentScope& scope) {
           return covers(scope, recipient) &&
                  std::ranges::find(scope.purposes, purpose) != scope.purposes.end();
         });
}

}  // namespace hamroh
