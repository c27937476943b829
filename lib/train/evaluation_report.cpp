#include "train/evaluation_report.h"

#include <spdlog/fmt/fmt.h>

#include <cmath>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <numbers>

#include "base/error.h"
#include "setup/gather.h"
#include "train/text_bytes.h"

namespace pipetrain {

nlohmann::ordered_json run_evaluation(Evaluator& evaluator, const PipelineRank& pipeline,
                                      const MemoryPool& pool, Collective& world) {
  const double start = wall_seconds();
  const Evaluation found = evaluator.run();
  if (!found.lost.empty()) throw Error(ExitCode::kData, found.lost);
  const double seconds = wall_seconds() - start;
  if (!std::isfinite(found.loss)) {
    throw Error(ExitCode::kNotFinite,
                "the loss is not finite: the checkpoint's weights are not, or too large; take an "
                "earlier checkpoint");
  }
  nlohmann::ordered_json report = {{"loss", found.loss}};
  if (pipeline.batches.classifies()) {
    report["accuracy"] = found.accuracy;
  } else {
    report["perplexity"] = std::exp(found.loss);
  }
  report["rows"] = evaluator.rows();
  report["targets"] = found.targets;
  report["seconds"] = seconds;
  report[std::string(pipeline.batches.rate_unit()) + "_per_second"] =
      static_cast<double>(found.targets) / seconds;
  const std::vector<double> peak = gather({static_cast<double>(pool.peak_bytes())}, world).front();
  report["peak_bytes"] = std::vector<std::int64_t>(peak.begin(), peak.end());
  return report;
}

void add_bits_per_byte(nlohmann::ordered_json& report, Source& source, std::int64_t rows) {
  const std::int64_t bytes = text_bytes(source, rows);
  if (bytes == 0) return;
  const double nats = report.at("loss").get<double>() * report.at("targets").get<double>();
  report["bytes"] = bytes;
  report["bits_per_byte"] = nats / std::numbers::ln2 / static_cast<double>(bytes);
}

std::string evaluation_text(const nlohmann::ordered_json& report) {
  const bool samples = report.contains("accuracy");
  const std::string unit = samples ? "samples" : "tokens";
  std::string text = fmt::format("{}, step {}\n", report.at("checkpoint").get<std::string>(),
                                 report.at("step").dump());
  text += fmt::format("loss        {}\n", report.at("loss").dump());
  text += samples ? fmt::format("accuracy    {:.2f}%\n", 100 * report.at("accuracy").get<double>())
                  : fmt::format("perplexity  {}\n", report.at("perplexity").dump());
  if (report.contains("bits_per_byte")) {
    text += fmt::format("bits/byte   {}\n", report.at("bits_per_byte").dump());
  }
  return text + fmt::format("of {} {} in {:.2f} s, {:.0f} {}/s\n", report.at("targets").dump(),
                            unit, report.at("seconds").get<double>(),
                            report.at(unit + "_per_second").get<double>(), unit);
}

}  // namespace pipetrain
