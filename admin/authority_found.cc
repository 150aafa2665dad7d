// How administrators get their keys and found a network; and admission in the one-machine form.

#include <cstdio>
#include <utility>

#include "admin/authority_commands.h"
#include "admin/passphrase.h"
#include "protocol/text.h"

namespace hamroh {
namespace {

constexpr std::size_t request_bytes_max = limits::statement_bytes_max;

// A passphrase for a new key: from the file, or typed twice.
Outcome<Bytes> new_passphrase(const AuthorityArguments& arguments) {
  if (!arguments.passphrase_file.empty()) {
    auto read = read_passphrase_file(arguments.passphrase_file);
    if (!read) {
      return fault(read.error(), arguments.passphrase_file);
    }
    return std::move(*read);
  }
  Bytes first = ask_passphrase("A passphrase for the new key, 8 characters or more: ");
  if (const Status fit = check_new_passphrase(first); !fit) {
    crypto::wipe(first);
    return fault(fit.error(), arguments.out, "Several words that only you know serve best.");
  }
  Bytes second = ask_passphrase("The same once more: ");
  const bool same = crypto::equal(first, second);
  crypto::wipe(second);
  if (!same) {
    crypto::wipe(first);
    return fault(Code::bad_passphrase, "the two passphrases differ", arguments.out,
                 "Nothing was written. Try again.");
  }
  return first;
}

int print_trial(const AuthorityArguments& arguments, const Founding& founding,
                const NetworkId& network) {
  if (arguments.json) {
    std::printf("{\"network\": \"%s\", \"file\": %s}\n", network.hex().c_str(),
                json_string(arguments.out + "/network.hamroh").c_str());
    return exit_done;
  }
  std::printf("Founded network %s\n  id            %s\n",
              escape_for_terminal(arguments.name).c_str(), network.hex().c_str());
  std::printf("  administrators %zu, of whom %u must agree\n", founding.administrators.size(),
              founding.threshold);
  std::printf("  network file  %s/network.hamroh (give it to every member)\n",
              escape_for_terminal(arguments.out).c_str());
  std::puts(
      "For trials only: all administrators' keys lie in this one directory, so that one hand "
      "holds\n"
      "them all. Whoever can read it can admit anybody.\n"
      "Next, at each organisation: hamroh node init --network network.hamroh …");
  return exit_done;
}

int found_trial(const AuthorityArguments& arguments) {
  Founding founding;
  founding.directory = arguments.out;
  founding.network_name = arguments.name;
  founding.administrators = arguments.administrator_names;
  const bool named = !founding.administrators.empty();
  for (std::uint32_t i = 1; !named && i <= arguments.administrators; ++i) {
    founding.administrators.push_back("admin-" + std::to_string(i));
  }
  founding.threshold = arguments.threshold == 0 ? 2 : arguments.threshold;
  founding.validity = days(arguments.valid_days);
  founding.now = wall_clock();
  const auto network = found_network(founding);
  return network ? print_trial(arguments, founding, *network) : refuse(arguments, network.error());
}

int begin_ceremony(const AuthorityArguments& arguments) {
  const auto file = start_founding(arguments.name, arguments.administrators,
                                   arguments.threshold == 0 ? 2 : arguments.threshold, wall_clock(),
                                   days(arguments.valid_days));
  if (!file) {
    return refuse(arguments, {file.error(), arguments.ceremony, ""});
  }
  const auto written = write_new(arguments.ceremony, encode_founding(*file), 0644);
  if (!written) {
    return refuse(arguments, written.error());
  }
  if (arguments.json) {
    std::printf("{\"file\": %s, \"administrators\": %u, \"threshold\": %u}\n",
                json_string(arguments.ceremony).c_str(), file->administrators, file->threshold);
    return exit_done;
  }
  std::printf("Began the founding of %s: %u administrators, of whom %u must agree\n",
              escape_for_terminal(arguments.name).c_str(), file->administrators, file->threshold);
  std::printf(
      "Next, each administrator on a machine of their own:\n"
      "  hamroh-authority enter %s --key MY.key\n"
      "then, when all have entered:\n  hamroh-authority sign %s --key MY.key\n",
      escape_for_terminal(arguments.ceremony).c_str(),
      escape_for_terminal(arguments.ceremony).c_str());
  return exit_done;
}

}  // namespace

int authority_key(const AuthorityArguments& arguments) {
  if (path_exists(arguments.out)) {  // before anybody types
    return refuse(arguments, fault(Code::conflict, "there is a file of this name", arguments.out,
                                   "A key is never overwritten. Choose another --out.")
                                 .value());
  }
  auto passphrase = new_passphrase(arguments);
  if (!passphrase) {
    return refuse(arguments, passphrase.error());
  }
  const Seed seed = Seed::make([](auto raw) { crypto::system_random(raw); });
  const auto sealed = seal_administrator_key(arguments.name, seed, *passphrase);
  crypto::wipe(*passphrase);
  if (!sealed) {
    return refuse(arguments, {sealed.error(), arguments.out, "Nothing was written."});
  }
  const auto written = write_new(arguments.out, encode_administrator_key(*sealed), 0600);
  if (!written) {
    return refuse(arguments, written.error());
  }
  const Fingerprint fingerprint = fingerprint_of(sealed->key.view());
  if (arguments.json) {
    std::printf("{\"name\": %s, \"key\": \"%s\", \"file\": %s, \"fingerprint\": %s}\n",
                json_string(sealed->name).c_str(), sealed->key.hex().c_str(),
                json_string(arguments.out).c_str(), words_as_json(fingerprint).c_str());
    return exit_done;
  }
  std::printf(
      "The key of %s: %s\n  sealed under the passphrase, which nobody can restore\n"
      "  fingerprint, to be read to the other administrators:\n%s",
      escape_for_terminal(sealed->name).c_str(), escape_for_terminal(arguments.out).c_str(),
      words_as_text(fingerprint).c_str());
  return exit_done;
}

int authority_found(const AuthorityArguments& arguments) {
  if (arguments.ceremony.empty() == arguments.out.empty()) {
    std::fputs("found: either --ceremony FILE or, for a trial on one machine, --out DIR\n", stderr);
    return exit_usage;
  }
  return arguments.ceremony.empty() ? found_trial(arguments) : begin_ceremony(arguments);
}

int authority_enter(const AuthorityArguments& arguments) {
  const auto bytes = read_named(arguments.file, limits::proposal_bytes_max);
  if (!bytes) {
    return refuse(arguments, bytes.error());
  }
  auto file = parse_founding(bytes->bytes);
  if (!file) {
    return refuse(arguments, {file.error(), arguments.file,
                              "It is made by `found --ceremony`. Ask for the file again."});
  }
  const auto key = open_key(arguments);
  if (!key) {
    return refuse(arguments, key.error());
  }
  if (key->name.empty()) {
    return refuse(arguments, {{Code::invalid_argument, Blame::caller, "this key has no name"},
                              arguments.key,
                              "Make one of your own: hamroh-authority key --name NAME --out FILE"});
  }
  const auto entered = enter_founding(*file, key->name, key->signing);
  if (!entered) {
    return refuse(arguments, {entered.error(), arguments.file, ""});
  }
  const Status written = write_output(arguments.file, encode_founding(*file), 0644);
  if (!written) {
    return refuse(arguments, {written.error(), arguments.file, ""});
  }
  const std::size_t missing = file->administrators - file->entries.size();
  if (arguments.json) {
    std::printf("{\"entered\": %s, \"name\": %s, \"missing\": %zu}\n", *entered ? "true" : "false",
                json_string(key->name).c_str(), missing);
    return exit_done;
  }
  std::printf("%s %s as administrator %zu of %u\n",
              *entered ? "Entered" : "Already there:", escape_for_terminal(key->name).c_str(),
              file->entries.size(), file->administrators);
  if (missing == 0) {
    std::printf("All have entered. Next, each of them: hamroh-authority sign %s --key MY.key\n",
                escape_for_terminal(arguments.file).c_str());
  } else {
    std::printf("Pass the file on: %zu more must enter.\n", missing);
  }
  return exit_done;
}

int authority_card(const AuthorityArguments& arguments) {
  const auto network = read_named(arguments.network, limits::directory_bytes_max);
  if (!network) {
    return refuse(arguments, network.error());
  }
  const auto chain = parse_constitution_chain(network->bytes);
  const auto membership =
      chain ? Membership::begin(*chain) : Result<Membership>(tl::unexpected(chain.error()));
  if (!membership) {
    return refuse(arguments, {membership.error(), arguments.network,
                              "Ask an administrator for network.hamroh."});
  }
  const auto key = open_key(arguments);
  if (!key) {
    return refuse(arguments, key.error());
  }
  if (key->name.empty()) {
    return refuse(arguments, {{Code::invalid_argument, Blame::caller, "this key has no name"},
                              arguments.key,
                              "Make one of your own: hamroh-authority key --name NAME --out FILE"});
  }
  const std::string& network_name = membership->constitution().value().network_name;
  const AdminKey public_key = *AdminKey::from(key->signing.public_key().view());
  const AdministratorCard card{
      membership->network(),
      {key->name, public_key, prove_founder(network_name, key->name, key->signing)}};
  const auto written = write_new(arguments.out, encode_administrator_card(card), 0644);
  if (!written) {
    return refuse(arguments, written.error());
  }
  const Fingerprint fingerprint = fingerprint_of(public_key.view());
  if (arguments.json) {
    std::printf("{\"name\": %s, \"key\": \"%s\", \"file\": %s, \"fingerprint\": %s}\n",
                json_string(key->name).c_str(), public_key.hex().c_str(),
                json_string(arguments.out).c_str(), words_as_json(fingerprint).c_str());
    return exit_done;
  }
  std::printf(
      "Card of %s for the network %s: %s\n  fingerprint, to be read by telephone:\n%s"
      "Next, an administrator: hamroh-authority propose constitution --add %s\n",
      escape_for_terminal(key->name).c_str(), escape_for_terminal(network_name).c_str(),
      escape_for_terminal(arguments.out).c_str(), words_as_text(fingerprint).c_str(),
      escape_for_terminal(arguments.out).c_str());
  return exit_done;
}

int authority_admit(const AuthorityArguments& arguments) {
  auto authority = Authority::open(arguments.authority);
  if (!authority) {
    return refuse(arguments, authority.error());
  }
  Admission admission{{}, arguments.signers, days(arguments.valid_days), wall_clock()};
  for (const std::string& path : arguments.requests) {
    auto file = read_named(path, request_bytes_max);
    if (!file) {
      return refuse(arguments, file.error());
    }
    admission.requests.push_back(std::move(*file));
  }
  const auto admitted = admit_members(*authority, admission);
  if (!admitted) {
    return refuse(arguments, admitted.error());
  }
  const auto bytes =
      read_input(arguments.authority + "/directory.hamroh", limits::directory_bytes_max);
  const Status written =
      bytes ? write_output(arguments.out, *bytes, 0644) : Status(tl::unexpected(bytes.error()));
  if (!written) {
    return refuse(arguments,
                  {written.error(), arguments.out, "It was published: see the authority."});
  }
  if (arguments.json) {
    std::printf("{\"version\": %llu, \"file\": %s, \"admitted\": [",
                static_cast<unsigned long long>(admitted->version),
                json_string(arguments.out).c_str());
    for (std::size_t i = 0; i < admitted->members.size(); ++i) {
      std::printf("%s{\"member\": \"%s\", \"name\": %s}", i == 0 ? "" : ", ",
                  to_uuid(admitted->members[i].id).c_str(),
                  json_string(admitted->members[i].name).c_str());
    }
    std::puts("]}");
    return exit_done;
  }
  for (const Member& member : admitted->members) {
    std::printf("Admitted %-10s %s  %s\n", member_kind_name(member.kind),
                to_uuid(member.id).c_str(), escape_for_terminal(member.name).c_str());
  }
  std::printf("Directory version %llu, valid %u days: %s\n",
              static_cast<unsigned long long>(admitted->version), arguments.valid_days,
              escape_for_terminal(arguments.out).c_str());
  std::puts("Next, at each member: hamroh node join --directory FILE");
  return exit_done;
}

}  // namespace hamroh
