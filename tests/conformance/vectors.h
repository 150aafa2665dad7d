// One kind of vector file: its name, and how its vectors are held against the product.
#pragma once

#include <functional>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <string>
#include <vector>

#include "protocol/types.h"

namespace hamroh::conformance {

using Json = nlohmann::json;

struct Count {
  std::size_t passed = 0;
  std::size_t failed = 0;
  std::string first_failure;  // which vector, and what was wrong

  void take(bool good, const std::string& which) {
    if (good) {
      ++passed;
      return;
    }
    if (++failed == 1) {
      first_failure = which;
    }
  }
};

// May throw what the JSON library throws, or std::runtime_error, for a file of another form.
using Check = std::function<void(const Json& file, Count& count)>;
struct Kind {
  std::string name;  // of the file
  Check check;
};

[[nodiscard]] std::vector<Kind> published_kinds();
[[nodiscard]] std::vector<Kind> golden_kinds();

// Our own vectors, made from fixed seeds: file name and content.
[[nodiscard]] std::vector<std::pair<std::string, Json>> make_golden();

// golden_attachments.cc
[[nodiscard]] Json make_attachments();
void check_attachments(const Json& file, Count& count);

[[nodiscard]] inline Bytes hex_at(const Json& item, const char* key) {
  const auto bytes = from_hex(item.at(key).get<std::string>());
  if (!bytes) {
    throw std::runtime_error(std::string(key) + " is not hex");
  }
  return *bytes;
}
template <class Fixed>
[[nodiscard]] Fixed fixed_at(const Json& item, const char* key) {
  const auto value = Fixed::from(hex_at(item, key));
  if (!value) {
    throw std::runtime_error(std::string(key) + " has another length");
  }
  return *value;
}

}  // namespace hamroh::conformance
