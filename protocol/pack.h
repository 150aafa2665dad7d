// The jurisdiction pack: which bodies decide where, by when, on what grounds, in which words.
//
// Plain values and their validator; protocol/pack_file reads them from TOML. What is signed is the
// file's bytes: the directory names their SHA-256, and nothing is ever written again from these
// values. A case pins that hash; a later pack changes none of its deadlines.
//
// What only somebody who knows the law can say may be *unset* (std::nullopt): the clocks of status
// decision, confirmation and appeal, pre-status, votes, retention. Unset means that nothing is ever
// due, nothing lapses and nothing is erased by itself; `unset_of` lists it, so that nobody mistakes
// a gap for a rule. Everything else must be there, labelled in all three languages.
#pragma once

#include <array>
#include <map>
#include <string>
#include <vector>

#include "protocol/deadline.h"
#include "protocol/form.h"
#include "protocol/types.h"

namespace hamroh {

namespace limits {
inline constexpr std::size_t pack_bytes_max = 192 * 1024;  // the file; it fits one envelope
inline constexpr std::size_t pack_faults_max = 100;        // told at once
inline constexpr std::size_t pack_label_characters_max = 160;
inline constexpr std::size_t pack_districts_max = 1'024;
inline constexpr std::size_t pack_district_depth_max = 4;
inline constexpr std::size_t pack_bodies_max = 512;
inline constexpr std::size_t pack_codes_max = 128;  // of one list
inline constexpr std::size_t pack_texts_max = 16;
inline constexpr std::size_t pack_forms_max = 8;
inline constexpr std::size_t pack_warnings_max = 4;
inline constexpr std::size_t pack_fund_steps_max = 8;
inline constexpr std::uint32_t pack_quota_max = 1'000'000;
inline constexpr std::uint32_t commissioners_max = 32;
inline constexpr std::uint64_t fund_amount_max = 1'000'000'000'000;  // minor units
inline constexpr std::uint64_t clock_minutes_max = 3 * 366 * 24 * 60;
}  // namespace limits

// The languages of every label, in the order of names_of.
enum class Language : std::uint8_t { english = 1, russian = 2, tajik = 3 };
[[nodiscard]] std::span<const CodeName> names_of(Language);  // en, ru, tg

struct Labels {
  std::array<std::string, 3> texts;  // by language; one line of plain text each
  [[nodiscard]] const std::string& in(Language language) const {
    return texts.at(static_cast<std::size_t>(language) - 1);
  }
  bool operator==(const Labels&) const = default;
};

struct PackCode {
  std::string code;  // a letter, then a–z 0–9 _, at most 64
  Labels labels;
  bool operator==(const PackCode&) const = default;
};

struct District {
  std::string code;    // "TJ-SU-KHUJAND": the jurisdiction, then A–Z 0–9 in parts
  std::string within;  // the code of a district before it; empty for those of the first level
  Labels labels;
  bool operator==(const District&) const = default;
};

// Explicit, never reused.
enum class BodyRole : std::uint8_t {
  commission = 1,   // decides on the status
  ministry = 2,     // confirms or returns
  appeal_body = 3,  // decides appeals
  police = 4,
  relief_fund = 5,
  oversight = 6,
};
[[nodiscard]] std::span<const CodeName> names_of(BodyRole);

struct Body {
  std::string code;
  BodyRole role{};
  std::vector<std::string> districts;  // with everything within them
  std::optional<MemberId> member;      // by which member of the network it acts; absent: not named
  Labels labels;
  bool operator==(const Body&) const = default;
};

// What a ground has to be accompanied by.
enum class GroundDetail : std::uint8_t { nothing = 1, text = 2, body = 3, article = 4 };
[[nodiscard]] std::span<const CodeName> names_of(GroundDetail);

struct Ground {
  std::string code;
  GroundDetail needs = GroundDetail::nothing;
  std::string article;  // of law, in words; empty: not entered
  Labels labels;
  bool operator==(const Ground&) const = default;
};
enum class GroundList : std::uint8_t {
  refusal = 1,          // of the status
  ministry_return = 2,  // to the commission
  keeping = 3,          // after consent was withdrawn
  fund_refusal = 4,
};
inline constexpr std::size_t ground_lists_count = 4;
[[nodiscard]] std::span<const CodeName> names_of(GroundList);

// The lists of the form that belong to the jurisdiction.
enum class PackList : std::uint8_t {
  reason = 1,
  documents = 2,
  act = 3,
  means = 4,
  purpose = 5,
  access_needs = 6,
  safety_risks = 7,
  purposes = 8,  // of a consent
  requested_by = 9,
  fund_purposes = 10,
};
inline constexpr std::size_t code_lists_count = 10;
[[nodiscard]] std::span<const CodeName> names_of(PackList);

struct TextVersion {  // of a consent text
  std::string version;
  std::array<Digest, 3> sha256;  // of the text's bytes, by language
  bool operator==(const TextVersion&) const = default;
};

struct Votes {
  std::uint32_t needed = 0;  // k; more than half of `of`
  std::uint32_t of = 0;      // n: how many commissioners are named for a case
  bool operator==(const Votes&) const = default;
};

struct PreStatus {
  std::optional<bool> available;
  std::optional<Period> lasts;
  std::vector<Period> warnings;  // this long before it lapses; minutes only, longest first
  bool operator==(const PreStatus&) const = default;
};

// How long is kept what no longer serves; `unset` keeps until people erase it.
struct Retention {
  std::optional<Period> closed_case;
  std::optional<Period> declined_referral;
  std::optional<Period> withdrawn_consent;  // where there is a ground for keeping
  std::optional<Period> attachments;        // of a closed case
  std::optional<Period> fund_records;
  bool operator==(const Retention&) const = default;
};

struct Quotas {  // of one member to one other, a day
  std::uint32_t messages = 0;
  std::uint32_t referrals = 0;
  std::uint32_t emergencies = 0;
  std::uint32_t attachment_mib = 0;
  bool operator==(const Quotas&) const = default;
};

struct FundStep {           // up to this amount, so many of the fund's holders have to approve
  std::uint64_t up_to = 0;  // minor units
  std::uint32_t needed = 0;
  std::uint32_t of = 0;
  bool operator==(const FundStep&) const = default;
};

struct Fund {
  std::string currency;                  // ISO 4217
  std::vector<FundStep> steps;           // amounts rise; a request beyond the last one is refused
  std::uint64_t approver_day_limit = 0;  // what one holder may approve in a day, minor units
  bool operator==(const Fund&) const = default;
};

struct Pack {
  std::string id;            // "example/2026-1": name and version
  std::string jurisdiction;  // ISO 3166-1 alpha-2
  Date valid_from;           // from the beginning of this day there
  Labels name;
  std::vector<std::string> forms;  // versions of the form: "referral/1"
  std::vector<TextVersion> texts;
  Calendar calendar;
  std::array<ClockRule, clocks_count> clocks;
  std::vector<District> districts;
  std::vector<Body> bodies;
  std::array<std::vector<Ground>, ground_lists_count> grounds;
  std::array<std::vector<PackCode>, code_lists_count> codes;
  std::optional<Votes> status_votes;
  std::optional<Votes> appeal_votes;
  PreStatus pre_status;
  Retention retention;
  Quotas quotas;
  std::optional<Fund> fund;  // absent: there is none, or its rules are not known
  bool operator==(const Pack&) const = default;

