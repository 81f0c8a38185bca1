#pragma once
#include <string>

#include "program.hpp"

/// What is promised of every program, and does not hold of this one: a line for the first; empty if
/// all does.
std::string broken_promise(const Program& program);

/// The same program with as little in it as breaks a promise.
Program shortened(const Program& program);

/// How often each promise was looked at.
std::string promises_kept();
