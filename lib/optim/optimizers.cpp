#include "optim/optimizers.h"

#include "optim/optimizer.h"

namespace pipetrain {

// Each is in the file of its optimizer.
OptimizerMaker make_adamw, make_sgd;

namespace {

constexpr OptimizerKind kKinds[] = {
    {"adamw", "Adam with decoupled weight decay (Loshchilov and Hutter, arXiv:1711.05101).", 2,
     make_adamw, "betas"},
    {"sgd", "Stochastic gradient descent with momentum.", 1, make_sgd, "momentum"},
};

}  // namespace

std::span<const OptimizerKind> optimizer_kinds() { return kKinds; }

}  // namespace pipetrain