  [[nodiscard]] const ClockRule& clock(Clock which) const {
    return clocks.at(static_cast<std::size_t>(which) - 1);
  }
  [[nodiscard]] const std::vector<Ground>& grounds_of(GroundList list) const {
    return grounds.at(static_cast<std::size_t>(list) - 1);
  }
  [[nodiscard]] const std::vector<PackCode>& codes_of(PackList list) const {
    return codes.at(static_cast<std::size_t>(list) - 1);
  }
};

// May be unset: only the law says them.
[[nodiscard]] bool is_statutory(Clock clock);

// A mistake, in the words of the file: `path` is "clocks.receipt.urgent".
struct PackFault {
  std::string path;
  std::string what;
  std::string remedy;
  bool operator==(const PackFault&) const = default;
};
// Everything that is wrong with the values, in the order of the struct, at most pack_faults_max.
[[nodiscard]] std::vector<PackFault> faults_of(const Pack& pack);

// What is not known yet, by path, with what has to be looked up. Empty for a pack that is all set.
struct PackGap {
  std::string path;  // "clocks.appeal.normal", or "bodies.commission" of a district
  std::string missing;
  std::string district;  // where a body is missing; otherwise empty
};
[[nodiscard]] std::vector<PackGap> unset_of(const Pack& pack);

[[nodiscard]] const District* find_district(const Pack& pack, std::string_view code);
[[nodiscard]] bool has_code(const Pack& pack, PackList list, std::string_view code);
[[nodiscard]] const Ground* find_ground(const Pack& pack, GroundList list, std::string_view code);
// The body of that role which is competent in a district; nothing if none is named.
[[nodiscard]] const Body* body_for(const Pack& pack, BodyRole role, std::string_view district);
// The first code of a valid form that this pack does not have.
[[nodiscard]] std::optional<FormFault> find_fault(const ReferralForm& form, const Pack& pack);

}  // namespace hamroh
