// What tells the tokens of one text of a row from those of the next (Devlin et al.,
// arXiv:1810.04805, section 3, figure 2): y = x + the table's row of the token's type. Rows here
// have one text, so every token is of the first type; the table's other rows stay for those who
// have two.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "nn/layer.h"
#include "nn/layer_options.h"

namespace pipetrain {

inline constexpr SizeOption kTokenTypes{"types", "Rows of the table; tokens are of the first type.",
                                        2};

class TokenTypes : public Layer {
 public:
  // (T, C) -> the same
  TokenTypes(std::string name, Shape row, std::int64_t types, const Initial& initial);

  Tensor forward(const Context& context, Tensor x, Saved& saved) override;
  Tensor backward_input(const Context& context, Tensor dy, Saved& saved) override;
  void backward_weight(const Context& context, Saved& saved) override;
  Reach reach() const override { return Reach::kToken; }

 private:
  std::int64_t types_;
  std::size_t table_;
};

}  // namespace pipetrain
