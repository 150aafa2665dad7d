#include "protocol/case_clocks.h"

#include <algorithm>
#include <map>
#include <tuple>

namespace hamroh {
namespace {

constexpr Timestamp never{UINT64_MAX};

// When what happened to a referral at one of its recipients.
struct Moments {
  Urgency urgency{};
  Timestamp sent;
  std::optional<Timestamp> opened;
  std::optional<Timestamp> seen;  // by a person: received, or asked about
  std::optional<Timestamp> asked;
  Digest question;
  std::optional<Pause> pause;  // the first one
  std::optional<Timestamp> accepted;
  Digest acceptance;
};

class Clocks {
 public:
  Clocks(const FoldInput& input, const CaseState& state, const Pack& pack)
      : input_(input), state_(state), pack_(pack) {}

  std::vector<CaseClock> run() {
    for (const std::size_t at : state_.order) {
      if (state_.reasons[at] == Code::none) {
        take(input_.events[at]);
      }
    }
    const bool open = state_.whole().state == State::open;
    for (const TrackState& track : state_.tracks) {
      switch (track.track) {
        case Track::referral:
          if (open) {
            of_referral(track);
          }
          break;
        case Track::status:
          of_status(track);
          break;
        case Track::fund:
          of_fund(track);
          break;
        default:
          break;
      }
    }
    std::ranges::sort(found_, {}, [](const CaseClock& one) {
      return std::tuple(one.deadline.due, one.clock, one.about, one.owes);
    });
    return std::move(found_);
  }

 private:
  using Place = std::pair<Digest, MemberId>;  // a referral at one of its recipients

  [[nodiscard]] const MemberId& author_of(const FoldEvent& event) const {
    return input_.participants[event.author];
  }
  static Timestamp time_of(const FoldEvent& event) {
    return event.happened.ms == 0 ? event.created : event.happened;
  }

  // ---- what happened, and when

  void take(const FoldEvent& event) {
    const Rule& rule = *find_rule(event.kind);
    switch (rule.track) {
      case Track::referral:
        if (event.kind == EventKind::referral_send) {
          take_referral(event);
        } else if (rule.seat == Seat::recipient) {
          take_step(event);
        } else if (event.kind == EventKind::info_answer) {
          take_answer(event);
        }
        break;
      case Track::status:
        status_ = rule.to.empty() ? status_ : &event;
        applied_ = event.kind == EventKind::status_apply ? &event : applied_;
        break;
      case Track::fund:
        fund_[event.about.is_zero() ? event.digest : event.about] = &event;
        if (event.kind == EventKind::fund_request) {
          asked_for_[event.digest] = &event;
        }
        break;
      default:
        break;
    }
  }

  void take_referral(const FoldEvent& event) {
    referrals_.push_back(&event);
    for (std::size_t who = 0; who < input_.participants.size(); ++who) {
      if (who == event.author || (event.audience >> who & 1U) == 0) {
        continue;
      }
      Moments& moments = moments_[{event.digest, input_.participants[who]}];
      moments.urgency = urgency_of(event);
      moments.sent = time_of(event);
      const auto opened =
          std::ranges::find(event.opened, input_.participants[who], &OpenedAt::member);
      if (opened != event.opened.end()) {
        moments.opened = std::max(opened->time, moments.sent);  // whatever its clock says
      }
    }
  }

  // A step of a recipient. Decisions of older nodes do not say which referral they are about: then
  // it is every one that still goes on there.
  void take_step(const FoldEvent& event) {
    for (auto& [place, moments] : moments_) {
      const bool of_this = event.about.is_zero() || place.first == event.about;
      if (!of_this || place.second != author_of(event)) {
        continue;
      }
      const Timestamp time = time_of(event);
      moments.seen = moments.seen.value_or(time);
      if (event.kind == EventKind::info_request) {
        moments.asked = time;
        moments.question = event.digest;
      }
      if (event.kind == EventKind::referral_accept) {
        moments.accepted = time;
        moments.acceptance = event.digest;
      }
    }
  }

  void take_answer(const FoldEvent& event) {
    for (auto& [place, moments] : moments_) {
      if (place.first == event.about && moments.asked) {
        moments.pause = moments.pause ? moments.pause : pause(moments, time_of(event));
        moments.asked.reset();
      }
    }
  }

