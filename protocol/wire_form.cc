#include "protocol/wire_form.h"

#include <utility>

#include "form_generated.h"
#include "protocol/wire_buffer.h"

namespace hamroh {
namespace {

constexpr char referral_identifier[] = "HRFM";
constexpr char decision_identifier[] = "HDEC";
constexpr char note_identifier[] = "HNTE";
constexpr char particulars_identifier[] = "HEVT";
constexpr char disclosure_identifier[] = "HDSC";
constexpr char fields_identifier[] = "HDSF";
constexpr char status_file_identifier[] = "HSTF";
constexpr char services_identifier[] = "HSVC";
constexpr char deadline_identifier[] = "HDLN";
constexpr char consent_identifier[] = "HCNS";
constexpr char applied_identifier[] = "HCAP";
constexpr std::size_t list_items_max = 64;
constexpr std::size_t openings_max = 4;  // T2, T3, T4, S

using Builder = flatbuffers::FlatBufferBuilder;
using Text = flatbuffers::Offset<flatbuffers::String>;
using TextList = flatbuffers::Offset<flatbuffers::Vector<Text>>;
using CodeList = flatbuffers::Offset<flatbuffers::Vector<std::uint8_t>>;

// ---- encoding: what is empty is left out ------------------------------------------------------

Text put(Builder& builder, const std::string& text) {
  return text.empty() ? Text{} : builder.CreateString(text);
}

TextList put(Builder& builder, const std::vector<std::string>& texts) {
  return texts.empty() ? TextList{} : builder.CreateVectorOfStrings(texts);
}

template <class Enum>
CodeList put_codes(Builder& builder, const std::vector<Enum>& codes) {
  std::vector<std::uint8_t> raw;
  for (const Enum code : codes) {
    raw.push_back(static_cast<std::uint8_t>(code));
  }
  return raw.empty() ? CodeList{} : builder.CreateVector(raw);
}

template <class Enum>
std::uint8_t raw(const std::optional<Enum>& code) {
  return code ? static_cast<std::uint8_t>(*code) : std::uint8_t{0};
}

template <class Fixed>
CodeList put_fixed(Builder& builder, const std::optional<Fixed>& value) {
  return value ? builder.CreateVector(value->bytes.data(), value->bytes.size()) : CodeList{};
}

template <class Fixed>
CodeList put_all(Builder& builder, const std::vector<Fixed>& values) {
  Bytes laid;
  for (const Fixed& value : values) {
    append(laid, value.view());
  }
  return laid.empty() ? CodeList{} : builder.CreateVector(laid);
}

flatbuffers::Offset<wire::FreeTextTable> put(Builder& builder,
                                             const std::optional<FreeText>& text) {
  if (!text) {
    return {};
  }
  const auto language = put(builder, text->language);
  const auto words = put(builder, text->text);
  return wire::CreateFreeTextTable(builder, language, words);
}

flatbuffers::Offset<wire::TriageTable> put(Builder& builder, const Triage& triage) {
  const auto services = put_codes(builder, triage.services);
  const auto reason = put(builder, triage.reason.code);
  const auto note = put(builder, triage.reason.note);
  const auto languages = put(builder, triage.languages);
  const auto district = put(builder, triage.district);
  const auto access_needs = put(builder, triage.access_needs);
  const auto requested_by = put(builder, triage.requested_by);
  return wire::CreateTriageTable(builder, static_cast<std::uint8_t>(triage.urgency),
                                 static_cast<std::uint8_t>(triage.sensitivity), services, reason,
                                 note, static_cast<std::uint8_t>(triage.age_band),
                                 static_cast<std::uint8_t>(triage.sex), languages, district,
                                 triage.dependants, access_needs, requested_by);
}

flatbuffers::Offset<wire::ContactTable> put(Builder& builder, const Contact& contact) {
  const auto name = put(builder, contact.name);
  const auto alias = put(builder, contact.alias);
  const auto value = put(builder, contact.safe_contact.value);
  const auto hours = put(builder, contact.safe_contact.hours);
  const auto who = put(builder, contact.safe_contact.who_may_answer);
  const auto place = put(builder, contact.pickup_place);
  return wire::CreateContactTable(
      builder, name, alias, static_cast<std::uint8_t>(contact.safe_contact.method), value, hours,
      who, contact.safe_contact.leave_message, raw(contact.interpreter_sex), place);
}

flatbuffers::Offset<wire::IndicatorsTable> put(Builder& builder,
                                               const std::optional<Indicators>& indicators) {
  if (!indicators) {
    return {};
  }
  const auto act = put(builder, indicators->act);
  const auto means = put(builder, indicators->means);
  const auto purpose = put(builder, indicators->purpose);
  return wire::CreateIndicatorsTable(builder, act, means, purpose);
}

flatbuffers::Offset<wire::StatusFileTable> put(Builder& builder, const StatusFile& file) {
  const auto indicators = put(builder, file.indicators);
  std::vector<flatbuffers::Offset<wire::EvidenceTable>> evidence;
  for (const Evidence& one : file.evidence) {
    const auto code = put(builder, one.code);
    const auto text = put(builder, one.text);
    const auto root = put_fixed(builder, one.file);
    evidence.push_back(wire::CreateEvidenceTable(builder, code, text, root));
  }
  const auto list = evidence.empty() ? 0 : builder.CreateVector(evidence);
  const auto certificate = put(builder, file.certificate);
  return wire::CreateStatusFileTable(builder, indicators, list, certificate);
}

flatbuffers::Offset<wire::FactsTable> put(Builder& builder, const CaseFacts& facts) {
  const auto birth_date = put(builder, facts.birth_date);
  const auto citizenship = put(builder, facts.citizenship);
  const auto documents = put(builder, facts.documents_held);
  const auto indicators = put(builder, facts.indicators);
  const auto exploitation = put_codes(builder, facts.exploitation);
  const auto recruitment = put(builder, facts.recruitment_country);
  const auto exploited_in = put(builder, facts.exploitation_country);
  const auto already = put(builder, facts.services_already);
  const auto risks = put(builder, facts.safety_risks);
  flatbuffers::Offset<wire::GuardianTable> guardian;
  if (facts.guardian) {
    const auto name = put(builder, facts.guardian->name);
    const auto relation = put(builder, facts.guardian->relation);
    const auto contact = put(builder, facts.guardian->contact);
    guardian = wire::CreateGuardianTable(builder, name, relation, contact);
  }
  return wire::CreateFactsTable(builder, facts.birth_year, birth_date, citizenship, documents,
                                raw(facts.trafficking_scope), indicators, exploitation, recruitment,
                                exploited_in, already, risks, guardian);
}

flatbuffers::Offset<wire::SealedTable> put(Builder& builder, const SealedFacts& sealed) {
  const auto health = put(builder, sealed.health);
  const auto narrative = put(builder, sealed.narrative);
  const auto perpetrator = put(builder, sealed.alleged_perpetrator);
  return wire::CreateSealedTable(builder, health, narrative, perpetrator);
}

flatbuffers::Offset<wire::ConsentTable> put(Builder& builder, const Consent& consent) {
  std::vector<flatbuffers::Offset<wire::ScopeTable>> scopes;
  for (const ConsentScope& scope : consent.scope) {
    const auto recipients = put(builder, scope.recipients);
    const auto tiers = put_codes(builder, scope.tiers);
    const auto purposes = put(builder, scope.purposes);
    scopes.push_back(wire::CreateScopeTable(builder, recipients, tiers, purposes));
  }
  const auto text_version = put(builder, consent.text_version);
  const auto language = put(builder, consent.language);
  const auto date = put(builder, consent.date);
  const auto expires = put(builder, consent.expires);
  const auto witness = put(builder, consent.witness);
  const auto scope_list = builder.CreateVector(scopes);
  const auto approver = put(builder, consent.second_approver);
  const auto never = put(builder, consent.never);
  return wire::CreateConsentTable(builder, raw(consent.given_by), raw(consent.mode), text_version,
                                  language, date, expires, witness, scope_list,
                                  raw(consent.exception), approver, never);
}

// ---- parsing: shapes and bounds here, rules in find_fault -------------------------------------

std::string text_of(const flatbuffers::String* string) {
  return string == nullptr ? std::string{} : string->str();
}

using WireTexts = flatbuffers::Vector<Text>;

Result<std::vector<std::string>> texts_of(const WireTexts* list) {
  std::vector<std::string> texts;
  if (list == nullptr) {
    return texts;
  }
  if (list->size() > list_items_max) {
    return peer_error(Code::too_large, "a list in a form is over its bound");
  }
  for (const auto* text : *list) {
    texts.push_back(text->str());
  }
  return texts;
}

template <class Enum>
Result<std::vector<Enum>> codes_of(const flatbuffers::Vector<std::uint8_t>* list) {
  std::vector<Enum> codes;
  if (list != nullptr && list->size() > list_items_max) {
    return peer_error(Code::too_large, "a list in a form is over its bound");
  }
  for (const std::uint8_t code : wire::bytes_of(list)) {
    codes.push_back(static_cast<Enum>(code));
  }
  return codes;
}

template <class Enum>
std::optional<Enum> code_of(std::uint8_t code) {
  return code == 0 ? std::nullopt : std::optional(static_cast<Enum>(code));
}

std::optional<FreeText> free_text_of(const wire::FreeTextTable* table) {
  return table == nullptr
             ? std::nullopt
             : std::optional(FreeText{text_of(table->language()), text_of(table->text())});
}

Result<Triage> triage_of(const wire::TriageTable& table) {
  Triage triage;
  triage.urgency = static_cast<Urgency>(table.urgency());
  triage.sensitivity = static_cast<Sensitivity>(table.sensitivity());
  HAMROH_ASSIGN(triage.services, codes_of<Service>(table.services()));
  triage.reason = {text_of(table.reason_code()), free_text_of(table.reason_note())};
  triage.age_band = static_cast<AgeBand>(table.age_band());
  triage.sex = static_cast<Sex>(table.sex());
  HAMROH_ASSIGN(triage.languages, texts_of(table.languages()));
  triage.district = text_of(table.district());
  triage.dependants = table.dependants();
  HAMROH_ASSIGN(triage.access_needs, texts_of(table.access_needs()));
  triage.requested_by = text_of(table.requested_by());
  return triage;
}

Contact contact_of(const wire::ContactTable& table) {
  Contact contact;
  contact.name = text_of(table.name());
  contact.alias = text_of(table.alias());
  contact.safe_contact = {static_cast<SafeContactMethod>(table.method()), text_of(table.value()),
                          text_of(table.hours()), text_of(table.who_may_answer()),
                          table.leave_message()};
  contact.interpreter_sex = code_of<Sex>(table.interpreter_sex());
  contact.pickup_place = free_text_of(table.pickup_place());
  return contact;
}

Result<std::optional<Indicators>> indicators_of(const wire::IndicatorsTable* table) {
  if (table == nullptr) {
    return std::optional<Indicators>{};
  }
  Indicators indicators;
  HAMROH_ASSIGN(indicators.act, texts_of(table->act()));
  HAMROH_ASSIGN(indicators.means, texts_of(table->means()));
  HAMROH_ASSIGN(indicators.purpose, texts_of(table->purpose()));
  return std::optional(std::move(indicators));
}

Result<CaseFacts> facts_of(const wire::FactsTable& table) {
  CaseFacts facts;
  facts.birth_year = table.birth_year();
  facts.birth_date = text_of(table.birth_date());
  HAMROH_ASSIGN(facts.citizenship, texts_of(table.citizenship()));
  HAMROH_ASSIGN(facts.documents_held, texts_of(table.documents_held()));
  facts.trafficking_scope = code_of<TraffickingScope>(table.trafficking_scope());
  HAMROH_ASSIGN(facts.indicators, indicators_of(table.indicators()));
  HAMROH_ASSIGN(facts.exploitation, codes_of<Exploitation>(table.exploitation()));
  facts.recruitment_country = text_of(table.recruitment_country());
  facts.exploitation_country = text_of(table.exploitation_country());
  HAMROH_ASSIGN(facts.services_already, texts_of(table.services_already()));
  HAMROH_ASSIGN(facts.safety_risks, texts_of(table.safety_risks()));
  if (const auto* guardian = table.guardian()) {
    facts.guardian = Guardian{text_of(guardian->name()), text_of(guardian->relation()),
                              text_of(guardian->contact())};
  }
  return facts;
}

SealedFacts sealed_of(const wire::SealedTable& table) {
  return {free_text_of(table.health()), free_text_of(table.narrative()),
          free_text_of(table.alleged_perpetrator())};
}

Result<Consent> consent_of(const wire::ConsentTable& table) {
  Consent consent;
  consent.given_by = code_of<ConsentGiver>(table.given_by());
  consent.mode = code_of<ConsentMode>(table.mode());
  consent.text_version = text_of(table.text_version());
  consent.language = text_of(table.language());
  consent.date = text_of(table.date());
  consent.expires = text_of(table.expires());
  consent.witness = text_of(table.witness());
  consent.exception = code_of<ConsentException>(table.exception());
  consent.second_approver = text_of(table.second_approver());
  HAMROH_ASSIGN(consent.never, texts_of(table.never()));
  if (const auto* scopes = table.scope()) {
    if (scopes->size() > list_items_max) {
      return peer_error(Code::too_large, "a list in a form is over its bound");
    }
    for (const auto* scope : *scopes) {
      ConsentScope parsed;
      HAMROH_ASSIGN(parsed.recipients, texts_of(scope->recipients()));
      HAMROH_ASSIGN(parsed.tiers, codes_of<DisclosureTier>(scope->tiers()));
      HAMROH_ASSIGN(parsed.purposes, texts_of(scope->purposes()));
      consent.scope.push_back(std::move(parsed));
    }
  }
  return consent;
}

flatbuffers::Offset<wire::BallotTable> put(Builder& builder, const std::optional<Ballot>& ballot) {
  if (!ballot) {
    return {};
  }
  std::vector<flatbuffers::Offset<wire::VoteTable>> votes;
  for (const Vote& vote : ballot->votes) {
    const Bytes raw = vote.certificate.encode();
    const auto certificate = builder.CreateVector(raw);
    const auto signature = put_fixed(builder, std::optional(vote.signature));
    votes.push_back(wire::CreateVoteTable(builder, certificate, signature));
  }
  const auto list = builder.CreateVector(votes);
  const auto subject = put_fixed(builder, std::optional(ballot->subject));
  return wire::CreateBallotTable(builder, subject, list);
}

Result<std::optional<Ballot>> ballot_of(const wire::BallotTable* table) {
  if (table == nullptr) {
    return std::optional<Ballot>{};
  }
  Ballot ballot;
  HAMROH_ASSIGN(ballot.subject, wire::fixed_of<Digest>(table->subject()));
  if (ballot.subject.is_zero() || table->votes() == nullptr ||
      table->votes()->size() > limits::votes_max) {
    return peer_error(Code::malformed, "a ballot about nothing, or of too many votes");
  }
  for (const auto* row : *table->votes()) {
    const auto certificate = UserCertificate::parse(wire::bytes_of(row->certificate()));
    if (!certificate) {
      return peer_error(Code::malformed, "a vote without a certificate");
    }
    HAMROH_ASSIGN(const Signature signature, wire::fixed_of<Signature>(row->signature()));
    ballot.votes.push_back({*certificate, signature});
  }
  return std::optional(std::move(ballot));
}

flatbuffers::Offset<wire::OfferedServiceTable> put(Builder& builder,
                                                   const OfferedService& offered) {
  const auto districts = put(builder, offered.districts);
  const auto languages = put(builder, offered.languages);
  const auto hours = put(builder, offered.hours);
  const auto sexes = put_codes(builder, offered.sexes);
  const auto age_bands = put_codes(builder, offered.age_bands);
  return wire::CreateOfferedServiceTable(builder, static_cast<std::uint8_t>(offered.service),
                                         districts, languages, hours, offered.places.has_value(),
                                         offered.places.value_or(0), sexes, age_bands,
                                         static_cast<std::uint8_t>(offered.accepts));
}

Result<OfferedService> offered_of(const wire::OfferedServiceTable& table) {
  OfferedService offered;
  offered.service = static_cast<Service>(table.service());
  HAMROH_ASSIGN(offered.districts, texts_of(table.districts()));
  HAMROH_ASSIGN(offered.languages, texts_of(table.languages()));
  offered.hours = text_of(table.hours());
  if (table.places_known()) {
    offered.places = table.places();
  } else if (table.places() != 0) {
    return peer_error(Code::malformed, "places of which it is said that nobody knows them");
  }
  HAMROH_ASSIGN(offered.sexes, codes_of<Sex>(table.sexes()));
  HAMROH_ASSIGN(offered.age_bands, codes_of<AgeBand>(table.age_bands()));
  offered.accepts = static_cast<Accepts>(table.accepts());
  return offered;
}

// Absent, or of its length and not zero.
template <class Fixed>
Result<std::optional<Fixed>> optional_fixed_of(const flatbuffers::Vector<std::uint8_t>* vector) {
  if (vector == nullptr) {
    return std::optional<Fixed>{};
  }
  HAMROH_ASSIGN(const Fixed value, wire::fixed_of<Fixed>(vector));
  if (value.is_zero()) {
    return peer_error(Code::malformed, "an identifier or digest of zeros");
  }
  return std::optional<Fixed>(value);
}

Result<StatusFile> status_file_of(const wire::StatusFileTable& table) {
  StatusFile file;
  HAMROH_ASSIGN(file.indicators, indicators_of(table.indicators()));
  if (const auto* list = table.evidence()) {
    if (list->size() > limits::evidence_max) {
      return peer_error(Code::too_large, "a status file of more evidence than there may be");
    }
    for (const auto* row : *list) {
      HAMROH_ASSIGN(const auto root, optional_fixed_of<Digest>(row->file()));
      file.evidence.push_back({text_of(row->code()), free_text_of(row->text()), root});
    }
  }
  file.certificate = text_of(table.certificate());
  return file;
}

// Values of one size, one behind the other.
template <class Fixed>
Result<std::vector<Fixed>> all_of(const flatbuffers::Vector<std::uint8_t>* vector) {
  const ByteView laid = wire::bytes_of(vector);
  if (laid.size() % Fixed::size != 0 || laid.size() / Fixed::size > list_items_max) {
    return peer_error(Code::malformed, "a list of salts or leaves has a wrong length");
  }
  std::vector<Fixed> values;
  for (std::size_t at = 0; at < laid.size(); at += Fixed::size) {
    values.push_back(*Fixed::from(laid.subspan(at, Fixed::size)));
  }
  return values;
}

Result<TierOpening> opening_of(const wire::OpeningTable& table) {
  TierOpening opening;
  opening.tier = static_cast<DisclosureTier>(table.tier());
  opening.fields = FormFields::from_bits(table.fields());
  if (opening.fields.empty() || opening.fields.bits() != table.fields()) {
    return peer_error(Code::malformed, "a disclosure names no field, or one not known here");
  }
  HAMROH_ASSIGN(opening.seed, optional_fixed_of<TierSeed>(table.seed()));
  HAMROH_ASSIGN(opening.salts, all_of<Salt>(table.salts()));
  HAMROH_ASSIGN(opening.leaves, all_of<Digest>(table.leaves()));
  return opening;
}

template <class Form>
Result<Form> checked(Form form) {
  if (find_fault(form)) {
    return peer_error(Code::invalid_form, "a form breaks the rules of its kind");
  }
  return form;
}

}  // namespace

Bytes encode(const ReferralForm& form) {
  Builder builder(2048);
  const auto triage = put(builder, form.triage);
  flatbuffers::Offset<wire::ContactTable> contact;
  if (form.contact) {
    contact = put(builder, *form.contact);
  }
  flatbuffers::Offset<wire::FactsTable> facts;
  if (form.facts) {
    facts = put(builder, *form.facts);
  }
  flatbuffers::Offset<wire::SealedTable> sealed;
  if (form.sealed) {
    sealed = put(builder, *form.sealed);
  }
  const auto consent = put(builder, form.consent);
  builder.Finish(wire::CreateReferralTable(builder, triage, contact, facts, sealed, consent,
                                           form.committed.bits()),
                 referral_identifier);
  return wire::finished(builder);
}

Bytes encode(const Decision& decision) {
  Builder builder(512);
  const auto text = put(builder, decision.text);
  const auto about = put_fixed(builder, decision.about);
  builder.Finish(wire::CreateDecisionTable(builder, raw(decision.reason), text, about),
                 decision_identifier);
  return wire::finished(builder);
}

Bytes encode(const NoteText& note) {
  Builder builder(1024);
  const auto text = put(builder, std::optional<FreeText>(note.text));
  builder.Finish(wire::CreateNoteTable(builder, text), note_identifier);
  return wire::finished(builder);
}

Bytes encode(const Particulars& particulars) {
  Builder builder(512);
  const auto about = put_fixed(builder, particulars.about);
  const auto code = put(builder, particulars.code);
  const auto text = put(builder, particulars.text);
  const auto member = put_fixed(builder, particulars.member);
  const auto currency = put(builder, particulars.currency);
  const auto ballot = put(builder, particulars.ballot);
  const auto file = put_fixed(builder, particulars.file);
  flatbuffers::Offset<wire::StatusFileTable> status_file;
  if (particulars.status_file) {
    status_file = put(builder, *particulars.status_file);
  }
  builder.Finish(wire::CreateParticularsTable(builder, about, code, text, particulars.until.ms,
                                              member, raw(particulars.outcome), particulars.amount,
                                              currency, ballot, file, status_file),
                 particulars_identifier);
  return wire::finished(builder);
}

Bytes encode(const Disclosure& disclosure) {
  Builder builder(2048);
  std::vector<flatbuffers::Offset<wire::OpeningTable>> openings;
  for (const TierOpening& opening : disclosure.openings) {
    const auto seed = put_fixed(builder, opening.seed);
    const auto salts = put_all(builder, opening.salts);
    const auto leaves = put_all(builder, opening.leaves);
    openings.push_back(wire::CreateOpeningTable(builder, static_cast<std::uint8_t>(opening.tier),
                                                opening.fields.bits(), seed, salts, leaves));
  }
  const auto about = put_fixed(builder, std::optional(disclosure.about));
  const auto referral = put_fixed(builder, std::optional(disclosure.referral));
  const auto list = builder.CreateVector(openings);
  // A tier of which nothing is said is left out.
  const LaterTiers& values = disclosure.values;
  flatbuffers::Offset<wire::ContactTable> contact;
  if (values.contact != Contact{}) {
    contact = put(builder, values.contact);
  }
  flatbuffers::Offset<wire::FactsTable> facts;
  if (values.facts != CaseFacts{}) {
    facts = put(builder, values.facts);
  }
  flatbuffers::Offset<wire::SealedTable> sealed;
  if (values.sealed != SealedFacts{}) {
    sealed = put(builder, values.sealed);
  }
  flatbuffers::Offset<wire::StatusFileTable> status;
  if (values.status != StatusFile{}) {
    status = put(builder, values.status);
  }
  builder.Finish(
      wire::CreateDisclosureTable(builder, about, referral, list, contact, facts, sealed, status),
      disclosure_identifier);
  return wire::finished(builder);
}

Bytes encode(const StatusFile& file) {
  Builder builder(1024);
  const auto table = put(builder, file);
  builder.Finish(table, status_file_identifier);
  return wire::finished(builder);
}

Bytes encode(const DisclosedFields& fields) {
  Builder builder(128);
  const auto about = put_fixed(builder, std::optional(fields.about));
  builder.Finish(wire::CreateFieldsTable(builder, about, fields.fields.bits()), fields_identifier);
  return wire::finished(builder);
}

Bytes encode(const DeadlineStatement& statement) {
  Builder builder(256);
  const auto about = put_fixed(builder, std::optional(statement.about));
  const auto owes = put_fixed(builder, std::optional(statement.owes));
  builder.Finish(
      wire::CreateDeadlineTable(builder, static_cast<std::uint8_t>(statement.clock), about, owes,
                                static_cast<std::uint8_t>(statement.urgency), statement.start.ms,
                                statement.due.ms),
      deadline_identifier);
  return wire::finished(builder);
}

Bytes encode(const ServiceStatement& statement) {
  Builder builder(2048);
  std::vector<flatbuffers::Offset<wire::OfferedServiceTable>> services;
  for (const OfferedService& offered : statement.services) {
    services.push_back(put(builder, offered));
  }
  const auto list = builder.CreateVector(services);
  builder.Finish(
      wire::CreateServicesTable(builder, statement.serial, statement.valid_until.ms, list),
      services_identifier);
  return wire::finished(builder);
}

Bytes encode(const ConsentStatement& statement) {
  Builder builder(1024);
  flatbuffers::Offset<wire::ConsentTable> consent;
  if (statement.consent) {
    consent = put(builder, *statement.consent);
  }
  const auto about = put_fixed(builder, statement.about);
  const auto date = put(builder, statement.date);
  const auto text = put(builder, statement.text);
  builder.Finish(wire::CreateConsentStatementTable(builder, consent, about, date, text),
                 consent_identifier);
  return wire::finished(builder);
}

Bytes encode(const ConsentApplied& applied) {
  Builder builder(128);
  const auto about = put_fixed(builder, std::optional(applied.about));
  const auto ground = put(builder, applied.ground);
  const auto text = put(builder, applied.text);
  builder.Finish(wire::CreateConsentAppliedTable(
                     builder, about, static_cast<std::uint8_t>(applied.did), ground, text),
                 applied_identifier);
  return wire::finished(builder);
}

Result<ReferralForm> parse_referral(ByteView body) {
  HAMROH_ASSIGN(auto root, wire::Buffer<wire::ReferralTable>::open(body, referral_identifier,
                                                                   limits::body_bytes_max));
  if (root->triage() == nullptr || root->consent() == nullptr) {
    return peer_error(Code::malformed, "a referral lacks its triage or consent");
  }
  ReferralForm form;
  HAMROH_ASSIGN(form.triage, triage_of(*root->triage()));
  if (root->contact() != nullptr) {
    form.contact = contact_of(*root->contact());
  }
  if (root->facts() != nullptr) {
    HAMROH_ASSIGN(form.facts, facts_of(*root->facts()));
  }
  if (root->sealed() != nullptr) {
    form.sealed = sealed_of(*root->sealed());
  }
  HAMROH_ASSIGN(form.consent, consent_of(*root->consent()));
  form.committed = FormFields::from_bits(root->committed());
  return checked(std::move(form));
}

Result<Decision> parse_decision(ByteView body) {
  HAMROH_ASSIGN(auto root, wire::Buffer<wire::DecisionTable>::open(body, decision_identifier,
                                                                   limits::body_bytes_max));
  HAMROH_ASSIGN(const auto about, optional_fixed_of<Digest>(root->about()));
  return checked(
      Decision{code_of<DeclineReason>(root->reason()), free_text_of(root->text()), about});
}

Result<NoteText> parse_note(ByteView body) {
  HAMROH_ASSIGN(auto root,
                wire::Buffer<wire::NoteTable>::open(body, note_identifier, limits::body_bytes_max));
  const auto text = free_text_of(root->text());
  if (!text) {
    return peer_error(Code::malformed, "a note has no text");
  }
  return checked(NoteText{*text});
}

Result<Particulars> parse_particulars(ByteView body, EventKind kind) {
  HAMROH_ASSIGN(auto root, wire::Buffer<wire::ParticularsTable>::open(body, particulars_identifier,
                                                                      limits::body_bytes_max));
  Particulars said;
  HAMROH_ASSIGN(said.about, optional_fixed_of<Digest>(root->about()));
  said.code = text_of(root->code());
  said.text = free_text_of(root->text());
  said.until = {root->until()};
  HAMROH_ASSIGN(said.member, optional_fixed_of<MemberId>(root->member()));
  said.outcome = code_of<State>(root->outcome());
  said.amount = root->amount();
  said.currency = text_of(root->currency());
  HAMROH_ASSIGN(said.ballot, ballot_of(root->ballot()));
  HAMROH_ASSIGN(said.file, optional_fixed_of<Digest>(root->file()));
  if (root->status_file() != nullptr) {
    HAMROH_ASSIGN(said.status_file, status_file_of(*root->status_file()));
  }
  if (find_fault(said, kind)) {
    return peer_error(Code::invalid_form, "particulars break the rule of their kind");
  }
  return said;
}

Result<Disclosure> parse_disclosure(ByteView body) {
  HAMROH_ASSIGN(auto root, wire::Buffer<wire::DisclosureTable>::open(body, disclosure_identifier,
                                                                     limits::body_bytes_max));
  Disclosure disclosure;
  HAMROH_ASSIGN(disclosure.about, wire::fixed_of<Digest>(root->about()));
  HAMROH_ASSIGN(disclosure.referral, wire::fixed_of<MessageId>(root->referral()));
  if (root->openings() == nullptr || root->openings()->size() > openings_max) {
    return peer_error(Code::malformed, "a disclosure opens nothing, or too much");
  }
  for (const auto* table : *root->openings()) {
    HAMROH_ASSIGN(TierOpening opening, opening_of(*table));
    if (!disclosure.openings.empty() && disclosure.openings.back().tier >= opening.tier) {
      return peer_error(Code::malformed, "a disclosure opens its tiers in no order");
    }
    disclosure.openings.push_back(std::move(opening));
  }
  if (root->contact() != nullptr) {
    disclosure.values.contact = contact_of(*root->contact());
  }
  if (root->facts() != nullptr) {
    HAMROH_ASSIGN(disclosure.values.facts, facts_of(*root->facts()));
  }
  if (root->sealed() != nullptr) {
    disclosure.values.sealed = sealed_of(*root->sealed());
  }
  if (root->status() != nullptr) {
    HAMROH_ASSIGN(disclosure.values.status, status_file_of(*root->status()));
  }
  return checked(std::move(disclosure));
}

Result<StatusFile> parse_status_file(ByteView body) {
  HAMROH_ASSIGN(auto root, wire::Buffer<wire::StatusFileTable>::open(body, status_file_identifier,
                                                                     limits::body_bytes_max));
  HAMROH_ASSIGN(StatusFile file, status_file_of(*root));
  return checked(std::move(file));
}

Result<DisclosedFields> parse_fields(ByteView body) {
  HAMROH_ASSIGN(auto root, wire::Buffer<wire::FieldsTable>::open(body, fields_identifier,
                                                                 limits::body_bytes_max));
  DisclosedFields fields;
  HAMROH_ASSIGN(fields.about, wire::fixed_of<Digest>(root->about()));
  fields.fields = FormFields::from_bits(root->fields());
  return checked(fields);
}

Result<DeadlineStatement> parse_deadline(ByteView body) {
  HAMROH_ASSIGN(auto root, wire::Buffer<wire::DeadlineTable>::open(body, deadline_identifier,
                                                                   limits::body_bytes_max));
  DeadlineStatement statement;
  statement.clock = static_cast<Clock>(root->clock());
  HAMROH_ASSIGN(statement.about, wire::fixed_of<Digest>(root->about()));
  HAMROH_ASSIGN(statement.owes, wire::fixed_of<MemberId>(root->owes()));
  statement.urgency = static_cast<Urgency>(root->urgency());
  statement.start = {root->start()};
  statement.due = {root->due()};
  return checked(statement);
}

Result<ServiceStatement> parse_services(ByteView body) {
  HAMROH_ASSIGN(auto root, wire::Buffer<wire::ServicesTable>::open(body, services_identifier,
                                                                   limits::services_bytes_max));
  ServiceStatement statement;
  statement.serial = root->serial();
  statement.valid_until = {root->valid_until()};
  if (const auto* services = root->services()) {
    if (services->size() > limits::services_max) {
      return peer_error(Code::too_large, "a statement of more services than there may be");
    }
    for (const auto* table : *services) {
      HAMROH_ASSIGN(OfferedService offered, offered_of(*table));
      statement.services.push_back(std::move(offered));
    }
  }
  return checked(std::move(statement));
}

Result<ConsentStatement> parse_consent(ByteView body, EventKind kind) {
  HAMROH_ASSIGN(auto root, wire::Buffer<wire::ConsentStatementTable>::open(body, consent_identifier,
                                                                           limits::body_bytes_max));
  ConsentStatement statement;
  if (root->consent() != nullptr) {
    HAMROH_ASSIGN(statement.consent, consent_of(*root->consent()));
  }
  HAMROH_ASSIGN(statement.about, optional_fixed_of<Digest>(root->about()));
  statement.date = text_of(root->date());
  statement.text = free_text_of(root->text());
  if (find_fault(statement, kind)) {
    return peer_error(Code::invalid_form, "a statement about consent breaks the rules");
  }
  return statement;
}

Result<ConsentApplied> parse_applied(ByteView body) {
  HAMROH_ASSIGN(auto root, wire::Buffer<wire::ConsentAppliedTable>::open(body, applied_identifier,
                                                                         limits::body_bytes_max));
  ConsentApplied applied;
  HAMROH_ASSIGN(applied.about, wire::fixed_of<Digest>(root->about()));
  applied.did = static_cast<ConsentAction>(root->did());
  applied.ground = text_of(root->ground());
  applied.text = free_text_of(root->text());
  return checked(std::move(applied));
}

}  // namespace hamroh
