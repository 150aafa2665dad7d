// What may happen in a case, as one table: for each kind of event its track, the states that it may
// come from and lead to, the capability that its author needs in the directory, the seat that it
// needs in this very case, what its body says, and who of an organisation may do it. Bodies,
// rights, the fold (case_fold.h), the commands and LIFECYCLE.md are all made from this table.
#pragma once

#include <bit>
#include <initializer_list>

#include "protocol/member.h"
#include "protocol/rights.h"

namespace hamroh {

// Kinds of event. Values travel inside inners: explicit, never reused.
enum class EventKind : std::uint16_t {
  referral_send = 1,
  referral_receive = 2,
  referral_accept = 3,
  referral_decline = 4,
  referral_redirect = 5,
  info_request = 6,
  info_answer = 7,
  referral_revoke = 8,
  cancel_request = 9,
  cancel_confirm = 10,
  tier_disclose = 13,
  call_record = 14,
  emergency_start = 15,
  service_report = 16,
  attachment_add = 18,
  status_apply = 20,
  status_pre_grant = 21,
  status_assign = 22,
  status_refuse = 23,
  ministry_confirm = 24,
  ministry_return = 25,
  status_appeal = 26,
  appeal_outcome = 27,
  status_disclose = 28,
  consent_give = 30,
  consent_change = 31,
  consent_withdraw = 32,
  consent_applied = 33,
  case_note = 40,
  record_correct = 41,
  case_close = 42,
  case_reopen = 43,
  transfer_offer = 44,
  transfer_accept = 45,
  transfer_decline = 46,
  deadline_missed = 47,
  deadline_escalated = 48,  // about no case of the recipient's: not in the table
  fund_request = 50,
  fund_approve = 51,
  fund_refuse = 52,
  fund_paid = 53,
  fund_accounted = 54,
  erasure_request = 60,  // these two are about a case, and no part of it: not in the table
  erasure_done = 61,
  service_publish = 70,  // about no case at all: not in the table either
};
// Messages that name no case, but their own id in its place.
[[nodiscard]] constexpr bool is_about_no_case(EventKind kind) {
  return kind == EventKind::service_publish || kind == EventKind::deadline_escalated;
}
[[nodiscard]] constexpr bool is_about_erasure(EventKind kind) {
  return kind == EventKind::erasure_request || kind == EventKind::erasure_done;
}

// How the consent stands, not what somebody did about it.
[[nodiscard]] constexpr bool states_consent(EventKind kind) {
  return kind == EventKind::consent_give || kind == EventKind::consent_change ||
         kind == EventKind::consent_withdraw;
}

// Decisions that rest on a status file.
[[nodiscard]] constexpr bool may_have_status_file(EventKind kind) {
  return kind == EventKind::status_assign || kind == EventKind::status_refuse;
}

enum class Track : std::uint8_t {
  referral = 1,    // many in a case: one for each referral and each of its recipients
  assistance = 2,  // one for each accepted referral and service
  status = 3,
  consent = 4,
  case_ = 5,
  transfer = 6,  // of the case, to another owner
  fund = 7,      // one for each request
};
inline constexpr std::array all_tracks{Track::referral, Track::assistance, Track::status,
                                       Track::consent,  Track::case_,      Track::transfer,
                                       Track::fund};
[[nodiscard]] const char* track_name(Track track);

// The states of all tracks. Values stand in answers of the local API and in bodies (outcome).
enum class State : std::uint8_t {
  none = 0,
  sent = 1,
  received = 2,
  accepted = 3,
  declined = 4,
  redirected = 5,
  info_requested = 6,
  revoked = 7,
  cancel_requested = 8,
  cancelled = 9,
  in_progress = 20,
  completed = 21,
  failed = 22,
  not_attended = 23,
  applied = 30,
  pre_status = 31,
  assigned_unconfirmed = 32,
  refused = 33,
  confirmed = 34,
  returned = 35,
  appealed = 36,
  overturned = 37,
  upheld = 38,
  active = 45,
  narrowed = 46,
  withdrawn = 47,
  open = 50,
  closed = 51,
  offered = 52,
  taken_over = 53,
  turned_down = 54,
  asked = 58,
  approved = 59,
  not_approved = 60,
  paid = 61,
  accounted = 62,
};
inline constexpr State state_last = State::accounted;
[[nodiscard]] const char* state_name(State state);  // "unknown" for a number between
[[nodiscard]] std::optional<State> parse_state(std::string_view name);

class States {
 public:
  constexpr States() = default;
  constexpr States(State one) : bits_(bit(one)) {}  // NOLINT: a state is the set of itself
  constexpr States(std::initializer_list<State> all) {
    for (const State one : all) {
      bits_ |= bit(one);
    }
  }
  [[nodiscard]] constexpr bool has(State one) const {
    return one <= state_last && (bits_ & bit(one)) != 0;
  }
  [[nodiscard]] constexpr bool empty() const { return bits_ == 0; }
  [[nodiscard]] constexpr bool is_one() const { return bits_ != 0 && (bits_ & (bits_ - 1)) == 0; }
  [[nodiscard]] constexpr State only() const { return static_cast<State>(std::countr_zero(bits_)); }
  [[nodiscard]] std::vector<State> list() const;

