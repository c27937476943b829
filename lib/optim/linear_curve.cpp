// A straight line from the peak to the lowest.
#include "optim/learning_curves.h"

namespace pipetrain {

double linear_curve(const CurvePoint& point) { return point.at(1.0 - point.progress()); }

}  // namespace pipetrain
