#include "daemon/panic.h"

#include <filesystem>

namespace hamroh {
namespace {

void remove_files(const std::vector<std::string>& files) {
  for (const std::string& file : files) {
    (void)remove_for_good(file);
  }
}

}  // namespace

Status may_panic(const Home& home, bool without_recovery) {
  if (!file_exists(home.vault())) {
    return caller_error(Code::not_found, "there is no node in this home");
  }
  if (without_recovery) {
    return {};
  }
  const auto vault = Vault::open(home);
  if (!vault) {
    return caller_error(vault.error().code,
                        "the vault file cannot be read, so no shares would open it again");
  }
  return vault->recovery() ? Status{}
                           : caller_error(Code::not_found,
                                          "there are no recovery shares: nothing would ever open "
                                          "this node again");
}

Result<Destroyed> destroy_keys(const Home& home, const Configuration& configuration,
                               bool without_recovery) {
  HAMROH_TRY(may_panic(home, without_recovery));
  Destroyed destroyed;
  // A vault that cannot be read holds nothing worth keeping either.
  Vault vault = Vault::open(home).value_or(Vault());
  const std::vector<std::string> files = key_files_of(home, configuration);
  vault.destroy();
  if (Status written = vault.write_for_good(home); !written) {
    // A full disk: overwriting key files needs no room, and removing them may make some.
    remove_files(files);
    HAMROH_TRY(vault.write_for_good(home));
  }
  // Commit point: nothing in this home opens the store any more.
  destroyed.recovery = vault.recovery();
  remove_files(files);
  const std::string inside = home.path() + "/";
  for (const std::string& file : files) {
    if (!file.starts_with(inside)) {
      destroyed.outside.push_back(file);
    } else if (file_exists(file)) {
      return environment_error(Code::io_failed,
                               "a key file cannot be removed; the vault file is destroyed");
    }
  }
  return destroyed;
}

void remove_key_files(const Home& home, const Configuration& configuration) {
  remove_files(key_files_of(home, configuration));
}

std::vector<std::string> key_files_of(const Home& home, const Configuration& configuration) {
  std::vector<std::string> files{home.node_key(), home.reader_key()};
  for (const std::string& configured : {configuration.node_key_file, configuration.reader_key_file,
                                        configuration.passphrase_file}) {
    if (!configured.empty()) {
      files.push_back(key_file_path(home, configured, {}));
    }
  }
  // Where a key lies elsewhere behind a link, that place too, and before the link.
  std::vector<std::string> all;
  for (const std::string& file : files) {
    std::error_code fault;
    if (std::filesystem::is_symlink(file, fault)) {
      const auto target = std::filesystem::canonical(file, fault);
      if (!fault) {
        all.push_back(target);
      }
    }
    all.push_back(file);
  }
  return all;
}

}  // namespace hamroh
