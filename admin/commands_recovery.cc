// Panic, and the shares by which the officers of an organisation undo it.

#include <unistd.h>

#include <cstdio>

#include "admin/commands.h"
#include "admin/files.h"
#include "admin/identity.h"
#include "admin/passphrase.h"
#include "admin/qr.h"
#include "admin/report.h"
#include "protocol/text.h"

namespace hamroh {
namespace {

constexpr unsigned share_file_mode = 0600;
constexpr const char* panic_word = "PANIC";
constexpr Duration panic_patience = seconds(5);  // then it is looked at from outside

std::string today() {
  return to_iso8601(wall_now()).substr(0, 10);
}

std::string number(std::size_t value) {
  return std::to_string(value);
}

// What an officer reads on paper; {…} is filled in, and the lines of the share come after it.
constexpr std::string_view page_words = R"(HAMROH RECOVERY SHARE {index} OF {shares}

Organisation  {organisation}
Member        {member}
Made          {date}
Split         {split}

What this is: a part of the key to everything that this organisation's node
holds. It is one of {shares} parts. Any {threshold} of them together open the node again when
its keys were destroyed (hamroh panic) or lost. Fewer open nothing.

How to keep it:
- Print this page, or write the eight lines below by hand. Then delete the file.
- Keep the paper where only you reach it: a safe, not a desk, not a telephone.
- Never keep two shares in one place. Never photograph or send a share.
- Do not keep it where the node is.
- If it is lost, or somebody may have seen it, say so at once: the organisation
  then makes new shares (hamroh recovery make), and this one opens nothing.

How it is used: type the eight lines into a file, one below the other. The last
group of each line checks the line, so mistyping is found:
  hamroh recovery check FILE...
The letters I, L, O and U do not occur.

)";

std::string words_for(const RecoveryShare& share, const std::string& organisation) {
  const std::pair<std::string_view, std::string> values[] = {
      {"{index}", number(share.share.index)},
      {"{shares}", number(share.split.count.shares)},
      {"{threshold}", number(share.split.count.threshold)},
      {"{member}", to_uuid(share.split.member)},
      {"{date}", today()},
      {"{split}", share.split.id.hex()},
      {"{organisation}", escape_for_terminal(organisation)}};  // last: it may hold anything
  std::string page(page_words);
  for (const auto& [name, value] : values) {
    for (std::size_t at = 0; (at = page.find(name, at)) != std::string::npos; at += value.size()) {
      page.replace(at, name.size(), value);
    }
  }
  return page;
}

Result<std::string> page_for(ByteView encoded, const std::string& organisation) {
  HAMROH_ASSIGN(const RecoveryShare share, parse_recovery_share(encoded));
  std::string code = recovery_share_code(encoded);
  HAMROH_ASSIGN(const std::string picture, qr_for_terminal(code, TerminalColours::none));
  return words_for(share, organisation) + recovery_share_text(encoded) +
         "\nThe same for a camera that belongs to the organisation and is not online:\n\n" +
         picture;
}

struct Pages {
  std::vector<std::string> files;
  SplitId split;
};

// Removes the files that were written, unless all went well.
void remove_pages(const Pages& pages, const std::string& directory) {
  for (const std::string& file : pages.files) {
    (void)::unlink(file.c_str());
  }
  (void)::rmdir(directory.c_str());
}

Status write_pages(const std::vector<Bytes>& shares, const std::string& organisation,
                   const std::string& directory, Pages& pages) {
  HAMROH_TRY(make_new_directory(directory));
  for (const Bytes& encoded : shares) {
    HAMROH_ASSIGN(const RecoveryShare share, parse_recovery_share(encoded));
    HAMROH_ASSIGN(std::string page, page_for(encoded, organisation));
    pages.split = share.split.id;
    pages.files.push_back(directory + "/share-" + number(share.share.index) + ".txt");
    const Status written = write_output(pages.files.back(), view(page), share_file_mode);
    crypto::wipe({reinterpret_cast<std::uint8_t*>(page.data()), page.size()});
    HAMROH_TRY(written);
  }
  return {};
}

void print_made(const Arguments& arguments, const Pages& pages) {
  if (arguments.json) {
    std::string files;
    for (const std::string& file : pages.files) {
      files += (files.empty() ? "" : ", ") + json_string(file);
    }
    std::printf("{\"split\": \"%s\", \"shares\": %u, \"threshold\": %u, \"files\": [%s]}\n",
                pages.split.hex().c_str(), arguments.shares, arguments.threshold, files.c_str());
    return;
  }
  std::printf(
      "Made %u shares in %s; any %u of them open the vault. Shares made before open nothing "
      "now.\n"
      "  1. Print each file and give it to its officer: one each, nobody gets two.\n"
      "  2. Delete the directory: the files are as good as the paper.\n"
      "  3. Read admin/RECOVERY.md together, once.\n",
      arguments.shares, arguments.out.c_str(), arguments.threshold);
}

// The shares of the files, or an exit code after saying what is wrong with which of them.
tl::expected<std::vector<RecoveryShare>, int> read_shares(const Arguments& arguments) {
  std::vector<RecoveryShare> shares;
  for (const std::string& file : arguments.share_files) {
    auto text_bytes = read_input(file, recovery_share_file_bytes_max);
    if (!text_bytes) {
      return tl::unexpected(fail(arguments, file, text_bytes.error()));
    }
    auto share = read_recovery_share(text(*text_bytes));
    crypto::wipe(*text_bytes);
    if (!share) {
      return tl::unexpected(refuse(arguments.json, file, share.error(),
                                   "Compare it with the paper and type it again."));
    }
    shares.push_back(std::move(*share));
  }
  return shares;
}

std::string outside_text(const std::string& outside) {
  std::string text;
  for (std::size_t at = 0; at < outside.size();) {
    const std::size_t end = std::min(outside.find('\n', at), outside.size());
    text += "  " + escape_for_terminal(outside.substr(at, end - at)) +
            " lies outside the home: destroy it by hand, and what it is made from\n"
            "    (a systemd credential has its source in the unit file)\n";
    at = end + 1;
  }
  return text;
}

int print_destroyed(const Arguments& arguments, const api::Destroyed& destroyed) {
  if (arguments.json) {
    std::printf(
        "{\"destroyed\": true, \"recoverable\": %s, \"shares\": %u, \"threshold\": %u, "
        "\"outside\": %s}\n",
        destroyed.recoverable ? "true" : "false", unsigned{destroyed.shares},
        unsigned{destroyed.threshold}, json_string(destroyed.outside).c_str());
    return exit_done;
  }
  std::puts("The node is locked and has stopped; its keys are destroyed.");
  if (destroyed.recoverable) {
    std::printf(
        "%u of the %u officers bring them back with:\n  hamroh recovery use --home DIR "
        "SHARE...\n",
        unsigned{destroyed.threshold}, unsigned{destroyed.shares});
  } else {
    std::puts("There were no recovery shares: nothing will ever open this node again.");
  }
  std::fputs(outside_text(destroyed.outside).c_str(), stdout);
  return exit_done;
}

}  // namespace

