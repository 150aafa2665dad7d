#include "protocol/lifecycle.h"

#include <algorithm>

namespace hamroh {
namespace {

using enum State;
using enum BodyForm;
using K = EventKind;
using T = Track;
using C = Capability;
using O = Operation;
using S = Seat;
using L = CodeList;

constexpr Field about = Field::about;
constexpr Field code = Field::code;
constexpr Field text = Field::text;
constexpr Field until = Field::until;
constexpr Field member = Field::member;
constexpr Field outcome = Field::outcome;
constexpr Field money = Field::money;
constexpr auto any = std::nullopt;
constexpr bool when_closed = true;
constexpr States waiting{sent, received, info_requested};  // for a decision

// Kind, name, track; from, to; capability, seat, right; body, codes, needed, allowed.
constexpr std::array rules{
    // clang-format off
    Rule{K::referral_send, "referral.send", T::referral, none, sent,
         C::refer_send, S::owner, O::refer, referral, L::none, {}, {}},
    Rule{K::tier_disclose, "tier.disclose", T::referral,
         {sent, received, info_requested, accepted}, {},
         any, S::sender, O::refer, disclosure, L::none, {about}, {}},
    // That the sender has telephoned: of an emergency whose delivery takes too long.
    Rule{K::call_record, "call.record", T::referral,
         {sent, received, info_requested, accepted}, {},
         C::refer_send, S::sender, O::refer, particulars, L::none, {about}, {text}},
    Rule{K::referral_receive, "referral.receive", T::referral, sent, received,
         C::refer_receive, S::recipient, O::decide, particulars, L::none, {about}, {text}},
    Rule{K::referral_accept, "referral.accept", T::referral, waiting, accepted,
         C::refer_decide, S::recipient, O::decide, decision, L::none, {}, {about, text}},
    Rule{K::referral_decline, "referral.decline", T::referral, waiting, declined,
         C::refer_decide, S::recipient, O::decide, decision, L::decline, {code}, {about, text}},
    Rule{K::referral_redirect, "referral.redirect", T::referral, waiting, redirected,
         C::refer_decide, S::recipient, O::decide, particulars, L::decline,
         {about, code, member}, {text}},
    Rule{K::info_request, "info.request", T::referral, {sent, received}, info_requested,
         C::refer_decide, S::recipient, O::decide, particulars, L::none, {about, text}, {}},
    Rule{K::info_answer, "info.answer", T::referral, info_requested, received,
         C::refer_send, S::sender, O::refer, particulars, L::none, {about, text}, {}},
    Rule{K::referral_revoke, "referral.revoke", T::referral, waiting, revoked,
         C::refer_send, S::sender, O::refer, particulars, L::pack, {about}, {code, text}},
    Rule{K::cancel_request, "cancel.request", T::referral, accepted, cancel_requested,
         C::refer_send, S::sender, O::refer, particulars, L::pack, {about}, {code, text}},
    Rule{K::cancel_confirm, "cancel.confirm", T::referral, cancel_requested, cancelled,
         C::refer_decide, S::recipient, O::decide, particulars, L::none, {about}, {text}},

    Rule{K::emergency_start, "emergency.start", T::assistance,
         {none, completed, failed, not_attended}, in_progress,
         C::service_provide, S::recipient, O::decide, particulars, L::service,
         {about, code}, {text}},
    Rule{K::service_report, "service.report", T::assistance, in_progress,
         {completed, failed, not_attended},
         C::service_provide, S::recipient, O::decide, particulars, L::service,
         {about, code, outcome}, {text}},

    Rule{K::status_apply, "status.apply", T::status, none, applied,
         C::status_apply, S::participant, O::refer, particulars, L::none, {}, {text}},
    Rule{K::status_pre_grant, "status.pre_grant", T::status, applied, pre_status,
         C::status_decide, S::decider, O::decide_status, particulars, L::pack,
         {until}, {code, text}, when_closed},
    Rule{K::status_assign, "status.assign", T::status,
         {applied, pre_status, returned, overturned}, assigned_unconfirmed,
         C::status_decide, S::decider, O::decide_status, particulars, L::pack,
         {}, {code, text}, when_closed},
    Rule{K::status_refuse, "status.refuse", T::status, {applied, pre_status, returned}, refused,
         C::status_decide, S::decider, O::decide_status, particulars, L::refusal,
         {code}, {text, member}, when_closed},
    Rule{K::ministry_confirm, "ministry.confirm", T::status, assigned_unconfirmed, confirmed,
         C::status_confirm, S::confirmer, O::decide_status, particulars, L::none,
         {}, {text}, when_closed},
    Rule{K::ministry_return, "ministry.return", T::status, assigned_unconfirmed, returned,
         C::status_confirm, S::confirmer, O::decide_status, particulars, L::pack,
         {code}, {text}, when_closed},
    // From pre_status only once that has lapsed.
    Rule{K::status_appeal, "status.appeal", T::status, {refused, pre_status}, appealed,
         C::status_apply, S::applicant, O::refer, particulars, L::pack,
         {}, {code, text}, when_closed},
    Rule{K::appeal_outcome, "appeal.outcome", T::status, appealed, {overturned, upheld},
         C::appeal_decide, S::appeal_body, O::decide_status, particulars, L::pack,
         {outcome}, {code, text}, when_closed},
    // The status file of a decision, to who decides after it.
    Rule{K::status_disclose, "status.disclose", T::status,
         {assigned_unconfirmed, refused, returned, confirmed, appealed, overturned, upheld}, {},
         C::status_decide, S::decider, O::decide_status, disclosure, L::none,
         {about}, {}, when_closed},

    // What the form says stands until one of these takes its place; who gives or changes says which
    // statement before it she knows.
    Rule{K::consent_give, "consent.give", T::consent, {none, active, narrowed, withdrawn}, active,
         C::consent_record, S::owner, O::refer, consent, L::none, {}, {about, text}},
    Rule{K::consent_change, "consent.change", T::consent, {none, active, narrowed}, narrowed,
         C::consent_record, S::owner, O::refer, consent, L::none, {}, {about, text}, when_closed},
    Rule{K::consent_withdraw, "consent.withdraw", T::consent, {none, active, narrowed}, withdrawn,
         C::consent_record, S::participant, O::refer, consent, L::none, {}, {text}, when_closed},
    Rule{K::consent_applied, "consent.applied", T::consent, {active, narrowed, withdrawn}, {},
         any, S::node, O::decide, consent_applied, L::none, {about}, {}, when_closed},

    Rule{K::case_note, "case.note", T::case_, {open, closed}, {},
         any, S::participant, O::note, note, L::none, {text}, {}, when_closed},
    Rule{K::attachment_add, "attachment.add", T::case_, {open, closed}, {},
         any, S::participant, O::refer, attachment, L::none, {}, {}, when_closed},
    Rule{K::record_correct, "record.correct", T::case_, {open, closed}, {},
         any, S::author, O::note, particulars, L::none, {about, text}, {}, when_closed},
    Rule{K::case_close, "case.close", T::case_, open, closed,
         C::case_own, S::owner, O::refer, particulars, L::closing, {code}, {text}},
    Rule{K::case_reopen, "case.reopen", T::case_, closed, open,
         C::case_own, S::owner, O::refer, particulars, L::pack, {code}, {text}, when_closed},
    Rule{K::deadline_missed, "deadline.missed", T::case_, {open, closed}, {},
         any, S::node, O::note, deadline, L::none, {about}, {}, when_closed},

    Rule{K::transfer_offer, "transfer.offer", T::transfer,
         {none, offered, taken_over, turned_down}, offered,
         C::case_own, S::owner, O::refer, particulars, L::pack, {member}, {code, text}},
    Rule{K::transfer_accept, "transfer.accept", T::transfer, offered, taken_over,
         C::case_receive, S::offered, O::decide, particulars, L::none, {about}, {text}},
    Rule{K::transfer_decline, "transfer.decline", T::transfer, offered, turned_down,
         C::case_receive, S::offered, O::decide, particulars, L::decline, {about, code}, {text}},

    Rule{K::fund_request, "fund.request", T::fund, none, asked,
         C::fund_ask, S::participant, O::refer, particulars, L::pack, {code, money}, {text}},
    Rule{K::fund_approve, "fund.approve", T::fund, asked, approved,
         C::fund_decide, S::recipient, O::decide, particulars, L::none, {about}, {text}},
    Rule{K::fund_refuse, "fund.refuse", T::fund, asked, not_approved,
         C::fund_decide, S::recipient, O::decide, particulars, L::pack, {about, code}, {text}},
    Rule{K::fund_paid, "fund.paid", T::fund, approved, paid,
         C::fund_pay, S::recipient, O::decide, particulars, L::none, {about, money}, {text},
         when_closed},
    Rule{K::fund_accounted, "fund.accounted", T::fund, paid, accounted,
         C::fund_ask, S::sender, O::refer, particulars, L::none, {about, money}, {text},
         when_closed},
    // clang-format on
};

constexpr std::size_t kinds_end = 64;
constexpr std::uint8_t no_rule = 0xff;

constexpr std::array<std::uint8_t, kinds_end> make_places() {
  std::array<std::uint8_t, kinds_end> places{};
  places.fill(no_rule);
  for (std::size_t i = 0; i < rules.size(); ++i) {
    places[static_cast<std::size_t>(rules[i].kind)] = static_cast<std::uint8_t>(i);
  }
  return places;
}
constexpr std::array<std::uint8_t, kinds_end> places = make_places();

constexpr bool is_sound() {
  for (std::size_t i = 0; i < rules.size(); ++i) {
    const Rule& rule = rules[i];
    const bool chooses = !rule.to.empty() && !rule.to.is_one();
    const bool coded = rule.needed.has(code) || rule.allowed.has(code);
    if (places[static_cast<std::size_t>(rule.kind)] != i || rule.from.empty() ||
        chooses != rule.needed.has(outcome) || coded != (rule.codes != CodeList::none)) {
      return false;
    }
  }
  return true;
}
static_assert(is_sound(), "one row a kind; an outcome where there is a choice; codes from a list");

struct StateName {
  State state;
  const char* name;
};
constexpr std::array state_names{
    StateName{none, "none"},
    StateName{sent, "sent"},
    StateName{received, "received"},
    StateName{accepted, "accepted"},
    StateName{declined, "declined"},
    StateName{redirected, "redirected"},
    StateName{info_requested, "info_requested"},
    StateName{revoked, "revoked"},
    StateName{cancel_requested, "cancel_requested"},
    StateName{cancelled, "cancelled"},
    StateName{in_progress, "in_progress"},
    StateName{completed, "completed"},
    StateName{failed, "failed"},
    StateName{not_attended, "not_attended"},
    StateName{applied, "applied"},
    StateName{pre_status, "pre_status"},
    StateName{assigned_unconfirmed, "assigned_unconfirmed"},
    StateName{refused, "refused"},
    StateName{confirmed, "confirmed"},
    StateName{returned, "returned"},
    StateName{appealed, "appealed"},
    StateName{overturned, "overturned"},
    StateName{upheld, "upheld"},
    StateName{active, "active"},
    StateName{narrowed, "narrowed"},
    StateName{withdrawn, "withdrawn"},
    StateName{open, "open"},
    StateName{closed, "closed"},
    StateName{offered, "offered"},
    StateName{taken_over, "taken_over"},
    StateName{turned_down, "turned_down"},
    StateName{asked, "asked"},
    StateName{approved, "approved"},
    StateName{not_approved, "not_approved"},
    StateName{paid, "paid"},
    StateName{accounted, "accounted"},
};

}  // namespace

const char* track_name(Track track) {
  switch (track) {
    case Track::referral:
      return "referral";
    case Track::assistance:
      return "assistance";
    case Track::status:
      return "status";
    case Track::consent:
      return "consent";
    case Track::case_:
      return "case";
    case Track::transfer:
      return "transfer";
    case Track::fund:
      return "fund";
  }
  return "unknown";
}

const char* state_name(State state) {
  const auto found = std::ranges::find(state_names, state, &StateName::state);
  return found == state_names.end() ? "unknown" : found->name;
}

std::optional<State> parse_state(std::string_view name) {
  const auto found = std::ranges::find(state_names, name, &StateName::name);
  return found == state_names.end() ? std::nullopt : std::optional(found->state);
}

std::vector<State> States::list() const {
  std::vector<State> all;
  for (const StateName& one : state_names) {
    if (has(one.state)) {
      all.push_back(one.state);
    }
  }
  return all;
}

const char* seat_name(Seat seat) {
  switch (seat) {
    case Seat::participant:
      return "participant";
    case Seat::owner:
      return "owner";
    case Seat::sender:
      return "sender";
    case Seat::recipient:
      return "recipient";
    case Seat::offered:
      return "offered";
    case Seat::applicant:
      return "applicant";
    case Seat::decider:
      return "decider";
    case Seat::confirmer:
      return "confirmer";
    case Seat::appeal_body:
      return "appeal body, not among the deciders";
    case Seat::author:
      return "author";
    case Seat::node:
      return "node";
  }
  return "unknown";
}

const char* field_name(Field field) {
  switch (field) {
    case Field::about:
      return "about";
    case Field::code:
      return "code";
    case Field::text:
      return "text";
    case Field::until:
      return "until";
    case Field::member:
      return "member";
    case Field::outcome:
      return "outcome";
    case Field::money:
      return "amount, currency";
  }
  return "unknown";
}

std::span<const Rule> lifecycle() {
  return rules;
}

const Rule* find_rule(EventKind kind) {
  const auto number = static_cast<std::size_t>(kind);
  const std::uint8_t place = number < places.size() ? places[number] : no_rule;
  return place == no_rule ? nullptr : &rules[place];
}

const char* event_kind_name(EventKind kind) {
  if (kind == EventKind::erasure_request) {
    return "erasure.request";
  }
  if (kind == EventKind::erasure_done) {
    return "erasure.done";
  }
  if (kind == EventKind::service_publish) {
    return "service.publish";
  }
  if (kind == EventKind::deadline_escalated) {
    return "deadline.escalated";
  }
  const Rule* rule = find_rule(kind);
  return rule == nullptr ? "unknown" : rule->name;
}

bool is_known_kind(std::uint16_t kind) {
  const auto known = static_cast<EventKind>(kind);
  const Rule* rule = find_rule(known);
  return is_about_erasure(known) || is_about_no_case(known) ||
         (rule != nullptr && rule->body != BodyForm::later);
}

std::optional<Capability> capability_for(EventKind kind) {
  if (kind == EventKind::service_publish) {
    return Capability::service_provide;
  }
  const Rule* rule = find_rule(kind);
  return rule == nullptr ? std::nullopt : rule->capability;
}

Operation operation_for(EventKind kind) {
  if (kind == EventKind::service_publish) {
    return Operation::publish_services;
  }
  const Rule* rule = find_rule(kind);
  return rule == nullptr ? Operation::note : rule->operation;
}

}  // namespace hamroh
