#include "protocol/wire_directory.h"

#include <charconv>
#include <set>
#include <utility>

#include "directory_generated.h"
#include "protocol/text.h"
#include "protocol/wire_buffer.h"

namespace hamroh {
namespace wire {
namespace {

constexpr char constitution_identifier[] = "HCOP";
constexpr char directory_identifier[] = "HDIP";
constexpr char request_identifier[] = "HRQP";
constexpr char suspension_identifier[] = "HSUP";
constexpr std::size_t name_bytes_max = 256;
constexpr std::size_t endpoint_bytes_max = 300;
constexpr std::size_t signature_bytes = 32 + 64;

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
  const bool padded = !name.empty() && (name.front() == ' ' || name.back() == ' ');
  if (name.empty() || name.size() > name_bytes_max || padded || !is_plain_text(name)) {
    return peer_error(Code::malformed, "a name is empty, too long or holds unfit characters");
  }
  return std::string(name);
}

// "tcp://host:port"; the host in letters, digits, dots, hyphens, or an IPv6 address in brackets.
bool is_endpoint(std::string_view endpoint) {
  constexpr std::string_view scheme = "tcp://";
  if (!endpoint.starts_with(scheme) || endpoint.size() > endpoint_bytes_max) {
    return false;
  }
  endpoint.remove_prefix(scheme.size());
  const std::size_t colon = endpoint.rfind(':');
  if (colon == std::string_view::npos || colon == 0) {
    return false;
  }
  const std::string_view host = endpoint.substr(0, colon);
  const std::string_view port = endpoint.substr(colon + 1);
  const bool bracketed = host.front() == '[' && host.back() == ']';
  const bool plain = std::ranges::all_of(host, [bracketed](char c) {
    const bool word = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    return word || c == '.' || c == '-' || (bracketed && (c == ':' || c == '[' || c == ']'));
  });
  unsigned number = 0;
  const auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), number);
  return plain && error == std::errc{} && end == port.data() + port.size() && number >= 1 &&
         number <= 65'535 && port.front() != '0';
}

flatbuffers::Offset<MemberTable> put_member(Builder& builder, const Member& member) {
  const auto id = put(builder, member.id.view());
  const auto name = builder.CreateString(member.name);
  const auto author = put(builder, member.author.view());
  const auto receipt = put(builder, member.receipt.view());
  const auto witness = put(builder, member.witness.view());
  const auto transport = put(builder, member.transport.view());
  const auto endpoint = builder.CreateString(member.endpoint);
  return CreateMemberTable(builder, id, name, static_cast<std::uint8_t>(member.kind),
                           static_cast<std::uint8_t>(member.state), member.capabilities.bits,
                           member.incarnation, author, receipt, witness, transport, endpoint);
}

Result<Member> parse_member(const MemberTable* table) {
  if (table == nullptr) {
    return peer_error(Code::malformed, "a member is missing");
  }
  Member member;
  HAMROH_ASSIGN(member.id, fixed_of<MemberId>(table->id()));
  HAMROH_ASSIGN(member.name, name_of(table->name()));
  if (table->kind() < 1 || table->kind() > 8 || table->state() < 1 || table->state() > 2 ||
      table->incarnation() == 0 || member.id.is_zero()) {
    return peer_error(Code::malformed, "a member has an unknown kind or state");
  }
  member.kind = static_cast<MemberKind>(table->kind());
  member.state = static_cast<MemberState>(table->state());
  member.capabilities = {table->capabilities()};
  member.incarnation = table->incarnation();
  HAMROH_ASSIGN(member.author, fixed_of<AuthorKey>(table->author()));
  HAMROH_ASSIGN(member.receipt, fixed_of<ReceiptKey>(table->receipt()));
  HAMROH_ASSIGN(member.witness, fixed_of<WitnessKey>(table->witness()));
  HAMROH_ASSIGN(member.transport, fixed_of<TransportKey>(table->transport()));
  member.endpoint = text_of(table->endpoint());
  if (!is_endpoint(member.endpoint)) {
    return peer_error(Code::malformed, "an endpoint is not of the form tcp://host:port");
  }
  return member;
}

std::string folded(std::string_view name) {
  std::string out(name);
  std::ranges::transform(out, out.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
  });
  return out;
}

// Sorted by id; no name and no key twice, whatever the key is for.
Status check_members(const std::vector<Member>& members) {
  std::set<std::string> names;
  std::set<std::array<std::uint8_t, 32>> keys;
  for (std::size_t i = 0; i < members.size(); ++i) {
    const Member& member = members[i];
    if (i > 0 && !(members[i - 1].id < member.id)) {
      return peer_error(Code::malformed, "the members are not sorted and distinct");
    }
    const bool fresh =
        names.insert(folded(member.name)).second && keys.insert(member.author.bytes).second &&
        keys.insert(member.receipt.bytes).second && keys.insert(member.witness.bytes).second &&
        keys.insert(member.transport.bytes).second;
    if (!fresh) {
      return peer_error(Code::conflict, "a name or a key stands twice in the directory");
    }
  }
  return {};
}

}  // namespace

Bytes encode_signed_file(const SignedPayload& file, const char* identifier) {
  Builder builder(file.payload.size() + 4096);
  Bytes signatures;
  for (const AdminSignature& signature : file.signatures) {
    append(signatures, signature.key.view());
    append(signatures, signature.signature.view());
  }
  const auto payload = put(builder, file.payload);
  const auto list = put(builder, signatures);
  builder.Finish(CreateSignedFile(builder, payload, list), identifier);
  return finished(builder);
}

