#include "comm/mailbox.h"

namespace pipetrain {

const char* name_of(Channel channel) {
  switch (channel) {
    case Channel::kActivation: return "activation";
    case Channel::kGradient: return "gradient";
    case Channel::kInput: return "input";
    case Channel::kTarget: return "target";
    case Channel::kTied: return "tied gradient";
    case Channel::kControl: return "control message";
    case Channel::kDocuments: return "places of documents";
    case Channel::kPieceInput: return "vocabulary input";
    case Channel::kPieceResult: return "vocabulary result";
    case Channel::kPieceTotals: return "vocabulary totals";
    case Channel::kEmbedding: return "embedding rows";
    case Channel::kEmbeddingGradient: return "embedding gradient";
  }
  return "";
}

std::string text_of(const Message& message) {
  return std::string(name_of(message.channel)) + " for stage " + std::to_string(message.stage) +
         ", microbatch " + std::to_string(message.microbatch) + ", peer " +
         std::to_string(message.peer);
}

}  // namespace pipetrain
