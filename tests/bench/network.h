// Real nodes on this machine for measuring and for fault tests: homes in a temporary directory,
// daemons as children, everything ended and removed with the object.
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

#include "sdk/include/hamroh/client.h"

namespace hamroh::bench {

class Network {
 public:
  struct Wanted {
    std::string name;
    std::string kind;
  };
  // Founds a network of these members below `directory` (a new temporary one below it is made),
  // admits and joins them. Programs are taken from `programs`. Errors come as text.
  [[nodiscard]] static tl::expected<Network, std::string> found(const std::string& directory,
                                                                const std::string& programs,
                                                                const std::vector<Wanted>& members);
  Network(Network&& other) noexcept;
  Network& operator=(Network&&) = delete;
  ~Network();

  // `descriptors_max`: the node's hard limit of open files; 0 leaves it as it is. `more`: further
  // options of hamrohd.
  [[nodiscard]] tl::expected<void, std::string> start(std::size_t member,
                                                      std::uint64_t descriptors_max = 0,
                                                      const std::vector<std::string>& more = {});
  // As a program of that member that may do whatever programs may; the account is made by the first
  // call.
  [[nodiscard]] Result<Client> connect(std::size_t member);
  // Its key file.
  [[nodiscard]] std::string key_file(std::size_t member) const { return homes_[member] + ".key"; }
  void stop(std::size_t member);  // SIGTERM, then waits
  void kill(std::size_t member);  // SIGKILL
  void kill_link(std::size_t member);
  [[nodiscard]] const std::string& home(std::size_t member) const { return homes_[member]; }
  [[nodiscard]] pid_t process(std::size_t member) const { return processes_[member]; }
  [[nodiscard]] pid_t link_process(std::size_t member) const;
  [[nodiscard]] const std::string& root() const { return root_; }

 private:
  Network() = default;
  std::string root_;
  std::string programs_;
  std::vector<std::string> homes_;
  std::vector<pid_t> processes_;
};

// A TCP port on the loopback interface that nobody listens on.
[[nodiscard]] int free_port();
// User and system time of a process so far, in microseconds; 0 if it is gone.
[[nodiscard]] std::uint64_t cpu_us(pid_t process);
// Proportional set size in KiB.
[[nodiscard]] std::uint64_t pss_kib(pid_t process);
[[nodiscard]] std::uint64_t peak_rss_kib(pid_t process);
[[nodiscard]] std::uint64_t directory_bytes(const std::string& directory);
// Where this program stands.
[[nodiscard]] std::string own_directory();

}  // namespace hamroh::bench
