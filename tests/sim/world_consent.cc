// Consent in the simulated world: who gives, changes and withdraws it, and two things that must be
// true whatever else happens. Once a node has heard of a withdrawal that counts, it discloses
// nothing more until consent is given anew. And every change and withdrawal that a node has opened
// is answered by it, by itself and once.

#include <algorithm>

#include "protocol/wire_form.h"
#include "tests/sim/world_site.h"

namespace hamroh::sim {
namespace {

bool is_statement(EventKind kind) {
  return states_consent(kind);
}

}  // namespace

std::vector<ConsentScope> World::draw_scopes() {
  const std::vector<std::vector<DisclosureTier>> widths{
      {DisclosureTier::t1},
      {DisclosureTier::t1, DisclosureTier::t2},
      {DisclosureTier::t1, DisclosureTier::t3},
      {DisclosureTier::t1, DisclosureTier::t2, DisclosureTier::t3, DisclosureTier::t4,
       DisclosureTier::s}};
  std::vector<ConsentScope> scopes;
  for (const char* kind : {"kind:ngo", "kind:commission", "kind:provider", "kind:ministry"}) {
    scopes.push_back({{kind}, random_.pick(widths), {"protection", "status_application"}});
  }
  return scopes;
}

Result<MessageId> World::state_consent(std::size_t who, const CaseId& id, EventKind kind) {
  const auto shown = case_view(who, id);
  if (!shown || shown->events.empty()) {
    return caller_error(Code::not_found, "no such case there");
  }
  ConsentStatement said;
  if (kind == EventKind::consent_withdraw) {
    said.date = to_iso8601(wall(who)).substr(0, 10);
  } else {
    said.consent.emplace();
    said.consent->given_by = ConsentGiver::self;
    said.consent->mode = ConsentMode::signed_paper;
    said.consent->text_version = "consent/1";
    said.consent->language = "tg";
    said.consent->date = "2026-09-21";
    said.consent->scope = draw_scopes();
    const auto track = std::ranges::find(shown->tracks, Track::consent, &TrackState::track);
    if (track != shown->tracks.end()) {
      said.about = track->about;
    }
    if (const auto form = forms_.find(id); form != forms_.end()) {
      // Whatever becomes of it: it may come to count although this turn is lost to the model.
      const auto& scopes = said.consent->scope;
      form->second.stated.insert(form->second.stated.end(), scopes.begin(), scopes.end());
    }
  }
  Submission submission;
  submission.message = draw_message_id();
  submission.case_id = id;
  submission.kind = kind;
  submission.body = encode(said);
  return submit(who, submission);
}

std::size_t World::opener_of(const CaseId& id) {
  const auto form = forms_.find(id);
  return form == forms_.end() || random_.once_in(3) ? random_.below(sites_.size())
                                                    : form->second.author;
}

// Entries in the order of this node's ledger, each once: what it had heard when it spoke.
void World::watch_disclosure(std::size_t who, const LedgerRecord& record) {
  Site& site = *sites_[who];
  const bool sent = record.entry.kind == EntryKind::sent && record.reference.author == site.id;
  const bool came = record.entry.kind == EntryKind::opened && record.reference.author != site.id;
  const Site::Key key{record.reference.author, record.reference.message};
  if ((!sent && !came) || site.locked || !site.spoken.insert(key).second) {
    return;
  }
  const auto known = model_.find(record.reference.message);
  EventKind kind{};
  CaseId id;
  if (known != model_.end()) {
    kind = known->second.kind;
    id = known->second.case_id;
  } else if (const auto shown = message(who, record.reference.message); shown && sent) {
    kind = shown->kind;
    id = shown->case_id;
  }
  if (is_statement(kind)) {
    site.heard_of_consent[id] = {kind, record.reference.message};
  }
  if (kind != EventKind::tier_disclose || !sent || !trustworthy(who)) {
    return;
  }
  const auto heard = site.heard_of_consent.find(id);
  if (heard == site.heard_of_consent.end() || heard->second.first != EventKind::consent_withdraw) {
    return;
  }
  const auto view = case_view(who, id);
  const bool counts =
      view && std::ranges::any_of(view->events, [&](const MessageView& event) {
        return event.message == heard->second.second && event.void_reason == Code::none;
      });
  const bool withdrawn = view && std::ranges::any_of(view->tracks, [](const TrackState& track) {
                           return track.track == Track::consent && track.state == State::withdrawn;
                         });
  if (counts && withdrawn) {
    fail(site.name + " discloses what it may not since the consent was withdrawn");
  }
}

// How often that node has answered that statement by itself; nothing if that cannot be told.
std::optional<std::size_t> World::answers_of(std::size_t who, const CaseView& view,
                                             const Digest& statement) {
  Site& site = *sites_[who];
  std::size_t count = 0;
  for (const MessageView& event : view.events) {
    if (event.kind != EventKind::consent_applied || event.author != site.id) {
      continue;
    }
    const auto body = ask<Node::StoredBody>(
        *site.store, wall(who), {now_}, site.entropy,
        [&](Turn& turn) { return site.node->body(event.author, event.message, program(), turn); });
    const auto applied =
        body ? parse_applied(body->body) : Result<ConsentApplied>(tl::unexpected(body.error()));
    if (!applied) {
      return std::nullopt;
    }
    count += applied->about == statement ? 1 : 0;
  }
  return count;
}

void World::check_answers() {
  for (const auto& [message_id, sent] : model_) {
    const bool asks =
        sent.kind == EventKind::consent_withdraw || sent.kind == EventKind::consent_change;
    for (const std::size_t recipient : asks ? sent.recipients : std::vector<std::size_t>{}) {
      Site& site = *sites_[recipient];
      if (!site.node || site.locked || !trustworthy(recipient) || site.incarnation > 1 ||
          site.node->view().standing != Standing::member) {
        continue;
      }
      const Member* author = site.node->membership().active(sites_[sent.author]->id);
      const auto view = case_view(recipient, sent.case_id);
      if (author == nullptr || !view) {
        continue;
      }
      const auto statement = std::ranges::find(view->events, message_id, &MessageView::message);
      if (statement == view->events.end() || statement->void_reason != Code::none) {
        continue;
      }
      const auto answers = answers_of(recipient, *view, statement->digest);
      if (answers && *answers != 1) {
        fail(site.name + (*answers == 0 ? " has not answered" : " has answered more than once") +
             " what was said about the consent");
      }
    }
  }
}

}  // namespace hamroh::sim
