// Files with a case: send one, list them, save one. What is in a file is nobody's business here: it
// is read, carried and written as bytes.

#include <unistd.h>

#include <charconv>
#include <chrono>
#include <cstdio>
#include <thread>

#include "admin/attachment_view.h"
#include "admin/commands.h"
#include "admin/files.h"
#include "admin/report.h"
#include "protocol/text.h"

namespace hamroh {
namespace {

constexpr auto look_again = std::chrono::milliseconds(300);
constexpr Duration part_patience = minutes(2);  // a node that starts again answers late

std::string base_name(const std::string& path) {
  return path.substr(path.rfind('/') == path.npos ? 0 : path.rfind('/') + 1);
}

// One line that is written over on a terminal; elsewhere each tenth, so that a log stays short.
class ProgressLine {
 public:
  ProgressLine(std::string name, std::uint64_t bytes)
      : name_(std::move(name)), bytes_(bytes), terminal_(::isatty(STDERR_FILENO) == 1) {}
  void operator()(std::uint64_t done) {
    const std::uint64_t tenth = done * 10 / bytes_;
    if (terminal_ || tenth != tenth_ || done == bytes_) {
      std::fprintf(stderr, "%s%s: %s of %s (%llu %%)%s", terminal_ ? "\r" : "", name_.c_str(),
                   size_text(done).c_str(), size_text(bytes_).c_str(),
                   static_cast<unsigned long long>(done * 100 / bytes_),
                   terminal_ && done != bytes_ ? "   " : "\n");
      std::fflush(stderr);
    }
    tenth_ = tenth;
  }

