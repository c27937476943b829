// Measures training steps against the machine's best matrix product, in one run. It must not know
// MPI or oneDNN.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "data/coordinator.h"
#include "setup/pipeline_rank.h"
#include "setup/world.h"

namespace pipetrain {

struct BenchOptions {
  int steps = 0;  // timed steps; 0: as many as fit into `seconds`, at least 5
  double seconds = 10;
  bool roofline = false;  // say what limits each operation, too
};

// Collective; `pipeline` has just been made, of `config` and `links`, and trains from its first
// step. `source` is null on ranks that read no data. The report is complete on every rank. Keys:
// grid {data, tensor, pipeline};
// peak_gflops {float32, bfloat16 (null without such instructions)}, the sum over ranks of what each
// reaches while all run; step_seconds (median); tokens_per_second; model_flop_per_step; precision;
// efficiency, of the best product in it, and efficiency_of, the kind of that product (float32 where
// its instructions are missing or emulated);
// bubble_fraction, bubble_predicted; resident_bytes and tensor_bytes, one per rank, at step 3 and
// at the end; tensor_bytes_foreseen; with convolutions also convolution_gflops {best, all} (see
// ops/convolution.h) and convolution_efficiency, of the best; if asked for, roofline (see
// train/roofline_meter.h), of the timed steps.
nlohmann::ordered_json run_bench(const Config& config, const World& world, const Source* source,
                                 PipelineRank& pipeline, const GridLinks& links, MemoryPool& pool,
                                 const BenchOptions& options);

// The report for people.
std::string bench_text(const nlohmann::ordered_json& report);

}  // namespace pipetrain
