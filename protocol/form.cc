#include "protocol/form.h"

#include <initializer_list>

#include "protocol/constants.h"
#include "protocol/text.h"

namespace hamroh {
namespace {

constexpr std::size_t code_bytes_max = 64;
constexpr std::size_t reason_characters_max = 500;
constexpr std::uint32_t dependants_max = 30;
constexpr std::uint64_t amount_max = 1'000'000'000'000;  // JSON numbers hold it exactly

template <class... Values>
constexpr std::array<CodeName, sizeof...(Values)> list(Values... names) {
  std::array<CodeName, sizeof...(Values)> codes{};
  std::size_t at = 0;
  ((codes[at] = CodeName{static_cast<std::uint8_t>(at + 1), names}, ++at), ...);
  return codes;
}

constexpr auto urgencies = list("emergency", "urgent", "normal");
constexpr auto sensitivities = list("standard", "high", "sealed");
constexpr auto services =
    list("shelter", "medical", "psychosocial", "legal", "food", "non_food_items", "cash",
         "document_recovery", "transport_return", "family_tracing", "child_protection",
         "education_training", "livelihood", "employment", "police_protection",
         "status_application", "other");
constexpr auto age_bands =
    list("0-5", "6-11", "12-14", "15-17", "18-24", "25-59", "60+", "unknown");
constexpr auto sexes = list("female", "male", "other", "unknown");
constexpr auto contact_methods =
    list("phone", "messenger", "via_trusted_person", "in_person_only", "do_not_contact");
constexpr auto scopes = list("internal", "transnational", "unknown");
constexpr auto exploitations =
    list("forced_labour", "sexual", "child_labour", "forced_marriage", "servitude",
         "forced_military", "organ_removal", "forced_begging", "forced_adoption", "surrogacy",
         "forced_criminality", "biomedical", "armed_group_or_conflict", "other");
constexpr auto consent_givers = list("self", "guardian", "representative");
constexpr auto consent_modes = list("signed", "oral_witnessed", "recorded");
constexpr auto consent_actions = list("stopped", "erased", "kept", "nothing_held");
constexpr auto consent_exceptions =
    list("child_best_interests", "imminent_danger", "legal_obligation");
constexpr auto decline_reasons =
    list("no_capacity", "waitlist", "not_eligible", "outside_area", "service_not_offered",
         "insufficient_information", "cannot_reach_person", "person_declined",
         "conflict_of_interest", "safety_risk", "duplicate", "consent_invalid", "other");
constexpr auto refusal_grounds =
    list("criteria_not_met", "identity_not_established", "application_withdrawn", "not_competent",
         "evidence_incomplete", "other");
constexpr auto closing_reasons =
    list("goals_met", "transferred", "person_withdrew", "lost_contact", "relocated",
         "returned_abroad", "deceased", "duplicate", "entered_in_error");
constexpr auto tiers = list("T1", "T2", "T3", "T4", "S");
constexpr std::array<CodeName, clocks_count> clock_names{{{1, "delivery"},
                                                          {2, "receipt"},
                                                          {3, "referral_decision"},
                                                          {4, "first_help"},
                                                          {5, "information"},
                                                          {6, "pre_status"},
                                                          {7, "status_decision"},
                                                          {8, "confirmation"},
                                                          {9, "appeal"},
                                                          {10, "appeal_decision"},
                                                          {11, "fund_decision"},
                                                          {12, "fund_payment"},
                                                          {13, "fund_account"}}};

constexpr auto accepting = list("open", "full", "closed");

constexpr CodeName named(FormField field, const char* name) {
  return {static_cast<std::uint8_t>(field), name};
}
constexpr std::array form_fields{
    named(FormField::contact_name, "contact.name"),
    named(FormField::contact_alias, "contact.alias"),
    named(FormField::contact_safe_contact, "contact.safe_contact"),
    named(FormField::contact_interpreter_sex, "contact.interpreter_sex"),
    named(FormField::contact_pickup_place, "contact.pickup_place"),
    named(FormField::case_birth_year, "case.birth_year"),
    named(FormField::case_birth_date, "case.birth_date"),
    named(FormField::case_citizenship, "case.citizenship"),
    named(FormField::case_documents_held, "case.documents_held"),
    named(FormField::case_trafficking_scope, "case.trafficking_scope"),
    named(FormField::case_indicators, "case.indicators"),
    named(FormField::case_exploitation, "case.exploitation"),
    named(FormField::case_recruitment_country, "case.recruitment_country"),
    named(FormField::case_exploitation_country, "case.exploitation_country"),
    named(FormField::case_services_already, "case.services_already"),
    named(FormField::case_safety_risks, "case.safety_risks"),
    named(FormField::case_guardian, "case.guardian"),
    named(FormField::sealed_health, "sealed.health"),
    named(FormField::sealed_narrative, "sealed.narrative"),
    named(FormField::sealed_alleged_perpetrator, "sealed.alleged_perpetrator"),
    named(FormField::status_indicators, "status.indicators"),
    named(FormField::status_evidence, "status.evidence"),
    named(FormField::status_certificate, "status.certificate"),
};

std::string shortened(std::string_view text) {
  constexpr std::size_t shown_max = 40;
  return text.size() <= shown_max ? escape_for_terminal(text)
                                  : escape_for_terminal(text.substr(0, shown_max)) + "…";
}

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

std::uint32_t number(std::string_view digits) {
  std::uint32_t value = 0;
  for (const char c : digits) {
    value = value * 10 + static_cast<std::uint32_t>(c - '0');
  }
  return value;
}

bool is_date(std::string_view text) {
  if (text.size() != 10 || text[4] != '-' || text[7] != '-') {
    return false;
  }
  for (const std::size_t i : {0U, 1U, 2U, 3U, 5U, 6U, 8U, 9U}) {
    if (!is_digit(text[i])) {
      return false;
    }
  }
  const std::uint32_t year = number(text.substr(0, 4));
  const std::uint32_t month = number(text.substr(5, 2));
  const std::uint32_t day = number(text.substr(8, 2));
  constexpr std::array<std::uint32_t, 12> lengths{31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  if (year < 1900 || month < 1 || month > 12 || day < 1) {
    return false;
  }
  const bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
  return day <= lengths[month - 1] + (leap && month == 2 ? 1U : 0U);
}

bool is_letters(std::string_view text, std::size_t length, char first, char last) {
  return text.size() == length &&
         std::ranges::all_of(text, [=](char c) { return c >= first && c <= last; });
}

// Codes of the pack: lower case words; "kind:commission" in a consent's recipients.
bool is_code(std::string_view text) {
  return !text.empty() && text.size() <= code_bytes_max && std::ranges::all_of(text, [](char c) {
    return (c >= 'a' && c <= 'z') || is_digit(c) || c == '_' || c == '.' || c == '-' || c == ':';
  });
}

bool is_district(std::string_view text) {
  return !text.empty() && text.size() <= code_bytes_max && std::ranges::all_of(text, [](char c) {
    return (c >= 'A' && c <= 'Z') || is_digit(c) || c == '-';
  });
}

bool is_version(std::string_view text) {
  return !text.empty() && text.size() <= code_bytes_max && std::ranges::all_of(text, [](char c) {
    return (c >= 'a' && c <= 'z') || is_digit(c) || c == '/' || c == '.' || c == '-';
  });
}

// Walks a form in the order of its fields and remembers the first fault.
class Inspector {
 public:
  std::optional<FormFault> fault;

  void require(bool good, const std::string& path, std::string_view found, const char* allowed) {
    if (!good && !fault) {
      fault = FormFault{path, shortened(found), allowed};
    }
  }
  template <class Enum>
  void code(Enum value, const std::string& path) {
    const auto names = names_of(Enum{});
    const auto raw = static_cast<std::uint8_t>(value);
    if (raw < 1 || raw > names.size()) {
      std::string allowed = "one of";
      for (const CodeName& name : names) {
        allowed += std::string(" ") + name.name;
      }
      require(false, path, raw == 0 ? "nothing" : std::to_string(raw), "");
      if (fault && fault->path == path) {
        fault->allowed = allowed;
      }
    }
  }
  template <class Enum>
  void codes(const std::vector<Enum>& values, const std::string& path) {
    require(values.size() <= names_of(Enum{}).size(), path, std::to_string(values.size()),
            "each code once");
    for (std::size_t i = 0; i < values.size(); ++i) {
      code(values[i], path + "[" + std::to_string(i) + "]");
      require(std::find(values.begin(), values.begin() + static_cast<std::ptrdiff_t>(i),
                        values[i]) == values.begin() + static_cast<std::ptrdiff_t>(i),
              path + "[" + std::to_string(i) + "]", name_of(values[i]), "each code once");
    }
  }
  void words(const std::vector<std::string>& values, const std::string& path,
             bool (*good)(std::string_view), const char* allowed) {
    require(values.size() <= 32, path, std::to_string(values.size()), "at most 32 items");
    for (std::size_t i = 0; i < values.size(); ++i) {
      const std::string item = path + "[" + std::to_string(i) + "]";
      require(good(values[i]), item, values[i], allowed);
      require(std::find(values.begin(), values.begin() + static_cast<std::ptrdiff_t>(i),
                        values[i]) == values.begin() + static_cast<std::ptrdiff_t>(i),
              item, values[i], "each item once");
    }
  }
  void line(const std::string& value, const std::string& path, bool needed) {
    require(!needed || !value.empty(), path, "nothing", "a text");
    require(value.size() <= 512, path, value, "at most 512 bytes");
    require(is_plain_text(value), path, value, "one line of text without control characters");
  }
  void free_text(const FreeText& value, const std::string& path, std::size_t characters_max,
                 std::size_t bytes_max) {
    require(is_letters(value.language, 2, 'a', 'z'), path + ".language", value.language,
            "an ISO 639-1 code such as tg, ru, en");
    require(!value.text.empty(), path + ".text", "nothing", "a text");
    require(value.text.size() <= bytes_max, path + ".text",
            std::to_string(value.text.size()) + " bytes", "a shorter text");
    require(is_plain_text(value.text, Lines::many), path + ".text", value.text,
            "valid UTF-8 without control characters");
    require(count_characters(value.text) <= characters_max, path + ".text",
            std::to_string(count_characters(value.text)) + " characters",
            characters_max == reason_characters_max ? "at most 500 characters" : "a shorter text");
  }
};

bool is_recipient(std::string_view word) {
  constexpr std::string_view kind = "kind:";
  constexpr std::string_view member = "member:";
  if (word.starts_with(kind)) {
    return parse_member_kind(word.substr(kind.size())).has_value();
  }
  return word.starts_with(member) && parse_uuid(word.substr(member.size())).has_value();
}

bool is_language(std::string_view text) {
  return is_letters(text, 2, 'a', 'z');
}
bool is_country(std::string_view text) {
  return is_letters(text, 2, 'A', 'Z');
}

void inspect(Inspector& check, const Triage& triage) {
  check.code(triage.urgency, "triage.urgency");
  check.code(triage.sensitivity, "triage.sensitivity");
  check.require(!triage.services.empty(), "triage.services", "nothing", "at least one service");
  check.codes(triage.services, "triage.services");
  check.require(is_code(triage.reason.code), "triage.reason.code", triage.reason.code,
                "a reason code of the pack, in lower case");
  if (triage.reason.note) {
    check.free_text(*triage.reason.note, "triage.reason.note", reason_characters_max,
                    limits::string_bytes_max);
  }
  check.code(triage.age_band, "triage.age_band");
  check.code(triage.sex, "triage.sex");
  check.require(!triage.languages.empty(), "triage.languages", "nothing", "at least one language");
  check.words(triage.languages, "triage.languages", is_language,
              "an ISO 639-1 code such as tg, ru, en");
  check.require(is_district(triage.district), "triage.district", triage.district,
                "a district code such as TJ-SU-KHUJAND");
  check.require(triage.dependants <= dependants_max, "triage.dependants",
                std::to_string(triage.dependants), "a number from 0 to 30");
  check.words(triage.access_needs, "triage.access_needs", is_code, "a code of the pack");
  check.require(is_code(triage.requested_by), "triage.requested_by", triage.requested_by,
                "a code such as self");
}

void inspect(Inspector& check, const SafeContact& safe) {
  const std::string path = "contact.safe_contact";
  check.code(safe.method, path + ".method");
  const bool reachable = safe.method != SafeContactMethod::do_not_contact &&
                         safe.method != SafeContactMethod::in_person_only;
  check.line(safe.value, path + ".value", reachable);
  check.line(safe.hours, path + ".hours", false);
  check.line(safe.who_may_answer, path + ".who_may_answer", false);
}

// What is committed to and not here may be anything.
void inspect(Inspector& check, const Contact& contact, FormFields committed) {
  const bool both_here =
      (committed & FormFields{FormField::contact_name, FormField::contact_alias}).empty();
  const bool neither = contact.name.empty() && contact.alias.empty();
  check.require(!neither || !both_here, "contact", "neither name nor alias",
                "exactly one of name and alias");
  check.require(contact.name.empty() || contact.alias.empty(), "contact", "both name and alias",
                "exactly one of name and alias");
  check.line(contact.name, "contact.name", false);
  check.line(contact.alias, "contact.alias", false);
  if (committed.has(FormField::contact_safe_contact)) {
    check.require(contact.safe_contact == SafeContact{}, "contact.safe_contact", "a value",
                  "nothing, where it is not disclosed");
  } else {
    inspect(check, contact.safe_contact);
  }
  if (contact.interpreter_sex) {
    check.code(*contact.interpreter_sex, "contact.interpreter_sex");
  }
  if (contact.pickup_place) {
    check.free_text(*contact.pickup_place, "contact.pickup_place", reason_characters_max,
                    limits::string_bytes_max);
  }
}

void inspect(Inspector& check, const Indicators& indicators, const std::string& path) {
  check.words(indicators.act, path + ".act", is_code, "a code of the pack");
  check.words(indicators.means, path + ".means", is_code, "a code of the pack");
  check.words(indicators.purpose, path + ".purpose", is_code, "a code of the pack");
}

void inspect(Inspector& check, const StatusFile& file) {
  if (file.indicators) {
    inspect(check, *file.indicators, "indicators");
  }
  check.require(file.evidence.size() <= limits::evidence_max, "evidence",
                std::to_string(file.evidence.size()), "at most 32 pieces of evidence");
  for (std::size_t i = 0; i < file.evidence.size(); ++i) {
    const Evidence& one = file.evidence[i];
    const std::string path = "evidence[" + std::to_string(i) + "]";
    check.require(is_code(one.code), path + ".code", one.code, "a code of the pack, in lower case");
    if (one.text) {
      check.free_text(*one.text, path + ".text", reason_characters_max, limits::string_bytes_max);
    }
    check.require(!one.file || !one.file->is_zero(), path + ".file", "zeros", "the root of a file");
  }
  check.line(file.certificate, "certificate", false);
}

void inspect(Inspector& check, const CaseFacts& facts, bool needs_guardian) {
  const bool has_year = facts.birth_year != 0;
  check.require(!has_year || facts.birth_date.empty(), "case", "both birth_year and birth_date",
                "at most one of birth_year and birth_date");
  check.require(!has_year || (facts.birth_year >= 1900 && facts.birth_year <= 2100),
                "case.birth_year", std::to_string(facts.birth_year), "a year from 1900 to 2100");
  check.require(facts.birth_date.empty() || is_date(facts.birth_date), "case.birth_date",
                facts.birth_date, "a date such as 2003-05-17");
  check.words(facts.citizenship, "case.citizenship", is_country, "an ISO 3166-1 code such as TJ");
  check.words(facts.documents_held, "case.documents_held", is_code, "a code of the pack");
  if (facts.trafficking_scope) {
    check.code(*facts.trafficking_scope, "case.trafficking_scope");
  }
  if (facts.indicators) {
    inspect(check, *facts.indicators, "case.indicators");
  }
  check.codes(facts.exploitation, "case.exploitation");
  const auto country = [&](const std::string& value, const char* path) {
    check.require(value.empty() || is_country(value), path, value, "an ISO 3166-1 code such as TJ");
  };
  country(facts.recruitment_country, "case.recruitment_country");
  country(facts.exploitation_country, "case.exploitation_country");
  check.words(facts.services_already, "case.services_already", is_code, "a code of the pack");
  check.words(facts.safety_risks, "case.safety_risks", is_code, "a code of the pack");
  check.require(!needs_guardian || facts.guardian, "case.guardian", "nothing",
                "a guardian, because the person is a child");
  if (facts.guardian) {
    check.line(facts.guardian->name, "case.guardian.name", true);
    check.line(facts.guardian->relation, "case.guardian.relation", true);
    check.line(facts.guardian->contact, "case.guardian.contact", false);
  }
}

void inspect(Inspector& check, const SealedFacts& sealed) {
  const auto long_text = [&check](const std::optional<FreeText>& value, const char* path) {
    if (value) {
      check.free_text(*value, path, limits::long_text_bytes_max, limits::long_text_bytes_max);
    }
  };
  long_text(sealed.health, "sealed.health");
  long_text(sealed.narrative, "sealed.narrative");
  long_text(sealed.alleged_perpetrator, "sealed.alleged_perpetrator");
}

void inspect(Inspector& check, const Consent& consent) {
  const bool given = consent.given_by.has_value();
  check.require(given != consent.exception.has_value(), "consent",
                given ? "both given_by and exception" : "neither given_by nor exception",
                "a consent, or a coded exception with a second approver");
  if (consent.exception) {
    check.code(*consent.exception, "consent.exception");
    check.line(consent.second_approver, "consent.second_approver", true);
  }
  if (given) {
    check.code(*consent.given_by, "consent.given_by");
    check.require(consent.mode.has_value(), "consent.mode", "nothing",
                  "one of signed oral_witnessed recorded");
    if (consent.mode) {
      check.code(*consent.mode, "consent.mode");
    }
    check.require(is_version(consent.text_version), "consent.text_version", consent.text_version,
                  "the version of the text that was read, such as consent/2026-1");
    check.require(is_language(consent.language), "consent.language", consent.language,
                  "an ISO 639-1 code such as tg, ru, en");
    check.require(!consent.scope.empty(), "consent.scope", "nothing", "at least one scope");
    check.require(consent.mode != ConsentMode::oral_witnessed || !consent.witness.empty(),
                  "consent.witness", "nothing", "a witness, because the consent was oral");
  }
  check.require(is_date(consent.date), "consent.date", consent.date, "a date such as 2026-11-20");
  check.require(
      consent.expires.empty() || (is_date(consent.expires) && consent.expires > consent.date),
      "consent.expires", consent.expires, "a date after consent.date");
  check.line(consent.witness, "consent.witness", false);
  check.require(consent.scope.size() <= 32, "consent.scope", std::to_string(consent.scope.size()),
                "at most 32 scopes");
  for (std::size_t i = 0; i < consent.scope.size(); ++i) {
    const ConsentScope& scope = consent.scope[i];
    const std::string path = "consent.scope[" + std::to_string(i) + "]";
    check.require(!scope.recipients.empty() && !scope.tiers.empty() && !scope.purposes.empty(),
                  path, "an empty list", "recipients, tiers and purposes");
    check.words(scope.recipients, path + ".recipients", is_code,
                "kind:KIND or member:ID in lower case");
    check.codes(scope.tiers, path + ".tiers");
    check.words(scope.purposes, path + ".purposes", is_code, "a code of the pack");
  }
  // A word that names nobody would seem to protect, and would not.
  check.words(consent.never, "consent.never", is_recipient,
              "kind:KIND, a kind of member, or member:ID");
}

}  // namespace

std::span<const CodeName> names_of(Urgency) {
  return urgencies;
}
std::span<const CodeName> names_of(Sensitivity) {
  return sensitivities;
}
std::span<const CodeName> names_of(Service) {
  return services;
}
std::span<const CodeName> names_of(AgeBand) {
  return age_bands;
}
std::span<const CodeName> names_of(Sex) {
  return sexes;
}
std::span<const CodeName> names_of(SafeContactMethod) {
  return contact_methods;
}
std::span<const CodeName> names_of(TraffickingScope) {
  return scopes;
}
std::span<const CodeName> names_of(Exploitation) {
  return exploitations;
}
std::span<const CodeName> names_of(ConsentGiver) {
  return consent_givers;
}
std::span<const CodeName> names_of(ConsentMode) {
  return consent_modes;
}
std::span<const CodeName> names_of(ConsentAction) {
  return consent_actions;
}
std::span<const CodeName> names_of(ConsentException) {
  return consent_exceptions;
}
std::span<const CodeName> names_of(DeclineReason) {
  return decline_reasons;
}
std::span<const CodeName> names_of(RefusalGround) {
  return refusal_grounds;
}
std::span<const CodeName> names_of(ClosingReason) {
  return closing_reasons;
}
std::span<const CodeName> names_of(DisclosureTier) {
  return tiers;
}

std::span<const CodeName> names_of(FormField) {
  return form_fields;
}

FormFields FormFields::from_bits(std::uint64_t bits) {
  FormFields known;
  for (const CodeName& one : form_fields) {
    known |= {static_cast<FormField>(one.value)};
  }
  known.bits_ &= bits;
  return known;
}

std::vector<FormField> FormFields::list() const {
  std::vector<FormField> all;
  for (const CodeName& one : form_fields) {
    if (has(static_cast<FormField>(one.value))) {
      all.push_back(static_cast<FormField>(one.value));
    }
  }
  return all;
}

FormFields Disclosure::fields() const {
  FormFields all;
  for (const TierOpening& opening : openings) {
    all |= opening.fields;
  }
  return all;
}

std::span<const CodeName> names_of(Accepts) {
  return accepting;
}
std::span<const CodeName> names_of(Clock) {
  return clock_names;
}

std::span<const CodeName> names_of(CodeList list) {
  switch (list) {
    case CodeList::decline:
      return decline_reasons;
    case CodeList::refusal:
      return refusal_grounds;
    case CodeList::closing:
      return closing_reasons;
    case CodeList::service:
      return services;
    case CodeList::none:
    case CodeList::pack:
      break;
  }
  return {};
}

std::optional<FormFault> find_fault(const ReferralForm& form) {
  Inspector check;
  inspect(check, form.triage);
  const AgeBand band = form.triage.age_band;
  const bool child = band >= AgeBand::from_0 && band <= AgeBand::from_15;
  const bool needs_guardian = child && !form.committed.has(FormField::case_guardian);
  check.require(!needs_guardian || form.facts, "case", "nothing",
                "a case part with a guardian for a child");
  if (form.contact) {
    inspect(check, *form.contact, form.committed);
  }
  if (form.facts) {
    inspect(check, *form.facts, needs_guardian);
  }
  if (form.sealed) {
    inspect(check, *form.sealed);
  }
  inspect(check, form.consent);
  return check.fault;
}

std::optional<FormFault> find_fault(const Disclosure& disclosure) {
  Inspector check;
  const FormFields fields = disclosure.fields();
  check.require(!fields.empty(), "fields", "nothing", "at least one field");
  inspect(check, disclosure.values.contact, FormFields::from_bits(~fields.bits()));
  inspect(check, disclosure.values.facts, false);
  inspect(check, disclosure.values.sealed);
  inspect(check, disclosure.values.status);
  return check.fault;
}

std::optional<FormFault> find_fault(const DisclosedFields& fields) {
  Inspector check;
  check.require(!fields.fields.empty(), "fields", "nothing", "at least one field");
  check.require(!fields.about.is_zero(), "about", "nothing", "the referral");
  return check.fault;
}

std::optional<FormFault> find_fault(const Decision& decision) {
  Inspector check;
  if (decision.reason) {
    check.code(*decision.reason, "reason");
    check.require(decision.reason != DeclineReason::other || decision.text, "text", "nothing",
                  "a text, because the reason is other");
  }
  if (decision.text) {
    check.free_text(*decision.text, "text", limits::string_bytes_max, limits::string_bytes_max);
  }
  return check.fault;
}

std::optional<FormFault> find_fault(const ConsentStatement& statement, EventKind kind) {
  Inspector check;
  const bool withdraws = kind == EventKind::consent_withdraw;
  check.require(states_consent(kind), "kind", event_kind_name(kind), "a statement about consent");
  check.require(statement.consent.has_value() != withdraws, "consent",
                withdraws ? "a consent" : "nothing",
                withdraws ? "nothing, because it is withdrawn" : "the consent as it now stands");
  if (statement.consent) {
    check.require(!statement.consent->exception, "consent.exception", "an exception",
                  "a consent: exceptions stand in referrals");
    inspect(check, *statement.consent);
  }
  check.require(!withdraws || is_date(statement.date), "date", statement.date,
                "a date such as 2026-11-20");
  check.require(withdraws || statement.date.empty(), "date", statement.date,
                "nothing: the consent has its own");
  check.require(!withdraws || !statement.about, "about", "a statement",
                "nothing: a withdrawal counts whatever was said before");
  if (statement.text) {
    check.free_text(*statement.text, "text", limits::string_bytes_max, limits::string_bytes_max);
  }
  return check.fault;
}

std::optional<FormFault> find_fault(const ConsentApplied& applied) {
  Inspector check;
  check.require(!applied.about.is_zero(), "about", "nothing", "a change or withdrawal");
  check.code(applied.did, "did");
  const bool kept = applied.did == ConsentAction::kept;
  check.require(kept ? is_code(applied.ground) : applied.ground.empty(), "ground", applied.ground,
                kept ? "a ground of the pack" : "nothing: only what is kept needs a ground");
  check.require(kept || !applied.text, "text", "a text", "nothing: only what is kept is explained");
  if (applied.text) {
    check.free_text(*applied.text, "text", limits::string_bytes_max, limits::string_bytes_max);
  }
  return check.fault;
}

std::optional<FormFault> find_fault(const NoteText& note) {
  Inspector check;
  check.free_text(note.text, "note", limits::long_text_bytes_max, limits::long_text_bytes_max);
  return check.fault;
}

namespace {

// What a kind needs is there, what it does not know is not.
void inspect_presence(Inspector& check, const Particulars& said, const Rule& rule) {
  const auto is_said = [&](Field field) {
    switch (field) {
      case Field::about:
        return said.about.has_value();
      case Field::code:
        return !said.code.empty();
      case Field::text:
        return said.text.has_value();
      case Field::until:
        return said.until.ms != 0;
      case Field::member:
        return said.member.has_value();
      case Field::outcome:
        return said.outcome.has_value();
      case Field::money:
        return said.amount != 0 || !said.currency.empty();
    }
    return false;
  };
  for (const Field field : all_fields) {
    const bool there = is_said(field);
    check.require(there || !rule.needed.has(field), field_name(field), "nothing", "a value");
    check.require(!there || rule.needed.has(field) || rule.allowed.has(field), field_name(field),
                  "a value", "nothing, for this kind of event");
  }
}

void inspect_code(Inspector& check, const std::string& code, CodeList list) {
  const auto names = names_of(list);
  if (names.empty()) {
    check.require(is_code(code), "code", code, "a code of the pack, in lower case");
    return;
  }
  const bool known =
      std::ranges::any_of(names, [&](const CodeName& one) { return code == one.name; });
  check.require(known, "code", code, "");
  if (!known && check.fault && check.fault->path == "code") {
    check.fault->allowed = "one of";
    for (const CodeName& one : names) {
      check.fault->allowed += std::string(" ") + one.name;
    }
  }
}

}  // namespace

std::optional<FormFault> find_fault(const StatusFile& file) {
  Inspector check;
  check.require(file != StatusFile{}, "status_file", "nothing",
                "indicators, evidence or the number of a certificate");
  inspect(check, file);
  return check.fault;
}

std::optional<FormFault> find_fault(const Particulars& particulars, EventKind kind) {
  Inspector check;
  const Rule* rule = find_rule(kind);
  if (rule == nullptr || rule->body != BodyForm::particulars) {
    return FormFault{"kind", event_kind_name(kind), "a kind of event that has particulars"};
  }
  inspect_presence(check, particulars, *rule);
  if (!particulars.code.empty()) {
    inspect_code(check, particulars.code, rule->codes);
    check.require(
        particulars.code != "other" || rule->codes == CodeList::service || particulars.text, "text",
        "nothing", "a text, because the code is other");
  }
  if (particulars.text) {
    check.free_text(*particulars.text, "text", limits::string_bytes_max, limits::string_bytes_max);
  }
  if (particulars.outcome) {
    check.require(rule->to.has(*particulars.outcome), "outcome", state_name(*particulars.outcome),
                  "an outcome of this kind of event");
  }
  check.require(particulars.amount <= amount_max, "amount", std::to_string(particulars.amount),
                "an amount in minor units");
  if (particulars.ballot) {
    const std::size_t votes = particulars.ballot->votes.size();
    check.require(is_voted_on(kind), "votes", "votes", "nothing, for this kind of event");
    check.require(votes >= 1 && votes <= limits::votes_max, "votes",
                  std::to_string(votes) + " votes", "1 to 32 votes");
    check.require(!particulars.about || *particulars.about == particulars.ballot->subject, "about",
                  "something else than was voted on", "the same");
  }
  const bool has_file = particulars.file || particulars.status_file;
  check.require(!has_file || may_have_status_file(kind), "status_file", "a status file",
                "nothing, for this kind of event");
  if (particulars.status_file) {
    inspect(check, *particulars.status_file);
  }
  const bool money = rule->needed.has(Field::money);
  check.require(!money || particulars.amount > 0, "amount", "0", "more than nothing");
  check.require(!money || is_letters(particulars.currency, 3, 'A', 'Z'), "currency",
                particulars.currency, "an ISO 4217 code such as TJS");
  return check.fault;
}

namespace {

void inspect(Inspector& check, const OfferedService& offered, const std::string& path) {
  check.code(offered.service, path + ".service");
  check.require(!offered.districts.empty(), path + ".districts", "nothing",
                "at least one district, such as TJ-SU-KHUJAND, or TJ-SU for all of it");
  check.words(offered.districts, path + ".districts", is_district,
              "a district code such as TJ-SU-KHUJAND");
  check.require(!offered.languages.empty(), path + ".languages", "nothing",
                "at least one language");
  check.words(offered.languages, path + ".languages", is_language,
              "an ISO 639-1 code such as tg, ru, en");
  check.line(offered.hours, path + ".hours", false);
  check.code(offered.accepts, path + ".accepts");
  check.codes(offered.sexes, path + ".sexes");
  check.codes(offered.age_bands, path + ".age_bands");
  const std::uint32_t places = offered.places.value_or(0);
  check.require(places <= limits::places_max, path + ".places", std::to_string(places),
                "at most 9999 free places");
  check.require(places == 0 || offered.accepts == Accepts::open, path + ".places",
                std::to_string(places), "none, because it is not open");
}

}  // namespace

std::optional<FormFault> find_fault(const DeadlineStatement& statement) {
  Inspector check;
  const auto known = [](std::span<const CodeName> names, auto value) {
    return std::ranges::find(names, static_cast<std::uint8_t>(value), &CodeName::value) !=
           names.end();
  };
  check.require(known(names_of(Clock{}), statement.clock), "clock", "nothing", "a clock");
  check.require(known(names_of(Urgency{}), statement.urgency), "urgency", "nothing", "an urgency");
  check.require(!statement.about.is_zero(), "about", "nothing", "an event");
  check.require(!statement.owes.is_zero(), "owes", "nothing", "a member");
  check.require(statement.start <= statement.due && statement.due.ms != 0, "due",
                "before the start", "a later time");
  return check.fault;
}

std::optional<FormFault> find_fault(const ServiceStatement& statement) {
  Inspector check;
  check.require(!statement.services.empty(), "services", "nothing", "at least one service");
  check.require(statement.services.size() <= limits::services_max, "services",
                std::to_string(statement.services.size()) + " services", "at most 32");
  check.require(statement.valid_until.ms != 0, "valid_until", "nothing", "until when it is valid");
  for (std::size_t i = 0; i < statement.services.size() && !check.fault; ++i) {
    inspect(check, statement.services[i], "services[" + std::to_string(i) + "]");
  }
  return check.fault;
}

}  // namespace hamroh
