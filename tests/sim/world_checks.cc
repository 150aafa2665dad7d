// What can be seen of a world, and what must always be true of it.

#include <algorithm>

#include "protocol/wire_form.h"
#include "tests/sim/world_site.h"

namespace hamroh::sim {
namespace {

// Eight epochs ahead, the current one, the weeks of grace, and one for the turn of a week.
constexpr std::size_t epoch_keys_max =
    tuning::epochs_ahead + 1 + tuning::epoch_grace.ms / tuning::epoch_length.ms + 2;

}  // namespace

bool World::running(std::size_t who) const {
  return sites_[who]->node.has_value();
}

const Node& World::node(std::size_t who) const {
  CHECK(sites_[who]->node);
  return *sites_[who]->node;
}

Result<MessageView> World::message(std::size_t who, const MessageId& message) {
  Site& site = *sites_[who];
  if (!site.node) {
    return environment_error(Code::unavailable, "the node is down");
  }
  return ask<MessageView>(*site.store, wall(who), {now_}, site.entropy,
                          [&](Turn& turn) { return site.node->message(message, program(), turn); });
}

Result<CaseView> World::case_view(std::size_t who, const CaseId& id) {
  Site& site = *sites_[who];
  if (!site.node) {
    return environment_error(Code::unavailable, "the node is down");
  }
  return ask<CaseView>(*site.store, wall(who), {now_}, site.entropy,
                       [&](Turn& turn) { return site.node->case_view(id, program(), turn); });
}

Result<std::string> World::receipt(std::size_t who, const MessageId& message) {
  Site& site = *sites_[who];
  if (!site.node) {
    return environment_error(Code::unavailable, "the node is down");
  }
  return ask<std::string>(*site.store, wall(who), {now_}, site.entropy, [&](Turn& turn) {
    return site.node->receipt(message, std::nullopt, program(), turn);
  });
}

void World::check_bytes(ByteView bytes, const char* where) {
  if (text(bytes).find(canary_prefix) != std::string_view::npos) {
    fail(std::string("plaintext stands in ") + where);
  }
}

// Whether a member may hold that field of the form that opened a case, by the consent, its kind and
// what it has answered: written down once more, apart from the node's own table.
bool World::may_hold(std::size_t who, const CaseId& id, FormField field) const {
  const Form& form = forms_.at(id);
  if (who == form.author) {
    return true;
  }
  const bool accepted = form.accepted.contains(who);
  const bool is_identity = field == FormField::contact_alias || field == FormField::contact_name;
  const DisclosureTier tier = tier_of(field);
  const std::string kind = std::string("kind:") + member_kind_name(sites_[who]->kind);
  const auto opens = [&](const ConsentScope& scope) {
    return std::ranges::find(scope.recipients, kind) != scope.recipients.end() &&
           std::ranges::find(scope.tiers, tier) != scope.tiers.end();
  };
  const bool consented =
      std::ranges::any_of(form.consent.scope, opens) || std::ranges::any_of(form.stated, opens);
  if (!consented || (!accepted && !(form.emergency && tier == DisclosureTier::t2))) {
    return false;
  }
  switch (sites_[who]->kind) {
    case MemberKind::ngo:
    case MemberKind::provider:
      return tier != DisclosureTier::t4 || field == FormField::sealed_health;
    case MemberKind::commission:
      return accepted || is_identity;
    case MemberKind::ministry:
      return accepted && is_identity;
    default:
      return false;
  }
}

// The same of a status file: who decided, and another commission where the consent opens it.
bool World::may_hold_file(std::size_t who, const CaseId& id, std::size_t decided) const {
  if (who == decided) {
    return true;
  }
  const Form& form = forms_.at(id);
  const auto opens = [](const ConsentScope& scope) {
    return std::ranges::find(scope.recipients, "kind:commission") != scope.recipients.end() &&
           std::ranges::find(scope.tiers, DisclosureTier::s) != scope.tiers.end();
  };
  return sites_[who]->kind == MemberKind::commission &&
         (std::ranges::any_of(form.consent.scope, opens) ||
          std::ranges::any_of(form.stated, opens));
}

void World::check_disclosed(std::size_t who) {
  Site& site = *sites_[who];
  if (site.node->ledger().size() < site.bodies_read) {
    site.bodies_read = 0;  // another disk
  }
  std::vector<std::pair<Bytes, Bytes>> rows;
  const auto read =
      ask<bool>(*site.store, wall(who), {now_}, site.entropy, [&](Turn& turn) -> Result<bool> {
        HAMROH_TRY(turn.store.scan(
            Table::body, key_u64(site.bodies_read), {}, Transaction::Order::ascending,
            [&](ByteView key, ByteView value) {
              rows.emplace_back(Bytes(key.begin(), key.end()), Bytes(value.begin(), value.end()));
              return true;
            }));
        HAMROH_ASSIGN(const CaseKeys keys, CaseKeys::load(turn));
        for (auto& [key, value] : rows) {
          if (CaseKeys::is_sealed(value)) {
            auto opened = keys.open(Table::body, key, value, turn);
            value = opened ? std::move(opened->content) : Bytes{};
          }
        }
        return true;
      });
  if (!read) {
    return;  // a flipped bit, which the node finds by itself
  }
  site.bodies_read = site.node->ledger().size();
  for (const auto& [key, value] : rows) {
    const std::string_view body = text(value);
    for (std::size_t at = body.find(field_canary_prefix); at != std::string_view::npos;
         at = body.find(field_canary_prefix, at + 1)) {
      const auto word =
          words_.find(body.substr(at, field_canary_prefix.size() + field_canary_digits));
      if (word == words_.end()) {
        continue;
      }
      const auto decided = deciders_.find(word->first);
      const bool may = decided == deciders_.end()
                           ? may_hold(who, word->second.first, word->second.second)
                           : may_hold_file(who, word->second.first, decided->second);
      if (!may) {
        fail(site.name + " holds " + name_of(word->second.second) + " without a grant");
      }
    }
  }
}

// A node that restored an old image, or met one that did, cannot keep every promise to the others:
// it is left out of comparisons, but must still notice.
bool World::trustworthy(std::size_t who) const {
  return !sites_[who]->rolled_back;
}

void World::check_after_turn(std::size_t who, const Effects& effects) {
  Site& site = *sites_[who];
  if (!site.node) {
    return;
  }
  site.node->check_invariants();
  const Ledger& ledger = site.node->ledger();
  if (!site.rolled_back) {
    // The ledger only grows: the tree that was committed before is a prefix of the one now.
    auto range = ask<CompactRange>(*site.store, wall(who), {now_}, site.entropy, [&](Turn& turn) {
      return site.committed_size <= ledger.size()
                 ? ledger.range_at(turn.store, site.committed_size)
                 : Result<CompactRange>(environment_error(Code::store_corrupt, "it shrank"));
    });
    if (site.committed_size > ledger.size()) {
      fail(site.name + "'s ledger shrank");
    } else if (range && site.committed_size > 0 && range->root() != site.committed_root) {
      fail(site.name + "'s ledger was rewritten");
    }
  }
  site.committed_size = ledger.size();
  site.committed_root = ledger.root();
  std::set<MemberId> suspended;
  for (const ActiveSuspension& one : site.node->suspensions()) {
    suspended.insert(one.member);
  }
  std::erase_if(site.suspended,
                [&](const MemberId& member) { return !suspended.contains(member); });
  check_ledger(who);
  site.suspended = std::move(suspended);
  check_membership(who);
  if (site.lost_entries && site.node->view().phase == Phase::ready) {
    fail(site.name + " signs although its ledger is an old copy");
  }
  for (const Notify& notice : effects.notices) {
    if (notice.event.kind == static_cast<std::uint8_t>(EntryKind::opened)) {
      ++opened_;
    }
  }
  if (!site.locked && steps_ % 16 == 0) {
    check_levels(who);
    check_cases(who);
    check_keys(who);
    check_ghosts(who);
    check_disclosed(who);
    check_services(who);
    check_attachments(who);
    for (const auto& [key, value] : site.disk.rows()) {
      check_bytes(key.second, "the key of a record on disk");
      check_bytes(value, "a record on disk");
    }
  }
}

// Levels only rise (but for a receipt that comes after the expiry), and what an author is told is
// true: if it shows `opened`, the recipient has opened that very message.
void World::check_levels(std::size_t author) {
  for (auto& [id, sent] : model_) {
    if (sent.author != author || sent.lost || !trustworthy(author)) {
      continue;
    }
    const auto shown = message(author, id);
    if (!shown) {
      if (shown.error().blame != Blame::environment && shown.error().code != Code::locked &&
          !has_erased(author, sent.case_id)) {
        fail(std::string("an accepted message has vanished from its author's node: ") +
             code_name(shown.error().code));
      }
      continue;
    }
    for (const Delivery& delivery : shown->deliveries) {
      const std::size_t recipient = site_of(delivery.recipient);
      Level& before = sent.shown.try_emplace(recipient, Level::accepted).first->second;
      const bool late = before == Level::expired && delivery.level == Level::opened;
      const bool arrived = before == Level::opened || before == Level::expired;  // then late
      // That it had been opened in between was not looked at.
      const bool unseen = before == Level::stored && delivery.level == Level::accepted;
      const bool again = (arrived || unseen) && sent.again.contains(recipient);
      if (delivery.level < before && !late && !again) {
        fail(std::string("a level went back, from ") + level_name(before) + " to " +
             level_name(delivery.level));
      }
      if (is_settled(before) && delivery.level != before && !late && !again) {
        fail("a settled level changed");
      }
      if (again && delivery.level != before) {
        sent.again.erase(recipient);  // only once
      }
      before = delivery.level;
      const Site& there = *sites_[recipient];
      const Site::Key key{sites_[author]->id, id};
      if (delivery.level == Level::opened && trustworthy(recipient) &&
          !there.opened.contains(key) && !there.opened_before.contains(key)) {
        fail("a receipt says opened, but its node's ledger does not");
      }
      const bool lost_there =
          sent.again.contains(recipient) || sent.settled_before.contains(recipient);
      if (delivery.level == Level::opened && there.node && !there.locked && !lost_there &&
          trustworthy(recipient)) {
        const auto kept = message(recipient, id);
        if (!kept && kept.error().blame == Blame::caller && !has_erased(recipient, sent.case_id)) {
          fail("a receipt promises what its node does not hold");
        } else if (kept && kept->deliveries.front().level != Level::opened) {
          fail("a receipt says opened, its node says otherwise");
        }
      }
      const Member* entry = node(author).membership().find(delivery.recipient);
      if (entry != nullptr && entry->state == MemberState::revoked && !is_settled(delivery.level)) {
        fail("mail for a revoked member was not returned to " + sites_[author]->name);
      }
      if (delivery.level == Level::refused && delivery.code == Code::revoked &&
          !sites_[author]->returned.contains({delivery.recipient, id}) &&
          !there.judged.contains(key)) {
        fail("mail was returned without an entry that proves it");
      }
    }
  }
}

// Reads the entries that are new. A message is opened at most once, for ever, and never after its
// time was over. (An entry with a `detail` repeats an earlier one under a newer signature.)
void World::check_ledger(std::size_t who) {
  Site& site = *sites_[who];
  std::vector<LedgerRecord> records;
  (void)ask<bool>(*site.store, wall(who), {now_}, site.entropy, [&](Turn& turn) {
    const Status visited =
        site.node->ledger().scan(turn.store, site.examined, [&](const LedgerRecord& record) {
          records.push_back(record);
          return true;
        });
    return visited ? Result<bool>(true) : tl::unexpected(visited.error());
  });
  for (const LedgerRecord& record : records) {
    site.examined = record.index + 1;
    site.people.entered += record.entry.kind == EntryKind::read ? 1 : 0;
    watch_disclosure(who, record);
    const auto sent = model_.find(record.reference.message);
    if (record.entry.kind == EntryKind::expired && sent != model_.end() && !clocks_jumped_ &&
        sent->second.expires.ms != UINT64_MAX && record.entry.time < sent->second.expires) {
      fail(site.name + " gave a message up before its time was over");
    }
    const auto key = Site::Key{record.reference.author, record.reference.message};
    if (record.entry.kind == EntryKind::erased) {
      site.erased.insert(*CaseId::from(record.reference.message.view()));
    }
    if (record.entry.kind == EntryKind::returned) {
      site.returned.insert({record.reference.peer, record.reference.message});
    }
    const bool outcome =
        record.entry.kind == EntryKind::opened || record.entry.kind == EntryKind::refused ||
        record.entry.kind == EntryKind::unsupported || record.entry.kind == EntryKind::expired;
    if (outcome) {
      site.judged.insert(key);
    }
    if (outcome && site.suspended.contains(record.reference.author) &&
        record.reference.author != site.id) {
      fail(site.name + " acts on a message of a member that is suspended");
    }
    if (record.entry.kind != EntryKind::opened) {
      continue;
    }
    const auto [place, first] = site.opened.emplace(key, Site::Places{record.index, record.index});
    place->second.last = record.index;
    if (!record.entry.detail.is_zero()) {
      continue;
    }
    if (!first && trustworthy(who)) {
      fail(site.name + " opened a message twice");
    }
    if (sent != model_.end() && !clocks_jumped_ && !site.node->view().clock_suspect &&
        record.entry.time >= sent->second.expires && site.incarnation == 1) {
      fail(site.name + " opened a message after its time was over");
    }
  }
}

// Old private keys go: what was sealed weeks ago can be opened by nobody.
void World::check_keys(std::size_t who) {
  Site& site = *sites_[who];
  const auto keys = std::ranges::count_if(site.disk.rows(), [](const auto& row) {
    return row.first.first == Table::reader_secret && !row.first.second.empty() &&
           row.first.second.front() == 'e';
  });
  const NodeView node = site.node->view();
  const bool may_wait =  // a held envelope may need them; and a clock in doubt destroys nothing
      node.clock_suspect ||
      std::ranges::any_of(node.peers, [](const PeerView& peer) { return peer.held > 0; });
  // Keys that were all made anew wait for the end of the grace as well.
  const auto retired = std::ranges::count_if(site.epochs_retired, [&](std::uint64_t when) {
    return when != 0 && now_ - when < (tuning::epoch_grace.ms + days(1).ms);
  });
  const std::size_t most =
      epoch_keys_max + static_cast<std::size_t>(retired) * tuning::epochs_ahead;
  if (static_cast<std::size_t>(keys) <= most || may_wait) {
    site.too_many_keys_since.reset();
  } else if (!site.too_many_keys_since) {
    site.too_many_keys_since = now_;
  } else if (now_ - *site.too_many_keys_since > minutes(15).ms) {
    fail(site.name + " keeps private keys of epochs that are long over");
  }
}

bool World::has_erased(std::size_t who, const CaseId& id) const {
  return sites_[who]->erased.contains(id);
}

// What was erased does not come back, whatever comes late.
void World::check_ghosts(std::size_t who) {
  const Site& site = *sites_[who];
  for (const CaseId& id : site.erased) {
    if (trustworthy(who) && site.disk.rows().contains({Table::case_event, CaseRecord::key(id)})) {
      fail(site.name + " has a ghost of a case that it erased");
    }
  }
}

void World::check_destroyed(std::size_t who, const CaseId& id, const MemoryStore::Rows& before) {
  Site& site = *sites_[who];
  const std::pair row{Table::case_event, CaseRecord::key(id)};
  const auto stored = before.find(row);
  if (stored == before.end()) {
    return;
  }
  // The rows of before stand there again, as far as a copy of them may have stayed somewhere: all
  // but the erasure key itself, of which there is one row.
  MemoryStore::Rows mixed = site.disk.rows();
  for (const auto& [key, value] : before) {
    const bool of_keys =
        key.first == Table::case_key ||
        (key.first == Table::reader_secret && key.second.size() > 1 && key.second.front() == 'g');
    if (of_keys || key == row) {
      mixed[key] = value;
    }
  }
  MemoryStore disk;
  disk.restore(std::move(mixed));
  SeededEntropy entropy(random_.fork());
  SealedStore store(disk, entropy, site.node_key);
  store.unlock(site.reader_key);
  const auto opened = ask<bool>(store, wall(who), {now_}, entropy, [&](Turn& turn) -> Result<bool> {
    HAMROH_ASSIGN(const CaseKeys keys, CaseKeys::load(turn));
    HAMROH_ASSIGN(const std::optional<Bytes> sealed, turn.store.get(row.first, row.second));
    return keys.open(row.first, row.second, *sealed, turn).has_value();
  });
  if (opened && *opened) {
    fail(site.name + " keeps a key that opens a case that it erased");
  }
}

// Whoever was asked and has erased has said so, once nothing waits between the two any more, if
// each of them takes the other for a member: to one that is revoked nothing is sent, and it is
// answered when it has been restored.
void World::check_certificates() {
  for (std::size_t asker = 0; asker < sites_.size(); ++asker) {
    Site& site = *sites_[asker];
    if (!site.node || site.locked || !trustworthy(asker)) {
      continue;
    }
    const auto page = ask<Node::ErasurePage>(
        *site.store, wall(asker), {now_}, site.entropy,
        [&](Turn& turn) { return site.node->erasures(std::nullopt, 4'096, turn); });
    if (!page) {
      continue;
    }
    for (const auto& [id, record] : page->erasures) {
      for (const ErasedRecord::Asked& asked : record.asked) {
        const std::size_t other = site_of(asked.member);
        const auto request = message(asker, asked.message);
        const auto entry = site.node->membership().find(asked.member);
        const bool waits = std::ranges::any_of(node(asker).view().peers, [&](const PeerView& peer) {
          return peer.member == asked.member && peer.queued > 0;
        });
        const bool told = request && request->level() == Level::opened && !waits &&
                          entry != nullptr && entry->state == MemberState::active;
        if (!told || !trustworthy(other) || !running(other) || sites_[other]->incarnation > 1 ||
            site.incarnation > 1 || !has_erased(other, id) || clocks_jumped_ ||
            node(other).membership().active(site.id) == nullptr) {
          continue;
        }
        const auto theirs =
            ask<ErasedRecord>(*sites_[other]->store, wall(other), {now_}, sites_[other]->entropy,
                              [&](Turn& turn) { return sites_[other]->node->erasure(id, turn); });
        const bool settled = std::ranges::none_of(
            node(other).view().peers,
            [&](const PeerView& peer) { return peer.member == site.id && peer.queued > 0; });
        const bool answered =
            theirs && std::ranges::any_of(theirs->asking, [&](const ErasedRecord::Asking& one) {
              return one.member == site.id && one.answered;
            });
        if (theirs && settled && !answered) {
          fail(sites_[other]->name + " has erased a case and answered nobody");
        }
      }
    }
  }
}

// No message stands twice in a case.
void World::check_cases(std::size_t who) {
  for (const auto& [id, sent] : model_) {
    if (sent.kind != EventKind::referral_send) {
      continue;
    }
    const auto view = case_view(who, sent.case_id);
    if (!view) {
      continue;
    }
    std::set<MessageId> seen;
    for (const MessageView& event : view->events) {
      if (!seen.insert(event.message).second) {
        fail("a message stands twice in a case");
      }
    }
  }
}

// Why a message has not come to its end, if that is somebody's duty.
std::optional<std::string> World::unsettled(const MessageId& id, const Sent& sent) {
  const bool author_revoked =
      authority_->entry(sites_[sent.author]->id)->state == MemberState::revoked;
  // Whose keys were made void by a directory that can have no successor speaks no more.
  const auto void_keys = [&](std::size_t who) {
    return authority_->is_split() && running(who) &&
           node(who).view().standing == Standing::superseded;
  };
  if (!trustworthy(sent.author) || sent.lost || author_revoked || void_keys(sent.author)) {
    return std::nullopt;
  }
  const auto shown = message(sent.author, id);
  if (!shown && has_erased(sent.author, sent.case_id)) {
    return std::nullopt;
  }
  if (!shown) {
    return shown.error().text;
  }
  for (const Delivery& delivery : shown->deliveries) {
    const std::size_t recipient = site_of(delivery.recipient);
    if (!is_settled(delivery.level) && trustworthy(recipient) && !void_keys(recipient)) {
      return sites_[recipient]->name + " has it " + level_name(delivery.level);
    }
  }
  return std::nullopt;
}

bool World::all_settled() {
  return !disagreement() && !unalarmed() && std::ranges::none_of(model_, [&](const auto& item) {
    return unsettled(item.first, item.second).has_value();
  });
}

void World::report_unsettled() {
  for (const auto& why : {disagreement(), unalarmed()}) {
    if (why) {
      fail(*why + " after everything had healed");
      return;
    }
  }
  for (const auto& [id, sent] : model_) {
    const auto why = unsettled(id, sent);
    if (!why) {
      continue;
    }
    std::string what = sites_[sent.author]->name + "'s message of " + std::to_string(sent.at_ms) +
                       " ms did not come to its end after everything had healed: " + *why;
    for (const auto& site : sites_) {
      what += "; " + site->name + " is ";
      if (!site->node) {
        what += "down";
        continue;
      }
      const NodeView node = site->node->view();
      what += std::string(phase_name(node.phase)) + " as " + standing_name(node.standing) +
              (node.locked ? ", locked" : "") +
              (node.clock_suspect ? ", not sure of the time" : "") + ", directory " +
              std::to_string(node.directory_version);
      for (const PeerView& peer : node.peers) {
        what += ", " + std::to_string(peer.queued) + " for " + sites_[site_of(peer.member)]->name +
                (peer.connected ? "" : " (disconnected)");
      }
    }
    fail(what);
    return;
  }
  fail("the network is not quiet after everything had healed");
}

// After healing: what the author was told is what the recipient holds; every receipt verifies for
// an outsider; and nodes that hold the same events show the same case.
void World::check_outcomes() {
  check_files_arrived();
  for (const auto& [id, sent] : model_) {
    const auto shown = message(sent.author, id);
    if (!trustworthy(sent.author) || sent.lost || !shown) {
      continue;
    }
    for (const Delivery& delivery : shown->deliveries) {
      const std::size_t recipient = site_of(delivery.recipient);
      const bool own_verdict = delivery.level == Level::expired ||
                               sites_[sent.author]->returned.contains({delivery.recipient, id});
      // It is delivered again once the two have been restored.
      const auto revoked = [&](std::size_t who) {
        return authority_->entry(sites_[who]->id)->state == MemberState::revoked;
      };
      // Nor is it where two directories of one version have no successor: who came back under one
      // of them is nobody to the other side.
      const bool waits = sent.again.contains(recipient) &&
                         (revoked(recipient) || revoked(sent.author) || authority_->is_split());
      if (!trustworthy(recipient) || !is_settled(delivery.level) || own_verdict || waits ||
          sent.settled_before.contains(recipient) || has_erased(recipient, sent.case_id) ||
          sites_[recipient]->erased_before.contains(sent.case_id)) {
        continue;
      }
      const auto kept = message(recipient, id);
      if (!kept || kept->deliveries.front().level != delivery.level) {
        fail(std::string("author and recipient disagree about an outcome: ") +
             sites_[sent.author]->name + " has " + level_name(delivery.level) + ", " +
             sites_[recipient]->name + " has " +
             (kept ? level_name(kept->deliveries.front().level) : code_name(kept.error().code)) +
             ", of the " + event_kind_name(sent.kind) + " of " + std::to_string(sent.at_ms) +
             " ms");
      }
    }
    const auto proof = receipt(sent.author, id);
    if (!proof || sent.recipients.empty()) {
      continue;
    }
    const auto parsed = parse_tlog_proof(*proof);
    bool good = false;
    for (const std::size_t recipient : sent.recipients) {
      // With the key that it had when it signed.
      for (const AuthorKey& key : sites_[recipient]->author_keys) {
        const auto signed_note =
            parsed ? parse_signed_note(parsed->signed_note, *SigningPublicKey::from(key.view()),
                                       NoteRole::author)
                   : Result<SignedNote>(tl::unexpected(Error{}));
        good = good || (signed_note && verify_inclusion(parsed->index, signed_note->note.size,
                                                        leaf_hash(parsed->entry), parsed->path,
                                                        signed_note->note.root));
      }
    }
    if (!good) {
      fail("an exported receipt does not verify");
    }
  }
  check_certificates();
  check_answers();
  for (const auto& [id, sent] : model_) {
    const auto here = case_view(sent.author, sent.case_id);
    for (const std::size_t recipient : sent.recipients) {
      const auto there = case_view(recipient, sent.case_id);
      if (here && trustworthy(sent.author)) {
        check_missed(sent.case_id, *here, sent.author);
      }
      if (!here || !there || !trustworthy(sent.author) || !trustworthy(recipient)) {
        continue;
      }
      std::vector<MessageId> left;
      std::vector<MessageId> right;
      std::ranges::transform(here->events, std::back_inserter(left), &MessageView::message);
      std::ranges::transform(there->events, std::back_inserter(right), &MessageView::message);
      std::vector<MessageId> a = left;
      std::vector<MessageId> b = right;
      std::ranges::sort(a);
      std::ranges::sort(b);
      const auto judged = [](const CaseView& shown) {
        std::vector<std::tuple<MessageId, Code, bool>> events;
        for (const MessageView& event : shown.events) {
          events.emplace_back(event.message, event.void_reason, event.corrected);
        }
        return events;
      };
      if (a == b && (judged(*here) != judged(*there) || here->tracks != there->tracks ||
                     here->gaps != there->gaps || here->state != there->state)) {
        fail("two nodes with the same events show another case: " + sites_[sent.author]->name +
             " has it " + state_name(here->state) + (here->incomplete ? " with gaps" : "") + ", " +
             sites_[recipient]->name + " " + state_name(there->state) +
             (there->incomplete ? " with gaps" : "") + (left == right ? "" : ", in another order"));
      }
      if (a == b) {
        check_clocks(*here, *there, sent.author, recipient);
      }
    }
  }
}

void World::check_missed(const CaseId& id, const CaseView& shown, std::size_t who) {
  std::set<std::tuple<MemberId, Digest, Clock, MemberId>> said;
  for (const MessageView& event : shown.events) {
    const std::size_t author = site_of(event.author);
    // Who lost what it had said may say it again.
    if (event.kind != EventKind::deadline_missed || !trustworthy(author) ||
        sites_[author]->incarnation > 1) {
      continue;
    }
    const auto body = ask<Node::StoredBody>(
        *sites_[who]->store, wall(who), {now_}, sites_[who]->entropy,
        [&](Turn& turn) { return node(who).body(event.author, event.message, program(), turn); });
    const auto missed =
        body ? parse_deadline(body->body) : Result<DeadlineStatement>(tl::unexpected(body.error()));
    if (!missed) {
      continue;  // erased, or on a page with a flipped bit
    }
    if (event.created < missed->due) {
      fail("a deadline was missed before it was due, in the case " + to_hex(id.view()));
    }
    if (!said.emplace(event.author, missed->about, missed->clock, missed->owes).second) {
      fail("of one deadline it was said twice that it was missed: " + sites_[author]->name);
    }
  }
}

void World::check_clocks(const CaseView& here, const CaseView& there, std::size_t one,
                         std::size_t other) {
  // A member that came back gives some receipts anew, with another time.
  const bool came_back = sites_[one]->incarnation > 1 || sites_[other]->incarnation > 1;
  if (!here.pack_here || !there.pack_here || clocks_jumped_ || came_back) {
    return;
  }
  const auto between = [&](const CaseView& shown) {
    std::vector<CaseClock> clocks = shown.clocks;
    std::erase_if(clocks, [&](const CaseClock& clock) {
      const std::set<MemberId> sides{clock.waits, clock.owes};
      return sides != std::set<MemberId>{id(one), id(other)};
    });
    return clocks;
  };
  std::vector<CaseClock> left = between(here);
  std::vector<CaseClock> right = between(there);
  // A receipt that came too late is not known to the sender, who has given the message up.
  std::set<Digest> given_up;
  for (const std::vector<CaseClock>* side : {&left, &right}) {
    for (const CaseClock& clock : *side) {
      if (clock.clock == Clock::delivery) {
        given_up.insert(clock.about);
      }
    }
  }
  for (std::vector<CaseClock>* side : {&left, &right}) {
    std::erase_if(*side, [&](const CaseClock& clock) { return given_up.contains(clock.about); });
  }
  const auto told = [](const std::vector<CaseClock>& clocks) {
    std::string words;
    for (const CaseClock& clock : clocks) {
      words += std::string(" ") + name_of(clock.clock) + " from " + std::to_string(clock.start.ms) +
               " due " + std::to_string(clock.deadline.due.ms);
    }
    return words.empty() ? " none" : words;
  };
  if (left != right) {
    fail("two nodes with the same events compute other deadlines: " + sites_[one]->name +
         told(left) + "; " + sites_[other]->name + told(right));
  }
}

}  // namespace hamroh::sim
