#pragma once
#include <exception>
#include <string>

#include <xtape/dist/link.hpp>

/// How the ranks of a world end: together, or all by an error of one.
namespace xtape::dist::detail {

/// Says why on stderr, and ends the program on all ranks with status 1.
[[noreturn]] void end_all(const std::string& why);
/// The same for an exception.
[[noreturn]] void tell_and_end(const std::exception_ptr& error);

/// The world of the whole program, which ends with it at the latest; null: none any more.
void set_whole(Link* link) noexcept;
/// Ends a world with all its ranks, and MPI if the world began it.
void end_world(Link& link);

/// From now on an exception that nobody catches ends all ranks.
void watch_errors();
/// An exception has left a world: whoever catches it tells it, and the end of this program ends the
/// others.
void note_error() noexcept;

/// Returns when all ranks have come to the end of the world. Those that wait elsewhere are told,
/// rank by rank in a ring: what they wait for does not come.
void leave_together(Link& link);
/// Takes such news, if there are any.
void hear_of_leaving(Link& link);

}  // namespace xtape::dist::detail
