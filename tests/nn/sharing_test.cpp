#include "nn/sharing.h"

#include "base/error.h"
#include "catch.h"

using namespace pipetrain;

namespace {

const LayerEntry kMlp{"mlp", "model.yaml:7", {}, {}};

}  // namespace

TEST_CASE("What every rank takes as much of must divide, and the vocabulary suffice for all") {
  Sharing sharing({1, 3});
  const LayerOptions options(kMlp);
  CHECK(sharing.evenly(options, "heads", 6).rank == 1);
  CHECK_THROWS_WITH(sharing.evenly(options, "heads", 7),
                    "model.yaml:7: mlp: heads 7 cannot be shared out evenly over the 3 ranks of "
                    "parallel.tensor; expected a multiple of 3");
  CHECK(sharing.by_vocabulary(options, 7).size == 3);
  CHECK(sharing.by_vocabulary(options, 3).size == 3);
  CHECK_THROWS_WITH(sharing.by_vocabulary(options, 2),
                    "model.yaml:7: mlp: vocabulary 2 is smaller than parallel.tensor 3; expected a "
                    "part for every rank");
}

TEST_CASE("Ranks that share no layer evenly would all do the same, and are refused") {
  Sharing sharing({0, 2});
  const LayerOptions options(kMlp);
  CHECK(!sharing.alone());
  CHECK_THROWS_WITH(sharing.finish(), ContainsSubstring("2 ranks can share attention and MLPs"));
  sharing.by_vocabulary(options, 10);  // is not enough
  CHECK_THROWS_AS(sharing.finish(), Error);
  sharing.evenly(options, "heads", 2);
  CHECK_NOTHROW(sharing.finish());
}

TEST_CASE("One rank shares with nobody, whatever the sizes") {
  Sharing sharing({});
  CHECK(sharing.alone());
  CHECK(sharing.evenly(LayerOptions(kMlp), "heads", 7).alone());
  CHECK_NOTHROW(Sharing({}).finish());
}
