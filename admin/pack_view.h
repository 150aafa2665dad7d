// A jurisdiction pack in plain words, in English, Russian or Tajik. Pure: values in, strings out;
// labels were checked to be plain text, so what is shown is safe for terminals.
#pragma once

#include <string>
#include <vector>

#include "protocol/pack.h"
#include "protocol/pack_file.h"

namespace hamroh {

// "en", "ru" or "tg".
[[nodiscard]] std::optional<Language> parse_language(std::string_view name);
// "3 working days", "15 min" in that language; "not set" for nothing.
[[nodiscard]] std::string period_text(const std::optional<Period>& period, Language language);
// All of it: who decides, by when, what is kept how long, every code with its label, and at the end
// what is not set yet.
[[nodiscard]] std::string pack_text(const Pack& pack, const Digest& sha256, Language language);

// A clock's times by urgency, pauses and gaps, for programs:
// {"id", "sha256", "jurisdiction", "valid_from", "clocks": {NAME: {"emergency": TEXT or null, …}},
//  "unset": [{"path", "missing"}, …]}
[[nodiscard]] std::string pack_json(const Pack& pack, const Digest& sha256);
[[nodiscard]] std::string gaps_json(const std::vector<PackGap>& gaps);
[[nodiscard]] std::string mistakes_json(const std::vector<PackMistake>& mistakes);

}  // namespace hamroh
