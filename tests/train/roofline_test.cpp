#include "train/roofline.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "catch.h"

using namespace pipetrain;

namespace roofline_test {
using Json = nlohmann::ordered_json;

namespace {

constexpr Roofs kRoofs{.float32_flops = 100e9, .bfloat16_flops = 200e9, .bytes_per_second = 10e9};

WorkRow row(const WorkPlace& place, Work work, double seconds) {
  return {.place = place, .work = std::move(work), .calls = 1, .seconds = seconds};
}

// Half of the time of 2 ranks in a product at half the peak, a tenth in a sum at full bandwidth.
MeasuredStep example() {
  return {.rows = {row({"mlp", "F"}, {.operation = "add", .flop = 1e9, .bytes = 10e9}, 1),
                   row({"mlp", "F"},
                       {.operation = "product 8 to 16",
                        .kind = WorkKind::kProduct,
                        .flop = 250e9,
                        .bytes = 1e9},
                       5),
                   row({"mlp", "F"}, {.operation = "(other)", .kind = WorkKind::kOther}, 0.001)},
          .seconds = 5,
          .waiting_seconds = 3,
          .ranks = 2};
}

Json with(Json report, const Json& more) {
  report.update(more);
  return report;
}

const Json kNothingCounted = {{"counters_missing", "no such counters"},
                              {"joules_missing", "no such files"}};

}  // namespace

TEST_CASE("Work is bound by what takes longer at the best rates, computing or memory") {
  // 100 GFLOP/s and 10 GB/s meet at 10 FLOP per byte.
  CHECK(least_time({.flop = 11e9, .bytes = 1e9}, kRoofs).bound() == std::string("compute"));
  CHECK(least_time({.flop = 11e9, .bytes = 1e9}, kRoofs).seconds() == Approx(0.11));
  CHECK(least_time({.flop = 9e9, .bytes = 1e9}, kRoofs).bound() == std::string("memory"));
  CHECK(least_time({.flop = 9e9, .bytes = 1e9}, kRoofs).seconds() == Approx(0.1));
  CHECK(least_time({}, kRoofs).bound() == std::string("-"));
  // In bfloat16 the same work needs half the time, where there are instructions.
  const Work work{.flop = 100e9, .bytes = 1e9, .dtype = DType::kBFloat16};
  CHECK(least_time(work, kRoofs).seconds() == Approx(0.5));
  CHECK(least_time(work, {100e9, 0, 10e9}).seconds() == Approx(1));
}

TEST_CASE("Rows of several ranks are summed by layer, pass and operation") {
  std::vector<WorkRow> sum;
  for (int rank = 0; rank < 2; ++rank) {
    add_rows(sum, {row({"mlp", "F"}, {.operation = "add", .flop = 1, .bytes = 2}, 3),
                   row({"mlp", "I"}, {.operation = "add", .flop = 10}, 30)});
  }
  REQUIRE(sum.size() == 2);
  CHECK(sum[0].calls == 2);
  CHECK(sum[0].work.flop == 2);
  CHECK(sum[0].work.bytes == 4);
  CHECK(sum[0].seconds == 6);
  CHECK(sum[1].seconds == 60);
}

TEST_CASE("The report has the longest rows first, and kinds that add up to the ranks' time") {
  const Json report = roofline_report(example(), kRoofs);
  const Json& rows = report.at("rows");
  REQUIRE(rows.size() == 3);
  const Json& product = rows[0];
  CHECK(product.at("layer") == "mlp");
  CHECK(product.at("operation") == "product 8 to 16");
  CHECK(product.at("pass") == "F");
  CHECK(product.at("kind") == "products");
  CHECK(product.at("share").get<double>() == Approx(0.5));
  CHECK(product.at("gflops").get<double>() == Approx(50));
  CHECK(product.at("gbytes_per_second").get<double>() == Approx(0.2));
  CHECK(product.at("least_seconds").get<double>() == Approx(2.5));
  CHECK(product.at("of_roof").get<double>() == Approx(0.5));
  CHECK(product.at("bound") == "compute");
  CHECK(rows[1].at("bound") == "memory");
  CHECK(rows[1].at("of_roof").get<double>() == Approx(1));
  CHECK(rows[2].at("of_roof").is_null());
  CHECK(rows[2].at("bound") == "-");

  double seconds = 0;
  std::vector<std::string> kinds;
  for (const Json& kind : report.at("kinds")) {
    seconds += kind.at("seconds").get<double>();
    kinds.push_back(kind.at("operation"));
  }
  CHECK(seconds == Approx(2 * 5));
  CHECK(kinds == std::vector<std::string>{"products", "waiting", "vector kernels",
                                          "rest of the step", "other in layers"});
  CHECK(report.at("kinds")[0].at("flop") == 250e9);
}

TEST_CASE("The table has all columns in 100, and leaves out rows of no importance") {
  const std::string text = roofline_text(with(roofline_report(example(), kRoofs), kNothingCounted));
  CHECK(contains(text, "one step of 5000.00 ms; calls, FLOP, bytes and ms are sums over 2 ranks\n",
                 "100.0 GFLOP/s float32, 200.0 bfloat16, 10.0 GB/s memory, of one rank\n",
                 "mlp        product 8 to 16        F        1 250.0  1000  5000  50.0%   50.00 "
                 "0.200   50% compute\n",
                 "all        waiting                         0 0.000 0.000  3000  30.0%",
                 "1 rows of less than 0.1% each, together 0.0%",
                 "counters             none: no such counters\n",
                 "energy               not known: no such files\n"));
  CHECK(!contains(text, "(other)"));
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    CAPTURE(line);
    CHECK(line.size() <= 100);
  }
}

TEST_CASE("Numbers of every size stay in their columns") {
  MeasuredStep step{.seconds = 20, .ranks = 64};
  step.rows.push_back(
      row({"embedding", "W"},
          {.operation = "product 16384 to 128256", .flop = 9.87654e15, .bytes = 9.87654e12},
          1234.5678));
  step.rows.back().calls = 123456;
  const std::string text = roofline_text(with(roofline_report(step, kRoofs), kNothingCounted));
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    CAPTURE(line);
    CHECK(line.size() <= 100);
  }
}

TEST_CASE("What the processor counts is shown for a step") {
  const Json counted = {
      {"counters", {{"instructions", 3e9}, {"cycles", 2e9}, {"cache_misses", 1e6}}},
      {"joules_per_step", 12.5}};
  CHECK(contains(roofline_text(with(roofline_report(example(), kRoofs), counted)),
                 "3e+09 instructions, 1.50 a cycle, and 1e+06 cache misses (64 MB)\n",
                 "12.5 J a step"));
}

}  // namespace roofline_test