int recovery_make(const Arguments& arguments) {
  const ShareCount count{static_cast<std::uint8_t>(std::min(arguments.threshold, 255U)),
                         static_cast<std::uint8_t>(std::min(arguments.shares, 255U))};
  if (!is_allowed(count)) {
    return usage(arguments, "there are 2 to 16 shares, and at least 2 of them are needed");
  }
  return with_node(arguments, [&](Client& client) {
    const auto shown = client.status();
    if (!shown) {
      return fail(arguments, arguments.home, shown.error(), client);
    }
    auto drawn = client.draw_recovery(count);
    if (!drawn) {
      return fail(arguments, arguments.home, drawn.error(), client);
    }
    Pages pages;
    const Status written = write_pages(drawn->shares, shown->node.name, arguments.out, pages);
    for (Bytes& share : drawn->shares) {
      crypto::wipe(share);
    }
    if (!written) {
      if (written.error().code != Code::conflict) {
        remove_pages(pages, arguments.out);
      }
      return fail(arguments, arguments.out, written.error());
    }
    // Only now, when all of them are on disk, do they replace the ones before.
    if (const Status kept = client.keep_recovery(pages.split); !kept) {
      remove_pages(pages, arguments.out);
      return fail(arguments, arguments.home, kept.error(), client);
    }
    print_made(arguments, pages);
    return exit_done;
  });
}

