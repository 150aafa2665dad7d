// Least disclosure: a referral carries triage, consent and, for each later tier, only a commitment;
// what of the tiers a recipient may have follows when it accepts, and can be checked to be what was
// committed to first, field by field.
//
//   salt       = first 16 bytes of HKDF-Expand-SHA256(PRK = seed of the tier,
//                                                     info = L(disclosure) ‖ tier u8 ‖ field u8)
//   leaf       = SHA-256(0x00 ‖ L(disclosure) ‖ tier u8 ‖ field u8 ‖ salt ‖ value)
//   commitment = root of the RFC 6962 tree over the leaves of all fields of the tier, in the order
//                of FormField
//
// A field that says nothing has a leaf as well, with an empty value, and T2, T3 and T4 are always
// committed to: so neither the number nor the shape of commitments tells what there is. SPEC.md
// section "Disclosure" lays the values out. The seeds stay at the sender; a whole tier is opened by
// its seed, some of its fields by their salts and the leaves of the others.
//
// A decision on a status commits in the same way to the file that it rests on (tier S), and its
// votes sign the commitment.
//
// Who gets what, at the most, is one table in disclosure.cc (shared form specification). The police
// has no kind of member: to it nothing goes this way.
//
// Errors (peer): commitment_mismatch, malformed.
#pragma once

#include "protocol/consent.h"
#include "protocol/message.h"
#include "protocol/proof.h"

namespace hamroh {

inline constexpr std::array later_tiers{DisclosureTier::t2, DisclosureTier::t3, DisclosureTier::t4};
using TierSeeds = std::array<TierSeed, later_tiers.size()>;  // in that order

[[nodiscard]] FormFields fields_of(DisclosureTier tier);  // none of T1
[[nodiscard]] FormFields fields_of(Tiers tiers);
[[nodiscard]] DisclosureTier tier_of(FormField field);
// Which fields of T2, T3 and T4 say something.
[[nodiscard]] FormFields fields_in(const ReferralForm& form);

// Triage and consent of it, with every later field committed to: what travels first.
[[nodiscard]] ReferralForm first_part(const ReferralForm& form);
[[nodiscard]] std::vector<Commitment> commit(const ReferralForm& form, const TierSeeds& seeds);
// Opens these fields, at least one, of the form that was committed to under these seeds.
[[nodiscard]] Disclosure disclose(const ReferralForm& form, const TierSeeds& seeds,
                                  FormFields fields);

// The same of a status file, which is disclosed whole.
[[nodiscard]] Digest commit(const StatusFile& file, const TierSeed& seed);
[[nodiscard]] Disclosure disclose(const StatusFile& file, const TierSeed& seed);

// What a disclosure opens, once that was found to be what was committed to.
class CheckedDisclosure {
 public:
  [[nodiscard]] FormFields fields() const { return fields_; }
  // Puts the fields where they belong; they are committed to no more.
  void merge_into(ReferralForm& form) const;
  [[nodiscard]] const StatusFile& status_file() const { return values_.status; }

 private:
  friend Result<CheckedDisclosure> check(const Disclosure& disclosure,
                                         std::span<const Commitment> commitments);
  CheckedDisclosure() = default;
  FormFields fields_;
  LaterTiers values_;
};
[[nodiscard]] Result<CheckedDisclosure> check(const Disclosure& disclosure,
                                              std::span<const Commitment> commitments);
// Takes fields out of a form, as if they had not been disclosed.
void withhold(ReferralForm& form, FormFields fields);

// ---- who gets what ----------------------------------------------------------------------------

enum class Occasion : std::uint8_t {
  emergency = 1,  // at once, with the referral
  accepted = 2,   // by itself, when the recipient has accepted
  by_hand = 3,    // at most, when a person of the sender decides so, after it has accepted
  decided = 4,    // by itself, when the status was decided, to who decides after that
};
[[nodiscard]] FormFields granted(MemberKind kind, Occasion occasion);
// The same, as far as the consent is in force and opens it to that recipient.
[[nodiscard]] FormFields granted(const Consent& consent, const ConsentRecipient& recipient,
                                 Occasion occasion, Timestamp now);

}  // namespace hamroh
