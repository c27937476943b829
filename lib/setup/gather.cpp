#include "setup/gather.h"

#include <cstddef>
#include <span>

namespace pipetrain {

std::vector<std::vector<double>> gather(std::initializer_list<double> mine,
                                        Collective& collective) {
  const auto size = static_cast<std::size_t>(collective.size());
  std::vector<double> all(mine.size() * size);
  std::size_t at = static_cast<std::size_t>(collective.rank());
  for (const double value : mine) {
    all[at] = value;
    at += size;
  }
  collective.all_reduce(std::span(all));
  std::vector<std::vector<double>> lists;
  for (std::size_t i = 0; i < mine.size(); ++i) {
    const auto begin = all.begin() + static_cast<std::ptrdiff_t>(i * size);
    lists.emplace_back(begin, begin + static_cast<std::ptrdiff_t>(size));
  }
  return lists;
}

}  // namespace pipetrain
