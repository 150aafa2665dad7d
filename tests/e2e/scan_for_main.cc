// scan-for PLACE NEEDLE...: which of the needle files' contents stand anywhere in a place: a file,
// a directory with all below it, or the memory of the process of that number. Of a process it reads
// what a core dump would hold, and more: mappings that ask to be left out of one as well. Prints
// the needles that were found; exit codes 0 none, 1 some, 77 it may not look, 2 usage.

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

namespace {

constexpr std::size_t step_bytes = 1 << 20;
constexpr std::size_t needle_bytes_max = 1024;

struct Needle {
  std::string name;
  std::string bytes;
  bool found = false;
};

// From one position to another, in steps that overlap by what a needle might straddle.
void scan(int descriptor, std::uint64_t from, std::uint64_t until, std::vector<Needle>& needles) {
  std::string held;
  std::string block(step_bytes, '\0');
  for (std::uint64_t at = from; at < until;) {
    const auto wanted = static_cast<std::size_t>(std::min<std::uint64_t>(step_bytes, until - at));
    const ssize_t got = ::pread(descriptor, block.data(), wanted, static_cast<off_t>(at));
    if (got <= 0) {
      return;  // the end, guard pages, and what the kernel keeps to itself
    }
    held.append(block, 0, static_cast<std::size_t>(got));
    for (Needle& needle : needles) {
      needle.found = needle.found || held.find(needle.bytes) != std::string::npos;
    }
    held.erase(0, held.size() > needle_bytes_max ? held.size() - needle_bytes_max : 0);
    at += static_cast<std::uint64_t>(got);
  }
}

bool scan_process(const std::string& process, std::vector<Needle>& needles) {
  const int memory = ::open((process + "/mem").c_str(), O_RDONLY | O_CLOEXEC);
  std::ifstream maps(process + "/maps");
  std::size_t mappings = 0;
  for (std::string line; memory >= 0 && std::getline(maps, line); ++mappings) {
    std::uint64_t from = 0;
    std::uint64_t until = 0;
    char dash = 0;
    std::istringstream(line) >> std::hex >> from >> dash >> until;
    scan(memory, from, until, needles);
  }
  ::close(memory);
  return mappings > 0;
}

bool scan_file(const std::filesystem::path& path, std::vector<Needle>& needles) {
  const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0) {
    return false;
  }
  scan(file, 0, UINT64_MAX / 4, needles);
  ::close(file);
  return true;
}

bool scan_place(const std::string& place, std::vector<Needle>& needles) {
  if (place.find_first_not_of("0123456789") == std::string::npos) {
    return scan_process("/proc/" + place, needles);
  }
  if (!std::filesystem::is_directory(place)) {
    return scan_file(place, needles);
  }
  bool all = true;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(place)) {
    all = (!entry.is_regular_file() || scan_file(entry.path(), needles)) && all;
  }
  return all;
}

}  // namespace

int main(int count, char** values) {
  if (count < 3) {
    std::fputs("usage: scan-for PLACE NEEDLE...\n", stderr);
    return 2;
  }
  std::vector<Needle> needles;
  for (int at = 2; at < count; ++at) {
    std::ostringstream bytes;
    bytes << std::ifstream(values[at], std::ios::binary).rdbuf();
    std::string needle = bytes.str();
    while (!needle.empty() && needle.back() == '\n') {
      needle.pop_back();
    }
    if (needle.size() < 6 || needle.size() > needle_bytes_max) {
      std::fprintf(stderr, "%s holds too little or too much to look for\n", values[at]);
      return 2;
    }
    needles.push_back({values[at], std::move(needle)});
  }
  if (!scan_place(values[1], needles)) {
    return 77;
  }
  int found = 0;
  for (const Needle& needle : needles) {
    if (needle.found) {
      std::puts(needle.name.c_str());
      found = 1;
    }
  }
  return found;
}
