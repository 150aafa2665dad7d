#include <map>
#include <utility>

#include "api_generated.h"
#include "protocol/api.h"
#include "protocol/ledger.h"
#include "protocol/text.h"
#include "protocol/wire_api_attachments.h"
#include "protocol/wire_api_parts.h"
#include "protocol/wire_api_users.h"
#include "protocol/wire_buffer.h"

namespace hamroh::api {
namespace {

constexpr char request_identifier[] = "HAPQ";
constexpr char reply_identifier[] = "HAPR";
constexpr unsigned reply_tables_max = 65'536;  // a case of 4,096 events with its deliveries
constexpr std::size_t event_bytes = 8 + 1 + 2 + 8 + 16 * 3;
constexpr std::size_t reply_bytes_ceiling = 8 * 1024 * 1024;

using Builder = flatbuffers::FlatBufferBuilder;
using ByteList = flatbuffers::Vector<std::uint8_t>;
using ByteVector = flatbuffers::Offset<ByteList>;
using wire::bytes_of;
using wire::fixed_of;

ByteVector put(Builder& builder, ByteView bytes) {
  return bytes.empty() ? ByteVector{} : builder.CreateVector(bytes.data(), bytes.size());
}

template <class Fixed>
ByteVector put(Builder& builder, const std::optional<Fixed>& value) {
  return value ? put(builder, value->view()) : ByteVector{};
}

template <class Fixed>
Bytes join(const std::vector<Fixed>& items) {
  Bytes joined;
  for (const Fixed& item : items) {
    append(joined, item.view());
  }
  return joined;
}

template <class Fixed>
Result<std::optional<Fixed>> optional_of(const ByteList* list) {
  if (bytes_of(list).empty()) {
    return std::optional<Fixed>{};
  }
  HAMROH_ASSIGN(const Fixed value, fixed_of<Fixed>(list));
  return std::optional<Fixed>(value);
}

template <class Fixed>
Result<std::vector<Fixed>> list_of(const ByteList* list, std::size_t items_max) {
  const ByteView bytes = bytes_of(list);
  if (bytes.size() % Fixed::size != 0 || bytes.size() / Fixed::size > items_max) {
    return peer_error(Code::malformed, "a list of identifiers has a wrong length");
  }
  std::vector<Fixed> items;
  for (std::size_t at = 0; at < bytes.size(); at += Fixed::size) {
    items.push_back(*Fixed::from(bytes.subspan(at, Fixed::size)));
  }
  return items;
}

constexpr std::size_t document_bytes_max = 64 * 1024;  // a receipt or a signed note

Result<std::string> string_of(const flatbuffers::String* string,
                              std::size_t bytes_max = hamroh::limits::string_bytes_max) {
  const std::string_view found =
      string == nullptr ? std::string_view{} : std::string_view{string->c_str(), string->size()};
  if (found.size() > bytes_max) {
    return peer_error(Code::too_large, "a text of the local API is over its bound");
  }
  if (!is_valid_utf8(view(found))) {
    return peer_error(Code::malformed, "a text of the local API is not UTF-8");
  }
  return std::string(found);
}

// Values of these enums are the numbers from 1 to the last one.
template <class Enum>
Result<Enum> value_of(std::uint8_t value, Enum last) {
  if (value < 1 || value > static_cast<std::uint8_t>(last)) {
    return peer_error(Code::malformed, "a reply holds a value nobody knows");
  }
  return static_cast<Enum>(value);
}

Bytes copy_of(const ByteList* list) {
  const ByteView bytes = bytes_of(list);
  return {bytes.begin(), bytes.end()};
}

// ---- requests ---------------------------------------------------------------------------------

// What a request's table holds; every verb fills what it needs.
struct RequestFields {
  Bytes message;
  Bytes case_id;
  std::uint16_t kind = 0;
  Bytes members;
  ByteView bytes;
  Bytes laid;  // what `bytes` shows, where it is made for the request
  std::uint64_t number = 0;
  std::uint32_t limit = 0;
  std::uint64_t wait_ms = 0;
  bool flag = false;
};

template <class Fixed>
Bytes raw(const Fixed& value) {
  return {value.bytes.begin(), value.bytes.end()};
}
template <class Fixed>
Bytes raw(const std::optional<Fixed>& value) {
  return value ? raw(*value) : Bytes{};
}

struct FillRequest {
  RequestFields& out;
  void operator()(const Submit& ask) {
    out.message = raw(ask.message);
    out.case_id = raw(ask.case_id);
    out.kind = static_cast<std::uint16_t>(ask.kind);
    out.members = join(ask.to);
    out.bytes = ask.body;
    out.number = ask.lifetime.ms;
  }
  void operator()(const GetStatus&) {}
  void operator()(const GetMessage& ask) { out.message = raw(ask.message); }
  void operator()(const ListCases& ask) {
    out.case_id = raw(ask.before);
    out.limit = ask.limit;
    out.flag = ask.awaiting_decision;
  }
  void operator()(const GetCase& ask) { out.case_id = raw(ask.case_id); }
  void operator()(const GetBody& ask) {
    out.members = raw(ask.author);
    out.message = raw(ask.message);
  }
  void operator()(const NextEvents& ask) {
    out.number = ask.cursor;
    out.limit = ask.max;
    out.wait_ms = ask.wait_ms;
  }
  void operator()(const GetReceipt& ask) {
    out.message = raw(ask.message);
    out.members = raw(ask.recipient);
  }
  void operator()(const GetLedger& ask) {
    out.number = ask.from;
    out.limit = ask.max;
  }
  void operator()(const GetLedgerHead&) {}
  void operator()(const GetMembers& ask) { out.members = raw(ask.after); }
  void operator()(const Unlock& ask) { out.bytes = ask.passphrase; }
  void operator()(const Lock&) {}
  void operator()(const Install& ask) { out.bytes = ask.file; }
  void operator()(const ConfirmClock&) {}
  void operator()(const Rotate& ask) {
    const auto bit = [](KeyPurpose purpose, bool named) {
      return named ? std::uint64_t{1} << static_cast<unsigned>(purpose) : 0;
    };
    out.number = bit(KeyPurpose::author, ask.author) | bit(KeyPurpose::receipt, ask.receipt) |
                 bit(KeyPurpose::witness, ask.witness) | bit(KeyPurpose::transport, ask.transport) |
                 bit(KeyPurpose::epoch, ask.epoch);
    out.bytes = view(ask.endpoint);
  }
  void operator()(const GetAlarms&) {}
  void operator()(const TakeCase& ask) { out.case_id = raw(ask.case_id); }
  void operator()(const AssignCase& ask) { lay(ask.case_id, encode_part(ask)); }
  void operator()(const AskSecond& ask) { lay(ask.case_id, encode_part(ask)); }
  void operator()(const DecideTask& ask) {
    out.message = raw(ask.task);
    out.flag = ask.agrees;
  }
  void operator()(const ListTasks&) {}
  void operator()(const GetAccesses& ask) { out.case_id = raw(ask.case_id); }
  void operator()(const ExportCase& ask) {
    out.case_id = raw(ask.case_id);
    out.number = ask.from;
  }
  void operator()(const FindMessages& ask) { out.bytes = view(ask.beginning); }
  void lay(const CaseId& id, Bytes part) {
    out.case_id = raw(id);
    out.laid = std::move(part);
    out.bytes = out.laid;
  }
  void operator()(const ChangeVault& ask) { out.number = static_cast<std::uint64_t>(ask.opening); }
  void operator()(const MakeRecovery& ask) {
    out.number = ask.threshold;
    out.limit = ask.shares;
    out.bytes = ask.keep;
  }
  void operator()(const Panic& ask) { out.flag = ask.without_recovery; }
  void operator()(const EraseCase& ask) {
    out.case_id = raw(ask.case_id);
    out.kind = static_cast<std::uint16_t>(ask.reason);
    out.flag = ask.ask_others;
  }
  void operator()(const ListErasures& ask) {
    out.case_id = raw(ask.after);
    out.limit = ask.limit;
  }
  void operator()(const GetErasure& ask) { out.case_id = raw(ask.case_id); }
  void operator()(const BackupBegin& ask) { out.bytes = ask.passphrase; }
  void operator()(const BackupRenew& ask) { out.message = raw(ask.backup); }
  void operator()(const BackupEnd& ask) { out.message = raw(ask.backup); }
  void operator()(const GetPack& ask) { out.bytes = ask.sha256.view(); }
  void operator()(const PublishServices& ask) { out.bytes = ask.statement; }
  void operator()(const ListServices& ask) {
    out.members = raw(ask.after);
    out.limit = ask.limit;
  }
  void operator()(const ProposeDecision& ask) {
    out.case_id = raw(ask.case_id);
    out.kind = static_cast<std::uint16_t>(ask.kind);
    out.bytes = ask.body;
  }
  void operator()(const GetStatusFile& ask) {
    out.case_id = raw(ask.case_id);
    out.bytes = ask.commitment.view();
  }
  void operator()(const CastVote& ask) {
    out.message = raw(ask.task);
    out.laid = ask.certificate.encode();
    append(out.laid, ask.signature.view());
    out.bytes = out.laid;
  }
  void operator()(const ListDue& ask) {
    if (ask.after) {
      out.number = ask.after->time.ms;
      out.case_id = raw(ask.after->case_id);
    }
    out.limit = ask.limit;
  }
  void operator()(const ListEscalations& ask) {
    out.flag = ask.before.has_value();
    out.number = ask.before.value_or(0);
    out.limit = ask.limit;
  }
  void operator()(const CountFund& ask) {
    out.laid = encode_part(ask);
    out.bytes = out.laid;
  }
  void operator()(const AttachFile& ask) {
    out.message = raw(ask.message);
    out.members = join(ask.to);
    out.number = ask.bytes;
    lay(ask.case_id, encode_part(ask));
  }
  void operator()(const AttachPart& ask) {
    out.message = raw(ask.message);
    out.case_id = raw(ask.case_id);
    out.number = ask.first;
    out.bytes = ask.bytes;
  }
  void operator()(const AttachDone& ask) {
    out.message = raw(ask.message);
    out.case_id = raw(ask.case_id);
  }
  void operator()(const ListAttachments& ask) { out.case_id = raw(ask.case_id); }
  void operator()(const GetAttachment& ask) {
    out.message = raw(ask.message);
    out.case_id = raw(ask.case_id);
    out.members = raw(ask.author);
    out.number = ask.first;
  }
  template <class Other>
  void operator()(const Other&) {}  // a verb of users: FillUserFields
};

Result<Ask> parse_submit(const wire::RequestMessage& table) {
  Submit ask;
  HAMROH_ASSIGN(ask.message, fixed_of<MessageId>(table.message()));
  HAMROH_ASSIGN(ask.case_id, optional_of<CaseId>(table.case_id()));
  ask.kind = static_cast<EventKind>(table.kind());
  HAMROH_ASSIGN(ask.to, list_of<MemberId>(table.members(), hamroh::limits::recipients_max));
  ask.body = copy_of(table.bytes());
  if (ask.body.size() > hamroh::limits::body_bytes_max) {
    return caller_error(Code::too_large, "a body is over 120 KiB");
  }
  ask.lifetime = {table.number()};
  return ask;
}

Result<Ask> parse_rotate(const wire::RequestMessage& table) {
  const auto named = [&](KeyPurpose purpose) {
    return (table.number() >> static_cast<unsigned>(purpose) & 1U) != 0;
  };
  const ByteView endpoint = bytes_of(table.bytes());
  if (endpoint.size() > hamroh::limits::string_bytes_max) {
    return caller_error(Code::too_large, "an endpoint is over its bound");
  }
  return Rotate{named(KeyPurpose::author),  named(KeyPurpose::receipt),
                named(KeyPurpose::witness), named(KeyPurpose::transport),
                named(KeyPurpose::epoch),   std::string(text(endpoint))};
}

// About users and cases.
Result<Ask> parse_case_query(std::size_t verb, const wire::RequestMessage& table) {
  if (verb == verb_of<DecideTask>) {
    HAMROH_ASSIGN(const TaskId task, fixed_of<TaskId>(table.message()));
    return DecideTask{task, table.flag()};
  }
  if (verb == verb_of<ListTasks>) {
    return ListTasks{};
  }
  if (verb == verb_of<FindMessages>) {
    constexpr std::size_t digits_max = 36;
    const std::string_view beginning = text(bytes_of(table.bytes()));
    const bool hex = beginning.find_first_not_of("0123456789abcdefABCDEF-") == beginning.npos;
    if (beginning.empty() || beginning.size() > digits_max || !hex) {
      return caller_error(Code::invalid_argument, "an id begins with hex digits");
    }
    return FindMessages{std::string(beginning)};
  }
  HAMROH_ASSIGN(const CaseId id, fixed_of<CaseId>(table.case_id()));
  switch (verb) {
    case verb_of<TakeCase>:
      return TakeCase{id};
    case verb_of<AssignCase>:
      return parse_assign(id, bytes_of(table.bytes()));
    case verb_of<AskSecond>:
      return parse_ask_second(id, bytes_of(table.bytes()));
    case verb_of<GetAccesses>:
      return GetAccesses{id};
    default:
      if (table.number() > hamroh::limits::case_events_max) {
        return caller_error(Code::invalid_argument, "a case has no more than 4,096 events");
      }
      return ExportCase{id, static_cast<std::uint32_t>(table.number())};
  }
}

Result<Ask> parse_make_recovery(const wire::RequestMessage& table) {
  const Bytes keep = copy_of(table.bytes());
  if (table.number() > recovery_shares_max || table.limit() > recovery_shares_max ||
      (!keep.empty() && keep.size() != SplitId::size)) {
    return caller_error(Code::invalid_argument, "there are at most 16 recovery shares");
  }
  return MakeRecovery{static_cast<std::uint8_t>(table.limit()),
                      static_cast<std::uint8_t>(table.number()), keep};
}

Result<Ask> parse_erase(const wire::RequestMessage& table) {
  HAMROH_ASSIGN(const CaseId id, fixed_of<CaseId>(table.case_id()));
  if (table.kind() < 1 || table.kind() > static_cast<std::uint16_t>(ErasureReason::other)) {
    return caller_error(Code::invalid_argument, "a reason for an erasure that nobody knows");
  }
  return EraseCase{id, static_cast<ErasureReason>(table.kind()), table.flag()};
}

Result<Ask> parse_backup_ask(std::size_t verb, const wire::RequestMessage& table) {
  if (verb == verb_of<BackupBegin>) {
    const std::size_t length = bytes_of(table.bytes()).size();
    if (length != 0 && length != limits::backup_passphrase_bytes) {
      return caller_error(Code::invalid_argument, "a backup is begun with other bytes than these");
    }
    return BackupBegin{copy_of(table.bytes())};
  }
  HAMROH_ASSIGN(const BackupId backup, fixed_of<BackupId>(table.message()));
  return verb == verb_of<BackupRenew> ? Ask(BackupRenew{backup}) : Ask(BackupEnd{backup});
}

Result<Ask> parse_services_ask(std::size_t verb, const wire::RequestMessage& table) {
  if (verb == verb_of<PublishServices>) {
    if (bytes_of(table.bytes()).size() > hamroh::limits::services_bytes_max) {
      return caller_error(Code::too_large, "a statement of services is over 16 KiB");
    }
    return PublishServices{copy_of(table.bytes())};
  }
  HAMROH_ASSIGN(const auto after, optional_of<MemberId>(table.members()));
  if (table.limit() == 0 || table.limit() > limits::services_max) {
    return caller_error(Code::invalid_argument, "a page holds the services of 1 to 64 members");
  }
  return ListServices{after, table.limit()};
}

Result<Ask> parse_due_ask(std::size_t verb, const wire::RequestMessage& table) {
  if (verb == verb_of<ListEscalations>) {
    if (table.limit() == 0 || table.limit() > limits::escalations_max) {
      return caller_error(Code::invalid_argument, "a page holds 1 to 256 escalations");
    }
    return ListEscalations{table.flag() ? std::optional(table.number()) : std::nullopt,
                           table.limit()};
  }
  HAMROH_ASSIGN(const auto id, optional_of<CaseId>(table.case_id()));
  if (table.limit() == 0 || table.limit() > limits::due_cases_max) {
    return caller_error(Code::invalid_argument, "a page holds 1 to 64 cases");
  }
  ListDue ask{std::nullopt, table.limit()};
  if (id) {
    ask.after = DuePlace{{table.number()}, *id};
  }
  return ask;
}

Result<Ask> parse_vote_ask(std::size_t verb, const wire::RequestMessage& table) {
  const ByteView bytes = bytes_of(table.bytes());
  if (verb == verb_of<ProposeDecision>) {
    HAMROH_ASSIGN(const CaseId id, fixed_of<CaseId>(table.case_id()));
    if (bytes.size() > hamroh::limits::body_bytes_max) {
      return caller_error(Code::too_large, "a body is over 120 KiB");
    }
    return ProposeDecision{id, static_cast<EventKind>(table.kind()), {bytes.begin(), bytes.end()}};
  }
  HAMROH_ASSIGN(const TaskId task, fixed_of<TaskId>(table.message()));
  ByteReader reader(bytes);
  HAMROH_ASSIGN(const auto certificate,
                UserCertificate::parse(reader.take(UserCertificate::encoded_size)));
  const auto signature = reader.fixed<Signature>();
  if (!reader.finished()) {
    return caller_error(Code::malformed, "a vote is a certificate and a signature");
  }
  return CastVote{task, certificate, signature};
}

Result<Ask> parse_query(std::size_t verb, const wire::RequestMessage& table) {
  switch (verb) {
    case verb_of<GetStatus>:
      return GetStatus{};
    case verb_of<GetMessage>: {
      HAMROH_ASSIGN(const MessageId message, fixed_of<MessageId>(table.message()));
      return GetMessage{message};
    }
    case verb_of<ListCases>: {
      HAMROH_ASSIGN(const auto before, optional_of<CaseId>(table.case_id()));
      if (table.limit() == 0 || table.limit() > limits::page_items_max) {
        return caller_error(Code::invalid_argument, "a page holds 1 to 256 cases");
      }
      return ListCases{before, table.limit(), table.flag()};
    }
    case verb_of<GetCase>: {
      HAMROH_ASSIGN(const CaseId id, fixed_of<CaseId>(table.case_id()));
      return GetCase{id};
    }
    case verb_of<GetBody>: {
      HAMROH_ASSIGN(const MemberId author, fixed_of<MemberId>(table.members()));
      HAMROH_ASSIGN(const MessageId message, fixed_of<MessageId>(table.message()));
      return GetBody{author, message};
    }
    case verb_of<NextEvents>:
      if (table.limit() == 0 || table.limit() > limits::events_max ||
          table.wait_ms() > limits::wait_ms_max) {
        return caller_error(Code::invalid_argument, "events come 1 to 1,024 at once, in a minute");
      }
      return NextEvents{table.number(), table.limit(), table.wait_ms()};
    case verb_of<GetReceipt>: {
      HAMROH_ASSIGN(const MessageId message, fixed_of<MessageId>(table.message()));
      HAMROH_ASSIGN(const auto recipient, optional_of<MemberId>(table.members()));
      return GetReceipt{message, recipient};
    }
    case verb_of<GetLedger>:
      if (table.limit() == 0 || table.limit() > limits::ledger_entries_max) {
        return caller_error(Code::invalid_argument, "a page holds 1 to 512 entries");
      }
      return GetLedger{table.number(), table.limit()};
    case verb_of<GetLedgerHead>:
      return GetLedgerHead{};
    case verb_of<GetMembers>: {
      HAMROH_ASSIGN(const auto after, optional_of<MemberId>(table.members()));
      return GetMembers{after};
    }
    case verb_of<Unlock>:
      if (bytes_of(table.bytes()).size() > limits::passphrase_bytes_max) {
        return caller_error(Code::too_large, "a passphrase is over 1 KiB");
      }
      return Unlock{copy_of(table.bytes())};
    case verb_of<Lock>:
      return Lock{};
    case verb_of<Install>:
      return Install{copy_of(table.bytes())};
    case verb_of<ConfirmClock>:
      return ConfirmClock{};
    case verb_of<Rotate>:
      return parse_rotate(table);
    case verb_of<GetAlarms>:
      return GetAlarms{};
    case verb_of<TakeCase>:
    case verb_of<AssignCase>:
    case verb_of<AskSecond>:
    case verb_of<DecideTask>:
    case verb_of<ListTasks>:
    case verb_of<GetAccesses>:
    case verb_of<ExportCase>:
    case verb_of<FindMessages>:
      return parse_case_query(verb, table);
    case verb_of<MakeRecovery>:
      return parse_make_recovery(table);
    case verb_of<Panic>:
      return Panic{table.flag()};
    case verb_of<ChangeVault>:
      if (table.number() < 1 ||
          table.number() > static_cast<std::uint64_t>(VaultOpening::key_file)) {
        return caller_error(Code::invalid_argument, "a vault opens in no such way");
      }
      return ChangeVault{static_cast<VaultOpening>(table.number())};
    case verb_of<EraseCase>:
      return parse_erase(table);
    case verb_of<ListErasures>: {
      HAMROH_ASSIGN(const auto after, optional_of<CaseId>(table.case_id()));
      if (table.limit() == 0 || table.limit() > limits::erasures_max) {
        return caller_error(Code::invalid_argument, "a page holds 1 to 64 erasures");
      }
      return ListErasures{after, table.limit()};
    }
    case verb_of<GetErasure>: {
      HAMROH_ASSIGN(const CaseId id, fixed_of<CaseId>(table.case_id()));
      return GetErasure{id};
    }
    case verb_of<BackupBegin>:
    case verb_of<BackupRenew>:
    case verb_of<BackupEnd>:
      return parse_backup_ask(verb, table);
    case verb_of<GetPack>: {
      HAMROH_ASSIGN(const Digest sha256, fixed_of<Digest>(table.bytes()));
      return GetPack{sha256};
    }
    case verb_of<GetStatusFile>: {
      HAMROH_ASSIGN(const CaseId id, fixed_of<CaseId>(table.case_id()));
      HAMROH_ASSIGN(const Digest commitment, fixed_of<Digest>(table.bytes()));
      return GetStatusFile{id, commitment};
    }
    case verb_of<PublishServices>:
    case verb_of<ListServices>:
      return parse_services_ask(verb, table);
    case verb_of<ProposeDecision>:
    case verb_of<CastVote>:
      return parse_vote_ask(verb, table);
    case verb_of<CountFund>: {
      HAMROH_ASSIGN(const CountFund ask, parse_count_fund(bytes_of(table.bytes())));
      return ask;
    }
    case verb_of<ListDue>:
    case verb_of<ListEscalations>:
      return parse_due_ask(verb, table);
    case verb_of<AttachFile>:
    case verb_of<AttachPart>:
    case verb_of<AttachDone>:
    case verb_of<ListAttachments>:
    case verb_of<GetAttachment>:
      return parse_attachment_ask(verb, table);
    default:
      return parse_user_verb(verb, table);
  }
}

// ---- views ------------------------------------------------------------------------------------

flatbuffers::Offset<wire::MessageTable> put(Builder& builder, const MessageView& message) {
  std::vector<flatbuffers::Offset<wire::DeliveryTable>> deliveries;
  for (const Delivery& delivery : message.deliveries) {
    const auto recipient = put(builder, delivery.recipient.view());
    deliveries.push_back(wire::CreateDeliveryTable(
        builder, recipient, static_cast<std::uint8_t>(delivery.level),
        static_cast<std::uint16_t>(delivery.code), delivery.changed.ms, delivery.settled_index));
  }
  const auto id = put(builder, message.message.view());
  const auto case_id = put(builder, message.case_id.view());
  const auto author = put(builder, message.author.view());
  const auto list = builder.CreateVector(deliveries);
  const bool named = message.actor_role != 0;
  const auto actor = named ? put(builder, message.actor.view()) : ByteVector{};
  const auto user = message.user.is_zero() ? ByteVector{} : put(builder, message.user.view());
  const auto digest = put(builder, message.digest.view());
  return wire::CreateMessageTable(
      builder, id, case_id, author, static_cast<std::uint16_t>(message.kind), message.created.ms,
      message.expires.ms, message.index, list, actor, message.actor_role, user, digest,
      static_cast<std::uint16_t>(message.void_reason), message.corrected);
}

Result<MessageView> view_of(const wire::MessageTable* table) {
  if (table == nullptr) {
    return peer_error(Code::malformed, "a message is missing from a reply");
  }
  MessageView message;
  HAMROH_ASSIGN(message.message, fixed_of<MessageId>(table->message()));
  HAMROH_ASSIGN(message.case_id, fixed_of<CaseId>(table->case_id()));
  HAMROH_ASSIGN(message.author, fixed_of<MemberId>(table->author()));
  message.kind = static_cast<EventKind>(table->kind());
  message.created = {table->created()};
  message.expires = {table->expires()};
  message.index = table->index();
  if (table->deliveries() != nullptr) {
    if (table->deliveries()->size() > hamroh::limits::recipients_max) {
      return peer_error(Code::too_large, "a message has more recipients than it may have");
    }
    for (const auto* row : *table->deliveries()) {
      Delivery delivery;
      HAMROH_ASSIGN(delivery.recipient, fixed_of<MemberId>(row->recipient()));
      HAMROH_ASSIGN(delivery.level, value_of(row->level(), Level::unsupported));
      delivery.code = static_cast<Code>(row->code());
      delivery.changed = {row->changed()};
      delivery.settled_index = row->settled_index();
      message.deliveries.push_back(delivery);
    }
  }
  HAMROH_ASSIGN(const auto actor, optional_of<Pseudonym>(table->actor()));
  message.actor_role = table->actor_role();
  message.actor = message.actor_role != 0 ? actor.value_or(Pseudonym{}) : Pseudonym{};
  HAMROH_ASSIGN(const auto user, optional_of<UserId>(table->user()));
  message.user = user.value_or(UserId{});
  HAMROH_ASSIGN(message.digest, fixed_of<Digest>(table->digest()));
  message.void_reason = static_cast<Code>(table->void_reason());
  message.corrected = table->corrected();
  return message;
}

Bytes tracks_bytes(const std::vector<TrackState>& tracks) {
  Bytes out;
  for (const TrackState& track : tracks) {
    put_u8(out, static_cast<std::uint8_t>(track.track));
    put_u8(out, static_cast<std::uint8_t>(track.state));
    append(out, track.about.view());
    append(out, track.member.view());
    put_u8(out, track.service);
    put_u64(out, track.until.ms);
  }
  return out;
}

Result<State> state_of(std::uint8_t raw) {
  if (raw > static_cast<std::uint8_t>(state_last)) {
    return peer_error(Code::malformed, "a state that there is not");
  }
  return static_cast<State>(raw);
}

Result<std::vector<TrackState>> tracks_of(const flatbuffers::Vector<std::uint8_t>* vector) {
  constexpr std::size_t track_bytes = 2 + Digest::size + MemberId::size + 1 + 8;
  const ByteView bytes = bytes_of(vector);
  const std::size_t count = bytes.size() / track_bytes;
  if (bytes.size() % track_bytes != 0 || count > hamroh::limits::vector_items_max) {
    return peer_error(Code::malformed, "the tracks of a case are laid wrongly");
  }
  ByteReader reader(bytes);
  std::vector<TrackState> tracks(count);
  for (TrackState& track : tracks) {
    HAMROH_ASSIGN(track.track, value_of(reader.u8(), all_tracks.back()));
    HAMROH_ASSIGN(track.state, state_of(reader.u8()));
    track.about = reader.fixed<Digest>();
    track.member = reader.fixed<MemberId>();
    track.service = reader.u8();
    track.until = {reader.u64()};
  }
  return tracks;
}

flatbuffers::Offset<wire::CaseTable> put(Builder& builder, const CaseView& shown) {
  std::vector<flatbuffers::Offset<wire::MessageTable>> events;
  for (const MessageView& event : shown.events) {
    events.push_back(put(builder, event));
  }
  const auto id = put(builder, shown.id.view());
  const auto author = put(builder, shown.author.view());
  const auto participants = put(builder, ByteView(join(shown.participants)));
  const auto list = builder.CreateVector(events);
  const auto team = builder.CreateString(shown.team);
  const auto assigned = put(builder, ByteView(join(shown.assigned)));
  const auto gaps = put(builder, ByteView(join(shown.gaps)));
  const auto tracks = put(builder, tracks_bytes(shown.tracks));
  const auto pack =
      shown.pack.is_zero() ? flatbuffers::Offset<ByteList>{} : put(builder, shown.pack.view());
  const auto clocks = put(builder, ByteView(encode_part(shown.clocks)));
  return wire::CreateCaseTable(
      builder, id, shown.opened.ms, author, static_cast<std::uint8_t>(shown.state), participants,
      list, shown.incomplete, team, assigned, gaps, tracks, pack, shown.pack_here, clocks);
}

Result<CaseView> case_of(const wire::CaseTable& table) {
  CaseView shown;
  HAMROH_ASSIGN(shown.id, fixed_of<CaseId>(table.id()));
  shown.opened = {table.opened()};
  HAMROH_ASSIGN(shown.author, fixed_of<MemberId>(table.author()));
  HAMROH_ASSIGN(shown.state, state_of(table.state()));
  HAMROH_ASSIGN(shown.participants,
                list_of<MemberId>(table.participants(), hamroh::limits::members_max));
  shown.incomplete = table.incomplete();
  HAMROH_ASSIGN(shown.team, string_of(table.team()));
  HAMROH_ASSIGN(shown.assigned,
                list_of<UserId>(table.assigned(), hamroh::limits::assigned_users_max));
  HAMROH_ASSIGN(shown.gaps, list_of<Digest>(table.gaps(), hamroh::limits::vector_items_max));
  HAMROH_ASSIGN(shown.tracks, tracks_of(table.tracks()));
  HAMROH_ASSIGN(const auto pack, optional_of<Digest>(table.pack()));
  shown.pack = pack.value_or(Digest{});
  shown.pack_here = table.pack_here();
  HAMROH_ASSIGN(shown.clocks, parse_clocks(bytes_of(table.clocks())));
  if (table.events() != nullptr) {
    for (const auto* event : *table.events()) {
      HAMROH_ASSIGN(MessageView message, view_of(event));
      shown.events.push_back(std::move(message));
    }
  }
  return shown;
}

flatbuffers::Offset<wire::AlarmTable> put(Builder& builder, const AlarmView& alarm, ByteView here,
                                          ByteView there) {
  const auto member = put(builder, alarm.member.view());
  const auto here_bytes = put(builder, here);
  const auto there_bytes = put(builder, there);
  return wire::CreateAlarmTable(builder, static_cast<std::uint8_t>(alarm.kind), member,
                                alarm.version, alarm.seen.ms, here_bytes, there_bytes);
}

// All but the two digests.
Result<AlarmView> alarm_of(const wire::AlarmTable& table) {
  AlarmView alarm;
  HAMROH_ASSIGN(alarm.kind, value_of(table.kind(), AlarmKind::ledger));
  HAMROH_ASSIGN(alarm.member, fixed_of<MemberId>(table.member()));
  alarm.version = table.version();
  alarm.seen = {table.seen()};
  return alarm;
}

flatbuffers::Offset<wire::StatusTable> put(Builder& builder, const NodeStatus& status) {
  const NodeView& node = status.node;
  std::vector<flatbuffers::Offset<wire::PeerTable>> peers;
  for (const PeerView& peer : node.peers) {
    const auto member = put(builder, peer.member.view());
    const auto name = builder.CreateString(peer.name);
    peers.push_back(wire::CreatePeerTable(
        builder, member, name, peer.connected, peer.queued, peer.in_flight, peer.held,
        peer.heard.ms, peer.suspended_until.value_or(Timestamp{}).ms, peer.revoked));
  }
  std::vector<flatbuffers::Offset<wire::AlarmTable>> alarms;
  for (const AlarmView& alarm : node.alarms) {
    alarms.push_back(put(builder, alarm, alarm.here.view(), alarm.there.view()));
  }
  const LinkStatus& link = status.link;
  const std::vector<std::uint64_t> link_numbers{link.up ? 1U : 0U, link.process,   link.restarts,
                                                link.bytes_in,     link.bytes_out, link.frames_in,
                                                link.frames_out,   link.refused,   link.dropped};
  const std::vector<std::uint64_t> store_numbers{status.store.file_bytes, status.store.log_bytes,
                                                 status.store.free_bytes};
  const auto network = put(builder, node.network.view());
  const auto member = put(builder, node.member.view());
  const auto name = builder.CreateString(node.name);
  const auto root = put(builder, node.ledger_root.view());
  const auto peer_list = builder.CreateVector(peers);
  const auto link_list = builder.CreateVector(link_numbers);
  const auto health = builder.CreateString(status.store.health);
  const auto store_list = builder.CreateVector(store_numbers);
  const auto version = builder.CreateString(status.version);
  const auto alarm_list = builder.CreateVector(alarms);
  const auto pack = put(builder, node.pack.view());
  const auto pack_id = builder.CreateString(node.pack_id);
  const auto pack_jurisdiction = builder.CreateString(node.pack_jurisdiction);
  return wire::CreateStatusTable(
      builder, network, member, name, static_cast<std::uint8_t>(node.kind),
      static_cast<std::uint8_t>(node.phase), node.locked, node.clock_suspect,
      static_cast<std::uint8_t>(node.staleness), node.directory_version, node.directory_expires.ms,
      node.ledger_size, root, node.session_first, node.outbox_depth, peer_list, link_list, health,
      store_list, version, status.process, status.turns, status.inputs,
      static_cast<std::uint8_t>(node.standing), node.constitution_version, node.key_serial,
      node.rotation_waits, alarm_list, static_cast<std::uint8_t>(status.memory), pack, pack_id,
      pack_jurisdiction, node.pack_unset);
}

Result<NodeStatus> status_of(const wire::StatusTable* table) {
  if (table == nullptr || table->link() == nullptr || table->link()->size() != 9 ||
      table->store() == nullptr || table->store()->size() != 3) {
    return peer_error(Code::malformed, "a status is incomplete");
  }
  NodeStatus status;
  NodeView& node = status.node;
  HAMROH_ASSIGN(node.network, fixed_of<NetworkId>(table->network()));
  HAMROH_ASSIGN(node.member, fixed_of<MemberId>(table->member()));
  HAMROH_ASSIGN(node.name, string_of(table->name()));
  HAMROH_ASSIGN(node.kind, value_of(table->kind(), member_kind_last));
  HAMROH_ASSIGN(node.phase, value_of(table->phase(), Phase::stopped));
  node.locked = table->locked();
  node.clock_suspect = table->clock_suspect();
  HAMROH_ASSIGN(node.staleness, value_of(table->staleness(), Staleness::expired));
  HAMROH_ASSIGN(node.standing, value_of(table->standing(), Standing::superseded));
  node.constitution_version = table->constitution_version();
  node.key_serial = table->key_serial();
  node.rotation_waits = table->rotation_waits();
  if (table->alarms() != nullptr) {
    for (const auto* row : *table->alarms()) {
      HAMROH_ASSIGN(AlarmView alarm, alarm_of(*row));
      HAMROH_ASSIGN(alarm.here, fixed_of<Digest>(row->here()));
      HAMROH_ASSIGN(alarm.there, fixed_of<Digest>(row->there()));
      node.alarms.push_back(alarm);
    }
  }
  if (table->pack() != nullptr) {  // absent in the answer of an older daemon
    HAMROH_ASSIGN(node.pack, fixed_of<Digest>(table->pack()));
    HAMROH_ASSIGN(node.pack_id, string_of(table->pack_id()));
    HAMROH_ASSIGN(node.pack_jurisdiction, string_of(table->pack_jurisdiction()));
    node.pack_unset = table->pack_unset();
  }
  node.directory_version = table->directory_version();
  node.directory_expires = {table->directory_expires()};
  node.ledger_size = table->ledger_size();
  HAMROH_ASSIGN(node.ledger_root, fixed_of<Digest>(table->ledger_root()));
  node.session_first = table->session_first();
  node.outbox_depth = table->outbox_depth();
  if (table->peers() != nullptr) {
    for (const auto* row : *table->peers()) {
      PeerView peer;
      HAMROH_ASSIGN(peer.member, fixed_of<MemberId>(row->member()));
      HAMROH_ASSIGN(peer.name, string_of(row->name()));
      peer.connected = row->connected();
      peer.queued = row->queued();
      peer.in_flight = row->in_flight();
      peer.held = row->held();
      peer.heard = {row->heard()};
      if (row->suspended_until() != 0) {
        peer.suspended_until = Timestamp{row->suspended_until()};
      }
      peer.revoked = row->revoked();
      node.peers.push_back(std::move(peer));
    }
  }
  const auto& link = *table->link();
  status.link = {link.Get(0) == 1, link.Get(1), link.Get(2), link.Get(3), link.Get(4),
                 link.Get(5),      link.Get(6), link.Get(7), link.Get(8)};
  const auto& store = *table->store();
  HAMROH_ASSIGN(std::string health, string_of(table->store_health()));
  status.store = {std::move(health), store.Get(0), store.Get(1), store.Get(2)};
  HAMROH_ASSIGN(status.version, string_of(table->version()));
  status.process = table->process();
  status.turns = table->turns();
  status.inputs = table->inputs();
  // Absent in the answer of an older daemon, which did not look.
  status.memory = MemoryState::not_locked;
  if (table->memory() != 0) {
    HAMROH_ASSIGN(status.memory, value_of(table->memory(), MemoryState::not_locked));
  }
  return status;
}

void put_event(Bytes& out, const hamroh::Event& event) {
  put_u64(out, event.index);
  put_u8(out, event.kind);
  put_u16(out, static_cast<std::uint16_t>(event.code));
  put_u64(out, event.time.ms);
  append(out, event.peer.view());
  append(out, event.author.view());
  append(out, event.message.view());
}

Result<std::vector<hamroh::Event>> events_of(const ByteList* list) {
  const ByteView bytes = bytes_of(list);
  if (bytes.size() % event_bytes != 0 || bytes.size() / event_bytes > limits::events_max) {
    return peer_error(Code::malformed, "a list of events has a wrong length");
  }
  std::vector<hamroh::Event> events;
  ByteReader reader(bytes);
  while (reader.remaining() > 0) {
    hamroh::Event event;
    event.index = reader.u64();
    event.kind = reader.u8();
    event.code = static_cast<Code>(reader.u16());
    event.time = {reader.u64()};
    event.peer = reader.fixed<MemberId>();
    event.author = reader.fixed<MemberId>();
    event.message = reader.fixed<MessageId>();
    events.push_back(event);
  }
  return events;
}

// ---- replies ----------------------------------------------------------------------------------

// Builds what lies below the reply's own table, and says which offsets it has.
struct FillReply {
  Builder& builder;
  flatbuffers::Offset<flatbuffers::String> text;
  ByteVector message, case_id, bytes, digest, member, next, names;
  flatbuffers::Offset<wire::MessageTable> shown;
  flatbuffers::Offset<flatbuffers::Vector<flatbuffers::Offset<wire::CaseTable>>> cases;
  flatbuffers::Offset<flatbuffers::Vector<flatbuffers::Offset<wire::ApiMemberTable>>> members;
  flatbuffers::Offset<wire::StatusTable> status;
  flatbuffers::Offset<flatbuffers::Vector<flatbuffers::Offset<wire::AlarmTable>>> alarms;
  flatbuffers::Offset<flatbuffers::Vector<flatbuffers::Offset<wire::UserTable>>> users;
  std::uint16_t code = 0;
  std::uint16_t kind = 0;
  std::uint64_t number = 0;
  std::uint64_t size = 0;
  bool flag = false;

