#include "sdk/form_json.h"

#include <nlohmann/json.hpp>
#include <set>
#include <utility>

#include "protocol/constants.h"
#include "protocol/text.h"

namespace hamroh {
namespace {

using Json = nlohmann::ordered_json;

constexpr const char* form_version = "referral/1";
constexpr const char* services_version = "services/1";
constexpr const char* status_file_version = "status_file/1";

std::string shortened(const std::string& text) {
  constexpr std::size_t shown_max = 40;
  return escape_for_terminal(text.substr(0, shown_max)) + (text.size() > shown_max ? "…" : "");
}

// Builds the document while it watches depth and doubled keys, so that neither can do harm first.
class StrictBuilder final : public nlohmann::json_sax<Json> {
 public:
  Json root;
  std::optional<FormFault> fault;

  bool null() override { return put(Json(nullptr)); }
  bool boolean(bool value) override { return put(Json(value)); }
  bool number_integer(number_integer_t value) override { return put(Json(value)); }
  bool number_unsigned(number_unsigned_t value) override { return put(Json(value)); }
  bool number_float(number_float_t value, const string_t&) override { return put(Json(value)); }
  bool string(string_t& value) override { return put(Json(std::move(value))); }
  bool binary(binary_t&) override { return false; }
  bool start_object(std::size_t) override { return open(Json::object()); }
  bool start_array(std::size_t) override { return open(Json::array()); }
  bool end_object() override { return close(); }
  bool end_array() override { return close(); }
  bool key(string_t& key) override {
    if (open_.back()->contains(key)) {
      fault = FormFault{path_of(key), "the key twice", "each key once"};
      return false;
    }
    key_ = key;
    return true;
  }
  bool parse_error(std::size_t position, const std::string&,
                   const nlohmann::detail::exception& error) override {
    const bool encoding = std::string_view(error.what()).find("UTF-8") != std::string_view::npos;
    fault = FormFault{"byte " + std::to_string(position),
                      encoding ? "bytes that are not UTF-8" : "no JSON",
                      encoding ? "UTF-8" : "one JSON object"};
    return false;
  }

 private:
  bool open(Json container) {
    if (open_.size() == limits::json_depth_max) {
      fault = FormFault{"the form", "more than 16 levels of nesting", "at most 16 levels"};
      return false;
    }
    Json* placed = place(std::move(container));
    open_.push_back(placed);
    names_.push_back(key_);
    return true;
  }
  bool close() {
    open_.pop_back();
    names_.pop_back();
    return true;
  }
  bool put(Json value) {
    place(std::move(value));
    return true;
  }
  Json* place(Json value) {
    if (open_.empty()) {
      root = std::move(value);
      return &root;
    }
    Json& parent = *open_.back();
    if (parent.is_array()) {
      parent.push_back(std::move(value));
      return &parent.back();
    }
    Json& slot = parent[key_];
    slot = std::move(value);
    return &slot;
  }
  std::string path_of(const std::string& last) const {
    std::string path;
    for (std::size_t i = 1; i < names_.size(); ++i) {
      path += names_[i] + ".";
    }
    return path + last;
  }

  std::vector<Json*> open_;
  std::vector<std::string> names_;
  std::string key_;
};

std::string type_of(const Json& value) {
  return value.is_string() ? '"' + shortened(value.get<std::string>()) + '"'
                           : shortened(value.dump(-1, ' ', false, Json::error_handler_t::replace));
}

// One object of the form; what it is asked for it takes, what is left at the end is unknown.
class Reader {
 public:
  Reader(const Json& object, std::string path, std::optional<FormFault>& fault)
      : path_(std::move(path)), fault_(fault) {
    if (object.is_object()) {
      object_ = &object;
    } else {
      refuse("", type_of(object), "an object");
    }
  }

