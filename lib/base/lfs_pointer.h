// What Git LFS leaves in a file's place until the file is fetched: a few lines that name it. It
// must not know what the file would be.
#pragma once

#include <string>
#include <string_view>

namespace pipetrain {

// Empty if `content` is none, else the end of a sentence that begins with the file's name.
std::string lfs_pointer_reason(std::string_view content);

}  // namespace pipetrain
