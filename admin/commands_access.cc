// To whom cases are given, what needs a second person, and who saw what.

#include <algorithm>
#include <cstdio>
#include <map>

#include "admin/commands.h"
#include "admin/files.h"
#include "admin/lookup.h"
#include "admin/report.h"
#include "admin/views.h"
#include "protocol/text.h"

namespace hamroh {
namespace {

std::string shown(std::string_view text) {
  return escape_for_terminal(text);
}

Names with_users(const api::Names& users) {
  Names names;
  names.users.insert(users.begin(), users.end());
  return names;
}

int with_case(const Arguments& arguments, const std::function<int(Client&, const CaseId&)>& use) {
  return with_node(arguments, [&](Client& client) {
    const auto id = find_case(client, arguments.case_id);
    return id ? use(client, *id) : fail(arguments, arguments.case_id, id.error(), client);
  });
}

Result<std::vector<UserId>> users_of(Client& client, const std::vector<std::string>& typed) {
  std::vector<UserId> users;
  for (const std::string& name : typed) {
    HAMROH_ASSIGN(const api::UserView user, find_user(client, name));
    users.push_back(user.id);
  }
  return users;
}

// A question can be named by the beginning of its id, as `hamroh tasks` shows it.
Result<TaskId> find_task(Client& client, const std::string& typed) {
  if (const auto id = parse_uuid(typed)) {
    return *TaskId::from(*id);
  }
  HAMROH_ASSIGN(const api::Tasks all, client.tasks());
  std::optional<TaskId> found;
  for (const Task& task : all.tasks) {
    if (begins(task.id.view(), typed)) {
      if (found) {
        return caller_error(Code::ambiguous, "several questions begin so");
      }
      found = task.id;
    }
  }
  return found ? Result<TaskId>(*found)
               : caller_error(Code::not_found, "no question begins so: see hamroh tasks");
}

std::string task_json(const Task& task, const Names& names) {
  std::string text = "{\"task\": \"" + to_uuid(task.id) + "\", \"kind\": \"" +
                     task_kind_name(task.kind) + "\", \"state\": \"" + task_state_name(task.state) +
                     "\", \"user\": " + json_string(name_in(names, task.user)) + ", \"role\": \"" +
                     role_name(task.role) + "\", \"created\": \"" + to_iso8601(task.created) + "\"";
  if (!task.case_id.is_zero()) {
    text += ", \"case\": \"" + to_uuid(task.case_id) + "\"";
  }
  if (task.state != TaskState::open) {
    text += ", \"second\": " + json_string(name_in(names, task.second)) + ", \"decided\": \"" +
            to_iso8601(task.decided) + "\"";
  }
  return text + ", \"reason\": " + json_string(task.reason) + "}";
}

std::string task_text(const Task& task, const Names& names) {
  std::string text = to_uuid(task.id).substr(0, 13) + "  " +
                     to_iso8601(task.created).substr(0, 16) + "  " + task_kind_name(task.kind) +
                     ": " + task_state_name(task.state) + "  " + shown(name_in(names, task.user)) +
                     " (" + role_name(task.role) + ")\n";
  if (!task.case_id.is_zero()) {
    text += "    case " + to_uuid(task.case_id) + "\n";
  }
  if (!task.reason.empty()) {
    text += "    " + shown(task.reason) + "\n";
  }
  if (task.state != TaskState::open) {
    text += "    by " + shown(name_in(names, task.second)) + ", " +
            to_iso8601(task.decided).substr(0, 16) + "\n";
  }
  return text;
}

std::string access_json(const AccessRecord& access, const Names& names) {
  std::string text = "{\"kind\": \"" + std::string(entry_kind_name(access.kind)) +
                     "\", \"time\": \"" + to_iso8601(access.time) +
                     "\", \"user\": " + json_string(name_in(names, access.user)) +
                     ", \"role\": \"" + role_name(access.role) + "\"";
  if (!access.other.is_zero()) {
    text += ", \"other\": " + json_string(name_in(names, access.other));
  }
  if (!access.words.empty()) {
    text += ", \"words\": " + json_string(access.words);
  }
  return text + ", \"commitment\": \"" + access.commitment().hex() + "\"}";
}

std::string access_text(const AccessRecord& access, const Names& names) {
  std::string text = to_iso8601(access.time).substr(0, 16) + "  " + entry_kind_name(access.kind) +
                     "  " + shown(name_in(names, access.user)) + " (" + role_name(access.role) +
                     ")";
  if (!access.other.is_zero()) {
    text += " → " + shown(name_in(names, access.other));
  }
  return text + (access.words.empty() ? "" : "  " + shown(access.words)) + "\n";
}

// One JSON array of what `one` makes of each item, or the texts; `none` if there are no items.
template <class Item, class Json, class Text>
int print_list(const Arguments& arguments, const char* name, const std::vector<Item>& items,
               const Json& json, const Text& text, const char* none) {
  std::string out;
  for (const Item& item : items) {
    out += arguments.json ? (out.empty() ? "" : ", ") + json(item) : text(item);
  }
  if (arguments.json) {
    std::printf("{\"%s\": [%s]}\n", name, out.c_str());
  } else {
    std::fputs(items.empty() ? none : out.c_str(), stdout);
  }
  return exit_done;
}

int decide_task(const Arguments& arguments, bool agrees) {
  return with_node(arguments, [&](Client& client) {
    const auto task = find_task(client, arguments.task);
    if (!task) {
      return fail(arguments, arguments.task, task.error(), client);
    }
    const Status done = client.decide_task(*task, agrees);
    return done ? said(arguments, agrees ? "Agreed; it is on record." : "Refused; it is on record.")
                : fail(arguments, arguments.task, done.error(), client);
  });
}

int ask(const Arguments& arguments, TaskKind kind) {
  return with_case(arguments, [&](Client& client, const CaseId& id) {
    const auto task = client.ask_second({kind, id, arguments.reason});
    if (!task) {
      return fail(arguments, arguments.case_id, task.error(), client);
    }
    if (arguments.json) {
      std::printf("{\"task\": \"%s\"}\n", to_uuid(*task).c_str());
    } else if (kind == TaskKind::break_glass) {
      std::puts(
          "The case is open to you for four hours. This is on record, and a second person will "
          "look at it.");
    } else {
      std::printf("A supervisor has to agree now: hamroh agree %s\n",
                  to_uuid(*task).substr(0, 13).c_str());
    }
    return exit_done;
  });
}

// {"case": …, "events": [{…, "body": …}, …]}: what `case show --json` shows, all at once.
std::string export_json(const api::Exported& exported, const Names& names) {
  std::vector<EventText> bodies;
  for (const api::Body& body : exported.bodies) {
    bodies.push_back(describe_body(body.kind, body.bytes));
    bodies.back().withheld = body.withheld;
  }
  return case_json(exported.shown, names, bodies) + "\n";
}

}  // namespace

int case_take(const Arguments& arguments) {
  return with_case(arguments, [&](Client& client, const CaseId& id) {
    const Status done = client.take_case(id);
    return done ? said(arguments, "The case is yours.")
                : fail(arguments, arguments.case_id, done.error(), client);
  });
}

int case_give(const Arguments& arguments) {
  if (arguments.give.empty() && arguments.withdraw.empty() && arguments.teams.empty()) {
    return usage(arguments, "to whom? --to USER, --team TEAM, or --not USER to take it from her");
  }
  if (arguments.teams.size() > 1) {
    return usage(arguments, "a case belongs to one team");
  }
  return with_case(arguments, [&](Client& client, const CaseId& id) {
    const auto give = users_of(client, arguments.give);
    const auto withdraw = users_of(client, arguments.withdraw);
    if (!give || !withdraw) {
      return fail(arguments, arguments.case_id, give ? withdraw.error() : give.error(), client);
    }
    const Status done = client.assign_case(
        {id, arguments.teams.empty() ? "" : arguments.teams.front(), *give, *withdraw});
    return done ? said(arguments, "Done; it is on record.")
                : fail(arguments, arguments.case_id, done.error(), client);
  });
}

int case_who(const Arguments& arguments) {
  return with_case(arguments, [&](Client& client, const CaseId& id) {
    const auto found = client.accesses(id);
    if (!found) {
      return fail(arguments, arguments.case_id, found.error(), client);
    }
    const Names names = with_users(found->names);
    return print_list(
        arguments, "accesses", found->accesses,
        [&](const AccessRecord& access) { return access_json(access, names); },
        [&](const AccessRecord& access) { return access_text(access, names); },
        "Nobody has opened this case.\n");
  });
}

int case_export(const Arguments& arguments) {
  return with_case(arguments, [&](Client& client, const CaseId& id) {
    const auto exported = client.export_case(id);
    if (!exported) {
      return fail(arguments, arguments.case_id, exported.error(), client);
    }
    const Names names = names_of(client, exported->names);
    const Status written =
        write_output(arguments.out, view(export_json(*exported, names)), private_mode);
    return written ? said(arguments, "Written; it is on record that you took it.")
                   : fail(arguments, arguments.out, written.error());
  });
}

int ask_sealed(const Arguments& arguments) {
  return ask(arguments, TaskKind::see_sealed_tier);
}
int ask_export(const Arguments& arguments) {
  return ask(arguments, TaskKind::export_case);
}
int break_glass(const Arguments& arguments) {
  return ask(arguments, TaskKind::break_glass);
}

int tasks(const Arguments& arguments) {
  return with_node(arguments, [&](Client& client) {
    auto found = client.tasks();
    if (!found) {
      return fail(arguments, arguments.home, found.error(), client);
    }
    if (!arguments.all) {
      std::erase_if(found->tasks, [](const Task& task) { return task.state != TaskState::open; });
    }
    const Names names = with_users(found->names);
    return print_list(
        arguments, "tasks", found->tasks, [&](const Task& task) { return task_json(task, names); },
        [&](const Task& task) { return task_text(task, names); },
        "Nothing waits for a second person.\n");
  });
}

int agree(const Arguments& arguments) {
  return decide_task(arguments, true);
}
int disagree(const Arguments& arguments) {
  return decide_task(arguments, false);
}

}  // namespace hamroh
