#pragma once
// The frame of a program: its command line and its exit code.

#include <cerrno>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <exception>
#include <limits>

#include <CLI/CLI.hpp>

/// What a count, and the seed of an `Rng`, may be.
inline const CLI::Range positive(1, 1'000'000'000, "POSITIVE");
inline const CLI::Range seeds(0U, 4'294'967'295U, "32 BITS");
/// What a rate or a penalty, and a share such as momentum, may be.
inline const CLI::Range not_negative(0.0, std::numeric_limits<double>::max(), "NOT NEGATIVE");
inline const CLI::Range below_one(0.0, std::nextafter(1.0, 0.0), "BELOW ONE");

/// Reads the command line into the options of `app`, then runs `body`. Returns the exit code: 2 for
/// wrong usage, 1 if `body` throws or its output cannot be written; what is wrong goes to stderr.
template <class Body>
int run_program(CLI::App& app, int argc, char** argv, const Body& body) {
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : 2;
  }
  try {
    body();
    if (std::fflush(stdout) == 0 && std::ferror(stdout) == 0) return 0;
    std::fprintf(stderr, "%s: cannot write: %s\n", argv[0], std::strerror(errno));
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s: %s\n", argv[0], error.what());
  }
  return 1;
}
