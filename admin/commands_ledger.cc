// What the ledger proves: receipts, the check of the whole ledger, and its export.
//
// An export is text: a first line of JSON {"format": "hamroh-ledger/1", "origin", "size", "root",
// "note"} and then one line a ledger entry, in order, the entry's bytes in base64. Whoever holds it
// can compute the RFC 6962 root over these entries and compare it with the signed note.

#include <fcntl.h>
#include <unistd.h>

#include <cstdio>

#include "admin/commands.h"
#include "admin/files.h"
#include "admin/lookup.h"
#include "admin/report.h"
#include "protocol/ledger.h"
#include "protocol/note.h"
#include "protocol/text.h"

namespace hamroh {
namespace {

// What was signed, or (while the node signs nothing) what it says of itself.
struct Head {
  std::uint64_t size = 0;
  Digest root;
  std::string signed_note;  // empty: not signed
  std::string origin;
};

// A key that the directory names for this node; before admission there is nothing to compare with.
Status check_key(Client& client, const SigningPublicKey& key) {
  const auto members = client.members();
  if (!members) {
    return members.error().code == Code::not_ready ? Status{} : tl::unexpected(members.error());
  }
  for (const Member& member : members->members) {
    if (member.id == members->self) {
      const bool ours = key.bytes == member.author.bytes || key.bytes == member.receipt.bytes;
      return ours ? Status{}
                  : peer_error(Code::bad_signature,
                               "the note is signed with a key that the directory does not name");
    }
  }
  return {};
}

Result<Head> verified_head(Client& client) {
  HAMROH_ASSIGN(const api::LedgerHead head, client.ledger_head());
  if (head.signed_note.empty()) {
    return Head{head.size, head.root, {}, {}};
  }
  const auto key = SigningPublicKey::from(head.key);
  if (!key) {
    return peer_error(Code::malformed, "the node names no signing key");
  }
  HAMROH_TRY(check_key(client, *key));
  HAMROH_ASSIGN(const SignedNote note,
                parse_signed_note(head.signed_note, *key, static_cast<NoteRole>(head.role)));
  return Head{note.note.size, note.note.root, head.signed_note, note.origin.name()};
}

// On standard error, when a person looks at it, once for every page at most.
class Progress {
 public:
  explicit Progress(std::uint64_t whole) : whole_(whole), seen_(::isatty(STDERR_FILENO) == 1) {}
  void show(std::uint64_t done) {
    const std::uint64_t percent = whole_ == 0 ? 100 : done * 100 / whole_;
    if (seen_ && percent != last_) {
      last_ = percent;
      std::fprintf(stderr, "\r%3llu %% of %llu entries", static_cast<unsigned long long>(percent),
                   static_cast<unsigned long long>(whole_));
    }
  }
  ~Progress() {
    if (seen_ && last_ != none) {
      std::fputs("\n", stderr);
    }
  }
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

 private:
  static constexpr std::uint64_t none = UINT64_MAX;
  std::uint64_t whole_;
  std::uint64_t last_ = none;
  bool seen_;
};

// Visits the first `size` entries in order, each checked for its form, and returns their root.
Result<Digest> visit_entries(Client& client, std::uint64_t size,
                             const std::function<Status(ByteView)>& visit) {
  Progress progress(size);
  CompactRange range;
  while (range.size < size) {
    HAMROH_ASSIGN(const api::LedgerPage page,
                  client.ledger({range.size, api::limits::ledger_entries_max}));
    if (page.from != range.size || page.entries.empty()) {
      return peer_error(Code::bad_proof, "the node does not show all entries of its ledger");
    }
    for (const Bytes& entry : page.entries) {
      if (range.size == size) {
        break;
      }
      HAMROH_TRY(Entry::parse(entry));
      HAMROH_TRY(visit(entry));
      range.append(leaf_hash(entry));
    }
    progress.show(range.size);
  }
  return range.root();
}

// A text file that appears whole or not at all.
class WholeFile {
 public:
  explicit WholeFile(std::string path) : path_(std::move(path)), part_(path_ + ".part") {
    constexpr int flags = O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW;
    const int descriptor = ::open(part_.c_str(), flags, private_mode);
    file_ = descriptor < 0 ? nullptr : ::fdopen(descriptor, "w");
  }
  WholeFile(const WholeFile&) = delete;
  WholeFile& operator=(const WholeFile&) = delete;
  ~WholeFile() {
    if (file_ != nullptr) {
      std::fclose(file_);
      ::unlink(part_.c_str());
    }
  }
  [[nodiscard]] Status write_line(const std::string& line) {
    if (file_ == nullptr || std::fwrite(line.data(), 1, line.size(), file_) != line.size() ||
        std::fputc('\n', file_) == EOF) {
      return environment_error(Code::io_failed, "the file cannot be written");
    }
    return {};
  }
  [[nodiscard]] Status finish() {
    const bool synced = std::fflush(file_) == 0 && ::fsync(::fileno(file_)) == 0;
    const bool closed = std::fclose(std::exchange(file_, nullptr)) == 0;
    if (!synced || !closed || ::rename(part_.c_str(), path_.c_str()) != 0) {
      ::unlink(part_.c_str());
      return environment_error(Code::io_failed, "the file cannot be written");
    }
    return {};
  }

