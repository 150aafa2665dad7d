// A real node whose database has one damaged page: what it takes with it, what stays readable, and
// what the node says of it.

#include <gtest/gtest.h>
#include <sqlite3.h>

#include <fstream>
#include <iterator>
#include <map>
#include <thread>

#include "daemon/sqlite_pages.h"
#include "sdk/include/hamroh/client.h"
#include "tests/bench/network.h"
#include "tests/bench/sample_form.h"

namespace hamroh {
namespace {

constexpr std::size_t sender = 0;
constexpr std::size_t recipient = 1;
constexpr std::size_t messages = 24;
constexpr std::size_t body_bytes = 4'000;

class DamagedStore : public testing::Test {
 protected:
  void SetUp() override {
    ASSERT_TRUE(crypto::start());
    auto founded = bench::Network::found(testing::TempDir(), bench::own_directory(),
                                         {{"sender", "ngo"}, {"recipient", "commission"}});
    ASSERT_TRUE(founded) << founded.error();
    network_.emplace(std::move(*founded));
    database_ = network_->home(sender) + "/node.db";
    for (const std::size_t member : {sender, recipient}) {
      const auto started = network_->start(member);
      ASSERT_TRUE(started) << started.error();
    }
    ASSERT_NO_FATAL_FAILURE(connect());
    const auto members = client_->members();
    ASSERT_TRUE(members);
    self_ = members->self;
    for (const Member& member : members->members) {
      recipient_ = member.name == "recipient" ? member.id : recipient_;
    }
    for (std::size_t i = 0; i < messages; ++i) {
      ids_.push_back(new_message_id());
      ASSERT_TRUE(refer(ids_.back()));
    }
    ASSERT_TRUE(client_->wait(ids_.back(), Level::opened, minutes(1)));
    network_->stop(sender);
  }

  void connect() {
    auto client = network_->connect(sender);
    ASSERT_TRUE(client) << client.error().text << log();
    client_.emplace(std::move(*client));
  }

  [[nodiscard]] tl::expected<void, std::string> restart(const std::vector<std::string>& more = {}) {
    client_.reset();
    network_->stop(sender);
    auto started = network_->start(sender, 0, more);
    if (!started) {
      return started;
    }
    // A damaged node may still have answered the question whether it is there, and then have ended.
    auto client = network_->connect(sender);
    if (!client) {
      return tl::unexpected("no answer: " + log());
    }
    client_.emplace(std::move(*client));
    return started;
  }

  Result<api::Accepted> refer(const MessageId& id) {
    api::Submit submission;
    submission.message = id;
    submission.kind = EventKind::referral_send;
    submission.to = {recipient_};
    submission.body = bench::sample_body(body_bytes, 1);
    return client_->submit(submission);
  }

  // How many of the messages' bodies can be read; every other one must be answered by its code.
  std::size_t readable_bodies() {
    std::size_t readable = 0;
    for (const MessageId& id : ids_) {
      const auto body = client_->body(self_, id);
      if (body) {
        ++readable;
      } else {
        // Without the keys of cases they are as good as locked.
        EXPECT_TRUE(body.error().code == Code::store_corrupt || body.error().code == Code::locked)
            << client_->words_for(body.error());
      }
    }
    return readable;
  }

  // The page of the file, counted from 1, that is the root of a table.
  std::uint32_t root_of(const std::string& table) {
    auto pages = PageVfs::create("");
    CHECK(pages);
    sqlite3* database = nullptr;
    CHECK(sqlite3_open_v2(database_.c_str(), &database, SQLITE_OPEN_READWRITE,
                          (*pages)->name().c_str()) == SQLITE_OK);
    CHECK(sqlite3_exec(database, "PRAGMA locking_mode=EXCLUSIVE", nullptr, nullptr, nullptr) ==
          SQLITE_OK);
    sqlite3_stmt* statement = nullptr;
    const std::string sql = "SELECT rootpage FROM sqlite_schema WHERE name='" + table + "'";
    CHECK(sqlite3_prepare_v2(database, sql.c_str(), -1, &statement, nullptr) == SQLITE_OK);
    CHECK(sqlite3_step(statement) == SQLITE_ROW);
    const auto root = static_cast<std::uint32_t>(sqlite3_column_int(statement, 0));
    sqlite3_finalize(statement);
    CHECK(sqlite3_close(database) == SQLITE_OK);
    return root;
  }

