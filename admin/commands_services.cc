// Who gives which services, who has a free place, and a word of warning before somebody is sent to
// a place that is full.

#include <unistd.h>

#include <cstdio>
#include <iostream>

#include "admin/commands.h"
#include "admin/files.h"
#include "admin/report.h"
#include "protocol/services.h"
#include "protocol/text.h"
#include "sdk/form_json.h"

namespace hamroh {
namespace {

template <class Enum>
std::string names_joined(const std::vector<Enum>& values) {
  std::string all;
  for (const Enum value : values) {
    all += (all.empty() ? "" : ", ") + std::string(name_of(value));
  }
  return all;
}

// What was typed for an option with a code list; a wrong code is answered with those that there
// are.
template <class Enum>
bool take_code(const Arguments& arguments, const char* option, const std::string& typed,
               std::optional<Enum>& out, int& code) {
  if (typed.empty()) {
    return true;
  }
  out = parse_code<Enum>(typed);
  if (!out) {
    code = usage(arguments, std::string(option) + " is one of " + joined(names_of(Enum{})));
  }
  return out.has_value();
}

// ---- showing ----------------------------------------------------------------------------------

struct Row {
  const Client::KnownStatement* known = nullptr;
  const OfferedService* offered = nullptr;
  Fit fit{};
  bool speaks = true;
};

std::string state_text(const Row& row) {
  switch (row.fit) {
    case Fit::free:
      return std::to_string(*row.offered->places) + " free";
    case Fit::expired:
      return "unknown (said until " + to_iso8601(row.known->statement.valid_until) + ")";
    default:
      return fit_name(row.fit);
  }
}

std::string row_text(const Row& row, const Names& names) {
  const OfferedService& offered = *row.offered;
  std::string text = escape_for_terminal(name_in(names, row.known->member)) + ": " +
                     name_of(offered.service) + ", places " + state_text(row) + "\n";
  text += "  in " + joined(offered.districts) + "; speaks " + joined(offered.languages) +
          (row.speaks ? "" : ", not what is needed") + "\n";
  if (!offered.sexes.empty() || !offered.age_bands.empty()) {
    const std::string sexes = names_joined(offered.sexes);
    const std::string ages = names_joined(offered.age_bands);
    text += "  only for " + sexes + (sexes.empty() || ages.empty() ? "" : "; ") + ages + "\n";
  }
  if (!offered.hours.empty()) {
    text += "  hours " + escape_for_terminal(offered.hours) + "\n";
  }
  return text + "  said at " + to_iso8601(row.known->received) + "\n";
}

std::string row_json(const Row& row, const Names& names) {
  const Client::KnownStatement& known = *row.known;
  const bool counted = row.fit == Fit::free || (row.fit == Fit::full && row.offered->places);
  return "{\"member\": \"" + to_uuid(known.member) +
         "\", \"name\": " + json_string(name_in(names, known.member)) + ", \"state\": \"" +
         fit_name(row.fit) +
         "\", \"places\": " + (counted ? std::to_string(*row.offered->places) : "null") +
         ", \"speaks\": " + (row.speaks ? "true" : "false") + ", \"received\": \"" +
         to_iso8601(known.received) + "\", \"valid_until\": \"" +
         to_iso8601(known.statement.valid_until) +
         "\", \"serial\": " + std::to_string(known.statement.serial) +
         ", \"offered\": " + to_json(*row.offered) + "}";
}

int show(const Arguments& arguments, const std::vector<Row>& rows, const Names& names) {
  std::string text = arguments.json ? "{\"services\": [" : "";
  for (const Row& row : rows) {
    text += arguments.json ? (&row == &rows.front() ? "" : ", ") + row_json(row, names)
                           : row_text(row, names);
  }
  if (arguments.json) {
    text += "]}\n";
  } else if (rows.empty()) {
    text = "Nobody says so. Who has published nothing may still take somebody: ask by telephone.\n";
  }
  std::fwrite(text.data(), 1, text.size(), stdout);
  return exit_done;
}

std::vector<Row> rows_for(const std::vector<Client::KnownStatement>& all, const ServiceNeed& need) {
  std::vector<ServiceStatement> statements;
  for (const Client::KnownStatement& known : all) {
    statements.push_back(known.statement);
  }
  std::vector<Row> rows;
  for (const Answering& one : who_can_take(statements, need, wall_now())) {
    const Client::KnownStatement& known = all[one.statement];
    const std::size_t at =
        static_cast<std::size_t>(one.offered - statements[one.statement].services.data());
    rows.push_back({&known, &known.statement.services[at], one.fit, one.speaks});
  }
  return rows;
}

// ---- publishing -------------------------------------------------------------------------------

int publish(const Arguments& arguments, const ServiceStatement& statement, Client& client) {
  const auto published = client.publish_services(statement);
  if (!published) {
    return fail(arguments, "services", published.error(), client);
  }
  std::printf(arguments.json ? "{\"serial\": %llu, \"members\": %llu, \"valid_until\": \"%s\"}\n"
                             : "serial   %llu\nmembers  %llu\nuntil    %s\n",
              static_cast<unsigned long long>(published->serial),
              static_cast<unsigned long long>(published->members),
              to_iso8601(statement.valid_until).c_str());
  return exit_done;
}

// ---- a warning before a referral --------------------------------------------------------------

std::string warning_text(const ServiceWarning& warning) {
  if (!warning.service) {
    return warning.fit == Fit::expired ? "what it said of its services has expired"
                                       : "it does not say that it gives any of these services";
  }
  const std::string service = name_of(*warning.service);
  switch (warning.fit) {
    case Fit::full:
      return service + ": it says that it is full";
    case Fit::closed:
      return service + ": it says that it is closed";
    case Fit::unsuitable:
      return service + ": it says that this is not for a person of that sex or age";
    case Fit::outside_area:
      return service + ": it says that it does not give this in that district";
    default:
      return service + ": what it said has expired";
  }
}

bool sends_anyway() {
  if (::isatty(STDIN_FILENO) != 1) {
    return false;
  }
  std::fputs("Type yes to send it all the same: ", stderr);
  std::string answer;
  std::getline(std::cin, answer);
  return answer == "yes";
}

}  // namespace

int services(const Arguments& arguments) {
  std::optional<Service> service;
  ServiceNeed need;
  int code = exit_done;
  if (!take_code(arguments, "--need", arguments.service, service, code) ||
      !take_code(arguments, "--sex", arguments.sex, need.sex, code) ||
      !take_code(arguments, "--age", arguments.age, need.age_band, code)) {
    return code;
  }
  need.district = arguments.district;
  need.language = arguments.language;
  return with_node(arguments, [&](Client& client) {
    const auto all = client.services();
    if (!all) {
      return fail(arguments, "services", all.error(), client);
    }
    std::vector<Row> rows;
    for (const CodeName& one : names_of(Service{})) {
      need.service = static_cast<Service>(one.value);
      if (!service || *service == need.service) {
        const std::vector<Row> found = rows_for(*all, need);
        rows.insert(rows.end(), found.begin(), found.end());
      }
    }
    return show(arguments, rows, names_of(client));
  });
}

int services_publish(const Arguments& arguments) {
  const auto bytes = read_input(arguments.form, limits::json_bytes_max);
  if (!bytes) {
    return fail(arguments, arguments.form, bytes.error());
  }
  auto file = parse_services_json(text(*bytes));
  if (!file) {
    return refuse_form(arguments, arguments.form, file.error());
  }
  file->statement.valid_until = wall_now() + days(file->valid_days);
  return with_node(arguments,
                   [&](Client& client) { return publish(arguments, file->statement, client); });
}

int services_places(const Arguments& arguments) {
  std::optional<Service> service;
  int code = exit_done;
  if (!take_code(arguments, "--service", arguments.service, service, code)) {
    return code;
  }
  return with_node(arguments, [&](Client& client) {
    const auto refuse_it = [&](Code why, const std::string& words) {
      return refuse(arguments.json, "services", why, words,
                    "Publish the whole statement: hamroh services publish --file FILE");
    };
    const auto status = client.status();
    if (!status) {
      return fail(arguments, "services", status.error(), client);
    }
    const auto own = client.services_of(status->node.member);
    if (!own) {
      return fail(arguments, "services", own.error(), client);
    }
    if (!*own) {
      return refuse_it(Code::not_found, "this organisation has published no services yet");
    }
    ServiceStatement statement = (*own)->statement;
    const auto is_it = [&](const OfferedService& one) { return one.service == *service; };
    const auto offered = std::ranges::find_if(statement.services, is_it);
    if (offered == statement.services.end()) {
      return refuse_it(Code::not_found, "the published statement has no such service");
    }
    if (std::ranges::count_if(statement.services, is_it) > 1) {
      return refuse_it(Code::ambiguous, "the service stands there more than once");
    }
    if (offered->accepts == Accepts::closed) {
      return refuse_it(Code::unsuitable, "the service is closed");
    }
    offered->accepts = arguments.places == 0 ? Accepts::full : Accepts::open;
    offered->places = arguments.places;
    if (arguments.valid_days != 0) {
      statement.valid_until = wall_now() + days(arguments.valid_days);
    } else if (wall_now() >= statement.valid_until) {
      return refuse_it(Code::expired, "the published statement has expired");
    }
    if (const auto fault = find_fault(statement)) {
      return refuse_form(arguments, "services", *fault);
    }
    return publish(arguments, statement, client);
  });
}

std::optional<int> stop_in_vain(const Arguments& arguments, const MemberId& to,
                                const Triage& triage, Client& client) {
  // A node that cannot tell (an older one, or one whose vault is locked) does not stop a referral.
  const auto known = client.services_of(to);
  if (!known || !*known) {
    return std::nullopt;
  }
  const auto warnings = warnings_for(triage, (*known)->statement, wall_now());
  if (warnings.empty()) {
    return std::nullopt;
  }
  const std::string name = escape_for_terminal(name_in(names_of(client), to));
  std::string all;
  for (const ServiceWarning& warning : warnings) {
    all += (all.empty() ? "" : "; ") + warning_text(warning);
  }
  const bool emergency = triage.urgency == Urgency::emergency;
  if (!emergency && !arguments.anyway && ::isatty(STDIN_FILENO) != 1) {
    return refuse(arguments.json, name, Code::unsuitable, all,
                  "Nothing was sent. Who else can: hamroh services --need SERVICE; or --anyway.");
  }
  std::fprintf(stderr, "%s: %s (%s)\n", name.c_str(), all.c_str(), code_name(Code::unsuitable));
  if (!emergency && !arguments.anyway && !sends_anyway()) {
    std::fputs("Nothing was sent.\n", stderr);
    return exit_refused;
  }
  return std::nullopt;
}

}  // namespace hamroh
