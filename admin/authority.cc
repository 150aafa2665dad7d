#include "admin/authority.h"

#include <algorithm>
#include <utility>

#include "admin/files.h"

namespace hamroh {
namespace {

std::string key_path(const std::string& directory, const std::string& name) {
  return directory + "/administrators/" + name + ".key";
}

std::string history_path(const std::string& directory, std::uint64_t version) {
  return directory + "/history/directory-" + std::to_string(version) + ".hamroh";
}

Result<crypto::SigningKey> read_key(const std::string& path) {
  HAMROH_ASSIGN(Bytes raw, read_input(path, 32));
  if (raw.size() != 32) {
    return caller_error(Code::malformed, "this is not an administrator's key");
  }
  const Seed seed(ByteView(raw).first<32>());
  crypto::wipe(raw);
  return crypto::SigningKey::from_seed(seed);
}

// A name becomes part of a file's name.
bool is_fit_name(const std::string& name) {
  return !name.empty() && name.size() <= 64 && name.front() != '.' &&
         std::ranges::all_of(name, [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                  c == '-' || c == '_' || c == '.';
         });
}

Result<VerifiedConstitution> read_constitution(const std::string& directory) {
  HAMROH_ASSIGN(const Bytes file,
                read_input(directory + "/network.hamroh", limits::constitution_bytes_max));
  HAMROH_ASSIGN(const SignedPayload payload, parse_signed_constitution(file));
  return verify_founding(payload);
}

Status publish(const std::string& directory, const Directory& next,
               const std::vector<crypto::SigningKey>& signers, const std::string& out) {
  SignedPayload file{encode_directory(next), {}};
  for (const crypto::SigningKey& signer : signers) {
    file.signatures.push_back(sign_directory(file.payload, next.network, signer));
  }
  const Bytes bytes = encode_signed_directory(file);
  HAMROH_TRY(write_output(history_path(directory, next.version), bytes, 0644));
  if (!out.empty()) {
    HAMROH_TRY(write_output(out, bytes, 0644));
  }
  return write_output(directory + "/directory.hamroh", bytes, 0644);
}

tl::unexpected<AuthorityFault> fault(const Error& error, std::string where,
                                     std::string remedy = {}) {
  return tl::unexpected(AuthorityFault{error, std::move(where), std::move(remedy)});
}

// Why a new member cannot stand beside the ones that are there.
std::optional<std::string> clash(const Directory& directory, const Member& fresh) {
  for (const Member& known : directory.members) {
    if (known.id == fresh.id) {
      return "this node has been admitted already, as " + known.name;
    }
    if (known.name == fresh.name) {
      return "a member of that name is in the directory already";
    }
  }
  return std::nullopt;
}

}  // namespace

Result<Founded> found_network(const Founding& founding) {
  const std::size_t count = founding.administrators.size();
  if (count == 0 || count > limits::administrators_max || founding.threshold > count ||
      2 * std::size_t{founding.threshold} <= count) {
    return caller_error(Code::threshold_not_met,
                        "the threshold must be more than half of the administrators, at most all");
  }
  if (!std::ranges::all_of(founding.administrators, is_fit_name)) {
    return caller_error(Code::invalid_argument,
                        "an administrator's name is made of letters, digits, '-', '_' and '.'");
  }
  Constitution constitution;
  constitution.network_name = founding.network_name;
  constitution.created = founding.now;
  constitution.threshold = founding.threshold;
  std::vector<Seed> seeds;
  std::vector<crypto::SigningKey> keys;
  for (const std::string& name : founding.administrators) {
    seeds.push_back(Seed::make([](auto raw) { crypto::system_random(raw); }));
    keys.push_back(crypto::SigningKey::from_seed(seeds.back()));
    constitution.administrators.push_back(
        {name, *AdminKey::from(keys.back().public_key().view()),
         prove_founder(founding.network_name, name, keys.back())});
  }
  SignedPayload file{encode_constitution(constitution), {}};
  const NetworkId network = *NetworkId::from(constitution_hash(file.payload).view());
  for (const crypto::SigningKey& key : keys) {
    file.signatures.push_back(sign_constitution(file.payload, network, key));
  }
  HAMROH_ASSIGN(const VerifiedConstitution verified, verify_founding(file));

  HAMROH_TRY(make_new_directory(founding.directory));
  HAMROH_TRY(make_new_directory(founding.directory + "/administrators"));
  HAMROH_TRY(make_new_directory(founding.directory + "/history"));
  for (std::size_t i = 0; i < count; ++i) {
    HAMROH_TRY(seeds[i].expose([&](auto raw) {
      return write_output(key_path(founding.directory, founding.administrators[i]), raw, 0600);
    }));
  }
  HAMROH_TRY(
      write_output(founding.directory + "/network.hamroh", encode_signed_constitution(file), 0644));
  Directory first;
  first.network = network;
  first.version = 1;
  first.constitution = verified.hash();
  first.created = founding.now;
  first.expires = founding.now + founding.validity;
  HAMROH_TRY(publish(founding.directory, first, keys, {}));
  return Founded{network};
}

tl::expected<Admitted, AuthorityFault> admit_members(const Admission& admission) {
  const auto lock = DirectoryLock::take(admission.directory);
  if (!lock) {
    return fault(lock.error(), admission.directory, "Name the directory that `found` made.");
  }
  const auto constitution = read_constitution(admission.directory);
  if (!constitution) {
    return fault(constitution.error(), admission.directory + "/network.hamroh");
  }
  const std::string current_path = admission.directory + "/directory.hamroh";
  const auto current_file = read_input(current_path, limits::directory_bytes_max);
  const auto network_file =
      read_input(admission.directory + "/network.hamroh", limits::constitution_bytes_max);
  if (!current_file || !network_file) {
    return fault(current_file ? network_file.error() : current_file.error(), current_path);
  }
  const auto current = check_directory(*network_file, *current_file);
  if (!current) {
    return fault(current.error(), current_path);
  }
  std::vector<crypto::SigningKey> signers;
  for (const std::string& name : admission.signers) {
    if (std::ranges::count(admission.signers, name) > 1) {
      return fault({Code::duplicate_signer, Blame::caller, "an administrator is named twice"}, name,
                   "Each administrator signs once.");
    }
    auto key = read_key(key_path(admission.directory, name));
    if (!key || !is_fit_name(name)) {
      return fault(key ? Error{Code::invalid_argument, Blame::caller, "not a name"} : key.error(),
                   name, "Administrators are named as at the founding, such as admin-1.");
    }
    signers.push_back(std::move(*key));
  }
  const std::uint32_t needed = constitution->value().threshold;
  if (signers.size() < needed) {
    return fault({Code::threshold_not_met, Blame::caller, "too few administrators sign"},
                 admission.directory,
                 std::to_string(needed - signers.size()) + " more must sign: --sign-with NAME");
  }
  Directory next = current->value();
  next.version += 1;
  next.previous = current->hash();
  next.created = admission.now;
  next.expires = admission.now + admission.validity;
  Admitted admitted{next.version, {}};
  for (const std::string& path : admission.requests) {
    const auto bytes = read_input(path, limits::constitution_bytes_max);
    const auto request =
        bytes ? parse_join_request(*bytes) : Result<JoinRequest>(tl::unexpected(bytes.error()));
    if (!request) {
      return fault(request.error(), path, "Ask the organisation for its request.hamroh again.");
    }
    if (request->network != constitution->network()) {
      return fault({Code::wrong_network, Blame::caller, "a request for another network"}, path,
                   "The node was made with another network file.");
    }
    if (const auto why = clash(next, request->member)) {
      return fault({Code::conflict, Blame::caller, "this request clashes with the directory"}, path,
                   *why);
    }
    next.members.push_back(request->member);
    admitted.members.push_back(request->member);
  }
  std::ranges::sort(next.members, {}, &Member::id);
  if (const auto parsed = parse_directory(encode_directory(next)); !parsed) {
    return fault(parsed.error(), "the new directory", "A name or key would stand twice.");
  }
  if (const Status done = publish(admission.directory, next, signers, admission.out); !done) {
    return fault(done.error(), admission.out);
  }
  return admitted;
}

Result<VerifiedDirectory> check_directory(ByteView network_file, ByteView directory_file) {
  HAMROH_ASSIGN(const SignedPayload constitution, parse_signed_constitution(network_file));
  HAMROH_ASSIGN(const VerifiedConstitution verified, verify_founding(constitution));
  HAMROH_ASSIGN(const SignedPayload directory, parse_signed_directory(directory_file));
  return verify_directory(verified, directory);
}

}  // namespace hamroh
