#include "protocol/case_fold.h"

#include <algorithm>
#include <limits>
#include <set>
#include <tuple>

namespace hamroh {
namespace {

constexpr std::size_t nowhere = std::numeric_limits<std::size_t>::max();

class Fold {
 public:
  explicit Fold(const FoldInput& input) : input_(input), events_(input.events) {
    CHECK(input.participants.size() <= 64);
    state_.reasons.assign(events_.size(), Code::none);
    state_.corrected.assign(events_.size(), false);
    first_track_.assign(events_.size(), nowhere);
    index();
    opening_ = input.opening.is_zero() ? nowhere : find(input.opening);
    const MemberId opener = opening_ == nowhere ? MemberId{} : author_of(events_[opening_]);
    state_.tracks.push_back({Track::case_, State::open, {}, opener, 0, {}});
    link();
  }

  CaseState run() {
    for (std::size_t i = 0; i < events_.size(); ++i) {
      if (counts_[i] && waits_for_[i] == 0) {
        make_ready(i);
      }
    }
    while (!ready_.empty()) {
      const std::size_t next = std::get<3>(*ready_.begin());
      ready_.erase(ready_.begin());
      state_.order.push_back(next);
      state_.reasons[next] = happen(next);
      if (state_.reasons[next] == Code::none) {
        took_part_ |= events_[next].audience;
      }
      for (const std::size_t follower : followers_[next]) {
        if (--waits_for_[follower] == 0) {
          make_ready(follower);
        }
      }
    }
    return std::move(state_);  // hashes cannot form a cycle
  }

 private:
  // ---- the graph

  void index() {
    for (std::size_t i = 0; i < events_.size(); ++i) {
      places_.emplace_back(events_[i].digest, i);
    }
    std::ranges::sort(places_);
    counts_.assign(events_.size(), true);
    for (std::size_t at = 1; at < places_.size(); ++at) {
      if (places_[at].first == places_[at - 1].first) {
        counts_[places_[at].second] = false;
      }
    }
  }

  [[nodiscard]] std::size_t find(const Digest& digest) const {
    const auto found = std::ranges::lower_bound(places_, digest, {}, &Place::first);
    return found != places_.end() && found->first == digest ? found->second : nowhere;
  }

  void link() {
    waits_for_.assign(events_.size(), 0);
    followers_.resize(events_.size());
    for (std::size_t i = 0; i < events_.size(); ++i) {
      if (!counts_[i] || i == opening_) {
        continue;
      }
      for (const Digest& head : events_[i].heads) {
        if (!follow(i, head)) {
          state_.gaps.push_back(head);
        }
      }
      if (!events_[i].about.is_zero()) {
        (void)follow(i, events_[i].about);
      }
      if (waits_for_[i] == 0 && opening_ != nowhere) {
        (void)follow(i, input_.opening);
      }
    }
    std::ranges::sort(state_.gaps);
    const auto rest = std::ranges::unique(state_.gaps);
    state_.gaps.erase(rest.begin(), rest.end());
  }

  bool follow(std::size_t event, const Digest& before) {
    const std::size_t at = find(before);
    if (at == nowhere) {
      return false;
    }
    if (at != event) {
      ++waits_for_[event];
      followers_[at].push_back(event);
    }
    return true;
  }

  void make_ready(std::size_t event) {
    const FoldEvent& one = events_[event];
    const Rule* rule = find_rule(one.kind);
    const bool seated = rule != nullptr && has_seat(one, *rule);
    ready_.insert({!seated, one.created, one.digest, event});
  }

  // ---- who

  [[nodiscard]] const MemberId& author_of(const FoldEvent& event) const {
    return input_.participants[event.author];
  }
  [[nodiscard]] bool addressed_by(std::size_t event, const FoldEvent& author) const {
    return event != nowhere && events_[event].author != author.author &&
           (events_[event].audience >> author.author & 1U) != 0;
  }
  [[nodiscard]] bool hears(const FoldEvent& event, const MemberId& member) const {
    const auto place = std::ranges::find(input_.participants, member);
    return place != input_.participants.end() &&
           (event.audience >> (place - input_.participants.begin()) & 1U) != 0;
  }
  [[nodiscard]] bool participates(const FoldEvent& event) const {
    return opening_ == nowhere || event.author == events_[opening_].author ||
           (took_part_ >> event.author & 1U) != 0;
  }
  // The event that this one is about, if that has happened and began a track of the kind.
  [[nodiscard]] std::size_t subject_of(const FoldEvent& event, EventKind kind) const {
    const std::size_t at = find(event.about);
    const bool good = at != nowhere && events_[at].kind == kind && first_track_[at] != nowhere;
    return good ? at : nowhere;
  }
  [[nodiscard]] static EventKind subject_kind(const Rule& rule) {
    return rule.track == Track::fund ? EventKind::fund_request : EventKind::referral_send;
  }

