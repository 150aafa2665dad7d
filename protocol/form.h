// The referral form and the bodies of events, as plain values (shared form specification, version
// "referral/1"). Codes travel on the wire; labels are catalogues elsewhere.
//
// Lists that belong to the jurisdiction pack (district, reason, documents, indicators, access
// needs, safety risks, purposes) are strings checked by syntax here; the pack checks their content.
// `find_fault` holds the rules that JSON and typed form share; it is the only place that has them.
#pragma once

#include <bit>
#include <optional>
#include <string>
#include <vector>

#include "protocol/lifecycle.h"
#include "protocol/user_keys.h"

namespace hamroh {

// Values appear on the wire: explicit, never reused.
enum class Urgency : std::uint8_t { emergency = 1, urgent = 2, normal = 3 };
enum class Sensitivity : std::uint8_t { standard = 1, high = 2, sealed = 3 };
enum class Service : std::uint8_t {
  shelter = 1,
  medical = 2,
  psychosocial = 3,
  legal = 4,
  food = 5,
  non_food_items = 6,
  cash = 7,
  document_recovery = 8,
  transport_return = 9,
  family_tracing = 10,
  child_protection = 11,
  education_training = 12,
  livelihood = 13,
  employment = 14,
  police_protection = 15,
  status_application = 16,
  other = 17,
};
enum class AgeBand : std::uint8_t {
  from_0 = 1,
  from_6 = 2,
  from_12 = 3,
  from_15 = 4,
  from_18 = 5,
  from_25 = 6,
  from_60 = 7,
  unknown = 8,
};
enum class Sex : std::uint8_t { female = 1, male = 2, other = 3, unknown = 4 };
enum class SafeContactMethod : std::uint8_t {
  phone = 1,
  messenger = 2,
  via_trusted_person = 3,
  in_person_only = 4,
  do_not_contact = 5,
};
enum class TraffickingScope : std::uint8_t { internal = 1, transnational = 2, unknown = 3 };
enum class Exploitation : std::uint8_t {
  forced_labour = 1,
  sexual = 2,
  child_labour = 3,
  forced_marriage = 4,
  servitude = 5,
  forced_military = 6,
  organ_removal = 7,
  forced_begging = 8,
  forced_adoption = 9,
  surrogacy = 10,
  forced_criminality = 11,
  biomedical = 12,
  armed_group_or_conflict = 13,
  other = 14,
};
enum class ConsentGiver : std::uint8_t { self = 1, guardian = 2, representative = 3 };
enum class ConsentMode : std::uint8_t { signed_paper = 1, oral_witnessed = 2, recorded = 3 };
enum class ConsentException : std::uint8_t {
  child_best_interests = 1,
  imminent_danger = 2,
  legal_obligation = 3,
};
// What a member did about a change or withdrawal.
enum class ConsentAction : std::uint8_t {
  stopped = 1,  // what is not allowed any more is neither shown nor passed on
  erased = 2,
  kept = 3,  // on a ground of the pack
  nothing_held = 4,
};
enum class DeclineReason : std::uint8_t {
  no_capacity = 1,
  waitlist = 2,
  not_eligible = 3,
  outside_area = 4,
  service_not_offered = 5,
  insufficient_information = 6,
  cannot_reach_person = 7,
  person_declined = 8,
  conflict_of_interest = 9,
  safety_risk = 10,
  duplicate = 11,
  consent_invalid = 12,
  other = 13,
};
enum class RefusalGround : std::uint8_t {  // of a status
  criteria_not_met = 1,
  identity_not_established = 2,
  application_withdrawn = 3,
  not_competent = 4,  // with the member that is, if it is one
  evidence_incomplete = 5,
  other = 6,
};
enum class ClosingReason : std::uint8_t {
  goals_met = 1,
  transferred = 2,
  person_withdrew = 3,
  lost_contact = 4,
  relocated = 5,
  returned_abroad = 6,
  deceased = 7,
  duplicate = 8,
  entered_in_error = 9,
};
enum class DisclosureTier : std::uint8_t { t1 = 1, t2 = 2, t3 = 3, t4 = 4, s = 5 };
// The fields of the later tiers, each of which may be disclosed by itself (disclosure.h).
enum class FormField : std::uint8_t {
  contact_name = 1,  // T2
  contact_alias = 2,
  contact_safe_contact = 3,
  contact_interpreter_sex = 4,
  contact_pickup_place = 5,
  case_birth_year = 16,  // T3
  case_birth_date = 17,
  case_citizenship = 18,
  case_documents_held = 19,
  case_trafficking_scope = 20,
  case_indicators = 21,
  case_exploitation = 22,
  case_recruitment_country = 23,
  case_exploitation_country = 24,
  case_services_already = 25,
  case_safety_risks = 26,
  case_guardian = 27,
  sealed_health = 40,  // T4
  sealed_narrative = 41,
  sealed_alleged_perpetrator = 42,
  status_indicators = 50,  // S
  status_evidence = 51,
  status_certificate = 52,
};

// A set of them; its bits, 1 << value, travel in bodies.
class FormFields {
 public:
  constexpr FormFields() = default;
  constexpr FormFields(std::initializer_list<FormField> all) {
    for (const FormField one : all) {
      bits_ |= bit(one);
    }
  }
  // Bits of fields that this version does not know are left out.
  [[nodiscard]] static FormFields from_bits(std::uint64_t bits);
  [[nodiscard]] constexpr std::uint64_t bits() const { return bits_; }
  [[nodiscard]] constexpr bool has(FormField one) const { return (bits_ & bit(one)) != 0; }
  [[nodiscard]] constexpr bool empty() const { return bits_ == 0; }
  [[nodiscard]] constexpr bool within(FormFields other) const {
    return (bits_ & ~other.bits_) == 0;
  }
  [[nodiscard]] constexpr std::size_t size() const {
    return static_cast<std::size_t>(std::popcount(bits_));
  }
  [[nodiscard]] std::vector<FormField> list() const;  // in the order of their values
  constexpr FormFields& operator|=(FormFields other) {
    bits_ |= other.bits_;
    return *this;
  }
  [[nodiscard]] friend constexpr FormFields operator|(FormFields a, FormFields b) { return a |= b; }
  [[nodiscard]] friend constexpr FormFields operator&(FormFields a, FormFields b) {
    a.bits_ &= b.bits_;
    return a;
  }
  [[nodiscard]] friend constexpr FormFields operator-(FormFields a, FormFields b) {
    a.bits_ &= ~b.bits_;
    return a;
  }
  bool operator==(const FormFields&) const = default;

