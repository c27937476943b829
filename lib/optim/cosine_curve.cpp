// Half a cosine from the peak to the lowest (Loshchilov and Hutter, arXiv:1608.03983, equation 5
// without restarts).
#include <cmath>
#include <numbers>

#include "optim/learning_curves.h"

namespace pipetrain {

double cosine_curve(const CurvePoint& point) {
  return point.at(0.5 * (1.0 + std::cos(std::numbers::pi * point.progress())));
}

}  // namespace pipetrain
