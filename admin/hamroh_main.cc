// hamroh: what operators and integrators do with the node of their organisation.
//
// What it does    Asks the daemon of a home over its local API, and prints the answer for people
//                 or, with --json, for programs. `node init` and `node join` run hamrohd, which
//                 lies beside it.
// What it trusts  Whoever may read the home. Everything it prints is escaped for terminals.
// Exit codes      0 done, 1 refused (with a coded reason), 2 usage, 3 no node, 4 timed out.

#include <CLI/CLI.hpp>
#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <filesystem>

#include "admin/commands.h"
#include "admin/passphrase.h"
#include "admin/report.h"
#include "protocol/crypto.h"

namespace {

using namespace hamroh;

using Verb = int (*)(const Arguments&);

constexpr const char* about =
    "hamroh: refer cases between organisations, with signed receipts\n\n"
    "Example, from a new node to a receipt:\n"
    "  hamroh node init --network network.hamroh --name \"Umed\" --kind ngo --listen "
    "tcp://127.0.0.1:7001\n"
    "  hamroh node join --directory directory.hamroh      (then start: hamrohd --home DIR)\n"
    "  hamroh refer --to Khujand --form form.json\n"
    "  hamroh wait MESSAGE --for opened --timeout 10s\n"
    "  hamroh receipt MESSAGE --out receipt.txt\n"
    "and at the other organisation:\n"
    "  hamroh inbox\n"
    "  hamroh case show CASE\n"
    "  hamroh accept CASE\n"
    "  hamroh case status assign CASE\n\n"
    "MEMBER is a member's id or name, CASE and MESSAGE are ids; an unambiguous beginning is "
    "enough.\n"
    "Exit codes: 0 done, 1 refused, 2 usage, 3 no node, 4 timed out.\n";

// $HAMROH_HOME, else ~/.hamroh, else /var/lib/hamroh if that one exists and ~/.hamroh does not.
std::string default_home() {
  if (const char* set = std::getenv("HAMROH_HOME"); set != nullptr && *set != '\0') {
    return set;
  }
  const char* user = std::getenv("HOME");
  const std::string own = std::string(user == nullptr ? "" : user) + "/.hamroh";
  const std::string system = "/var/lib/hamroh";
  std::error_code fault;
  const bool use_system =
      !std::filesystem::exists(own, fault) && std::filesystem::exists(system, fault);
  return use_system ? system : own;
}

// The verbs of one command line, and which of them was typed.
class CommandLine {
 public:
  explicit CommandLine(Arguments& arguments) : a_(arguments), app_(about) {
    app_.require_subcommand(1);
    app_.fallthrough();
    app_.set_version_flag("--version", HAMROH_VERSION);
    app_.add_option("--home", a_.home,
                    "The node's home (default $HAMROH_HOME, ~/.hamroh or /var/lib/hamroh)");
    app_.add_flag("--json", a_.json, "Print JSON for programs");
    app_.add_option("--as", a_.as, "Act as this user, who is logged in here");
    app_.add_option("--key", a_.key_file, "Act as the program of this key file (or $HAMROH_KEY)");
    add_node_verbs();
    add_referral_verbs();
    add_case_verbs();
    add_attachment_verbs();
    add_service_verbs();
    add_consent_verbs();
    add_vote_verbs();
    add_pack_verbs();
    add_ledger_verbs();
    add_erasure_verbs();
    add_operator_verbs();
    add_login_verbs();
    add_user_verbs();
  }

  int run(int count, char** values) {
    try {
      app_.parse(count, values);
    } catch (const CLI::ParseError& fault) {
      const std::string unknown =
          fault.get_exit_code() == 0 ? "" : unknown_verb({values + 1, values + count});
      return !unknown.empty() ? usage(a_, unknown) : app_.exit(fault) == 0 ? exit_done : exit_usage;
    }
    if (a_.home.empty()) {
      a_.home = default_home();
    }
    return typed_(a_);
  }

 private:
  // What to say of the first word that is no verb where a verb is wanted; empty if there is none.
  [[nodiscard]] std::string unknown_verb(const std::vector<std::string>& words) const {
    const CLI::App* at = &app_;
    for (std::size_t i = 0; i < words.size(); ++i) {
      if (words[i].starts_with('-')) {
        const CLI::Option* option = app_.get_option_no_throw(words[i]);
        i += option != nullptr && option->get_items_expected_max() > 0 ? 1 : 0;
        continue;
      }
      const std::vector<const CLI::App*> verbs = at->get_subcommands({});
      if (verbs.empty()) {
        return {};
      }
      const auto typed = std::ranges::find(verbs, words[i], &CLI::App::get_name);
      if (typed == verbs.end()) {
        std::vector<std::string> names;
        for (const CLI::App* one : verbs) {
          names.push_back(one->get_name());
        }
        const std::string group = at == &app_ ? "hamroh" : "hamroh " + at->get_name();
        return "\"" + words[i] + "\" is no command of " + group + "; did you mean \"" +
               nearest(names, words[i]) + "\"?";
      }
      at = *typed;
    }
    return {};
  }

  CLI::App* verb(CLI::App* under, const char* name, const char* what, const char* example,
                 Verb run) {
    CLI::App* added = under->add_subcommand(name, what);
    added->footer(std::string("Also: --home DIR, --json. Example:\n  ") + example);
    added->callback([this, run] { typed_ = run; });
    return added;
  }
  CLI::App* group(const char* name, const char* what, const char* example) {
    CLI::App* added = app_.add_subcommand(name, what);
    added->footer(std::string("Example:\n  ") + example);
    added->require_subcommand(1);
    return added;
  }
  void with_case(CLI::App* verb) { verb->add_option("case", a_.case_id, "The case")->required(); }
  void may_wait(CLI::App* verb) {
    verb->add_option("--wait", a_.wait_level, "Wait for this level: stored or opened");
    verb->add_option("--timeout", a_.timeout, "How long to wait (default 10s)");
  }
  void with_message(CLI::App* verb) {
    verb->add_option("message", a_.message, "The message")->required();
  }

