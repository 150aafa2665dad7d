// Consent as it stands in a case: what it allows to go where, whom it bars, who was told of a
// change, what each of them did, and what this node does by itself when it is told.
//
// How it stands is never kept anywhere: it follows from the forms and from the statements on the
// consent's track, which stand in the case. So does what this node still owes as an answer: each
// change or withdrawal that counts, was addressed to it and has no answer of its own. A kill
// between the receipt and the answer loses nothing, and trying again answers nothing twice.
//
// Stopping is nothing but showing less: what the consent does not open any more is left out of what
// people and programs are shown of a referral, until this organisation keeps it on a ground of the
// pack, or erases it. The bytes stay, because proofs rest on them.

#include <utility>

#include "protocol/node.h"
#include "protocol/wire_form.h"

namespace hamroh {
namespace {

bool is_statement(const CaseRecord::CaseEvent& event) {
  return states_consent(static_cast<EventKind>(event.kind));
}

// A statement that takes something away: whoever hears it answers.
bool asks_for_an_answer(const CaseRecord::CaseEvent& event) {
  const auto kind = static_cast<EventKind>(event.kind);
  return kind == EventKind::consent_change || kind == EventKind::consent_withdraw;
}

bool answers(const CaseRecord::CaseEvent& event, const Digest& statement) {
  return event.kind == static_cast<std::uint16_t>(EventKind::consent_applied) &&
         event.facts.about == statement;
}

const TrackState* consent_track(const CaseState& state) {
  const auto found = std::ranges::find(state.tracks, Track::consent, &TrackState::track);
  return found == state.tracks.end() ? nullptr : &*found;
}

const CaseRecord::CaseEvent* find_event(const CaseRecord& record, const Digest& digest) {
  const auto found = std::ranges::find(record.events, digest, &CaseRecord::CaseEvent::digest);
  return found == record.events.end() ? nullptr : &*found;
}

// Which of two comes first in the order of the fold.
bool comes_before(const CaseRecord& record, const CaseState& state, const Digest& one,
                  const Digest& other) {
  for (const std::size_t at : state.order) {
    if (record.events[at].digest == one) {
      return true;
    }
    if (record.events[at].digest == other) {
      return false;
    }
  }
  return false;
}

// The form of each referral that is kept here, in the order of arrival: use(event, form). `read`
// reads the message of an event.
template <class Read, class Use>
Status with_each_form(const CaseRecord& record, const Read& read, const Use& use) {
  for (const CaseRecord::CaseEvent& event : record.events) {
    if (event.kind != static_cast<std::uint16_t>(EventKind::referral_send)) {
      continue;
    }
    HAMROH_ASSIGN(const std::optional<Inner> inner, read(event));
    if (inner) {
      HAMROH_ASSIGN(ReferralForm form, parse_referral(inner->body));
      HAMROH_TRY(use(event, std::move(form)));
    }
  }
  return {};
}

bool is_barred(std::span<const Consent> barring, const ConsentRecipient& recipient) {
  return std::ranges::any_of(barring, [&](const Consent& one) { return bars(one, recipient); });
}

}  // namespace

bool Node::has_statement(const CaseRecord& record) {
  return std::ranges::any_of(record.events, is_statement);
}

// ---- how it stands ------------------------------------------------------------------------------

Result<std::optional<Consent>> Node::stated_consent(const CaseRecord::CaseEvent& statement,
                                                    Turn& turn) const {
  HAMROH_ASSIGN(const auto inner, read_event(statement, turn));
  if (!inner) {
    return environment_error(Code::store_corrupt, "a statement about consent has no body");
  }
  HAMROH_ASSIGN(ConsentStatement said,
                parse_consent(inner->body, static_cast<EventKind>(statement.kind)));
  return std::move(said.consent);
}

// What a coded exception demanded after the person had spoken was sent knowing what she said; what
// was sent before falls under it.
Result<std::optional<Consent>> Node::standing_consent(const CaseRecord& record,
                                                      const CaseState& state,
                                                      const CaseRecord::CaseEvent& referral,
                                                      const Consent& of_form, Turn& turn) const {
  const TrackState* track = consent_track(state);
  if (track == nullptr ||
      (of_form.exception && comes_before(record, state, track->about, referral.digest))) {
    return std::optional(of_form);
  }
  if (track->state == State::withdrawn) {
    return std::optional<Consent>{};
  }
  const CaseRecord::CaseEvent* statement = find_event(record, track->about);
  CHECK(statement != nullptr);
  return stated_consent(*statement, turn);
}

Result<std::optional<Consent>> Node::consent_to_disclose(const CaseId& id, const CaseRecord& record,
                                                         const CaseState& state,
                                                         const CaseRecord::CaseEvent& referral,
                                                         const ReferralForm& form,
                                                         Turn& turn) const {
  HAMROH_ASSIGN(auto stands, standing_consent(record, state, referral, form.consent, turn));
  if (stands && stands->exception) {
    const bool emergency = form.triage.urgency == Urgency::emergency;
    HAMROH_ASSIGN(const bool reviewed, exception_stands(id, emergency, turn));
    if (!reviewed) {
      stands.reset();
    }
  }
  return stands;
}

// Whoever sent without a consent was not alone in that: until a second person has agreed nothing
// follows but in an emergency, and once she has refused nothing does.
Result<bool> Node::exception_stands(const CaseId& id, bool emergency, Turn& turn) const {
  HAMROH_ASSIGN(const std::vector<Task> tasks, all_tasks(turn));
  return std::ranges::none_of(tasks, [&](const Task& task) {
    const bool concerns = task.kind == TaskKind::consent_exception && task.case_id == id;
    return concerns &&
           (task.state == TaskState::refused || (task.state == TaskState::open && !emergency));
  });
}

// Whom it names as those who must never know: the newest consent given or changed counts, also
// after it was withdrawn; where none was, all forms of the case.
Result<std::vector<Consent>> Node::barring_consents(const CaseId& id, const CaseRecord& record,
                                                    Turn& turn) const {
  std::vector<Consent> barring;
  if (has_statement(record)) {
    const CaseState state = record.fold(id);
    for (auto at = state.order.rbegin(); at != state.order.rend(); ++at) {
      const CaseRecord::CaseEvent& event = record.events[*at];
      if (!is_statement(event) || state.reasons[*at] != Code::none ||
          event.kind == static_cast<std::uint16_t>(EventKind::consent_withdraw)) {
        continue;
      }
      HAMROH_ASSIGN(auto said, stated_consent(event, turn));
      barring.push_back(std::move(said).value_or(Consent{}));
      return barring;
    }
  }
  HAMROH_TRY(with_each_form(
      record, [&](const CaseRecord::CaseEvent& event) { return read_event(event, turn); },
      [&](const CaseRecord::CaseEvent&, ReferralForm form) -> Status {
        barring.push_back(std::move(form.consent));
        return {};
      }));
  return barring;
}

// How the consent of every referral of the case that is known here stands, or the statement if
// there is none; what was withdrawn is left out.
Result<std::vector<Consent>> Node::standing_consents(const CaseRecord& record,
                                                     const CaseState& state, Turn& turn) const {
  std::vector<Consent> standing;
  HAMROH_TRY(with_each_form(
      record, [&](const CaseRecord::CaseEvent& event) { return read_event(event, turn); },
      [&](const CaseRecord::CaseEvent& event, const ReferralForm& form) -> Status {
        HAMROH_ASSIGN(auto stands, standing_consent(record, state, event, form.consent, turn));
        if (stands) {
          standing.push_back(std::move(*stands));
        }
        return {};
      }));
  if (standing.empty() && consent_track(state) != nullptr) {
    HAMROH_ASSIGN(auto stands, standing_consent(record, state, {}, {}, turn));
    if (stands) {
      standing.push_back(std::move(*stands));
    }
  }
  return standing;
}

Result<bool> Node::opens_status_file(const CaseId& id, const CaseRecord& record,
                                     const CaseState& state, const MemberId& member,
                                     Turn& turn) const {
  const ConsentRecipient recipient = as_recipient(member);
  HAMROH_ASSIGN(const std::vector<Consent> barring, barring_consents(id, record, turn));
  if (is_barred(barring, recipient)) {
    return false;
  }
  HAMROH_ASSIGN(const std::vector<Consent> standing, standing_consents(record, state, turn));
  return std::ranges::any_of(standing, [&](const Consent& one) {
    return !granted(one, recipient, Occasion::decided, trusted_now(turn)).empty();
  });
}

// The application for the status needs a consent of its own: one that names it as a purpose to each
// commission that it goes to.
Status Node::check_may_apply(const Submission& submission, const CaseRecord& record,
                             Turn& turn) const {
  const CaseState state = record.fold(*submission.case_id);
  HAMROH_ASSIGN(const std::vector<Consent> standing, standing_consents(record, state, turn));
  for (const MemberId& member : submission.to) {
    const ConsentRecipient recipient = as_recipient(member);
    const bool allowed = std::ranges::any_of(standing, [&](const Consent& one) {
      return is_in_force(one, trusted_now(turn)) &&
             allows_purpose(one, recipient, {Service::status_application});
    });
    if (!allowed) {
      return caller_error(Code::consent_missing,
                          "no consent that is in force today names the application for the status "
                          "as a purpose for this member: hamroh consent give CASE");
    }
  }
  return {};
}

ConsentRecipient Node::as_recipient(const MemberId& member) const {
  const Member* entry = membership_->find(member);
  return {member, entry != nullptr ? entry->kind : MemberKind{}};
}

// ---- what it allows to be sent ------------------------------------------------------------------

Status Node::hold_to_consent(Submission& submission, bool usual, const BodyFacts& facts,
                             const std::optional<CaseRecord>& record, Turn& turn) const {
  const CaseId& id = *submission.case_id;
  const Rule* rule = find_rule(submission.kind);
  const bool about_consent = rule != nullptr && rule->track == Track::consent;
  if (about_consent) {
    return check_consent_event(submission, usual, facts, *record, turn);
  }
  std::vector<Consent> barring;
  if (record) {
    HAMROH_ASSIGN(barring, barring_consents(id, *record, turn));
  }
  if (facts.referral) {
    barring.push_back(facts.referral->consent);
  }
  const auto barred = [&](const MemberId& member) {
    return is_barred(barring, as_recipient(member));
  };
  if (usual) {
    std::erase_if(submission.to, barred);  // nobody named them
  }
  const bool suggests = submission.kind == EventKind::referral_redirect ||
                        submission.kind == EventKind::transfer_offer;
  if (submission.to.empty() || std::ranges::any_of(submission.to, barred) ||
      (suggests && barred(facts.event.member))) {
    return caller_error(Code::barred_by_consent,
                        "the person has said that this member must never receive the case");
  }
  if (facts.referral) {
    return check_referral_allowed(submission, *facts.referral, record, turn);
  }
  if (submission.kind == EventKind::status_apply) {
    HAMROH_TRY(check_may_apply(submission, *record, turn));
  }
  const bool new_contact = std::ranges::any_of(
      submission.to, [&](const MemberId& member) { return !record->has(member); });
  if (!has_statement(*record) || (!new_contact && submission.kind != EventKind::case_close)) {
    return {};
  }
  const CaseState state = record->fold(id);
  const TrackState* track = consent_track(state);
  if (track == nullptr || track->state != State::withdrawn) {
    return {};
  }
  if (new_contact) {
    return caller_error(Code::consent_missing,
                        "the consent was withdrawn: nobody who has not heard of it may");
  }
  HAMROH_ASSIGN(const std::vector<MemberId> silent, unanswered(*record, state, turn));
  return silent.empty() ? Status()
                        : caller_error(Code::consent_unanswered,
                                       "not everybody has said what the withdrawal came to there: "
                                       "hamroh consent show CASE");
}

Status Node::check_referral_allowed(const Submission& submission, const ReferralForm& form,
                                    const std::optional<CaseRecord>& record, Turn& turn) const {
  std::vector<Consent> must_allow{form.consent};
  // What the law or a danger demands does not wait for what the person has said.
  if (!form.consent.exception && record && has_statement(*record)) {
    const CaseState state = record->fold(*submission.case_id);
    if (consent_track(state) != nullptr) {
      HAMROH_ASSIGN(auto stands, standing_consent(*record, state, {}, form.consent, turn));
      if (!stands) {
        return caller_error(Code::consent_missing,
                            "the consent was withdrawn: it has to be given anew first");
      }
      must_allow.push_back(std::move(*stands));
    }
  }
  for (const MemberId& member : submission.to) {
    const ConsentRecipient recipient = as_recipient(member);
    for (const Consent& consent : must_allow) {
      if (!allows_sending(consent, recipient, trusted_now(turn))) {
        return caller_error(Code::consent_missing,
                            "no consent that is in force today opens triage to this member");
      }
      if (!allows_purpose(consent, recipient, form.triage.services)) {
        return caller_error(Code::consent_missing,
                            "the consent does not name the application for the status as a "
                            "purpose for this member");
      }
    }
  }
  return {};
}

// A statement goes to everybody in the case; and of answers, a person gives only the one that only
// people can.
Status Node::check_consent_event(const Submission& submission, bool usual, const BodyFacts& facts,
                                 const CaseRecord& record, Turn&) const {
  if (submission.kind == EventKind::consent_applied) {
    HAMROH_ASSIGN(const ConsentApplied applied, parse_applied(submission.body));
    if (applied.did != ConsentAction::kept) {
      return caller_error(Code::invalid_argument,
                          "a node says by itself what it has stopped or erased");
    }
    const Pack* pack = pack_in_force();
    const Ground* ground =
        pack == nullptr ? nullptr : find_ground(*pack, GroundList::keeping, applied.ground);
    if (pack != nullptr && ground == nullptr) {
      return caller_error(Code::unknown_code, "the pack has no such ground for keeping");
    }
    if (ground != nullptr && ground->needs != GroundDetail::nothing && !applied.text) {
      return caller_error(Code::invalid_form,
                          "this ground needs words beside it: the article of law, or more");
    }
    return {};
  }
  for (const MemberId& member : usual_recipients(record, submission.kind, facts.event)) {
    if (!usual && std::ranges::find(submission.to, member) == submission.to.end()) {
      return caller_error(Code::invalid_argument, "how the consent stands goes to everybody");
    }
  }
  return {};
}

Status Node::ask_for_review(const CaseId& id, ConsentException exception, const Actor& actor,
                            Turn& turn) {
  Task task;
  task.id = turn.entropy.draw<TaskId>();
  task.kind = TaskKind::consent_exception;
  task.case_id = id;
  task.user = actor.user;
  task.role = actor.role;
  task.created = turn.now;
  task.reason = name_of(exception);
  return keep_task(task, turn);
}

// ---- who has been told, and what they said ------------------------------------------------------

// Who has not said what the withdrawal came to there, and may still say it: not who was revoked, or
// whose node has settled the message in another way than by opening it. Where somebody else has
// withdrawn it, its receipts are not here; by the end of its time it was delivered or was not, and
// nobody is waited for any longer.
Result<std::vector<MemberId>> Node::unanswered(const CaseRecord& record, const CaseState& state,
                                               Turn& turn) const {
  const TrackState* track = consent_track(state);
  const CaseRecord::CaseEvent* statement = track == nullptr || track->state != State::withdrawn
                                               ? nullptr
                                               : find_event(record, track->about);
  std::vector<MemberId> silent;
  if (statement == nullptr) {
    return silent;
  }
  HAMROH_ASSIGN(const auto message, read_message(statement->author, statement->message, turn));
  const bool own = statement->author == identity_.member;
  const bool over = message && trusted_now(turn) >= message->expires;
  for (const MemberId& member : record.members_of(statement->audience)) {
    bool answered = member == statement->author || active_member(member) == nullptr ||
                    (over && member != identity_.member);
    for (std::size_t at = 0; at < record.events.size(); ++at) {
      answered =
          answered || (record.events[at].author == member && state.reasons[at] == Code::none &&
                       answers(record.events[at], statement->digest));
    }
    if (own && message) {
      const auto delivery = std::ranges::find(message->deliveries, member, &Delivery::recipient);
      answered = answered || (delivery != message->deliveries.end() &&
                              is_settled(delivery->level) && delivery->level != Level::opened);
    }
    if (!answered) {
      silent.push_back(member);
    }
  }
  return silent;
}

bool Node::owes_answer(const CaseRecord& record) const {
  const CaseRecord::Audience self = record.audience_of(std::span(&identity_.member, 1));
  return std::ranges::any_of(record.events, [&](const CaseRecord::CaseEvent& event) {
    return asks_for_an_answer(event) && event.author != identity_.member &&
           (event.audience & self) != 0 && !own_answer(record, event.digest);
  });
}

// The newest.
std::optional<CaseRecord::CaseEvent> Node::own_answer(const CaseRecord& record,
                                                      const Digest& statement) const {
  for (auto event = record.events.rbegin(); event != record.events.rend(); ++event) {
    if (event->author == identity_.member && answers(*event, statement)) {
      return *event;
    }
  }
  return std::nullopt;
}

Result<bool> Node::answer_statements(const CaseId& id, CaseRecord& record, Turn& turn) {
  if (!owes_answer(record)) {
    return false;
  }
  const CaseState state = record.fold(id);
  const CaseRecord::Audience self = record.audience_of(std::span(&identity_.member, 1));
  const bool holds = std::ranges::any_of(record.events, [&](const CaseRecord::CaseEvent& event) {
    return event.kind == static_cast<std::uint16_t>(EventKind::referral_send);
  });
  std::vector<CaseRecord::CaseEvent> owed;
  for (std::size_t at = 0; at < record.events.size(); ++at) {
    const CaseRecord::CaseEvent& event = record.events[at];
    if (asks_for_an_answer(event) && event.author != identity_.member &&
        (event.audience & self) != 0 && state.reasons[at] == Code::none &&
        !own_answer(record, event.digest)) {
      owed.push_back(event);
    }
  }
  bool waits = false;
  for (const CaseRecord::CaseEvent& statement : owed) {
    const ConsentApplied applied{
        statement.digest, holds ? ConsentAction::stopped : ConsentAction::nothing_held, {}};
    HAMROH_ASSIGN(const bool one_waits, send_answer(id, applied, record, turn));
    waits = waits || one_waits;
  }
  return waits;
}

// True if it has to wait.
Result<bool> Node::send_answer(const CaseId& id, const ConsentApplied& applied, CaseRecord& record,
                               Turn& turn) {
  EventFacts facts;
  facts.about = applied.about;
  Submission submission;
  submission.case_id = id;
  submission.kind = EventKind::consent_applied;
  submission.to = usual_recipients(record, submission.kind, facts);
  submission.body = encode(applied);
  if (submission.to.empty()) {
    return false;  // nobody is left to be told
  }
  if (!std::ranges::all_of(submission.to, [&](const auto& one) { return may_disclose_to(one); })) {
    return true;
  }
  HAMROH_TRY(say_by_itself(std::move(submission), facts, record, turn));
  return false;
}

// To whom it is told that a case was erased which others had changed or withdrawn the consent to:
// nothing if nobody waits for that.
Result<std::optional<Node::ErasedAnswer>> Node::erased_answer(const CaseId& id,
                                                              const CaseRecord& record) const {
  const CaseState state =
      has_statement(record) ? record.fold(id) : CaseState{{}, {}, {}, {}, {}, {}};
  const TrackState* track = consent_track(state);
  const CaseRecord::CaseEvent* statement =
      track == nullptr ? nullptr : find_event(record, track->about);
  const CaseRecord::Audience self = record.audience_of(std::span(&identity_.member, 1));
  if (statement == nullptr || !asks_for_an_answer(*statement) ||
      statement->author == identity_.member || (statement->audience & self) == 0) {
    return std::optional<ErasedAnswer>{};
  }
  EventFacts facts;
  facts.about = statement->digest;
  ErasedAnswer answer;
  answer.to = usual_recipients(record, EventKind::consent_applied, facts);
  answer.body = encode(ConsentApplied{statement->digest, ConsentAction::erased, {}});
  return answer.to.empty() ? std::optional<ErasedAnswer>{} : std::optional(std::move(answer));
}

// ---- what is still shown ------------------------------------------------------------------------

// Whether nothing stops: nobody has stated anything, or this organisation keeps what it has on a
// ground.
Result<bool> Node::is_kept(const CaseRecord& record, const CaseState& state, Turn& turn) const {
  const TrackState* track = consent_track(state);
  const auto answer = track == nullptr ? std::nullopt : own_answer(record, track->about);
  if (!answer) {
    return track == nullptr;
  }
  HAMROH_ASSIGN(const auto inner, read_event(*answer, turn));
  if (!inner) {
    return false;
  }
  HAMROH_ASSIGN(const ConsentApplied applied, parse_applied(inner->body));
  return applied.did == ConsentAction::kept;
}

// The same of a status file that it was shown.
Result<bool> Node::stops_status_file(const CaseId& id, const CaseRecord& record, Turn& turn) const {
  if (!has_statement(record)) {
    return false;
  }
  const CaseState state = record.fold(id);
  HAMROH_ASSIGN(const bool kept, is_kept(record, state, turn));
  if (kept) {
    return false;
  }
  HAMROH_ASSIGN(const auto stands, standing_consent(record, state, {}, {}, turn));
  return !stands ||
         !tiers_opened(*stands, {identity_.member, identity_.kind}).has(DisclosureTier::s);
}

// What the consent does not open to this organisation any more, of a referral that it received.
Result<FormFields> Node::stopped_fields(const CaseId& id, const CaseRecord& record,
                                        const CaseRecord::CaseEvent& referral,
                                        const ReferralForm& form, Turn& turn) const {
  if (!has_statement(record)) {
    return FormFields{};
  }
  const CaseState state = record.fold(id);
  HAMROH_ASSIGN(const bool kept, is_kept(record, state, turn));
  if (kept) {
    return FormFields{};
  }
  HAMROH_ASSIGN(const auto stands, standing_consent(record, state, referral, form.consent, turn));
  const FormFields all = fields_of({DisclosureTier::t2, DisclosureTier::t3, DisclosureTier::t4});
  return stands ? all - fields_of(tiers_opened(*stands, {identity_.member, identity_.kind})) : all;
}

}  // namespace hamroh
