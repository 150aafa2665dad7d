// What the turn loop holds, for the four files that work on it: runtime.cc (opening, the turn, the
// loop), runtime_answers.cc (what local programs ask), runtime_users.cc (who they are) and
// runtime_link.cc (hamroh-link and peers).
#pragma once

#include <deque>
#include <map>
#include <set>
#include <utility>

#include "daemon/api_socket.h"
#include "daemon/backup_keys.h"
#include "daemon/challenges.h"
#include "daemon/keeper.h"
#include "daemon/link_process.h"
#include "daemon/login_delays.h"
#include "daemon/passphrase_worker.h"
#include "daemon/runtime.h"
#include "daemon/sessions.h"
#include "daemon/users.h"

namespace hamroh {

using Answer = decltype(api::Reply::answer);

// Below this nothing new is taken over, so that receipts still find room.
inline constexpr std::uint64_t disk_reserve_bytes = 4 * 1024 * 1024;
// Below this no file is taken over, neither from here nor from others: messages go before them.
inline constexpr std::uint64_t disk_reserve_for_files_bytes = 256 * 1024 * 1024;
inline constexpr std::size_t recent_events_max = 16'384;

// After a change of the transport key, so that peers hear of it over the connections that stand.
inline constexpr Duration transport_change_delay = seconds(2);

[[nodiscard]] inline api::Failure failure(const Error& error) {
  return {error.code, error.text};
}

struct WaitingPoll {
  Bytes client;
  std::uint64_t request = 0;
  std::uint64_t cursor = 0;
  std::size_t max = 0;
  Duration deadline;
  SessionId session;
  Actor actor;
};

// A request that only reads, with who asked.
struct Question {
  Bytes client;
  api::Request request;
  SessionId session;
  Actor actor;
};

// A request whose passphrases are being made into keys; they are wiped from it.
struct PassphraseWork {
  Bytes client;
  api::Request request;
  std::optional<SessionId> session;
  Actor actor;
  std::optional<Digest> attempt;  // whose passphrase is tried, for LoginDelays
  Salt new_salt;                  // of the new passphrase, if one is set
};
using PassphraseKeys = std::vector<SymmetricKey>;

// A second factor that has not been confirmed by a code yet.
struct PendingFactor {
  FactorSecret secret;
  Bytes wrapped;
  std::uint32_t generation = 0;
  Duration until;
  unsigned codes_left = 5;
};

[[nodiscard]] inline Duration operator+(Duration a, Duration b) {
  return {a.ms + b.ms};
}

// An answer with something of a case in it: sent once the reading is on record.
struct Reading {
  Bytes client;
  api::Reply reply;
  Actor actor;
  CaseId case_id;
  bool exported = false;
};

// A backup is being made: the database file stands still.
struct BackupHold {
  BackupId id;
  Duration until;  // unless it is renewed
};

struct BackupEnded {
  Code code{};
  const char* text = "";
};

struct Runtime::State {
  explicit State(RuntimeOptions given)
      : options(std::move(given)),
        keeper(options.home, options.configuration),
        link(options.link_program),
        sessions({minutes(options.configuration.session_idle_minutes),
                  hours(options.configuration.session_hours)}),
        delays(monotonic_now()),
        challenges(keeper.entropy()) {}
  ~State() {
    link.stop();
    if (signals >= 0) {
      ::close(signals);
    }
  }

  // runtime.cc
  Status open();
  // Which tables have a damaged page: for the log and for status.
  void find_damage();
  // The store or the node failed. Nothing of the failed turn has happened, so it is all opened
  // again.
  void reopen_if_due();
  void fall(const Error& error);
  void work();
  Status take_inputs(Turn& turn);
  void perform(Effects effects);
  [[nodiscard]] int wait_ms() const;
  void take_signals();
  // Empties the store's log of what was erased. A full disk may keep it from that for a while.
  [[nodiscard]] Status empty_log();
  // Off the path of any commit, between turns.
  void keep_house();
  void loop();
  // Wipes what is in memory, destroys the keys and ends; panic.h.
  void panic();
  // After the configured time without anybody at work.
  Status lock_if_idle(Turn& turn);
  // In-flight work is in the store already; what is left is to sign the head and to tidy up.
  void end();

