#include "exchange/hf_images.h"

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "catch.h"
#include "data/temporary_folder.h"
#include "hf_models.h"
#include "logged.h"

using namespace pipetrain;
using nlohmann::json;

namespace {

using Numbers = std::vector<double>;

HfPixels read(const TemporaryFolder& at, const json& config, int channels = 3) {
  at.write("preprocessor_config.json", config.dump());
  return read_hf_pixels(at.path(""), channels, 12);
}

std::string refused(const TemporaryFolder& at, const json& config) {
  return error_of([&] { read(at, config); }, ExitCode::kCheckpoint);
}

}  // namespace

TEST_CASE("Pixels have the mean and deviation that the folder says, one or one a channel") {
  const TemporaryFolder at;
  const Log log;
  const HfPixels all = read(at, {{"image_mean", {0.1, 0.2, 0.3}}, {"image_std", 0.25}});
  CHECK(all.mean == Numbers{0.1, 0.2, 0.3});
  CHECK(all.deviation == Numbers{0.25, 0.25, 0.25});
  CHECK(read(at, json::object(), 1).mean == Numbers{0.5});
  const HfPixels plain = read(at, {{"do_normalize", false}, {"image_mean", {9, 9, 9}}});
  CHECK(plain.mean == Numbers{0, 0, 0});
  CHECK(plain.deviation == Numbers{1, 1, 1});
  at.write("preprocessor_config.json", hf_pixels_json({{0.5, 0.25, 1}, {2, 3, 4}}, 12));
  CHECK(read_hf_pixels(at.path(""), 3, 12).deviation == Numbers{2, 3, 4});
}

TEST_CASE("What a folder asks for and is not done, or does not say, is said") {
  const TemporaryFolder at;
  {
    const Log log;
    read(at, {{"do_resize", true}});
    CHECK(contains(log.text.str(), "resized to 12 x 12, which is not done here"));
  }
  {
    const Log log;
    read(at, {{"do_resize", false}});
    CHECK(log.text.str().empty());
  }
  const Log log;
  CHECK(read_hf_pixels(at.path("none"), 2, 12).mean == Numbers{0.5, 0.5});
  CHECK(contains(log.text.str(), "has no preprocessor_config.json"));
}

TEST_CASE("A preprocessing that cannot be followed is refused by the name of its key") {
  const TemporaryFolder at;
  const Log log;
  CHECK(contains(refused(at, {{"do_rescale", false}}), "do_rescale is false; expected true"));
  CHECK(contains(refused(at, {{"rescale_factor", 1.0}}), "expected 1 / 255"));
  CHECK(contains(refused(at, {{"image_mean", {0.5, 0.5}}}), "each of the 3 channels"));
  CHECK(contains(refused(at, {{"image_std", {0.5, 0, 0.5}}}), "above 0"));
  CHECK(contains(refused(at, {{"image_std", "wide"}}), "image_std"));
  CHECK(contains(refused(at, json::array()), "is not a JSON object"));
}
