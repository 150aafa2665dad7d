// Erasing cases: with a word of certainty first, what others want erased, and the certificates.

#include <unistd.h>

#include <cstdio>
#include <iostream>

#include "admin/commands.h"
#include "admin/files.h"
#include "admin/lookup.h"
#include "admin/report.h"
#include "protocol/erasure_check.h"
#include "protocol/text.h"

namespace hamroh {
namespace {

constexpr std::size_t erasures_listed_max = 16'384;

// What a certificate says, for a line or an object; the signature was checked with the key in it.
std::string certificate_json(const Bytes& file) {
  const auto parsed = parse_erasure(file);
  if (!parsed) {
    return "null";
  }
  return "{\"member\": \"" + to_uuid(parsed->member) + "\", \"reason\": \"" +
         erasure_reason_name(parsed->reason) + "\", \"time\": \"" + to_iso8601(parsed->time) +
         "\", \"messages\": " + std::to_string(parsed->messages) + ", \"root\": \"" +
         parsed->root.hex() + "\", \"index\": " + std::to_string(parsed->index) +
         ", \"sha256\": \"" + crypto::sha256({file}).hex() + "\"}";
}

std::string erasure_json(const CaseId& id, const ErasedRecord& record, const Names& names) {
  std::string text =
      "{\"case\": \"" + to_uuid(id) + "\", \"erased\": " + (record.erased() ? "true" : "false") +
      ", \"certificate\": " + certificate_json(record.certificate) + ", \"asked\": [";
  for (const ErasedRecord::Asked& one : record.asked) {
    text +=
        std::string(&one == &record.asked.front() ? "" : ", ") + "{\"member\": \"" +
        to_uuid(one.member) + "\", \"name\": " + json_string(name_in(names, one.member)) +
        ", \"request\": " + (one.message.is_zero() ? "null" : "\"" + to_uuid(one.message) + "\"") +
        ", \"certificate\": " + certificate_json(one.certificate) + "}";
  }
  text += "], \"asking\": [";
  for (const ErasedRecord::Asking& one : record.asking) {
    text += std::string(&one == &record.asking.front() ? "" : ", ") + "{\"member\": \"" +
            to_uuid(one.member) + "\", \"name\": " + json_string(name_in(names, one.member)) +
            ", \"time\": \"" + to_iso8601(one.time) +
            "\", \"answered\": " + (one.answered ? "true" : "false") +
            ", \"certificate\": " + certificate_json(one.certificate) + "}";
  }
  return text + "]}";
}

std::string certificate_text(const Bytes& file) {
  const auto parsed = parse_erasure(file);
  return parsed ? std::string(erasure_reason_name(parsed->reason)) + ", " +
                      to_iso8601(parsed->time) + ", " + std::to_string(parsed->messages) +
                      " messages, ledger entry " + std::to_string(parsed->index)
                : "which does not parse";
}

std::string erasure_text(const CaseId& id, const ErasedRecord& record, const Names& names) {
  std::string text = "case " + to_uuid(id) + "\n";
  text += record.erased() ? "  erased here: " + certificate_text(record.certificate) + "\n"
                          : "  not erased here\n";
  for (const ErasedRecord::Asked& one : record.asked) {
    const std::string state = !one.certificate.empty()
                                  ? "erased: " + certificate_text(one.certificate)
                              : one.message.is_zero() ? "not asked: its queue was full"
                                                      : "asked, no answer yet";
    text += "  " + escape_for_terminal(name_in(names, one.member)) + " " + state + "\n";
  }
  for (const ErasedRecord::Asking& one : record.asking) {
    const std::string why = one.answered && !record.erased()
                                ? " because this organisation had asked for that: erase it again"
                                : " and asks for the same here";
    text += "  " + escape_for_terminal(name_in(names, one.member)) + " has erased it (" +
            certificate_text(one.certificate) + ")" + why +
            (one.answered && record.erased() ? ", answered" : "") + "\n";
  }
  return text;
}

// A case by its id, or by the beginning of one that was erased or is asked for.
Result<std::pair<CaseId, ErasedRecord>> find_erasure(Client& client, const std::string& typed) {
  if (const auto raw = parse_uuid(typed)) {
    const CaseId id = *CaseId::from(*raw);
    HAMROH_ASSIGN(ErasedRecord record, client.erasure(id));
    return std::pair(id, std::move(record));
  }
  std::optional<std::pair<CaseId, ErasedRecord>> found;
  api::ListErasures page{std::nullopt, api::limits::erasures_max};
  std::size_t seen = 0;
  do {
    HAMROH_ASSIGN(api::Erasures erasures, client.erasures(page));
    for (auto& item : erasures.erasures) {
      if (!begins(item.first.view(), typed)) {
        continue;
      }
      if (found) {
        return caller_error(Code::ambiguous, "several cases begin like this: type more of it");
      }
      found = std::move(item);
    }
    seen += erasures.erasures.size();
    page.after = erasures.next;
  } while (page.after && seen < erasures_listed_max);
  return found ? Result<std::pair<CaseId, ErasedRecord>>(std::move(*found))
               : caller_error(Code::not_found, "no such case was erased or asked for here");
}

// Whoever sits at a terminal says yes; a program says --yes.
bool is_certain(const Arguments& arguments, const CaseId& id) {
  if (arguments.yes) {
    return true;
  }
  if (::isatty(STDIN_FILENO) != 1) {
    return false;
  }
  std::fprintf(stderr,
               "Everything that this node holds of case %s goes, and nothing brings it back.\n"
               "Type yes to erase it: ",
               to_uuid(id).c_str());
  std::string answer;
  std::getline(std::cin, answer);
  return answer == "yes";
}

int say_erased(const Arguments& arguments, const CaseId& id, const api::Erased& erased) {
  if (arguments.json) {
    const std::string until =
        erased.backups_until ? json_string(to_iso8601(*erased.backups_until)) : "null";
    std::printf(
        "{\"case\": \"%s\", \"before\": %s, \"asked\": %llu, \"backups_until\": %s, "
        "\"certificate\": %s}\n",
        to_uuid(id).c_str(), erased.before ? "true" : "false",
        static_cast<unsigned long long>(erased.asked), until.c_str(),
        certificate_json(erased.certificate).c_str());
    return exit_done;
  }
  std::printf("case     %s\nerased   %s%s\nasked    %llu other members\n", to_uuid(id).c_str(),
              certificate_text(erased.certificate).c_str(),
              erased.before ? " (it had been erased before)" : "",
              static_cast<unsigned long long>(erased.asked));
  if (erased.backups_until) {
    std::printf(
        "backups  those made before still hold it, and open until %s at the latest; a copy of\n"
        "         their keyring opens them for longer: replace it by that of the next backup\n",
        to_iso8601(*erased.backups_until).substr(0, 10).c_str());
  } else {
    std::puts("backups  this node has made none that still opens");
  }
  if (!erased.before) {
    std::puts("Answers of the others: hamroh erasure show CASE");
  }
  return exit_done;
}

}  // namespace

int erase(const Arguments& arguments) {
  const auto reason = parse_erasure_reason(arguments.reason);
  if (!reason) {
    return usage(arguments,
                 "--reason is retention, request, withdrawal, entered_in_error, legal_duty or "
                 "other");
  }
  return with_node(arguments, [&](Client& client) {
    const auto id = find_case(client, arguments.case_id);
    if (!id) {
      return fail(arguments, arguments.case_id, id.error().error, client);
    }
    if (!is_certain(arguments, *id)) {
      return usage(arguments, "Nothing was erased: confirm it with yes, or type --yes");
    }
    const auto erased = client.erase_case(*id, *reason, !arguments.do_not_ask_others);
    return erased ? say_erased(arguments, *id, *erased)
                  : fail(arguments, arguments.case_id, erased.error(), client);
  });
}

int erasure_list(const Arguments& arguments) {
  return with_node(arguments, [&](Client& client) {
    const Names names = names_of(client);
    api::ListErasures page{std::nullopt, api::limits::erasures_max};
    std::string text;
    std::size_t seen = 0;
    do {
      const auto erasures = client.erasures(page);
      if (!erasures) {
        return fail(arguments, arguments.home, erasures.error(), client);
      }
      for (const auto& [id, record] : erasures->erasures) {
        text += arguments.json ? (seen == 0 ? "" : ", ") + erasure_json(id, record, names)
                               : erasure_text(id, record, names);
        ++seen;
      }
      page.after = erasures->next;
    } while (page.after && seen < erasures_listed_max);
    if (arguments.json) {
      std::printf("{\"erasures\": [%s]}\n", text.c_str());
    } else {
      std::fputs(seen == 0 ? "No case was erased here, and nobody asks for one.\n" : text.c_str(),
                 stdout);
    }
    return exit_done;
  });
}

int erasure_show(const Arguments& arguments) {
  return with_node(arguments, [&](Client& client) {
    const auto found = find_erasure(client, arguments.case_id);
    if (!found) {
      return fail(arguments, arguments.case_id, found.error(), client);
    }
    const Names names = names_of(client);
    if (arguments.json) {
      std::printf("%s\n", erasure_json(found->first, found->second, names).c_str());
    } else {
      std::fputs(erasure_text(found->first, found->second, names).c_str(), stdout);
    }
    return exit_done;
  });
}

int erasure_export(const Arguments& arguments) {
  return with_node(arguments, [&](Client& client) {
    const auto found = find_erasure(client, arguments.case_id);
    if (!found) {
      return fail(arguments, arguments.case_id, found.error(), client);
    }
    Bytes certificate = found->second.certificate;
    if (!arguments.member.empty()) {
      const auto member = find_member(client, arguments.member);
      if (!member) {
        return fail(arguments, arguments.member, member.error().error, client);
      }
      certificate.clear();
      for (const ErasedRecord::Asking& one : found->second.asking) {
        certificate = one.member == *member ? one.certificate : certificate;
      }
      for (const ErasedRecord::Asked& one : found->second.asked) {
        certificate =
            one.member == *member && !one.certificate.empty() ? one.certificate : certificate;
      }
    }
    if (certificate.empty()) {
      return fail(arguments, arguments.case_id,
                  Error{Code::not_found, Blame::caller, "there is no such certificate (yet)"});
    }
    if (const Status written = write_output(arguments.out, certificate, private_mode); !written) {
      return fail(arguments, arguments.out, written.error());
    }
    if (arguments.json) {
      std::printf("{\"case\": \"%s\", \"file\": %s, \"certificate\": %s}\n",
                  to_uuid(found->first).c_str(), json_string(arguments.out).c_str(),
                  certificate_json(certificate).c_str());
    } else {
      std::printf("Certificate: %s\n", escape_for_terminal(arguments.out).c_str());
    }
    return exit_done;
  });
}

int erasure_verify(const Arguments& arguments) {
  const auto file = read_input(arguments.out, certificate_bytes + 1);
  if (!file) {
    return fail(arguments, arguments.out, file.error());
  }
  const auto bytes = read_input(arguments.directory, history_bytes_max);
  if (!bytes) {
    return fail(arguments, arguments.directory, bytes.error());
  }
  const auto history = parse_history(*bytes);
  if (!history) {
    return fail(arguments, arguments.directory, history.error());
  }
  const auto checked = check_erasure(*file, *history);
  if (!checked) {
    return fail(arguments, arguments.out, checked.error());
  }
  const ErasureCertificate& certificate = checked->certificate;
  if (arguments.json) {
    std::printf(
        "{\"verified\": true, \"network\": \"%s\", \"case\": \"%s\", \"name\": %s, \"stands\": %s, "
        "\"certificate\": %s}\n",
        certificate.network.hex().c_str(), to_uuid(certificate.case_id).c_str(),
        json_string(checked->member).c_str(), checked->stands ? "true" : "false",
        certificate_json(*file).c_str());
    return exit_done;
  }
  std::printf("The certificate holds: %s, %s, has erased case %s\n  %s\n  in network %s\n",
              escape_for_terminal(checked->member).c_str(), to_uuid(certificate.member).c_str(),
              to_uuid(certificate.case_id).c_str(), certificate_text(*file).c_str(),
              certificate.network.hex().c_str());
  if (!checked->stands) {
    std::fputs(
        "  But its signer was revoked, or came back with new keys, at an earlier place of its\n"
        "  ledger: it is no evidence any more.\n",
        stderr);
  }
  return exit_done;
}

}  // namespace hamroh
