#include "peer.hpp"

#include <cstdlib>
#include <sstream>
#include <stdexcept>

#include "machine.hpp"

namespace bench {

std::unique_ptr<Peer> Peer::start(const std::vector<std::string>& command,
                                  const std::filesystem::path& scratch) try {
  std::unique_ptr<Peer> peer(new Peer(command, scratch));
  peer->name_ = peer->ask("version");
  return peer;
} catch (const std::runtime_error&) {
  return nullptr;
}

std::string Peer::ask(const std::string& line) {
  if (process_.write_line(line)) {
    if (auto answer = process_.read_line()) return *std::move(answer);
  }
  throw std::runtime_error(name_ + " ended when asked: " + line);
}

void Peer::load(const std::string& key, const Problem& problem) {
  const auto file = scratch_ / key;
  write_problem(problem, file);
  const std::string answer = ask("load " + key + ' ' + file.string());
  std::filesystem::remove(file);
  if (answer != "ok") throw std::runtime_error(name_ + " cannot load " + key + ": " + answer);
  problems_ = {{key, &problem}};
}

std::vector<double> Peer::losses(const std::string& key, int steps) {
  std::istringstream in(ask("losses " + key + ' ' + std::to_string(steps)));
  std::vector<double> losses;
  for (double loss = 0; in >> loss;) losses.push_back(loss);
  return losses;
}

double Peer::time(const std::string& key, int steps) {
  const std::string answer = ask("step " + key + ' ' + std::to_string(steps));
  try {
    return std::stod(answer);
  } catch (const std::logic_error&) {
    throw std::runtime_error(name_ + " cannot time " + key + ": " + answer);
  }
}

Usage Peer::usage(const std::string& key, int steps) {
  const auto fresh = start(command_, scratch_);
  if (fresh == nullptr) throw std::runtime_error(name_ + " does not start again");
  if (const auto known = problems_.find(key); known != problems_.end())
    fresh->load(key, *known->second);
  std::istringstream in(fresh->ask("usage " + key + ' ' + std::to_string(steps)));
  Usage usage;
  in >> usage.faults >> usage.megabytes;
  return usage;
}

std::vector<std::unique_ptr<Contestant>> start_peers(int threads,
                                                     const std::filesystem::path& scratch) {
  const std::string count = std::to_string(threads);
  setenv("OMP_NUM_THREADS", count.c_str(), 1);
  setenv("OPENBLAS_NUM_THREADS", count.c_str(), 1);
  std::vector<std::unique_ptr<Contestant>> peers;
  const auto add = [&](const std::vector<std::string>& command) {
    auto peer = Peer::start(command, scratch);
    if (peer) peers.push_back(std::move(peer));
  };
  for (const std::string program : {"bench_libtorch_peer", "bench_libtorch_wheel_peer"})
    add({file_beside_program(program), count});
  const std::string jax = file_beside_program("jax_peer.py");
  for (const std::string how : {"call", "scan"}) add({"python3", jax, how});
  const std::string script = file_beside_program("numpy_peer.py");
  for (const std::string python : {"python3", "/usr/bin/python3"}) {  // where Debian puts NumPy
    if (auto peer = Peer::start({python, script}, scratch)) {
      peers.push_back(std::move(peer));
      break;
    }
  }
  return peers;
}

}  // namespace bench
