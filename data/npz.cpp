#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <memory>
#include <set>
#include <string_view>
#include <vector>

#include <minizip/zip.h>

#include <xtape/core/error.hpp>
#include <xtape/data/kernels/npy_format.hpp>
#include <xtape/data/kernels/text.hpp>
#include <xtape/data/kernels/utf8.hpp>
#include <xtape/data/npz.hpp>
#include <xtape/data/output_file.hpp>
#include <xtape/data/unzip.hpp>

namespace xtape::data {
namespace {

using kernels::quoted;

constexpr std::size_t chunk = std::size_t{1} << 30;  // minizip counts in unsigned int

/// An archive that is being written. minizip is C: what a callback throws is kept until it returns.
class Zip {
 public:
  explicit Zip(const std::string& path) : file_(path), kept_(!file_.seekable()) {
    zlib_filefunc64_def functions{};
    functions.opaque = this;
    functions.zopen64_file = [](void* zip, const void*, int) { return zip; };
    functions.zread_file = [](void*, void*, void*, uLong) { return uLong{0}; };
    functions.zclose_file = [](void*, void*) { return 0; };
    functions.zerror_file = [](void* zip, void*) { return self(zip).error_ ? 1 : 0; };
    functions.zwrite_file = [](void* zip, void*, const void* bytes, uLong count) {
      const std::string_view text(static_cast<const char*>(bytes), count);
      return self(zip).guarded([&] { self(zip).write(text); }) ? count : uLong{0};
    };
    functions.ztell64_file = [](void* zip, void*) {
      ZPOS64_T position = 0;
      self(zip).guarded([&] { position = static_cast<ZPOS64_T>(self(zip).position()); });
      return position;
    };
    functions.zseek64_file = [](void* zip, void*, ZPOS64_T offset, int) {
      // Only from the start: minizip seeks otherwise only in archives that it adds to.
      const auto position = static_cast<std::int64_t>(offset);
      return self(zip).guarded([&] { self(zip).seek(position); }) ? 0L : -1L;
    };
    zip_.reset(zipOpen2_64(path.c_str(), APPEND_STATUS_CREATE, nullptr, &functions));
    check(zip_ ? ZIP_OK : ZIP_INTERNALERROR);
  }

  void add_array(const std::string& name, const Tensor& tensor, const NpzOptions& options) {
    add(name, array_suffix, options, [&](const auto& write) { kernels::write_npy(tensor, write); });
  }
  void add_text(const NamedText& text, const NpzOptions& options) {
    add(text.first, text_suffix, options, [&](const auto& write) { write(text.second); });
  }

  void commit() {
    check(zipClose(zip_.release(), nullptr));
    if (kept_) file_.write(bytes_);
    file_.commit();
  }

 private:
  struct Close {
    void operator()(zipFile file) const { zipClose(file, nullptr); }
  };

  void write(std::string_view text) {
    if (!kept_) {
      file_.write(text);
    } else {
      bytes_.replace(place_, text.size(), text);
      place_ += text.size();
    }
  }
  std::int64_t position() { return kept_ ? static_cast<std::int64_t>(place_) : file_.position(); }
  void seek(std::int64_t position) {
    if (!kept_) {
      file_.seek(position);
    } else {
      place_ = static_cast<std::size_t>(position);
    }
  }

  template <class Content>
  void add(const std::string& name, std::string_view suffix, const NpzOptions& options,
           const Content& content) {
    zip_fileinfo info{};
    info.dosDate = 0x00210000;  // 1 January 1980, the first that there is
    constexpr uLong made_by = 20, utf8_name = 1UL << 11;
    // Readers refuse a whole archive for a name that is said to be UTF-8 and is not.
    const uLong flags = kernels::is_utf8(name) ? utf8_name : 0;
    check(zipOpenNewFileInZip4_64(zip_.get(), (name + std::string(suffix)).c_str(), &info, nullptr,
                                  0, nullptr, 0, nullptr, options.compress ? Z_DEFLATED : 0,
                                  Z_DEFAULT_COMPRESSION, 0, -MAX_WBITS, DEF_MEM_LEVEL,
                                  Z_DEFAULT_STRATEGY, nullptr, 0, made_by, flags, 0));
    content([&](std::string_view bytes) {
      while (!bytes.empty()) {
        const std::string_view part = bytes.substr(0, chunk);
        check(zipWriteInFileInZip(zip_.get(), part.data(), static_cast<unsigned>(part.size())));
        bytes.remove_prefix(part.size());
      }
    });
    check(zipCloseFileInZip(zip_.get()));
  }

