#include "daemon/setup.h"

#include <unistd.h>

#include <utility>

#include "daemon/keeper.h"

namespace hamroh {
namespace {

// What an unfinished initialisation may have left; nothing else is ever removed.
void remove_unfinished(const Home& home) {
  for (const std::string& file :
       {home.vault(), home.node_key(), home.reader_key(), home.database(), home.database() + "-wal",
        home.configuration(), home.request(), home.file("anchor")}) {
    (void)::unlink(file.c_str());
  }
}

Result<MemberId> fill_home(const InitOptions& options, ByteView constitution) {
  const std::optional<ByteView> passphrase =
      options.passphrase ? std::optional<ByteView>(*options.passphrase) : std::nullopt;
  HAMROH_TRY(Vault::create(options.home, passphrase));
  HAMROH_TRY(write_file(options.home.configuration(), view(default_configuration())));
  Keeper keeper(options.home, {});
  HAMROH_TRY(keeper.open_store(true));
  if (options.passphrase) {
    HAMROH_TRY(keeper.unlock_store(*options.passphrase));
  }
  HAMROH_ASSIGN(auto transaction, keeper.store().begin());
  Effects effects;
  Turn turn{wall_now(), monotonic_now(), *transaction, keeper.entropy(), effects};
  const NewMember member{
      {constitution.begin(), constitution.end()}, options.name, options.kind, options.endpoint};
  HAMROH_ASSIGN(const Bytes request, Node::initialise(member, turn));
  HAMROH_TRY(transaction->commit());
  transaction.reset();
  HAMROH_TRY(write_file(options.home.request(), request));
  HAMROH_ASSIGN(const JoinRequest parsed, parse_join_request(request));
  return parsed.member.id;
}

}  // namespace

Result<MemberId> initialise_home(const InitOptions& options) {
  HAMROH_ASSIGN(const Bytes constitution,
                read_file(options.network_file, limits::constitution_bytes_max));
  HAMROH_TRY(make_directory(options.home.path()));
  HAMROH_ASSIGN(const HomeLock lock, HomeLock::take(options.home));
  if (file_exists(options.home.vault()) || file_exists(options.home.database())) {
    return caller_error(Code::conflict, "this home already holds a node");
  }
  auto member = fill_home(options, constitution);
  if (!member) {
    remove_unfinished(options.home);
  }
  return member;
}

Result<Joined> join_network(const Home& home, const std::string& directory_file) {
  HAMROH_ASSIGN(const Bytes file, read_file(directory_file, limits::directory_bytes_max));
  HAMROH_ASSIGN(const HomeLock lock, HomeLock::take(home));
  Keeper keeper(home, {});
  HAMROH_TRY(keeper.open_store(false));
  HAMROH_TRY(keeper.open_node());
  HAMROH_ASSIGN(auto transaction, keeper.store().begin());
  Effects effects;
  Turn turn{wall_now(), monotonic_now(), *transaction, keeper.entropy(), effects};
  HAMROH_TRY(keeper.node().install_directory(file, turn));
  HAMROH_TRY(keeper.node().finish(turn));
  HAMROH_TRY(transaction->commit());
  const Directory& directory = keeper.node().directory()->value();
  return Joined{keeper.node().id(), directory.version, directory.members.size()};
}

}  // namespace hamroh
