// What a person reads about a run: how the model was cut at the start, the figures and a table of
// the ranks at the end. Text only; it must not know where it is printed.
#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "setup/pipeline_rank.h"
#include "train/time_uses.h"

namespace pipetrain {

// Lines for the log: model, schedule, stages and the predicted gain of the cut.
std::vector<std::string> describe_layout(const PipelineRank& pipeline,
                                         const std::string& schedule_name);

struct RankSummary {
  int replica = 0;
  std::string stages;                        // "0, 7"
  std::string layers;                        // "0 to 4"
  double busy_seconds = 0, run_seconds = 0;  // in F, I and W; in all actions, waits included
  double live_microbatches = 0;              // most at once
  double foreseen_bytes = 0, tensor_bytes = 0, resident_bytes = 0;  // tensors; process, at the end
  double own_bytes = 0;  // of the resident ones: in pages that no other process has
  std::vector<std::pair<std::string, std::int64_t>> taken;  // tensor_bytes by kind (MemoryUses)
  TimeUses times;
};

RankSummary summarize_rank(PipelineRank& pipeline, const MemoryPool& pool, double busy_seconds,
                           double run_seconds);
std::string to_text(const RankSummary& rank);  // to send it to the rank that prints
RankSummary rank_summary_of(const std::string& text);

struct RunSummary {
  std::int64_t steps = 0;
  double seconds = 0, rate = 0;  // rate_unit a second
  std::string rate_unit;         // "tokens"
  double coordinator_share = 0;  // of the steps' time: rank 0 reads and sends batches
  double bubble = 0, predicted_bubble = 0;
  int microbatches = 0, slices = 1, stages = 0, replicas = 1;
  std::optional<double> first_validation_loss, last_validation_loss;
  std::optional<double> first_accuracy, last_accuracy;
  std::string curve;  // of the loss, as text; empty: none
  std::string output;
  std::vector<RankSummary> ranks;
  std::vector<std::string> placement;  // lines: which rank is on which host
};

std::string summary_text(const RunSummary& run);
nlohmann::ordered_json summary_json(const RunSummary& run);  // for run.json

}  // namespace pipetrain
