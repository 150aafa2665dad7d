// Two real nodes under load, and somebody who kills -9 one of their four processes again and again.
// Nothing that was accepted may be lost, doubled or left without a receipt that verifies.

#include <gtest/gtest.h>
#include <sys/wait.h>

#include <chrono>
#include <cstdlib>
#include <set>

#include "protocol/ledger.h"
#include "protocol/note.h"
#include "sdk/include/hamroh/client.h"
#include "tests/bench/network.h"
#include "tests/bench/sample_form.h"
#include "tests/sim/random.h"

namespace hamroh {
namespace {

constexpr std::size_t messages = 4'000;
constexpr std::size_t window = 48;
constexpr std::size_t between_kills = 40;
constexpr std::size_t sender = 0;
constexpr std::size_t recipient = 1;

class KillLoop : public testing::Test {
 protected:
  void SetUp() override {
    ASSERT_TRUE(crypto::start());
    auto founded = bench::Network::found(testing::TempDir(), bench::own_directory(),
                                         {{"sender", "ngo"}, {"recipient", "commission"}});
    ASSERT_TRUE(founded) << founded.error();
    network_.emplace(std::move(*founded));
    for (const std::size_t member : {sender, recipient}) {
      const auto started = network_->start(member);
      ASSERT_TRUE(started) << started.error();
    }
  }

  // One of the four; a daemon is started again as a supervisor would, a link by its daemon.
  void kill_one() {
    const std::size_t member = random_.below(2);
    if (random_.once_in(2)) {
      network_->kill_link(member);
      return;
    }
    network_->kill(member);
    const auto started = network_->start(member);
    ASSERT_TRUE(started) << started.error();
  }

  // The ids in the order of their submission.
  void submit_all(Client& client, const MemberId& to) {
    while (accepted_ < messages && refused_.empty()) {
      while (ids_.size() < messages && client.outstanding() < window) {
        api::Submit submission;
        submission.message = new_message_id();
        submission.kind = EventKind::referral_send;
        submission.to = {to};
        submission.body = bench::sample_body(1'500, ids_.size());
        ids_.push_back(submission.message);
        ASSERT_TRUE(client.submit_async(submission, [this, &client](Result<api::Accepted> answer) {
          ++accepted_;
          if (!answer) {
            refused_ = client.words_for(answer.error());
          }
        }));
        if (ids_.size() % between_kills == 0) {
          ASSERT_NO_FATAL_FAILURE(kill_one());
        }
      }
      client.poll(seconds(1));
    }
    ASSERT_EQ(refused_, "");
  }

  int verify_ledger(std::size_t member) {
    const std::string command = bench::own_directory() + "/hamroh ledger verify --home " +
                                network_->home(member) + " --key " + network_->key_file(member) +
                                " >/dev/null";
    return std::system(command.c_str());
  }

  sim::Random random_{20261124};
  std::optional<bench::Network> network_;
  std::vector<MessageId> ids_;
  // Here and not in `submit_all`, because what is unanswered when that fails is answered later.
  std::size_t accepted_ = 0;
  std::string refused_;
};

// The exported proof holds for somebody who knows nothing but the recipient's public key.
bool receipt_holds(const std::string& text, const SigningPublicKey& key) {
  const auto proof = parse_tlog_proof(text);
  const auto note = proof ? parse_signed_note(proof->signed_note, key, NoteRole::author)
                          : Result<SignedNote>(tl::unexpected(Error{}));
  const auto entry = proof ? Entry::parse(proof->entry) : Result<Entry>(tl::unexpected(Error{}));
  return note && entry && entry->kind == EntryKind::opened &&
         verify_inclusion(proof->index, note->note.size, leaf_hash(proof->entry), proof->path,
                          note->note.root);
}

TEST_F(KillLoop, NothingIsLostDoubledOrWithoutAReceipt) {
  auto client = network_->connect(sender);
  ASSERT_TRUE(client);
  client->set_deadline(minutes(2));
  const auto members = client->members();
  ASSERT_TRUE(members);
  const auto other = std::ranges::find_if(
      members->members, [](const Member& member) { return member.name == "recipient"; });
  ASSERT_NE(other, members->members.end());
  const auto key = *SigningPublicKey::from(other->author.view());

  ASSERT_NO_FATAL_FAILURE(submit_all(*client, other->id));
  for (const MessageId& id : ids_) {
    const auto shown = client->wait(id, Level::opened, minutes(2));
    ASSERT_TRUE(shown) << client->words_for(shown.error());
    ASSERT_EQ(shown->level(), Level::opened);
    const auto receipt = client->receipt(id);
    ASSERT_TRUE(receipt && receipt_holds(*receipt, key));
  }

  auto there = network_->connect(recipient);
  ASSERT_TRUE(there);
  std::set<MessageId> received;
  api::ListCases page{std::nullopt, api::limits::page_items_max, false};
  do {
    const auto cases = there->cases(page);
    ASSERT_TRUE(cases);
    for (const CaseView& one : cases->cases) {
      const auto view = there->case_view(one.id);
      ASSERT_TRUE(view);
      ASSERT_EQ(view->shown.events.size(), 1U);
      EXPECT_TRUE(received.insert(view->shown.events[0].message).second);
    }
    page.before = cases->next;
  } while (page.before);
  EXPECT_EQ(received, std::set<MessageId>(ids_.begin(), ids_.end()));
  EXPECT_EQ(verify_ledger(sender), 0);
  EXPECT_EQ(verify_ledger(recipient), 0);
}

}  // namespace
}  // namespace hamroh
