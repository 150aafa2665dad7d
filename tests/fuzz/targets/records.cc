// Rows of the store, as a damaged disk could give them.

#include "protocol/records.h"
#include "protocol/erasure.h"
#include "tests/fuzz/fuzz.h"

namespace hamroh::fuzz {
namespace {

template <class Record>
void round_trip(ByteView input) {
  check_round_trip(input, Record::parse, [](const Record& record) { return record.encode(); });
}

// For records without comparison: what parses is encoded identically.
template <class Record>
void same_bytes(ByteView input) {
  if (const auto record = Record::parse(input)) {
    const auto again = Record::parse(record->encode());
    CHECK(again && again->encode() == record->encode());
  }
}

}  // namespace

std::vector<Bytes> seeds() {
  MessageRecord message;
  message.digest = filled<Digest>(1);
  message.case_id = filled<CaseId>(2);
  message.kind = 1;
  message.index = 9;
  message.body = 9;
  message.deliveries = {{filled<MemberId>(3), Level::opened, Code::none, {5}, 6}};
  CaseRecord record;
  Inner inner;
  inner.author = filled<MemberId>(1);
  inner.recipients = {filled<MemberId>(2)};
  inner.kind = 1;
  inner.heads = {filled<Digest>(4)};
  record.apply(inner, filled<Digest>(3));
  PeerRecord peer;
  peer.incarnation = 1;
  peer.note = sign_note({}, 1, filled<Digest>(1), 0, NoteRole::author,
                        crypto::SigningKey::from_seed(Seed()));
  peer.range.append(filled<Digest>(1));
  PendingRecord pending;
  pending.messages = {filled<MessageId>(1), filled<MessageId>(2)};
  HeldRecord held;
  held.index = 5;
  held.digest = filled<Digest>(1);
  held.frame = Bytes(80, 7);
  ProofRecord proof;
  proof.note = *peer.note;
  proof.base = peer.range;
  proof.hashes = {filled<Digest>(1)};
  proof.leaves = {{0, filled<Digest>(2)}};
  proof.receipts = {{0, Entry{}}};
  EpochSecret epoch;
  const AlarmRecord alarm{AlarmKind::rotation, filled<MemberId>(5), 6, {7},
                          Bytes(40, 8),        Bytes(41, 9)};
  const RedeliveryRecord again{2, 3, 4};
  ErasureCertificate erasure;
  erasure.member = filled<MemberId>(1);
  erasure.case_id = filled<CaseId>(2);
  erasure.reason = ErasureReason::other;
  erasure.root = erasure_root({});
  const Bytes certificate = sign_erasure(erasure, crypto::SigningKey::from_seed(Seed()));
  ErasedRecord erased;
  erased.certificate = certificate;
  erased.asked = {{filled<MemberId>(1), filled<MessageId>(2), certificate, {3}}};
  erased.asking = {{filled<MemberId>(4), certificate, {5}, true}};
  const LayoutRecord layout{false, filled<CaseId>(3), 4};
  const ServiceRecord services{{1}, 2, Bytes(30, 3), {filled<MemberId>(4)}, {filled<MessageId>(5)}};
  const TierRecord tiers{{filled<TierSeed>(1), filled<TierSeed>(2), filled<TierSeed>(3)},
                         Bytes(40, 4)};
  StatusFile file;
  file.certificate = "SU-2026-0114";
  const StatusFileRecord status_file{filled<TierSeed>(5), file};
  return {
      chosen(0, message.encode()), chosen(1, record.encode()),    chosen(2, peer.encode()),
      chosen(3, pending.encode()), chosen(4, held.encode()),      chosen(5, proof.encode()),
      chosen(6, epoch.encode()),   chosen(7, alarm.encode()),     chosen(8, again.encode()),
      chosen(9, erased.encode()),  chosen(10, certificate),       chosen(11, layout.encode()),
      chosen(12, tiers.encode()),  chosen(13, services.encode()), chosen(14, status_file.encode())};
}

void run(ByteView input) {
  const auto [parser, rest] = choose(input, 15);
  switch (parser) {
    case 0:
      return same_bytes<MessageRecord>(rest);
    case 1:
      if (const auto record = CaseRecord::parse(rest)) {
        (void)record->fold(CaseId{});
        (void)record->heads(record->audience_of(record->participants));
      }
      return round_trip<CaseRecord>(rest);
    case 2:
      return round_trip<PeerRecord>(rest);
    case 3:
      return same_bytes<PendingRecord>(rest);
    case 4:
      return same_bytes<HeldRecord>(rest);
    case 5:
      return same_bytes<ProofRecord>(rest);
    case 6:
      return same_bytes<EpochSecret>(rest);
    case 7:
      return round_trip<AlarmRecord>(rest);
    case 8:
      return round_trip<RedeliveryRecord>(rest);
    case 9:
      return round_trip<ErasedRecord>(rest);
    case 14:
      return round_trip<StatusFileRecord>(rest);
    case 13:
      return round_trip<ServiceRecord>(rest);
    case 10:
      (void)parse_erasure(rest);
      return;
    case 11:
      return same_bytes<LayoutRecord>(rest);
    default:
      return same_bytes<TierRecord>(rest);
  }
}

}  // namespace hamroh::fuzz
