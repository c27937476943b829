// Rotary positions (Su et al., arXiv:2104.09864, section 3.4.2): queries and keys turned by angles
// that grow with the token's position, so that their products depend on distances alone. It must
// not know layers.
#pragma once

#include <cstdint>
#include <vector>

#include "ops/matrix.h"
#include "ops/ops.h"

namespace pipetrain {

// Positions stretched for rows longer than the model was made with.
enum class RotaryStretch : std::uint8_t { kNone, kLinear, kLlama3 };
struct RotaryScaling {
  RotaryStretch stretch = RotaryStretch::kNone;
  double factor = 1;
  // Of kLlama3 (Dubey et al., arXiv:2407.21783, section 3.4.3, and the code published with it):
  // angles that turn round less than `low` times in `context` tokens are divided by the factor,
  // those that do more than `high` times are not, those between them by something between.
  double low = 1, high = 4, context = 8192;
  friend bool operator==(const RotaryScaling&, const RotaryScaling&) = default;
};

struct RotaryAngles {
  std::int64_t tokens = 0, width = 0;  // the width must be even
  double theta = 10000;
  RotaryScaling scaling = {};
  friend bool operator==(const RotaryAngles&, const RotaryAngles&) = default;
};

// Position t turns pair i, the entries (i, i + R / 2) of a head, by t * theta^(-2 i / R), R the
// width: the halves are paired, not neighbours, as in published Llama weights. Entries of a head
// from R on stay.
class RotaryTable {
 public:
  explicit RotaryTable(const RotaryAngles& angles);

  const RotaryAngles& angles() const { return angles_; }
  std::int64_t half() const { return angles_.width / 2; }
  const float* cosines(std::int64_t token) const { return entries_.data() + token * 2 * half(); }
  const float* sines(std::int64_t token) const { return cosines(token) + half(); }

 private:
  RotaryAngles angles_;
  std::vector<float> entries_;  // (T, 2, R / 2)
};

enum class Rotation : std::uint8_t { kForward, kBack };

// The first `heads` heads of each row, which are turned, of `head_width` entries each; rows are
// sequences of `tokens` from position `first_token` on, which do not go beyond the table's.
// `document_starts`, if given, has for each row the place in its sequence that has position 0.
struct TurnedHeads {
  std::int64_t heads = 0, head_width = 0, tokens = 0, first_token = 0;
  const std::int32_t* document_starts = nullptr;
};

// These of x (rows, all heads), in place. The gradient of a rotation is the rotation back.
void rotate(Ops& ops, const RotaryTable& table, Rotation rotation, const TurnedHeads& turned,
            Matrix x);

}  // namespace pipetrain
