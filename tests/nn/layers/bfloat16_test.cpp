// Layers in bfloat16: near what they give in float32, with the same kinds of tensors in and out.
#include "ops/bfloat16.h"

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <initializer_list>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "catch.h"
#include "gradient_check.h"
#include "nn/layers/activation.h"
#include "nn/layers/attention.h"
#include "nn/layers/batch_norm.h"
#include "nn/layers/class_token.h"
#include "nn/layers/convolution.h"
#include "nn/layers/dropout.h"
#include "nn/layers/embedding.h"
#include "nn/layers/flatten.h"
#include "nn/layers/linear.h"
#include "nn/layers/mlp.h"
#include "nn/layers/model.h"
#include "nn/layers/norm_layer.h"
#include "nn/layers/pooling.h"
#include "nn/layers/positions.h"
#include "nn/layers/residual.h"
#include "nn/layers/token_types.h"

using namespace pipetrain;

namespace bfloat16_test {

namespace {

// What a layer makes of the same input and output gradient.
struct Made {
  Tensor y, dx;
  std::vector<Tensor> gradients;
};

// `gradient_kind`: of dy, which for logits is not that of y.
Made run(Layer& layer, DType kind, std::int64_t rows) {
  layer.set_precision({.activations = kind});
  LayerFixture fixture(layer);
  const Context context = fixture.context();
  Ops& ops = context.ops;
  Saved saved;
  const Shape shape = layer.input_row().batched(rows);
  Tensor x(fixture.pool(), shape, DType::kInt32);
  if (layer.input_dtype() == DType::kInt32) {
    for (std::int64_t i = 0; i < x.elements(); ++i) x.i32()[i] = static_cast<std::int32_t>(i % 5);
  } else {
    x = converted(ops, fixture.random(shape, "x"), kind);
  }
  Tensor dy = converted(ops, fixture.random(layer.output_row().batched(rows), "dy"), kind);
  Tensor y = layer.forward(context, std::move(x), saved);
  CHECK(y.dtype() == kind);
  CHECK(layer.output_dtype() == kind);
  Tensor dx = layer.backward_input(context, std::move(dy), saved);
  layer.backward_weight(context, saved);
  if (!dx.empty()) CHECK(dx.dtype() == kind);
  static MemoryPool pool;  // what is returned outlives the fixture
  const auto kept = [&](const Tensor& from) {
    if (from.empty()) return Tensor();
    Tensor wide(pool, from.shape());
    const Tensor floats = converted(ops, fixture.copy(from), DType::kFloat32);
    std::memcpy(wide.data(), floats.data(), wide.bytes());
    return wide;
  };
  Made made{kept(y), kept(dx), {}};
  for (const Tensor& gradient : fixture.gradients()) made.gradients.push_back(kept(gradient));
  return made;
}

// The distance of two tensors relative to the second's length.
double distance(const Tensor& found, const Tensor& expected) {
  double difference = 0, length = 1e-12;
  for (std::int64_t i = 0; i < expected.elements(); ++i) {
    const auto a = static_cast<double>(found.f32()[i]), b = static_cast<double>(expected.f32()[i]);
    difference += (a - b) * (a - b);
    length += b * b;
  }
  return std::sqrt(difference / length);
}

constexpr double kNear = 0.015;  // a few roundings of 0.2% each

// What it gives are numbers of its input.
bool copies(const Layer& layer) {
  return layer.kind() == "flatten" || layer.kind() == "first_token";
}

void check_near_float32(Layer& layer, double near = kNear) {
  constexpr std::int64_t kRows = 3;
  INFO(layer.name());
  const Made found = run(layer, DType::kBFloat16, kRows);
  const Made expected = run(layer, DType::kFloat32, kRows);
  CHECK(distance(found.y, expected.y) < kNear);
  if (!copies(layer)) CHECK(distance(found.y, expected.y) > 1e-5);  // rounded
  if (!expected.dx.empty()) CHECK(distance(found.dx, expected.dx) < near);
  for (std::size_t i = 0; i < expected.gradients.size(); ++i) {
    INFO(layer.parameters()[i].name);
    CHECK(distance(found.gradients[i], expected.gradients[i]) < near);
  }
}

}  // namespace

TEST_CASE("Every kind of transformer layer in bfloat16 is near itself in float32") {
  const auto rotary = std::make_shared<RotaryTable>(RotaryAngles{7, 4, 100.0});
  Embedding embedding("layers.0.embedding", 7, {.vocabulary = 5, .width = 12, .context = 7});
  Attention attention("layers.1.attention", {7, 12}, {.heads = 3});
  Attention llama(
      "layers.1.attention", {7, 12},
      {.heads = 3, .kv_heads = 1, .norm = NormKind::kRms, .bias = false, .rotary = rotary});
  Attention newer("layers.1.attention", {7, 12},
                  {.heads = 3,
                   .kv_heads = 1,
                   .window = 4,
                   .score_cap = 5,
                   .head_norms = true,
                   .norm = NormKind::kRms,
                   .bias = false,
                   .norm_behind = true,
                   .rotary = rotary});
  Mlp geglu("layers.2.mlp", {5, 12},
            {.hidden = 32, .activation = MlpActivation::kGeGlu, .norm_behind = true});
  Mlp exact("layers.2.mlp", {5, 12},
            {.hidden = 32, .activation = MlpActivation::kExactGelu, .residual = false});
  Linear capped("layers.4.linear", {5, 12}, {.features = 9, .cap = 2});
  Embedding scaled("layers.0.embedding", 7, {.vocabulary = 5, .width = 12, .scaled = true});
  Attention dropped("layers.1.attention", {7, 12}, {.heads = 3, .dropout = 0.3});
  Mlp mlp("layers.2.mlp", {5, 12}, {.hidden = 48});
  Mlp relu("layers.2.relu_mlp", {5, 12}, {.hidden = 48, .activation = MlpActivation::kRelu});
  Mlp gated("layers.2.gated_mlp", {5, 12},
            {.hidden = 32, .activation = MlpActivation::kSwiGlu, .dropout = 0.3});
  NormLayer layer_norm("layers.3.layer_norm", {5, 12}, NormKind::kLayer);
  NormLayer rms_norm("layers.3.rms_norm", {5, 12}, NormKind::kRms);
  Linear linear("layers.4.linear", {5, 12}, {.features = 9});
  Positions positions("layers.1.positions", {2, 3, 4}, {}, 0.3);
  MeanPool pool("layers.5.mean_pool", {6, 10});
  Activation gelu("layers.6.gelu", {6, 10}, ActivationKind::kGelu);
  Activation silu("layers.6.silu", {6, 10}, ActivationKind::kSilu);
  Activation tanh("layers.6.tanh", {6, 10}, ActivationKind::kTanh);
  Attention bare("layers.1.attention", {7, 12},
                 {.heads = 3, .causal = false, .norm = NormKind::kNone});
  ClassToken class_token("layers.1.class_token", {2, 3, 4});
  TokenTypes types("layers.1.token_types", {5, 12}, 2, Start().weight);
  FirstToken first("layers.5.first_token", {6, 10});
  Dropout dropout("layers.7.dropout", {6, 10}, 0.3);
  for (Layer* layer : std::initializer_list<Layer*>{
           &embedding, &attention, &llama, &dropped, &mlp,         &gated,   &layer_norm, &rms_norm,
           &linear,    &positions, &pool,  &gelu,    &silu,        &dropout, &geglu,      &exact,
           &capped,    &scaled,    &tanh,  &bare,    &class_token, &types,   &first}) {
    check_near_float32(*layer);
  }
  check_near_float32(newer, 0.03);
  check_near_float32(relu, 0.15);  // a few of its inputs are rounded to the other side of 0
  LayerList inner;
  inner.push_back(std::make_unique<Linear>("layers.8.residual.0.linear", Shape{5, 12},
                                           LinearOptions{.features = 12}));
  Residual residual("layers.8.residual", {5, 12}, std::move(inner), {}, /*relu=*/true);
  check_near_float32(residual);
}

TEST_CASE("A model in bfloat16 gives logits in float32, and takes pixels as they come") {
  const auto kinds = [](const ModelConfig& config, const DataShape& data) {
    return build_layers(config, data, {}, DType::kBFloat16);
  };
  const auto gpt = kinds({.preset = "gpt", .depth = 1, .heads = 2, .width = 8, .context = 4},
                         {.row = {4}, .vocabulary = 11});
  CHECK(gpt.front()->input_dtype() == DType::kInt32);
  for (std::size_t i = 0; i + 1 < gpt.size(); ++i) {
    CHECK(gpt[i]->output_dtype() == DType::kBFloat16);
    CHECK(gpt[i + 1]->input_dtype() == DType::kBFloat16);
  }
  CHECK(gpt.back()->output_dtype() == DType::kFloat32);
  CHECK(gpt.back()->activations() == DType::kBFloat16);

  const DataShape images{.row = {8, 8, 3}, .dtype = DType::kFloat32, .classes = 10};
  const auto vit = kinds({.preset = "vit", .depth = 1, .heads = 2, .width = 8, .patch = 4}, images);
  CHECK(vit.front()->data_dtype() == DType::kFloat32);
  for (const auto& layer : vit) CHECK(layer->input_dtype() == DType::kBFloat16);
  for (const auto& layer : kinds({.preset = "resnet", .depth = 18, .width = 4}, images)) {
    CHECK(layer->data_dtype() == DType::kFloat32);
    CHECK(layer->input_dtype() == DType::kBFloat16);
  }
}

TEST_CASE("Every kind of image layer in bfloat16 is near itself in float32") {
  const auto square = [](std::int64_t kernel, std::int64_t stride, std::int64_t padding) {
    return Window{{kernel, kernel}, {stride, stride}, {padding, padding}};
  };
  Convolution plain("layers.1.conv2d", {6, 5, 3}, {.channels = 4, .window = square(3, 1, 1)});
  Convolution strided("layers.2.conv2d", {8, 8, 16},
                      {.channels = 32, .window = square(3, 2, 1), .bias = false});
  Convolution wide("layers.3.conv2d", {9, 9, 16}, {.channels = 16, .window = square(3, 1, 1)});
  Convolution patches("layers.0.patches", {8, 8, 3},
                      {.channels = 8, .window = square(4, 4, 0), .input_gradient = false});
  Convolution sequence("layers.4.conv1d", {9, 6},
                       {.channels = 10, .window = {{1, 3}, {1, 1}, {0, 1}}});
  BatchNorm norm("layers.5.batch_norm", {6, 5, 19}, /*relu=*/false);
  MaxPool largest("layers.6.max_pool", {7, 6, 5}, square(3, 2, 1));
  AveragePool average("layers.7.average_pool", {6, 6, 5}, square(3, 2, 1));
  Flatten flatten("layers.8.flatten", {3, 4, 5});
  for (Layer* layer : std::initializer_list<Layer*>{&plain, &strided, &wide, &patches, &sequence,
                                                    &average, &flatten}) {
    check_near_float32(*layer);
  }
  // The mean of what is normalized is nearly zero, and so is what is left of its gradient.
  check_near_float32(norm, 0.03);
  check_near_float32(largest, 0.3);  // rounded, some are equal: the first of them wins
  LayerList inner, skip;
  inner.push_back(std::make_unique<Convolution>(
      "layers.9.residual.0.conv2d", Shape{6, 6, 8},
      ConvolutionOptions{.channels = 16, .window = square(3, 2, 1), .bias = false}));
  inner.push_back(
      std::make_unique<BatchNorm>("layers.9.residual.1.batch_norm", Shape{3, 3, 16}, false));
  skip.push_back(std::make_unique<Convolution>(
      "layers.9.residual.skip.0.conv2d", Shape{6, 6, 8},
      ConvolutionOptions{.channels = 16, .window = square(1, 2, 0), .bias = false}));
  Residual residual("layers.9.residual", {6, 6, 8}, std::move(inner), std::move(skip), false);
  check_near_float32(residual, 0.03);
}

}  // namespace bfloat16_test
