#include "optim/learning_curves.h"

#include "base/error.h"
#include "base/suggest.h"
#include "base/table.h"

namespace pipetrain {

// Each is in the file of its curve.
LearningCurve constant_curve, linear_curve, cosine_curve;

namespace {

constexpr LearningCurveKind kCurves[] = {
    {"constant", "The peak to the end.", false, constant_curve},
    {"linear", "A straight line down.", true, linear_curve},
    {"cosine", "Half a cosine down (Loshchilov and Hutter, arXiv:1608.03983).", true, cosine_curve},
};

}  // namespace

std::span<const LearningCurveKind> learning_curves() { return kCurves; }

const LearningCurveKind& learning_curve_of(const LearningRateConfig& config) {
  const LearningCurveKind* kind = find_row(learning_curves(), config.type);
  if (kind != nullptr) return *kind;
  throw Error(ExitCode::kConfiguration, "optimizer.schedule.type '" + config.type +
                                            "' is unknown; expected one of " +
                                            join(names_of(learning_curves())));
}

}  // namespace pipetrain
