#include "nn/layer_options.h"

#include <string>
#include <utility>
#include <vector>

#include "base/error.h"
#include "catch.h"
#include "nn/layer_option.h"

using namespace pipetrain;

namespace layer_options_test {

namespace {

enum class Letter { kA, kB };
constexpr Choice<Letter> kLetters[] = {{Letter::kA, "a", "The first."},
                                       {Letter::kB, "b", "The second."}};
const ChoiceOption<Letter> kLetter("letter", "A letter.", kLetters, Letter::kA);
const ChoiceOption<Letter> kOther("other", "Another.", kLetters, Letter::kA);

LayerEntry entry_of(std::vector<std::pair<std::string, std::string>> options) {
  return {"conv2d", "model.yaml:7", std::move(options), {}};
}

template <class Read>
std::string refusal(const std::string& key, const std::string& value, Read read) {
  const LayerEntry entry = entry_of({{key, value}});
  LayerOptions options(entry);
  try {
    read(options);
  } catch (const Error& error) {
    CHECK(error.code() == ExitCode::kConfiguration);
    return error.what();
  }
  return "";
}

}  // namespace

TEST_CASE("Options are read by type, and what is not given is as the layer has it") {
  const LayerEntry given = entry_of({{"channels", "16777216"},
                                     {"padding", "same"},
                                     {"theta", "1e-3"},
                                     {"bias", "false"},
                                     {"dropout", "0"},
                                     {"letter", "b"}});
  LayerOptions options(given);
  CHECK(options.has("bias"));
  CHECK(!options.has("kernel"));
  CHECK(options.size("channels", 1) == 16777216);
  CHECK(options.size("kernel", 3) == 3);
  CHECK(options.size("padding", 0, "same", 7) == 7);
  CHECK(options.text("padding", "") == "same");
  CHECK(options.text("stride", "2") == "2");
  CHECK(options.positive_number("theta", 1) == 1e-3);
  CHECK(options.positive_number("epsilon", 1e-5) == 1e-5);
  CHECK(!options.flag("bias", true));
  CHECK(options.flag("causal", true));
  CHECK(options.fraction("dropout") == 0);
  CHECK(options.fraction("rate", 0.25) == 0.25);
  CHECK(options.read(kLetter) == Letter::kB);
  CHECK(options.read(kOther) == Letter::kA);
  CHECK_NOTHROW(options.finish());
}

TEST_CASE("A value of the wrong type is refused with file, line, layer and what would do") {
  const std::string where = "model.yaml:7: conv2d: ";
  const auto size = [](LayerOptions& options) { options.size("n", 1); };
  for (const char* value : {"0", "-3", "1.5", "x", "", "99999999999999999999"}) {
    INFO(value);
    CHECK(refusal("n", value, size) ==
          where + "n is '" + value + "'; expected a whole number of at least 1");
  }
  CHECK(refusal("n", "16777217", size) ==
        where + "n is '16777217'; expected a whole number of at least 1 and at most 16777216");
  CHECK(refusal("n", "y", [](LayerOptions& options) { options.size("n", 1, "auto", 5); }) ==
        where + "n is 'y'; expected a whole number of at least 1, or 'auto'");
  for (const char* value : {"0", "-1", "nan", "inf", "x"}) {
    INFO(value);
    CHECK(refusal("n", value, [](LayerOptions& options) { options.positive_number("n", 1); }) ==
          where + "n is '" + value + "'; expected a number above 0");
  }
  CHECK(refusal("n", "yes", [](LayerOptions& options) { options.flag("n", true); }) ==
        where + "n is 'yes'; expected true or false");
  for (const char* value : {"1", "-0.1", "x"}) {
    CHECK(refusal("n", value, [](LayerOptions& options) { options.fraction("n", 0); }) ==
          where + "n is '" + value + "'; expected a number from 0 to below 1");
  }
  CHECK(refusal("letter", "c", [](LayerOptions& options) { options.read(kLetter); }) ==
        where + "letter is 'c'; expected one of a, b");
}

TEST_CASE("What must be given is asked for, beside what was") {
  CHECK(refusal("chanels", "3", [](LayerOptions& options) { options.size("channels", 0); }) ==
        "model.yaml:7: conv2d: needs 'channels', found only 'chanels'");
  CHECK(refusal("r", "3", [](LayerOptions& options) { options.fraction("rate"); }) ==
        "model.yaml:7: conv2d: needs 'rate'");
}

TEST_CASE("An option that nobody asked for is refused beside the nearest known one") {
  const auto finish = [](LayerOptions& options) { options.finish(); };
  CHECK(refusal("kernel", "3", finish) == "model.yaml:7: conv2d: takes no options, found 'kernel'");
  CHECK(refusal("kernal", "3", [](LayerOptions& options) {
          options.size("kernel", 3);
          options.flag("bias", true);
          options.finish();
        }) == "model.yaml:7: conv2d: unknown option 'kernal'; did you mean 'kernel'?");
}

TEST_CASE("An entry from nowhere is the model's") {
  const LayerEntry entry{"relu", "", {}, {}};
  CHECK_THROWS_WITH(LayerOptions(entry).fail("no"), "model: relu: no");
}

}  // namespace layer_options_test
