// What can be seen of a world, and what must always be true of it.

#include <algorithm>

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
                          [&](Turn& turn) { return site.node->message(message, turn); });
}

Result<CaseView> World::case_view(std::size_t who, const CaseId& id) {
  Site& site = *sites_[who];
  if (!site.node) {
    return environment_error(Code::unavailable, "the node is down");
  }
  return ask<CaseView>(*site.store, wall(who), {now_}, site.entropy,
                       [&](Turn& turn) { return site.node->case_view(id, turn); });
}

Result<std::string> World::receipt(std::size_t who, const MessageId& message) {
  Site& site = *sites_[who];
  if (!site.node) {
    return environment_error(Code::unavailable, "the node is down");
  }
  return ask<std::string>(*site.store, wall(who), {now_}, site.entropy, [&](Turn& turn) {
    return site.node->receipt(message, std::nullopt, turn);
  });
}

void World::check_bytes(ByteView bytes, const char* where) {
  if (text(bytes).find(canary_prefix) != std::string_view::npos) {
    fail(std::string("plaintext stands in ") + where);
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
  check_ledger(who);
  check_directory(who);
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
    for (const auto& [key, value] : site.disk.rows()) {
      check_bytes(value, "a record on disk");
    }
  }
}

// Levels only rise (but for a receipt that comes after the expiry), and what an author is told is
// true: if it shows `opened`, the recipient has opened that very message.
void World::check_levels(std::size_t author) {
  for (auto& [id, sent] : model_) {
    if (sent.author != author || !trustworthy(author)) {
      continue;
    }
    const auto shown = message(author, id);
    if (!shown) {
      if (shown.error().blame != Blame::environment) {
        fail("an accepted message has vanished from its author's node");
      }
      continue;
    }
    for (const Delivery& delivery : shown->deliveries) {
      const std::size_t recipient = site_of(delivery.recipient);
      Level& before = sent.shown.try_emplace(recipient, Level::accepted).first->second;
      const bool late = before == Level::expired && delivery.level == Level::opened;
      if (delivery.level < before && !late) {
        fail("a level went back");
      }
      if (is_settled(before) && delivery.level != before && !late) {
        fail("a settled level changed");
      }
      before = delivery.level;
      const Site& there = *sites_[recipient];
      if (delivery.level == Level::opened && trustworthy(recipient) &&
          !there.opened.contains({sites_[author]->id, id})) {
        fail("a receipt says opened, but its node's ledger does not");
      }
      if (delivery.level == Level::opened && there.node && !there.locked &&
          trustworthy(recipient)) {
        const auto kept = message(recipient, id);
        if (!kept && kept.error().blame == Blame::caller) {
          fail("a receipt promises what its node does not hold");
        } else if (kept && kept->deliveries.front().level != Level::opened) {
          fail("a receipt says opened, its node says otherwise");
        }
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
    const auto sent = model_.find(record.reference.message);
    if (record.entry.kind == EntryKind::expired && sent != model_.end() && !clocks_jumped_ &&
        sent->second.expires.ms != UINT64_MAX && record.entry.time < sent->second.expires) {
      fail(site.name + " gave a message up before its time was over");
    }
    if (record.entry.kind != EntryKind::opened || !record.entry.detail.is_zero()) {
      continue;
    }
    const auto key = std::pair{record.reference.author, record.reference.message};
    if (!site.opened.emplace(key, record.entry.time).second && trustworthy(who)) {
      fail(site.name + " opened a message twice");
    }
    if (sent != model_.end() && !clocks_jumped_ && !site.node->view().clock_suspect &&
        record.entry.time >= sent->second.expires) {
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
  if (static_cast<std::size_t>(keys) <= epoch_keys_max || may_wait) {
    site.too_many_keys_since.reset();
  } else if (!site.too_many_keys_since) {
    site.too_many_keys_since = now_;
  } else if (now_ - *site.too_many_keys_since > minutes(15).ms) {
    fail(site.name + " keeps private keys of epochs that are long over");
  }
}

// Only what two administrators signed, and never an older one.
void World::check_directory(std::size_t who) {
  Site& site = *sites_[who];
  const VerifiedDirectory* directory = site.node->directory();
  if (directory == nullptr) {
    return;
  }
  if (!published_.contains(directory->hash())) {
    fail(site.name + " follows a directory that too few have signed");
  }
  if (directory->value().version < site.directory_version && trustworthy(who)) {
    fail(site.name + " went back to an older directory");
  }
  site.directory_version = directory->value().version;
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
  if (!trustworthy(sent.author)) {
    return std::nullopt;
  }
  const auto shown = message(sent.author, id);
  if (!shown) {
    return shown.error().text;
  }
  for (const Delivery& delivery : shown->deliveries) {
    const std::size_t recipient = site_of(delivery.recipient);
    if (!is_settled(delivery.level) && trustworthy(recipient)) {
      return sites_[recipient]->name + " has it " + level_name(delivery.level);
    }
  }
  return std::nullopt;
}

bool World::all_settled() {
  return std::ranges::none_of(
      model_, [&](const auto& item) { return unsettled(item.first, item.second).has_value(); });
}

void World::report_unsettled() {
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
      what += std::string(phase_name(node.phase)) + (node.locked ? ", locked" : "") +
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
  for (const auto& [id, sent] : model_) {
    const auto shown = message(sent.author, id);
    if (!trustworthy(sent.author) || !shown) {
      continue;
    }
    for (const Delivery& delivery : shown->deliveries) {
      const std::size_t recipient = site_of(delivery.recipient);
      if (!trustworthy(recipient) || delivery.level == Level::expired) {
        continue;
      }
      const auto kept = message(recipient, id);
      if (!kept || kept->deliveries.front().level != delivery.level) {
        fail("author and recipient disagree about an outcome");
      }
    }
    const auto proof = receipt(sent.author, id);
    if (!proof || sent.recipients.empty()) {
      continue;
    }
    const auto parsed = parse_tlog_proof(*proof);
    bool good = false;
    for (const std::size_t recipient : sent.recipients) {
      const Member* member = node(sent.author).directory()->find(sites_[recipient]->id);
      const auto signed_note =
          parsed
              ? parse_signed_note(parsed->signed_note,
                                  *SigningPublicKey::from(member->author.view()), NoteRole::author)
              : Result<SignedNote>(tl::unexpected(Error{}));
      good = good || (signed_note && verify_inclusion(parsed->index, signed_note->note.size,
                                                      leaf_hash(parsed->entry), parsed->path,
                                                      signed_note->note.root));
    }
    if (!good) {
      fail("an exported receipt does not verify");
    }
  }
  for (const auto& [id, sent] : model_) {
    const auto here = case_view(sent.author, sent.case_id);
    for (const std::size_t recipient : sent.recipients) {
      const auto there = case_view(recipient, sent.case_id);
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
      // As long as a recipient has not opened it, a referral is `sent` to its author.
      const auto opened = [](const MessageView& event) { return event.level() == Level::opened; };
      const bool all_opened =
          std::ranges::all_of(here->events, opened) && std::ranges::all_of(there->events, opened);
      if (a == b && (left != right || (all_opened && here->state != there->state))) {
        fail("two nodes with the same events show another case: " + sites_[sent.author]->name +
             " has it " + referral_state_name(here->state) +
             (here->incomplete ? " with gaps" : "") + ", " + sites_[recipient]->name + " " +
             referral_state_name(there->state) + (there->incomplete ? " with gaps" : "") +
             (left == right ? "" : ", in another order"));
      }
    }
  }
}

}  // namespace hamroh::sim
