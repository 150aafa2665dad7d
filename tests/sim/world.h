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
#include "tests/sim/authority.h"
#include "tests/sim/program.h"

namespace hamroh::sim {

struct WorldOptions {
  std::size_t members = 4;  // 3 to 9: ngo, commission, provider, ministry, ngo, commission, …
  std::uint64_t drop_once_in = 0;  // frames; 0: never
  std::uint64_t double_once_in = 0;
  std::uint64_t reorder_once_in = 0;
  std::uint64_t garble_once_in = 0;
  std::uint64_t delay_ms_max = 20;
  Duration message_lifetime = days(30);
  bool pack = false;  // cases are under a jurisdiction pack: clocks run
  bool calm = false;  // nothing fails: who is barred must be cut off within five seconds
};

class World {
 public:
  World(std::uint64_t seed, WorldOptions options);
  ~World();

  // ---- what people do; all answer the message id, or why not -------------------------------
  Result<MessageId> refer(std::size_t from, std::vector<std::size_t> to,
                          const Actor& actor = program());
  Result<MessageId> decide(std::size_t who, const CaseId& id, bool accept);
  Result<MessageId> write_note(std::size_t who, const CaseId& id);
  // A person discloses one more field of the form that opened a case, whether or not she may.
  Result<MessageId> disclose(std::size_t who, std::size_t to, const CaseId& id);
  // The consent is given, changed or withdrawn (world_consent.cc).
  Result<MessageId> state_consent(std::size_t who, const CaseId& id, EventKind kind);
  // Who opened a case, mostly; else anybody.
  [[nodiscard]] std::size_t opener_of(const CaseId& id);
  // Any event of a case that has particulars, about whatever it may be about; as people do who do
  // not know what the others are just doing.
  Result<MessageId> tell(std::size_t who, const CaseId& id, EventKind kind,
                         std::vector<std::size_t> to = {});
  Result<MessageId> submit(std::size_t who, const Submission& submission,
                           const Actor& actor = program());
  // Everything that a node holds of a case goes, and perhaps the others are asked for the same.
  void erase(std::size_t who, const CaseId& id, bool ask_others);
  // A file that should come whole somewhere and has not yet; whose, and how much.
  [[nodiscard]] std::optional<std::string> file_under_way();
  void submit_again();  // what a program does that does not know whether it was heard

  // ---- what its people do to each other (world_people.cc); each compares with a model -------
  [[nodiscard]] static const std::vector<Actor>& people();
  void look(std::size_t who, const CaseId& id);
  void take_or_give(std::size_t who, const CaseId& id);
  void write_as_person(std::size_t who, const CaseId& id);
  void come_or_leave(std::size_t who);
  // A commissioner signs a decision on a status; nobody lets her sign twice under one.
  void vote(std::size_t who, const CaseId& id);
  // Brings a file to a case, now and then in two parts, for whoever may get it. False: nobody may.
  bool attach(std::size_t who, const CaseId& id);
  // Says how many places it has, now and then less than a minute after it said something else.
  void publish_services(std::size_t who);

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
  void lie(std::size_t from, std::size_t to);                  // a member sends what it may not
  void say(std::size_t from, std::size_t to, ByteView frame);  // in a real member's name
  void say_sealed(std::size_t from, std::size_t to, ByteView content);
  // ---- who is a member (world_membership.cc); statements reach one member and are passed on ---
  // A new version, given to one member (any, if none is named). Returns its number.
  std::uint64_t publish_directory(std::optional<std::size_t> to = std::nullopt);
  void change_capabilities(std::size_t who);
  void revoke(std::size_t who, std::optional<std::size_t> to = std::nullopt);
  void restore(std::size_t who);
  void suspend(std::size_t who, Duration length, std::optional<std::size_t> to = std::nullopt);
  void lift(std::size_t who);
  bool amend(Authority::Change change);     // and a directory under the new constitution
  void countersign(std::uint8_t purposes);  // from the next version on
  Status rotate(std::size_t who, const RotationAsk& ask);
  void agree_to_rotation(std::size_t who, std::optional<std::size_t> to =
                                              std::nullopt);  // that waits for the administrators
  // Its disk is lost; it comes back with new keys, and what its peers had receipts for from that
  // entry of its ledger on is delivered again.
  void reincarnate(std::size_t who, std::uint64_t position);
  // Its disk is lost; it comes back with what the image held, as the next incarnation. False if
  // there is none, or if it may not.
  bool return_from_image(std::size_t who);
  std::optional<std::size_t> admit();             // one more; absent if there are as many as may be
  void split_view();                              // two directories of one version
  bool give(std::size_t who, const Bytes& file);  // true if it was taken
  // What a thief of one administrator's key signs, what replaced administrators sign, and what
  // somebody who kept an old file brings. Nothing but a short suspension may come of it.
  void lie_as_administrator();
  void forge_rotation();   // keys of a member that are not its own
  void forge_directory();  // the same, directories only
  [[nodiscard]] Authority& authority() { return *authority_; }
  [[nodiscard]] bool has_erased(std::size_t who, const CaseId& id) const;
  [[nodiscard]] bool is_old_copy(std::size_t who) const { return !trustworthy(who); }
  [[nodiscard]] bool has_session(std::size_t from, std::size_t to) const;
  [[nodiscard]] std::uint64_t ledger_size(std::size_t who) const;  // what is committed
  void replay();  // an old frame again, to its peer or to another
  // People carry what enough have signed to those that no link reaches any more.
  void visit_cut_off();
  void sleep(Duration duration);  // everybody's machines, at once
  void heal_everything();

