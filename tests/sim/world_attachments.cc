// Files that go with cases, and a model that knows of each only what was brought: no node keeps a
// chunk that nobody sealed, and what is whole somewhere is all of it.

#include <algorithm>

#include "tests/sim/world_site.h"

namespace hamroh::sim {
namespace {

// What of an attachment is kept, in the order of its chunks.
Status visit_leaves(Turn& turn, const std::function<void(ByteView key, const Digest& leaf)>& use) {
  return turn.store.scan(Table::chunk_leaf, {}, {}, Transaction::Order::ascending,
                         [&](ByteView key, ByteView value) {
                           if (const auto leaf = Digest::from(value)) {
                             use(key, *leaf);
                           }
                           return true;
                         });
}

}  // namespace

bool World::attach(std::size_t who, const CaseId& id) {
  // Most are small, so that a run is not all hashing; some have chunks enough for a window.
  const std::size_t size = random_.once_in(3)
                               ? limits::attachment_chunk_bytes * random_.below(6) + 1
                               : 1 + random_.below(400);
  const std::string word = std::string(canary_prefix) + "FILE";
  Bytes file(size, 'f');
  std::ranges::copy_n(view(word).begin(), static_cast<std::ptrdiff_t>(std::min(size, word.size())),
                      file.begin());
  const MessageId message = draw_message_id();
  const bool in_two = random_.once_in(3);
  AttachmentAsk ask{message, id, {}, size, crypto::sha256({file}), MediaType::other, "file"};
  if (random_.once_in(2)) {
    const std::size_t to = random_.below(sites_.size());
    ask.to = to == who ? std::vector<MemberId>{} : std::vector{sites_[to]->id};
  }
  Result<Accepted> accepted = caller_error(Code::not_ready, "not tried");
  const auto goes_on = [](const auto& result) {
    return result || result.error().blame != Blame::environment;
  };
  const auto bring = [&](bool last) {
    return turn(who, [&](Node& node, Turn& turn) -> Status {
      const auto begun = node.begin_attachment(ask, program(), turn);
      if (!begun) {
        return goes_on(begun) ? Status() : Status(tl::unexpected(begun.error()));
      }
      std::set<Digest> before;
      HAMROH_TRY(visit_leaves(turn, [&](ByteView, const Digest& leaf) { before.insert(leaf); }));
      const std::size_t first = last || begun->missing.empty() ? 0 : begun->missing.size() / 2;
      const ByteView part = ByteView(file).subspan(first * limits::attachment_chunk_bytes);
      const Status added = node.add_chunks(id, message, first, part, program(), turn);
      if (added && last) {
        accepted = node.finish_attachment(id, message, program(), turn);
      }
      // Whatever comes of the turn: nothing else may be kept of it anywhere.
      HAMROH_TRY(visit_leaves(turn, [&](ByteView, const Digest& leaf) {
        if (!before.contains(leaf)) {
          leaves_.insert(leaf);
        }
      }));
      const Status done =
          added && !accepted && last ? Status(tl::unexpected(accepted.error())) : added;
      return goes_on(done) ? Status() : done;
    });
  };
  if (in_two && !bring(false)) {
    return true;
  }
  if (!bring(true) || !accepted) {
    return accepted || accepted.error().code != Code::not_ready;
  }
  files_.emplace(message, File{who, id, size});
  note("attach", who, size, message.view());
  return true;
}

// Every chunk on its disk was sealed by the author's node for some attachment, is what its leaf
// says, and an attachment that counts as whole has all of them.
void World::check_attachments(std::size_t who) {
  Site& site = *sites_[who];
  if (files_.empty() || !site.node || site.locked) {
    return;
  }
  const auto read =
      ask<bool>(*site.store, wall(who), {now_}, site.entropy, [&](Turn& turn) -> Result<bool> {
        std::vector<std::pair<Bytes, Digest>> fresh;
        HAMROH_TRY(visit_leaves(turn, [&](ByteView key, const Digest& leaf) {
          if (site.chunks_checked.insert(leaf).second) {
            fresh.emplace_back(Bytes(key.begin(), key.end()), leaf);
          }
        }));
        for (const auto& [key, leaf] : fresh) {
          HAMROH_ASSIGN(const auto chunk, turn.store.get(Table::chunk, key));
          if (!chunk || chunk_leaf(*chunk) != leaf || !leaves_.contains(leaf)) {
            fail(site.name + " keeps a chunk of a file that nobody brought");
          }
        }
        return true;
      });
  if (!read || !trustworthy(who)) {
    return;
  }
  for (const auto& [message, file] : files_) {
    const auto shown = attachment_at(who, message);
    if (shown && shown->state == AttachmentState::whole && shown->bytes != file.bytes) {
      fail(site.name + " has a file of another size than its author");
    }
  }
}

std::optional<AttachmentView> World::attachment_at(std::size_t who, const MessageId& message) {
  Site& site = *sites_[who];
  const CaseId& id = files_.at(message).case_id;
  const auto all = ask<std::vector<AttachmentView>>(
      *site.store, wall(who), {now_}, site.entropy,
      [&](Turn& turn) { return site.node->attachments(id, program(), turn); });
  if (!all) {
    return std::nullopt;
  }
  const auto found = std::ranges::find(*all, message, &AttachmentView::message);
  return found == all->end() ? std::nullopt : std::optional(*found);
}

// Of what its author has and knows to be opened there: what has not come whole.
std::optional<std::string> World::file_under_way() {
  for (const auto& [message, file] : files_) {
    const auto shown = this->message(file.author, message);
    const auto own = attachment_at(file.author, message);
    if (!trustworthy(file.author) || !shown || !own || own->state != AttachmentState::whole) {
      continue;
    }
    for (const Delivery& delivery : shown->deliveries) {
      const std::size_t recipient = site_of(delivery.recipient);
      if (delivery.level != Level::opened || !trustworthy(recipient) ||
          !has_session(recipient, file.author) || !has_session(file.author, recipient)) {
        continue;
      }
      const auto there = attachment_at(recipient, message);
      if (there && there->state == AttachmentState::coming) {
        return sites_[recipient]->name + ": it has " + std::to_string(there->here) + " of " +
               std::to_string(there->chunks) + " chunks";
      }
    }
  }
  return std::nullopt;
}

// After everything has healed: whoever was told of a file has it, if its author has.
void World::check_files_arrived() {
  if (const auto lacking = file_under_way()) {
    fail("a file never came whole to " + *lacking);
  }
}

}  // namespace hamroh::sim
