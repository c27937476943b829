#include "exchange/weights_import.h"

#include <cstddef>
#include <filesystem>
#include <functional>
#include <string>
#include <utility>

#include "catch.h"
#include "checkpoint/checkpoint.h"
#include "config/config.h"
#include "data/temporary_folder.h"
#include "exchange/weights_export.h"
#include "hf_folder.h"
#include "hf_models.h"
#include "logged.h"

using namespace pipetrain;

namespace {

using Tensors = HfFolder::Tensors;

// Imported and exported again.
Tensors through_us(const TemporaryFolder& at, const std::string& folder) {
  import_weights(folder, at.path("in"));
  export_hf(open_checkpoint(at.path("in")), at.path("out"));
  return HfFolder::tensors_in(at.path("out"));
}

std::string refusal(const std::string& folder, ExitCode code = ExitCode::kCheckpoint) {
  const std::string output = folder + "-in";
  const std::string error = error_of([&] { import_weights(folder, output); }, code);
  CHECK(!std::filesystem::exists(output));
  return error;
}

}  // namespace

TEST_CASE("An imported folder is a checkpoint of step 0 whose configuration trains on tokens") {
  const TemporaryFolder at;
  const HfFolder folder(at, "hf_gpt2", "x");
  CHECK(import_weights(folder.path, at.path("in")) ==
        at.path("in") + ": a checkpoint of step 0 of a Hugging Face GPT-2, 28 tensors read\n");
  const Checkpoint checkpoint = open_checkpoint(at.path("in"));
  checkpoint.verify();
  CHECK(checkpoint.position().step == 0);
  CHECK(checkpoint.tokenizer_json() == R"({"type":"tokens"})");
  const Config config = load_config(at.path("in/config.yaml"));
  CHECK(config.model.preset == "gpt");
  CHECK(config.data.format == "tokens");
  CHECK(config.train.init_from == at.path("in"));
}

TEST_CASE("The tokenizer that an export has left says what the data are") {
  const TemporaryFolder at;
  const HfFolder folder(at, "hf_gpt2", "x");
  const auto format = [&](const std::string& tokenizer) {
    at.write("x/tokenizer_pipetrain.json", tokenizer);
    std::filesystem::remove_all(at.path("in"));
    import_weights(folder.path, at.path("in"));
    return load_config(at.path("in/config.yaml")).data.format;
  };
  CHECK(format(R"({"type": "byte"})") == "text");
  CHECK(format(R"({"type": "synthetic"})") == "synthetic");
  CHECK(format(R"({"type": "gpt2"})") == "tokens");
  at.write("x/tokenizer_pipetrain.json", "{}");
  CHECK(contains(refusal(folder.path), "tokenizer_pipetrain.json: has no type"));
}

TEST_CASE("A tokenizer that cannot be followed is refused, or left out where that is asked for") {
  const TemporaryFolder at;
  const HfFolder folder(at, "hf_gpt2", "x");
  at.write("x/tokenizer.json", R"({"model": {"type": "WordLevel", "vocab": {}}})");
  const std::string error =
      error_of([&] { import_weights(folder.path, at.path("in")); }, ExitCode::kData);
  CHECK(contains(error, "tokenizer.json: "));
  CHECK(contains(error, "type WordLevel is not supported"));
  CHECK(contains(error, "--without-tokenizer imports the model alone"));
  std::filesystem::copy_file(std::string(PIPETRAIN_GOLDEN) + "/tokenizers/gpt2.json",
                             at.path("x/tokenizer.json"),
                             std::filesystem::copy_options::overwrite_existing);
  CHECK(contains(refusal(folder.path),
                 "tokenizer.json: has 420 tokens, but the model's vocabulary is of 61"));
  CHECK(!std::filesystem::exists(at.path("in")));
  import_weights(folder.path, at.path("in"), ImportedTokenizer::kLeftOut);
  CHECK(load_config(at.path("in/config.yaml")).data.format == "tokens");
}

