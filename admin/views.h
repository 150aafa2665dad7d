// What a node shows, as text for people and as JSON for programs. Pure: values in, strings out.
// Text is safe for terminals: whatever data could move the cursor or pose as another line is
// escaped.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "protocol/api.h"
#include "protocol/form.h"

namespace hamroh {

struct Names {
  std::map<MemberId, std::string> members;
  std::map<UserId, std::string> users;  // of this organisation
};
// What someone is called, or the id where that is not known; not escaped.
[[nodiscard]] std::string name_in(const Names& names, const MemberId& member);
[[nodiscard]] std::string name_in(const Names& names, const UserId& user);

// What one event says, where it could be fetched.
struct EventText {
  std::string json;                // empty if it could not
  std::vector<std::string> lines;  // for people; escaped by case_text
  bool withheld = false;           // the sealed tier was left out
  // Of a disclosure: what it disclosed. Of a referral: what this node was not given of it.
  FormFields fields = {};
  std::vector<UserId> voters = {};  // who signed a decision
  // Of a referral or a statement about consent: the consent, and the day of a withdrawal. Of an
  // answer to a statement: what was done.
  std::optional<Consent> consent = {};
  std::string date = {};
  std::optional<ConsentApplied> applied = {};
};

// The bytes of an event's body, in words. Empty if they are not of the kind.
[[nodiscard]] EventText describe_body(EventKind kind, ByteView body);

// A consent in words, one line each; not escaped.
[[nodiscard]] std::vector<std::string> describe_consent(const Consent& consent);

[[nodiscard]] std::string status_json(const api::NodeStatus& status);
[[nodiscard]] std::string status_text(const api::NodeStatus& status, Timestamp now);
// `bodies` has one for each event of the case.
// `files`: the list of its files as JSON (attachment_view.h); empty: that is not known.
[[nodiscard]] std::string case_json(const CaseView& shown, const Names& names,
                                    const std::vector<EventText>& bodies,
                                    const std::string& files = {});
[[nodiscard]] std::string case_text(const CaseView& shown, const Names& names,
                                    const std::vector<EventText>& bodies);
[[nodiscard]] std::string cases_json(const std::vector<CaseView>& cases, const Names& names);
[[nodiscard]] std::string cases_text(const std::vector<CaseView>& cases, const Names& names);
[[nodiscard]] std::string message_json(const MessageView& message);
[[nodiscard]] std::string event_json(const Event& event, const Names& names);
[[nodiscard]] std::string event_text(const Event& event, const Names& names);

}  // namespace hamroh