  [[nodiscard]] std::optional<Pause> pause(const Moments& moments,
                                           std::optional<Timestamp> answered) const {
    const auto& answer = pack_.clock(Clock::information).of(moments.urgency);
    if (!moments.asked || !answer) {
      return std::nullopt;  // without a period for the answer a question stops nothing
    }
    return pause_of(*moments.asked, answered, *answer, pack_.calendar);
  }

  // ---- which clocks follow

  void of_referral(const TrackState& track) {
    const auto found = moments_.find({track.about, track.member});
    if (found == moments_.end()) {
      return;
    }
    const Moments& moments = found->second;
    const FoldEvent* referral = *std::ranges::find(referrals_, track.about, &FoldEvent::digest);
    const MemberId& sender = author_of(*referral);
    const Urgency urgency = moments.urgency;
    switch (track.state) {
      case State::sent:
        if (moments.opened) {
          add(Clock::receipt, track.about, {sender, track.member}, urgency, *moments.opened);
        } else {
          add(Clock::delivery, track.about, {sender, track.member}, urgency, moments.sent);
        }
        break;
      case State::info_requested:
        if (moments.asked) {
          add(Clock::information, moments.question, {track.member, sender}, urgency,
              *moments.asked);
        }
        [[fallthrough]];
      case State::received:
        if (moments.seen) {
          std::optional<Pause> stands = moments.pause;
          stands = stands ? stands : pause(moments, std::nullopt);
          add(Clock::referral_decision, track.about, {sender, track.member}, urgency, *moments.seen,
              stands);
        }
        break;
      case State::accepted:
        if (moments.accepted && !is_helped(track)) {
          add(Clock::first_help, moments.acceptance, {sender, track.member}, urgency,
              *moments.accepted);
        }
        break;
      default:
        break;
    }
  }

  [[nodiscard]] bool is_helped(const TrackState& referral) const {
    return std::ranges::any_of(state_.tracks, [&](const TrackState& track) {
      return track.track == Track::assistance && track.about == referral.about &&
             track.member == referral.member;
    });
  }

  void of_status(const TrackState& track) {
    if (status_ == nullptr || applied_ == nullptr) {
      return;
    }
    const FoldEvent& newest = *status_;
    switch (track.state) {
      case State::applied:
        by_all(Clock::status_decision, newest, newest);
        if (pack_.pre_status.available == true) {
          by_all(Clock::pre_status, newest, newest);
        }
        break;
      case State::pre_status:
        by_all(Clock::status_decision, *applied_, *applied_);
        lapse(newest, track.until);
        break;
      case State::assigned_unconfirmed:
        by_all(Clock::confirmation, newest, newest);
        break;
      case State::returned:
      case State::overturned:
        by_all(Clock::status_decision, newest, *applied_);
        break;
      case State::refused:
        add(Clock::appeal, newest.digest, {MemberId{}, author_of(*applied_)},
            urgency_between(newest.author, applied_->author), time_of(newest));
        break;
      case State::appealed:
        by_all(Clock::appeal_decision, newest, newest);
        break;
      default:
        break;
    }
  }

  // From everybody who heard of `told`, beginning with `start`; who waits is the author of `told`.
  void by_all(Clock clock, const FoldEvent& start, const FoldEvent& told) {
    for (std::size_t who = 0; who < input_.participants.size(); ++who) {
      if (who != told.author && (told.audience >> who & 1U) != 0) {
        add(clock, start.digest, {author_of(told), input_.participants[who]},
            urgency_between(told.author, static_cast<std::uint8_t>(who)), time_of(start));
      }
    }
  }

  // `half` is the first warning before it lapses.
  void lapse(const FoldEvent& granted, Timestamp until) {
    const Timestamp start = time_of(granted);
    const Urgency urgency = urgency_between(granted.author, applied_->author);
    Timestamp warned = start;
    if (!pack_.pre_status.warnings.empty()) {
      const std::uint64_t before = pack_.pre_status.warnings.front().count * minutes(1).ms;
      warned = std::max(start, Timestamp{until.ms > before ? until.ms - before : 0});
    }
    const MemberId& applicant = author_of(*applied_);
    found_.push_back({Clock::pre_status,
                      granted.digest,
                      MemberId{},
                      applicant,
                      urgency,
                      start,
                      {std::min(warned, until), until, never}});
    add(Clock::appeal, granted.digest, {MemberId{}, applicant}, urgency, until);
  }