  void add_node_verbs() {
    CLI::App* node = group("node", "Make a node, let it join a network, show who it is",
                           "hamroh node join --directory directory.hamroh");
    CLI::App* init = verb(node, "init", "Make a node and its request for admission",
                          "hamroh node init --network network.hamroh --name Umed --kind ngo "
                          "--listen tcp://127.0.0.1:7001",
                          node_init);
    init->add_option("--network", a_.network, "The network file")->required();
    init->add_option("--name", a_.name, "The organisation's name");
    init->add_option("--kind", a_.kind, "ngo, provider, clinic, commission, ministry, …");
    init->add_option("--again", a_.again,
                     "Instead of these: the member (id or name) that lost its keys");
    init->add_option("--directory", a_.directory, "With --again: the directory where it stands");
    init->add_option("--listen", a_.listen, "tcp://HOST:PORT that others can reach")->required();
    CLI::Option* file =
        init->add_option("--passphrase-file", a_.passphrase_file, "Lock the vault with this");
    init->add_flag("--passphrase-prompt", a_.passphrase_prompt, "Ask for a passphrase")
        ->excludes(file);
    init->add_option("--operator", a_.operator_name,
                     "Name of the first operator (default operator); without a passphrase she logs "
                     "in with HOME/operator.key");
    CLI::App* request = verb(node, "request", "Show the request for admission and its fingerprint",
                             "hamroh node request --png fingerprint.png", node_request);
    request->add_option("--png", a_.png, "Write the fingerprint as a QR code to this file");
    CLI::App* join =
        verb(node, "join", "Take over a directory, or any other file, from the administrators",
             "hamroh node join --directory directory.hamroh", node_join);
    join->add_option("--directory", a_.directory,
                     "A directory, update, history, network or suspension file")
        ->required();
    CLI::App* returning =
        verb(node, "return", "Come back with what a backup held, as the next incarnation",
             "hamroh node return --home NEW --directory history.hamroh", node_return);
    returning->add_option("--directory", a_.directory,
                          "The administrators' history.hamroh, if there is one");
    returning->add_option("--listen", a_.listen, "tcp://HOST:PORT, if it is another one now");
    CLI::Option* return_file = returning->add_option("--passphrase-file", a_.passphrase_file,
                                                     "File with a passphrase that opens the vault");
    returning->add_flag("--passphrase-prompt", a_.passphrase_prompt, "Ask for it")
        ->excludes(return_file);
    returning->add_option("--user", a_.user, "Whose passphrase it is (an operator's)");
    CLI::App* move = verb(node, "move", "Tell everybody a new address of this node",
                          "hamroh node move --listen tcp://192.0.2.8:7311", node_move);
    move->add_option("--listen", a_.listen, "tcp://HOST:PORT that others can reach")->required();
    verb(node, "show", "Show who this node is", "hamroh node show", node_show);
  }

  void add_referral_verbs() {
    CLI::App* referral = verb(&app_, "refer", "Refer a person: send a form, open a case",
                              "hamroh refer --to Khujand --form form.json --wait opened", refer);
    referral->add_option("--to", a_.to, "The member to refer to: id, name or beginning")
        ->required();
    referral->add_option("--form", a_.form, "The form, JSON")->required();
    referral->add_option("--case", a_.case_id,
                         "A case of yours, to ask one more member for help; else a case is opened");
    referral->add_flag("--anyway", a_.anyway,
                       "Also if the member says that it is full, closed, or not for such a person");
    may_wait(referral);
    CLI::App* waiting = verb(&app_, "wait", "Wait until a message has come so far",
                             "hamroh wait MESSAGE --for opened --timeout 10s", wait);
    with_message(waiting);
    waiting->add_option("--for", a_.wait_level, "stored or opened")->required();
    waiting->add_option("--timeout", a_.timeout, "How long to wait (default 10s)");
    verb(&app_, "inbox", "What came in and waits for a decision", "hamroh inbox", inbox);
  }

  void add_case_verbs() {
    CLI::App* cases = group("case", "Show cases", "hamroh case show 0193a5c2-7b41");
    with_case(verb(cases, "show", "Show one case and all its events",
                   "hamroh case show 0193a5c2-7b41", case_show));
    CLI::App* statement =
        verb(cases, "person-statement",
             "A page for the person: what was shared about her, with whom, and how to take it back",
             "hamroh case person-statement 0193a5c2 --language tg", case_person_statement);
    with_case(statement);
    statement->add_option("--language", a_.language, "tg, ru or en (default: that of LANG)");
    statement->add_option("--out", a_.out, "Write it to this file");
    verb(cases, "list", "List the cases, newest first", "hamroh case list --overdue", case_list)
        ->add_flag("--overdue", a_.overdue, "Only those in which something was missed");
    add_access_verbs(cases);
    add_lifecycle_verbs(cases);
    CLI::App* accepting =
        verb(&app_, "accept", "Accept a referral", "hamroh accept CASE --wait opened", accept);
    with_case(accepting);
    may_wait(accepting);
    accepting->add_option("--about", a_.about, "Which referral, if several wait");
    CLI::App* declining = verb(&app_, "decline", "Decline a referral, with a reason",
                               "hamroh decline CASE --reason no_capacity", decline);
    with_case(declining);
    may_wait(declining);
    declining->add_option("--about", a_.about, "Which referral, if several wait");
    declining->add_option("--reason", a_.reason, "A code, such as no_capacity")->required();
    declining->add_option("--text-file", a_.text_file, "Words about it (- for standard input)");
    declining->add_option("--language", a_.language, "Of the words, such as tg");
    CLI::App* noting = verb(&app_, "note", "Write a note into a case",
                            "hamroh note CASE --text-file note.txt --language tg", note);
    with_case(noting);
    may_wait(noting);
    noting->add_option("--text-file", a_.text_file, "The note (- for standard input)")->required();
    noting->add_option("--language", a_.language, "Of the note (default from $LANG, else en)");
    CLI::App* disclosing =
        verb(&app_, "disclose", "Disclose more of a form to a recipient that has accepted it",
             "hamroh disclose CASE --to Panoh --field sealed.health", disclose);
    with_case(disclosing);
    may_wait(disclosing);
    disclosing->add_option("--to", a_.to, "The recipient: id, name or beginning")->required();
    disclosing
        ->add_option("--field,--tier", a_.fields,
                     "A field, such as sealed.health, or a tier: T2, T3, T4; may be repeated")
        ->required();
    CLI::App* forms = group("form", "Check forms, without any node", "hamroh form check form.json");
    CLI::App* check = verb(forms, "check", "Say whether a form is valid, and if not why",
                           "hamroh form check form.json", form_check);
    check->add_option("form", a_.form, "The form, JSON")->required();
    check->add_option("--pack", a_.packs, "Compare its codes with this pack, TOML")->expected(1);
  }

