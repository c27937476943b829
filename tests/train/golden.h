// A small model against PyTorch: tests/golden/NAME holds its initial weights, first gradients, ten
// steps' losses and gradient norms, and final weights. It must not know which model that is.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "setup/pipeline_threads.h"

namespace pipetrain {

struct Reference {
  FixedRows rows;  // images are (N, H, W, C) here, (N, C, H, W) in the file
  Weights initial, gradients, final;
  std::vector<double> losses, norms;
  std::vector<float> logits;  // of the initial weights, in evaluation
};

// `our_name` turns "h.1.fc.weight" into "layers.4.mlp.up.weight".
Reference load_reference(const std::string& name,
                         const std::function<std::string(const std::string&)>& our_name);

struct Cut {
  int ranks;
  std::vector<int> first_layers;  // empty: uniform
};

// With the reference's optimizer and batch.
Config golden_config(const ModelConfig& model, const Cut& cut, const std::string& schedule,
                     int microbatches);

struct GoldenRun {
  std::vector<double> losses, norms;
  double initial_validation = 0;  // the sum over the rows
  Weights gradients, final;
};

GoldenRun run_golden(const Reference& reference, const Config& config, int ranks);

// The largest deviation of any tensor, each in units of its own largest entry.
double largest_deviation(const Weights& found, const Weights& expected);
double largest_deviation(const std::vector<double>& found, const std::vector<double>& expected);
// Cross entropy of the reference's logits, the sum over the rows.
double validation_loss(const Reference& reference);

// Prints and checks the deviations of all that the reference holds.
void check_golden(const GoldenRun& run, const Reference& reference, int microbatches,
                  double weights_tolerance);

}  // namespace pipetrain