 private:
  static constexpr std::uint64_t bit(FormField one) {
    return std::uint64_t{1} << static_cast<unsigned>(one);
  }
  std::uint64_t bits_ = 0;
};

enum class Accepts : std::uint8_t { open = 1, full = 2, closed = 3 };
// The clocks of the form specification. Explicit, never reused.
enum class Clock : std::uint8_t {
  delivery = 1,           // sent → opened at the recipient's node
  receipt = 2,            // opened → received by a named person
  referral_decision = 3,  // received → accepted, declined or redirected
  first_help = 4,         // accepted → first service reported
  information = 5,        // asked → answered
  pre_status = 6,         // applied → pre-status decided
  status_decision = 7,    // applied → decided by the commission
  confirmation = 8,       // decided → confirmed or returned by the ministry
  appeal = 9,             // refused or lapsed → the last moment to appeal
  appeal_decision = 10,   // appealed → decided by the appeal body
  fund_decision = 11,     // asked → approved or refused
  fund_payment = 12,      // approved → paid
  fund_account = 13,      // paid → accounted for
};
inline constexpr std::size_t clocks_count = 13;

// A name for each value of a code list, in order of value; the form's JSON uses exactly these.
struct CodeName {
  std::uint8_t value = 0;
  const char* name = "";
};
[[nodiscard]] std::span<const CodeName> names_of(Urgency);
[[nodiscard]] std::span<const CodeName> names_of(Sensitivity);
[[nodiscard]] std::span<const CodeName> names_of(Service);
[[nodiscard]] std::span<const CodeName> names_of(AgeBand);
[[nodiscard]] std::span<const CodeName> names_of(Sex);
[[nodiscard]] std::span<const CodeName> names_of(SafeContactMethod);
[[nodiscard]] std::span<const CodeName> names_of(TraffickingScope);
[[nodiscard]] std::span<const CodeName> names_of(Exploitation);
[[nodiscard]] std::span<const CodeName> names_of(ConsentGiver);
[[nodiscard]] std::span<const CodeName> names_of(ConsentMode);
[[nodiscard]] std::span<const CodeName> names_of(ConsentException);
[[nodiscard]] std::span<const CodeName> names_of(DeclineReason);
[[nodiscard]] std::span<const CodeName> names_of(RefusalGround);
[[nodiscard]] std::span<const CodeName> names_of(ClosingReason);
[[nodiscard]] std::span<const CodeName> names_of(DisclosureTier);
[[nodiscard]] std::span<const CodeName> names_of(FormField);  // "contact.name", as in JSON
[[nodiscard]] std::span<const CodeName> names_of(Accepts);
[[nodiscard]] std::span<const CodeName> names_of(Clock);
[[nodiscard]] std::span<const CodeName> names_of(ConsentAction);
// The codes that events may have; empty for none and for those of the pack.
[[nodiscard]] std::span<const CodeName> names_of(CodeList list);

template <class Enum>
[[nodiscard]] const char* name_of(Enum value) {
  for (const CodeName& code : names_of(Enum{})) {
    if (code.value == static_cast<std::uint8_t>(value)) {
      return code.name;
    }
  }
  return "unknown";
}
template <class Enum>
[[nodiscard]] std::optional<Enum> parse_code(std::string_view name) {
  for (const CodeName& code : names_of(Enum{})) {
    if (name == code.name) {
      return static_cast<Enum>(code.value);
    }
  }
  return std::nullopt;
}

struct FreeText {
  std::string language;  // ISO 639-1
  std::string text;
  bool operator==(const FreeText&) const = default;
};

struct Reason {
  std::string code;
  std::optional<FreeText> note;  // at most 500 characters
  bool operator==(const Reason&) const = default;
};

struct Triage {  // T1
  Urgency urgency{};
  Sensitivity sensitivity{};
  std::vector<Service> services;
  Reason reason;
  AgeBand age_band{};
  Sex sex{};
  std::vector<std::string> languages;
  std::string district;
  std::uint32_t dependants = 0;
  std::vector<std::string> access_needs;
  std::string requested_by;
  bool operator==(const Triage&) const = default;
};

struct SafeContact {
  SafeContactMethod method{};
  std::string value;
  std::string hours;
  std::string who_may_answer;
  bool leave_message = false;
  bool operator==(const SafeContact&) const = default;
};

struct Contact {     // T2
  std::string name;  // exactly one of name and alias
  std::string alias;
  SafeContact safe_contact;
  std::optional<Sex> interpreter_sex;
  std::optional<FreeText> pickup_place;
  bool operator==(const Contact&) const = default;
};

struct Indicators {
  std::vector<std::string> act;
  std::vector<std::string> means;
  std::vector<std::string> purpose;
  bool operator==(const Indicators&) const = default;
};

struct Guardian {
  std::string name;
  std::string relation;
  std::string contact;
  bool operator==(const Guardian&) const = default;
};

struct CaseFacts {               // T3
  std::uint32_t birth_year = 0;  // 0: absent
  std::string birth_date;        // ISO 8601; instead of the year
  std::vector<std::string> citizenship;
  std::vector<std::string> documents_held;
  std::optional<TraffickingScope> trafficking_scope;
  std::optional<Indicators> indicators;
  std::vector<Exploitation> exploitation;
  std::string recruitment_country;
  std::string exploitation_country;
  std::vector<std::string> services_already;
  std::vector<std::string> safety_risks;
  std::optional<Guardian> guardian;
  bool operator==(const CaseFacts&) const = default;
};

struct SealedFacts {  // T4
  std::optional<FreeText> health;
  std::optional<FreeText> narrative;
  std::optional<FreeText> alleged_perpetrator;
  bool operator==(const SealedFacts&) const = default;
};

struct ConsentScope {
  std::vector<std::string> recipients;
  std::vector<DisclosureTier> tiers;
  std::vector<std::string> purposes;
  bool operator==(const ConsentScope&) const = default;
};

struct Consent {  // K; either given_by … or exception with its second approver
  std::optional<ConsentGiver> given_by;
  std::optional<ConsentMode> mode;
  std::string text_version;
  std::string language;
  std::string date;
  std::string expires;
  std::string witness;
  std::vector<ConsentScope> scope;
  std::optional<ConsentException> exception;
  std::string second_approver;
  std::vector<std::string> never = {};  // who must never receive this case: kind:KIND or member:ID
  bool operator==(const Consent&) const = default;
};

// What consent.give, consent.change and consent.withdraw say: how the consent stands from then on.
struct ConsentStatement {
  std::optional<Consent> consent;    // the whole of it; absent exactly when it is withdrawn
  std::optional<Digest> about = {};  // the statement before it that its author knows
  std::string date = {};             // of a withdrawal
  std::optional<FreeText> text = {};
  bool operator==(const ConsentStatement&) const = default;
};

struct ConsentApplied {
  Digest about;  // the change or withdrawal
  ConsentAction did{};
  std::string ground = {};            // exactly with kept
  std::optional<FreeText> text = {};  // the article of law, or more about the ground
  bool operator==(const ConsentApplied&) const = default;
};

struct ReferralForm {
  Triage triage;
  std::optional<Contact> contact;
  std::optional<CaseFacts> facts;
  std::optional<SealedFacts> sealed;
  Consent consent;
  // Of a form that travels tier by tier: what its author has committed to and is not here. Nobody
  // but the author knows whether there is anything in them.
  FormFields committed;
  bool operator==(const ReferralForm&) const = default;
};

// What a decision on a status rests on.
struct Evidence {
  std::string code;              // of the pack: what kind of evidence
  std::optional<FreeText> text;  // at most 500 characters: where it is, what it shows
  std::optional<Digest> file;    // the root of a file that was added to the case
  bool operator==(const Evidence&) const = default;
};

// S: what a commission keeps of a decision on a status, and who decides on it after her may see.
struct StatusFile {
  std::optional<Indicators> indicators;  // the checklist: those that were found
  std::vector<Evidence> evidence;
  std::string certificate;  // its number
  bool operator==(const StatusFile&) const = default;
};

// The later tiers by themselves, whole or in part. The status file belongs to a decision, the
// others to a referral: never both in one.
struct LaterTiers {
  Contact contact;
  CaseFacts facts;
  SealedFacts sealed;
  StatusFile status = {};
  bool operator==(const LaterTiers&) const = default;
};

using TierSeed = FixedBytes<struct TierSeedTag, 32>;

// What opens the commitment to one tier: its seed, if all its fields are disclosed; else the salt
// of each field that is, and the leaf of each that is not, both in the order of the fields.
struct TierOpening {
  DisclosureTier tier{};
  FormFields fields;  // disclosed; at least one
  std::optional<TierSeed> seed;
  std::vector<Salt> salts;
  std::vector<Digest> leaves;
  bool operator==(const TierOpening&) const = default;
};

// Of a referral that was sent with commitments, for one recipient; or of a decision with a status
// file.
struct Disclosure {
  Digest about;                       // the referral, or the decision
  MessageId referral;                 // its message id
  std::vector<TierOpening> openings;  // one a tier, rising
  LaterTiers values;                  // of the fields that are disclosed, and of no others
  [[nodiscard]] FormFields fields() const;
  bool operator==(const Disclosure&) const = default;
};

// Which fields of which referral: what a program asks its node to disclose, and all that a node
// shows of a disclosure by itself.
struct DisclosedFields {
  Digest about;
  FormFields fields;
  bool operator==(const DisclosedFields&) const = default;
};

struct Decision {  // of a referral: no reason means that it is accepted
  std::optional<DeclineReason> reason;
  std::optional<FreeText> text;
  std::optional<Digest> about = {};  // the referral, if it is not the first that waits
  bool operator==(const Decision&) const = default;
};

struct NoteText {
  FreeText text;
  bool operator==(const NoteText&) const = default;
};

// What the commissioners signed who decided on a status or an appeal, or the holders of a fund who
// approved a request: ballot.h.
struct Vote {
  UserCertificate certificate;
  Signature signature;
  bool operator==(const Vote&) const = default;
};
struct Ballot {
  Digest subject;           // what was decided on: CaseState::status_subject, or the request
  std::vector<Vote> votes;  // 1 to limits::votes_max
  bool operator==(const Ballot&) const = default;
};
// Whether a kind of event may have one.
[[nodiscard]] constexpr bool is_voted_on(EventKind kind) {
  return kind == EventKind::status_assign || kind == EventKind::status_refuse ||
         kind == EventKind::appeal_outcome || kind == EventKind::fund_approve;
}

// What an event says whose kind has no form of its own; the rule of its kind (lifecycle.h) has what
// it needs and allows.
struct Particulars {
  std::optional<Digest> about;  // an earlier event of the case
  std::string code;
  std::optional<FreeText> text;
  Timestamp until;  // zero: absent
  std::optional<MemberId> member;
  std::optional<State> outcome;
  std::uint64_t amount = 0;  // in minor units of the currency
  std::string currency;      // ISO 4217
  std::optional<Ballot> ballot = {};
  std::optional<Digest> file = {};  // the commitment to the status file of a decision
  // The file itself: only between a node and its own programs, never on its way.
  std::optional<StatusFile> status_file = {};
  bool operator==(const Particulars&) const = default;
};

// What deadline.missed and deadline.escalated say. The second goes to the oversight body and is
// part of no case: `about` names an event of the case by its digest, which tells nothing to whoever
// has not got it.
struct DeadlineStatement {
  Clock clock{};
  Digest about;   // the event that started the clock
  MemberId owes;  // from whom something is due
  Urgency urgency{};
  Timestamp start;
  Timestamp due;  // not before the start
  bool operator==(const DeadlineStatement&) const = default;
};

// One service that a member gives. The same may stand there twice, for other people or places.
struct OfferedService {
  Service service{};
  std::vector<std::string> districts;  // TJ-SU holds TJ-SU-KHUJAND
  std::vector<std::string> languages;
  std::string hours;                    // a line for people; may be empty
  std::optional<std::uint32_t> places;  // free now; absent: not said
  std::vector<Sex> sexes;               // for whom; empty: for everybody
  std::vector<AgeBand> age_bands;       // for whom; empty: for everybody
  Accepts accepts = Accepts::open;
  bool operator==(const OfferedService&) const = default;
};

// What service.publish says: all that a member gives, until when. A later statement, with a higher
// serial, takes the place of the whole one.
struct ServiceStatement {
  std::uint64_t serial = 0;  // the node counts it
  Timestamp valid_until;     // at most limits::services_valid_max ahead
  std::vector<OfferedService> services;
  bool operator==(const ServiceStatement&) const = default;
};

// Where a form is wrong, in the words of its JSON form.
struct FormFault {
  std::string path;   // "triage.services[1]"
  std::string found;  // shortened and escaped
  std::string allowed;
};
// A form may lack what it has committed to; nothing else that it needs.
[[nodiscard]] std::optional<FormFault> find_fault(const ReferralForm& form);
[[nodiscard]] std::optional<FormFault> find_fault(const Disclosure& disclosure);
[[nodiscard]] std::optional<FormFault> find_fault(const DisclosedFields& fields);
[[nodiscard]] std::optional<FormFault> find_fault(const Decision& decision);
[[nodiscard]] std::optional<FormFault> find_fault(const NoteText& note);
[[nodiscard]] std::optional<FormFault> find_fault(const Particulars& particulars, EventKind kind);
[[nodiscard]] std::optional<FormFault> find_fault(const StatusFile& file);
[[nodiscard]] std::optional<FormFault> find_fault(const DeadlineStatement& statement);
[[nodiscard]] std::optional<FormFault> find_fault(const ServiceStatement& statement);
[[nodiscard]] std::optional<FormFault> find_fault(const ConsentStatement& statement,
                                                  EventKind kind);
[[nodiscard]] std::optional<FormFault> find_fault(const ConsentApplied& applied);

}  // namespace hamroh