  void add_consent_verbs() {
    CLI::App* consent =
        group("consent", "How a consent stands; give, change or withdraw it, and answer",
              "hamroh consent withdraw 0193a5c2");
    with_case(verb(consent, "show", "What the consent allows now, and who has answered",
                   "hamroh consent show 0193a5c2", consent_show));
    const auto states = [&](const char* name, const char* what, const char* example, Verb run) {
      CLI::App* added = verb(consent, name, what, example, run);
      with_case(added);
      may_wait(added);
      added->add_option("--text-file", a_.text_file, "Words about it (- for standard input)");
      added->add_option("--language", a_.language, "Of the words, such as tg");
      return added;
    };
    constexpr const char* file = "The whole consent as it stands now, JSON, as in a form";
    states("give", "The person consents, anew or for the first time; everybody is told",
           "hamroh consent give CASE --consent consent.json", consent_give)
        ->add_option("--consent", a_.form, file)
        ->required();
    states("change", "The person allows less than before; everybody is told, and stops the rest",
           "hamroh consent change CASE --consent consent.json", consent_change)
        ->add_option("--consent", a_.form, file)
        ->required();
    states("withdraw", "The person withdraws her consent; everybody is told, and stops",
           "hamroh consent withdraw CASE --text-file words.txt --language tg", consent_withdraw)
        ->add_option("--date", a_.date, "When she did, such as 2026-11-20 (default: today)");
    CLI::App* applying =
        verb(consent, "apply", "Decide what becomes of what is held here after a withdrawal",
             "hamroh consent apply CASE --keep legal_claim --text-file why.txt\n"
             "  hamroh consent apply CASE --erase",
             consent_apply);
    with_case(applying);
    may_wait(applying);
    applying->add_flag("--erase", a_.erases, "Destroy it all; a supervisor may, and it is told");
    applying->add_option("--keep", a_.reason, "Keep it, on this ground of the pack");
    applying->add_option("--text-file", a_.text_file,
                         "The article of law, or more about the ground (- for standard input)");
    applying->add_option("--language", a_.language, "Of the words, such as tg");
    applying->add_flag("--yes", a_.yes, "Do not ask whether this is certain");
  }

  void add_attachment_verbs() {
    CLI::App* attaching =
        verb(&app_, "attach", "Send a file with a case; go on with it if that was broken off",
             "hamroh attach CASE scan.pdf --to Sughd --wait whole --timeout 10m", attach);
    with_case(attaching);
    attaching->add_option("file", a_.file, "The file, at most 64 MiB")->required();
    attaching->add_option("--to", a_.recipients,
                          "A recipient: id, name or beginning; may be repeated (default: whoever "
                          "takes part)");
    attaching->add_option("--name", a_.name, "What it is called there (default: as here)");
    attaching->add_option("--wait", a_.wait_level,
                          "Wait for this level: stored, opened, or whole, when every recipient has "
                          "all of it");
    attaching->add_option("--timeout", a_.timeout, "How long to wait (default 10s)");
    CLI::App* files = group("attachment", "Files that go with a case: list them, save one",
                            "hamroh attachment list CASE");
    with_case(verb(files, "list", "List the files of a case, and how much of each is here",
                   "hamroh attachment list CASE --json", attachment_list));
    CLI::App* saving = verb(files, "save",
                            "Write a file of a case to this machine, unopened. It may hold "
                            "anything: open it where it can do no harm",
                            "hamroh attachment save CASE 1 --out scan.pdf", attachment_save);
    with_case(saving);
    saving->add_option("attachment", a_.attachment, "Its number in the list, or its message")
        ->required();
    saving->add_option("--out", a_.out, "Where to; nothing is overwritten")->required();
  }

  void with_status_file(CLI::App* verb) {
    verb->add_option("--status-file", a_.status_file,
                     "What the decision rests on, JSON (deploy/forms has a sample); it stays here, "
                     "and travels as a commitment. waiting: the one that others have signed");
  }

