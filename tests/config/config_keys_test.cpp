#include "config/config_keys.h"

#include <algorithm>
#include <set>
#include <string>
#include <vector>

#include "catch.h"
#include "config/config.h"

using namespace pipetrain;

namespace {

ConfigKeyRow key_of(const std::string& name) {
  const std::vector<ConfigKeyRow> keys = config_keys();
  const auto found = std::ranges::find(keys, name, &ConfigKeyRow::name);
  return found == keys.end() ? ConfigKeyRow{} : *found;
}

}  // namespace

TEST_CASE("Each key has a name of its own, a sentence and a default") {
  std::set<std::string> names;
  for (const ConfigKeyRow& key : config_keys()) {
    CAPTURE(key.name);
    CHECK(names.insert(key.name).second);
    CHECK(key.meaning.ends_with("."));
    CHECK(!key.values.empty());
    CHECK(!key.otherwise.empty());
    CHECK((key.values + key.otherwise + key.meaning).find('|') == std::string::npos);
  }
}

TEST_CASE("A key's values and default are those that are read") {
  CHECK(key_of("train.batch_size").values == "a whole number from 1 to 16777216");
  CHECK(key_of("train.batch_size").otherwise == "`16`");
  CHECK(key_of("optimizer.betas").otherwise == "`[0.9, 0.99]`");
  CHECK(key_of("parallel.shard").values == "`none`, `optimizer` or `parameters`");
  CHECK(key_of("parallel.shard").otherwise == "`none`");
  CHECK(key_of("pipeline.partition").values == "`auto`, `uniform` or a list");
  CHECK(key_of("optimizer.schedule.type").otherwise == "`constant`");
  CHECK(key_of("data.validation").meaning.ends_with("Else: Files of their own validate."));
  CHECK(key_of("data.flip").meaning.ends_with("For idx and cifar."));
}
