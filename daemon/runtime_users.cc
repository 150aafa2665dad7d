// The turn loop's side of users: who asks, logins, accounts. Whatever needs a passphrase goes
// through the worker first, and is finished in a later turn as if it had been asked there: what was
// true of account and session when it began is looked at again.

#include <unistd.h>

#include "daemon/first_operator.h"
#include "daemon/log.h"
#include "daemon/runtime_state.h"
#include "daemon/totp.h"
#include "protocol/api_rights.h"

namespace hamroh {
namespace {

constexpr Duration factor_lifetime = minutes(10);
constexpr const char* wrong = "no user of that name has that passphrase";

// What LoginDelays counts by: a hash of what was typed, as long as that may be.
Digest attempt_of(std::string_view name) {
  return crypto::sha256({view(labels::login), view(name)});
}

tl::unexpected<Error> not_begun() {
  return environment_error(Code::io_failed, "a request for a passphrase was not begun");
}

tl::unexpected<Error> locked_vault() {
  return caller_error(Code::locked,
                      "the vault is locked: unlock it, so that the passphrase can open it");
}

// The account, without what opens it.
Account asked_for(const api::AddUser& ask, const Turn& turn) {
  Account account;
  account.id = ask.user;
  account.name = ask.name;
  account.role = ask.role;
  account.teams = ask.teams;
  account.grants = ask.grants;
  account.created = turn.now;
  return account;
}

}  // namespace

// ---- who asks -----------------------------------------------------------------------------------

Status Runtime::State::open_users() {
  users_trouble.reset();
  HAMROH_ASSIGN(auto transaction, keeper.store().begin());
  Effects effects;
  Turn turn{wall_now(), monotonic_now(), *transaction, keeper.entropy(), effects};
  if (const Status loaded = users.load(*transaction); !loaded) {
    // A damaged row of theirs must not keep the node from sending and receiving.
    log::write(log::Level::error, "users.unreadable",
               {log::text("code", code_name(loaded.error().code))});
    users_trouble = loaded.error();
    return {};
  }
  if (options.read_only) {
    for (const auto& [id, account] : users.all()) {
      keeper.node().know_user(id, {account.name, account.role, account.teams, account.active});
    }
    return {};
  }
  if (users.all().empty()) {
    HAMROH_TRY(make_first_operator({}, options.home, user_home(), keeper.reader_key(), turn));
    HAMROH_TRY(users.load(*transaction));
    log::info("users.first_operator", {log::text("file", "operator.key")});
  }
  HAMROH_TRY(users.introduce(keeper.node(), turn));
  HAMROH_TRY(keeper.node().finish(turn));
  HAMROH_TRY(transaction->commit());
  transaction.reset();
  perform(std::move(effects));
  return {};
}

Status Runtime::State::admit(const api::Request& request) {
  actor = {};
  session.reset();
  if (request.session) {
    const SessionId id = Sessions::id_of(request.session->view());
    const Sessions::Session* found = sessions.use(id, monotonic_now());
    const Account* account = found != nullptr ? users.find(found->actor.user) : nullptr;
    if (account != nullptr && account->active && account->generation == found->generation) {
      actor = found->actor;
      session = id;
    } else if (found != nullptr && !users_trouble && !trouble) {
      sessions.end(id);
    }
  }
  return api::check_rights(request, session ? &actor : nullptr);
}

UserHome Runtime::State::user_home() const {
  const Origin origin = keeper.node().origin();
  return {origin.network, origin.member};
}

api::UserView Runtime::State::view_of(const Account& account) const {
  api::UserView shown;
  shown.id = account.id;
  shown.name = account.name;
  shown.role = account.role;
  shown.teams = account.teams;
  shown.grants = account.grants;
  shown.active = account.active;
  shown.must_change = account.must_change;
  shown.has_key = account.key.has_value();
  shown.has_factor = account.passphrase && !account.passphrase->factor.empty();
  shown.signs = account.passphrase && !account.passphrase->certificate.empty();
  shown.created = account.created;
  shown.failures = account.failures;
  shown.sessions = sessions.count(account.id);
  return shown;
}

Result<Account> Runtime::State::own_account() const {
  const Account* account = users.find(actor.user);
  if (account == nullptr || !account->active) {
    return caller_error(Code::not_authenticated, "this account is gone: log in again");
  }
  return *account;
}

Result<Answer> Runtime::State::logged_in(const Account& account, bool unlocked, Turn& turn) {
  const SessionToken token =
      sessions.open(account.actor(), account.generation, turn.monotonic, turn.entropy);
  log::info("user.login", {log::id("user", account.id)});
  return api::LoggedIn{token, view_of(account), sessions.times().idle, sessions.times().absolute,
                       unlocked};
}

// ---- passphrases --------------------------------------------------------------------------------

bool Runtime::State::needs_passphrase(const api::Request& request) const {
  if (const auto* unlock = std::get_if<api::Unlock>(&request.ask)) {
    // A vault with a credential file takes no notice of a passphrase.
    return !unlock->passphrase.empty() && keeper.passphrase_recipe().has_value();
  }
  if (const auto* adding = std::get_if<api::AddUser>(&request.ask)) {
    return !adding->passphrase.empty();
  }
  if (const auto* factor = std::get_if<api::SetFactor>(&request.ask)) {
    return factor->step != api::FactorStep::confirm;
  }
  return std::holds_alternative<api::Login>(request.ask) ||
         std::holds_alternative<api::SetPassphrase>(request.ask) ||
         std::holds_alternative<api::MakeSigningKey>(request.ask) ||
         std::holds_alternative<api::SignVote>(request.ask);
}

// Everything that can be said without looking at the passphrase.
Status Runtime::State::may_begin(PassphraseWork& work) {
  if (const auto* login = std::get_if<api::Login>(&work.request.ask)) {
    if (!login->new_passphrase.empty()) {
      HAMROH_TRY(check_passphrase(login->new_passphrase));
    }
    work.attempt = attempt_of(login->name);
  } else if (const auto* adding = std::get_if<api::AddUser>(&work.request.ask)) {
    HAMROH_TRY(check_passphrase(adding->passphrase));
    if (adding->key || adding->role == Role::integration) {
      return caller_error(Code::invalid_argument, "a program has a key and no passphrase");
    }
    return keeper.reader_key() != nullptr ? Status{} : Status(locked_vault());
  } else if (const auto* change = std::get_if<api::SetPassphrase>(&work.request.ask)) {
    HAMROH_TRY(check_passphrase(change->new_passphrase));
    HAMROH_ASSIGN(const Account account, own_account());
    if (change->user || account.key) {
      return keeper.reader_key() != nullptr ? Status{} : Status(locked_vault());
    }
    work.attempt = attempt_of(account.name);
  } else if (std::holds_alternative<api::Unlock>(work.request.ask)) {
    work.attempt = attempt_of({});  // no user has an empty name
  } else {
    HAMROH_ASSIGN(const Account account, own_account());
    if (!account.passphrase) {
      return caller_error(Code::invalid_argument, "this account has a key and no passphrase");
    }
    work.attempt = attempt_of(account.name);
  }
  return {};
}

// The one that opens the account (for a name that nobody has: in vain, and as long), then the new
// one.
std::vector<Derivation> Runtime::State::derivations_for(PassphraseWork& work) {
  std::vector<Derivation> made;
  const auto open = [&](const Account* account, Bytes& passphrase) {
    const bool known = account != nullptr && account->passphrase;
    made.emplace_back(std::move(passphrase), known ? account->passphrase->salt : Salt{},
                      known ? account->passphrase->cost : crypto::PassphraseCost{});
  };
  const auto set = [&](Bytes& passphrase) {
    work.new_salt = keeper.entropy().draw<Salt>();
    made.emplace_back(std::move(passphrase), work.new_salt, crypto::PassphraseCost{});
  };
  const Account* own = users.find(work.actor.user);
  if (auto* login = std::get_if<api::Login>(&work.request.ask)) {
    open(users.find_name(login->name), login->passphrase);
    if (!login->new_passphrase.empty()) {
      set(login->new_passphrase);
    }
  } else if (auto* adding = std::get_if<api::AddUser>(&work.request.ask)) {
    set(adding->passphrase);
  } else if (auto* change = std::get_if<api::SetPassphrase>(&work.request.ask)) {
    if (work.attempt) {
      open(own, change->old_passphrase);
    }
    set(change->new_passphrase);
  } else if (auto* unlock = std::get_if<api::Unlock>(&work.request.ask)) {
    const Vault::Recipe recipe = *keeper.passphrase_recipe();
    made.emplace_back(std::move(unlock->passphrase), recipe.salt, recipe.cost);
  } else if (auto* factor = std::get_if<api::SetFactor>(&work.request.ask)) {
    open(own, factor->passphrase);
  } else if (auto* signing = std::get_if<api::MakeSigningKey>(&work.request.ask)) {
    open(own, signing->passphrase);
  } else if (auto* vote = std::get_if<api::SignVote>(&work.request.ask)) {
    open(own, vote->passphrase);
  }
  return made;
}

void Runtime::State::drop_attempt(const PassphraseWork& work) {
  if (work.attempt) {
    delays.drop(*work.attempt);
  }
}

void Runtime::State::begin_passphrase(const Bytes& client, api::Request request) {
  const bool begun = std::ranges::any_of(passphrases, [&](const auto& one) {
    return one.second.client == client && one.second.request.id == request.id;
  });
  if (begun) {  // asked again by a client that became impatient: one answer is enough
    api::wipe_passphrases(request);
    return;
  }
  PassphraseWork work{client, std::move(request), session, actor, std::nullopt, {}};
  const auto refuse_it = [&](api::Failure why) {
    api::wipe_passphrases(work.request);
    replies.emplace_back(client, api::Reply{work.request.id, std::move(why)});
  };
  if (const Status may = may_begin(work); !may) {
    refuse_it(failure(may.error()));
    return;
  }
  if (work.attempt) {
    const auto* login = std::get_if<api::Login>(&work.request.ask);
    const Account* account =
        login != nullptr ? users.find_name(login->name) : users.find(work.actor.user);
    const std::uint32_t failures = account != nullptr ? account->failures : 0;
    if (const auto wait = delays.begin(*work.attempt, failures, monotonic_now())) {
      const std::string seconds_left = std::to_string((wait->ms + 999) / 1000);
      refuse_it({Code::too_early, "too many wrong passphrases: wait " + seconds_left + " s"});
      return;
    }
  }
  const Status offered = worker->offer({next_passphrase, derivations_for(work)});
  api::wipe_passphrases(work.request);
  if (!offered) {
    drop_attempt(work);
    refuse_it(failure(offered.error()));
    return;
  }
  passphrases.emplace(next_passphrase++, std::move(work));
}

Status Runtime::State::finish_passphrases(Turn& turn) {
  for (PassphraseWorker::Outcome& outcome : worker->take()) {
    ++inputs;
    const auto found = passphrases.extract(outcome.id);
    if (found.empty()) {
      continue;
    }
    PassphraseWork& work = found.mapped();
    PassphraseKeys keys;
    for (auto& key : outcome.keys) {
      if (key) {
        keys.push_back(std::move(*key));
      }
    }
    if (keys.size() != outcome.keys.size()) {
      // No memory for Argon2id: nothing of the store's.
      drop_attempt(work);
      replies.emplace_back(
          work.client,
          api::Reply{work.request.id, api::Failure{Code::busy, "not enough memory: try again"}});
      continue;
    }
    auto answered = finish(work, keys, turn);
    const bool fatal = !answered && answered.error().blame == Blame::environment;
    const Error error = answered ? Error{} : answered.error();
    replies.emplace_back(
        std::move(work.client),
        api::Reply{work.request.id, answered ? std::move(*answered) : Answer(failure(error))});
    if (fatal) {
      return tl::unexpected(error);
    }
  }
  return {};
}

void Runtime::State::drop_passphrases(const Error& error) {
  for (const PassphraseWorker::Outcome& outcome : worker->take()) {
    if (const auto found = passphrases.extract(outcome.id); !found.empty()) {
      drop_attempt(found.mapped());
      replies.emplace_back(found.mapped().client,
                           api::Reply{found.mapped().request.id, failure(error)});
    }
  }
}

Result<Answer> Runtime::State::finish(PassphraseWork& work, PassphraseKeys& keys, Turn& turn) {
  actor = work.actor;
  session = work.session;
  if (session && sessions.find(*session, turn.monotonic) == nullptr) {
    // Ended in the meantime, perhaps because the role changed.
    drop_attempt(work);
    return caller_error(Code::not_authenticated, "this session has ended: log in again");
  }
  return std::visit(
      [&](const auto& ask) -> Result<Answer> {
        if constexpr (requires { finish(ask, work, keys, turn); }) {
          return finish(ask, work, keys, turn);
        } else {
          return not_begun();
        }
      },
      work.request.ask);
}

Status Runtime::State::count_failure(const Account* account, const PassphraseWork& work,
                                     Turn& turn) {
  if (work.attempt) {
    delays.fail(*work.attempt, turn.monotonic);
  }
  if (account == nullptr) {
    return {};
  }
  log::warn("user.wrong_passphrase", {log::id("user", account->id)});
  Account counted = *account;
  counted.failures += counted.failures < UINT32_MAX ? 1 : 0;
  return users.remember(counted, turn);
}

Result<UserSecret> Runtime::State::open_user(const Account* account, const PassphraseWork& work,
                                             const SymmetricKey& key, Turn& turn) {
  if (account != nullptr) {
    if (auto secret = open_secret(*account, key)) {
      return secret;
    }
  }
  HAMROH_TRY(count_failure(account, work, turn));
  return caller_error(Code::bad_passphrase, wrong);
}

Result<std::uint64_t> Runtime::State::check_factor(const Account& account, const UserSecret& secret,
                                                   const std::string& code,
                                                   const PassphraseWork& work, Turn& turn) {
  if (account.passphrase->factor.empty()) {
    return 0;
  }
  if (code.empty()) {
    drop_attempt(work);
    return caller_error(Code::not_authenticated, "this user has a second factor: give its code");
  }
  const auto factor = open_factor(account, secret);
  const auto step =
      factor ? check_code(*factor, code, turn.now, account.factor_step) : std::nullopt;
  if (!step) {
    HAMROH_TRY(count_failure(&account, work, turn));
    return caller_error(Code::bad_passphrase, "the code is wrong, too old, or was used before");
  }
  return *step;
}

Result<bool> Runtime::State::unlock_by_slot(const Account& account, const UserSecret& secret,
                                            Turn& turn) {
  const bool locked = options.read_only ? !keeper.unlocked() : keeper.node().locked();
  const auto key = locked ? open_slot(account, secret) : std::nullopt;
  if (!key) {
    return false;
  }
  if (const Status opened = keeper.unlock_with_key(*key, turn.store); !opened) {
    log::warn("user.slot_of_another_vault", {log::id("user", account.id)});
    return false;
  }
  if (!options.read_only) {
    HAMROH_TRY(keeper.node().unlock(turn));
  }
  log::info("vault.unlocked", {log::id("user", account.id)});
  return true;
}

Result<Answer> Runtime::State::finish(const api::Login& ask, PassphraseWork& work,
                                      PassphraseKeys& keys, Turn& turn) {
  const Account* found = users.find_name(ask.name);
  HAMROH_ASSIGN(const UserSecret secret, open_user(found, work, keys[0], turn));
  Account account = *found;
  HAMROH_ASSIGN(const std::uint64_t step, check_factor(account, secret, ask.code, work, turn));
  delays.succeed(*work.attempt);
  if (!account.active) {
    return caller_error(Code::not_permitted, "this account is disabled: ask your operator");
  }
  if (account.must_change && keys.size() < 2) {
    return caller_error(Code::not_permitted,
                        "choose a passphrase of your own: --new-passphrase-file, or at the prompt");
  }
  const bool counted = account.failures != 0 || step > account.factor_step;
  account.failures = 0;
  account.factor_step = std::max(account.factor_step, step);
  HAMROH_ASSIGN(const bool unlocked, unlock_by_slot(account, secret, turn));
  if (account.passphrase->slot.empty() && keeper.reader_key() != nullptr && !options.read_only) {
    put_slot(account, secret, *keeper.reader_key(), turn.entropy);
    HAMROH_TRY(users.remember(account, turn));
  }
  if (keys.size() == 2) {
    change_passphrase(account, secret, keys[1], work.new_salt, {}, turn.entropy);
    account.must_change = false;
    passphrase_gone = true;
    HAMROH_TRY(users.change(account, account.actor(), keeper.node(), turn));
    sessions.end_user(account.id);
  } else if (counted) {
    HAMROH_TRY(users.remember(account, turn));
  }
  return logged_in(*users.find(account.id), unlocked, turn);
}

Result<Answer> Runtime::State::finish(const api::Unlock&, PassphraseWork& work,
                                      PassphraseKeys& keys, Turn& turn) {
  const bool locked = options.read_only ? !keeper.unlocked() : keeper.node().locked();
  if (!locked) {
    delays.drop(*work.attempt);
    return api::Done{};
  }
  if (const Status opened = keeper.unlock_with_root(keys[0]); !opened) {
    HAMROH_TRY(count_failure(nullptr, work, turn));
    return tl::unexpected(opened.error());
  }
  delays.succeed(*work.attempt);
  if (!options.read_only) {
    HAMROH_TRY(keeper.node().unlock(turn));
  }
  log::info("vault.unlocked");
  return api::Done{};
}

Result<Answer> Runtime::State::finish(const api::AddUser& ask, PassphraseWork& work,
                                      PassphraseKeys& keys, Turn& turn) {
  if (keeper.reader_key() == nullptr) {
    return locked_vault();
  }
  if (const Account* known = users.find(ask.user)) {
    return known->name == ask.name ? Result<Answer>(api::Done{})
                                   : caller_error(Code::conflict, "there is such a user already");
  }
  Account account = asked_for(ask, turn);
  make_passphrase(account, keys[0], work.new_salt, {}, keeper.reader_key(), turn.entropy);
  account.must_change = true;
  HAMROH_TRY(users.change(std::move(account), actor, keeper.node(), turn));
  log::info("user.added", {log::id("user", ask.user)});
  return api::Done{};
}

Result<Answer> Runtime::State::finish(const api::SetPassphrase& ask, PassphraseWork& work,
                                      PassphraseKeys& keys, Turn& turn) {
  if (ask.user) {
    return reset_passphrase(*ask.user, work, keys, turn);
  }
  HAMROH_ASSIGN(Account account, own_account());
  if (account.key && !work.attempt) {
    if (keeper.reader_key() == nullptr) {
      return locked_vault();
    }
    make_passphrase(account, keys[0], work.new_salt, {}, keeper.reader_key(), turn.entropy);
    operator_key_gone = true;
  } else if (account.passphrase && keys.size() == 2) {
    HAMROH_ASSIGN(const UserSecret secret, open_user(&account, work, keys[0], turn));
    delays.succeed(*work.attempt);
    change_passphrase(account, secret, keys[1], work.new_salt, {}, turn.entropy);
  } else {
    return caller_error(Code::conflict, "the account has changed meanwhile: ask again");
  }
  account.must_change = false;
  passphrase_gone = true;
  HAMROH_TRY(users.change(account, actor, keeper.node(), turn));
  sessions.end_others(account.id, *session, users.find(account.id)->generation);
  return api::Done{};
}

Result<Answer> Runtime::State::reset_passphrase(const UserId& user, PassphraseWork& work,
                                                PassphraseKeys& keys, Turn& turn) {
  const Account* found = users.find(user);
  if (found == nullptr) {
    return caller_error(Code::not_found, "there is no such user");
  }
  if (user == actor.user) {
    return caller_error(Code::invalid_argument, "your own passphrase is changed under the old one");
  }
  if (keeper.reader_key() == nullptr) {
    return locked_vault();
  }
  Account account = *found;
  make_passphrase(account, keys[0], work.new_salt, {}, keeper.reader_key(), turn.entropy);
  account.must_change = true;
  passphrase_gone = true;
  HAMROH_TRY(users.change(std::move(account), actor, keeper.node(), turn));
  sessions.end_user(user);
  delays.succeed(attempt_of(users.find(user)->name));
  log::info("user.passphrase_reset", {log::id("user", user)});
  return api::Done{};
}

Result<Answer> Runtime::State::finish(const api::SetFactor& ask, PassphraseWork& work,
                                      PassphraseKeys& keys, Turn& turn) {
  HAMROH_ASSIGN(Account account, own_account());
  HAMROH_ASSIGN(const UserSecret secret, open_user(&account, work, keys[0], turn));
  HAMROH_ASSIGN(const std::uint64_t step, check_factor(account, secret, ask.code, work, turn));
  delays.succeed(*work.attempt);
  account.factor_step = std::max(account.factor_step, step);
  account.failures = 0;
  if (ask.step == api::FactorStep::remove) {
    account.passphrase->factor.clear();
    HAMROH_TRY(users.change(account, actor, keeper.node(), turn));
    sessions.end_others(account.id, *session, users.find(account.id)->generation);
    return api::Done{};
  }
  HAMROH_TRY(users.remember(account, turn));
  PendingFactor& pending = pending_factors[account.id];  // one a user
  pending.secret = FactorSecret::make([&](auto raw) { turn.entropy.fill(raw); });
  pending.wrapped = wrap_factor(account, secret, pending.secret, turn.entropy);
  pending.generation = account.generation;
  pending.until = turn.monotonic + factor_lifetime;
  pending.codes_left = PendingFactor{}.codes_left;
  return api::Factor{enrolment_uri(pending.secret, keeper.node().name(), account.name)};
}

Result<Answer> Runtime::State::finish(const api::MakeSigningKey&, PassphraseWork& work,
                                      PassphraseKeys& keys, Turn& turn) {
  HAMROH_ASSIGN(Account account, own_account());
  HAMROH_ASSIGN(const UserSecret secret, open_user(&account, work, keys[0], turn));
  delays.succeed(*work.attempt);
  const Seed seed = Seed::make([&](auto raw) { turn.entropy.fill(raw); });
  UserCertificate certificate;
  certificate.user = account.id;
  certificate.role = account.role;
  certificate.key = crypto::SigningKey::from_seed(seed).public_key();
  certificate.serial = std::uint64_t{account.generation} + 1;  // rises, even over a reset
  certificate.time = turn.now;
  HAMROH_TRY(keeper.node().certify(certificate));
  put_seed(account, secret, seed, certificate.encode(), turn.entropy);
  account.failures = 0;
  HAMROH_TRY(users.change(account, actor, keeper.node(), turn));
  sessions.end_others(account.id, *session, users.find(account.id)->generation);
  return api::UserKeys{{{account.name, certificate}}};
}

Result<Answer> Runtime::State::finish(const api::SignVote& ask, PassphraseWork& work,
                                      PassphraseKeys& keys, Turn& turn) {
  HAMROH_ASSIGN(const Account account, own_account());
  HAMROH_ASSIGN(const UserSecret secret, open_user(&account, work, keys[0], turn));
  delays.succeed(*work.attempt);
  if (account.failures != 0) {
    Account counted = account;
    counted.failures = 0;
    HAMROH_TRY(users.remember(counted, turn));
  }
  const auto seed = open_seed(account, secret);
  const auto certificate = UserCertificate::parse(account.passphrase->certificate);
  if (!seed || !certificate) {
    return caller_error(Code::not_found, "you have no signing key yet: hamroh user key make");
  }
  return api::Vote{*certificate, sign_vote(*seed, certificate->home, account.id, ask.digest)};
}

// ---- the other verbs ----------------------------------------------------------------------------

Result<Answer> Runtime::State::reply_to(const api::GetChallenge&, Turn& turn) {
  return api::Challenge{challenges.make(turn.monotonic, turn.entropy), user_home()};
}

Result<Answer> Runtime::State::reply_to(const api::LoginWithKey& ask, Turn& turn) {
  if (users_trouble) {
    return caller_error(users_trouble->code, "the accounts cannot be read");
  }
  const Account* account = users.find(ask.user);
  if (account == nullptr || !account->key || !challenges.is_good(ask.challenge, turn.monotonic) ||
      !verify_login(*account->key, user_home(), ask.user, ask.challenge, ask.signature)) {
    return caller_error(Code::not_authenticated, "that key logs nobody in here");
  }
  HAMROH_TRY(challenges.use(ask.challenge, turn.monotonic));
  if (!account->active) {
    return caller_error(Code::not_permitted, "this account is disabled: ask your operator");
  }
  return logged_in(*account, false, turn);
}

Result<Answer> Runtime::State::reply_to(const api::Logout&, Turn&) {
  sessions.end(*session);
  return api::Done{};
}

Result<Answer> Runtime::State::reply_to(const api::WhoAmI&, Turn&) {
  HAMROH_ASSIGN(const Account account, own_account());
  return api::Me{view_of(account)};
}

Result<Answer> Runtime::State::reply_to(const api::AddUser& ask, Turn& turn) {
  if (const Account* known = users.find(ask.user)) {
    return known->name == ask.name && known->key == ask.key
               ? Result<Answer>(api::Done{})
               : caller_error(Code::conflict, "there is such a user already");
  }
  if (!ask.key) {
    return caller_error(Code::invalid_argument, "a user has a passphrase, or a key");
  }
  Account account = asked_for(ask, turn);
  account.key = ask.key;
  HAMROH_TRY(users.change(std::move(account), actor, keeper.node(), turn));
  log::info("user.added", {log::id("user", ask.user)});
  return api::Done{};
}

Result<Answer> Runtime::State::reply_to(const api::ChangeUser& ask, Turn& turn) {
  const Account* found = users.find(ask.user);
  if (found == nullptr) {
    return caller_error(Code::not_found, "there is no such user");
  }
  Account account = *found;
  account.role = ask.role.value_or(account.role);
  account.active = ask.active.value_or(account.active);
  account.grants = ask.grants.value_or(account.grants);
  const bool has_cases = rights_of(account.role).has(Operation::see_cases);
  if (ask.teams) {
    account.teams = *ask.teams;
  } else if (ask.role && !has_cases) {
    account.teams.clear();
  } else if (ask.role && account.teams.empty() && account.role != Role::integration) {
    account.teams = {std::string(intake_team)};
  }
  if (account.passphrase && !account.active) {
    // Nor does her passphrase open a copy of the home. If she comes back, the next login makes it.
    account.passphrase->slot.clear();
    passphrase_gone = true;
  }
  if (account.passphrase && !rights_of(account.role).has(Operation::sign_vote)) {
    account.passphrase->seed.clear();  // a vote under a role that has none must not be possible
    account.passphrase->certificate.clear();
  }
  if (account == *found) {
    return api::Done{};
  }
  HAMROH_TRY(users.change(std::move(account), actor, keeper.node(), turn));
  sessions.end_user(ask.user);
  log::info("user.changed", {log::id("user", ask.user)});
  return api::Done{};
}

Result<Answer> Runtime::State::reply_to(const api::ListUsers& ask, Turn&) {
  api::Users page;
  auto user = ask.after ? users.all().upper_bound(*ask.after) : users.all().begin();
  for (; user != users.all().end(); ++user) {
    if (page.users.size() == api::limits::users_page_max) {
      page.next = page.users.back().id;
      break;
    }
    page.users.push_back(view_of(user->second));
  }
  return page;
}

Result<Answer> Runtime::State::reply_to(const api::SetFactor& ask, Turn& turn) {
  HAMROH_ASSIGN(Account account, own_account());
  const auto pending = pending_factors.find(account.id);
  if (pending == pending_factors.end() || turn.monotonic > pending->second.until ||
      pending->second.generation != account.generation || pending->second.codes_left == 0) {
    pending_factors.erase(account.id);
    return caller_error(Code::not_found, "no second factor waits to be confirmed: begin again");
  }
  --pending->second.codes_left;
  const auto step = check_code(pending->second.secret, ask.code, turn.now, 0);
  if (!step) {
    return caller_error(Code::bad_passphrase, "the code is wrong: is the telephone's clock right?");
  }
  account.passphrase->factor = pending->second.wrapped;
  account.factor_step = *step;
  pending_factors.erase(pending);
  HAMROH_TRY(users.change(account, actor, keeper.node(), turn));
  sessions.end_others(account.id, *session, users.find(account.id)->generation);
  return api::Done{};
}

Result<Answer> Runtime::State::reply_to(const api::GetUserKeys&, Turn&) {
  api::UserKeys reply;
  for (const auto& [id, account] : users.all()) {
    if (account.active && account.passphrase && !account.passphrase->certificate.empty()) {
      HAMROH_ASSIGN(const UserCertificate certificate,
                    UserCertificate::parse(account.passphrase->certificate));
      reply.keys.push_back({account.name, certificate});
    }
  }
  return reply;
}

Result<Answer> Runtime::State::reply_to(const api::Login&, Turn&) {
  return not_begun();
}
Result<Answer> Runtime::State::reply_to(const api::SetPassphrase&, Turn&) {
  return not_begun();
}
Result<Answer> Runtime::State::reply_to(const api::MakeSigningKey&, Turn&) {
  return not_begun();
}
Result<Answer> Runtime::State::reply_to(const api::SignVote&, Turn&) {
  return not_begun();
}

}  // namespace hamroh