  void operator()(const Failure& reply) {
    code = static_cast<std::uint16_t>(reply.code);
    text = builder.CreateString(reply.text);
  }
  void operator()(const Accepted& reply) {
    message = put(builder, reply.message.view());
    case_id = put(builder, reply.case_id.view());
    flag = reply.duplicate;
  }
  void operator()(const NodeStatus& reply) { status = put(builder, reply); }
  void operator()(const Message& reply) { shown = put(builder, reply.message); }
  void operator()(const Cases& reply) {
    std::vector<flatbuffers::Offset<wire::CaseTable>> list;
    for (const CaseView& view : reply.cases) {
      list.push_back(put(builder, view));
    }
    cases = builder.CreateVector(list);
    next = put(builder, reply.next);
    names = put(builder, ByteView(encode_names(reply.names)));
  }
  void operator()(const Case& reply) { put_case(reply.shown, reply.names); }
  void put_case(const CaseView& view, const Names& of) {
    const std::vector<flatbuffers::Offset<wire::CaseTable>> list{put(builder, view)};
    cases = builder.CreateVector(list);
    names = put(builder, ByteView(encode_names(of)));
  }
  void operator()(const Body& reply) {
    kind = static_cast<std::uint16_t>(reply.kind);
    bytes = put(builder, ByteView(reply.bytes));
    flag = reply.withheld;
  }
  void operator()(const Events& reply) {
    Bytes packed;
    packed.reserve(reply.events.size() * event_bytes);
    for (const hamroh::Event& event : reply.events) {
      put_event(packed, event);
    }
    bytes = put(builder, ByteView(packed));
    number = reply.next_cursor;
  }
  void operator()(const Receipt& reply) { text = builder.CreateString(reply.text); }
  void operator()(const LedgerPage& reply) {
    Bytes packed;
    for (const Bytes& entry : reply.entries) {
      append(packed, entry);
    }
    bytes = put(builder, ByteView(packed));
    number = reply.from;
    size = reply.size;
  }
  void operator()(const LedgerHead& reply) {
    size = reply.size;
    digest = put(builder, reply.root.view());
    text = builder.CreateString(reply.signed_note);
    bytes = put(builder, ByteView(reply.key));
    kind = reply.role;
  }
  void operator()(const Members& reply) {
    std::vector<flatbuffers::Offset<wire::ApiMemberTable>> list;
    const std::map<MemberId, Timestamp> until(reply.suspended.begin(), reply.suspended.end());
    for (const Member& item : reply.members) {
      const auto suspended = until.find(item.id);
      list.push_back(
          wire::CreateApiMemberTable(builder, put(builder, ByteView(encode_member(item))),
                                     suspended != until.end() ? suspended->second.ms : 0));
    }
    members = builder.CreateVector(list);
    digest = put(builder, reply.network.view());
    member = put(builder, reply.self.view());
    next = put(builder, reply.next);
  }
  void operator()(const Done&) {}
  void operator()(const Rotated& reply) {
    bytes = put(builder, ByteView(reply.statement));
    number = reply.serial;
    flag = reply.waits;
  }
  void operator()(const Alarms& reply) {
    std::vector<flatbuffers::Offset<wire::AlarmTable>> list;
    for (const AlarmFiles& item : reply.alarms) {
      list.push_back(put(builder, item.alarm, item.here, item.there));
    }
    alarms = builder.CreateVector(list);
  }
  void operator()(const Asked& reply) { message = put(builder, reply.task.view()); }
  void operator()(const Tasks& reply) {
    bytes = put(builder, ByteView(encode_part(reply.tasks)));
    names = put(builder, ByteView(encode_names(reply.names)));
  }
  void operator()(const Accesses& reply) {
    bytes = put(builder, ByteView(encode_part(reply.accesses)));
    names = put(builder, ByteView(encode_names(reply.names)));
  }
  void operator()(const Exported& reply) {
    put_case(reply.shown, reply.names);
    bytes = put(builder, ByteView(encode_part(reply.bodies)));
    number = reply.next;
  }
  void operator()(const Found& reply) { bytes = put(builder, ByteView(join(reply.messages))); }
  void operator()(const RecoveryShares& reply) {
    Bytes joined;
    joined.reserve(reply.shares.size() * recovery_share_bytes);
    for (const Bytes& share : reply.shares) {
      append(joined, share);
    }
    bytes = put(builder, ByteView(joined));
    crypto::wipe(joined);
  }
  void operator()(const Destroyed& reply) {
    flag = reply.recoverable;
    number = reply.threshold;
    size = reply.shares;
    text = builder.CreateString(reply.outside);
  }
  void operator()(const Erased& reply) {
    bytes = put(builder, ByteView(reply.certificate));
    number = reply.asked;
    flag = reply.before;
    size = reply.backups_until.value_or(Timestamp{}).ms;
  }
  void operator()(const Erasures& reply) {
    Bytes packed;
    for (const auto& [id, record] : reply.erasures) {
      const Bytes row = record.encode();
      append(packed, id.view());
      put_u32(packed, static_cast<std::uint32_t>(row.size()));
      append(packed, row);
    }
    bytes = put(builder, ByteView(packed));
    next = put(builder, reply.next);
  }
  void put_users(const std::vector<flatbuffers::Offset<wire::UserTable>>& list) {
    users = builder.CreateVector(list);
  }
  void operator()(const LoggedIn& reply) {
    put_users({put_user(builder, reply.user)});
    bytes = put(builder, reply.token.view());
    number = reply.idle.ms;
    size = reply.absolute.ms;
    flag = reply.unlocked;
  }
  void operator()(const Challenge& reply) {
    bytes = put(builder, reply.challenge.view());
    digest = put(builder, reply.home.network.view());
    member = put(builder, reply.home.member.view());
  }
  void operator()(const Me& reply) { put_users({put_user(builder, reply.user)}); }
  void operator()(const Users& reply) {
    std::vector<flatbuffers::Offset<wire::UserTable>> list;
    for (const UserView& user : reply.users) {
      list.push_back(put_user(builder, user));
    }
    put_users(list);
    next = put(builder, reply.next);
  }
  void operator()(const Factor& reply) { text = builder.CreateString(reply.uri); }
  void operator()(const UserKeys& reply) {
    std::vector<flatbuffers::Offset<wire::UserTable>> list;
    for (const UserKey& key : reply.keys) {
      UserView user;
      user.id = key.certificate.user;
      user.name = key.name;
      user.role = key.certificate.role;
      list.push_back(put_user(builder, user, key.certificate.encode()));
    }
    put_users(list);
  }
  void operator()(const Vote& reply) {
    message = put(builder, ByteView(reply.certificate.encode()));
    bytes = put(builder, reply.signature.view());
  }
  void operator()(const BackupBegun& reply) {
    Bytes part = encode_part(reply);
    bytes = put(builder, ByteView(part));
    crypto::wipe(part);
    number = reply.database_bytes;
  }
  void operator()(const PackFile& reply) {
    digest = put(builder, reply.sha256.view());
    bytes = put(builder, ByteView(reply.file));
  }
  void operator()(const Proposed& reply) {
    message = put(builder, reply.task.view());
    digest = put(builder, reply.decision.view());
    number = reply.votes;
    size = reply.needed;
  }
  void operator()(const Counted& reply) {
    number = reply.votes;
    size = reply.needed;
    if (reply.sent) {
      message = put(builder, reply.sent->message.view());
      case_id = put(builder, reply.sent->case_id.view());
      flag = reply.sent->duplicate;
    }
  }
  void operator()(const Attaching& reply) { bytes = put(builder, ByteView(encode_part(reply))); }
  void operator()(const Attachments& reply) { bytes = put(builder, ByteView(encode_part(reply))); }
  void operator()(const AttachmentPart& reply) { bytes = put(builder, ByteView(reply.bytes)); }
  void operator()(const FundCounted& reply) { bytes = put(builder, ByteView(encode_part(reply))); }
  void operator()(const Published& reply) {
    number = reply.serial;
    size = reply.members;
  }
  void operator()(const Services& reply) {
    Bytes packed;
    for (const MemberServices& one : reply.known) {
      append(packed, one.member.view());
      put_u64(packed, one.received.ms);
      put_u32(packed, static_cast<std::uint32_t>(one.statement.size()));
      append(packed, one.statement);
    }
    bytes = put(builder, ByteView(packed));
    next = put(builder, reply.next);
  }
  void operator()(const Due& reply) {
    bytes = put(builder, ByteView(encode_part(reply.cases)));
    if (reply.next) {
      number = reply.next->time.ms;
      case_id = put(builder, reply.next->case_id.view());
    }
  }
  void operator()(const Escalations& reply) {
    bytes = put(builder, ByteView(encode_part(reply.known)));
    flag = reply.next.has_value();
    number = reply.next.value_or(0);
  }
};

Result<Answer> parse_cases(const wire::ReplyMessage& table, bool single) {
  Cases reply;
  if (table.cases() != nullptr) {
    for (const auto* row : *table.cases()) {
      HAMROH_ASSIGN(CaseView shown, case_of(*row));
      reply.cases.push_back(std::move(shown));
    }
  }
  HAMROH_ASSIGN(reply.names, parse_names(bytes_of(table.names())));
  if (!single) {
    HAMROH_ASSIGN(reply.next, optional_of<CaseId>(table.next()));
    return reply;
  }
  if (reply.cases.size() != 1) {
    return peer_error(Code::malformed, "a reply should hold one case");
  }
  return Case{std::move(reply.cases.front()), std::move(reply.names)};
}

Result<Answer> parse_exported(const wire::ReplyMessage& table) {
  HAMROH_ASSIGN(Answer shown, parse_cases(table, true));
  Case& of = std::get<Case>(shown);
  HAMROH_ASSIGN(auto bodies, parse_bodies(bytes_of(table.bytes())));
  return Exported{std::move(of.shown), std::move(bodies), table.number(), std::move(of.names)};
}

Result<Answer> parse_members(const wire::ReplyMessage& table) {
  Members reply;
  HAMROH_ASSIGN(reply.network, fixed_of<NetworkId>(table.digest()));
  HAMROH_ASSIGN(reply.self, fixed_of<MemberId>(table.member()));
  if (table.members() != nullptr) {
    for (const auto* row : *table.members()) {
      HAMROH_ASSIGN(Member member, parse_member(bytes_of(row->record())));
      if (row->suspended_until() != 0) {
        reply.suspended.emplace_back(member.id, Timestamp{row->suspended_until()});
      }
      reply.members.push_back(std::move(member));
    }
  }
  HAMROH_ASSIGN(reply.next, optional_of<MemberId>(table.next()));
  return reply;
}

Result<Answer> parse_alarms(const wire::ReplyMessage& table) {
  Alarms reply;
  if (table.alarms() != nullptr) {
    for (const auto* row : *table.alarms()) {
      AlarmFiles item;
      HAMROH_ASSIGN(item.alarm, alarm_of(*row));
      item.here = copy_of(row->here());
      item.there = copy_of(row->there());
      item.alarm.here = crypto::sha256({item.here});
      item.alarm.there = crypto::sha256({item.there});
      reply.alarms.push_back(std::move(item));
    }
  }
  return reply;
}

Result<Answer> parse_erased(const wire::ReplyMessage& table) {
  Erased reply{copy_of(table.bytes()), table.number(), table.flag(), std::nullopt};
  if (table.size() != 0) {
    reply.backups_until = Timestamp{table.size()};
  }
  return reply;
}

Result<Answer> parse_recovery_shares(const wire::ReplyMessage& table) {
  const ByteView joined = bytes_of(table.bytes());
  if (joined.size() % recovery_share_bytes != 0 ||
      joined.size() / recovery_share_bytes > recovery_shares_max) {
    return peer_error(Code::malformed, "a reply holds no whole recovery shares");
  }
  RecoveryShares reply;
  for (std::size_t at = 0; at < joined.size(); at += recovery_share_bytes) {
    const ByteView share = joined.subspan(at, recovery_share_bytes);
    reply.shares.emplace_back(share.begin(), share.end());
  }
  return reply;
}

Result<Answer> parse_destroyed(const wire::ReplyMessage& table) {
  Destroyed reply;
  if (table.number() > recovery_shares_max || table.size() > recovery_shares_max) {
    return peer_error(Code::malformed, "a reply names more shares than there can be");
  }
  reply.recoverable = table.flag();
  reply.threshold = static_cast<std::uint8_t>(table.number());
  reply.shares = static_cast<std::uint8_t>(table.size());
  HAMROH_ASSIGN(reply.outside, string_of(table.text(), document_bytes_max));
  return reply;
}

// case id[16] ‖ length u32 ‖ record, one after another
Result<Answer> parse_erasures(const wire::ReplyMessage& table) {
  Erasures reply;
  ByteReader reader(bytes_of(table.bytes()));
  while (reader.ok() && reader.remaining() > 0) {
    const auto id = reader.fixed<CaseId>();
    const ByteView row = reader.take(reader.u32());
    auto record =
        reader.ok() ? ErasedRecord::parse(row) : Result<ErasedRecord>(tl::unexpected(Error{}));
    if (!record || reply.erasures.size() == limits::erasures_max) {
      return peer_error(Code::malformed, "a reply about erasures does not parse");
    }
    reply.erasures.emplace_back(id, std::move(*record));
  }
  HAMROH_ASSIGN(reply.next, optional_of<CaseId>(table.next()));
  return reply;
}

// member[16] ‖ received u64 ‖ length u32 ‖ statement, one after another
Result<Answer> parse_services_reply(const wire::ReplyMessage& table) {
  Services reply;
  ByteReader reader(bytes_of(table.bytes()));
  while (reader.ok() && reader.remaining() > 0) {
    MemberServices one;
    one.member = reader.fixed<MemberId>();
    one.received = {reader.u64()};
    const ByteView statement = reader.take(reader.u32());
    if (!reader.ok() || reply.known.size() == limits::services_max) {
      return peer_error(Code::malformed, "a reply about services does not parse");
    }
    one.statement.assign(statement.begin(), statement.end());
    reply.known.push_back(std::move(one));
  }
  HAMROH_ASSIGN(reply.next, optional_of<MemberId>(table.next()));
  return reply;
}

Result<Answer> parse_due_reply(const wire::ReplyMessage& table) {
  Due reply;
  HAMROH_ASSIGN(reply.cases, parse_due(bytes_of(table.bytes())));
  HAMROH_ASSIGN(const auto id, optional_of<CaseId>(table.case_id()));
  if (id) {
    reply.next = DuePlace{{table.number()}, *id};
  }
  return reply;
}

Result<Answer> parse_ledger_page(const wire::ReplyMessage& table) {
  const ByteView packed = bytes_of(table.bytes());
  if (packed.size() % Entry::encoded_size != 0) {
    return peer_error(Code::malformed, "a page of the ledger has a wrong length");
  }
  LedgerPage reply{table.number(), {}, table.size()};
  for (std::size_t at = 0; at < packed.size(); at += Entry::encoded_size) {
    const ByteView entry = packed.subspan(at, Entry::encoded_size);
    reply.entries.emplace_back(entry.begin(), entry.end());
  }
  return reply;
}

Result<Answer> parse_ledger_head(const wire::ReplyMessage& table) {
  LedgerHead reply;
  reply.size = table.size();
  HAMROH_ASSIGN(reply.root, fixed_of<Digest>(table.digest()));
  HAMROH_ASSIGN(reply.signed_note, string_of(table.text(), document_bytes_max));
  reply.key = copy_of(table.bytes());
  if (!reply.key.empty() && reply.key.size() != SigningPublicKey::size) {
    return peer_error(Code::malformed, "a signing key has a wrong length");
  }
  if (table.kind() < 1 || table.kind() > 2) {
    return peer_error(Code::malformed, "a reply holds a value nobody knows");
  }
  reply.role = static_cast<std::uint8_t>(table.kind());
  return reply;
}

Result<UserView> one_user_of(const wire::ReplyMessage& table) {
  if (table.users() == nullptr || table.users()->size() != 1) {
    return peer_error(Code::malformed, "a reply should hold one user");
  }
  return user_of(*table.users()->Get(0));
}

Result<Answer> parse_logged_in(const wire::ReplyMessage& table) {
  LoggedIn reply;
  HAMROH_ASSIGN(reply.token, fixed_of<SessionToken>(table.bytes()));
  HAMROH_ASSIGN(reply.user, one_user_of(table));
  reply.idle = {table.number()};
  reply.absolute = {table.size()};
  reply.unlocked = table.flag();
  return reply;
}

Result<Answer> parse_challenge(const wire::ReplyMessage& table) {
  Challenge reply;
  HAMROH_ASSIGN(reply.challenge, fixed_of<LoginChallenge>(table.bytes()));
  HAMROH_ASSIGN(reply.home.network, fixed_of<NetworkId>(table.digest()));
  HAMROH_ASSIGN(reply.home.member, fixed_of<MemberId>(table.member()));
  return reply;
}

Result<Answer> parse_users(const wire::ReplyMessage& table) {
  Users reply;
  if (table.users() != nullptr) {
    for (const auto* row : *table.users()) {
      HAMROH_ASSIGN(UserView user, user_of(*row));
      reply.users.push_back(std::move(user));
    }
  }
  HAMROH_ASSIGN(reply.next, optional_of<UserId>(table.next()));
  return reply;
}

Result<Answer> parse_user_keys(const wire::ReplyMessage& table) {
  UserKeys reply;
  if (table.users() != nullptr) {
    for (const auto* row : *table.users()) {
      HAMROH_ASSIGN(UserView user, user_of(*row));
      HAMROH_ASSIGN(UserCertificate made, UserCertificate::parse(bytes_of(row->certificate())));
      reply.keys.push_back({std::move(user.name), made});
    }
  }
  return reply;
}

Result<Answer> parse_vote(const wire::ReplyMessage& table) {
  Vote reply;
  HAMROH_ASSIGN(reply.certificate, UserCertificate::parse(bytes_of(table.message())));
  HAMROH_ASSIGN(reply.signature, fixed_of<Signature>(table.bytes()));
  return reply;
}

Result<Answer> parse_proposed(const wire::ReplyMessage& table) {
  HAMROH_ASSIGN(const TaskId task, fixed_of<TaskId>(table.message()));
  HAMROH_ASSIGN(const Digest decision, fixed_of<Digest>(table.digest()));
  return Proposed{task, decision, table.number(), table.size()};
}

Result<Answer> parse_counted(const wire::ReplyMessage& table) {
  Counted reply{table.number(), table.size(), {}};
  HAMROH_ASSIGN(const auto message, optional_of<MessageId>(table.message()));
  if (message) {
    HAMROH_ASSIGN(const CaseId id, fixed_of<CaseId>(table.case_id()));
    reply.sent = Accepted{*message, id, table.flag()};
  }
  return reply;
}

Result<Answer> parse_user_answer(std::size_t verb, const wire::ReplyMessage& table) {
  switch (verb) {
    case answer_of<LoggedIn>:
      return parse_logged_in(table);
    case answer_of<Challenge>:
      return parse_challenge(table);
    case answer_of<Me>: {
      HAMROH_ASSIGN(UserView user, one_user_of(table));
      return Me{std::move(user)};
    }
    case answer_of<Users>:
      return parse_users(table);
    case answer_of<Factor>: {
      HAMROH_ASSIGN(std::string uri, string_of(table.text()));
      return Factor{std::move(uri)};
    }
    case answer_of<UserKeys>:
      return parse_user_keys(table);
    case answer_of<Vote>:
      return parse_vote(table);
    default:
      return peer_error(Code::unsupported_version, "a reply of an unknown kind");
  }
}

Result<Answer> parse_answer(std::size_t verb, const wire::ReplyMessage& table) {
  switch (verb) {
    case answer_of<Failure>: {
      HAMROH_ASSIGN(std::string text, string_of(table.text()));
      return Failure{static_cast<Code>(table.code()), std::move(text)};
    }
    case answer_of<Accepted>: {
      HAMROH_ASSIGN(const MessageId message, fixed_of<MessageId>(table.message()));
      HAMROH_ASSIGN(const CaseId case_id, fixed_of<CaseId>(table.case_id()));
      return Accepted{message, case_id, table.flag()};
    }
    case answer_of<NodeStatus>: {
      HAMROH_ASSIGN(NodeStatus status, status_of(table.status()));
      return status;
    }
    case answer_of<Message>: {
      HAMROH_ASSIGN(MessageView message, view_of(table.shown()));
      return Message{std::move(message)};
    }
    case answer_of<Cases>:
      return parse_cases(table, false);
    case answer_of<Case>:
      return parse_cases(table, true);
    case answer_of<Body>:
      return Body{static_cast<EventKind>(table.kind()), copy_of(table.bytes()), table.flag()};
    case answer_of<Events>: {
      HAMROH_ASSIGN(auto events, events_of(table.bytes()));
      return Events{std::move(events), table.number()};
    }
    case answer_of<Receipt>: {
      HAMROH_ASSIGN(std::string text, string_of(table.text(), document_bytes_max));
      return Receipt{std::move(text)};
    }
    case answer_of<LedgerPage>:
      return parse_ledger_page(table);
    case answer_of<LedgerHead>:
      return parse_ledger_head(table);
    case answer_of<Members>:
      return parse_members(table);
    case answer_of<Done>:
      return Done{};
    case answer_of<Rotated>:
      return Rotated{copy_of(table.bytes()), table.number(), table.flag()};
    case answer_of<Alarms>:
      return parse_alarms(table);
    case answer_of<Asked>: {
      HAMROH_ASSIGN(const TaskId task, fixed_of<TaskId>(table.message()));
      return Asked{task};
    }
    case answer_of<Tasks>: {
      HAMROH_ASSIGN(auto tasks, parse_tasks(bytes_of(table.bytes())));
      HAMROH_ASSIGN(auto names, parse_names(bytes_of(table.names())));
      return Tasks{std::move(tasks), std::move(names)};
    }
    case answer_of<Accesses>: {
      HAMROH_ASSIGN(auto accesses, parse_accesses(bytes_of(table.bytes())));
      HAMROH_ASSIGN(auto names, parse_names(bytes_of(table.names())));
      return Accesses{std::move(accesses), std::move(names)};
    }
    case answer_of<Exported>:
      return parse_exported(table);
    case answer_of<Found>: {
      HAMROH_ASSIGN(auto messages, list_of<MessageId>(table.bytes(), limits::page_items_max));
      return Found{std::move(messages)};
    }
    case answer_of<RecoveryShares>:
      return parse_recovery_shares(table);
    case answer_of<Destroyed>:
      return parse_destroyed(table);
    case answer_of<Erased>:
      return parse_erased(table);
    case answer_of<Erasures>:
      return parse_erasures(table);
    case answer_of<BackupBegun>:
      return parse_backup_begun(bytes_of(table.bytes()), table.number());
    case answer_of<PackFile>: {
      HAMROH_ASSIGN(const Digest sha256, fixed_of<Digest>(table.digest()));
      return PackFile{sha256, copy_of(table.bytes())};
    }
    case answer_of<Proposed>:
      return parse_proposed(table);
    case answer_of<Counted>:
      return parse_counted(table);
    case answer_of<Published>:
      return Published{table.number(), table.size()};
    case answer_of<Services>:
      return parse_services_reply(table);
    case answer_of<Due>:
      return parse_due_reply(table);
    case answer_of<Escalations>: {
      HAMROH_ASSIGN(auto known, parse_escalations(bytes_of(table.bytes())));
      return Escalations{std::move(known),
                         table.flag() ? std::optional(table.number()) : std::nullopt};
    }
    case answer_of<FundCounted>: {
      HAMROH_ASSIGN(auto counted, parse_fund_counted(bytes_of(table.bytes())));
      return counted;
    }
    case answer_of<Attaching>:
    case answer_of<Attachments>:
    case answer_of<AttachmentPart>:
      return parse_attachment_answer(verb, table);
    default:
      return parse_user_answer(verb, table);
  }
}

}  // namespace

const char* memory_state_name(MemoryState state) {
  switch (state) {
    case MemoryState::locked:
      return "locked";
    case MemoryState::secrets_only:
      return "secrets only";
    case MemoryState::not_locked:
      return "not locked";
  }
  return "unknown";
}

Bytes encode(const Request& request) {
  RequestFields fields;
  std::visit(FillRequest{fields}, request.ask);
  UserFields user;
  std::visit(FillUserFields{user}, request.ask);
  Builder builder(fields.bytes.size() + 512);
  const auto message = put(builder, ByteView(fields.message));
  const auto case_id = put(builder, ByteView(fields.case_id));
  const auto members = put(builder, ByteView(fields.members));
  const auto bytes = put(builder, fields.bytes.empty() ? user.bytes : fields.bytes);
  const auto session = put(builder, request.session);
  const auto name = user.name.empty() ? flatbuffers::Offset<flatbuffers::String>{}
                                      : builder.CreateString(user.name);
  const auto words =
      user.words.empty()
          ? flatbuffers::Offset<flatbuffers::Vector<flatbuffers::Offset<flatbuffers::String>>>{}
          : builder.CreateVectorOfStrings(user.words);
  const auto more = put(builder, user.more);
  const auto id = put(builder, ByteView(user.user));
  builder.Finish(
      wire::CreateRequestMessage(
          builder, request.id, static_cast<std::uint8_t>(request.ask.index()), message, case_id,
          fields.kind, members, bytes, fields.number | user.number, fields.limit, fields.wait_ms,
          fields.flag || user.flag, session, name, words, more, id, user.role, user.parts),
      request_identifier);
  Bytes frame = wire::finished(builder);
  if (holds_passphrase(request)) {
    hamroh::crypto::wipe({builder.GetBufferPointer(), builder.GetSize()});
  }
  return frame;
}

Result<Request> parse_request(ByteView frame) {
  HAMROH_ASSIGN(auto root, wire::Buffer<wire::RequestMessage>::open(frame, request_identifier,
                                                                    limits::directory_chunk_max));
  Request request;
  request.id = root->id();
  HAMROH_ASSIGN(request.session, optional_of<SessionToken>(root->session()));
  if (root->verb() == 0) {
    HAMROH_ASSIGN(request.ask, parse_submit(*root));
  } else {
    HAMROH_ASSIGN(request.ask, parse_query(root->verb(), *root));
  }
  return request;
}

Bytes encode(const Reply& reply) {
  Builder builder(1024);
  FillReply fill{builder, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}};
  std::visit(fill, reply.answer);
  builder.Finish(wire::CreateReplyMessage(
                     builder, reply.id, static_cast<std::uint8_t>(reply.answer.index()), fill.code,
                     fill.text, fill.message, fill.case_id, fill.flag, fill.kind, fill.bytes,
                     fill.number, fill.size, fill.digest, fill.shown, fill.cases, fill.members,
                     fill.member, fill.next, fill.status, fill.alarms, fill.names, fill.users),
                 reply_identifier);
  return wire::finished(builder);
}

