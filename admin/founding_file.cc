#include "admin/founding_file.h"

#include <utility>

#include "admin/administrator_key.h"

namespace hamroh {
namespace {

constexpr std::size_t founding_bytes_max = 64 * 1024;
constexpr Duration validity_max = days(3650);

bool is_rule(std::uint32_t administrators, std::uint32_t threshold) {
  return administrators >= 1 && administrators <= limits::administrators_max &&
         threshold <= administrators && 2 * threshold > administrators;
}

Constitution constitution_of(const FoundingFile& file) {
  Constitution constitution;
  constitution.network_name = file.network_name;
  constitution.created = file.created;
  constitution.administrators = file.entries;
  constitution.threshold = file.threshold;
  return constitution;
}

Directory directory_of(const FoundingFile& file, ByteView constitution) {
  Directory first;
  first.constitution = constitution_hash(constitution);
  first.network = *NetworkId::from(first.constitution.view());
  first.version = 1;
  first.created = file.created;
  first.expires = file.created + file.validity;
  first.warns = file.created + Duration{file.validity.ms / 3 * 2};
  return first;
}

// When all have entered, what is to be signed is fixed.
void lay_if_full(FoundingFile& file) {
  if (file.laid || file.entries.size() < file.administrators) {
    return;
  }
  LaidFounding laid;
  laid.constitution.payload = encode_constitution(constitution_of(file));
  laid.directory.payload =
      encode_directory_head(head_of(directory_of(file, laid.constitution.payload)));
  file.laid = std::move(laid);
}

// Adds an entry in its place. False if the same one stands there.
Result<bool> unite_entry(FoundingFile& file, const Administrator& entry) {
  for (const Administrator& known : file.entries) {
    const bool same_name = fold_name(known.name) == fold_name(entry.name);
    if (known.key == entry.key && known.name == entry.name) {
      return false;
    }
    if (known.key == entry.key) {
      return caller_error(Code::duplicate_signer, "this key stands there under another name");
    }
    if (same_name) {
      return caller_error(Code::conflict, "another administrator has entered under this name");
    }
  }
  if (file.entries.size() >= file.administrators) {
    return caller_error(Code::full, "as many administrators as agreed have entered already");
  }
  const auto at = std::ranges::lower_bound(file.entries, entry.name, {}, &Administrator::name);
  file.entries.insert(at, entry);
  return true;
}

void put_signed(Bytes& out, const SignedPayload& part) {
  put_u32(out, static_cast<std::uint32_t>(part.payload.size()));
  append(out, part.payload);
  append(out, encode_signatures(part.signatures));
}

Result<SignedPayload> parse_signed(ByteReader& reader) {
  SignedPayload part;
  const ByteView payload = reader.take(reader.u32());
  part.payload.assign(payload.begin(), payload.end());
  HAMROH_ASSIGN(part.signatures, parse_signatures(reader));
  return part;
}

// The payloads say what the entries say, and only administrators have signed.
Status check_laid(const FoundingFile& file) {
  const LaidFounding& laid = *file.laid;
  HAMROH_ASSIGN(const Constitution constitution, parse_constitution(laid.constitution.payload));
  HAMROH_ASSIGN(const DirectoryHead head, parse_directory_head(laid.directory.payload));
  if (constitution != constitution_of(file) ||
      head != head_of(directory_of(file, laid.constitution.payload))) {
    return peer_error(Code::malformed, "what is to be signed is not what was entered");
  }
  const NetworkId network = network_of(laid);
  HAMROH_TRY(signers_of(constitution, labels::constitution, network, laid.constitution));
  HAMROH_TRY(signers_of(constitution, labels::directory, network, laid.directory));
  return {};
}

Result<std::vector<Administrator>> parse_entries(ByteReader& reader, const FoundingFile& file) {
  FoundingFile collected = file;
  const std::size_t count = reader.u8();
  for (std::size_t i = 0; i < count && reader.ok(); ++i) {
    Administrator entry;
    entry.name = text(reader.take(reader.u16()));
    entry.key = reader.fixed<AdminKey>();
    entry.possession = reader.fixed<Signature>();
    if (!is_fit_name(entry.name) || (i > 0 && !(collected.entries.back().name < entry.name))) {
      return peer_error(Code::malformed, "the entries are not sorted, or a name is unfit");
    }
    if (!is_founder_proven(file.network_name, entry)) {
      return peer_error(Code::bad_signature, "an administrator does not prove possession of a key");
    }
    HAMROH_TRY(unite_entry(collected, entry));
  }
  return std::move(collected.entries);
}

}  // namespace

Result<FoundingFile> start_founding(std::string_view network_name, std::uint32_t administrators,
                                    std::uint32_t threshold, Timestamp now, Duration validity) {
  if (!is_fit_name(network_name)) {
    return caller_error(Code::invalid_argument, "the network's name is not 1 to 256 plain bytes");
  }
  if (!is_rule(administrators, threshold)) {
    return caller_error(Code::threshold_not_met,
                        "the threshold must be more than half of the administrators, at most all");
  }
  if (validity.ms == 0 || validity > validity_max) {
    return caller_error(Code::invalid_argument, "a directory is valid for 1 to 3650 days");
  }
  return FoundingFile{std::string(network_name), administrators, threshold, now, validity, {}, {}};
}

Result<bool> enter_founding(FoundingFile& file, std::string_view name,
                            const crypto::SigningKey& key) {
  if (!is_fit_name(name)) {
    return caller_error(Code::invalid_argument, "the name is not 1 to 256 plain bytes");
  }
  const Administrator entry{std::string(name), *AdminKey::from(key.public_key().view()),
                            prove_founder(file.network_name, name, key)};
  HAMROH_ASSIGN(const bool entered, unite_entry(file, entry));
  lay_if_full(file);
  return entered;
}

Result<bool> sign_founding(FoundingFile& file, const crypto::SigningKey& key) {
  const AdminKey signer = *AdminKey::from(key.public_key().view());
  if (std::ranges::find(file.entries, signer, &Administrator::key) == file.entries.end()) {
    return caller_error(Code::bad_signature, "this key has not entered");
  }
  if (!file.laid) {
    return caller_error(Code::not_ready, "not all administrators have entered yet");
  }
  LaidFounding& laid = *file.laid;
  if (has_signed(laid.constitution, signer) && has_signed(laid.directory, signer)) {
    return false;
  }
  const NetworkId network = network_of(laid);
  const AdminSignature constitution = sign_constitution(laid.constitution.payload, network, key);
  const AdminSignature directory = sign_directory(laid.directory.payload, network, key);
  unite_signatures(laid.constitution.signatures, {&constitution, 1});
  unite_signatures(laid.directory.signatures, {&directory, 1});
  return true;
}

Bytes encode_founding(const FoundingFile& file) {
  Bytes out;
  append(out, view(labels::founding));
  put_u16(out, static_cast<std::uint16_t>(file.network_name.size()));
  append(out, view(file.network_name));
  put_u8(out, static_cast<std::uint8_t>(file.administrators));
  put_u8(out, static_cast<std::uint8_t>(file.threshold));
  put_u64(out, file.created.ms);
  put_u64(out, file.validity.ms);
  put_u8(out, static_cast<std::uint8_t>(file.entries.size()));
  for (const Administrator& entry : file.entries) {
    put_u16(out, static_cast<std::uint16_t>(entry.name.size()));
    append(out, view(entry.name));
    append(out, entry.key.view());
    append(out, entry.possession.view());
  }
  put_u8(out, file.laid ? 1 : 0);
  if (file.laid) {
    put_signed(out, file.laid->constitution);
    put_signed(out, file.laid->directory);
  }
  append(out, crypto::sha256({out}).view());
  return out;
}

Result<FoundingFile> parse_founding(ByteView bytes) {
  if (bytes.size() > founding_bytes_max) {
    return peer_error(Code::too_large, "this is too large for a founding");
  }
  HAMROH_TRY(check_file_label(bytes, labels::founding));
  if (bytes.size() < labels::founding.size() + Digest::size ||
      !std::ranges::equal(crypto::sha256({bytes.first(bytes.size() - Digest::size)}).view(),
                          bytes.last(Digest::size))) {
    return peer_error(Code::malformed, "this founding was damaged on its way");
  }
  ByteReader reader(bytes.first(bytes.size() - Digest::size).subspan(labels::founding.size()));
  FoundingFile file;
  file.network_name = text(reader.take(reader.u16()));
  file.administrators = reader.u8();
  file.threshold = reader.u8();
  file.created = {reader.u64()};
  file.validity = {reader.u64()};
  if (!reader.ok() || !is_fit_name(file.network_name) || file.validity.ms == 0 ||
      file.validity > validity_max || !is_rule(file.administrators, file.threshold)) {
    return peer_error(Code::malformed, "a founding's name, rule or validity is wrong");
  }
  HAMROH_ASSIGN(file.entries, parse_entries(reader, file));
  const std::uint8_t laid = reader.u8();
  if (laid == 1) {
    file.laid.emplace();
    HAMROH_ASSIGN(file.laid->constitution, parse_signed(reader));
    HAMROH_ASSIGN(file.laid->directory, parse_signed(reader));
  }
  if (!reader.finished() || laid > 1 ||
      (laid == 1) != (file.entries.size() == file.administrators)) {
    return peer_error(Code::malformed,
                      "a founding has a wrong length, or lacks what is to be signed");
  }
  if (file.laid) {
    HAMROH_TRY(check_laid(file));
  }
  return file;
}

Result<FoundingFile> merge_foundings(std::span<const FoundingFile> copies) {
  if (copies.empty()) {
    return caller_error(Code::invalid_argument, "there is nothing to merge");
  }
  FoundingFile merged = copies.front();
  for (const FoundingFile& copy : copies.subspan(1)) {
    const bool same = copy.network_name == merged.network_name &&
                      copy.administrators == merged.administrators &&
                      copy.threshold == merged.threshold && copy.created == merged.created &&
                      copy.validity == merged.validity;
    if (!same) {
      return caller_error(Code::conflict, "these files are of different foundings");
    }
    for (const Administrator& entry : copy.entries) {
      if (const auto united = unite_entry(merged, entry); !united) {
        const bool full = united.error().code == Code::full;
        return full ? caller_error(Code::conflict, "more administrators entered than were agreed")
                    : tl::unexpected(united.error());
      }
    }
    if (copy.laid && merged.laid) {
      if (copy.laid->constitution.payload != merged.laid->constitution.payload ||
          copy.laid->directory.payload != merged.laid->directory.payload) {
        return caller_error(Code::conflict, "these files ask to sign different things");
      }
      unite_signatures(merged.laid->constitution.signatures, copy.laid->constitution.signatures);
      unite_signatures(merged.laid->directory.signatures, copy.laid->directory.signatures);
    } else if (copy.laid) {
      merged.laid = copy.laid;
    }
  }
  lay_if_full(merged);
  return merged;
}

std::vector<Requirement> requirements_of(const FoundingFile& file) {
  Requirement entries{"the list of administrators", file.administrators, {}, {}};
  Requirement signatures{"the constitution and the first directory", file.administrators, {}, {}};
  for (const Administrator& entry : file.entries) {
    entries.have.push_back(entry.name);
    const bool signed_both = file.laid && has_signed(file.laid->constitution, entry.key) &&
                             has_signed(file.laid->directory, entry.key);
    (signed_both ? signatures.have : signatures.missing).push_back(entry.name);
  }
  return {std::move(entries), std::move(signatures)};
}

std::vector<Bytes> statements_of(const FoundingFile& file) {
  CHECK(file.laid);
  DirectoryFile first = complete_file(directory_of(file, file.laid->constitution.payload));
  first.head = file.laid->directory;
  return {encode_signed_constitution(file.laid->constitution), encode_directory_file(first)};
}

NetworkId network_of(const LaidFounding& laid) {
  return *NetworkId::from(constitution_hash(laid.constitution.payload).view());
}

}  // namespace hamroh
