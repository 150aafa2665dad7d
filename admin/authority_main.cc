// hamroh-authority: what the administrators of a network do.
//
// What it does    Makes administrators' keys, founds a network, proposes changes to it, reviews,
//                 signs and publishes them, and shows and verifies what was published. No network:
//                 everything travels as files.
// What it trusts  The history in the authority's directory, which it verifies from the founding on
//                 whenever it is opened; the key and passphrase of the person who signs.
// Exit codes      0 done, 1 refused (with a coded reason), 2 usage.

#include <CLI/CLI.hpp>
#include <chrono>
#include <cstdio>
#include <cstdlib>

#include "admin/authority_commands.h"
#include "admin/passphrase.h"
#include "protocol/text.h"

namespace hamroh {
namespace {

constexpr const char* about =
    "hamroh-authority: what the administrators of a network do\n\n"
    "Example, three administrators of whom two must agree:\n"
    "  hamroh-authority key --name Saida --out saida.key            each, on a machine of her own\n"
    "  hamroh-authority found --name \"Khatlon\" --administrators 3 --threshold 2 \\\n"
    "      --ceremony founding.hamroh                                one of them\n"
    "  hamroh-authority enter founding.hamroh --key saida.key       each\n"
    "  hamroh-authority sign founding.hamroh --key saida.key        each, when all have entered\n"
    "  hamroh-authority publish founding.hamroh --authority authority\n"
    "  hamroh-authority propose admit --request request.hamroh      then sign, sign, publish\n\n"
    "The whole ceremony: admin/AUTHORITY.md. --authority DIR is HAMROH_AUTHORITY, else "
    "./authority,\n"
    "by default. MEMBER is a member's id or name; an unambiguous beginning is enough.\n"
    "Exit codes: 0 done, 1 refused, 2 usage.\n";

std::string default_authority() {
  const char* set = std::getenv("HAMROH_AUTHORITY");
  return set != nullptr && *set != '\0' ? set : "authority";
}

// The verbs of one command line, and which of them was typed.
class CommandLine {
 public:
  explicit CommandLine(AuthorityArguments& arguments) : a_(arguments), app_(about) {
    app_.require_subcommand(1);
    app_.set_version_flag("--version", HAMROH_VERSION);
    add_founding_verbs();
    add_proposal_verbs();
    add_member_proposals();
    add_rule_proposals();
    add_signing_verbs();
    add_showing_verbs();
  }

  int run(int count, char** values) {
    try {
      app_.parse(count, values);
    } catch (const CLI::ParseError& fault) {
      return app_.exit(fault) == 0 ? exit_done : exit_usage;
    }
    if (a_.authority.empty()) {
      a_.authority = default_authority();
    }
    return typed_(a_);
  }

 private:
  CLI::App* verb(CLI::App* under, const char* name, const char* what, const char* example,
                 AuthorityVerb run) {
    CLI::App* added = under->add_subcommand(name, what);
    added->footer(std::string("Example:\n  ") + example);
    added->add_flag("--json", a_.json, "Print JSON for programs");
    added->callback([this, run] { typed_ = run; });
    return added;
  }
  void with_authority(CLI::App* verb) {
    verb->add_option("--authority", a_.authority,
                     "The authority's directory (default $HAMROH_AUTHORITY, else ./authority)");
  }
  void with_key(CLI::App* verb) {
    verb->add_option("--key", a_.key, "Your key file")->required();
    with_passphrase(verb);
  }
  void with_passphrase(CLI::App* verb) {
    verb->add_option("--passphrase-file", a_.passphrase_file, "File with the passphrase");
  }
  void with_validity(CLI::App* verb) {
    verb->add_option("--valid-days", a_.valid_days, "Of the directory (default 90)")
        ->check(CLI::Range(1, 3650));
  }
  // Options of every proposal.
  CLI::App* proposal(const char* name, const char* what, const char* example, AuthorityVerb run) {
    CLI::App* added = verb(proposing_, name, what, example, run);
    with_authority(added);
    added->add_option("--out", a_.out, "The proposal file (default: a telling name here)");
    added->add_option("--comment", a_.comment, "A word to the others, 500 characters at most");
    added->add_option("--by", a_.proposer, "Who proposes it");
    return added;
  }
  CLI::App* member_proposal(const char* name, const char* what, const char* example,
                            AuthorityVerb run) {
    CLI::App* added = proposal(name, what, example, run);
    added->add_option("member", a_.member, "The member's id or name, or a beginning")->required();
    return added;
  }

