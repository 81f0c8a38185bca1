#pragma once

#include <string>
#include <vector>

namespace bench {

double median(std::vector<double> values);

/// BLAS's own threads.
void use_blas_threads(int threads);
/// Threads of the library and of BLAS. This process and its children are pinned to as many CPUs,
/// which is all that XLA heeds.
void use_threads(int threads);
/// Those that a process was told which started this one.
int threads_of_parent();

/// The BLAS, its version, and the processor its kernels are for: another processor's can halve its
/// speed.
std::string blas_description();

/// The path of this program, and of a file that was built into the same folder.
std::string this_program();
std::string file_beside_program(const std::string& name);

}  // namespace bench