  // runtime_users.cc
  // Accounts from the store, and the first one if there is none.
  Status open_users();
  // Who asks, and whether she may: before anything else is looked at. Sets `actor` and `session`.
  [[nodiscard]] Status admit(const api::Request& request);
  // Whether a passphrase has to be looked at first.
  [[nodiscard]] bool needs_passphrase(const api::Request& request) const;
  void begin_passphrase(const Bytes& client, api::Request request);
  [[nodiscard]] Status may_begin(PassphraseWork& work);
  [[nodiscard]] std::vector<Derivation> derivations_for(PassphraseWork& work);
  // What has been made into keys since; in trouble, that it was in vain.
  Status finish_passphrases(Turn& turn);
  void drop_attempt(const PassphraseWork& work);
  void drop_passphrases(const Error& error);
  Result<Answer> finish(PassphraseWork& work, PassphraseKeys& keys, Turn& turn);
  Result<Answer> finish(const api::Login& ask, PassphraseWork& work, PassphraseKeys& keys,
                        Turn& turn);
  Result<Answer> finish(const api::Unlock&, PassphraseWork& work, PassphraseKeys& keys, Turn& turn);
  Result<Answer> finish(const api::AddUser& ask, PassphraseWork& work, PassphraseKeys& keys,
                        Turn& turn);
  Result<Answer> finish(const api::SetPassphrase& ask, PassphraseWork& work, PassphraseKeys& keys,
                        Turn& turn);
  Result<Answer> finish(const api::SetFactor& ask, PassphraseWork& work, PassphraseKeys& keys,
                        Turn& turn);
  Result<Answer> finish(const api::MakeSigningKey&, PassphraseWork& work, PassphraseKeys& keys,
                        Turn& turn);
  Result<Answer> finish(const api::SignVote& ask, PassphraseWork& work, PassphraseKeys& keys,
                        Turn& turn);
  Result<Answer> reset_passphrase(const UserId& user, PassphraseWork& work, PassphraseKeys& keys,
                                  Turn& turn);
  // U of an account, if the passphrase was right; counts a wrong one.
  Result<UserSecret> open_user(const Account* account, const PassphraseWork& work,
                               const SymmetricKey& key, Turn& turn);
  // The step of a code that is right, and zero if the account has no second factor; counts a wrong
  // one.
  Result<std::uint64_t> check_factor(const Account& account, const UserSecret& secret,
                                     const std::string& code, const PassphraseWork& work,
                                     Turn& turn);
  Status count_failure(const Account* account, const PassphraseWork& work, Turn& turn);
  Result<bool> unlock_by_slot(const Account& account, const UserSecret& secret, Turn& turn);
  Result<Answer> logged_in(const Account& account, bool unlocked, Turn& turn);
  [[nodiscard]] api::UserView view_of(const Account& account) const;
  [[nodiscard]] UserHome user_home() const;
  [[nodiscard]] Result<Account> own_account() const;
  Result<Answer> reply_to(const api::GetChallenge&, Turn& turn);
  Result<Answer> reply_to(const api::LoginWithKey& ask, Turn& turn);
  Result<Answer> reply_to(const api::Logout&, Turn&);
  Result<Answer> reply_to(const api::WhoAmI&, Turn&);
  Result<Answer> reply_to(const api::AddUser& ask, Turn& turn);
  Result<Answer> reply_to(const api::ChangeUser& ask, Turn& turn);
  Result<Answer> reply_to(const api::ListUsers& ask, Turn&);
  Result<Answer> reply_to(const api::SetFactor& ask, Turn& turn);
  Result<Answer> reply_to(const api::GetUserKeys&, Turn&);
  // Always begun with begin_passphrase.
  Result<Answer> reply_to(const api::Login&, Turn&);
  Result<Answer> reply_to(const api::SetPassphrase&, Turn&);
  Result<Answer> reply_to(const api::MakeSigningKey&, Turn&);
  Result<Answer> reply_to(const api::SignVote&, Turn&);

