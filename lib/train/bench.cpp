#include "train/bench.h"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "ops/convolution.h"
#include "ops/peak.h"
#include "setup/gather.h"
#include "train/bench_steps.h"
#include "train/roofline_meter.h"

namespace pipetrain {
namespace {

constexpr int kWarmUpSteps = 3;  // the first two build primitives and take memory

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  const std::size_t half = values.size() / 2;
  return values.size() % 2 == 1 ? values[half] : 0.5 * (values[half - 1] + values[half]);
}

// Where threads outnumber cores, a product's best time is that of a thread which had its core
// alone: a rank counts for its share of the cores only.
double share_of_cores(const World& world) {
  const RankPlace& place = world.places[static_cast<std::size_t>(world.rank)];
  return std::min(1.0, static_cast<double>(place.cores) / (place.threads * place.sharing));
}

// The sum over ranks of the best rate of each, measured by all at the same time.
double peak_flops(DType dtype, const World& world, Collective& collective) {
  MemoryPool pool;
  Ops ops(pool);
  collective.barrier();
  double rate = share_of_cores(world) * measure_peak_flops(ops, dtype);
  collective.all_reduce(std::span(&rate, 1));
  return rate;
}

// The same of the bytes that they move.
double bandwidth(const World& world, Collective& collective) {
  MemoryPool pool;
  Ops ops(pool);
  collective.barrier();
  double rate = share_of_cores(world) * measure_bandwidth(ops, bandwidth_array_bytes());
  collective.all_reduce(std::span(&rate, 1));
  return rate;
}

// The same of the convolutions that the ranks have run.
ConvolutionRates convolution_flops(Ops& ops, const World& world, Collective& collective) {
  collective.barrier();
  const ConvolutionRates mine = measure_convolutions(ops);
  std::array<double, 2> rates = {mine.best, mine.all};
  for (double& rate : rates) rate *= share_of_cores(world);
  collective.all_reduce(std::span<double>(rates));
  return {rates[0], rates[1]};
}

std::vector<std::int64_t> gather_bytes(Collective& collective, std::size_t mine) {
  const std::vector<double> all = gather({static_cast<double>(mine)}, collective).front();
  return {all.begin(), all.end()};
}

}  // namespace

nlohmann::ordered_json run_bench(const Config& config, const World& world, const Source* source,
                                 PipelineRank& pipeline, const GridLinks& links, MemoryPool& pool,
                                 const BenchOptions& options) {
  Collective& collective = links.world;
  double peak = peak_flops(DType::kFloat32, world, collective);
  double bfloat16_peak = peak_flops(DType::kBFloat16, world, collective);
  std::optional<RooflineMeter> meter;
  if (options.roofline) meter.emplace(pipeline, world);
  std::unique_ptr<Coordinator> coordinator;
  if (source != nullptr) {
    coordinator = make_coordinator(*source, pipeline, links.mailbox, pool);
  }
  BenchSteps steps(pipeline, coordinator.get());
  const std::int64_t full_rows = pipeline.batches.training_step(0).rows;
  std::vector<double> seconds;
  std::size_t resident_then = 0, tensors_then = 0;  // this rank's, after the warm-up
  double total = 0, bubble = 0, reading = 0;
  std::vector<StageCost> costs(static_cast<std::size_t>(pipeline.map.stage_count()));
  std::vector<PieceCost> pieces(costs.size());
  for (std::int64_t step = 0;; ++step) {
    const double before = coordinator ? coordinator->seconds() : 0;
    // The last one of an epoch may be short.
    const auto counts = [&](const StepContext& one) {
      return one.step >= kWarmUpSteps && one.rows == full_rows;
    };
    const bool meters = meter && counts(pipeline.batches.training_step(step));
    if (meters) meter->begin_step();
    const std::optional<BenchSteps::Done> done = steps.run();
    if (meters) meter->end_step();
    if (done && done->step.step + 1 == kWarmUpSteps) {
      resident_then = resident_bytes();
      tensors_then = pool.reserved_bytes();
    }
    if (!done || !counts(done->step)) continue;
    const StepResult& result = done->result;
    seconds.push_back(result.step_seconds);
    reading += coordinator ? coordinator->seconds() - before : 0;
    total += result.step_seconds;
    bubble += result.bubble_fraction();
    for (std::size_t s = 0; s < costs.size(); ++s) {
      costs[s] += result.stage_seconds[s];
      pieces[s] += result.piece_seconds[s];
    }
    const bool enough = options.steps > 0
                            ? seconds.size() >= static_cast<std::size_t>(options.steps)
                            : seconds.size() >= 5 && total >= options.seconds;
    if (enough) break;
  }
  steps.finish();
  const auto early_resident = gather_bytes(collective, resident_then);
  const auto early_tensors = gather_bytes(collective, tensors_then);
  const auto late_resident = gather_bytes(collective, resident_bytes());
  const auto late_tensors = gather_bytes(collective, pool.reserved_bytes());
  const auto foreseen = gather_bytes(
      collective,
      static_cast<std::size_t>(
          pipeline.layout.memory[static_cast<std::size_t>(pipeline.map.position().pipeline)]
              .training()));
  peak = std::max(peak, peak_flops(DType::kFloat32, world, collective));
  bfloat16_peak = std::max(bfloat16_peak, peak_flops(DType::kBFloat16, world, collective));
  // Where its instructions are not used, bfloat16's products are made in float32, too.
  const bool in_bfloat16 = config.train.precision == DType::kBFloat16 && bfloat16_peak > 0;
  const ConvolutionRates convolutions = convolution_flops(pipeline.state.ops(), world, collective);

  const double step_seconds = median(seconds);
  const auto rows = static_cast<double>(full_rows);
  const double flop = rows * training_flop_per_row(pipeline.state.layers());
  nlohmann::ordered_json report = {
      {"world", world.text()},
      {"grid",
       {{"data", links.grid.data()},
        {"tensor", links.grid.tensor()},
        {"pipeline", links.grid.pipeline()}}},
      {"schedule", config.pipeline.schedule},
      {"microbatches", pipeline.layout.schedule.microbatches},
      {"peak_gflops",
       {{"float32", peak / 1e9},
        {"bfloat16", bfloat16_peak > 0 ? nlohmann::ordered_json(bfloat16_peak / 1e9) : nullptr}}},
      {"steps", seconds.size()},
      {"step_seconds", step_seconds},
      {std::string(pipeline.batches.rate_unit()) + "_per_second",
       rows * static_cast<double>(pipeline.batches.targets_per_row()) / step_seconds},
      {"model_flop_per_step", flop},
      {"precision", name_of(kPrecisions, config.train.precision)},
      {"efficiency", flop / (step_seconds * (in_bfloat16 ? bfloat16_peak : peak))},
      {"efficiency_of", in_bfloat16 ? "bfloat16" : "float32"},
      {"coordinator_share", reading / total},
      {"bubble_fraction", bubble / static_cast<double>(seconds.size())},
      {"bubble_predicted", pipeline.runner.predicted_bubble({.stages = costs, .pieces = pieces})},
      {"resident_bytes", late_resident},
      {"tensor_bytes", late_tensors},
      {"tensor_bytes_foreseen", foreseen},
      {"resident_bytes_step_3", early_resident},
      {"tensor_bytes_step_3", early_tensors}};
  if (const int slices = pipeline.layout.schedule.slices; slices > 1) report["slices"] = slices;
  if (convolutions.best > 0) {
    report["convolution_gflops"] = {{"best", convolutions.best / 1e9},
                                    {"all", convolutions.all / 1e9}};
    report["convolution_efficiency"] = flop / (step_seconds * convolutions.best);
  }
  if (meter) {
    const Roofs all{peak, bfloat16_peak, bandwidth(world, collective)};
    report["roofline"] = meter->report(all.shared_by(world.size()), collective);
  }
  return report;
}

