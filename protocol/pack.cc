#include "protocol/pack.h"

#include <algorithm>
#include <set>

#include "protocol/constants.h"
#include "protocol/text.h"

namespace hamroh {
namespace {

static_assert(limits::pack_bytes_max + 8 * 1024 < limits::envelope_plaintext_max,
              "a pack travels in one envelope");

constexpr std::size_t code_bytes_max = 64;

constexpr std::array<CodeName, 3> languages{{{1, "en"}, {2, "ru"}, {3, "tg"}}};
constexpr std::array<CodeName, 6> roles{{{1, "commission"},
                                         {2, "ministry"},
                                         {3, "appeal_body"},
                                         {4, "police"},
                                         {5, "relief_fund"},
                                         {6, "oversight"}}};
constexpr std::array<CodeName, 4> details{
    {{1, "nothing"}, {2, "text"}, {3, "body"}, {4, "article"}}};
constexpr std::array<CodeName, ground_lists_count> ground_lists{
    {{1, "refusal"}, {2, "return"}, {3, "keeping"}, {4, "fund_refusal"}}};
constexpr std::array<CodeName, code_lists_count> code_lists{{{1, "reason"},
                                                             {2, "documents"},
                                                             {3, "act"},
                                                             {4, "means"},
                                                             {5, "purpose"},
                                                             {6, "access_needs"},
                                                             {7, "safety_risks"},
                                                             {8, "purposes"},
                                                             {9, "requested_by"},
                                                             {10, "fund_purposes"}}};

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}
bool is_small(char c) {
  return c >= 'a' && c <= 'z';
}
bool is_capital(char c) {
  return c >= 'A' && c <= 'Z';
}

// A subset of what the form accepts as a code, so that each code can be sent.
bool is_code(std::string_view text) {
  return !text.empty() && text.size() <= code_bytes_max && is_small(text.front()) &&
         std::ranges::all_of(text, [](char c) { return is_small(c) || is_digit(c) || c == '_'; });
}

bool is_capitals(std::string_view text, std::size_t length) {
  return text.size() == length && std::ranges::all_of(text, is_capital);
}

bool is_district_code(std::string_view text, std::string_view jurisdiction) {
  return text.size() <= code_bytes_max && text.starts_with(jurisdiction) &&
         text.size() > jurisdiction.size() + 1 && text[jurisdiction.size()] == '-' &&
         text.back() != '-' && text.find("--") == std::string_view::npos &&
         std::ranges::all_of(text, [](char c) { return is_capital(c) || is_digit(c) || c == '-'; });
}

// "example/2026-1"
bool is_version(std::string_view text) {
  const std::size_t slash = text.find('/');
  return text.size() <= code_bytes_max && slash != std::string_view::npos && slash > 0 &&
         slash + 1 < text.size() && slash == text.rfind('/') &&
         std::ranges::all_of(text, [](char c) {
           return is_small(c) || is_digit(c) || c == '/' || c == '.' || c == '-';
         });
}

std::string quoted(std::string_view text) {
  constexpr std::size_t shown_max = 60;
  return "\"" + escape_for_terminal(text.substr(0, shown_max)) +
         (text.size() > shown_max ? "…\"" : "\"");
}

std::string item(const std::string& path, std::size_t index) {
  return path + "[" + std::to_string(index) + "]";
}

// Walks a pack in the order of its fields and remembers what is wrong.
class Inspector {
 public:
  std::vector<PackFault> faults;

