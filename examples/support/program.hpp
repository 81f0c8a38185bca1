#pragma once
// The frame of a program: its command line and its exit code.

#include <cstdint>
#include <functional>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace CLI {
class Option;  // what stands behind: it is compiled once, in program.cpp
}

/// What a flag's text may be.
using Rule = std::function<void(CLI::Option&)>;

/// A count, and the seed of an `Rng`.
extern const Rule positive, seeds;
/// A rate or a penalty, a factor such as momentum, a share, and one of more than nothing and less
/// than all. NaN is none of them.
extern const Rule not_negative, below_one, share, inner_share;
/// Bounds that are allowed too.
Rule integer_in(std::int64_t low, std::int64_t high);
Rule number_in(double low, double high);
Rule one_of(std::vector<std::string> words);
/// A list in one text.
Rule separated_by(char delimiter);
/// A text of which `wrong` says nothing.
Rule checked_by(std::string (*wrong)(const std::string& text));
/// Not to be left out.
extern const Rule required;

/// A flag, or without dashes an argument, the variable that it sets, whose value until then is the
/// default, and what --help says of it.
struct Flag {
  std::string name;
  std::variant<bool*, int*, std::int64_t*, std::uint64_t*, double*, std::string*,
               std::optional<double>*, std::vector<std::string>*>
      variable;
  std::string help;
  Rule rule = {};
  Rule also = {};
};

/// Thrown by a program whose flags do not go together.
struct UsageError : std::runtime_error {
  UsageError(std::string of, const std::string& what)
      : std::runtime_error(what), flag(std::move(of)) {}
  std::string flag;
};

/// Sets the flags' variables from the command line, then runs `body`. Returns the exit code: 2 for
/// wrong usage, 1 if `body` throws or its output cannot be written; what is wrong goes to stderr.
int run_program(int argc, char** argv, const std::string& about, const std::vector<Flag>& flags,
                const std::function<void()>& body);
