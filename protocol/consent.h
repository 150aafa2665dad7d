// What a consent allows: whether it is in force, to whom, and which tiers of the form.
//
// In force: from the day of `date` on, wherever on earth that day has begun, to the end of the day
// `expires` in UTC; without `expires`, from `date` on. A coded exception with its second approver
// stands in place of a consent, and is in force alike.
//
// To whom: a scope names recipients as "kind:KIND" (a kind of member, as member_kind_name has it)
// or "member:ID" (with or without hyphens). Words that name neither cover nobody. Scopes add up. An
// exception that names no scope covers every recipient, with T1, T2 and T3: what is sealed, and the
// status file, need words of their own.
//
// Never: whom `never` names, in the same words, gets nothing, whatever the scopes say.
//
// In a case, what the form says stands until a statement on the consent's track takes its place
// (consent.give, consent.change); once that is withdrawn nothing is allowed until consent is given
// anew, but for what a coded exception demanded afterwards.
#pragma once

#include "protocol/form.h"

namespace hamroh {

class Tiers {
 public:
  constexpr Tiers() = default;
  constexpr Tiers(std::initializer_list<DisclosureTier> all) {
    for (const DisclosureTier one : all) {
      add(one);
    }
  }
  constexpr void add(DisclosureTier one) {
    bits_ = static_cast<std::uint8_t>(bits_ | 1U << static_cast<unsigned>(one));
  }
  [[nodiscard]] constexpr bool has(DisclosureTier one) const {
    return (bits_ >> static_cast<unsigned>(one) & 1U) != 0;
  }
  [[nodiscard]] constexpr bool empty() const { return bits_ == 0; }
  [[nodiscard]] friend constexpr Tiers operator&(Tiers a, Tiers b) {
    a.bits_ &= b.bits_;
    return a;
  }
  [[nodiscard]] friend constexpr Tiers operator|(Tiers a, Tiers b) {
    a.bits_ |= b.bits_;
    return a;
  }
  bool operator==(const Tiers&) const = default;

 private:
  std::uint8_t bits_ = 0;
};
inline constexpr std::array all_tiers{DisclosureTier::t1, DisclosureTier::t2, DisclosureTier::t3,
                                      DisclosureTier::t4, DisclosureTier::s};

// A member as a consent sees it.
struct ConsentRecipient {
  MemberId member;
  MemberKind kind{};
};

[[nodiscard]] bool is_in_force(const Consent& consent, Timestamp now);
// Whether one of the scope's words is about that recipient.
[[nodiscard]] bool covers(const ConsentScope& scope, const ConsentRecipient& recipient);
// Whether it says that this member must never receive the case.
[[nodiscard]] bool bars(const Consent& consent, const ConsentRecipient& recipient);
// What its scopes open for that recipient, whatever the date; none if they do not cover or bar it.
[[nodiscard]] Tiers tiers_opened(const Consent& consent, const ConsentRecipient& recipient);
// Whether a referral may go to that recipient at all: in force, and T1 is open to it.
[[nodiscard]] bool allows_sending(const Consent& consent, const ConsentRecipient& recipient,
                                  Timestamp now);
// Whether it names the purpose of what a referral asks of that recipient, as far as the form has a
// word for it: an application for the status is one of its own.
[[nodiscard]] bool allows_purpose(const Consent& consent, const ConsentRecipient& recipient,
                                  const std::vector<Service>& asked);

}  // namespace hamroh
