#include <algorithm>
#include <array>
#include <cmath>
#include <span>

#include <xtape/report/color.hpp>

namespace xtape::report {
namespace {

constexpr std::array<Color, palette_size> okabe_ito{{{0x00, 0x72, 0xb2},
                                                     {0xd5, 0x5e, 0x00},
                                                     {0x00, 0x9e, 0x73},
                                                     {0xcc, 0x79, 0xa7},
                                                     {0xe6, 0x9f, 0x00},
                                                     {0x56, 0xb4, 0xe9},
                                                     {0xf0, 0xe4, 0x42},
                                                     {0x00, 0x00, 0x00}}};

// Knots at equal distances, with straight lines between them.
constexpr Color viridis[]{{0x44, 0x01, 0x54}, {0x48, 0x28, 0x78}, {0x3e, 0x49, 0x89},
                          {0x31, 0x68, 0x8e}, {0x26, 0x82, 0x8e}, {0x1f, 0x9e, 0x89},
                          {0x35, 0xb7, 0x79}, {0x6e, 0xce, 0x58}, {0xb5, 0xde, 0x2b},
                          {0xfd, 0xe7, 0x25}};
constexpr Color gray[]{{0x00, 0x00, 0x00}, {0xff, 0xff, 0xff}};
constexpr Color blues[]{{0xf7, 0xfb, 0xff},
                        {0xc6, 0xdb, 0xef},
                        {0x6b, 0xae, 0xd6},
                        {0x21, 0x71, 0xb5},
                        {0x08, 0x30, 0x6b}};
constexpr Color diverging[]{{0x21, 0x66, 0xac},
                            {0x92, 0xc5, 0xde},
                            {0xf7, 0xf7, 0xf7},
                            {0xf4, 0xa5, 0x82},
                            {0xb2, 0x18, 0x2b}};

std::span<const Color> knots(Colormap map) {
  switch (map) {
    case Colormap::viridis: return viridis;
    case Colormap::gray: return gray;
    case Colormap::blues: return blues;
    case Colormap::diverging: return diverging;
  }
  return gray;
}

}  // namespace

std::string Color::hex() const {
  constexpr const char* digits = "0123456789abcdef";
  std::string text = "#";
  for (const unsigned part : {red, green, blue}) {
    text += digits[part / 16];
    text += digits[part % 16];
  }
  return text;
}

Color palette(std::size_t i) { return okabe_ito[i % okabe_ito.size()]; }

Color mixed(Color color, Color other, double share) {
  share = share > 0 ? std::min(share, 1.0) : 0;
  const auto mean = [share](unsigned a, unsigned b) {
    return static_cast<std::uint8_t>(std::lround(a + (double(b) - double(a)) * share));
  };
  return {mean(color.red, other.red), mean(color.green, other.green), mean(color.blue, other.blue)};
}

Color color_of(Colormap map, double share) {
  const std::span<const Color> of = knots(map);
  const double place = (share > 0 ? std::min(share, 1.0) : 0) * static_cast<double>(of.size() - 1);
  const std::size_t i = std::min(static_cast<std::size_t>(place), of.size() - 2);
  return mixed(of[i], of[i + 1], place - static_cast<double>(i));
}

}  // namespace xtape::report
