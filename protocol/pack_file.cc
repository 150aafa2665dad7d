#include "protocol/pack_file.h"

#include <toml++/toml.h>
#include <algorithm>
#include <charconv>
#include <map>
#include <set>
#include <utility>

#include "protocol/constants.h"
#include "protocol/text.h"

namespace hamroh {
namespace {

constexpr std::size_t line_bytes_max = 4'096;
constexpr std::size_t nesting_max = 8;
constexpr std::size_t dots_max = 8;            // outside strings, in a line
constexpr std::size_t syntax_faults_max = 20;  // each costs another look at the whole file

struct Position {
  std::uint32_t line = 1;
  std::uint32_t column = 1;
  auto operator<=>(const Position&) const = default;
};

Position at(const toml::source_region& source) {
  return {static_cast<std::uint32_t>(source.begin.line),
          static_cast<std::uint32_t>(source.begin.column)};
}

// Gathers mistakes up to the bound.
class Mistakes {
 public:
  void add(const Position& where, std::string_view what, std::string_view remedy) {
    if (!full()) {
      found_.push_back(
          {where.line, where.column, escape_for_terminal(what), escape_for_terminal(remedy)});
    }
  }
  [[nodiscard]] bool full() const { return found_.size() >= limits::pack_faults_max; }
  [[nodiscard]] bool none() const { return found_.empty(); }
  [[nodiscard]] std::vector<PackMistake> take() {
    std::ranges::stable_sort(found_, {}, [](const PackMistake& mistake) {
      return std::pair(mistake.line, mistake.column);
    });
    return std::move(found_);
  }

 private:
  std::vector<PackMistake> found_;
};

// ---- letters and shape, before the TOML library

void scan_letters(std::string_view toml, Mistakes& mistakes) {
  Position where;
  ByteView rest = view(toml);
  while (!rest.empty() && !mistakes.full()) {
    const Character character = first_character(rest);
    const std::size_t length = std::max<std::size_t>(1, character.length);
    if (!is_plain_text(text(rest.first(length)), Lines::many)) {
      mistakes.add(where,
                   character.length == 0
                       ? "this is not UTF-8"
                       : "the file has a control, invisible or direction-changing character: " +
                             escape_character(character.point),
                   character.point == U'\r'
                       ? "Save the file with line ends of one character (LF)."
                       : "Remove it; save the file as UTF-8 without a byte order mark.");
      if (character.point == U'\r') {
        return;  // it stands in every line
      }
    }
    where = rest[0] == '\n' ? Position{where.line + 1, 1} : Position{where.line, where.column + 1};
    rest = rest.subspan(length);
  }
}

// What one line adds to the nesting, and the bounds that it breaks.
class LineScan {
 public:
  LineScan(std::string_view line, std::uint32_t number, Mistakes& mistakes)
      : line_(line), number_(number), mistakes_(mistakes) {}

  // The nesting after this line.
  std::size_t run(std::size_t nesting) {
    if (line_.size() > line_bytes_max) {
      tell("the line is too long", "Break it; a line has at most 4096 bytes.");
    }
    std::size_t dots = 0;
    for (at_ = 0; at_ < line_.size() && line_[at_] != '#'; ++at_) {
      const char c = line_[at_];
      if (c == '"' || c == '\'') {
        if (line_.substr(at_, 3) == std::string(3, c)) {
          tell("a text over several lines is not possible here", "Write it on one line, in \"…\".");
        }
        skip_string(c);
      } else if (c == '[' || c == '{') {
        if (++nesting > nesting_max) {
          tell("brackets are nested too deep", "Close the brackets that are open.");
          return 0;
        }
      } else if (c == ']' || c == '}') {
        nesting -= nesting > 0 ? 1 : 0;
      } else if (c == '.' && ++dots == dots_max + 1) {
        tell("the key has too many parts", "Write at most a few names with dots between them.");
      }
    }
    return nesting;
  }

