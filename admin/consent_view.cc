#include "admin/consent_view.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "protocol/text.h"
#include "sdk/form_json.h"

namespace hamroh {
namespace {

using Json = nlohmann::ordered_json;

void take_answer(std::vector<ConsentAnswerView>& answers, ConsentAnswerView one) {
  const auto before = std::ranges::find(answers, one.member, &ConsentAnswerView::member);
  if (before == answers.end()) {
    answers.push_back(std::move(one));
  } else {
    *before = std::move(one);
  }
}

// Whoever was told and is not known to have failed at it. Of a statement of somebody else its
// receipts are not here: then it is all who take part.
std::vector<MemberId> who_was_told(const CaseView& shown, const MessageView& statement) {
  std::vector<MemberId> told;
  const bool own = statement.deliveries.size() > 1;
  for (const MemberId& member : shown.participants) {
    const auto delivery = std::ranges::find(statement.deliveries, member, &Delivery::recipient);
    const bool there = delivery != statement.deliveries.end();
    const bool failed = there && is_settled(delivery->level) && delivery->level != Level::opened;
    if (member != statement.author && !failed && (there || !own)) {
      told.push_back(member);
    }
  }
  return told;
}

std::string day_of(Timestamp time) {
  return to_iso8601(time).substr(0, 10);
}

}  // namespace

ConsentView consent_of(const CaseView& shown, const std::vector<EventText>& bodies) {
  CHECK(bodies.size() == shown.events.size());
  ConsentView found;
  const auto track = std::ranges::find(shown.tracks, Track::consent, &TrackState::track);
  const MessageView* statement = nullptr;
  for (std::size_t i = 0; i < shown.events.size(); ++i) {
    const MessageView& event = shown.events[i];
    const bool of_form = track == shown.tracks.end() && event.kind == EventKind::referral_send;
    if (of_form || (track != shown.tracks.end() && event.digest == track->about)) {
      found.consent = bodies[i].consent;
      found.withdrawn_on = bodies[i].date;
      found.stated_by = event.author;
      found.since = event.created;
      statement = of_form ? nullptr : &event;
    }
  }
  if (track == shown.tracks.end() || statement == nullptr) {
    return found;
  }
  found.state = track->state;
  for (std::size_t i = 0; i < shown.events.size(); ++i) {
    const MessageView& event = shown.events[i];
    const auto& applied = bodies[i].applied;
    if (applied && applied->about == statement->digest && event.void_reason == Code::none) {
      take_answer(found.answers, {event.author, applied->did, applied->ground, event.created});
    }
  }
  if (statement->kind != EventKind::consent_give) {
    for (const MemberId& member : who_was_told(shown, *statement)) {
      if (std::ranges::find(found.answers, member, &ConsentAnswerView::member) ==
          found.answers.end()) {
        found.silent.push_back(member);
      }
    }
  }
  return found;
}

std::vector<std::string> answer_lines(const ConsentView& consent, const Names& names) {
  std::vector<std::string> lines;
  for (const ConsentAnswerView& one : consent.answers) {
    lines.push_back("answered    " + std::string(name_of(one.did)) +
                    (one.ground.empty() ? "" : " (" + escape_for_terminal(one.ground) + ")") +
                    " by " + escape_for_terminal(name_in(names, one.member)) + ", " +
                    day_of(one.when));
  }
  for (const MemberId& member : consent.silent) {
    lines.push_back("! not answered yet: " + escape_for_terminal(name_in(names, member)));
  }
  return lines;
}

std::string consent_text(const ConsentView& consent, const Names& names) {
  std::string text = "consent     ";
  text += consent.state == State::none ? "as the form says" : state_name(consent.state);
  if (!consent.stated_by.is_zero()) {
    text += ", by " + escape_for_terminal(name_in(names, consent.stated_by)) + ", " +
            day_of(consent.since);
  }
  if (!consent.withdrawn_on.empty()) {
    text += "; withdrawn on " + escape_for_terminal(consent.withdrawn_on);
  }
  text += "\n";
  if (consent.consent) {
    for (const std::string& line : describe_consent(*consent.consent)) {
      text += "  | " + escape_for_terminal(line) + "\n";
    }
  }
  for (const std::string& line : answer_lines(consent, names)) {
    text += "  " + line + "\n";
  }
  return text;
}

std::string consent_json(const ConsentView& consent, const Names& names) {
  Json json{{"state", consent.state == State::none ? "form" : state_name(consent.state)}};
  if (!consent.stated_by.is_zero()) {
    json["by"] = to_uuid(consent.stated_by);
    json["by_name"] = name_in(names, consent.stated_by);
    json["since"] = to_iso8601(consent.since);
  }
  if (!consent.withdrawn_on.empty()) {
    json["withdrawn_on"] = consent.withdrawn_on;
  }
  if (consent.consent) {
    json["consent"] = Json::parse(to_json(*consent.consent), nullptr, false);
  }
  json["answers"] = Json::array();
  for (const ConsentAnswerView& one : consent.answers) {
    Json answer{{"member", to_uuid(one.member)},
                {"name", name_in(names, one.member)},
                {"did", name_of(one.did)},
                {"created", to_iso8601(one.when)}};
    if (!one.ground.empty()) {
      answer["ground"] = one.ground;
    }
    json["answers"].push_back(std::move(answer));
  }
  json["not_answered"] = Json::array();
  for (const MemberId& member : consent.silent) {
    json["not_answered"].push_back({{"member", to_uuid(member)}, {"name", name_in(names, member)}});
  }
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace hamroh
