// What is due, from whom, and until when; and what an oversight body was told.

#include <cstdio>

#include "admin/commands.h"
#include "admin/due_view.h"
#include "admin/report.h"

namespace hamroh {
namespace {

int escalated(const Arguments& arguments, Client& client) {
  const auto known = client.escalations();
  if (!known) {
    return fail(arguments, arguments.home, known.error(), client);
  }
  std::vector<Escalated> all;
  for (const Client::KnownEscalation& one : *known) {
    all.push_back({one.member, one.received, one.statement});
  }
  const Names names = names_of(client);
  std::string text =
      arguments.json ? escalated_json(all, names) + "\n" : escalated_text(all, names);
  if (text.empty()) {
    text = "Nobody has told this node of a deadline that was missed.\n";
  }
  std::fputs(text.c_str(), stdout);
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
