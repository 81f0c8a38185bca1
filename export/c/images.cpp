#include <algorithm>

#include <xtape/core/create.hpp>
#include <xtape/export/c/quantize.hpp>
#include <xtape/export/c/writer.hpp>
#include <xtape/export/graph/rules.hpp>

namespace xtape::exporting {
namespace {

using std::string;
using Integers = std::vector<std::int64_t>;

/// Windows of an operation, and the loops over their taps.
struct Windows {
  Windows(CStep& s, Integers taps)
      : kernel(std::move(taps)),
        stride(s.attributes().integers("stride")),
        dilation(s.attributes().integers("dilation")),
        padding(s.attributes().integers("padding")) {}

  /// Opens loops over the taps k0, k1, ... of the window at a place, and past those that meet no
  /// element: at p0, p1, ... of an image with these extents. Back: the place is one of the image,
  /// and p0, p1, ... are the windows whose taps meet it.
  int open(CStep& s, const std::vector<string>& place, const Integers& image,
           bool back = false) const {
    for (std::size_t axis = 0; axis < kernel.size(); ++axis) {
      const string i = std::to_string(axis);
      s.open("for (int k$i = 0; k$i < $n; ++k$i)", {{"i", i}, {"n", std::to_string(kernel[axis])}});
      const string steps = std::to_string(stride[axis]), count = std::to_string(image[axis]);
      s.line(back ? "const int t$i = $o - k$i * $d + $p, p$i = t$i / $s;"
                  : "const int p$i = $o * $s + k$i * $d - $p;",
             {{"i", i},
              {"o", place[axis]},
              {"s", steps},
              {"d", std::to_string(dilation[axis])},
              {"p", std::to_string(padding[axis])}});
      s.line(back ? "if (t$i < 0 || t$i % $s != 0 || p$i >= $n) continue;"
                  : "if (p$i < 0 || p$i >= $n) continue;",
             {{"i", i}, {"s", steps}, {"n", count}});
    }
    return static_cast<int>(kernel.size());
  }
  std::vector<string> places() const { return named("p"); }
  std::vector<string> taps() const { return named("k"); }

  Integers kernel, stride, dilation, padding;

