// What a person reads about a run: how the model was cut at the start, a table of the ranks at the
// end. Text only.
#pragma once

#include <string>
#include <vector>

#include "train/pipeline_rank.h"

namespace pipetrain {

// Lines for the log: model, schedule, stages and the predicted gain of the cut.
std::vector<std::string> describe_layout(const PipelineRank& pipeline);

struct RankSummary {
  std::string stages;                        // "0, 7"
  std::string layers;                        // "layers 0 to 4"
  double busy_seconds = 0, run_seconds = 0;  // in F, I and W; in all actions
  double live_microbatches = 0;              // most at once
  double peak_tensor_bytes = 0, peak_resident_bytes = 0;
};

std::string rank_table(const std::vector<RankSummary>& ranks);

// "12.3 MB"
std::string bytes_text(double bytes);

}  // namespace pipetrain
