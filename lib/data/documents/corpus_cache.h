// What documents have become as tokens, kept in a folder and found again by what they are and who
// tokenizes them. It must not know windows or models.
//
// A file is told by its size, the time of its last change (to the nanosecond) and a checksum of
// samples of its content, not by its name: a copy that keeps its times (cp -p, rsync -t) is found
// again, and a file that was touched is tokenized again. Of many files the contents of a part are
// looked at, of all the sizes and times. So a start need not read gigabytes. What it does not see
// is a file that was changed in place, beside the samples, and given back its old time.
#pragma once

#include <string>

#include "data/documents/corpus_file.h"
#include "data/documents/tokenize.h"

namespace pipetrain {

// $XDG_CACHE_HOME/pipetrain, or ~/.cache/pipetrain. Error(kConfiguration) if neither is set.
std::string default_cache_folder();

struct CachedCorpus {
  CorpusFile file;
  TokenizedCounts counts;
};

// From the cache in `folder`, which is made if need be; else the documents are tokenized into it.
// While another process does so, this one waits. Error(kData) if a document changes meanwhile.
CachedCorpus cached_corpus(const TokenizeRequest& request, const Tokenizer& tokenizer,
                           const std::string& folder);

}  // namespace pipetrain
