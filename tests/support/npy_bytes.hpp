#pragma once
#include <string>

#include "temporary_directory.hpp"

/// What NumPy writes before the data, format 1.0, for a dictionary shorter than 118 characters:
/// padded to 128 bytes.
inline std::string npy_header(const std::string& dictionary) {
  return std::string("\x93NUMPY\1\0v\0", 10) + dictionary +
         std::string(117 - dictionary.size(), ' ') + "\n";
}

inline Bytes bytes_of(const std::string& text) { return {text.begin(), text.end()}; }

/// np.array([[1, 2, 3], [4, 5, 6.5]], np.float32)
inline const std::string npy_matrix =
    npy_header("{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }") +
    std::string("\0\0\x80\x3f\0\0\0\x40\0\0\x40\x40\0\0\x80\x40\0\0\xa0\x40\0\0\xd0\x40", 24);
