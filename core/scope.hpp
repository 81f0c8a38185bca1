#pragma once
namespace xtape::detail {

/// Ends the program: a guard cannot be taken off a thread from another.
[[noreturn]] void end_on_other_thread() noexcept;

/// Takes one out of the scopes and guards of a kind that a thread is in, which may end in any
/// order: a list, innermost first, linked by `outer`. Returns the next inner one, null if it was
/// the innermost.
template <class Scope>
Scope* unlink(Scope*& innermost, Scope& ended, Scope* Scope::*outer) noexcept {
  Scope* inner = nullptr;
  Scope** link = &innermost;
  while (*link != &ended) {
    if (*link == nullptr) end_on_other_thread();
    inner = *link;
    link = &(inner->*outer);
  }
  *link = ended.*outer;
  return inner;
}

}  // namespace xtape::detail
