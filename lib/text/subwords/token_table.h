// The tokens of a vocabulary: ids by their text and texts by their id. Ids may have gaps. It must
// not know what tokens are made of.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace pipetrain {

inline constexpr std::int64_t kMostTokens = std::int64_t{1} << 24;  // ids are below it

class TokenTable {
 public:
  // False if the text or the id is there already.
  bool add(const std::string& text, std::int32_t id) {
    if (text_of(id) != nullptr || !ids_.emplace(text, id).second) return false;
    if (id >= end()) texts_.resize(static_cast<std::size_t>(id) + 1, nullptr);
    texts_[static_cast<std::size_t>(id)] = &ids_.find(text)->first;  // nodes do not move
    return true;
  }
  std::int32_t find(std::string_view text) const {  // -1: not there
    const auto found = ids_.find(text);
    return found == ids_.end() ? -1 : found->second;
  }
  // Null for a gap.
  const std::string* text_of(std::int32_t id) const {
    return id >= 0 && id < end() ? texts_[static_cast<std::size_t>(id)] : nullptr;
  }
  std::int32_t end() const { return static_cast<std::int32_t>(texts_.size()); }  // ids are below it
  std::size_t size() const { return ids_.size(); }
  const auto& ids() const { return ids_; }

 private:
  struct Hash : std::hash<std::string_view> {
    using is_transparent = void;
  };

  std::unordered_map<std::string, std::int32_t, Hash, std::equal_to<>> ids_;
  std::vector<const std::string*> texts_;
};

}  // namespace pipetrain
