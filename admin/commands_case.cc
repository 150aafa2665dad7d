// What people do with cases: refer, look, decide, write notes, and wait for what became of it.

#include <cstdio>
#include <iostream>
#include <iterator>

#include "admin/attachment_view.h"
#include "admin/commands.h"
#include "admin/due_view.h"
#include "admin/files.h"
#include "admin/lookup.h"
#include "admin/report.h"
#include "admin/views.h"
#include "protocol/disclosure.h"
#include "protocol/text.h"
#include "protocol/wire_form.h"
#include "sdk/form_json.h"

namespace hamroh {
namespace {

constexpr std::size_t cases_listed_max = 4'096;

void print(const std::string& text) {
  std::fwrite(text.data(), 1, text.size(), stdout);
}
void print_line(const std::string& text) {
  print(text + "\n");
}

// Reads and checks the form; if it cannot, says why and returns nothing.
std::optional<ReferralForm> read_form(const Arguments& arguments, int& code) {
  const auto bytes = read_input(arguments.form, limits::json_bytes_max);
  if (!bytes) {
    code = fail(arguments, arguments.form, bytes.error());
    return std::nullopt;
  }
  auto form = parse_form_json(text(*bytes));
  if (!form) {
    code = refuse_form(arguments, arguments.form, form.error());
    return std::nullopt;
  }
  return std::move(*form);
}

// The whole of a text, in a file or (as "-") on standard input.
Result<std::string> read_text(const std::string& path) {
  if (path != "-") {
    HAMROH_ASSIGN(const Bytes bytes, read_input(path, limits::long_text_bytes_max));
    return std::string(text(bytes));
  }
  std::string read(limits::long_text_bytes_max + 1, '\0');
  std::cin.read(read.data(), static_cast<std::streamsize>(read.size()));
  read.resize(static_cast<std::size_t>(std::cin.gcount()));
  if (read.size() > limits::long_text_bytes_max) {
    return caller_error(Code::too_large, "the text is over its bound");
  }
  return read;
}

// A final line break belongs to the file, not to the text.
std::string without_last_newline(std::string text) {
  while (!text.empty() && (text.back() == '\n' || text.back() == '\r')) {
    text.pop_back();
  }
  return text;
}

// What waits in this case for votes; nothing if whoever asks may not know.
void print_proposals(const CaseId& id, const Names& names, Client& client) {
  if (auto found = client.tasks()) {
    std::erase_if(found->tasks, [&](const Task& task) {
      return task.kind != TaskKind::decision || task.state != TaskState::open || task.case_id != id;
    });
    const std::string waiting = proposals_text(found->tasks, names);
    print(waiting.empty() ? "" : "\nWaits for votes (hamroh vote):\n" + waiting);
  }
}

void print_due(const CaseView& shown, const Names& names, Client& client) {
  const auto status = client.status();
  const MemberId self = status ? status->node.member : MemberId{};
  const std::string due =
      clocks_text(shown.clocks, names, self, wall_now()) + no_clocks_text(shown);
  print(due.empty() ? "" : "\nDue:\n" + due);
}

int say_accepted(const Arguments& arguments, const api::Accepted& accepted) {
  if (arguments.json) {
    std::printf("{\"case\": \"%s\", \"message\": \"%s\", \"level\": \"accepted\"}\n",
                to_uuid(accepted.case_id).c_str(), to_uuid(accepted.message).c_str());
  } else {
    std::printf("case     %s\nmessage  %s\nlevel    accepted\n", to_uuid(accepted.case_id).c_str(),
                to_uuid(accepted.message).c_str());
  }
  std::fflush(stdout);
  return exit_done;
}

// The time is over: says how far the message has come.
int say_timed_out(const Arguments& arguments, const MessageId& message, Client& client) {
  const auto shown = client.message(message);
  if (!shown) {
    return fail(arguments, to_uuid(message), shown.error(), client);
  }
  if (arguments.json) {
    print_line(message_json(*shown));
  }
  std::fprintf(stderr, "%s: still %s when the time was over (timed_out)\n",
               to_uuid(message).c_str(), level_name(shown->level()));
  std::fputs("  The node keeps trying until the message expires: wait again.\n", stderr);
  return exit_timed_out;
}

int wait_for(const Arguments& arguments, const MessageId& message, Level level, Duration timeout,
             Client& client) {
  const auto shown = client.wait(message, level, timeout);
  if (!shown) {
    return shown.error().code == Code::timed_out
               ? say_timed_out(arguments, message, client)
               : fail(arguments, to_uuid(message), shown.error(), client);
  }
  if (arguments.json) {
    print_line(message_json(*shown));
  } else {
    std::printf("message  %s\nlevel    %s\n", to_uuid(message).c_str(), level_name(shown->level()));
  }
  // Opened implies stored; the levels after opened are other ends than the one waited for.
  if (shown->level() >= level && shown->level() <= Level::opened) {
    return exit_done;
  }
  for (const Delivery& delivery : shown->deliveries) {
    if (delivery.level == shown->level()) {
      std::fprintf(stderr, "%s: %s at %s (%s)\n", to_uuid(message).c_str(),
                   level_name(delivery.level), to_uuid(delivery.recipient).c_str(),
                   code_name(delivery.code));
    }
  }
  return exit_refused;
}

int list(const Arguments& arguments, bool awaiting_decision) {
  return with_node(arguments, [&](Client& client) {
    std::vector<CaseView> all;
    api::Names users;
    api::ListCases page{std::nullopt, api::limits::page_items_max, awaiting_decision};
    do {
      auto cases = client.cases(page);
      if (!cases) {
        return fail(arguments, arguments.home, cases.error(), client);
      }
      all.insert(all.end(), cases->cases.begin(), cases->cases.end());
      users.insert(users.end(), cases->names.begin(), cases->names.end());
      page.before = cases->next;
    } while (page.before && all.size() < cases_listed_max);
    if (arguments.overdue) {
      std::erase_if(all, [now = wall_now()](const CaseView& shown) {
        return shown.clocks.empty() || now < shown.clocks.front().deadline.due;
      });
    }
    const Names names = names_of(client, users);
    if (arguments.json) {
      print_line(cases_json(all, names));
    } else if (all.empty()) {
      print_line(awaiting_decision   ? "Nothing waits for a decision."
                 : arguments.overdue ? "Nothing is overdue."
                                     : "There are no cases.");
    } else {
      print(cases_text(all, names));
    }
    return exit_done;
  });
}

// Adds one message to the case that was typed.
int add_to_case(const Arguments& arguments,
                const std::function<Result<api::Accepted>(Client&, const CaseId&)>& submit) {
  const auto waiting = waiting_of(arguments);
  if (!waiting) {
    return usage(arguments, waiting_usage);
  }
  return with_node(arguments, [&](Client& client) {
    const auto id = find_case(client, arguments.case_id);
    if (!id) {
      return fail(arguments, arguments.case_id, id.error(), client);
    }
    const auto accepted = submit(client, *id);
    return accepted ? say_and_wait(arguments, *waiting, *accepted, client)
                    : fail(arguments, arguments.case_id, accepted.error(), client);
  });
}

int decide(const Arguments& arguments, Decision decision) {
  const auto waiting = waiting_of(arguments);
  if (!waiting) {
    return usage(arguments, waiting_usage);
  }
  return with_node(arguments, [&](Client& client) {
    const auto id = find_case(client, arguments.case_id);
    if (!id) {
      return fail(arguments, arguments.case_id, id.error(), client);
    }
    if (!arguments.about.empty()) {
      const auto shown = client.case_view(*id);
      if (!shown) {
        return fail(arguments, arguments.case_id, shown.error(), client);
      }
      const auto about = find_event(client, shown->shown, arguments.about);
      if (!about) {
        return fail(arguments, arguments.about, about.error(), client);
      }
      decision.about = *about;
    }
    const auto accepted = client.decide(*id, decision);
    return accepted ? say_and_wait(arguments, *waiting, *accepted, client)
                    : fail(arguments, arguments.case_id, accepted.error(), client);
  });
}

// What is disclosed by hand: a status file is not.
const FormFields of_form = fields_of({DisclosureTier::t2, DisclosureTier::t3, DisclosureTier::t4});

// "sealed.health" or "T3"; nothing if one of them is neither.
std::optional<FormFields> typed_fields(const std::vector<std::string>& words) {
  FormFields fields;
  for (const std::string& word : words) {
    const auto tier = parse_code<DisclosureTier>(word);
    const auto field = parse_code<FormField>(word);
    const FormFields meant = field ? FormFields{*field} : tier ? fields_of(*tier) : FormFields{};
    if (meant.empty() || !meant.within(of_form)) {
      return std::nullopt;
    }
    fields |= meant;
  }
  return fields;
}

std::string fields_usage() {
  std::string allowed = "--field is a tier (T2, T3, T4) or one of";
  for (const FormField one : of_form.list()) {
    allowed += std::string(" ") + name_of(one);
  }
  return allowed;
}

// The newest that it has accepted, else the newest at all, for the node to say what is wrong.
std::optional<Digest> referral_to(const CaseView& shown, const MemberId& member) {
  std::optional<Digest> newest;
  std::optional<Digest> accepted;
  for (const TrackState& track : shown.tracks) {
    if (track.track == Track::referral && track.member == member) {
      newest = track.about;
      accepted = track.state == State::accepted ? track.about : accepted;
    }
  }
  return accepted ? accepted : newest;
}

}  // namespace

int refuse_form(const Arguments& arguments, const std::string& file, const FormFault& fault) {
  if (arguments.json) {
    std::printf(
        "{\"error\": \"invalid_form\", \"where\": %s, \"path\": %s, \"found\": %s, \"allowed\": "
        "%s}\n",
        json_string(file).c_str(), json_string(fault.path).c_str(),
        json_string(fault.found).c_str(), json_string(fault.allowed).c_str());
  }
  std::fprintf(stderr, "%s: the form is not valid (invalid_form)\n  field    %s\n  found    %s\n",
               escape_for_terminal(file).c_str(), escape_for_terminal(fault.path).c_str(),
               escape_for_terminal(fault.found).c_str());
  std::fprintf(stderr, "  allowed  %s\nNothing was sent.\n",
               escape_for_terminal(fault.allowed).c_str());
  return exit_refused;
}

std::optional<Waiting> waiting_of(const Arguments& arguments) {
  const auto level = arguments.wait_level.empty() ? std::optional(Level::accepted)
                                                  : parse_level(arguments.wait_level);
  const auto timeout = parse_duration(arguments.timeout);
  return level && timeout ? std::optional(Waiting{*level, *timeout}) : std::nullopt;
}

int say_and_wait(const Arguments& arguments, const Waiting& waiting, const api::Accepted& accepted,
                 Client& client) {
  const bool waits = waiting.level != Level::accepted;
  if (!waits || !arguments.json) {
    say_accepted(arguments, accepted);  // in JSON there is one object: the one at the end
  }
  return waits ? wait_for(arguments, accepted.message, waiting.level, waiting.timeout, client)
               : exit_done;
}

Result<std::optional<FreeText>> typed_text(const Arguments& arguments) {
  if (arguments.text_file.empty()) {
    return std::optional<FreeText>{};
  }
  HAMROH_ASSIGN(std::string words, read_text(arguments.text_file));
  return std::optional(FreeText{language_of(arguments), without_last_newline(std::move(words))});
}

int refer(const Arguments& arguments) {
  const auto waiting = waiting_of(arguments);
  if (!waiting) {
    return usage(arguments, waiting_usage);
  }
  int code = exit_done;
  const auto form = read_form(arguments, code);
  if (!form) {
    return code;
  }
  return with_node(arguments, [&](Client& client) {
    const auto to = find_member(client, arguments.to);
    if (!to) {
      return fail(arguments, arguments.to, to.error(), client);
    }
    if (const auto stopped = stop_in_vain(arguments, *to, form->triage, client)) {
      return *stopped;
    }
    std::optional<CaseId> in;
    if (!arguments.case_id.empty()) {
      const auto id = find_case(client, arguments.case_id);
      if (!id) {
        return fail(arguments, arguments.case_id, id.error(), client);
      }
      in = *id;
    }
    const auto accepted =
        client.submit({new_message_id(), in, EventKind::referral_send, {*to}, encode(*form), {}});
    return accepted ? say_and_wait(arguments, *waiting, *accepted, client)
                    : fail(arguments, arguments.form, accepted.error(), client);
  });
}

int wait(const Arguments& arguments) {
  const auto level = parse_level(arguments.wait_level);
  const auto timeout = parse_duration(arguments.timeout);
  if (!level || !timeout) {
    return usage(arguments, "--for is accepted, stored or opened; --timeout like 10s");
  }
  return with_node(arguments, [&](Client& client) {
    const auto message = find_message(client, arguments.message);
    return message ? wait_for(arguments, *message, *level, *timeout, client)
                   : fail(arguments, arguments.message, message.error(), client);
  });
}

int inbox(const Arguments& arguments) {
  return list(arguments, true);
}
int case_list(const Arguments& arguments) {
  return list(arguments, false);
}

int case_show(const Arguments& arguments) {
  return with_shown_case(arguments, [&](Client& client, const api::Case& found) {
    const CaseView& shown = found.shown;
    std::vector<EventText> bodies;
    for (const MessageView& event : shown.events) {
      // A body that is not kept here, or cannot be read now, is left out.
      const auto body = client.body(event.author, event.message);
      bodies.push_back(body ? describe_body(body->kind, body->bytes) : EventText{});
      bodies.back().withheld = body && body->withheld;
    }
    Names names = names_of(client, found.names);
    if (const auto keys = client.user_keys()) {
      for (const api::UserKey& key : *keys) {
        names.users.emplace(key.certificate.user, key.name);
      }
    }
    const auto files = client.attachments(shown.id);
    if (arguments.json) {
      const std::string list = files ? attachment_list_json(*files, names) : std::string();
      print_line(case_json(shown, names, bodies, list));
    } else {
      print(case_text(shown, names, bodies));
      print_due(shown, names, client);
      print(files && !files->empty() ? "\nFiles:\n" + attachments_text(*files, names) : "");
      print_proposals(shown.id, names, client);
    }
    return exit_done;
  });
}

int accept(const Arguments& arguments) {
  return decide(arguments, {});
}

int decline(const Arguments& arguments) {
  Decision decision;
  decision.reason = parse_code<DeclineReason>(arguments.reason);
  if (!decision.reason) {
    return usage(arguments, "--reason is one of " + joined(names_of(DeclineReason{})));
  }
  const auto text = typed_text(arguments);
  if (!text) {
    return fail(arguments, arguments.text_file, text.error());
  }
  decision.text = *text;
  if (const auto fault = find_fault(decision)) {
    return refuse_form(arguments, arguments.text_file.empty() ? "--reason" : arguments.text_file,
                       *fault);
  }
  return decide(arguments, decision);
}

int note(const Arguments& arguments) {
  const auto text = typed_text(arguments);
  if (!text) {
    return fail(arguments, arguments.text_file, text.error());
  }
  const NoteText note{**text};
  if (const auto fault = find_fault(note)) {
    return refuse_form(arguments, arguments.text_file, *fault);
  }
  return add_to_case(arguments,
                     [&](Client& client, const CaseId& id) { return client.note(id, note); });
}

int disclose(const Arguments& arguments) {
  const auto waiting = waiting_of(arguments);
  if (!waiting) {
    return usage(arguments, waiting_usage);
  }
  const auto fields = typed_fields(arguments.fields);
  if (!fields) {
    return usage(arguments, fields_usage());
  }
  return with_node(arguments, [&](Client& client) {
    const auto id = find_case(client, arguments.case_id);
    if (!id) {
      return fail(arguments, arguments.case_id, id.error(), client);
    }
    const auto to = find_member(client, arguments.to);
    if (!to) {
      return fail(arguments, arguments.to, to.error(), client);
    }
    const auto shown = client.case_view(*id);
    if (!shown) {
      return fail(arguments, arguments.case_id, shown.error(), client);
    }
    const auto referral = referral_to(shown->shown, *to);
    if (!referral) {
      return fail(
          arguments, arguments.to,
          Error{Code::no_standing, Blame::caller, "that member is no recipient of a referral"},
          client);
    }
    const auto accepted = client.disclose(*id, *to, {*referral, *fields});
    return accepted ? say_and_wait(arguments, *waiting, *accepted, client)
                    : fail(arguments, arguments.case_id, accepted.error(), client);
  });
}

int form_check(const Arguments& arguments) {
  int code = exit_done;
  const auto form = read_form(arguments, code);
  if (!form) {
    return code;
  }
  if (!arguments.packs.empty()) {
    if (const auto fault = find_fault_by_pack(*form, arguments, code)) {
      return refuse_form(arguments, arguments.form, *fault);
    }
    if (code != exit_done) {
      return code;
    }
  }
  if (arguments.json) {
    print_line("{\"valid\": true}");
  } else {
    print_line(escape_for_terminal(arguments.form) + ": a valid referral form");
  }
  return exit_done;
}

}  // namespace hamroh