  bool require(bool good, const std::string& path, const std::string& what,
               const std::string& remedy) {
    if (!good && faults.size() < limits::pack_faults_max) {
      faults.push_back({path, what, remedy});
    }
    return good;
  }
  void count(std::size_t size, std::size_t max, const std::string& path) {
    require(size <= max, path, std::to_string(size) + " entries are too many",
            "Keep at most " + std::to_string(max) + ".");
  }
  void labels(const Labels& labels, const std::string& path) {
    for (const CodeName& language : languages) {
      const std::string& text = labels.in(static_cast<Language>(language.value));
      const std::string at = path + "." + language.name;
      if (!require(!text.empty(), at, path + " has no label in " + std::string(language.name),
                   "Add " + std::string(language.name) +
                       " = \"…\": every label stands in "
                       "English (en), Russian (ru) and Tajik (tg).")) {
        continue;
      }
      require(is_plain_text(text), at,
              "the label has control, invisible or direction-changing characters: " + quoted(text),
              "Type it anew, on one line.");
      require(text.front() != ' ' && text.back() != ' ', at,
              "the label begins or ends with a blank", "Remove the blank.");
      require(count_characters(text) <= limits::pack_label_characters_max, at,
              "the label is too long",
              "Keep at most " + std::to_string(limits::pack_label_characters_max) + " characters.");
    }
  }
  void period(const std::optional<Period>& period, const std::string& path,
              std::uint64_t minutes_max) {
    if (!period) {
      return;
    }
    require(period->count > 0, path, "a time of zero would be over at once",
            "Write a number above zero, or \"unset\" where the pack allows it.");
    require(least_minutes(*period) <= minutes_max, path, "the time is too long",
            "Keep it within " + std::to_string(minutes_max / (366 * 24 * 60)) + " years.");
  }
  void code(std::string_view code, const std::string& path) {
    require(is_code(code), path, quoted(code) + " is not a code",
            "Use at most 64 of a–z, 0–9 and _, beginning with a letter.");
  }
  template <class Entry>
  void once(const std::vector<Entry>& entries, const std::string& path) {
    std::set<std::string_view> seen;
    for (const Entry& entry : entries) {
      require(seen.insert(entry.code).second, path + "." + entry.code, "it stands twice",
              "Keep one of them.");
    }
  }
  // People choose by label: two codes of a list that look alike would be mixed up.
  template <class Entry>
  void told_apart(const std::vector<Entry>& entries, const std::string& path) {
    std::array<std::map<std::string_view, std::string_view>, languages.size()> seen;
    for (const Entry& entry : entries) {
      for (const CodeName& language : languages) {
        const std::string& text = entry.labels.in(static_cast<Language>(language.value));
        const auto [at, fresh] = seen.at(language.value - 1U).emplace(text, entry.code);
        require(fresh || text.empty(), path + "." + entry.code + "." + language.name,
                "the label is that of " + std::string(at->second) + ", too",
                "Word them so that people can tell them apart.");
      }
    }
  }
  void votes(const std::optional<Votes>& votes, const std::string& path) {
    if (!votes) {
      return;
    }
    require(votes->of >= 1 && votes->of <= limits::commissioners_max, path + ".of",
            std::to_string(votes->of) + " commissioners are not possible",
            "Write 1 to " + std::to_string(limits::commissioners_max) + ".");
    require(votes->needed <= votes->of, path + ".needed",
            "more votes are needed than there are commissioners", "Write at most `of`.");
    require(votes->needed * 2ULL > votes->of, path + ".needed",
            "two opposite decisions could both have enough votes", "Write more than half of `of`.");
  }
};

// ---- calendar and clocks

template <class Day>
void inspect_days(Inspector& check, const std::vector<Day>& days, const std::string& path) {
  for (std::size_t i = 1; i < days.size(); ++i) {
    check.require(days[i - 1] < days[i], item(path, i),
                  days[i - 1] == days[i] ? "the same day stands twice"
                                         : "this day comes before the one in front of it",
                  days[i - 1] == days[i] ? "Keep it once." : "List the days in order.");
  }
}

void inspect(Inspector& check, const Calendar& calendar) {
  const std::string path = "calendar.";
  check.require(calendar.utc_offset_minutes >= -720 && calendar.utc_offset_minutes <= 840 &&
                    calendar.utc_offset_minutes % 15 == 0,
                path + "utc_offset", "there is no such offset",
                "Write \"-12:00\" to \"+14:00\", in quarters of an hour.");
  check.require(static_cast<std::size_t>(std::ranges::count(calendar.weekend, true)) <=
                    Calendar::weekend_days_max,
                path + "weekend", "too few days are left to work", "Keep at most 3 days.");
  check.count(calendar.annual.size(), Calendar::annual_max, path + "annual_holidays");
  check.count(calendar.holidays.size(), Calendar::dates_max, path + "holidays");
  check.count(calendar.working.size(), Calendar::dates_max, path + "worked");
  for (std::size_t i = 0; i < calendar.annual.size(); ++i) {
    const AnnualDay& day = calendar.annual[i];
    check.require(is_date({2000, day.month, day.day}), item(path + "annual_holidays", i),
                  "there is no such day", "Write month and day, such as \"03-08\".");
  }
  for (const auto& [days, name] :
       {std::pair(&calendar.holidays, "holidays"), std::pair(&calendar.working, "worked")}) {
    for (std::size_t i = 0; i < days->size(); ++i) {
      check.require(is_date((*days)[i]), item(path + name, i), "there is no such day",
                    "Write a date from 1970 to 9999, such as 2026-11-20.");
    }
    inspect_days(check, *days, path + name);
  }
  inspect_days(check, calendar.annual, path + "annual_holidays");
  Calendar without = calendar;
  without.working.clear();
  for (std::size_t i = 0; i < calendar.working.size(); ++i) {
    const Date& date = calendar.working[i];
    check.require(!is_date(date) || !is_working_day(without, day_number(date)),
                  item(path + "worked", i), "this is a working day anyway",
                  "List only days of a weekend or holiday that are worked.");
  }
  check.require(!calendar.known_until || is_date(*calendar.known_until), path + "known_until",
                "there is no such day", "Write a date such as 2027-12-31.");
}

// The clock that comes back to itself when one follows what each pauses for.
bool pauses_in_a_circle(const Pack& pack, Clock clock) {
  std::optional<Clock> at = pack.clock(clock).pauses_during;
  for (std::size_t steps = 0; at && steps < clocks_count; ++steps) {
    if (*at == clock) {
      return true;
    }
    at = pack.clock(*at).pauses_during;
  }
  return false;
}

void inspect_clock(Inspector& check, const Pack& pack, const CodeName& name) {
  const Clock clock = static_cast<Clock>(name.value);
  const ClockRule& rule = pack.clock(clock);
  const std::string path = std::string("clocks.") + name.name;
  for (const CodeName& urgency : names_of(Urgency{})) {
    const std::optional<Period>& period = rule.of(static_cast<Urgency>(urgency.value));
    const std::string at = path + "." + urgency.name;
    check.require(period.has_value() || is_statutory(clock), at, "this clock cannot be unset",
                  "Write a time such as \"15 min\", \"8 h\", \"14 days\" or \"3 working days\".");
    check.period(period, at, limits::clock_minutes_max);
    check.require(!period || is_statutory(clock) || urgency.value != 1 ||
                      period->unit == Period::Unit::minutes,
                  at, "an emergency does not wait for a working day", "Write minutes or hours.");
    check.require(!period || period->unit != Period::Unit::months || !rule.pauses_during, at,
                  "a time in months cannot pause", "Write it in days, or remove pauses_during.");
  }
  for (std::size_t i = 1; i < rule.periods.size(); ++i) {
    const std::optional<Period>& sooner = rule.periods.at(i - 1);
    const std::optional<Period>& later = rule.periods.at(i);
    check.require(!sooner || !later || least_minutes(*sooner) <= least_minutes(*later),
                  path + "." + names_of(Urgency{})[i].name,
                  "the less urgent case would be due before the more urgent one",
                  "Write at least the time in front of it.");
  }
  if (!rule.pauses_during) {
    return;
  }
  check.require(!pauses_in_a_circle(pack, clock), path + ".pauses_during",
                "clocks that pause for each other in a circle would never run",
                "Remove pauses_during from one of them.");
  const ClockRule& other = pack.clock(*rule.pauses_during);
  check.require(std::ranges::all_of(other.periods, [](const auto& p) { return p.has_value(); }),
                path + ".pauses_during",
                std::string("it would stand still without end, because clocks.") +
                    name_of(*rule.pauses_during) + " is unset",
                "Set that clock, or remove pauses_during.");
}

// ---- places and bodies

using Districts = std::map<std::string_view, const District*>;

// A district and all that it lies within, innermost first.
std::vector<std::string_view> upwards(const Districts& districts, std::string_view code) {
  std::vector<std::string_view> chain;
  for (auto at = districts.find(code);
       at != districts.end() && chain.size() <= limits::pack_district_depth_max;
       at = districts.find(at->second->within)) {
    chain.push_back(at->first);
  }
  return chain;
}

Districts inspect_districts(Inspector& check, const Pack& pack) {
  check.count(pack.districts.size(), limits::pack_districts_max, "districts");
  check.require(!pack.districts.empty(), "districts", "there is no district",
                "List the districts that a referral can name.");
  Districts known;
  for (const District& district : pack.districts) {
    const std::string path = "districts." + district.code;
    check.require(!is_capitals(pack.jurisdiction, 2) ||  // told already
                      is_district_code(district.code, pack.jurisdiction),
                  path, quoted(district.code) + " is not a district code of this jurisdiction",
                  "Use " + pack.jurisdiction + "- and then parts of A–Z and 0–9, such as " +
                      pack.jurisdiction + "-SU-KHUJAND.");
    check.require(district.within.empty() || known.contains(district.within), path + ".within",
                  quoted(district.within) + " is not a district that stands before this one",
                  "List what contains a district before it.");
    check.require(known.emplace(district.code, &district).second, path, "it stands twice",
                  "Keep one of them.");
    check.require(upwards(known, district.code).size() <= limits::pack_district_depth_max, path,
                  "it lies too deep",
                  "Keep to " + std::to_string(limits::pack_district_depth_max) + " levels.");
    check.labels(district.labels, path);
  }
  return known;
}

void inspect_bodies(Inspector& check, const Pack& pack, const Districts& districts) {
  check.count(pack.bodies.size(), limits::pack_bodies_max, "bodies");
  check.once(pack.bodies, "bodies");
  std::set<std::pair<BodyRole, std::string_view>> given;  // districts that stand in a body's list
  for (const Body& body : pack.bodies) {
    const std::string path = "bodies." + body.code;
    check.code(body.code, path);
    check.labels(body.labels, path);
    check.require(!body.districts.empty(), path + ".districts", "it has no district",
                  "List its districts; what lies within them belongs to it too.");
    check.count(body.districts.size(), limits::pack_districts_max, path + ".districts");
    for (std::size_t i = 0; i < body.districts.size(); ++i) {
      const auto district = districts.find(body.districts[i]);
      if (check.require(district != districts.end(), item(path + ".districts", i),
                        quoted(body.districts[i]) + " is not a district of this pack",
                        "Write a code that stands under [districts].")) {
        const bool fresh = given.emplace(body.role, district->first).second;
        check.require(fresh, item(path + ".districts", i),
                      quoted(body.districts[i]) + " has a body of this role already",
                      "Give each district to one body of a role.");
      }
    }
  }
  for (const Body& body : pack.bodies) {
    for (std::size_t i = 0; i < body.districts.size(); ++i) {
      const auto above = districts.find(body.districts[i]);
      if (above != districts.end() && !above->second->within.empty()) {
        const std::string_view parent = above->second->within;
        for (const std::string_view at : upwards(districts, parent)) {
          check.require(!given.contains({body.role, at}),
                        item("bodies." + body.code + ".districts", i),
                        quoted(body.districts[i]) + " lies within " + quoted(at) +
                            ", which has a body of this role already",
                        "Give each district to one body of a role, without overlap.");
        }
      }
    }
  }
  for (const Body& body : pack.bodies) {
    if (body.role != BodyRole::appeal_body || !body.member) {
      continue;
    }
    const bool decides_first = std::ranges::any_of(pack.bodies, [&](const Body& other) {
      return other.role == BodyRole::commission && other.member == body.member;
    });
    check.require(!decides_first, "bodies." + body.code + ".member",
                  "the same member would decide first and on appeal",
                  "Name another member: an appeal is decided by others.");
  }
}

// ---- words

void inspect_lists(Inspector& check, const Pack& pack) {
  for (const CodeName& list : ground_lists) {
    const std::vector<Ground>& grounds = pack.grounds_of(static_cast<GroundList>(list.value));
    const std::string path = std::string("grounds.") + list.name;
    check.count(grounds.size(), limits::pack_codes_max, path);
    check.require(!grounds.empty() || (list.value == 4 && !pack.fund), path, "there is no ground",
                  "List at least one.");
    check.once(grounds, path);
    check.told_apart(grounds, path);
    for (const Ground& ground : grounds) {
      check.code(ground.code, path + "." + ground.code);
      check.require(ground.article.size() <= 256 && is_plain_text(ground.article),
                    path + "." + ground.code + ".article", "this cannot be shown",
                    "Write one line of at most 256 bytes, such as \"Law 1096, article 22\".");
      check.labels(ground.labels, path + "." + ground.code);
    }
  }
  for (const CodeName& list : code_lists) {
    const std::vector<PackCode>& codes = pack.codes_of(static_cast<PackList>(list.value));
    const std::string path = std::string("codes.") + list.name;
    check.count(codes.size(), limits::pack_codes_max, path);
    check.require(!codes.empty() || (list.value == 10 && !pack.fund), path, "there is no code",
                  "List at least one.");
    check.once(codes, path);
    check.told_apart(codes, path);
    for (const PackCode& code : codes) {
      check.code(code.code, path + "." + code.code);
      check.labels(code.labels, path + "." + code.code);
    }
  }
}

void inspect_texts(Inspector& check, const Pack& pack) {
  check.count(pack.forms.size(), limits::pack_forms_max, "forms");
  check.require(!pack.forms.empty(), "forms", "no version of the form is allowed",
                "Write forms = [\"referral/1\"].");
  for (std::size_t i = 0; i < pack.forms.size(); ++i) {
    check.require(is_version(pack.forms[i]), item("forms", i),
                  quoted(pack.forms[i]) + " is not a version", "Write one such as referral/1.");
    check.require(i >= limits::pack_forms_max || std::ranges::count(pack.forms, pack.forms[i]) == 1,
                  item("forms", i), "it stands twice", "Keep one of them.");
  }
  check.count(pack.texts.size(), limits::pack_texts_max, "texts");
  check.require(!pack.texts.empty(), "texts", "there is no consent text",
                "Add [texts.\"consent/…\"] with the SHA-256 of the text in each language.");
  std::set<std::string_view> seen;
  for (const TextVersion& text : pack.texts) {
    const std::string path = "texts." + text.version;
    check.require(is_version(text.version), path, quoted(text.version) + " is not a version",
                  "Write one such as consent/2026-1.");
    check.require(seen.insert(text.version).second, path, "it stands twice", "Keep one of them.");
    for (const CodeName& language : languages) {
      check.require(!text.sha256.at(language.value - 1U).is_zero(), path + "." + language.name,
                    "the text's SHA-256 in " + std::string(language.name) +
                        " is missing, or is not 64 hex digits",
                    "Write the 64 hex digits that sha256sum prints for the text's file.");
    }
  }
}

// ---- numbers

void inspect_numbers(Inspector& check, const Pack& pack) {
  check.votes(pack.status_votes, "status.votes");
  check.votes(pack.appeal_votes, "appeal.votes");
  const PreStatus& pre = pack.pre_status;
  const bool available = pre.available.value_or(false);
  check.period(pre.lasts, "pre_status.lasts", limits::clock_minutes_max);
  check.require(available || (!pre.lasts && pre.warnings.empty()), "pre_status",
                "its length is set although it is not available",
                "Remove lasts and warnings, or write available = true.");
  check.count(pre.warnings.size(), limits::pack_warnings_max, "pre_status.warnings");
  for (std::size_t i = 0; i < pre.warnings.size(); ++i) {
    const std::string at = item("pre_status.warnings", i);
    check.period(pre.warnings[i], at, limits::clock_minutes_max);
    check.require(pre.warnings[i].unit == Period::Unit::minutes, at,
                  "a warning comes a fixed time before the end", "Write hours or days.");
    check.require(i == 0 || pre.warnings[i].count < pre.warnings[i - 1].count, at,
                  "warnings come one after the other", "Write the longest time first.");
    check.require(!pre.lasts || least_minutes(pre.warnings[i]) < least_minutes(*pre.lasts), at,
                  "the warning would come before the pre-status begins",
                  "Write less than `lasts`.");
  }
  constexpr std::uint64_t century = 100 * 366 * 24 * 60;
  check.period(pack.retention.closed_case, "retention.closed_case", century);
  check.period(pack.retention.declined_referral, "retention.declined_referral", century);
  check.period(pack.retention.withdrawn_consent, "retention.withdrawn_consent", century);
  check.period(pack.retention.attachments, "retention.attachments", century);
  check.period(pack.retention.fund_records, "retention.fund_records", century);
  for (const auto& [value, name] :
       {std::pair(pack.quotas.messages, "messages"), std::pair(pack.quotas.referrals, "referrals"),
        std::pair(pack.quotas.emergencies, "emergencies"),
        std::pair(pack.quotas.attachment_mib, "attachment_mib")}) {
    check.require(value >= 1 && value <= limits::pack_quota_max, std::string("quotas.") + name,
                  "a quota of " + std::to_string(value) + " is not possible",
                  "Write 1 to " + std::to_string(limits::pack_quota_max) + ", by member and day.");
  }
}

void inspect_fund(Inspector& check, const Fund& fund) {
  check.require(is_capitals(fund.currency, 3), "fund.currency",
                quoted(fund.currency) + " is not a currency",
                "Write the three letters of ISO 4217, such as \"TJS\".");
  check.require(!fund.steps.empty(), "fund.steps", "nothing can be approved",
                "Add a step: {up_to = 50000, needed = 1, of = 3}.");
  check.count(fund.steps.size(), limits::pack_fund_steps_max, "fund.steps");
  const auto amount = [&check](std::uint64_t value, const std::string& path) {
    check.require(value >= 1 && value <= limits::fund_amount_max, path,
                  "an amount of " + std::to_string(value) + " is not possible",
                  "Write minor units, 1 to " + std::to_string(limits::fund_amount_max) + ".");
  };
  for (std::size_t i = 0; i < fund.steps.size(); ++i) {
    const FundStep& step = fund.steps[i];
    const std::string at = item("fund.steps", i);
    amount(step.up_to, at + ".up_to");
    check.require(
        step.needed >= 1 && step.needed <= step.of && step.of <= limits::commissioners_max,
        at + ".needed", "these approvals are not possible",
        "Write needed from 1 to `of`, and `of` up to " + std::to_string(limits::commissioners_max) +
            ".");
    check.require(
        i == 0 || (step.up_to > fund.steps[i - 1].up_to && step.needed >= fund.steps[i - 1].needed),
        at, "larger amounts do not need at least as many approvals",
        "List steps by rising amount, with approvals that do not fall.");
  }
  amount(fund.approver_day_limit, "fund.approver_day_limit");
}

template <class Entry>
const Entry* find_entry(const std::vector<Entry>& entries, std::string_view code) {
  const auto at = std::ranges::find(entries, code, &Entry::code);
  return at == entries.end() ? nullptr : &*at;
}

// ---- what is not known yet

constexpr std::array<const char*, clocks_count> missing_clocks{
    "",
    "",
    "",
    "",
    "",
    "time in which pre-status is decided",
    "time in which the commission decides on the status",
    "time in which the ministry confirms or returns a decision",
    "time in which the person can appeal",
    "time in which an appeal is decided",
    "",
    "",
    ""};

void find_unset_clocks(const Pack& pack, std::vector<PackGap>& gaps) {
  for (const CodeName& name : names_of(Clock{})) {
    const Clock clock = static_cast<Clock>(name.value);
    if (!is_statutory(clock) ||
        (clock == Clock::pre_status && pack.pre_status.available == false)) {
      continue;
    }
    for (const CodeName& urgency : names_of(Urgency{})) {
      if (!pack.clock(clock).of(static_cast<Urgency>(urgency.value))) {
        gaps.push_back({std::string("clocks.") + name.name + "." + urgency.name,
                        missing_clocks.at(name.value - 1U),
                        {}});
      }
    }
  }
}

// The largest districts in which nobody has this role, neither for all nor for a part of them.
void find_unnamed(const Pack& pack, BodyRole role, const char* missing,
                  std::vector<PackGap>& gaps) {
  std::set<std::string_view> named;
  for (const Body& body : pack.bodies) {
    if (body.role == role) {
      named.insert(body.districts.begin(), body.districts.end());
    }
  }
  std::set<std::string_view> named_below;  // in a part at least
  for (auto at = pack.districts.rbegin(); at != pack.districts.rend(); ++at) {
    if (named.contains(at->code) || named_below.contains(at->code)) {
      named_below.insert(at->within);
    }
  }
  for (const District& district : pack.districts) {  // what contains a district stands before it
    if (named.contains(district.within)) {
      named.insert(district.code);
    }
    const bool told_above = !district.within.empty() && !named_below.contains(district.within);
    if (!named.contains(district.code) && !named_below.contains(district.code) && !told_above) {
      gaps.push_back({std::string("bodies.") + name_of(role),
                      std::string(missing) + " in " + district.code, district.code});
    }
  }
}

}  // namespace

