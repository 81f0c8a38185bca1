#include <algorithm>
#include <array>
#include <limits>

#include <xtape/core/error.hpp>
#include <xtape/export/c/writer.hpp>
#include <xtape/export/graph/rules.hpp>
#include <xtape/export/kernels/constants.hpp>

namespace xtape::exporting {
namespace {

const std::array<std::span<const CRule>, 9>& tables() {
  static const std::array all{c_elementwise(), c_layout(), c_products(),  c_reductions(), c_scans(),
                              c_order(),       c_images(), c_sequences(), c_signals()};
  return all;
}

std::vector<std::int64_t> fixed_extents(const GraphValue& value) {
  std::vector<std::int64_t> extents;
  for (const Extent& extent : value.shape) extents.push_back(extent.more);
  return extents;
}

CView dense_view(std::string base, Dtype dtype, const std::vector<std::int64_t>& extents) {
  CView view{std::move(base), dtype, extents, std::vector<std::int64_t>(extents.size())};
  std::int64_t stride = 1;
  for (std::size_t axis = extents.size(); axis > 0; stride *= extents[axis])
    view.strides[--axis] = stride;
  return view;
}

/// A text that a comment can hold, whatever is in it.
std::string in_comment(std::string text) {
  for (char& c : text)
    if (c < ' ' || c > '~' || c == '*' || c == '\\' || c == '?') c = '_';
  return text;
}

/// The value whose elements are those of a result.
int root_of(const Graph& graph, int value) {
  for (int by = graph.value(value).made_by; by >= 0; by = graph.value(value).made_by) {
    const std::string& operation = graph.step(by).operation;
    if (operation != "reshape" && operation != "contiguous" && operation != "clone") break;
    value = graph.step(by).operands[0];
  }
  return value;
}

}  // namespace

CWriter::CWriter(const Graph& graph, CNames names, CRanges ranges)
    : graph_(graph),
      names_(std::move(names)),
      inputs_(names_of("export_c", "", {}, graph.inputs.size() == 1 ? "x" : "input",
                       graph.inputs.size())),
      outputs_(names_of("export_c", "", {}, graph.results.size() == 1 ? "y" : "output",
                        graph.results.size())),
      ranges_(std::move(ranges)) {
  used_ = {"x", "y", "sum", "e", names_.function};
  for (const int i : graph.inputs)
    views_[i] = dense_view(inputs_[static_cast<std::size_t>(i)], graph.value(i).dtype,
                           fixed_extents(graph.value(i)));
  for (std::size_t i = 0; i < outputs_.size(); ++i)
    roots_.emplace(root_of(graph, graph.results[i]), outputs_[i]);
  last_use_.assign(graph.values.size(), -1);
  for (std::size_t i = 0; i < graph.needed.size(); ++i)
    for (const int operand : graph.step(graph.needed[i]).operands)
      last_use_[static_cast<std::size_t>(operand)] = static_cast<int>(i);
  for (const int result : graph.results)
    last_use_[static_cast<std::size_t>(result)] = std::numeric_limits<int>::max();
}

std::string CWriter::source() {
  for (std::size_t i = 0; i < graph_.needed.size(); ++i)
    write(graph_.step(graph_.needed[i]), static_cast<int>(i));
  time_ = static_cast<int>(graph_.needed.size());
  copy_results();
  for (const std::string& x : inputs_)
    if (body_.find(x + "[") == std::string::npos) line("(void)" + x + ";");
  std::string memory, places;
  for (const Dtype dtype : {Dtype::float32, Dtype::float64, Dtype::int64, Dtype::boolean}) {
    const std::int64_t length = place_buffers(buffers_, dtype);
    if (length == 0) continue;
    const std::string array = "memory_of_" + std::string(to_string(dtype));
    memory += filled("static $t $a[$n];\n",
                     {{"t", c_type(dtype)}, {"a", array}, {"n", std::to_string(length)}});
    for (std::size_t i = 0; i < buffers_.size(); ++i) {
      if (buffers_[i].dtype != dtype) continue;
      places += filled("  $t* const v$i = $a + $p;\n", {{"t", c_type(dtype)},
                                                        {"i", std::to_string(i)},
                                                        {"a", array},
                                                        {"p", std::to_string(buffers_[i].place)}});
    }
  }
  std::string constants;
  for (const auto& [name, text] : arrays_)
    if (body_.find(name + "[") != std::string::npos) constants += text;
  std::string helpers;
  for (const CHelper& helper : c_helpers())
    if (helpers_.contains(helper.name)) helpers += helper.text;
  return header() + "#include <math.h>\n#include <stdint.h>\n\n" +
         prototype(names_.inputs, names_.outputs) + ";\n\n" + constants + memory +
         (memory.empty() ? "" : "\n") + helpers + prototype(inputs_, outputs_) + " {\n" + places +
         body_ + "}\n";
}

void CWriter::copy_results() {
  for (std::size_t i = 0; i < outputs_.size(); ++i) {
    const int result = graph_.results[i];
    const CView of = view(result);
    if (of.base == outputs_[i] && of.dense() && of.offset == 0) continue;
    const GraphStep copied{"copy", "", Attributes("copy", {}, {}), {result}, result};
    CStep(*this, copied, "").copy(dense_view(outputs_[i], of.dtype, of.extents), of);
  }
}

std::string CWriter::prototype(const std::vector<std::string>& inputs,
                               const std::vector<std::string>& outputs) const {
  std::string text;
  for (std::size_t i = 0; i < inputs.size(); ++i)
    text += std::string(text.empty() ? "" : ", ") + "const " +
            c_type(graph_.value(static_cast<int>(i)).dtype) + "* " + inputs[i];
  for (std::size_t i = 0; i < outputs.size(); ++i)
    text += std::string(", ") + c_type(graph_.value(graph_.results[i]).dtype) + "* " + outputs[i];
  return "void " + names_.function + "(" + text + ")";
}

std::string CWriter::header() const {
  std::string text = "/* " + names_.function + ": what a model of xtape computes in evaluation.\n";
  const auto tell = [&](const std::string& name, const GraphValue& value) {
    text += "     " + name + "  " + std::string(to_string(value.dtype)) +
            shape_text(fixed_extents(value)) + ", in row-major order";
  };
  for (std::size_t i = 0; i < names_.inputs.size(); ++i) {
    tell(names_.inputs[i], graph_.value(static_cast<int>(i)));
    text += "\n";
  }
  const bool one = inputs_.size() == 1 && outputs_.size() == 1;
  for (std::size_t i = 0; i < names_.outputs.size(); ++i) {
    tell(names_.outputs[i], graph_.value(graph_.results[i]));
    text += one ? "; must not overlap " + names_.inputs[0] + "\n" : "\n";
  }
  if (!one) text += "   What is given must overlap neither itself nor what is taken.\n";
  return text + "   Not reentrant: intermediate values have static memory. */\n";
}

void CWriter::write(const GraphStep& step, int time) {
  time_ = time;
  const CRule& rule = rule_for<CRule>("export_c", tables(), step);
  const std::size_t start = body_.size();
  // A block, since loops over one element have none for what is declared in them.
  open("/* " +
       in_comment(step.place.empty() ? step.operation : step.place + ": " + step.operation) +
       " */");
  const std::size_t before = body_.size();
  CStep here(*this, step, rule.formula);
  rule.write(here);
  const bool wrote = body_.size() > before;
  close();
  if (!wrote) body_.resize(start);  // a view of what is there
}

CView CWriter::view(int number) {
  const auto known = views_.find(number);
  if (known == views_.end()) {
    const GraphValue& value = graph_.value(number);
    return views_[number] = constant(value.name.empty() ? "constant" : value.name, value.constant);
  }
  const CView& view = known->second;
  if (view.buffer >= 0) buffers_[static_cast<std::size_t>(view.buffer)].last = time_;
  return view;
}

void CWriter::give(int value, CView view) {
  if (view.buffer >= 0) {
    int& until = needed_until_[static_cast<std::size_t>(view.buffer)];
    until = std::max(until, last_use_[static_cast<std::size_t>(value)]);
  }
  views_[value] = std::move(view);
}

CView CWriter::room(Dtype dtype, const std::vector<std::int64_t>& extents, int value) {
  if (const auto root = roots_.find(value); root != roots_.end())
    return dense_view(root->second, dtype, extents);
  CView view = dense_view("v" + std::to_string(buffers_.size()), dtype, extents);
  view.buffer = static_cast<int>(buffers_.size());
  if (view.size() > std::int64_t{1} << 30)
    throw ValueError("export_c: a tensor of " + std::to_string(view.size()) +
                     " elements is too large for a program");
  buffers_.push_back({dtype, std::max<std::int64_t>(1, view.size()), time_, time_, 0});
  needed_until_.push_back(time_);
  return view;
}

std::string CWriter::unused(const std::string& hint) {
  std::string clean = "k_";
  for (const char c : hint) clean += is_alphanumeric(c) ? c : '_';
  std::string name = clean;
  for (int i = 2; !used_.insert(name).second; ++i) name = clean + "_" + std::to_string(i);
  return name;
}

CView CWriter::constant(const std::string& hint, const Tensor& tensor) {
  const std::vector<std::int64_t> extents(tensor.shape().begin(), tensor.shape().end());
  CView view = dense_view("", tensor.dtype(), extents);
  const std::vector<std::string> items = c_literals(tensor);
  if (items.size() <= 1) {
    view.literal = true;
    view.base = items.empty() ? "0" : items[0];
    return view;
  }
  view.base = unused(hint);
  add_array(c_type(tensor.dtype()), view.base, items);
  return view;
}

std::string CWriter::bytes(const std::string& hint, const std::vector<int>& numbers) {
  std::string name = unused((hint.empty() ? "weights" : hint) + "_bytes");
  std::vector<std::string> items(numbers.size());
  std::ranges::transform(numbers, items.begin(), [](int number) { return std::to_string(number); });
  add_array("signed char", name, items);
  return name;
}

void CWriter::add_array(const std::string& type, const std::string& name,
                        const std::vector<std::string>& items) {
  std::string text =
      "static const " + type + " " + name + "[" + std::to_string(items.size()) + "] = {";
  std::size_t column = text.size();
  for (std::size_t i = 0; i < items.size(); ++i) {
    const std::string item = items[i] + (i + 1 < items.size() ? "," : "");
    const bool fresh = column + item.size() > 98;
    text += fresh ? "\n    " : i > 0 ? " " : "";
    column = (fresh ? 4 : column + 1) + item.size();
    text += item;
  }
  arrays_.emplace_back(name, text + "};\n\n");
}

const double* CWriter::range(int value) const {
  const auto known = ranges_.find(value);
  return known == ranges_.end() ? nullptr : &known->second;
}

void CWriter::line(const std::string& text) {
  body_ += std::string(static_cast<std::size_t>(2 * indent_), ' ') + text + "\n";
}
void CWriter::open(const std::string& text) {
  line(text + " {");
  ++indent_;
}
void CWriter::close(int count) {
  for (; count > 0; --count) {
    --indent_;
    line("}");
  }
}

std::vector<std::int64_t> CStep::extents() const { return fixed_extents(result()); }

CView CStep::y() {
  CView view = writer_.room(result().dtype, extents(), step_.result);
  give(view);
  return view;
}

CView CStep::y_in_place() {
  if (writer_.is_result(step_.result)) return y();
  const auto same_place = [](const CView& a, const CView& b) {
    return a.offset == b.offset && a.extents == b.extents && a.strides == b.strides;
  };
  for (std::size_t i = 0; i < count(); ++i) {
    CView over = x(i);
    bool free = over.buffer >= 0 && over.dtype == result().dtype && over.extents == extents() &&
                over.dense() && !writer_.is_needed_later(over.buffer);
    for (std::size_t j = 0; free && j < count(); ++j)
      free = x(j).buffer != over.buffer || same_place(x(j), over);
    if (!free) continue;
    give(over);
    return over;
  }
  return y();
}

CLoops CStep::loops(const std::string& name, const std::vector<std::int64_t>& extents) {
  CLoops loops;
  for (std::size_t axis = 0; axis < extents.size(); ++axis) {
    if (extents[axis] == 1) {
      loops.at.emplace_back("0");
      continue;
    }
    const std::string index = name + std::to_string(axis);
    open("for (int $i = 0; $i < $n; ++$i)", {{"i", index}, {"n", std::to_string(extents[axis])}});
    loops.at.push_back(index);
    ++loops.depth;
  }
  return loops;
}

void CStep::copy(const CView& y, const CView& x) {
  const CLoops all = loops("i", y.extents);
  const std::string cast = x.dtype == y.dtype ? "" : "(" + std::string(c_type(y.dtype)) + ")";
  line("$y = $x;", {{"y", y.at(all.at)}, {"x", cast + x.at(all.at)}});
  close(all);
}

void CStep::fill(const CView& y, const std::string& number) {
  const CLoops all = loops("z", y.extents);
  line("$y = $n;", {{"y", y.at(all.at)}, {"n", number}});
  close(all);
}
void CStep::add_to(const std::string& y, const std::string& x) {
  line(
      result().dtype == Dtype::int64 ? "$y = (int64_t)((uint64_t)$y + (uint64_t)$x);" : "$y += $x;",
      {{"y", y}, {"x", x}});
}

CView CStep::dense(const CView& x) {
  if (x.dense()) return x;
  CView copied = room(x.dtype, x.extents);
  copy(copied, x);
  return copied;
}

void CStep::refuse(const std::string& what) const { refuse_step("export_c", step_, what); }

}  // namespace xtape::exporting
