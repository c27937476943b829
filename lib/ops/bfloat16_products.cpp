#include "ops/bfloat16_products.h"

#include <cstdlib>
#include <string>
#include <string_view>

#include "base/error.h"
#include "ops/dnnl_compat.h"
#include "ops/ops.h"

namespace pipetrain {

bool emulates_bfloat16() {
  const char* const set = std::getenv(kEmulateBFloat16);
  const std::string_view value = set == nullptr ? "" : set;
  if (value.empty() || value == "0") return false;
  if (value == "1") return true;
  throw Error(ExitCode::kConfiguration, std::string(kEmulateBFloat16) + ": found '" + set +
                                            "'; expected 1 for bfloat16's results without its "
                                            "instructions, or 0");
}

bool multiplies_bfloat16() { return bfloat16_instructions() && !emulates_bfloat16(); }

bool bfloat16_instructions() {
  // An instruction set's number has the bits of those that it includes.
  constexpr unsigned kNeeded = dnnl_cpu_isa_avx512_core_bf16;
  return (static_cast<unsigned>(dnnl::get_effective_cpu_isa()) & kNeeded) == kNeeded;
}

}  // namespace pipetrain
