#include "setup/same_model.h"

#include <string>

#include "catch.h"
#include "data/temporary_folder.h"

using namespace pipetrain;

namespace same_model_test {

namespace {

// A checkpoint without tensors, whose run had this configuration.
Checkpoint checkpoint_of(const TemporaryFolder& at, const std::string& config_yaml) {
  begin_checkpoint(at.path(""), 1);
  const std::string list = write_rank_file(at.path(""), 1, 0, 1, {});
  return open_checkpoint(finish_checkpoint(at.path(""), {.step = 1}, {list}, "{}", config_yaml));
}

const std::string kTrained =
    "model: {preset: gpt, depth: 2, heads: 4, width: 32, context: 16}\n"
    "data: {path: corpus.txt}\n";

ModelConfig gpt(int heads) {
  return {.preset = "gpt", .depth = 2, .heads = heads, .width = 32, .context = 16};
}

}  // namespace

TEST_CASE("A model that its tensors' shapes do not tell from the checkpoint's is refused") {
  const TemporaryFolder at;
  const Checkpoint checkpoint = checkpoint_of(at, kTrained);
  CHECK_NOTHROW(check_model(checkpoint, gpt(4)));
  CHECK_THROWS_WITH(check_model(checkpoint, gpt(2)),
                    ContainsSubstring("is of another model: its ") &&
                        ContainsSubstring("has heads 4, the configuration's 2"));
}

TEST_CASE("What goes by the data is for the tensors' shapes to tell") {
  const TemporaryFolder at;
  ModelConfig other = gpt(4);
  other.vocabulary = 99;
  CHECK_NOTHROW(
      check_model(checkpoint_of(at,
                                "model: {preset: gpt, depth: 2, heads: 4, width: 32, context: 16, "
                                "vocabulary: 70}\ndata: {path: corpus.txt}\n"),
                  other));
}

TEST_CASE("Dropout may be another, and weights that no run has written say nothing of heads") {
  const TemporaryFolder at, imported;
  ModelConfig other = gpt(4);
  other.dropout = 0.5;
  CHECK_NOTHROW(check_model(checkpoint_of(at, kTrained), other));
  CHECK_NOTHROW(check_model(checkpoint_of(imported, ""), gpt(2)));
}

}  // namespace same_model_test
