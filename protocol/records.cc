#include "protocol/records.h"

#include <algorithm>
#include <functional>
#include <utility>

#include "protocol/wire_form.h"

namespace hamroh {
namespace {

constexpr std::uint8_t record_version = 1;
// Version 1 knew nothing of users, version 2 nothing of audiences and of what events say, version 3
// nothing of clocks.
constexpr std::uint8_t case_record_version = 4;
constexpr std::size_t audience_bits = 64;
static_assert(limits::case_participants_max + limits::recipients_max + 1 <= audience_bits,
              "a message too many may join all its members before it is refused");

tl::unexpected<Error> corrupt() {
  return environment_error(Code::store_corrupt, "a stored record does not parse");
}

Bytes begin_record() {
  return {record_version};
}

bool take_version(ByteReader& reader) {
  return reader.u8() == record_version;
}

// A count that the remaining bytes can hold at `item_bytes` each; absent otherwise.
std::optional<std::size_t> take_count(ByteReader& reader, std::size_t item_bytes) {
  const std::size_t count = reader.u32();
  if (!reader.ok() || count > reader.remaining() / item_bytes) {
    return std::nullopt;
  }
  return count;
}

void put_count(Bytes& out, std::size_t count) {
  put_u32(out, static_cast<std::uint32_t>(count));
}

void put_blob(Bytes& out, ByteView bytes) {
  put_count(out, bytes.size());
  append(out, bytes);
}

std::optional<ByteView> take_blob(ByteReader& reader) {
  const auto length = take_count(reader, 1);
  return length ? std::optional(reader.take(*length)) : std::nullopt;
}

bool take_assignment(ByteReader& reader, CaseRecord& record) {
  const auto team = take_blob(reader);
  const auto users = take_count(reader, UserId::size);
  if (!team || !is_team_name(text(*team)) || !users || *users > limits::assigned_users_max) {
    return false;
  }
  record.team = std::string(text(*team));
  for (std::size_t i = 0; i < *users; ++i) {
    record.assigned.push_back(reader.fixed<UserId>());
  }
  return true;
}

// flags u8 ‖ what they say is there: 1 about[32], 2 member[16], 4 service u8, 8 outcome u8,
// 16 until u64, 32 urgency u8.
void put_facts(Bytes& out, const EventFacts& facts) {
  unsigned flags = facts.about.is_zero() ? 0 : 1;
  flags |= facts.member.is_zero() ? 0 : 2;
  flags |= facts.service == 0 ? 0 : 4;
  flags |= facts.outcome == State::none ? 0 : 8;
  flags |= facts.until.ms == 0 ? 0 : 16;
  flags |= facts.urgency == 0 ? 0 : 32;
  put_u8(out, static_cast<std::uint8_t>(flags));
  if ((flags & 1) != 0) {
    append(out, facts.about.view());
  }
  if ((flags & 2) != 0) {
    append(out, facts.member.view());
  }
  if ((flags & 4) != 0) {
    put_u8(out, facts.service);
  }
  if ((flags & 8) != 0) {
    put_u8(out, static_cast<std::uint8_t>(facts.outcome));
  }
  if ((flags & 16) != 0) {
    put_u64(out, facts.until.ms);
  }
  if ((flags & 32) != 0) {
    put_u8(out, facts.urgency);
  }
}

EventFacts take_facts(ByteReader& reader) {
  EventFacts facts;
  const unsigned flags = reader.u8();
  if ((flags & 1) != 0) {
    facts.about = reader.fixed<Digest>();
  }
  if ((flags & 2) != 0) {
    facts.member = reader.fixed<MemberId>();
  }
  if ((flags & 4) != 0) {
    facts.service = reader.u8();
  }
  if ((flags & 8) != 0) {
    facts.outcome = static_cast<State>(reader.u8());
  }
  if ((flags & 16) != 0) {
    facts.until = {reader.u64()};
  }
  if ((flags & 32) != 0) {
    facts.urgency = reader.u8();
  }
  return facts;
}

// happened u64, 0 if that is `created`; count u8 ‖ (member[16] ‖ time u64)…
void put_times(Bytes& out, const CaseRecord::CaseEvent& event) {
  put_u64(out, event.happened == event.created ? 0 : event.happened.ms);
  put_u8(out, static_cast<std::uint8_t>(event.opened.size()));
  for (const OpenedAt& opened : event.opened) {
    append(out, opened.member.view());
    put_u64(out, opened.time.ms);
  }
}

bool take_times(ByteReader& reader, CaseRecord::CaseEvent& event) {
  const Timestamp happened{reader.u64()};
  event.happened = happened.ms == 0 ? event.created : happened;
  const std::size_t count = reader.u8();
  if (count > limits::recipients_max) {
    return false;
  }
  for (std::size_t i = 0; i < count; ++i) {
    const auto member = reader.fixed<MemberId>();
    event.opened.push_back({member, {reader.u64()}});
  }
  return reader.ok();
}

// pack[32] ‖ due u64 ‖ count u32 ‖ (clock u8 ‖ about[32] ‖ owes[16] ‖ stage u8)…
void put_clocks(Bytes& out, const CaseRecord& record) {
  append(out, record.pack.view());
  put_u64(out, record.due.ms);
  put_count(out, record.marks.size());
  for (const CaseRecord::Mark& mark : record.marks) {
    put_u8(out, static_cast<std::uint8_t>(mark.clock));
    append(out, mark.about.view());
    append(out, mark.owes.view());
    put_u8(out, static_cast<std::uint8_t>(mark.stage));
  }
}

bool take_clocks(ByteReader& reader, CaseRecord& record) {
  record.pack = reader.fixed<Digest>();
  record.due = {reader.u64()};
  const auto marks = take_count(reader, 50);
  if (!marks || *marks > limits::case_marks_max) {
    return false;
  }
  for (std::size_t i = 0; i < *marks; ++i) {
    CaseRecord::Mark mark;
    mark.clock = static_cast<Clock>(reader.u8());
    mark.about = reader.fixed<Digest>();
    mark.owes = reader.fixed<MemberId>();
    mark.stage = static_cast<ClockStage>(reader.u8());
    const auto which = static_cast<std::size_t>(mark.clock);
    if (which < 1 || which > clocks_count || mark.stage > ClockStage::escalated) {
      return false;
    }
    record.marks.push_back(mark);
  }
  return reader.ok();
}

std::optional<CaseRecord::CaseEvent> take_event(ByteReader& reader, std::uint8_t version) {
  CaseRecord::CaseEvent event;
  event.author = reader.fixed<MemberId>();
  event.message = reader.fixed<MessageId>();
  event.digest = reader.fixed<Digest>();
  event.kind = reader.u16();
  event.created = {reader.u64()};
  if (version < 3) {
    (void)reader.u8();  // whether no event named it: follows from the heads
  }
  const auto heads = take_count(reader, Digest::size);
  if (!heads || *heads > limits::heads_max) {
    return std::nullopt;
  }
  for (std::size_t h = 0; h < *heads; ++h) {
    event.heads.push_back(reader.fixed<Digest>());
  }
  if (version >= 3) {
    event.audience = reader.u64();
    event.facts = take_facts(reader);
  }
  if (version >= 2) {
    event.actor = reader.fixed<Pseudonym>();
    event.actor_role = reader.u8();
    event.user = reader.fixed<UserId>();
  }
  event.happened = event.created;
  if (version >= 4 && !take_times(reader, event)) {
    return std::nullopt;
  }
  return event;
}

std::optional<CompactRange> take_range(ByteReader& reader) {
  const auto bytes = take_blob(reader);
  if (!bytes) {
    return std::nullopt;
  }
  auto range = CompactRange::parse(*bytes);
  return range ? std::optional(std::move(*range)) : std::nullopt;
}

std::optional<Note> take_note(ByteReader& reader) {
  auto note = Note::parse(reader.take(Note::encoded_size));
  return note ? std::optional(*note) : std::nullopt;
}

}  // namespace

Bytes MessageRecord::key(const MemberId& author, const MessageId& message) {
  Bytes key;
  key.reserve(32);
  append(key, author.view());
  append(key, message.view());
  return key;
}

Bytes MessageRecord::encode() const {
  Bytes out = begin_record();
  out.reserve(128 + deliveries.size() * 35);
  append(out, digest.view());
  append(out, case_id.view());
  put_u16(out, kind);
  put_u64(out, created.ms);
  put_u64(out, expires.ms);
  put_u64(out, index);
  put_u8(out, static_cast<std::uint8_t>(outcome));
  put_u16(out, static_cast<std::uint16_t>(code));
  put_u8(out, body ? 1 : 0);
  put_u64(out, body.value_or(0));
  put_count(out, deliveries.size());
  for (const Delivery& delivery : deliveries) {
    append(out, delivery.recipient.view());
    put_u8(out, static_cast<std::uint8_t>(delivery.level));
    put_u16(out, static_cast<std::uint16_t>(delivery.code));
    put_u64(out, delivery.changed.ms);
    put_u64(out, delivery.settled_index);
  }
  return out;
}

Result<MessageRecord> MessageRecord::parse(ByteView bytes) {
  ByteReader reader(bytes);
  MessageRecord record;
  if (!take_version(reader)) {
    return corrupt();
  }
  record.digest = reader.fixed<Digest>();
  record.case_id = reader.fixed<CaseId>();
  record.kind = reader.u16();
  record.created = {reader.u64()};
  record.expires = {reader.u64()};
  record.index = reader.u64();
  record.outcome = static_cast<EntryKind>(reader.u8());
  record.code = static_cast<Code>(reader.u16());
  const bool has_body = reader.u8() == 1;
  const std::uint64_t body = reader.u64();
  record.body = has_body ? std::optional(body) : std::nullopt;
  const auto count = take_count(reader, 35);
  if (!count || *count > limits::recipients_max) {
    return corrupt();
  }
  for (std::size_t i = 0; i < *count; ++i) {
    Delivery delivery;
    delivery.recipient = reader.fixed<MemberId>();
    delivery.level = static_cast<Level>(reader.u8());
    delivery.code = static_cast<Code>(reader.u16());
    delivery.changed = {reader.u64()};
    delivery.settled_index = reader.u64();
    record.deliveries.push_back(delivery);
  }
  return reader.finished() ? Result<MessageRecord>(std::move(record)) : corrupt();
}

MessageView MessageRecord::view(const MemberId& author, const MessageId& message,
                                const MemberId& self) const {
  MessageView shown;
  shown.message = message;
  shown.case_id = case_id;
  shown.author = author;
  shown.kind = static_cast<EventKind>(kind);
  shown.created = created;
  shown.expires = expires;
  shown.index = index;
  shown.deliveries = deliveries;
  shown.digest = digest;
  if (author != self) {
    Level level = Level::refused;
    level = outcome == EntryKind::opened ? Level::opened : level;
    level = outcome == EntryKind::expired ? Level::expired : level;
    level = outcome == EntryKind::unsupported ? Level::unsupported : level;
    // When it was opened here, not when it was written there; unknown if no delivery was kept.
    const Timestamp changed = deliveries.empty() ? Timestamp{} : deliveries.front().changed;
    shown.deliveries = {{self, level, code, changed, index}};
  }
  return shown;
}

void MessageRecord::shrink_to_guard() {
  MessageRecord guard;
  guard.digest = digest;
  guard.index = index;
  guard.outcome = outcome;
  guard.code = code;
  *this = std::move(guard);
}

Bytes PackRecord::encode() const {
  Bytes out = begin_record();
  put_u64(out, directory_version);
  put_u8(out, pinned ? 1 : 0);
  append(out, file);
  return out;
}

Result<PackRecord> PackRecord::parse(ByteView bytes) {
  ByteReader reader(bytes);
  PackRecord record;
  const bool known = take_version(reader);
  record.directory_version = reader.u64();
  record.pinned = reader.u8() == 1;
  const ByteView file = reader.take(reader.remaining());
  record.file.assign(file.begin(), file.end());
  return known && reader.finished() ? Result<PackRecord>(std::move(record)) : corrupt();
}

Bytes CaseRecord::key(const CaseId& id) {
  Bytes key(id.bytes.begin(), id.bytes.end());
  put_u16(key, 0);
  return key;
}

Bytes CaseRecord::encode() const {
  Bytes out{case_record_version};
  append(out, opener.view());
  put_u64(out, opened.ms);
  put_count(out, participants.size());
  for (const MemberId& participant : participants) {
    append(out, participant.view());
  }
  put_count(out, events.size());
  for (const CaseEvent& event : events) {
    append(out, event.author.view());
    append(out, event.message.view());
    append(out, event.digest.view());
    put_u16(out, event.kind);
    put_u64(out, event.created.ms);
    put_count(out, event.heads.size());
    for (const Digest& head : event.heads) {
      append(out, head.view());
    }
    put_u64(out, event.audience);
    put_facts(out, event.facts);
    append(out, event.actor.view());
    put_u8(out, event.actor_role);
    append(out, event.user.view());
    put_times(out, event);
  }
  put_count(out, missing.size());
  for (const Digest& digest : missing) {
    append(out, digest.view());
  }
  put_blob(out, view(team));
  put_count(out, assigned.size());
  for (const UserId& user : assigned) {
    append(out, user.view());
  }
  put_clocks(out, *this);
  return out;
}

Result<CaseRecord> CaseRecord::parse(ByteView bytes) {
  ByteReader reader(bytes);
  CaseRecord record;
  const std::uint8_t version = reader.u8();
  if (version == 0 || version > case_record_version) {
    return corrupt();
  }
  record.opener = reader.fixed<MemberId>();
  record.opened = {reader.u64()};
  Audience referred_to = 0;  // of versions 1 and 2
  const auto participants = take_count(reader, version < 3 ? 18 : MemberId::size);
  if (!participants || *participants > limits::case_participants_max) {
    return corrupt();
  }
  for (std::size_t i = 0; i < *participants; ++i) {
    record.participants.push_back(reader.fixed<MemberId>());
    if (version < 3) {
      referred_to |= Audience{reader.u8() == 1} << i;
      (void)reader.u8();  // what it had decided: follows from the events
    }
  }
  const auto events = take_count(reader, 79);
  for (std::size_t i = 0; i < events.value_or(0); ++i) {
    auto event = take_event(reader, version);
    if (!event || !record.has(event->author)) {
      return corrupt();
    }
    if (version < 3) {
      const bool referral = event->kind == static_cast<std::uint16_t>(EventKind::referral_send);
      event->audience = record.audience_of({&event->author, 1}) |
                        (referral ? referred_to : record.audience_of(record.participants));
    }
    if ((event->audience & ~record.audience_of(record.participants)) != 0) {
      return corrupt();
    }
    record.events.push_back(std::move(*event));
  }
  const auto missing = take_count(reader, Digest::size);
  for (std::size_t i = 0; i < missing.value_or(0); ++i) {
    record.missing.push_back(reader.fixed<Digest>());
  }
  const auto unsorted =
      std::ranges::adjacent_find(record.participants, std::ranges::greater_equal{});
  if (unsorted != record.participants.end() || !events || !missing ||
      (version >= 2 && !take_assignment(reader, record)) ||
      (version >= 4 && !take_clocks(reader, record)) || !reader.finished()) {
    return corrupt();
  }
  return record;
}

bool CaseRecord::has(const MemberId& member) const {
  return std::ranges::binary_search(participants, member);
}

void CaseRecord::join(const MemberId& member) {
  const auto found = std::ranges::lower_bound(participants, member);
  if (found != participants.end() && *found == member) {
    return;
  }
  const auto place = static_cast<unsigned>(found - participants.begin());
  participants.insert(found, member);
  CHECK(participants.size() <= audience_bits);
  // Everybody behind has moved on by one.
  const Audience before = (Audience{1} << place) - 1;
  for (CaseEvent& event : events) {
    event.audience = (event.audience & before) | (event.audience & ~before) << 1U;
  }
}

CaseRecord::Audience CaseRecord::audience_of(std::span<const MemberId> members) const {
  Audience audience = 0;
  for (const MemberId& member : members) {
    const auto found = std::ranges::lower_bound(participants, member);
    if (found != participants.end() && *found == member) {
      audience |= Audience{1} << static_cast<unsigned>(found - participants.begin());
    }
  }
  return audience;
}

std::vector<MemberId> CaseRecord::members_of(Audience audience) const {
  std::vector<MemberId> members;
  for (std::size_t i = 0; i < participants.size(); ++i) {
    if ((audience >> i & 1U) != 0) {
      members.push_back(participants[i]);
    }
  }
  return members;
}

CaseRecord::Audience CaseRecord::usual_audience(EventKind kind, const EventFacts& facts) const {
  if (states_consent(kind)) {
    return audience_of(participants);  // whoever has heard of the case hears of that
  }
  const auto about = std::ranges::find(events, facts.about, &CaseEvent::digest);
  const Rule* rule = find_rule(kind);
  const bool of_status = rule != nullptr && rule->track == Track::status;
  if (about != events.end() && !of_status) {
    return about->audience;
  }
  Audience audience = 0;
  for (const CaseEvent& event : events) {
    const Rule* other = find_rule(static_cast<EventKind>(event.kind));
    const bool counts = other != nullptr && (of_status ? other->track == Track::status
                                                       : other->track == Track::referral ||
                                                             other->track == Track::transfer);
    audience |= counts ? event.audience : 0;
  }
  return audience == 0 ? audience_of(participants) : audience;
}

std::vector<Digest> CaseRecord::heads(Audience audience) const {
  const auto hears = [&](const CaseEvent& event) {
    return (event.audience & audience) == audience;
  };
  std::vector<Digest> named;
  for (const CaseEvent& event : events) {
    if (hears(event)) {
      named.insert(named.end(), event.heads.begin(), event.heads.end());
    }
  }
  std::ranges::sort(named);
  std::vector<Digest> heads;
  // The newest arrivals first: if there are more heads than fit, the oldest are named by others
  // later.
  for (auto event = events.rbegin(); event != events.rend(); ++event) {
    if (heads.size() < limits::heads_max && hears(*event) &&
        !std::ranges::binary_search(named, event->digest)) {
      heads.push_back(event->digest);
    }
  }
  std::ranges::sort(heads);
  return heads;
}

void CaseRecord::apply(const Inner& inner, const Digest& digest, const EventFacts& facts,
                       const UserId& user, Timestamp heard) {
  const bool opens = inner.message.bytes == inner.case_id.bytes;
  if (opens) {
    opener = inner.author;
    opened = inner.created;
    pack = inner.pack;
  } else if (opener.is_zero() && !inner.pack.is_zero()) {
    // Until the opening event is here: what any order of arrival makes the same.
    pack = pack.is_zero() ? inner.pack : std::min(pack, inner.pack);
  }
  join(inner.author);
  for (const MemberId& recipient : inner.recipients) {
    join(recipient);
  }
  for (const Digest& head : inner.heads) {
    const auto at = std::ranges::lower_bound(missing, head);
    const bool here = std::ranges::find(events, head, &CaseEvent::digest) != events.end();
    if (!here && (at == missing.end() || *at != head)) {
      missing.insert(at, head);
    }
  }
  if (const auto gap = std::ranges::lower_bound(missing, digest);
      gap != missing.end() && *gap == digest) {
    missing.erase(gap);
  }
  const Audience audience =
      audience_of(inner.recipients) | audience_of(std::span(&inner.author, 1));
  events.push_back({inner.author,
                    inner.message,
                    digest,
                    inner.kind,
                    inner.created,
                    inner.heads,
                    audience,
                    facts,
                    inner.actor,
                    inner.actor_role,
                    user,
                    heard + tuning::clock_skew < inner.created ? heard : inner.created,
                    {}});
}

void CaseRecord::assign(const UserId& user) {
  const auto at = std::ranges::lower_bound(assigned, user);
  const bool present = at != assigned.end() && *at == user;
  if (!present && assigned.size() < limits::assigned_users_max) {
    assigned.insert(at, user);
  }
}

Timestamp CaseRecord::created_after(const MemberId& self, Timestamp now) const {
  const Timestamp believed = now + days(1);
  Timestamp created = now;
  for (const CaseEvent& event : events) {
    if (created <= event.created && (event.author == self || event.created < believed)) {
      created = {event.created.ms + 1};
    }
  }
  return created;
}

CaseState CaseRecord::fold(const CaseId& id) const {
  return fold_case(fold_input(id));
}

std::vector<CaseClock> CaseRecord::clocks(const CaseId& id, const CaseState& state,
                                          const Pack& rules) const {
  return running_clocks(fold_input(id), state, rules);
}

FoldInput CaseRecord::fold_input(const CaseId& id) const {
  FoldInput input;
  input.participants = participants;
  for (const CaseEvent& event : events) {
    if (event.message.bytes == id.bytes && event.author == opener) {
      input.opening = event.digest;
    }
    const auto author = std::ranges::lower_bound(participants, event.author);
    const EventFacts& said = event.facts;
    input.events.push_back({event.digest, static_cast<EventKind>(event.kind),
                            static_cast<std::uint8_t>(author - participants.begin()),
                            event.audience, event.created, event.heads, said.about, said.member,
                            said.service, said.outcome, said.until, said.urgency, event.happened,
                            event.opened});
  }
  return input;
}

Bytes DueKey::encode() const {
  Bytes key = key_u64(time.ms);
  append(key, id.view());
  return key;
}

std::optional<DueKey> DueKey::parse(ByteView key) {
  ByteReader reader(key);
  DueKey due;
  due.time = {reader.u64()};
  due.id = reader.fixed<CaseId>();
  return reader.finished() ? std::optional(due) : std::nullopt;
}

Bytes EscalationRecord::encode() const {
  Bytes out = begin_record();
  append(out, member.view());
  put_u64(out, received.ms);
  append(out, body);
  return out;
}

Result<EscalationRecord> EscalationRecord::parse(ByteView bytes) {
  ByteReader reader(bytes);
  EscalationRecord record;
  const bool known = take_version(reader);
  record.member = reader.fixed<MemberId>();
  record.received = {reader.u64()};
  const ByteView body = reader.take(reader.remaining());
  record.body.assign(body.begin(), body.end());
  return known && reader.finished() ? Result<EscalationRecord>(std::move(record)) : corrupt();
}

Bytes TierRecord::key(const MessageId& referral) {
  Bytes key{'t'};
  append(key, referral.view());
  return key;
}

Bytes TierRecord::due_key(const CaseId& id) {
  Bytes key{'d'};
  append(key, id.view());
  return key;
}

Bytes TierRecord::encode() const {
  Bytes out = begin_record();
  for (const TierSeed& seed : seeds) {
    append(out, seed.view());
  }
  put_blob(out, form);
  return out;
}

Result<TierRecord> TierRecord::parse(ByteView bytes) {
  ByteReader reader(bytes);
  const bool known = take_version(reader);
  TierRecord record;
  for (TierSeed& seed : record.seeds) {
    seed = reader.fixed<TierSeed>();
  }
  const auto form = take_blob(reader);
  if (!known || !form || !reader.finished()) {
    return corrupt();
  }
  record.form.assign(form->begin(), form->end());
  return record;
}

Bytes StatusFileRecord::key(const CaseId& id, const Digest& commitment) {
  Bytes key{'u'};
  append(key, id.view());
  append(key, commitment.view());
  return key;
}

Bytes StatusFileRecord::encode() const {
  Bytes out = begin_record();
  append(out, seed.view());
  put_blob(out, hamroh::encode(file));
  return out;
}

Result<StatusFileRecord> StatusFileRecord::parse(ByteView bytes) {
  ByteReader reader(bytes);
  const bool known = take_version(reader);
  StatusFileRecord record;
  record.seed = reader.fixed<TierSeed>();
  const auto blob = take_blob(reader);
  if (!known || !blob || !reader.finished()) {
    return corrupt();
  }
  auto file = parse_status_file(*blob);
  if (!file) {
    return corrupt();
  }
  record.file = std::move(*file);
  return record;
}

namespace {

Bytes meta_key(std::string_view name) {
  const ByteView bytes = view(name);
  return {bytes.begin(), bytes.end()};
}

}  // namespace

Bytes row::past_key(ByteView key) {
  Bytes name = meta_key("past");
  append(name, key);
  return name;
}

Bytes constitution_key(std::uint64_t version) {
  Bytes key = meta_key("con");
  put_u64(key, version);
  return key;
}

Bytes directory_version_key(std::uint64_t version) {
  Bytes key = meta_key("dv");
  put_u64(key, version);
  return key;
}

Bytes suspension_key(ByteView file) {
  Bytes key = meta_key("sus");
  append(key, crypto::sha256({file}).view());
  return key;
}

Bytes rotation_key(const MemberId& member, std::uint64_t serial) {
  Bytes key = meta_key("rot");
  append(key, member.view());
  put_u64(key, serial);
  return key;
}

Bytes AlarmRecord::prefix() {
  return meta_key("alarm");
}

Bytes AlarmRecord::key() const {
  Bytes key = prefix();
  put_u8(key, static_cast<std::uint8_t>(kind));
  append(key, member.view());
  put_u64(key, version);
  append(key, crypto::sha256({there}).view().first(16));
  return key;
}

Bytes AlarmRecord::encode() const {
  Bytes out = begin_record();
  put_u8(out, static_cast<std::uint8_t>(kind));
  append(out, member.view());
  put_u64(out, version);
  put_u64(out, seen.ms);
  put_blob(out, here);
  put_blob(out, there);
  return out;
}

Result<AlarmRecord> AlarmRecord::parse(ByteView bytes) {
  ByteReader reader(bytes);
  AlarmRecord record;
  if (!take_version(reader)) {
    return corrupt();
  }
  record.kind = static_cast<AlarmKind>(reader.u8());
  record.member = reader.fixed<MemberId>();
  record.version = reader.u64();
  record.seen = {reader.u64()};
  const auto here = take_blob(reader);
  const auto there = take_blob(reader);
  if (!here || !there || !reader.finished()) {
    return corrupt();
  }
  record.here.assign(here->begin(), here->end());
  record.there.assign(there->begin(), there->end());
  return record;
}

Bytes RedeliveryRecord::key(const MemberId& member, std::uint32_t incarnation) {
  Bytes key = meta_key("again");
  append(key, member.view());
  put_u32(key, incarnation);
  return key;
}

Bytes RedeliveryRecord::encode() const {
  Bytes out = begin_record();
  put_u32(out, incarnation);
  put_u64(out, position);
  put_u64(out, cursor);
  return out;
}

Result<RedeliveryRecord> RedeliveryRecord::parse(ByteView bytes) {
  ByteReader reader(bytes);
  RedeliveryRecord record;
  const bool known = take_version(reader);
  record.incarnation = reader.u32();
  record.position = reader.u64();
  record.cursor = reader.u64();
  return known && reader.finished() ? Result<RedeliveryRecord>(record) : corrupt();
}

Bytes PeerRecord::key(const MemberId& member) {
  Bytes key(member.bytes.begin(), member.bytes.end());
  key.push_back('n');
  return key;
}

Bytes PeerRecord::key_sheet_key(const MemberId& member) {
  Bytes key(member.bytes.begin(), member.bytes.end());
  key.push_back('k');
  return key;
}

Bytes PeerRecord::encode() const {
  Bytes out = begin_record();
  put_u32(out, incarnation);
  put_u64(out, heard.ms);
  put_blob(out, range.encode());
  put_u8(out, note ? 1 : 0);
  if (note) {
    append(out, note->encode());
  }
  return out;
}

Result<PeerRecord> PeerRecord::parse(ByteView bytes) {
  ByteReader reader(bytes);
  PeerRecord record;
  if (!take_version(reader)) {
    return corrupt();
  }
  record.incarnation = reader.u32();
  record.heard = {reader.u64()};
  auto range = take_range(reader);
  if (!range) {
    return corrupt();
  }
  record.range = std::move(*range);
  if (reader.u8() == 1) {
    record.note = take_note(reader);
    if (!record.note || record.note->size != record.range.size) {
      return corrupt();
    }
  }
  return reader.finished() ? Result<PeerRecord>(std::move(record)) : corrupt();
}

Bytes PendingRecord::encode() const {
  Bytes out = begin_record();
  put_count(out, messages.size());
  for (const MessageId& message : messages) {
    append(out, message.view());
  }
  return out;
}

Result<PendingRecord> PendingRecord::parse(ByteView bytes) {
  ByteReader reader(bytes);
  PendingRecord record;
  if (!take_version(reader)) {
    return corrupt();
  }
  const auto count = take_count(reader, MessageId::size);
  for (std::size_t i = 0; i < count.value_or(0); ++i) {
    record.messages.push_back(reader.fixed<MessageId>());
  }
  return count && reader.finished() ? Result<PendingRecord>(std::move(record)) : corrupt();
}

Bytes LayoutRecord::encode() const {
  Bytes out = begin_record();
  put_u8(out, done ? 1 : 0);
  append(out, next.view());
  put_u32(out, event);
  return out;
}

Result<LayoutRecord> LayoutRecord::parse(ByteView bytes) {
  ByteReader reader(bytes);
  LayoutRecord record;
  const bool known = take_version(reader);
  record.done = reader.u8() == 1;
  record.next = reader.fixed<CaseId>();
  record.event = reader.u32();
  return known && reader.finished() ? Result<LayoutRecord>(record) : corrupt();
}

Bytes HeldRecord::key(const MemberId& peer, std::uint64_t sequence) {
  Bytes key(peer.bytes.begin(), peer.bytes.end());
  put_u64(key, sequence);
  return key;
}

Bytes HeldRecord::encode() const {
  Bytes out = begin_record();
  put_u64(out, index);
  append(out, digest.view());
  append(out, frame);
  return out;
}

Result<HeldRecord> HeldRecord::parse(ByteView bytes) {
  ByteReader reader(bytes);
  HeldRecord record;
  if (!take_version(reader)) {
    return corrupt();
  }
  record.index = reader.u64();
  record.digest = reader.fixed<Digest>();
  const ByteView frame = reader.take(reader.remaining());
  record.frame.assign(frame.begin(), frame.end());
  return reader.finished() ? Result<HeldRecord>(std::move(record)) : corrupt();
}

Bytes ProofRecord::encode() const {
  Bytes out = begin_record();
  append(out, origin.network.view());
  append(out, origin.member.view());
  put_u32(out, origin.incarnation);
  append(out, note.encode());
  put_blob(out, base.encode());
  put_count(out, hashes.size());
  for (const Digest& hash : hashes) {
    append(out, hash.view());
  }
  put_count(out, leaves.size());
  for (const ProvenLeaf& leaf : leaves) {
    put_u64(out, leaf.index);
    append(out, leaf.leaf.view());
  }
  put_count(out, receipts.size());
  for (const auto& [index, entry] : receipts) {
    put_u64(out, index);
    append(out, entry.encode());
  }
  return out;
}

Result<ProofRecord> ProofRecord::parse(ByteView bytes) {
  ByteReader reader(bytes);
  ProofRecord record;
  if (!take_version(reader)) {
    return corrupt();
  }
  record.origin.network = reader.fixed<NetworkId>();
  record.origin.member = reader.fixed<MemberId>();
  record.origin.incarnation = reader.u32();
  auto note = take_note(reader);
  auto base = take_range(reader);
  if (!note || !base) {
    return corrupt();
  }
  record.note = *note;
  record.base = std::move(*base);
  const auto hashes = take_count(reader, Digest::size);
  for (std::size_t i = 0; i < hashes.value_or(0); ++i) {
    record.hashes.push_back(reader.fixed<Digest>());
  }
  const auto leaves = take_count(reader, 40);
  for (std::size_t i = 0; i < leaves.value_or(0); ++i) {
    const std::uint64_t index = reader.u64();
    record.leaves.push_back({index, reader.fixed<Digest>()});
  }
  const auto receipts = take_count(reader, 8 + Entry::encoded_size);
  for (std::size_t i = 0; i < receipts.value_or(0); ++i) {
    const std::uint64_t index = reader.u64();
    auto entry = Entry::parse(reader.take(Entry::encoded_size));
    if (!entry) {
      return corrupt();
    }
    record.receipts.emplace_back(index, *entry);
  }
  if (!hashes || !leaves || !receipts || !reader.finished()) {
    return corrupt();
  }
  return record;
}

Bytes EpochSecret::key_of(const EpochKeyId& id) {
  Bytes key{'e'};
  append(key, id.view());
  return key;
}

Bytes EpochSecret::encode() const {
  Bytes out = begin_record();
  secret.expose([&out](auto raw) { append(out, raw); });
  append(out, key.view());
  put_u64(out, begins.ms);
  put_u64(out, ends.ms);
  return out;
}

Result<EpochSecret> EpochSecret::parse(ByteView bytes) {
  ByteReader reader(bytes);
  EpochSecret record;
  if (!take_version(reader)) {
    return corrupt();
  }
  const ByteView secret = reader.take(32);
  if (secret.size() == 32) {
    record.secret = AgreementKey(secret.first<32>());
  }
  record.key = reader.fixed<EpochKey>();
  record.begins = {reader.u64()};
  record.ends = {reader.u64()};
  return reader.finished() ? Result<EpochSecret>(std::move(record)) : corrupt();
}

// ---- services ---------------------------------------------------------------------------------

Bytes ServiceRecord::encode() const {
  Bytes out = begin_record();
  put_u64(out, received.ms);
  put_u64(out, serial);
  put_blob(out, statement);
  put_count(out, told.size());
  for (const MemberId& member : told) {
    append(out, member.view());
  }
  put_count(out, messages.size());
  for (const MessageId& message : messages) {
    append(out, message.view());
  }
  return out;
}

Result<ServiceRecord> ServiceRecord::parse(ByteView bytes) {
  ByteReader reader(bytes);
  const bool known = take_version(reader);
  ServiceRecord record;
  record.received = {reader.u64()};
  record.serial = reader.u64();
  const auto statement = take_blob(reader);
  const auto told = take_count(reader, MemberId::size);
  for (std::size_t i = 0; told && i < *told; ++i) {
    record.told.push_back(reader.fixed<MemberId>());
  }
  const auto messages = take_count(reader, MessageId::size);
  for (std::size_t i = 0; messages && i < *messages; ++i) {
    record.messages.push_back(reader.fixed<MessageId>());
  }
  if (!known || !statement || !told || !messages || !reader.finished()) {
    return corrupt();
  }
  record.statement.assign(statement->begin(), statement->end());
  return record;
}

}  // namespace hamroh