  void add_vote_verbs() {
    CLI::App* voting =
        verb(&app_, "vote",
             "Sign a decision on a status, an appeal or a request for money (commissioners)",
             "hamroh vote CASE assign\n  hamroh vote CASE refuse --reason evidence_incomplete\n"
             "  hamroh vote CASE approve",
             vote);
    with_case(voting);
    voting->add_option("decision", a_.outcome, "assign, refuse, overturn, uphold or approve")
        ->required();
    voting->add_option("--about", a_.about,
                       "The request for money (default: the newest that waits)");
    voting->add_option("--reason", a_.reason, "A ground; of a refusal always");
    voting->add_option("--text-file", a_.text_file, "Words about it (- for standard input)");
    voting->add_option("--language", a_.language, "Of the words (default from $LANG, else en)");
    voting->add_option("--suggest", a_.offered, "With a refusal: the member that is competent");
    voting->add_option("--passphrase-file", a_.passphrase_file, "File with your passphrase");
    with_status_file(voting);
    CLI::App* due_verb = verb(&app_, "due", "What is due, from whom, and until when",
                              "hamroh due --overdue --json", due);
    due_verb->add_flag("--overdue", a_.overdue, "Only what was missed");
    due_verb->add_flag("--mine", a_.mine, "Only what is due from this organisation");
    due_verb->add_flag("--escalated", a_.escalated,
                       "What others have told this node as their oversight body");
    verb(&app_, "votes", "Decisions that wait for votes, and who has signed them",
         "hamroh votes --json", votes);
  }

  void add_service_verbs() {
    CLI::App* listing =
        app_.add_subcommand("services", "Who gives which services, and who has a free place");
    listing->footer(
        "Also: --home DIR, --json. Examples:\n"
        "  hamroh services --need shelter --district TJ-SU-KHUJAND --sex female --age 18-24\n"
        "  hamroh services publish --file services.json\n"
        "  hamroh services places 3 --service shelter");
    listing->add_option("--need", a_.service, "A service, such as shelter: who can take somebody");
    listing->add_option("--district", a_.district, "Where, such as TJ-SU-KHUJAND");
    listing->add_option("--sex", a_.sex, "For whom: female, male or other");
    listing->add_option("--age", a_.age, "For whom: an age band, such as 18-24");
    listing->add_option("--language", a_.language, "Those who speak it come first, such as tg");
    CLI::App* publish =
        verb(listing, "publish", "Tell all members that refer people what services you give",
             "hamroh services publish --file services.json", services_publish);
    publish->add_option("--file", a_.form, "The statement, JSON; deploy/forms has a sample")
        ->required();
    CLI::App* free = verb(listing, "places", "Tell them how many places are free now",
                          "hamroh services places 3 --service shelter", services_places);
    free->add_option("free", a_.places, "How many")->required();
    free->add_option("--service", a_.service, "Of which service")->required();
    free->add_option("--valid-days", a_.valid_days,
                     "How long the statement counts from now on (default: until when it did)");
    listing->callback([this, listing] {
      typed_ = listing->got_subcommand("publish")  ? services_publish
               : listing->got_subcommand("places") ? services_places
                                                   : services;
    });
  }

  void add_pack_verbs() {
    CLI::App* packs =
        group("pack", "Check, show and install jurisdiction packs", "hamroh pack check pack.toml");
    CLI::App* check =
        verb(packs, "check", "Tell every mistake of a pack by line, and what it leaves unset",
             "hamroh pack check deploy/packs/example/pack.toml", pack_check);
    check->add_option("file", a_.packs, "The packs, TOML")->required();
    CLI::App* show = verb(packs, "show", "Say in plain words what a pack lays down",
                          "hamroh pack show pack.toml --language tg", pack_show);
    show->add_option("file", a_.packs, "The pack, TOML")->expected(0, 1);
    show->add_flag("--in-force", a_.in_force, "The pack that the running node goes by");
    CLI::App* install =
        verb(packs, "install", "Give the pack that the directory names to the running node",
             "hamroh pack install pack.toml", pack_install);
    install->add_option("file", a_.packs, "The pack, TOML")->required()->expected(1);
    show->add_option("--language", a_.language, "en, ru or tg (default en)");
    CLI::App* due = verb(
        packs, "due", "Say when something is due by a pack: try its clocks before signing it",
        "hamroh pack due pack.toml --clock referral_decision --from 2026-12-30T16:00", pack_due);
    due->add_option("file", a_.packs, "The pack, TOML")->required()->expected(1);
    due->add_option("--clock", a_.clock, "Which clock")->required();
    due->add_option("--urgency", a_.urgency, "emergency, urgent or normal (default normal)");
    due->add_option("--from", a_.begins, "When it begins, YYYY-MM-DDTHH:MM there (default now)");
  }

  // The verbs of one group, each for a kind of event; what they take follows from its rule.
  struct EventVerb {
    EventKind kind;
    const char* name;
    const char* what;
    const char* example;
  };
  void add_events(CLI::App* under, std::initializer_list<EventVerb> verbs) {
    for (const EventVerb& one : verbs) {
      CLI::App* added = verb(under, one.name, one.what, one.example, tell);
      added->callback([this, kind = one.kind] {
        a_.event = kind;
        typed_ = tell;
      });
      with_case(added);
      may_wait(added);
      take_particulars(added, *find_rule(one.kind));
    }
  }
  void take_particulars(CLI::App* added, const Rule& rule) {
    const auto takes = [&](Field field) {
      return rule.needed.has(field) || rule.allowed.has(field);
    };
    const auto option = [&](Field field, const char* name, std::string& value, const char* what) {
      if (takes(field)) {
        added->add_option(name, value, what)->required(rule.needed.has(field));
      }
    };
    option(Field::code, rule.codes == CodeList::service ? "--service" : "--reason", a_.reason,
           "A code; a wrong one is answered with those that there are");
    option(Field::text, "--text-file", a_.text_file, "Words about it (- for standard input)");
    if (takes(Field::text)) {
      added->add_option("--language", a_.language, "Of the words (default from $LANG, else en)");
    }
    if (may_have_status_file(rule.kind)) {
      with_status_file(added);
    }
    option(Field::until, "--until", a_.until, "The last day, such as 2026-12-31");
    option(Field::outcome, "--outcome", a_.outcome, "What it came to");
    const char* member = rule.kind == EventKind::transfer_offer ? "--to" : "--suggest";
    option(Field::member, member, a_.offered, "A member: id, name or beginning");
    if (takes(Field::money)) {
      added->add_option("--amount", a_.amount, "In minor units, such as dirams")->required();
      added->add_option("--currency", a_.currency, "Such as TJS")->required();
    }
    if (takes(Field::about)) {
      const bool correction = rule.kind == EventKind::record_correct;
      added->add_option("--about", a_.about, "The message; without it the newest that fits")
          ->required(correction);
    } else if (rule.kind != EventKind::transfer_offer) {
      added->add_option("--to", a_.recipients,
                        "Who hears of it; may be given several times (default: who usually does)");
    }
  }

