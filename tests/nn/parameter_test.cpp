#include "nn/parameter.h"

#include <cstddef>
#include <vector>

#include "catch.h"
#include "layers/described.h"
#include "nn/layers/model.h"

using namespace pipetrain;

namespace parameter_test {

TEST_CASE("Initial values depend on seed and name, not on the order in which they are made") {
  const auto layers = build_layers(gpt(), tokens(16, 65));
  const Parameter& parameter = layers[1]->parameters()[2];
  std::vector<float> a(static_cast<std::size_t>(parameter.elements())), b(a.size()), c(a.size());
  initialize(parameter, 1, a);
  initialize(parameter, 1, b);
  initialize(parameter, 2, c);
  CHECK(a == b);
  CHECK(a != c);
}

}  // namespace parameter_test
