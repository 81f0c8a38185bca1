#include <clocale>
#include <cmath>
#include <string>

#include <doctest/doctest.h>

#include <xtape/core/error.hpp>
#include <xtape/report/color.hpp>
#include <xtape/report/picture.hpp>
#include <xtape/report/svg.hpp>

#include "../support/errors.hpp"
#include "../support/golden.hpp"
#include "../support/temporary_directory.hpp"

using namespace xtape;
using namespace xtape::report;

TEST_CASE("svg: numbers have two decimals at most, and none that say nothing") {
  const struct {
    double number;
    const char* text;
  } cases[]{{0, "0"},        {-0.0, "0"},     {1, "1"},      {-3, "-3"},        {12.5, "12.5"},
            {0.125, "0.12"}, {0.135, "0.14"}, {100, "100"},  {1e6, "1000000"},  {-0.001, "0"},
            {1.999, "2"},    {-0.5, "-0.5"},  {1e-300, "0"}, {120.05, "120.05"}};
  for (const auto& [number, text] : cases) CHECK(svg_number(number) == text);
  CHECK(svg_number(1e308).size() == 309);
  CHECK_THROWS_AS(static_cast<void>(svg_number(NAN)), ValueError);
  CHECK_THROWS_AS(static_cast<void>(svg_number(-INFINITY)), ValueError);
}

TEST_CASE("svg: numbers are the same in every locale") {
  const char* const before = std::setlocale(LC_ALL, nullptr);
  const std::string kept = before == nullptr ? "C" : before;
  for (const char* const locale : {"de_DE.UTF-8", "fr_FR.UTF-8"}) {  // a comma, if they are there
    std::setlocale(LC_ALL, locale);
    CHECK(svg_number(1234.5) == "1234.5");
  }
  std::setlocale(LC_ALL, kept.c_str());
}

TEST_CASE("svg: text is escaped, and what no XML can hold replaced") {
  const std::string bad = "\xef\xbf\xbd";
  CHECK(xml_text("a < b & \"c\" > d") == "a &lt; b &amp; &quot;c&quot; &gt; d");
  CHECK(xml_text("caf\u00e9 \u4e2d \U0001f600") == "caf\u00e9 \u4e2d \U0001f600");
  CHECK(xml_text(std::string("a\0b\x01\tc", 6)) == "a" + bad + "b" + bad + "\tc");
  CHECK(xml_text("\xff") == bad);                                // no first byte
  CHECK(xml_text("\xc3(") == bad + "(");                         // a second byte is missing
  CHECK(xml_text("\xe2\x82") == bad + bad);                      // cut
  CHECK(xml_text("\xc0\xaf") == bad + bad);                      // longer than need be
  CHECK(xml_text("\xe0\x80\xaf") == bad + bad + bad);            // too
  CHECK(xml_text("\xed\xa0\x80") == bad + bad + bad);            // half of a pair
  CHECK(xml_text("\xf4\x90\x80\x80") == bad + bad + bad + bad);  // beyond the last one
  CHECK(xml_text("\xef\xbf\xbf") == bad);                        // U+FFFF
}

TEST_CASE("svg: elements are lines, and nest") {
  Svg svg;
  svg.open("g", {{"fill", Color{0x0a, 0xff, 0x00}}}).element("circle", {{"r", 1.5}, {"id", "<&"}});
  svg.text(1, 2, "a<b", {{"x", 3}}).close();
  CHECK(svg.elements() ==
        "<g fill=\"#0aff00\">\n<circle r=\"1.5\" id=\"&lt;&amp;\"/>\n"
        "<text x=\"1\" y=\"2\" x=\"3\">a&lt;b</text>\n</g>\n");
  CHECK(error_of<ValueError>([&] { return svg.close(); }) == "svg: there is no element to close");
  CHECK(SvgPath().move(0, 1).line(2.25, -3).close().text() == "M0 1L2.25 -3z");
}

TEST_CASE("svg: what is well formed") {  // the test's own reader
  CHECK(golden::well_formed("<a><b x=\"1\"/>t &amp; u</a>\n"));
  for (const char* const bad :
       {"<a>", "</a>", "<a></b>", "<a x=1/>", "<a x=\"1/>", "a & b", "<a x=\"&\"/>", "<a", "a > b"})
    CHECK(!golden::well_formed(bad));
}

