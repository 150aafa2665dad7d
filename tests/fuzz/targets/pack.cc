// The jurisdiction pack, as TOML.

#include "protocol/pack_file.h"
#include "tests/fuzz/fuzz.h"

namespace hamroh::fuzz {
namespace {

// One of everything, so that a few changed bytes reach every rule.
constexpr std::string_view sample = R"(format = "pack/1"
id = "fuzz/1"
jurisdiction = "XX"
valid_from = 2026-12-01
forms = ["referral/1"]
[name]
en = "a"
ru = "б"
tg = "ҷ"
[texts."consent/1"]
en = "1111111111111111111111111111111111111111111111111111111111111111"
ru = "2222222222222222222222222222222222222222222222222222222222222222"
tg = "3333333333333333333333333333333333333333333333333333333333333333"
[calendar]
utc_offset = "+05:00"
weekend = ["saturday", "sunday"]
annual_holidays = ["01-01", "02-29"]
holidays = [2026-12-25, 2027-03-22]
worked = [2026-12-26]
known_until = 2027-12-31
[clocks]
delivery = {emergency = "15 min", urgent = "1 h", normal = "4 h"}
receipt = {emergency = "1 h", urgent = "8 h", normal = "1 working day"}
referral_decision = {every = "3 days", pauses_during = "first_help"}
first_help = {every = "24 h"}
information = {emergency = "4 h", urgent = "24 h", normal = "5 working days"}
pre_status = {every = "unset"}
status_decision = {every = "1000 working days"}
confirmation = {every = "unset"}
appeal = {every = "36 months"}
appeal_decision = {every = "3 years"}
fund_decision = {every = "1 h"}
fund_payment = {every = "1 h"}
fund_account = {every = "1 h"}
[districts]
XX-A = {en = "a", ru = "б", tg = "ҷ"}
XX-A-B = {within = "XX-A", en = "a", ru = "б", tg = "ҷ"}
[bodies]
one = {role = "commission", districts = ["XX-A"], en = "a", ru = "б", tg = "ҷ"}
[bodies.two]
role = "appeal_body"
districts = ["XX-A-B"]
member = "0193a5c2-7b41-7000-8000-000000000001"
en = "a"
ru = "б"
tg = "ҷ"
[grounds]
refusal.a = {needs = "article", article = "unset", en = "a", ru = "б", tg = "ҷ"}
return.a = {en = "a", ru = "б", tg = "ҷ"}
keeping.a = {en = "a", ru = "б", tg = "ҷ"}
fund_refusal.a = {en = "a", ru = "б", tg = "ҷ"}
[codes]
reason.a = {en = "a", ru = "б", tg = "ҷ"}
documents.a = {en = "a", ru = "б", tg = "ҷ"}
act.a = {en = "a", ru = "б", tg = "ҷ"}
means.a = {en = "a", ru = "б", tg = "ҷ"}
purpose.a = {en = "a", ru = "б", tg = "ҷ"}
access_needs.a = {en = "a", ru = "б", tg = "ҷ"}
safety_risks.a = {en = "a", ru = "б", tg = "ҷ"}
purposes.a = {en = "a", ru = "б", tg = "ҷ"}
requested_by.a = {en = "a", ru = "б", tg = "ҷ"}
fund_purposes.a = {en = "a", ru = "б", tg = "ҷ"}
[status]
votes = {needed = 3, of = 5}
[appeal]
votes = "unset"
[pre_status]
available = true
lasts = "30 days"
warnings = ["14 days", "3 days"]
[retention]
closed_case = "unset"
declined_referral = "6 months"
withdrawn_consent = "1 year"
attachments = "2 years"
fund_records = "100 years"
[quotas]
messages = 1
referrals = 1
emergencies = 1
attachment_mib = 1000000
[fund]
currency = "XXX"
steps = [{up_to = 1, needed = 1, of = 3}, {up_to = 2, needed = 2, of = 3}]
approver_day_limit = 1
)";

Bytes bytes_of(std::string_view text) {
  return Bytes(view(text).begin(), view(text).end());
}

void check_pack(const Pack& pack) {
  CHECK(faults_of(pack).empty());
  for (const PackGap& gap : unset_of(pack)) {
    CHECK(!gap.path.empty() && !gap.missing.empty());
  }
  constexpr Timestamp start{1'800'000'000'000};
  for (const ClockRule& rule : pack.clocks) {
    for (const Urgency urgency : {Urgency::emergency, Urgency::urgent, Urgency::normal}) {
      const Pause pause{start + hours(1), start + days(3)};
      const auto found = deadline(start, rule, urgency, pack.calendar, {&pause, 1});
      CHECK(found.has_value() == rule.of(urgency).has_value());
      CHECK(!found || (start < found->due && found->half <= found->due &&
                       found->due <= found->escalate && found->escalate.ms != UINT64_MAX));
    }
  }
  for (const District& district : pack.districts) {
    CHECK(find_district(pack, district.code) != nullptr);
    (void)body_for(pack, BodyRole::commission, district.code);
  }
}

}  // namespace

std::vector<Bytes> seeds() {
  CHECK(read_pack(sample));
  return {bytes_of(sample), bytes_of("format = \"pack/2\"\n[clocks]\nreceipt = 7\n"),
          bytes_of("a = [[{b.c = '#'}]]\n\"\\u202e\" = \"\"\"\n")};
}

void run(ByteView input) {
  const auto pack = read_pack(text(input));
  if (pack) {
    check_pack(*pack);
    return;
  }
  CHECK(!pack.error().empty() && pack.error().size() <= limits::pack_faults_max);
  for (const PackMistake& mistake : pack.error()) {
    CHECK(mistake.line >= 1 && mistake.column >= 1);
    CHECK(!mistake.what.empty() && !mistake.remedy.empty());
  }
}

}  // namespace hamroh::fuzz
