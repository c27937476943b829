#include "nn/option_writer.h"

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "catch.h"

using namespace pipetrain;

namespace option_writer_test {

namespace {

enum class Colour : std::uint8_t { kRed, kGreen };
constexpr Choice<Colour> kColours[] = {{Colour::kRed, "red", "Like blood."},
                                       {Colour::kGreen, "green", "Like grass."}};

constexpr SizeOption kPlaces{.name = "places", .meaning = "Some.", .words = "`none`"};
constexpr RateOption kRate{"rate", "Of what is dropped.", 0};
constexpr NumberOption kTheta{"theta", "A base.", 10000};
constexpr FlagOption kBias{"bias", "Is added.", true};
constexpr ChoiceOption<Colour> kColour{"colour", "Of all.", kColours, Colour::kGreen};

using Options = std::vector<std::pair<std::string, std::string>>;

}  // namespace

TEST_CASE("What an entry says already, itself or by default, is not written again") {
  const Options options = {{"colour", "red"}, {"places", "none"}, {"rate", "0.50"}};
  LayerEntry entry{"x", "", options, {}};
  OptionWriter writer(entry);
  writer.write(kColour, Colour::kRed);
  writer.write(kPlaces, "none");
  writer.write(kRate, 0.5, 0);
  writer.write(kBias, true);
  writer.write(kTheta, 10000.0);
  CHECK(!writer.changed());
  CHECK(entry.options == options);
}

TEST_CASE("An option is written once, as it is read again") {
  LayerEntry entry{"x", "", {{"colour", "red"}, {"rate", "0.5"}}, {}};
  OptionWriter writer(entry);
  writer.write(kColour, Colour::kGreen);
  writer.write(kPlaces, "12");
  writer.write(kRate, 0.125, 0.25);
  writer.write(kBias, false);
  writer.write(kTheta, 1e-6f);
  CHECK(writer.changed());
  CHECK(entry.options == Options{{"colour", "green"},
                                 {"places", "12"},
                                 {"rate", "0.125"},
                                 {"bias", "false"},
                                 {"theta", "1e-06"}});
}

}  // namespace option_writer_test
