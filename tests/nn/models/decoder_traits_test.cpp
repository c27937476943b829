#include "nn/models/decoder_traits.h"

#include "catch.h"
#include "nn/models/decoder.h"

using namespace pipetrain;

namespace decoder_traits_test {
using Trait = DecoderTrait;

TEST_CASE("A family's models have what it needs, and of the rest what it may have") {
  const DecoderFamily family{.title = "A",
                             .preset = "",
                             .needs = Trait::kRotary | Trait::kRmsNorms,
                             .may = Trait::kWindow};
  CHECK(why_not_of(family, family.needs).empty());
  CHECK(why_not_of(family, family.needs | Trait::kWindow).empty());
  CHECK(why_not_of(family, family.needs | Trait::kParallel) ==
        "it has attention and MLP in parallel, which A has not");
  CHECK(why_not_of(family, Trait::kRotary) == "it has no RMS norms, which A has");
  CHECK(distance_from(family, family.needs) == 0);
  CHECK(distance_from(family, Trait::kRotary | Trait::kParallel) == 2);
  CHECK(distance_from(family, Trait::kRmsNorms) > 2);
}

TEST_CASE("A plain model has no traits, and each choice its own") {
  Decoder model{.depth = 2, .heads = 2, .kv_heads = 2, .width = 8};
  CHECK(traits_of(model) == 0);
  model.window = 4;
  CHECK(traits_of(model) == Trait::kWindow);
  model.windowed = {true, false};
  CHECK(traits_of(model) == (Trait::kWindow | Trait::kSomeWindows));
  model = {.depth = 2, .heads = 2, .kv_heads = 1, .width = 8, .head_width = 6};
  CHECK(traits_of(model) == (Trait::kFewerKvHeads | Trait::kHeadWidth));
}

}  // namespace decoder_traits_test
