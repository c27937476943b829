#include "schedule/schedule.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>

namespace pipetrain {
namespace {

struct OpName {
  Op op;
  std::string_view name;
};

constexpr std::array<OpName, 20> kOpNames{{
    {Op::kForward, "F"},
    {Op::kBackwardInput, "I"},
    {Op::kBackwardWeight, "W"},
    {Op::kBackward, "B"},
    {Op::kRecompute, "R"},
    {Op::kVocabularyForward, "S"},
    {Op::kVocabularyBackward, "T"},
    {Op::kSendForward, "SEND_F"},
    {Op::kReceiveForward, "RECV_F"},
    {Op::kSendBackward, "SEND_B"},
    {Op::kReceiveBackward, "RECV_B"},
    {Op::kReceiveVocabularyForward, "RECV_S"},
    {Op::kReceiveVocabularyBackward, "RECV_T"},
    {Op::kEmbeddingForward, "EMBED_F"},
    {Op::kEmbeddingBackward, "EMBED_B"},
    {Op::kReceiveEmbeddingForward, "RECV_EMBED_F"},
    {Op::kReceiveEmbeddingBackward, "RECV_EMBED_B"},
    {Op::kReduceGrad, "REDUCE_GRAD"},
    {Op::kUnshard, "UNSHARD"},
    {Op::kReshard, "RESHARD"},
}};

// Reads a number from the front of `text` and drops it.
std::optional<int> take_number(std::string_view& text) {
  if (text.empty() || text.front() < '0' || text.front() > '9') return std::nullopt;
  int number = 0;
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (problem != std::errc()) return std::nullopt;
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  return number;
}

}  // namespace

std::string text_of(const Action& action) {
  const std::string_view name = kOpNames[static_cast<std::size_t>(action.op)].name;
  std::string text = std::to_string(action.stage);
  text += name;
  if (!is_of_stage(action.op)) text += std::to_string(action.microbatch);
  if (action.slice > 0) (text += '.') += std::to_string(action.slice);
  return text;
}

std::optional<Action> parse_action(std::string_view text) {
  Action action;
  const std::optional<int> stage = take_number(text);
  if (!stage) return std::nullopt;
  action.stage = *stage;
  const std::string_view name =
      text.substr(0, std::min(text.find_first_of("0123456789"), text.size()));
  const auto found = std::find_if(kOpNames.begin(), kOpNames.end(),
                                  [&](const OpName& known) { return known.name == name; });
  if (found == kOpNames.end()) return std::nullopt;
  action.op = found->op;
  text.remove_prefix(name.size());
  if (!is_of_stage(action.op)) {
    const std::optional<int> microbatch = take_number(text);
    if (!microbatch) return std::nullopt;
    action.microbatch = *microbatch;
    if (text.starts_with('.')) {
      text.remove_prefix(1);
      const std::optional<int> slice = take_number(text);
      if (!slice) return std::nullopt;
      action.slice = *slice;
    }
  }
  if (!text.empty()) return std::nullopt;
  return action;
}

bool is_compute(Op op) { return op <= Op::kVocabularyBackward; }

std::size_t Schedule::action_count() const {
  std::size_t count = 0;
  for (const auto& actions : ranks) count += actions.size();
  return count;
}

std::optional<std::string> why_not_together(int slices, int copies, bool vocabulary) {
  std::string both;
  const auto add = [&](bool asked, const char* what) {
    if (asked) both += (both.empty() ? "" : " and ") + std::string(what);
    return asked ? 1 : 0;
  };
  const int asked = add(slices > 1, "slices of sequences") +
                    add(copies > 1, "two copies of each stage") +
                    add(vocabulary, "a vocabulary over the pipeline");
  if (asked < 2) return std::nullopt;
  return both + " do not go together; keep one of them";
}

VocabularyPlace vocabulary_in(const Schedule& listed) {
  const auto is_piece = [](const Action& action) { return is_of_piece(action.op); };
  const auto none = [&](const auto& actions) { return std::ranges::none_of(actions, is_piece); };
  if (std::ranges::all_of(listed.ranks, none)) return VocabularyPlace::kWhole;
  const int last = listed.stage_count() - 1;
  const auto& actions = listed.ranks[static_cast<std::size_t>(listed.placement.rank_of(last))];
  const auto t = std::ranges::find(actions, Op::kVocabularyBackward, &Action::op);
  if (t == actions.end()) return VocabularyPlace::kParallel;
  const bool follows = std::any_of(actions.begin(), t, [&](const Action& action) {
    return sends_gradient(action.op) && action.stage == last && action.microbatch == t->microbatch;
  });
  return follows ? VocabularyPlace::kParallel : VocabularyPlace::kVocab1;
}

bool is_forward_only(const Schedule& schedule) {
  for (const auto& actions : schedule.ranks) {
    for (const Action& action : actions) {
      if (is_compute(action.op) && action.op != Op::kForward) return false;
    }
  }
  return true;
}

bool accumulates_in_ascending_order(const Schedule& schedule) {
  for (const auto& actions : schedule.ranks) {
    std::vector<std::int64_t> last(static_cast<std::size_t>(schedule.stage_count()), -1);
    for (const Action& action : actions) {
      if (!ends_microbatch(action.op)) continue;
      std::int64_t& before = last[static_cast<std::size_t>(action.stage)];
      const std::int64_t place =
          (std::int64_t{action.microbatch} + 1) * schedule.slices - action.slice;
      if (place < before) return false;
      before = place;
    }
  }
  return true;
}

}  // namespace pipetrain
