// The jurisdiction pack in the node: what is believed, kept and passed on.

#include "tests/unit/node_fixture.h"
#include "tests/unit/pack_fixture.h"

namespace hamroh {
namespace {

using namespace node_fixture;
using pack_fixture::example_pack;

// Another pack in the same words: comments are part of what is signed.
Bytes variant(int number) {
  Bytes file = example_pack();
  append(file, view("\n# " + std::to_string(number) + "\n"));
  return file;
}

class NodePackTest : public NodeFixture {
 protected:
  void put_in_force(const Bytes& file) {
    const Bytes directory = publish([&](Directory& next) { next.pack = crypto::sha256({file}); });
    ASSERT_TRUE(install(ngo_, directory));
    talk();
  }
  Code install_pack(Site& site, const Bytes& file) {
    Status installed;
    in_turn(site, [&](Turn& turn) { installed = site.node->install_pack(file, turn); });
    return installed ? Code::none : installed.error().code;
  }
  static bool has(const Site& site, const Bytes& file) {
    return site.node->pack(crypto::sha256({file})) != nullptr;
  }
};

TEST_F(NodePackTest, OnlyThePackThatADirectoryNamesIsTaken) {
  EXPECT_EQ(ngo_.node->pack_in_force(), nullptr);
  EXPECT_EQ(install_pack(ngo_, example_pack()), Code::pack_not_named);
  put_in_force(example_pack());
  EXPECT_EQ(install_pack(ngo_, variant(1)), Code::pack_not_named);
  EXPECT_EQ(ngo_.node->pack_in_force(), nullptr);
  EXPECT_EQ(install_pack(ngo_, example_pack()), Code::none);
  ASSERT_NE(ngo_.node->pack_in_force(), nullptr);
  EXPECT_EQ(ngo_.node->view().pack_id, ngo_.node->pack_in_force()->id);
  EXPECT_EQ(install_pack(ngo_, example_pack()), Code::none);
}

TEST_F(NodePackTest, APackWithMistakesIsRefusedEvenIfItIsNamed) {
  const Bytes bad{'x', '=', '1', '\n'};
  put_in_force(bad);
  EXPECT_EQ(install_pack(ngo_, bad), Code::malformed);
  EXPECT_EQ(ngo_.node->pack_in_force(), nullptr);
}

TEST_F(NodePackTest, WhoHasItPassesItOnToWhoLacksIt) {
  put_in_force(example_pack());
  EXPECT_FALSE(has(commission_, example_pack()));
  ASSERT_EQ(install_pack(ngo_, example_pack()), Code::none);
  talk();
  EXPECT_TRUE(has(commission_, example_pack()));
}

TEST_F(NodePackTest, ALostEnvelopeIsAskedForAgain) {
  put_in_force(example_pack());
  ASSERT_EQ(install_pack(ngo_, example_pack()), Code::none);
  std::size_t lost = 0;
  for (int second = 0; second < 3; ++second) {
    for (const SendFrame& frame : std::exchange(ngo_.out, {})) {
      lost += frame.frame.size() > example_pack().size() ? 1 : 0;
    }
    sleep(seconds(1));
  }
  ASSERT_EQ(lost, 1U);
  talk();
  EXPECT_FALSE(has(commission_, example_pack()));
  // The first one after the loss has a base that is not known there, which is complained of.
  for (int round = 0; round < 2; ++round) {
    sleep(tuning::pack_interval);
    talk();
  }
  EXPECT_TRUE(has(commission_, example_pack()));
}

TEST_F(NodePackTest, APeerIsSentItOnceInAWhileHoweverOftenItAsks) {
  put_in_force(example_pack());
  ASSERT_EQ(install_pack(ngo_, example_pack()), Code::none);
  ngo_.out.clear();
  std::size_t sent = 0;
  for (int ask = 0; ask < 50; ++ask) {
    Hello hello = hello_of(commission_);
    hello.lacks_pack = crypto::sha256({example_pack()});
    ASSERT_TRUE(say(commission_, ngo_, hello));
    tick(ngo_);
    for (const SendFrame& frame : std::exchange(ngo_.out, {})) {
      sent += frame.frame.size() > example_pack().size() ? 1 : 0;
    }
  }
  EXPECT_LE(sent, 1U);
}

TEST_F(NodePackTest, ALockedNodeGetsItOnceItIsUnlocked) {
  lock(commission_);
  talk();
  put_in_force(example_pack());
  ASSERT_EQ(install_pack(ngo_, example_pack()), Code::none);
  talk();
  EXPECT_EQ(commission_.node->view().peers.front().held, 0U);
  unlock(commission_);
  talk();
  talk();
  EXPECT_TRUE(has(commission_, example_pack()));
}

TEST_F(NodePackTest, ARestartKeepsIt) {
  put_in_force(example_pack());
  ASSERT_EQ(install_pack(ngo_, example_pack()), Code::none);
  restart(ngo_);
  EXPECT_TRUE(has(ngo_, example_pack()));
  EXPECT_NE(ngo_.node->pack_in_force(), nullptr);
}

TEST_F(NodePackTest, TheOldestGoWhenTooManyHaveBeenNamedAndTheOneInForceStays) {
  for (int number = 0; number < 40; ++number) {
    put_in_force(variant(number));
    ASSERT_EQ(install_pack(ngo_, variant(number)), Code::none);
  }
  EXPECT_TRUE(has(ngo_, variant(39)));
  EXPECT_TRUE(has(ngo_, variant(24)));
  EXPECT_FALSE(has(ngo_, variant(23)));
  std::size_t rows = 0;
  in_turn(ngo_, [&](Turn& turn) {
    ASSERT_TRUE(turn.store.scan(Table::pack, Digest{}.view(), {}, Transaction::Order::ascending,
                                [&](ByteView, ByteView) { return ++rows != 0; }));
  });
  EXPECT_EQ(rows, 16U);
}

}  // namespace
}  // namespace hamroh