  static Zip& self(void* zip) { return *static_cast<Zip*>(zip); }

  /// Whether `f` could do its work, and those before it.
  template <class F>
  bool guarded(F&& f) noexcept {
    try {
      if (!error_) f();
    } catch (...) {
      error_ = std::current_exception();
    }
    return !error_;
  }

  void check(int status) const {
    if (error_) std::rethrow_exception(error_);
    if (status != ZIP_OK) file_.fail("cannot be written: zip error " + std::to_string(status));
  }

  OutputFile file_;
  bool kept_;          // an archive is not written from front to back: for a pipe, it is kept first
  std::string bytes_;  // what is kept
  std::size_t place_ = 0;
  std::exception_ptr error_;
  std::unique_ptr<void, Close> zip_;
};

void check(const std::string& path, const Archive& archive) {
  constexpr std::size_t longest = 65000;
  constexpr std::int64_t most = std::int64_t{1} << 32;
  std::int64_t room = most;
  const auto take = [&](std::set<std::string>& seen, const std::string& name, std::int64_t count,
                        std::int64_t element_bytes) {
    if (name.size() > longest || name.find('\0') != name.npos) {
      throw ValueError(path + ": a name must have at most 65000 characters, none of them NUL");
    }
    if (!seen.insert(name).second) {
      throw ValueError(path + ": names must differ; got " + quoted(name) + " twice");
    }
    constexpr std::int64_t headers = 512;
    room -= headers + 2 * static_cast<std::int64_t>(name.size());
    if (room < 0 || count > room / element_bytes) {
      // minizip 1.1 writes larger ones, but reads nothing behind the first 4 GiB.
      throw ValueError(
          path + ": an archive takes arrays of less than 4 GiB in all; save_npy takes larger ones");
    }
    room -= count * element_bytes;
  };
  std::set<std::string> arrays, texts;
  for (const auto& [name, tensor] : archive.tensors) {
    if (!tensor.defined())
      throw ValueError(path + ": tensors must be defined; got none for " + quoted(name));
    take(arrays, name, tensor.size(), static_cast<std::int64_t>(size_of(tensor.dtype())));
  }
  for (const auto& [name, text] : archive.texts) take(texts, name, std::ssize(text), 1);
}

}  // namespace

NamedTensors load_npz(const std::string& path) {
  Unzip zip(path);
  NamedTensors tensors;
  for (const auto& member : zip.members())
    tensors.emplace_back(member.name, zip.read_array(member));
  return tensors;
}

Tensor load_npz(const std::string& path, const std::string& name) {
  Unzip zip(path);
  std::string known;
  for (const auto& member : zip.members()) {
    if (member.suffix != array_suffix) continue;
    if (member.name == name) return zip.read_array(member);
    known += (known.empty() ? "" : ", ") + quoted(member.name);
  }
  zip.fail("holds no array " + quoted(name) + "; it holds " + (known.empty() ? "none" : known));
}

Archive load_archive(const std::string& path) {
  Unzip zip(path);
  Archive archive;
  for (const auto& member : zip.members()) {
    if (member.suffix == array_suffix) {
      archive.tensors.emplace_back(member.name, zip.read_array(member));
    } else {
      archive.texts.emplace_back(member.name, zip.read_text(member));
    }
  }
  return archive;
}

void save_npz(const std::string& path, const NamedTensors& tensors, const NpzOptions& options) {
  save_archive(path, {tensors, {}}, options);
}

void save_archive(const std::string& path, const Archive& archive, const NpzOptions& options) {
  check(path, archive);
  NamedTensors values;
  for (const auto& [name, tensor] : archive.tensors) values.emplace_back(name, tensor.detach());
  Zip zip(path);
  for (const auto& [name, value] : values) zip.add_array(name, value, options);
  for (const NamedText& text : archive.texts) zip.add_text(text, options);
  zip.commit();
}

}  // namespace xtape::data
