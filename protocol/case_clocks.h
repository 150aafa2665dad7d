// Which clocks of a case run, and what is due when (design section 7). A pure function of what both
// sides of a clock hold: events, receipts for referrals, and the jurisdiction pack that the case is
// under. So both compute the same instants.
//
//   clock              starts with             stops with                        waits, owes
//   delivery           referral.send           the receipt `opened`              sender, recipient
//   receipt            the receipt `opened`    referral.receive, or a decision   sender, recipient
//   referral_decision  referral.receive,       accept, decline, redirect,        sender, recipient
//                      or a question           revoke
//   information        info.request            info.answer, or a decision        recipient, sender
//   first_help         referral.accept         emergency.start                   sender, recipient
//   pre_status         status.apply            pre_grant, assign, refuse         applicant, decider
//   ~ once granted     status.pre_grant        assign, refuse: else it lapses    nobody, applicant
//   status_decision    apply, return or        assign, refuse                    applicant, decider
//                      overturning
//   confirmation       status.assign           confirm, return                   decider, confirmer
//   appeal             refuse, or the lapse    status.appeal: else the right     nobody, applicant
//                                              to it ends
//   appeal_decision    status.appeal           appeal.outcome                    applicant, body
//   fund_decision      fund.request            approve, refuse                   asker, fund
//   fund_payment       fund.approve            fund.paid                         asker, fund
//   fund_account       fund.paid               fund.accounted                    fund, asker
//
// Delivery ends when the message is *opened*: an envelope that a locked node keeps has reached
// nobody who could help. Who owes is everybody to whom the starting event went; whoever asks knows
// who of them may do it. Urgency is that of the most urgent referral that both have seen; without
// one it is normal. An event happened when it says that it was written, but not later than it was
// heard of, so that a clock set wrongly elsewhere delays nothing. A question about a referral
// pauses its decision; those on the status have no questions of their own, and never pause. In a
// closed case only the clocks of the status run.
#pragma once

#include <vector>

#include "protocol/case_fold.h"
#include "protocol/pack.h"

namespace hamroh {

struct CaseClock {
  Clock clock{};
  Digest about;    // the event that started it; of delivery and receipt, the referral
  MemberId waits;  // whose node says that it was missed; zero: nobody's
  MemberId owes;   // from whom something is due
  Urgency urgency{};
  Timestamp start;
  Deadline deadline;
  bool operator==(const CaseClock&) const = default;
};

// A right that ends, or a status that lapses, is nobody's failure: it is told to who has it, and to
// nobody else.
[[nodiscard]] inline bool is_duty(const CaseClock& clock) {
  return !clock.waits.is_zero();
}
// Whoever owes that needs it.
[[nodiscard]] std::optional<Capability> capability_for(Clock clock);

// Those that run, in the order of `due`. `state`: fold_case(events).
[[nodiscard]] std::vector<CaseClock> running_clocks(const FoldInput& events, const CaseState& state,
                                                    const Pack& pack);

// How far a clock is: what has been done about it is kept with the case.
enum class ClockStage : std::uint8_t { running = 0, half = 1, missed = 2, escalated = 3 };
[[nodiscard]] const char* clock_stage_name(ClockStage stage);
[[nodiscard]] ClockStage stage_at(const CaseClock& clock, Timestamp now);
// When it comes to the stage after that one; the end of time if there is none.
[[nodiscard]] Timestamp next_stage(const CaseClock& clock, ClockStage stage);

}  // namespace hamroh