 private:
  void tell(std::string_view what, std::string_view remedy) {
    mistakes_.add({number_, static_cast<std::uint32_t>(count_characters(line_.substr(0, at_)) + 1)},
                  what, remedy);
  }
  void skip_string(char quote) {
    for (++at_; at_ < line_.size() && line_[at_] != quote; ++at_) {
      at_ += quote == '"' && line_[at_] == '\\' ? 1 : 0;
    }
  }
  std::string_view line_;
  std::uint32_t number_;
  Mistakes& mistakes_;
  std::size_t at_ = 0;
};

void scan_shape(std::string_view toml, Mistakes& mistakes) {
  std::size_t nesting = 0;
  std::uint32_t number = 1;
  while (!toml.empty() && !mistakes.full()) {
    const std::size_t end = std::min(toml.find('\n'), toml.size());
    nesting = LineScan(toml.substr(0, end), number++, mistakes).run(nesting);
    toml.remove_prefix(std::min(end + 1, toml.size()));
  }
}

// ---- syntax: a line that is wrong is taken out, so that the next mistake shows

// Blanks the line; false if there is nothing left to blank.
bool blank_line(std::string& toml, std::uint32_t line) {
  std::size_t begin = 0;
  for (std::uint32_t number = 1; number < line && begin != std::string::npos; ++number) {
    begin = toml.find('\n', begin);
    begin += begin == std::string::npos ? 0 : 1;
  }
  if (begin >= toml.size()) {
    return false;
  }
  const std::size_t end = std::min(toml.find('\n', begin), toml.size());
  const bool empty = toml.find_first_not_of(' ', begin) >= end;
  std::fill(toml.begin() + static_cast<std::ptrdiff_t>(begin),
            toml.begin() + static_cast<std::ptrdiff_t>(end), ' ');
  return !empty;
}

std::optional<toml::table> parse_syntax(std::string_view text, Mistakes& mistakes) {
  std::string toml(text);
  for (std::size_t tries = 0; tries < syntax_faults_max; ++tries) {
    try {
      toml::table root = toml::parse(toml);
      return mistakes.none() ? std::optional(std::move(root)) : std::nullopt;
    } catch (const toml::parse_error& error) {
      const Position where = at(error.source());
      std::string_view what = error.description();
      what.remove_prefix(what.starts_with("Error while") ? what.find(": ") + 2 : 0);
      mistakes.add(where, what,
                   "Mend the line; a name may stand only once, a text stands in \"…\", and a list "
                   "in [ ].");
      if (!blank_line(toml, where.line)) {
        return std::nullopt;
      }
    }
  }
  return std::nullopt;
}

// ---- names and types

// Where everything stands that was read, by its path.
class Places {
 public:
  void put(const std::string& path, const Position& where) { places_.emplace(path, where); }
  // Of what is missing: the place of what should contain it.
  [[nodiscard]] Position find(std::string path) const {
    while (!path.empty()) {
      if (const auto found = places_.find(path); found != places_.end()) {
        return found->second;
      }
      const std::size_t cut = path.find_last_of(".[");
      path.resize(cut == std::string::npos ? 0 : cut);
    }
    return {};
  }

 private:
  std::map<std::string, Position> places_;
};

struct Reading {
  Mistakes& mistakes;
  Places& places;
  std::set<std::string> told;  // paths whose value could not be read

