// Totals of relief funds: what counts when, and that an oversight body is told nothing small, nor
// anything that something small could be computed from.

#include "protocol/fund_totals.h"

#include <gtest/gtest.h>

#include <random>

namespace hamroh {
namespace {

using enum FundColumn;

FundMoney money(std::uint64_t time, std::uint64_t amount, const std::string& currency = "TJS") {
  return {{time}, amount, currency};
}

FundRequest request(std::uint64_t time, std::uint64_t amount, const std::string& purpose = "food") {
  FundRequest made;
  made.purpose = purpose;
  made.urgency = 2;
  made.asked = money(time, amount);
  return made;
}

const FundCell food{"TJS", "food", 2};

TEST(FundTotals, EachStepCountsInThePeriodInWhichItWasEntered) {
  FundRequest one = request(10, 500);
  one.approved = Timestamp{20};
  one.paid = money(30, 450);
  one.accounted = money(40, 400);
  const auto in = [&](std::uint64_t from, std::uint64_t until) {
    FundTotals totals;
    totals.add(one, {{from}, {until}});
    return totals.cells[food];
  };
  EXPECT_EQ(in(10, 11).of(asked), (FundNumber{1, 500}));
  EXPECT_EQ(in(11, 21).of(asked), FundNumber{});
  EXPECT_EQ(in(20, 21).of(approved), (FundNumber{1, 500})) << "what was asked for is approved";
  EXPECT_EQ(in(0, 20).of(approved), FundNumber{}) << "the end does not belong to it";
  EXPECT_EQ(in(30, 40).of(paid), (FundNumber{1, 450}));
  EXPECT_EQ(in(30, 40).of(accounted), FundNumber{});
  EXPECT_EQ(in(40, 41).of(accounted), (FundNumber{1, 400}));
}

TEST(FundTotals, OpenIsWhatWasOpenWhenThePeriodEnded) {
  FundRequest one = request(10, 500);
  one.approved = Timestamp{20};
  one.paid = money(30, 450);
  one.accounted = money(40, 400);
  const auto at_end = [&](std::uint64_t until) {
    FundTotals totals;
    totals.add(one, {{until - 1}, {until}});
    return totals.cells[food];
  };
  EXPECT_EQ(at_end(10).of(undecided), FundNumber{}) << "it was not there yet";
  EXPECT_EQ(at_end(20).of(undecided), (FundNumber{1, 500})) << "asked for before the period";
  EXPECT_EQ(at_end(21).of(undecided), FundNumber{});
  EXPECT_EQ(at_end(30).of(unaccounted), FundNumber{});
  EXPECT_EQ(at_end(40).of(unaccounted), (FundNumber{1, 450})) << "what was paid is to be accounted";
  EXPECT_EQ(at_end(41).of(unaccounted), FundNumber{});
  FundRequest no = request(10, 500);
  no.refused = Timestamp{15};
  FundTotals totals;
  totals.add(no, {});
  EXPECT_EQ(totals.cells[food].of(refused), (FundNumber{1, 500}));
  EXPECT_EQ(totals.cells[food].of(undecided), FundNumber{});
}

TEST(FundTotals, MoneyCountsInTheCurrencyInWhichItWasPaid) {
  FundRequest one = request(10, 500);
  one.approved = Timestamp{20};
  one.paid = money(30, 45, "USD");
  FundTotals totals;
  totals.add(one, {});
  EXPECT_EQ(totals.cells[food].of(paid), FundNumber{});
  EXPECT_EQ((totals.cells[{"USD", "food", 2}].of(paid)), (FundNumber{1, 45}));
  EXPECT_EQ((totals.cells[{"USD", "food", 2}].of(unaccounted)), (FundNumber{1, 45}));
}

TEST(FundTotals, ASumThatWouldOverflowStaysAtTheMost) {
  FundTotals totals;
  totals.add(request(1, UINT64_MAX), {});
  totals.add(request(1, 7), {});
  EXPECT_EQ(totals.cells[food].of(asked), (FundNumber{2, UINT64_MAX}));
}

TEST(FundTotals, BeyondTheLastCellRequestsAreCountedAndNotHidden) {
  FundTotals totals;
  for (std::size_t i = 0; i < limits::fund_cells_max + 3; ++i) {
    totals.add(request(1, 1, "p" + std::to_string(i)), {});
  }
  EXPECT_EQ(totals.cells.size(), limits::fund_cells_max);
  EXPECT_EQ(totals.beyond, 3U);
  totals.add(request(1, 1, "p0"), {});
  EXPECT_EQ(totals.beyond, 3U) << "a cell that is there takes more";
}

// ---- for an oversight body ----------------------------------------------------------------------

// What became of requests of one cell, in the order of the lifecycle.
struct Fates {
  std::uint64_t refused = 0, undecided = 0, unpaid = 0, unaccounted = 0, accounted = 0;
};
void put(FundTotals& totals, const FundCell& cell, const Fates& fates) {
  FundNumbers& numbers = totals.cells[cell];
  const auto set = [&](FundColumn column, std::uint64_t requests) {
    numbers.of(column) = {requests, requests * 100};
  };
  const std::uint64_t all_paid = fates.unaccounted + fates.accounted;
  set(asked, fates.refused + fates.undecided + fates.unpaid + all_paid);
  set(approved, fates.unpaid + all_paid);
  set(refused, fates.refused);
  set(paid, all_paid);
  set(accounted, fates.accounted);
  set(undecided, fates.undecided);
  set(unaccounted, fates.unaccounted);
}
std::optional<std::uint64_t> told(const OversightRow& row, FundColumn column) {
  const auto& number = row.columns[static_cast<std::size_t>(column)];
  return number ? std::optional(number->requests) : std::nullopt;
}

TEST(FundForOversight, WhatCountsEnoughIsToldWhole) {
  FundTotals totals;
  put(totals, food, {10, 11, 12, 13, 14});
  const auto rows = for_oversight(totals);
  ASSERT_EQ(rows.size(), 1U);
  EXPECT_EQ(rows[0].cell, food);
  EXPECT_FALSE(rows[0].rest);
  for (const FundColumn column : all_fund_columns) {
    EXPECT_EQ(told(rows[0], column), totals.cells[food].of(column).requests);
  }
}

TEST(FundForOversight, NineAreNotToldAndTenAre) {
  FundTotals totals;
  put(totals, food, {0, 9, 0, 0, 0});
  EXPECT_TRUE(for_oversight(totals).empty());
  put(totals, food, {0, 10, 0, 0, 0});
  ASSERT_EQ(for_oversight(totals).size(), 1U);
  EXPECT_EQ(told(for_oversight(totals)[0], asked), 10U);
}

TEST(FundForOversight, ASmallNumberIsNotLeftBetweenTwoLargerOnes) {
  FundTotals totals;
  put(totals, food, {3, 12, 0, 0, 40});  // three refused
  auto row = for_oversight(totals).at(0);
  EXPECT_EQ(told(row, asked), 55U);
  EXPECT_EQ(told(row, approved), 40U);
  EXPECT_FALSE(told(row, refused));
  EXPECT_FALSE(told(row, undecided)) << "with it the three could be computed";
  EXPECT_FALSE(told(row, paid)) << "that all of them were paid is told of nobody, too";
  put(totals, food, {0, 4, 30, 0, 40});  // four not decided
  row = for_oversight(totals).at(0);
  EXPECT_EQ(told(row, asked), 74U);
  EXPECT_FALSE(told(row, approved)) << "with it the four could be computed";
  EXPECT_EQ(told(row, paid), 40U);
  put(totals, food, {0, 30, 20, 5, 40});  // five not accounted for
  row = for_oversight(totals).at(0);
  EXPECT_EQ(told(row, paid), 45U);
  EXPECT_FALSE(told(row, accounted));
  EXPECT_FALSE(told(row, unaccounted));
}

TEST(FundForOversight, CellsTooSmallForALineAreToldTogetherAndNeverSummedWithOthers) {
  FundTotals totals;
  put(totals, food, {0, 40, 0, 0, 0});
  put(totals, {"TJS", "documents", 2}, {0, 6, 0, 0, 0});
  EXPECT_EQ(for_oversight(totals).size(), 1U) << "six alone are no rest that may be told";
  put(totals, {"TJS", "transport", 1}, {0, 7, 0, 0, 0});
  put(totals, {"USD", "transport", 1}, {0, 9, 0, 0, 0});
  const auto rows = for_oversight(totals);
  ASSERT_EQ(rows.size(), 2U);
  EXPECT_EQ(rows[0].cell, food);
  EXPECT_TRUE(rows[1].rest);
  EXPECT_EQ(rows[1].cell, (FundCell{"TJS", "", 0})) << "without purposes";
  EXPECT_EQ(told(rows[1], asked), 13U);
}

// Over everything that an outsider could add and subtract within one line: the fates are what there
// is to find out, and every sum of some of them is a number that must not be small.
TEST(FundForOversight, NothingSmallCanBeComputedFromALine) {
  using Vector = std::array<int, 5>;  // refused, undecided, unpaid, unaccounted, accounted
  const std::map<FundColumn, Vector> parts{
      {asked, {1, 1, 1, 1, 1}},       {approved, {0, 0, 1, 1, 1}}, {refused, {1, 0, 0, 0, 0}},
      {undecided, {0, 1, 0, 0, 0}},   {paid, {0, 0, 0, 1, 1}},     {accounted, {0, 0, 0, 0, 1}},
      {unaccounted, {0, 0, 0, 1, 0}},
  };
  std::minstd_rand random(7);
  const auto draw = [&] { return random() % 4 == 0 ? random() % 60 : random() % 14; };
  std::size_t lines = 0;
  std::size_t numbers = 0;
  for (int round = 0; round < 3'000; ++round) {
    const std::array<std::uint64_t, 5> fates{draw(), draw(), draw(), draw(), draw()};
    FundTotals totals;
    put(totals, food, {fates[0], fates[1], fates[2], fates[3], fates[4]});
    for (const OversightRow& row : for_oversight(totals)) {
      ++lines;
      std::vector<Vector> known;
      for (const auto& [column, part] : parts) {
        if (told(row, column)) {
          known.push_back(part);
        }
      }
      numbers += known.size();
      // All combinations with factors -1, 0 and 1: columns are nested sets, so no others are sums.
      std::size_t combinations = 1;
      for (std::size_t i = 0; i < known.size(); ++i) {
        combinations *= 3;
      }
      for (std::size_t which = 0; which < combinations; ++which) {
        Vector sum{};
        std::size_t left = which;
        for (const Vector& part : known) {
          const int factor = static_cast<int>(left % 3) - 1;
          left /= 3;
          for (std::size_t i = 0; i < sum.size(); ++i) {
            sum[i] += factor * part[i];
          }
        }
        const bool some = sum != Vector{};
        const bool is_set = std::ranges::all_of(sum, [](int i) { return i == 0 || i == 1; });
        std::uint64_t counts = 0;
        for (std::size_t i = 0; i < sum.size(); ++i) {
          counts += sum[i] == 1 ? fates[i] : 0;
        }
        ASSERT_TRUE(!some || !is_set || counts >= oversight_cell_min)
            << fates[0] << " " << fates[1] << " " << fates[2] << " " << fates[3] << " " << fates[4];
      }
    }
  }
  EXPECT_GT(lines, 1'000U);
  EXPECT_GT(numbers, lines) << "it must not be safe because nothing is told";
}

}  // namespace
}  // namespace hamroh