  // The leaf at one end of a table of two levels. Source: sqlite.org/fileformat2.html#b_tree_pages
  std::uint32_t leaf_of(const std::string& table, bool last) {
    const Bytes page = page_at(root_of(table));
    constexpr std::uint8_t interior_table = 0x05;
    CHECK(page[0] == interior_table);
    ByteReader first_cell_at(ByteView(page).subspan(12));
    const std::size_t at = last ? 8 : first_cell_at.u16();
    return ByteReader(ByteView(page).subspan(at)).u32();
  }

  Bytes page_at(std::uint32_t page) {
    std::ifstream file(database_, std::ios::binary);
    file.seekg(static_cast<std::streamoff>(std::size_t{page - 1} * page_bytes));
    Bytes bytes(page_bytes);
    file.read(reinterpret_cast<char*>(bytes.data()), page_bytes);
    CHECK(file.good());
    return bytes;
  }

  void damage(std::uint32_t page) {
    constexpr std::size_t within = 9'000;
    const Bytes bytes = page_at(page);
    std::fstream file(database_, std::ios::binary | std::ios::in | std::ios::out);
    file.seekp(static_cast<std::streamoff>(std::size_t{page - 1} * page_bytes + within));
    file.put(static_cast<char>(bytes[within] ^ 1U));
    CHECK(file.good());
  }

  static std::string whole(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
  }
  std::string log() { return whole(network_->home(sender) + ".log"); }

  // What `hamroh status` gives.
  api::NodeStatus status() {
    auto shown = client_->status();
    EXPECT_TRUE(shown);
    return shown ? std::move(*shown) : api::NodeStatus{};
  }

