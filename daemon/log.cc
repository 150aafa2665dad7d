#include "daemon/log.h"

#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

namespace hamroh::log {
namespace {

bool as_json = false;

std::string value_of(const Field& field) {
  if (const auto* number = std::get_if<std::uint64_t>(&field.value)) {
    return std::to_string(*number);
  }
  const auto* literal = std::get_if<const char*>(&field.value);
  const std::string text = literal != nullptr ? *literal : std::get<std::string>(field.value);
  // Static texts and hex hold nothing that would need escaping; whatever else comes is cut to
  // letters.
  std::string clean;
  for (const char c : text) {
    clean += c >= ' ' && c <= '~' && c != '"' && c != '\\' ? c : '?';
  }
  return '"' + clean + '"';
}

std::string line_of(const char* event, std::initializer_list<Field> fields) {
  std::string line = as_json ? "\"event\":\"" + std::string(event) + "\"" : event;
  for (const Field& field : fields) {
    line += as_json ? ",\"" + std::string(field.name) + "\":" : " " + std::string(field.name) + "=";
    line += value_of(field);
  }
  return line;
}

}  // namespace

void start(const std::string& level, bool json) {
  as_json = json;
  auto logger = spdlog::stderr_logger_st("hamroh");
  spdlog::set_default_logger(logger);
  spdlog::set_level(spdlog::level::from_str(level));
  spdlog::set_pattern(json ? R"({"time":"%Y-%m-%dT%H:%M:%S.%eZ","level":"%l",%v})"
                           : "%Y-%m-%dT%H:%M:%S.%eZ %-5l %v",
                      spdlog::pattern_time_type::utc);
}

void write(Level level, const char* event, std::initializer_list<Field> fields) {
  const auto mapped = static_cast<spdlog::level::level_enum>(level);
  if (spdlog::should_log(mapped)) {
    spdlog::log(mapped, "{}", line_of(event, fields));
  }
}

}  // namespace hamroh::log