std::span<const CodeName> names_of(Language) {
  return languages;
}
std::span<const CodeName> names_of(BodyRole) {
  return roles;
}
std::span<const CodeName> names_of(GroundDetail) {
  return details;
}
std::span<const CodeName> names_of(GroundList) {
  return ground_lists;
}
std::span<const CodeName> names_of(PackList) {
  return code_lists;
}

bool is_statutory(Clock clock) {
  return clock >= Clock::pre_status && clock <= Clock::appeal_decision;
}

std::vector<PackFault> faults_of(const Pack& pack) {
  Inspector check;
  check.require(is_version(pack.id), "id", quoted(pack.id) + " is not the id of a pack",
                "Write name and version, such as \"example/2026-1\".");
  check.require(is_capitals(pack.jurisdiction, 2), "jurisdiction",
                quoted(pack.jurisdiction) + " is not a country",
                "Write the two letters of ISO 3166-1, such as \"TJ\".");
  check.require(is_date(pack.valid_from), "valid_from", "there is no such day",
                "Write a date such as 2026-12-01.");
  check.labels(pack.name, "name");
  inspect_texts(check, pack);
  inspect(check, pack.calendar);
  for (const CodeName& clock : names_of(Clock{})) {
    inspect_clock(check, pack, clock);
  }
  const Districts districts = inspect_districts(check, pack);
  inspect_bodies(check, pack, districts);
  inspect_lists(check, pack);
  inspect_numbers(check, pack);
  if (pack.fund) {
    inspect_fund(check, *pack.fund);
  }
  return check.faults;
}

