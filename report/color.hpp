#pragma once
#include <cstddef>
#include <cstdint>
#include <string>

#include <xtape/config.hpp>

XTAPE_EXPORT_BEGIN

namespace xtape::report {

struct Color {
  std::uint8_t red = 0, green = 0, blue = 0;
  /// "#0072b2"
  std::string hex() const;
  friend bool operator==(const Color&, const Color&) = default;
};

/// Colours that the colour-blind can tell apart; behind them they begin again.
/// Source: Okabe and Ito, Color Universal Design (2008), with black last and its yellow before it.
Color palette(std::size_t i);
constexpr std::size_t palette_size = 8;

/// Colours of numbers from 0 to 1. `viridis` runs evenly from dark blue to yellow, `blues` from
/// white to dark blue, `diverging` from blue over white to red.
enum class Colormap { viridis, gray, blues, diverging };

/// Numbers outside of [0, 1] have the colour of the nearer end, NaN that of 0.
Color color_of(Colormap map, double share);

/// `color` with a share of `other` in it, from 0 to 1.
Color mixed(Color color, Color other, double share);

}  // namespace xtape::report

XTAPE_EXPORT_END
