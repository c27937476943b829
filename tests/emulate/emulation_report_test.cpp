#include "emulate/emulation_report.h"

#include <nlohmann/json.hpp>
#include <string>

#include "catch.h"
#include "schedule/generate/generate.h"

using namespace pipetrain;
using Json = nlohmann::ordered_json;

namespace {

const Emulation kFound = {.simulated_seconds = 0.040,
                          .measured_seconds = 0.041,
                          .bubble_simulated = 0.25,
                          .bubble_measured = 0.2654,
                          .step_seconds = {0.041, 0.040, 0.042},
                          .peak_live_microbatches = {2, 1.5}};

Json report_of(const Costs& costs) {
  return emulation_json("interleaved", generate("interleaved", 2, 2, 4), costs,
                        {.message_bytes = 64, .steps = 3}, kFound);
}

Costs costs_of(double forward) {
  return equal_costs(generate("interleaved", 2, 2, 4), forward, 0.002, 0.003, 0.0001);
}

}  // namespace

TEST_CASE("The report has what was asked for, what was found and their ratio") {
  const Json report = report_of(costs_of(0.001));
  CHECK(report["schedule"] == "interleaved");
  CHECK(report["ranks"] == 2);
  CHECK(report["virtual_stages"] == 2);
  CHECK(report["microbatches"] == 4);
  CHECK(report["message_bytes"] == 64);
  CHECK(report["message_seconds"] == 0.0001);
  CHECK(report["simulated_seconds"] == 0.040);
  CHECK(report["measured_seconds"] == 0.041);
  CHECK(report["ratio"].get<double>() == Approx(1.025));
  CHECK(report["work_ratio"].get<double>() == Approx(0.041 * 0.7346 / 0.030));
  CHECK(report["peak_live_microbatches"] == Json{2, 1.5});
  CHECK(report["step_seconds"].size() == 3);
  REQUIRE(report["rank_costs_ms"].size() == 2);  // a rank's whole share: both of its stages
  CHECK(report["rank_costs_ms"][1][0].get<double>() == Approx(1));
  CHECK(report["rank_costs_ms"][1][2].get<double>() == Approx(3));
}

TEST_CASE("As text it is in milliseconds and percent") {
  CHECK(emulation_text(report_of(costs_of(0.001))) ==
        "interleaved, 2 stage(s) a rank\n"
        "2 ranks, M=4; messages of 64 bytes take 0.100 ms; median of 3 steps\n"
        "F 1, I 2, W 3 ms a rank\n"
        "step    41.00 ms measured, 40.00 ms simulated, ratio 1.0250\n"
        "bubble  26.54% measured, 25.00% simulated\n"
        "work    took 1.0040 times as long as asked\n"
        "most live microbatches, per rank: 2 1.5\n");
}

TEST_CASE("Slices are told") {
  Json report = report_of(costs_of(0.001));
  report["slices"] = 4;
  CHECK(contains(emulation_text(report), "2 ranks, M=4 in 4 slices; messages of 64 bytes"));
}

TEST_CASE("Work that took longer than asked is told to be another program's doing") {
  Json report = report_of(costs_of(0.001));
  report["work_ratio"] = 1.3;
  CHECK(
      contains(emulation_text(report),
               "work    took 1.3000 times as long as asked: other programs had the cores, too\n"));
}

TEST_CASE("Ranks that differ are told one by one, a cut by its layers and what it gains") {
  Costs costs = costs_of(0.001);
  costs.stages[1].forward += 0.0005;
  Json report = report_of(costs);
  report["partition"] = {0, 2, 5, 7};
  report["uniform"] = report_of(costs_of(0.001));
  report["uniform"]["measured_seconds"] = 0.082;
  const std::string text = emulation_text(report);
  CHECK(contains(text, "rank 0: F 1, I 2, W 3 ms\nrank 1: F 1.5, I 2, W 3 ms\n",
                 "first layer of each stage: 0 2 5 7\n", "\nFor comparison, the uniform cut:\n",
                 "\nThe chosen cut is 50.0% faster measured, 0.0% simulated\n"));
}

TEST_CASE("Several are a table, whose columns stand below their heads") {
  const Json report = report_of(costs_of(0.001));
  const std::string head = emulation_table_head(report), row = emulation_table_row(report);
  CHECK(contains(head, "2 ranks, M=4;", "F 1, I 2, W 3 ms a rank\n"));
  const std::string columns = head.substr(head.rfind('\n', head.size() - 2) + 1);
  CHECK(columns.size() == row.size());
  CHECK(row ==
        "interleaved         2            25.00%    26.54%         40.00 ms      41.00 ms   1.0250"
        "   1.0040           2\n");
}