std::vector<PackGap> unset_of(const Pack& pack) {
  std::vector<PackGap> gaps;
  if (!pack.calendar.known_until) {
    gaps.push_back({"calendar.known_until", "holidays that move from year to year", {}});
  }
  find_unset_clocks(pack, gaps);
  find_unnamed(pack, BodyRole::commission, "the commission that decides", gaps);
  find_unnamed(pack, BodyRole::ministry, "the ministry that confirms", gaps);
  find_unnamed(pack, BodyRole::appeal_body, "the body that decides appeals", gaps);
  const auto gap = [&gaps](bool known, const char* path, const char* missing) {
    if (!known) {
      gaps.push_back({path, missing, {}});
    }
  };
  gap(pack.status_votes.has_value(), "status.votes", "how many commissioners have to agree");
  gap(pack.appeal_votes.has_value(), "appeal.votes", "how many have to agree on an appeal");
  gap(pack.pre_status.available.has_value(), "pre_status.available",
      "whether there is a status before the decision");
  gap(pack.pre_status.available != true || pack.pre_status.lasts, "pre_status.lasts",
      "how long the pre-status lasts");
  gap(pack.retention.closed_case.has_value(), "retention.closed_case",
      "how long a closed case is kept");
  gap(pack.retention.declined_referral.has_value(), "retention.declined_referral",
      "how long a declined referral is kept");
  gap(pack.retention.withdrawn_consent.has_value(), "retention.withdrawn_consent",
      "how long may be kept what a legal ground keeps");
  gap(pack.retention.attachments.has_value(), "retention.attachments",
      "how long attachments of a closed case are kept");
  gap(pack.retention.fund_records.has_value(), "retention.fund_records",
      "how long the fund's records are kept");
  return gaps;
}