Result<SignedPayload> parse_signed_file(ByteView bytes, const char* identifier,
                                        std::size_t bytes_max) {
  HAMROH_ASSIGN(auto root, Buffer<SignedFile>::open(bytes, identifier, bytes_max));
  SignedPayload file;
  const ByteView payload = bytes_of(root->payload());
  file.payload.assign(payload.begin(), payload.end());
  const ByteView list = bytes_of(root->signatures());
  if (list.size() % signature_bytes != 0 ||
      list.size() / signature_bytes > limits::administrators_max) {
    return peer_error(Code::malformed, "a list of signatures has a wrong length");
  }
  ByteReader reader(list);
  while (reader.remaining() > 0) {
    AdminSignature signature;
    signature.key = reader.fixed<AdminKey>();
    signature.signature = reader.fixed<Signature>();
    file.signatures.push_back(signature);
  }
  return file;
}

Bytes encode_request(const RequestParts& request) {
  Builder builder(2048);
  const auto network = put(builder, request.network.view());
  const auto member = put_member(builder, request.member);
  const auto author = put(builder, request.author_possession.view());
  const auto receipt = put(builder, request.receipt_possession.view());
  const auto witness = put(builder, request.witness_possession.view());
  builder.Finish(CreateRequestTable(builder, network, member, author, receipt, witness),
                 request_identifier);
  return finished(builder);
}

Result<RequestParts> parse_request(ByteView payload) {
  HAMROH_ASSIGN(auto root, Buffer<RequestTable>::open(payload, request_identifier,
                                                      limits::constitution_bytes_max));
  RequestParts request;
  HAMROH_ASSIGN(request.network, fixed_of<NetworkId>(root->network()));
  HAMROH_ASSIGN(request.member, parse_member(root->member()));
  HAMROH_ASSIGN(request.author_possession, fixed_of<Signature>(root->author_possession()));
  HAMROH_ASSIGN(request.receipt_possession, fixed_of<Signature>(root->receipt_possession()));
  HAMROH_ASSIGN(request.witness_possession, fixed_of<Signature>(root->witness_possession()));
  HAMROH_TRY(check_members({request.member}));
  return request;
}

Result<Suspension> parse_suspension(ByteView payload) {
  HAMROH_ASSIGN(auto root, Buffer<SuspensionTable>::open(payload, suspension_identifier,
                                                         limits::constitution_bytes_max));
  Suspension suspension;
  HAMROH_ASSIGN(suspension.network, fixed_of<NetworkId>(root->network()));
  HAMROH_ASSIGN(suspension.member, fixed_of<MemberId>(root->member()));
  suspension.from = {root->from()};
  suspension.until = {root->until()};
  suspension.reason = root->reason();
  suspension.lift = root->lift();
  if (suspension.until < suspension.from || suspension.until - suspension.from > hours(72)) {
    return peer_error(Code::malformed, "a suspension lasts 72 hours at most");
  }
  return suspension;
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
  builder.Finish(
      wire::CreateConstitutionTable(builder, network_name, constitution.version, previous,
                                    constitution.created.ms, list, constitution.threshold),
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
        !names.insert(wire::folded(administrator.name)).second) {
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

Bytes encode_directory(const Directory& directory) {
  wire::Builder builder(directory.members.size() * 512 + 4096);
  std::vector<flatbuffers::Offset<wire::MemberTable>> members;
  members.reserve(directory.members.size());
  for (const Member& member : directory.members) {
    members.push_back(wire::put_member(builder, member));
  }
  const auto network = wire::put(builder, directory.network.view());
  const auto previous = wire::put(builder, directory.previous.view());
  const auto constitution = wire::put(builder, directory.constitution.view());
  const auto list = builder.CreateVector(members);
  builder.Finish(
      wire::CreateDirectoryTable(builder, network, directory.version, previous, constitution,
                                 directory.created.ms, directory.expires.ms, list),
      wire::directory_identifier);
  return wire::finished(builder);
}

Result<Directory> parse_directory(ByteView payload) {
  HAMROH_ASSIGN(auto root, wire::Buffer<wire::DirectoryTable>::open(
                               payload, wire::directory_identifier, limits::directory_bytes_max,
                               limits::members_max + 1));
  Directory directory;
  HAMROH_ASSIGN(directory.network, wire::fixed_of<NetworkId>(root->network()));
  directory.version = root->version();
  HAMROH_ASSIGN(directory.previous, wire::fixed_of<Digest>(root->previous()));
  HAMROH_ASSIGN(directory.constitution, wire::fixed_of<Digest>(root->constitution()));
  directory.created = {root->created()};
  directory.expires = {root->expires()};
  if (directory.version == 0 || directory.expires <= directory.created ||
      (directory.version == 1) != directory.previous.is_zero()) {
    return peer_error(Code::malformed, "a directory's version, chain or times are wrong");
  }
  if (const auto* members = root->members()) {
    directory.members.reserve(members->size());
    for (const auto* table : *members) {
      HAMROH_ASSIGN(Member member, wire::parse_member(table));
      directory.members.push_back(std::move(member));
    }
  }
  HAMROH_TRY(wire::check_members(directory.members));
  return directory;
}

Bytes encode_suspension(const Suspension& suspension) {
  wire::Builder builder(512);
  const auto network = wire::put(builder, suspension.network.view());
  const auto member = wire::put(builder, suspension.member.view());
  builder.Finish(
      wire::CreateSuspensionTable(builder, network, member, suspension.from.ms, suspension.until.ms,
                                  suspension.reason, suspension.lift),
      wire::suspension_identifier);
  return wire::finished(builder);
}

}  // namespace hamroh
