#pragma once
#include <vector>

#include <xtape/report/plot.hpp>

namespace xtape::report::detail {

Picture drawn(const PlotOptions& options, const std::vector<Mark>& marks);

}  // namespace xtape::report::detail