  void step();  // the next event in time
  void run_for(Duration duration);
  bool run_until(const std::function<bool()>& done, Duration at_most,
                 Duration every = milliseconds(50));

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
  // Who follows another directory than somebody it has met, and has raised no alarm.
  [[nodiscard]] std::optional<std::string> unalarmed();
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
    std::uint64_t up_since = 0;
    std::uint64_t last_delivery = 0;
    // A session that a node ended: what its link had passed on by then still comes.
    std::uint64_t ended_epoch = 0;
    std::uint64_t ended_at = 0;
  };
  struct Event {
    enum class Kind { deliver, tick, connect, restart, new_transport } kind{};
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
    bool lost = false;                   // with its author's disk
    // Recipients that lost what they had opened: delivered again, so the level may go back.
    std::set<std::size_t> again;
    std::set<std::size_t>
        settled_before;  // in a ledger that is gone, below what is delivered again
  };
  // Somebody is barred; by then no session may be left, if nothing fails.
  struct Ending {
    std::size_t member = 0;
    std::size_t first = 0;  // who learned of it
    std::uint64_t by = 0;
  };
  // A frame that went over the wire, kept to be sent again.
  struct Recorded {
    std::size_t from = 0;
    std::size_t to = 0;
    Bytes frame;
  };

  void found_network();
  void introduce_people(std::size_t who);
  [[nodiscard]] bool may_see(std::size_t who, const Actor& actor, const CaseId& id) const;
  void model_sender(std::size_t who, const Actor& actor, const CaseId& id, bool opens);
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
  void check_ghosts(std::size_t who);
  // Nobody says of one clock twice that it was missed, or before it was; and both sides of a clock
  // compute the same, if no wall clock was ever wrong.
  void check_missed(const CaseId& id, const CaseView& shown, std::size_t who);
  void check_clocks(const CaseView& here, const CaseView& there, std::size_t one,
                    std::size_t other);
  [[nodiscard]] std::vector<ConsentScope> draw_scopes();
  // That it discloses nothing more once it has heard of a withdrawal that counts.
  void watch_disclosure(std::size_t who, const LedgerRecord& record);
  [[nodiscard]] std::optional<std::size_t> answers_of(std::size_t who, const CaseView& view,
                                                      const Digest& statement);
  // That every change and withdrawal is answered once by each who has opened it.
  void check_answers();
  // What it knows of services was said by who is said to have said it, and never gets older.
  void check_services(std::size_t who);
  void check_attachments(std::size_t who);
  [[nodiscard]] std::optional<AttachmentView> attachment_at(std::size_t who,
                                                            const MessageId& message);
  void check_files_arrived();
  // That no key on the disk opens the rows of before, whichever of them stand there again.
  void check_destroyed(std::size_t who, const CaseId& id, const MemoryStore::Rows& before);
  void check_certificates();
  void check_membership(std::size_t who);
  void check_barred(std::size_t who, std::size_t from, std::uint64_t entries_before);
  void check_endings();
  [[nodiscard]] bool stands_since(std::size_t one, std::size_t other, std::uint64_t when) const;
  // Why membership is not the same everywhere in the end (on one side of a split).
  [[nodiscard]] std::optional<std::string> disagreement();
  bool take_over(std::size_t who);
  std::vector<std::size_t> in_any_order();
  std::optional<std::size_t> pass(const Bytes& file, std::optional<std::size_t> to);
  void make_site(Site& site, std::optional<MemberId> again, std::uint32_t incarnation,
                 Member& entry);
  void forget_old_incarnation(std::size_t who, std::uint64_t position);
  void forget_site(Site& site);
  Result<ReturnedMember> come_back(Site& site);
  void heal_membership();
  void hand_over(std::size_t who);
  void add_reached(std::size_t who, std::set<std::size_t>& reached) const;
  [[nodiscard]] bool admits(std::size_t who, std::size_t other) const;
  [[nodiscard]] bool bars(std::size_t who, std::size_t other) const;
  void end_session(std::size_t from, std::size_t to);
  void review_links(std::size_t who);
  void use_transport(std::size_t who);
  [[nodiscard]] Timestamp authority_time() const;
  [[nodiscard]] std::optional<std::string> unsettled(const MessageId& id, const Sent& sent);
  void note(std::string_view what, std::uint64_t a = 0, std::uint64_t b = 0, ByteView bytes = {});
  void fail(const std::string& what);
  [[nodiscard]] Timestamp wall(std::size_t who) const;
  [[nodiscard]] Bytes body_with_canary(EventKind kind, bool decline);
  [[nodiscard]] Bytes referral_with_canaries(std::size_t from, const CaseId& id);
  [[nodiscard]] std::string canary_for(FormField field);
  // What that member's decisions in that case rest on, the same each time; nothing in every other
  // case. Nothing is drawn for it.
  [[nodiscard]] std::optional<StatusFile> status_file_of(std::size_t who, const CaseId& id);
  // That no node holds a field of a referral, in any row that its keys open, without a grant.
  void check_disclosed(std::size_t who);
  [[nodiscard]] bool may_hold(std::size_t who, const CaseId& id, FormField field) const;
  [[nodiscard]] bool may_hold_file(std::size_t who, const CaseId& id, std::size_t decided) const;
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
  std::unique_ptr<Authority> authority_;
  std::vector<Bytes> log_;          // every statement that enough have signed, in order
  std::vector<Bytes> undelivered_;  // nobody was there to take them
  std::vector<Ending> endings_;
  bool clocks_jumped_ = false;
  std::deque<Recorded> recorded_;
  std::deque<std::pair<std::size_t, Submission>> submissions_;  // the newest that were accepted
  std::map<MessageId, Sent> model_;
  std::string broken_;
  Digest trace_;
  std::vector<std::string> canaries_;
  // What the model knows of the form that opened a case.
  struct Form {
    std::size_t author = 0;
    bool emergency = false;
    Consent consent;
    std::set<std::size_t> accepted;         // who has ever tried to accept it
    std::vector<ConsentScope> stated = {};  // by everything that was ever said about it since
  };
  std::map<CaseId, Form> forms_;
  struct File {
    std::size_t author = 0;
    CaseId case_id;
    std::uint64_t bytes = 0;
  };
  std::map<MessageId, File> files_;
  std::set<Digest> leaves_;  // of every chunk that any node has sealed
  std::map<std::string, std::pair<CaseId, FormField>, std::less<>> words_;  // of later tiers
  std::map<std::string, std::size_t, std::less<>> deciders_;  // whose status file has that word
};

}  // namespace hamroh::sim
