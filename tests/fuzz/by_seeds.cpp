// Drives a target of fuzzing without libFuzzer: each file as it is, then inputs made by a
// generator, of these files if there are any.
//   PROGRAM [--inputs COUNT] [--seconds SECONDS] [--first SEED] [FILE...]
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <limits>
#include <random>
#include <string>
#include <vector>

#include "target.hpp"

namespace {

using Input = std::vector<std::uint8_t>;

Input content(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  const std::vector<char> text{std::istreambuf_iterator<char>(file), {}};
  return {text.begin(), text.end()};
}

Input random_bytes(std::mt19937& generator) {
  Input bytes(32 + generator() % 300);
  for (std::uint8_t& byte : bytes) byte = static_cast<std::uint8_t>(generator());
  return bytes;
}

/// A file with some bytes changed, left out, put in, or taken from another.
Input mutated(const std::vector<Input>& files, std::mt19937& generator) {
  Input bytes = files[generator() % files.size()];
  for (std::size_t change = 1 + generator() % 4; change > 0 && !bytes.empty(); --change) {
    const std::size_t place = generator() % bytes.size(), count = 1 + generator() % 8;
    const auto at = bytes.begin() + static_cast<std::ptrdiff_t>(place);
    switch (generator() % 6) {
      case 0: bytes[place] = static_cast<std::uint8_t>(generator()); break;
      case 1: bytes[place] ^= static_cast<std::uint8_t>(1U << generator() % 8); break;
      case 2: bytes[place] = generator() % 2 == 0 ? 0xff : 0; break;
      case 3:
        bytes.erase(at, at + static_cast<std::ptrdiff_t>(std::min(count, bytes.size() - place)));
        break;
      case 4: bytes.insert(at, count, bytes[place]); break;
      default: {
        const Input& other = files[generator() % files.size()];
        if (place < other.size())
          bytes.insert(at, other.begin() + static_cast<std::ptrdiff_t>(place), other.end());
      }
    }
  }
  return bytes;
}

}  // namespace

int main(int count, char** arguments) {
  double seconds = 1e9;
  unsigned long inputs = 0, first = 0;
  std::vector<std::string> paths;
  for (int i = 1; i < count; ++i) {
    const std::string argument = arguments[i];
    const char* value = i + 1 < count ? arguments[i + 1] : "0";
    if (argument == "--inputs") {
      inputs = std::strtoul(value, nullptr, 10), ++i;
    } else if (argument == "--seconds") {
      seconds = std::atof(value), ++i;
      if (inputs == 0) inputs = std::numeric_limits<unsigned>::max();
    } else if (argument == "--first") {
      first = std::strtoul(value, nullptr, 10), ++i;
    } else {
      paths.push_back(argument);
    }
  }
  std::vector<Input> files;
  for (const std::string& path : paths) {
    files.push_back(content(path));
    if (run_target(files.back()) == 0) continue;
    std::fprintf(stderr, "by %s\n", path.c_str());
    return 1;
  }
  constexpr int enough = 12;
  int failures = 0;
  unsigned long done = 0;
  const auto start = std::chrono::steady_clock::now();
  const auto time_is_left = [&] {
    return std::chrono::steady_clock::now() - start < std::chrono::duration<double>(seconds);
  };
  for (; done < inputs && failures < enough && time_is_left(); ++done) {
    std::mt19937 generator(static_cast<unsigned>(first + done));
    const Input bytes = files.empty() ? random_bytes(generator) : mutated(files, generator);
    if (run_target(bytes) == 0) continue;
    std::fprintf(stderr, "seed %lu\n\n", first + done);
    ++failures;
  }
  std::printf("%zu files, %lu inputs, %d failures; %s\n", files.size(), done, failures,
              target_counts().c_str());
  return failures > 0 ? 1 : 0;
}