  // What could not be read is not told again for being absent.
  [[nodiscard]] bool was_told(std::string path) const {
    while (!path.empty()) {
      if (told.contains(path)) {
        return true;
      }
      const std::size_t cut = path.find_last_of(".[");
      path.resize(cut == std::string::npos ? 0 : cut);
    }
    return false;
  }
};

std::string listed(const std::vector<std::string>& names) {
  std::string text;
  for (const std::string& name : names) {
    text += (text.empty() ? "" : ", ") + name;
  }
  return text;
}

template <class Enum>
std::vector<std::string> names_in(Enum value) {
  std::vector<std::string> names;
  for (const CodeName& code : names_of(value)) {
    names.emplace_back(code.name);
  }
  return names;
}

bool is_unset(const toml::node& node) {
  const auto* text = node.as_string();
  return text != nullptr && text->get() == "unset";
}

std::optional<std::int32_t> parse_offset(std::string_view text) {
  const bool shaped = text.size() == 6 && (text[0] == '+' || text[0] == '-') && text[3] == ':';
  std::int32_t hour = 0;
  std::int32_t minute = 0;
  for (const std::size_t i : {1U, 2U, 4U, 5U}) {
    if (!shaped || text[i] < '0' || text[i] > '9') {
      return std::nullopt;
    }
    std::int32_t& part = i < 3 ? hour : minute;
    part = part * 10 + (text[i] - '0');
  }
  const std::int32_t offset = hour * 60 + minute;
  return minute < 60 ? std::optional(text[0] == '-' ? -offset : offset) : std::nullopt;
}

std::optional<AnnualDay> parse_annual(std::string_view text) {
  const bool shaped = text.size() == 5 && text[2] == '-';
  unsigned month = 0;
  unsigned day = 0;
  for (const std::size_t i : {0U, 1U, 3U, 4U}) {
    if (!shaped || text[i] < '0' || text[i] > '9') {
      return std::nullopt;
    }
    unsigned& part = i < 2 ? month : day;
    part = part * 10 + static_cast<unsigned>(text[i] - '0');
  }
  return AnnualDay{static_cast<std::uint8_t>(month), static_cast<std::uint8_t>(day)};
}

Date date_from(const toml::date& date) {
  return {date.year, date.month, date.day};
}

// One table, which keeps account of the keys that it knows.
class Table {
 public:
  Table(Reading& reading, const toml::table* table, std::string path)
      : reading_(reading), table_(table), path_(std::move(path)) {}

  [[nodiscard]] bool there() const { return table_ != nullptr; }
  [[nodiscard]] const std::string& path() const { return path_; }
  [[nodiscard]] std::string path_of(const std::string& key) const {
    return path_.empty() ? key : path_ + "." + key;
  }

