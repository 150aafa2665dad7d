// What operators see of the network, and what they do about their own keys.

#include <algorithm>
#include <cstdio>
#include <map>

#include "admin/commands.h"
#include "admin/files.h"
#include "admin/fingerprint_view.h"
#include "admin/report.h"
#include "protocol/join_request.h"
#include "protocol/text.h"

namespace hamroh {
namespace {

std::string capabilities_of(const Member& member) {
  std::string names;
  for (std::uint8_t value = 0; value <= capability_last; ++value) {
    const auto capability = static_cast<Capability>(value);
    if (member.capabilities.has(capability)) {
      names += (names.empty() ? "" : " ") + std::string(capability_name(capability));
    }
  }
  return names;
}

const char* state_of(const Member& member, bool suspended) {
  if (member.state == MemberState::revoked) {
    return "revoked";
  }
  return suspended ? "suspended" : "active";
}

std::string member_json(const Member& member, const Timestamp* until) {
  std::string json = "{\"member\": \"" + to_uuid(member.id) +
                     "\", \"name\": " + json_string(member.name) + ", \"kind\": \"" +
                     member_kind_name(member.kind) + "\", \"state\": \"" +
                     state_of(member, until != nullptr) +
                     "\", \"incarnation\": " + std::to_string(member.incarnation) +
                     ", \"key_serial\": " + std::to_string(member.key_serial) +
                     ", \"endpoint\": " + json_string(member.endpoint);
  if (until != nullptr) {
    json += ", \"suspended_until\": \"" + to_iso8601(*until) + "\"";
  }
  json += ", \"capabilities\": [";
  bool first = true;
  for (std::uint8_t value = 0; value <= capability_last; ++value) {
    const auto capability = static_cast<Capability>(value);
    if (member.capabilities.has(capability)) {
      json += std::string(first ? "" : ", ") + "\"" + capability_name(capability) + "\"";
      first = false;
    }
  }
  return json + "]}";
}

// "author", "receipt" … or "all", into what the node is asked. False if a word is none of them.
bool take_purpose(const std::string& word, api::Rotate& ask) {
  const bool all = word == "all";
  const auto purpose = parse_key_purpose(word);
  const auto named = [&](KeyPurpose one) { return all || purpose == one; };
  ask.author = ask.author || named(KeyPurpose::author);
  ask.receipt = ask.receipt || named(KeyPurpose::receipt);
  ask.witness = ask.witness || named(KeyPurpose::witness);
  ask.transport = ask.transport || named(KeyPurpose::transport);
  ask.epoch = ask.epoch || named(KeyPurpose::epoch);
  return all || purpose.has_value();
}

int rotate(const Arguments& arguments, const api::Rotate& ask) {
  return with_node(arguments, [&](Client& client) {
    const auto rotated = client.rotate(ask);
    if (!rotated) {
      return fail(arguments, arguments.home, rotated.error(), client);
    }
    if (!arguments.out.empty() && !rotated->statement.empty()) {
      if (const Status written = write_output(arguments.out, rotated->statement, 0644); !written) {
        return fail(arguments, arguments.out, written.error());
      }
    }
    if (arguments.json) {
      std::printf("{\"serial\": %llu, \"state\": \"%s\"}\n",
                  static_cast<unsigned long long>(rotated->serial),
                  rotated->waits ? "waits" : "in_use");
      return exit_done;
    }
    if (rotated->waits) {
      std::printf("Fingerprint of the statement, to be read to the administrators:\n%s",
                  words_as_text(fingerprint_of(rotated->statement)).c_str());
      std::puts(
          "The new keys are made, but in this network the administrators must agree to them.\n"
          "Send them the statement (--out FILE writes it); the node goes on with its present keys\n"
          "until a directory brings the new ones:\n"
          "  hamroh-authority propose keys MEMBER --rotation FILE");
    } else {
      std::puts("The new keys are in use, and every connected member has been told.");
    }
    return exit_done;
  });
}

}  // namespace

int members(const Arguments& arguments) {
  return with_node(arguments, [&](Client& client) {
    const auto shown = client.members();
    if (!shown) {
      return fail(arguments, arguments.home, shown.error(), client);
    }
    const std::map<MemberId, Timestamp> suspended(shown->suspended.begin(), shown->suspended.end());
    if (arguments.json) {
      std::printf("{\"network\": \"%s\", \"members\": [", shown->network.hex().c_str());
    }
    bool first = true;
    for (const Member& member : shown->members) {
      const auto until = suspended.find(member.id);
      const Timestamp* end = until != suspended.end() ? &until->second : nullptr;
      if (arguments.json) {
        std::printf("%s%s", first ? "" : ", ", member_json(member, end).c_str());
        first = false;
        continue;
      }
      std::printf("%s%s  %-10s %-9s %s\n", member.id == shown->self ? "* " : "  ",
                  to_uuid(member.id).c_str(), member_kind_name(member.kind),
                  state_of(member, end != nullptr), escape_for_terminal(member.name).c_str());
      if (end != nullptr) {
        std::printf("      suspended until %s: what is for it waits\n", to_iso8601(*end).c_str());
      }
      std::printf("      %s\n", capabilities_of(member).c_str());
    }
    if (arguments.json) {
      std::puts("]}");
    }
    return exit_done;
  });
}

int alarms(const Arguments& arguments) {
  return with_node(arguments, [&](Client& client) {
    const auto found = client.alarms();
    if (!found) {
      return fail(arguments, arguments.home, found.error(), client);
    }
    if (!arguments.out.empty() && !path_exists(arguments.out)) {
      if (const Status made = make_new_directory(arguments.out); !made) {
        return fail(arguments, arguments.out, made.error());
      }
    }
    std::string json;
    for (const api::AlarmFiles& item : found->alarms) {
      const std::string name = std::string(alarm_kind_name(item.alarm.kind)) + "-" +
                               std::to_string(item.alarm.version) + "-" +
                               item.alarm.there.hex().substr(0, 8);
      if (!arguments.out.empty()) {
        for (const auto& [side, file] : {std::pair("here", &item.here), {"there", &item.there}}) {
          const std::string path = arguments.out + "/" + name + "-" + side + ".hamroh";
          if (const Status written = write_output(path, *file, 0644); !written) {
            return fail(arguments, path, written.error());
          }
        }
      }
      if (arguments.json) {
        json += std::string(json.empty() ? "" : ", ") + "{\"kind\": \"" +
                alarm_kind_name(item.alarm.kind) +
                "\", \"version\": " + std::to_string(item.alarm.version) + ", \"seen\": \"" +
                to_iso8601(item.alarm.seen) + "\", \"here\": \"" + item.alarm.here.hex() +
                "\", \"there\": \"" + item.alarm.there.hex() + "\"}";
        continue;
      }
      std::printf("%s  two different signed versions of one %s (%llu)\n  here  %s\n  there %s\n",
                  to_iso8601(item.alarm.seen).c_str(), alarm_kind_name(item.alarm.kind),
                  static_cast<unsigned long long>(item.alarm.version),
                  item.alarm.here.hex().c_str(), item.alarm.there.hex().c_str());
    }
    if (arguments.json) {
      std::printf("{\"alarms\": [%s]}\n", json.c_str());
    } else if (found->alarms.empty()) {
      std::puts("No alarm: nothing that this node has seen was signed twice.");
    } else if (arguments.out.empty()) {
      std::puts("Show the evidence to the other organisations: hamroh alarms --out DIR");
    }
    return exit_done;
  });
}

// What this organisation asks for, and the fingerprint that it reads out to the administrators.
int node_request(const Arguments& arguments) {
  const std::string path = arguments.home + "/request.hamroh";
  const auto bytes = read_input(path, limits::statement_bytes_max);
  const auto request =
      bytes ? parse_join_request(*bytes) : Result<JoinRequest>(tl::unexpected(bytes.error()));
  if (!request) {
    return fail(arguments, path, request.error());
  }
  const Fingerprint fingerprint = fingerprint_of(request->payload);
  if (!arguments.png.empty()) {
    if (const Status written = write_code(fingerprint, arguments.png); !written) {
      return fail(arguments, arguments.png, written.error());
    }
  }
  const Member& member = request->member;
  if (arguments.json) {
    std::printf("{\"member\": \"%s\", \"name\": %s, \"incarnation\": %u, \"fingerprint\": %s}\n",
                to_uuid(member.id).c_str(), json_string(member.name).c_str(), member.incarnation,
                words_as_json(fingerprint).c_str());
    return exit_done;
  }
  std::printf("%s asks to be a member of network %s\n  file   %s\n",
              escape_for_terminal(member.name).c_str(), request->network.hex().c_str(),
              escape_for_terminal(path).c_str());
  std::printf(
      "Send the file, and read this to an administrator by telephone, in one language:\n%s%s",
      words_as_text(fingerprint).c_str(), code_as_text(fingerprint).c_str());
  return exit_done;
}

int key_rotate(const Arguments& arguments) {
  api::Rotate ask;
  for (const std::string& word : arguments.key_purposes) {
    if (!take_purpose(word, ask)) {
      return usage(arguments,
                   "a key is author, receipt, witness, transport, epoch, or all; not " + word);
    }
  }
  return rotate(arguments, ask);
}

int node_move(const Arguments& arguments) {
  api::Rotate ask;
  ask.endpoint = arguments.listen;
  return rotate(arguments, ask);
}

}  // namespace hamroh
