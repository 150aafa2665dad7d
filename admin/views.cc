#include "admin/views.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <type_traits>
#include <utility>

#include "admin/consent_view.h"
#include "protocol/deadline.h"
#include "protocol/disclosure.h"
#include "protocol/ledger.h"
#include "protocol/text.h"
#include "protocol/wire_form.h"
#include "sdk/form_json.h"

namespace hamroh {

std::string name_in(const Names& names, const MemberId& member) {
  const auto found = names.members.find(member);
  return found == names.members.end() || found->second.empty() ? to_uuid(member) : found->second;
}

std::string name_in(const Names& names, const UserId& user) {
  const auto found = names.users.find(user);
  return found == names.users.end() || found->second.empty() ? to_uuid(user) : found->second;
}

namespace {

using Json = nlohmann::ordered_json;

std::string print(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

std::string shown(std::string_view text) {
  return escape_for_terminal(text);
}

// "2026-11-20 08:15:30"
std::string short_time(Timestamp time) {
  if (time.ms == 0) {
    return "never";
  }
  std::string text = to_iso8601(time).substr(0, 19);
  text[10] = ' ';
  return text;
}

template <class Enum>
std::string joined(const std::vector<Enum>& codes) {
  std::string text;
  for (const Enum code : codes) {
    text += (text.empty() ? "" : ", ") + std::string(name_of(code));
  }
  return text;
}

std::string joined(const std::vector<std::string>& texts) {
  std::string text;
  for (const std::string& one : texts) {
    text += (text.empty() ? "" : ", ") + one;
  }
  return text;
}

// The lines by which an event is told: "label: value". What is empty or absent is left out.
class Told {
 public:
  void say(const std::string& label, const std::string& value) {
    if (!value.empty()) {
      lines_.push_back(label + ": " + value);
    }
  }
  template <class Enum>
  requires std::is_enum_v<Enum>
  void say(const std::string& label, std::optional<Enum> value) {
    say(label, value ? std::string(name_of(*value)) : std::string());
  }
  // As many lines as it has.
  void say(const std::string& label, const std::optional<FreeText>& text) {
    if (text) {
      say_lines(label + " (" + text->language + "): ", text->text);
    }
  }
  void say_lines(const std::string& before, std::string_view text) {
    std::string lead = before;
    for (;;) {
      const std::size_t end = text.find('\n');
      std::string_view line = text.substr(0, end);
      if (line.ends_with('\r')) {
        line.remove_suffix(1);
      }
      lines_.push_back(std::exchange(lead, std::string(before.empty() ? 0 : 2, ' ')) +
                       std::string(line));
      if (end == std::string_view::npos) {
        return;
      }
      text.remove_prefix(end + 1);
    }
  }
  [[nodiscard]] std::vector<std::string> take() { return std::move(lines_); }

 private:
  std::vector<std::string> lines_;
};

// "T2, T3, sealed.narrative": whole tiers by their names.
std::string fields_text(FormFields fields) {
  std::string text;
  const auto say = [&](const std::string& word) { text += (text.empty() ? "" : ", ") + word; };
  for (const DisclosureTier tier : all_tiers) {
    const FormFields all = fields_of(tier);
    if (!all.empty() && all.within(fields)) {
      say(name_of(tier));
      continue;
    }
    for (const FormField field : (fields & all).list()) {
      say(name_of(field));
    }
  }
  return text;
}

void tell(Told& told, const Triage& triage) {
  told.say("urgency", std::optional(triage.urgency));
  told.say("sensitivity", std::optional(triage.sensitivity));
  told.say("services", joined(triage.services));
  told.say("reason", triage.reason.code);
  told.say("reason in words", triage.reason.note);
  told.say("age", std::optional(triage.age_band));
  told.say("sex", std::optional(triage.sex));
  told.say("languages", joined(triage.languages));
  told.say("district", triage.district);
  told.say("dependants", std::to_string(triage.dependants));
  told.say("access needs", joined(triage.access_needs));
  told.say("requested by", triage.requested_by);
}

void tell(Told& told, const Contact& contact) {
  told.say("name", contact.name);
  told.say("alias", contact.alias);
  if (contact.safe_contact != SafeContact{}) {
    told.say("safe contact", std::optional(contact.safe_contact.method));
    told.say("contact at", contact.safe_contact.value);
    told.say("contact hours", contact.safe_contact.hours);
    told.say("who may answer", contact.safe_contact.who_may_answer);
    told.say("leave a message", std::string(contact.safe_contact.leave_message ? "yes" : "no"));
  }
  told.say("sex of the interpreter", contact.interpreter_sex);
  told.say("pickup place", contact.pickup_place);
}

void tell(Told& told, const CaseFacts& facts) {
  told.say("born", facts.birth_year == 0 ? facts.birth_date : std::to_string(facts.birth_year));
  told.say("citizenship", joined(facts.citizenship));
  told.say("documents held", joined(facts.documents_held));
  told.say("trafficking", facts.trafficking_scope);
  if (facts.indicators) {
    told.say("indicators of act", joined(facts.indicators->act));
    told.say("indicators of means", joined(facts.indicators->means));
    told.say("indicators of purpose", joined(facts.indicators->purpose));
  }
  told.say("exploitation", joined(facts.exploitation));
  told.say("recruited in", facts.recruitment_country);
  told.say("exploited in", facts.exploitation_country);
  told.say("services already given", joined(facts.services_already));
  told.say("safety risks", joined(facts.safety_risks));
  if (facts.guardian) {
    told.say("guardian", facts.guardian->name);
    told.say("guardian is", facts.guardian->relation);
    told.say("guardian's contact", facts.guardian->contact);
  }
}

void tell(Told& told, const SealedFacts& sealed) {
  told.say("health", sealed.health);
  told.say("narrative", sealed.narrative);
  told.say("alleged perpetrator", sealed.alleged_perpetrator);
}

void tell(Told& told, const Consent& consent) {
  told.say("consent given by", consent.given_by);
  told.say("consent mode", consent.mode);
  told.say("consent text", consent.text_version);
  told.say("consent language", consent.language);
  told.say("consent date", consent.date);
  told.say("consent expires", consent.expires);
  told.say("consent witness", consent.witness);
  for (const ConsentScope& scope : consent.scope) {
    told.say("consent to", joined(scope.recipients));
    told.say("  for tiers", joined(scope.tiers));
    told.say("  for purposes", joined(scope.purposes));
  }
  told.say("without consent because of", consent.exception);
  told.say("second approver", consent.second_approver);
  told.say("never to", joined(consent.never));
}

EventText describe(const ReferralForm& form) {
  Told told;
  tell(told, form.triage);
  if (form.contact) {
    tell(told, *form.contact);
  }
  if (form.facts) {
    tell(told, *form.facts);
  }
  if (form.sealed) {
    tell(told, *form.sealed);
  }
  tell(told, form.consent);
  told.say("committed to, not disclosed", fields_text(form.committed));
  EventText text{to_json(form), told.take(), false, form.committed};
  text.consent = form.consent;
  return text;
}

EventText describe(const ConsentStatement& statement) {
  Told told;
  if (statement.consent) {
    tell(told, *statement.consent);
  }
  told.say("withdrawn on", statement.date);
  told.say("in words", statement.text);
  EventText text{to_json(statement), told.take()};
  text.consent = statement.consent;
  text.date = statement.date;
  return text;
}

EventText describe(const ConsentApplied& applied) {
  Told told;
  told.say("done", std::string(name_of(applied.did)));
  told.say("ground", applied.ground);
  told.say("in words", applied.text);
  EventText text{to_json(applied), told.take()};
  text.applied = applied;
  return text;
}

EventText describe(const Decision& decision) {
  Told told;
  told.say("reason", decision.reason);
  told.say("in words", decision.text);
  return {to_json(decision), told.take()};
}

EventText describe(const NoteText& note) {
  Told told;
  told.say_lines("", note.text.text);
  return {to_json(note), told.take()};
}

EventText describe(const Particulars& said) {
  Told told;
  told.say("code", said.code);
  told.say("outcome", said.outcome ? std::string(state_name(*said.outcome)) : std::string());
  told.say("until", said.until.ms == 0 ? std::string() : short_time(said.until));
  told.say("member", said.member ? to_uuid(*said.member) : std::string());
  told.say("amount in minor units",
           said.amount == 0 ? std::string() : std::to_string(said.amount) + " " + said.currency);
  told.say("in words", said.text);
  told.say("status file", said.file ? said.file->hex().substr(0, 16) : std::string());
  EventText text{to_json(said), told.take()};
  if (said.ballot) {
    for (const Vote& vote : said.ballot->votes) {
      text.voters.push_back(vote.certificate.user);
    }
  }
  return text;
}

EventText describe(const DeadlineStatement& missed) {
  Told told;
  told.say("which", std::string(name_of(missed.clock)));
  told.say("from", to_uuid(missed.owes));
  told.say("since", short_time(missed.start));
  told.say("was due", short_time(missed.due));
  return {to_json(missed), told.take()};
}

EventText describe(const DisclosedFields& disclosed) {
  Told told;
  told.say("fields", fields_text(disclosed.fields));
  return {to_json(disclosed), told.take(), false, disclosed.fields};
}

template <class Parsed>
EventText describe_parsed(const Result<Parsed>& parsed) {
  return parsed ? describe(*parsed) : EventText{};
}

Json delivery_json(const Delivery& delivery, const Names& names) {
  Json json{{"recipient", to_uuid(delivery.recipient)},
            {"name", name_in(names, delivery.recipient)},
            {"level", level_name(delivery.level)}};
  if (delivery.code != Code::none) {
    json["code"] = code_name(delivery.code);
  }
  if (delivery.changed.ms != 0) {
    json["changed"] = to_iso8601(delivery.changed);
  }
  return json;
}

Json event_of_case_json(const MessageView& message, const Names& names, const EventText& body) {
  Json json{{"kind", event_kind_name(message.kind)},
            {"author", to_uuid(message.author)},
            {"author_name", name_in(names, message.author)},
            {"message", to_uuid(message.message)},
            {"level", level_name(message.level())},
            {"created", to_iso8601(message.created)},
            {"expires", to_iso8601(message.expires)},
            {"index", message.index},
            {"deliveries", Json::array()}};
  for (const Delivery& delivery : message.deliveries) {
    json["deliveries"].push_back(delivery_json(delivery, names));
  }
  if (message.actor_role != 0) {
    json["role"] = role_name(static_cast<Role>(message.actor_role));
    json["pseudonym"] = to_uuid(message.actor);
  }
  if (!message.user.is_zero()) {
    json["user"] = name_in(names, message.user);
  }
  if (!body.json.empty()) {
    json["body"] = Json::parse(body.json, nullptr, false);
  }
  if (body.withheld) {
    json["withheld"] = Json::array({"sealed"});
  }
  if (message.void_reason != Code::none) {
    json["void"] = code_name(message.void_reason);
  }
  if (message.corrected) {
    json["corrected"] = true;
  }
  return json;
}

std::string padded(std::string text, std::size_t width) {
  const std::size_t length = count_characters(text);
  return length < width ? text + std::string(width - length, ' ') : text;
}

Json tracks_json(const CaseView& shown, const Names& names) {
  Json all = Json::array();
  for (const TrackState& track : shown.tracks) {
    Json json{{"track", track_name(track.track)}, {"state", state_name(track.state)}};
    const auto begun = std::ranges::find(shown.events, track.about, &MessageView::digest);
    if (begun != shown.events.end()) {
      json["about"] = to_uuid(begun->message);
    }
    if (!track.member.is_zero()) {
      json["member"] = to_uuid(track.member);
      json["member_name"] = name_in(names, track.member);
    }
    if (track.service != 0) {
      json["service"] = name_of(static_cast<Service>(track.service));
    }
    if (track.until.ms != 0) {
      json["until"] = to_iso8601(track.until);
    }
    all.push_back(std::move(json));
  }
  return all;
}

Json head_json(const CaseView& shown, const Names& names) {
  Json json{{"case", to_uuid(shown.id)},
            {"state", state_name(shown.state)},
            {"opened", to_iso8601(shown.opened)},
            {"author", to_uuid(shown.author)},
            {"author_name", name_in(names, shown.author)},
            {"incomplete", shown.incomplete},
            {"team", shown.team},
            {"given_to", Json::array()},
            {"participants", Json::array()}};
  for (const UserId& user : shown.assigned) {
    json["given_to"].push_back(name_in(names, user));
  }
  if (!shown.pack.is_zero()) {
    json["pack"] = shown.pack.hex();
    json["pack_here"] = shown.pack_here;
  }
  json["clocks"] = Json::array();
  for (const CaseClock& clock : shown.clocks) {
    json["clocks"].push_back({{"clock", name_of(clock.clock)},
                              {"owes", to_uuid(clock.owes)},
                              {"owes_name", name_in(names, clock.owes)},
                              {"urgency", name_of(clock.urgency)},
                              {"due", to_iso8601(clock.deadline.due)}});
  }
  for (const MemberId& member : shown.participants) {
    json["participants"].push_back({{"member", to_uuid(member)}, {"name", name_in(names, member)}});
  }
  return json;
}

// "  status      assigned_unconfirmed": what the person's case has come to, one line a track.
std::string tracks_text(const CaseView& view, const Names& names) {
  std::string text;
  for (const TrackState& track : view.tracks) {
    const std::string who = track.member.is_zero() ? "" : shown(name_in(names, track.member));
    text += "  " + padded(track_name(track.track), 12) + state_name(track.state);
    switch (track.track) {
      case Track::case_:
        text += who.empty() ? "" : ", owner " + who;
        break;
      case Track::referral:
      case Track::transfer:
        text += ", to " + who;
        break;
      case Track::assistance:
        text += std::string(", ") + name_of(static_cast<Service>(track.service)) + " by " + who;
        break;
      case Track::consent:
        text += who.empty() ? "" : ", by " + who;
        break;
      case Track::status:
      case Track::fund:
        text += who.empty() ? "" : ", begun by " + who;
        break;
    }
    text += track.until.ms == 0 ? "" : ", until " + short_time(track.until);
    text += "\n";
  }
  return text;
}

// Who of this organisation has the case.
std::string given_to(const CaseView& view, const Names& names) {
  std::string text = "team " + shown(view.team);
  for (const UserId& user : view.assigned) {
    text += (user == view.assigned.front() ? ", given to " : ", ") + shown(name_in(names, user));
  }
  return text;
}

// The person behind an event, as far as that can be said here.
std::string person_of(const MessageView& event, const Names& names) {
  if (event.actor_role == 0) {
    return {};
  }
  const std::string role = role_name(static_cast<Role>(event.actor_role));
  return event.user.is_zero() ? "  (" + role + " " + event.actor.hex().substr(0, 8) + ")"
                              : "  (" + shown(name_in(names, event.user)) + ", " + role + ")";
}

std::string deliveries_text(const MessageView& message, const Names& names) {
  std::string text;
  for (const Delivery& delivery : message.deliveries) {
    text += text.empty() ? "" : ", ";
    text += level_name(delivery.level);
    if (delivery.code != Code::none) {
      text += std::string(" (") + code_name(delivery.code) + ")";
    }
    if (delivery.recipient != message.author) {
      text += " at " + shown(name_in(names, delivery.recipient));
    }
  }
  return text;
}

std::string bytes_text(std::uint64_t bytes) {
  constexpr std::uint64_t kibi = 1024;
  constexpr std::uint64_t mebi = kibi * kibi;
  if (bytes >= 10 * mebi) {
    return std::to_string(bytes / mebi) + " MiB";
  }
  return bytes >= 10 * kibi ? std::to_string(bytes / kibi) + " KiB"
                            : std::to_string(bytes) + " bytes";
}

std::string warnings_text(const NodeView& node) {
  std::string text;
  if (node.clock_suspect) {
    text += "  ! the clock jumped: nothing expires until `hamroh clock confirm`\n";
  }
  if (node.directory_version > 0 && node.staleness == Staleness::warn) {
    text += "  ! the directory is getting old: the administrators should publish a newer one\n";
  }
  if (node.directory_version > 0 && node.staleness == Staleness::expired) {
    text +=
        "  ! the directory has expired: no new contacts but emergencies until the administrators\n"
        "    publish a newer one; existing cases go on\n";
  }
  for (const AlarmView& alarm : node.alarms) {
    text += std::string("  ! ALARM: two different signed versions of one ") +
            alarm_kind_name(alarm.kind) + " (" + std::to_string(alarm.version) + "), " +
            alarm.here.hex().substr(0, 16) + " and " + alarm.there.hex().substr(0, 16) +
            ": see hamroh alarms\n";
  }
  if (node.rotation_waits) {
    text += "  ! new keys wait for the administrators to agree\n";
  }
  switch (node.standing) {
    case Standing::suspended:
      text += "  ! an administrator has suspended this member: what it sends waits meanwhile\n";
      break;
    case Standing::revoked:
      text += "  ! this member's admission was revoked\n";
      break;
    case Standing::superseded:
      text += "  ! a newer incarnation has taken this node's place: its keys are dead\n";
      break;
    case Standing::not_listed:
    case Standing::member:
      break;
  }
  if (node.phase == Phase::stopped && node.standing != Standing::superseded) {
    text +=
        "  ! this node signs nothing: its ledger is behind what others remember, as after an old "
        "backup\n";
  }
  return text;
}

std::string peers_text(const std::vector<PeerView>& peers) {
  std::string text;
  for (const PeerView& peer : peers) {
    const char* state = peer.revoked           ? "revoked"
                        : peer.suspended_until ? "suspended"
                        : peer.connected       ? "connected"
                                               : "not connected";
    text += "    " + padded(shown(peer.name.empty() ? to_uuid(peer.member) : peer.name), 28) + " " +
            padded(state, 14);
    text += std::to_string(peer.queued) + " queued, " + std::to_string(peer.in_flight) +
            " in flight, " + std::to_string(peer.held) + " held, heard " + short_time(peer.heard) +
            "\n";
  }
  return text;
}

bool is_disclosure(const MessageView& event) {
  const bool discloses =
      event.kind == EventKind::tier_disclose || event.kind == EventKind::status_disclose;
  return discloses && !event.deliveries.empty();
}

// Which tiers of the form, and which status files, went to whom, and when; a line for each.
std::string disclosed_text(const CaseView& view, const Names& names,
                           const std::vector<EventText>& bodies) {
  std::string text;
  for (std::size_t i = 0; i < view.events.size(); ++i) {
    const MessageView& event = view.events[i];
    if (event.kind == EventKind::referral_send && !bodies[i].fields.empty()) {
      text += "  kept back   " + fields_text(bodies[i].fields) + " by " +
              shown(name_in(names, event.author)) + "\n";
    }
    if (is_disclosure(event)) {
      text += "  disclosed   " + fields_text(bodies[i].fields) + " to " +
              shown(name_in(names, event.deliveries.front().recipient)) + ", " +
              short_time(event.created) + ", " + level_name(event.level()) + "\n";
    }
  }
  return text;
}

Json disclosed_json(const CaseView& shown, const Names& names,
                    const std::vector<EventText>& bodies) {
  Json all = Json::array();
  for (std::size_t i = 0; i < shown.events.size(); ++i) {
    const MessageView& event = shown.events[i];
    if (!is_disclosure(event)) {
      continue;
    }
    const MemberId& to = event.deliveries.front().recipient;
    Json json{{"to", to_uuid(to)},
              {"to_name", name_in(names, to)},
              {"fields", Json::array()},
              {"created", to_iso8601(event.created)},
              {"level", level_name(event.level())}};
    for (const FormField field : bodies[i].fields.list()) {
      json["fields"].push_back(name_of(field));
    }
    all.push_back(std::move(json));
  }
  return all;
}

EventText describe_attachment(ByteView bytes) {
  const auto body = AttachmentBody::parse(bytes);
  if (!body) {
    return {};
  }
  EventText said;
  said.json =
      Json{{"name", body->name}, {"media", media_name(body->media)}, {"sha256", body->sha256.hex()}}
          .dump();
  said.lines = {body->name + " (" + media_name(body->media) + ")"};
  return said;
}

}  // namespace

std::vector<std::string> describe_consent(const Consent& consent) {
  Told told;
  tell(told, consent);
  return told.take();
}

EventText describe_body(EventKind kind, ByteView body) {
  const Rule* rule = find_rule(kind);
  switch (rule == nullptr ? BodyForm::later : rule->body) {
    case BodyForm::referral:
      return describe_parsed(parse_referral(body));
    case BodyForm::decision:
      return describe_parsed(parse_decision(body));
    case BodyForm::note:
      return describe_parsed(parse_note(body));
    case BodyForm::particulars:
      return describe_parsed(parse_particulars(body, kind));
    case BodyForm::disclosure:
      return describe_parsed(parse_fields(body));
    case BodyForm::deadline:
      return describe_parsed(parse_deadline(body));
    case BodyForm::consent:
      return describe_parsed(parse_consent(body, kind));
    case BodyForm::consent_applied:
      return describe_parsed(parse_applied(body));
    case BodyForm::attachment:
      return describe_attachment(body);
    case BodyForm::services:
    case BodyForm::later:
      break;  // or a certificate: `hamroh erasure show`
  }
  return {};
}

namespace {

std::vector<std::string> unset_clocks(const NodeView& node) {
  std::vector<std::string> unset;
  for (const CodeName& clock : names_of(Clock{})) {
    if ((node.pack_unset >> clock.value & 1U) != 0) {
      unset.emplace_back(clock.name);
    }
  }
  return unset;
}

Json pack_status_json(const NodeView& node) {
  if (node.pack.is_zero()) {
    return {};
  }
  return {{"sha256", node.pack.hex()},
          {"here", !node.pack_id.empty()},
          {"id", node.pack_id},
          {"jurisdiction", node.pack_jurisdiction},
          {"unset_clocks", unset_clocks(node)}};
}

std::string pack_status_text(const NodeView& node) {
  if (node.pack.is_zero()) {
    return "  pack       none: the directory names no jurisdiction pack, so nothing is ever due\n";
  }
  if (node.pack_id.empty()) {
    return "  pack       " + node.pack.hex().substr(0, 16) +
           "… named by the directory but not here: hamroh pack install FILE\n";
  }
  std::string text = "  pack       " + shown(node.pack_id) + ", jurisdiction " +
                     shown(node.pack_jurisdiction) + "\n";
  const std::vector<std::string> unset = unset_clocks(node);
  for (const std::string& clock : unset) {
    text += clock == unset.front() ? "             unset, so never due: " : ", ";
    text += clock;
  }
  return text + (unset.empty() ? "" : "\n");
}

}  // namespace

std::string status_json(const api::NodeStatus& status) {
  const NodeView& node = status.node;
  Json peers = Json::array();
  for (const PeerView& peer : node.peers) {
    peers.push_back({{"member", to_uuid(peer.member)},
                     {"name", peer.name},
                     {"connected", peer.connected},
                     {"queued", peer.queued},
                     {"in_flight", peer.in_flight},
                     {"held", peer.held},
                     {"suspended_until",
                      peer.suspended_until ? Json(to_iso8601(*peer.suspended_until)) : Json()},
                     {"revoked", peer.revoked},
                     {"heard", peer.heard.ms == 0 ? Json() : Json(to_iso8601(peer.heard))}});
  }
  return print({{"member", to_uuid(node.member)},
                {"name", node.name},
                {"kind", member_kind_name(node.kind)},
                {"network", node.network.hex()},
                {"version", status.version},
                {"process", status.process},
                {"phase", phase_name(node.phase)},
                {"vault", node.locked ? "locked" : "unlocked"},
                {"memory", api::memory_state_name(status.memory)},
                {"clock_suspect", node.clock_suspect},
                {"directory",
                 {{"version", node.directory_version},
                  {"expires", to_iso8601(node.directory_expires)},
                  {"constitution", node.constitution_version},
                  {"staleness", staleness_name(node.staleness)}}},
                {"pack", pack_status_json(node)},
                {"standing", standing_name(node.standing)},
                {"keys", {{"serial", node.key_serial}, {"waits", node.rotation_waits}}},
                {"alarms", node.alarms.size()},
                {"ledger",
                 {{"size", node.ledger_size},
                  {"root", to_base64(node.ledger_root.view())},
                  {"since", node.session_first}}},
                {"outbox", {{"depth", node.outbox_depth}}},
                {"link",
                 {{"up", status.link.up},
                  {"process", status.link.process},
                  {"restarts", status.link.restarts},
                  {"bytes_in", status.link.bytes_in},
                  {"bytes_out", status.link.bytes_out},
                  {"frames_in", status.link.frames_in},
                  {"frames_out", status.link.frames_out},
                  {"strangers_refused", status.link.refused},
                  {"frames_dropped", status.link.dropped}}},
                {"store",
                 {{"health", status.store.health},
                  {"file_bytes", status.store.file_bytes},
                  {"log_bytes", status.store.log_bytes},
                  {"free_bytes", status.store.free_bytes}}},
                {"turns", status.turns},
                {"inputs", status.inputs},
                {"peers", std::move(peers)}});
}

namespace {

std::string memory_text(api::MemoryState memory) {
  std::string text = std::string("  memory     ") + api::memory_state_name(memory) + "\n";
  if (memory == api::MemoryState::secrets_only) {
    text +=
        "             keys never reach swap, but what people read and write may: start hamrohd "
        "with\n             LimitMEMLOCK=infinity (see hamrohd.service), or switch swap off\n";
  } else if (memory == api::MemoryState::not_locked) {
    text +=
        "             keys can reach swap: raise the limit of locked memory (ulimit -l) or "
        "switch\n             swap off\n";
  }
  return text;
}

}  // namespace

std::string status_text(const api::NodeStatus& status, Timestamp now) {
  const NodeView& node = status.node;
  const api::LinkStatus& link = status.link;
  std::string text = shown(node.name) + " (" + member_kind_name(node.kind) + ")\n";
  text += "  member     " + to_uuid(node.member) + "\n";
  text += "  network    " + node.network.hex() + "\n";
  text += std::string("  node       ") + phase_name(node.phase) + ", version " +
          shown(status.version) + ", process " + std::to_string(status.process) + "\n";
  text += std::string("  vault      ") + (node.locked ? "locked" : "unlocked") + "\n";
  text += memory_text(status.memory);
  if (node.directory_version > 0) {
    text += "  directory  version " + std::to_string(node.directory_version) + ", " +
            (node.directory_expires < now ? "expired " : "valid until ") +
            short_time(node.directory_expires) + "\n";
  } else {
    text += "  directory  none yet: hamroh node join --directory FILE\n";
  }
  text += pack_status_text(node);
  text += "  ledger     " + std::to_string(node.ledger_size) + " entries, root " +
          to_base64(node.ledger_root.view()) + "\n";
  text += "  outbox     " + std::to_string(node.outbox_depth) + " not yet settled\n";
  text += std::string("  link       ") + (link.up ? "up" : "down") + ", process " +
          std::to_string(link.process) + ", " + std::to_string(link.restarts) + " restarts, " +
          bytes_text(link.bytes_in) + " in, " + bytes_text(link.bytes_out) + " out, " +
          std::to_string(link.refused) + " strangers refused\n";
  text += "  store      " + shown(status.store.health) + ", " +
          bytes_text(status.store.file_bytes) + " and " + bytes_text(status.store.log_bytes) +
          " of log, " + bytes_text(status.store.free_bytes) + " free\n";
  text += "  turns      " + std::to_string(status.turns) + " for " + std::to_string(status.inputs) +
          " inputs\n";
  text += warnings_text(node);
  text += "  peers      " + std::to_string(node.peers.size()) + "\n" + peers_text(node.peers);
  return text;
}

std::string case_json(const CaseView& shown, const Names& names,
                      const std::vector<EventText>& bodies, const std::string& files) {
  CHECK(bodies.size() == shown.events.size());
  Json json = head_json(shown, names);
  json["tracks"] = tracks_json(shown, names);
  json["gaps"] = Json::array();
  for (const Digest& gap : shown.gaps) {
    json["gaps"].push_back(gap.hex());
  }
  json["consent"] = Json::parse(consent_json(consent_of(shown, bodies), names), nullptr, false);
  json["disclosed"] = disclosed_json(shown, names, bodies);
  json["files"] = files.empty() ? Json() : Json::parse(files, nullptr, false);
  json["events"] = Json::array();
  for (std::size_t i = 0; i < shown.events.size(); ++i) {
    json["events"].push_back(event_of_case_json(shown.events[i], names, bodies[i]));
  }
  return print(json);
}

std::string case_text(const CaseView& view, const Names& names,
                      const std::vector<EventText>& bodies) {
  CHECK(bodies.size() == view.events.size());
  std::string text = "Case " + to_uuid(view.id) + "  " + state_name(view.state) + "\n";
  text +=
      "  opened " + short_time(view.opened) + " by " + shown(name_in(names, view.author)) + "\n";
  text += "  participants";
  for (const MemberId& member : view.participants) {
    text += (member == view.participants.front() ? " " : ", ") + shown(name_in(names, member));
  }
  text += "\n  " + given_to(view, names) + "\n";
  text += tracks_text(view, names);
  for (const std::string& line : answer_lines(consent_of(view, bodies), names)) {
    text += "  " + line + "\n";
  }
  text += disclosed_text(view, names, bodies);
  for (const Digest& gap : view.gaps) {
    text +=
        "  ! an earlier event of this case has not arrived here yet: " + gap.hex().substr(0, 16) +
        "\n";
  }
  for (std::size_t i = 0; i < view.events.size(); ++i) {
    const MessageView& event = view.events[i];
    text += "\n  " + short_time(event.created) + "  " + padded(event_kind_name(event.kind), 18) +
            shown(name_in(names, event.author)) + person_of(event, names) + "\n";
    text += "    message " + to_uuid(event.message) + "  " + deliveries_text(event, names) + "\n";
    if (event.void_reason != Code::none) {
      text += std::string("    ! void, it changes nothing: ") + code_name(event.void_reason) + "\n";
    }
    if (event.corrected) {
      text += "    ! corrected by its author: see below\n";
    }
    for (const std::string& line : bodies[i].lines) {
      text += "    | " + shown(line) + "\n";
    }
    if (!bodies[i].voters.empty()) {
      text += "    | " + std::to_string(bodies[i].voters.size()) + " votes:";
      for (const UserId& voter : bodies[i].voters) {
        const bool known = names.users.contains(voter);
        text += (voter == bodies[i].voters.front() ? " " : ", ") +
                (known ? shown(name_in(names, voter)) : "commissioner " + voter.hex().substr(0, 8));
      }
      text += "\n";
    }
    if (bodies[i].withheld) {
      text += "    ! the sealed part is left out: it needs a second person (hamroh ask sealed)\n";
    }
  }
  return text;
}

std::string cases_json(const std::vector<CaseView>& cases, const Names& names) {
  Json json{{"cases", Json::array()}};
  for (const CaseView& one : cases) {
    json["cases"].push_back(head_json(one, names));
  }
  return print(json);
}

std::string cases_text(const std::vector<CaseView>& cases, const Names& names) {
  std::string text;
  for (const CaseView& one : cases) {
    text += to_uuid(one.id) + "  " + short_time(one.opened) + "  " +
            padded(state_name(one.state), 9) + " " + shown(name_in(names, one.author)) +
            (one.incomplete ? "  (incomplete)" : "") + "  " + given_to(one, names) + "\n";
  }
  return text;
}

std::string message_json(const MessageView& message) {
  Json json{{"message", to_uuid(message.message)}, {"level", level_name(message.level())}};
  for (const Delivery& delivery : message.deliveries) {
    if (delivery.level == message.level() && delivery.code != Code::none) {
      json["code"] = code_name(delivery.code);
    }
  }
  json["case"] = to_uuid(message.case_id);
  return print(json);
}

std::string event_json(const Event& event, const Names& names) {
  Json json{{"index", event.index},
            {"kind", entry_kind_name(static_cast<EntryKind>(event.kind))},
            {"time", to_iso8601(event.time)}};
  if (event.code != Code::none) {
    json["code"] = code_name(event.code);
  }
  if (!event.message.is_zero()) {
    json["message"] = to_uuid(event.message);
  }
  if (!event.author.is_zero()) {
    json["author"] = to_uuid(event.author);
    json["author_name"] = name_in(names, event.author);
  }
  if (!event.peer.is_zero()) {
    json["peer"] = to_uuid(event.peer);
    json["peer_name"] = name_in(names, event.peer);
  }
  return print(json);
}

std::string event_text(const Event& event, const Names& names) {
  std::string text = padded(std::to_string(event.index), 8) + " " + short_time(event.time) + "  " +
                     padded(entry_kind_name(static_cast<EntryKind>(event.kind)), 14);
  if (event.code != Code::none) {
    text += std::string(" ") + code_name(event.code);
  }
  if (!event.message.is_zero()) {
    text += " " + to_uuid(event.message);
  }
  if (!event.peer.is_zero()) {
    text += "  " + shown(name_in(names, event.peer));
  }
  return text;
}

}  // namespace hamroh
