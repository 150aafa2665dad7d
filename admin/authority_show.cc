// Showing and verifying the files of a network, and the log of everything that was agreed.

#include <cstdio>
#include <utility>

#include "admin/authority_commands.h"
#include "admin/confusable.h"
#include "admin/review.h"
#include "protocol/text.h"

namespace hamroh {
namespace {

void print_member(const Member& member) {
  std::printf("  %-10s %s  %s  %s%s\n", member_kind_name(member.kind), to_uuid(member.id).c_str(),
              escape_for_terminal(member.name).c_str(),
              escape_for_terminal(member.endpoint).c_str(),
              member.state == MemberState::revoked ? "  REVOKED" : "");
}

std::string member_as_json(const Member& member) {
  return "{\"member\": \"" + to_uuid(member.id) + "\", \"name\": " + json_string(member.name) +
         ", \"kind\": \"" + member_kind_name(member.kind) + "\", \"state\": \"" +
         (member.state == MemberState::revoked ? "revoked" : "active") +
         "\", \"incarnation\": " + std::to_string(member.incarnation) +
         ", \"endpoint\": " + json_string(member.endpoint) + "}";
}

struct Shown {
  std::uint64_t version = 0;
  NetworkId network;
  Timestamp created;
  Timestamp expires;
  const std::vector<Member>* members = nullptr;
};

int show_directory(const AuthorityArguments& arguments, const Shown& directory) {
  if (arguments.json) {
    std::printf("{\"version\": %llu, \"network\": \"%s\", \"expires\": \"%s\", \"members\": [",
                static_cast<unsigned long long>(directory.version), directory.network.hex().c_str(),
                to_iso8601(directory.expires).c_str());
    for (std::size_t i = 0; i < directory.members->size(); ++i) {
      std::printf("%s%s", i == 0 ? "" : ", ", member_as_json((*directory.members)[i]).c_str());
    }
    std::puts("]}");
    return exit_done;
  }
  std::printf("Directory version %llu of network %s\n  made %s, expires %s, %zu members\n",
              static_cast<unsigned long long>(directory.version), directory.network.hex().c_str(),
              to_iso8601(directory.created).c_str(), to_iso8601(directory.expires).c_str(),
              directory.members->size());
  for (const Member& member : *directory.members) {
    print_member(member);
  }
  return exit_done;
}

int show_network(const AuthorityArguments& arguments, const std::vector<SignedPayload>& chain) {
  const auto membership = Membership::begin(chain);
  if (!membership) {
    return refuse(arguments, {membership.error(), arguments.file, ""});
  }
  const Constitution& constitution = membership->constitution().value();
  const Fingerprint fingerprint = fingerprint_of(membership->network().view());
  if (arguments.json) {
    std::vector<std::string> names;
    for (const Administrator& administrator : constitution.administrators) {
      names.push_back(administrator.name);
    }
    std::printf(
        "{\"network\": \"%s\", \"name\": %s, \"constitution\": %llu, "
        "\"administrators\": %zu, \"threshold\": %u, \"names\": %s, \"fingerprint\": %s}\n",
        membership->network().hex().c_str(), json_string(constitution.network_name).c_str(),
        static_cast<unsigned long long>(constitution.version), constitution.administrators.size(),
        constitution.threshold, json_names(names).c_str(), words_as_json(fingerprint).c_str());
    return exit_done;
  }
  std::printf(
      "Network %s\n  id %s\n  constitution version %llu, in force from directory version "
      "%llu\n  %u of %zu administrators must agree:\n",
      escape_for_terminal(constitution.network_name).c_str(), membership->network().hex().c_str(),
      static_cast<unsigned long long>(constitution.version),
      static_cast<unsigned long long>(constitution.directory_from), constitution.threshold,
      constitution.administrators.size());
  for (const Administrator& administrator : constitution.administrators) {
    std::printf("  %-12s %s\n", escape_for_terminal(administrator.name).c_str(),
                administrator.key.hex().c_str());
  }
  std::printf("  fingerprint of the network:\n%s", words_as_text(fingerprint).c_str());
  return exit_done;
}

// What somebody reads out by telephone: words, and the same as a code to be scanned.
int show_fingerprint(const AuthorityArguments& arguments, const Fingerprint& fingerprint,
                     const std::string& fields) {
  if (!arguments.png.empty()) {
    if (const Status written = write_code(fingerprint, arguments.png); !written) {
      return refuse(arguments, {written.error(), arguments.png, ""});
    }
  }
  if (arguments.json) {
    std::printf("{%s, \"fingerprint\": %s}\n", fields.c_str(), words_as_json(fingerprint).c_str());
    return exit_done;
  }
  std::printf("  fingerprint, to be read out by telephone:\n%s",
              words_as_text(fingerprint).c_str());
  std::fputs(code_as_text(fingerprint).c_str(), stdout);
  return exit_done;
}

int show_request(const AuthorityArguments& arguments, const JoinRequest& request) {
  const Member& member = request.member;
  if (!arguments.json) {
    std::printf("Request for admission to network %s\n", request.network.hex().c_str());
    print_member(member);
    std::printf("  may: %s\n", shown_capabilities(member.capabilities).c_str());
  }
  return show_fingerprint(
      arguments, fingerprint_of(request.payload),
      "\"member\": \"" + to_uuid(member.id) + "\", \"name\": " + json_string(member.name) +
          ", \"kind\": \"" + member_kind_name(member.kind) + "\", \"incarnation\": " +
          std::to_string(member.incarnation) + ", \"endpoint\": " + json_string(member.endpoint));
}

int show_key(const AuthorityArguments& arguments, const std::string& what, const std::string& name,
             const AdminKey& key) {
  if (!arguments.json) {
    std::printf("%s of %s\n  public key %s\n", what.c_str(), escape_for_terminal(name).c_str(),
                key.hex().c_str());
  }
  return show_fingerprint(arguments, fingerprint_of(key.view()),
                          "\"name\": " + json_string(name) + ", \"key\": \"" + key.hex() + "\"");
}

// Rotations name their network, but only the signature's bytes need it: any authority can show one.
std::optional<int> show_rotation(const AuthorityArguments& arguments, ByteView bytes) {
  if (statement_kind(bytes) != StatementKind::rotation) {
    return std::nullopt;
  }
  if (!arguments.json) {
    std::puts("A member's own change of its keys");
  }
  return show_fingerprint(arguments, fingerprint_of(bytes), "\"rotation\": true");
}

std::optional<int> show_of_network(const AuthorityArguments& arguments, ByteView bytes) {
  if (const auto file = parse_directory_file(bytes)) {
    const auto head = parse_directory_head(file->head.payload);
    if (!head) {
      return refuse(arguments, {head.error(), arguments.file, ""});
    }
    return show_directory(
        arguments, {head->version, head->network, head->created, head->expires, &file->records});
  }
  if (const auto chain = parse_constitution_chain(bytes)) {
    return show_network(arguments, *chain);
  }
  if (auto file = parse_signed_constitution(bytes)) {
    return show_network(arguments, {*file});
  }
  return std::nullopt;
}

std::string joined(const std::vector<std::string>& names) {
  std::string out;
  for (const std::string& name : names) {
    out += (out.empty() ? "" : ", ") + escape_lookalikes(name);
  }
  return out;
}

std::vector<std::string> words_of(const HistoryStep& step) {
  std::vector<std::string> lines;
  if (step.suspension) {
    lines.push_back("  " + describe_suspension(*step.suspension, step.member));
  } else if (step.directory != nullptr && step.before != nullptr) {
    describe_directory_change(*step.before, *step.directory, lines, nullptr);
  } else if (step.directory != nullptr) {
    lines.push_back("  Directory version 1, " + std::to_string(step.directory->members.size()) +
                    " members, expires " + shown_time(step.directory->expires));
  } else if (step.rule != nullptr && step.rule_before != nullptr) {
    describe_rule_change(*step.rule_before, *step.rule, lines, nullptr);
  } else if (step.rule != nullptr) {
    std::vector<std::string> names;
    for (const Administrator& administrator : step.rule->administrators) {
      names.push_back(administrator.name);
    }
    lines.push_back("  Founds the network " + escape_for_terminal(step.rule->network_name) + ": " +
                    std::to_string(step.rule->threshold) + " of " + std::to_string(names.size()) +
                    " administrators must agree: " + joined(names));
  }
  return lines;
}

std::string kind_of(const HistoryStep& step) {
  const std::string version = std::to_string(step.taken.version);
  switch (step.taken.kind) {
    case StatementKind::constitution:
      return "constitution " + version;
    case StatementKind::directory:
      return "directory " + version;
    default:
      return step.suspension && step.suspension->lift ? "lift" : "suspension";
  }
}

void print_step(const AuthorityArguments& arguments, const HistoryStep& step) {
  if (arguments.json) {
    std::vector<std::string> changes;
    for (const std::string& line : words_of(step)) {
      changes.push_back(line.substr(line.find_first_not_of(' ')));
    }
    std::printf(
        "%s{\"number\": %zu, \"statement\": %s, \"made\": \"%s\", \"signers\": %s, "
        "\"changes\": %s}",
        step.number == 1 ? "" : ",\n ", step.number, json_string(kind_of(step)).c_str(),
        to_iso8601(step.made).c_str(), json_names(step.signers).c_str(),
        json_names(changes).c_str());
    return;
  }
  std::printf("%zu. %s, %s, signed by %s\n", step.number, shown_time(step.made).c_str(),
              kind_of(step).c_str(), joined(step.signers).c_str());
  for (const std::string& line : words_of(step)) {
    std::puts(line.c_str());
  }
}

// The constitutions of the history are those of the network file, as far as both reach.
Status check_same_network(const std::vector<SignedPayload>& chain,
                          const std::vector<Bytes>& history) {
  std::size_t version = 0;
  for (const Bytes& statement : history) {
    if (statement_kind(statement) != StatementKind::constitution) {
      continue;
    }
    HAMROH_ASSIGN(const SignedPayload file, parse_signed_constitution(statement));
    if (version < chain.size() && file.payload != chain[version].payload) {
      return version == 0
                 ? Status(peer_error(Code::wrong_network, "a history of another network"))
                 : Status(peer_error(Code::fork, "two different constitutions of one version"));
    }
    ++version;
  }
  return {};
}

int verify_history(const AuthorityArguments& arguments, const std::vector<SignedPayload>& chain) {
  const auto bytes = read_named(arguments.file, history_bytes_max);
  if (!bytes) {
    return refuse(arguments, bytes.error());
  }
  const auto history = parse_history(bytes->bytes);
  if (!history) {
    return refuse(arguments, {history.error(), arguments.file, "This is no history file."});
  }
  if (const Status same = check_same_network(chain, *history); !same) {
    return refuse(arguments, {same.error(), arguments.file,
                              "Compare the fingerprints of the network with another member."});
  }
  std::size_t suspensions = 0;
  std::vector<std::string> lines;
  const auto replayed = replay_history(*history, [&](const HistoryStep& step) {
    suspensions += step.taken.kind == StatementKind::suspension ? 1U : 0U;
    lines.push_back(kind_of(step) + ", " + shown_time(step.made) + ", signed by " +
                    joined(step.signers));
  });
  if (!replayed) {
    return refuse(arguments, replayed.error());
  }
  const Membership& membership = replayed->membership;
  if (arguments.json) {
    std::printf(
        "{\"holds\": true, \"network\": \"%s\", \"statements\": %zu, \"constitutions\": %zu, "
        "\"version\": %llu, \"suspensions\": %zu, \"members\": %zu, \"log\": %s}\n",
        membership.network().hex().c_str(), history->size(), membership.constitutions().size(),
        static_cast<unsigned long long>(membership.version()), suspensions,
        membership.directory() == nullptr ? std::size_t{0}
                                          : membership.directory()->value().members.size(),
        json_names(lines).c_str());
    return exit_done;
  }
  for (const std::string& line : lines) {
    std::printf("  %s\n", line.c_str());
  }
  std::printf(
      "The history holds from the founding of network %s on:\n  %zu statements, %zu "
      "constitutions, directory versions 1 to %llu, %zu suspensions and their ends\n",
      membership.network().hex().c_str(), history->size(), membership.constitutions().size(),
      static_cast<unsigned long long>(membership.version()), suspensions);
  return exit_done;
}

}  // namespace

int authority_show(const AuthorityArguments& arguments) {
  const auto file = read_named(arguments.file, history_bytes_max);
  if (!file) {
    return refuse(arguments, file.error());
  }
  const Bytes& bytes = file->bytes;
  if (const auto shown = show_of_network(arguments, bytes)) {
    return *shown;
  }
  if (const auto request = parse_join_request(bytes)) {
    return show_request(arguments, *request);
  }
  if (const auto key = parse_administrator_key(bytes)) {
    return show_key(arguments, "The sealed key", key->name, key->key);
  }
  if (const auto card = parse_administrator_card(bytes)) {
    return show_key(arguments, "The card", card->administrator.name, card->administrator.key);
  }
  if (const auto shown = show_rotation(arguments, bytes)) {
    return *shown;
  }
  return refuse(arguments,
                {{Code::malformed, Blame::caller,
                  "this is no network, directory, request, key or card, or it has been changed"},
                 arguments.file,
                 "Proposals and foundings: hamroh-authority review. Histories: hamroh-authority "
                 "verify."});
}

int authority_log(const AuthorityArguments& arguments) {
  const auto authority = Authority::open(arguments.authority);
  if (!authority) {
    return refuse(arguments, authority.error());
  }
  std::fputs(arguments.json ? "[" : "", stdout);
  const auto replayed = replay_history(
      authority->history(), [&](const HistoryStep& step) { print_step(arguments, step); });
  std::fputs(arguments.json ? "]\n" : "", stdout);
  return replayed ? exit_done : refuse(arguments, replayed.error());
}

int authority_verify(const AuthorityArguments& arguments) {
  if (arguments.directory.empty() == arguments.file.empty()) {
    std::fputs("verify: either HISTORY or --directory FILE, and --network FILE\n", stderr);
    return exit_usage;
  }
  const auto network = read_named(arguments.network, limits::directory_bytes_max);
  if (!network) {
    return refuse(arguments, network.error());
  }
  const auto chain = parse_constitution_chain(network->bytes);
  if (!chain) {
    return refuse(arguments, {chain.error(), arguments.network, "This is no network file."});
  }
  if (const auto verified = verify_constitution_chain(*chain); !verified) {
    return refuse(arguments, {verified.error(), arguments.network, ""});
  }
  if (arguments.directory.empty()) {
    return verify_history(arguments, *chain);
  }
  const auto bytes = read_named(arguments.directory, limits::directory_bytes_max);
  if (!bytes) {
    return refuse(arguments, bytes.error());
  }
  const auto directory = check_directory(network->bytes, bytes->bytes);
  if (!directory) {
    return refuse(arguments, {directory.error(), arguments.directory, ""});
  }
  const Directory& value = directory->value();
  return show_directory(
      arguments, {value.version, value.network, value.created, value.expires, &value.members});
}

}  // namespace hamroh
