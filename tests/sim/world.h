// A whole network in one process: real Nodes over memory stores, with only clock, entropy, network
// and disk replaced. Everything is drawn from one seed; the same seed gives the same trace hash.
//
// Scenario tests use it as a story (`world.refer("ngo", "commission");
// world.run_for(minutes(1));`), the simulator as a swarm. Checks watch and never intervene; the
// first broken one is kept in `broken()`.
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>

#include "protocol/memory_store.h"
#include "protocol/node.h"
#include "protocol/sealed_store.h"
#include "tests/sim/random.h"

namespace hamroh::sim {

struct WorldOptions {
  std::size_t members = 4;         // 3 to 9: ngo, commission, provider, ministry, ngo, …
  std::uint64_t drop_once_in = 0;  // frames; 0: never
  std::uint64_t double_once_in = 0;
  std::uint64_t reorder_once_in = 0;
  std::uint64_t garble_once_in = 0;
  std::uint64_t delay_ms_max = 20;
  Duration message_lifetime = days(30);
};

class World {
 public:
  World(std::uint64_t seed, WorldOptions options);
  ~World();

  // ---- what people do; all answer the message id, or why not -------------------------------
  Result<MessageId> refer(std::size_t from, std::vector<std::size_t> to);
  Result<MessageId> decide(std::size_t who, const CaseId& id, bool accept);
  Result<MessageId> write_note(std::size_t who, const CaseId& id);
  Result<MessageId> submit(std::size_t who, const Submission& submission);
  void submit_again();  // what a program does that does not know whether it was heard

  // ---- what happens to them ----------------------------------------------------------------
  void crash(std::size_t who);                                // loses what was not committed
  void crash_at(std::size_t who, std::uint64_t store_calls);  // at a later store boundary
  void start(std::size_t who);
  void lock(std::size_t who);
  void unlock(std::size_t who);
  void cut(std::size_t from, std::size_t to);  // one way
  void heal_network();
  void fill_disk(std::size_t who, bool full);
  void flip_bit(std::size_t who);  // somewhere on its disk
  void keep_image(std::size_t who);
  void restore_image(std::size_t who);  // an old copy of the disk
  void jump_clock(std::size_t who, std::int64_t ms);
  void lie(std::size_t from, std::size_t to);  // a member sends what it may not
  // A new version, delivered to one member (any, if none is named). Returns its number.
  std::uint64_t publish_directory(std::optional<std::size_t> to = std::nullopt);
  void forge_directory();                                      // signed by too few, or an old one
  void say(std::size_t from, std::size_t to, ByteView frame);  // in a real member's name
  void say_sealed(std::size_t from, std::size_t to, ByteView content);
  void replay();                  // an old frame again, to its peer or to another
  void sleep(Duration duration);  // everybody's machines, at once
  void heal_everything();

  void step();  // the next event in time
  void run_for(Duration duration);
  bool run_until(const std::function<bool()>& done, Duration at_most);

  // ---- what can be seen --------------------------------------------------------------------
  [[nodiscard]] std::size_t size() const { return sites_.size(); }
  [[nodiscard]] bool running(std::size_t who) const;
  [[nodiscard]] const Node& node(std::size_t who) const;
  [[nodiscard]] MemberId id(std::size_t who) const;
  [[nodiscard]] Result<MessageView> message(std::size_t who, const MessageId& message);
  [[nodiscard]] Result<CaseView> case_view(std::size_t who, const CaseId& id);
  [[nodiscard]] Result<std::string> receipt(std::size_t who, const MessageId& message);
  // True if every message whose author and recipients may still speak is settled.
  [[nodiscard]] bool all_settled();
  void report_unsettled();  // breaks the run, naming one message that did not come to its end
  // Compares what nodes hold with what the model expects after everything has healed.
  void check_outcomes();
  [[nodiscard]] const std::string& broken() const { return broken_; }
  [[nodiscard]] Digest trace() const { return trace_; }
  [[nodiscard]] std::uint64_t steps() const { return steps_; }
  [[nodiscard]] std::uint64_t submitted() const { return model_.size(); }
  [[nodiscard]] std::uint64_t opened() const { return opened_; }
  [[nodiscard]] Random& random() { return random_; }
  [[nodiscard]] Duration now() const { return {now_}; }

