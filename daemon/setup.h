// Making a home and joining a network: what `hamrohd init` and `hamrohd join` do.
#pragma once

#include <string>

#include "daemon/configuration.h"
#include "daemon/first_operator.h"
#include "daemon/home.h"
#include "protocol/node.h"

namespace hamroh {

struct InitOptions {
  Home home;
  std::string network_file;
  std::string name;
  MemberKind kind{};
  std::string endpoint;
  std::optional<Bytes> passphrase;
  // A member that lost its keys: its id or name, to be found in the directory file. Name and kind
  // are then the directory's.
  std::string again;
  std::string directory_file;
  std::string operator_name = first_operator_name;
};
// Makes the home with vault, store, configuration, request and the first operator: with the
// passphrase if there is one, else with HOME/operator.key. If that fails, whatever was not
// there before is removed again. Errors: busy, conflict (a home that somebody else uses or that
// holds a node is left alone), and whatever files and constitution may have.
[[nodiscard]] Result<MemberId> initialise_home(const InitOptions& options);

struct ReturnOptions {
  Home home;
  std::string directory_file;  // empty: what the store has
  std::string endpoint;        // empty: as before
  Bytes passphrase;            // if the vault opens with one, or with users'
  std::string user;            // whose it is; empty: an operator's
};
struct ReturnedHome {
  ReturnedMember member;
  std::string operator_name;  // who finds a new key file in the home; empty: nobody needs one
};
// Makes the next incarnation of the member out of a home that was restored from a backup, or whose
// anchor shows that its database is an old copy; writes its request. Errors: conflict (neither is
// so), locked, busy, and those of Node::come_back.
[[nodiscard]] Result<ReturnedHome> return_home(const ReturnOptions& options,
                                               const Configuration& configuration);

struct Joined {
  MemberId member;
  std::uint64_t version = 0;
  std::size_t members = 0;
};
// Installs a directory, or any other signed statement about membership, into the home of a node
// that is not running.
[[nodiscard]] Result<Joined> join_network(const Home& home, const Configuration& configuration,
                                          const std::string& directory_file);

// HOME/hamroh.toml; an absent one means the defaults.
[[nodiscard]] tl::expected<Configuration, ConfigurationFault> read_configuration(const Home& home);
// The first of the vault's key files that is not where it should be. Errors name no paths, so this
// is how an operator is told.
[[nodiscard]] std::optional<std::string> missing_key_file(const Home& home,
                                                          const Configuration& configuration);

}  // namespace hamroh
