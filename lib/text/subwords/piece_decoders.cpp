// Decoders of tokens that are pieces of words: where spaces stood, and what marks a piece.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "text/subwords/metaspace.h"
#include "text/subwords/replacement.h"
#include "text/subwords/text_decoders.h"

namespace pipetrain {
namespace {

void replace_all(std::string& text, std::string_view old, std::string_view with) {
  std::size_t at = text.find(old), copied = 0;
  if (at == std::string::npos) return;
  std::string replaced;
  for (; at != std::string::npos; at = text.find(old, copied)) {
    replaced.append(text, copied, at - copied).append(with);
    copied = at + old.size();
  }
  text = replaced.append(text, copied);
}

class MetaspaceDecoder final : public TextDecoder {
 public:
  explicit MetaspaceDecoder(MetaspaceOptions options) : options_(std::move(options)) {}

  void apply(std::vector<std::string>& tokens, Bytes /*bytes*/) const override {
    bool first = options_.before != SpaceBefore::kNone;
    for (std::string& token : tokens) {
      replace_all(token, options_.replacement, first ? "" : " ");
      first = false;
    }
  }

 private:
  MetaspaceOptions options_;
};

// English contractions, and signs that no space stands before.
void clean_up(std::string& text) {
  constexpr std::pair<std::string_view, std::string_view> kRules[] = {
      {" .", "."},   {" ?", "?"},     {" !", "!"},     {" ,", ","},
      {" ' ", "'"},  {" n't", "n't"}, {" 'm", "'m"},   {" do not", " don't"},
      {" 's", "'s"}, {" 've", "'ve"}, {" 're", "'re"},
  };
  for (const auto& [old, with] : kRules) replace_all(text, old, with);
}

class WordPieceDecoder final : public TextDecoder {
 public:
  WordPieceDecoder(std::string prefix, bool clean) : prefix_(std::move(prefix)), clean_(clean) {}

  void apply(std::vector<std::string>& tokens, Bytes /*bytes*/) const override {
    for (std::size_t i = 0; i < tokens.size(); ++i) {
      if (i > 0 && tokens[i].starts_with(prefix_)) {
        tokens[i].erase(0, prefix_.size());
      } else if (i > 0) {
        tokens[i].insert(0, " ");
      }
      if (clean_) clean_up(tokens[i]);
    }
  }

 private:
  std::string prefix_;
  bool clean_;
};

class BpeDecoder final : public TextDecoder {
 public:
  explicit BpeDecoder(std::string suffix) : suffix_(std::move(suffix)) {}

  void apply(std::vector<std::string>& tokens, Bytes /*bytes*/) const override {
    for (std::size_t i = 0; i < tokens.size(); ++i) {
      replace_all(tokens[i], suffix_, i + 1 == tokens.size() ? "" : " ");
    }
  }

 private:
  std::string suffix_;
};

class Fuse final : public TextDecoder {
  void apply(std::vector<std::string>& tokens, Bytes /*bytes*/) const override {
    std::string all;
    for (const std::string& token : tokens) all += token;
    tokens = {std::move(all)};
  }
};

class StripDecoder final : public TextDecoder {
 public:
  StripDecoder(std::string content, std::size_t left, std::size_t right)
      : content_(std::move(content)), left_(left), right_(right) {}

  void apply(std::vector<std::string>& tokens, Bytes /*bytes*/) const override {
    for (std::string& token : tokens) {
      std::string_view rest = token;
      for (std::size_t i = 0; i < left_ && rest.starts_with(content_); ++i) {
        rest.remove_prefix(content_.size());
      }
      for (std::size_t i = 0; i < right_ && rest.ends_with(content_); ++i) {
        rest.remove_suffix(content_.size());
      }
      token = std::string(rest);
    }
  }

 private:
  std::string content_;
  std::size_t left_, right_;
};

class ReplaceDecoder final : public TextDecoder {
 public:
  explicit ReplaceDecoder(JsonPart& part) : replacement_(part) {}
  void apply(std::vector<std::string>& tokens, Bytes /*bytes*/) const override {
    for (std::string& token : tokens) replacement_.apply(token);
  }

 private:
  Replacement replacement_;
};

TextDecoders one(std::unique_ptr<TextDecoder> made) {
  TextDecoders all;
  all.push_back(std::move(made));
  return all;
}

}  // namespace

TextDecoders read_metaspace_decoder(JsonPart& part) {
  return one(std::make_unique<MetaspaceDecoder>(read_metaspace_options(part)));
}

TextDecoders read_word_piece_decoder(JsonPart& part) {
  std::string prefix = part.text_or("prefix", "##");
  return one(std::make_unique<WordPieceDecoder>(std::move(prefix), part.flag_or("cleanup", true)));
}

TextDecoders read_bpe_decoder(JsonPart& part) {
  std::string suffix = part.text_or("suffix", "</w>");
  if (suffix.empty()) part.refuse("its suffix is empty");
  return one(std::make_unique<BpeDecoder>(std::move(suffix)));
}

TextDecoders read_fuse(JsonPart& /*part*/) { return one(std::make_unique<Fuse>()); }

TextDecoders read_strip_decoder(JsonPart& part) {
  constexpr std::int64_t kMost = 1'000'000;
  const auto left = static_cast<std::size_t>(part.number("start", 0, kMost));
  const auto right = static_cast<std::size_t>(part.number("stop", 0, kMost));
  return one(std::make_unique<StripDecoder>(part.character("content"), left, right));
}

TextDecoders read_replace_decoder(JsonPart& part) {
  return one(std::make_unique<ReplaceDecoder>(part));
}

}  // namespace pipetrain
