// Who holds the model's vocabulary, which are the tables of the embedding and of the head. Plain
// data; it must not know what a piece of it computes.
#pragma once

#include <cstdint>

#include "base/table.h"

namespace pipetrain {

// Over the pipeline there are two ways to order the passes S and T of the pieces (Yeung et al.
// 2024, arXiv 2411.05288, sections 4.1 and 4.2): after its S every piece waits for all others' once
// (Vocab-2), or once after S and again after T (Vocab-1).
enum class VocabularyPlace : std::uint8_t { kWhole, kParallel, kVocab1 };

inline constexpr Choice<VocabularyPlace> kVocabularyPlaces[] = {
    {VocabularyPlace::kWhole, "whole", "The first and the last stage."},
    {VocabularyPlace::kParallel, "parallel",
     "All ranks of the pipeline, a piece of the rows each, with one wait for each other a "
     "microbatch (Vocab-2)."},
    {VocabularyPlace::kVocab1, "vocab-1",
     "The same with two waits, and half of what pieces send (Vocab-1)."},
};

// Whether all ranks of the pipeline have a piece.
constexpr bool is_over_pipeline(VocabularyPlace place) { return place != VocabularyPlace::kWhole; }

}  // namespace pipetrain