  // The value of a key; tells if it is needed and not there.
  const toml::node* find(const std::string& key, bool needed = true) {
    known_.push_back(key);
    const toml::node* node = table_ == nullptr ? nullptr : table_->get(key);
    if (node != nullptr) {
      reading_.places.put(path_of(key), at(node->source()));
    } else if (needed && table_ != nullptr) {
      tell_missing(key);
    }
    return node;
  }
  Table section(const std::string& key, bool needed = true) {
    const toml::node* node = find(key, needed);
    const toml::table* table = node == nullptr ? nullptr : node->as_table();
    if (node != nullptr && table == nullptr) {
      wrong(*node, key, "must be a section", "Write [" + path_of(key) + "] and its keys below it.");
    }
    return {reading_, table, path_of(key)};
  }
  void text(const std::string& key, std::string& out, bool needed = true) {
    if (const toml::node* node = find(key, needed)) {
      if (const auto* value = node->as_string()) {
        out = value->get();
      } else {
        wrong(*node, key, "must be a text", "Write it in \"…\".");
      }
    }
  }
  template <class Number>
  void number(const std::string& key, Number& out) {
    if (const toml::node* node = find(key)) {
      const auto* value = node->as_integer();
      if (value != nullptr && value->get() >= 0 &&
          static_cast<std::uint64_t>(value->get()) <= std::numeric_limits<Number>::max()) {
        out = static_cast<Number>(value->get());
      } else {
        wrong(*node, key, "must be a whole number above zero", "Write digits without quotes.");
      }
    }
  }
  void period(const std::string& key, std::optional<Period>& out, bool needed = true) {
    const toml::node* node = find(key, needed);
    if (node != nullptr && !is_unset(*node)) {
      out = period_of(*node, path_of(key));
    }
  }
  std::optional<Period> period_of(const toml::node& node, const std::string& path) {
    const auto* value = node.as_string();
    const auto period = value == nullptr ? std::nullopt : parse_period(value->get());
    if (!period) {
      const bool zero =
          value != nullptr && (value->get().starts_with("0") || value->get().starts_with("-"));
      tell(at(node.source()), path,
           zero ? "must be more than zero: it would be over before it began" : "is not a time",
           "Write such as \"15 min\", \"8 h\", \"14 days\", \"3 working days\", \"2 months\", or "
           "\"unset\" where nobody knows it yet.");
    }
    return period;
  }
  void date(const std::string& key, std::optional<Date>& out) {
    const toml::node* node = find(key);
    if (node == nullptr || is_unset(*node)) {
      return;
    }
    if (const auto* value = node->as_date()) {
      out = date_from(value->get());
    } else {
      wrong(*node, key, "must be a date", "Write it without quotes, such as 2026-12-01.");
    }
  }
  void labels(Labels& out) {
    for (const CodeName& language : names_of(Language{})) {
      text(language.name, out.texts.at(language.value - 1U), false);  // the validator tells
    }
  }
  template <class Enum>
  void one_of(const std::string& key, Enum& out, bool needed = true) {
    const toml::node* node = find(key, needed);
    if (node == nullptr) {
      return;
    }
    const auto* value = node->as_string();
    const auto code = value == nullptr ? std::nullopt : parse_code<Enum>(value->get());
    if (code) {
      out = *code;
    } else {
      wrong(*node, key, "is not known here", "Write one of: " + listed(names_in(Enum{})) + ".");
    }
  }
  // `path` was read from `key` as well: mistakes in it are mistakes there.
  void stands_for(const std::string& key, const std::string& path, const toml::node& node) {
    reading_.places.put(path, at(node.source()));
    if (reading_.told.contains(path_of(key))) {
      reading_.told.insert(path);
    }
  }
  // Each item of a list; `read` takes the node and its path.
  template <class Read>
  void list(const std::string& key, bool needed, Read&& read) {
    const toml::node* node = find(key, needed);
    if (node == nullptr) {
      return;
    }
    const toml::array* array = node->as_array();
    if (array == nullptr) {
      wrong(*node, key, "must be a list", "Write it in [ ].");
      return;
    }
    for (std::size_t i = 0; i < array->size() && !reading_.mistakes.full(); ++i) {
      const std::string path = path_of(key) + "[" + std::to_string(i) + "]";
      reading_.places.put(path, at((*array)[i].source()));
      read((*array)[i], path);
    }
  }
  void texts(const std::string& key, std::vector<std::string>& out, bool needed = true) {
    list(key, needed, [&](const toml::node& node, const std::string& path) {
      if (const auto* value = node.as_string()) {
        out.push_back(value->get());
      } else {
        tell(at(node.source()), path, "must be a text", "Write it in \"…\".");
      }
    });
  }
  // Each sub-table, in the order of the file; `read` takes the code and the table.
  template <class Read>
  void entries(Read&& read) {
    if (table_ == nullptr) {
      return;
    }
    std::vector<std::pair<Position, std::string>> keys;
    for (const auto& [key, node] : *table_) {
      keys.emplace_back(at(key.source()), std::string(key.str()));
    }
    std::ranges::sort(keys);
    for (const auto& [where, key] : keys) {
      if (reading_.mistakes.full()) {
        return;
      }
      known_.push_back(key);
      reading_.places.put(path_of(key), where);
      const toml::table* table = table_->get(key)->as_table();
      if (table == nullptr) {
        tell(where, path_of(key), "must have labels",
             "Write " + key + " = {en = \"…\", ru = \"…\", tg = \"…\"}.");
        continue;
      }
      Table entry(reading_, table, path_of(key));
      read(key, entry);
      entry.finish();
    }
  }
  // Tells of the keys that nobody asked for.
  void finish() {
    if (table_ == nullptr) {
      return;
    }
    for (const auto& [key, node] : *table_) {
      const std::string name(key.str());
      if (std::ranges::find(known_, name) == known_.end()) {
        tell(at(key.source()), path_of(name), "is not known",
             "Remove it, or write one of: " + listed(known_) + ".");
      }
    }
  }
  void tell(const Position& where, const std::string& path, const std::string& what,
            const std::string& remedy) {
    reading_.told.insert(path);
    reading_.mistakes.add(where, path + " " + what, remedy);
  }
  void wrong(const toml::node& node, const std::string& key, const std::string& what,
             const std::string& remedy) {
    tell(at(node.source()), path_of(key), what, remedy);
  }
  void tell_missing(const std::string& key) {
    tell(reading_.places.find(path_), path_of(key), "is missing", "Add it.");
  }

