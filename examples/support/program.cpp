#include <cerrno>
#include <cstdio>
#include <cstring>
#include <exception>
#include <type_traits>

#include <CLI/CLI.hpp>

#include "program.hpp"

namespace {

Rule checked(const CLI::Validator& validator) {
  return [=](CLI::Option& option) { option.check(validator); };
}

/// A number for which a test holds; NaN never does.
Rule number_that(const std::string& rule, bool (*holds)(double)) {
  return checked(CLI::Validator(
      [=](const std::string& text) {
        double value = 0;
        const bool fits = CLI::detail::lexical_cast(text, value) && holds(value);
        return fits ? std::string() : "must be " + rule + "; got " + text;
      },
      ""));
}

void add(CLI::App& app, const Flag& flag) {
  CLI::Option* const option = std::visit(
      [&](auto* variable) {
        if constexpr (std::is_same_v<decltype(variable), bool*>) {
          return app.add_flag(flag.name, *variable, flag.help);
        } else {
          return app.add_option(flag.name, *variable, flag.help);
        }
      },
      flag.variable);
  for (const Rule& rule : {flag.rule, flag.also})
    if (rule) rule(*option);
}

}  // namespace

const Rule positive = checked(CLI::Range(1, 1'000'000'000, "POSITIVE"));
const Rule seeds = checked(CLI::Range(0U, 4'294'967'295U, "32 BITS"));
const Rule not_negative =
    number_that("a number that is not negative", [](double x) { return x >= 0; });
const Rule below_one = number_that("from 0 to below 1", [](double x) { return x >= 0 && x < 1; });
const Rule share = number_that("from 0 to 1", [](double x) { return x >= 0 && x <= 1; });
const Rule inner_share = number_that("between 0 and 1", [](double x) { return x > 0 && x < 1; });
const Rule required = [](CLI::Option& option) { option.required(); };

Rule integer_in(std::int64_t low, std::int64_t high) { return checked(CLI::Range(low, high)); }

Rule number_in(double low, double high) { return checked(CLI::Range(low, high)); }

Rule one_of(std::vector<std::string> words) { return checked(CLI::IsMember(std::move(words))); }

Rule separated_by(char delimiter) {
  return [=](CLI::Option& option) { option.delimiter(delimiter); };
}

Rule checked_by(std::string (*wrong)(const std::string& text)) {
  return checked(CLI::Validator([=](const std::string& text) { return wrong(text); }, ""));
}

int run_program(int argc, char** argv, const std::string& about, const std::vector<Flag>& flags,
                const std::function<void()>& body) {
  CLI::App app(about);
  app.option_defaults()->always_capture_default();
  for (const Flag& flag : flags) add(app, flag);
  const auto wrong_usage = [&](const CLI::Error& error) { return app.exit(error) == 0 ? 0 : 2; };
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return wrong_usage(error);
  }
  try {
    body();
    if (std::fflush(stdout) == 0 && std::ferror(stdout) == 0) return 0;
    std::fprintf(stderr, "%s: cannot write: %s\n", argv[0], std::strerror(errno));
  } catch (const UsageError& error) {
    return wrong_usage(CLI::ValidationError(error.flag, error.what()));
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s: %s\n", argv[0], error.what());
  }
  return 1;
}