  void add_founding_verbs() {
    CLI::App* key = verb(&app_, "key", "Make a key of your own, sealed under a passphrase",
                         "hamroh-authority key --name Saida --out saida.key", authority_key);
    key->add_option("--name", a_.name, "Your name as administrator")->required();
    key->add_option("--out", a_.out, "The key file")->required();
    with_passphrase(key);
    CLI::App* founding = verb(
        &app_, "found", "Found a network: a ceremony, or a trial on one machine",
        "hamroh-authority found --name Khatlon --administrators 3 --threshold 2 "
        "--ceremony founding.hamroh\n"
        "  hamroh-authority found --name Trial --administrators 3 --threshold 2 --out authority",
        authority_found);
    founding->add_option("--name", a_.name, "The network's name")->required();
    founding->add_option("--administrators", a_.administrators, "How many (default 3)")
        ->check(CLI::Range(1, 32));
    founding->add_option("--administrator", a_.administrator_names, "Their names (trial only)");
    founding->add_option("--threshold", a_.threshold, "How many must agree (default 2)")
        ->check(CLI::Range(1, 32));
    founding->add_option("--ceremony", a_.ceremony, "Begin this founding file, with nobody's key");
    founding->add_option("--out", a_.out, "A new directory with all keys: for trials only");
    with_validity(founding);
    CLI::App* entering =
        verb(&app_, "enter", "Enter your name and key into a founding file",
             "hamroh-authority enter founding.hamroh --key saida.key", authority_enter);
    entering->add_option("file", a_.file, "The founding file")->required();
    with_key(entering);
    CLI::App* card = verb(&app_, "card", "Ask to become an administrator of a network",
                          "hamroh-authority card --key farid.key --network network.hamroh "
                          "--out farid.card",
                          authority_card);
    card->add_option("--network", a_.network, "The network file")->required();
    card->add_option("--out", a_.out, "The card")->required();
    with_key(card);
    CLI::App* admitting =
        verb(&app_, "admit", "Propose, sign and publish an admission in one go (trial form only)",
             "hamroh-authority admit --authority authority --request request.hamroh "
             "--sign-with admin-1 admin-2 --out directory.hamroh",
             authority_admit);
    with_authority(admitting);
    admitting->add_option("--request", a_.requests, "request.hamroh files")->required();
    admitting->add_option("--sign-with", a_.signers, "Administrators who sign")->required();
    admitting->add_option("--out", a_.out, "The new directory file")->required();
    with_validity(admitting);
  }

  void add_proposal_verbs() {
    proposing_ = app_.add_subcommand("propose", "Lay down a change that others may agree to");
    proposing_->require_subcommand(1);
    CLI::App* admit =
        proposal("admit", "Admit organisations from their requests",
                 "hamroh-authority propose admit --request request.hamroh", propose_admit);
    admit->add_option("--request", a_.requests, "request.hamroh files")->required();
    with_validity(admit);
    CLI::App* pack =
        proposal("pack", "Put a jurisdiction pack in force, and the rules that go with it",
                 "hamroh-authority propose pack --file pack.toml --countersign author transport",
                 propose_pack);
    pack->add_option("--file", a_.file, "The pack file, whose hash the directory will name")
        ->required();
    pack->add_option("--warn-days", a_.warn_days, "When people are told that a newer one is due")
        ->check(CLI::Range(1, 3650));
    pack->add_option("--countersign", a_.countersigned,
                     "Keys that members cannot change alone: author, receipt, transport, witness, "
                     "or none")
        ->delimiter(',');
    with_validity(pack);
    with_validity(proposal("renew", "Keep everything, with a new time of validity",
                           "hamroh-authority propose renew --valid-days 90", propose_renew));
  }

