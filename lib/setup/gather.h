// Figures that each rank has, made known to all. It must not know what they mean.
#pragma once

#include <initializer_list>
#include <vector>

#include "comm/collective.h"

namespace pipetrain {

// Collective. One list per entry of `mine`, each with every rank's.
std::vector<std::vector<double>> gather(std::initializer_list<double> mine, Collective& collective);

}  // namespace pipetrain