const District* find_district(const Pack& pack, std::string_view code) {
  return find_entry(pack.districts, code);
}

bool has_code(const Pack& pack, PackList list, std::string_view code) {
  return find_entry(pack.codes_of(list), code) != nullptr;
}

const Ground* find_ground(const Pack& pack, GroundList list, std::string_view code) {
  return find_entry(pack.grounds_of(list), code);
}

const Body* body_for(const Pack& pack, BodyRole role, std::string_view district) {
  std::string_view at = district;
  for (std::size_t level = 0; level <= limits::pack_district_depth_max; ++level) {
    for (const Body& body : pack.bodies) {
      if (body.role == role && std::ranges::find(body.districts, at) != body.districts.end()) {
        return &body;
      }
    }
    const District* known = find_district(pack, at);
    if (known == nullptr || known->within.empty()) {
      return nullptr;
    }
    at = known->within;
  }
  return nullptr;
}

std::optional<FormFault> find_fault(const ReferralForm& form, const Pack& pack) {
  std::optional<FormFault> fault;
  const auto require = [&fault](bool good, const std::string& path, std::string_view found,
                                const std::string& allowed) {
    if (!good && !fault) {
      fault = FormFault{path, escape_for_terminal(found), allowed};
    }
  };
  const auto code = [&](PackList list, std::string_view value, const std::string& path) {
    require(has_code(pack, list, value), path, value,
            "a code of the list " + std::string(name_of(list)) + " of the pack " + pack.id);
  };
  const auto codes = [&](PackList list, const std::vector<std::string>& values,
                         const std::string& path) {
    for (std::size_t i = 0; i < values.size(); ++i) {
      code(list, values[i], item(path, i));
    }
  };
  const Triage& triage = form.triage;
  code(PackList::reason, triage.reason.code, "triage.reason.code");
  require(find_district(pack, triage.district) != nullptr, "triage.district", triage.district,
          "a district of the pack " + pack.id);
  codes(PackList::access_needs, triage.access_needs, "triage.access_needs");
  code(PackList::requested_by, triage.requested_by, "triage.requested_by");
  if (form.facts) {
    codes(PackList::documents, form.facts->documents_held, "case.documents_held");
    codes(PackList::safety_risks, form.facts->safety_risks, "case.safety_risks");
    if (form.facts->indicators) {
      codes(PackList::act, form.facts->indicators->act, "case.indicators.act");
      codes(PackList::means, form.facts->indicators->means, "case.indicators.means");
      codes(PackList::purpose, form.facts->indicators->purpose, "case.indicators.purpose");
    }
  }
  const Consent& consent = form.consent;
  require(consent.text_version.empty() ||
              std::ranges::find(pack.texts, consent.text_version, &TextVersion::version) !=
                  pack.texts.end(),
          "consent.text_version", consent.text_version, "a consent text of the pack " + pack.id);
  for (std::size_t i = 0; i < consent.scope.size(); ++i) {
    codes(PackList::purposes, consent.scope[i].purposes, item("consent.scope", i) + ".purposes");
  }
  return fault;
}

}  // namespace hamroh
