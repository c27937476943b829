#include "nn/layers/layer_kinds.h"

#include <algorithm>

namespace pipetrain {

// Each is in the file of its layer.
LayerFactory make_embedding, make_attention, make_mlp, make_transformer_block, make_layer_norm,
    make_rms_norm, make_batch_norm, make_linear, make_conv1d, make_conv2d, make_patches,
    make_positions, make_patch_embedding, make_relu, make_gelu, make_silu, make_max_pool,
    make_average_pool, make_mean_pool, make_global_mean_pool, make_first_token, make_flatten,
    make_dropout, make_residual, make_class_token, make_token_types, make_tanh;
LayerOptionList embedding_options, attention_options, mlp_options, transformer_block_options,
    norm_options, batch_norm_options, linear_options, convolution_options, patches_options,
    positions_options, patch_embedding_options, pool_options, dropout_options, residual_options,
    token_types_options;

namespace {

using enum RowForm;

// clang-format off
constexpr LayerKind kKinds[] = {
    {"embedding", "Looks up each token's row of a table and adds a learned position.",
     kIds, kTokens, make_embedding, embedding_options},
    {"transformer_block", "Attention and then an MLP, which are two layers.",
     kTokens, kSame, make_transformer_block, transformer_block_options, 2},
    {"attention", "Norm, self-attention and projection, added to the input.",
     kTokens, kSame, make_attention, attention_options, 1},
    {"mlp", "Norm, a hidden layer and a projection, added to the input.",
     kTokens, kSame, make_mlp, mlp_options, 1},
    {"layer_norm", "Layer norm over the last axis.", kAny, kSame, make_layer_norm, norm_options},
    {"rms_norm", "RMS norm over the last axis.", kAny, kSame, make_rms_norm, norm_options},
    {"batch_norm", "Batch norm over all axes but the last.",
     kAny, kSame, make_batch_norm, batch_norm_options},
    {"linear", "A product with a weight over the last axis.",
     kAny, kAny, make_linear, linear_options},
    {"conv1d", "A convolution along the tokens.",
     kTokens, kTokens, make_conv1d, convolution_options},
    {"conv2d", "A convolution over an image.", kImage, kImage, make_conv2d, convolution_options},
    {"patch_embedding", "Cuts an image into patches, makes each a token and adds a learned position.",
     kImage, kTokens, make_patch_embedding, patch_embedding_options},
    {"patches", "Maps each patch of an image to one pixel.",
     kImage, kImage, make_patches, patches_options},
    {"positions", "Makes pixels tokens and adds a learned position to each.",
     kTokensOrImage, kTokens, make_positions, positions_options},
    {"class_token", "Puts a learned token before those of each row.",
     kTokensOrImage, kTokens, make_class_token},
    {"token_types", "Adds to each token the row of a table for its type, which is the first.",
     kTokens, kSame, make_token_types, token_types_options},
    {"relu", "The larger of each entry and 0.", kAny, kSame, make_relu},
    {"gelu", "GELU of each entry, in its tanh form.", kAny, kSame, make_gelu},
    {"silu", "Each entry times its sigmoid.", kAny, kSame, make_silu},
    {"tanh", "The hyperbolic tangent of each entry.", kAny, kSame, make_tanh},
    {"max_pool", "The largest entry of each window.",
     kTokensOrImage, kTokensOrImage, make_max_pool, pool_options},
    {"average_pool", "The mean of each window.",
     kTokensOrImage, kTokensOrImage, make_average_pool, pool_options},
    {"mean_pool", "The mean over all tokens.", kTokens, kVector, make_mean_pool},
    {"global_mean_pool", "The mean over all pixels.", kImage, kVector, make_global_mean_pool},
    {"first_token", "The first token.", kTokens, kVector, make_first_token},
    {"flatten", "Joins all axes to one.", kAny, kVector, make_flatten},
    {"dropout", "Drops entries at a rate while training.",
     kAny, kSame, make_dropout, dropout_options},
    {"residual", "A list of layers with a skip around it.",
     kAny, kAny, make_residual, residual_options},
};
// clang-format on

}  // namespace

std::vector<LayerOption> joined(std::vector<LayerOption> first,
                                const std::vector<LayerOption>& second) {
  for (const LayerOption& option : second) {
    if (std::ranges::find(first, option) == first.end()) first.push_back(option);
  }
  return first;
}

std::span<const LayerKind> layer_kinds() { return kKinds; }

const char* text_of(RowForm form) {
  switch (form) {
    case kIds: return "(tokens)";
    case kTokens: return "(tokens, width)";
    case kImage: return "(height, width, channels)";
    case kTokensOrImage: return "(tokens, width) or (height, width, channels)";
    case kAny: return "any";
    case kVector: return "(width)";
    case kSame: break;
  }
  return "the same";
}

}  // namespace pipetrain
