#include "generate/generator.h"

#include <algorithm>
#include <cstring>
#include <functional>
#include <map>
#include <string>
#include <utility>

#include "ops/linear.h"

namespace pipetrain {
namespace {

constexpr const char* kNeededBy = "the next token";

}  // namespace

int useful_threads(std::size_t weight_bytes) {
  constexpr std::size_t kBytesPerThread = std::size_t{16} << 20;
  return static_cast<int>(1 + std::min<std::size_t>(weight_bytes / kBytesPerThread, 1023));
}

// A group has no more rows than our own kernel takes.
GeneratorPlaces places_for(std::int64_t count, int ranks) {
  const std::int64_t groups = std::min<std::int64_t>(count, ranks);
  return {groups, std::min<std::int64_t>((count + groups - 1) / groups, kFewRows)};
}

Generator::Generator(LanguageModel& model, const Checkpoint& checkpoint,
                     const GeneratorOptions& options, Mailbox& mailbox, MemoryPool& pool)
    : model_(model),
      mailbox_(mailbox),
      pool_(pool),
      layers_(model, checkpoint, mailbox.rank(), mailbox.size(), pool, options.weights),
      sampler_(options.sampling) {
  const GeneratorPlaces& places = options.places;
  groups_.resize(static_cast<std::size_t>(places.groups));
  for (std::int64_t place = places.count(); place-- > 0;) {
    groups_[static_cast<std::size_t>(place / places.rows)].free.push_back(place);
  }
}

void Generator::run(std::span<Sequence* const> sequences, const Show& show) {
  std::size_t next = 0, ended = 0;
  const auto shown = [&](std::size_t number, const std::string& text) {
    ended += sequences[number]->ended() ? 1 : 0;
    show(number, text);
  };
  while (ended < sequences.size()) {
    for (Group& group : groups_) {
      if (group.at_work) end_turn(group, shown);
      admit(group, sequences, next);
      if (!group.rows.empty()) begin_turn(group);
    }
  }
  mailbox_.flush();
}

// Low places first: rows that are neighbours pass together.
void Generator::admit(Group& group, std::span<Sequence* const> sequences, std::size_t& next) const {
  std::ranges::sort(group.free, std::greater{});
  for (; !group.free.empty() && next < sequences.size(); ++next) {
    group.rows.push_back({sequences[next], next, group.free.back()});
    group.free.pop_back();
  }
}

// Rows with one new token pass together; at places between them that have none, a token passes for
// nobody, at the beginning of a row that is to be written anew. Rows with more tokens pass each
// alone, so that they have the bits that they have without others.
void Generator::begin_turn(Group& group) {
  group.drawn.assign(group.rows.size(), 0);
  std::vector<Pass> alone;
  std::map<std::int64_t, std::pair<std::size_t, std::int64_t>> ones;  // by place: row, position
  for (std::size_t i = 0; i < group.rows.size(); ++i) {
    const SlidingWindow::NewTokens tokens = group.rows[i].sequence->next();
    const std::int64_t place = group.rows[i].place;
    if (tokens.tokens == 1) {
      ones[place] = {i, tokens.first_position};
    } else {
      alone.push_back({{place, {tokens.first_position}}, {i}, tokens.begin, tokens.tokens});
    }
  }
  if (!ones.empty()) {
    Pass together{.kept = {.first = ones.begin()->first, .positions = {}}, .rows = {}};
    for (std::int64_t place = ones.begin()->first; place <= ones.rbegin()->first; ++place) {
      const auto one = ones.find(place);
      together.kept.positions.push_back(one == ones.end() ? 0 : one->second.second);
      together.rows.push_back(one == ones.end() ? Pass::kNobody : one->second.first);
    }
    pass(group, together);
  }
  for (const Pass& one : alone) pass(group, one);
  group.at_work = true;
  if (!last()) return;
  for (int rank = 0; rank < mailbox_.rank(); ++rank) {
    Tensor tokens(pool_, {static_cast<std::int64_t>(group.drawn.size())}, DType::kInt32);
    std::memcpy(tokens.data(), group.drawn.data(), tokens.bytes());
    mailbox_.send(tokens_message(group, rank, rank), std::move(tokens));
  }
}

void Generator::end_turn(Group& group, const Show& show) {
  if (!last()) {
    const Tensor tokens = receive(tokens_message(group, mailbox_.size() - 1, mailbox_.rank()),
                                  {static_cast<std::int64_t>(group.rows.size())}, DType::kInt32);
    std::copy_n(tokens.i32(), tokens.elements(), group.drawn.begin());
  }
  std::vector<Row> left;
  for (std::size_t i = 0; i < group.rows.size(); ++i) {
    const Row& row = group.rows[i];
    const std::string text = row.sequence->add(group.drawn[i]);
    if (row.sequence->ended()) {
      group.free.push_back(row.place);
    } else {
      left.push_back(row);
    }
    show(row.number, text);
  }
  group.rows = std::move(left);
  group.at_work = false;
  ++group.turn;
}

void Generator::pass(Group& group, const Pass& pass) {
  Tensor y = layers_.forward(pass.kept, input(group, pass), [&] { mailbox_.poll(); });
  if (last()) return draw(group, pass, y);
  const int next = mailbox_.rank() + 1;
  mailbox_.send(activation_message(group, pass, next, next), std::move(y));
}

Tensor Generator::receive(const Message& message, const Shape& shape, DType dtype) {
  mailbox_.post_receive(message, shape, dtype);
  return mailbox_.take(message, kNeededBy);
}

// Named by the first place of what it is of; no two passes of a turn have the same.
Message Generator::activation_message(const Group& group, const Pass& pass, int peer,
                                      int receiver) {
  return {Channel::kActivation, peer, receiver, static_cast<int>(pass.kept.first), group.turn % 2};
}

Message Generator::tokens_message(const Group& group, int peer, int receiver) const {
  const auto number = static_cast<int>(&group - groups_.data());
  return {Channel::kControl, peer, receiver, number, group.turn % 2};
}

// The new tokens, or what the rank before made of them.
Tensor Generator::input(const Group& group, const Pass& pass) {
  const std::int64_t rows = pass.kept.count();
  if (!first()) {
    return receive(activation_message(group, pass, mailbox_.rank() - 1, mailbox_.rank()),
                   {rows, layers_.takes_last_token_only() ? 1 : pass.tokens, layers_.width()},
                   DType::kFloat32);
  }
  Tensor ids(pool_, {rows, pass.tokens}, DType::kInt32);
  for (std::int64_t i = 0; i < rows; ++i) {
    const std::size_t row = pass.rows[static_cast<std::size_t>(i)];
    if (row == Pass::kNobody) {
      ids.i32()[i] = 0;
      continue;
    }
    const std::vector<std::int32_t>& all = group.rows[row].sequence->tokens();
    const auto begin = pass.tokens == 1 ? all.end() - 1 : all.begin() + pass.begin;
    std::copy_n(begin, pass.tokens, ids.i32() + i * pass.tokens);
  }
  return ids;
}

void Generator::draw(Group& group, const Pass& pass, const Tensor& logits) {
  const std::int64_t width = logits.shape().back();
  const float* next = logits.f32();
  for (const std::size_t row : pass.rows) {
    if (row != Pass::kNobody) {
      const Sequence& sequence = *group.rows[row].sequence;
      group.drawn[row] = sampler_.draw({next, static_cast<std::size_t>(model_.tokens())},
                                       sequence.length(), sequence.tokens());
    }
    next += width;
  }
}

}  // namespace pipetrain
