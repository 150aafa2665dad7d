#include "protocol/inbox.h"

#include "tests/unit/envelope_fixture.h"

namespace hamroh {
namespace {

using namespace envelope_fixture;
using directory_fixture::key;

Code code_of(const EnvelopeContent& content, const SenderKnowledge& known) {
  const auto verified = verify_content(encode_content(content), known);
  return verified ? Code::none : verified.error().error.code;
}

// Five entries; the third is a message to the recipient, the fifth an `opened` receipt.
class InboxTest : public testing::Test {
 protected:
  InboxTest() {
    sender_.append_other();
    sender_.append_other();
    message_ = sender_.append_message(1);
    sender_.append_other();
    receipt_ = sender_.append_receipt(EntryKind::opened);
  }
  [[nodiscard]] EnvelopeContent good() const { return sender_.content({message_, receipt_}); }
  [[nodiscard]] SenderKnowledge known() const { return knowledge(sender_); }
  [[nodiscard]] Code code_with(const std::function<void(EnvelopeContent&)>& change) const {
    EnvelopeContent content = good();
    change(content);
    return code_of(content, known());
  }
  // As if this sender had signed its tree in another way.
  [[nodiscard]] Note note_by(unsigned signer, NoteRole role, std::uint64_t first = 0,
                             const Origin& of = origin()) const {
    return sign_note(of, 5, sender_.range().root(), first, role, key(signer));
  }

