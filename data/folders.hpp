#pragma once
#include <filesystem>
#include <system_error>

/// Folders that are still there when the power fails.
namespace xtape::data::detail {

/// Brings the names in a folder to the disk; where it may not be opened they get there in time.
/// False, with the reason in errno, if that fails.
bool sync_folder(const std::filesystem::path& folder);

/// Makes a folder and what is missing above it, and brings their names to the disk.
void make_folders(const std::filesystem::path& folder, std::error_code& error);

}  // namespace xtape::data::detail
