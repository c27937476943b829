#include "nn/tensor_names.h"

#include <string>

#include "catch.h"

using namespace pipetrain;

namespace tensor_names_test {

TEST_CASE("A tensor's name tells the layer that it is of") {
  const std::string tensor = layer_name(12, "attention") + "." + weight_of("qkv");
  CHECK(tensor == "layers.12.attention.qkv.weight");
  CHECK(is_of_model(tensor));
  CHECK(layer_of(tensor) == "layers.12");
  CHECK(bias_of("qkv") == "qkv.bias");
  CHECK(layer_name(0, "conv2d", "layers.3.residual.") == "layers.3.residual.0.conv2d");
  CHECK(!is_of_model("optimizer.layers.12"));
}

}  // namespace tensor_names_test