std::string bench_text(const nlohmann::ordered_json& report) {
  auto number = [&](const char* key) { return report.at(key).get<double>(); };
  auto megabytes = [&](const char* key) {
    std::string text;
    for (const auto& bytes : report.at(key))
      text += fmt::format(" {:.1f}", bytes.get<double>() / 1e6);
    return text;
  };
  const bool samples = report.contains("samples_per_second");
  std::string convolutions;
  if (report.contains("convolution_gflops")) {
    const auto& rates = report.at("convolution_gflops");
    convolutions = fmt::format(
        "convolutions         {:.1f}% of oneDNN's best of the model's own, {:.1f} GFLOP/s "
        "(all of them, each alone: {:.1f})\n",
        100 * number("convolution_efficiency"), rates.at("best").get<double>(),
        rates.at("all").get<double>());
  }
  const auto& grid = report.at("grid");
  const auto& bfloat16 = report.at("peak_gflops").at("bfloat16");
  const std::string text = fmt::format(
      "{}\n"
      "grid                 data {} x tensor {} x pipeline {}\n"
      "best matrix product  {:.1f} GFLOP/s float32, {} bfloat16\n"
      "step                 {:.2f} ms, median of {} ({}, M={}{})\n"
      "{:<20} {:.0f}\n"
      "model FLOP per step  {:.4g}\n"
      "efficiency           {:.1f}% of {} products, in {}\n"
      "{}"
      "data                 {:.2f}% of the step to read and send batches, on rank 0\n"
      "bubble               {:.1f}% measured, {:.1f}% predicted from the stages' times\n"
      "tensor memory        MB per rank, foreseen:{}, after step 3:{}, at the end:{}\n"
      "resident memory      MB per rank, after step 3:{}, at the end:{}\n",
      report.at("world").get<std::string>(), grid.at("data").get<int>(),
      grid.at("tensor").get<int>(), grid.at("pipeline").get<int>(),
      report.at("peak_gflops").at("float32").get<double>(),
      bfloat16.is_null() ? "no instructions used for"
                         : fmt::format("{:.1f} GFLOP/s", bfloat16.get<double>()),
      1e3 * number("step_seconds"), report.at("steps").get<int>(),
      report.at("schedule").get<std::string>(), report.at("microbatches").get<int>(),
      report.contains("slices") ? fmt::format(" in {} slices", report.at("slices").get<int>()) : "",
      samples ? "samples/s" : "tokens/s",
      number(samples ? "samples_per_second" : "tokens_per_second"), number("model_flop_per_step"),
      100 * number("efficiency"), report.at("efficiency_of").get<std::string>(),
      report.at("precision").get<std::string>(), convolutions, 100 * number("coordinator_share"),
      100 * number("bubble_fraction"), 100 * number("bubble_predicted"),
      megabytes("tensor_bytes_foreseen"), megabytes("tensor_bytes_step_3"),
      megabytes("tensor_bytes"), megabytes("resident_bytes_step_3"), megabytes("resident_bytes"));
  return report.contains("roofline") ? text + roofline_text(report.at("roofline")) : text;
}

}  // namespace pipetrain
