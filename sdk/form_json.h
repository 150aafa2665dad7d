// Forms as JSON, the way people and case-management systems write them (version "referral/1").
//
// Strict: unknown and doubled keys, wrong types, bad UTF-8, numbers out of range and too deep
// nesting are refused while parsing, with the path of the field, what was found and what is
// allowed. The rules of the form itself are protocol/form.h's find_fault.
#pragma once

#include <string>

#include "protocol/form.h"

namespace hamroh {

[[nodiscard]] tl::expected<ReferralForm, FormFault> parse_form_json(std::string_view json);
// Services as JSON (version "services/1"): what a member gives, and for how many days that holds.
struct ServicesFile {
  ServiceStatement statement;    // valid from the epoch on: add valid_days to now
  std::uint32_t valid_days = 0;  // 1 to 31
};
[[nodiscard]] tl::expected<ServicesFile, FormFault> parse_services_json(std::string_view json);
// What a decision on a status rests on (version "status_file/1").
[[nodiscard]] tl::expected<StatusFile, FormFault> parse_status_file_json(std::string_view json);
// A consent by itself, as it stands in a form.
[[nodiscard]] tl::expected<Consent, FormFault> parse_consent_json(std::string_view json);
// Parses back to the same form, if nothing of it is committed to only.
[[nodiscard]] std::string to_json(const ReferralForm& form);
[[nodiscard]] std::string to_json(const Decision& decision);
[[nodiscard]] std::string to_json(const NoteText& note);
[[nodiscard]] std::string to_json(const Particulars& particulars);
// Parses back to the same file.
[[nodiscard]] std::string to_json(const StatusFile& file);
[[nodiscard]] std::string to_json(const DisclosedFields& fields);
[[nodiscard]] std::string to_json(const DeadlineStatement& missed);
[[nodiscard]] std::string to_json(const Consent& consent);
[[nodiscard]] std::string to_json(const ConsentStatement& statement);
[[nodiscard]] std::string to_json(const ConsentApplied& applied);
// One service of a statement, as an object.
[[nodiscard]] std::string to_json(const OfferedService& offered);

}  // namespace hamroh
