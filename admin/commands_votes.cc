// Decisions on a status and on appeals, voted on by commissioners, each with a key of her own.

#include <cstdio>

#include "admin/commands.h"
#include "admin/passphrase.h"
#include "admin/report.h"
#include "protocol/ballot.h"
#include "protocol/text.h"

namespace hamroh {
namespace {

struct Choice {
  const char* word;
  EventKind kind;
  std::optional<State> outcome;
};
const Choice choices[] = {{"assign", EventKind::status_assign, {}},
                          {"refuse", EventKind::status_refuse, {}},
                          {"approve", EventKind::fund_approve, {}},
                          {"overturn", EventKind::appeal_outcome, State::overturned},
                          {"uphold", EventKind::appeal_outcome, State::upheld}};

// "2 of 3 votes"; without a number in the pack one is enough.
std::string count_text(std::uint64_t votes, std::uint64_t needed) {
  return std::to_string(votes) + (needed == 0 ? "" : " of " + std::to_string(needed)) +
         (votes == 1 && needed == 0 ? " vote" : " votes");
}

int say_counted(const Arguments& arguments, const CaseId& id, const api::Counted& counted) {
  const bool sent = counted.sent.has_value();
  if (arguments.json) {
    std::printf(
        "{\"case\": \"%s\", \"votes\": %llu, \"needed\": %llu, \"sent\": %s, \"message\": %s}\n",
        to_uuid(id).c_str(), static_cast<unsigned long long>(counted.votes),
        static_cast<unsigned long long>(counted.needed), sent ? "true" : "false",
        sent ? ("\"" + to_uuid(counted.sent->message) + "\"").c_str() : "null");
    return exit_done;
  }
  std::printf("case     %s\nvotes    %s\n", to_uuid(id).c_str(),
              count_text(counted.votes, counted.needed).c_str());
  if (sent) {
    std::printf("message  %s\n", to_uuid(counted.sent->message).c_str());
  } else {
    std::printf("missing  %llu; nothing is sent before: hamroh votes\n",
                static_cast<unsigned long long>(counted.needed - counted.votes));
  }
  return exit_done;
}

int sign_and_cast(const Arguments& arguments, const CaseId& id, const api::Proposed& proposed,
                  Client& client) {
  Result<Bytes> passphrase = arguments.passphrase_file.empty()
                                 ? Result<Bytes>(ask_passphrase("Your passphrase, to sign it: "))
                                 : read_passphrase_file(arguments.passphrase_file);
  if (!passphrase) {
    return fail(arguments, arguments.passphrase_file, passphrase.error());
  }
  client.set_deadline(login_patience);
  const auto signed_vote = client.sign_vote(proposed.decision, *passphrase);
  crypto::wipe(*passphrase);
  if (!signed_vote) {
    return fail(arguments, "vote", signed_vote.error(), client);
  }
  const auto counted = client.cast_vote(proposed.task, *signed_vote);
  return counted ? say_counted(arguments, id, *counted)
                 : fail(arguments, arguments.case_id, counted.error(), client);
}

std::string voters_text(const Proposal& proposal, const Names& names) {
  std::string text;
  for (const Vote& vote : proposal.votes) {
    text += (text.empty() ? "" : ", ") + escape_for_terminal(name_in(names, vote.certificate.user));
  }
  return text.empty() ? "nobody yet" : text;
}

std::string voters_json(const Proposal& proposal, const Names& names) {
  std::string text;
  for (const Vote& vote : proposal.votes) {
    text += (text.empty() ? "" : ", ") + json_string(name_in(names, vote.certificate.user));
  }
  return "[" + text + "]";
}

// The request for money that was typed, or the newest that waits.
Lookup<std::optional<Digest>> find_request(const Arguments& arguments, const CaseId& id,
                                           Client& client) {
  const auto shown = client.case_view(id);
  if (!shown) {
    return tl::unexpected(LookupFault{shown.error(), {}});
  }
  if (!arguments.about.empty()) {
    return find_event(client, shown->shown, arguments.about);
  }
  std::optional<Digest> newest;
  for (const TrackState& track : shown->shown.tracks) {
    if (track.track == Track::fund && track.state == State::asked) {
      newest = track.about;
    }
  }
  return newest ? Lookup<std::optional<Digest>>(newest)
                : tl::unexpected(LookupFault{
                      {Code::not_found, Blame::caller, "no request for money waits in this case"},
                      {}});
}

}  // namespace

int vote(const Arguments& arguments) {
  const auto choice = std::ranges::find_if(
      choices, [&](const Choice& one) { return arguments.outcome == one.word; });
  if (choice == std::end(choices)) {
    return usage(arguments, "the vote is assign, refuse, overturn, uphold or approve");
  }
  Particulars said;
  said.code = arguments.reason;
  said.outcome = choice->outcome;
  const auto text = typed_text(arguments);
  if (!text) {
    return fail(arguments, arguments.text_file, text.error());
  }
  said.text = *text;
  return with_node(arguments, [&](Client& client) {
    const auto id = find_case(client, arguments.case_id);
    if (!id) {
      return fail(arguments, arguments.case_id, id.error(), client);
    }
    if (!arguments.offered.empty()) {
      const auto member = find_member(client, arguments.offered);
      if (!member) {
        return fail(arguments, arguments.offered, member.error(), client);
      }
      said.member = *member;
    }
    if (choice->kind == EventKind::fund_approve) {
      const auto request = find_request(arguments, *id, client);
      if (!request) {
        return fail(arguments, arguments.case_id, request.error(), client);
      }
      said.about = *request;
    }
    if (const auto code = take_status_file(arguments, *id, choice->kind, said, client)) {
      return *code;
    }
    if (const auto fault = find_fault(said, choice->kind)) {
      return refuse_form(arguments, "vote", *fault);
    }
    const auto proposed = client.propose_decision(*id, choice->kind, said);
    return proposed ? sign_and_cast(arguments, *id, *proposed, client)
                    : fail(arguments, arguments.case_id, proposed.error(), client);
  });
}

std::string proposals_text(const std::vector<Task>& tasks, const Names& names) {
  std::string all;
  for (const Task& task : tasks) {
    const auto proposal = Proposal::parse(task.proposal);
    if (proposal) {
      all += "case " + to_uuid(task.case_id) + "  " + escape_for_terminal(task.reason) + "\n";
      all += "    proposed by " + escape_for_terminal(name_in(names, task.user)) + ", " +
             to_iso8601(task.created).substr(0, 16) + "; signed by " +
             voters_text(*proposal, names) + "\n";
    }
  }
  return all;
}

int votes(const Arguments& arguments) {
  return with_node(arguments, [&](Client& client) {
    auto found = client.tasks();
    if (!found) {
      return fail(arguments, "votes", found.error(), client);
    }
    std::erase_if(found->tasks, [](const Task& task) {
      return task.kind != TaskKind::decision || task.state != TaskState::open;
    });
    const Names names = names_of(client, found->names);
    std::string all;
    for (const Task& task : found->tasks) {
      const auto proposal = Proposal::parse(task.proposal);
      if (proposal && arguments.json) {
        all += std::string(all.empty() ? "" : ", ") + "{\"task\": \"" + to_uuid(task.id) +
               "\", \"case\": \"" + to_uuid(task.case_id) +
               "\", \"decision\": " + json_string(task.reason) +
               ", \"proposed_by\": " + json_string(name_in(names, task.user)) +
               ", \"signed_by\": " + voters_json(*proposal, names) + "}";
      }
    }
    if (arguments.json) {
      std::printf("{\"votes\": [%s]}\n", all.c_str());
    } else {
      all = proposals_text(found->tasks, names);
      std::fputs(all.empty() ? "No decision waits for a vote.\n" : all.c_str(), stdout);
    }
    return exit_done;
  });
}

}  // namespace hamroh
