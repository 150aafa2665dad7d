// The consent of a case: how it stands, giving, changing and withdrawing it, and what people decide
// about what they hold after it was withdrawn.

#include <algorithm>
#include <cstdio>

#include "admin/commands.h"
#include "admin/consent_view.h"
#include "admin/files.h"
#include "admin/lookup.h"
#include "admin/report.h"
#include "sdk/form_json.h"

namespace hamroh {
namespace {

// What the newest statement about consent in that case is; nothing while the form's consent stands.
std::optional<Digest> statement_in(const CaseView& shown) {
  const auto track = std::ranges::find(shown.tracks, Track::consent, &TrackState::track);
  return track == shown.tracks.end() ? std::nullopt : std::optional(track->about);
}

int state_consent(const Arguments& arguments, EventKind kind, ConsentStatement statement) {
  const auto waiting = waiting_of(arguments);
  if (!waiting) {
    return usage(arguments, waiting_usage);
  }
  const auto words = typed_text(arguments);
  if (!words) {
    return fail(arguments, arguments.text_file, words.error());
  }
  statement.text = *words;
  return with_shown_case(arguments, [&](Client& client, const api::Case& found) {
    if (kind != EventKind::consent_withdraw) {
      statement.about = statement_in(found.shown);
    }
    if (const auto fault = find_fault(statement, kind)) {
      return refuse_form(arguments, arguments.form.empty() ? "--date" : arguments.form, *fault);
    }
    const auto accepted = client.state_consent(found.shown.id, kind, statement);
    return accepted ? say_and_wait(arguments, *waiting, *accepted, client)
                    : fail(arguments, arguments.case_id, accepted.error(), client);
  });
}

int state_from_file(const Arguments& arguments, EventKind kind) {
  const auto bytes = read_input(arguments.form, limits::json_bytes_max);
  if (!bytes) {
    return fail(arguments, arguments.form, bytes.error());
  }
  const auto consent = parse_consent_json(text(*bytes));
  if (!consent) {
    return refuse_form(arguments, arguments.form, consent.error());
  }
  ConsentStatement statement;
  statement.consent = *consent;
  return state_consent(arguments, kind, std::move(statement));
}

}  // namespace

int consent_show(const Arguments& arguments) {
  return with_shown_case(arguments, [&](Client& client, const api::Case& found) {
    std::vector<EventText> bodies;
    for (const MessageView& event : found.shown.events) {
      const auto body = client.body(event.author, event.message);
      bodies.push_back(body ? describe_body(body->kind, body->bytes) : EventText{});
    }
    const ConsentView consent = consent_of(found.shown, bodies);
    const Names names = names_of(client, found.names);
    const std::string shown =
        arguments.json ? consent_json(consent, names) + "\n" : consent_text(consent, names);
    std::fputs(shown.c_str(), stdout);
    return exit_done;
  });
}

int consent_give(const Arguments& arguments) {
  return state_from_file(arguments, EventKind::consent_give);
}
int consent_change(const Arguments& arguments) {
  return state_from_file(arguments, EventKind::consent_change);
}

int consent_withdraw(const Arguments& arguments) {
  ConsentStatement statement;
  statement.date = arguments.date.empty() ? to_iso8601(wall_now()).substr(0, 10) : arguments.date;
  return state_consent(arguments, EventKind::consent_withdraw, std::move(statement));
}

int consent_apply(const Arguments& arguments) {
  if (arguments.erases != arguments.reason.empty()) {
    return usage(arguments, "either --erase or --keep GROUND");
  }
  if (arguments.erases) {
    Arguments erasing = arguments;
    erasing.reason = "withdrawal";
    erasing.do_not_ask_others = true;  // each of them decides for itself
    return erase(erasing);
  }
  const auto waiting = waiting_of(arguments);
  if (!waiting) {
    return usage(arguments, waiting_usage);
  }
  const auto words = typed_text(arguments);
  if (!words) {
    return fail(arguments, arguments.text_file, words.error());
  }
  return with_shown_case(arguments, [&](Client& client, const api::Case& found) {
    const auto statement = statement_in(found.shown);
    if (!statement) {
      return fail(arguments, arguments.case_id,
                  Error{Code::wrong_state, Blame::caller,
                        "nobody has changed or withdrawn the consent in this case"},
                  client);
    }
    const ConsentApplied applied{*statement, ConsentAction::kept, arguments.reason, *words};
    if (const auto fault = find_fault(applied)) {
      return refuse_form(arguments, "--keep", *fault);
    }
    const auto accepted = client.apply_consent(found.shown.id, applied);
    return accepted ? say_and_wait(arguments, *waiting, *accepted, client)
                    : fail(arguments, arguments.case_id, accepted.error(), client);
  });
}

}  // namespace hamroh
