#include "optim/optimizers.h"

#include <set>
#include <string>
#include <string_view>

#include "base/error.h"
#include "catch.h"
#include "optim/optimizer.h"

using namespace pipetrain;

TEST_CASE("Each optimizer has a name of its own, a sentence and the moments that its row tells") {
  std::set<std::string_view> names;
  for (const OptimizerKind& kind : optimizer_kinds()) {
    CAPTURE(kind.name);
    CHECK(names.insert(kind.name).second);
    CHECK(std::string(kind.description).ends_with("."));
    MemoryPool pool;
    Ops ops(pool);
    Tensor values(pool, {4}), gradients(pool, {4});
    const OptimizerConfig config{.type = std::string(kind.name)};
    const auto optimizer =
        make_optimizer(config, {{values.f32(), gradients.f32(), {{0, 4, true}}}}, ops);
    CHECK(static_cast<int>(optimizer->moments(0).size()) == kind.moments);
    CHECK(moments_per_parameter(config) == kind.moments);
  }
}

TEST_CASE("An unknown optimizer is named beside those that there are") {
  CHECK_THROWS_WITH(moments_per_parameter({.type = "adagrad"}), ContainsSubstring("'adagrad'") &&
                                                                    ContainsSubstring("adamw") &&
                                                                    ContainsSubstring("sgd"));
}