  void add_lifecycle_verbs(CLI::App* cases) {
    using K = EventKind;
    add_events(
        &app_,
        {{K::referral_receive, "receive", "Say that somebody has the referral in hand",
          "hamroh receive CASE"},
         {K::referral_redirect, "redirect", "Give a referral back, and suggest another member",
          "hamroh redirect CASE --suggest Panoh --reason outside_area"},
         {K::referral_revoke, "revoke", "Take back a referral that nobody has accepted",
          "hamroh revoke CASE --reason person_withdrew"},
         {K::call_record, "called", "Record that you have telephoned whoever a referral is for",
          "hamroh called CASE --text-file what-they-said.txt"},
         {K::case_close, "close", "Close a case", "hamroh close CASE --reason goals_met"},
         {K::case_reopen, "reopen", "Open a closed case again",
          "hamroh reopen CASE --reason returned"},
         {K::record_correct, "correct", "Say anew what an earlier event of yours says",
          "hamroh correct CASE --about MESSAGE --text-file right.txt"}});
    add_events(group("info", "Ask the sender of a referral for information, or answer",
                     "hamroh info request CASE --text-file question.txt"),
               {{K::info_request, "request", "Ask; the clock stands meanwhile",
                 "hamroh info request CASE --text-file question.txt"},
                {K::info_answer, "answer", "Answer",
                 "hamroh info answer CASE --text-file answer.txt --language tg"}});
    add_events(group("cancel", "Take back a referral that was accepted",
                     "hamroh cancel request CASE --reason person_withdrew"),
               {{K::cancel_request, "request", "Ask who accepted it to let go",
                 "hamroh cancel request CASE --reason person_withdrew"},
                {K::cancel_confirm, "confirm", "Let go", "hamroh cancel confirm CASE"}});
    CLI::App* status = cases->add_subcommand("status", "The status: apply, decide, appeal");
    status->footer("Example:\n  hamroh case status apply CASE --to Sughd --to Ministry");
    status->require_subcommand(1);
    add_events(status,
               {{K::status_apply, "apply", "Apply, to all who will decide and confirm",
                 "hamroh case status apply CASE --to Sughd --to Ministry"},
                {K::status_pre_grant, "pre-grant", "Grant a preliminary status until a day",
                 "hamroh case status pre-grant CASE --until 2026-12-31"},
                {K::status_assign, "assign", "Assign the status, for the ministry to confirm",
                 "hamroh case status assign CASE --wait opened"},
                {K::status_refuse, "refuse", "Refuse the status, with a ground",
                 "hamroh case status refuse CASE --reason evidence_incomplete"},
                {K::status_appeal, "appeal", "Appeal against a refusal",
                 "hamroh case status appeal CASE"}});
    with_case(verb(status, "file", "What decisions rest on: indicators, evidence, certificate",
                   "hamroh case status file CASE --json", case_status_file));
    add_events(group("ministry", "Confirm a status that was assigned, or return it",
                     "hamroh ministry confirm CASE"),
               {{K::ministry_confirm, "confirm", "Confirm it", "hamroh ministry confirm CASE"},
                {K::ministry_return, "return", "Return it to who assigned it, with a ground",
                 "hamroh ministry return CASE --reason protocol_incomplete"}});
    add_events(
        group("appeal", "Decide on an appeal", "hamroh appeal outcome CASE --outcome overturned"),
        {{K::appeal_outcome, "outcome", "Overturn the refusal, or uphold it",
          "hamroh appeal outcome CASE --outcome overturned"}});
    add_events(
        group("transfer", "Hand a case to another owner", "hamroh transfer offer CASE --to Panoh"),
        {{K::transfer_offer, "offer", "Offer it; it stays yours until that is accepted",
          "hamroh transfer offer CASE --to Panoh"},
         {K::transfer_accept, "accept", "Take it over", "hamroh transfer accept CASE"},
         {K::transfer_decline, "decline", "Decline it, with a reason",
          "hamroh transfer decline CASE --reason no_capacity"}});
    add_events(group("service", "Report services to a person whose referral was accepted",
                     "hamroh service start CASE --service shelter"),
               {{K::emergency_start, "start", "Say that a service has begun",
                 "hamroh service start CASE --service shelter"},
                {K::service_report, "report", "Say what a service came to",
                 "hamroh service report CASE --service shelter --outcome completed"}});
    CLI::App* fund = group("fund", "Emergency money",
                           "hamroh fund request CASE --reason food --amount 50000 "
                           "--currency TJS --to Fund");
    add_events(
        fund, {{K::fund_request, "request", "Ask a fund for money",
                "hamroh fund request CASE --reason food --amount 50000 --currency TJS --to Fund"},
               {K::fund_approve, "approve", "Approve a request", "hamroh fund approve CASE"},
               {K::fund_refuse, "refuse", "Refuse a request, with a ground",
                "hamroh fund refuse CASE --reason no_funds"},
               {K::fund_paid, "paid", "Say what was paid",
                "hamroh fund paid CASE --amount 50000 --currency TJS"},
               {K::fund_accounted, "account", "Say what it was spent on",
                "hamroh fund account CASE --amount 48000 --currency TJS --text-file account.txt"}});
    CLI::App* totals =
        verb(fund, "totals",
             "Numbers and sums over all cases here: asked, decided, paid, accounted, open. For "
             "supervisors and auditors",
             "hamroh fund totals --from 2026-01-01 --to 2026-03-31 --for-oversight", fund_totals);
    totals->add_option("--from", a_.from_day, "The first day, in UTC (default: the first of all)");
    totals->add_option("--to", a_.to_day, "The last day, in UTC (default: until now)");
    totals->add_flag("--for-oversight", a_.for_oversight,
                     "Leave out what counts fewer than 10 requests, and what it could be computed "
                     "from");
  }