int recovery_check(const Arguments& arguments) {
  const auto shares = read_shares(arguments);
  if (!shares) {
    return shares.error();
  }
  const RecoverySplit& split = shares->front().split;
  const auto key = recover_key(*shares);
  if (!key) {
    const ShareFault& fault = key.error();
    const std::string where = fault.which ? arguments.share_files[*fault.which]
                                          : number(shares->size()) + " of the " +
                                                number(split.count.threshold) + " needed";
    return refuse(
        arguments.json, where, fault.code, fault.text,
        fault.code == Code::threshold_not_met ? "What was given is whole, each of it." : "");
  }
  if (arguments.json) {
    std::printf(
        "{\"enough\": true, \"split\": \"%s\", \"member\": \"%s\", \"threshold\": %u, "
        "\"shares\": %u}\n",
        split.id.hex().c_str(), to_uuid(split.member).c_str(), unsigned{split.count.threshold},
        unsigned{split.count.shares});
  } else {
    std::printf(
        "These shares are whole, belong together and are enough (%zu given, %u needed).\n"
        "  member  %s\n  split   %s\n",
        shares->size(), unsigned{split.count.threshold}, to_uuid(split.member).c_str(),
        split.id.hex().c_str());
  }
  return exit_done;
}

int recovery_use(const Arguments& arguments) {
  std::vector<std::string> words{"recover", "--home", arguments.home};
  if (!arguments.passphrase_file.empty()) {
    words.insert(words.end(), {"--passphrase-file", arguments.passphrase_file});
  }
  if (arguments.passphrase_prompt) {
    words.emplace_back("--passphrase-prompt");
  }
  if (arguments.by_key_file) {
    words.emplace_back("--key-file");
  }
  words.insert(words.end(), arguments.share_files.begin(), arguments.share_files.end());
  return become_daemon(arguments, std::move(words));
}

namespace {

// Nobody is at home: the daemon's program destroys the keys itself.
int panic_without_daemon(const Arguments& arguments) {
  std::vector<std::string> words{"panic", "--home", arguments.home};
  if (arguments.without_recovery) {
    words.emplace_back("--without-recovery");
  }
  return become_daemon(arguments, std::move(words));
}

}  // namespace

int panic(const Arguments& arguments) {
  if (!arguments.yes) {
    const auto typed =
        ask_line(std::string("This stops the node and destroys its keys") +
                 (arguments.without_recovery ? ", FOR GOOD if there are no recovery shares"
                                             : "; only recovery shares bring them back") +
                 ".\nType " + panic_word + " to go on: ");
    if (!typed || *typed != panic_word) {
      return refuse(arguments.json, "hamroh panic", Code::invalid_argument, "nothing was done");
    }
  }
  auto client = Client::connect(arguments.home);
  if (!client) {
    return panic_without_daemon(arguments);
  }
  if (const auto known = identify(*client, {arguments.home, arguments.as, arguments.key_file});
      !known) {
    return fail(arguments, arguments.home, known.error(), *client);
  }
  client->set_deadline(panic_patience);
  const auto destroyed = client->panic(arguments.without_recovery);
  if (!destroyed) {
    const Code code = destroyed.error().code;
    if (code == Code::timed_out || code == Code::unavailable) {
      // It may have done it and ended without having been heard, or have died before: doing it
      // once more shows which. If it hangs, it holds the lock of the home, and that is said.
      return panic_without_daemon(arguments);
    }
    return refuse(arguments.json, arguments.home, code, client->words_for(destroyed.error()),
                  code == Code::not_found
                      ? "Nothing was done. To destroy the keys for ever all the same: "
                        "hamroh panic --without-recovery"
                  : code == Code::not_authenticated
                      ? "Nothing was done. Log in, or stop the node: then hamroh panic asks nobody."
                      : "Ask once more. The last resort: cut the power.");
  }
  return print_destroyed(arguments, *destroyed);
}

}  // namespace hamroh
