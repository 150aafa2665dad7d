// A jurisdiction pack for simulated networks: the least that is one, with clocks of minutes.
#pragma once

#include <string_view>

namespace hamroh::sim {

inline constexpr std::string_view simulated_pack = R"(format = "pack/1"
id = "simulated/1"
jurisdiction = "TJ"
valid_from = 2026-01-01
forms = ["referral/1"]
[name]
en = "Simulated"
ru = "Simulated"
tg = "Simulated"
[texts."consent/1"]
en = "36a6da10eb6671ef735d3f6030aeabdbc9592814984a41875c277a8f1234e23c"
ru = "86576e300e8599d90ef3b89af39c0ed5a2264dae7e05ec9bd24cd4d58cb18cd7"
tg = "6346211cfaaa3da6a288735bdf8862645415cb9fcd8a3db7d47aab5d2f8821f8"
[calendar]
utc_offset = "+05:00"
weekend = ["sunday"]
annual_holidays = []
holidays = []
worked = []
known_until = 2030-12-31
[clocks]
delivery = {emergency = "1 min", urgent = "2 min", normal = "5 min"}
receipt = {emergency = "2 min", urgent = "5 min", normal = "10 min"}
referral_decision = {every = "20 min", pauses_during = "information"}
first_help = {emergency = "5 min", urgent = "10 min", normal = "1 h"}
information = {emergency = "2 min", urgent = "5 min", normal = "10 min"}
fund_decision = {emergency = "2 min", urgent = "5 min", normal = "10 min"}
fund_payment = {emergency = "2 min", urgent = "5 min", normal = "10 min"}
fund_account = {emergency = "2 min", urgent = "5 min", normal = "1 working day"}
pre_status = {emergency = "2 min", urgent = "5 min", normal = "10 min"}
status_decision = {every = "20 min"}
confirmation = {every = "10 min"}
appeal = {every = "30 min"}
appeal_decision = {every = "30 min"}
[districts]
TJ-SU-KHUJAND = {en = "K", ru = "K", tg = "K"}
[bodies]
commission = {role = "commission", districts = ["TJ-SU-KHUJAND"], en = "C", ru = "C", tg = "C"}
ministry = {role = "ministry", districts = ["TJ-SU-KHUJAND"], en = "M", ru = "M", tg = "M"}
appeal = {role = "appeal_body", districts = ["TJ-SU-KHUJAND"], en = "A", ru = "A", tg = "A"}
oversight = {role = "oversight", districts = ["TJ-SU-KHUJAND"], en = "O", ru = "O", tg = "O"}
[grounds.refusal]
other = {needs = "text", en = "O", ru = "O", tg = "O"}
[grounds.return]
other = {needs = "text", en = "O", ru = "O", tg = "O"}
[grounds.keeping]
other = {needs = "text", en = "O", ru = "O", tg = "O"}
[codes.reason]
simulated = {en = "S", ru = "S", tg = "S"}
[codes.documents]
none = {en = "S", ru = "S", tg = "S"}
[codes.act]
other = {en = "S", ru = "S", tg = "S"}
[codes.means]
other = {en = "S", ru = "S", tg = "S"}
[codes.purpose]
other = {en = "S", ru = "S", tg = "S"}
[codes.access_needs]
other = {en = "S", ru = "S", tg = "S"}
[codes.safety_risks]
other = {en = "S", ru = "S", tg = "S"}
[codes.purposes]
protection = {en = "S", ru = "S", tg = "S"}
[codes.requested_by]
self = {en = "S", ru = "S", tg = "S"}
[status]
votes = "unset"
[appeal]
votes = "unset"
[pre_status]
available = true
lasts = "1 h"
warnings = ["30 min"]
[retention]
closed_case = "unset"
declined_referral = "unset"
withdrawn_consent = "unset"
attachments = "unset"
fund_records = "unset"
[quotas]
messages = 2000
referrals = 200
emergencies = 50
attachment_mib = 2048
)";

}  // namespace hamroh::sim
