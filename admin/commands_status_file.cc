// What a decision on a status rests on: given with the decision, and shown to who decides.

#include <cstdio>

#include "admin/commands.h"
#include "admin/files.h"
#include "admin/report.h"
#include "protocol/ballot.h"
#include "protocol/text.h"
#include "protocol/wire_form.h"
#include "sdk/form_json.h"

namespace hamroh {
namespace {

constexpr const char* waiting_word = "waiting";

struct NamedFile {
  Digest commitment;
  std::string by;  // what names it
};

// The decisions of that case which wait for votes, and rest on a file.
Result<std::vector<NamedFile>> waiting_files(const CaseId& id, std::optional<EventKind> kind,
                                             Client& client) {
  HAMROH_ASSIGN(const auto found, client.tasks());
  std::vector<NamedFile> files;
  for (const Task& task : found.tasks) {
    if (task.kind != TaskKind::decision || task.state != TaskState::open || task.case_id != id) {
      continue;
    }
    const auto proposal = Proposal::parse(task.proposal);
    if (proposal && proposal->said.file && (!kind || proposal->kind == *kind)) {
      files.push_back({*proposal->said.file,
                       std::string(event_kind_name(proposal->kind)) + ", waiting for votes"});
    }
  }
  return files;
}

Result<std::vector<NamedFile>> named_files(const CaseView& shown, Client& client) {
  std::vector<NamedFile> files;
  for (const MessageView& event : shown.events) {
    if (!may_have_status_file(event.kind)) {
      continue;
    }
    HAMROH_ASSIGN(const api::Body body, client.body(event.author, event.message));
    const auto said = parse_particulars(body.bytes, event.kind);
    if (said && said->file &&
        std::ranges::find(files, *said->file, &NamedFile::commitment) == files.end()) {
      files.push_back({*said->file, std::string(event_kind_name(event.kind)) + " of " +
                                        to_iso8601(event.created).substr(0, 16)});
    }
  }
  HAMROH_ASSIGN(const auto waiting, waiting_files(shown.id, std::nullopt, client));
  files.insert(files.end(), waiting.begin(), waiting.end());
  return files;
}

std::string free_text(const std::optional<FreeText>& text) {
  return text ? ": " + escape_for_terminal(text->text) : "";
}

std::string file_text(const StatusFile& file) {
  std::string text;
  const auto say = [&](const char* what, const std::vector<std::string>& codes) {
    text += codes.empty() ? "" : std::string("  ") + what + joined(codes) + "\n";
  };
  if (file.indicators) {
    say("act          ", file.indicators->act);
    say("means        ", file.indicators->means);
    say("purpose      ", file.indicators->purpose);
  }
  for (const Evidence& one : file.evidence) {
    text += "  evidence     " + one.code + free_text(one.text) +
            (one.file ? " (file " + one.file->hex().substr(0, 16) + ")" : "") + "\n";
  }
  text += file.certificate.empty()
              ? ""
              : "  certificate  " + escape_for_terminal(file.certificate) + "\n";
  return text;
}

}  // namespace

std::optional<int> take_status_file(const Arguments& arguments, const CaseId& id, EventKind kind,
                                    Particulars& said, Client& client) {
  if (arguments.status_file.empty()) {
    return std::nullopt;
  }
  if (!may_have_status_file(kind)) {
    return usage(arguments, "--status-file goes with assign and refuse");
  }
  if (arguments.status_file == waiting_word) {
    const auto files = waiting_files(id, kind, client);
    if (!files) {
      return fail(arguments, arguments.case_id, files.error(), client);
    }
    if (files->size() != 1) {
      return fail(arguments, arguments.case_id,
                  Error{Code::not_found, Blame::caller,
                        files->empty() ? "no such decision with a status file waits for votes"
                                       : "several such decisions wait: give the status file"},
                  client);
    }
    said.file = files->front().commitment;
    return std::nullopt;
  }
  const auto bytes = read_input(arguments.status_file, limits::json_bytes_max);
  if (!bytes) {
    return fail(arguments, arguments.status_file, bytes.error());
  }
  auto file = parse_status_file_json(text(*bytes));
  if (!file) {
    return refuse_form(arguments, arguments.status_file, file.error());
  }
  said.status_file = std::move(*file);
  return std::nullopt;
}

int case_status_file(const Arguments& arguments) {
  return with_shown_case(arguments, [&](Client& client, const api::Case& found) {
    const auto files = named_files(found.shown, client);
    if (!files) {
      return fail(arguments, arguments.case_id, files.error(), client);
    }
    std::string shown;
    for (const NamedFile& one : *files) {
      const auto file = client.status_file(found.shown.id, one.commitment);
      if (!file && file.error().code != Code::not_found && file.error().code != Code::not_granted) {
        return fail(arguments, arguments.case_id, file.error(), client);
      }
      if (arguments.json) {
        shown +=
            std::string(shown.empty() ? "" : ", ") + "{\"commitment\": \"" + one.commitment.hex() +
            "\", \"named_by\": " + json_string(one.by) +
            ", \"file\": " + (file ? to_json(*file) : std::string("null")) +
            (file ? "" : std::string(", \"why_not\": \"") + code_name(file.error().code) + "\"") +
            "}";
      } else {
        shown += one.by + "  " + one.commitment.hex().substr(0, 16) + "\n" +
                 (file ? file_text(*file) : "  not here: " + std::string(file.error().text) + "\n");
      }
    }
    if (arguments.json) {
      std::printf("{\"case\": \"%s\", \"files\": [%s]}\n", to_uuid(found.shown.id).c_str(),
                  shown.c_str());
    } else {
      std::fputs(
          shown.empty() ? "No decision of this case rests on a status file.\n" : shown.c_str(),
          stdout);
    }
    return exit_done;
  });
}

}  // namespace hamroh
