#include "nn/layers/attention_options.h"

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/error.h"
#include "catch.h"
#include "nn/layers/model.h"

using namespace pipetrain;

namespace attention_options_test {

TEST_CASE("Layers of the same sizes and theta share one table of rotary positions") {
  std::shared_ptr<const RotaryTable> table;
  const auto read = [&](const std::string& theta) {
    const LayerEntry entry{
        "attention", "", {{"heads", "2"}, {"positions", "rotary"}, {"theta", theta}}, {}};
    LayerOptions options(entry);
    return read_attention(options, {6, 8}, Starts(), table).rotary;
  };
  const auto first = read("100");
  REQUIRE(first != nullptr);
  CHECK(table == first);
  CHECK(read("100") == first);
  CHECK(read("200") != first);
  CHECK(table->angles().theta == 200);
}

namespace {

std::string refusal(const std::vector<std::pair<std::string, std::string>>& options) {
  const LayerEntry entry{"attention", "", options, {}};
  LayerOptions given(entry);
  std::shared_ptr<const RotaryTable> table;
  try {
    read_attention(given, {6, 8}, Starts(), table);
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

bool refuses(const std::vector<std::pair<std::string, std::string>>& options,
             const std::string& why) {
  return refusal(options).find(why) != std::string::npos;
}

}  // namespace

TEST_CASE("Options of attention that do not fit together are refused") {
  CHECK(refuses({{"heads", "3"}}, "do not divide the width"));
  CHECK(refusal({{"heads", "3"}, {"head_width", "4"}}) == "");
  CHECK(refuses({{"heads", "2"}, {"window", "3"}, {"causal", "false"}}, "window is of causal"));
  CHECK(refuses({{"heads", "2"}, {"norm", "none"}, {"norm_behind", "true"}}, "which is none"));
  CHECK(refuses({{"heads", "2"}, {"rotary_width", "2"}}, "rotary_width is of rotary positions"));
  CHECK(refuses({{"heads", "2"}, {"positions", "rotary"}, {"rotary_width", "6"}},
                "more than a head's 4 entries"));
  CHECK(refuses({{"heads", "2"}, {"positions", "rotary"}, {"rotary_width", "3"}}, "even number"));
  CHECK(refuses(
      {{"heads", "2"}, {"positions", "rotary"}, {"rotary_scaling", "llama3"}, {"rotary_low", "5"}},
      "rotary_low is not below rotary_high"));
  CHECK(refuses({{"heads", "2"}, {"bias", "some"}}, "expected one of true, false, qkv"));
}

}  // namespace attention_options_test
