// Which files hold the documents of a corpus, and how they lie in them. It must not read any.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace pipetrain {

struct DocumentFile {
  std::string path;
  bool lines = false;  // a JSON object a line; else the whole file is one text
};

// How documents lie in files: .jsonl and .ndjson hold lines, perhaps packed (.jsonl.gz,
// .jsonl.zst), and others are a text each; or all hold lines; or each is a text.
enum class DocumentForm : std::uint8_t { kByName, kLines, kTexts };

// Of a glob the files that match, of a folder and the folders in it the .jsonl and .txt files, as
// far as the form has them; both in the order of their names. A file that is there plain and packed
// is one. Error(kData) for a path that names nothing.
std::vector<DocumentFile> list_documents(const std::vector<std::string>& paths, DocumentForm form);

}  // namespace pipetrain
