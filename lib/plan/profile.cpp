#include "plan/profile.h"

#include <algorithm>
#include <cassert>
#include <cmath>
#include <cstddef>
#include <iterator>
#include <set>
#include <utility>

namespace pipetrain {
namespace {

using Measured = std::map<std::int64_t, std::vector<LayerMeasure>>;

// The value at `rows` of the line through (a, at_a) and (b, at_b); never below what proportion to
// rows would leave of half the smaller one, since noise can tilt a line.
double on_line(double rows, double a, double at_a, double b, double at_b) {
  return std::max(at_a + (at_b - at_a) * (rows - a) / (b - a),
                  0.5 * rows * std::min(at_a / a, at_b / b));
}

StageCost cost_on_line(std::int64_t rows, std::int64_t a, const StageCost& at_a, std::int64_t b,
                       const StageCost& at_b) {
  StageCost cost = at_a;
  for (double StageCost::* part :
       {&StageCost::forward, &StageCost::backward_input, &StageCost::backward_weight}) {
    cost.*part = a == b ? at_a.*part * static_cast<double>(rows) / static_cast<double>(a)
                        : on_line(static_cast<double>(rows), static_cast<double>(a), at_a.*part,
                                  static_cast<double>(b), at_b.*part);
  }
  return cost;
}

Blocks grown(const Blocks& blocks, double factor, const ModelProfile& profile) {
  Blocks result;
  for (const auto& [size, count] : blocks) {
    result[profile.block_bytes(std::llround(static_cast<double>(size) * factor))] += count;
  }
  return result;
}

MemoryUse grown(const MemoryUse& use, double factor, const ModelProfile& profile) {
  return {grown(use.after, factor, profile), grown(use.most, factor, profile)};
}

// The measured sizes nearest to `rows`: the nearest one and the next on the other side or behind.
std::pair<Measured::const_iterator, Measured::const_iterator> nearest_two(const Measured& measured,
                                                                          std::int64_t rows) {
  auto above = measured.lower_bound(rows);
  if (above == measured.end()) --above;
  if (above == measured.begin()) {
    const auto next = std::next(above);
    return {above, next == measured.end() ? above : next};
  }
  const auto below = std::prev(above);
  const bool first_is_nearer = rows - below->first < above->first - rows;
  return first_is_nearer ? std::pair(below, above) : std::pair(above, below);
}

}  // namespace

std::vector<LayerMeasure> layers_at(const ModelProfile& profile, std::int64_t rows) {
  assert(!profile.measured.empty());
  const auto exact = profile.measured.find(rows);
  if (exact != profile.measured.end()) return exact->second;
  const auto [near, other] = nearest_two(profile.measured, rows);
  const double factor = static_cast<double>(rows) / static_cast<double>(near->first);
  std::vector<LayerMeasure> layers;
  for (std::size_t i = 0; i < near->second.size(); ++i) {
    const LayerMeasure& layer = near->second[i];
    LayerMeasure& made = layers.emplace_back();
    made.cost = cost_on_line(rows, near->first, layer.cost, other->first, other->second[i].cost);
    made.kept = layer.kept;
    for (SumUse LayerMeasure::* sums :
         {&LayerMeasure::forward_sums, &LayerMeasure::backward_input_sums,
          &LayerMeasure::backward_weight_sums}) {
      const SumUse& at_near = layer.*sums;
      made.*sums = {at_near.count, std::llround(factor * static_cast<double>(at_near.bytes))};
    }
    for (MemoryUse LayerMeasure::* use :
         {&LayerMeasure::forward, &LayerMeasure::backward_input, &LayerMeasure::backward_weight,
          &LayerMeasure::evaluation}) {
      made.*use = grown(layer.*use, factor, profile);
    }
    for (const PartMeasure& part : layer.parts) {
      made.parts.push_back({part.seconds * factor, grown(part.forget, factor, profile),
                            grown(part.remake, factor, profile)});
    }
  }
  return layers;
}

double remake_seconds(const LayerMeasure& layer, const Recomputed& recomputed) {
  if (recomputed.whole) return layer.cost.forward;
  double seconds = 0;
  for (std::size_t part = 0; part < layer.parts.size(); ++part) {
    if (recomputed.has(part)) seconds += layer.parts[part].seconds;
  }
  return seconds;
}

std::int64_t parameter_elements(const ModelProfile& profile) {
  std::set<std::string> seen;
  std::int64_t elements = 0;
  for (const LayerFacts& layer : profile.layers) {
    for (const auto& parameter : layer.parameters) {
      if (seen.insert(parameter.name).second) elements += parameter.elements;
    }
  }
  return elements;
}

}  // namespace pipetrain
