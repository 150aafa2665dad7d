// The page that a person is given: what was shared about her, with whom, when and why, and how to
// change her mind or to appeal. In her language, free of codes, fit for print, and without her name
// or her story: whoever finds the page learns that somebody asked for help, and no more.
//
// Pure: values in, text out.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "protocol/pack.h"

namespace hamroh {

enum class SharedWhat : std::uint8_t {
  sent,        // a referral, with the tiers named
  disclosed,   // more of the same form, with the tiers named
  arrived,     // somebody's node has opened it
  accepted,    // the help was promised
  declined,    // it was refused, or somebody else was suggested
  taken_back,  // by us, before it was accepted or after
  applied,     // for the status
  decided,     // on the status; the outcome stands at the end of the page
  offered,     // the case, to another organisation that would look after her
  paid,        // money was asked for
  appealed,    // her appeal
  told,        // that she has changed her mind
};

struct SharedStep {
  SharedWhat what{};
  Timestamp when;
  std::vector<DisclosureTier> tiers;  // of sent and disclosed, in order
  bool operator==(const SharedStep&) const = default;
};

struct SharedWith {
  std::string organisation;
  std::vector<SharedStep> steps;     // in order of time
  std::vector<std::string> reasons;  // in words, in the language of the page
  bool operator==(const SharedWith&) const = default;
};

struct StatementConsent {
  std::string date;     // ISO 8601
  std::string expires;  // likewise; empty: no end was set
  // Without her consent, for a reason that the law knows: she is told so.
  bool exception = false;
  bool withdrawn = false;
  std::string withdrawn_on = {};  // likewise; empty: she has not said
  bool operator==(const StatementConsent&) const = default;
};

struct StatementAppeal {
  Timestamp made;
  // Absent: nobody has decided on it.
  std::optional<Timestamp> decided = {};
  std::string by = {};          // the organisation
  State outcome = State::none;  // overturned or upheld
  bool operator==(const StatementAppeal&) const = default;
};

struct PersonStatement {
  std::string organisation;  // that gives her the page
  std::string number;        // to name the case by, when she comes again
  Timestamp made;
  std::int32_t utc_offset_minutes = 0;  // of the dates
  std::vector<SharedWith> shared;
  std::vector<StatementConsent> consents;  // newest last
  State status = State::none;
  std::vector<StatementAppeal> appeals;  // in order of time
  bool may_appeal = false;
};

// Lines of at most 78 characters, ended by line feeds. What came from others is escaped.
[[nodiscard]] std::string statement_text(const PersonStatement& statement, Language language);

}  // namespace hamroh
