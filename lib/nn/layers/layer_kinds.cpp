#include "nn/layers/layer_kinds.h"

namespace pipetrain {

// Each is in the file of its layer.
LayerFactory make_embedding, make_attention, make_mlp, make_transformer_block, make_layer_norm,
    make_rms_norm, make_batch_norm, make_linear, make_conv1d, make_conv2d, make_patches,
    make_positions, make_patch_embedding, make_relu, make_gelu, make_silu, make_max_pool,
    make_average_pool, make_mean_pool, make_global_mean_pool, make_flatten, make_dropout,
    make_residual;

namespace {

using enum RowForm;

// clang-format off
constexpr LayerKind kKinds[] = {
    {"embedding", "Looks up each token's row of a table and adds a learned position.",
     kIds, kTokens, make_embedding},
    {"transformer_block", "Attention and then an MLP, which are two layers.",
     kTokens, kSame, make_transformer_block, 2},
    {"attention", "Norm, self-attention and projection, added to the input.",
     kTokens, kSame, make_attention, 1},
    {"mlp", "Norm, a hidden layer and a projection, added to the input.",
     kTokens, kSame, make_mlp, 1},
    {"layer_norm", "Layer norm over the last axis.", kAny, kSame, make_layer_norm},
    {"rms_norm", "RMS norm over the last axis.", kAny, kSame, make_rms_norm},
    {"batch_norm", "Batch norm over all axes but the last.", kAny, kSame, make_batch_norm},
    {"linear", "A product with a weight over the last axis.", kAny, kAny, make_linear},
    {"conv1d", "A convolution along the tokens.", kTokens, kTokens, make_conv1d},
    {"conv2d", "A convolution over an image.", kImage, kImage, make_conv2d},
    {"patch_embedding", "Cuts an image into patches, makes each a token and adds a learned position.",
     kImage, kTokens, make_patch_embedding},
    {"patches", "Maps each patch of an image to one pixel.", kImage, kImage, make_patches},
    {"positions", "Makes pixels tokens and adds a learned position to each.",
     kTokensOrImage, kTokens, make_positions},
    {"relu", "The larger of each entry and 0.", kAny, kSame, make_relu},
    {"gelu", "GELU of each entry, in its tanh form.", kAny, kSame, make_gelu},
    {"silu", "Each entry times its sigmoid.", kAny, kSame, make_silu},
    {"max_pool", "The largest entry of each window.",
     kTokensOrImage, kTokensOrImage, make_max_pool},
    {"average_pool", "The mean of each window.",
     kTokensOrImage, kTokensOrImage, make_average_pool},
    {"mean_pool", "The mean over all tokens.", kTokens, kVector, make_mean_pool},
    {"global_mean_pool", "The mean over all pixels.", kImage, kVector, make_global_mean_pool},
    {"flatten", "Joins all axes to one.", kAny, kVector, make_flatten},
    {"dropout", "Drops entries at a rate while training.", kAny, kSame, make_dropout},
    {"residual", "A list of layers with a skip around it.", kAny, kAny, make_residual},
};
// clang-format on

}  // namespace

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
