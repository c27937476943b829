#include "nn/sharing.h"

#include "catch.h"

using namespace pipetrain;

namespace sharing_test {

namespace {

const LayerEntry kMlp{"mlp", "model.yaml:7", {}, {}};

}  // namespace

TEST_CASE("What every rank takes as much of must divide") {
  Sharing sharing({1, 3});
  CHECK(sharing.evenly(LayerOptions(kMlp), "heads", 6).rank == 1);
  CHECK(!sharing.why_not(3));
  CHECK(!sharing.why_not(6));
  CHECK(sharing.why_not(4) ==
        "model.yaml:7: mlp: heads 6 cannot be shared out evenly over the 4 ranks of "
        "parallel.tensor; expected a multiple of 4");
  sharing.evenly(LayerOptions(kMlp), "the width", 8);
  CHECK(!sharing.why_not(2));
  CHECK(contains(sharing.why_not(3).value_or(""), "the width 8 cannot"));
}

TEST_CASE("Parts of the vocabulary may differ, but every rank has some") {
  Sharing sharing({1, 3});
  sharing.evenly(LayerOptions(kMlp), "heads", 12);
  CHECK(sharing.by_vocabulary(LayerOptions(kMlp), 4).size == 3);
  CHECK(!sharing.why_not(3));
  CHECK(!sharing.why_not(4));
  CHECK(sharing.why_not(6) ==
        "model.yaml:7: mlp: vocabulary 4 is smaller than parallel.tensor 6; expected a part for "
        "every rank");
}

TEST_CASE("Ranks that share no layer evenly would all do the same, and are refused") {
  Sharing sharing({});
  CHECK(contains(sharing.why_not(2).value_or(""), "2 ranks can share attention and MLPs"));
  sharing.by_vocabulary(LayerOptions(kMlp), 10);  // is not enough
  CHECK(sharing.why_not(2));
  sharing.evenly(LayerOptions(kMlp), "heads", 2);
  CHECK(!sharing.why_not(2));
}

TEST_CASE("One rank shares with nobody, whatever the layers") {
  Sharing sharing({});
  CHECK(!sharing.why_not(1));
  sharing.evenly(LayerOptions(kMlp), "heads", 7);
  sharing.never(LayerOptions(kMlp), "not this one");
  CHECK(!sharing.why_not(1));
  CHECK(sharing.why_not(7) == "model.yaml:7: mlp: not this one");
}

}  // namespace sharing_test
