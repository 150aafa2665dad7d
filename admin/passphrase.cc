#include "admin/passphrase.h"

#include <sys/prctl.h>
#include <sys/resource.h>
#include <termios.h>
#include <unistd.h>

#include <cstdio>

#include "admin/files.h"
#include "protocol/constants.h"

namespace hamroh {

void forbid_dumps() {
  ::prctl(PR_SET_DUMPABLE, 0);
  const rlimit none{0, 0};
  (void)::setrlimit(RLIMIT_CORE, &none);
}

Bytes ask_passphrase(const std::string& prompt) {
  termios before{};
  const bool terminal = ::tcgetattr(STDIN_FILENO, &before) == 0;
  if (terminal) {
    std::fputs(prompt.c_str(), stderr);
    termios silent = before;
    silent.c_lflag &= ~static_cast<tcflag_t>(ECHO);
    ::tcsetattr(STDIN_FILENO, TCSAFLUSH, &silent);
  }
  Bytes passphrase;
  passphrase.reserve(limits::passphrase_bytes_max);  // so that no copy stays behind
  char read = 0;
  while (passphrase.size() < limits::passphrase_bytes_max && ::read(STDIN_FILENO, &read, 1) == 1 &&
         read != '\n') {
    passphrase.push_back(static_cast<std::uint8_t>(read));
  }
  if (terminal) {
    ::tcsetattr(STDIN_FILENO, TCSAFLUSH, &before);
    std::fputs("\n", stderr);
  }
  return passphrase;
}

std::optional<std::string> ask_line(const std::string& prompt) {
  std::fflush(stdout);
  std::fputs(prompt.c_str(), stderr);
  std::string line;
  char read = 0;
  while (line.size() < limits::passphrase_bytes_max) {
    if (::read(STDIN_FILENO, &read, 1) != 1) {
      return line.empty() ? std::nullopt : std::optional<std::string>(line);
    }
    if (read == '\n') {
      break;
    }
    line.push_back(read);
  }
  return line;
}

Result<Bytes> read_passphrase_file(const std::string& path) {
  HAMROH_ASSIGN(Bytes passphrase, read_input(path, limits::passphrase_bytes_max));
  while (!passphrase.empty() && (passphrase.back() == '\n' || passphrase.back() == '\r')) {
    passphrase.pop_back();
  }
  return passphrase;
}

}  // namespace hamroh
