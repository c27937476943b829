#include "optim/optimizer.h"

#include <utility>

#include "base/error.h"
#include "base/suggest.h"
#include "base/table.h"
#include "optim/optimizers.h"

namespace pipetrain {
namespace {

const OptimizerKind& kind_of(const OptimizerConfig& config) {
  const OptimizerKind* kind = find_row(optimizer_kinds(), config.type);
  if (kind != nullptr) return *kind;
  throw Error(ExitCode::kConfiguration, "optimizer.type '" + config.type +
                                            "' is unknown; expected " +
                                            join(names_of(optimizer_kinds()), " or "));
}

}  // namespace

std::int64_t FlatParameters::elements() const {
  std::int64_t sum = 0;
  for (const UpdatedPiece& part : parts) sum += part.elements;
  return sum;
}

int moments_per_parameter(const OptimizerConfig& config) { return kind_of(config).moments; }

std::unique_ptr<Optimizer> make_optimizer(const OptimizerConfig& config,
                                          std::vector<FlatParameters> buffers, Ops& ops) {
  return kind_of(config).make(config, std::move(buffers), ops);
}

}  // namespace pipetrain
