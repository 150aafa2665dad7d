// The verbs of `hamroh`. Each runs to its end and returns the exit code: 0 done, 1 refused with a
// coded reason, 2 usage, 3 no node, 4 timed out.
#pragma once

#include <functional>
#include <span>
#include <string>
#include <vector>

#include "admin/lookup.h"
#include "admin/views.h"
#include "protocol/form.h"

namespace hamroh {

// What was typed; every verb reads what concerns it.
struct Arguments {
  std::string home;
  bool json = false;
  std::string to;
  std::string form;
  std::string wait_level;
  std::string timeout = "10s";
  std::string message;
  std::string case_id;
  std::string reason;
  std::string text_file;
  std::string language;
  EventKind event{};  // of commands_lifecycle.cc
  std::vector<std::string> recipients;
  std::string about;    // a message
  std::string offered;  // a member
  std::string until;
  std::string outcome;
  std::uint64_t amount = 0;
  std::string currency;
  std::string out;
  std::string member;
  std::string network;
  std::string directory;
  std::string again;
  std::string png;
  std::vector<std::string> key_purposes;
  std::string name;
  std::string kind;
  std::string listen;
  std::string passphrase_file;
  bool passphrase_prompt = false;
  std::uint64_t from = 0;
  bool has_from = false;
  bool follow = false;
  std::vector<std::string> share_files;
  unsigned shares = 0;
  unsigned threshold = 0;
  bool by_key_file = false;
  std::string from_file;  // a backup
  std::string keys;       // its keyring
  std::string keys_out;
  unsigned rate = 100;  // MB/s; 0: as fast as it goes
  std::string keys_passphrase_file;
  bool rehearse = false;
  bool without_recovery = false;
  bool yes = false;
  bool do_not_ask_others = false;
  std::string as;        // whose session
  std::string key_file;  // of a program
  std::string user;
  std::string role;
  std::vector<std::string> teams;
  std::vector<std::string> grants;
  std::string key_out;
  std::string code;
  std::string new_passphrase_file;
  std::string step;
  std::string operator_name;
  bool keep_session = false;
  std::string task;
  std::vector<std::string> give;
  std::vector<std::string> withdraw;
  bool all = false;
  std::vector<std::string> fields;  // of the form, or tiers
  std::vector<std::string> packs;   // files
  bool in_force = false;
  std::string clock;
  std::string urgency = "normal";
  std::string begins;
  std::string service;
  std::uint32_t places = 0;
  std::uint32_t valid_days = 0;  // 0: as before
  std::string district;
  std::string sex;
  std::string age;
  bool anyway = false;
  bool overdue = false;
  bool mine = false;
  bool escalated = false;
  std::string from_day;
  std::string to_day;
  bool for_oversight = false;
  bool erases = false;
  std::string date;
  std::string file;  // to be attached
  std::string status_file;
  std::string attachment;  // its number in the case, or its message
};

// commands_node.cc
int node_init(const Arguments& arguments);
int node_join(const Arguments& arguments);
int node_show(const Arguments& arguments);
int status(const Arguments& arguments);
int events(const Arguments& arguments);
int unlock(const Arguments& arguments);
int lock(const Arguments& arguments);
int clock_confirm(const Arguments& arguments);
int vault_users(const Arguments& arguments);
int vault_key_file(const Arguments& arguments);

// commands_recovery.cc
int recovery_make(const Arguments& arguments);
int recovery_check(const Arguments& arguments);
int recovery_use(const Arguments& arguments);
int panic(const Arguments& arguments);

// commands_backup.cc
int backup(const Arguments& arguments);
int backup_verify(const Arguments& arguments);
int restore(const Arguments& arguments);
int node_return(const Arguments& arguments);

// commands_members.cc
int members(const Arguments& arguments);
int alarms(const Arguments& arguments);
int key_rotate(const Arguments& arguments);
int node_request(const Arguments& arguments);
int node_move(const Arguments& arguments);

// commands_user.cc
int login(const Arguments& arguments);
int logout(const Arguments& arguments);
int whoami(const Arguments& arguments);
int user_add(const Arguments& arguments);
int user_role(const Arguments& arguments);
int user_disable(const Arguments& arguments);
int user_enable(const Arguments& arguments);
int user_list(const Arguments& arguments);
int user_password(const Arguments& arguments);
int user_totp(const Arguments& arguments);
int user_key(const Arguments& arguments);

// commands_case.cc
int refer(const Arguments& arguments);
int wait(const Arguments& arguments);
int inbox(const Arguments& arguments);
int case_show(const Arguments& arguments);
int case_person_statement(const Arguments& arguments);
int case_list(const Arguments& arguments);
int accept(const Arguments& arguments);
int decline(const Arguments& arguments);
int note(const Arguments& arguments);
int disclose(const Arguments& arguments);
// Any event that has particulars: arguments.event. commands_lifecycle.cc
int tell(const Arguments& arguments);
int form_check(const Arguments& arguments);

// commands_consent.cc
int consent_show(const Arguments& arguments);
int consent_give(const Arguments& arguments);
int consent_change(const Arguments& arguments);
int consent_withdraw(const Arguments& arguments);
int consent_apply(const Arguments& arguments);
// commands_attachment.cc
int attach(const Arguments& arguments);
int attachment_list(const Arguments& arguments);
int attachment_save(const Arguments& arguments);

// commands_services.cc
int services(const Arguments& arguments);
int services_publish(const Arguments& arguments);
int services_places(const Arguments& arguments);
// Before a referral is sent: says why it may be in vain, and asks. Nothing if it may go; else the
// exit code.
std::optional<int> stop_in_vain(const Arguments& arguments, const MemberId& to,
                                const Triage& triage, Client& client);

// commands_due.cc
int due(const Arguments& arguments);

// commands_fund.cc
int fund_totals(const Arguments& arguments);

// commands_votes.cc
int vote(const Arguments& arguments);
int votes(const Arguments& arguments);
// commands_status_file.cc
int case_status_file(const Arguments& arguments);
// What --status-file names goes into the decision: the file, or the one that waits for votes. Says
// what is wrong; the exit code, or nothing.
std::optional<int> take_status_file(const Arguments& arguments, const CaseId& id, EventKind kind,
                                    Particulars& said, Client& client);

// Decisions that wait for votes, and who has signed them.
[[nodiscard]] std::string proposals_text(const std::vector<Task>& tasks, const Names& names);

// commands_access.cc
int case_take(const Arguments& arguments);
int case_give(const Arguments& arguments);
int case_who(const Arguments& arguments);
int case_export(const Arguments& arguments);
int ask_sealed(const Arguments& arguments);
int ask_export(const Arguments& arguments);
int break_glass(const Arguments& arguments);
int tasks(const Arguments& arguments);
int agree(const Arguments& arguments);
int disagree(const Arguments& arguments);

// commands_ledger.cc
int receipt(const Arguments& arguments);
int ledger_verify(const Arguments& arguments);
int ledger_export(const Arguments& arguments);

// commands_pack.cc
int pack_check(const Arguments& arguments);
int pack_install(const Arguments& arguments);
int pack_show(const Arguments& arguments);
int pack_due(const Arguments& arguments);
// What of the form the pack of `arguments` does not know; `code` is set if the pack is not valid.
std::optional<FormFault> find_fault_by_pack(const ReferralForm& form, const Arguments& arguments,
                                            int& code);

// commands_erasure.cc
int erase(const Arguments& arguments);
int erasure_list(const Arguments& arguments);
int erasure_show(const Arguments& arguments);
int erasure_export(const Arguments& arguments);
int erasure_verify(const Arguments& arguments);

// ---- shared by them (commands.cc)

// For what a node answers after an Argon2id: slow on purpose, and slower on small machines.
inline constexpr Duration login_patience = seconds(60);

// Runs `use` with the node of the home, as whoever identity.h finds; or says that there is no node.
int with_node(const Arguments& arguments, const std::function<int(Client&)>& use);
// The same, as nobody if the node knows nobody at the moment: it is in trouble, and says which.
int with_any_node(const Arguments& arguments, const std::function<int(Client&)>& use);
// The same with the case that was typed, as it stands.
int with_shown_case(const Arguments& arguments,
                    const std::function<int(Client&, const api::Case&)>& use);
// The user that was typed: her whole name, or her id (commands_user.cc).
[[nodiscard]] Result<api::UserView> find_user(Client& client, const std::string& typed);
// Becomes the hamrohd that lies beside this program, with --json if that was typed; returns only if
// there is none.
int become_daemon(const Arguments& arguments, std::vector<std::string> words);
// Says what the node refused, where, and what to do next; the exit code tells no node, a timeout
// and a refusal apart.
int fail(const Arguments& arguments, const std::string& where, const Error& error,
         const Client& client);
int fail(const Arguments& arguments, const std::string& where, const LookupFault& fault,
         const Client& client);
int fail(const Arguments& arguments, const std::string& where, const Error& error);
int usage(const Arguments& arguments, const std::string& what);
// "a, b, c".
[[nodiscard]] std::string joined(const std::vector<std::string>& words);
[[nodiscard]] std::string joined(std::span<const CodeName> codes);
[[nodiscard]] Timestamp wall_now();
// Of what is typed or shown: --language, else that of LANG, else en.
[[nodiscard]] std::string language_of(const Arguments& arguments);
// For what has nothing to show but that it was done: exit_done.
int said(const Arguments& arguments, const std::string& words);
// ---- of messages (commands_case.cc)

// How long the typed command waits for what; nothing if that was typed wrongly.
struct Waiting {
  Level level = Level::accepted;
  Duration timeout;
};
[[nodiscard]] std::optional<Waiting> waiting_of(const Arguments& arguments);
inline constexpr const char* waiting_usage =
    "--wait is accepted, stored or opened; --timeout like 10s";
// Says that the node has taken the message over, then waits if that was asked for.
int say_and_wait(const Arguments& arguments, const Waiting& waiting, const api::Accepted& accepted,
                 Client& client);
int refuse_form(const Arguments& arguments, const std::string& file, const FormFault& fault);
// What --text-file and --language say; nothing if nothing was typed. Errors: those of the file.
[[nodiscard]] Result<std::optional<FreeText>> typed_text(const Arguments& arguments);

// The last moment of a day, "2026-12-31", in UTC (commands_lifecycle.cc).
[[nodiscard]] std::optional<Timestamp> end_of_day(const std::string& date);

// The digest of the message of that case that was typed (commands_lifecycle.cc).
[[nodiscard]] Lookup<std::optional<Digest>> find_event(Client& client, const CaseView& shown,
                                                       const std::string& typed);

// What members are called, and those users; none of members if the node has no directory.
[[nodiscard]] Names names_of(Client& client, const api::Names& users = {});

// The one of `names` (at least one) that takes the fewest changes of a letter to get from `typed`.
[[nodiscard]] std::string nearest(const std::vector<std::string>& names, const std::string& typed);
// "500ms", "10s", "2m", "1h"; at most a day.
[[nodiscard]] std::optional<Duration> parse_duration(const std::string& text);
[[nodiscard]] std::optional<Level> parse_level(const std::string& text);

}  // namespace hamroh
