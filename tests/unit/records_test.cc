// Rows: what is written comes back, and no shortened or lengthened row passes for a whole one.

#include "protocol/records.h"

#include <functional>
#include <set>

#include "tests/unit/envelope_fixture.h"

namespace hamroh {
namespace {

using store_fixture::bytes;

template <class Fixed>
Fixed filled(std::uint8_t byte) {
  Fixed value;
  value.bytes.fill(byte);
  return value;
}

MessageRecord message_record() {
  MessageRecord record;
  record.digest = filled<Digest>(1);
  record.case_id = filled<CaseId>(2);
  record.kind = 3;
  record.created = {4};
  record.expires = {5};
  record.index = 6;
  record.outcome = EntryKind::refused;
  record.code = Code::conflict;
  record.body = 7;
  record.deliveries = {{filled<MemberId>(8), Level::stored, Code::none, {9}, 0},
                       {filled<MemberId>(10), Level::refused, Code::conflict, {11}, 12}};
  return record;
}

CaseRecord case_record() {
  CaseRecord record;
  record.opener = filled<MemberId>(1);
  record.opened = {2};
  record.participants = {filled<MemberId>(1), filled<MemberId>(3)};
  CaseRecord::CaseEvent event;
  event.author = filled<MemberId>(1);
  event.message = filled<MessageId>(4);
  event.digest = filled<Digest>(5);
  event.kind = 1;
  event.created = {6};
  event.heads = {filled<Digest>(7), filled<Digest>(8)};
  event.audience = 3;
  event.happened = {5};
  event.opened = {{filled<MemberId>(3), {8}}};
  record.events = {event, event};
  record.events[1].happened = event.created;
  record.events[1].facts = {filled<Digest>(5), filled<MemberId>(3), 2, State::completed, {77}, 2};
  record.pack = filled<Digest>(11);
  record.due = {99};
  record.marks = {{Clock::receipt, filled<Digest>(5), filled<MemberId>(3), ClockStage::missed}};
  record.missing = {filled<Digest>(9)};
  return record;
}

PeerRecord peer_record() {
  envelope_fixture::Sender sender;
  for (int i = 0; i < 5; ++i) {
    sender.append_other();
  }
  return {3, sender.note(), sender.range(), {77}};
}

ProofRecord proof_record() {
  const auto entry = envelope_fixture::entry(EntryKind::opened, filled<Digest>(6));
  ProofRecord record;
  record.origin = envelope_fixture::origin();
  record.note = *peer_record().note;
  record.base = peer_record().range;
  record.hashes = {filled<Digest>(1), filled<Digest>(2)};
  record.leaves = {{4, filled<Digest>(3)}, {9, filled<Digest>(4)}};
  record.receipts = {{9, entry}};
  return record;
}

// Every row but the last byte, but the last two …; a byte too many; another version.
template <class Record>
void expect_strict(const Bytes& row) {
  ASSERT_TRUE(Record::parse(row));
  const auto refused = [](ByteView changed) {
    const auto parsed = Record::parse(changed);
    return !parsed && parsed.error() == Error{Code::store_corrupt, Blame::environment, ""};
  };
  for (std::size_t length = 0; length < row.size(); ++length) {
    ASSERT_TRUE(refused(ByteView(row).first(length))) << length;
  }
  Bytes longer = row;
  longer.push_back(0);
  EXPECT_TRUE(refused(longer));
  Bytes other_version = row;
  other_version[0] += 1;
  EXPECT_TRUE(refused(other_version));
}

// No damaged byte may crash a parser or make it take more than the row holds.
template <class Record>
void expect_no_crash(const Bytes& row) {
  for (std::size_t at = 0; at < row.size(); ++at) {
    for (const std::uint8_t mask : {std::uint8_t{0x01}, std::uint8_t{0xff}}) {
      Bytes changed = row;
      changed[at] ^= mask;
      const auto parsed = Record::parse(changed);
      ASSERT_TRUE(!parsed || parsed->encode().size() <= row.size()) << at;
    }
  }
}

TEST(MessageRow, RoundTripsAndIsStrict) {
  MessageRecord record = message_record();
  EXPECT_EQ(MessageRecord::parse(record.encode()).value(), record);
  record.body.reset();
  record.deliveries.clear();
  EXPECT_EQ(MessageRecord::parse(record.encode()).value(), record);
  expect_strict<MessageRecord>(message_record().encode());
  expect_no_crash<MessageRecord>(message_record().encode());
}

TEST(MessageRow, HasNoMoreDeliveriesThanAMessageHasRecipients) {
  MessageRecord record = message_record();
  record.deliveries.resize(limits::recipients_max, record.deliveries[0]);
  EXPECT_TRUE(MessageRecord::parse(record.encode()));
  record.deliveries.push_back(record.deliveries[0]);
  EXPECT_FALSE(MessageRecord::parse(record.encode()));
}

TEST(MessageRow, ShowsAReceivedMessageAsWhatThisNodeDidWithIt) {
  const MemberId author = filled<MemberId>(1);
  const MemberId self = filled<MemberId>(2);
  const auto shown = [&](EntryKind outcome) {
    MessageRecord record = message_record();
    record.outcome = outcome;
    return record.view(author, filled<MessageId>(3), self).level();
  };
  EXPECT_EQ(shown(EntryKind::opened), Level::opened);
  EXPECT_EQ(shown(EntryKind::refused), Level::refused);
  EXPECT_EQ(shown(EntryKind::expired), Level::expired);
  EXPECT_EQ(shown(EntryKind::unsupported), Level::unsupported);
}

TEST(MessageRow, ShowsAnOwnMessageAsItsRecipientsTookIt) {
  const MemberId self = filled<MemberId>(2);
  const auto shown = [&](Level first, Level second) {
    MessageRecord record = message_record();
    record.deliveries[0].level = first;
    record.deliveries[1].level = second;
    const MessageView view = record.view(self, filled<MessageId>(3), self);
    EXPECT_EQ(view.deliveries, record.deliveries);
    return view.level();
  };
  // The slowest counts, and a failure more than slowness.
  EXPECT_EQ(shown(Level::opened, Level::opened), Level::opened);
  EXPECT_EQ(shown(Level::opened, Level::stored), Level::stored);
  EXPECT_EQ(shown(Level::accepted, Level::opened), Level::accepted);
  EXPECT_EQ(shown(Level::stored, Level::refused), Level::refused);
  EXPECT_EQ(shown(Level::expired, Level::accepted), Level::expired);
}

TEST(CaseRow, RoundTripsAndIsStrict) {
  EXPECT_EQ(CaseRecord::parse(case_record().encode()).value(), case_record());
  EXPECT_EQ(CaseRecord::parse(CaseRecord().encode()).value(), CaseRecord());
  expect_strict<CaseRecord>(case_record().encode());
  expect_no_crash<CaseRecord>(case_record().encode());
}

// A row as version 2 had it: of each participant whether something was referred to it and what it
// had decided; of each event whether no other named it.
Bytes row_of_version_2() {
  const CaseRecord record = case_record();
  Bytes row{2};
  append(row, record.opener.view());
  put_u64(row, record.opened.ms);
  put_u32(row, 3);
  for (const std::uint8_t member : std::array<std::uint8_t, 3>{1, 3, 4}) {
    append(row, filled<MemberId>(member).view());
    put_u8(row, member == 3 ? 1 : 0);
    put_u8(row, member == 3 ? 1 : 0);
  }
  put_u32(row, 2);
  for (const std::uint16_t kind : {std::uint16_t{1}, std::uint16_t{3}}) {
    append(row, filled<MemberId>(kind == 1 ? 1 : 3).view());
    append(row, filled<MessageId>(4).view());
    append(row, filled<Digest>(static_cast<std::uint8_t>(kind)).view());
    put_u16(row, kind);
    put_u64(row, 6);
    put_u8(row, kind == 3 ? 1 : 0);
    put_u32(row, kind == 3 ? 1 : 0);
    if (kind == 3) {
      append(row, filled<Digest>(1).view());
    }
    append(row, Pseudonym().view());
    put_u8(row, 0);
    append(row, UserId().view());
  }
  put_u32(row, 0);
  put_u32(row, 6);
  append(row, view("intake"));
  put_u32(row, 0);
  return row;
}

TEST(CaseRow, OfVersion2IsReadAndWrittenAsOneOfVersion4) {
  const auto record = CaseRecord::parse(row_of_version_2());
  ASSERT_TRUE(record);
  ASSERT_EQ(record->events.size(), 2U);
  EXPECT_EQ(record->events[0].audience, 3U) << "the referral: to whom one was addressed";
  EXPECT_EQ(record->events[1].audience, 7U) << "everything else: to all";
  EXPECT_EQ(record->fold(filled<CaseId>(4)).referral(), State::accepted);
  EXPECT_EQ(record->heads(3), std::vector<Digest>{filled<Digest>(3)});
  EXPECT_EQ(record->events[0].happened, record->events[0].created);
  EXPECT_TRUE(record->pack.is_zero()) << "no clock runs in it";
  EXPECT_EQ(CaseRecord::parse(record->encode()).value(), *record);
  expect_strict<CaseRecord>(record->encode());
}

TEST(CaseRow, RefusesWhatCannotBe) {
  const auto refused = [](const std::function<void(CaseRecord&)>& change) {
    CaseRecord record = case_record();
    change(record);
    return !CaseRecord::parse(record.encode());
  };
  EXPECT_FALSE(refused([](CaseRecord&) {}));
  EXPECT_TRUE(refused([](CaseRecord& r) { r.events[0].author = filled<MemberId>(9); }));
  EXPECT_TRUE(refused([](CaseRecord& r) { r.events[0].audience = 4; }));
  EXPECT_TRUE(refused([](CaseRecord& r) { r.marks[0].clock = Clock{}; }));
  EXPECT_TRUE(refused([](CaseRecord& r) { r.marks[0].stage = static_cast<ClockStage>(9); }));
  EXPECT_TRUE(refused([](CaseRecord& r) { std::swap(r.participants[0], r.participants[1]); }));
  EXPECT_TRUE(refused([](CaseRecord& r) {
    r.participants.clear();
    for (std::size_t i = 0; i <= limits::case_participants_max; ++i) {
      r.participants.push_back(filled<MemberId>(static_cast<std::uint8_t>(i + 1)));
    }
  }));
}

TEST(PeerRow, RoundTripsAndIsStrict) {
  EXPECT_EQ(PeerRecord::parse(peer_record().encode()).value(), peer_record());
  PeerRecord stranger;
  EXPECT_EQ(PeerRecord::parse(stranger.encode()).value(), stranger);
  expect_strict<PeerRecord>(peer_record().encode());
  expect_no_crash<PeerRecord>(peer_record().encode());
}

TEST(PeerRow, RangeIsThatOfItsNote) {
  PeerRecord record = peer_record();
  record.range.append(filled<Digest>(1));
  EXPECT_FALSE(PeerRecord::parse(record.encode()));
}

TEST(TierRow, RoundTripsIsStrictAndStandsBehindWhatIsDue) {
  const TierRecord record{{filled<TierSeed>(1), filled<TierSeed>(2), filled<TierSeed>(3)},
                          {1, 2, 3}};
  EXPECT_EQ(TierRecord::parse(record.encode()).value(), record);
  expect_strict<TierRecord>(record.encode());
  expect_no_crash<TierRecord>(record.encode());
  EXPECT_LT(TierRecord::due_key(filled<CaseId>(0xff)), TierRecord::key(filled<MessageId>(0)));
}

TEST(StatusFileRow, RoundTripsIsStrictAndIsNothingThatIsDue) {
  StatusFile file;
  file.certificate = "SU-2026-0114";
  const StatusFileRecord record{filled<TierSeed>(1), file};
  EXPECT_EQ(StatusFileRecord::parse(record.encode()).value(), record);
  expect_strict<StatusFileRecord>(record.encode());
  expect_no_crash<StatusFileRecord>(record.encode());
  EXPECT_GT(StatusFileRecord::key({}, {}), TierRecord::key(filled<MessageId>(0xff)))
      << "the scan of what is due ends before it";
}

TEST(PendingRow, RoundTripsAndIsStrict) {
  const PendingRecord record{{filled<MessageId>(1), filled<MessageId>(2)}};
  EXPECT_EQ(PendingRecord::parse(record.encode()).value().messages, record.messages);
  expect_strict<PendingRecord>(record.encode());
  expect_no_crash<PendingRecord>(record.encode());
}

TEST(HeldRow, RoundTrips) {
  const HeldRecord record{5, filled<Digest>(1), bytes("a frame")};
  const HeldRecord parsed = HeldRecord::parse(record.encode()).value();
  EXPECT_EQ(parsed.index, record.index);
  EXPECT_EQ(parsed.digest, record.digest);
  EXPECT_EQ(parsed.frame, record.frame);
  EXPECT_FALSE(HeldRecord::parse(ByteView(record.encode()).first(1 + 8 + 31)));
}

TEST(ProofRow, RoundTripsAndIsStrict) {
  const ProofRecord parsed = ProofRecord::parse(proof_record().encode()).value();
  EXPECT_EQ(parsed.encode(), proof_record().encode());
  EXPECT_EQ(parsed.origin, proof_record().origin);
  EXPECT_EQ(parsed.note, proof_record().note);
  EXPECT_EQ(parsed.base, proof_record().base);
  EXPECT_EQ(parsed.hashes, proof_record().hashes);
  EXPECT_EQ(parsed.leaves, proof_record().leaves);
  EXPECT_EQ(parsed.receipts, proof_record().receipts);
  expect_strict<ProofRecord>(proof_record().encode());
  expect_no_crash<ProofRecord>(proof_record().encode());
}

TEST(EpochSecretRow, RoundTripsAndIsStrict) {
  const auto row = [] {
    const EpochSecret secret{store_fixture::symmetric_key(1), filled<EpochKey>(2), {3}, {4}};
    return secret.encode();
  };
  const EpochSecret parsed = EpochSecret::parse(row()).value();
  EXPECT_TRUE(parsed.secret.equals(store_fixture::symmetric_key(1)));
  EXPECT_EQ(parsed.key, filled<EpochKey>(2));
  EXPECT_EQ(parsed.begins, Timestamp{3});
  EXPECT_EQ(parsed.ends, Timestamp{4});
  expect_strict<EpochSecret>(row());
}

AlarmRecord alarm_record() {
  return {AlarmKind::rotation, filled<MemberId>(1), 2, {3}, Bytes(40, 4), Bytes(41, 5)};
}

TEST(AlarmRow, RoundTripsAndIsStrict) {
  const AlarmRecord alarm = alarm_record();
  EXPECT_EQ(AlarmRecord::parse(alarm.encode()).value(), alarm);
  expect_strict<AlarmRecord>(alarm.encode());
  expect_no_crash<AlarmRecord>(alarm.encode());
}

TEST(AlarmRow, IsAnotherForAnotherFault) {
  const Bytes key = alarm_record().key();
  const Bytes prefix = AlarmRecord::prefix();
  EXPECT_TRUE(std::equal(prefix.begin(), prefix.end(), key.begin()));
  const auto with = [](const std::function<void(AlarmRecord&)>& change) {
    AlarmRecord changed = alarm_record();
    change(changed);
    return changed.key();
  };
  EXPECT_NE(with([](AlarmRecord& a) { a.kind = AlarmKind::ledger; }), key);
  EXPECT_NE(with([](AlarmRecord& a) { a.member = filled<MemberId>(9); }), key);
  EXPECT_NE(with([](AlarmRecord& a) { a.version = 9; }), key);
  EXPECT_NE(with([](AlarmRecord& a) { a.there = Bytes(3); }), key);
  EXPECT_EQ(with([](AlarmRecord& a) { a.seen = {9}; }), key);  // the same one, seen again
}

TEST(RedeliveryRow, RoundTripsAndIsStrict) {
  const RedeliveryRecord again{1, 2, UINT64_MAX};
  EXPECT_EQ(RedeliveryRecord::parse(again.encode()).value(), again);
  expect_strict<RedeliveryRecord>(again.encode());
}

TEST(Keys, OfMembershipStandApartFromOneAnother) {
  const std::vector<Bytes> keys{constitution_key(1),
                                constitution_key(2),
                                directory_version_key(1),
                                directory_version_key(2),
                                suspension_key(bytes("one")),
                                suspension_key(bytes("other")),
                                rotation_key(filled<MemberId>(1), 1),
                                rotation_key(filled<MemberId>(1), 2),
                                rotation_key(filled<MemberId>(2), 1),
                                RedeliveryRecord::key(filled<MemberId>(1), 1),
                                RedeliveryRecord::key(filled<MemberId>(1), 2),
                                row::past_key(Bytes(32, 1)),
                                row::identity,
                                row::clock,
                                row::own_sheet,
                                row::waiting_rotation};
  EXPECT_EQ(std::set<Bytes>(keys.begin(), keys.end()).size(), keys.size());
  EXPECT_TRUE(std::ranges::all_of(keys, [](const Bytes& key) { return key.size() <= 64; }));
  // In the order in which they are taken again.
  EXPECT_LT(constitution_key(9), constitution_key(10));
  EXPECT_LT(rotation_key(filled<MemberId>(1), 9), rotation_key(filled<MemberId>(1), 10));
  // What is scanned as statements holds nothing else.
  const auto under = [&](std::string_view prefix) {
    return std::ranges::count_if(keys,
                                 [&](const Bytes& key) { return text(key).starts_with(prefix); });
  };
  EXPECT_EQ(under("con"), 2);
  EXPECT_EQ(under("sus"), 2);
  EXPECT_EQ(under("rot"), 3);
}

TEST(Keys, OfRowsDifferByWhatTheyName) {
  EXPECT_NE(MessageRecord::key(filled<MemberId>(1), filled<MessageId>(2)),
            MessageRecord::key(filled<MemberId>(2), filled<MessageId>(1)));
  EXPECT_NE(PeerRecord::key(filled<MemberId>(1)), PeerRecord::key_sheet_key(filled<MemberId>(1)));
  EXPECT_LT(HeldRecord::key(filled<MemberId>(1), 255), HeldRecord::key(filled<MemberId>(1), 256));
}

// An event of a case, made from the heads that its author knew.
struct CaseStep {
  std::uint8_t author;
  std::uint8_t number;
  EventKind kind;
  std::vector<Digest> heads;
};
Inner inner_of(const CaseStep& step) {
  Inner inner;
  inner.author = filled<MemberId>(step.author);
  inner.recipients = {filled<MemberId>(step.author == 1 ? 2 : 1)};
  inner.message = filled<MessageId>(step.number);
  inner.case_id = filled<CaseId>(1);
  inner.kind = static_cast<std::uint16_t>(step.kind);
  inner.created = {step.number};
  inner.heads = step.heads;
  return inner;
}
Digest digest_of(std::uint8_t number) {
  return filled<Digest>(static_cast<std::uint8_t>(100 + number));
}

TEST(Case, FoldsTheSameInWhateverOrderItsEventsCome) {
  const CaseStep opening{1, 1, EventKind::referral_send, {}};
  const CaseStep note{1, 2, EventKind::case_note, {digest_of(1)}};
  const CaseStep acceptance{2, 3, EventKind::referral_accept, {digest_of(1)}};
  const auto fold = [](std::initializer_list<CaseStep> steps) {
    CaseRecord record;
    for (const CaseStep& step : steps) {
      record.apply(inner_of(step), digest_of(step.number));
    }
    return record;
  };
  const CaseRecord one = fold({opening, note, acceptance});
  const CaseRecord other = fold({acceptance, note, opening});
  const auto story = [](const CaseRecord& record) {
    std::vector<MessageId> messages;
    for (const std::size_t index : record.fold(filled<CaseId>(1)).order) {
      messages.push_back(record.events[index].message);
    }
    return messages;
  };
  EXPECT_EQ(story(one), story(other));
  EXPECT_EQ(story(one).front(), filled<MessageId>(1));
  EXPECT_EQ(one.heads(3), other.heads(3));
  EXPECT_EQ(one.heads(3), (std::vector<Digest>{digest_of(2), digest_of(3)}));
  EXPECT_EQ(one.opener, other.opener);
  EXPECT_TRUE(one.missing.empty());
  EXPECT_TRUE(other.missing.empty());
  EXPECT_EQ(one.participants, other.participants);
  EXPECT_EQ(one.fold(filled<CaseId>(1)).tracks, other.fold(filled<CaseId>(1)).tracks);
  EXPECT_EQ(one.fold(filled<CaseId>(1)).referral(), State::accepted);
}

TEST(MessageRecords, AReceivedMessageChangedWhenItWasOpenedNotWhenItWasWritten) {
  const MemberId author = filled<MemberId>(1);
  const MemberId self = filled<MemberId>(2);
  MessageRecord record;
  record.created = {1'000};
  record.outcome = EntryKind::opened;
  const auto changed = [&] {
    return record.view(author, filled<MessageId>(3), self).deliveries.at(0).changed;
  };
  EXPECT_EQ(changed(), Timestamp{}) << "not known here";
  record.deliveries = {{self, Level::opened, Code::none, {5'000}, 0}};
  EXPECT_EQ(changed(), Timestamp{5'000});
}

TEST(Case, AnAudienceStaysTheSameMembersWhoeverJoins) {
  CaseRecord record;
  record.join(filled<MemberId>(5));
  record.join(filled<MemberId>(9));
  record.events.resize(1);
  record.events[0].audience = record.audience_of(std::vector{filled<MemberId>(9)});
  for (const std::uint8_t number : std::array<std::uint8_t, 4>{7, 1, 11, 9}) {
    record.join(filled<MemberId>(number));
    EXPECT_EQ(record.members_of(record.events[0].audience),
              std::vector<MemberId>{filled<MemberId>(9)});
  }
  EXPECT_EQ(record.participants.size(), 5U);
}

TEST(Case, AnEventNamesOnlyWhatItsWholeAudienceHeard) {
  CaseRecord record;
  Inner opening = inner_of({1, 1, EventKind::referral_send, {}});
  record.apply(opening, digest_of(1));
  Inner application = inner_of({1, 2, EventKind::status_apply, {}});
  application.recipients = {filled<MemberId>(2), filled<MemberId>(3)};
  record.apply(application, digest_of(2));
  const auto audience = [&](std::initializer_list<std::uint8_t> numbers) {
    std::vector<MemberId> members;
    for (const std::uint8_t number : numbers) {
      members.push_back(filled<MemberId>(number));
    }
    return record.audience_of(members);
  };
  EXPECT_EQ(record.heads(audience({1, 2, 3})), std::vector<Digest>{digest_of(2)});
  EXPECT_EQ(record.heads(audience({1, 2})), (std::vector<Digest>{digest_of(1), digest_of(2)}));
  EXPECT_EQ(record.usual_audience(EventKind::status_assign, {}), audience({1, 2, 3}));
  EXPECT_EQ(record.usual_audience(EventKind::case_note, {}), audience({1, 2}));
  EXPECT_EQ(record.usual_audience(EventKind::record_correct, {digest_of(2), {}, 0, {}, {}}),
            audience({1, 2, 3}));
}

TEST(Case, WhatIsWrittenComesAfterWhatWasKnownWhateverTheClockSays) {
  CaseRecord record;
  const MemberId self = filled<MemberId>(1);
  const auto after = [&](std::uint64_t now) { return record.created_after(self, {now}).ms; };
  EXPECT_EQ(after(1'000), 1'000U);
  record.apply(inner_of({2, 9, EventKind::case_note, {}}), digest_of(1));
  EXPECT_EQ(after(5), 10U) << "another's clock is ahead";
  record.events[0].created = {days(2).ms};
  EXPECT_EQ(after(5), 5U) << "so far ahead that it is not believed";
  record.events[0].author = self;
  EXPECT_EQ(after(5), days(2).ms + 1) << "the own one was set back";
}

TEST(Case, NamesWhatIsMissing) {
  CaseRecord record;
  record.apply(inner_of({1, 2, EventKind::case_note, {digest_of(1)}}), digest_of(2));
  EXPECT_EQ(record.missing, std::vector<Digest>{digest_of(1)});
}

}  // namespace
}  // namespace hamroh
