#include <algorithm>

#include <xtape/core/error.hpp>
#include <xtape/core/require.hpp>
#include <xtape/data/output_file.hpp>
#include <xtape/report/picture.hpp>
#include <xtape/report/svg.hpp>

namespace xtape::report {

std::string Picture::svg() const {
  Svg document;
  document.open("svg",
                {{"xmlns", "http://www.w3.org/2000/svg"},
                 {"width", width_},
                 {"height", height_},
                 {"viewBox", "0 0 " + svg_number(width_) + " " + svg_number(height_)},
                 {"font-family", "Helvetica, Arial, 'Liberation Sans', 'DejaVu Sans', sans-serif"},
                 {"font-size", 13},
                 {"fill", "#222"}});
  document.element("rect", {{"width", width_}, {"height", height_}, {"fill", "white"}});
  document.append(elements_).close();
  return document.elements();
}

void Picture::save(const std::string& path) const {
  if (!path.ends_with(".svg"))
    throw ValueError("picture: it is saved as SVG, in a file that ends in .svg; got " + path);
  data::OutputFile file(path);
  file.write(svg());
  file.commit();
}

Picture grid(const std::vector<Picture>& pictures, std::int64_t columns) {
  if (pictures.empty()) throw ValueError("grid: a picture is needed; got none");
  detail::require_at_least<std::int64_t>("grid", "columns", columns, 1);
  Svg svg;
  double width = 0, y = 0;
  for (std::size_t first = 0; first < pictures.size();) {
    const std::size_t end = std::min(pictures.size(), first + static_cast<std::size_t>(columns));
    double x = 0, height = 0;
    for (; first < end; ++first) {
      const Picture& picture = pictures[first];
      svg.open("g", {{"transform", "translate(" + svg_number(x) + " " + svg_number(y) + ")"}});
      svg.append(picture.elements()).close();
      x += picture.width();
      height = std::max(height, picture.height());
    }
    width = std::max(width, x);
    y += height;
  }
  return {width, y, svg.elements()};
}

}  // namespace xtape::report
