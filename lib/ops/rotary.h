// Rotary positions (Su et al., arXiv:2104.09864, section 3.4.2): queries and keys turned by angles
// that grow with the token's position, so that their products depend on distances alone. It must
// not know layers.
#pragma once

#include <cstdint>
#include <vector>

#include "ops/matrix.h"
#include "ops/ops.h"

namespace pipetrain {

struct RotaryAngles {
  std::int64_t tokens = 0, head_width = 0;  // the width D must be even
  double theta = 10000;
  friend bool operator==(const RotaryAngles&, const RotaryAngles&) = default;
};

// Position t turns pair i, the entries (i, i + D / 2) of a head, by t * theta^(-2 i / D): the
// halves are paired, not neighbours, as in published Llama weights.
class RotaryTable {
 public:
  explicit RotaryTable(const RotaryAngles& angles);

  const RotaryAngles& angles() const { return angles_; }
  std::int64_t half() const { return angles_.head_width / 2; }
  const float* cosines(std::int64_t token) const { return entries_.data() + token * 2 * half(); }
  const float* sines(std::int64_t token) const { return cosines(token) + half(); }

 private:
  RotaryAngles angles_;
  std::vector<float> entries_;  // (T, 2, D / 2)
};

enum class Rotation : std::uint8_t { kForward, kBack };

// The first `heads` heads of each row, which are turned; rows are sequences of `tokens` from
// position `first_token` on, which do not go beyond the table's.
struct TurnedHeads {
  std::int64_t heads = 0, tokens = 0, first_token = 0;
};

// These of x (rows, all heads), in place. The gradient of a rotation is the rotation back.
void rotate(Ops& ops, const RotaryTable& table, Rotation rotation, const TurnedHeads& turned,
            Matrix x);

}  // namespace pipetrain
