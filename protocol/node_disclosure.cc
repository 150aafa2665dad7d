// What of a referral follows it, tier by tier: kept here until it is due, opened to whom the
// consent and the rules of disclosure.h grant it, checked where it comes, and put together there.
//
// A referral that its recipient has accepted is disclosed in the very transaction that applies the
// acceptance. What cannot be said then (a queue is full, this node must not sign) is marked as due
// and tried again; what is due follows from the case alone, so trying again discloses nothing
// twice. The answers to changes of the consent (node_consent.cc) go the same way.

#include <utility>

#include "protocol/node.h"
#include "protocol/wire_form.h"

namespace hamroh {
namespace {

constexpr std::size_t cases_disclosed_per_tick = 16;
constexpr Duration disclosure_interval = seconds(2);
constexpr States waiting{State::sent, State::received, State::info_requested};

// A tier of which the form says nothing is not worth a disclosure.
FormFields without_silent_tiers(FormFields fields, FormFields said) {
  for (const DisclosureTier tier : later_tiers) {
    if ((fields & fields_of(tier) & said).empty()) {
      fields = fields - fields_of(tier);
    }
  }
  return fields;
}

bool is_disclosure_of(const CaseRecord::CaseEvent& event, const CaseRecord::CaseEvent& referral) {
  return event.kind == static_cast<std::uint16_t>(EventKind::tier_disclose) &&
         event.author == referral.author && event.facts.about == referral.digest;
}

// On what occasion this recipient of a referral may have something now.
std::optional<Occasion> occasion_of(State state, bool emergency) {
  if (state == State::accepted) {
    return Occasion::accepted;
  }
  return emergency && waiting.has(state) ? std::optional(Occasion::emergency) : std::nullopt;
}

}  // namespace

// ---- at the sender ------------------------------------------------------------------------------

Status Node::keep_tiers(const MessageId& referral, const CaseId& id, const TierRecord& tiers,
                        Turn& turn) const {
  return keep_for_case(Table::tier, TierRecord::key(referral), id, tiers.encode(), turn);
}

Result<std::optional<TierRecord>> Node::read_tiers(const MessageId& referral, Turn& turn) const {
  const Bytes key = TierRecord::key(referral);
  HAMROH_ASSIGN(std::optional<Bytes> row, turn.store.get(Table::tier, key));
  if (row) {
    HAMROH_ASSIGN(row, open_for_case(Table::tier, key, std::move(*row), turn));
  }
  if (!row) {
    return std::optional<TierRecord>{};  // sent whole, by a version before, or erased
  }
  HAMROH_ASSIGN(TierRecord record, TierRecord::parse(*row));
  return std::optional<TierRecord>(std::move(record));
}

// Those of a referral that are kept here and went to one of that audience, in the order of arrival.
Result<std::vector<Disclosure>> Node::disclosures_of(const CaseRecord& record,
                                                     const CaseRecord::CaseEvent& referral,
                                                     CaseRecord::Audience audience,
                                                     Turn& turn) const {
  std::vector<Disclosure> found;
  for (const CaseRecord::CaseEvent& event : record.events) {
    if (!is_disclosure_of(event, referral) || (event.audience & audience) == 0) {
      continue;
    }
    HAMROH_ASSIGN(const auto inner, read_event(event, turn));
    if (inner) {
      HAMROH_ASSIGN(Disclosure disclosure, parse_disclosure(inner->body));
      found.push_back(std::move(disclosure));
    }
  }
  return found;
}

Result<FormFields> Node::disclosed_to(const CaseRecord& record,
                                      const CaseRecord::CaseEvent& referral,
                                      const MemberId& recipient, Turn& turn) const {
  FormFields fields;
  const CaseRecord::Audience place = record.audience_of(std::span(&recipient, 1));
  HAMROH_ASSIGN(const std::vector<Disclosure> all, disclosures_of(record, referral, place, turn));
  for (const Disclosure& disclosure : all) {
    fields |= disclosure.fields();
  }
  return fields;
}

FormFields Node::granted_to(const MemberId& member, const std::optional<Consent>& consent,
                            Occasion occasion, const Turn& turn) const {
  const Member* recipient = active_member(member);
  return consent && recipient != nullptr
             ? granted(*consent, {member, recipient->kind}, occasion, trusted_now(turn))
             : FormFields{};
}

// What is granted to that recipient by now and was not disclosed to it.
Result<FormFields> Node::owed_fields(const CaseRecord& record,
                                     const CaseRecord::CaseEvent& referral,
                                     const ReferralForm& form,
                                     const std::optional<Consent>& consent, const TrackState& track,
                                     Turn& turn) const {
  const bool emergency = form.triage.urgency == Urgency::emergency;
  const auto occasion = occasion_of(track.state, emergency);
  if (!occasion) {
    return FormFields{};
  }
  const FormFields may_have = granted_to(track.member, consent, *occasion, turn);
  const FormFields worth = without_silent_tiers(may_have, fields_in(form));
  if (worth.empty()) {
    return worth;
  }
  HAMROH_ASSIGN(const FormFields before, disclosed_to(record, referral, track.member, turn));
  return worth - before;
}

bool Node::may_disclose_to(const MemberId& recipient) const {
  const Standing now = standing();
  return phase_ != Phase::stopped && (now == Standing::member || now == Standing::suspended) &&
         has_room_for(recipient);
}

Status Node::send_disclosure(EventKind kind, const CaseId& id, const CaseRecord::CaseEvent& about,
                             const MemberId& recipient, Disclosure disclosure, CaseRecord& record,
                             Turn& turn) {
  disclosure.about = about.digest;
  disclosure.referral = about.message;
  Submission submission;
  submission.case_id = id;
  submission.kind = kind;
  submission.to = {recipient};
  submission.body = encode(disclosure);
  EventFacts facts;
  facts.about = about.digest;
  return say_by_itself(std::move(submission), facts, record, turn);
}

// All that is owed out of one referral; true if something has to wait.
Result<bool> Node::disclose_referral(const CaseId& id, const CaseRecord::CaseEvent& referral,
                                     CaseRecord& record, Turn& turn) {
  HAMROH_ASSIGN(const auto tiers, read_tiers(referral.message, turn));
  if (!tiers) {
    return false;
  }
  HAMROH_ASSIGN(const ReferralForm form, parse_referral(tiers->form));
  bool waits = false;
  const CaseState state = record.fold(id);
  HAMROH_ASSIGN(const auto consent, consent_to_disclose(id, record, state, referral, form, turn));
  for (const TrackState& track : state.tracks) {
    if (track.track != Track::referral || track.about != referral.digest ||
        state.whole().state == State::closed) {
      continue;
    }
    HAMROH_ASSIGN(const FormFields owed, owed_fields(record, referral, form, consent, track, turn));
    if (owed.empty()) {
      continue;
    }
    if (!may_disclose_to(track.member)) {
      waits = true;
      continue;
    }
    HAMROH_TRY(send_disclosure(EventKind::tier_disclose, id, referral, track.member,
                               disclose(form, tiers->seeds, owed), record, turn));
    // What a full case takes no more, people see as missing.
  }
  return waits;
}

Status Node::disclose_in_case(const CaseId& id, CaseRecord& record, Turn& turn) {
  HAMROH_ASSIGN(bool waits, answer_statements(id, record, turn));
  std::vector<CaseRecord::CaseEvent> referrals;
  for (const CaseRecord::CaseEvent& event : record.events) {
    if (event.author == identity_.member &&
        event.kind == static_cast<std::uint16_t>(EventKind::referral_send)) {
      referrals.push_back(event);
    }
  }
  for (const CaseRecord::CaseEvent& referral : referrals) {
    HAMROH_ASSIGN(const bool one_waits, disclose_referral(id, referral, record, turn));
    waits = waits || one_waits;
  }
  HAMROH_ASSIGN(const bool file_waits, disclose_status_files(id, record, turn));
  if (!waits && !file_waits) {
    return turn.store.erase(Table::tier, TierRecord::due_key(id));
  }
  disclosures_wait_ = true;
  return turn.store.put(Table::tier, TierRecord::due_key(id), Bytes{1});
}

Status Node::load_disclosures(Turn& turn) {
  disclosures_wait_ = false;
  return turn.store.scan(Table::tier, TierRecord::due_key(CaseId{}), TierRecord::key(MessageId{}),
                         Transaction::Order::ascending, [&](ByteView, ByteView) {
                           disclosures_wait_ = true;
                           return false;
                         });
}

// What had to wait is tried again, a few cases at a time, beginning behind where it ended.
Status Node::disclose_what_is_due(Turn& turn) {
  if (!disclosures_wait_ || locked() || directory() == nullptr ||
      turn.monotonic < next_disclosure_) {
    return {};
  }
  next_disclosure_ = Duration{turn.monotonic.ms + disclosure_interval.ms};
  std::vector<CaseId> due;
  HAMROH_TRY(turn.store.scan(Table::tier, TierRecord::due_key(due_from_),
                             TierRecord::key(MessageId{}), Transaction::Order::ascending,
                             [&](ByteView key, ByteView) {
                               if (const auto id = CaseId::from(key.subspan(1))) {
                                 due.push_back(*id);
                               }
                               return due.size() < cases_disclosed_per_tick;
                             }));
  for (const CaseId& id : due) {
    HAMROH_ASSIGN(auto record, read_case(id, turn));
    if (record) {
      HAMROH_TRY(disclose_in_case(id, *record, turn));
    } else {
      HAMROH_TRY(turn.store.erase(Table::tier, TierRecord::due_key(id)));
    }
  }
  const bool all = due.size() < cases_disclosed_per_tick;
  due_from_ = all ? CaseId{} : due.back();
  return all ? load_disclosures(turn) : Status{};
}

// What a person asked to be disclosed, opened. Errors (caller): what the person has to know.
Result<Disclosure> Node::disclosure_by_hand(const DisclosedFields& asked,
                                            std::span<const MemberId> to, const CaseId& id,
                                            const CaseRecord& record, Turn& turn) const {
  const auto referral =
      std::ranges::find(record.events, asked.about, &CaseRecord::CaseEvent::digest);
  std::optional<TierRecord> tiers;
  if (referral != record.events.end() && referral->author == identity_.member) {
    HAMROH_ASSIGN(tiers, read_tiers(referral->message, turn));
  }
  if (!tiers) {
    return caller_error(Code::not_found,
                        "this node has sent no such referral of which it holds more than was sent");
  }
  if (to.size() != 1) {
    return caller_error(Code::invalid_argument, "a disclosure goes to one recipient");
  }
  const CaseState state = record.fold(id);
  const auto track = std::ranges::find_if(state.tracks, [&](const TrackState& one) {
    return one.track == Track::referral && one.about == asked.about && one.member == to.front();
  });
  if (track == state.tracks.end()) {
    return caller_error(Code::no_standing, "that member is no recipient of the referral");
  }
  HAMROH_ASSIGN(const ReferralForm form, parse_referral(tiers->form));
  auto occasion = occasion_of(track->state, form.triage.urgency == Urgency::emergency);
  if (!occasion) {
    return caller_error(Code::wrong_state,
                        "that member has not accepted the referral: it gets no more until it has");
  }
  occasion = *occasion == Occasion::accepted ? Occasion::by_hand : *occasion;
  HAMROH_ASSIGN(const auto consent, consent_to_disclose(id, record, state, *referral, form, turn));
  const FormFields may_have = granted_to(to.front(), consent, *occasion, turn);
  if (!asked.fields.within(may_have)) {
    return caller_error(Code::not_granted,
                        "neither the consent nor the rules open all of that to this member");
  }
  const FormFields worth = without_silent_tiers(asked.fields, fields_in(form));
  if (worth.empty()) {
    return caller_error(Code::not_found, "the form says nothing there");
  }
  Disclosure disclosure = disclose(form, tiers->seeds, worth);
  disclosure.about = asked.about;
  disclosure.referral = referral->message;
  return disclosure;
}

// ---- at the recipient ---------------------------------------------------------------------------

// A disclosure that overtook its referral is not judged: it comes again.
Result<Node::Verdict> Node::judge_disclosure(const MemberId& member, const Inner& inner,
                                             const Disclosure& disclosure,
                                             const std::optional<CaseRecord>& record,
                                             Turn& turn) const {
  const auto refuse = [](Code code) { return Verdict{EntryKind::refused, code}; };
  HAMROH_ASSIGN(const auto referral, read_message(member, disclosure.referral, turn));
  if (!referral) {
    HAMROH_ASSIGN(const bool erased, was_erased(inner.case_id, turn));
    return erased ? Result<Verdict>(refuse(Code::erased))
                  : peer_error(Code::not_ready, "a disclosure of a referral not known here yet");
  }
  if (referral->erased()) {
    return refuse(Code::erased);
  }
  const bool of_that = referral->kind == static_cast<std::uint16_t>(EventKind::referral_send) &&
                       referral->digest == disclosure.about && referral->body &&
                       referral->case_id == inner.case_id && record;
  if (!of_that) {
    return refuse(Code::not_found);
  }
  // Whoever declined keeps nothing that comes late.
  const CaseState state = record->fold(inner.case_id);
  const States may_come = find_rule(EventKind::tier_disclose)->from;
  const bool expected = std::ranges::any_of(state.tracks, [&](const TrackState& track) {
    return track.track == Track::referral && track.about == disclosure.about &&
           track.member == identity_.member && may_come.has(track.state);
  });
  if (!expected) {
    return refuse(Code::wrong_state);
  }
  HAMROH_ASSIGN(const Inner committed, read_inner(*referral, turn));
  return check(disclosure, committed.commitments)
             ? Verdict{EntryKind::opened, Code::none}
             : Verdict{EntryKind::refused, Code::commitment_mismatch, {}, disclosure.referral};
}

// The other thing that its author said about a referral, beside the referral, and gone with it.
Status Node::keep_mismatch(const MemberId& member, const MessageId& referral, const CaseId& id,
                           ByteView inner, Turn& turn) const {
  const Bytes key = MessageRecord::key(member, referral);
  HAMROH_ASSIGN(const std::optional<Bytes> evidence, turn.store.get(Table::conflict, key));
  return evidence ? Status{} : keep_for_case(Table::conflict, key, id, inner, turn);
}

// ---- what is shown ------------------------------------------------------------------------------

// The form of a referral as far as this node has it.
Result<ReferralForm> Node::known_form(const Inner& inner, const Digest& digest, Turn& turn) const {
  if (inner.author == identity_.member) {
    HAMROH_ASSIGN(const auto tiers, read_tiers(inner.message, turn));
    return parse_referral(tiers ? tiers->form : inner.body);
  }
  HAMROH_ASSIGN(ReferralForm form, parse_referral(inner.body));
  HAMROH_ASSIGN(const auto record, read_case(inner.case_id, turn));
  if (!record) {
    return form;
  }
  const auto referral = std::ranges::find(record->events, digest, &CaseRecord::CaseEvent::digest);
  if (referral == record->events.end()) {
    return form;
  }
  constexpr CaseRecord::Audience anybody = ~CaseRecord::Audience{0};
  HAMROH_ASSIGN(const std::vector<Disclosure> all,
                disclosures_of(*record, *referral, anybody, turn));
  for (const Disclosure& disclosure : all) {
    HAMROH_ASSIGN(const CheckedDisclosure checked, check(disclosure, inner.commitments));
    checked.merge_into(form);
  }
  HAMROH_ASSIGN(const FormFields stopped,
                stopped_fields(inner.case_id, *record, *referral, form, turn));
  if (!stopped.empty()) {
    withhold(form, stopped);
    form.committed = form.committed | stopped;
  }
  return form;
}

// A disclosure is shown by its fields only: what they say stands in the referral, behind the second
// person that the sealed tier needs.
Result<Node::StoredBody> Node::shown_body(const Inner& inner, const Digest& digest,
                                          bool sealed_tier, Turn& turn) const {
  StoredBody shown{static_cast<EventKind>(inner.kind), inner.body, inner.case_id, false};
  if (shown.kind == EventKind::tier_disclose || shown.kind == EventKind::status_disclose) {
    HAMROH_ASSIGN(const Disclosure disclosure, parse_disclosure(inner.body));
    shown.body = encode(DisclosedFields{disclosure.about, disclosure.fields()});
  }
  if (shown.kind == EventKind::attachment_add) {
    HAMROH_ASSIGN(const AttachmentBody body, AttachmentBody::parse(inner.body));
    shown.body = body.encode_shown();
  }
  if (shown.kind != EventKind::referral_send) {
    return shown;
  }
  HAMROH_ASSIGN(ReferralForm form, known_form(inner, digest, turn));
  if (!sealed_tier && form.sealed) {
    form.sealed.reset();
    shown.withheld = true;
  }
  shown.body = encode(form);
  return shown;
}

}  // namespace hamroh
