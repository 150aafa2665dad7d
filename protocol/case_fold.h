// What a case is, out of the events of it that a node holds (design: "Cases"). A pure function: any
// order of arrival gives the same state, and so do two nodes that hold the same events.
//
// The opening event comes first; others follow the events that they name (heads, and what they are
// about). Of those that do not follow one another, whoever has the seat comes first, then the
// earlier `created`, then the smaller digest. An event that may not happen is void: it changes
// nothing, and is told with a reason:
//
//   no_standing  its author has not the seat that the kind needs
//   wrong_state  what it is about is in no state that it may come from; or a consent is given or
//                changed by somebody who did not know how it stands
//   case_closed  the case is closed
//   not_found    what it is about is not here, is void, or is no such thing; or a decision on the
//                status is about something older than what there is to decide on
//
// Not every member sees the whole of a case. Where the opening event is not here, the first who
// acts as the owner is taken for it, and every author for a participant.
#pragma once

#include "protocol/lifecycle.h"

namespace hamroh {

// When the node of a recipient opened it, as its receipt says.
struct OpenedAt {
  MemberId member;
  Timestamp time;
  bool operator==(const OpenedAt&) const = default;
};

struct FoldEvent {
  Digest digest;
  EventKind kind{};
  std::uint8_t author = 0;     // place among the participants
  std::uint64_t audience = 0;  // bit mask over the participants: author and recipients
  Timestamp created;
  std::span<const Digest> heads;
  Digest about;              // zero: says nothing, or none
  MemberId member;           // offered to
  std::uint8_t service = 0;  // of assistance
  State outcome{};
  Timestamp until;
  // What only the clocks of the case go by (case_clocks.h), and not the fold.
  std::uint8_t urgency = 0;               // of a referral; 0: it does not say
  Timestamp happened = {};                // `created`, but not later than it was heard of here
  std::span<const OpenedAt> opened = {};  // of a referral
};

struct FoldInput {
  std::span<const MemberId> participants;  // at most 64
  Digest opening;                          // zero: that event is not here
  std::vector<FoldEvent> events;           // in any order; one of a digest counts
};

// One track as it stands. `about` names it: the referral, application, offer or request; of the
// consent, the statement that counts.
struct TrackState {
  Track track{};
  State state{};
  Digest about;
  // referral and assistance: its recipient; transfer: to whom; case: the owner; consent: who said
  // how it stands; else who began it.
  MemberId member;
  std::uint8_t service = 0;  // of assistance
  Timestamp until;           // of a pre-status
  bool operator==(const TrackState&) const = default;
};

struct CaseState {
  std::vector<std::size_t> order;  // indices into the events
  std::vector<Code> reasons;       // by index of event: why it is void; none if it is not
  std::vector<bool> corrected;     // by index of event
  std::vector<TrackState> tracks;  // the case first, then in the order in which they began
  std::vector<Digest> gaps;        // named and not here; sorted
  // What a decision on the status would be about: the application, the ministry's return, the
  // appeal or the overturning, whichever came last; zero: there is none.
  Digest status_subject;

  [[nodiscard]] const TrackState& whole() const { return tracks.front(); }
  // Of the referral that matters most: accepted, else the newest that goes on, else the newest.
  [[nodiscard]] State referral() const;
  // A referral to that member waits for its decision.
  [[nodiscard]] bool awaits(const MemberId& member) const;
};
[[nodiscard]] CaseState fold_case(const FoldInput& input);

}  // namespace hamroh
