#include "admin/commands.h"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <numeric>
#include <utility>

#include "admin/identity.h"
#include "admin/report.h"
#include "protocol/text.h"

namespace hamroh {
namespace {

// What to do next about a refusal.
std::string remedy_for(Code code) {
  switch (code) {
    case Code::unavailable:
      return "Start it with: hamrohd --home DIR (or name another home with --home).";
    case Code::timed_out:
      return "The node may still be working on it: ask again, or look at hamroh status.";
    case Code::locked:
      return "Open the vault with: hamroh unlock";
    case Code::not_ready:
      return "The node is starting or has not been admitted: see hamroh status.";
    case Code::not_capable:
      return "The directory does not give this member the capability; the administrators decide "
             "that.";
    case Code::no_standing:
      return "Only a participant of the case with the right part in it may do this: see hamroh "
             "case "
             "show.";
    case Code::threshold_not_met:
      return "Commissioners sign it, one after another: hamroh vote CASE assign (or refuse, "
             "overturn, "
             "uphold); who has signed: hamroh votes";
    case Code::consent_missing:
      return "What it allows now, and since when: hamroh consent show CASE; if the person agrees "
             "to "
             "more: hamroh consent give";
    case Code::barred_by_consent:
      return "Whom the person wants never to know stands in her consent: hamroh consent show CASE";
    case Code::consent_unanswered:
      return "Who has not answered: hamroh consent show CASE. Telephone them; their node answers "
             "by "
             "itself once it runs.";
    case Code::directory_expired:
      return "Ask the administrators for a newer directory: hamroh node join --directory FILE";
    case Code::broken_chain:
      return "There are others between what this node knows and this one: take the "
             "administrators' history.hamroh.";
    case Code::signing_stopped:
      return "This node signs nothing any more; why stands in: hamroh status";
    case Code::full:
      return "Free some space, or wait until queued messages have gone; then ask again.";
    case Code::store_corrupt:
      return "What is not damaged can still be read: see hamroh status. Keep a copy of the home.";
    case Code::bad_passphrase:
      return "Nothing has changed; try again. After three wrong ones each further one waits "
             "longer.";
    case Code::not_authenticated:
      return "Log in with: hamroh login NAME (programs: --key FILE).";
    case Code::not_permitted:
      return "See hamroh whoami; an operator gives roles: hamroh user role NAME ROLE";
    default:
      return {};
  }
}

int exit_code(Code code) {
  return code == Code::unavailable ? exit_no_node
         : code == Code::timed_out ? exit_timed_out
                                   : exit_refused;
}

}  // namespace

int fail(const Arguments& arguments, const std::string& where, const LookupFault& fault,
         const Client& client) {
  if (fault.error.code != Code::ambiguous) {
    return fail(arguments, where, fault.error, client);
  }
  return refuse(arguments.json, where, Code::ambiguous, fault.error.text,
                "Type more of it, or one of these:\n" + fault.candidates);
}

int fail(const Arguments& arguments, const std::string& where, const Error& error) {
  refuse(arguments.json, where, error, remedy_for(error.code));
  return exit_code(error.code);
}

int fail(const Arguments& arguments, const std::string& where, const Error& error,
         const Client& client) {
  refuse(arguments.json, where, error.code, client.words_for(error), remedy_for(error.code));
  return exit_code(error.code);
}

int usage(const Arguments& arguments, const std::string& what) {
  refuse(arguments.json, "hamroh", Code::invalid_argument, what, "See hamroh --help.");
  return exit_usage;
}

namespace {

int use_once(Identity identity, Client& client, const std::function<int(Client&)>& use) {
  const int result = use(client);
  if (identity == Identity::key && client.session()) {
    (void)client.logout();
  }
  return result;
}

}  // namespace

int with_node(const Arguments& arguments, const std::function<int(Client&)>& use) {
  auto client = Client::connect(arguments.home);
  if (!client) {
    return fail(arguments, arguments.home, client.error());
  }
  const auto known = identify(*client, {arguments.home, arguments.as, arguments.key_file});
  if (!known) {
    return fail(arguments, arguments.home, known.error(), *client);
  }
  return use_once(*known, *client, use);
}

int with_any_node(const Arguments& arguments, const std::function<int(Client&)>& use) {
  auto client = Client::connect(arguments.home);
  if (!client) {
    return fail(arguments, arguments.home, client.error());
  }
  const auto known = identify(*client, {arguments.home, arguments.as, arguments.key_file});
  return use_once(known.value_or(Identity::nobody), *client, use);
}

Names names_of(Client& client, const api::Names& users) {
  Names names;
  if (const auto members = client.members()) {
    for (const Member& member : members->members) {
      names.members.emplace(member.id, member.name);
    }
  }
  names.users.insert(users.begin(), users.end());
  return names;
}

int with_shown_case(const Arguments& arguments,
                    const std::function<int(Client&, const api::Case&)>& use) {
  return with_node(arguments, [&](Client& client) {
    const auto id = find_case(client, arguments.case_id);
    if (!id) {
      return fail(arguments, arguments.case_id, id.error(), client);
    }
    const auto found = client.case_view(*id);
    return found ? use(client, *found) : fail(arguments, arguments.case_id, found.error(), client);
  });
}

std::string joined(const std::vector<std::string>& words) {
  std::string all;
  for (const std::string& word : words) {
    all += (all.empty() ? "" : ", ") + word;
  }
  return all;
}

std::string joined(std::span<const CodeName> codes) {
  std::vector<std::string> words;
  for (const CodeName& code : codes) {
    words.emplace_back(code.name);
  }
  return joined(words);
}

Timestamp wall_now() {
  const auto since = std::chrono::system_clock::now().time_since_epoch();
  const auto ms = std::chrono::duration_cast<std::chrono::milliseconds>(since).count();
  return {static_cast<std::uint64_t>(ms)};
}

std::string language_of(const Arguments& arguments) {
  if (!arguments.language.empty()) {
    return arguments.language;
  }
  const char* locale = std::getenv("LANG");
  const std::string_view set = locale == nullptr ? "" : locale;
  const auto is_letter = [](char c) { return c >= 'a' && c <= 'z'; };
  const bool names_one = set.size() >= 3 && is_letter(set[0]) && is_letter(set[1]) && set[2] == '_';
  return names_one ? std::string(set.substr(0, 2)) : "en";
}

int said(const Arguments& arguments, const std::string& words) {
  std::puts(arguments.json ? "{\"done\": true}" : words.c_str());
  return exit_done;
}

std::string nearest(const std::vector<std::string>& names, const std::string& typed) {
  const auto distance = [&typed](const std::string& name) {
    std::vector<std::size_t> row(typed.size() + 1);  // Levenshtein's, one row at a time
    std::iota(row.begin(), row.end(), std::size_t{0});
    for (std::size_t i = 0; i < name.size(); ++i) {
      std::size_t diagonal = std::exchange(row[0], i + 1);
      for (std::size_t j = 0; j < typed.size(); ++j) {
        const std::size_t changed = diagonal + (name[i] == typed[j] ? 0 : 1);
        diagonal = row[j + 1];
        row[j + 1] = std::min({changed, row[j] + 1, row[j + 1] + 1});
      }
    }
    return row.back();
  };
  return *std::ranges::min_element(names, {}, distance);
}

std::optional<Duration> parse_duration(const std::string& text) {
  constexpr std::uint64_t day_ms = 86'400'000;
  std::uint64_t number = 0;
  const char* end = text.data() + text.size();
  const auto [rest, fault] = std::from_chars(text.data(), end, number);
  const std::string_view unit{rest, static_cast<std::size_t>(end - rest)};
  const std::uint64_t scale = unit == "ms"  ? 1
                              : unit == "s" ? 1'000
                              : unit == "m" ? 60'000
                              : unit == "h" ? 3'600'000
                                            : 0;
  if (fault != std::errc{} || scale == 0 || number > day_ms / scale) {
    return std::nullopt;
  }
  return milliseconds(number * scale);
}

std::optional<Level> parse_level(const std::string& text) {
  for (const Level level : {Level::accepted, Level::stored, Level::opened}) {
    if (text == level_name(level)) {
      return level;
    }
  }
  return std::nullopt;
}

}  // namespace hamroh
