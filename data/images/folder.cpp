#include <algorithm>
#include <filesystem>
#include <string_view>
#include <system_error>
#include <utility>

#include <xtape/core/create.hpp>
#include <xtape/core/error.hpp>
#include <xtape/data/checks.hpp>
#include <xtape/data/images/folder.hpp>
#include <xtape/data/split.hpp>
#include <xtape/ops/index.hpp>
#include <xtape/ops/rearrange.hpp>

namespace xtape::data {
namespace {

namespace fs = std::filesystem;

bool is_hidden(const fs::path& path) { return path.filename().string().starts_with('.'); }

bool is_picture(const fs::path& path) {
  std::string end = path.extension().string();
  std::ranges::transform(end, end.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  });
  return end == ".png" || end == ".jpg" || end == ".jpeg";
}

/// The entries of a folder, and of those below it if they are wanted too, of which `wanted` says
/// so, in order; none that is hidden, nor what is below that.
template <class Entries, class F>
std::vector<std::string> listed(const std::string& folder, F wanted) {
  std::vector<std::string> paths;
  try {
    for (Entries at(folder); at != Entries(); ++at) {
      if (!is_hidden(at->path())) {
        if (wanted(*at)) paths.push_back(at->path().string());
      } else if constexpr (requires { at.disable_recursion_pending(); }) {
        at.disable_recursion_pending();
      }
    }
  } catch (const fs::filesystem_error& error) {
    throw IoError(folder + ": cannot be read as a folder: " + error.code().message());
  }
  std::ranges::sort(paths);
  return paths;
}

}  // namespace

ImageFolder::ImageFolder(const std::string& path, const ImageFolderOptions& options)
    : options_(options) {
  if (options.height < 0 || options.width < 0 || (options.height == 0) != (options.width == 0)) {
    throw ValueError("image folder: height and width must both be given, or both be 0; got " +
                     std::to_string(options.height) + " and " + std::to_string(options.width));
  }
  if (!is_floating(options.dtype)) {
    throw DtypeError("image folder: a floating dtype is needed; got " +
                     std::string(to_string(options.dtype)));
  }
  detail::check_affine("image folder", options.center, options.scale);
  std::vector<std::int64_t> labels;
  const auto folders = listed<fs::directory_iterator>(
      path, [](const fs::directory_entry& entry) { return entry.is_directory(); });
  if (folders.empty()) throw IoError(path + ": must have a folder for each class; has none");
  for (const std::string& folder : folders) {
    const auto pictures =
        listed<fs::recursive_directory_iterator>(folder, [](const fs::directory_entry& entry) {
          return is_picture(entry.path()) && entry.is_regular_file();
        });
    if (pictures.empty())
      throw IoError(folder + ": must have pictures that end in .png, .jpg or .jpeg; has none");
    labels.resize(labels.size() + pictures.size(), static_cast<std::int64_t>(names_.size()));
    files_.insert(files_.end(), pictures.begin(), pictures.end());
    names_.push_back(fs::path(folder).filename().string());
  }
  labels_ = from_vector(std::move(labels));
}

Dataset ImageFolder::operator()(std::int64_t picture) const {
  if (picture < 0 || picture >= size()) {
    throw IndexError("image folder: a picture must lie in [0, " + std::to_string(size()) +
                     "); got " + std::to_string(picture));
  }
  Tensor x =
      read_image(files_[static_cast<std::size_t>(picture)], {.pixels = options_.pixels,
                                                             .dtype = options_.dtype,
                                                             .center = options_.center,
                                                             .scale = options_.scale,
                                                             .max_pixels = options_.max_pixels});
  if (options_.height > 0) x = resize_image(x, options_.height, options_.width);
  if (options_.channels == nn::Channels::first) x = moveaxis(x, -1, 0).contiguous();
  return {x, labels_[picture]};
}

ImageFolder rows(const ImageFolder& folder, const Tensor& indices) {
  ImageFolder part = folder;
  part.labels_ = rows(Dataset{folder.labels_, folder.labels_}, indices).y;
  part.files_.clear();
  for (const std::int64_t i : indices.to_vector<std::int64_t>())
    part.files_.push_back(folder.files_[static_cast<std::size_t>(i < 0 ? i + folder.size() : i)]);
  return part;
}

}  // namespace xtape::data
