#include "comm/agree.h"

#include <algorithm>
#include <cstdlib>
#include <exception>
#include <new>
#include <vector>

#include "base/error.h"

namespace pipetrain {

Failure failure_of(const std::function<void()>& work) {
  try {
    work();
    return {};
  } catch (const Error& error) {
    return {static_cast<int>(error.code()), error.what(), error.detail()};
  } catch (const std::bad_alloc&) {
    return {static_cast<int>(ExitCode::kConfiguration),
            "out of memory; use more stages, smaller microbatches or recompute"};
  } catch (const std::exception& error) {
    return {EXIT_FAILURE, std::string("internal error: ") + error.what()};
  }
}

void agree(Collective& world, const std::function<void()>& work) {
  const Failure mine = failure_of(work);
  const std::vector<std::string> codes = world.all_gather_text(std::to_string(mine.code));
  const auto first = std::ranges::find_if(codes, [](const auto& code) { return code != "0"; });
  if (first == codes.end()) return;
  CommonFailure common{.code = std::stoi(*first), .own = {}};
  if (first - codes.begin() == world.rank()) common.own = mine;
  throw common;
}

}  // namespace pipetrain
