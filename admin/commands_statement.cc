// The page about a case that the person herself is given: from what the node shows of the case to
// the plain values of person_statement.h.

#include <algorithm>
#include <cstdio>
#include <map>

#include "admin/commands.h"
#include "admin/files.h"
#include "admin/lookup.h"
#include "admin/pack_view.h"
#include "admin/person_statement.h"
#include "admin/report.h"
#include "admin/views.h"
#include "protocol/disclosure.h"
#include "protocol/wire_form.h"

namespace hamroh {
namespace {

// What one event was about, to the person. Nothing for what she need not hear of.
std::optional<SharedWhat> said_to_others(EventKind kind) {
  switch (kind) {
    case EventKind::referral_send:
      return SharedWhat::sent;
    case EventKind::tier_disclose:
    case EventKind::status_disclose:
      return SharedWhat::disclosed;
    case EventKind::referral_revoke:
    case EventKind::cancel_request:
      return SharedWhat::taken_back;
    case EventKind::status_apply:
      return SharedWhat::applied;
    case EventKind::transfer_offer:
      return SharedWhat::offered;
    case EventKind::status_appeal:
      return SharedWhat::appealed;
    case EventKind::fund_request:
      return SharedWhat::paid;
    case EventKind::consent_change:
    case EventKind::consent_withdraw:
      return SharedWhat::told;
    default:
      return std::nullopt;
  }
}

std::optional<SharedWhat> said_by_others(EventKind kind) {
  switch (kind) {
    case EventKind::referral_accept:
      return SharedWhat::accepted;
    case EventKind::referral_decline:
    case EventKind::referral_redirect:
      return SharedWhat::declined;
    case EventKind::status_pre_grant:
    case EventKind::status_assign:
    case EventKind::status_refuse:
    case EventKind::ministry_confirm:
    case EventKind::ministry_return:
    case EventKind::appeal_outcome:
      return SharedWhat::decided;
    default:
      return std::nullopt;
  }
}

class StatementMaker {
 public:
  StatementMaker(Client& client, const api::Case& found, Language language)
      : client_(client),
        shown_(found.shown),
        names_(names_of(client, found.names)),
        language_(language) {
    const auto file = client.pack({});
    if (auto pack =
            file ? read_pack(text(file->file)) : tl::unexpected(std::vector<PackMistake>{})) {
      pack_ = std::move(*pack);
      page_.utc_offset_minutes = pack_->calendar.utc_offset_minutes;
    }
  }

  Result<PersonStatement> make(Timestamp now) {
    HAMROH_ASSIGN(const api::NodeStatus status, client_.status());
    self_ = status.node.member;
    page_.organisation = status.node.name;
    page_.number = to_uuid(shown_.id);
    page_.made = now;
    for (const MessageView& event : shown_.events) {
      if (event.void_reason == Code::none) {
        HAMROH_TRY(take(event));
      }
    }
    for (SharedWith& with : page_.shared) {
      std::ranges::stable_sort(with.steps, {}, &SharedStep::when);
    }
    take_tracks(now);
    return std::move(page_);
  }

 private:
  SharedWith& with(const MemberId& member) {
    const auto [found, added] = places_.emplace(member, page_.shared.size());
    if (added) {
      page_.shared.push_back({name_in(names_, member), {}, {}});
    }
    return page_.shared[found->second];
  }

  Status take(const MessageView& event) {
    if (states_consent(event.kind)) {
      HAMROH_TRY(take_statement(event));
    }
    if (event.kind == EventKind::status_appeal) {
      page_.appeals.push_back({event.created});
    }
    if (event.kind == EventKind::appeal_outcome) {
      HAMROH_TRY(take_outcome(event));
    }
    if (event.author != self_) {
      if (const auto what = said_by_others(event.kind)) {
        with(event.author).steps.push_back({*what, event.created, {}});
      }
      return {};
    }
    const auto what = said_to_others(event.kind);
    if (!what) {
      return {};
    }
    std::vector<DisclosureTier> tiers;
    std::optional<Consent> consent;
    if (*what == SharedWhat::sent || *what == SharedWhat::disclosed) {
      HAMROH_ASSIGN(const api::Body body, client_.body(event.author, event.message));
      if (*what == SharedWhat::sent) {
        HAMROH_ASSIGN(const ReferralForm form, parse_referral(body.bytes));
        tiers = {DisclosureTier::t1};
        consent = form.consent;
        page_.consents.push_back(
            {form.consent.date, form.consent.expires, form.consent.exception.has_value(), false});
      } else {
        HAMROH_ASSIGN(const DisclosedFields fields, parse_fields(body.bytes));
        tiers = tiers_of(fields.fields);
      }
    }
    for (const Delivery& delivery : event.deliveries) {
      SharedWith& receiver = with(delivery.recipient);
      receiver.steps.push_back({*what, event.created, tiers});
      if (delivery.level == Level::opened && *what == SharedWhat::sent) {
        receiver.steps.push_back({SharedWhat::arrived, delivery.changed, {}});
      }
      if (consent) {
        add_reasons(receiver, *consent);
      }
    }
    return {};
  }

