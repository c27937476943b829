// Compares a layer's two gradients with finite differences of its forward: along random directions,
// so that every entry counts.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/random.h"
#include "catch.h"
#include "nn/layer.h"

namespace pipetrain {

class LayerFixture {
 public:
  explicit LayerFixture(Layer& layer) : layer_(layer), ops_(pool_) {
    for (Parameter& parameter : layer.parameters()) {
      values_.emplace_back(pool_, parameter.shape);
      gradients_.emplace_back(pool_, parameter.shape);
      parameter.value = values_.back().f32();
      parameter.gradient = gradients_.back().f32();
      fill(values_.back(), parameter.name, 0.4f);
      std::fill(gradients_.back().floats().begin(), gradients_.back().floats().end(), 0.0f);
    }
    for (Buffer& buffer : layer.buffers()) {
      for (float** place : {&buffer.value, &buffer.next}) {
        buffers_.emplace_back(pool_, buffer.shape);
        std::fill(buffers_.back().floats().begin(), buffers_.back().floats().end(), buffer.initial);
        *place = buffers_.back().f32();
      }
    }
  }

  Tensor random(const Shape& shape, const std::string& name, float scale = 1.0f) {
    Tensor tensor(pool_, shape);
    fill(tensor, name, scale);
    return tensor;
  }
  Tensor copy(const Tensor& from) {
    Tensor to(pool_, from.shape(), from.dtype());
    std::memcpy(to.data(), from.data(), from.bytes());
    return to;
  }
  Context context(bool accumulate = false) {
    ops_.weights_changed();
    return {.ops = ops_, .accumulate = accumulate, .accumulate_buffers = accumulate};
  }
  MemoryPool& pool() { return pool_; }
  std::vector<Tensor>& values() { return values_; }
  std::vector<Tensor>& gradients() { return gradients_; }

  // <forward(x), dy>; a layer that evaluates otherwise than it trains is asked to train.
  void set_objective_mode(Mode mode) { objective_mode_ = mode; }
  double objective(const Tensor& x, const Tensor& dy) {
    Saved saved;
    Context context = this->context();
    context.mode = objective_mode_;
    const Tensor y = layer_.forward(context, copy(x), saved);
    double sum = 0;
    for (std::int64_t i = 0; i < y.elements(); ++i) {
      sum += static_cast<double>(y.f32()[i]) * static_cast<double>(dy.f32()[i]);
    }
    return sum;
  }

  // The slope of the objective when `moved` (x or a parameter) goes along `direction`, and
  // <gradient, direction>.
  void check_direction(Tensor& moved, const Tensor& gradient, const Tensor& x, const Tensor& dy,
                       const std::string& what) {
    for (int trial = 0; trial < 3; ++trial) {
      const Tensor direction = random(moved.shape(), what + std::to_string(trial));
      const Tensor original = copy(moved);
      auto moved_by = [&](float h) {
        for (std::int64_t i = 0; i < moved.elements(); ++i) {
          moved.f32()[i] = original.f32()[i] + h * direction.f32()[i];
        }
        const double value = objective(x, dy);
        std::memcpy(moved.data(), original.data(), original.bytes());
        return value;
      };
      constexpr float kStep = 2e-3f;
      const double slope = (8 * (moved_by(kStep) - moved_by(-kStep)) -
                            (moved_by(2 * kStep) - moved_by(-2 * kStep))) /
                           (12 * static_cast<double>(kStep));
      double expected = 0, size = 0;
      for (std::int64_t i = 0; i < moved.elements(); ++i) {
        const double product =
            static_cast<double>(gradient.f32()[i]) * static_cast<double>(direction.f32()[i]);
        expected += product;
        size += product * product;
      }
      INFO(what << ", trial " << trial);
      CHECK(slope == Approx(expected).margin(5e-3 * std::sqrt(size) + 2e-3));
    }
  }

 private:
  static void fill(Tensor& tensor, const std::string& name, float scale) {
    const std::uint64_t key = random_key(11, name);
    for (std::int64_t i = 0; i < tensor.elements(); ++i) {
      tensor.f32()[i] = scale * normal_at(key, static_cast<std::uint64_t>(i));
    }
  }

  Layer& layer_;
  MemoryPool pool_;
  Ops ops_;
  Mode objective_mode_ = Mode::kEvaluate;
  std::vector<Tensor> values_, gradients_, buffers_;
};

// Shifts the channels of a batch norm far up and down in turn, so that a ReLU's kink is far off.
inline std::function<void(LayerFixture&)> apart(std::size_t beta) {
  return [beta](LayerFixture& fixture) {
    float shift = 6.0f;
    for (float& value : fixture.values()[beta].floats()) value = shift = -shift;
  };
}

inline std::vector<float> values_of(const Tensor& tensor) {
  return {tensor.floats().begin(), tensor.floats().end()};
}

inline Tensor tensor_of(MemoryPool& pool, const Shape& shape, const std::vector<float>& values) {
  Tensor tensor(pool, shape);
  REQUIRE(tensor.elements() == static_cast<std::int64_t>(values.size()));
  std::copy(values.begin(), values.end(), tensor.f32());
  return tensor;
}

// y of a training forward.
inline std::vector<float> result_of(LayerFixture& fixture, Layer& layer, const Tensor& x) {
  Saved saved;
  return values_of(layer.forward(fixture.context(), fixture.copy(x), saved));
}

inline void check_near(const std::vector<float>& found, const std::vector<double>& expected) {
  REQUIRE(found.size() == expected.size());
  for (std::size_t i = 0; i < found.size(); ++i) {
    INFO("entry " << i);
    REQUIRE(static_cast<double>(found[i]) == Approx(expected[i]).margin(1e-5));
  }
}

// Checks dx and every parameter's gradient for `rows` rows; that a second backward_weight adds;
// that evaluation gives training's y; and that nothing stays behind in `saved` or in the pool.
inline void check_gradients(Layer& layer, std::int64_t rows, Mode objective = Mode::kEvaluate,
                            const std::function<void(LayerFixture&)>& prepare = {}) {
  LayerFixture fixture(layer);
  fixture.set_objective_mode(objective);
  if (prepare) prepare(fixture);
  Tensor x = fixture.random(layer.input_row().batched(rows), "x");
  const Tensor dy = fixture.random(layer.output_row().batched(rows), "dy");
  auto run = [&](Saved& saved, bool accumulate) {
    layer.forward(fixture.context(), fixture.copy(x), saved);
    Tensor dx = layer.backward_input(fixture.context(), fixture.copy(dy), saved);
    layer.backward_weight(fixture.context(accumulate), saved);
    return dx;
  };
  {
    Saved saved;
    run(saved, false);  // what is kept for ever is made the first time
  }
  const std::size_t used = fixture.pool().used_bytes();
  {
    Saved saved;
    const Tensor dx = run(saved, false);
    fixture.check_direction(x, dx, x, dy, "input");
    std::vector<Tensor> once;
    for (std::size_t p = 0; p < layer.parameters().size(); ++p) {
      fixture.check_direction(fixture.values()[p], fixture.gradients()[p], x, dy,
                              layer.parameters()[p].name);
      once.push_back(fixture.copy(fixture.gradients()[p]));
    }
    run(saved, true);
    for (std::size_t p = 0; p < once.size(); ++p) {
      for (std::int64_t i = 0; i < once[p].elements(); ++i) {
        const float expected = 2 * once[p].f32()[i];
        REQUIRE(fixture.gradients()[p].f32()[i] == Approx(expected).margin(1e-4));
      }
    }
  }
  CHECK(fixture.pool().used_bytes() == used);
}

}  // namespace pipetrain
