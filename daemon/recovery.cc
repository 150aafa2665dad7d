#include "daemon/recovery.h"

namespace hamroh {
namespace {

Status write_key(const std::string& path, const SymmetricKey& key) {
  return key.expose([&](auto raw) { return write_file(path, raw); });
}

Status write_anew(const RecoveryRequest& request, const Configuration& configuration, Vault& vault,
                  const TierKeys& tiers, Vault::Mode mode) {
  const Home& home = request.home;
  const std::string node_file = key_file_path(home, configuration.node_key_file, home.node_key());
  const std::string reader_file =
      key_file_path(home, configuration.reader_key_file, home.reader_key());
  Vault destroyed = vault;
  destroyed.destroy();
  // Everything that can fail for another reason than the disk comes before the disk.
  const SymmetricKey node_root = vault.renew_node_root(tiers.node);
  std::optional<SymmetricKey> reader_root;
  if (mode == Vault::Mode::credential) {
    reader_root = vault.renew_reader_root(tiers.reader);
  } else if (mode == Vault::Mode::passphrase) {
    HAMROH_TRY(vault.wrap_reader(tiers.reader, request.passphrase));
  } else {
    vault.leave_reader_to_users();
  }
  HAMROH_TRY(destroyed.write_for_good(home));
  // From here on until the last line the shares are needed again after a crash.
  HAMROH_TRY(write_key(node_file, node_root));
  HAMROH_TRY(reader_root ? write_key(reader_file, *reader_root) : remove_for_good(reader_file));
  // Commit point: the new keys open the vault.
  return vault.write(home);
}

}  // namespace

tl::expected<Vault::Mode, ShareFault> use_recovery(const RecoveryRequest& request,
                                                   const Configuration& configuration) {
  const auto fault = [](Code code, const char* text) {
    return tl::unexpected(ShareFault{code, text, std::nullopt});
  };
  const auto key = recover_key(request.shares);
  if (!key) {
    return tl::unexpected(key.error());
  }
  const auto lock = HomeLock::take(request.home);
  if (!lock) {
    return fault(lock.error().code, lock.error().text);
  }
  auto vault = Vault::open(request.home);
  if (!vault) {
    return fault(vault.error().code, vault.error().text);
  }
  const RecoverySplit& given = request.shares.front().split;
  if (!vault->recovery()) {
    return fault(Code::not_found, "no recovery shares were ever made for this node");
  }
  if (given.member != vault->recovery()->member || given.network != vault->recovery()->network) {
    return fault(Code::unknown_member, "these are the shares of another organisation's node");
  }
  if (given != *vault->recovery()) {
    return fault(Code::stale_version,
                 "these shares were replaced: only those that were made last open the vault");
  }
  const auto tiers = vault->tiers_from_recovery(*key);
  if (!tiers) {
    return fault(tiers.error().code, tiers.error().text);
  }
  const Vault::Mode mode = request.mode.value_or(vault->mode());
  if (mode == Vault::Mode::passphrase && request.passphrase.empty()) {
    return fault(Code::invalid_argument, "this vault opens with a passphrase: give a new one");
  }
  const Status written = write_anew(request, configuration, *vault, *tiers, mode);
  return written ? tl::expected<Vault::Mode, ShareFault>(mode)
                 : fault(written.error().code, written.error().text);
}

}  // namespace hamroh
