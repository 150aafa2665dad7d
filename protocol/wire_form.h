// Bodies of events as FlatBuffers bytes: referral (HRFM), decision (HDEC), note (HNTE),
// particulars (HEVT), disclosure (HDSC), disclosed fields (HDSF), status files (HSTF), services
// (HSVC), statements about consent (HCNS) and answers to them (HCAP), deadline (HDLN).
//
// Parsing returns only what find_fault accepts; errors (peer): malformed, too_large, invalid_form.
#pragma once

#include "protocol/form.h"

namespace hamroh {

[[nodiscard]] Bytes encode(const ReferralForm& form);
[[nodiscard]] Bytes encode(const Decision& decision);
[[nodiscard]] Bytes encode(const NoteText& note);
[[nodiscard]] Bytes encode(const Particulars& particulars);
[[nodiscard]] Bytes encode(const Disclosure& disclosure);
[[nodiscard]] Bytes encode(const DisclosedFields& fields);
[[nodiscard]] Bytes encode(const StatusFile& file);
[[nodiscard]] Bytes encode(const DeadlineStatement& statement);
[[nodiscard]] Bytes encode(const ServiceStatement& statement);
[[nodiscard]] Bytes encode(const ConsentStatement& statement);
[[nodiscard]] Bytes encode(const ConsentApplied& applied);
[[nodiscard]] Result<ReferralForm> parse_referral(ByteView body);
[[nodiscard]] Result<Decision> parse_decision(ByteView body);
[[nodiscard]] Result<NoteText> parse_note(ByteView body);
[[nodiscard]] Result<Particulars> parse_particulars(ByteView body, EventKind kind);
// Whether it opens what the referral has committed to is check's business (disclosure.h).
[[nodiscard]] Result<Disclosure> parse_disclosure(ByteView body);
[[nodiscard]] Result<DisclosedFields> parse_fields(ByteView body);
[[nodiscard]] Result<DeadlineStatement> parse_deadline(ByteView body);
[[nodiscard]] Result<StatusFile> parse_status_file(ByteView body);
// At most limits::services_bytes_max.
[[nodiscard]] Result<ServiceStatement> parse_services(ByteView body);
[[nodiscard]] Result<ConsentStatement> parse_consent(ByteView body, EventKind kind);
[[nodiscard]] Result<ConsentApplied> parse_applied(ByteView body);

}  // namespace hamroh