  [[nodiscard]] bool has_seat(const FoldEvent& event, const Rule& rule) const {
    switch (rule.seat) {
      case Seat::participant:
      case Seat::node:
        return participates(event);
      case Seat::owner: {
        const MemberId& owner = state_.whole().member;
        return owner.is_zero() || owner == author_of(event);
      }
      case Seat::sender: {
        const std::size_t subject = subject_of(event, subject_kind(rule));
        return subject != nowhere && events_[subject].author == event.author;
      }
      case Seat::recipient:
        return event.about.is_zero() ? referral_to(event, rule) != nowhere
                                     : addressed_by(subject_of(event, subject_kind(rule)), event);
      case Seat::offered:
        return transfer_ != nowhere && state_.tracks[transfer_].about == event.about &&
               state_.tracks[transfer_].member == author_of(event);
      case Seat::applicant:
        return application_ != nowhere && events_[application_].author == event.author;
      case Seat::decider:
        return addressed_by(application_, event);
      case Seat::confirmer:
        return addressed_by(assignment_, event);
      case Seat::appeal_body:
        return addressed_by(appeal_, event) && (deciders_ >> event.author & 1U) == 0;
      case Seat::author: {
        const std::size_t corrected = find(event.about);
        return corrected != nowhere && events_[corrected].author == event.author;
      }
    }
    return false;
  }

  // ---- what

  // The effect of an event, or why it has none.
  Code happen(std::size_t at) {
    const FoldEvent& event = events_[at];
    const Rule* rule = find_rule(event.kind);
    if (rule == nullptr) {
      return Code::unsupported_kind;
    }
    if (rule->needed.has(Field::about) && !is_there(event, *rule)) {
      return Code::not_found;
    }
    if (!has_seat(event, *rule)) {
      return Code::no_standing;
    }
    if (state_.whole().state == State::closed && !rule->when_closed) {
      return Code::case_closed;
    }
    switch (rule->track) {
      case Track::referral:
        return refer(at, event, *rule);
      case Track::assistance:
        return assist(event, *rule);
      case Track::status:
        return decide_status(at, event, *rule);
      case Track::consent:
        return consent(at, event, *rule);
      case Track::case_:
        return change_case(event, *rule);
      case Track::transfer:
        return transfer(at, event, *rule);
      case Track::fund:
        return fund(at, event, *rule);
    }
    return Code::unsupported_kind;
  }

  [[nodiscard]] bool is_there(const FoldEvent& event, const Rule& rule) const {
    switch (rule.track) {
      case Track::case_:
        return find(event.about) != nowhere;
      case Track::transfer:
        return subject_of(event, EventKind::transfer_offer) != nowhere;
      case Track::status: {
        const std::size_t at = find(event.about);  // its author's own decision
        return at != nowhere && state_.reasons[at] == Code::none &&
               may_have_status_file(events_[at].kind) && events_[at].author == event.author;
      }
      case Track::consent: {
        const std::size_t at = find(event.about);
        return at != nowhere && states_consent(events_[at].kind) &&
               state_.reasons[at] == Code::none;
      }
      default:
        return subject_of(event, subject_kind(rule)) != nowhere;
    }
  }

  static State next_state(const Rule& rule, const FoldEvent& event, State now) {
    if (rule.to.empty()) {
      return now;
    }
    return rule.to.is_one() ? rule.to.only() : event.outcome;
  }

  static Code move(TrackState& track, const Rule& rule, const FoldEvent& event) {
    const State next = next_state(rule, event, track.state);
    if (!rule.from.has(track.state) || (!rule.to.empty() && !rule.to.has(next))) {
      return Code::wrong_state;
    }
    track.state = next;
    return Code::none;
  }

  std::size_t begin(std::size_t at, TrackState track) {
    if (first_track_[at] == nowhere) {
      first_track_[at] = state_.tracks.size();
    }
    state_.tracks.push_back(std::move(track));
    return state_.tracks.size() - 1;
  }

  void take_ownership(const FoldEvent& event) {
    if (state_.whole().member.is_zero()) {
      state_.tracks.front().member = author_of(event);
    }
  }

