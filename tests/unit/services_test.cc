// Who can take a person: silence is never a free place, and what is full comes with a warning.

#include "protocol/services.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "protocol/constants.h"
#include "protocol/wire_form.h"
#include "sdk/form_json.h"

namespace hamroh {
namespace {

constexpr Timestamp now{1'790'000'000'000};

OfferedService shelter(std::optional<std::uint32_t> places = 3) {
  OfferedService offered;
  offered.service = Service::shelter;
  offered.districts = {"TJ-SU"};
  offered.languages = {"tg", "ru"};
  offered.places = places;
  offered.sexes = {Sex::female};
  offered.age_bands = {AgeBand::from_18, AgeBand::from_25};
  return offered;
}

ServiceStatement statement(std::vector<OfferedService> services, Timestamp until = now + days(7)) {
  return {1, until, std::move(services)};
}

ServiceNeed need() {
  return {Service::shelter, "TJ-SU-KHUJAND", Sex::female, AgeBand::from_18, "tg"};
}

Fit fit(OfferedService offered, const ServiceNeed& wanted = need(), bool expired = false) {
  return fit_of(offered, wanted, expired);
}

Triage triage(std::vector<Service> services) {
  Triage made;
  made.services = std::move(services);
  made.sex = Sex::female;
  made.age_band = AgeBand::from_18;
  made.district = "TJ-SU-KHUJAND";
  return made;
}

std::string sample() {
  std::ifstream file(std::filesystem::path(HAMROH_SOURCE) / "deploy/forms/services-shelter.json");
  return {std::istreambuf_iterator<char>(file), {}};
}
std::string changed(const std::string& from, const std::string& to) {
  std::string json = sample();
  const auto at = json.find(from);
  return at == json.npos ? "" : json.replace(at, from.size(), to);
}
FormFault fault_of(const std::string& json) {
  const auto file = parse_services_json(json);
  return file ? FormFault{} : file.error();
}

TEST(Services, FreePlacesAreOnlyWhatSomebodySaidAndStillHolds) {
  EXPECT_EQ(fit(shelter(3)), Fit::free);
  EXPECT_EQ(fit(shelter(0)), Fit::full);
  EXPECT_EQ(fit(shelter(std::nullopt)), Fit::unknown);
  EXPECT_EQ(fit(shelter(3), need(), true), Fit::expired);
  OfferedService closed = shelter();
  closed.accepts = Accepts::closed;
  EXPECT_EQ(fit(closed), Fit::closed);
  closed.accepts = Accepts::full;
  EXPECT_EQ(fit(closed), Fit::full);
}

TEST(Services, ADistrictHoldsWhatLiesBehindItsHyphens) {
  EXPECT_TRUE(is_within("TJ-SU-KHUJAND", "TJ-SU"));
  EXPECT_TRUE(is_within("TJ-SU", "TJ-SU"));
  EXPECT_FALSE(is_within("TJ-SUX", "TJ-SU"));
  EXPECT_FALSE(is_within("TJ-SU", "TJ-SU-KHUJAND"));
  ServiceNeed elsewhere = need();
  elsewhere.district = "TJ-DU";
  EXPECT_EQ(fit(shelter(), elsewhere), Fit::outside_area);
  elsewhere.district.clear();
  EXPECT_EQ(fit(shelter(), elsewhere), Fit::free);
}

TEST(Services, AServiceForOthersIsUnsuitableAndWhoIsUnknownIsNot) {
  ServiceNeed man = need();
  man.sex = Sex::male;
  EXPECT_EQ(fit(shelter(), man), Fit::unsuitable);
  ServiceNeed child = need();
  child.age_band = AgeBand::from_6;
  EXPECT_EQ(fit(shelter(), child), Fit::unsuitable);
  child.age_band = AgeBand::unknown;
  child.sex = Sex::unknown;
  EXPECT_EQ(fit(shelter(), child), Fit::free);
  ServiceNeed other = need();
  other.service = Service::legal;
  EXPECT_EQ(fit(shelter(), other), Fit::not_offered);
}

TEST(Services, TheBestAnswerComesFirst) {
  OfferedService russian = shelter(9);
  russian.languages = {"ru"};
  const std::vector<ServiceStatement> all{
      statement({shelter(0)}), statement({shelter(5)}, now), statement({shelter(std::nullopt)}),
      statement({russian, shelter(2)}), statement({shelter(4)})};
  std::vector<std::pair<std::size_t, Fit>> found;
  for (const Answering& one : who_can_take(all, need(), now)) {
    found.emplace_back(one.statement, one.fit);
  }
  const std::vector<std::pair<std::size_t, Fit>> wanted{{4, Fit::free},    {3, Fit::free},
                                                        {3, Fit::free},    {2, Fit::unknown},
                                                        {1, Fit::expired}, {0, Fit::full}};
  EXPECT_EQ(found, wanted);
  EXPECT_FALSE(who_can_take(all, need(), now)[2].speaks);  // the Russian nine
}

TEST(Services, AReferralInVainIsWarnedOf) {
  using Warnings = std::vector<ServiceWarning>;
  const auto warn = [](std::vector<Service> services, const ServiceStatement& said) {
    return warnings_for(triage(std::move(services)), said, now);
  };
  EXPECT_EQ(warn({Service::shelter}, statement({shelter()})), Warnings{});
  EXPECT_EQ(warn({Service::shelter}, statement({shelter(std::nullopt)})), Warnings{});
  EXPECT_EQ(warn({Service::shelter}, statement({shelter(0)})),
            (Warnings{{Service::shelter, Fit::full}}));
  EXPECT_EQ(warn({Service::shelter}, statement({shelter()}, now)),
            (Warnings{{Service::shelter, Fit::expired}}));
  EXPECT_EQ(warn({Service::legal}, statement({shelter()})),
            (Warnings{{std::nullopt, Fit::not_offered}}));
  // One that can take her is enough; what it does not give somebody else may.
  EXPECT_EQ(warn({Service::shelter, Service::legal}, statement({shelter(0), shelter(1)})),
            Warnings{});
}

TEST(Services, TheSampleParsesAndComesBackTheSame) {
  const auto file = parse_services_json(sample());
  ASSERT_TRUE(file) << file.error().path << ": " << file.error().found;
  EXPECT_EQ(file->valid_days, 14u);
  ASSERT_EQ(file->statement.services.size(), 3u);
  EXPECT_FALSE(file->statement.services[1].places);
  const auto again = parse_services(encode(file->statement));
  ASSERT_TRUE(again);
  EXPECT_EQ(*again, file->statement);
}

TEST(Services, EveryMistakeOfAFileIsNamedByItsPlace) {
  EXPECT_EQ(fault_of(changed("\"shelter\"", "\"hotel\"")).path, "services[0].service");
  EXPECT_EQ(fault_of(changed("TJ-SU\"", "tj\"")).path, "services[0].districts[0]");
  EXPECT_EQ(fault_of(changed("\"places\": 3", "\"places\": -3")).path, "services[0].places");
  EXPECT_EQ(fault_of(changed("\"places\": 3", "\"places\": 10000")).path, "services[0].places");
  EXPECT_EQ(fault_of(changed("\"places\": 3", "\"beds\": 3")).path, "services[0].beds");
  EXPECT_EQ(fault_of(changed("\"valid_days\": 14", "\"valid_days\": 32")).path, "valid_days");
  EXPECT_EQ(fault_of(changed("\"services/1\"", "\"referral/1\"")).path, "form");
  EXPECT_EQ(fault_of(changed("\"accepts\": \"open\"", "\"accepts\": \"full\"")).path,
            "services[0].places");
  EXPECT_EQ(fault_of("{\"form\": \"services/1\", \"valid_days\": 1}").path, "services");
}

TEST(Services, AHostileStatementIsRefused) {
  const ServiceStatement good = statement({shelter()});
  ASSERT_TRUE(parse_services(encode(good)));
  const auto refused = [&](const std::function<void(ServiceStatement&)>& change) {
    ServiceStatement bad = good;
    change(bad);
    return !parse_services(encode(bad)).has_value();
  };
  EXPECT_TRUE(refused([](auto& bad) { bad.services.clear(); }));
  EXPECT_TRUE(refused([](auto& bad) { bad.valid_until = {}; }));
  EXPECT_TRUE(refused([](auto& bad) { bad.services[0].service = static_cast<Service>(99); }));
  EXPECT_TRUE(refused([](auto& bad) { bad.services[0].accepts = static_cast<Accepts>(4); }));
  EXPECT_TRUE(refused([](auto& bad) { bad.services[0].hours = "\x1b[2J"; }));
  EXPECT_TRUE(refused([](auto& bad) { bad.services[0].sexes = {Sex::female, Sex::female}; }));
  EXPECT_TRUE(refused([](auto& bad) { bad.services.resize(33, bad.services[0]); }));
  EXPECT_TRUE(refused([](auto& bad) { bad.services[0].districts.resize(40, "TJ"); }));
  Bytes longer = encode(good);
  longer.resize(limits::services_bytes_max + 1);
  EXPECT_FALSE(parse_services(longer));
}

}  // namespace
}  // namespace hamroh
