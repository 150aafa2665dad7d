// The verbs of hamroh-authority, and what the command line gives them.
//
// Each returns the program's exit code. What is printed comes from verified files and is escaped.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "admin/authority.h"
#include "admin/fingerprint_view.h"
#include "admin/report.h"

namespace hamroh {

struct AuthorityArguments {
  bool json = false;
  bool yes = false;
  bool instead = false;  // sign although another proposal of this version was signed
  std::string authority;
  std::string name;
  std::string out;
  std::string file;
  std::vector<std::string> files;
  std::string key;
  std::string passphrase_file;
  std::string network;
  std::string directory;
  std::string ceremony;
  std::string png;
  std::string member;
  std::string rotation_or_pack;
  std::string reason = "other";
  std::string proposer;
  std::string comment;
  std::string position;
  std::uint32_t administrators = 3;
  std::uint32_t threshold = 0;
  std::uint32_t valid_days = 90;
  std::uint32_t warn_days = 0;
  std::uint32_t hours = 72;
  std::vector<std::string> administrator_names;
  std::vector<std::string> requests;
  std::vector<std::string> rotations;
  std::vector<std::string> signers;
  std::vector<std::string> fingerprints;
  std::vector<std::string> give;
  std::vector<std::string> take;
  std::vector<std::string> add;
  std::vector<std::string> remove;
  std::vector<std::string> countersigned;
};
using AuthorityVerb = int (*)(const AuthorityArguments&);

// authority_found.cc
int authority_key(const AuthorityArguments& arguments);
int authority_found(const AuthorityArguments& arguments);
int authority_enter(const AuthorityArguments& arguments);
int authority_card(const AuthorityArguments& arguments);
int authority_admit(const AuthorityArguments& arguments);
// authority_propose.cc
int propose_admit(const AuthorityArguments& arguments);
int propose_capabilities(const AuthorityArguments& arguments);
int propose_keys(const AuthorityArguments& arguments);
int propose_suspend(const AuthorityArguments& arguments);
int propose_lift(const AuthorityArguments& arguments);
int propose_revoke(const AuthorityArguments& arguments);
int propose_restore(const AuthorityArguments& arguments);
int propose_pack(const AuthorityArguments& arguments);
int propose_constitution(const AuthorityArguments& arguments);
int propose_renew(const AuthorityArguments& arguments);
// authority_sign.cc
int authority_review(const AuthorityArguments& arguments);
int authority_sign(const AuthorityArguments& arguments);
int authority_status(const AuthorityArguments& arguments);
int authority_merge(const AuthorityArguments& arguments);
int authority_publish(const AuthorityArguments& arguments);
// authority_show.cc
int authority_show(const AuthorityArguments& arguments);
int authority_log(const AuthorityArguments& arguments);
int authority_verify(const AuthorityArguments& arguments);

// ---- shared by them

[[nodiscard]] Timestamp wall_clock();
int refuse(const AuthorityArguments& arguments, const Fault& fault);
[[nodiscard]] Outcome<NamedFile> read_named(const std::string& path, std::size_t bytes_max,
                                            const std::string& remedy = {});
// A new file; never in place of another.
[[nodiscard]] Outcome<std::string> write_new(const std::string& path, ByteView bytes,
                                             unsigned mode);
// The key of --key: sealed under a passphrase, or of the trial form, where `name` is empty.
struct OpenedKey {
  std::string name;
  crypto::SigningKey signing;
};
[[nodiscard]] Outcome<OpenedKey> open_key(const AuthorityArguments& arguments);
[[nodiscard]] std::string json_names(const std::vector<std::string>& names);

}  // namespace hamroh