  // Of a decision that does not say what it is about, as those of older nodes: the first referral
  // to its author that may still be decided so, else the last one to it.
  [[nodiscard]] std::size_t referral_to(const FoldEvent& event, const Rule& rule) const {
    std::size_t last = nowhere;
    for (std::size_t at = 0; at < state_.tracks.size(); ++at) {
      const TrackState& track = state_.tracks[at];
      if (track.track == Track::referral && track.member == author_of(event)) {
        last = at;
        if (rule.from.has(track.state)) {
          return at;
        }
      }
    }
    return last;
  }

  // The tracks that a referral began stand one behind the other.
  [[nodiscard]] bool is_of(std::size_t track, const Digest& referral) const {
    return track < state_.tracks.size() && state_.tracks[track].track == Track::referral &&
           state_.tracks[track].about == referral;
  }
  [[nodiscard]] std::size_t referral_of(const FoldEvent& event, const MemberId& recipient) const {
    std::size_t at = first_track_[find(event.about)];
    while (is_of(at, event.about) && state_.tracks[at].member != recipient) {
      ++at;
    }
    CHECK(is_of(at, event.about));  // because it has the seat
    return at;
  }

  Code refer(std::size_t at, const FoldEvent& event, const Rule& rule) {
    if (event.kind == EventKind::referral_send) {
      take_ownership(event);
      for (std::size_t who = 0; who < input_.participants.size(); ++who) {
        if (who != event.author && (event.audience >> who & 1U) != 0) {
          begin(at, {Track::referral, State::sent, event.digest, input_.participants[who], 0, {}});
        }
      }
      return Code::none;
    }
    if (rule.seat == Seat::recipient) {
      const std::size_t track =
          event.about.is_zero() ? referral_to(event, rule) : referral_of(event, author_of(event));
      return move(state_.tracks[track], rule, event);
    }
    // Its sender speaks to all recipients for whom that may still be; a disclosure, which moves
    // nothing, is for those only to whom it goes.
    bool moved = false;
    for (std::size_t one = first_track_[find(event.about)]; is_of(one, event.about); ++one) {
      if (!rule.to.empty() || hears(event, state_.tracks[one].member)) {
        moved = move(state_.tracks[one], rule, event) == Code::none || moved;
      }
    }
    return moved ? Code::none : Code::wrong_state;
  }

  Code assist(const FoldEvent& event, const Rule& rule) {
    const MemberId& author = author_of(event);
    const auto known = std::ranges::find_if(state_.tracks, [&](const TrackState& track) {
      return track.track == Track::assistance && track.about == event.about &&
             track.member == author && track.service == event.service;
    });
    if (known != state_.tracks.end()) {
      return move(*known, rule, event);
    }
    const bool accepted = state_.tracks[referral_of(event, author)].state == State::accepted;
    TrackState fresh{Track::assistance, State::none, event.about, author, event.service, {}};
    if (!accepted || move(fresh, rule, event) != Code::none) {
      return Code::wrong_state;
    }
    state_.tracks.push_back(fresh);
    return Code::none;
  }

  // Begins the one track of its kind, or moves it.
  Code move_only(std::size_t at, const FoldEvent& event, const Rule& rule, std::size_t& only) {
    TrackState changed = only != nowhere ? state_.tracks[only]
                                         : TrackState{rule.track,       State::none, event.digest,
                                                      author_of(event), 0,           {}};
    const Code code = move(changed, rule, event);
    if (code != Code::none) {
      return code;
    }
    if (only == nowhere) {
      only = begin(at, changed);
    } else {
      state_.tracks[only] = changed;
    }
    return Code::none;
  }

  // A withdrawal counts whatever else is said at the same time; whoever gives or changes must have
  // known the statement that counts until then, as far as it is here. Answers move nothing.
  Code consent(std::size_t at, const FoldEvent& event, const Rule& rule) {
    if (event.kind == EventKind::consent_applied) {
      const std::size_t statement = find(event.about);
      if (!addressed_by(statement, event)) {
        return Code::no_standing;
      }
      return move(state_.tracks[consent_], rule, event);
    }
    if (event.kind != EventKind::consent_withdraw) {
      const Digest stands = consent_ == nowhere ? Digest{} : state_.tracks[consent_].about;
      const bool not_here = consent_ == nowhere && find(event.about) == nowhere;
      if (event.about != stands && !not_here) {
        return Code::wrong_state;
      }
    }
    const Code code = move_only(at, event, rule, consent_);
    if (code == Code::none) {
      state_.tracks[consent_].about = event.digest;
      state_.tracks[consent_].member = author_of(event);
    }
    return code;
  }

