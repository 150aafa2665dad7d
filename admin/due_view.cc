#include "admin/due_view.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "protocol/text.h"

namespace hamroh {
namespace {

using Json = nlohmann::json;

std::string shown(const std::string& text) {
  return escape_for_terminal(text);
}

// "2026-12-01 14:55 UTC"
std::string minute_text(Timestamp time) {
  std::string text = to_iso8601(time).substr(0, 16);
  text.replace(10, 1, " ");
  return text + " UTC";
}

// What the clock is for, in the words of whoever reads it.
const char* words_of(const CaseClock& clock) {
  switch (clock.clock) {
    case Clock::delivery:
      return "has to reach";
    case Clock::receipt:
      return "has to be received by a person at";
    case Clock::referral_decision:
      return "has to be accepted or declined by";
    case Clock::first_help:
      return "first help by";
    case Clock::information:
      return "a question has to be answered by";
    case Clock::pre_status:
      return is_duty(clock) ? "pre-status has to be decided by" : "pre-status lapses for";
    case Clock::status_decision:
      return "the status has to be decided by";
    case Clock::confirmation:
      return "the status has to be confirmed or returned by";
    case Clock::appeal:
      return "the right to appeal ends for";
    case Clock::appeal_decision:
      return "the appeal has to be decided by";
    case Clock::fund_decision:
      return "money has to be approved or refused by";
    case Clock::fund_payment:
      return "money has to be paid by";
    case Clock::fund_account:
      return "money has to be accounted for by";
  }
  return "something is due from";
}

// What whoever reads it can do about a clock whose time is over.
std::string advice_for(const CaseClock& clock, const Names& names, const MemberId& self) {
  if (clock.waits != self) {
    return {};
  }
  const std::string who = shown(name_in(names, clock.owes));
  switch (clock.clock) {
    case Clock::delivery:
      return "      telephone " + who + ", then: hamroh called CASE --text-file FILE\n";
    case Clock::receipt:
    case Clock::referral_decision:
    case Clock::first_help:
      return "      ask " + who +
             "; you may refer elsewhere at the same time: hamroh refer --case\n";
    default:
      return "      ask " + who + "\n";
  }
}

const char* stage_text(const CaseClock& clock, ClockStage stage) {
  switch (stage) {
    case ClockStage::running:
      return "";
    case ClockStage::half:
      return ", half of the time is over";
    case ClockStage::missed:
      return is_duty(clock) ? ", MISSED" : ", over";
    case ClockStage::escalated:
      return ", MISSED, told to the oversight body";
  }
  return "";
}

Json clock_json(const CaseClock& clock, const Names& names, const MemberId& self, Timestamp now) {
  Json json{{"clock", name_of(clock.clock)},
            {"urgency", name_of(clock.urgency)},
            {"owes", to_uuid(clock.owes)},
            {"owes_name", name_in(names, clock.owes)},
            {"mine", clock.owes == self},
            {"about", clock.about.hex()},
            {"start", to_iso8601(clock.start)},
            {"half", to_iso8601(clock.deadline.half)},
            {"due", to_iso8601(clock.deadline.due)},
            {"duty", is_duty(clock)},
            {"stage", clock_stage_name(stage_at(clock, now))}};
  if (is_duty(clock)) {
    json["waits"] = to_uuid(clock.waits);
    json["waits_name"] = name_in(names, clock.waits);
    json["escalate"] = to_iso8601(clock.deadline.escalate);
  }
  return json;
}

}  // namespace

std::string distance_text(Timestamp time, Timestamp now) {
  const Duration apart = time > now ? time - now : now - time;
  const std::uint64_t whole_minutes = apart.ms / minutes(1).ms;
  std::string amount = std::to_string(whole_minutes) + " min";
  if (whole_minutes >= 48 * 60) {
    amount = std::to_string(whole_minutes / (24 * 60)) + " days";
  } else if (whole_minutes >= 120) {
    amount = std::to_string(whole_minutes / 60) + " h";
  }
  return time > now ? "in " + amount : amount + " ago";
}

std::string clocks_text(const std::vector<CaseClock>& clocks, const Names& names,
                        const MemberId& self, Timestamp now) {
  std::string text;
  for (const CaseClock& clock : clocks) {
    const ClockStage stage = stage_at(clock, now);
    const std::string who =
        clock.owes == self ? "this organisation" : shown(name_in(names, clock.owes));
    text += "  " + minute_text(clock.deadline.due) + "  " + words_of(clock) + " " + who + " (" +
            distance_text(clock.deadline.due, now) + stage_text(clock, stage) + ")\n";
    if (stage >= ClockStage::missed && is_duty(clock)) {
      text += advice_for(clock, names, self);
    }
  }
  return text;
}

std::string no_clocks_text(const CaseView& view) {
  if (!view.pack.is_zero() && !view.pack_here) {
    return "  the jurisdiction pack of this case is not here (" + view.pack.hex().substr(0, 16) +
           "…): what is due is not known. hamroh pack install FILE\n";
  }
  return {};
}

std::string due_text(const std::vector<api::DueCase>& cases, const Names& names,
                     const MemberId& self, Timestamp now) {
  std::string text;
  for (const api::DueCase& one : cases) {
    text += "case " + to_uuid(one.case_id) + "\n" + clocks_text(one.clocks, names, self, now);
  }
  return text;
}

std::string due_json(const std::vector<api::DueCase>& cases, const Names& names,
                     const MemberId& self, Timestamp now) {
  Json all = Json::array();
  for (const api::DueCase& one : cases) {
    for (const CaseClock& clock : one.clocks) {
      Json json = clock_json(clock, names, self, now);
      json["case"] = to_uuid(one.case_id);
      all.push_back(std::move(json));
    }
  }
  return Json{{"now", to_iso8601(now)}, {"due", std::move(all)}}.dump();
}

std::string escalated_text(const std::vector<Escalated>& all, const Names& names) {
  std::string text;
  for (const Escalated& one : all) {
    text += minute_text(one.said.due) + "  " + name_of(one.said.clock) + ", " +
            name_of(one.said.urgency) + ": " + shown(name_in(names, one.said.owes)) + " owes " +
            shown(name_in(names, one.waits)) + "  (" + one.said.about.hex().substr(0, 16) + ")\n";
  }
  return text;
}

std::string escalated_json(const std::vector<Escalated>& all, const Names& names) {
  Json list = Json::array();
  for (const Escalated& one : all) {
    list.push_back({{"clock", name_of(one.said.clock)},
                    {"urgency", name_of(one.said.urgency)},
                    {"waits", to_uuid(one.waits)},
                    {"waits_name", name_in(names, one.waits)},
                    {"owes", to_uuid(one.said.owes)},
                    {"owes_name", name_in(names, one.said.owes)},
                    {"about", one.said.about.hex()},
                    {"start", to_iso8601(one.said.start)},
                    {"due", to_iso8601(one.said.due)},
                    {"received", to_iso8601(one.received)}});
  }
  return Json{{"escalated", std::move(list)}}.dump();
}

}  // namespace hamroh
