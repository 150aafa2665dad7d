// What is due, from whom, and until when; and what an oversight body was told.

#include <cstdio>
#include <nlohmann/json.hpp>

#include "admin/commands.h"
#include "admin/due_view.h"
#include "admin/report.h"
#include "protocol/text.h"

namespace hamroh {
namespace {

using Json = nlohmann::json;

int escalated(const Arguments& arguments, Client& client) {
  const auto known = client.escalations();
  if (!known) {
    return fail(arguments, arguments.home, known.error(), client);
  }
  const Names names = names_of(client);
  Json all = Json::array();
  std::string text;
  for (const Client::KnownEscalation& one : *known) {
    const DeadlineStatement& said = one.statement;
    all.push_back({{"clock", name_of(said.clock)},
                   {"urgency", name_of(said.urgency)},
                   {"waits", to_uuid(one.member)},
                   {"waits_name", name_in(names, one.member)},
                   {"owes", to_uuid(said.owes)},
                   {"owes_name", name_in(names, said.owes)},
                   {"about", said.about.hex()},
                   {"start", to_iso8601(said.start)},
                   {"due", to_iso8601(said.due)},
                   {"received", to_iso8601(one.received)}});
    text += to_iso8601(said.due) + "  " + name_of(said.clock) + ", " + name_of(said.urgency) +
            ": " + escape_for_terminal(name_in(names, said.owes)) + " owes " +
            escape_for_terminal(name_in(names, one.member)) + "  (" +
            said.about.hex().substr(0, 16) + ")\n";
  }
  if (arguments.json) {
    std::printf("%s\n", Json{{"escalated", std::move(all)}}.dump().c_str());
  } else {
    std::fputs(
        text.empty() ? "Nobody has told this node of a deadline that was missed.\n" : text.c_str(),
        stdout);
  }
  return exit_done;
}

}  // namespace

int due(const Arguments& arguments) {
  return with_node(arguments, [&](Client& client) {
    if (arguments.escalated) {
      return escalated(arguments, client);
    }
    auto cases = client.due();
    if (!cases) {
      return fail(arguments, arguments.home, cases.error(), client);
    }
    const auto status = client.status();
    if (!status) {
      return fail(arguments, arguments.home, status.error(), client);
    }
    const MemberId self = status->node.member;
    const Timestamp now = wall_now();
    for (api::DueCase& one : *cases) {
      std::erase_if(one.clocks, [&](const CaseClock& clock) {
        return (arguments.mine && clock.owes != self) ||
               (arguments.overdue && stage_at(clock, now) < ClockStage::missed);
      });
    }
    std::erase_if(*cases, [](const api::DueCase& one) { return one.clocks.empty(); });
    const Names names = names_of(client);
    if (arguments.json) {
      std::printf("%s\n", due_json(*cases, names, self, now).c_str());
    } else if (cases->empty()) {
      std::fputs(status->node.pack_id.empty()
                     ? "Nothing is due: no jurisdiction pack is in force here, so no clock runs.\n"
                     : "Nothing is due.\n",
                 stdout);
    } else {
      std::fputs(due_text(*cases, names, self, now).c_str(), stdout);
    }
    return exit_done;
  });
}

}  // namespace hamroh