  void add_ledger_verbs() {
    CLI::App* proof = verb(&app_, "receipt", "Write the signed receipt of a message to a file",
                           "hamroh receipt MESSAGE --out receipt.txt", receipt);
    with_message(proof);
    proof->add_option("--out", a_.out, "The file (- for standard output)")->required();
    proof->add_option("--from", a_.member, "Of this recipient, if there are several");
    CLI::App* ledger =
        group("ledger", "Verify or export this node's ledger", "hamroh ledger verify");
    verb(ledger, "verify", "Recompute the root over all entries, check the signed head",
         "hamroh ledger verify", ledger_verify);
    CLI::App* exporting = verb(ledger, "export", "Write all entries and the head to a file",
                               "hamroh ledger export --out ledger.txt", ledger_export);
    exporting->add_option("--out", a_.out, "The file")->required();
  }

  void add_erasure_verbs() {
    CLI::App* erasing = verb(&app_, "erase", "Destroy everything that this node holds of a case",
                             "hamroh erase CASE --reason withdrawal", erase);
    with_case(erasing);
    erasing
        ->add_option("--reason", a_.reason,
                     "retention, request, withdrawal, entered_in_error, legal_duty or other")
        ->required();
    erasing->add_flag("--do-not-ask-others", a_.do_not_ask_others,
                      "Do not ask the other participants to erase it, too");
    erasing->add_flag("--yes", a_.yes, "Do not ask whether this is certain");
    CLI::App* erasures = group("erasure", "What was erased, who wants it, and certificates",
                               "hamroh erasure show 0193a5c2-7b41");
    verb(erasures, "list", "All that was erased here, and what others want to be erased",
         "hamroh erasure list", erasure_list);
    with_case(verb(erasures, "show", "One case: who has erased it, who was asked",
                   "hamroh erasure show 0193a5c2-7b41", erasure_show));
    CLI::App* exporting =
        verb(erasures, "export", "Write a certificate to a file",
             "hamroh erasure export CASE --from Sughd --out certificate.hamroh", erasure_export);
    with_case(exporting);
    exporting->add_option("--out", a_.out, "The file")->required();
    exporting->add_option("--from", a_.member, "The certificate of this member, not the own one");
    CLI::App* verifying =
        verb(erasures, "verify",
             "Check a certificate against the history of a network, without any node",
             "hamroh erasure verify certificate.hamroh --history history.hamroh", erasure_verify);
    verifying->add_option("file", a_.out, "The certificate")->required();
    verifying->add_option("--history", a_.directory, "The history, from an administrator")
        ->required();
  }

  void add_operator_verbs() {
    verb(&app_, "status", "How the node is: link, peers, outbox, ledger, vault, store",
         "hamroh status --json", status);
    CLI::App* stream = verb(&app_, "events", "What happened, one line each",
                            "hamroh events --from 0 --follow --json", events);
    stream
        ->add_option("--from", a_.from,
                     "The cursor to begin at (default 0; new ones only with "
                     "--follow)")
        ->each([this](const std::string&) { a_.has_from = true; });
    stream->add_flag("--follow", a_.follow, "Go on with what happens");
    CLI::App* opening = verb(&app_, "unlock", "Open the vault, with a user's passphrase",
                             "hamroh unlock Madina", unlock);
    opening->add_option("name", a_.user, "The user; without a name you are asked");
    opening->add_option("--passphrase-file", a_.passphrase_file, "File with the passphrase");
    opening->add_option("--code", a_.code, "Of the second factor");
    opening->add_flag("--keep-session", a_.keep_session, "Stay logged in");
    verb(&app_, "lock", "Close the vault", "hamroh lock", lock);
    CLI::App* vault = group("vault", "Choose what opens the vault", "hamroh vault users");
    verb(vault, "users", "Nothing but passphrases of users; a key file opens nothing any more",
         "hamroh vault users", vault_users);
    verb(vault, "key-file", "HOME/reader.key as well, at every start and without anybody",
         "hamroh vault key-file", vault_key_file);
    add_emergency_verbs();
    add_backup_verbs();
    verb(&app_, "members", "Who is in the network, and with what capabilities",
         "hamroh members --json", members);
    CLI::App* alarm = verb(&app_, "alarms", "Evidence that something was signed twice",
                           "hamroh alarms --out evidence", alarms);
    alarm->add_option("--out", a_.out, "Directory to write the signed files to");
    CLI::App* keys = group("key", "Change the keys of this node", "hamroh key rotate transport");
    CLI::App* rotate =
        verb(keys, "rotate", "Make new keys, and tell everybody under the present author key",
             "hamroh key rotate transport epoch", key_rotate);
    rotate->add_option("key", a_.key_purposes, "author, receipt, witness, transport, epoch, or all")
        ->required();
    rotate->add_option("--out", a_.out, "Write the signed statement to this file as well");
    CLI::App* clock = group("clock", "Answer questions about the clock", "hamroh clock confirm");
    verb(clock, "confirm", "Say that this machine's clock is right", "hamroh clock confirm",
         clock_confirm);
  }

