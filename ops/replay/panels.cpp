#include <algorithm>
#include <utility>

#include <xtape/core/body.hpp>
#include <xtape/core/parallel.hpp>
#include <xtape/ops/replay/program.hpp>

namespace xtape::detail {
namespace {

/// Some rows of a matrix: a view that is moved.
class RowsView {
 public:
  RowsView() = default;
  explicit RowsView(const Tensor& of)
      : view_(Ref<Body>::adopt(new Body(of.shape(), of.body().strides, of.dtype(), nullptr,
                                        Storage::adopt(nullptr, 0, [] {})))) {}

  const Tensor& at(const Tensor& of, std::int64_t first, std::int64_t last) {
    const Body& whole = of.body();
    Body& body = view_.body();
    body.strides = whole.strides;
    body.contiguous = whole.contiguous;
    body.shape[0] = last - first;
    body.size = body.shape.size();
    body.data =
        whole.data + first * whole.strides[0] * static_cast<std::int64_t>(size_of(whole.dtype));
    return view_;
  }

 private:
  Tensor view_;
};

}  // namespace

struct Panels::Part {
  Action action;
  std::int64_t columns;  // of the result
  RowsView x{}, y{};
  bool ready = false;
};

Panels::Panels(std::int64_t rows, std::vector<Action> parts) : rows_(rows) {
  constexpr std::int64_t bytes = 16384;  // of the widest result's panel
  std::int64_t widest = 1;
  for (Action& part : parts) {
    const std::int64_t columns =
        part.loops ? part.loops->size() / rows : part.result_info->shape[1];
    widest = std::max(widest, columns * static_cast<std::int64_t>(sizeof(float)));
    parts_.push_back({std::move(part), columns});
  }
  panel_ = std::max<std::int64_t>(16, bytes / widest / 16 * 16);
}

Panels::~Panels() = default;

void Panels::run_panel(std::int64_t first, std::int64_t last) {
  for (Part& part : parts_) {
    Action& action = part.action;
    if (action.loops) {
      action.loops->run_part(first * part.columns, last * part.columns);
      continue;
    }
    if (!std::exchange(part.ready, true)) {
      part.x = RowsView(*action.operands[0]);
      part.y = RowsView(*action.result);
    }
    std::vector<const Tensor*, memory::Allocator<const Tensor*>> operands(action.operands.begin(),
                                                                          action.operands.end());
    operands[0] = &part.x.at(*action.operands[0], first, last);
    action.of->copy->compute_into(part.y.at(*action.result, first, last), operands);
  }
}

void Panels::run() {
  for (Part& part : parts_)
    if (part.action.loops) part.action.loops->find_addresses();
  if (may_share()) {  // each operation by all threads
    for (Part& part : parts_) {
      if (part.action.loops)
        part.action.loops->run();
      else
        part.action.of->copy->compute_into(*part.action.result, part.action.operands);
    }
    return;
  }
  for (std::int64_t row = 0; row < rows_;) {  // a short rest goes with the panel before
    const std::int64_t end = rows_ - row < 2 * panel_ ? rows_ : row + panel_;
    run_panel(row, end);
    row = end;
  }
}

}  // namespace xtape::detail
