// hamroh-authority: what the administrators of a network do.
//
// What it does    Founds a network, admits members from their request files, publishes the
// directory,
//                 shows and verifies these files.
// What it trusts  The keys in the directory that `found` made; every other file is verified.
// Exit codes      0 done, 1 refused (with a coded reason), 2 usage.

#include <CLI/CLI.hpp>
#include <chrono>
#include <cstdio>
#include <utility>

#include "admin/authority.h"
#include "admin/files.h"
#include "admin/report.h"
#include "protocol/text.h"

namespace {

using namespace hamroh;

struct Arguments {
  std::string name;
  std::string out;
  std::string authority;
  std::string file;
  std::string network;
  std::uint32_t administrators = 3;
  std::uint32_t threshold = 2;
  std::uint32_t valid_days = 90;
  std::vector<std::string> administrator_names;
  std::vector<std::string> requests;
  std::vector<std::string> signers;
  bool json = false;
};

Timestamp now() {
  const auto since = std::chrono::system_clock::now().time_since_epoch();
  return {static_cast<std::uint64_t>(
      std::chrono::duration_cast<std::chrono::milliseconds>(since).count())};
}

int found(const Arguments& arguments) {
  Founding founding;
  founding.directory = arguments.out;
  founding.network_name = arguments.name;
  founding.administrators = arguments.administrator_names;
  const bool named = !founding.administrators.empty();
  for (std::uint32_t i = 1; !named && i <= arguments.administrators; ++i) {
    founding.administrators.push_back("admin-" + std::to_string(i));
  }
  founding.threshold = arguments.threshold;
  founding.validity = days(arguments.valid_days);
  founding.now = now();
  const auto founded = found_network(founding);
  if (!founded) {
    const bool exists = founded.error().code == Code::conflict;
    return refuse(arguments.json, arguments.out, founded.error(),
                  exists ? "Choose a directory that does not exist yet." : "");
  }
  const std::string network = founded->network.hex();
  if (arguments.json) {
    std::printf("{\"network\": \"%s\", \"file\": %s}\n", network.c_str(),
                json_string(arguments.out + "/network.hamroh").c_str());
    return exit_done;
  }
  std::printf("Founded network %s\n  id            %s\n",
              escape_for_terminal(arguments.name).c_str(), network.c_str());
  std::printf("  administrators %zu, of whom %u must agree\n", founding.administrators.size(),
              arguments.threshold);
  std::printf("  network file  %s/network.hamroh (give it to every member)\n",
              arguments.out.c_str());
  std::puts(
      "For trials only: all administrators' keys lie in this one directory, so that one hand "
      "holds\n"
      "them all. Whoever can read it can admit anybody.\n"
      "Next, at each organisation: hamroh node init --network network.hamroh …");
  return exit_done;
}

int admit(const Arguments& arguments) {
  Admission admission{arguments.authority, arguments.requests,         arguments.signers,
                      arguments.out,       days(arguments.valid_days), now()};
  const auto admitted = admit_members(admission);
  if (!admitted) {
    return refuse(arguments.json, admitted.error().where, admitted.error().error,
                  admitted.error().remedy);
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
              arguments.out.c_str());
  std::puts("Next, at each member: hamroh node join --directory FILE");
  return exit_done;
}

void print_member(const Member& member) {
  std::printf("  %-10s %s  %s  %s%s\n", member_kind_name(member.kind), to_uuid(member.id).c_str(),
              escape_for_terminal(member.name).c_str(),
              escape_for_terminal(member.endpoint).c_str(),
              member.state == MemberState::revoked ? "  REVOKED" : "");
}

int show_directory(const Arguments& arguments, const Directory& directory) {
  if (arguments.json) {
    std::printf("{\"version\": %llu, \"network\": \"%s\", \"expires\": \"%s\", \"members\": [",
                static_cast<unsigned long long>(directory.version), directory.network.hex().c_str(),
                to_iso8601(directory.expires).c_str());
    for (std::size_t i = 0; i < directory.members.size(); ++i) {
      const Member& member = directory.members[i];
      std::printf("%s{\"member\": \"%s\", \"name\": %s, \"kind\": \"%s\", \"endpoint\": %s}",
                  i == 0 ? "" : ", ", to_uuid(member.id).c_str(), json_string(member.name).c_str(),
                  member_kind_name(member.kind), json_string(member.endpoint).c_str());
    }
    std::puts("]}");
    return exit_done;
  }
  std::printf("Directory version %llu of network %s\n  made %s, expires %s, %zu members\n",
              static_cast<unsigned long long>(directory.version), directory.network.hex().c_str(),
              to_iso8601(directory.created).c_str(), to_iso8601(directory.expires).c_str(),
              directory.members.size());
  for (const Member& member : directory.members) {
    print_member(member);
  }
  return exit_done;
}

int show(const Arguments& arguments) {
  const auto bytes = read_input(arguments.file, limits::directory_bytes_max);
  if (!bytes) {
    return refuse(arguments.json, arguments.file, bytes.error());
  }
  if (const auto file = parse_signed_directory(*bytes)) {
    const auto directory = parse_directory(file->payload);
    return directory ? show_directory(arguments, *directory)
                     : refuse(arguments.json, arguments.file, directory.error());
  }
  if (const auto file = parse_signed_constitution(*bytes)) {
    const auto verified = verify_founding(*file);
    if (!verified) {
      return refuse(arguments.json, arguments.file, verified.error());
    }
    const Constitution& constitution = verified->value();
    if (arguments.json) {
      std::printf(
          "{\"network\": \"%s\", \"name\": %s, \"administrators\": %zu, \"threshold\": %u}\n",
          verified->network().hex().c_str(), json_string(constitution.network_name).c_str(),
          constitution.administrators.size(), constitution.threshold);
      return exit_done;
    }
    std::printf("Network %s\n  id %s\n  %u of %zu administrators must agree:\n",
                escape_for_terminal(constitution.network_name).c_str(),
                verified->network().hex().c_str(), constitution.threshold,
                constitution.administrators.size());
    for (const Administrator& administrator : constitution.administrators) {
      std::printf("  %-12s %s\n", escape_for_terminal(administrator.name).c_str(),
                  administrator.key.hex().c_str());
    }
    return exit_done;
  }
  const auto request = parse_join_request(*bytes);
  if (!request) {
    return refuse(arguments.json, arguments.file, Code::malformed,
                  "this is no network, directory or request file, or it has been changed");
  }
  if (arguments.json) {
    std::printf("{\"member\": \"%s\", \"name\": %s, \"kind\": \"%s\", \"endpoint\": %s}\n",
                to_uuid(request->member.id).c_str(), json_string(request->member.name).c_str(),
                member_kind_name(request->member.kind),
                json_string(request->member.endpoint).c_str());
    return exit_done;
  }
  std::printf("Request for admission to network %s\n", request->network.hex().c_str());
  print_member(request->member);
  return exit_done;
}

int verify(const Arguments& arguments) {
  const auto network = read_input(arguments.network, limits::constitution_bytes_max);
  if (!network) {
    return refuse(arguments.json, arguments.network, network.error());
  }
  const auto bytes = read_input(arguments.file, limits::directory_bytes_max);
  if (!bytes) {
    return refuse(arguments.json, arguments.file, bytes.error());
  }
  const auto directory = check_directory(*network, *bytes);
  return directory ? show_directory(arguments, directory->value())
                   : refuse(arguments.json, arguments.file, directory.error());
}

}  // namespace