  void opens_backup(CLI::App* verb) {
    verb->add_option("--keys", a_.keys, "The keyring, backup-keys.hamroh or a copy of it")
        ->required();
    verb->add_option("--keys-passphrase-file", a_.keys_passphrase_file,
                     "File with the passphrase, for a backup made --without-recovery");
    verb->add_option("share", a_.share_files, "Files with recovery shares");
  }

  void add_backup_verbs() {
    CLI::App* making =
        app_.add_subcommand("backup", "Copy the whole node into one sealed file, while it runs");
    making->footer(
        "Also: --home DIR, --json. Examples:\n"
        "  hamroh backup --out /mnt/backup/umed.backup --keys-out /mnt/safe/umed.keys\n"
        "  hamroh backup verify /mnt/backup/umed.backup --keys /mnt/safe/umed.keys SHARE SHARE "
        "SHARE");
    making->add_option("--out", a_.out, "The file; what had its name goes only at the end");
    making->add_option("--keys-out", a_.keys_out,
                       "Write a copy of the keyring here, always to the same file");
    making->add_option(
        "--rate", a_.rate,
        "At most so many MB/s, so that the node has the disk too (default 100; 0: as "
        "fast as it goes)");
    making->add_flag("--without-recovery", a_.without_recovery,
                     "A passphrase opens it, instead of recovery shares");
    making->add_option("--passphrase-file", a_.passphrase_file, "With --without-recovery");
    CLI::App* check =
        verb(making, "verify", "Open a backup and check every page, restoring nothing",
             "hamroh backup verify umed.backup --keys umed.keys share-1.txt "
             "share-4.txt share-5.txt",
             backup_verify);
    check->add_option("file", a_.from_file, "The backup")->required();
    opens_backup(check);
    making->callback(
        [this, making] { typed_ = making->got_subcommand("verify") ? backup_verify : backup; });
    CLI::App* restoring = verb(
        &app_, "restore", "Put a backup into a new home, or rehearse it",
        "hamroh restore --from umed.backup --keys umed.keys --home NEW share-1.txt share-4.txt "
        "share-5.txt\n  hamroh restore --rehearse --from umed.backup --keys umed.keys SHARE...",
        restore);
    restoring->add_option("--from", a_.from_file, "The backup")->required();
    opens_backup(restoring);
    restoring->add_flag("--rehearse", a_.rehearse,
                        "In a temporary directory ($TMPDIR, else /var/tmp) that is removed again");
    CLI::Option* file = restoring->add_option("--passphrase-file", a_.passphrase_file,
                                              "A new passphrase for the vault");
    CLI::Option* prompt =
        restoring->add_flag("--passphrase-prompt", a_.passphrase_prompt, "Ask for a new passphrase")
            ->excludes(file);
    restoring->add_flag("--key-file", a_.by_key_file, "Open the vault with a key file from now on")
        ->excludes(file)
        ->excludes(prompt);
  }

  void add_emergency_verbs() {
    CLI::App* panicking = verb(
        &app_, "panic", "Lock the node and destroy its keys, now",
        "hamroh panic                          (officers can undo it: hamroh recovery use)", panic);
    panicking->add_flag("--yes", a_.yes, "Do not ask");
    panicking->add_flag("--without-recovery", a_.without_recovery,
                        "Even if there are no recovery shares and everything is lost for good");
    CLI::App* recovery = group("recovery", "Shares by which officers bring destroyed keys back",
                               "hamroh recovery make --shares 5 --threshold 3 --out shares");
    CLI::App* make =
        verb(recovery, "make", "Make new shares; those made before are worthless from then on",
             "hamroh recovery make --shares 5 --threshold 3 --out shares", recovery_make);
    make->add_option("--shares", a_.shares, "How many officers get one: 2 to 16")->required();
    make->add_option("--threshold", a_.threshold, "How many of them it takes: 2 at least")
        ->required();
    make->add_option("--out", a_.out, "A new directory for the files to print")->required();
    CLI::App* check =
        verb(recovery, "check", "Say whether shares are whole, belong together and are enough",
             "hamroh recovery check share-1.txt share-4.txt share-5.txt", recovery_check);
    check->add_option("share", a_.share_files, "Files with shares")->required();
    CLI::App* use = verb(recovery, "use", "Open a stopped node with shares, and give it new keys",
                         "hamroh recovery use share-1.txt share-4.txt share-5.txt", recovery_use);
    use->add_option("share", a_.share_files, "Files with shares")->required();
    CLI::Option* file =
        use->add_option("--passphrase-file", a_.passphrase_file, "A new passphrase for the vault");
    CLI::Option* prompt = use->add_flag("--passphrase-prompt", a_.passphrase_prompt,
                                        "Ask for a new passphrase for the vault")
                              ->excludes(file);
    use->add_flag("--key-file", a_.by_key_file, "Open the vault with a key file from now on")
        ->excludes(file)
        ->excludes(prompt);
  }
  void with_reason(CLI::App* verb) {
    verb->add_option("--reason", a_.reason, "Why, in one line; it stays on record")->required();
  }
  // Who may see which case, and what needs a second person.
  void add_access_verbs(CLI::App* cases) {
    with_case(verb(cases, "take", "Take a case of your team that nobody has",
                   "hamroh case take 0193a5c2-7b41", case_take));
    CLI::App* give = verb(cases, "give", "Give a case to users or another team (supervisors)",
                          "hamroh case give 0193a5c2-7b41 --to Madina", case_give);
    with_case(give);
    give->add_option("--to", a_.give, "A user; may be given several times");
    give->add_option("--not", a_.withdraw, "A user who shall have it no more");
    give->add_option("--team", a_.teams, "The team that it belongs to from now on");
    with_case(verb(cases, "who", "Who saw a case, and to whom it was given",
                   "hamroh case who 0193a5c2-7b41", case_who));
    CLI::App* out = verb(cases, "export", "Write a case to a file, after a supervisor has agreed",
                         "hamroh case export 0193a5c2-7b41 --out case.json", case_export);
    with_case(out);
    out->add_option("--out", a_.out, "The file")->required();
    CLI::App* asking = group("ask", "Ask for what needs a second person",
                             "hamroh ask sealed 0193a5c2-7b41 --reason \"medical appointment\"");
    CLI::App* sealed =
        verb(asking, "sealed", "To read the sealed part of a case, for a day",
             "hamroh ask sealed 0193a5c2-7b41 --reason \"medical appointment\"", ask_sealed);
    with_case(sealed);
    with_reason(sealed);
    CLI::App* file = verb(asking, "export", "To write a case to a file, for a day",
                          "hamroh ask export 0193a5c2-7b41 --reason \"for the court\"", ask_export);
    with_case(file);
    with_reason(file);
    CLI::App* glass = verb(&app_, "break-glass", "Open a case that is not yours, now, on record",
                           "hamroh break-glass 0193a5c2-7b41-7000-8000-000000000000 --reason \"she "
                           "stands at the door\"",
                           break_glass);
    with_case(glass);
    with_reason(glass);
    verb(&app_, "tasks", "What waits for a second person", "hamroh tasks", tasks)
        ->add_flag("--all", a_.all, "Also what was decided");
    for (const auto& [name, what, run] :
         {std::tuple("agree", "Agree, as the second person", &agree),
          std::tuple("disagree", "Refuse, as the second person", &disagree)}) {
      verb(&app_, name, what, "hamroh agree 4b1f09c2", run)
          ->add_option("task", a_.task, "As hamroh tasks shows it")
          ->required();
    }
  }

