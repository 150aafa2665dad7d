// The events of a case that have particulars, each a verb of its own: what was typed becomes what
// the kind of event needs.

#include <algorithm>
#include <charconv>
#include <chrono>

#include "admin/commands.h"
#include "protocol/wire_form.h"

namespace hamroh {
namespace {

// The newest track that this node may move so; else the newest that it has to do with, else the
// newest at all, for the node to say what is wrong.
std::optional<Digest> usual_subject(const CaseView& shown, const Rule& rule, const MemberId& self) {
  const auto concerns = [&](const TrackState& track) {
    if (rule.seat == Seat::sender) {
      const auto begun = std::ranges::find(shown.events, track.about, &MessageView::digest);
      return begun != shown.events.end() && begun->author == self;
    }
    return track.track == Track::fund || track.member == self;
  };
  const bool of_service = rule.track == Track::assistance;
  const Track wanted = of_service ? Track::referral : rule.track;
  const States movable = of_service ? States(State::accepted) : rule.from;
  std::optional<Digest> subject;
  int best = -1;
  for (const TrackState& track : shown.tracks) {
    const int fits = concerns(track) ? (movable.has(track.state) ? 2 : 1) : 0;
    if (track.track == wanted && fits >= best) {
      subject = track.about;
      best = fits;
    }
  }
  return subject;
}

// What the event is about: what was typed, or what it usually is.
Lookup<std::optional<Digest>> find_subject(const Arguments& arguments, const CaseId& id,
                                           const Rule& rule, Client& client) {
  const auto refuse = [](const Error& error) { return tl::unexpected(LookupFault{error, {}}); };
  if (!rule.needed.has(Field::about)) {
    return std::optional<Digest>{};
  }
  const auto shown = client.case_view(id);
  if (!shown) {
    return refuse(shown.error());
  }
  if (!arguments.about.empty()) {
    return find_event(client, shown->shown, arguments.about);
  }
  const auto status = client.status();
  if (!status) {
    return refuse(status.error());
  }
  const auto subject = usual_subject(shown->shown, rule, status->node.member);
  return subject ? Lookup<std::optional<Digest>>(subject)
                 : refuse({Code::not_found, Blame::caller,
                           "there is nothing in this case that this could be about"});
}

int submit_event(const Arguments& arguments, const Waiting& waiting, const Rule& rule,
                 Particulars said, Client& client) {
  const auto id = find_case(client, arguments.case_id);
  if (!id) {
    return fail(arguments, arguments.case_id, id.error(), client);
  }
  const auto about = find_subject(arguments, *id, rule, client);
  if (!about) {
    return fail(arguments, arguments.about.empty() ? arguments.case_id : arguments.about,
                about.error(), client);
  }
  said.about = *about;
  if (!arguments.offered.empty()) {
    const auto member = find_member(client, arguments.offered);
    if (!member) {
      return fail(arguments, arguments.offered, member.error(), client);
    }
    said.member = *member;
  }
  if (const auto code = take_status_file(arguments, *id, rule.kind, said, client)) {
    return *code;
  }
  std::vector<MemberId> to;
  for (const std::string& typed : arguments.recipients) {
    const auto member = find_member(client, typed);
    if (!member) {
      return fail(arguments, typed, member.error(), client);
    }
    to.push_back(*member);
  }
  if (const auto fault = find_fault(said, rule.kind)) {
    return refuse_form(arguments, rule.name, *fault);
  }
  const auto accepted = client.event(*id, rule.kind, said, to);
  return accepted ? say_and_wait(arguments, waiting, *accepted, client)
                  : fail(arguments, arguments.case_id, accepted.error(), client);
}

}  // namespace

std::optional<Timestamp> end_of_day(const std::string& date) {
  unsigned parts[3] = {0, 0, 0};
  const std::size_t lengths[3] = {4, 2, 2};
  const char* at = date.c_str();
  const char* const end = at + date.size();
  for (std::size_t i = 0; i < 3; ++i) {
    const char* const part_end = at + lengths[i];
    if (part_end > end || (i < 2 && *part_end != '-') ||
        std::from_chars(at, part_end, parts[i]).ptr != part_end) {
      return std::nullopt;
    }
    at = i < 2 ? part_end + 1 : part_end;
  }
  const std::chrono::year_month_day day{std::chrono::year(static_cast<int>(parts[0])),
                                        std::chrono::month(parts[1]), std::chrono::day(parts[2])};
  if (at != end || !day.ok() || parts[0] < 1970) {
    return std::nullopt;
  }
  const std::chrono::sys_time<std::chrono::milliseconds> next =
      std::chrono::sys_days(day) + std::chrono::days(1);
  return Timestamp{static_cast<std::uint64_t>(next.time_since_epoch().count()) - 1};
}

Lookup<std::optional<Digest>> find_event(Client& client, const CaseView& shown,
                                         const std::string& typed) {
  const auto message = find_message(client, typed);
  if (!message) {
    return tl::unexpected(message.error());
  }
  const auto event = std::ranges::find(shown.events, *message, &MessageView::message);
  if (event == shown.events.end()) {
    return tl::unexpected(
        LookupFault{{Code::not_found, Blame::caller, "that message is not of this case"}, {}});
  }
  return std::optional(event->digest);
}

int tell(const Arguments& arguments) {
  const Rule& rule = *find_rule(arguments.event);
  const auto waiting = waiting_of(arguments);
  if (!waiting) {
    return usage(arguments, waiting_usage);
  }
  Particulars said;
  said.code = arguments.reason;
  said.amount = arguments.amount;
  said.currency = arguments.currency;
  if (!arguments.until.empty()) {
    const auto until = end_of_day(arguments.until);
    if (!until) {
      return usage(arguments, "--until is a date such as 2026-12-31");
    }
    said.until = *until;
  }
  if (!arguments.outcome.empty()) {
    said.outcome = parse_state(arguments.outcome);
    if (!said.outcome || !rule.to.has(*said.outcome)) {
      std::string allowed;
      for (const State state : rule.to.list()) {
        allowed += (allowed.empty() ? "" : ", ") + std::string(state_name(state));
      }
      return usage(arguments, "--outcome is one of " + allowed);
    }
  }
  const auto text = typed_text(arguments);
  if (!text) {
    return fail(arguments, arguments.text_file, text.error());
  }
  said.text = *text;
  return with_node(arguments, [&](Client& client) {
    return submit_event(arguments, *waiting, rule, said, client);
  });
}

}  // namespace hamroh