 private:
  static constexpr std::uint64_t bit(State one) {
    return std::uint64_t{1} << static_cast<unsigned>(one);
  }
  std::uint64_t bits_ = 0;
};
static_assert(static_cast<unsigned>(state_last) < 64, "a set of states is one word");

// The standing in this case that an event needs of its author.
enum class Seat : std::uint8_t {
  participant = 1,  // whom an event before this one was addressed to, or who opened the case
  owner = 2,
  sender = 3,       // of what the event is about
  recipient = 4,    // of what the event is about
  offered = 5,      // to whom the case was offered
  applicant = 6,    // who applied for the status
  decider = 7,      // to whom it was applied
  confirmer = 8,    // to whom the assignment was told, and who did not make it
  appeal_body = 9,  // to whom the appeal was made, and who has not decided before
  author = 10,      // of the event that this one corrects
  node = 11,        // a participant's node, by itself
};
[[nodiscard]] const char* seat_name(Seat seat);

// How the body of an event is laid (form.h).
enum class BodyForm : std::uint8_t {
  referral = 1,
  decision = 2,
  note = 3,
  particulars = 4,
  later = 5,  // none yet: nodes answer `unsupported`
  disclosure = 6,
  consent = 7,
  consent_applied = 8,
  deadline = 9,
  services = 10,
  attachment = 11,
};

// What particulars must, or may, say.
enum class Field : std::uint8_t {
  about = 0,
  code = 1,
  text = 2,
  until = 3,
  member = 4,
  outcome = 5,
  money = 6,
};
inline constexpr std::array all_fields{Field::about,  Field::code,    Field::text, Field::until,
                                       Field::member, Field::outcome, Field::money};
[[nodiscard]] const char* field_name(Field field);

class Fields {
 public:
  constexpr Fields() = default;
  constexpr Fields(std::initializer_list<Field> all) {
    for (const Field one : all) {
      bits_ = static_cast<std::uint8_t>(bits_ | 1U << static_cast<unsigned>(one));
    }
  }
  [[nodiscard]] constexpr bool has(Field one) const {
    return ((bits_ >> static_cast<unsigned>(one)) & 1U) != 0;
  }

 private:
  std::uint8_t bits_ = 0;
};

// Where an event's code comes from: a list of form.h, or the jurisdiction pack.
enum class CodeList : std::uint8_t { none = 0, decline, refusal, closing, service, pack };

struct Rule {
  EventKind kind;
  const char* name;
  Track track;
  States from;
  States to;  // several: the body's outcome says which; none: the state stays
  std::optional<Capability> capability;
  Seat seat;
  Operation operation;  // what a user of the organisation needs the right to
  BodyForm body;
  CodeList codes;
  Fields needed;
  Fields allowed;            // besides
  bool when_closed = false;  // also in a closed case
};
[[nodiscard]] std::span<const Rule> lifecycle();
[[nodiscard]] const Rule* find_rule(EventKind kind);  // none: no event of a case

[[nodiscard]] const char* event_kind_name(EventKind kind);  // "referral.send"; "unknown" otherwise
// Whether this version reads and sends that kind.
[[nodiscard]] bool is_known_kind(std::uint16_t kind);
// Which capability an author needs for a kind; absent if none.
[[nodiscard]] std::optional<Capability> capability_for(EventKind kind);
// What a user needs the right to, to send it; that of a note for what no user sends and for kinds
// that nobody knows.
[[nodiscard]] Operation operation_for(EventKind kind);

}  // namespace hamroh
