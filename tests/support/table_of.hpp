#pragma once
#include <string>

#include <xtape/data/table.hpp>

#include "temporary_directory.hpp"

/// A file with this text, read.
inline xtape::data::Table table_of(const std::string& text,
                                   const xtape::data::CsvOptions& options = {}) {
  const TemporaryDirectory directory;
  return xtape::data::read_table(directory.write("a.csv", Bytes(text.begin(), text.end())),
                                 options);
}
