#pragma once
// The frame of a program: its command line and its exit code.

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <exception>
#include <string>

#include <CLI/CLI.hpp>

/// What a count, and the seed of an `Rng`, may be.
inline const CLI::Range positive(1, 1'000'000'000, "POSITIVE");
inline const CLI::Range seeds(0U, 4'294'967'295U, "32 BITS");
/// A number for which a test holds; NaN never does.
inline CLI::Validator number_that(const std::string& rule, bool (*holds)(double)) {
  return CLI::Validator(
      [=](const std::string& text) {
        double value = 0;
        const bool fits = CLI::detail::lexical_cast(text, value) && holds(value);
        return fits ? std::string() : "must be " + rule + "; got " + text;
      },
      "");
}
/// What a rate or a penalty may be, what a factor such as momentum, and what a share.
inline const CLI::Validator not_negative =
    number_that("a number that is not negative", [](double x) { return x >= 0; });
inline const CLI::Validator below_one =
    number_that("from 0 to below 1", [](double x) { return x >= 0 && x < 1; });
inline const CLI::Validator share =
    number_that("from 0 to 1", [](double x) { return x >= 0 && x <= 1; });
inline const CLI::Validator inner_share =
    number_that("between 0 and 1", [](double x) { return x > 0 && x < 1; });

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
