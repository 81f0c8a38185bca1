#include <xtape/report/values.hpp>

namespace xtape::report {

Values::Values(Read, const Tensor& tensor)
    : numbers_(tensor.detach().to_vector<double>()),
      rank_(static_cast<std::size_t>(tensor.rank())),
      tensor_(tensor.describe()) {}

std::string Values::describe() const {
  if (!tensor_.empty()) return tensor_;
  return "a list of " + std::to_string(size()) + (size() == 1 ? " number" : " numbers");
}

}  // namespace xtape::report