 private:
  Reading& reading_;
  const toml::table* table_;
  std::string path_;
  std::vector<std::string> known_;
};

void read_texts(Table section, Pack& pack) {
  section.entries([&](const std::string& version, Table& entry) {
    TextVersion text{version, {}};
    for (const CodeName& language : names_of(Language{})) {
      std::string hex;
      entry.text(language.name, hex, false);
      text.sha256.at(language.value - 1U) = Digest::parse_hex(hex).value_or(Digest{});
    }
    pack.texts.push_back(text);
  });
}

void read_dates(Table& section, const std::string& key, std::vector<Date>& out) {
  section.list(key, true, [&](const toml::node& node, const std::string& path) {
    if (const auto* date = node.as_date()) {
      out.push_back(date_from(date->get()));
    } else {
      section.tell(at(node.source()), path, "must be a date",
                   "Write it without quotes, such as 2026-11-20.");
    }
  });
}

void read_calendar(Table section, Calendar& out) {
  constexpr std::array<const char*, 7> days{"monday", "tuesday",  "wednesday", "thursday",
                                            "friday", "saturday", "sunday"};
  if (const toml::node* node = section.find("utc_offset")) {
    const auto* value = node->as_string();
    const auto offset = value == nullptr ? std::nullopt : parse_offset(value->get());
    if (offset) {
      out.utc_offset_minutes = *offset;
    } else {
      section.wrong(*node, "utc_offset", "is not an offset", "Write it such as \"+05:00\".");
    }
  }
  section.list("weekend", true, [&](const toml::node& node, const std::string& path) {
    const auto* value = node.as_string();
    const auto day = value == nullptr ? days.end() : std::ranges::find(days, value->get());
    if (day == days.end() || out.weekend.at(static_cast<std::size_t>(day - days.begin()))) {
      section.tell(at(node.source()), path, "is not a day of the week, or stands twice",
                   "Write such as \"saturday\", each day once.");
    } else {
      out.weekend.at(static_cast<std::size_t>(day - days.begin())) = true;
    }
  });
  section.list("annual_holidays", true, [&](const toml::node& node, const std::string& path) {
    const auto* value = node.as_string();
    const auto day = value == nullptr ? std::nullopt : parse_annual(value->get());
    if (day) {
      out.annual.push_back(*day);
    } else {
      section.tell(at(node.source()), path, "is not a day of every year",
                   "Write month and day, such as \"03-08\".");
    }
  });
  read_dates(section, "holidays", out.holidays);
  read_dates(section, "worked", out.working);
  section.date("known_until", out.known_until);
  section.finish();
}

void read_clock(Table clock, ClockRule& rule) {
  if (const toml::node* every = clock.find("every", false)) {
    std::optional<Period> period;
    clock.period("every", period);
    rule.periods.fill(period);
    for (const CodeName& urgency : names_of(Urgency{})) {
      clock.stands_for("every", clock.path_of(urgency.name), *every);
    }
  } else {
    for (const CodeName& urgency : names_of(Urgency{})) {
      clock.period(urgency.name, rule.periods.at(urgency.value - 1U));
    }
  }
  Clock other{};
  clock.one_of("pauses_during", other, false);
  if (other != Clock{}) {
    rule.pauses_during = other;
  }
  clock.finish();
}

void read_districts(Table section, Pack& pack) {
  section.entries([&](const std::string& code, Table& entry) {
    District district{code, {}, {}};
    entry.text("within", district.within, false);
    entry.labels(district.labels);
    pack.districts.push_back(std::move(district));
  });
}

void read_bodies(Table section, Pack& pack) {
  section.entries([&](const std::string& code, Table& entry) {
    Body body;
    body.code = code;
    entry.one_of("role", body.role);
    entry.texts("districts", body.districts);
    const toml::node* member = entry.find("member", false);
    if (member != nullptr && !is_unset(*member)) {
      const auto* value = member->as_string();
      const auto id = value == nullptr ? std::nullopt : parse_uuid(value->get());
      body.member = id ? MemberId::from(*id) : std::nullopt;
      if (!body.member) {
        entry.wrong(*member, "member", "is not the id of a member",
                    "Write the id that `hamroh members` shows, or leave the key out.");
      }
    }
    entry.labels(body.labels);
    pack.bodies.push_back(std::move(body));
  });
}

void read_lists(Table& root, Pack& pack) {
  Table grounds = root.section("grounds");
  for (const CodeName& list : names_of(GroundList{})) {
    Table section = grounds.section(list.name, list.value != 4);
    section.entries([&](const std::string& code, Table& entry) {
      Ground ground;
      ground.code = code;
      entry.one_of("needs", ground.needs, false);
      entry.text("article", ground.article, false);
      ground.article = ground.article == "unset" ? "" : ground.article;
      entry.labels(ground.labels);
      pack.grounds.at(list.value - 1U).push_back(std::move(ground));
    });
  }
  grounds.finish();
  Table codes = root.section("codes");
  for (const CodeName& list : names_of(PackList{})) {
    Table section = codes.section(list.name, list.value != 10);
    section.entries([&](const std::string& code, Table& entry) {
      PackCode one{code, {}};
      entry.labels(one.labels);
      pack.codes.at(list.value - 1U).push_back(std::move(one));
    });
  }
  codes.finish();
}

void read_votes(Table section, std::optional<Votes>& out) {
  const toml::node* node = section.find("votes");
  if (node != nullptr && !is_unset(*node)) {
    Votes votes;
    Table table = section.section("votes");
    table.number("needed", votes.needed);
    table.number("of", votes.of);
    table.finish();
    if (table.there()) {
      out = votes;
    }
  }
  section.finish();
}

void read_pre_status(Table section, PreStatus& out) {
  const toml::node* available = section.find("available");
  if (available != nullptr && !is_unset(*available)) {
    if (const auto* value = available->as_boolean()) {
      out.available = value->get();
    } else {
      section.wrong(*available, "available", "must be true, false or \"unset\"",
                    "Write true if there is a status before the decision.");
    }
  }
  section.period("lasts", out.lasts, false);
  section.list("warnings", false, [&](const toml::node& node, const std::string& path) {
    if (const auto period = section.period_of(node, path)) {
      out.warnings.push_back(*period);
    }
  });
  section.finish();
}

void read_numbers(Table& root, Pack& pack) {
  read_votes(root.section("status"), pack.status_votes);
  read_votes(root.section("appeal"), pack.appeal_votes);
  read_pre_status(root.section("pre_status"), pack.pre_status);
  Table retention = root.section("retention");
  retention.period("closed_case", pack.retention.closed_case);
  retention.period("declined_referral", pack.retention.declined_referral);
  retention.period("withdrawn_consent", pack.retention.withdrawn_consent);
  retention.period("attachments", pack.retention.attachments);
  retention.period("fund_records", pack.retention.fund_records);
  retention.finish();
  Table quotas = root.section("quotas");
  quotas.number("messages", pack.quotas.messages);
  quotas.number("referrals", pack.quotas.referrals);
  quotas.number("emergencies", pack.quotas.emergencies);
  quotas.number("attachment_mib", pack.quotas.attachment_mib);
  quotas.finish();
}

void read_fund(Table section, Reading& reading, std::optional<Fund>& out) {
  if (!section.there()) {
    return;
  }
  Fund& fund = out.emplace();
  section.text("currency", fund.currency);
  section.list("steps", true, [&](const toml::node& node, const std::string& path) {
    Table table(reading, node.as_table(), path);
    if (!table.there()) {
      table.tell(at(node.source()), path, "must be a step",
                 "Write {up_to = 50000, needed = 1, of = 3}.");
      return;
    }
    FundStep step;
    table.number("up_to", step.up_to);
    table.number("needed", step.needed);
    table.number("of", step.of);
    table.finish();
    fund.steps.push_back(step);
  });
  section.number("approver_day_limit", fund.approver_day_limit);
  section.finish();
}

void read_root(Table root, Reading& reading, Pack& pack) {
  std::string format;
  root.text("format", format);
  if (!format.empty() && format != "pack/1") {
    root.tell(reading.places.find("format"), "format", "is not pack/1",
              "Write format = \"pack/1\", or use a newer version of this program.");
  }
  root.text("id", pack.id);
  root.text("jurisdiction", pack.jurisdiction);
  std::optional<Date> valid_from;
  root.date("valid_from", valid_from);
  pack.valid_from = valid_from.value_or(Date{});
  root.texts("forms", pack.forms);
  Table name = root.section("name");
  name.labels(pack.name);
  name.finish();
  read_texts(root.section("texts"), pack);
  read_calendar(root.section("calendar"), pack.calendar);
  Table clocks = root.section("clocks");
  for (const CodeName& clock : names_of(Clock{})) {
    read_clock(clocks.section(clock.name), pack.clocks.at(clock.value - 1U));
  }
  clocks.finish();
  read_districts(root.section("districts"), pack);
  read_bodies(root.section("bodies"), pack);
  read_lists(root, pack);
  read_numbers(root, pack);
  read_fund(root.section("fund", false), reading, pack.fund);
  root.finish();
}

tl::expected<Pack, std::vector<PackMistake>> read_table(const toml::table& table,
                                                        Mistakes& mistakes) {
  Places places;
  Reading reading{mistakes, places, {}};
  Pack pack;
  read_root(Table(reading, &table, ""), reading, pack);
  std::set<std::pair<Position, std::string>> seen;  // `every` stands for three paths
  for (const PackFault& fault : faults_of(pack)) {
    const Position where = places.find(fault.path);
    if (!reading.was_told(fault.path) && seen.emplace(where, fault.what).second) {
      mistakes.add(where, fault.path + ": " + fault.what, fault.remedy);
    }
  }
  if (!mistakes.none()) {
    return tl::unexpected(mistakes.take());
  }
  return pack;
}

}  // namespace

std::optional<Period> parse_period(std::string_view text) {
  struct Word {
    std::string_view name;
    Period::Unit unit;
    std::uint32_t factor;
  };
  using enum Period::Unit;
  constexpr std::array<Word, 13> words{{{"min", minutes, 1},
                                        {"h", minutes, 60},
                                        {"hour", minutes, 60},
                                        {"hours", minutes, 60},
                                        {"day", minutes, 1'440},
                                        {"days", minutes, 1'440},
                                        {"working day", working_days, 1},
                                        {"working days", working_days, 1},
                                        {"month", months, 1},
                                        {"months", months, 1},
                                        {"year", months, 12},
                                        {"years", months, 12},
                                        {"minutes", minutes, 1}}};
  const std::size_t blank = text.find(' ');
  if (blank == std::string_view::npos || blank == 0 || blank > 8 || text.front() == '0') {
    return std::nullopt;
  }
  std::uint32_t count = 0;
  const auto [rest, fault] = std::from_chars(text.data(), text.data() + blank, count);
  const auto word = std::ranges::find(words, text.substr(blank + 1), &Word::name);
  if (fault != std::errc{} || rest != text.data() + blank || count == 0 || word == words.end()) {
    return std::nullopt;
  }
  const std::uint64_t whole = std::uint64_t{count} * word->factor;
  const std::uint64_t max = word->unit == minutes        ? Period::minutes_max
                            : word->unit == working_days ? Period::working_days_max
                                                         : Period::months_max;
  return whole <= max ? std::optional(Period{word->unit, static_cast<std::uint32_t>(whole)})
                      : std::nullopt;
}

tl::expected<Pack, std::vector<PackMistake>> read_pack(std::string_view toml) {
  Mistakes mistakes;
  if (toml.size() > limits::pack_bytes_max) {
    mistakes.add({}, "the file is over 192 KiB", "Shorten labels, or remove what nobody uses.");
    return tl::unexpected(mistakes.take());
  }
  scan_letters(toml, mistakes);
  if (mistakes.none()) {
    scan_shape(toml, mistakes);
  }
  if (!mistakes.none()) {
    return tl::unexpected(mistakes.take());
  }
  const auto table = parse_syntax(toml, mistakes);
  if (!table) {
    return tl::unexpected(mistakes.take());
  }
  return read_table(*table, mistakes);
}

}  // namespace hamroh