  // runtime_answers.cc
  Status take_requests(std::size_t budget, Turn& turn);
  // In trouble, and read-only.
  void take_questions_only();
  // Status is answered from memory: it has to say what the trouble is.
  void refuse(const Bytes& client, const api::Request& request);
  void answer_read_only(const Bytes& client, api::Request& request);
  // One transaction for as many as it stands; a read that fails ends it, and the next question gets
  // another one.
  void answer_questions();
  void note_damage(const Error& error);
  // A refusal is an answer; only a store failure of something that may write ends the turn.
  Status answer(const Bytes& client, api::Request& request, Turn& turn);
  Result<Answer> reply_to(const api::Submit& ask, Turn& turn);
  Result<Answer> reply_to(const api::GetStatus&, Turn&);
  Result<Answer> reply_to(const api::GetMessage& ask, Turn& turn);
  Result<Answer> reply_to(const api::NextEvents&, Turn&);
  Result<Answer> reply_to(const api::GetReceipt& ask, Turn& turn);
  Result<Answer> reply_to(const api::GetLedger& ask, Turn& turn);
  // What opening a read-only node would have entered is not there.
  [[nodiscard]] std::uint64_t ledger_size() const;
  Result<Answer> reply_to(const api::GetLedgerHead&, Turn& turn);
  Result<Answer> reply_to(const api::GetMembers& ask, Turn&);
  Result<Answer> reply_to(api::Unlock& ask, Turn& turn);
  Result<Answer> reply_to(const api::Lock&, Turn& turn);
  Result<Answer> reply_to(const api::Install& ask, Turn& turn);
  Result<Answer> reply_to(const api::Rotate& ask, Turn& turn);
  Result<Answer> reply_to(const api::GetAlarms&, Turn& turn);
  Result<Answer> reply_to(const api::MakeRecovery& ask, Turn&);
  Result<Answer> reply_to(const api::ChangeVault& ask, Turn&);
  void leave_vault_passphrase();
  Result<Answer> reply_to(const api::Panic&, Turn&);
  // Sets panic_asked, or answers why not.
  void ask_panic(const Bytes& client, const api::Request& request);
  Result<Answer> reply_to(const api::ConfirmClock&, Turn& turn);
  Result<Answer> reply_to(const api::EraseCase& ask, Turn& turn);
  Result<Answer> reply_to(const api::ListErasures& ask, Turn& turn);
  Result<Answer> reply_to(const api::GetErasure& ask, Turn& turn);
  Result<Answer> reply_to(const api::GetPack& ask, Turn& turn);
  api::NodeStatus status();
  // As much of it as `actor` may see: without a session neither peers nor counts.
  api::NodeStatus shown_status();
  void wait_for_events(const Bytes& client, std::uint64_t request, const api::NextEvents& ask);
  Result<std::vector<Event>> events_from(std::uint64_t cursor, std::size_t max);
  void answer_polls();
  void send_replies();

  // runtime_cases.cc: cases, and who may see them
  Result<Answer> reply_to(const api::ListCases& ask, Turn& turn);
  Result<Answer> reply_to(const api::GetCase& ask, Turn& turn);
  Result<Answer> reply_to(const api::GetBody& ask, Turn& turn);
  Result<Answer> reply_to(const api::TakeCase& ask, Turn& turn);
  Result<Answer> reply_to(const api::AssignCase& ask, Turn& turn);
  Result<Answer> reply_to(const api::AskSecond& ask, Turn& turn);
  Result<Answer> reply_to(const api::DecideTask& ask, Turn& turn);
  Result<Answer> reply_to(const api::ListTasks&, Turn& turn);
  Result<Answer> reply_to(const api::GetAccesses& ask, Turn& turn);
  Result<Answer> reply_to(const api::ExportCase& ask, Turn& turn);
  Result<Answer> reply_to(const api::FindMessages& ask, Turn& turn);
  Result<Answer> reply_to(const api::PublishServices& ask, Turn& turn);
  Result<Answer> reply_to(const api::ListServices& ask, Turn& turn);
  Result<Answer> reply_to(const api::ListDue& ask, Turn& turn);
  Result<Answer> reply_to(const api::ListEscalations& ask, Turn& turn);
  Result<Answer> reply_to(const api::CountFund& ask, Turn& turn);
  Result<Answer> reply_to(const api::ProposeDecision& ask, Turn& turn);
  Result<Answer> reply_to(const api::GetStatusFile& ask, Turn& turn);
  Result<Answer> reply_to(const api::CastVote& ask, Turn& turn);
  void enter_readings(std::vector<Reading> readings);
  void note_readings(const std::vector<Reading>& readings) const;
  [[nodiscard]] api::Names names_of(const std::set<UserId>& users) const;
  [[nodiscard]] api::Names names_in(const CaseView& shown) const;
  Result<std::vector<Event>> seen_events(const WaitingPoll& poll, std::vector<Event> events);