  // A consent given or changed later stands beside the first; a withdrawal is of all before it.
  Status take_statement(const MessageView& event) {
    HAMROH_ASSIGN(const api::Body body, client_.body(event.author, event.message));
    HAMROH_ASSIGN(const ConsentStatement said, parse_consent(body.bytes, event.kind));
    if (said.consent) {
      page_.consents.push_back({said.consent->date, said.consent->expires, false, false});
      return {};
    }
    for (StatementConsent& consent : page_.consents) {
      if (!consent.withdrawn) {
        consent.withdrawn = true;
        consent.withdrawn_on = said.date;
      }
    }
    return {};
  }

  // Events come in the order of the fold, in which an outcome follows the appeal that it decides.
  Status take_outcome(const MessageView& event) {
    HAMROH_ASSIGN(const api::Body body, client_.body(event.author, event.message));
    HAMROH_ASSIGN(const Particulars said, parse_particulars(body.bytes, event.kind));
    if (!page_.appeals.empty() && said.outcome) {
      StatementAppeal& appeal = page_.appeals.back();
      appeal.decided = event.created;
      appeal.by = name_in(names_, event.author);
      appeal.outcome = *said.outcome;
    }
    return {};
  }

  static std::vector<DisclosureTier> tiers_of(const FormFields& fields) {
    std::vector<DisclosureTier> tiers;
    for (const FormField field : fields.list()) {
      const DisclosureTier tier = tier_of(field);
      if (tiers.empty() || tiers.back() != tier) {
        tiers.push_back(tier);
      }
    }
    return tiers;
  }

  // Only what the pack has words for: a code would tell her nothing.
  void add_reasons(SharedWith& receiver, const Consent& consent) const {
    if (!pack_) {
      return;
    }
    for (const ConsentScope& scope : consent.scope) {
      for (const std::string& purpose : scope.purposes) {
        const auto& codes = pack_->codes_of(PackList::purposes);
        const auto known = std::ranges::find(codes, purpose, &PackCode::code);
        if (known == codes.end()) {
          continue;
        }
        const std::string& words = known->labels.in(language_);
        if (std::ranges::find(receiver.reasons, words) == receiver.reasons.end()) {
          receiver.reasons.push_back(words);
        }
      }
    }
  }

  void take_tracks(Timestamp now) {
    for (const TrackState& track : shown_.tracks) {
      if (track.track == Track::status) {
        page_.status = track.state;
        page_.may_appeal = track.state == State::refused ||
                           (track.state == State::pre_status && track.until < now);
      }
    }
    // The same consent for several referrals is one.
    const auto same = std::ranges::unique(page_.consents);
    page_.consents.erase(same.begin(), same.end());
  }

  Client& client_;
  const CaseView& shown_;
  Names names_;
  Language language_;
  MemberId self_;
  std::optional<Pack> pack_;
  PersonStatement page_;
  std::map<MemberId, std::size_t> places_;  // in page_.shared
};

}  // namespace

int case_person_statement(const Arguments& arguments) {
  const std::string wanted = language_of(arguments);
  const auto language = parse_language(wanted);
  if (!language) {
    return usage(arguments, "--language is tg, ru or en");
  }
  return with_shown_case(arguments, [&](Client& client, const api::Case& found) {
    const auto statement = StatementMaker(client, found, *language).make(wall_now());
    if (!statement) {
      return fail(arguments, arguments.case_id, statement.error(), client);
    }
    const std::string page = statement_text(*statement, *language);
    if (!arguments.out.empty()) {
      if (const Status written = write_output(arguments.out, view(page), private_mode); !written) {
        return fail(arguments, arguments.out, written.error());
      }
      return said(arguments, "Wrote the page to " + arguments.out + ".");
    }
    if (arguments.json) {
      std::printf("{\"language\": %s, \"text\": %s}\n", json_string(wanted).c_str(),
                  json_string(page).c_str());
    } else {
      std::fputs(page.c_str(), stdout);
    }
    return exit_done;
  });
}

}  // namespace hamroh