int main(int count, char** values) {
  Arguments arguments;
  CLI::App app(
      "hamroh-authority: what the administrators of a network do\n\n"
      "Example:\n"
      "  hamroh-authority found --name \"Khatlon trial\" --administrators 3 --threshold 2 --out "
      "authority\n"
      "  hamroh-authority admit --authority authority --request ngo/request.hamroh \\\n"
      "      --sign-with admin-1 admin-2 --out directory.hamroh");
  app.require_subcommand(1);
  app.set_version_flag("--version", HAMROH_VERSION);
  CLI::App* founding =
      app.add_subcommand("found", "Found a network (one-machine form, for trials)");
  founding->add_option("--name", arguments.name, "The network's name")->required();
  founding->add_option("--administrators", arguments.administrators, "How many (default 3)")
      ->check(CLI::Range(1, 32));
  founding->add_option("--administrator", arguments.administrator_names, "Their names instead");
  founding->add_option("--threshold", arguments.threshold, "How many must agree (default 2)");
  founding->add_option("--out", arguments.out, "A new directory")->required();
  founding->add_option("--valid-days", arguments.valid_days, "Of the directory (default 90)")
      ->check(CLI::Range(1, 3650));
  CLI::App* admitting = app.add_subcommand("admit", "Admit members from their request files");
  admitting->add_option("--authority", arguments.authority, "Directory made by found")->required();
  admitting->add_option("--request", arguments.requests, "request.hamroh files")->required();
  admitting->add_option("--sign-with", arguments.signers, "Administrators who sign")->required();
  admitting->add_option("--out", arguments.out, "The new directory file")->required();
  admitting->add_option("--valid-days", arguments.valid_days, "How long it is valid (default 90)")
      ->check(CLI::Range(1, 3650));
  CLI::App* showing = app.add_subcommand("show", "Show a network, directory or request file");
  showing->add_option("file", arguments.file, "The file")->required();
  CLI::App* verifying = app.add_subcommand("verify", "Verify a directory under a network file");
  verifying->add_option("--network", arguments.network, "network.hamroh")->required();
  verifying->add_option("--directory", arguments.file, "directory.hamroh")->required();
  for (CLI::App* command : {founding, admitting, showing, verifying}) {
    command->add_flag("--json", arguments.json, "Print JSON");
  }
  try {
    app.parse(count, values);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? exit_done : exit_usage;
  }
  if (!crypto::start()) {
    std::fputs("hamroh-authority: libsodium cannot start\n", stderr);
    return exit_refused;
  }
  if (founding->parsed()) {
    return found(arguments);
  }
  if (admitting->parsed()) {
    return admit(arguments);
  }
  return showing->parsed() ? show(arguments) : verify(arguments);
}
