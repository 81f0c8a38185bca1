#pragma once
#include <cstdint>
#include <initializer_list>
#include <span>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <vector>

#include <xtape/export/c/memory.hpp>
#include <xtape/export/graph/graph.hpp>

namespace xtape::exporting {

/// Elements of an array of the program, by strides.
struct CView {
  std::string base;  // the array; of a single constant the number itself
  Dtype dtype{};
  std::vector<std::int64_t> extents, strides;
  std::int64_t offset = 0;
  int buffer = -1;  // of what is computed: its place in the plan
  bool literal = false;

  std::int64_t rank() const { return std::ssize(extents); }
  std::int64_t size() const;
  bool dense() const;
  /// "v3[5 + 12 * i0 + i1]"; indices of "0" add nothing.
  std::string at(std::span<const std::string> indices) const;
  std::string at(const std::vector<std::string>& indices) const {
    return at(std::span<const std::string>(indices));
  }
  CView broadcast(const std::vector<std::int64_t>& to) const;
  /// Of one that is dense.
  CView reshaped(const std::vector<std::int64_t>& to) const;
};

/// A view with the axes in two groups: those that stay, with extent 1 of the others too if it
/// `keeps` them, and those that something goes along.
struct CReduced {
  CReduced(const CView& of, const std::vector<std::int64_t>& axes, bool keeps = false);
  /// The element at the places of both.
  std::string at(const std::vector<std::string>& of_stay,
                 const std::vector<std::string>& of_over) const;

  CView x;
  std::vector<bool> flags;
  std::vector<std::int64_t> stay, over;
  bool keep;
};

/// The greatest magnitude of values.
using CRanges = std::unordered_map<int, double>;

/// A letter or a digit of English, in any locale.
bool is_alphanumeric(char c);
/// "float", "double", "int64_t", "unsigned char"
const char* c_type(Dtype dtype);
/// A number in C, exactly: "0x1.8p+1F".
std::string c_number(double value, Dtype dtype);
/// A text with what stands for $names in it: `filled("$y += $x;", {{"y", "v3[i]"}, {"x", "2"}})`.
using CWords = std::initializer_list<std::pair<std::string, std::string>>;
std::string filled(const std::string& text, CWords words);

/// A function of C, for what takes more than an expression.
struct CHelper {
  std::string name, text;
};
/// All of them; those of float end with f, those of int64 with i.
std::span<const CHelper> c_helpers();
/// Whether a function may have the name: an identifier that neither C nor a file that is made
/// defines.
bool is_free_in_c(const std::string& name);

/// What a function is called by, and in its declaration what it takes and gives.
struct CNames {
  std::string function;
  std::vector<std::string> inputs, outputs;
};

/// Makes the function of a graph, line by line: the rules of its operations ask it for operands and
/// room.
class CWriter {
 public:
  /// With ranges products of values that have one are of bytes.
  CWriter(const Graph& graph, CNames names, CRanges ranges = {});

  /// The whole file.
  std::string source();

  const Graph& graph() const { return graph_; }
  CView view(int value);
  void give(int value, CView view);
  /// Room for so many elements, dense; that of a result of the graph is the caller's.
  CView room(Dtype dtype, const std::vector<std::int64_t>& extents, int value = -1);
  /// Whether later steps need what lies in a buffer.
  bool is_needed_later(int buffer) const {
    return needed_until_[static_cast<std::size_t>(buffer)] > time_;
  }
  bool is_result(int value) const { return roots_.contains(value); }
  /// A constant array.
  CView constant(const std::string& hint, const Tensor& tensor);
  /// The name of one of signed bytes.
  std::string bytes(const std::string& hint, const std::vector<int>& numbers);
  const double* range(int value) const;
  void line(const std::string& text);
  void open(const std::string& text);
  void close(int count = 1);
  void need_helper(const std::string& name) { helpers_.insert(name); }

 private:
  void write(const GraphStep& step, int time);
  /// Gives each result that lies elsewhere to the caller.
  void copy_results();
  std::string header() const;
  std::string prototype(const std::vector<std::string>& inputs,
                        const std::vector<std::string>& outputs) const;
  std::string unused(const std::string& hint);
  void add_array(const std::string& type, const std::string& name,
                 const std::vector<std::string>& items);

