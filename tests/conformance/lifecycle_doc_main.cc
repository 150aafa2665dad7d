// lifecycle-doc: prints protocol/LIFECYCLE.md out of the table in protocol/lifecycle.cc.

#include <cstdio>
#include <map>
#include <string>

#include "protocol/lifecycle.h"

namespace {

using namespace hamroh;

constexpr const char* introduction =
    "# What may happen in a case\n\n"
    "Generated from the table in `lifecycle.cc` by `build/bin/lifecycle-doc`; a test compares the "
    "two. Change the\ntable, not this file.\n\n"
    "Each track has states of its own, so that help never waits for status. An event is *void* "
    "where its author has not\nthe seat, or the track is in no state that the event may come from: "
    "it changes nothing, and is shown with a coded\nreason. How concurrent events are ordered: "
    "`case_fold.h`.\n\n"
    "`status.assign`, `status.refuse`, `appeal.outcome` and `fund.approve` need the votes of as "
    "many "
    "commissioners as the\njurisdiction pack says (`ballot.h`); they are void where there is "
    "something newer to "
    "decide on than what was voted on. `service.publish`\nand what nodes say of erasures belong to "
    "no track.\n";

std::string label(const Rule& rule) {
  return std::string(rule.name) + " (" + seat_name(rule.seat) + ")";
}

std::string diagram(Track track) {
  // Events between the same two states share an arrow.
  std::map<std::pair<State, State>, std::string> arrows;
  for (const Rule& rule : lifecycle()) {
    if (rule.track != track) {
      continue;
    }
    for (const State from : rule.from.list()) {
      for (const State to : rule.to.empty() ? rule.from.list() : rule.to.list()) {
        if (rule.to.empty() && from != to) {
          continue;
        }
        std::string& words = arrows[{from, to}];
        words += (words.empty() ? "" : ", ") + label(rule);
      }
    }
  }
  const auto node = [&](State state) {
    return state == State::none ? std::string("[*]") : std::string(state_name(state));
  };
  std::string text = "```mermaid\nstateDiagram-v2\n";
  if (track == Track::case_) {
    text += "    [*] --> open: referral.send, the first\n";
  }
  for (const auto& [ends, words] : arrows) {
    text += "    " + node(ends.first) + " --> " + node(ends.second) + ": " + words + "\n";
  }
  return text + "```\n";
}

std::string names(const States& states) {
  std::string text;
  for (const State state : states.list()) {
    text += (text.empty() ? "" : ", ") + std::string(state_name(state));
  }
  return text.empty() ? "as before" : text;
}

std::string codes(CodeList list) {
  switch (list) {
    case CodeList::decline:
      return "decline";
    case CodeList::refusal:
      return "status refused";
    case CodeList::closing:
      return "close";
    case CodeList::service:
      return "services";
    case CodeList::pack:
      return "pack";
    case CodeList::none:
      break;
  }
  return "";
}

std::string body(const Rule& rule) {
  switch (rule.body) {
    case BodyForm::referral:
      return "the form";
    case BodyForm::later:
      return "not carried yet";
    case BodyForm::disclosure:
      return "fields of the form, opened";
    case BodyForm::deadline:
      return "about, which clock, who owes, since when, due when";
    case BodyForm::attachment:
      return "key, name and kind of a file";
    case BodyForm::services:
      return "a statement of services";
    case BodyForm::consent:
      return rule.kind == EventKind::consent_withdraw ? "a day, (in words)"
                                                      : "the consent, (about, in words)";
    case BodyForm::consent_applied:
      return "about, what was done, its ground";
    case BodyForm::decision:
    case BodyForm::note:
    case BodyForm::particulars:
      break;
  }
  std::string text;
  for (const Field field : all_fields) {
    if (rule.needed.has(field) || rule.allowed.has(field)) {
      text += text.empty() ? "" : ", ";
      text += rule.needed.has(field) ? "" : "(";
      text += field_name(field);
      text += field == Field::code ? " of " + codes(rule.codes) : "";
      text += rule.needed.has(field) ? "" : ")";
    }
  }
  return text;
}

void print_table() {
  std::puts("## The table\n");
  std::puts(
      "Numbers are those of the wire. In brackets what a body may leave out. *closed*: may happen "
      "in a closed case.\n");
  std::puts(
      "| no. | event | track | from | to | capability | seat | right of the user | body | closed "
      "|");
  std::puts("| ---: | --- | --- | --- | --- | --- | --- | --- | --- | --- |");
  for (const Rule& rule : lifecycle()) {
    std::printf("| %u | %s | %s | %s | %s | %s | %s | %s | %s | %s |\n",
                static_cast<unsigned>(rule.kind), rule.name, track_name(rule.track),
                names(rule.from).c_str(), names(rule.to).c_str(),
                rule.capability ? capability_name(*rule.capability) : "any", seat_name(rule.seat),
                operation_name(rule.operation), body(rule).c_str(), rule.when_closed ? "yes" : "");
  }
}

}  // namespace

int main() {
  std::puts(introduction);
  for (const Track track : all_tracks) {
    std::printf("## Track: %s\n\n%s\n", track_name(track), diagram(track).c_str());
  }
  print_table();
  return 0;
}