  void add_login_verbs() {
    CLI::App* in = verb(&app_, "login", "Log in; unlocks the vault if it is locked",
                        "hamroh login Madina", login);
    in->add_option("name", a_.user, "The user (programs: --key FILE instead)");
    in->add_option("--passphrase-file", a_.passphrase_file, "File with the passphrase");
    in->add_option("--code", a_.code, "Of the second factor");
    in->add_option("--new-passphrase-file", a_.new_passphrase_file,
                   "Change the passphrase to that in this file");
    verb(&app_, "logout", "End the session", "hamroh logout", logout);
    verb(&app_, "whoami", "Who is logged in, and what for", "hamroh whoami --json", whoami);
  }

  void add_user_verbs() {
    CLI::App* users = group("user", "Who works with this node, and in what role",
                            "hamroh user add Madina --role case_worker --team intake");
    const auto with_name = [this](CLI::App* verb) {
      verb->add_option("name", a_.user, "The user's name, or id")->required();
      return verb;
    };
    const auto with_rights = [this](CLI::App* verb) {
      verb->add_option("--team", a_.teams, "A team; may be given several times");
      verb->add_option("--grant", a_.grants, "What a program may do: refer,see_cases,…")
          ->delimiter(',');
      return verb;
    };
    CLI::App* add = with_rights(
        with_name(verb(users, "add", "Add a user",
                       "hamroh user add Madina --role case_worker --team intake", user_add)));
    add->add_option("--role", a_.role,
                    "case_worker, supervisor, commissioner, auditor, operator or integration")
        ->required();
    add->add_option("--passphrase-file", a_.passphrase_file,
                    "The first passphrase, to be changed at the first login");
    add->add_option("--key-out", a_.key_out, "For a program: where its key file goes");
    CLI::App* role =
        with_rights(with_name(verb(users, "role", "Give another role",
                                   "hamroh user role Madina supervisor --team north", user_role)));
    role->add_option("role", a_.role, "The role")->required();
    with_name(verb(users, "disable", "Let somebody log in no more", "hamroh user disable Madina",
                   user_disable));
    with_name(verb(users, "enable", "Let somebody log in again", "hamroh user enable Madina",
                   user_enable));
    verb(users, "list", "All users", "hamroh user list --json", user_list);
    CLI::App* password = verb(users, "password", "Change your passphrase, or reset another's",
                              "hamroh user password", user_password);
    password->add_option("name", a_.user, "Whose (operators only); without it your own");
    password->add_option("--passphrase-file", a_.passphrase_file, "File with the present one");
    password->add_option("--new-passphrase-file", a_.new_passphrase_file, "File with the new one");
    CLI::App* totp = verb(users, "totp", "Codes of a telephone as a second factor",
                          "hamroh user totp begin", user_totp);
    totp->add_option("step", a_.step, "begin, confirm or remove")->required();
    totp->add_option("--passphrase-file", a_.passphrase_file, "File with your passphrase");
    totp->add_option("--code", a_.code, "What the telephone shows");
    totp->add_option("--png", a_.png, "Write the QR code to this file as well");
    CLI::App* key = verb(users, "key", "Keys that commissioners sign with",
                         "hamroh user key show --json", user_key);
    key->add_option("what", a_.step, "make (your own) or show (everybody's)")->required();
    key->add_option("--passphrase-file", a_.passphrase_file, "File with your passphrase");
  }

  Arguments& a_;
  CLI::App app_;
  Verb typed_ = nullptr;
};

}  // namespace

int main(int count, char** values) {
  std::signal(SIGPIPE, SIG_DFL);
  forbid_dumps();
  if (!crypto::start()) {
    std::fputs("hamroh: libsodium cannot start\n", stderr);
    return exit_refused;
  }
  Arguments arguments;
  return CommandLine(arguments).run(count, values);
}
