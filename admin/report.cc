#include "admin/report.h"

#include <cstdio>
#include <nlohmann/json.hpp>

#include "protocol/text.h"

namespace hamroh {

int refuse(bool json, const std::string& where, const Error& error, const std::string& remedy) {
  return refuse(json, where, error.code, error.text, remedy);
}

int refuse(bool json, const std::string& where, Code code, const std::string& text,
           const std::string& remedy) {
  if (json) {
    std::printf("{\"error\": %s, \"text\": %s, \"where\": %s, \"remedy\": %s}\n",
                json_string(code_name(code)).c_str(), json_string(text).c_str(),
                json_string(where).c_str(), json_string(remedy).c_str());
  }
  std::fprintf(stderr, "%s: %s (%s)\n", escape_for_terminal(where).c_str(),
               escape_for_terminal(text).c_str(), code_name(code));
  if (!remedy.empty()) {
    std::fprintf(stderr, "  %s\n", escape_for_terminal(remedy, Lines::many).c_str());
  }
  return exit_refused;
}

std::string json_string(std::string_view text) {
  return nlohmann::json(std::string(text))
      .dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

}  // namespace hamroh
