// Making a home and joining a network: what `hamrohd init` and `hamrohd join` do.
#pragma once

#include <string>

#include "daemon/home.h"
#include "protocol/directory.h"

namespace hamroh {

struct InitOptions {
  Home home;
  std::string network_file;
  std::string name;
  MemberKind kind{};
  std::string endpoint;
  std::optional<Bytes> passphrase;
};
// Makes the home with vault, store, configuration and request. An unfinished one is removed again.
[[nodiscard]] Result<MemberId> initialise_home(const InitOptions& options);

struct Joined {
  MemberId member;
  std::uint64_t version = 0;
  std::size_t members = 0;
};
// Installs a directory into the home of a node that is not running.
[[nodiscard]] Result<Joined> join_network(const Home& home, const std::string& directory_file);

}  // namespace hamroh
