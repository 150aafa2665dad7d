// How the consent of a case stands and who has answered its last change, as people and programs are
// shown it. Pure: what a node shows of the case in, strings out; text is safe for terminals.
#pragma once

#include "admin/views.h"

namespace hamroh {

struct ConsentAnswerView {
  MemberId member;
  ConsentAction did{};
  std::string ground;  // with kept
  Timestamp when;
  bool operator==(const ConsentAnswerView&) const = default;
};

struct ConsentView {
  State state = State::none;  // none: no statement was made, what the newest form says stands
  MemberId stated_by;
  Timestamp since;
  std::string withdrawn_on;                // as its author says, ISO 8601
  std::optional<Consent> consent;          // as it stands; nothing once it was withdrawn
  std::vector<ConsentAnswerView> answers;  // to that statement; the newest of each member
  std::vector<MemberId> silent;            // who may still answer
};

// `bodies` has one for each event of the case.
[[nodiscard]] ConsentView consent_of(const CaseView& shown, const std::vector<EventText>& bodies);
// One line each; empty where nothing was stated.
[[nodiscard]] std::vector<std::string> answer_lines(const ConsentView& consent, const Names& names);
[[nodiscard]] std::string consent_text(const ConsentView& consent, const Names& names);
[[nodiscard]] std::string consent_json(const ConsentView& consent, const Names& names);

}  // namespace hamroh
