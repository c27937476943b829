// Which files hold the documents of a corpus, and how they lie in them. It must not read any.
#pragma once

#include <string>
#include <vector>

namespace pipetrain {

struct DocumentFile {
  std::string path;
  bool lines = false;  // a JSON object a line; else the whole file is one text
};

// Files as they are named, whose name says how documents lie in them: .jsonl and .ndjson hold
// lines, perhaps packed (.jsonl.gz, .jsonl.zst). With `lines` all do.
// Of a glob those that match, of a folder and the folders in it the .jsonl and .txt files, or with
// `lines` the .jsonl files only; both in the order of their names. A file that is there plain and
// packed is one. Error(kData) for a path that names nothing.
std::vector<DocumentFile> list_documents(const std::vector<std::string>& paths, bool lines);

}  // namespace pipetrain
