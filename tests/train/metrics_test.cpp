#include "train/metrics.h"

#include <cstdint>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <string>

#include "base/error.h"
#include "catch.h"
#include "data/temporary_folder.h"

using namespace pipetrain;

namespace metrics_test {

TEST_CASE("Metrics of a run that goes on keep the lines before it, and no half one; none is lost") {
  const TemporaryFolder at;
  const std::string path = at.path("metrics.jsonl");
  const auto text_of = [&](const std::string& name) {
    std::ifstream file(at.path(name));
    return std::string(std::istreambuf_iterator<char>(file), {});
  };
  const auto keep = [&](MetricsFile& metrics, std::int64_t step) {
    SetAside aside(at.path(""));
    return metrics.keep(step, aside);
  };
  const std::string first = "{\"step\":1}\n{\"step\":10}\n{\"step\":20}\n{\"st";
  std::ofstream(path) << first;
  {
    MetricsFile metrics(path);
    CHECK(text_of("metrics.jsonl") == first);  // it has not begun
    CHECK(keep(metrics, 10) == 0);
    metrics.write({{"step", 11}});
    metrics.sync();
    CHECK(keep(metrics, 11) == 0);
  }
  CHECK(text_of("metrics.jsonl") == "{\"step\":1}\n{\"step\":10}\n{\"step\":11}\n");
  CHECK(text_of("set-aside/metrics.jsonl") == first);
  const std::string second = "\n{\"step\":0}\nno line\n{\"step\":2}\n{\"step\":9}\n{\"step\":3}";
  std::ofstream(path) << second;
  {
    MetricsFile metrics(path);
    CHECK(keep(metrics, 3) == 2);
    metrics.write({{"step", 4}});
  }
  CHECK(text_of("metrics.jsonl") == "{\"step\":0}\n{\"step\":2}\n{\"step\":3}\n{\"step\":4}\n");
  CHECK(text_of("set-aside/metrics.2.jsonl") == second);
  {
    MetricsFile metrics(path);
    CHECK(keep(metrics, -1) == 0);
  }
  CHECK(text_of("metrics.jsonl").empty());
  CHECK(text_of("set-aside/metrics.3.jsonl").size() == 44);
}

TEST_CASE("Metrics that cannot be written are an error with what to do") {
  const TemporaryFolder at;
  CHECK_THROWS_WITH(MetricsFile(at.path("none/metrics.jsonl")),
                    ContainsSubstring("none/metrics.jsonl: No such file or directory; choose "
                                      "another train.output"));
  MetricsFile full("/dev/full");
  CHECK_THROWS_WITH(full.write({{"step", 1}}), ContainsSubstring("free some space"));
  CHECK_NOTHROW(full.sync());  // what is not a disk has nothing to sync
}

}  // namespace metrics_test
