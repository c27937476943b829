#include "nn/layer_option.h"

#include <cstdint>

#include "catch.h"
#include "nn/layer_options.h"

using namespace pipetrain;

namespace layer_option_test {

namespace {

enum class Colour : std::uint8_t { kRed, kGreen };
constexpr Choice<Colour> kColours[] = {{Colour::kRed, "red", "Like blood."},
                                       {Colour::kGreen, "green", "Like grass."}};

constexpr SizeOption kHeads{"heads", "They divide the width."};
constexpr SizeOption kStride{"stride", "Between windows.", 2};
constexpr SizeOption kWidth{
    .name = "width", .meaning = "Entries.", .follows = "`heads`", .words = "`auto`"};
constexpr RateOption kRate{"rate", "Of what is dropped.", 0.5};
constexpr NumberOption kTheta{"theta", "A base.", 10000};
constexpr FlagOption kBias{"bias", "Is added.", true};
constexpr ChoiceOption<Colour> kColour{"colour", "Of all.", kColours, Colour::kGreen};

}  // namespace

TEST_CASE("An option is shown with its values and its default") {
  CHECK(LayerOption(kHeads).otherwise == "needed");
  CHECK(LayerOption(kStride).otherwise == "`2`");
  CHECK(LayerOption(kWidth).otherwise == "`heads`");
  CHECK(LayerOption(kWidth).values == "a whole number of at least 1, `auto`");
  CHECK(LayerOption(kRate).otherwise == "`0.5`");
  CHECK(LayerOption(kTheta).otherwise == "`10000`");
  CHECK(LayerOption(kBias).otherwise == "`true`");
  CHECK(LayerOption(kColour).values == "`red` or `green`");
  CHECK(LayerOption(kColour).otherwise == "`green`");
  CHECK(LayerOption(kColour).meaning == "Of all. `red`: Like blood. `green`: Like grass.");
}

TEST_CASE("A checkpoint's model may have other rates and sizes of its data") {
  CHECK(LayerOption(kHeads).compared);
  CHECK(LayerOption(kBias).compared);
  CHECK(LayerOption(kColour).compared);
  CHECK(!LayerOption(kRate).compared);
  constexpr SizeOption kWords{.name = "words", .meaning = "Of the data.", .from_data = true};
  CHECK(!LayerOption(kWords).compared);
}

TEST_CASE("An option that is not given has its declared default") {
  const LayerEntry entry{"x", "", {}, {}};
  LayerOptions none(entry);
  CHECK(none.read(kStride) == 2);
  CHECK(none.read(kWidth, 7) == 7);
  CHECK(none.read(kRate) == 0.5);
  CHECK(none.read(kTheta) == 10000);
  CHECK(none.read(kBias));
  CHECK(none.read(kColour) == Colour::kGreen);
  CHECK_THROWS_WITH(none.read(kHeads), "model: x: needs 'heads'");
}

TEST_CASE("A given option is read as its declaration says") {
  const LayerEntry entry{
      "x",
      "",
      {{"stride", "3"}, {"rate", "0.25"}, {"theta", "5"}, {"bias", "false"}, {"colour", "red"}},
      {}};
  LayerOptions given(entry);
  CHECK(given.read(kStride) == 3);
  CHECK(given.read(kRate) == 0.25);
  CHECK(given.read(kTheta) == 5);
  CHECK(!given.read(kBias));
  CHECK(given.read(kColour) == Colour::kRed);
  CHECK_NOTHROW(given.finish());
  const LayerEntry blue{"x", "", {{"colour", "blue"}}, {}};
  LayerOptions wrong(blue);
  CHECK_THROWS_WITH(wrong.read(kColour), "model: x: colour is 'blue'; expected one of red, green");
}

}  // namespace layer_option_test
