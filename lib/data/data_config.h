// Where the training data comes from, as the user wrote it. Plain data; it must not know files or
// models.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/table.h"
#include "text/tokenizer_kind.h"

namespace pipetrain {

// Of the numbers in a bare token file.
enum class TokenFileType : std::uint8_t { kAuto, kUint16, kUint32 };

inline constexpr Choice<TokenFileType> kTokenFileTypes[] = {
    {TokenFileType::kAuto, "auto", "As the first file looks."},
    {TokenFileType::kUint16, "uint16", "16 bits each."},
    {TokenFileType::kUint32, "uint32", "32 bits each."},
};

enum class Validation : std::uint8_t { kLast, kRandom, kFiles };

inline constexpr Choice<Validation> kValidations[] = {
    {Validation::kLast, "last", "The last part of the data validates."},
    {Validation::kRandom, "random", "A part that is drawn by the seed validates."},
    {Validation::kFiles, "files", "Files of their own validate."},
};

// What follows a document that cannot be read: broken JSON, no such field, no UTF-8.
enum class OnBadDocument : std::uint8_t { kStop, kSkip };

inline constexpr Choice<OnBadDocument> kOnBadDocument[] = {
    {OnBadDocument::kStop, "stop", "It is an error, which names its place."},
    {OnBadDocument::kSkip, "skip", "It is left out; how many there were is said."},
};

// What documents in one row see of each other.
enum class Documents : std::uint8_t { kJoined, kSeparate };

inline constexpr Choice<Documents> kDocumentChoices[] = {
    {Documents::kJoined, "joined", "A token sees all before it in its row."},
    {Documents::kSeparate, "separate",
     "It sees those of its own document, positions begin anew in each, and no token is the target "
     "of another document's."},
};

// Where the rows of tokens that train lie.
enum class Windows : std::uint8_t { kDrawn, kEpochs };

inline constexpr Choice<Windows> kWindows[] = {
    {Windows::kDrawn, "drawn", "Each begins at a place that is drawn for it."},
    {Windows::kEpochs, "epochs",
     "One behind the other, each once an epoch, in an order that is drawn for it."},
};

struct MixturePart {
  std::string path;
  double weight = 1;  // rows come from it in this share of all weights
};

struct DataConfig {
  std::string format = "text";            // a row of data/formats/formats.cpp
  std::vector<std::string> path = {};     // files or globs; of idx and cifar also a folder
  std::vector<MixturePart> mixture = {};  // in place of path
  TokenFileType token_type = TokenFileType::kAuto;
  TokenizerKind tokenizer = TokenizerKind::kCharacters;  // where there is no path to one
  std::string tokenizer_path = {};                       // a tokenizer.json, or a folder with one
  std::string field = "text";                            // of JSON lines: where the text is
  OnBadDocument on_bad_document = OnBadDocument::kStop;
  std::string cache = {};   // where tokenized text is kept; empty: data/documents/corpus_cache.h
  int vocabulary = 0;       // of csv, and of words: the most tokens; 0: all there are
  int sequence_length = 0;  // T; 0: the model's context
  Documents documents = Documents::kJoined;  // of a row
  Windows windows = Windows::kDrawn;         // of rows of tokens
  Validation validation = Validation::kLast;
  std::vector<std::string> validation_files = {};  // where validation is kFiles
  double validation_fraction = 0.1;                // of the data, for last and random
  int classes = 0;                // of csv and idx, 0: from the data; of synthetic, 0: tokens
  std::vector<double> mean = {};  // of images, in [0, 1]: one for all channels or one for each;
  std::vector<double> deviation = {};  // empty: of the training images
  int pad = 0;                         // of images: black pixels added at each side
  int crop = 0;                        // of images: the most that a training image is moved by
  bool flip = false;                   // of images: mirror every second training image
  std::vector<int> image = {};         // of synthetic: height, width, channels; empty: tokens
  int samples = 1000;                  // of synthetic with classes: that train

  bool validates_files() const { return validation == Validation::kFiles; }
  bool separate() const { return documents == Documents::kSeparate; }
  bool random() const { return validation == Validation::kRandom; }
};

}  // namespace pipetrain
