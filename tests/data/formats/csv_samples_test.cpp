#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "data/labelled_rows.h"
#include "data/samples.h"
#include "data/temporary_folder.h"

using namespace pipetrain;

namespace csv_samples_test {

namespace {

DataConfig csv(const std::string& path, TokenizerKind tokenizer = TokenizerKind::kWords,
               double validation_fraction = 0.5) {
  return {.format = "csv",
          .path = {path},
          .tokenizer = tokenizer,
          .validation_fraction = validation_fraction};
}

}  // namespace

TEST_CASE("A table of labels and texts becomes words, the rarer the larger their tokens") {
  const TemporaryFolder folder;
  const std::string file = folder.write("news.csv",
                                        "3,\"The cat, the \"\"cat\"\"\",\"THE end\"\r\n"
                                        "1,plain text,the\n"
                                        "\"2\",\"a new\nline\",the zebra\n"
                                        "4,\"dog\",cat");
  const auto source = open_source(csv(file), 5, 1);
  const nlohmann::json expected = {"<padding>", "<unknown>", "the",   "\"",  "cat",
                                   ",",         "end",       "plain", "text"};
  CHECK(source->tokenizer()["vocabulary"] == expected);
  CHECK(source->tokenizer()["type"] == "word");
  CHECK(source->vocabulary() == 9);
  CHECK(source->classes() == 4);
  CHECK(source->input_dtype() == DType::kInt32);
  CHECK(source->input_shape() == Shape{5});
  CHECK(source->training_rows() == 2);
  const LabelledRows last = validation_rows(*source);
  CHECK(last.labels() == std::vector<std::int32_t>{1, 3});
  CHECK(last.tokens() == std::vector<std::int32_t>{1, 1, 1, 1, 2, 1, 4, 0, 0, 0});
  // A limit leaves out the rarest.
  const auto limited = open_source(csv(file), 5, 1, 4);
  CHECK(limited->vocabulary() == 4);
  CHECK(limited->tokenizer()["vocabulary"][3] == "\"");
  DataConfig config = csv(file);
  config.vocabulary = 3;
  CHECK(open_source(config, 5, 1, 1000)->vocabulary() == 3);
}

TEST_CASE("Texts can be characters or bytes, and bytes that are not UTF-8 are kept") {
  const TemporaryFolder folder;
  const std::string file = folder.write("x.csv", "0,ab\xC3\xA9\xFF\n1,b\xC3\xA9\xFFz\n");
  const auto chars = open_source(csv(file, TokenizerKind::kCharacters), 5, 1);
  const nlohmann::json expected = {"<padding>", "<unknown>", "a", "b", "\xC3\xA9", {0xFF}};
  CHECK(chars->tokenizer()["vocabulary"] == expected);
  CHECK(validation_rows(*chars).tokens() == std::vector<std::int32_t>{3, 4, 5, 1, 0});
  CHECK(validation_rows(*chars).labels() == std::vector<std::int32_t>{1});
  CHECK(chars->classes() == 2);
  CHECK(chars->description().find("20% of the tokens fill up rows") != std::string::npos);
  const auto bytes = open_source(csv(file, TokenizerKind::kBytes), 5, 1);
  CHECK(bytes->vocabulary() == 257);
  CHECK(validation_rows(*bytes).tokens() ==
        std::vector<std::int32_t>{'b' + 1, 0xC3 + 1, 0xA9 + 1, 0xFF + 1, 'z' + 1});
  CHECK_NOTHROW(chars->tokenizer().dump());
}

namespace {

// A tokenizer.json of words with [CLS] and [SEP] around them.
constexpr const char* kWordPieces = R"({"model": {"type": "WordPiece", "unk_token": "[UNK]",
  "continuing_subword_prefix": "##", "max_input_chars_per_word": 100,
  "vocab": {"[PAD]": 0, "[UNK]": 1, "[CLS]": 2, "[SEP]": 3, "cat": 4, "##s": 5, "dog": 6}},
  "pre_tokenizer": {"type": "BertPreTokenizer"}, "normalizer": null, "decoder": null,
  "added_tokens": [], "truncation": null, "padding": null, "version": "1.0",
  "post_processor": {"type": "TemplateProcessing",
    "single": [{"SpecialToken": {"id": "[CLS]", "type_id": 0}},
               {"Sequence": {"id": "A", "type_id": 0}},
               {"SpecialToken": {"id": "[SEP]", "type_id": 0}}],
    "pair": [], "special_tokens": {"[CLS]": {"id": "[CLS]", "ids": [2], "tokens": ["[CLS]"]},
                                   "[SEP]": {"id": "[SEP]", "ids": [3], "tokens": ["[SEP]"]}}}})";

}  // namespace