 private:
  struct Site;
  struct Connection {
    bool up = false;
    bool cut = false;
    bool dialling = false;
    std::uint64_t epoch = 0;
    std::uint64_t last_delivery = 0;
  };
  struct Event {
    enum class Kind { deliver, tick, connect, restart } kind{};
    std::size_t from = 0;
    std::size_t to = 0;
    std::uint64_t epoch = 0;
    Bytes frame;
    std::uint64_t at = 0;  // when it was to happen; a machine that slept is late
  };
  // What the model knows of a submission that was accepted, whatever the nodes say.
  struct Sent {
    std::size_t author = 0;
    std::vector<std::size_t> recipients;
    CaseId case_id;
    EventKind kind{};
    std::uint64_t at_ms = 0;
    Timestamp expires{UINT64_MAX};
    std::map<std::size_t, Level> shown;  // the last level its author showed
  };
  // A frame that went over the wire, kept to be sent again.
  struct Recorded {
    std::size_t from = 0;
    std::size_t to = 0;
    Bytes frame;
  };

  void found_network();
  void schedule(std::uint64_t at_ms, Event event);
  void handle(Event event);
  bool turn(std::size_t who, const std::function<Status(Node&, Turn&)>& inputs);
  void perform(std::size_t who, Effects effects);
  void send(std::size_t from, const SendFrame& frame);
  void dial(std::size_t from, std::size_t to);
  void drop_connections(std::size_t who);
  void schedule_tick(std::size_t who);
  void check_after_turn(std::size_t who, const Effects& effects);
  void check_levels(std::size_t author);
  void check_bytes(ByteView bytes, const char* where);
  void check_cases(std::size_t who);
  void check_ledger(std::size_t who);
  void check_keys(std::size_t who);
  void check_directory(std::size_t who);
  void try_directory(std::size_t who, const Bytes& file);
  [[nodiscard]] std::optional<std::string> unsettled(const MessageId& id, const Sent& sent);
  void note(std::string_view what, std::uint64_t a = 0, std::uint64_t b = 0, ByteView bytes = {});
  void fail(const std::string& what);
  [[nodiscard]] Timestamp wall(std::size_t who) const;
  [[nodiscard]] Bytes body_with_canary(EventKind kind, bool decline);
  [[nodiscard]] MessageId draw_message_id();
  [[nodiscard]] std::size_t site_of(const MemberId& member) const;
  [[nodiscard]] bool trustworthy(std::size_t who) const;

  Random random_;
  WorldOptions options_;
  std::uint64_t now_ = 1'000;  // monotonic, for all
  std::uint64_t sequence_ = 0;
  std::uint64_t steps_ = 0;
  std::uint64_t opened_ = 0;
  std::map<std::pair<std::uint64_t, std::uint64_t>, Event> events_;
  std::vector<std::unique_ptr<Site>> sites_;
  std::map<std::pair<std::size_t, std::size_t>, Connection> connections_;
  std::vector<crypto::SigningKey> administrators_;
  Bytes constitution_file_;
  std::optional<VerifiedConstitution> constitution_;
  Directory directory_;
  Bytes directory_file_;
  std::vector<Bytes> old_directories_;
  std::set<Digest> published_;  // hashes of the directories that two administrators signed
  bool clocks_jumped_ = false;
  std::deque<Recorded> recorded_;
  std::deque<std::pair<std::size_t, Submission>> submissions_;  // the newest that were accepted
  std::map<MessageId, Sent> model_;
  std::string broken_;
  Digest trace_;
  std::vector<std::string> canaries_;
};

}  // namespace hamroh::sim