  void refuse(const std::string& key, std::string found, std::string allowed) {
    if (!fault_) {
      fault_ = FormFault{join(key), std::move(found), std::move(allowed)};
    }
  }
  [[nodiscard]] std::string join(const std::string& key) const {
    const bool both = !path_.empty() && !key.empty();
    return path_ + (both ? "." : "") + key;
  }
  [[nodiscard]] const Json* find(const char* key) {
    known_.insert(key);
    if (object_ == nullptr || fault_) {
      return nullptr;
    }
    const auto found = object_->find(key);
    return found == object_->end() ? nullptr : &*found;
  }
  void text(const char* key, std::string& out) {
    if (const Json* value = find(key)) {
      if (value->is_string()) {
        out = value->get<std::string>();
      } else {
        refuse(key, type_of(*value), "a text");
      }
    }
  }
  void number(const char* key, std::uint32_t& out) {
    if (const Json* value = find(key)) {
      if (value->is_number_unsigned() && value->get<std::uint64_t>() <= UINT32_MAX) {
        out = value->get<std::uint32_t>();
      } else {
        refuse(key, type_of(*value), "a whole number, not negative");
      }
    }
  }
  void boolean(const char* key, bool& out) {
    if (const Json* value = find(key)) {
      if (value->is_boolean()) {
        out = value->get<bool>();
      } else {
        refuse(key, type_of(*value), "true or false");
      }
    }
  }
  template <class Enum>
  void code(const char* key, Enum& out) {
    if (const Json* value = find(key)) {
      take_code(*value, key, out);
    }
  }
  template <class Enum>
  void code(const char* key, std::optional<Enum>& out) {
    if (const Json* value = find(key)) {
      Enum taken{};
      take_code(*value, key, taken);
      out = taken;
    }
  }
  template <class Enum>
  void codes(const char* key, std::vector<Enum>& out) {
    each(key, [&](const Json& value, const std::string& at) {
      Enum taken{};
      take_code(value, at, taken);
      out.push_back(taken);
    });
  }
  void texts(const char* key, std::vector<std::string>& out) {
    each(key, [&](const Json& value, const std::string& at) {
      if (value.is_string()) {
        out.push_back(value.get<std::string>());
      } else {
        refuse(at, type_of(value), "a text");
      }
    });
  }
  void free_text(const char* key, std::optional<FreeText>& out) {
    if (const Json* value = find(key)) {
      Reader inner(*value, join(key), fault_);
      FreeText taken;
      inner.text("language", taken.language);
      inner.text("text", taken.text);
      inner.finish();
      out = std::move(taken);
    }
  }
  template <class Use>
  void each(const char* key, Use&& use) {
    const Json* list = find(key);
    if (list == nullptr) {
      return;
    }
    if (!list->is_array() || list->size() > limits::vector_items_max) {
      refuse(key, list->is_array() ? std::to_string(list->size()) + " items" : type_of(*list),
             "a list of at most 256 items");
      return;
    }
    for (std::size_t i = 0; i < list->size(); ++i) {
      use((*list)[i], std::string(key) + "[" + std::to_string(i) + "]");
    }
  }
  // An object below; absent if the key is.
  template <class Use>
  bool object(const char* key, Use&& use) {
    const Json* value = find(key);
    if (value == nullptr) {
      return false;
    }
    Reader inner(*value, join(key), fault_);
    use(inner);
    inner.finish();
    return true;
  }
  void finish() {
    if (object_ == nullptr || fault_) {
      return;
    }
    for (const auto& [key, value] : object_->items()) {
      if (!known_.contains(key)) {
        std::string allowed = "only";
        for (const std::string& name : known_) {
          allowed += " " + name;
        }
        refuse(shortened(key), "an unknown key", allowed);
        return;
      }
    }
  }
  [[nodiscard]] std::optional<FormFault>& fault() { return fault_; }

 private:
  template <class Enum>
  void take_code(const Json& value, const std::string& at, Enum& out) {
    const auto parsed =
        value.is_string() ? parse_code<Enum>(value.get<std::string>()) : std::nullopt;
    if (parsed) {
      out = *parsed;
      return;
    }
    std::string allowed = "one of";
    for (const CodeName& name : names_of(Enum{})) {
      allowed += std::string(" ") + name.name;
    }
    refuse(at, type_of(value), allowed);
  }