TEST_CASE("Texts become the tokens of a tokenizer.json, and what is around them is never cut") {
  const TemporaryFolder folder;
  folder.write("tokenizer.json", kWordPieces);
  DataConfig config = csv(folder.write("x.csv", "0,cat\n1,cats dog\n0,dog\n1,dog cats cat dog\n"));
  config.tokenizer_path = folder.path("tokenizer.json");
  const auto joined = open_source(config, 5, 1);
  CHECK(validation_rows(*joined).tokens() ==
        std::vector<std::int32_t>{2, 6, 3, 0, 0, 2, 6, 4, 5, 3});
  CHECK(joined->vocabulary() == 7);
  CHECK(joined->tokenizer() == nlohmann::json::parse(kWordPieces));
  config.documents = Documents::kSeparate;
  const auto separate = open_source(config, 5, 1);
  CHECK(validation_rows(*separate).tokens() ==
        std::vector<std::int32_t>{2, 6, 3, kFilling, kFilling, 2, 6, 4, 5, 3});
  CHECK(separate->description().find("WordPiece texts") != std::string::npos);
  CHECK_THROWS_WITH(open_source(config, 2, 1),
                    ContainsSubstring("has no room beside the 2 tokens"));
}

TEST_CASE("Labels count from 0, or from 1 where none is 0 and one is the number of classes") {
  const TemporaryFolder folder;
  const auto labels = [&](const std::string& text, int classes) {
    DataConfig config = csv(folder.write("x.csv", text), TokenizerKind::kBytes);
    config.classes = classes;
    return validation_rows(*open_source(config, 4, 1)).labels();
  };
  CHECK(labels("1,a\n2,b\n", 0) == std::vector<std::int32_t>{1});
  CHECK(labels("1,a\n2,b\n", 2) == std::vector<std::int32_t>{1});
  CHECK(labels("1,a\n2,b\n", 3) == std::vector<std::int32_t>{2});
}

TEST_CASE("Several tables are one, and a byte order mark is no text") {
  const TemporaryFolder folder;
  folder.write("1.csv",
               "\xEF\xBB\xBF"
               "1,a\n2,b\n");
  folder.write("2.csv", "2,a\n1,c\n");
  const auto source = open_source(csv(folder.path("*.csv")), 1, 1);
  CHECK(validation_rows(*source).labels() == std::vector<std::int32_t>{1, 0});
  CHECK(validation_rows(*source).tokens() == std::vector<std::int32_t>{2, 1});
}

TEST_CASE("A table that cannot be used is named with line and reason") {
  const TemporaryFolder folder;
  const auto message = [&](const std::string& text, int classes = 0) {
    DataConfig config = csv(folder.write("x.csv", text));
    config.classes = classes;
    const std::string found = data_error(config), start = "data: " + folder.path("x.csv") + ": ";
    return found.starts_with(start) ? found.substr(start.size()) : found;
  };
  CHECK(message("1,a\n2,b\n") == "no error");
  CHECK(message("1,a,\n2,b,c\n") == "line 1: column 3 is empty");
  CHECK(message("1,a\n2,b,c\n") == "line 2: has 3 columns, expected 2, as in the first record");
  CHECK(message("1\n2\n") == "line 1: has 1 columns, expected 2 or more: a label and text");
  CHECK(message("label,text\n1,a\n")
            .starts_with("line 1: column 1, the label, is 'label', expected a whole number"));
  CHECK(message("label,text\n1,a\n").ends_with("take out a line of headings"));
  CHECK(message("1,a\n-1,b\n").starts_with("line 2: column 1, the label, is '-1'"));
  CHECK(message("1,a\n99999999999,b\n").starts_with("line 2: column 1, the label"));
  CHECK(message("1,\"a\nb\"\n3,b\n", 2) == "line 3: label 3, expected 1 to 2 (data.classes is 2)");
  CHECK(message("0,a\n2,b\n", 2) == "line 2: label 2, expected 0 to 1 (data.classes is 2)");
  CHECK(message("1,a\n").find("of its 1 samples the training part has none") != std::string::npos);
}

}  // namespace csv_samples_test
