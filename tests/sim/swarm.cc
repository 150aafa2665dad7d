#include "tests/sim/swarm.h"

#include <algorithm>
#include <array>

namespace hamroh::sim {
namespace {

constexpr std::size_t referrals_kept_max = 64;

// What a run does between the events of the network.
class Run {
 public:
  explicit Run(const Mix& mix) : mix_(mix), world_(mix.seed, mix.world) {}

  Outcome go() {
    world_.run_for(seconds(5));
    while (world_.steps() < mix_.steps && world_.broken().empty()) {
      act();
      world_.run_for(milliseconds(world_.random().below(1'500)));
    }
    heal();
    return {world_.broken(), world_.trace(), world_.steps(), world_.submitted(), world_.opened()};
  }

 private:
  using Action = void (Run::*)();
  struct Named {
    const char* name;
    Action action;
    bool fails = true;  // may keep a node or a link from its work; else only changes who is who
  };

 public:
  static constexpr std::size_t fault_count = 26;
  static const std::array<Named, fault_count>& faults() {
    static constexpr std::array<Named, fault_count> all{{
        {"crash", &Run::crash},
        {"crash-within-a-turn", &Run::crash_within},
        {"lock", &Run::lock_or_unlock},
        {"cut", &Run::cut_or_heal},
        {"full-disk", &Run::full_disk},
        {"flip-bit", &Run::flip_bit},
        {"old-image", &Run::old_image},
        {"clock-jump", &Run::clock_jump},
        {"lie", &Run::lie},
        {"directory", &Run::directory},
        {"forged-directory", &Run::forged_directory},
        {"replay", &Run::replay},
        {"submit-again", &Run::submit_again},
        {"sleep", &Run::sleep},
        {"long-sleep", &Run::long_sleep},
        {"capabilities", &Run::capabilities, false},
        {"revoke", &Run::revoke_or_restore, false},
        {"suspend", &Run::suspend_or_lift, false},
        {"constitution", &Run::constitution, false},
        {"rotate", &Run::rotate},  // for a moment nobody knows the new transport key
        {"countersign", &Run::countersign},
        {"reincarnate", &Run::reincarnate},
        {"admit", &Run::admit, false},
        {"administrator-lies", &Run::administrator_lies, false},
        {"split-view", &Run::split_view, false},
        {"erase", &Run::erase, false},
    }};
    return all;
  }

 private:
  std::size_t anybody() { return world_.random().below(world_.size()); }

  void act() {
    // People work three times as often as things go wrong.
    if (!mix_.faults.empty() && world_.random().once_in(4)) {
      const std::string& name = mix_.faults[world_.random().below(mix_.faults.size())];
      for (const Named& fault : faults()) {
        if (name == fault.name) {
          (this->*fault.action)();
        }
      }
      return;
    }
    switch (world_.random().below(8)) {
      case 0:
        return decide();
      case 1:
        return world_.random().once_in(3) ? disclose() : state_consent();
      case 6:
      case 7:
        return tell();
      case 2:
      case 3:
        return inside();
      default:
        return refer();
    }
  }

  // What people of one organisation do about a case.
  void inside() {
    if (referrals_.empty()) {
      return;
    }
    const std::size_t who = anybody();
    const CaseId& id = world_.random().pick(referrals_);
    switch (world_.random().below(12)) {
      case 10:
      case 11:
        return attach();
      case 9:
        return world_.vote(who, id);
      case 8:
        return world_.publish_services(who);
      case 0:
        return world_.take_or_give(who, id);
      case 1:
        return world_.write_as_person(who, id);
      case 2:
        return world_.come_or_leave(who);
      default:
        return world_.look(who, id);
    }
  }

  // Most cases are not open to a file, or not to one of theirs.
  void attach() {
    for (int tries = 0; tries < 12; ++tries) {
      if (world_.attach(anybody(), world_.random().pick(referrals_))) {
        return;
      }
    }
  }

  void refer() {
    const std::size_t from = anybody();
    std::vector<std::size_t> to{anybody()};
    if (world_.random().once_in(3)) {
      to.push_back(anybody());
    }
    std::ranges::sort(to);
    const auto rest = std::ranges::unique(to);
    to.erase(rest.begin(), rest.end());
    std::erase(to, from);
    if (to.empty()) {
      return;
    }
    const Actor actor =
        world_.random().once_in(2) ? program() : world_.random().pick(World::people());
    if (const auto message = world_.refer(from, to, actor)) {
      referrals_.push_back(*CaseId::from(message->view()));
      if (referrals_.size() > referrals_kept_max) {
        referrals_.erase(referrals_.begin());
      }
    }
  }
  void decide() {
    if (!referrals_.empty()) {
      (void)world_.decide(anybody(), world_.random().pick(referrals_), !world_.random().once_in(3));
    }
  }
  void note() {
    if (!referrals_.empty()) {
      (void)world_.write_note(anybody(), world_.random().pick(referrals_));
    }
  }

  // Now and then what somebody says about consent; else a note.
  void state_consent() {
    constexpr std::array kinds{EventKind::consent_give, EventKind::consent_change,
                               EventKind::consent_withdraw};
    if (referrals_.empty() || world_.random().once_in(2)) {
      return note();
    }
    const CaseId id = world_.random().pick(referrals_);
    (void)world_.state_consent(world_.opener_of(id), id,
                               kinds[world_.random().below(kinds.size())]);
  }

  void disclose() {
    const std::size_t who = anybody();
    const std::size_t to = anybody();
    if (!referrals_.empty() && who != to) {
      (void)world_.disclose(who, to, world_.random().pick(referrals_));
    }
  }

  // Whatever else happens in cases; most of it where it may, the rest refused or void.
  void tell() {
    if (referrals_.empty()) {
      return;
    }
    std::vector<EventKind> kinds;
    for (const Rule& rule : lifecycle()) {
      if (rule.body == BodyForm::particulars) {
        kinds.push_back(rule.kind);
      }
    }
    const std::size_t who = anybody();
    const CaseId id = world_.random().pick(referrals_);
    // Most of what somebody could say is not hers to say.
    for (int tries = 0; tries < 8; ++tries) {
      const EventKind kind = world_.random().pick(kinds);
      std::vector<std::size_t> to;
      if (kind == EventKind::status_apply) {
        for (std::size_t other = 0; other < world_.size(); ++other) {
          if (other != who && !world_.random().once_in(3)) {
            to.push_back(other);
          }
        }
      }
      if (world_.tell(who, id, kind, to)) {
        return;
      }
    }
  }

  void erase() {
    if (!referrals_.empty()) {
      world_.erase(anybody(), world_.random().pick(referrals_), !world_.random().once_in(4));
    }
  }

  void crash() { world_.crash(anybody()); }
  void crash_within() { world_.crash_at(anybody(), 1 + world_.random().below(60)); }
  void lock_or_unlock() {
    const std::size_t who = anybody();
    world_.random().once_in(2) ? world_.lock(who) : world_.unlock(who);
  }
  void cut_or_heal() {
    const std::size_t from = anybody();
    const std::size_t to = anybody();
    if (world_.random().once_in(3) || from == to) {
      world_.heal_network();
    } else {
      world_.cut(from, to);
    }
  }
  void full_disk() { world_.fill_disk(anybody(), world_.random().once_in(2)); }
  void flip_bit() { world_.flip_bit(anybody()); }
  // One member at most: two that forgot the same things could not be told from the truth.
  void old_image() {
    if (!image_) {
      image_ = anybody();
      world_.keep_image(*image_);
    } else if (world_.random().once_in(2)) {
      world_.restore_image(*image_);
    }
  }
  void clock_jump() {
    constexpr std::int64_t month_ms = 30LL * 24 * 3'600'000;
    const auto by = static_cast<std::int64_t>(world_.random().below(2 * month_ms)) - month_ms;
    world_.jump_clock(anybody(), world_.random().once_in(2) ? 0 : by);
  }
  void lie() {
    const std::size_t from = anybody();
    const std::size_t to = anybody();
    if (from == to) {
      world_.forge_rotation();
    } else {
      world_.lie(from, to);
    }
  }
  void directory() {
    if (world_.random().once_in(4)) {
      world_.publish_directory();
    }
  }
  void forged_directory() { world_.forge_directory(); }
  void capabilities() {
    if (world_.random().once_in(3)) {
      world_.change_capabilities(anybody());
    }
  }
  void revoke_or_restore() {
    const std::size_t who = anybody();
    world_.random().once_in(2) ? world_.revoke(who) : world_.restore(who);
  }
  // Short ones end by themselves within the run, long ones do not.
  void suspend_or_lift() {
    const std::size_t who = anybody();
    if (world_.random().once_in(3)) {
      return world_.lift(who);
    }
    const std::size_t first = anybody();
    // What is still under way when its recipient learns, or held there, must wait.
    const bool held = world_.random().once_in(3);
    if (held) {
      world_.lock(first);
    }
    if (first != who) {
      (void)world_.refer(who, {first});
    }
    if (held) {
      world_.run_for(seconds(1));
    }
    world_.suspend(who,
                   world_.random().once_in(2) ? seconds(1 + world_.random().below(60))
                                              : hours(1 + world_.random().below(72)),
                   first);
  }
  void constitution() {
    if (world_.random().once_in(6)) {
      (void)world_.amend(static_cast<Authority::Change>(world_.random().below(4)));
    }
  }
  void rotate() {
    RotationAsk ask;
    const std::uint64_t which = world_.random().below(64);
    const bool all = which >= 56;
    ask.author = all || (which & 1U) != 0;
    ask.receipt = all || (which & 2U) != 0;
    ask.witness = all || (which & 4U) != 0;
    ask.transport = all || (which & 8U) != 0;
    ask.epoch = all || (which & 16U) != 0;
    if ((which & 32U) != 0) {
      ask.endpoint = "tcp://127.0.0.1:" + std::to_string(20'000 + world_.random().below(20'000));
    }
    const std::size_t who = anybody();
    if (!world_.is_old_copy(who)) {
      (void)world_.rotate(who, ask);
    }
  }
  void countersign() {
    if (world_.random().once_in(3)) {
      world_.countersign(static_cast<std::uint8_t>(world_.random().below(32)));
    } else {
      world_.agree_to_rotation(anybody());
    }
  }
  void reincarnate() {
    if (image_ && world_.random().once_in(2)) {
      if (world_.return_from_image(*image_)) {
        image_.reset();
      }
    } else if (world_.random().once_in(3)) {
      const std::size_t who = anybody();
      const std::uint64_t size = world_.ledger_size(who);
      world_.reincarnate(who, world_.random().once_in(2) ? 0 : world_.random().below(size + 1));
      if (world_.random().once_in(3)) {
        world_.reincarnate(who, 0);  // before anybody has heard of the first time
      }
    }
  }
  void admit() {
    if (world_.random().once_in(4)) {
      (void)world_.admit();
    }
  }
  void administrator_lies() { world_.lie_as_administrator(); }
  void split_view() {
    if (world_.random().once_in(8)) {
      world_.split_view();
    }
  }
  void replay() { world_.replay(); }
  void submit_again() { world_.submit_again(); }
  void sleep() { world_.sleep(minutes(world_.random().below(30))); }
  void long_sleep() {
    if (world_.random().once_in(3)) {
      world_.sleep(days(1 + world_.random().below(world_.random().once_in(3) ? 60 : 9)));
    }
  }

  // Everything works again. Every message must come to its end in reasonable time, and then both
  // sides must agree about it.
  void heal() {
    if (!world_.broken().empty()) {
      return;
    }
    world_.heal_everything();
    const std::uint64_t steps_before = world_.steps();
    Duration next_visit = world_.now();
    const bool settled = world_.run_until(
        [&] {
          if (world_.now() >= next_visit) {
            world_.visit_cut_off();
            next_visit = Duration{world_.now().ms + minutes(10).ms};
          }
          for (std::size_t i = 0; i < world_.size(); ++i) {
            world_.unlock(i);
          }
          return world_.steps() > steps_before + events_after_healing_max || world_.all_settled();
        },
        hours(hours_after_healing), seconds(2));
    if (!world_.broken().empty()) {
      return;
    }
    if (!settled || world_.steps() > steps_before + events_after_healing_max) {
      world_.report_unsettled();
      return;
    }
    const std::uint64_t steps_settled = world_.steps();
    world_.run_for(minutes(30));  // long enough for the upkeep of every node
    if (world_.steps() > steps_settled + events_while_quiet_max) {
      world_.report_unsettled();  // a node that has nothing to do must not be busy
      return;
    }
    if (world_.broken().empty() && world_.file_under_way()) {
      world_.run_for(minutes(30));  // asked for again only now and then, if nobody answered
    }
    if (world_.broken().empty()) {
      world_.check_outcomes();
    }
  }

  static constexpr std::uint64_t hours_after_healing = 3;
  static constexpr std::uint64_t events_after_healing_max = 200'000;
  static constexpr std::uint64_t events_while_quiet_max = 20'000;

  Mix mix_;
  World world_;
  std::vector<CaseId> referrals_;
  std::optional<std::size_t> image_;
};

}  // namespace

std::string Mix::describe() const {
  std::string text =
      std::string(world.calm ? "calm, " : "") + "members " + std::to_string(world.members);
  const auto once_in = [&](const char* name, std::uint64_t times) {
    if (times != 0) {
      text += std::string(", ") + name + " 1/" + std::to_string(times);
    }
  };
  once_in("drop", world.drop_once_in);
  once_in("double", world.double_once_in);
  once_in("reorder", world.reorder_once_in);
  once_in("garble", world.garble_once_in);
  text += world.pack ? ", pack" : "";
  text += ", delay " + std::to_string(world.delay_ms_max) + " ms, lifetime " +
          std::to_string(world.message_lifetime.ms / 60'000) + " min";
  for (const std::string& fault : faults) {
    text += ", " + fault;
  }
  return text;
}

Mix draw_mix(std::uint64_t seed, std::uint64_t steps) {
  Random random(seed ^ 0x6D69786564ULL);  // another stream than the world's
  Mix mix;
  mix.seed = seed;
  mix.steps = steps;
  mix.world.members = random.once_in(8) ? 3 + random.below(7) : 3 + random.below(2);
  const auto perhaps = [&](std::uint64_t most) {
    return random.once_in(2) ? 2 + random.below(most) : 0;
  };
  mix.world.drop_once_in = perhaps(30);
  mix.world.double_once_in = perhaps(20);
  mix.world.reorder_once_in = perhaps(10);
  mix.world.garble_once_in = perhaps(50);
  constexpr std::array<std::uint64_t, 4> delays{1, 20, 500, 20'000};
  mix.world.delay_ms_max = delays[random.below(delays.size())];
  mix.world.message_lifetime = random.once_in(3) ? minutes(1 + random.below(10)) : days(30);
  mix.world.calm = random.once_in(8);
  if (mix.world.calm) {
    mix.world.drop_once_in = mix.world.double_once_in = mix.world.reorder_once_in =
        mix.world.garble_once_in = 0;
    mix.world.delay_ms_max = 20;
  }
  for (const auto& fault : Run::faults()) {
    if (random.once_in(3) && !(mix.world.calm && fault.fails)) {
      mix.faults.emplace_back(fault.name);
    }
  }
  mix.world.pack = random.once_in(3);
  return mix;
}

Outcome run(const Mix& mix) {
  return Run(mix).go();
}

}  // namespace hamroh::sim
