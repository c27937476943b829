// The peak for ever.
#include "optim/learning_curves.h"

namespace pipetrain {

double constant_curve(const CurvePoint& point) { return point.peak; }

}  // namespace pipetrain
