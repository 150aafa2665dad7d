// Jurisdiction packs, without any node: are they right, and what do they say.
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

int pack_show(const Arguments& arguments) {
  const auto language = parse_language(arguments.language.empty() ? "en" : arguments.language);
  if (!language) {
    return usage(arguments, "--language is en, ru or tg");
  }
  const std::string& path = arguments.packs.front();
  const auto checked = check(path);
  if (!checked) {
    return fail(arguments, path, checked.error());
  }
  if (!checked->pack || !checked->mistakes.empty()) {
    return refuse(arguments.json, path, Code::malformed, "the pack has mistakes",
                  "hamroh pack check " + path + " tells them all.");
  }
  std::fputs(arguments.json ? (pack_json(*checked->pack, checked->sha256) + "\n").c_str()
                            : pack_text(*checked->pack, checked->sha256, *language).c_str(),
             stdout);
  return exit_done;
}

}  // namespace hamroh