 private:
  std::vector<string> named(const char* name) const {
    std::vector<string> all;
    for (std::size_t axis = 0; axis < kernel.size(); ++axis)
      all.push_back(name + std::to_string(axis));
    return all;
  }
};

Integers spatial(const CView& x) { return {x.extents.begin() + 2, x.extents.end()}; }
std::vector<string> joined(std::initializer_list<string> first, const std::vector<string>& rest) {
  std::vector<string> all(first);
  all.insert(all.end(), rest.begin(), rest.end());
  return all;
}

/// The bias of the channel of an element: " + b[i]", or nothing.
string bias_of(CStep& s, const string& channel) {
  return s.count() == 3 ? " + " + s.x(2).at({channel}) : "";
}

/// In integers, a sum for each element of the result, transposed too: what lies beyond the image
/// adds nothing.
void convolution_of_bytes(CStep& s, const CBytes& of, bool transposed) {
  const CView y = s.y(), &x = of.x;
  const Shape& kernel = s.value(transposed ? 0 : 1).constant.shape();
  const Windows windows(s, {kernel.begin() + 2, kernel.end()});
  const std::int64_t groups = s.attributes().integer("groups"), from = x.extents[1] / groups;
  Integers extents{y.extents[1], from};
  extents.insert(extents.end(), windows.kernel.begin(), windows.kernel.end());
  const CView weights = of.weights.reshaped(extents);
  const auto each_term = [&](const CLoops& all, const string& text) {
    s.open("for (int c = 0; c < $n; ++c)", {{"n", std::to_string(from)}});
    const int taps = windows.open(s, {all.at.begin() + 2, all.at.end()}, spatial(x), transposed);
    const string group =
        all.at[1] + " / " + std::to_string(y.extents[1] / groups) + " * " + std::to_string(from);
    s.line(text, {{"x", x.at(joined({all.at[0], group + " + c"}, windows.places()))},
                  {"w", weights.at(joined({all.at[1], "c"}, windows.taps()))},
                  {"y", y.at(all.at)}});
    s.close(taps + 1);
  };
  const CLoops all = s.loops("i", y.extents);
  s.line("int32_t sum = 0;");
  each_term(all, "sum += ($x - 128) * $w;");
  s.line(
      "$y = (float)sum * $scale$bias;",
      {{"y", y.at(all.at)}, {"scale", of.scales.at({all.at[1]})}, {"bias", bias_of(s, all.at[1])}});
  s.close(all);
  s.open("if (lost)");
  const CLoops again = s.loops("i", y.extents);
  each_term(again, "if ($x == 0) $y = NAN;");
  s.close(again);
  s.close();
}

/// Data times weights. Transposed each element of the data is spread over a window of the result
/// instead.
void convolution(CStep& s) {
  const bool transposed = s.attributes().text("gives") == "data";
  if (s.attributes().text("gives") == "weights") s.refuse("gradients have no place there");
  const std::optional<CBytes> bytes = quantized(s);
  if (bytes) return convolution_of_bytes(s, *bytes, transposed);
  const CView y = s.y(), x = s.x(transposed ? 1 : 0), w = s.x(transposed ? 0 : 1);
  const Windows windows(s, spatial(w));
  const std::int64_t groups = s.attributes().integer("groups");
  const CView &image = transposed ? y : x, &result = transposed ? x : y;
  const std::int64_t from = image.extents[1] / groups, to = result.extents[1] / groups;

  const CLoops all = s.loops("z", y.extents);
  s.line("$y = 0;", {{"y", y.at(all.at)}});
  s.close(all);
  const CLoops batch = s.loops("n", {y.extents[0]});
  s.open("for (int g = 0; g < $n; ++g)", {{"n", std::to_string(groups)}});
  s.open("for (int o = 0; o < $n; ++o)", {{"n", std::to_string(to)}});
  const CLoops places = s.loops("i", spatial(result));
  s.open("for (int c = 0; c < $n; ++c)", {{"n", std::to_string(from)}});
  const int taps = windows.open(s, places.at, spatial(image));
  const string channel = "g * " + std::to_string(from) + " + c",
               out = "g * " + std::to_string(to) + " + o";
  const string of_image = image.at(joined({batch.at[0], channel}, windows.places()));
  const string of_result = result.at(joined({batch.at[0], out}, places.at));
  s.line("$y += $x * $w;", {{"y", transposed ? of_image : of_result},
                            {"x", transposed ? of_result : of_image},
                            {"w", w.at(joined({out, "c"}, windows.taps()))}});
  s.close(taps + 1);
  s.close(places);
  s.close(2);
  s.close(batch);
  if (s.count() < 3) return;
  const CLoops behind = s.loops("z", y.extents);
  s.line("$y = $y$bias;", {{"y", y.at(behind.at)}, {"bias", bias_of(s, behind.at[1])}});
  s.close(behind);
}

/// Where in its channel the greatest element of each window lies, a NaN if there is one.
void places_of_most(CStep& s) {
  const CView y = s.y(), x = s.x(0);
  const Windows windows(s, s.attributes().integers("window"));
  const Integers image = spatial(x);
  const CLoops all = s.loops("i", y.extents);
  s.line("int best = -1;");
  s.line("$t most = 0;", {{"t", c_type(x.dtype)}});
  const int taps = windows.open(s, {all.at.begin() + 2, all.at.end()}, image);
  s.line("const $t a = $x;",
         {{"t", c_type(x.dtype)}, {"x", x.at(joined({all.at[0], all.at[1]}, windows.places()))}});
  s.open(is_floating(x.dtype) ? "if (best < 0 || ((a > most || a != a) && most == most))"
                              : "if (best < 0 || a > most)");
  string place = windows.places()[0];
  for (std::size_t axis = 1; axis < image.size(); ++axis)
    place = "(" + place + ") * " + std::to_string(image[axis]) + " + " + windows.places()[axis];
  s.line("best = $p;", {{"p", place}});
  s.line("most = a;");
  s.close(taps + 1);
  s.line("$y = best;", {{"y", y.at(all.at)}});
  s.close(all);
}

/// The taps of the windows of an image [n, c, in...] as columns [n, c taps, places], or, by the
/// formula, columns added up to an image.
void unfold(CStep& s) {
  const bool back = string(s.formula) == "back";
  const CView y = s.y(), image = back ? y : s.x(0), given = s.dense(back ? s.x(0) : y);
  const Windows windows(s, s.attributes().integers("kernel"));
  const Integers places = s.attributes().integers("places");
  Integers extents{image.extents[0], image.extents[1]};
  extents.insert(extents.end(), windows.kernel.begin(), windows.kernel.end());
  extents.insert(extents.end(), places.begin(), places.end());
  const CView columns = given.reshaped(extents);
  s.fill(y, "0");
  const CLoops batch = s.loops("n", {extents[0], extents[1]}), at = s.loops("i", places);
  const int taps = windows.open(s, at.at, spatial(image));
  std::vector<string> column = joined({batch.at[0], batch.at[1]}, windows.taps());
  column.insert(column.end(), at.at.begin(), at.at.end());
  const string of_image = image.at(joined({batch.at[0], batch.at[1]}, windows.places()));
  s.line(back ? "$image += $column;" : "$column = $image;",
         {{"image", of_image}, {"column", columns.at(column)}});
  s.close(taps);
  s.close(at);
  s.close(batch);
}

/// The formula says how an element x joins `sum`, which begins as the text before it.
void pool(CStep& s) {
  if (s.result().dtype == Dtype::int64 && string(s.formula) == "max") return places_of_most(s);
  if (!is_floating(s.result().dtype)) s.refuse("floating numbers are needed");
  const CView y = s.y(), x = s.x(0);
  const Windows windows(s, s.attributes().integers("window"));
  const bool most = string(s.formula) == "max";
  const CLoops all = s.loops("i", y.extents);
  s.line("$t sum = $first;", {{"t", c_type(y.dtype)}, {"first", most ? "-INFINITY" : "0"}});
  const int taps = windows.open(s, {all.at.begin() + 2, all.at.end()}, spatial(x));
  const string element = x.at(joined({all.at[0], all.at[1]}, windows.places()));
  s.line(most ? "if ($x > sum || $x != $x) sum = $x;" : "sum += $x;", {{"x", element}});
  s.close(taps);
  s.line("$y = sum;", {{"y", y.at(all.at)}});
  s.close(all);
}

/// Along one axis: of each place the two neighbours that it lies between.
void resize(CStep& s) {
  const CView y = s.y(), x = s.x(0);
  const auto axis = static_cast<std::size_t>(s.attributes().integer("axis"));
  const Neighbours of(s.attributes(), x.extents[axis], y.extents[axis]);
  const CLoops all = s.loops("i", y.extents);
  const string place = all.at[axis];
  const auto at = [&](const Integers& indices) {
    std::vector<string> places = all.at;
    places[axis] = s.constant("places", from_vector(indices)).at({place});
    return x.at(places);
  };
  if (of.linear) {
    const CView weight = s.constant("weights", from_vector(of.weights).to(y.dtype));
    s.line(
        "$y = $a + $w * ($b - $a);",
        {{"y", y.at(all.at)}, {"a", at(of.first)}, {"b", at(of.next)}, {"w", weight.at({place})}});
  } else {
    s.line("$y = $a;", {{"y", y.at(all.at)}, {"a", at(of.first)}});
  }
  s.close(all);
}

constexpr CRule rules[] = {
    {"convolution", convolution}, {"transposed_convolution", convolution},
    {"max_pool", pool, "max"},    {"average_pool", pool},
    {"upsample_nearest", resize}, {"upsample_linear", resize},
    {"unfold", unfold},           {"fold", unfold, "back"},
};

}  // namespace

std::span<const CRule> c_images() { return rules; }

}  // namespace xtape::exporting
