// The optimizers that a configuration may name, one row each. It must not know how one updates: its
// own file does.
#pragma once

#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "optim/optimizer_config.h"

namespace pipetrain {

class Optimizer;
class Ops;
struct FlatParameters;

using OptimizerMaker = std::unique_ptr<Optimizer>(const OptimizerConfig& config,
                                                  std::vector<FlatParameters> buffers, Ops& ops);

struct OptimizerKind {
  std::string_view name;
  const char* description;
  int moments;  // numbers that it keeps for each parameter
  OptimizerMaker* make;
  std::string_view own_key;  // of `optimizer`, with a meaning for it alone
};

std::span<const OptimizerKind> optimizer_kinds();

}  // namespace pipetrain