TEST_CASE("A folder with the names of a base model, masks and the tied table is the same model") {
  const TemporaryFolder at;
  const HfFolder folder(at, "hf_gpt2", "x");
  const Tensors whole = HfFolder::tensors_in(folder.path);
  folder.change([&](Tensors& tensors) {
    tensors.clear();
    for (const auto& [name, values] : whole) tensors[name.substr(12)] = values;  // transformer.
    for (const char* constant : {"h.0.attn.bias", "h.0.attention.bias", "h.1.attention.masked_bias",
                                 "h.0.attention.rotary_emb.inv_freq"}) {
      tensors[constant] = {StoredType::kInt32, {1}, "1234"};
    }
    tensors["lm_head.weight"] = whole.at("transformer.wte.weight");
  });
  const Log log;
  CHECK(through_us(at, folder.path) == whole);
  CHECK(log.text.str().empty());
}

TEST_CASE("What the model has not is left out, and said") {
  const TemporaryFolder at;
  const HfFolder folder(at, "hf_gpt2", "x");
  const Tensors whole = HfFolder::tensors_in(folder.path);
  folder.change(
      [&](Tensors& tensors) { tensors["score.weight"] = {StoredType::kInt32, {1}, "1234"}; });
  const Log log;
  CHECK(through_us(at, folder.path) == whole);
  CHECK(contains(log.text.str(), "left out 1 tensor that the model has not: score.weight"));
}

TEST_CASE("Weights of half the width are taken for what they stand for") {
  const TemporaryFolder at;
  const HfFolder folder(at, "hf_llama", "x");
  Tensors expected = HfFolder::tensors_in(folder.path);
  folder.change([&](Tensors& tensors) {
    for (auto& [name, values] : tensors) {
      std::string halves;
      for (std::size_t i = 0; i < values.bytes.size(); i += 4) {
        expected[name].bytes.replace(i, 2, 2, '\0');
        halves += values.bytes.substr(i + 2, 2);
      }
      values = {StoredType::kBFloat16, values.shape, halves};
    }
  });
  CHECK(through_us(at, folder.path) == expected);
}

TEST_CASE("Tensors that do not fit the configuration are named") {
  const TemporaryFolder at;
  int number = 0;
  const auto refused = [&](const std::function<void(Tensors&)>& how) {
    const HfFolder folder(at, "hf_gpt2", "x" + std::to_string(number++));
    folder.change(how);
    return refusal(folder.path);
  };
  CHECK(contains(refused([](Tensors& t) { t.erase("transformer.h.1.ln_2.bias"); }),
                 "has no tensor transformer.h.1.ln_2.bias, expected one of shape (16)"));
  CHECK(contains(refused([](Tensors& t) { t["transformer.h.0.mlp.c_fc.weight"].shape = {64, 16}; }),
                 "tensor transformer.h.0.mlp.c_fc.weight has shape (64, 16), expected (16, 64)"));
  CHECK(contains(refused([](Tensors& t) { t["transformer.ln_f.bias"].type = StoredType::kInt32; }),
                 "tensor transformer.ln_f.bias is I32, expected F32, BF16 or F16"));
  CHECK(contains(refused([](Tensors& t) {
                   t["lm_head.weight"] = t["transformer.wte.weight"];
                   t["lm_head.weight"].bytes[0] ^= 1;
                 }),
                 "lm_head.weight (61, 16) differs from transformer.wte.weight (61, 16), but"));
}

TEST_CASE("Names of a classifier's labels that are not as many as its head's rows are refused") {
  const TemporaryFolder at;
  const HfFolder folder(at, "hf_vit", "x");
  folder.set("id2label", {{"0", "a"}, {"1", "b"}});
  CHECK(contains(refusal(folder.path),
                 "tensor classifier.weight has shape (3, 16), expected (2, 16)"));
  const HfFolder counted(at, "hf_bert", "y");
  counted.set("num_labels", 7);
  CHECK(contains(refusal(counted.path), "num_labels is 7; expected 3"));
}

