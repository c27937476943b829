// How the messages of a conversation are put into one text for a model: the ways that a name stands
// for, and which of them a model's own template is. Templates are programs (Jinja); they are
// recognized by their marks, not run. It must not know tokens.
#pragma once

#include <string>
#include <string_view>
#include <utility>

namespace pipetrain {

struct ChatFormat {
  std::string_view name;
  const char* meaning;
  const char* start;                      // before the first message
  const char *before_role, *behind_role;  // around the role's name
  const char *system, *user, *assistant;  // the roles' names; null: there is no such message
  const char* end;                        // of a message: one token that ends the text, too, or ""
  const char* behind_end;
  bool trims;              // blanks around a message are left out
  const char* stop;        // what ends a reply in a format without such a token, else null
  const char* no_default;  // a template with this in it puts more into the text than the format
};

std::string chat_format_names();  // "chatml, llama3, gemma, plain"

struct ChosenFormat {
  const ChatFormat* format = nullptr;
  std::string system;  // the message that the template begins with where the user gives none
};
// That of a model whose template this is, "" for none, or the one that is `told`, "" for nothing.
// Error(kConfiguration) for a name that is none; for a template that is none of them.
ChosenFormat choose_chat_format(std::string_view own_template, const std::string& told);

// The text between a model's replies.
class Conversation {
 public:
  // `system` may be empty.
  Conversation(const ChatFormat& format, std::string system)
      : format_(format), system_(std::move(system)) {}

  // What the model reads next: what is left of the reply before, this message, the beginning of the
  // reply. `ended`: the reply before has its end in the text already.
  std::string next(std::string_view message, bool ended);

 private:
  std::string message(const char* role, std::string_view content) const;

  const ChatFormat& format_;
  std::string system_;
  bool begun_ = false;
};

}  // namespace pipetrain
