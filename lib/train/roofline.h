// What limits a training step: for each operation in each pass the time that it takes beside the
// time that the machine's best rates allow (Williams et al., "Roofline", CACM 52(4), 2009). Pure:
// it must not know how anything was measured.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "ops/work_log.h"

namespace pipetrain {

// The best rates of one rank, the mean over the ranks.
struct Roofs {
  double float32_flops = 0;   // per second, of a product
  double bfloat16_flops = 0;  // 0: products of bfloat16 are made in float32
  double bytes_per_second = 0;

  Roofs shared_by(int ranks) const {
    return {float32_flops / ranks, bfloat16_flops / ranks, bytes_per_second / ranks};
  }
  double flops(DType dtype) const {
    return dtype == DType::kBFloat16 && bfloat16_flops > 0 ? bfloat16_flops : float32_flops;
  }
};

// The least time for this work, and what holds it: its sums or its bytes.
struct LeastTime {
  double compute_seconds = 0, memory_seconds = 0;
  double seconds() const;
  const char* bound() const;  // "compute", "memory"; of no work "-"
};
LeastTime least_time(const Work& work, const Roofs& roofs);

// One step: the mean of those that were measured.
struct MeasuredStep {
  std::vector<WorkRow> rows;   // summed over the ranks
  double seconds = 0;          // of the step, mean over the ranks
  double waiting_seconds = 0;  // for messages and other ranks, summed over the ranks
  int ranks = 1;
};

// Adds rows of equal place and operation.
void add_rows(std::vector<WorkRow>& sum, const std::vector<WorkRow>& more);

// Keys: roofs {float32_gflops, bfloat16_gflops (null: none), memory_gbytes_per_second}, ranks,
// step_seconds; rows and kinds, the longest first: layer, operation, pass, kind (rows only), calls,
// flop, bytes, seconds (all summed over the ranks), share (of the ranks' time), gflops and
// gbytes_per_second (of a rank), least_seconds, of_roof (the share of `seconds` that it is), bound.
nlohmann::ordered_json roofline_report(const MeasuredStep& step, const Roofs& roofs);

// The report for people.
std::string roofline_text(const nlohmann::ordered_json& report);

}  // namespace pipetrain