  const Json* object_ = nullptr;
  std::string path_;
  std::set<std::string> known_;
  std::optional<FormFault>& fault_;
};

void read(Reader& in, Triage& out) {
  in.code("urgency", out.urgency);
  in.code("sensitivity", out.sensitivity);
  in.codes("services", out.services);
  in.object("reason", [&](Reader& reason) {
    reason.text("code", out.reason.code);
    reason.free_text("note", out.reason.note);
  });
  in.code("age_band", out.age_band);
  in.code("sex", out.sex);
  in.texts("languages", out.languages);
  in.text("district", out.district);
  in.number("dependants", out.dependants);
  in.texts("access_needs", out.access_needs);
  in.text("requested_by", out.requested_by);
}

void read(Reader& in, Contact& out) {
  in.text("name", out.name);
  in.text("alias", out.alias);
  in.object("safe_contact", [&](Reader& safe) {
    safe.code("method", out.safe_contact.method);
    safe.text("value", out.safe_contact.value);
    safe.text("hours", out.safe_contact.hours);
    safe.text("who_may_answer", out.safe_contact.who_may_answer);
    safe.boolean("leave_message", out.safe_contact.leave_message);
  });
  in.code("interpreter_sex", out.interpreter_sex);
  in.free_text("pickup_place", out.pickup_place);
}

void read(Reader& in, std::optional<Indicators>& out) {
  in.object("indicators", [&](Reader& indicators) {
    out.emplace();
    indicators.texts("act", out->act);
    indicators.texts("means", out->means);
    indicators.texts("purpose", out->purpose);
  });
}

void read(Reader& in, CaseFacts& out) {
  in.number("birth_year", out.birth_year);
  in.text("birth_date", out.birth_date);
  in.texts("citizenship", out.citizenship);
  in.texts("documents_held", out.documents_held);
  in.code("trafficking_scope", out.trafficking_scope);
  read(in, out.indicators);
  in.codes("exploitation", out.exploitation);
  in.text("recruitment_country", out.recruitment_country);
  in.text("exploitation_country", out.exploitation_country);
  in.texts("services_already", out.services_already);
  in.texts("safety_risks", out.safety_risks);
  in.object("guardian", [&](Reader& guardian) {
    out.guardian.emplace();
    guardian.text("name", out.guardian->name);
    guardian.text("relation", out.guardian->relation);
    guardian.text("contact", out.guardian->contact);
  });
}

void read(Reader& in, Consent& out) {
  in.code("given_by", out.given_by);
  in.code("mode", out.mode);
  in.text("text_version", out.text_version);
  in.text("language", out.language);
  in.text("date", out.date);
  in.text("expires", out.expires);
  in.text("witness", out.witness);
  in.each("scope", [&](const Json& value, const std::string& at) {
    Reader scope(value, in.join(at), in.fault());
    ConsentScope taken;
    scope.texts("recipients", taken.recipients);
    scope.codes("tiers", taken.tiers);
    scope.texts("purposes", taken.purposes);
    scope.finish();
    out.scope.push_back(std::move(taken));
  });
  in.code("exception", out.exception);
  in.text("second_approver", out.second_approver);
  in.texts("never", out.never);
}

void read_form(Reader& in, ReferralForm& out) {
  std::string version;
  in.text("form", version);
  if (version != form_version) {
    in.refuse("form", version.empty() ? "nothing" : shortened(version), form_version);
  }
  if (!in.object("triage", [&](Reader& triage) { read(triage, out.triage); })) {
    in.refuse("triage", "nothing", "the triage part of the form");
  }
  in.object("contact", [&](Reader& contact) { read(contact, out.contact.emplace()); });
  in.object("case", [&](Reader& facts) { read(facts, out.facts.emplace()); });
  in.object("sealed", [&](Reader& sealed) {
    out.sealed.emplace();
    sealed.free_text("health", out.sealed->health);
    sealed.free_text("narrative", out.sealed->narrative);
    sealed.free_text("alleged_perpetrator", out.sealed->alleged_perpetrator);
  });
  if (!in.object("consent", [&](Reader& consent) { read(consent, out.consent); })) {
    in.refuse("consent", "nothing", "the consent, or a coded exception with a second approver");
  }
  in.finish();
}

void read_status_file(Reader& in, StatusFile& out) {
  std::string version;
  in.text("form", version);
  if (version != status_file_version) {
    in.refuse("form", version.empty() ? "nothing" : shortened(version), status_file_version);
  }
  read(in, out.indicators);
  in.each("evidence", [&](const Json& value, const std::string& at) {
    Reader one(value, in.join(at), in.fault());
    Evidence taken;
    one.text("code", taken.code);
    one.free_text("text", taken.text);
    std::string root;
    one.text("file", root);
    taken.file = Digest::parse_hex(root);
    if (!root.empty() && !taken.file) {
      one.refuse("file", shortened(root), "64 digits, as hamroh attachment list --json says them");
    }
    one.finish();
    out.evidence.push_back(std::move(taken));
  });
  in.text("certificate", out.certificate);
  in.finish();
}

void read(Reader& in, OfferedService& out) {
  in.code("service", out.service);
  in.texts("districts", out.districts);
  in.texts("languages", out.languages);
  in.text("hours", out.hours);
  std::uint32_t places = UINT32_MAX;  // more than there can be: not said
  in.number("places", places);
  out.places = places == UINT32_MAX ? std::nullopt : std::optional(places);
  in.codes("for_sexes", out.sexes);
  in.codes("for_age_bands", out.age_bands);
  in.code("accepts", out.accepts);
  in.finish();
}

void read_services(Reader& in, ServicesFile& out) {
  std::string version;
  in.text("form", version);
  if (version != services_version) {
    in.refuse("form", version.empty() ? "nothing" : shortened(version), services_version);
  }
  in.number("valid_days", out.valid_days);
  const std::uint64_t days_max = limits::services_valid_max.ms / days(1).ms;
  if (out.valid_days < 1 || out.valid_days > days_max) {
    in.refuse("valid_days", std::to_string(out.valid_days),
              "1 to 31 days, after which it counts no more");
  }
  in.each("services", [&](const Json& value, const std::string& at) {
    Reader one(value, in.join(at), in.fault());
    OfferedService taken;
    read(one, taken);
    out.statement.services.push_back(std::move(taken));
  });
  in.finish();
}

// The whole document, or where it is no strict JSON.
tl::expected<Json, FormFault> parse_document(std::string_view json, const char* what) {
  if (json.size() > limits::json_bytes_max) {
    return tl::unexpected(
        FormFault{what, std::to_string(json.size()) + " bytes", "at most 512 KiB"});
  }
  StrictBuilder builder;
  const bool good = Json::sax_parse(json, &builder);
  if (!good || builder.fault) {
    return tl::unexpected(builder.fault.value_or(FormFault{what, "no JSON", "one JSON object"}));
  }
  return std::move(builder.root);
}

// The form in a document, if it is strict JSON, has what it needs and nothing that is unknown, and
// follows the rules of its kind; else where it does not.
template <class Form, class Read, class Check>
tl::expected<Form, FormFault> parse_as(std::string_view json, const char* what, const char* path,
                                       Read read_all, Check check) {
  const auto document = parse_document(json, what);
  if (!document) {
    return tl::unexpected(document.error());
  }
  Form form;
  std::optional<FormFault> fault;
  Reader reader(*document, path, fault);
  read_all(reader, form);
  if (!fault) {
    fault = check(form);
  }
  if (fault) {
    return tl::unexpected(*fault);
  }
  return form;
}

// ---- writing: what is empty is left out -------------------------------------------------------

void put(Json& out, const char* key, const std::string& value) {
  if (!value.empty()) {
    out[key] = value;
  }
}
void put(Json& out, const char* key, const std::vector<std::string>& values) {
  if (!values.empty()) {
    out[key] = values;
  }
}
template <class Enum>
void put_code(Json& out, const char* key, const std::optional<Enum>& value) {
  if (value) {
    out[key] = name_of(*value);
  }
}
template <class Enum>
void put_codes(Json& out, const char* key, const std::vector<Enum>& values) {
  for (const Enum value : values) {
    out[key].push_back(name_of(value));
  }
}
Json free_text_json(const FreeText& text) {
  return Json{{"language", text.language}, {"text", text.text}};
}
void put(Json& out, const char* key, const std::optional<FreeText>& text) {
  if (text) {
    out[key] = free_text_json(*text);
  }
}

Json triage_json(const Triage& triage) {
  Json out;
  out["urgency"] = name_of(triage.urgency);
  out["sensitivity"] = name_of(triage.sensitivity);
  put_codes(out, "services", triage.services);
  out["reason"]["code"] = triage.reason.code;
  put(out["reason"], "note", triage.reason.note);
  out["age_band"] = name_of(triage.age_band);
  out["sex"] = name_of(triage.sex);
  put(out, "languages", triage.languages);
  put(out, "district", triage.district);
  out["dependants"] = triage.dependants;
  put(out, "access_needs", triage.access_needs);
  put(out, "requested_by", triage.requested_by);
  return out;
}

Json contact_json(const Contact& contact) {
  Json out = Json::object();
  put(out, "name", contact.name);
  put(out, "alias", contact.alias);
  if (contact.safe_contact != SafeContact{}) {
    Json& safe = out["safe_contact"];
    safe["method"] = name_of(contact.safe_contact.method);
    put(safe, "value", contact.safe_contact.value);
    put(safe, "hours", contact.safe_contact.hours);
    put(safe, "who_may_answer", contact.safe_contact.who_may_answer);
    safe["leave_message"] = contact.safe_contact.leave_message;
  }
  put_code(out, "interpreter_sex", contact.interpreter_sex);
  put(out, "pickup_place", contact.pickup_place);
  return out;
}

void put(Json& out, const std::optional<Indicators>& found) {
  if (found) {
    Json& indicators = out["indicators"] = Json::object();
    put(indicators, "act", found->act);
    put(indicators, "means", found->means);
    put(indicators, "purpose", found->purpose);
  }
}

Json facts_json(const CaseFacts& facts) {
  Json out = Json::object();
  if (facts.birth_year != 0) {
    out["birth_year"] = facts.birth_year;
  }
  put(out, "birth_date", facts.birth_date);
  put(out, "citizenship", facts.citizenship);
  put(out, "documents_held", facts.documents_held);
  put_code(out, "trafficking_scope", facts.trafficking_scope);
  put(out, facts.indicators);
  put_codes(out, "exploitation", facts.exploitation);
  put(out, "recruitment_country", facts.recruitment_country);
  put(out, "exploitation_country", facts.exploitation_country);
  put(out, "services_already", facts.services_already);
  put(out, "safety_risks", facts.safety_risks);
  if (facts.guardian) {
    Json& guardian = out["guardian"] = Json::object();
    put(guardian, "name", facts.guardian->name);
    put(guardian, "relation", facts.guardian->relation);
    put(guardian, "contact", facts.guardian->contact);
  }
  return out;
}

Json consent_json(const Consent& consent) {
  Json out = Json::object();
  put_code(out, "given_by", consent.given_by);
  put_code(out, "mode", consent.mode);
  put(out, "text_version", consent.text_version);
  put(out, "language", consent.language);
  put(out, "date", consent.date);
  put(out, "expires", consent.expires);
  put(out, "witness", consent.witness);
  for (const ConsentScope& scope : consent.scope) {
    Json item;
    put(item, "recipients", scope.recipients);
    put_codes(item, "tiers", scope.tiers);
    put(item, "purposes", scope.purposes);
    out["scope"].push_back(std::move(item));
  }
  put_code(out, "exception", consent.exception);
  put(out, "second_approver", consent.second_approver);
  put(out, "never", consent.never);
  return out;
}

Json fields_json(FormFields fields) {
  Json out = Json::array();
  for (const FormField field : fields.list()) {
    out.push_back(name_of(field));
  }
  return out;
}

std::string printed(const Json& json) {
  return json.dump(2, ' ', false, Json::error_handler_t::replace);
}

}  // namespace

tl::expected<ReferralForm, FormFault> parse_form_json(std::string_view json) {
  return parse_as<ReferralForm>(json, "the form", "", read_form,
                                [](const ReferralForm& form) { return find_fault(form); });
}

std::string to_json(const ReferralForm& form) {
  Json out;
  out["form"] = form_version;
  out["triage"] = triage_json(form.triage);
  if (form.contact) {
    out["contact"] = contact_json(*form.contact);
  }
  if (form.facts) {
    out["case"] = facts_json(*form.facts);
  }
  if (form.sealed) {
    Json& sealed = out["sealed"] = Json::object();
    put(sealed, "health", form.sealed->health);
    put(sealed, "narrative", form.sealed->narrative);
    put(sealed, "alleged_perpetrator", form.sealed->alleged_perpetrator);
  }
  out["consent"] = consent_json(form.consent);
  if (!form.committed.empty()) {
    out["committed"] = fields_json(form.committed);
  }
  return printed(out);
}

tl::expected<StatusFile, FormFault> parse_status_file_json(std::string_view json) {
  return parse_as<StatusFile>(json, "the status file", "", read_status_file,
                              [](const StatusFile& file) { return find_fault(file); });
}

std::string to_json(const StatusFile& file) {
  Json out{{"form", status_file_version}};
  put(out, file.indicators);
  for (const Evidence& one : file.evidence) {
    Json item{{"code", one.code}};
    put(item, "text", one.text);
    if (one.file) {
      item["file"] = one.file->hex();
    }
    out["evidence"].push_back(std::move(item));
  }
  put(out, "certificate", file.certificate);
  return printed(out);
}

std::string to_json(const DisclosedFields& fields) {
  const Json out{{"about", fields.about.hex()}, {"fields", fields_json(fields.fields)}};
  return printed(out);
}

std::string to_json(const DeadlineStatement& missed) {
  const Json out{{"clock", name_of(missed.clock)},    {"about", missed.about.hex()},
                 {"owes", to_uuid(missed.owes)},      {"urgency", name_of(missed.urgency)},
                 {"start", to_iso8601(missed.start)}, {"due", to_iso8601(missed.due)}};
  return printed(out);
}

tl::expected<Consent, FormFault> parse_consent_json(std::string_view json) {
  const auto read_whole = [](Reader& in, Consent& out) {
    read(in, out);
    in.finish();
  };
  return parse_as<Consent>(json, "the consent", "consent", read_whole, [](const Consent& consent) {
    return find_fault(ConsentStatement{consent}, EventKind::consent_give);
  });
}

std::string to_json(const Consent& consent) {
  return printed(consent_json(consent));
}

std::string to_json(const ConsentStatement& statement) {
  Json out = Json::object();
  if (statement.consent) {
    out["consent"] = consent_json(*statement.consent);
  }
  if (statement.about) {
    out["about"] = statement.about->hex();
  }
  put(out, "date", statement.date);
  put(out, "text", statement.text);
  return printed(out);
}

std::string to_json(const ConsentApplied& applied) {
  Json out{{"about", applied.about.hex()}, {"did", name_of(applied.did)}};
  put(out, "ground", applied.ground);
  put(out, "text", applied.text);
  return printed(out);
}

std::string to_json(const Decision& decision) {
  Json out = Json::object();
  put_code(out, "reason", decision.reason);
  put(out, "text", decision.text);
  if (decision.about) {
    out["about"] = decision.about->hex();
  }
  return printed(out);
}

std::string to_json(const NoteText& note) {
  return printed(free_text_json(note.text));
}

std::string to_json(const Particulars& particulars) {
  Json out = Json::object();
  if (particulars.about) {
    out["about"] = particulars.about->hex();
  }
  put(out, "code", particulars.code);
  put(out, "text", particulars.text);
  if (particulars.until.ms != 0) {
    out["until"] = to_iso8601(particulars.until);
  }
  if (particulars.member) {
    out["member"] = to_uuid(*particulars.member);
  }
  if (particulars.outcome) {
    out["outcome"] = state_name(*particulars.outcome);
  }
  if (particulars.amount != 0) {
    out["amount"] = particulars.amount;
    out["currency"] = particulars.currency;
  }
  if (particulars.file) {
    out["status_file"] = particulars.file->hex();
  }
  if (particulars.ballot) {
    out["votes"] = Json::array();
    for (const Vote& vote : particulars.ballot->votes) {
      out["votes"].push_back({{"user", vote.certificate.user.hex()},
                              {"role", role_name(vote.certificate.role)},
                              {"key", vote.certificate.key.hex()}});
    }
  }
  return printed(out);
}

tl::expected<ServicesFile, FormFault> parse_services_json(std::string_view json) {
  return parse_as<ServicesFile>(json, "the statement of services", "", read_services,
                                [](ServicesFile& file) {
                                  file.statement.valid_until = {days(1).ms * file.valid_days};
                                  return find_fault(file.statement);
                                });
}

std::string to_json(const OfferedService& offered) {
  Json out = Json::object();
  out["service"] = name_of(offered.service);
  put(out, "districts", offered.districts);
  put(out, "languages", offered.languages);
  put(out, "hours", offered.hours);
  if (offered.places) {
    out["places"] = *offered.places;
  }
  put_codes(out, "for_sexes", offered.sexes);
  put_codes(out, "for_age_bands", offered.age_bands);
  out["accepts"] = name_of(offered.accepts);
  return printed(out);
}

}  // namespace hamroh
