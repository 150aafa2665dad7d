#include "protocol/disclosure.h"

namespace hamroh {
namespace {

using enum FormField;

constexpr FormFields contact_fields{contact_name, contact_alias, contact_safe_contact,
                                    contact_interpreter_sex, contact_pickup_place};
constexpr FormFields case_fields{
    case_birth_year,           case_birth_date,       case_citizenship,  case_documents_held,
    case_trafficking_scope,    case_indicators,       case_exploitation, case_recruitment_country,
    case_exploitation_country, case_services_already, case_safety_risks, case_guardian};
constexpr FormFields sealed_fields{sealed_health, sealed_narrative, sealed_alleged_perpetrator};
constexpr FormFields status_fields{status_indicators, status_evidence, status_certificate};
constexpr FormFields later_fields = contact_fields | case_fields | sealed_fields;
constexpr FormFields committed_fields = later_fields | status_fields;  // to whatever

constexpr FormFields identity{contact_name, contact_alias};
constexpr FormFields evidence{sealed_narrative, sealed_alleged_perpetrator};
constexpr FormFields health{sealed_health};
constexpr FormFields to_serve = contact_fields | case_fields;
constexpr FormFields nothing{};

// ---- who gets what, at the most -----------------------------------------------------------------

struct Grant {
  MemberKind kind;
  FormFields emergency;
  FormFields accepted;
  FormFields by_hand;
  FormFields decided;
};
// Kind of member; in an emergency, by acceptance, by hand; of a decision on a status. A ministry
// has what it needs, decision and ground, in the decision.
constexpr std::array grants{
    // clang-format off
    Grant{MemberKind::ngo,         contact_fields, to_serve, to_serve | health, nothing},
    Grant{MemberKind::provider,    contact_fields, to_serve, to_serve | health, nothing},
    Grant{MemberKind::commission,  identity, identity | case_fields | evidence, later_fields,
          status_fields},
    Grant{MemberKind::ministry,    nothing, identity, identity, nothing},
    Grant{MemberKind::appeal_body, nothing, nothing, nothing, status_fields},
    Grant{MemberKind::relief_fund, nothing, nothing, nothing, nothing},
    Grant{MemberKind::oversight,   nothing, nothing, nothing, nothing},
    Grant{MemberKind::clinic,      contact_fields, contact_fields | health, contact_fields | health,
          nothing},
    Grant{MemberKind::relay,       nothing, nothing, nothing, nothing},
    // clang-format on
};

// ---- values, laid by hand so that there is one encoding only ------------------------------------

void lay(Bytes& out, const std::string& text) {
  put_u32(out, static_cast<std::uint32_t>(text.size()));
  append(out, view(text));
}
void lay(Bytes& out, const std::vector<std::string>& texts) {
  put_u32(out, static_cast<std::uint32_t>(texts.size()));
  for (const std::string& text : texts) {
    lay(out, text);
  }
}
template <class Enum>
requires std::is_enum_v<Enum>
void lay(Bytes& out, Enum code) {
  put_u8(out, static_cast<std::uint8_t>(code));
}
template <class Enum>
requires std::is_enum_v<Enum>
void lay(Bytes& out, const std::vector<Enum>& codes) {
  put_u32(out, static_cast<std::uint32_t>(codes.size()));
  for (const Enum code : codes) {
    lay(out, code);
  }
}
void lay(Bytes& out, std::uint32_t number) {
  put_u32(out, number);
}
void lay(Bytes& out, const FreeText& text) {
  lay(out, text.language);
  lay(out, text.text);
}
void lay(Bytes& out, const SafeContact& safe) {
  lay(out, safe.method);
  lay(out, safe.value);
  lay(out, safe.hours);
  lay(out, safe.who_may_answer);
  put_u8(out, safe.leave_message ? 1 : 0);
}
void lay(Bytes& out, const Indicators& indicators) {
  lay(out, indicators.act);
  lay(out, indicators.means);
  lay(out, indicators.purpose);
}
void lay(Bytes& out, const Guardian& guardian) {
  lay(out, guardian.name);
  lay(out, guardian.relation);
  lay(out, guardian.contact);
}
void lay(Bytes& out, const std::vector<Evidence>& evidence) {
  put_u32(out, static_cast<std::uint32_t>(evidence.size()));
  for (const Evidence& one : evidence) {
    lay(out, one.code);
    put_u8(out, one.text ? 1 : 0);
    if (one.text) {
      lay(out, *one.text);
    }
    put_u8(out, one.file ? 1 : 0);
    if (one.file) {
      append(out, one.file->view());
    }
  }
}
template <class Value>
void lay(Bytes& out, const std::optional<Value>& value) {
  if (value) {
    lay(out, *value);
  }
}

// Calls use(one's field, other's field) with that field of both.
template <class One, class Other, class Use>
void with_field(FormField field, One& one, Other& other, Use&& use) {
  switch (field) {
    case contact_name:
      return use(one.contact.name, other.contact.name);
    case contact_alias:
      return use(one.contact.alias, other.contact.alias);
    case contact_safe_contact:
      return use(one.contact.safe_contact, other.contact.safe_contact);
    case contact_interpreter_sex:
      return use(one.contact.interpreter_sex, other.contact.interpreter_sex);
    case contact_pickup_place:
      return use(one.contact.pickup_place, other.contact.pickup_place);
    case case_birth_year:
      return use(one.facts.birth_year, other.facts.birth_year);
    case case_birth_date:
      return use(one.facts.birth_date, other.facts.birth_date);
    case case_citizenship:
      return use(one.facts.citizenship, other.facts.citizenship);
    case case_documents_held:
      return use(one.facts.documents_held, other.facts.documents_held);
    case case_trafficking_scope:
      return use(one.facts.trafficking_scope, other.facts.trafficking_scope);
    case case_indicators:
      return use(one.facts.indicators, other.facts.indicators);
    case case_exploitation:
      return use(one.facts.exploitation, other.facts.exploitation);
    case case_recruitment_country:
      return use(one.facts.recruitment_country, other.facts.recruitment_country);
    case case_exploitation_country:
      return use(one.facts.exploitation_country, other.facts.exploitation_country);
    case case_services_already:
      return use(one.facts.services_already, other.facts.services_already);
    case case_safety_risks:
      return use(one.facts.safety_risks, other.facts.safety_risks);
    case case_guardian:
      return use(one.facts.guardian, other.facts.guardian);
    case sealed_health:
      return use(one.sealed.health, other.sealed.health);
    case sealed_narrative:
      return use(one.sealed.narrative, other.sealed.narrative);
    case sealed_alleged_perpetrator:
      return use(one.sealed.alleged_perpetrator, other.sealed.alleged_perpetrator);
    case status_indicators:
      return use(one.status.indicators, other.status.indicators);
    case status_evidence:
      return use(one.status.evidence, other.status.evidence);
    case status_certificate:
      return use(one.status.certificate, other.status.certificate);
  }
}

void copy_field(FormField field, const LaterTiers& from, LaterTiers& to) {
  with_field(field, from, to, [](const auto& value, auto& place) { place = value; });
}

// Empty if it says nothing, which is what a default value does.
Bytes value_of(FormField field, const LaterTiers& tiers) {
  const LaterTiers silent;
  Bytes value;
  with_field(field, tiers, silent, [&](const auto& said, const auto& unsaid) {
    if (said != unsaid) {
      lay(value, said);
    }
  });
  return value;
}

FormFields fields_in(const LaterTiers& tiers) {
  FormFields said;
  for (const FormField field : committed_fields.list()) {
    if (!value_of(field, tiers).empty()) {
      said |= {field};
    }
  }
  return said;
}

LaterTiers later_tiers_of(const ReferralForm& form) {
  return {form.contact.value_or(Contact{}),
          form.facts.value_or(CaseFacts{}),
          form.sealed.value_or(SealedFacts{}),
          {}};
}

void put_later_tiers(ReferralForm& form, const LaterTiers& tiers) {
  form.contact = tiers.contact == Contact{} ? std::nullopt : std::optional(tiers.contact);
  form.facts = tiers.facts == CaseFacts{} ? std::nullopt : std::optional(tiers.facts);
  form.sealed = tiers.sealed == SealedFacts{} ? std::nullopt : std::optional(tiers.sealed);
}

// ---- salts and leaves -------------------------------------------------------------------------

Bytes about_field(DisclosureTier tier, FormField field) {
  const ByteView label = view(labels::disclosure);
  Bytes out(label.begin(), label.end());
  put_u8(out, static_cast<std::uint8_t>(tier));
  put_u8(out, static_cast<std::uint8_t>(field));
  return out;
}

Salt salt_of(const TierSeed& seed, DisclosureTier tier, FormField field) {
  Salt salt;
  const Status expanded = crypto::hkdf_expand(seed.view(), about_field(tier, field), salt.bytes);
  CHECK(expanded);
  return salt;
}

Digest leaf_of(DisclosureTier tier, FormField field, const Salt& salt, const Bytes& value) {
  Bytes data = about_field(tier, field);
  append(data, salt.view());
  append(data, value);
  return leaf_hash(data);
}

Digest root_of(std::span<const Digest> leaves) {
  CompactRange range;
  for (const Digest& leaf : leaves) {
    range.append(leaf);
  }
  return range.root();
}

std::vector<Digest> leaves_of(DisclosureTier tier, const LaterTiers& values, const TierSeed& seed) {
  std::vector<Digest> leaves;
  for (const FormField field : fields_of(tier).list()) {
    leaves.push_back(leaf_of(tier, field, salt_of(seed, tier, field), value_of(field, values)));
  }
  return leaves;
}

TierOpening open_tier(DisclosureTier tier, FormFields disclosed, const LaterTiers& values,
                      const TierSeed& seed) {
  TierOpening opening{tier, disclosed, {}, {}, {}};
  if (disclosed == fields_of(tier)) {
    opening.seed = seed;
    return opening;
  }
  const std::vector<Digest> leaves = leaves_of(tier, values, seed);
  std::size_t at = 0;
  for (const FormField field : fields_of(tier).list()) {
    if (disclosed.has(field)) {
      opening.salts.push_back(salt_of(seed, tier, field));
    } else {
      opening.leaves.push_back(leaves[at]);
    }
    ++at;
  }
  return opening;
}

// The root that an opening leads to with these values; nothing if it does not fit its tier.
std::optional<Digest> root_from(const TierOpening& opening, const LaterTiers& values) {
  const FormFields all = fields_of(opening.tier);
  const bool whole = opening.fields == all;
  const std::size_t salts = whole ? 0 : opening.fields.size();
  if (!opening.fields.within(all) || opening.fields.empty() || opening.seed.has_value() != whole ||
      opening.salts.size() != salts ||
      opening.leaves.size() != all.size() - opening.fields.size()) {
    return std::nullopt;
  }
  if (whole) {
    return root_of(leaves_of(opening.tier, values, *opening.seed));
  }
  std::vector<Digest> leaves;
  auto salt = opening.salts.begin();
  auto leaf = opening.leaves.begin();
  for (const FormField field : all.list()) {
    leaves.push_back(opening.fields.has(field)
                         ? leaf_of(opening.tier, field, *salt++, value_of(field, values))
                         : *leaf++);
  }
  return root_of(leaves);
}

}  // namespace

FormFields fields_of(DisclosureTier tier) {
  switch (tier) {
    case DisclosureTier::t2:
      return contact_fields;
    case DisclosureTier::t3:
      return case_fields;
    case DisclosureTier::t4:
      return sealed_fields;
    case DisclosureTier::s:
      return status_fields;
    case DisclosureTier::t1:
      break;
  }
  return {};
}

FormFields fields_of(Tiers tiers) {
  FormFields fields;
  for (const DisclosureTier tier : all_tiers) {
    if (tiers.has(tier)) {
      fields |= fields_of(tier);
    }
  }
  return fields;
}

DisclosureTier tier_of(FormField field) {
  const FormFields one{field};
  return one.within(contact_fields)  ? DisclosureTier::t2
         : one.within(case_fields)   ? DisclosureTier::t3
         : one.within(sealed_fields) ? DisclosureTier::t4
                                     : DisclosureTier::s;
}

FormFields fields_in(const ReferralForm& form) {
  return fields_in(later_tiers_of(form));
}

ReferralForm first_part(const ReferralForm& form) {
  ReferralForm first;
  first.triage = form.triage;
  first.consent = form.consent;
  first.committed = later_fields;
  return first;
}

std::vector<Commitment> commit(const ReferralForm& form, const TierSeeds& seeds) {
  const LaterTiers values = later_tiers_of(form);
  std::vector<Commitment> commitments;
  for (std::size_t i = 0; i < later_tiers.size(); ++i) {
    commitments.push_back({static_cast<std::uint8_t>(later_tiers[i]),
                           root_of(leaves_of(later_tiers[i], values, seeds[i]))});
  }
  return commitments;
}

Disclosure disclose(const ReferralForm& form, const TierSeeds& seeds, FormFields fields) {
  const LaterTiers values = later_tiers_of(form);
  Disclosure disclosure;
  for (std::size_t i = 0; i < later_tiers.size(); ++i) {
    const FormFields of_tier = fields & fields_of(later_tiers[i]);
    if (!of_tier.empty()) {
      disclosure.openings.push_back(open_tier(later_tiers[i], of_tier, values, seeds[i]));
    }
  }
  for (const FormField field : fields.list()) {
    copy_field(field, values, disclosure.values);
  }
  return disclosure;
}

Digest commit(const StatusFile& file, const TierSeed& seed) {
  return root_of(leaves_of(DisclosureTier::s, {{}, {}, {}, file}, seed));
}

Disclosure disclose(const StatusFile& file, const TierSeed& seed) {
  Disclosure disclosure;
  disclosure.values.status = file;
  disclosure.openings.push_back(
      open_tier(DisclosureTier::s, status_fields, disclosure.values, seed));
  return disclosure;
}

Result<CheckedDisclosure> check(const Disclosure& disclosure,
                                std::span<const Commitment> commitments) {
  const auto mismatch =
      peer_error(Code::commitment_mismatch, "a disclosure does not open what was committed to");
  for (const TierOpening& opening : disclosure.openings) {
    const auto committed =
        std::ranges::find(commitments, static_cast<std::uint8_t>(opening.tier), &Commitment::tier);
    if (committed == commitments.end() ||
        root_from(opening, disclosure.values) != committed->root) {
      return mismatch;
    }
  }
  // What no opening covers was not checked.
  if (!fields_in(disclosure.values).within(disclosure.fields())) {
    return mismatch;
  }
  CheckedDisclosure checked;
  checked.fields_ = disclosure.fields();
  checked.values_ = disclosure.values;
  return checked;
}

void CheckedDisclosure::merge_into(ReferralForm& form) const {
  LaterTiers tiers = later_tiers_of(form);
  for (const FormField field : fields_.list()) {
    copy_field(field, values_, tiers);
  }
  put_later_tiers(form, tiers);
  form.committed = form.committed - fields_;
}

void withhold(ReferralForm& form, FormFields fields) {
  LaterTiers tiers = later_tiers_of(form);
  for (const FormField field : fields.list()) {
    copy_field(field, {}, tiers);
  }
  put_later_tiers(form, tiers);
}

FormFields granted(MemberKind kind, Occasion occasion) {
  const auto row = std::ranges::find(grants, kind, &Grant::kind);
  if (row == grants.end()) {
    return {};
  }
  switch (occasion) {
    case Occasion::emergency:
      return row->emergency;
    case Occasion::accepted:
      return row->accepted;
    case Occasion::by_hand:
      return row->by_hand;
    case Occasion::decided:
      return row->decided;
  }
  return {};
}

FormFields granted(const Consent& consent, const ConsentRecipient& recipient, Occasion occasion,
                   Timestamp now) {
  return is_in_force(consent, now)
             ? granted(recipient.kind, occasion) & fields_of(tiers_opened(consent, recipient))
             : FormFields{};
}

}  // namespace hamroh
