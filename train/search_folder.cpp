#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <string_view>
#include <system_error>
#include <utility>

#include <xtape/core/error.hpp>
#include <xtape/core/wraps.hpp>
#include <xtape/data/folders.hpp>
#include <xtape/train/search_folder.hpp>

namespace xtape::detail {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view beginning = "evaluations-", ending = ".tsv";

/// FNV-1a (Fowler, Noll and Vo 1991).
XTAPE_WRAPS std::string checksum(std::string_view text) {
  std::uint64_t bits = 0xcbf29ce484222325U;
  for (const char c : text) bits = (bits ^ static_cast<unsigned char>(c)) * 0x100000001b3U;
  return std::to_string(bits);
}

/// What stands before the next tab, which is taken off.
std::string_view field(std::string_view& line) {
  const std::string_view first = line.substr(0, line.find('\t'));
  line.remove_prefix(std::min(first.size() + 1, line.size()));
  return first;
}

bool number(std::string_view text, double& value) {
  const auto [end, status] = std::from_chars(text.data(), text.data() + text.size(), value);
  return status == std::errc() && end == text.data() + text.size() && std::isfinite(value);
}

}  // namespace

SearchFolder::Descriptor::~Descriptor() {
  if (number >= 0) ::close(number);
}

SearchFolder::SearchFolder(std::string path, int rank) : path_(std::move(path)) {
  if (path_.empty()) return;
  std::error_code error;
  data::detail::make_folders(path_, error);
  if (error) fail(error.message());
  const fs::path file =
      fs::path(path_) / (std::string(beginning) + std::to_string(rank) + std::string(ending));
  file_.number = ::open(file.c_str(), O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
  check(kept());
  check(data::detail::sync_folder(path_));
  // Behind what a killed process left of a line begins a new one.
  const off_t size = ::lseek(file_.number, 0, SEEK_END);
  char last = '\n';
  if (size > 0 && ::pread(file_.number, &last, 1, size - 1) == 1 && last != '\n')
    check(::write(file_.number, "\n", 1) == 1);
}

void SearchFolder::fail(const std::string& why) const {
  throw IoError(path_ + ": cannot be the folder of a search: " + why);
}

void SearchFolder::check(bool done) const {
  if (!done) fail(std::generic_category().message(errno));
}

SearchFolder::KeptByKey SearchFolder::read() const {
  KeptByKey all;
  if (!kept()) return all;
  std::error_code error;
  for (fs::directory_iterator entry(path_, error), end; !error && entry != end;
       entry.increment(error)) {
    const std::string name = entry->path().filename().string();
    if (!name.starts_with(beginning) || !name.ends_with(ending)) continue;
    std::ifstream file(entry->path());
    for (std::string text; std::getline(file, text);) {
      std::string_view line = text;
      const std::string_view sum = field(line);
      if (sum != checksum(line)) continue;
      Kept one{};
      const std::string_view score = field(line), seconds = field(line);
      if (number(score, one.score) && number(seconds, one.seconds))
        all.insert_or_assign(std::string(line), one);
    }
    check(!file.bad());
  }
  if (error) fail(error.message());
  return all;
}

void SearchFolder::write(const std::string& key, const Kept& evaluation) {
  if (!kept()) return;
  const std::string told = text(evaluation.score) + '\t' + text(evaluation.seconds) + '\t' + key;
  const std::string line = checksum(told) + '\t' + told + '\n';
  const std::lock_guard lock(mutex_);
  const ssize_t written = ::write(file_.number, line.data(), line.size());
  if (written >= 0 && written != static_cast<ssize_t>(line.size())) errno = ENOSPC;
  check(written == static_cast<ssize_t>(line.size()));
  check(::fdatasync(file_.number) == 0 || errno == EINVAL);  // some file systems know no such thing
}

}  // namespace xtape::detail
