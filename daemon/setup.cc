#include "daemon/setup.h"

#include <unistd.h>

#include <utility>

#include "daemon/keeper.h"
#include "daemon/users.h"

namespace hamroh {
namespace {

// Removes what an initialisation has made, unless it was finished; nothing else is ever removed.
class Unfinished {
 public:
  explicit Unfinished(const Home& home) : directory_(home.path()) {
    made_directory_ = !file_exists(directory_);
    for (const std::string& file :
         {home.vault(), home.node_key(), home.reader_key(), home.database(),
          home.database() + "-wal", home.configuration(), home.request(), home.operator_key(),
          home.file("anchor"), home.file("lock")}) {
      if (!file_exists(file)) {
        files_.push_back(file);
      }
    }
  }
  Unfinished(const Unfinished&) = delete;
  Unfinished& operator=(const Unfinished&) = delete;
  ~Unfinished() {
    for (const std::string& file : files_) {
      (void)::unlink(file.c_str());
    }
    if (made_directory_) {
      (void)::rmdir(directory_.c_str());
    }
  }
  void finished() {
    files_.clear();
    made_directory_ = false;
  }

 private:
  std::string directory_;
  bool made_directory_ = false;
  std::vector<std::string> files_;
};

// Who the member was that comes back: its entry in a directory that verifies under the network
// file.
Result<Member> lost_member(const InitOptions& options, ByteView network) {
  HAMROH_ASSIGN(const std::vector<SignedPayload> chain, parse_constitution_chain(network));
  HAMROH_ASSIGN(Membership membership, Membership::begin(chain));
  HAMROH_ASSIGN(const Bytes file, read_file(options.directory_file, limits::directory_bytes_max));
  HAMROH_TRY(membership.take(file));
  if (membership.directory() == nullptr) {
    return caller_error(Code::invalid_argument, "that file is no directory");
  }
  const auto id = parse_uuid(options.again);
  for (const Member& member : membership.directory()->value().members) {
    if (member.name == options.again || (id && MemberId::from(*id) == member.id)) {
      return member;
    }
  }
  return caller_error(Code::unknown_member, "the directory has no member of that id or name");
}

Result<MemberId> fill_home(const InitOptions& options, ByteView network) {
  NewMember member{{network.begin(), network.end()},
                   options.name,
                   options.kind,
                   options.endpoint,
                   std::nullopt,
                   1};
  if (!options.again.empty()) {
    HAMROH_ASSIGN(const Member lost, lost_member(options, network));
    member.name = lost.name;
    member.kind = lost.kind;
    member.again = lost.id;
    member.incarnation = lost.incarnation + 1;
  }
  // The operator's slot opens what her passphrase is to open, so that the vault needs no
  // passphrase of its own, which would outlive hers.
  HAMROH_ASSIGN(const TierKeys tiers,
                Vault::create(options.home,
                              options.passphrase ? Vault::Mode::users : Vault::Mode::credential));
  HAMROH_TRY(write_file(options.home.configuration(), view(default_configuration())));
  Keeper keeper(options.home, {});
  HAMROH_TRY(keeper.open_store(true));
  if (options.passphrase) {
    keeper.take_reader_key(tiers.reader.copy());
  }
  HAMROH_ASSIGN(auto transaction, keeper.store().begin());
  Effects effects;
  Turn turn{wall_now(), monotonic_now(), *transaction, keeper.entropy(), effects};
  HAMROH_ASSIGN(const Bytes request, Node::initialise(member, turn));
  HAMROH_ASSIGN(const JoinRequest parsed, parse_join_request(request));
  HAMROH_TRY(make_first_operator({options.operator_name, options.passphrase, {}}, options.home,
                                 {parsed.network, parsed.member.id}, keeper.reader_key(), turn));
  HAMROH_TRY(transaction->commit());
  transaction.reset();
  HAMROH_TRY(write_file(options.home.request(), request));
  return parsed.member.id;
}

}  // namespace

Result<MemberId> initialise_home(const InitOptions& options) {
  HAMROH_ASSIGN(const Bytes network, read_file(options.network_file, limits::directory_bytes_max));
  Unfinished unfinished(options.home);
  HAMROH_TRY(make_directory(options.home.path()));
  HAMROH_ASSIGN(const HomeLock lock, HomeLock::take(options.home));
  if (file_exists(options.home.vault()) || file_exists(options.home.database())) {
    return caller_error(Code::conflict, "this home already holds a node");
  }
  HAMROH_ASSIGN(const MemberId member, fill_home(options, network));
  unfinished.finished();
  return member;
}

namespace {

// As Node::check_anchor: the file outside the database knows more than the database.
Result<bool> is_old_copy(const AnchorFile& file, const Ledger& ledger, Transaction& store) {
  const auto anchor = file.read();
  if (!anchor || anchor->size > ledger.size()) {
    return anchor.has_value();
  }
  HAMROH_ASSIGN(const CompactRange range, ledger.range_at(store, anchor->size));
  return range.root() != anchor->root;
}

}  // namespace

namespace {

constexpr std::size_t slots_tried_max = 4;  // each takes Argon2id's time

// With the passphrase of the user of that name, or of an operator.
Status unlock_by_user(Keeper& keeper, const ReturnOptions& options) {
  if (options.passphrase.empty()) {
    return caller_error(Code::bad_passphrase, "this vault opens with the passphrase of a user");
  }
  HAMROH_ASSIGN(auto transaction, keeper.store().begin());
  std::vector<Account> accounts;
  HAMROH_TRY(visit_accounts(*transaction, [&](Account& account) {
    const bool meant =
        options.user.empty() ? account.role == Role::operator_ : account.name == options.user;
    if (meant && opens_vault(account)) {
      accounts.push_back(std::move(account));
    }
    return accounts.size() < slots_tried_max;
  }));
  for (const Account& account : accounts) {
    const Account::Passphrase& opened_by = *account.passphrase;
    HAMROH_ASSIGN(const SymmetricKey key,
                  crypto::passphrase_key(options.passphrase, opened_by.salt.bytes, opened_by.cost));
    const auto secret = open_secret(account, key);
    const auto slot = secret ? open_slot(account, *secret) : std::nullopt;
    if (slot && keeper.unlock_with_key(*slot, *transaction)) {
      return {};
    }
  }
  return caller_error(Code::bad_passphrase, "it opens no account that opens this vault");
}

}  // namespace

Result<ReturnedHome> return_home(const ReturnOptions& options, const Configuration& configuration) {
  Return how{{}, options.endpoint, false};
  if (!options.directory_file.empty()) {
    HAMROH_ASSIGN(how.directory, read_file(options.directory_file, limits::directory_bytes_max));
  }
  HAMROH_ASSIGN(const HomeLock lock, HomeLock::take(options.home));
  Keeper keeper(options.home, configuration);
  HAMROH_TRY(keeper.open_store(false));
  if (!keeper.unlocked()) {
    HAMROH_TRY(keeper.vault().mode() == Vault::Mode::users
                   ? unlock_by_user(keeper, options)
                   : keeper.unlock_store(options.passphrase));
  }
  HAMROH_ASSIGN(auto transaction, keeper.store().begin());
  HAMROH_ASSIGN(const Ledger before, Ledger::load(*transaction));
  HAMROH_ASSIGN(how.old_copy, is_old_copy(keeper.anchor(), before, *transaction));
  Effects effects;
  Turn turn{wall_now(), monotonic_now(), *transaction, keeper.entropy(), effects};
  ReturnedHome returned;
  HAMROH_ASSIGN(returned.member, Node::come_back(how, turn));
  HAMROH_ASSIGN(const JoinRequest parsed, parse_join_request(returned.member.request));
  const UserHome belongs{parsed.network, returned.member.member};
  HAMROH_ASSIGN(returned.operator_name, renew_operator_key(options.home, belongs, turn));
  HAMROH_ASSIGN(const Ledger after, Ledger::load(*transaction));
  const WriteAnchor anchor{after.size(), after.root()};
  HAMROH_TRY(transaction->commit());
  // Commit point: the lost incarnation's keys are gone from here. A crash before the request is
  // written leaves a home that can return once more.
  transaction.reset();
  keeper.anchor().replace(anchor);
  HAMROH_TRY(write_file(options.home.request(), returned.member.request));
  return returned;
}

Result<Joined> join_network(const Home& home, const Configuration& configuration,
                            const std::string& directory_file) {
  HAMROH_ASSIGN(const Bytes file, read_file(directory_file, limits::directory_bytes_max));
  HAMROH_ASSIGN(const HomeLock lock, HomeLock::take(home));
  Keeper keeper(home, configuration);
  HAMROH_TRY(keeper.open_store(false));
  HAMROH_TRY(keeper.open_node());
  HAMROH_ASSIGN(auto transaction, keeper.store().begin());
  Effects effects;
  Turn turn{wall_now(), monotonic_now(), *transaction, keeper.entropy(), effects};
  HAMROH_TRY(keeper.node().install(file, turn));
  HAMROH_TRY(keeper.node().finish(turn));
  HAMROH_TRY(transaction->commit());
  if (keeper.node().directory() == nullptr) {
    return Joined{keeper.node().id(), 0, 0};
  }
  const Directory& directory = keeper.node().directory()->value();
  return Joined{keeper.node().id(), directory.version, directory.members.size()};
}

tl::expected<Configuration, ConfigurationFault> read_configuration(const Home& home) {
  constexpr std::size_t bytes_max = 64 * 1024;
  if (!file_exists(home.configuration())) {
    return Configuration{};
  }
  const auto file = read_file(home.configuration(), bytes_max);
  return file ? parse_configuration(text(*file))
              : tl::unexpected(ConfigurationFault{file.error().text});
}

std::optional<std::string> missing_key_file(const Home& home, const Configuration& configuration) {
  const auto vault = Vault::open(home);
  if (!vault || vault->destroyed()) {
    return std::nullopt;
  }
  std::vector<std::string> needed{
      key_file_path(home, configuration.node_key_file, home.node_key())};
  if (vault->mode() == Vault::Mode::credential) {
    needed.push_back(key_file_path(home, configuration.reader_key_file, home.reader_key()));
  } else if (vault->mode() == Vault::Mode::passphrase && !configuration.passphrase_file.empty()) {
    needed.push_back(key_file_path(home, configuration.passphrase_file, {}));
  }
  for (const std::string& file : needed) {
    if (!file_exists(file)) {
      return file;
    }
  }
  return std::nullopt;
}

}  // namespace hamroh
