// The configurations of the folder configs/ as they were when the program was built, for `pipetrain
// --example NAME`.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "base/embedded_file.h"

namespace pipetrain {

extern const std::span<const EmbeddedFile> kExampleFiles;  // "shakespeare.yaml"

std::vector<std::string> example_names();  // "shakespeare"

// The file's text. Throws Error (kConfiguration) if there is none of this name.
std::string example_text(const std::string& name);

}  // namespace pipetrain