TEST_CASE("svg: letters are wide, narrow and of several bytes") {
  CHECK(text_width("", 10) == 0);
  CHECK(text_width("mmm", 10) > text_width("aaa", 10));
  CHECK(text_width("iii", 10) < text_width("aaa", 10));
  CHECK(text_width("\u00e4", 10) == text_width("a", 10));
  CHECK(text_width("abc", 20) == doctest::Approx(2 * text_width("abc", 10)));
}

TEST_CASE("color: the palette of Okabe and Ito, which begins again") {
  CHECK(palette(0).hex() == "#0072b2");
  CHECK(palette(7).hex() == "#000000");
  CHECK(palette(8) == palette(0));
  for (std::size_t i = 0; i < 8; ++i)
    for (std::size_t j = 0; j < i; ++j) CHECK(palette(i) != palette(j));
}

TEST_CASE("color: maps run from end to end, and stop there") {
  CHECK(color_of(Colormap::gray, 0.5).hex() == "#808080");
  CHECK(color_of(Colormap::viridis, 0).hex() == "#440154");  // matplotlib's ends
  CHECK(color_of(Colormap::viridis, 1).hex() == "#fde725");
  CHECK(color_of(Colormap::diverging, 0.5).hex() == "#f7f7f7");
  for (const Colormap map :
       {Colormap::viridis, Colormap::gray, Colormap::blues, Colormap::diverging}) {
    CHECK(color_of(map, -1) == color_of(map, 0));
    CHECK(color_of(map, NAN) == color_of(map, 0));
    CHECK(color_of(map, INFINITY) == color_of(map, 1));
  }
  // matplotlib.colormaps["viridis"](0.25), (0.5), (0.75), which has 256 colours and not 10 knots
  const Color matplotlib[]{{0x3b, 0x52, 0x8b}, {0x21, 0x91, 0x8c}, {0x5e, 0xc9, 0x62}};
  for (int i = 0; i < 3; ++i) {
    const Color near = color_of(Colormap::viridis, 0.25 * (i + 1));
    CHECK(std::abs(near.red - matplotlib[i].red) <= 8);
    CHECK(std::abs(near.green - matplotlib[i].green) <= 8);
    CHECK(std::abs(near.blue - matplotlib[i].blue) <= 8);
  }
  CHECK(mixed({0, 100, 200}, {200, 100, 0}, 0.25) == Color{50, 100, 150});
  CHECK(mixed({0, 100, 200}, {200, 100, 0}, NAN) == Color{0, 100, 200});
}

TEST_CASE("picture: saved whole as SVG, and nowhere else") {
  const TemporaryDirectory directory;
  const Picture picture(20, 10, "<path d=\"M0 0\"/>\n");
  const std::string path = directory.file("p.svg");
  picture.save(path);
  CHECK(golden::contents(path) == picture.svg());
  CHECK(golden::well_formed(picture.svg()));
  CHECK(error_of<ValueError>([&] { return picture.save(directory.file("p.png")), 0; }) ==
        "picture: it is saved as SVG, in a file that ends in .svg; got " + directory.file("p.png"));
  CHECK_THROWS_AS(picture.save(directory.file("nowhere/p.svg")), IoError);
  CHECK_THROWS_AS(picture.save("/proc/p.svg"), IoError);
}

TEST_CASE("grid: rows as high as their highest, and as wide as the widest") {
  const Picture a(20, 10, "<a/>\n"), b(30, 40, "<b/>\n"), c(5, 5, "<c/>\n");
  const Picture all = grid({a, b, c}, 2);
  CHECK(all.width() == 50);
  CHECK(all.height() == 45);
  CHECK(all.elements() ==
        "<g transform=\"translate(0 0)\">\n<a/>\n</g>\n<g transform=\"translate(20 "
        "0)\">\n<b/>\n</g>\n"
        "<g transform=\"translate(0 40)\">\n<c/>\n</g>\n");
  CHECK(error_of<ValueError>([] { return grid({}, 2); }) == "grid: a picture is needed; got none");
}