  Sender sender_;
  MessageSection message_;
  ReceiptSection receipt_;
};

TEST_F(InboxTest, ProvenMessagesAndReceiptsComeOutAsTheyWere) {
  const auto verified = verify_content(encode_content(good()), known());
  ASSERT_TRUE(verified);
  ASSERT_EQ(verified->messages().size(), 1U);
  EXPECT_EQ(verified->messages()[0].inner, message_.inner);
  EXPECT_EQ(verified->messages()[0].digest, message_digest(message_.inner));
  EXPECT_EQ(verified->messages()[0].index, 2U);
  ASSERT_EQ(verified->receipts().size(), 1U);
  EXPECT_EQ(verified->receipts()[0].entry, receipt_.entry);
  EXPECT_EQ(verified->receipts()[0].message, receipt_.message);
  EXPECT_TRUE(verified->extends());
  EXPECT_EQ(verified->range(), sender_.range());
}

TEST_F(InboxTest, EnvelopeOfAnotherMemberOrIncarnationIsRefused) {
  EXPECT_EQ(code_with([](auto& c) { c.proof.sender.bytes[0] ^= 1; }), Code::unknown_member);
  EXPECT_EQ(code_with([](auto& c) { c.proof.incarnation = 2; }), Code::unknown_member);
  SenderKnowledge somebody_else = known();
  somebody_else.origin.member.bytes[5] = 1;
  EXPECT_EQ(code_of(good(), somebody_else), Code::unknown_member);
}

TEST_F(InboxTest, NoteOfAnotherNetworkIsRefused) {
  SenderKnowledge elsewhere = known();
  elsewhere.origin.network.bytes[0] ^= 1;
  EXPECT_EQ(code_of(good(), elsewhere), Code::bad_signature);
}

TEST_F(InboxTest, NoteCountsOnlyUnderTheKeyThatItsRoleNames) {
  EXPECT_EQ(code_with([&](auto& c) { c.proof.note = note_by(9, NoteRole::author); }),
            Code::bad_signature);
  EXPECT_EQ(code_with([&](auto& c) { c.proof.note = note_by(receipt_key, NoteRole::author); }),
            Code::bad_signature);
  EXPECT_EQ(code_with([&](auto& c) { c.proof.note = note_by(author_key, NoteRole::receipt); }),
            Code::bad_signature);
  EXPECT_EQ(code_with([](auto& c) { c.proof.note.signature.bytes[0] ^= 1; }), Code::bad_signature);
}

TEST_F(InboxTest, NoteOfAnotherIncarnationIsRefused) {
  Origin earlier = origin();
  earlier.incarnation = 7;
  EXPECT_EQ(
      code_with([&](auto& c) { c.proof.note = note_by(author_key, NoteRole::author, 0, earlier); }),
      Code::bad_signature);
}

TEST_F(InboxTest, MessageUnderAReceiptKeyIsRefused) {
  EnvelopeContent content = sender_.content({message_});
  content.proof.note = note_by(receipt_key, NoteRole::receipt);
  EXPECT_EQ(code_of(content, known()), Code::bad_signature);
}

TEST_F(InboxTest, OpenedReceiptUnderAReceiptKeyIsRefused) {
  EnvelopeContent content = sender_.content({receipt_});
  content.proof.note = note_by(receipt_key, NoteRole::receipt);
  EXPECT_EQ(code_of(content, known()), Code::bad_proof);
}

TEST_F(InboxTest, LockedNodeMaySayHeldAndRefusedOnly) {
  for (const EntryKind kind :
       {EntryKind::opened, EntryKind::refused, EntryKind::expired, EntryKind::unsupported,
        EntryKind::held, EntryKind::sent, EntryKind::session, EntryKind::dummy}) {
    Sender sender;
    const ReceiptSection receipt = sender.append_receipt(kind);
    EnvelopeContent content = sender.content({receipt});
    const bool settles =
        kind == EntryKind::opened || kind == EntryKind::expired || kind == EntryKind::unsupported;
    const bool always = kind == EntryKind::held || kind == EntryKind::refused;
    EXPECT_EQ(code_of(content, knowledge(sender)) == Code::none, settles || always)
        << entry_kind_name(kind);
    content.proof.note = sender.note(0, NoteRole::receipt);
    EXPECT_EQ(code_of(content, knowledge(sender)) == Code::none, always) << entry_kind_name(kind);
  }
}

TEST_F(InboxTest, MessageIsTheOneThatItsEntryNames) {
  EXPECT_EQ(code_with([](auto& c) { std::get<MessageSection>(c.leaves[0]).inner.back() ^= 1; }),
            Code::bad_proof);
  EXPECT_EQ(
      code_with([](auto& c) { std::get<MessageSection>(c.leaves[0]).entry.subject.bytes[0] ^= 1; }),
      Code::bad_proof);
}

TEST_F(InboxTest, EntryOfAnotherKindAuthorsNothing) {
  Sender sender;
  MessageSection message;
  message.inner = inner_bytes(1);
  message.entry = entry(EntryKind::opened, message_digest(message.inner));
  message.index = sender.append(message.entry);
  EXPECT_EQ(code_of(sender.content({message}), knowledge(sender)), Code::bad_proof);
}

TEST_F(InboxTest, ForgedProofIsRefused) {
  EXPECT_EQ(code_with([](auto& c) { c.proof.hashes[0].bytes[0] ^= 1; }), Code::bad_proof);
  EXPECT_EQ(code_with([](auto& c) { c.proof.hashes.pop_back(); }), Code::bad_proof);
  EXPECT_EQ(code_with([](auto& c) { c.proof.hashes.emplace_back(); }), Code::bad_proof);
  EXPECT_EQ(code_with([](auto& c) { std::get<MessageSection>(c.leaves[0]).index = 1; }),
            Code::bad_proof);
  EXPECT_EQ(code_with([](auto& c) { std::get<ReceiptSection>(c.leaves[1]).entry.time.ms += 1; }),
            Code::bad_proof);
  EXPECT_EQ(code_with([](auto& c) { c.leaves.pop_back(); }), Code::bad_proof);
}

TEST_F(InboxTest, EntryThatIsInNoTreeIsRefused) {
  EnvelopeContent content = good();
  MessageSection invented;
  invented.inner = inner_bytes(2);
  invented.entry = entry(EntryKind::sent, message_digest(invented.inner));
  invented.index = 2;
  content.leaves[0] = invented;
  EXPECT_EQ(code_of(content, known()), Code::bad_proof);
}

TEST_F(InboxTest, NoteVouchesOnlyForItsOwnSession) {
  EnvelopeContent content = good();
  content.proof.note = note_by(author_key, NoteRole::author, 2);
  EXPECT_EQ(code_of(content, known()), Code::none);
  content.proof.note = note_by(author_key, NoteRole::author, 3);
  EXPECT_EQ(code_of(content, known()), Code::bad_proof);
  content = good();
  std::get<ReceiptSection>(content.leaves[1]).index = 5;  // beyond the end
  EXPECT_EQ(code_of(content, known()), Code::bad_proof);
}

TEST_F(InboxTest, ExtensionOfTheKnownNoteIsShown) {
  const auto verified = verify_content(encode_content(sender_.content({message_, receipt_}, 2)),
                                       knowledge(sender_, 2));
  ASSERT_TRUE(verified);
  EXPECT_TRUE(verified->extends());
  EXPECT_EQ(verified->base().size, 2U);
  EXPECT_EQ(verified->range(), sender_.range());
}

TEST_F(InboxTest, EnvelopeFromBaseNothingIsReadButExtendsNothing) {
  const auto verified = verify_content(encode_content(good()), knowledge(sender_, 2));
  ASSERT_TRUE(verified);
  EXPECT_FALSE(verified->extends());
  EXPECT_EQ(verified->messages().size(), 1U);
}

TEST_F(InboxTest, AnotherBaseIsAWrongBaseAndNoFork) {
  for (const std::uint64_t seen : {0U, 1U, 3U}) {
    const auto verified =
        verify_content(encode_content(sender_.content({message_}, 2)), knowledge(sender_, seen));
    ASSERT_FALSE(verified) << seen;
    EXPECT_EQ(verified.error().error.code, Code::bad_proof);
    EXPECT_TRUE(verified.error().wrong_base);
    EXPECT_FALSE(verified.error().fork);
  }
}

TEST_F(InboxTest, RewrittenTreeIsRefusedByWhoeverKnowsTheOldOne) {
  Sender other;
  other.append(entry(EntryKind::dummy, crypto::sha256({view("rewritten")})));
  other.append_other();
  const auto message = other.append_message(1);
  // It claims the base that the recipient has, but its tree does not contain it.
  EXPECT_EQ(code_of(other.content({message}, 2), knowledge(sender_, 2)), Code::bad_proof);
  EXPECT_EQ(code_of(other.content({message}, 2), knowledge(other, 2)), Code::none);
}

TEST_F(InboxTest, TwoNotesOfOneSizeAreAForkWhateverTheProofSays) {
  Sender other;
  for (int i = 0; i < 4; ++i) {
    other.append_other();
  }
  const auto message = other.append_message(1);
  for (const std::uint64_t base : {0U, 5U}) {
    EnvelopeContent content =
        other.content(base == 0 ? std::vector<Leaf>{message} : std::vector<Leaf>{}, base);
    const auto verified = verify_content(encode_content(content), knowledge(sender_, 5));
    ASSERT_FALSE(verified);
    EXPECT_EQ(verified.error().error.code, Code::fork);
    EXPECT_TRUE(verified.error().fork);
  }
}

TEST_F(InboxTest, ForkNeedsASignature) {
  EnvelopeContent content = good();
  content.proof.note.root.bytes[0] ^= 1;  // anybody can write that
  const auto verified = verify_content(encode_content(content), knowledge(sender_, 5));
  ASSERT_FALSE(verified);
  EXPECT_EQ(verified.error().error.code, Code::bad_signature);
  EXPECT_FALSE(verified.error().fork);
}

TEST_F(InboxTest, ReplayOfAnOlderNoteMovesNothingBack) {
  Sender earlier;
  earlier.append_other();
  earlier.append_other();
  const auto message = earlier.append_message(1);
  const EnvelopeContent old = earlier.content({message}, 2);
  // The recipient has come to five entries since.
  const auto replayed = verify_content(encode_content(old), knowledge(sender_, 5));
  ASSERT_FALSE(replayed);
  EXPECT_TRUE(replayed.error().wrong_base);
  // Without a base it proves the message again, but extends nothing: the guard finds the double.
  const auto whole =
      verify_content(encode_content(earlier.content({message})), knowledge(sender_, 5));
  ASSERT_TRUE(whole);
  EXPECT_FALSE(whole->extends());
}

TEST_F(InboxTest, NoteSmallerThanItsBaseIsAWrongBase) {
  EnvelopeContent content = sender_.content({});
  content.proof.base_size = 6;
  Sender longer = sender_;
  longer.append_other();
  const auto verified = verify_content(encode_content(content), knowledge(longer, 6));
  ASSERT_FALSE(verified);
  EXPECT_TRUE(verified.error().wrong_base);
}

TEST_F(InboxTest, NoChangedByteYieldsAnotherFact) {
  const Bytes plain = encode_content(good());
  for (std::size_t at = 0; at < plain.size(); ++at) {
    Bytes changed = plain;
    changed[at] ^= 0x04;
    const auto verified = verify_content(changed, known());
    if (!verified) {
      continue;
    }
    for (const VerifiedMessage& message : verified->messages()) {
      ASSERT_EQ(message.inner, message_.inner) << at;
    }
    for (const VerifiedReceipt& receipt : verified->receipts()) {
      ASSERT_EQ(receipt.entry, receipt_.entry) << at;
    }
    ASSERT_EQ(verified->range(), sender_.range()) << at;
  }
}

TEST_F(InboxTest, EveryTruncationIsRefused) {
  const Bytes plain = encode_content(good());
  // The padding may be cut, for its end is not marked; what stands before it may not.
  Bytes sections = plain;
  while (!sections.empty() && sections.back() == 0) {
    sections.pop_back();
  }
  for (std::size_t length = 0; length < sections.size(); ++length) {
    ASSERT_FALSE(verify_content(ByteView(plain).first(length), known())) << length;
  }
}

}  // namespace
}  // namespace hamroh
