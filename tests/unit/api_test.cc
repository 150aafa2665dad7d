#include "protocol/api.h"

#include <gtest/gtest.h>

#include "protocol/api_rights.h"
#include "protocol/ledger.h"

namespace hamroh::api {
namespace {

template <class Fixed>
Fixed filled(std::uint8_t byte) {
  Fixed value;
  value.bytes.fill(byte);
  return value;
}

Bytes bytes(std::string_view text) {
  return {view(text).begin(), view(text).end()};
}

UserView user_view() {
  return {filled<UserId>(5),
          "Мадина",
          Role::supervisor,
          {"intake", "north"},
          Grants{3},
          true,
          true,
          false,
          true,
          true,
          {77},
          4,
          2};
}

UserCertificate certificate() {
  UserCertificate made;
  made.user = filled<UserId>(5);
  made.role = Role::commissioner;
  made.serial = 3;
  return made;
}

std::vector<Request> all_requests() {
  const auto user = filled<UserId>(5);
  const auto message = filled<MessageId>(1);
  const auto case_id = filled<CaseId>(2);
  const auto member = filled<MemberId>(3);
  return {
      {1, Submit{message,
                 std::nullopt,
                 EventKind::referral_send,
                 {member, filled<MemberId>(4)},
                 Bytes(2048, 9),
                 hours(2)}},
      {2, Submit{message, case_id, EventKind::case_note, {}, {}, {}}},
      {3, GetStatus{}},
      {4, GetMessage{message}},
      {5, ListCases{std::nullopt, 1, false}},
      {6, ListCases{case_id, limits::page_items_max, true}},
      {7, GetCase{case_id}},
      {8, GetBody{member, message}},
      {9, NextEvents{0, 1, 0}},
      {UINT64_MAX, NextEvents{cursor_now, limits::events_max, limits::wait_ms_max}},
      {11, GetReceipt{message, std::nullopt}},
      {12, GetReceipt{message, member}},
      {13, GetLedger{UINT64_MAX, limits::ledger_entries_max}},
      {14, GetLedgerHead{}},
      {15, GetMembers{std::nullopt}},
      {16, GetMembers{member}},
      {17, Unlock{Bytes(limits::passphrase_bytes_max, 'p')}},
      {18, Lock{}},
      {19, Install{Bytes(70'000, 5)}},
      {20, ConfirmClock{}},
      {21, Rotate{true, false, true, false, true, "tcp://node.example:7311"}},
      {22, Rotate{false, true, false, true, false, ""}},
      {23, Rotate{}},
      {24, GetAlarms{}},
      {25, TakeCase{filled<CaseId>(2)}},
      {26, AssignCase{filled<CaseId>(2), "shelter-1", {filled<UserId>(3)}, {filled<UserId>(4)}}},
      {27, AssignCase{filled<CaseId>(2), "", {}, {}}},
      {28, AskSecond{TaskKind::break_glass, filled<CaseId>(2), "Шаб"}},
      {29, DecideTask{filled<TaskId>(2), true}},
      {30, ListTasks{}},
      {31, GetAccesses{filled<CaseId>(2)}},
      {32, ExportCase{filled<CaseId>(2), hamroh::limits::case_events_max}},
      {33, FindMessages{"0193A5c2-7"}},
      {25, MakeRecovery{5, 3, {}}},
      {26, MakeRecovery{0, 0, Bytes(SplitId::size, 4)}},
      {27, ChangeVault{VaultOpening::users}},
      {28, ChangeVault{VaultOpening::key_file}},
      {27, Panic{}},
      {28, Panic{true}},
      {34, EraseCase{case_id, ErasureReason::withdrawal, true}},
      {35, EraseCase{case_id, ErasureReason::other, false}},
      {36, ListErasures{std::nullopt, 1}},
      {37, ListErasures{case_id, limits::erasures_max}},
      {38, GetErasure{case_id}},
      {45, Login{"Мадина", bytes("a passphrase"), "123456", {}}},
      {46, Login{"x", Bytes(limits::passphrase_bytes_max, 'p'), "", bytes("another one")}},
      {47, GetChallenge{}},
      {48, LoginWithKey{user, filled<LoginChallenge>(6), filled<Signature>(7)}},
      {49, Logout{}, filled<SessionToken>(8)},
      {50, WhoAmI{}, filled<SessionToken>(8)},
      {51,
       AddUser{user, "Мадина", Role::supervisor, {"intake", "north"}, {}, bytes("12345678"), {}}},
      {52,
       AddUser{user, "program", Role::integration, {}, Grants{7}, {}, filled<SigningPublicKey>(9)}},
      {53, ChangeUser{user, {}, {}, {}, {}}},
      {54, ChangeUser{user, Role::auditor, std::vector<std::string>{}, Grants{}, false}},
      {55, ChangeUser{user, {}, std::vector<std::string>{"a"}, Grants{1}, true}},
      {56, ListUsers{}},
      {57, ListUsers{user}},
      {58, SetPassphrase{{}, bytes("old one"), bytes("new one")}},
      {59, SetPassphrase{user, {}, bytes("new one")}},
      {60, SetFactor{FactorStep::enrol, bytes("pass"), ""}},
      {61, SetFactor{FactorStep::confirm, {}, "123456"}},
      {62, SetFactor{FactorStep::remove, bytes("pass"), "123456"}},
      {63, MakeSigningKey{bytes("pass")}},
      {64, GetUserKeys{}},
      {65, SignVote{filled<Digest>(1), bytes("pass")}, filled<SessionToken>(8)},
      {38, BackupBegin{}},
      {39, BackupBegin{Bytes(limits::backup_passphrase_bytes, 7)}},
      {40, BackupRenew{filled<BackupId>(3)}},
      {41, BackupEnd{filled<BackupId>(3)}},
      {42, GetPack{}},
      {43, GetPack{filled<Digest>(3)}},
      {42, PublishServices{Bytes(hamroh::limits::services_bytes_max, 4)}},
      {43, ListServices{std::nullopt, 1}},
      {51, ListDue{std::nullopt, 1}},
      {52, ListDue{DuePlace{{7}, filled<CaseId>(2)}, limits::due_cases_max}},
      {53, ListEscalations{std::nullopt, 1}},
      {54, ListEscalations{0, limits::escalations_max}},
      {55, CountFund{}},
      {56, CountFund{{{1}, {2}}}},
      {44, ListServices{member, limits::services_max}},
      {45, ProposeDecision{case_id, EventKind::status_refuse, bytes("particulars")}},
      {66, GetStatusFile{case_id, filled<Digest>(5)}},
      {46, CastVote{filled<TaskId>(2), certificate(), filled<Signature>(7)}},
      {47, AttachFile{message,
                      case_id,
                      {member, filled<MemberId>(4)},
                      hamroh::limits::attachment_bytes_max,
                      filled<Digest>(5),
                      MediaType::archive,
                      "Шаҳодатнома.pdf"}},
      {48, AttachFile{message, case_id, {}, 1, {}, MediaType::other, "a"}},
      {49, AttachPart{message, case_id, 1023, Bytes(70'000, 3)}},
      {50, AttachDone{message, case_id}},
      {51, ListAttachments{case_id}},
      {52, GetAttachment{case_id, member, message, 1023}},
  };
}

MessageView message_view(std::uint8_t seed) {
  MessageView shown;
  shown.message = filled<MessageId>(seed);
  shown.case_id = filled<CaseId>(2);
  shown.author = filled<MemberId>(3);
  shown.kind = EventKind::referral_send;
  shown.created = {1'700'000'000'000};
  shown.expires = {1'800'000'000'000};
  shown.index = 77;
  shown.digest = filled<Digest>(seed);
  shown.deliveries = {{filled<MemberId>(4), Level::refused, Code::not_capable, {5}, 6},
                      {filled<MemberId>(5), Level::accepted, Code::none, {}, 0}};
  return shown;
}

FundCounted fund_counted() {
  FundCounted counted{true, 9, 1, 2, 3, {}};
  counted.totals.beyond = 4;
  counted.totals.cells[{"TJS", "food", 2}].of(FundColumn::asked) = {7, UINT64_MAX};
  counted.totals.cells[{"TJS", "transport", 0}].of(FundColumn::unaccounted) = {1, 2};
  return counted;
}

CaseView case_view(bool with_events) {
  CaseView shown;
  shown.pack = filled<Digest>(31);
  shown.pack_here = with_events;
  shown.clocks = {{Clock::first_help,
                   filled<Digest>(3),
                   filled<MemberId>(4),
                   filled<MemberId>(5),
                   Urgency::emergency,
                   {1},
                   {{2}, {3}, {4}}}};
  shown.id = filled<CaseId>(2);
  shown.opened = {1'700'000'000'000};
  shown.author = filled<MemberId>(3);
  shown.state = State::declined;
  shown.gaps = {filled<Digest>(8)};
  shown.tracks = {
      {Track::case_, State::open, {}, filled<MemberId>(3), 0, {}},
      {Track::assistance, State::failed, filled<Digest>(7), filled<MemberId>(4), 2, {9}}};
  shown.participants = {filled<MemberId>(3), filled<MemberId>(4)};
  shown.incomplete = true;
  shown.team = "intake";
  shown.assigned = {filled<UserId>(1), filled<UserId>(2)};
  if (with_events) {
    shown.events = {message_view(1), message_view(9)};
    shown.events[1].actor = filled<Pseudonym>(6);
    shown.events[1].actor_role = 200;  // a role of a later version
    shown.events[1].user = filled<UserId>(7);
    shown.events[1].void_reason = Code::wrong_state;
    shown.events[1].corrected = true;
  }
  return shown;
}

AlarmView alarm_view(AlarmKind kind) {
  const bool of_member = kind == AlarmKind::rotation || kind == AlarmKind::ledger;
  return {kind,
          of_member ? filled<MemberId>(7) : MemberId{},
          21,
          {1'700'000'000'001},
          filled<Digest>(22),
          filled<Digest>(23)};
}

NodeStatus node_status() {
  NodeStatus status;
  status.node.network = filled<NetworkId>(1);
  status.node.member = filled<MemberId>(2);
  status.node.name = "Ҳамроҳ";
  status.node.kind = MemberKind::commission;
  status.node.phase = Phase::stopped;
  status.node.locked = true;
  status.node.clock_suspect = true;
  status.node.staleness = Staleness::warn;
  status.node.standing = Standing::superseded;
  status.node.constitution_version = 17;
  status.node.key_serial = 18;
  status.node.rotation_waits = true;
  status.node.alarms = {alarm_view(AlarmKind::directory), alarm_view(AlarmKind::ledger)};
  status.node.directory_version = 3;
  status.node.directory_expires = {4};
  status.node.ledger_size = 5;
  status.node.ledger_root = filled<Digest>(6);
  status.node.session_first = 7;
  status.node.outbox_depth = 8;
  status.node.peers = {{filled<MemberId>(9), "peer", true, 10, 11, 12, Timestamp{19}, false, {13}},
                       {filled<MemberId>(10), "gone", false, 0, 0, 2, std::nullopt, true, {14}},
                       {}};
  status.link = {true, 1, 2, 3, 4, 5, 6, 7, 8};
  status.store = {"good", 1, 2, 3};
  status.version = "0.1.0";
  status.process = 14;
  status.turns = 15;
  status.inputs = 16;
  status.memory = MemoryState::secrets_only;
  return status;
}

Member member(std::uint8_t seed) {
  return {filled<MemberId>(seed),
          "Khujand commission",
          MemberKind::commission,
          MemberState::revoked,
          {0x70},
          2,
          3,
          4,
          filled<AuthorKey>(1),
          filled<ReceiptKey>(2),
          filled<WitnessKey>(3),
          filled<TransportKey>(4),
          "tcp://127.0.0.1:7001"};
}

// Of an alarm whose files travel with it the digests are theirs.
AlarmView alarm_view_of_files(const Bytes& here, const Bytes& there) {
  AlarmView alarm = alarm_view(AlarmKind::rotation);
  alarm.here = crypto::sha256({here});
  alarm.there = crypto::sha256({there});
  return alarm;
}

Names names() {
  return {{filled<UserId>(1), "Амина"}, {filled<UserId>(2), "Bahor"}};
}

Task a_task(TaskKind kind, TaskState state) {
  return {filled<TaskId>(1),
          kind,
          state,
          filled<CaseId>(2),
          filled<UserId>(3),
          Role::case_worker,
          {4},
          filled<UserId>(5),
          {6},
          "the night shift"};
}

AccessRecord an_access(EntryKind kind) {
  return {kind,
          filled<Salt>(1),
          filled<UserId>(2),
          Role::supervisor,
          filled<CaseId>(3),
          filled<UserId>(4),
          "intake",
          {5}};
}

ErasedRecord erased_record() {
  ErasedRecord record;
  record.certificate = Bytes(certificate_bytes, 1);
  record.asked = {{filled<MemberId>(1), filled<MessageId>(2), {}, {}},
                  {filled<MemberId>(2), filled<MessageId>(3), Bytes(certificate_bytes, 2), {9}}};
  record.asking = {{filled<MemberId>(3), Bytes(certificate_bytes, 3), {7}, true}};
  return record;
}

AttachmentView attachment_view(AttachmentState state) {
  return {filled<MemberId>(1),
          filled<MessageId>(2),
          state,
          MediaType::image,
          "scan.png",
          hamroh::limits::attachment_bytes_max,
          filled<Digest>(3),
          1024,
          17,
          {1'700'000'000'000},
          {{filled<MemberId>(4), 5, {}}, {filled<MemberId>(5), 1024, {6}}}};
}

std::vector<Reply> all_replies() {
  Event event;
  event.index = 8;
  event.kind = 2;
  event.code = Code::conflict;
  event.time = {9};
  event.peer = filled<MemberId>(1);
  event.author = filled<MemberId>(2);
  event.message = filled<MessageId>(3);
  return {
      {1, Failure{Code::invalid_form, "триаж"}},
      {2, Accepted{filled<MessageId>(1), filled<CaseId>(2), true}},
      {3, node_status()},
      {4, Message{message_view(1)}},
      {5, Cases{{case_view(false), case_view(false)}, filled<CaseId>(8), names()}},
      {6, Cases{}},
      {7, Case{case_view(true), {}}},
      {8, Body{EventKind::case_note, Bytes(hamroh::limits::body_bytes_max, 3)}},
      {9, Events{std::vector<Event>(limits::events_max, event), UINT64_MAX}},
      {10, Events{{}, 5}},
      {11, Receipt{"c2sp.org/tlog-proof@v1\n"}},
      {12, LedgerPage{7, {2, Bytes(Entry::encoded_size, 4)}, 9}},
      {13, LedgerHead{7, filled<Digest>(1), "note\n", Bytes(32, 8), 2}},
      {14, LedgerHead{0, filled<Digest>(1), "", {}, 1}},
      {15, Members{filled<NetworkId>(1),
                   filled<MemberId>(2),
                   {member(1), member(2)},
                   {{filled<MemberId>(2), {1'700'000'000'000}}},
                   filled<MemberId>(2)}},
      {16, Done{}},
      {17, Rotated{Bytes(900, 6), 4, true}},
      {18, Rotated{{}, 0, false}},
      {19,
       Alarms{{{alarm_view_of_files(Bytes(900, 7), Bytes(901, 8)), Bytes(900, 7), Bytes(901, 8)}}}},
      {20, Alarms{}},
      {21, Asked{filled<TaskId>(3)}},
      {22, Tasks{{a_task(TaskKind::see_sealed_tier, TaskState::agreed),
                  a_task(TaskKind::unusual_reading, TaskState::open)},
                 names()}},
      {23, Accesses{{an_access(EntryKind::read), an_access(EntryKind::assigned)}, names()}},
      {24, Exported{case_view(true),
                    {{EventKind::referral_send, Bytes(900, 4), true},
                     {EventKind::case_note, {}, false}},
                    2,
                    names()}},
      {25, Found{{filled<MessageId>(1), filled<MessageId>(2)}}},
      {32, Published{1'790'000'000'000, 17}},
      {61, Due{}},
      {62, Due{{{filled<CaseId>(2),
                 {{Clock::receipt,
                   filled<Digest>(3),
                   filled<MemberId>(4),
                   filled<MemberId>(5),
                   Urgency::urgent,
                   {1},
                   {{2}, {3}, {4}}}}},
                {filled<CaseId>(6), {}}},
               DuePlace{{7}, filled<CaseId>(6)}}},
      {65, FundCounted{}},
      {66, fund_counted()},
      {63, Escalations{}},
      {64, Escalations{{{9, filled<MemberId>(4), {8}, bytes("a statement")}}, 9}},
      {33, Services{{{filled<MemberId>(3), {5}, Bytes(70, 1)}, {filled<MemberId>(4), {6}, {}}},
                    filled<MemberId>(4)}},
      {34, Proposed{filled<TaskId>(2), filled<Digest>(3), 1, 3}},
      {35, Counted{1, 3, {}}},
      {36, Counted{3, 3, Accepted{filled<MessageId>(1), filled<CaseId>(2), true}}},
      {37, Attaching{attachment_view(AttachmentState::uploading), {0, 7, 1023}}},
      {38, Attachments{{attachment_view(AttachmentState::whole),
                        attachment_view(AttachmentState::damaged)}}},
      {39, Attachments{}},
      {40, AttachmentPart{Bytes(70'000, 4)}},
      {26, Case{case_view(true), names()}},
      {27, Body{EventKind::referral_send, Bytes(30, 3), true}},
      {21, RecoveryShares{{Bytes(recovery_share_bytes, 1), Bytes(recovery_share_bytes, 2)}}},
      {22, Destroyed{true, 3, 5, "/run/credentials/hamrohd/node\n"}},
      {23, Destroyed{}},
      {28, Erased{Bytes(certificate_bytes, 7), 3, true, Timestamp{1'800'000'000}}},
      {29, Erasures{{{filled<CaseId>(1), erased_record()}, {filled<CaseId>(2), {}}},
                    filled<CaseId>(2)}},
      {30, Erasures{}},
      {32, PackFile{filled<Digest>(1), Bytes(190 * 1024, '#')}},
      {41, LoggedIn{filled<SessionToken>(1), user_view(), minutes(30), hours(12), true}},
      {42, Challenge{filled<LoginChallenge>(1), {filled<NetworkId>(2), filled<MemberId>(3)}}},
      {43, Me{user_view()}},
      {44, Users{{user_view(), user_view()}, filled<UserId>(4)}},
      {45, Users{}},
      {46, Factor{"otpauth://totp/x?secret=ABC"}},
      {47, UserKeys{{{"Мадина", certificate()}}}},
      {48, Vote{certificate(), filled<Signature>(3)}},
      {31, BackupBegun{{filled<NetworkId>(1),
                        filled<MemberId>(2),
                        3,
                        {4},
                        5,
                        filled<Digest>(6),
                        filled<BackupKeyId>(7),
                        filled<BackupId>(8)},
                       Bytes(32, 9),
                       327'680,
                       Bytes(392, 1),
                       Bytes(599, 2),
                       {30, 3},
                       3,
                       5}},
  };
}

TEST(Api, EveryRequestComesBackAsItWas) {
  for (const Request& request : all_requests()) {
    auto parsed = parse_request(encode(request));
    ASSERT_TRUE(parsed) << request.id << ": " << parsed.error().text;
    EXPECT_EQ(*parsed, request) << request.id;
  }
}

TEST(Api, EveryReplyComesBackAsItWas) {
  for (const Reply& reply : all_replies()) {
    auto parsed = parse_reply(encode(reply));
    ASSERT_TRUE(parsed) << reply.id << ": " << parsed.error().text;
    EXPECT_EQ(*parsed, reply) << reply.id;
  }
}

TEST(Api, RequestIsNoReplyAndTheOtherWayRound) {
  EXPECT_FALSE(parse_reply(encode(Request{1, GetStatus{}})));
  EXPECT_FALSE(parse_request(encode(Reply{1, Done{}})));
}

// What cut or damaged bytes still parse as must be whole: it encodes and parses again to the same.
template <class Value, class Parse>
void survive_damage(const Bytes& frame, Parse parse) {
  const std::size_t step = std::max<std::size_t>(1, frame.size() / 2'000);
  for (std::size_t length = 0; length < frame.size(); length += step) {
    const auto cut = parse(ByteView(frame).first(length));
    if (cut) {
      EXPECT_EQ(parse(encode(*cut)), cut);
    }
  }
  for (std::size_t at = 0; at < frame.size(); at += step) {
    for (const std::uint8_t mask : Bytes{0x01, 0x80, 0xff}) {
      Bytes damaged = frame;
      damaged[at] = static_cast<std::uint8_t>(damaged[at] ^ mask);
      const Result<Value> parsed = parse(damaged);
      if (parsed) {
        EXPECT_EQ(parse(encode(*parsed)), parsed);
      }
    }
  }
}

TEST(Api, DamagedRequestsAreRefusedOrWhole) {
  for (const Request& request : all_requests()) {
    survive_damage<Request>(encode(request), parse_request);
  }
}

TEST(Api, DamagedRepliesAreRefusedOrWhole) {
  for (const Reply& reply : all_replies()) {
    survive_damage<Reply>(encode(reply), parse_reply);
  }
}

TEST(Api, RequestsOverTheirBoundsAreRefused) {
  const auto message = filled<MessageId>(1);
  const std::vector<MemberId> crowd(hamroh::limits::recipients_max + 1, filled<MemberId>(3));
  const Bytes long_body(hamroh::limits::body_bytes_max + 1, 1);
  const std::vector<Request> wrong{
      {1, Submit{message, std::nullopt, EventKind::referral_send, crowd, {}, {}}},
      {1, Submit{message, std::nullopt, EventKind::referral_send, {crowd[0]}, long_body, {}}},
      {1, ListCases{std::nullopt, 0, false}},
      {1, ListCases{std::nullopt, limits::page_items_max + 1, false}},
      {1, NextEvents{0, 0, 0}},
      {1, NextEvents{0, limits::events_max + 1, 0}},
      {1, NextEvents{0, 1, limits::wait_ms_max + 1}},
      {1, GetLedger{0, 0}},
      {1, GetLedger{0, limits::ledger_entries_max + 1}},
      {1, Unlock{Bytes(limits::passphrase_bytes_max + 1, 'p')}},
      {1, Install{Bytes(limits::directory_chunk_max, 1)}},
      {1, Rotate{true, false, false, false, false,
                 std::string(hamroh::limits::string_bytes_max + 1, 'x')}},
      {1, Login{"x", Bytes(limits::passphrase_bytes_max + 1, 'p'), "", {}}},
      {1, Login{"x", {}, "", Bytes(limits::passphrase_bytes_max + 1, 'p')}},
      {1, Login{std::string(hamroh::limits::string_bytes_max + 1, 'x'), {}, "", {}}},
      {1, Login{"\xff", {}, "", {}}},
      {1, Login{"x", {}, std::string(limits::code_bytes_max + 1, '1'), {}}},
      {1, AddUser{{}, "x", static_cast<Role>(0), {}, {}, {}, {}}},
      {1, AddUser{{}, "x", static_cast<Role>(7), {}, {}, {}, {}}},
      {1, AddUser{{}, "x", Role::auditor, {hamroh::limits::teams_max + 1, "a"}, {}, {}, {}}},
      {1, ChangeUser{{}, static_cast<Role>(9), {}, {}, {}}},
      {1, SetFactor{static_cast<FactorStep>(4), {}, ""}},
      {1, AttachFile{message, {}, crowd, 1, {}, MediaType::other, "a"}},
      {1, AttachFile{message, {}, {}, 1, {}, static_cast<MediaType>(0), "a"}},
      {1, AttachFile{message, {}, {}, 1, {}, static_cast<MediaType>(9), "a"}},
      {1, AttachPart{message, {}, 0, Bytes(limits::attachment_part_bytes + 1, 1)}},
      {1, AttachPart{message, {}, 1024, Bytes(1, 1)}},
      {1, GetAttachment{{}, {}, message, 1024}},
      {1, ListDue{std::nullopt, 0}},
      {1, ListDue{std::nullopt, limits::due_cases_max + 1}},
      {1, ListEscalations{std::nullopt, limits::escalations_max + 1}},
      {1, CountFund{{{2}, {2}}}},
  };
  for (std::size_t i = 0; i < wrong.size(); ++i) {
    EXPECT_FALSE(parse_request(encode(wrong[i]))) << i;
  }
}

TEST(Api, TextsOfRequestsAreWhatTheySay) {
  const auto code = [](const Request& request) {
    const auto parsed = parse_request(encode(request));
    return parsed ? Code::none : parsed.error().code;
  };
  EXPECT_EQ(code({1, AssignCase{filled<CaseId>(2), "Team'); DROP", {}, {}}}), Code::malformed);
  EXPECT_EQ(code({1, AskSecond{TaskKind::break_glass, filled<CaseId>(2), "a\x1b[2J"}}),
            Code::invalid_argument);
  EXPECT_EQ(code({1, FindMessages{"%' OR 1"}}), Code::invalid_argument);
  EXPECT_EQ(code({1, FindMessages{""}}), Code::invalid_argument);
  EXPECT_EQ(code({1, ExportCase{filled<CaseId>(2), 5'000}}), Code::invalid_argument);
  Request many{1, AssignCase{filled<CaseId>(2), "", {}, {}}};
  std::get<AssignCase>(many.ask).give.assign(limits::given_users_max + 1, filled<UserId>(1));
  EXPECT_EQ(code(many), Code::malformed);
}

TEST(Api, PassphrasesAreFoundAndWipedInEveryVerbThatHasOne) {
  std::size_t found = 0;
  for (Request request : all_requests()) {
    if (holds_passphrase(request)) {
      ++found;
      wipe_passphrases(request);
      EXPECT_FALSE(holds_passphrase(request)) << request.id;
    }
  }
  EXPECT_EQ(found, 11U);
}

TEST(Api, WithoutASessionThereAreLoginsAndAStatusOnly) {
  for (const Request& request : all_requests()) {
    const bool open = std::holds_alternative<Login>(request.ask) ||
                      std::holds_alternative<GetChallenge>(request.ask) ||
                      std::holds_alternative<LoginWithKey>(request.ask) ||
                      std::holds_alternative<GetStatus>(request.ask);
    const Status checked = check_rights(request, nullptr);
    EXPECT_EQ(checked.has_value(), open) << request.id;
    EXPECT_TRUE(open || checked.error().code == Code::not_authenticated);
  }
}

TEST(Api, EachRoleMayAskWhatTheTableGivesIt) {
  for (const Request& request : all_requests()) {
    const Needed needed = needed_for(request);
    for (const Role role : all_roles) {
      const Grants rights = rights_of(role);
      const bool given = !needed.operation || rights.has(*needed.operation) ||
                         (needed.or_else && rights.has(*needed.or_else));
      Actor actor;
      actor.role = role;
      EXPECT_EQ(check_rights(request, &actor).has_value(),
                given && (role != Role::integration || !needed.operation))
          << request.id;
      actor.grants = rights;
      EXPECT_EQ(check_rights(request, &actor).has_value(), given) << request.id;
    }
  }
}

TEST(Api, AnothersPassphraseIsForOperators) {
  EXPECT_EQ(needed_for({1, SetPassphrase{}}).operation, Operation::own_account);
  EXPECT_EQ(needed_for({1, SetPassphrase{UserId{}, {}, {}}}).operation, Operation::manage_users);
}

TEST(Api, RepliesWithValuesNobodyKnowsAreRefused) {
  NodeStatus phase = node_status();
  phase.node.phase = static_cast<Phase>(9);
  NodeStatus kind = node_status();
  kind.node.kind = static_cast<MemberKind>(0);
  NodeStatus name = node_status();
  name.node.name = "\xff\xfe";
  NodeStatus staleness = node_status();
  staleness.node.staleness = static_cast<Staleness>(4);
  NodeStatus standing = node_status();
  standing.node.standing = static_cast<Standing>(0);
  NodeStatus alarm = node_status();
  alarm.node.alarms[0].kind = static_cast<AlarmKind>(5);
  CaseView state = case_view(false);
  state.state = static_cast<State>(63);
  CaseView track = case_view(false);
  track.tracks[1].track = static_cast<Track>(8);
  CaseView track_state = case_view(false);
  track_state.tracks[1].state = static_cast<State>(255);
  CaseView tracks = case_view(false);
  tracks.tracks.resize(hamroh::limits::vector_items_max + 1, tracks.tracks[0]);
  MessageView level = message_view(1);
  level.deliveries[0].level = static_cast<Level>(7);
  MessageView deliveries = message_view(1);
  deliveries.deliveries.resize(hamroh::limits::recipients_max + 1, deliveries.deliveries[0]);
  Member revoked = member(1);
  revoked.state = static_cast<MemberState>(3);
  const std::vector<Reply> wrong{
      {1, phase},
      {1, kind},
      {1, name},
      {1, Case{state, {}}},
      {1, Case{track, {}}},
      {1, Case{track_state, {}}},
      {1, Case{tracks, {}}},
      {1, Message{level}},
      {1, Message{deliveries}},
      {1, staleness},
      {1, standing},
      {1, alarm},
      {1, Members{{}, {}, {revoked}, {}, std::nullopt}},
      {1, Failure{Code::full, std::string(hamroh::limits::string_bytes_max + 1, 'x')}},
      {1, Receipt{std::string("\xc3\x28")}},
      {1, LedgerHead{1, {}, "note", Bytes(31), 1}},
      {1, LedgerHead{1, {}, "note", Bytes(32), 3}},
  };
  for (std::size_t i = 0; i < wrong.size(); ++i) {
    EXPECT_FALSE(parse_reply(encode(wrong[i]))) << i;
  }
}

TEST(Api, LargestCaseFitsAReply) {
  CaseView shown = case_view(false);
  shown.events.resize(hamroh::limits::case_events_max, message_view(1));
  const Reply reply{1, Case{shown, {}}};
  auto parsed = parse_reply(encode(reply));
  ASSERT_TRUE(parsed);
  EXPECT_EQ(*parsed, reply);
}

}  // namespace
}  // namespace hamroh::api
