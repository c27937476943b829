// How products of bfloat16 matrices are made: by the processor's instructions, or of float32 copies
// of such operands where those are missing or a user says so. It must not know matrices.
#pragma once

namespace pipetrain {

// What a user sets to 1 who studies the results of bfloat16 without the instructions.
constexpr const char* kEmulateBFloat16 = "PIPETRAIN_EMULATE_BFLOAT16";

// Whether the environment asks for copies. Error(kConfiguration) unless it says 0, 1 or nothing.
bool emulates_bfloat16();
// There are instructions, and nobody asks for copies instead.
bool multiplies_bfloat16();

}  // namespace pipetrain
