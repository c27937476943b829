// What a command writes takes the place of an earlier file of its kind. Anything else that somebody
// has there stays.
#pragma once

#include <functional>
#include <string>
#include <string_view>

namespace pipetrain {

// Error(kConfiguration) if something is at `path` and is neither an empty file nor one whose
// beginning `is_ours` takes for what the command writes: "--output metrics.jsonl is there and is
// not a page of pipetrain report; name another file".
void require_replaceable(const std::string& option, const std::string& path,
                         const std::string& kind,
                         const std::function<bool(std::string_view beginning)>& is_ours);

}  // namespace pipetrain