Result<Reply> parse_reply(ByteView frame) {
  HAMROH_ASSIGN(auto root, wire::Buffer<wire::ReplyMessage>::open(
                               frame, reply_identifier, reply_bytes_ceiling, reply_tables_max));
  Reply reply;
  reply.id = root->id();
  HAMROH_ASSIGN(reply.answer, parse_answer(root->verb(), *root));
  return reply;
}

namespace {

// Calls `use` with each passphrase that a verb may hold: by the names of the fields, so that none
// is forgotten.
template <class Ask, class Use>
void for_passphrases(Ask& ask, const Use& use) {
  if constexpr (requires { ask.passphrase; }) {
    use(ask.passphrase);
  }
  if constexpr (requires { ask.old_passphrase; }) {
    use(ask.old_passphrase);
  }
  if constexpr (requires { ask.new_passphrase; }) {
    use(ask.new_passphrase);
  }
}

}  // namespace

void wipe_passphrases(Request& request) {
  std::visit(
      [](auto& ask) {
        for_passphrases(ask, [](Bytes& passphrase) {
          hamroh::crypto::wipe(passphrase);
          passphrase.clear();
        });
      },
      request.ask);
}

bool holds_passphrase(const Request& request) {
  bool found = false;
  std::visit(
      [&found](const auto& ask) {
        for_passphrases(
            ask, [&found](const Bytes& passphrase) { found = found || !passphrase.empty(); });
      },
      request.ask);
  return found;
}

}  // namespace hamroh::api
