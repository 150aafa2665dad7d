#include "tests/bench/network.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <thread>
#include <utility>

namespace hamroh::bench {
namespace {

namespace fs = std::filesystem;

pid_t spawn(const std::vector<std::string>& arguments, const std::string& log,
            std::uint64_t descriptors_max = 0) {
  const pid_t child = fork();
  if (child != 0) {
    return child;
  }
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (const rlimit lowered{descriptors_max, descriptors_max}; descriptors_max > 0) {
    setrlimit(RLIMIT_NOFILE, &lowered);
  }
  const int out = ::open(log.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600);
  dup2(out, STDOUT_FILENO);
  dup2(out, STDERR_FILENO);
  std::vector<char*> raw;
  for (const std::string& argument : arguments) {
    raw.push_back(const_cast<char*>(argument.c_str()));
  }
  raw.push_back(nullptr);
  execv(raw[0], raw.data());
  _exit(127);
}

bool runs_well(const std::vector<std::string>& arguments, const std::string& log) {
  int status = 0;
  const pid_t child = spawn(arguments, log);
  return child > 0 && waitpid(child, &status, 0) == child && WIFEXITED(status) &&
         WEXITSTATUS(status) == 0;
}

std::string last_lines(const std::string& path) {
  std::ifstream file(path);
  std::stringstream text;
  text << file.rdbuf();
  const std::string all = text.str();
  return all.substr(all.size() > 800 ? all.size() - 800 : 0);
}

std::uint64_t field_kib(const std::string& path, const std::string& field) {
  std::ifstream file(path);
  std::string line;
  while (std::getline(file, line)) {
    if (line.starts_with(field)) {
      return std::stoull(line.substr(field.size()));
    }
  }
  return 0;
}

}  // namespace

int free_port() {
  const int descriptor = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t length = sizeof address;
  int port = 0;
  if (::bind(descriptor, reinterpret_cast<sockaddr*>(&address), length) == 0 &&
      ::getsockname(descriptor, reinterpret_cast<sockaddr*>(&address), &length) == 0) {
    port = ntohs(address.sin_port);
  }
  ::close(descriptor);
  return port;
}

tl::expected<Network, std::string> Network::found(const std::string& directory,
                                                  const std::string& programs,
                                                  const std::vector<Wanted>& members) {
  Network network;
  std::string pattern = directory + "/hamroh-XXXXXX";
  if (mkdtemp(pattern.data()) == nullptr) {
    return tl::unexpected("cannot make a directory below " + directory);
  }
  network.root_ = pattern;
  network.programs_ = programs;
  const std::string log = pattern + "/setup.log";
  const std::string authority = pattern + "/authority";
  const std::string file = pattern + "/directory.hamroh";
  bool good = runs_well(
      {programs + "/hamroh-authority", "found", "--name", "Measured", "--out", authority}, log);
  std::vector<std::string> admit{programs + "/hamroh-authority",
                                 "admit",
                                 "--authority",
                                 authority,
                                 "--out",
                                 file,
                                 "--sign-with",
                                 "admin-1",
                                 "admin-2"};
  for (const Wanted& member : members) {
    const std::string home = pattern + "/" + member.name;
    network.homes_.push_back(home);
    network.processes_.push_back(-1);
    good = good &&
           runs_well({programs + "/hamrohd", "init", "--home", home, "--network",
                      authority + "/network.hamroh", "--name", member.name, "--kind", member.kind,
                      "--listen", "tcp://127.0.0.1:" + std::to_string(free_port())},
                     log);
    admit.push_back("--request");
    admit.push_back(home + "/request.hamroh");
  }
  good = good && runs_well(admit, log);
  for (const std::string& home : network.homes_) {
    good = good &&
           runs_well({programs + "/hamrohd", "join", "--home", home, "--directory", file}, log);
  }
  if (!good) {
    return tl::unexpected("the network cannot be set up:\n" + last_lines(log));
  }
  return network;
}

Result<Client> Network::connect(std::size_t member) {
  const auto file = [](const std::string& path) {
    std::ifstream stream(path, std::ios::binary);
    const std::string text((std::istreambuf_iterator<char>(stream)), {});
    return Bytes(text.begin(), text.end());
  };
  HAMROH_ASSIGN(Client client, Client::connect(homes_[member]));
  if (!fs::exists(key_file(member))) {
    HAMROH_TRY(client.login_with_key(file(homes_[member] + "/operator.key")));
    HAMROH_ASSIGN(const api::NodeStatus status, client.status());
    UserKeyFile key{{status.node.network, status.node.member}, {}, {}};
    crypto::system_random(key.user.bytes);
    key.seed = Seed::make([](auto raw) { crypto::system_random(raw); });
    api::AddUser program{key.user, "program", Role::integration, {}, {}, {}, {}};
    program.grants = rights_of(Role::integration);
    program.key = crypto::SigningKey::from_seed(key.seed).public_key();
    HAMROH_TRY(client.add_user(program));
    const Bytes bytes = key.encode();
    std::ofstream(key_file(member), std::ios::binary) << text(bytes);
  }
  HAMROH_TRY(client.login_with_key(file(key_file(member))));
  return client;
}

Network::Network(Network&& other) noexcept
    : root_(std::exchange(other.root_, {})),
      programs_(std::move(other.programs_)),
      homes_(std::move(other.homes_)),
      processes_(std::exchange(other.processes_, {})) {}

Network::~Network() {
  for (std::size_t i = 0; i < processes_.size(); ++i) {
    stop(i);
  }
  if (!root_.empty()) {
    std::error_code ignored;
    fs::remove_all(root_, ignored);
  }
}

tl::expected<void, std::string> Network::start(std::size_t member, std::uint64_t descriptors_max,
                                               const std::vector<std::string>& more) {
  const std::string log = homes_[member] + ".log";
  std::vector<std::string> arguments{programs_ + "/hamrohd", "--home", homes_[member]};
  arguments.insert(arguments.end(), more.begin(), more.end());
  processes_[member] = spawn(arguments, log, descriptors_max);
  const std::string socket = homes_[member] + "/run/api.sock";
  for (int i = 0; i < 500; ++i) {
    int status = 0;
    if (waitpid(processes_[member], &status, WNOHANG) != 0) {
      processes_[member] = -1;
      return tl::unexpected("hamrohd ended at once:\n" + last_lines(log));
    }
    if (fs::exists(socket)) {
      return {};
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
  return tl::unexpected("hamrohd does not answer:\n" + last_lines(log));
}

void Network::stop(std::size_t member) {
  if (processes_[member] > 0) {
    ::kill(processes_[member], SIGTERM);
    int status = 0;
    waitpid(processes_[member], &status, 0);
    processes_[member] = -1;
    std::error_code ignored;
    fs::remove(homes_[member] + "/run/api.sock", ignored);  // so that start() can wait for it
  }
}

void Network::kill(std::size_t member) {
  if (processes_[member] > 0) {
    ::kill(processes_[member], SIGKILL);
    int status = 0;
    waitpid(processes_[member], &status, 0);
    processes_[member] = -1;
    std::error_code ignored;
    fs::remove(homes_[member] + "/run/api.sock", ignored);
  }
}

void Network::kill_link(std::size_t member) {
  if (const pid_t link = link_process(member); link > 0) {
    ::kill(link, SIGKILL);
  }
}

pid_t Network::link_process(std::size_t member) const {
  const std::string process = std::to_string(processes_[member]);
  std::ifstream children("/proc/" + process + "/task/" + process + "/children");
  pid_t child = -1;
  children >> child;
  return children ? child : -1;
}

std::uint64_t cpu_us(pid_t process) {
  std::ifstream file("/proc/" + std::to_string(process) + "/stat");
  std::string text;
  std::getline(file, text);
  const std::size_t end = text.rfind(')');
  if (end == std::string::npos) {
    return 0;
  }
  std::istringstream fields(text.substr(end + 2));
  std::string skipped;
  for (int i = 0; i < 11; ++i) {
    fields >> skipped;
  }
  std::uint64_t user = 0;
  std::uint64_t system = 0;
  fields >> user >> system;
  return (user + system) * 1'000'000 / static_cast<std::uint64_t>(sysconf(_SC_CLK_TCK));
}

std::uint64_t pss_kib(pid_t process) {
  return field_kib("/proc/" + std::to_string(process) + "/smaps_rollup", "Pss:");
}

std::uint64_t peak_rss_kib(pid_t process) {
  return field_kib("/proc/" + std::to_string(process) + "/status", "VmHWM:");
}

std::uint64_t directory_bytes(const std::string& directory) {
  std::uint64_t bytes = 0;
  std::error_code ignored;
  for (const auto& entry : fs::recursive_directory_iterator(directory, ignored)) {
    bytes += entry.is_regular_file(ignored) ? entry.file_size(ignored) : 0;
  }
  return bytes;
}

std::string own_directory() {
  return fs::read_symlink("/proc/self/exe").parent_path();
}

}  // namespace hamroh::bench