 private:
  std::string path_;
  std::string part_;
  std::FILE* file_ = nullptr;
};

std::string head_line(const Head& head) {
  return "{\"format\": \"hamroh-ledger/1\", \"origin\": " + json_string(head.origin) +
         ", \"size\": " + std::to_string(head.size) + ", \"root\": \"" +
         to_base64(head.root.view()) + "\", \"note\": " + json_string(head.signed_note) + "}";
}

int say_verified(const Arguments& arguments, const Head& head) {
  const std::string root = to_base64(head.root.view());
  const bool is_signed = !head.signed_note.empty();
  if (arguments.json) {
    std::printf(
        "{\"verified\": true, \"size\": %llu, \"root\": \"%s\", \"signed\": %s, \"origin\": %s}\n",
        static_cast<unsigned long long>(head.size), root.c_str(), is_signed ? "true" : "false",
        json_string(head.origin).c_str());
    return exit_done;
  }
  std::printf("The ledger is whole: %llu entries have the root %s\n",
              static_cast<unsigned long long>(head.size), root.c_str());
  if (is_signed) {
    std::printf("signed by %s\n", escape_for_terminal(head.origin).c_str());
  } else {
    std::puts("which this node has not signed (see hamroh status for why)");
  }
  return exit_done;
}

constexpr Error wrong_root{Code::bad_proof, Blame::peer,
                           "the entries do not have the root that the node states"};

}  // namespace

namespace {

// Whether the ledger entry that a receipt proves is still believed: keys can be stolen, and the
// directory says from where on a ledger counts for nothing.
bool is_evidence(Client& client, const std::string& text) {
  const auto proof = parse_tlog_proof(text);
  const auto members = client.members();
  if (!proof || !members) {
    return true;  // nothing speaks against it
  }
  const auto origin =
      Origin::parse(std::string_view(proof->signed_note).substr(0, proof->signed_note.find('\n')));
  for (const Member& member : members->members) {
    if (origin && member.id == origin->member) {
      return stands_as_evidence(member, origin->incarnation, proof->index);
    }
  }
  return true;
}

}  // namespace

int receipt(const Arguments& arguments) {
  return with_node(arguments, [&](Client& client) {
    const auto message = find_message(client, arguments.message);
    if (!message) {
      return fail(arguments, arguments.message, message.error().error, client);
    }
    std::optional<MemberId> recipient;
    if (!arguments.member.empty()) {
      const auto found = find_member(client, arguments.member);
      if (!found) {
        return fail(arguments, arguments.member, found.error().error, client);
      }
      recipient = *found;
    }
    const auto text = client.receipt(*message, recipient);
    if (!text) {
      return fail(arguments, arguments.message, text.error(), client);
    }
    if (arguments.out == "-") {
      std::fwrite(text->data(), 1, text->size(), stdout);
      return exit_done;
    }
    if (const Status written = write_output(arguments.out, view(*text), private_mode); !written) {
      return fail(arguments, arguments.out, written.error());
    }
    const bool stands = is_evidence(client, *text);
    if (arguments.json) {
      std::printf("{\"message\": \"%s\", \"file\": %s, \"stands\": %s}\n",
                  to_uuid(*message).c_str(), json_string(arguments.out).c_str(),
                  stands ? "true" : "false");
    } else {
      std::printf("Receipt of %s: %s\n", to_uuid(*message).c_str(),
                  escape_for_terminal(arguments.out).c_str());
    }
    if (!stands) {
      std::fputs(
          "  Its signer was revoked, or came back with new keys, at an earlier place of its "
          "ledger:\n"
          "  this receipt is no evidence any more.\n",
          stderr);
    }
    return exit_done;
  });
}

int ledger_verify(const Arguments& arguments) {
  return with_node(arguments, [&](Client& client) {
    const auto head = verified_head(client);
    if (!head) {
      return fail(arguments, "the ledger's head", head.error(), client);
    }
    const auto root = visit_entries(client, head->size, [](ByteView) { return Status{}; });
    if (!root) {
      return fail(arguments, "the ledger", root.error(), client);
    }
    return *root == head->root ? say_verified(arguments, *head)
                               : fail(arguments, "the ledger", wrong_root);
  });
}

int ledger_export(const Arguments& arguments) {
  return with_node(arguments, [&](Client& client) {
    const auto head = verified_head(client);
    if (!head) {
      return fail(arguments, "the ledger's head", head.error(), client);
    }
    WholeFile file(arguments.out);
    if (const Status begun = file.write_line(head_line(*head)); !begun) {
      return fail(arguments, arguments.out, begun.error());
    }
    const auto root = visit_entries(
        client, head->size, [&](ByteView entry) { return file.write_line(to_base64(entry)); });
    if (!root) {
      return fail(arguments, arguments.out, root.error(), client);
    }
    if (*root != head->root) {
      return fail(arguments, "the ledger", wrong_root);
    }
    if (const Status finished = file.finish(); !finished) {
      return fail(arguments, arguments.out, finished.error());
    }
    if (arguments.json) {
      std::printf("{\"file\": %s, \"size\": %llu}\n", json_string(arguments.out).c_str(),
                  static_cast<unsigned long long>(head->size));
    } else {
      std::printf("Exported %llu entries: %s\n", static_cast<unsigned long long>(head->size),
                  escape_for_terminal(arguments.out).c_str());
    }
    return exit_done;
  });
}

}  // namespace hamroh