  void add_member_proposals() {
    CLI::App* capabilities = member_proposal(
        "capabilities", "Change what a member may do",
        "hamroh-authority propose capabilities Umed --give status.apply --take fund.ask",
        propose_capabilities);
    capabilities->add_option("--give", a_.give, "Capabilities, such as refer.send")->delimiter(',');
    capabilities->add_option("--take", a_.take, "Capabilities")->delimiter(',');
    with_validity(capabilities);
    CLI::App* keys = member_proposal(
        "keys", "Give a member new keys",
        "hamroh-authority propose keys Umed --request request.hamroh --position 1042\n"
        "  hamroh-authority propose keys Umed --rotation rotation.hamroh",
        propose_keys);
    keys->add_option("--request", a_.requests, "Its request under the next incarnation");
    keys->add_option("--rotation", a_.rotations, "Its own rotations, the oldest first");
    keys->add_option("--position", a_.position,
                     "First entry of the lost ledger that is not believed, or end (default)");
    with_validity(keys);
    CLI::App* suspend = member_proposal(
        "suspend", "Hold a member's messages for 72 hours at most; one signature is enough",
        "hamroh-authority propose suspend Umed --reason device_lost", propose_suspend);
    suspend
        ->add_option("--reason", a_.reason,
                     "device_lost, keys_suspected, misuse, asked_by_member or other")
        ->required();
    suspend->add_option("--hours", a_.hours, "How long (default 72)")->check(CLI::Range(1, 72));
    member_proposal("lift", "End a suspension; two signatures",
                    "hamroh-authority propose lift Umed", propose_lift);
    CLI::App* revoke =
        member_proposal("revoke", "End a membership",
                        "hamroh-authority propose revoke Umed --position 1042", propose_revoke);
    revoke
        ->add_option("--position", a_.position,
                     "First entry of its ledger that is not believed, or end")
        ->required();
    with_validity(revoke);
    with_validity(member_proposal("restore", "Make a revoked or suspended member active again",
                                  "hamroh-authority propose restore Umed", propose_restore));
  }

  void add_rule_proposals() {
    CLI::App* rule = proposal(
        "constitution", "Replace administrators, or change how many must agree",
        "hamroh-authority propose constitution --add farid.card --remove Saida --threshold 2",
        propose_constitution);
    rule->add_option("--add", a_.add, "Cards of new administrators");
    rule->add_option("--remove", a_.remove, "Names of those who leave");
    rule->add_option("--threshold", a_.threshold, "How many must agree (default: as now)")
        ->check(CLI::Range(1, 32));
    with_validity(rule);
  }

  void add_signing_verbs() {
    CLI::App* review = verb(&app_, "review", "Show in plain words what would be signed",
                            "hamroh-authority review admit-5.proposal.hamroh", authority_review);
    review->add_option("file", a_.file, "A proposal or founding file")->required();
    with_authority(review);
    CLI::App* sign =
        verb(&app_, "sign", "Review a proposal or founding, and sign it",
             "hamroh-authority sign admit-5.proposal.hamroh --key saida.key", authority_sign);
    sign->add_option("file", a_.file, "A proposal or founding file")->required();
    with_key(sign);
    with_authority(sign);
    sign->add_option("--fingerprint", a_.fingerprints, "Twelve words that were read out to you")
        ->allow_extra_args(false);
    sign->add_flag("--yes", a_.yes, "Do not ask (fingerprints are asked all the same)");
    sign->add_flag("--instead", a_.instead, "Although you signed another one of this version");
    CLI::App* status = verb(&app_, "status", "Who has signed, who is missing, until when",
                            "hamroh-authority status admit-5.proposal.hamroh", authority_status);
    status->add_option("file", a_.file, "A proposal or founding file")->required();
    CLI::App* merge = verb(&app_, "merge", "Unite the signatures of several copies",
                           "hamroh-authority merge from-saida.hamroh from-farid.hamroh --out "
                           "admit-5.proposal.hamroh",
                           authority_merge);
    merge->add_option("files", a_.files, "Copies of one file")->required();
    merge->add_option("--out", a_.out, "The united file")->required();
    CLI::App* publish =
        verb(&app_, "publish", "Put in force what enough administrators have signed",
             "hamroh-authority publish admit-5.proposal.hamroh --authority authority",
             authority_publish);
    publish->add_option("files", a_.files, "Proposals, a founding, or another one's history")
        ->required();
    with_authority(publish);
    publish->add_option("--out", a_.out, "A copy of the new directory file");
  }