  const Graph& graph_;
  CNames names_;
  std::vector<std::string> inputs_, outputs_;  // what the function itself calls them
  CRanges ranges_;
  std::unordered_map<int, std::string> roots_;  // the values that have the results' elements
  std::unordered_map<int, CView> views_;
  std::vector<int> last_use_;  // of each value, as a place among the steps
  std::vector<CBuffer> buffers_;
  std::vector<int> needed_until_;  // of each buffer, by the values that lie there
  std::unordered_set<std::string> used_, helpers_;
  std::vector<std::pair<std::string, std::string>> arrays_;  // of constants, by name
  std::string body_;
  int indent_ = 1, time_ = 0;
};

/// Nested loops: their indices, and how many are to be closed.
struct CLoops {
  std::vector<std::string> at;
  int depth = 0;
};

/// One step, for its rule.
class CStep {
 public:
  CStep(CWriter& writer, const GraphStep& of, const char* with)
      : formula(with), writer_(writer), step_(of) {}

  const char* const formula;  // what the table has beside the rule
  std::size_t count() const { return step_.operands.size(); }
  CView x(std::size_t i) { return writer_.view(step_.operands[i]); }
  const GraphValue& value(std::size_t i) const { return writer_.graph().value(step_.operands[i]); }
  const GraphStep& step() const { return step_; }
  const Graph& graph() const { return writer_.graph(); }
  const GraphValue& result() const { return writer_.graph().value(step_.result); }
  const Attributes& attributes() const { return step_.attributes; }
  std::vector<std::int64_t> extents() const;
  /// The type that sums go in: int64 wraps around, which only the unsigned numbers of C do.
  std::string sum_type() const {
    return result().dtype == Dtype::int64 ? "uint64_t" : c_type(result().dtype);
  }

  /// Room for the result, which it is then.
  CView y();
  /// The same where each element is made of those at its place alone: the memory of an operand that
  /// nobody needs afterwards, if there is one.
  CView y_in_place();
  CView room(Dtype dtype, const std::vector<std::int64_t>& extents) {
    return writer_.room(dtype, extents);
  }
  CView constant(const std::string& hint, const Tensor& tensor) {
    return writer_.constant(hint, tensor);
  }
  /// Signed bytes, named after an operand.
  std::string bytes(std::size_t i, const std::vector<int>& numbers) {
    return writer_.bytes(value(i).name, numbers);
  }
  /// Of an operand, if it is known.
  const double* range(std::size_t i) const { return writer_.range(step_.operands[i]); }
  void give(CView view) { writer_.give(step_.result, std::move(view)); }
  /// The same elements in row-major order, copied if they are not.
  CView dense(const CView& x);
  /// y = x, elementwise, of one shape.
  void copy(const CView& y, const CView& x);
  /// y = number, everywhere.
  void fill(const CView& y, const std::string& number);
  /// y += x, of the result's dtype: int64 wraps around.
  void add_to(const std::string& y, const std::string& x);

  CLoops loops(const std::string& name, const std::vector<std::int64_t>& extents);
  void close(const CLoops& loops) { writer_.close(loops.depth); }
  void open(const std::string& text, CWords words = {}) { writer_.open(spelt(text, words)); }
  void close(int count = 1) { writer_.close(count); }
  void line(const std::string& text, CWords words = {}) { writer_.line(spelt(text, words)); }
  /// A text whose @functions and #numbers are those of the dtype of the result (or another), and
  /// whose words are filled in.
  std::string spelt(const std::string& text, CWords words) const {
    return spelt(text, words, result().dtype);
  }
  std::string spelt(const std::string& text, CWords words, Dtype dtype) const;
  void need_helper(const std::string& name) const { writer_.need_helper(name); }

  [[noreturn]] void refuse(const std::string& what) const;

 private:
  CWriter& writer_;
  const GraphStep& step_;
};

struct CRule {
  const char* operation;
  void (*write)(CStep& step);
  const char* formula = "";
};

/// The rules, by subject.
std::span<const CRule> c_elementwise();
std::span<const CRule> c_layout();
std::span<const CRule> c_products();
std::span<const CRule> c_reductions();
std::span<const CRule> c_order();
std::span<const CRule> c_scans();
std::span<const CRule> c_images();
std::span<const CRule> c_signals();
std::span<const CRule> c_sequences();

}  // namespace xtape::exporting
