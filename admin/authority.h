// What administrators do together: found a network, admit members, publish the directory.
//
// The one-machine form: DIR holds every administrator's key, so one hand holds them all. It is for
// trials, and says so. Files of DIR:
//   network.hamroh              the founding constitution, signed by all: give it to everybody
//   directory.hamroh            the newest directory; history/directory-N.hamroh each version
//   administrators/NAME.key     32-byte seeds, mode 0600
#pragma once

#include <string>
#include <vector>

#include "protocol/directory.h"

namespace hamroh {

struct Founding {
  std::string directory;
  std::string network_name;
  std::vector<std::string> administrators;
  std::uint32_t threshold = 0;
  Duration validity;
  Timestamp now;
};
struct Founded {
  NetworkId network;
};
[[nodiscard]] Result<Founded> found_network(const Founding& founding);

struct Admission {
  std::string directory;
  std::vector<std::string> requests;  // files
  std::vector<std::string> signers;   // administrators' names
  std::string out;
  Duration validity;
  Timestamp now;
};
struct Admitted {
  std::uint64_t version = 0;
  std::vector<Member> members;  // the new ones
};
struct AuthorityFault {
  Error error;
  std::string where;  // the file or name concerned
  std::string remedy;
};
[[nodiscard]] tl::expected<Admitted, AuthorityFault> admit_members(const Admission& admission);

// Verifies a directory under a constitution, both from files.
[[nodiscard]] Result<VerifiedDirectory> check_directory(ByteView network_file,
                                                        ByteView directory_file);

}  // namespace hamroh
