// conformance: holds the product against a directory of test vectors.
//
//   conformance DIR      for example: conformance tests/conformance/golden
//
// Knows the published files by name (Wycheproof, CCTV, RFC 9180, RFC 6962) and our own
// (hamroh_*.json). Prints a count for each file that is there, and which published or own files are
// not. Exit codes: 0 every known file passes, 1 one does not, 2 usage, or no file that it knows.

#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <set>

#include "protocol/crypto.h"
#include "tests/conformance/vectors.h"

namespace {

using namespace hamroh;
using namespace hamroh::conformance;

constexpr std::uintmax_t file_bytes_max = 64 * 1024 * 1024;

const char* usage_text =
    "conformance DIR [--json]: holds Hamroh against a directory of test vectors\n"
    "Example: conformance tests/conformance/golden\n"
    "Exit codes: 0 every known file passes, 1 one does not, 2 usage, or no known file there\n";

struct Line {
  std::string file;
  std::string state;  // passed, failed, not given, unknown
  Count count;
};

Line check_file(const Kind& kind, const std::filesystem::path& path) {
  Line line{kind.name, "passed", {}};
  try {
    if (std::filesystem::file_size(path) > file_bytes_max) {
      throw std::runtime_error("the file is larger than 64 MiB");
    }
    std::ifstream stream(path);
    kind.check(Json::parse(stream), line.count);
    if (line.count.passed + line.count.failed == 0) {
      throw std::runtime_error("the file holds no vectors");
    }
  } catch (const std::exception& fault) {
    ++line.count.failed;
    line.count.first_failure = fault.what();
  }
  if (line.count.failed > 0) {
    line.state = "failed";
  }
  return line;
}

void print(const std::vector<Line>& lines, bool json) {
  Json all = Json::array();
  for (const Line& line : lines) {
    if (json) {
      all.push_back({{"file", line.file},
                     {"state", line.state},
                     {"passed", line.count.passed},
                     {"failed", line.count.failed},
                     {"first_failure", line.count.first_failure}});
    } else if (line.state == "passed" || line.state == "failed") {
      std::printf("%-40s %5zu passed, %zu failed%s%s\n", line.file.c_str(), line.count.passed,
                  line.count.failed, line.count.failed > 0 ? ": " : "",
                  line.count.first_failure.c_str());
    } else {
      std::printf("%-40s %s\n", line.file.c_str(), line.state.c_str());
    }
  }
  if (json) {
    // A file may hold what is no UTF-8, and its name too.
    std::puts(all.dump(2, ' ', false, Json::error_handler_t::replace).c_str());
  }
}

}  // namespace

int main(int count, char** values) {
  bool json = false;
  std::string directory;
  for (int i = 1; i < count; ++i) {
    if (std::strcmp(values[i], "--json") == 0) {
      json = true;
    } else if (std::strcmp(values[i], "--help") == 0 || std::strcmp(values[i], "-h") == 0) {
      std::fputs(usage_text, stdout);
      return 0;
    } else if (directory.empty()) {
      directory = values[i];
    } else {
      std::fputs(usage_text, stderr);
      return 2;
    }
  }
  std::error_code fault;
  if (directory.empty() || !std::filesystem::is_directory(directory, fault) || !crypto::start()) {
    std::fprintf(stderr, "%s%s is no directory\n", usage_text,
                 directory.empty() ? "nothing" : directory.c_str());
    return 2;
  }
  std::vector<Kind> kinds = published_kinds();
  for (Kind& kind : golden_kinds()) {
    kinds.push_back(std::move(kind));
  }
  std::vector<Line> lines;
  std::set<std::string> known;
  std::size_t given = 0;
  bool good = true;
  for (const Kind& kind : kinds) {
    known.insert(kind.name);
    const std::filesystem::path path = std::filesystem::path(directory) / kind.name;
    if (!std::filesystem::exists(path, fault)) {
      lines.push_back({kind.name, "not given", {}});
      continue;
    }
    ++given;
    lines.push_back(check_file(kind, path));
    good = good && lines.back().state == "passed";
  }
  for (const auto& entry : std::filesystem::directory_iterator(directory, fault)) {
    const std::string name = entry.path().filename().string();
    if (name.ends_with(".json") && !known.contains(name)) {
      lines.push_back({name, "unknown, not checked", {}});
    }
  }
  print(lines, json);
  if (given == 0) {
    std::fprintf(stderr, "conformance: %s holds no file of vectors that is known\n",
                 directory.c_str());
    return 2;
  }
  return good ? 0 : 1;
}