  void add_showing_verbs() {
    const auto showing = [this](CLI::App* under, const char* example) {
      CLI::App* show = verb(under, "show", "Show a network, directory, request, key or card",
                            example, authority_show);
      show->add_option("file", a_.file, "The file")->required();
      show->add_option("--png", a_.png, "Write the fingerprint as a QR code to this picture");
    };
    showing(&app_, "hamroh-authority show directory.hamroh");
    CLI::App* request = app_.add_subcommand("request", "What an organisation asks for");
    request->require_subcommand(1);
    showing(request, "hamroh-authority request show request.hamroh --png fingerprint.png");
    CLI::App* log = verb(&app_, "log", "Everything that was agreed, from the founding on",
                         "hamroh-authority log --authority authority", authority_log);
    with_authority(log);
    CLI::App* verifying =
        verb(&app_, "verify", "Verify a published history, or a directory, under a network file",
             "hamroh-authority verify history.hamroh --network network.hamroh\n"
             "  hamroh-authority verify --network network.hamroh --directory directory.hamroh",
             authority_verify);
    verifying->add_option("history", a_.file, "history.hamroh");
    verifying->add_option("--network", a_.network, "network.hamroh")->required();
    verifying->add_option("--directory", a_.directory, "directory.hamroh");
  }

  AuthorityArguments& a_;
  CLI::App app_;
  CLI::App* proposing_ = nullptr;
  AuthorityVerb typed_ = nullptr;
};

}  // namespace

Timestamp wall_clock() {
  const auto since = std::chrono::system_clock::now().time_since_epoch();
  return {static_cast<std::uint64_t>(
      std::chrono::duration_cast<std::chrono::milliseconds>(since).count())};
}

int refuse(const AuthorityArguments& arguments, const Fault& fault) {
  return refuse(arguments.json, fault.where, fault.error, fault.remedy);
}

Outcome<NamedFile> read_named(const std::string& path, std::size_t bytes_max,
                              const std::string& remedy) {
  auto bytes = read_input(path, bytes_max);
  if (!bytes) {
    return fault(bytes.error(), path, remedy);
  }
  return NamedFile{path, std::move(*bytes)};
}

Outcome<std::string> write_new(const std::string& path, ByteView bytes, unsigned mode) {
  if (path_exists(path)) {
    return fault(Code::conflict, "there is a file of this name", path,
                 "It is not overwritten. Choose another name.");
  }
  if (const Status written = write_output(path, bytes, mode); !written) {
    return fault(written.error(), path);
  }
  return path;
}

Outcome<OpenedKey> open_key(const AuthorityArguments& arguments) {
  auto file = read_named(arguments.key, administrator_key_bytes_max,
                         "Name your key file, made by `hamroh-authority key`.");
  if (!file) {
    return tl::unexpected(file.error());
  }
  if (file->bytes.size() == 32) {  // the one-machine form
    auto raw = read_raw_key(file->bytes);
    crypto::wipe(file->bytes);
    CHECK(raw);
    return OpenedKey{{}, std::move(*raw)};
  }
  const auto sealed = parse_administrator_key(file->bytes);
  if (!sealed) {
    return fault(sealed.error(), arguments.key,
                 "This is not a key made by `hamroh-authority key`.");
  }
  auto passphrase = arguments.passphrase_file.empty()
                        ? Result<Bytes>(ask_passphrase("Passphrase of the key of " +
                                                       escape_for_terminal(sealed->name) + ": "))
                        : read_passphrase_file(arguments.passphrase_file);
  if (!passphrase) {
    return fault(passphrase.error(), arguments.passphrase_file);
  }
  auto opened = open_administrator_key(*sealed, *passphrase);
  crypto::wipe(*passphrase);
  if (!opened) {
    return fault(opened.error(), arguments.key, "Nothing was changed. Try again.");
  }
  return OpenedKey{sealed->name, std::move(*opened)};
}

std::string json_names(const std::vector<std::string>& names) {
  std::string out = "[";
  for (const std::string& name : names) {
    out += (out.size() > 1 ? ", " : "") + json_string(name);
  }
  return out + "]";
}

}  // namespace hamroh

int main(int count, char** values) {
  hamroh::forbid_dumps();
  if (!hamroh::crypto::start()) {
    std::fputs("hamroh-authority: libsodium cannot start\n", stderr);
    return hamroh::exit_refused;
  }
  hamroh::AuthorityArguments arguments;
  return hamroh::CommandLine(arguments).run(count, values);
}