  void of_fund(const TrackState& track) {
    const auto newest = fund_.find(track.about);
    const auto request = asked_for_.find(track.about);
    if (newest == fund_.end() || request == asked_for_.end()) {
      return;
    }
    const FoldEvent& event = *newest->second;
    const FoldEvent& asked = *request->second;
    switch (track.state) {
      case State::asked:
        by_all(Clock::fund_decision, event, asked);
        break;
      case State::approved:
        add(Clock::fund_payment, event.digest, {author_of(asked), author_of(event)},
            urgency_between(asked.author, event.author), time_of(event));
        break;
      case State::paid:
        add(Clock::fund_account, event.digest, {author_of(event), author_of(asked)},
            urgency_between(asked.author, event.author), time_of(event));
        break;
      default:
        break;
    }
  }

  struct Sides {
    MemberId waits;
    MemberId owes;
  };
  void add(Clock clock, const Digest& about, const Sides& sides, Urgency urgency, Timestamp start,
           const std::optional<Pause>& pause = std::nullopt) {
    const auto due = deadline(start, pack_.clock(clock), urgency, pack_.calendar,
                              pause ? std::span(&*pause, 1) : std::span<const Pause>());
    if (due) {
      found_.push_back({clock, about, sides.waits, sides.owes, urgency, start, *due});
    }
  }

  // ---- how urgent

  static Urgency urgency_of(const FoldEvent& referral) {
    const bool known = referral.urgency >= static_cast<std::uint8_t>(Urgency::emergency) &&
                       referral.urgency <= static_cast<std::uint8_t>(Urgency::normal);
    return known ? static_cast<Urgency>(referral.urgency) : Urgency::normal;
  }
  [[nodiscard]] Urgency urgency_between(std::uint8_t one, std::uint8_t other) const {
    Urgency most = Urgency::normal;
    for (const FoldEvent* referral : referrals_) {
      const bool both = (referral->audience >> one & referral->audience >> other & 1U) != 0;
      most = both ? std::min(most, urgency_of(*referral)) : most;
    }
    return most;
  }

  const FoldInput& input_;
  const CaseState& state_;
  const Pack& pack_;
  std::vector<const FoldEvent*> referrals_;
  std::map<Place, Moments> moments_;
  const FoldEvent* status_ = nullptr;  // the newest of its track
  const FoldEvent* applied_ = nullptr;
  std::map<Digest, const FoldEvent*> fund_;  // by request: the newest about it
  std::map<Digest, const FoldEvent*> asked_for_;
  std::vector<CaseClock> found_;
};

}  // namespace

std::optional<Capability> capability_for(Clock clock) {
  switch (clock) {
    case Clock::first_help:
      return Capability::service_provide;
    case Clock::pre_status:
    case Clock::status_decision:
      return Capability::status_decide;
    case Clock::confirmation:
      return Capability::status_confirm;
    case Clock::appeal_decision:
      return Capability::appeal_decide;
    case Clock::fund_decision:
      return Capability::fund_decide;
    case Clock::fund_payment:
      return Capability::fund_pay;
    default:
      return std::nullopt;  // the event that started it went to nobody else
  }
}

std::vector<CaseClock> running_clocks(const FoldInput& events, const CaseState& state,
                                      const Pack& pack) {
  return Clocks(events, state, pack).run();
}

const char* clock_stage_name(ClockStage stage) {
  switch (stage) {
    case ClockStage::running:
      return "running";
    case ClockStage::half:
      return "half_over";
    case ClockStage::missed:
      return "missed";
    case ClockStage::escalated:
      return "escalated";
  }
  return "unknown";
}

ClockStage stage_at(const CaseClock& clock, Timestamp now) {
  const Deadline& deadline = clock.deadline;
  if (now < deadline.half) {
    return ClockStage::running;
  }
  if (now < deadline.due) {
    return ClockStage::half;
  }
  return is_duty(clock) && now >= deadline.escalate ? ClockStage::escalated : ClockStage::missed;
}

Timestamp next_stage(const CaseClock& clock, ClockStage stage) {
  switch (stage) {
    case ClockStage::running:
      return clock.deadline.half;
    case ClockStage::half:
      return clock.deadline.due;
    case ClockStage::missed:
      return is_duty(clock) ? clock.deadline.escalate : never;
    case ClockStage::escalated:
      return never;
  }
  return never;
}

}  // namespace hamroh
