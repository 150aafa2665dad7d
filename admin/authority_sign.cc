// Reviewing, signing, merging and publishing what was proposed.

#include <cstdio>
#include <map>
#include <utility>

#include "admin/authority_commands.h"
#include "admin/confusable.h"
#include "admin/passphrase.h"
#include "admin/review.h"
#include "protocol/text.h"

namespace hamroh {
namespace {

// What a file given to these verbs may be.
struct Readable {
  std::string path;
  std::optional<Proposal> proposal;
  std::optional<FoundingFile> founding;
  std::vector<Bytes> history;
};

Outcome<Readable> read_agreement(const std::string& path) {
  auto file = read_named(path, history_bytes_max);
  if (!file) {
    return tl::unexpected(file.error());
  }
  Readable readable;
  readable.path = path;
  if (auto history = parse_history(file->bytes)) {
    readable.history = std::move(*history);
    return readable;
  }
  if (check_file_label(file->bytes, labels::founding)) {
    auto founding = parse_founding(file->bytes);
    if (!founding) {
      return fault(founding.error(), path, "Ask for the founding file again.");
    }
    readable.founding = std::move(*founding);
    return readable;
  }
  auto proposal = parse_proposal(file->bytes);
  if (!proposal) {
    return fault(proposal.error(), path,
                 "Do not sign it. Ask the one who proposed it for the file again.");
  }
  readable.proposal = std::move(*proposal);
  return readable;
}

// Why a proposal does not fit what is published here, and what to do.
Fault misfit(const Error& error, const std::string& path, const Proposal& proposal,
             const Authority& authority) {
  Fault fault{error, path, "Do not sign it. Ask the one who proposed it."};
  if (error.code == Code::wrong_network) {
    fault.remedy = "Your authority directory " + authority.path() + " is of another network.";
  } else if (error.code == Code::stale_version) {
    const Membership& membership = authority.membership();
    if (proposal.base_version > membership.version()) {
      fault.remedy =
          "It builds on directory version " + std::to_string(proposal.base_version) +
          ", and you have " + std::to_string(membership.version()) +
          ". Publish another administrator's history.hamroh or update.hamroh here first.";
      return fault;
    }
    std::string by;
    for (const std::string& name : authority.signers()) {
      by += (by.empty() ? "" : ", ") + escape_lookalikes(name);
    }
    fault.remedy = "It is out of date: directory version " + std::to_string(membership.version()) +
                   " has been published meanwhile, " +
                   shown_time(membership.directory()->value().created) + ", signed by " + by +
                   ". Propose it again.";
  }
  return fault;
}

Outcome<Examination> examine_here(const Readable& readable, const Authority& authority) {
  const Proposal& proposal = *readable.proposal;
  const auto statements = statements_of(proposal);
  const bool published = std::ranges::all_of(
      statements, [&](const Bytes& one) { return authority.has_published(one); });
  if (published && is_complete(requirements_of(proposal))) {
    return fault(Code::stale_version, "this has been published already", readable.path,
                 "Nothing is left to be done with it.");
  }
  auto examination = examine(proposal, authority.membership());
  if (!examination) {
    return tl::unexpected(misfit(examination.error(), readable.path, proposal, authority));
  }
  return std::move(*examination);
}

std::string status_as_json(const std::vector<Requirement>& requirements) {
  std::string list;
  for (const Requirement& one : requirements) {
    list += (list.empty() ? "" : ", ") + ("{\"what\": " + json_string(one.what)) +
            ", \"needed\": " + std::to_string(one.needed) +
            ", \"signed\": " + json_names(one.have) + ", \"missing\": " + json_names(one.missing) +
            "}";
  }
  return "[" + list + "]";
}

std::string list_of(const std::vector<std::string>& names) {
  std::string out;
  for (const std::string& name : names) {
    out += (out.empty() ? "" : ", ") + escape_lookalikes(name);
  }
  return out.empty() ? "nobody" : out;
}

void print_status(const std::vector<Requirement>& requirements) {
  for (const Requirement& one : requirements) {
    std::printf("  %s: %zu of %zu needed%s\n    signed: %s\n    not yet: %s\n", one.what.c_str(),
                one.have.size(), one.needed, one.is_met() ? ", enough" : "",
                list_of(one.have).c_str(), list_of(one.missing).c_str());
  }
}

// Every fingerprint that was read out is asked, and every one that is asked was read out.
Status compare_fingerprints(const std::vector<AskedFingerprint>& asked,
                            const std::vector<std::string>& typed) {
  std::vector<Fingerprint> heard;
  for (const std::string& words : typed) {
    const auto parsed = parse_fingerprint_words(words);
    if (!parsed) {
      return caller_error(Code::invalid_argument,
                          "a fingerprint is twelve words of one of the three lists");
    }
    heard.push_back(*parsed);
  }
  const auto is_heard = [&](const AskedFingerprint& one) {
    return std::ranges::find(heard, one.fingerprint) != heard.end();
  };
  const auto is_asked = [&](const Fingerprint& one) {
    return std::ranges::find(asked, one, &AskedFingerprint::fingerprint) != asked.end();
  };
  if (!std::ranges::all_of(heard, is_asked)) {
    return caller_error(Code::conflict, "a fingerprint is not the one that was read out");
  }
  if (!std::ranges::all_of(asked, is_heard)) {
    return caller_error(Code::conflict, "not every fingerprint that is asked was given");
  }
  return {};
}

// The person says that it may be signed: by the fingerprints heard, or by the word yes.
Outcome<bool> confirm(const AuthorityArguments& arguments,
                      const std::vector<AskedFingerprint>& asked) {
  const std::string remedy =
      "Nothing was signed. If the words differ, somebody changed the file on its way: tell the "
      "others.";
  if (asked.empty() && !arguments.fingerprints.empty()) {
    return fault(Code::conflict, "no fingerprint is asked for this", arguments.file, remedy);
  }
  if (!asked.empty() && !arguments.fingerprints.empty()) {
    const Status same = compare_fingerprints(asked, arguments.fingerprints);
    return same ? Outcome<bool>(true) : fault(same.error(), arguments.file, remedy);
  }
  for (const AskedFingerprint& one : asked) {
    const auto line = ask_line("Call " + escape_lookalikes(one.whose) +
                               " at a number that you know. The twelve words read out:\n> ");
    const Status same = line
                            ? compare_fingerprints({one}, {*line})
                            : Status(caller_error(Code::conflict, "the fingerprint was not given"));
    if (!same) {
      return fault(same.error(), escape_lookalikes(one.whose), remedy);
    }
  }
  if (!asked.empty() || arguments.yes) {
    return true;
  }
  const auto line = ask_line("Sign this? Type yes: ");
  if (!line || *line != "yes") {
    return fault(Code::not_ready, "you did not say yes", arguments.file, "Nothing was signed.");
  }
  return true;
}

int print_signed(const AuthorityArguments& arguments, bool fresh, const Review& review,
                 const std::vector<Requirement>& requirements) {
  const bool complete = is_complete(requirements);
  if (arguments.json) {
    std::printf(
        "{\"signed\": true, \"fresh\": %s, \"complete\": %s, \"status\": %s, "
        "\"review\": %s}\n",
        fresh ? "true" : "false", complete ? "true" : "false", status_as_json(requirements).c_str(),
        review_as_json(review).c_str());
    return exit_done;
  }
  std::puts(fresh ? "Signed." : "You had signed it before.");
  print_status(requirements);
  std::printf(complete ? "Enough have signed. Next: hamroh-authority publish %s\n"
                       : "Pass the file on: %s\n",
              escape_for_terminal(arguments.file).c_str());
  return exit_done;
}

int sign_founding_file(const AuthorityArguments& arguments, FoundingFile& file) {
  const Review review = review_founding(file);
  if (!arguments.json) {
    std::fputs(review_as_text(review).c_str(), stdout);
  }
  if (!file.laid) {
    return refuse(arguments, {{Code::not_ready, Blame::caller, "not all have entered yet"},
                              arguments.file,
                              "`hamroh-authority status FILE` says how many."});
  }
  const auto agreed = confirm(arguments, {});
  if (!agreed) {
    return refuse(arguments, agreed.error());
  }
  const auto key = open_key(arguments);
  if (!key) {
    return refuse(arguments, key.error());
  }
  const auto fresh = sign_founding(file, key->signing);
  if (!fresh) {
    return refuse(arguments,
                  {fresh.error(), arguments.file, "Enter first: hamroh-authority enter"});
  }
  if (const Status written = write_output(arguments.file, encode_founding(file), 0644); !written) {
    return refuse(arguments, {written.error(), arguments.file, ""});
  }
  return print_signed(arguments, *fresh, review, requirements_of(file));
}

// A key signs one directory of each version only, wherever the proposals came from.
Outcome<bool> sign_once(const AuthorityArguments& arguments, Authority& authority,
                        Proposal& proposal, const crypto::SigningKey& key) {
  const AdminKey signer = *AdminKey::from(key.public_key().view());
  const std::uint64_t version = proposal.base_version + 1;
  const Digest hash = proposal.directory ? directory_hash(proposal.directory->payload) : Digest{};
  if (proposal.directory && !arguments.instead) {
    if (const Status free = authority.check_unsigned(version, signer, hash); !free) {
      return fault(free.error(), arguments.file,
                   "If both reached enough signatures, the network would split. Sign this one only "
                   "if the other is given up for good and its copies are destroyed: --instead");
    }
  }
  Proposal copy = proposal;
  const auto fresh = sign_proposal(copy, key, wall_clock());
  if (!fresh) {
    return fault(fresh.error(), arguments.file,
                 "`hamroh-authority status FILE` says who may sign.");
  }
  if (proposal.directory && has_signed(*copy.directory, signer)) {
    // Noted before the signature can leave this machine.
    if (const Status noted = authority.note_signed(version, signer, hash); !noted) {
      return fault(noted.error(), authority.path());
    }
  }
  proposal = std::move(copy);
  return *fresh;
}

using Grouped = std::map<Digest, std::vector<Proposal>>;

// Copies of one proposal become one; the statements of all files, in their order.
Outcome<std::vector<Bytes>> statements_of_files(const std::vector<Readable>& files) {
  std::vector<Digest> order;
  Grouped copies;
  std::vector<FoundingFile> foundings;
  std::vector<Bytes> statements;
  for (const Readable& file : files) {
    statements.insert(statements.end(), file.history.begin(), file.history.end());
    if (file.founding) {
      foundings.push_back(*file.founding);
    }
    if (file.proposal) {
      const Digest hash = proposal_hash(*file.proposal);
      if (copies[hash].empty()) {
        order.push_back(hash);
      }
      copies[hash].push_back(*file.proposal);
    }
  }
  const auto missing = [&](const std::vector<Requirement>& requirements) {
    const auto short_of = std::ranges::find_if_not(requirements, &Requirement::is_met);
    return fault(Code::threshold_not_met, "too few administrators have signed", short_of->what,
                 std::to_string(short_of->needed - short_of->have.size()) +
                     " more must sign. Not yet: " + list_of(short_of->missing));
  };
  if (!foundings.empty()) {
    const auto merged = merge_foundings(foundings);
    if (!merged) {
      return fault(merged.error(), files.front().path);
    }
    if (const auto requirements = requirements_of(*merged); !is_complete(requirements)) {
      return missing(requirements);
    }
    const auto more = statements_of(*merged);
    statements.insert(statements.end(), more.begin(), more.end());
  }
  for (const Digest& hash : order) {
    const auto merged = merge_proposals(copies[hash]);
    CHECK(merged);
    if (const auto requirements = requirements_of(*merged); !is_complete(requirements)) {
      return missing(requirements);
    }
    const auto more = statements_of(*merged);
    statements.insert(statements.end(), more.begin(), more.end());
  }
  return statements;
}

int print_published(const AuthorityArguments& arguments, const Authority& authority, bool fresh) {
  const std::string& place = authority.path();
  const std::uint64_t version = authority.membership().version();
  if (arguments.json) {
    std::printf(
        "{\"version\": %llu, \"constitution\": %llu, \"published\": %s, \"network\": \"%s\", "
        "\"directory_file\": %s, \"update_file\": %s}\n",
        static_cast<unsigned long long>(version),
        static_cast<unsigned long long>(authority.membership().constitution().value().version),
        fresh ? "true" : "false", authority.membership().network().hex().c_str(),
        json_string(place + "/directory.hamroh").c_str(),
        json_string(place + "/update.hamroh").c_str());
    return exit_done;
  }
  const std::string shown = escape_for_terminal(place);
  std::printf("%s Directory version %llu is in force.\n",
              fresh ? "Published." : "All of this had been published already.",
              static_cast<unsigned long long>(version));
  std::printf(
      "  %s/update.hamroh     give it to one running node: hamroh node join --directory\n"
      "  %s/network.hamroh, %s/directory.hamroh   for nodes that join\n"
      "  %s/history.hamroh    for the other administrators, and for everybody who checks\n",
      shown.c_str(), shown.c_str(), shown.c_str(), shown.c_str());
  return exit_done;
}

int write_copy(const AuthorityArguments& arguments, const Authority& authority, bool fresh) {
  if (!arguments.out.empty()) {
    const auto bytes =
        read_input(authority.path() + "/directory.hamroh", limits::directory_bytes_max);
    const Status written =
        bytes ? write_output(arguments.out, *bytes, 0644) : Status(tl::unexpected(bytes.error()));
    if (!written) {
      return refuse(arguments, {written.error(), arguments.out, "It has been published."});
    }
  }
  return print_published(arguments, authority, fresh);
}

}  // namespace

int authority_review(const AuthorityArguments& arguments) {
  const auto file = read_agreement(arguments.file);
  if (!file) {
    return refuse(arguments, file.error());
  }
  Review review;
  if (file->founding) {
    review = review_founding(*file->founding);
  } else if (file->proposal) {
    const auto authority = Authority::open(arguments.authority);
    if (!authority) {
      return refuse(arguments, authority.error());
    }
    const auto examination = examine_here(*file, *authority);
    if (!examination) {
      return refuse(arguments, examination.error());
    }
    review = review_proposal(*file->proposal, *examination);
  } else {
    return refuse(arguments, {{Code::malformed, Blame::caller, "this is a history, no proposal"},
                              arguments.file,
                              "hamroh-authority verify HISTORY --network FILE"});
  }
  std::puts(arguments.json ? review_as_json(review).c_str() : review_as_text(review).c_str());
  return exit_done;
}

int authority_sign(const AuthorityArguments& arguments) {
  auto file = read_agreement(arguments.file);
  if (!file) {
    return refuse(arguments, file.error());
  }
  if (file->founding) {
    return sign_founding_file(arguments, *file->founding);
  }
  if (!file->proposal) {
    return refuse(
        arguments,
        {{Code::malformed, Blame::caller, "this is a history, no proposal"}, arguments.file, ""});
  }
  auto authority = Authority::open(arguments.authority);
  if (!authority) {
    return refuse(arguments, authority.error());
  }
  const auto examination = examine_here(*file, *authority);
  if (!examination) {
    return refuse(arguments, examination.error());
  }
  const Review review = review_proposal(*file->proposal, *examination);
  if (!arguments.json) {
    std::fputs(review_as_text(review).c_str(), stdout);
  }
  const auto agreed = confirm(arguments, examination->asked);
  if (!agreed) {
    return refuse(arguments, agreed.error());
  }
  const auto key = open_key(arguments);
  if (!key) {
    return refuse(arguments, key.error());
  }
  const auto fresh = sign_once(arguments, *authority, *file->proposal, key->signing);
  if (!fresh) {
    return refuse(arguments, fresh.error());
  }
  const Status written = write_output(arguments.file, encode_proposal(*file->proposal), 0644);
  if (!written) {
    return refuse(arguments, {written.error(), arguments.file, ""});
  }
  return print_signed(arguments, *fresh, review, requirements_of(*file->proposal));
}

int authority_status(const AuthorityArguments& arguments) {
  const auto file = read_agreement(arguments.file);
  if (!file) {
    return refuse(arguments, file.error());
  }
  if (!file->proposal && !file->founding) {
    return refuse(
        arguments,
        {{Code::malformed, Blame::caller, "this is a history, no proposal"}, arguments.file, ""});
  }
  const auto requirements =
      file->proposal ? requirements_of(*file->proposal) : requirements_of(*file->founding);
  const bool complete = is_complete(requirements);
  const std::string closes = file->proposal ? to_iso8601(file->proposal->closes) : "";
  if (arguments.json) {
    std::printf("{\"complete\": %s, \"closes\": %s, \"status\": %s}\n", complete ? "true" : "false",
                json_string(closes).c_str(), status_as_json(requirements).c_str());
    return exit_done;
  }
  std::puts(complete ? "Enough have signed: it can be published." : "Not enough have signed yet.");
  print_status(requirements);
  if (file->proposal) {
    const bool over = wall_clock() >= file->proposal->closes;
    std::printf("  to be signed until %s%s\n", shown_time(file->proposal->closes).c_str(),
                over ? ", which is over" : "");
  }
  return exit_done;
}

int authority_merge(const AuthorityArguments& arguments) {
  std::vector<Proposal> proposals;
  std::vector<FoundingFile> foundings;
  for (const std::string& path : arguments.files) {
    const auto file = read_agreement(path);
    if (!file) {
      return refuse(arguments, file.error());
    }
    if (file->proposal) {
      proposals.push_back(*file->proposal);
    } else if (file->founding) {
      foundings.push_back(*file->founding);
    }
  }
  if (proposals.size() != arguments.files.size() && foundings.size() != arguments.files.size()) {
    return refuse(arguments, {{Code::conflict, Blame::caller, "these files are of several kinds"},
                              arguments.files.front(),
                              "Merge copies of one file."});
  }
  const std::string remedy =
      "Only copies of one and the same file can be merged. Compare them by "
      "`hamroh-authority review`.";
  Result<Bytes> merged = Bytes{};
  std::vector<Requirement> requirements;
  if (!proposals.empty()) {
    const auto one = merge_proposals(proposals);
    merged = one ? Result<Bytes>(encode_proposal(*one)) : tl::unexpected(one.error());
    requirements = one ? requirements_of(*one) : requirements;
  } else {
    const auto one = merge_foundings(foundings);
    merged = one ? Result<Bytes>(encode_founding(*one)) : tl::unexpected(one.error());
    requirements = one ? requirements_of(*one) : requirements;
  }
  if (!merged) {
    return refuse(arguments, {merged.error(), arguments.files.front(), remedy});
  }
  if (const Status written = write_output(arguments.out, *merged, 0644); !written) {
    return refuse(arguments, {written.error(), arguments.out, ""});
  }
  if (arguments.json) {
    std::printf("{\"file\": %s, \"complete\": %s, \"status\": %s}\n",
                json_string(arguments.out).c_str(), is_complete(requirements) ? "true" : "false",
                status_as_json(requirements).c_str());
    return exit_done;
  }
  std::printf("Merged %zu files: %s\n", arguments.files.size(),
              escape_for_terminal(arguments.out).c_str());
  print_status(requirements);
  return exit_done;
}

int authority_publish(const AuthorityArguments& arguments) {
  std::vector<Readable> files;
  for (const std::string& path : arguments.files) {
    auto file = read_agreement(path);
    if (!file) {
      return refuse(arguments, file.error());
    }
    files.push_back(std::move(*file));
  }
  const auto statements = statements_of_files(files);
  if (!statements) {
    return refuse(arguments, statements.error());
  }
  if (!path_exists(arguments.authority + "/history.hamroh")) {
    const auto begun = Authority::begin(arguments.authority, *statements);
    if (!begun) {
      Fault why = begun.error();
      why.remedy =
          "To begin a new authority directory, publish the founding file or another "
          "administrator's history.hamroh. " +
          why.remedy;
      return refuse(arguments, why);
    }
    return write_copy(arguments, *begun, true);
  }
  auto authority = Authority::open(arguments.authority);
  if (!authority) {
    return refuse(arguments, authority.error());
  }
  const auto published = authority->publish(*statements, wall_clock());
  if (!published) {
    return refuse(arguments, published.error());
  }
  return write_copy(arguments, *authority, !published->added.empty());
}

}  // namespace hamroh
