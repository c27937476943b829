// A schedule's Timeline under given costs: each action starts when its rank is free and its inputs
// have arrived.
#pragma once

#include <memory>
#include <vector>

#include "schedule/program.h"
#include "schedule/schedule.h"
#include "schedule/timeline.h"

namespace pipetrain {

// Seconds (or any unit) per stage for one microbatch, and for a message between two ranks.
struct StageCost {
  double forward = 0, backward_input = 0, backward_weight = 0;
  double recompute = 0;  // 0: the stage keeps its activations and has no R
  double gather = 0;  // of its weights, beside the rank's work; 0: they are whole. Not in total()
  double remake = 0;  // an I takes so much longer where other work stood between its F and it
  double total() const { return forward + backward_input + backward_weight + recompute + remake; }
  StageCost& operator+=(const StageCost& other) {
    forward += other.forward;
    backward_input += other.backward_input;
    backward_weight += other.backward_weight;
    recompute += other.recompute;
    gather += other.gather;
    remake += other.remake;
    return *this;
  }
};
// Of a rank's piece of the vocabulary for one microbatch: S and T.
struct PieceCost {
  double forward = 0, backward = 0;
  PieceCost& operator+=(const PieceCost& other) {
    forward += other.forward;
    backward += other.backward;
    return *this;
  }
};
// What each of so many pieces takes of a head's times. With one wait its S makes logits and their
// product with the table, as the head's F and I do, and its T is the W. With two S is the F, and T
// the I and the W.
PieceCost piece_cost(const StageCost& head, int pieces, VocabularyPlace place);

struct Network;  // schedule/simulate/network.h

struct Costs {
  std::vector<StageCost> stages;  // of a rank that has a core to itself
  double message = 0;
  double cores = 0;  // that the ranks share, where there are fewer than ranks; 0: one each
  // Of ranks that differ in speed or are linked differently: its links count, not `message`.
  std::shared_ptr<const Network> network = nullptr;
  std::vector<PieceCost> pieces = {};  // per rank, where the vocabulary is over the pipeline
};

// Of F, I, W, B, R, S or T, without what an I makes again.
double duration_of(const Action& action, const Costs& costs);

// How long before its end what others wait for has left an action: a B goes on with W, and half of
// a T is its weight gradients, which follow its part of the input gradient.
double result_leaves_before_end(const Action& action, const Schedule& schedule, const Costs& costs);

// A rank's whole share costs (f, i, w): each of its v stages 1/v of that, or, where ranks have
// different numbers of stages, each of S stages p / S of it.
Costs equal_costs(const Schedule& schedule, double forward, double backward_input,
                  double backward_weight, double message = 0);

// Of one slice of a microbatch: all are of equal work, and their messages are taken for equally
// long.
Costs costs_of_slice(const Costs& costs, int slices);

// Whether a B sends the input gradient after I (what runs) or only when all of B is done (as papers
// draw it).
enum class BackwardSends { kGradientsFirst, kAfterBackward };

// What a step of these costs does: a stage recomputes or is gathered if that costs something.
Features features_of(const Costs& costs);

// Linear in the number of actions. A rank's gathers follow each other, and a use waits for its
// stage's. A microbatch is live on a stage from the start of its F to the end of its W.
// A slice counts and costs its share of one.
Timeline simulate(const Program& program, const Costs& costs);
// `schedule` holds compute actions (B allowed) and must be valid. It runs as its program with
// features_of(costs); or, as papers draw it, with each B in one piece, its own actions alone.
Timeline simulate(const Schedule& schedule, const Costs& costs,
                  BackwardSends sends = BackwardSends::kGradientsFirst);

}  // namespace pipetrain
