#include "admin/authority.h"

#include <algorithm>
#include <utility>

namespace hamroh {
namespace {

constexpr std::size_t signed_entry_bytes = 8 + 32 + 32;
constexpr std::size_t signed_bytes_max = signed_entry_bytes * 65'536;

std::string history_path(const std::string& directory) {
  return directory + "/history.hamroh";
}

// What was signed, and by whom; the file around it may be laid in several ways.
Result<SignedPayload> signed_part(ByteView statement) {
  const auto kind = statement_kind(statement);
  if (kind == StatementKind::constitution) {
    return parse_signed_constitution(statement);
  }
  if (kind == StatementKind::suspension) {
    return parse_signed_suspension(statement);
  }
  if (kind == StatementKind::directory) {
    HAMROH_ASSIGN(DirectoryFile file, parse_directory_file(statement));
    return std::move(file.head);
  }
  return peer_error(Code::malformed, "administrators do not publish such statements");
}

std::vector<std::string> names_of(const std::vector<AdminSignature>& signatures,
                                  const Constitution& rule, const Constitution* other) {
  std::vector<std::string> names;
  const auto find_in = [](const Constitution& constitution, const AdminKey& key) {
    const auto& list = constitution.administrators;
    const auto found = std::ranges::find(list, key, &Administrator::key);
    return found == list.end() ? std::string() : found->name;
  };
  for (const AdminSignature& signature : signatures) {
    std::string name = find_in(rule, signature.key);
    names.push_back(name.empty() && other != nullptr ? find_in(*other, signature.key)
                                                     : std::move(name));
  }
  std::ranges::sort(names);
  return names;
}

tl::unexpected<Fault> does_not_hold(std::size_t number, const Error& error) {
  return fault(error, "statement " + std::to_string(number) + " of the history",
               "From here on it is not what the administrators signed. Get it from another one.");
}

// Fills in what a person wants to know of a step.
Status describe_step(HistoryStep& step, ByteView statement, const Membership& after) {
  HAMROH_ASSIGN(const SignedPayload part, signed_part(statement));
  const Constitution& rule = after.constitution().value();
  if (step.taken.kind == StatementKind::constitution) {
    step.rule = &rule;
    step.made = rule.created;
    step.signers = names_of(part.signatures, rule, step.rule_before);
  } else if (step.taken.kind == StatementKind::directory) {
    step.directory = &after.directory()->value();
    step.made = step.directory->created;
    step.signers =
        names_of(part.signatures, after.constitution_at(after.version()).value(), nullptr);
  } else {
    HAMROH_ASSIGN(step.suspension, parse_suspension(part.payload));
    step.made = step.suspension->from;
    step.signers = names_of(part.signatures, rule, nullptr);
    const Member* member = after.find(step.suspension->member);
    step.member = member == nullptr ? "" : member->name;
  }
  return {};
}

// One statement more; the first directory of all has version 1.
Result<Taken> take_next(Membership& membership, const Bytes& statement) {
  const bool first = membership.directory() == nullptr;
  HAMROH_ASSIGN(Taken taken, membership.take(statement));
  if (first && membership.directory() != nullptr && membership.version() != 1) {
    return peer_error(Code::broken_chain, "the first directory of a history has version 1");
  }
  return taken;
}

}  // namespace

Outcome<Replayed> replay_history(std::span<const Bytes> statements, const HistoryVisitor& visit) {
  if (statements.empty()) {
    return fault(Code::malformed, "a history without a founding", "the history");
  }
  auto founding = parse_signed_constitution(statements.front());
  if (!founding) {
    return does_not_hold(1, founding.error());
  }
  auto membership = Membership::begin({&*founding, 1});
  if (!membership) {
    return does_not_hold(1, membership.error());
  }
  Replayed replayed{std::move(*membership), founding->payload};
  Membership& now = replayed.membership;
  for (std::size_t i = 0; i < statements.size(); ++i) {
    HistoryStep step;
    step.number = i + 1;
    const Constitution rule_before = now.constitution().value();
    std::optional<Directory> before;
    if (visit && now.directory() != nullptr) {
      before = now.directory()->value();
    }
    step.rule_before = i == 0 ? nullptr : &rule_before;
    step.before = before ? &*before : nullptr;
    const auto taken = take_next(now, statements[i]);
    if (!taken) {
      return does_not_hold(step.number, taken.error());
    }
    step.taken = *taken;
    if (taken->kind == StatementKind::constitution) {
      replayed.rule = parse_signed_constitution(statements[i])->payload;
    }
    if (visit) {
      if (const Status told = describe_step(step, statements[i], now); !told) {
        return does_not_hold(step.number, told.error());
      }
      visit(step);
    }
  }
  return replayed;
}

Authority::Authority(std::string path, DirectoryLock lock, std::vector<Bytes> history,
                     Replayed replayed)
    : path_(std::move(path)),
      lock_(std::move(lock)),
      history_(std::move(history)),
      replayed_(std::move(replayed)) {}

Outcome<Authority> Authority::open(const std::string& path) {
  auto lock = DirectoryLock::take(path);
  if (!lock) {
    return fault(lock.error(), path,
                 "Name the directory of the authority: --authority DIR, or HAMROH_AUTHORITY.");
  }
  const auto bytes = read_input(history_path(path), history_bytes_max);
  if (!bytes) {
    return fault(bytes.error(), history_path(path),
                 "It is made by `found`, or by `publish` of a founding or of a history.");
  }
  auto history = parse_history(*bytes);
  if (!history) {
    return fault(history.error(), history_path(path), "Get it again from another administrator.");
  }
  auto replayed = replay_history(*history);
  if (!replayed) {
    return tl::unexpected(replayed.error());
  }
  if (replayed->membership.directory() == nullptr) {
    return fault(Code::not_ready, "the history has no directory yet", history_path(path));
  }
  return Authority(path, std::move(*lock), std::move(*history), std::move(*replayed));
}

Outcome<Authority> Authority::begin(const std::string& path, std::span<const Bytes> statements) {
  auto replayed = replay_history(statements);
  if (!replayed) {
    return tl::unexpected(replayed.error());
  }
  if (replayed->membership.directory() == nullptr) {
    return fault(Code::not_ready, "this begins no network: it has no directory", path);
  }
  if (!path_exists(path)) {
    if (const Status made = make_new_directory(path); !made) {
      return fault(made.error(), path);
    }
  }
  auto lock = DirectoryLock::take(path);
  if (!lock) {
    return fault(lock.error(), path);
  }
  if (path_exists(history_path(path))) {
    return fault(Code::conflict, "there is a network in this directory already", path,
                 "Choose a directory that does not exist yet.");
  }
  Authority authority(path, std::move(*lock), {statements.begin(), statements.end()},
                      std::move(*replayed));
  if (const Status written = authority.write_files(statements); !written) {
    return fault(written.error(), path);
  }
  return authority;
}

bool Authority::has_published(ByteView statement) const {
  const auto part = signed_part(statement);
  if (!part) {
    return false;
  }
  const auto kind = statement_kind(statement);
  return std::ranges::any_of(history_, [&](const Bytes& known) {
    if (statement_kind(known) != kind) {
      return false;
    }
    const auto other = signed_part(known);
    if (!other || other->payload != part->payload) {
      return false;
    }
    // A suspension under more signatures counts for more.
    return kind != StatementKind::suspension ||
           std::ranges::all_of(part->signatures, [&](const AdminSignature& one) {
             return has_signed(*other, one.key);
           });
  });
}

std::vector<std::string> Authority::signers() const {
  return names_of(membership().directory()->signed_head().signatures,
                  membership().constitution_at(membership().version()).value(), nullptr);
}

std::uint64_t Authority::position_before_revocation(const MemberId& id) const {
  std::uint64_t position = 0;
  const auto replayed = replay_history(history_, [&](const HistoryStep& step) {
    if (step.directory == nullptr) {
      return;
    }
    const auto& members = step.directory->members;
    const auto member = std::ranges::find(members, id, &Member::id);
    if (member != members.end() && member->state == MemberState::active) {
      position = member->position;
    }
  });
  CHECK(replayed);  // it was, when the authority was opened
  return position;
}

Outcome<Published> Authority::publish(std::span<const Bytes> statements, Timestamp now) {
  Membership membership = replayed_.membership;
  Published published;
  std::vector<Bytes> added;
  for (const Bytes& statement : statements) {
    auto taken = take(membership, statement, now);
    if (!taken) {
      return tl::unexpected(taken.error());
    }
    if (!taken->known) {
      added.push_back(statement);
    }
    (taken->known ? published.known : published.added).push_back(*taken);
  }
  std::vector<Bytes> longer = history_;
  longer.insert(longer.end(), added.begin(), added.end());
  auto replayed = replay_history(longer);
  if (!replayed) {
    return tl::unexpected(replayed.error());
  }
  history_ = std::move(longer);
  replayed_ = std::move(*replayed);
  const auto update = added.empty() ? statements : std::span<const Bytes>(added);
  if (const Status written = write_files(update); !written) {
    return fault(written.error(), path_, "Publish again when the disk is well; nothing is lost.");
  }
  return published;
}

Outcome<Taken> Authority::take(Membership& membership, const Bytes& statement,
                               Timestamp now) const {
  if (has_published(statement)) {
    return Taken{*statement_kind(statement), 0, {}, true, {}, {}};
  }
  const auto taken = take_next(membership, statement);
  if (!taken) {
    const std::string where =
        "directory version " + std::to_string(membership.version()) + " is in force";
    switch (taken.error().code) {
      case Code::threshold_not_met:
        return fault(taken.error(), where, "`hamroh-authority status FILE` says who is missing.");
      case Code::fork:
        return fault(Code::conflict, "another proposal has been published at this version", where,
                     "Both are signed by enough administrators. Do not pass this one on: whoever "
                     "took it would be split from the network. Propose it again.");
      case Code::stale_version:
        return fault(taken.error(), where, "Propose it again on the version in force.");
      case Code::broken_chain:
        return fault(taken.error(), where,
                     "Publish what came before first: another administrator's history.hamroh.");
      default:
        return fault(taken.error(), where);
    }
  }
  if (taken->kind != StatementKind::suspension) {
    return *taken;
  }
  const Suspension suspension = *parse_suspension(signed_part(statement)->payload);
  const auto active = membership.suspensions(std::max(now, suspension.from));
  const bool suspended = std::ranges::any_of(
      active, [&](const ActiveSuspension& one) { return one.member == suspension.member; });
  if (!suspension.lift && !suspended && now < suspension.until) {
    return fault(Code::conflict, "this suspension would count for nothing", path_,
                 "One administrator has one active suspension, and not of the same member again "
                 "within 30 days; with the signatures of as many as admit, both fall away.");
  }
  return *taken;
}

Status Authority::write_files(std::span<const Bytes> update) const {
  // From here on it is published: what follows is made of the history, by this or by the next call.
  HAMROH_TRY(write_output(history_path(path_), encode_history(history_), 0644));
  std::vector<SignedPayload> chain;
  for (const Bytes& statement : history_) {
    if (statement_kind(statement) == StatementKind::constitution) {
      HAMROH_ASSIGN(SignedPayload file, parse_signed_constitution(statement));
      chain.push_back(std::move(file));
    }
  }
  HAMROH_TRY(write_output(path_ + "/network.hamroh", encode_constitution_chain(chain), 0644));
  DirectoryFile complete = complete_file(membership().directory()->value());
  complete.head = membership().directory()->signed_head();
  HAMROH_TRY(write_output(path_ + "/directory.hamroh", encode_directory_file(complete), 0644));
  return write_output(path_ + "/update.hamroh", encode_history(update), 0644);
}

Status Authority::check_unsigned(std::uint64_t version, const AdminKey& key,
                                 const Digest& hash) const {
  const std::string path = path_ + "/signed.hamroh";
  if (!path_exists(path)) {
    return {};
  }
  HAMROH_ASSIGN(const Bytes bytes, read_input(path, signed_bytes_max));
  ByteReader reader(bytes);
  while (reader.remaining() >= signed_entry_bytes) {
    const std::uint64_t signed_version = reader.u64();
    const AdminKey signer = reader.fixed<AdminKey>();
    const Digest signed_hash = reader.fixed<Digest>();
    if (signed_version == version && signer == key && signed_hash != hash) {
      return caller_error(Code::conflict, "this key has signed another proposal at this version");
    }
  }
  return reader.finished()
             ? Status{}
             : environment_error(Code::store_corrupt, "the list of what was signed is damaged");
}

Status Authority::note_signed(std::uint64_t version, const AdminKey& key, const Digest& hash) {
  const std::string path = path_ + "/signed.hamroh";
  Bytes kept;
  if (path_exists(path)) {
    HAMROH_ASSIGN(const Bytes bytes, read_input(path, signed_bytes_max));
    ByteReader reader(bytes);
    while (reader.remaining() >= signed_entry_bytes) {
      const ByteView entry = reader.take(signed_entry_bytes);
      ByteReader fields(entry);
      if (fields.u64() > membership().version()) {  // those of before decide nothing any more
        append(kept, entry);
      }
    }
  }
  put_u64(kept, version);
  append(kept, key.view());
  append(kept, hash.view());
  return write_output(path, kept, 0600);
}

Outcome<NetworkId> found_network(const Founding& founding) {
  const auto count = static_cast<std::uint32_t>(founding.administrators.size());
  auto file = start_founding(founding.network_name, count, founding.threshold, founding.now,
                             founding.validity);
  if (!file) {
    return fault(file.error(), founding.directory);
  }
  std::vector<Seed> seeds;
  std::vector<crypto::SigningKey> keys;
  for (const std::string& name : founding.administrators) {
    const bool fit = !name.empty() && name.size() <= 64 && name.front() != '.' &&
                     name.find_first_not_of(
                         "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                         "0123456789-_.") == std::string::npos;
    if (!fit) {  // it becomes part of a file's name
      return fault(Code::invalid_argument,
                   "an administrator's name is made of letters, digits, '-', '_' and '.'", name);
    }
    seeds.push_back(Seed::make([](auto raw) { crypto::system_random(raw); }));
    keys.push_back(crypto::SigningKey::from_seed(seeds.back()));
    if (const auto entered = enter_founding(*file, name, keys.back()); !entered) {
      return fault(entered.error(), name);
    }
  }
  for (const crypto::SigningKey& key : keys) {
    CHECK(sign_founding(*file, key));
  }
  if (path_exists(founding.directory)) {
    return fault(Code::conflict, "it exists already", founding.directory,
                 "Choose a directory that does not exist yet.");
  }
  const auto authority = Authority::begin(founding.directory, statements_of(*file));
  if (!authority) {
    return tl::unexpected(authority.error());
  }
  const std::string place = founding.directory + "/administrators";
  Status kept = make_new_directory(place);
  for (std::size_t i = 0; kept && i < seeds.size(); ++i) {
    const std::string path = place + "/" + founding.administrators[i] + ".key";
    kept = seeds[i].expose([&](auto raw) { return write_output(path, raw, 0600); });
  }
  if (!kept) {
    return fault(kept.error(), place);
  }
  return authority->membership().network();
}

Outcome<Admitted> admit_members(Authority& authority, const Admission& admission) {
  DraftTerms terms;
  terms.rule = authority.rule();
  terms.now = admission.now;
  terms.validity = admission.validity;
  auto proposal = Drafting(authority.membership(), terms).admission(admission.requests);
  if (!proposal) {
    return tl::unexpected(proposal.error());
  }
  for (const std::string& name : admission.signers) {
    if (std::ranges::count(admission.signers, name) > 1) {
      return fault(Code::duplicate_signer, "an administrator is named twice", name,
                   "Each administrator signs once.");
    }
    const bool inside = name.find('/') == std::string::npos;
    const auto raw = inside ? read_input(authority.path() + "/administrators/" + name + ".key", 32)
                            : Result<Bytes>(caller_error(Code::not_found, "this is no name"));
    const auto key =
        raw ? read_raw_key(*raw) : Result<crypto::SigningKey>(tl::unexpected(raw.error()));
    if (!key) {
      return fault(key.error(), name,
                   "Administrators are named as at the founding, such as admin-1.");
    }
    if (const auto made = sign_proposal(*proposal, *key, admission.now); !made) {
      return fault(made.error(), name);
    }
  }
  const auto requirements = requirements_of(*proposal);
  if (!is_complete(requirements)) {
    const Requirement& short_of = requirements.front();
    return fault(Code::threshold_not_met, "too few administrators sign", authority.path(),
                 std::to_string(short_of.needed - short_of.have.size()) +
                     " more must sign: --sign-with NAME");
  }
  const auto published = authority.publish(statements_of(*proposal), admission.now);
  if (!published) {
    return tl::unexpected(published.error());
  }
  return Admitted{authority.membership().version(), proposal->records};
}

Result<crypto::SigningKey> read_raw_key(ByteView raw) {
  if (raw.size() != 32) {
    return caller_error(Code::malformed, "this is not an administrator's key");
  }
  return crypto::SigningKey::from_seed(Seed(raw.first<32>()));
}

Result<VerifiedDirectory> check_directory(ByteView network_file, ByteView directory_file) {
  HAMROH_ASSIGN(const std::vector<SignedPayload> chain, parse_constitution_chain(network_file));
  HAMROH_ASSIGN(const Membership membership, Membership::begin(chain));
  HAMROH_ASSIGN(const DirectoryFile file, parse_directory_file(directory_file));
  HAMROH_ASSIGN(const DirectoryHead head, parse_directory_head(file.head.payload));
  return verify_directory(membership.constitution_at(head.version), file);
}

}  // namespace hamroh
