// Jurisdiction packs: are they right, and what do they say, without any node; and the one in force
// of a running node, put in and shown.
//
// The texts of a consent lie beside the pack, named after their version and language
// (consent-2026-1.tg.txt for consent/2026-1); the pack has their SHA-256. A text that is not there
// is not compared, and said to be so; one that is another text is a mistake.

#include <algorithm>
#include <cstdio>

#include "admin/commands.h"
#include "admin/files.h"
#include "admin/pack_view.h"
#include "admin/report.h"
#include "protocol/crypto.h"
#include "protocol/text.h"

namespace hamroh {
namespace {

struct Checked {
  std::optional<Pack> pack;
  Digest sha256;
  std::vector<PackMistake> mistakes;
  std::vector<std::string> not_compared;  // files of texts that are not there
};

std::string text_path(const std::string& pack_path, std::string version, const char* language) {
  std::ranges::replace(version, '/', '-');
  const std::size_t slash = pack_path.rfind('/');
  return (slash == std::string::npos ? "" : pack_path.substr(0, slash + 1)) + version + "." +
         language + ".txt";
}

// Where the pack's file has these digits.
PackMistake at_digits(std::string_view toml, const std::string& hex) {
  const std::string_view before = toml.substr(0, std::min(toml.find(hex), toml.size()));
  const std::size_t line = before.rfind('\n') + 1;  // npos + 1 is 0
  return {static_cast<std::uint32_t>(1 + std::ranges::count(before, '\n')),
          static_cast<std::uint32_t>(1 + count_characters(before.substr(line))),
          {},
          {}};
}

void compare_texts(const std::string& path, std::string_view toml, Checked& checked) {
  for (const TextVersion& text : checked.pack->texts) {
    for (const CodeName& language : names_of(Language{})) {
      const Digest& expected = text.sha256.at(language.value - 1U);
      const std::string file = text_path(path, text.version, language.name);
      const auto bytes = read_input(file, limits::pack_bytes_max);
      if (!bytes) {
        checked.not_compared.push_back(file);
      } else if (const Digest found = crypto::sha256({*bytes}); found != expected) {
        PackMistake mistake = at_digits(toml, expected.hex());
        mistake.what =
            escape_for_terminal(file) + " is another text; its SHA-256 is " + found.hex();
        mistake.remedy =
            "Give a changed text a version of its own, or put back the text that "
            "was agreed on.";
        checked.mistakes.push_back(std::move(mistake));
      }
    }
  }
}

Result<Checked> check(const std::string& path) {
  HAMROH_ASSIGN(const Bytes bytes, read_input(path, limits::pack_bytes_max + 1));
  Checked checked;
  checked.sha256 = crypto::sha256({bytes});
  auto pack = read_pack(text(bytes));
  if (!pack) {
    checked.mistakes = std::move(pack.error());
    return checked;
  }
  checked.pack = std::move(*pack);
  compare_texts(path, text(bytes), checked);
  return checked;
}

void print_checked(const std::string& path, const Checked& checked) {
  const std::string file = escape_for_terminal(path);
  for (const PackMistake& mistake : checked.mistakes) {
    std::printf("%s:%u:%u: %s; %s\n", file.c_str(), mistake.line, mistake.column,
                mistake.what.c_str(), mistake.remedy.c_str());
  }
  if (checked.mistakes.size() >= limits::pack_faults_max) {
    std::printf("%s: there are more mistakes; mend these first\n", file.c_str());
  }
  for (const std::string& missing : checked.not_compared) {
    std::printf("%s: not there, so not compared with the pack\n",
                escape_for_terminal(missing).c_str());
  }
  if (!checked.pack || !checked.mistakes.empty()) {
    return;
  }
  const std::vector<PackGap> gaps = unset_of(*checked.pack);
  for (const PackGap& gap : gaps) {
    std::printf("%s: unset: %s: %s\n", file.c_str(), gap.path.c_str(), gap.missing.c_str());
  }
  std::printf("%s: a valid pack, %s, %s\n  SHA-256 %s\n", file.c_str(), checked.pack->id.c_str(),
              gaps.empty() ? "all set" : (std::to_string(gaps.size()) + " things unset").c_str(),
              checked.sha256.hex().c_str());
}

std::string checked_json(const std::string& path, const Checked& checked) {
  std::string missing;
  for (const std::string& one : checked.not_compared) {
    missing += (missing.empty() ? "" : ", ") + json_string(one);
  }
  return "{\"file\": " + json_string(path) +
         ", \"valid\": " + (checked.mistakes.empty() ? "true" : "false") +
         ", \"sha256\": " + json_string(checked.sha256.hex()) +
         ", \"id\": " + (checked.pack ? json_string(checked.pack->id) : "null") +
         ", \"mistakes\": " + mistakes_json(checked.mistakes) + ", \"unset\": " +
         gaps_json(checked.pack ? unset_of(*checked.pack) : std::vector<PackGap>{}) +
         ", \"not_compared\": [" + missing + "]}";
}

// Checks the pack and gives it back; if it is not valid, says so and gives nothing.
std::optional<Checked> valid_pack(const Arguments& arguments, const std::string& path, int& code) {
  auto checked = check(path);
  if (!checked) {
    code = fail(arguments, path, checked.error());
    return std::nullopt;
  }
  if (!checked->pack || !checked->mistakes.empty()) {
    code = refuse(arguments.json, path, Code::malformed, "the pack has mistakes",
                  "hamroh pack check " + path + " tells them all.");
    return std::nullopt;
  }
  return std::move(*checked);
}

// "2026-11-20T09:30", as the clocks of the jurisdiction show it.
std::optional<Timestamp> parse_local_time(const std::string& typed, const Calendar& calendar) {
  int year = 0;
  unsigned month = 0;
  unsigned day = 0;
  unsigned hour = 0;
  unsigned minute = 0;
  int end = 0;
  if (typed.size() != 16 ||
      std::sscanf(typed.c_str(), "%4d-%2u-%2uT%2u:%2u%n", &year, &month, &day, &hour, &minute,
                  &end) != 5 ||
      end != 16 || hour > 23 || minute > 59) {
    return std::nullopt;
  }
  const Date date{year, static_cast<std::uint8_t>(month), static_cast<std::uint8_t>(day)};
  if (!is_date(date)) {
    return std::nullopt;
  }
  return start_of(date, calendar) + minutes(std::uint64_t{hour} * 60 + minute);
}

std::string local_time(Timestamp time, const Calendar& calendar) {
  const std::int64_t ahead = std::int64_t{calendar.utc_offset_minutes} * 60'000;
  const std::int64_t there = std::max<std::int64_t>(0, static_cast<std::int64_t>(time.ms) + ahead);
  return to_iso8601(Timestamp{static_cast<std::uint64_t>(there)}).substr(0, 16);
}

}  // namespace

int pack_check(const Arguments& arguments) {
  bool good = true;
  std::string json;
  for (const std::string& path : arguments.packs) {
    const auto checked = check(path);
    if (!checked) {
      return fail(arguments, path, checked.error());
    }
    good = good && checked->mistakes.empty();
    if (arguments.json) {
      json += (json.empty() ? "" : ", ") + checked_json(path, *checked);
    } else {
      print_checked(path, *checked);
    }
  }
  if (arguments.json) {
    std::printf("{\"packs\": [%s]}\n", json.c_str());
  }
  return good ? exit_done : exit_refused;
}

int pack_install(const Arguments& arguments) {
  const std::string& path = arguments.packs.front();
  int code = exit_done;
  const auto checked = valid_pack(arguments, path, code);
  if (!checked) {
    return code;
  }
  const auto file = read_input(path, limits::pack_bytes_max);
  if (!file) {
    return fail(arguments, path, file.error());
  }
  return with_node(arguments, [&](Client& client) {
    const Status installed = client.install(*file);
    if (!installed) {
      return fail(arguments, path, installed.error(), client);
    }
    if (arguments.json) {
      std::printf("{\"id\": %s, \"sha256\": \"%s\"}\n", json_string(checked->pack->id).c_str(),
                  checked->sha256.hex().c_str());
    } else {
      std::printf("The node has the pack %s; members that lack it get it from here.\n",
                  checked->pack->id.c_str());
    }
    return exit_done;
  });
}

namespace {

int show_in_force(const Arguments& arguments, Language language) {
  return with_node(arguments, [&](Client& client) {
    const auto answer = client.pack({});
    if (!answer) {
      return fail(arguments, arguments.home, answer.error(), client);
    }
    const auto pack = read_pack(text(answer->file));
    if (!pack) {
      return refuse(arguments.json, arguments.home, Code::malformed,
                    "this version does not understand the pack in force",
                    "Use the hamroh of the node's own version.");
    }
    std::fputs(arguments.json ? (pack_json(*pack, answer->sha256) + "\n").c_str()
                              : pack_text(*pack, answer->sha256, language).c_str(),
               stdout);
    return exit_done;
  });
}

}  // namespace

int pack_show(const Arguments& arguments) {
  const auto language = parse_language(arguments.language.empty() ? "en" : arguments.language);
  if (!language) {
    return usage(arguments, "--language is en, ru or tg");
  }
  if (arguments.in_force == !arguments.packs.empty()) {
    return usage(arguments, "name a file, or --in-force for the pack of the running node");
  }
  if (arguments.in_force) {
    return show_in_force(arguments, *language);
  }
  const std::string& path = arguments.packs.front();
  int code = exit_done;
  const auto checked = valid_pack(arguments, path, code);
  if (!checked) {
    return code;
  }
  std::fputs(arguments.json ? (pack_json(*checked->pack, checked->sha256) + "\n").c_str()
                            : pack_text(*checked->pack, checked->sha256, *language).c_str(),
             stdout);
  return exit_done;
}

int pack_due(const Arguments& arguments) {
  const auto clock = parse_code<Clock>(arguments.clock);
  const auto urgency = parse_code<Urgency>(arguments.urgency);
  if (!clock || !urgency) {
    return usage(arguments,
                 "--clock is a clock of the pack (hamroh pack show), --urgency is emergency, "
                 "urgent or normal");
  }
  const std::string& path = arguments.packs.front();
  int code = exit_done;
  const auto checked = valid_pack(arguments, path, code);
  if (!checked) {
    return code;
  }
  const Calendar& calendar = checked->pack->calendar;
  const auto start = arguments.begins.empty() ? std::optional(wall_now())
                                              : parse_local_time(arguments.begins, calendar);
  if (!start) {
    return usage(arguments, "--from is a time like 2026-11-20T09:30, as clocks show it there");
  }
  const auto due = deadline(*start, checked->pack->clock(*clock), *urgency, calendar, {});
  if (!due) {
    return refuse(arguments.json, path, Code::not_found, "the pack leaves this clock unset",
                  "Nothing is ever due by it. hamroh pack check lists what is unset.");
  }
  const auto shown = [&](Timestamp time) { return local_time(time, calendar); };
  if (arguments.json) {
    std::printf("{\"from\": \"%s\", \"remind\": \"%s\", \"due\": \"%s\", \"escalate\": \"%s\"}\n",
                to_iso8601(*start).c_str(), to_iso8601(due->half).c_str(),
                to_iso8601(due->due).c_str(), to_iso8601(due->escalate).c_str());
    return exit_done;
  }
  std::printf("from       %s\nremind     %s\ndue        %s\nescalate   %s\n", shown(*start).c_str(),
              shown(due->half).c_str(), shown(due->due).c_str(), shown(due->escalate).c_str());
  return exit_done;
}

std::optional<FormFault> find_fault_by_pack(const ReferralForm& form, const Arguments& arguments,
                                            int& code) {
  const auto checked = valid_pack(arguments, arguments.packs.front(), code);
  return checked ? find_fault(form, *checked->pack) : std::nullopt;
}

}  // namespace hamroh
