#include "protocol/wire_directory.h"

#include <set>
#include <utility>

#include "directory_generated.h"
#include "protocol/suspension.h"
#include "protocol/text.h"
#include "protocol/wire_buffer.h"

namespace hamroh {
namespace wire {
namespace {

constexpr char constitution_identifier[] = "HCOP";
constexpr char chain_identifier[] = "HNET";
constexpr char directory_file_identifier[] = "HDIR";
constexpr char directory_identifier[] = "HDIP";
constexpr char request_identifier[] = "HRQP";
constexpr char rotation_identifier[] = "HROP";
constexpr char suspension_identifier[] = "HSUP";
constexpr std::size_t signature_bytes = 32 + 64;
constexpr std::size_t head_bytes_max = 4 * 1024;

using Builder = flatbuffers::FlatBufferBuilder;
using ByteVector = flatbuffers::Offset<flatbuffers::Vector<std::uint8_t>>;

ByteVector put(Builder& builder, ByteView bytes) {
  return builder.CreateVector(bytes.data(), bytes.size());
}

std::string_view text_of(const flatbuffers::String* string) {
  return string == nullptr ? std::string_view{} : std::string_view(string->c_str(), string->size());
}

Result<std::string> name_of(const flatbuffers::String* string) {
  const std::string_view name = text_of(string);
  if (!is_fit_name(name)) {
    return peer_error(Code::malformed, "a name is empty, too long or holds unfit characters");
  }
  return std::string(name);
}

ByteVector put_signatures(Builder& builder, const std::vector<AdminSignature>& signatures) {
  Bytes list;
  for (const AdminSignature& signature : signatures) {
    append(list, signature.key.view());
    append(list, signature.signature.view());
  }
  return put(builder, list);
}

Result<std::vector<AdminSignature>> parse_signatures(
    const flatbuffers::Vector<std::uint8_t>* vector) {
  const ByteView list = bytes_of(vector);
  if (list.size() % signature_bytes != 0 ||
      list.size() / signature_bytes > limits::administrators_max) {
    return peer_error(Code::malformed, "a list of signatures has a wrong length");
  }
  std::vector<AdminSignature> signatures;
  ByteReader reader(list);
  while (reader.remaining() > 0) {
    AdminSignature signature;
    signature.key = reader.fixed<AdminKey>();
    signature.signature = reader.fixed<Signature>();
    signatures.push_back(signature);
  }
  return signatures;
}

Bytes copy_of(const flatbuffers::Vector<std::uint8_t>* vector) {
  const ByteView bytes = bytes_of(vector);
  return {bytes.begin(), bytes.end()};
}

template <class Table>
Result<Possessions> possessions_of(const Table& table) {
  Possessions possessions;
  HAMROH_ASSIGN(possessions.author, fixed_of<Signature>(table.author_possession()));
  HAMROH_ASSIGN(possessions.receipt, fixed_of<Signature>(table.receipt_possession()));
  HAMROH_ASSIGN(possessions.witness, fixed_of<Signature>(table.witness_possession()));
  return possessions;
}

// u16 length and record, one after another, sorted by id.
Bytes put_records(const std::vector<Member>& members) {
  Bytes out;
  out.reserve(members.size() * 256);
  for (const Member& member : members) {
    const Bytes record = encode_member(member);
    put_u16(out, static_cast<std::uint16_t>(record.size()));
    append(out, record);
  }
  return out;
}

Result<std::vector<Member>> parse_records(ByteView bytes) {
  ByteReader reader(bytes);
  std::vector<Member> members;
  while (reader.remaining() > 0) {
    if (members.size() == limits::members_max) {
      return peer_error(Code::too_large, "a directory has too many members");
    }
    const ByteView record = reader.take(reader.u16());
    if (!reader.ok()) {
      return peer_error(Code::malformed, "a member's record is cut short");
    }
    HAMROH_ASSIGN(Member member, parse_member(record));
    if (!members.empty() && !(members.back().id < member.id)) {
      return peer_error(Code::malformed, "the members are not sorted and distinct");
    }
    members.push_back(std::move(member));
  }
  return members;
}

}  // namespace

Bytes encode_signed_file(const SignedPayload& file, const char* identifier) {
  Builder builder(file.payload.size() + 4096);
  const auto payload = put(builder, file.payload);
  const auto list = put_signatures(builder, file.signatures);
  builder.Finish(CreateSignedFile(builder, payload, list), identifier);
  return finished(builder);
}

Result<SignedPayload> parse_signed_file(ByteView bytes, const char* identifier,
                                        std::size_t bytes_max) {
  HAMROH_ASSIGN(auto root, Buffer<SignedFile>::open(bytes, identifier, bytes_max));
  SignedPayload file;
  file.payload = copy_of(root->payload());
  HAMROH_ASSIGN(file.signatures, parse_signatures(root->signatures()));
  return file;
}

Bytes encode_files(std::span<const Bytes> files, const char* identifier) {
  std::size_t bytes = 4096;
  for (const Bytes& file : files) {
    bytes += file.size() + 32;
  }
  Builder builder(bytes);
  std::vector<flatbuffers::Offset<FileBytes>> list;
  for (const Bytes& file : files) {
    list.push_back(CreateFileBytes(builder, put(builder, file)));
  }
  const auto vector = builder.CreateVector(list);
  builder.Finish(CreateChainFile(builder, vector), identifier);
  return finished(builder);
}

Result<std::vector<Bytes>> parse_files(ByteView bytes, const char* identifier,
                                       std::size_t bytes_max, std::size_t files_max) {
  HAMROH_ASSIGN(auto root, Buffer<ChainFile>::open(bytes, identifier, bytes_max,
                                                   static_cast<unsigned>(files_max) + 1));
  std::vector<Bytes> files;
  if (const auto* list = root->files()) {
    if (list->size() > files_max) {
      return peer_error(Code::too_large, "a file holds too many others");
    }
    for (const auto* file : *list) {
      files.push_back(copy_of(file->bytes()));
    }
  }
  return files;
}

Bytes encode_request(const RequestParts& request) {
  Builder builder(2048);
  const auto network = put(builder, request.network.view());
  const auto member = put(builder, encode_member(request.member));
  const auto author = put(builder, request.possessions.author.view());
  const auto receipt = put(builder, request.possessions.receipt.view());
  const auto witness = put(builder, request.possessions.witness.view());
  builder.Finish(CreateRequestTable(builder, network, member, author, receipt, witness),
                 request_identifier);
  return finished(builder);
}

Result<RequestParts> parse_request(ByteView payload) {
  HAMROH_ASSIGN(auto root, Buffer<RequestTable>::open(payload, request_identifier,
                                                      limits::statement_bytes_max));
  RequestParts request;
  HAMROH_ASSIGN(request.network, fixed_of<NetworkId>(root->network()));
  HAMROH_ASSIGN(request.member, parse_member(bytes_of(root->member())));
  HAMROH_ASSIGN(request.possessions, possessions_of(*root));
  return request;
}

Bytes encode_rotation(const RotationParts& parts) {
  Builder builder(2048);
  const Rotation& rotation = parts.rotation;
  const auto network = put(builder, rotation.network.view());
  const auto member = put(builder, rotation.member.view());
  const auto author = put(builder, rotation.author.view());
  const auto receipt = put(builder, rotation.receipt.view());
  const auto witness = put(builder, rotation.witness.view());
  const auto transport = put(builder, rotation.transport.view());
  const auto endpoint = builder.CreateString(rotation.endpoint);
  const auto author_possession = put(builder, parts.possessions.author.view());
  const auto receipt_possession = put(builder, parts.possessions.receipt.view());
  const auto witness_possession = put(builder, parts.possessions.witness.view());
  builder.Finish(
      CreateRotationTable(builder, network, member, rotation.incarnation, rotation.serial,
                          rotation.created.ms, author, receipt, witness, transport, endpoint,
                          author_possession, receipt_possession, witness_possession),
      rotation_identifier);
  return finished(builder);
}

Result<RotationParts> parse_rotation(ByteView payload) {
  HAMROH_ASSIGN(auto root, Buffer<RotationTable>::open(payload, rotation_identifier,
                                                       limits::statement_bytes_max));
  RotationParts parts;
  Rotation& rotation = parts.rotation;
  HAMROH_ASSIGN(rotation.network, fixed_of<NetworkId>(root->network()));
  HAMROH_ASSIGN(rotation.member, fixed_of<MemberId>(root->member()));
  rotation.incarnation = root->incarnation();
  rotation.serial = root->serial();
  rotation.created = {root->created()};
  HAMROH_ASSIGN(rotation.author, fixed_of<AuthorKey>(root->author()));
  HAMROH_ASSIGN(rotation.receipt, fixed_of<ReceiptKey>(root->receipt()));
  HAMROH_ASSIGN(rotation.witness, fixed_of<WitnessKey>(root->witness()));
  HAMROH_ASSIGN(rotation.transport, fixed_of<TransportKey>(root->transport()));
  rotation.endpoint = text_of(root->endpoint());
  HAMROH_ASSIGN(parts.possessions, possessions_of(*root));
  if (rotation.incarnation == 0 || rotation.serial == 0 || rotation.member.is_zero() ||
      !is_endpoint(rotation.endpoint)) {
    return peer_error(Code::malformed, "a rotation lacks its member, serial or endpoint");
  }
  return parts;
}

}  // namespace wire

Bytes encode_constitution(const Constitution& constitution) {
  wire::Builder builder(4096);
  std::vector<flatbuffers::Offset<wire::AdministratorTable>> administrators;
  for (const Administrator& administrator : constitution.administrators) {
    const auto name = builder.CreateString(administrator.name);
    const auto key = wire::put(builder, administrator.key.view());
    const auto possession = wire::put(builder, administrator.possession.view());
    administrators.push_back(wire::CreateAdministratorTable(builder, name, key, possession));
  }
  const auto network_name = builder.CreateString(constitution.network_name);
  const auto previous = wire::put(builder, constitution.previous.view());
  const auto list = builder.CreateVector(administrators);
  builder.Finish(wire::CreateConstitutionTable(builder, network_name, constitution.version,
                                               previous, constitution.created.ms, list,
                                               constitution.threshold, constitution.directory_from),
                 wire::constitution_identifier);
  return wire::finished(builder);
}

Result<Constitution> parse_constitution(ByteView payload) {
  HAMROH_ASSIGN(auto root,
                wire::Buffer<wire::ConstitutionTable>::open(payload, wire::constitution_identifier,
                                                            limits::constitution_bytes_max));
  Constitution constitution;
  HAMROH_ASSIGN(constitution.network_name, wire::name_of(root->network_name()));
  constitution.version = root->version();
  HAMROH_ASSIGN(constitution.previous, wire::fixed_of<Digest>(root->previous()));
  constitution.created = {root->created()};
  constitution.threshold = root->threshold();
  constitution.directory_from = root->directory_from();
  const auto* tables = root->administrators();
  if (tables == nullptr || tables->size() == 0 || tables->size() > limits::administrators_max) {
    return peer_error(Code::malformed, "a constitution has no administrators, or too many");
  }
  std::set<AdminKey> keys;
  std::set<std::string> names;
  for (const auto* table : *tables) {
    Administrator administrator;
    HAMROH_ASSIGN(administrator.name, wire::name_of(table->name()));
    HAMROH_ASSIGN(administrator.key, wire::fixed_of<AdminKey>(table->key()));
    HAMROH_ASSIGN(administrator.possession, wire::fixed_of<Signature>(table->possession()));
    if (!keys.insert(administrator.key).second ||
        !names.insert(fold_name(administrator.name)).second) {
      return peer_error(Code::duplicate_signer, "an administrator's key or name stands twice");
    }
    constitution.administrators.push_back(std::move(administrator));
  }
  const std::size_t n = constitution.administrators.size();
  if (constitution.threshold > n || 2 * std::size_t{constitution.threshold} <= n) {
    return peer_error(Code::threshold_not_met, "a threshold must be more than half, at most all");
  }
  return constitution;
}

Bytes encode_constitution_chain(std::span<const SignedPayload> chain) {
  std::vector<Bytes> files;
  for (const SignedPayload& file : chain) {
    files.push_back(encode_signed_constitution(file));
  }
  return wire::encode_files(files, wire::chain_identifier);
}

Result<std::vector<SignedPayload>> parse_constitution_chain(ByteView bytes) {
  std::vector<SignedPayload> chain;
  if (bytes.size() >= 8 && text(bytes.subspan(4, 4)) == "HCON") {  // one alone is a chain as well
    HAMROH_ASSIGN(SignedPayload founding, parse_signed_constitution(bytes));
    chain.push_back(std::move(founding));
    return chain;
  }
  HAMROH_ASSIGN(const std::vector<Bytes> files,
                wire::parse_files(bytes, wire::chain_identifier, limits::directory_bytes_max,
                                  limits::constitutions_max));
  for (const Bytes& file : files) {
    HAMROH_ASSIGN(SignedPayload parsed, parse_signed_constitution(file));
    chain.push_back(std::move(parsed));
  }
  return chain;
}

Bytes encode_directory_head(const DirectoryHead& head) {
  wire::Builder builder(1024);
  const auto network = wire::put(builder, head.network.view());
  const auto previous = wire::put(builder, head.previous.view());
  const auto log_root = wire::put(builder, head.log_root.view());
  const auto constitution = wire::put(builder, head.constitution.view());
  const auto members_root = wire::put(builder, head.members_root.view());
  const auto pack = wire::put(builder, head.pack.view());
  builder.Finish(
      wire::CreateDirectoryTable(builder, network, head.version, previous, log_root, constitution,
                                 head.created.ms, head.warns.ms, head.expires.ms, head.member_count,
                                 members_root, pack, head.countersigned),
      wire::directory_identifier);
  return wire::finished(builder);
}

Result<DirectoryHead> parse_directory_head(ByteView payload) {
  HAMROH_ASSIGN(auto root, wire::Buffer<wire::DirectoryTable>::open(
                               payload, wire::directory_identifier, wire::head_bytes_max));
  DirectoryHead head;
  HAMROH_ASSIGN(head.network, wire::fixed_of<NetworkId>(root->network()));
  head.version = root->version();
  HAMROH_ASSIGN(head.previous, wire::fixed_of<Digest>(root->previous()));
  HAMROH_ASSIGN(head.log_root, wire::fixed_of<Digest>(root->log_root()));
  HAMROH_ASSIGN(head.constitution, wire::fixed_of<Digest>(root->constitution()));
  head.created = {root->created()};
  head.warns = {root->warns()};
  head.expires = {root->expires()};
  head.member_count = root->member_count();
  HAMROH_ASSIGN(head.members_root, wire::fixed_of<Digest>(root->members_root()));
  HAMROH_ASSIGN(head.pack, wire::fixed_of<Digest>(root->pack()));
  head.countersigned = root->countersigned();
  const bool times = head.created < head.expires && head.warns <= head.expires;
  if (head.version == 0 || !times || (head.version == 1) != head.previous.is_zero()) {
    return peer_error(Code::malformed, "a directory's version, chain or times are wrong");
  }
  return head;
}

Bytes encode_directory_file(const DirectoryFile& file) {
  wire::Builder builder(file.records.size() * 320 + 8192);
  const auto payload = wire::put(builder, file.head.payload);
  const auto signatures = wire::put_signatures(builder, file.head.signatures);
  const auto records = wire::put(builder, wire::put_records(file.records));
  const bool complete = file.form == DirectoryForm::complete;
  const auto log = wire::put(builder, complete ? file.log.encode() : Bytes{});
  builder.Finish(wire::CreateDirectoryFileTable(builder, payload, signatures,
                                                static_cast<std::uint8_t>(file.form), records, log),
                 wire::directory_file_identifier);
  return wire::finished(builder);
}

Result<DirectoryFile> parse_directory_file(ByteView bytes) {
  HAMROH_ASSIGN(auto root,
                wire::Buffer<wire::DirectoryFileTable>::open(bytes, wire::directory_file_identifier,
                                                             limits::directory_bytes_max));
  DirectoryFile file;
  if (root->form() < 1 || root->form() > 3) {
    return peer_error(Code::malformed, "a directory's file has an unknown form");
  }
  file.form = static_cast<DirectoryForm>(root->form());
  file.head.payload = wire::copy_of(root->payload());
  HAMROH_ASSIGN(file.head.signatures, wire::parse_signatures(root->signatures()));
  const ByteView records = wire::bytes_of(root->records());
  if (file.form == DirectoryForm::delta && records.size() > limits::directory_delta_bytes_max) {
    return peer_error(Code::too_large, "a step of the directory changes too much at once");
  }
  HAMROH_ASSIGN(file.records, wire::parse_records(records));
  const ByteView log = wire::bytes_of(root->log());
  if (file.form == DirectoryForm::complete) {
    HAMROH_ASSIGN(file.log, CompactRange::parse(log));
  }
  const bool bare = file.form != DirectoryForm::head || file.records.empty();
  if (!bare || (file.form != DirectoryForm::complete && !log.empty())) {
    return peer_error(Code::malformed, "a directory's file holds what its form has not");
  }
  return file;
}

Bytes encode_suspension(const Suspension& suspension) {
  wire::Builder builder(512);
  const auto network = wire::put(builder, suspension.network.view());
  const auto member = wire::put(builder, suspension.member.view());
  builder.Finish(
      wire::CreateSuspensionTable(builder, network, member, suspension.from.ms, suspension.until.ms,
                                  static_cast<std::uint16_t>(suspension.reason), suspension.lift),
      wire::suspension_identifier);
  return wire::finished(builder);
}

Result<Suspension> parse_suspension(ByteView payload) {
  HAMROH_ASSIGN(auto root, wire::Buffer<wire::SuspensionTable>::open(
                               payload, wire::suspension_identifier, limits::statement_bytes_max));
  Suspension suspension;
  HAMROH_ASSIGN(suspension.network, wire::fixed_of<NetworkId>(root->network()));
  HAMROH_ASSIGN(suspension.member, wire::fixed_of<MemberId>(root->member()));
  suspension.from = {root->from()};
  suspension.until = {root->until()};
  suspension.reason = static_cast<SuspensionReason>(root->reason());
  suspension.lift = root->lift();
  const bool lasts = suspension.until > suspension.from &&
                     suspension.until - suspension.from <= tuning::suspension_max;
  if (!suspension.lift && !lasts) {
    return peer_error(Code::malformed, "a suspension lasts more than nothing and 72 h at most");
  }
  return suspension;
}

}  // namespace hamroh