  Code decide_status(std::size_t at, const FoldEvent& event, const Rule& rule) {
    if (event.kind == EventKind::status_disclose) {
      return status_ == nowhere ? Code::wrong_state : move(state_.tracks[status_], rule, event);
    }
    const bool early = event.kind == EventKind::status_appeal && status_ != nowhere &&
                       state_.tracks[status_].state == State::pre_status &&
                       event.created < state_.tracks[status_].until;
    // Votes are over one application, return or appeal, and must not be used for another.
    const bool voted = event.kind == EventKind::status_assign ||
                       event.kind == EventKind::status_refuse ||
                       event.kind == EventKind::appeal_outcome;
    if (voted && !event.about.is_zero() && event.about != state_.status_subject) {
      return Code::not_found;
    }
    const Code code = early ? Code::wrong_state : move_only(at, event, rule, status_);
    if (code != Code::none) {
      return code;
    }
    state_.tracks[status_].until = {};
    switch (event.kind) {
      case EventKind::status_apply:
        application_ = at;
        state_.status_subject = event.digest;
        break;
      case EventKind::ministry_return:
      case EventKind::appeal_outcome:
        state_.status_subject = event.digest;
        break;
      case EventKind::status_pre_grant:
        state_.tracks[status_].until = event.until;
        break;
      case EventKind::status_assign:
        assignment_ = at;
        break;
      case EventKind::status_appeal:
        appeal_ = at;
        state_.status_subject = event.digest;
        break;
      default:
        break;
    }
    if (rule.seat == Seat::decider) {
      deciders_ |= std::uint64_t{1} << event.author;
    }
    return Code::none;
  }

  Code change_case(const FoldEvent& event, const Rule& rule) {
    const Code code = move(state_.tracks.front(), rule, event);
    if (code == Code::none && rule.seat == Seat::owner) {
      take_ownership(event);
    }
    if (code == Code::none && event.kind == EventKind::record_correct) {
      state_.corrected[find(event.about)] = true;
    }
    return code;
  }

  Code transfer(std::size_t at, const FoldEvent& event, const Rule& rule) {
    if (event.kind == EventKind::transfer_offer) {
      take_ownership(event);
      transfer_ = begin(at, {Track::transfer, State::offered, event.digest, event.member, 0, {}});
      return Code::none;
    }
    const Code code = move(state_.tracks[transfer_], rule, event);
    if (code == Code::none && event.kind == EventKind::transfer_accept) {
      state_.tracks.front().member = author_of(event);
    }
    return code;
  }

  Code fund(std::size_t at, const FoldEvent& event, const Rule& rule) {
    if (event.kind == EventKind::fund_request) {
      begin(at, {Track::fund, State::asked, event.digest, author_of(event), 0, {}});
      return Code::none;
    }
    return move(state_.tracks[first_track_[find(event.about)]], rule, event);
  }

  using Place = std::pair<Digest, std::size_t>;
  using Ready = std::tuple<bool, Timestamp, Digest, std::size_t>;

  const FoldInput& input_;
  std::span<const FoldEvent> events_;
  CaseState state_;
  std::vector<Place> places_;  // sorted by digest
  std::vector<bool> counts_;   // false: doubled
  std::vector<std::size_t> waits_for_;
  std::vector<std::vector<std::size_t>> followers_;
  std::set<Ready> ready_;
  std::size_t opening_ = nowhere;
  std::vector<std::size_t> first_track_;  // by event that began some
  std::uint64_t took_part_ = 0;           // audience of what has happened
  std::size_t status_ = nowhere;          // places among the tracks
  std::size_t consent_ = nowhere;
  std::size_t transfer_ = nowhere;     // the newest offer
  std::size_t application_ = nowhere;  // events
  std::size_t assignment_ = nowhere;
  std::size_t appeal_ = nowhere;
  std::uint64_t deciders_ = 0;
};

}  // namespace

State CaseState::referral() const {
  constexpr States ended{State::declined, State::redirected, State::revoked, State::cancelled};
  State best = State::none;
  for (const TrackState& track : tracks) {
    if (track.track != Track::referral) {
      continue;
    }
    if (track.state == State::accepted) {
      return State::accepted;
    }
    if (best == State::none || !ended.has(track.state) || ended.has(best)) {
      best = track.state;
    }
  }
  return best;
}

bool CaseState::awaits(const MemberId& member) const {
  const States waiting = find_rule(EventKind::referral_accept)->from;
  return std::ranges::any_of(tracks, [&](const TrackState& track) {
    return track.track == Track::referral && track.member == member && waiting.has(track.state);
  });
}

CaseState fold_case(const FoldInput& input) {
  return Fold(input).run();
}

}  // namespace hamroh
