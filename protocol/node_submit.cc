// What clients ask of a node: submissions, from checks to the rows that keep them.

#include <utility>

#include "protocol/node.h"
#include "protocol/wire_form.h"

namespace hamroh {

namespace {

Result<EventFacts> facts_of(EventKind kind, ByteView body) {
  const auto said = parse_particulars(body, kind);
  if (!said) {
    return caller_error(Code::invalid_form, "the body does not say what this kind of event needs");
  }
  EventFacts facts;
  facts.about = said->ballot ? said->ballot->subject : said->about.value_or(Digest{});
  facts.member = said->member.value_or(MemberId{});
  if (find_rule(kind)->codes == CodeList::service) {
    facts.service = static_cast<std::uint8_t>(*parse_code<Service>(said->code));
  }
  facts.outcome = said->outcome.value_or(State::none);
  facts.until = said->until;
  return facts;
}

// What a client submits is what travels, but for two kinds: a referral comes whole, and a
// disclosure says only which fields.
Result<BodyFacts> check_submitted(EventKind kind, ByteView body) {
  if (kind == EventKind::tier_disclose) {
    const auto asked = parse_fields(body);
    if (!asked) {
      return caller_error(Code::invalid_form, "it does not say which fields to disclose");
    }
    BodyFacts facts;
    facts.event.about = asked->about;
    return facts;
  }
  HAMROH_ASSIGN(BodyFacts facts, check_body(kind, body));
  if (facts.referral && !facts.referral->committed.empty()) {
    return caller_error(Code::invalid_form, "a referral is submitted whole");
  }
  if (facts.referral && body.size() > limits::referral_bytes_max) {
    return caller_error(Code::too_large, "the form is over 119 KiB");
  }
  return facts;
}

// Why an event that would be void is not taken over.
tl::unexpected<Error> refuse_void(Code reason) {
  switch (reason) {
    case Code::no_standing:
      return caller_error(reason, "this node has not the seat in that case which this needs");
    case Code::wrong_state:
      return caller_error(reason, "the case is in no state in which this may happen");
    case Code::case_closed:
      return caller_error(reason, "the case is closed: reopen it first");
    default:
      return caller_error(reason, "what this is about is not in that case");
  }
}

}  // namespace

bool is_emergency(const Inner& inner) {
  if (inner.kind != static_cast<std::uint16_t>(EventKind::referral_send)) {
    return false;
  }
  const auto form = parse_referral(inner.body);
  return form && form->triage.urgency == Urgency::emergency;
}

MessageId draw_message_id(Turn& turn) {
  auto id = turn.entropy.draw<MessageId>();
  const Bytes time = key_u64(turn.now.ms << 16U);
  std::ranges::copy(ByteView(time).first(6), id.bytes.begin());
  id.bytes[6] = static_cast<std::uint8_t>(0x70U | (id.bytes[6] & 0x0fU));
  id.bytes[8] = static_cast<std::uint8_t>(0x80U | (id.bytes[8] & 0x3fU));
  return id;
}

Result<BodyFacts> check_body(EventKind kind, ByteView body) {
  if (body.size() > limits::body_bytes_max) {
    return caller_error(Code::too_large, "the form is over 120 KiB");
  }
  BodyFacts facts;
  if (is_about_erasure(kind)) {
    if (!parse_erasure(body)) {
      return caller_error(Code::invalid_form, "not the certificate of an erasure");
    }
    return facts;
  }
  if (kind == EventKind::service_publish) {
    if (!parse_services(body)) {
      return caller_error(Code::invalid_form, "not a statement of services");
    }
    return facts;
  }
  if (kind == EventKind::deadline_escalated) {
    if (!parse_deadline(body)) {
      return caller_error(Code::invalid_form, "not a statement about a deadline");
    }
    return facts;
  }
  const Rule* rule = find_rule(kind);
  switch (rule == nullptr ? BodyForm::later : rule->body) {
    case BodyForm::referral: {
      auto form = parse_referral(body);
      if (!form) {
        return caller_error(Code::invalid_form, "the referral form is not valid");
      }
      facts.emergency = form->triage.urgency == Urgency::emergency;
      facts.event.urgency = static_cast<std::uint8_t>(form->triage.urgency);
      facts.referral = std::move(*form);
      return facts;
    }
    case BodyForm::decision: {
      const auto decision = parse_decision(body);
      const bool declines = kind == EventKind::referral_decline;
      if (!decision || decision->reason.has_value() != declines) {
        return caller_error(Code::invalid_form, "a decision needs a reason exactly if it declines");
      }
      facts.event.about = decision->about.value_or(Digest{});
      return facts;
    }
    case BodyForm::note:
      if (!parse_note(body)) {
        return caller_error(Code::invalid_form, "the note is not valid text");
      }
      return facts;
    case BodyForm::particulars: {
      HAMROH_ASSIGN(facts.event, facts_of(kind, body));
      return facts;
    }
    case BodyForm::disclosure: {
      auto disclosure = parse_disclosure(body);
      if (!disclosure) {
        return caller_error(Code::invalid_form, "not a disclosure");
      }
      facts.event.about = disclosure->about;
      facts.disclosure = std::move(*disclosure);
      return facts;
    }
    case BodyForm::consent: {
      const auto statement = parse_consent(body, kind);
      if (!statement) {
        return caller_error(Code::invalid_form, "not a statement about consent");
      }
      facts.event.about = statement->about.value_or(Digest{});
      return facts;
    }
    case BodyForm::consent_applied: {
      const auto applied = parse_applied(body);
      if (!applied) {
        return caller_error(Code::invalid_form, "not an answer to a statement about consent");
      }
      facts.event.about = applied->about;
      return facts;
    }
    case BodyForm::deadline: {
      const auto missed = parse_deadline(body);
      if (!missed) {
        return caller_error(Code::invalid_form, "not a statement about a deadline");
      }
      facts.event.about = missed->about;
      facts.event.member = missed->owes;
      facts.event.service = static_cast<std::uint8_t>(missed->clock);
      facts.event.until = missed->due;
      return facts;
    }
    case BodyForm::attachment:
      if (!AttachmentBody::parse(body)) {
        return caller_error(Code::invalid_form, "not the body of an attachment");
      }
      return facts;
    case BodyForm::services:
    case BodyForm::later:
      break;
  }
  return caller_error(Code::unsupported_kind, "this kind of event is not known here");
}

Result<std::optional<MessageRecord>> Node::read_message(const MemberId& author,
                                                        const MessageId& message,
                                                        Turn& turn) const {
  HAMROH_ASSIGN(const std::optional<Bytes> row,
                turn.store.get(Table::message, MessageRecord::key(author, message)));
  if (!row) {
    return std::optional<MessageRecord>{};
  }
  HAMROH_ASSIGN(MessageRecord record, MessageRecord::parse(*row));
  return std::optional<MessageRecord>(std::move(record));
}

// The same id again: the same answer if it is the same submission, a conflict if it is another one.
Result<Accepted> Node::known_submission(const Submission& submission, const MessageRecord& record,
                                        Turn& turn) const {
  if (record.erased()) {
    return caller_error(Code::erased, "the case of this message was erased here");
  }
  HAMROH_ASSIGN(const Inner inner, read_inner(record, turn));
  std::vector<MemberId> to = submission.to;
  std::ranges::sort(to);
  const CaseId case_id = submission.case_id.value_or(*CaseId::from(submission.message.view()));
  HAMROH_ASSIGN(const bool same_body, says_the_same(inner, submission.body, turn));
  const bool same = inner.kind == static_cast<std::uint16_t>(submission.kind) &&
                    inner.case_id == case_id && same_body && (to.empty() || inner.recipients == to);
  if (!same) {
    return caller_error(Code::conflict, "this message id was used for another message");
  }
  return Accepted{submission.message, inner.case_id, true};
}

// Whether that is what was submitted for a message, of which perhaps only a part has travelled.
Result<bool> Node::says_the_same(const Inner& inner, const Bytes& submitted, Turn& turn) const {
  switch (static_cast<EventKind>(inner.kind)) {
    case EventKind::referral_send: {
      HAMROH_ASSIGN(const auto tiers, read_tiers(inner.message, turn));
      return submitted == (tiers ? tiers->form : inner.body);
    }
    case EventKind::tier_disclose: {
      HAMROH_ASSIGN(const Disclosure disclosure, parse_disclosure(inner.body));
      const auto asked = parse_fields(submitted);
      return asked && asked->about == disclosure.about && disclosure.fields().within(asked->fields);
    }
    case EventKind::status_assign:
    case EventKind::status_refuse:
      return says_the_same_file(inner, submitted, turn);
    default:
      return submitted == inner.body;
  }
}

Status Node::check_recipients(const Submission& submission, bool new_contact, bool emergency,
                              Turn& turn) const {
  if (submission.to.empty() || submission.to.size() > limits::recipients_max) {
    return caller_error(Code::invalid_argument, "a message needs 1 to 16 recipients");
  }
  for (const MemberId& recipient : submission.to) {
    const Member* member = active_member(recipient);
    if (member == nullptr && membership_->find(recipient) != nullptr) {
      return caller_error(Code::revoked, "a recipient's admission was revoked");
    }
    if (member == nullptr || recipient == identity_.member) {
      return caller_error(Code::unknown_member, "a recipient is no active member of the network");
    }
    if (submission.kind == EventKind::referral_send &&
        !member->capabilities.has(Capability::refer_receive)) {
      return caller_error(Code::not_capable, "a recipient does not receive referrals");
    }
    const auto peer = peers_.find(recipient);
    CHECK(peer != peers_.end());
    if (peer->second.outbox.size() >= limits::outbox_messages_per_peer_max) {
      return caller_error(Code::full, "too many messages wait for this member");
    }
  }
  if (outbox_size_ + submission.to.size() > limits::outbox_messages_max) {
    return caller_error(Code::full, "too many messages wait to be delivered");
  }
  if (new_contact && !emergency &&
      membership_->staleness(trusted_now(turn)) == Staleness::expired) {
    return caller_error(Code::directory_expired,
                        "the directory has expired: no new cases but emergencies");
  }
  return {};
}

std::vector<MemberId> Node::usual_recipients(const CaseRecord& record, EventKind kind,
                                             const EventFacts& facts) const {
  std::vector<MemberId> recipients = record.members_of(record.usual_audience(kind, facts));
  const bool offers = kind == EventKind::transfer_offer;
  if (offers && !std::ranges::binary_search(recipients, facts.member)) {
    recipients.push_back(facts.member);
  }
  std::erase_if(recipients, [&](const MemberId& member) {
    const bool known = active_member(member) != nullptr || (offers && member == facts.member);
    return member == identity_.member || !known;
  });
  return recipients;
}

Result<Accepted> Node::submit(const Submission& given, const Actor& actor, Turn& turn) {
  if (locked()) {
    return caller_error(Code::locked, "the vault is locked: unlock it to send");
  }
  if (given.message.is_zero()) {
    return caller_error(Code::invalid_argument, "a message id of zeros");
  }
  if (!actor.may(operation_for(given.kind))) {
    return caller_error(Code::not_permitted, "your role does not allow that kind of event");
  }
  // Before anything that may have changed since: what was accepted is not refused afterwards.
  HAMROH_ASSIGN(const auto known, read_message(identity_.member, given.message, turn));
  if (known) {
    return known_submission(given, *known, turn);
  }
  switch (standing()) {
    case Standing::not_listed:
      return caller_error(Code::not_ready,
                          "this node has not been admitted: join with a directory");
    case Standing::revoked:
      return caller_error(Code::revoked, "this member's admission was revoked");
    case Standing::superseded:
      return caller_error(Code::signing_stopped, "a newer incarnation has taken this node's place");
    case Standing::suspended:  // what it sends waits until the suspension ends
    case Standing::member:
      break;
  }
  if (phase_ == Phase::stopped) {
    return caller_error(Code::signing_stopped, "this ledger is behind what others have seen");
  }
  if (is_about_erasure(given.kind)) {
    return caller_error(Code::invalid_argument, "a node says by itself what it has erased");
  }
  if (given.kind == EventKind::service_publish) {
    return caller_error(Code::invalid_argument, "services belong to no case: publish them");
  }
  if (given.kind == EventKind::deadline_missed || given.kind == EventKind::deadline_escalated) {
    return caller_error(Code::invalid_argument, "a node says by itself what was missed");
  }
  if (given.kind == EventKind::status_disclose) {
    return caller_error(Code::invalid_argument, "a node discloses status files by itself");
  }
  if ((given.kind == EventKind::attachment_add) != (given.attachments.size() == 1)) {
    return caller_error(Code::invalid_argument, "a file is attached chunk by chunk");
  }
  HAMROH_ASSIGN(const BodyFacts facts, check_submitted(given.kind, given.body));
  const auto needed = capability_for(given.kind);
  if (needed && !active_member(identity_.member)->capabilities.has(*needed)) {
    return caller_error(Code::not_capable, "the directory does not allow this node that kind");
  }
  Submission submission = given;
  const bool opens = !given.case_id;
  const bool usual = !opens && given.to.empty();
  submission.case_id = given.case_id.value_or(*CaseId::from(given.message.view()));
  HAMROH_ASSIGN(std::optional<CaseRecord> record, read_case(*submission.case_id, turn));
  if (opens && given.kind != EventKind::referral_send) {
    return caller_error(Code::invalid_argument, "only a referral opens a case");
  }
  if (opens && record) {
    return caller_error(Code::conflict, "a case of that id exists");
  }
  if (!record) {
    HAMROH_ASSIGN(const bool erased, was_erased(*submission.case_id, turn));
    if (erased) {
      return caller_error(Code::erased, "this case was erased here");
    }
  }
  if (opens && case_keys_->full()) {
    return caller_error(Code::full, "this node holds as many cases as it can");
  }
  if (!opens && !record) {
    return caller_error(Code::not_found, "there is no such case here");
  }
  if (!opens && !sees(actor, *submission.case_id, *record, turn)) {
    return caller_error(Code::not_permitted, "this case is not given to you");
  }
  if (!opens) {
    if (!record->has(identity_.member)) {
      return caller_error(Code::no_standing, "this node takes no part in that case");
    }
    if (record->events.size() >= limits::case_events_max) {
      return caller_error(Code::full, "the case holds as many events as it may");
    }
    if (given.kind == EventKind::case_close) {
      HAMROH_TRY(check_may_close(*submission.case_id, *record, turn));
    }
    if (usual) {
      submission.to = usual_recipients(*record, given.kind, facts.event);
    }
  }
  std::ranges::sort(submission.to);
  if (std::ranges::adjacent_find(submission.to) != submission.to.end()) {
    return caller_error(Code::invalid_argument, "a recipient is named twice");
  }
  if (given.kind == EventKind::attachment_add) {
    HAMROH_TRY(check_attachment_recipients(*record, *submission.case_id, submission.to, turn));
  }
  NamedFile named;
  if (!opens) {
    HAMROH_ASSIGN(
        named, name_status_file(*submission.case_id, given.kind, std::move(submission.body), turn));
    submission.body = named.body;
  }
  if (is_voted_on(given.kind)) {
    const Status voted = check_ballot(identity_.member, given.kind, submission.body,
                                      *submission.case_id, record, turn);
    if (!voted && voted.error().blame == Blame::peer) {
      return caller_error(voted.error().code, voted.error().text);
    }
    HAMROH_TRY(voted);
  }
  const bool new_contact = opens || std::ranges::any_of(submission.to, [&](const MemberId& member) {
                             return !record->has(member);
                           });
  HAMROH_TRY(check_recipients(submission, new_contact, facts.emergency, turn));
  HAMROH_TRY(hold_to_consent(submission, usual, facts, record, turn));
  if (facts.referral) {
    const CaseRecord none;
    HAMROH_TRY(check_by_pack(*submission.case_id, *facts.referral, record ? *record : none, turn));
  }
  const bool needs_review =
      facts.referral && facts.referral->consent.exception && !actor.user.is_zero();
  if (needs_review) {
    HAMROH_TRY(make_room_for_task(turn));
  }
  if (!record) {
    record.emplace();
    if (!actor.teams.empty()) {
      record->team = actor.teams.front();
    }
  }
  if (facts.referral) {
    HAMROH_TRY(keep_referral(std::move(submission), *facts.referral, *record, actor, turn));
    if (needs_review) {
      HAMROH_TRY(ask_for_review(given.case_id.value_or(*CaseId::from(given.message.view())),
                                *facts.referral->consent.exception, actor, turn));
    }
    return Accepted{given.message, given.case_id.value_or(*CaseId::from(given.message.view()))};
  }
  if (given.kind == EventKind::tier_disclose) {
    HAMROH_ASSIGN(const DisclosedFields asked, parse_fields(given.body));
    HAMROH_ASSIGN(const Disclosure disclosure,
                  disclosure_by_hand(asked, submission.to, *submission.case_id, *record, turn));
    submission.body = encode(disclosure);
  }
  HAMROH_TRY(keep_submission(submission, facts.event, {}, *record, actor, turn));
  HAMROH_TRY(keep_status_file(*submission.case_id, named, turn));
  if (states_consent(given.kind) || may_have_status_file(given.kind)) {
    HAMROH_TRY(disclose_in_case(*submission.case_id, *record, turn));  // it may open more now
  }
  return Accepted{submission.message, *submission.case_id, false};
}

// By the pack of the case, or what will be that. An emergency goes out with whatever codes it has,
// and to whomever else it must.
Status Node::check_by_pack(const CaseId& id, const ReferralForm& form, const CaseRecord& record,
                           Turn& turn) const {
  const Pack* rules = record.pack.is_zero() ? pack_in_force() : rules_of(record);
  if (rules == nullptr || form.triage.urgency == Urgency::emergency) {
    return {};
  }
  if (find_fault(form, *rules)) {
    return caller_error(Code::unknown_code,
                        "the form has a code that the jurisdiction pack has not: "
                        "hamroh form check --pack FILE says which");
  }
  return check_in_parallel(id, form, record, turn);
}

// Only triage and consent travel, and commitments to the rest, which stays here until its
// recipients may have it: in an emergency, some of it at once.
Status Node::keep_referral(Submission submission, const ReferralForm& form, CaseRecord& record,
                           const Actor& actor, Turn& turn) {
  TierRecord tiers;
  for (TierSeed& seed : tiers.seeds) {
    seed = turn.entropy.draw<TierSeed>();
  }
  tiers.form = std::exchange(submission.body, encode(first_part(form)));
  EventFacts facts;
  facts.urgency = static_cast<std::uint8_t>(form.triage.urgency);
  HAMROH_TRY(keep_submission(submission, facts, commit(form, tiers.seeds), record, actor, turn));
  HAMROH_TRY(keep_tiers(submission.message, *submission.case_id, tiers, turn));
  return form.triage.urgency == Urgency::emergency
             ? disclose_in_case(*submission.case_id, record, turn)
             : Status{};
}

// Nothing is written before everything that may be refused has been.
Status Node::keep_submission(const Submission& submission, const EventFacts& facts,
                             std::vector<Commitment> commitments, CaseRecord& record,
                             const Actor& actor, Turn& turn) {
  const Duration lifetime =
      submission.lifetime.ms == 0 ? options_.message_lifetime : submission.lifetime;
  Inner inner;
  inner.blind = turn.entropy.draw<Salt>();
  inner.network = identity_.network;
  inner.message = submission.message;
  inner.author = identity_.member;
  inner.recipients = submission.to;
  inner.case_id = *submission.case_id;
  for (const MemberId& member : inner.recipients) {
    record.join(member);
  }
  record.join(identity_.member);
  inner.heads = record.heads(record.audience_of(inner.recipients) |
                             record.audience_of(std::span(&identity_.member, 1)));
  inner.directory_version = directory()->value().version;
  inner.expires = turn.now + lifetime;
  inner.created =
      std::min(record.created_after(identity_.member, turn.now), Timestamp{inner.expires.ms - 1});
  inner.kind = static_cast<std::uint16_t>(submission.kind);
  inner.body = submission.body;
  inner.commitments = std::move(commitments);
  if (submission.kind == EventKind::referral_send) {
    const bool opens = inner.message.bytes == inner.case_id.bytes;
    inner.pack = opens ? pack_named() : record.pack;
  }
  inner.attachments = submission.attachments;
  const bool by_itself = actor.user.is_zero();
  if (!by_itself) {
    inner.actor = pseudonym_of(*pseudonyms_, actor.user, inner.case_id);
    inner.actor_role = static_cast<std::uint8_t>(actor.role);
  }
  Bytes bytes = encode_inner(inner);
  if (bytes.size() > limits::message_bytes_max) {
    return caller_error(Code::too_large, "the message is over 128 KiB");
  }
  const Digest digest = message_digest(bytes);
  record.apply(inner, digest, facts, actor.user);
  if (const Code reason = record.fold(inner.case_id).reasons.back(); reason != Code::none) {
    return refuse_void(reason);
  }
  // Whoever begins to work on a case that nobody has is whose it is; but what several have signed
  // is no more hers who signed last.
  const bool voted = is_voted_on(submission.kind) && !facts.about.is_zero();
  if (!by_itself && !voted && actor.role != Role::integration && !is_given_to_somebody(record)) {
    record.assigned.clear();
    record.assign(actor.user);
  }
  Bytes case_row = record.encode();
  if (case_row.size() > case_record_bytes_max ||
      record.participants.size() > limits::case_participants_max) {
    return caller_error(Code::full, "the case holds as much, or as many, as it may");
  }
  if (!record.pack.is_zero()) {
    HAMROH_TRY(set_clocks(inner.case_id, record, turn));
    case_row = record.encode();  // no longer than it was
  }
  HAMROH_TRY(keep_case(inner.case_id, case_row, turn));
  return keep_sent(inner, std::move(bytes), digest, turn);
}

Status Node::say_by_itself(Submission submission, const EventFacts& facts, CaseRecord& record,
                           Turn& turn) {
  submission.message = draw_message_id(turn);
  CaseRecord changed = record;
  const Status sent = keep_submission(submission, facts, {}, changed, Actor{}, turn);
  if (sent) {
    record = std::move(changed);
  }
  return sent || sent.error().blame != Blame::environment ? Status{} : sent;
}

// From what is kept and not from what waits, so that it is the same after a restart.
Result<bool> Node::goes_first(const Inner& inner, Turn& turn) const {
  if (inner.kind != static_cast<std::uint16_t>(EventKind::tier_disclose)) {
    return is_emergency(inner);
  }
  const auto disclosure = parse_disclosure(inner.body);
  if (!disclosure) {
    return false;
  }
  HAMROH_ASSIGN(const auto referral, read_message(identity_.member, disclosure->referral, turn));
  if (!referral || !referral->body) {
    return false;
  }
  HAMROH_ASSIGN(const std::optional<Bytes> bytes, read_body(*referral, turn));
  const auto parsed = bytes ? parse_inner(*bytes) : Result<Inner>(Inner{});
  return parsed && is_emergency(*parsed);
}

Status Node::keep_sent(const Inner& inner, Bytes bytes, const Digest& digest, Turn& turn) {
  // One recipient is named beside the entry; the record has them all.
  const std::uint64_t index =
      append_entry(EntryKind::sent, Code::none, digest, Digest{},
                   {inner.recipients.front(), identity_.member, inner.message}, turn);
  MessageRecord message;
  message.digest = digest;
  message.case_id = inner.case_id;
  message.kind = inner.kind;
  message.created = inner.created;
  message.expires = inner.expires;
  message.index = index;
  message.outcome = EntryKind::sent;
  message.body = index;
  for (const MemberId& recipient : inner.recipients) {
    message.deliveries.push_back({recipient, Level::accepted, Code::none, turn.now, 0});
  }
  HAMROH_TRY(keep_body(index, inner.case_id, bytes, turn));
  HAMROH_TRY(turn.store.put(Table::message, MessageRecord::key(identity_.member, inner.message),
                            message.encode()));
  HAMROH_ASSIGN(const bool urgent, goes_first(inner, turn));
  OutboxItem item{inner.message, digest, index, static_cast<std::uint32_t>(bytes.size()),
                  inner.expires, 0};
  for (const MemberId& recipient : inner.recipients) {
    Outbox& outbox = peers_.at(recipient).outbox;
    item.urgent = urgent;
    const Status queued = outbox.enqueue(index, item);
    CHECK(queued);
  }
  outbox_size_ += inner.recipients.size();
  fresh_.emplace_back(index, inner.message);
  pending_[fresh_.front().first] += inner.recipients.size();
  fresh_inners_.emplace(inner.message, std::move(bytes));
  return {};
}

// One delivery of the message whose first `sent` entry has that index is settled. The row of the
// turn goes when its last one is.
Status Node::settle_pending(std::uint64_t sent_sequence, Turn& turn) {
  auto row = pending_.upper_bound(sent_sequence);
  CHECK(row != pending_.begin());
  --row;
  CHECK(row->second > 0);
  if (--row->second > 0) {
    return {};
  }
  const std::uint64_t key = row->first;
  pending_.erase(row);
  return turn.store.erase(Table::pending, key_u64(key));
}

}  // namespace hamroh