TEST_CASE("Sizes of a configuration that are not those of the tensors are named by the tensor") {
  const TemporaryFolder at;
  int number = 0;
  const auto refused = [&](const std::string& golden, const std::string& key, int value) {
    const HfFolder folder(at, golden, "x" + std::to_string(number++));
    folder.set(key, value);
    return refusal(folder.path);
  };
  CHECK(contains(refused("hf_vit", "image_size", 16),
                 "vit.embeddings.position_embeddings has shape (1, 10, 16), expected (1, 17, 16)"));
  CHECK(contains(refused("hf_vit", "num_channels", 1), "(16, 3, 4, 4), expected (16, 1, 4, 4)"));
  CHECK(
      contains(refused("hf_bert", "type_vocab_size", 1), "token_type_embeddings.weight has shape"));
  CHECK(contains(refused("hf_bert", "intermediate_size", 30), "intermediate.dense.weight"));
  CHECK(contains(refused("hf_llama", "num_key_value_heads", 4), "k_proj.weight has shape"));
}

TEST_CASE("Norms of BERT under their older names, and files without its first word, are the same") {
  const TemporaryFolder at;
  const HfFolder folder(at, "hf_bert", "x");
  const Tensors whole = HfFolder::tensors_in(folder.path);
  folder.change([&](Tensors& tensors) {
    tensors.clear();
    for (const auto& [name, values] : whole) {
      std::string other = name.starts_with("bert.") ? name.substr(5) : name;
      for (const auto& [now, before] :
           {std::pair<std::string, std::string>{"LayerNorm.weight", "LayerNorm.gamma"},
            {"LayerNorm.bias", "LayerNorm.beta"}}) {
        const std::size_t at = other.find(now);
        if (at != std::string::npos) other.replace(at, now.size(), before);
      }
      tensors[other] = values;
    }
    tensors["embeddings.position_ids"] = {StoredType::kInt64, {1}, "12345678"};
  });
  const Log log;
  CHECK(through_us(at, folder.path) == whole);
  CHECK(!contains(log.text.str(), "left out"));
}

TEST_CASE("A shard that is cut short or not there is named") {
  const TemporaryFolder at;
  const HfFolder folder(at, "hf_llama", "x");
  import_weights(folder.path, at.path("one"));
  export_hf(open_checkpoint(at.path("one")), at.path("parts"), {.shard_bytes = 4000});
  std::string first;
  for (const auto& entry : std::filesystem::directory_iterator(at.path("parts"))) {
    const std::string name = entry.path().filename().string();
    if (name.ends_with(".safetensors") && (first.empty() || name < first)) first = name;
  }
  const std::string path = at.path("parts/" + first);
  std::filesystem::resize_file(path, std::filesystem::file_size(path) - 100);
  CHECK(contains(refusal(at.path("parts")), first));
  std::filesystem::remove(path);
  CHECK(contains(refusal(at.path("parts")), first));
}

TEST_CASE("A configuration that asks for more blocks than there are tensors is refused at once") {
  const TemporaryFolder at;
  const HfFolder folder(at, "hf_gpt2", "x");
  folder.set("n_layer", 2000000000);
  CHECK(contains(refusal(folder.path), "has 28 tensors, too few for the 2000000000 blocks"));
}

TEST_CASE("A folder that is none to import, or an output that is there, is refused") {
  const TemporaryFolder at;
  CHECK(contains(refusal(at.path("none")), "there is no such folder"));
  std::filesystem::create_directory(at.path("empty"));
  CHECK(contains(refusal(at.path("empty")), "has no config.json, expected a folder of a Hugging"));
  const HfFolder folder(at, "hf_gpt2", "x");
  import_weights(folder.path, at.path("in"));
  CHECK(contains(refusal(at.path("in")), "is a checkpoint already"));
  CHECK(contains(
      error_of([&] { import_weights(folder.path, at.path("in")); }, ExitCode::kConfiguration),
      at.path("in") + " is there already"));
}