  std::optional<bench::Network> network_;
  std::optional<Client> client_;
  std::string database_;
  MemberId self_;
  MemberId recipient_;
  std::vector<MessageId> ids_;
};

TEST_F(DamagedStore, ARequestThatMeetsTheDamageFailsAloneAndNothingIsRestarted) {
  damage(leaf_of("body", false));
  ASSERT_TRUE(restart());
  const pid_t link = network_->link_process(sender);
  const std::size_t readable = readable_bodies();
  EXPECT_GT(readable, 0U);
  EXPECT_LT(readable, messages);
  // The node goes on, through the very same link, and says what is wrong.
  const MessageId fresh = new_message_id();
  ASSERT_TRUE(refer(fresh));
  const auto shown = client_->wait(fresh, Level::opened, minutes(1));
  ASSERT_TRUE(shown) << client_->words_for(shown.error());
  EXPECT_EQ(shown->level(), Level::opened);
  EXPECT_EQ(network_->link_process(sender), link);
  EXPECT_EQ(status().link.restarts, 0U);
  EXPECT_NE(status().store.health.find("damaged"), std::string::npos) << status().store.health;
  EXPECT_EQ(log().find("turn.failed"), std::string::npos);
}

TEST_F(DamagedStore, ATurnThatMeetsTheDamageIsRefusedAndTheTableIsNamed) {
  damage(leaf_of("body", true));
  ASSERT_TRUE(restart());
  EXPECT_EQ(refer(new_message_id()).error().code, Code::store_corrupt);
  // Whatever the node is doing, it says how it is.
  EXPECT_NE(status().store.health.find("damaged"), std::string::npos) << status().store.health;
  EXPECT_EQ(status().node.member, self_);
  for (int i = 0; i < 50 && log().find("node.reopened") == std::string::npos; ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
  }
  EXPECT_NE(status().store.health.find("body"), std::string::npos) << status().store.health;
  EXPECT_NE(log().find("store.damaged"), std::string::npos);
  EXPECT_GT(readable_bodies(), 0U);
}

TEST_F(DamagedStore, AReadOnlyNodeShowsWhatIsLeftAndWritesNothing) {
  const auto head_before = [&] {
    CHECK(restart());
    auto head = client_->ledger_head();
    CHECK(head);
    network_->stop(sender);
    return std::move(*head);
  }();
  damage(root_of("peer"));
  ASSERT_FALSE(restart()) << "a node needs its table of peers";
  EXPECT_NE(log().find("--read-only"), std::string::npos);
  const auto files = [&] { return whole(database_) + whole(database_ + "-wal"); };
  const std::string before = files();
  const auto started = restart({"--read-only"});
  ASSERT_TRUE(started) << started.error();
  EXPECT_LE(network_->link_process(sender), 0);
  EXPECT_EQ(readable_bodies(), messages);
  for (const MessageId& id : ids_) {
    const auto message = client_->message(id);
    ASSERT_TRUE(message);
    EXPECT_EQ(message->level(), Level::opened);
    EXPECT_TRUE(client_->case_view(message->case_id));
  }
  EXPECT_EQ(client_->cases({std::nullopt, api::limits::page_items_max, false})->cases.size(),
            messages);
  const auto head = client_->ledger_head();
  ASSERT_TRUE(head);
  EXPECT_GE(head->size, head_before.size);
  const auto page = client_->ledger({0, api::limits::ledger_entries_max});
  ASSERT_TRUE(page);
  EXPECT_EQ(page->size, head->size);
  EXPECT_EQ(status().node.ledger_size, head->size);
  EXPECT_EQ(*client_->cursor_now(), head->size);
  EXPECT_NE(status().store.health.find("READ-ONLY"), std::string::npos);
  EXPECT_NE(status().store.health.find("peer"), std::string::npos);
  EXPECT_EQ(refer(new_message_id()).error().code, Code::store_corrupt);
  EXPECT_EQ(client_->submit({}).error().code, Code::store_corrupt);
  EXPECT_TRUE(files() == before);
}

// As documented in hamrohd_main.cc and read_only_store.h. A table of one page goes with its root.
TEST_F(DamagedStore, HowFarItGoesForTheRootOfEachTable) {
  enum class Opens { never, read_only, always };
  const std::map<std::string, Opens> expected{
      {"meta", Opens::never},        {"node_secret", Opens::never},
      {"ledger", Opens::never},      {"reader_secret", Opens::read_only},
      {"peer", Opens::read_only},    {"pending", Opens::read_only},
      {"held", Opens::read_only},    {"session_note", Opens::always},
      {"message", Opens::always},    {"body", Opens::always},
      {"case_event", Opens::always}, {"proof", Opens::always},
      {"conflict", Opens::always},
  };
  for (const auto& [table, opens] : expected) {
    const std::uint32_t page = root_of(table);
    damage(page);
    EXPECT_EQ(restart().has_value(), opens == Opens::always) << table;
    if (opens == Opens::never) {
      EXPECT_FALSE(restart({"--read-only"})) << table;
    } else {
      ASSERT_TRUE(restart({"--read-only"})) << table;
      EXPECT_NE(status().store.health.find(table), std::string::npos) << status().store.health;
      // Whose case a body is, and whether it may be shown, stands in the case; its key lies under
      // the keys of the reader tier.
      const bool needed = table == "body" || table == "message" || table == "case_event" ||
                          table == "reader_secret";
      EXPECT_EQ(readable_bodies(), needed ? 0 : messages) << table;
      const auto head = client_->ledger_head();
      ASSERT_TRUE(head) << table;
      EXPECT_EQ(status().node.ledger_size, head->size);
    }
    client_.reset();
    network_->stop(sender);
    damage(page);  // flips the bit back
  }
}

}  // namespace
}  // namespace hamroh
