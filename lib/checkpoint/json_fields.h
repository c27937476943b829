// Fields of JSON objects that come from a file, taken only if they are what they should be. It must
// not know the formats.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>

#include "checkpoint/safetensors.h"

namespace pipetrain {

// The value of a key; Error(kCheckpoint) beginning with `where` if there is none.
const nlohmann::json& json_field(const nlohmann::json& object, const char* key,
                                 const std::string& where);

std::string json_text(const nlohmann::json& object, const char* key, const std::string& where);
std::int64_t json_size(const nlohmann::json& object, const char* key,
                       const std::string& where);  // from 0 up
Extents json_sizes(const nlohmann::json& object, const char* key, const std::string& where);

// The name, if it is that of a file in the folder of the file that names it: it has no path.
std::string plain_file_name(const std::string& name, const std::string& where);

// A whole file of JSON.
nlohmann::json read_json(const std::string& path);
// The same as Python's json writes it: NaN, Infinity and -Infinity become texts, so that they pass
// where nobody asks for them and are shown where somebody does.
nlohmann::json read_python_json(const std::string& path);

}  // namespace pipetrain