 private:
  std::string name_;
  std::uint64_t bytes_;
  bool terminal_;
  std::uint64_t tenth_ = 0;
};

// Under which message the same file was begun before; a new one if it was not.
Result<MessageId> message_for(Client& client, const api::AttachFile& file) {
  HAMROH_ASSIGN(const auto all, client.attachments(file.case_id));
  for (const AttachmentView& one : all) {
    std::vector<MemberId> to;
    for (const AttachmentHolder& holder : one.holders) {
      to.push_back(holder.member);
    }
    std::vector<MemberId> wanted = file.to;
    std::ranges::sort(wanted);
    const bool same = one.state == AttachmentState::uploading && one.sha256 == file.sha256 &&
                      one.bytes == file.bytes && one.name == file.name &&
                      (wanted.empty() || wanted == to);
    if (same) {
      return one.message;
    }
  }
  return new_message_id();
}

const AttachmentView* find_own(const std::vector<AttachmentView>& all, const MessageId& message) {
  const auto found = std::ranges::find(all, message, &AttachmentView::message);
  return found == all.end() ? nullptr : &*found;
}

// Until every recipient has all of it.
int wait_whole(const Arguments& arguments, const api::Accepted& accepted, Duration timeout,
               Client& client) {
  const auto until = std::chrono::steady_clock::now() + std::chrono::milliseconds(timeout.ms);
  std::uint64_t shown = 0;
  for (;;) {
    const auto all = client.attachments(accepted.case_id);
    if (!all) {
      return fail(arguments, arguments.file, all.error(), client);
    }
    const AttachmentView* own = find_own(*all, accepted.message);
    std::uint64_t have = 0;
    for (const AttachmentHolder& holder :
         own != nullptr ? own->holders : std::vector<AttachmentHolder>{}) {
      have += holder.have;
    }
    const std::uint64_t all_chunks = own != nullptr ? own->chunks * own->holders.size() : 0;
    if (have != shown) {
      shown = have;
      std::fprintf(stderr, "recipients have %llu of %llu chunks\n",
                   static_cast<unsigned long long>(have),
                   static_cast<unsigned long long>(all_chunks));
    }
    const bool whole = own != nullptr && std::ranges::all_of(own->holders, [](const auto& one) {
                         return one.whole.ms != 0;
                       });
    if (whole) {
      std::printf(arguments.json ? "{\"case\": \"%s\", \"message\": \"%s\", \"level\": \"whole\"}\n"
                                 : "case     %s\nmessage  %s\nlevel    whole\n",
                  to_uuid(accepted.case_id).c_str(), to_uuid(accepted.message).c_str());
      return exit_done;
    }
    if (std::chrono::steady_clock::now() >= until) {
      std::fprintf(stderr, "%s: not whole at every recipient when the time was over (timed_out)\n",
                   to_uuid(accepted.message).c_str());
      std::fputs("  The nodes go on by themselves: hamroh attachment list CASE\n", stderr);
      return exit_timed_out;
    }
    std::this_thread::sleep_for(look_again);
  }
}

int send_file(const Arguments& arguments, const Bytes& content, const CaseId& id, Client& client) {
  api::AttachFile file;
  file.case_id = id;
  file.bytes = content.size();
  file.sha256 = crypto::sha256({content});
  file.name = arguments.name.empty() ? base_name(arguments.file) : arguments.name;
  file.media = media_of(file.name);
  for (const std::string& typed : arguments.recipients) {
    const auto member = find_member(client, typed);
    if (!member) {
      return fail(arguments, typed, member.error(), client);
    }
    file.to.push_back(*member);
  }
  const auto message = message_for(client, file);
  if (!message) {
    return fail(arguments, arguments.case_id, message.error(), client);
  }
  file.message = *message;
  client.set_deadline(part_patience);
  ProgressLine line(escape_for_terminal(file.name), file.bytes);
  const auto accepted = client.attach(file, content, [&](std::uint64_t done) { line(done); });
  if (!accepted) {
    return fail(arguments, arguments.file, accepted.error(), client);
  }
  if (arguments.wait_level == "whole") {
    return wait_whole(arguments, *accepted, *parse_duration(arguments.timeout), client);
  }
  return say_and_wait(arguments, *waiting_of(arguments), *accepted, client);
}

// By its number in the list, or the beginning of its message's id.
const AttachmentView* find_attachment(const std::vector<AttachmentView>& all,
                                      const std::string& typed) {
  std::size_t number = 0;
  const auto read = std::from_chars(typed.data(), typed.data() + typed.size(), number);
  if (read.ec == std::errc{} && read.ptr == typed.data() + typed.size() && number >= 1 &&
      number <= all.size()) {
    return &all[number - 1];
  }
  const AttachmentView* found = nullptr;
  for (const AttachmentView& one : all) {
    if (begins(one.message.view(), typed)) {
      if (found != nullptr) {
        return nullptr;
      }
      found = &one;
    }
  }
  return found;
}

int with_attachments(
    const Arguments& arguments,
    const std::function<int(Client&, const CaseId&, const std::vector<AttachmentView>&)>& use) {
  return with_node(arguments, [&](Client& client) {
    const auto id = find_case(client, arguments.case_id);
    if (!id) {
      return fail(arguments, arguments.case_id, id.error(), client);
    }
    const auto all = client.attachments(*id);
    return all ? use(client, *id, *all) : fail(arguments, arguments.case_id, all.error(), client);
  });
}

}  // namespace

int attach(const Arguments& arguments) {
  const bool whole = arguments.wait_level == "whole";
  if (!parse_duration(arguments.timeout) || (!whole && !waiting_of(arguments))) {
    return usage(arguments, "--wait is stored, opened or whole; --timeout like 10s");
  }
  const auto content = read_input(arguments.file, limits::attachment_bytes_max);
  if (!content) {
    return fail(arguments, arguments.file, content.error());
  }
  return with_node(arguments, [&](Client& client) {
    const auto id = find_case(client, arguments.case_id);
    return id ? send_file(arguments, *content, *id, client)
              : fail(arguments, arguments.case_id, id.error(), client);
  });
}

int attachment_list(const Arguments& arguments) {
  return with_attachments(
      arguments, [&](Client& client, const CaseId&, const std::vector<AttachmentView>& all) {
        const Names names = names_of(client);
        const std::string text = arguments.json ? attachments_json(all, names)
                                 : all.empty()  ? std::string("No file goes with this case.\n")
                                                : attachments_text(all, names);
        std::fwrite(text.data(), 1, text.size(), stdout);
        return exit_done;
      });
}

int attachment_save(const Arguments& arguments) {
  return with_attachments(
      arguments, [&](Client& client, const CaseId& id, const std::vector<AttachmentView>& all) {
        const AttachmentView* found = find_attachment(all, arguments.attachment);
        if (found == nullptr) {
          return refuse(arguments.json, arguments.attachment, Code::not_found,
                        "no file of this case has that number or message",
                        "hamroh attachment list CASE");
        }
        if (path_exists(arguments.out)) {  // before anything is read; write_new_output looks again
          return refuse(arguments.json, arguments.out, Code::conflict,
                        "there is such a file already: it stays as it is", "Choose another --out.");
        }
        client.set_deadline(part_patience);
        ProgressLine line(escape_for_terminal(found->name), found->bytes);
        auto content = client.read_attachment(id, *found, [&](std::uint64_t done) { line(done); });
        if (!content) {
          return content.error().code == Code::second_person
                     ? refuse(arguments.json, arguments.case_id, Code::second_person,
                              client.words_for(content.error()),
                              "hamroh ask sealed CASE --reason WHY; a supervisor agrees.")
                     : fail(arguments, found->name, content.error(), client);
        }
        const Status written = write_new_output(arguments.out, *content, private_mode);
        crypto::wipe(*content);
        if (!written) {
          return fail(arguments, arguments.out, written.error());
        }
        return said(arguments, arguments.out + ": " + size_text(found->bytes) +
                                   ", written as it came. Nobody has looked into it.");
      });
}

}  // namespace hamroh
