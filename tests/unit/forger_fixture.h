// A lying member: node_fixture's NGO, whose program seals what it likes.
#pragma once

#include <utility>

#include "protocol/envelope.h"
#include "tests/unit/node_fixture.h"

namespace hamroh::node_fixture {

// A member whose program says what it likes, with its own keys behind it: what
// the node of the NGO would never say, to the ministry.
class Forger : public NodeFixture {
 protected:
  Forger() : author_(author_of(ngo_)) {
    restart(ministry_);
    EXPECT_TRUE(install(ministry_, whole()));
    sleep(tuning::start_wait_max);
    in_turn(ministry_, [&](Turn& turn) { ministry_.node->peer_up(ngo_.id, turn); });
    for (const SendFrame& frame : std::exchange(ministry_.out, {})) {
      const auto hello = parse_hello(frame.frame);
      if (hello && frame.peer == ngo_.id) {
        sheet_.emplace(verify_key_sheet(hello->key_sheet, founded().network(), ministry_.id, 1,
                                        directory_->find(ministry_.id)->author)
                           .value());
      }
    }
  }
  [[nodiscard]] Inner inner(std::uint64_t number, EventKind kind, Bytes body,
                            std::vector<MemberId> recipients) {
    Inner inner;
    inner.blind = ngo_.entropy.draw<Salt>();
    inner.network = founded().network();
    inner.message = id_of(number);
    inner.author = ngo_.id;
    std::ranges::sort(recipients);
    inner.recipients = std::move(recipients);
    inner.case_id = case_of(id_of(1));
    inner.directory_version = 1;
    inner.created = now();
    inner.expires = now() + days(1);
    inner.kind = static_cast<std::uint16_t>(kind);
    inner.body = std::move(body);
    return inner;
  }
  // In one envelope, under a ledger that holds them and nothing else.
  Status send(const std::vector<Inner>& inners) {
    EnvelopeContent content;
    CompactRange range;
    for (const Inner& one : inners) {
      MessageSection section;
      section.inner = encode_inner(one);
      section.entry.kind = EntryKind::sent;
      section.entry.time = now();
      section.entry.directory_version = 1;
      section.entry.subject = message_digest(section.inner);
      section.index = range.size;
      range.append(section.entry.leaf());
      content.leaves.emplace_back(std::move(section));
    }
    content.proof.sender = ngo_.id;
    content.proof.incarnation = 1;
    content.proof.note = sign_note({founded().network(), ngo_.id, 1}, range.size, range.root(), 0,
                                   NoteRole::author, author_);
    const Bytes frame = seal_envelope(encode_content(content), founded().network(), ministry_.id,
                                      sheet_->key_at(now()).key, ngo_.entropy)
                            .value();
    return carry(ngo_, ministry_, {ministry_.id, frame});
  }
  crypto::SigningKey author_;
  std::optional<VerifiedKeySheet> sheet_;
};

}  // namespace hamroh::node_fixture
