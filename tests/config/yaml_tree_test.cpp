#include "config/yaml_tree.h"

#include <string>

#include "catch.h"
#include "config/config.h"
#include "loaded.h"

using namespace pipetrain;

TEST_CASE("Merge keys and anchors share what sections have in common") {
  const Config config = load(
      "x-sgd: &sgd {type: sgd, learning_rate: 0.5, momentum: 0.8}\n"
      "x-fast: &fast\n  learning_rate: 0.25\n" +
      kModel + kData +
      "optimizer:\n  <<: [*fast, *sgd]\n  momentum: 0.7\n"
      "train: {<<: {steps: 7, batch_size: 3}, steps: 8}\n");
  CHECK(config.optimizer.type == "sgd");
  CHECK(config.optimizer.learning_rate == 0.25);  // the first of the list
  CHECK(config.optimizer.momentum == 0.7);        // the section's own
  CHECK(config.train.steps == 8);
  CHECK(config.train.batch_size == 3);
  CHECK(error_of(kModel + kData + "train:\n  <<: 3\n") ==
        "model.yaml:4: << takes keys and values or a list of such, found '3'");
  CHECK(error_of(kModel + kData + "train:\n  <<: {stepps: 3}\n").starts_with("model.yaml:4: "));
  CHECK(error_of(kModel + kData + "train: {x-steps: 3}\n").find("'train.x-steps'") !=
        std::string::npos);
  CHECK(error_of(kModel + kData, {"x-a.b=1"}).find("only for anchors") != std::string::npos);
}

TEST_CASE("Truth values and numbers are what YAML 1.2 says") {
  const Config config = load(kModel + kData + "train: {steps: +6, batch_size: 0x10, seed: 0o17}\n",
                             {"model.tie_embeddings=FALSE", "train.checkpoint_background=False",
                              "optimizer.learning_rate=+1e-2"});
  CHECK(config.train.steps == 6);
  CHECK(config.train.batch_size == 16);
  CHECK(config.train.seed == 15);
  CHECK(config.model.tie_embeddings == false);
  CHECK(!config.train.checkpoint_background);
  CHECK(config.optimizer.learning_rate == 0.01);
  // In quotes it is a text; what only older YAML knows, too.
  for (const char* text : {"'+6'", "+-6", "0x-6", "0x", "0xg", "+inf", "+", "6_0"}) {
    CHECK(error_of(kModel + kData + "train: {steps: " + text + "}\n").find("a whole number") !=
          std::string::npos);
  }
  for (const char* text : {"yes", "on", "tRUE"}) {
    CHECK(error_of(kModel + kData + "train: {checkpoint_background: " + text + "}\n")
              .find("expected true or false") != std::string::npos);
  }
}

TEST_CASE("Hostile files end in an error, quickly and in one line") {
  auto many = [](const std::string& text, int times) {
    std::string repeated;
    for (int i = 0; i < times; ++i) repeated += text;
    return repeated;
  };
  CHECK(error_of(many("[", 100'000)) != "no error");
  CHECK(error_of(many("- ", 100'000)) != "no error");
  CHECK(error_of(many("{a: ", 1000)) != "no error");
  CHECK(error_of("a: &a [*a, *a]\n") != "no error");
  std::string laughs = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n";
  for (int i = 1; i < 10; ++i) {
    const std::string name = std::to_string(i), last = std::to_string(i - 1);
    laughs.append("a").append(name).append(": &a").append(name);
    laughs.append(" [").append(many("*a" + last + ", ", 10)).append("]\n");
  }
  CHECK(error_of(laughs).find("aliases") != std::string::npos);
  const std::string book =
      "a: &a " + std::string(1 << 19, 'x') + "\nb: [" + many("*a, ", 9) + "]\n";
  CHECK(error_of(book).find("more than 2 MiB of text") != std::string::npos);
  CHECK(error_of(std::string(2 << 20, '#')).find("larger than 1 MiB") != std::string::npos);
  CHECK(error_of("? [a]\n: b\n") == "model.yaml:1: a key must be a single word");
  CHECK(error_of("a\nb: \x01\x02\n") != "no error");
  CHECK(error_of("\"tab\\nname\": 3\n").find("'tab?name'") != std::string::npos);
  CHECK(error_of("--- {}\n--- {}\n").find("several YAML documents") != std::string::npos);
}
