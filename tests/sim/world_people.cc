// People inside one organisation, and a model of what each of them may see. The model knows no rule
// but these: who supervises a team sees its cases; who was given a case sees it; what is given to
// nobody who is still there, everybody of its team sees.

#include <algorithm>

#include "protocol/wire_form.h"
#include "tests/sim/world_site.h"

namespace hamroh::sim {
namespace {

Actor person(std::uint8_t number, Role role, std::vector<std::string> teams) {
  Actor actor;
  actor.user.bytes[0] = number;
  actor.role = role;
  actor.teams = std::move(teams);
  return actor;
}

}  // namespace

const std::vector<Actor>& World::people() {
  static const std::vector<Actor> all{person(11, Role::case_worker, {"intake"}),
                                      person(12, Role::commissioner, {"intake"}),
                                      person(13, Role::supervisor, {"intake"}),
                                      person(14, Role::case_worker, {"shelter"}),
                                      person(15, Role::supervisor, {"shelter"}),
                                      person(16, Role::auditor, {}),
                                      person(17, Role::operator_, {})};
  return all;
}

void World::introduce_people(std::size_t who) {
  Site& site = *sites_[who];
  for (const Actor& actor : people()) {
    site.node->know_user(
        actor.user, {"somebody", actor.role, actor.teams, !site.people.gone.contains(actor.user)});
  }
}

bool World::may_see(std::size_t who, const Actor& actor, const CaseId& id) const {
  const Site::People& model = sites_[who]->people;
  const auto found = model.given.find(id);
  const Site::People::Given given =
      found != model.given.end() ? found->second : Site::People::Given{};
  const bool worker = actor.role == Role::case_worker || actor.role == Role::commissioner ||
                      actor.role == Role::supervisor;
  const bool nobodys =
      std::ranges::all_of(given.to, [&](const UserId& user) { return model.gone.contains(user); });
  const bool own_team = std::ranges::find(actor.teams, given.team) != actor.teams.end();
  return worker && (given.to.contains(actor.user) ||
                    (own_team && (actor.role == Role::supervisor || nobodys)));
}

void World::look(std::size_t who, const CaseId& id) {
  Site& site = *sites_[who];
  const Actor& actor = random_.pick(people());
  Status admitted;
  const bool committed = turn(who, [&](Node& node, Turn& turn) -> Status {
    admitted = node.admit_reading(id, actor, turn);
    if (admitted) {
      return node.enter_reading(id, actor, turn);
    }
    return admitted.error().blame == Blame::environment ? admitted : Status();
  });
  if (!committed || !trustworthy(who)) {
    return;
  }
  note("look", who, admitted ? 1 : 0, id.view());
  if (!admitted && admitted.error().code != Code::not_permitted) {
    return;  // not here, locked, or too fast
  }
  if (admitted.has_value() != may_see(who, actor, id)) {
    fail(site.name + (admitted ? " shows a case to somebody whose it is not"
                               : " hides a case from somebody whose it is"));
  }
  if (!admitted) {
    return;
  }
  std::uint64_t& last = site.people.looked[{actor.user, id}];
  if (last == 0 || now_ > last + tuning::reading_repeats.ms) {
    last = now_;
    ++site.people.readings;
  }
  if (site.people.entered < site.people.readings) {
    fail(site.name + " let somebody look without putting it on record");
  }
}

void World::take_or_give(std::size_t who, const CaseId& id) {
  Site& site = *sites_[who];
  const Actor& actor = random_.pick(people());
  const Actor& other = random_.pick(people());
  const bool gives = actor.role == Role::supervisor;
  const std::string team = random_.once_in(4) ? (random_.once_in(2) ? "intake" : "shelter") : "";
  Status done;
  const bool committed = turn(who, [&](Node& node, Turn& turn) -> Status {
    Assignment assignment;
    if (!team.empty()) {
      assignment.team = team;
    }
    assignment.give = {other.user};
    done = gives ? node.assign_case(id, assignment, actor, turn) : node.take_case(id, actor, turn);
    return !done && done.error().blame == Blame::environment ? done : Status();
  });
  if (!committed || !done || !trustworthy(who)) {
    return;
  }
  if (!may_see(who, actor, id)) {
    fail(site.name + " lets somebody give away what she may not see");
  }
  Site::People::Given& given = site.people.given[id];
  if (!gives && !given.to.contains(actor.user)) {
    given.to = {actor.user};
  } else if (gives) {
    given.to.insert(other.user);
    given.team = team.empty() ? given.team : team;
  }
  note(gives ? "give" : "take", who, 0, id.view());
}

void World::write_as_person(std::size_t who, const CaseId& id) {
  Site& site = *sites_[who];
  const Actor& actor = random_.pick(people());
  const bool allowed = may_see(who, actor, id);
  const auto written = submit(who,
                              {draw_message_id(),
                               id,
                               EventKind::case_note,
                               {},
                               body_with_canary(EventKind::case_note, false),
                               {}},
                              actor);
  if (!trustworthy(who)) {
    return;
  }
  if (written && !allowed) {
    fail(site.name + " lets somebody write into a case that she may not see");
  }
  if (!written && allowed && written.error().code == Code::not_permitted) {
    fail(site.name + " keeps somebody from her own case");
  }
}

void World::come_or_leave(std::size_t who) {
  Site& site = *sites_[who];
  const Actor& actor = random_.pick(people());
  if (!site.people.gone.insert(actor.user).second) {
    site.people.gone.erase(actor.user);
  }
  if (site.node) {
    introduce_people(who);
  }
}

void World::vote(std::size_t who, const CaseId& id) {
  Site& site = *sites_[who];
  const Actor actor = people()[1];
  if (site.people.gone.contains(actor.user)) {
    return;
  }
  const EventKind kind = random_.once_in(2) ? EventKind::status_assign : EventKind::status_refuse;
  Particulars said;
  said.code = kind == EventKind::status_refuse ? "evidence_incomplete" : "";
  said.status_file = status_file_of(who, id);
  const Seed seed = Seed::make([&](auto raw) { std::ranges::fill(raw, 12); });
  Result<Accepted> doubled = caller_error(Code::not_found, "not tried");
  Result<Node::Counted> counted = caller_error(Code::not_found, "not tried");
  const auto goes_on = [](const auto& result) {
    return result || result.error().blame != Blame::environment;
  };
  const bool committed = turn(who, [&](Node& node, Turn& turn) -> Status {
    const auto proposed = node.propose_decision(id, kind, encode(said), actor, turn);
    if (!proposed) {
      return goes_on(proposed) ? Status() : Status(tl::unexpected(proposed.error()));
    }
    Vote vote;
    vote.certificate.user = actor.user;
    vote.certificate.role = Role::commissioner;
    vote.certificate.key = crypto::SigningKey::from_seed(seed).public_key();
    HAMROH_TRY(node.certify(vote.certificate));
    vote.signature = sign_vote(seed, vote.certificate.home, actor.user, proposed->decision);
    HAMROH_ASSIGN(const std::vector<Task> tasks, node.tasks(actor, turn));
    const auto task = std::ranges::find(tasks, proposed->task, &Task::id);
    if (task != tasks.end()) {
      HAMROH_ASSIGN(const Proposal proposal, Proposal::parse(task->proposal));
      Particulars twice = proposal.said;
      twice.ballot = Ballot{proposal.subject, {vote, vote}};
      doubled = node.submit({draw_message_id(), id, kind, {}, encode(twice), {}}, actor, turn);
    }
    counted = node.cast_vote(proposed->task, vote, actor, turn);
    return goes_on(counted) ? Status() : Status(tl::unexpected(counted.error()));
  });
  if (!committed || !trustworthy(who)) {
    return;
  }
  if (doubled) {
    fail(site.name + " counts one signer of a decision twice");
  }
  if (counted && counted->sent) {
    note("vote", who, counted->votes, id.view());
  }
}

void World::publish_services(std::size_t who) {
  Site& site = *sites_[who];
  OfferedService offered;
  offered.service = Service::shelter;
  offered.districts = {"TJ-SU"};
  offered.languages = {"tg"};
  offered.places = static_cast<std::uint32_t>(random_.below(9));
  ServiceStatement statement{0, wall(who) + days(1 + random_.below(30)), {offered}};
  Result<PublishedServices> published;
  const bool committed = turn(who, [&](Node& node, Turn& turn) -> Status {
    published = node.publish_services(statement, program(), turn);
    if (published) {
      statement.serial = published->serial;
      site.said_of_services.insert_or_assign(statement.serial, encode(statement));
      return {};
    }
    const bool failed = published.error().blame == Blame::environment;
    return failed ? Status(tl::unexpected(published.error())) : Status();
  });
  if (committed && published) {
    note("services", who, statement.serial);
  }
}

void World::check_services(std::size_t who) {
  Site& site = *sites_[who];
  const auto page =
      ask<Node::ServicesPage>(*site.store, wall(who), {now_}, site.entropy,
                              [&](Turn& turn) { return site.node->services({}, 64, turn); });
  if (!page || !trustworthy(who)) {
    return;
  }
  for (const KnownServices& one : page->known) {
    const auto statement = parse_services(one.statement);
    const Site& author = *sites_[site_of(one.member)];
    if (!statement) {
      fail(site.name + " keeps a statement of services that does not parse");
      return;
    }
    const auto said = author.said_of_services.find(statement->serial);
    if (!author.rolled_back && !author.lied &&
        (said == author.said_of_services.end() || said->second != one.statement)) {
      fail(site.name + " knows services that nobody has published");
    }
    std::uint64_t& newest = site.services_serials[one.member];
    if (statement->serial < newest) {
      fail(site.name + " took an older statement of services for a newer one");
    }
    newest = std::max(newest, statement->serial);
  }
}

// What this node will have noted of a message that a person sent.
void World::model_sender(std::size_t who, const Actor& actor, const CaseId& id, bool opens) {
  if (actor.role == Role::integration) {
    return;
  }
  Site::People& model = sites_[who]->people;
  Site::People::Given& given = model.given[id];
  if (opens) {
    given.team = actor.teams.empty() ? "intake" : actor.teams.front();
  }
  if (std::ranges::all_of(given.to,
                          [&](const UserId& user) { return model.gone.contains(user); })) {
    given.to = {actor.user};
  }
}

}  // namespace hamroh::sim
