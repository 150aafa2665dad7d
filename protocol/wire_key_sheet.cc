#include "protocol/wire_key_sheet.h"

#include <utility>

#include "key_sheet_generated.h"
#include "protocol/wire_buffer.h"

namespace hamroh::wire {
namespace {

constexpr char payload_identifier[] = "HKEP";
constexpr char file_identifier[] = "HKEY";
constexpr std::size_t bytes_max = 16 * 1024;
constexpr std::size_t key_bytes = 32 + 8 + 8;

}  // namespace

Bytes encode_key_sheet(const KeySheet& sheet) {
  flatbuffers::FlatBufferBuilder builder(2048);
  Bytes keys;
  for (const SheetKey& key : sheet.keys) {
    append(keys, key.key.view());
    put_u64(keys, key.begins.ms);
    put_u64(keys, key.ends.ms);
  }
  const auto network = builder.CreateVector(sheet.network.bytes.data(), NetworkId::size);
  const auto member = builder.CreateVector(sheet.member.bytes.data(), MemberId::size);
  const auto key_list = builder.CreateVector(keys);
  builder.Finish(CreateKeySheetTable(builder, network, member, sheet.incarnation, sheet.serial,
                                     sheet.created.ms, key_list),
                 payload_identifier);
  return finished(builder);
}

Result<KeySheet> parse_key_sheet(ByteView payload) {
  HAMROH_ASSIGN(auto root, Buffer<KeySheetTable>::open(payload, payload_identifier, bytes_max));
  KeySheet sheet;
  HAMROH_ASSIGN(sheet.network, fixed_of<NetworkId>(root->network()));
  HAMROH_ASSIGN(sheet.member, fixed_of<MemberId>(root->member()));
  sheet.incarnation = root->incarnation();
  sheet.serial = root->serial();
  sheet.created = {root->created()};
  const ByteView keys = bytes_of(root->keys());
  if (keys.empty() || keys.size() % key_bytes != 0 ||
      keys.size() / key_bytes > limits::key_sheet_epochs_max) {
    return peer_error(Code::malformed, "a key sheet has no keys, or too many");
  }
  ByteReader reader(keys);
  while (reader.remaining() > 0) {
    SheetKey key;
    key.key = reader.fixed<EpochKey>();
    key.begins = {reader.u64()};
    key.ends = {reader.u64()};
    const bool follows = sheet.keys.empty() || sheet.keys.back().ends == key.begins;
    const bool distinct =
        std::ranges::find(sheet.keys, key.key, &SheetKey::key) == sheet.keys.end();
    if (!follows || !distinct || key.begins >= key.ends) {
      return peer_error(Code::malformed, "a key sheet's epochs do not follow one another");
    }
    sheet.keys.push_back(key);
  }
  return sheet;
}

Bytes encode_signed_key_sheet(ByteView payload, const Signature& signature) {
  flatbuffers::FlatBufferBuilder builder(2048);
  const auto bytes = builder.CreateVector(payload.data(), payload.size());
  const auto signed_by = builder.CreateVector(signature.bytes.data(), Signature::size);
  builder.Finish(CreateSignedKeySheet(builder, bytes, signed_by), file_identifier);
  return finished(builder);
}

Result<SignedKeySheetParts> parse_signed_key_sheet(ByteView file) {
  HAMROH_ASSIGN(auto root, Buffer<SignedKeySheet>::open(file, file_identifier, bytes_max));
  const ByteView payload = bytes_of(root->payload());
  SignedKeySheetParts parts;
  parts.payload.assign(payload.begin(), payload.end());
  HAMROH_ASSIGN(parts.signature, fixed_of<Signature>(root->signature()));
  return parts;
}

}  // namespace hamroh::wire