  // runtime_attachments.cc
  Result<Answer> reply_to(const api::AttachFile& ask, Turn& turn);
  Result<Answer> reply_to(const api::AttachPart& ask, Turn& turn);
  Result<Answer> reply_to(const api::AttachDone& ask, Turn& turn);
  Result<Answer> reply_to(const api::ListAttachments& ask, Turn& turn);
  Result<Answer> reply_to(const api::GetAttachment& ask, Turn& turn);
  // Whether the disk has room for files of others beside what messages need.
  [[nodiscard]] bool has_room_for_files() const;

  // runtime_backup.cc
  Result<Answer> reply_to(const api::BackupBegin& ask, Turn& turn);
  Result<Answer> reply_to(const api::BackupRenew& ask, Turn&);
  Result<Answer> reply_to(const api::BackupEnd& ask, Turn&);
  // After the commit: from the turn that entered a backup the file stands still, and its size is
  // known; from the turn that ended one the log moves again.
  void settle_backup();
  // Ends one that is not renewed, or for which the disk gets too small.
  void watch_backup();
  // Also for whoever must move the log at once; what the backup program is told.
  void end_backup(const BackupEnded& why);
  [[nodiscard]] Status check_may_back_up(const api::BackupBegin& ask) const;
  Result<BackupKeys> open_backup_keys() const;
  [[nodiscard]] BackupPolicy backup_policy() const;
  // The keys whose time is over: entered in the turn, destroyed after its commit.
  Status enter_backup_keys_over(Turn& turn);
  void destroy_backup_keys();
  // New recovery shares open the keyring from now on.
  void renew_keyring();

  // runtime_link.cc
  Status take_link_frames(std::size_t& budget, Turn& turn);
  Status take_link_frame(const pair::Frame& frame, Turn& turn);
  void link_died();
  // A new transport key: the link is crash-only, so it begins again with it.
  void renew_link();
  void configure_link();
  void tell_peers();

  RuntimeOptions options;
  std::optional<HomeLock> lock;
  Keeper keeper;
  LinkProcess link;
  std::optional<ApiSocket> api;
  int signals = -1;
  bool ending = false;
  std::optional<int> exit_code;
  bool link_configured = false;
  std::optional<Duration> new_transport_at;
  bool link_ready = false;
  std::string link_fault;
  pair::Statistics link_statistics;
  std::map<MemberId, std::pair<TransportKey, std::string>> told_peers;
  std::vector<std::pair<Bytes, api::Reply>> replies;  // of this turn, sent after the commit
  std::vector<Question> questions;
  std::map<UserId, FundCount> fund_counts;  // that are not done yet; none while locked
  // Who asks what is being answered; no session: nobody.
  Actor actor;
  std::optional<SessionId> session;
  std::optional<CaseId> opened_case;  // by that
  bool exported = false;              // and as a file
  std::optional<BackupHold> backup;
  bool backup_begun = false;  // in this turn
  bool backup_over = false;   // ended by this turn
  // Why the last one ended.
  Error backup_ended{Code::timed_out, Blame::caller, "the node was started again meanwhile"};
  std::set<BackupKeyId> backup_keys_entered;  // as destroyed: once, however often it takes
  std::vector<BackupKeyId> backup_keys_over;
  Duration next_backup_upkeep;
  std::vector<WaitingPoll> polls;
  std::deque<Event> recent;      // the newest events, without gap
  std::optional<Error> trouble;  // why there is no node at the moment
  api::NodeStatus last_status;   // before it came to that
  std::string damage;            // that was found in the store, for people; empty if none
  std::optional<Duration> verified;
  Duration reopen_at;
  Duration next_anchor_sync;
  bool anchor_dirty = false;
  bool log_to_empty = true;  // after a start, too: the one of before may not have come to it
  Duration next_emptying;
  std::uint64_t turns = 0;
  std::uint64_t inputs = 0;
  bool lock_after_turn = false;
  std::optional<std::pair<Bytes, api::Request>> panic_asked;  // ends the loop before anything else
  Duration last_request = monotonic_now();  // by somebody at work, for locking by itself
  Users users;
  std::optional<Error> users_trouble;  // why there are none
  Sessions sessions;
  LoginDelays delays;
  Challenges challenges;
  std::unique_ptr<PassphraseWorker> worker;
  std::map<std::uint64_t, PassphraseWork> passphrases;  // as many as the worker takes
  std::uint64_t next_passphrase = 1;
  std::map<UserId, PendingFactor> pending_factors;
  bool operator_key_gone = false;  // in this turn: its file goes after the commit
  bool passphrase_gone = false;    // in this turn: somebody's, or somebody who knew one
  bool busy = false;
};

}  // namespace hamroh
