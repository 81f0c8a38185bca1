#include <algorithm>
#include <bit>
#include <cstdint>
#include <cstdio>
#include <exception>
#include <memory>
#include <set>
#include <string_view>
#include <vector>

#include <minizip/unzip.h>
#include <minizip/zip.h>

#include <xtape/core/error.hpp>
#include <xtape/data/input_file.hpp>
#include <xtape/data/kernels/claimed_bytes.hpp>
#include <xtape/data/kernels/npy_format.hpp>
#include <xtape/data/kernels/text.hpp>
#include <xtape/data/npz.hpp>
#include <xtape/data/output_file.hpp>

namespace xtape::data {
namespace {

using kernels::quoted;

constexpr std::string_view array_suffix = ".npy", text_suffix = ".txt";
constexpr std::size_t ending = 22, longest_ending = ending + 0xffff;  // the last is a comment
constexpr std::size_t chunk = std::size_t{1} << 30;  // minizip counts in unsigned int

/// Whether a file is nothing but the record that ends an archive, with a comment or without.
bool is_empty_archive(std::string_view bytes) {
  constexpr std::string_view of_nothing("PK\5\6\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", ending - 2);
  if (bytes.size() < ending || !bytes.starts_with(of_nothing)) return false;
  const auto* length = reinterpret_cast<const std::byte*>(bytes.data()) + of_nothing.size();
  return bytes.size() - ending == kernels::decode<std::uint16_t>(length, std::endian::little);
}

/// An archive that is open for reading.
class Unzip {
 public:
  struct Member {
    std::string name;  // without the suffix
    std::string_view suffix;
    unz64_file_pos position;
    ZPOS64_T bytes;
  };

  explicit Unzip(const std::string& path) : path_(path) {
    const std::string front = first_bytes();
    if (is_empty_archive(front)) return;  // minizip refuses it
    zlib_filefunc64_def functions{};
    fill_fopen64_filefunc(&functions);
    // Otherwise minizip takes zeros for what lies behind the end of the file.
    functions.zerror_file = [](void*, void* stream) {
      auto* file = static_cast<std::FILE*>(stream);
      return std::ferror(file) != 0 || std::feof(file) != 0 ? 1 : 0;
    };
    zip_.reset(unzOpen2_64(path.c_str(), &functions));
    if (!zip_) {
      fail(front.starts_with("\x93NUM")
               ? "must be a zip archive; got a .npy file, which load_npy reads"
               : "must be a zip archive; it is none, or it is not whole");
    }
    list_members();
  }

  /// In the order of the archive.
  const std::vector<Member>& members() const { return members_; }

  Tensor read_array(const Member& member) {
    const std::string place = place_of(member);
    if (member.suffix != array_suffix) {
      throw IoError(place + ": must be a .npy file; got a text, which load_archive reads");
    }
    Tensor tensor;
    read(member, [&](const kernels::Read& read) { tensor = kernels::read_npy(read, place); });
    return tensor;
  }

  std::string read_text(const Member& member) {
    std::string text;
    read(member, [&](const kernels::Read& read) {
      constexpr std::size_t block = 4096;  // memory grows with what is there
      for (std::size_t got = block, done = 0; got == block; done += got) {
        text.resize(done + block);
        got = read(reinterpret_cast<std::byte*>(text.data() + done), block);
        text.resize(done + got);
      }
    });
    return text;
  }

  [[noreturn]] void fail(const std::string& what) const { throw IoError(path_ + ": " + what); }

 private:
  struct Close {
    void operator()(unzFile file) const { unzClose(file); }
  };
  /// Lets `use` read the bytes of a member, all of them.
  template <class Use>
  void read(const Member& member, const Use& use) {
    const auto check = [&](int status) {
      if (status < 0) throw IoError(place_of(member) + ": the data are damaged");
      return static_cast<std::size_t>(status);
    };
    check(unzGoToFilePos64(zip_.get(), &member.position));
    check(unzOpenCurrentFile(zip_.get()));
    use([&](std::byte* bytes, std::size_t count) {
      std::size_t done = 0;
      while (done < count) {
        const auto want = static_cast<unsigned>(std::min(count - done, chunk));
        const std::size_t got = check(unzReadCurrentFile(zip_.get(), bytes + done, want));
        if (got == 0) break;
        done += got;
      }
      return done;
    });
    // The checksum is compared only where as much came out as the directory says.
    if (unztell64(zip_.get()) != member.bytes) check(UNZ_BADZIPFILE);
    check(unzCloseCurrentFile(zip_.get()));
  }

  /// Fails as it should where there is no file to read.
  std::string first_bytes() const {
    InputFile file(path_);
    std::string bytes(longest_ending + 1, '\0');
    bytes.resize(file.read(reinterpret_cast<std::byte*>(bytes.data()), bytes.size()));
    return bytes;
  }

  std::string place_of(const std::string& member) const {
    return path_ + ": member " + quoted(member);
  }
  std::string place_of(const Member& member) const {
    return place_of(member.name + std::string(member.suffix));
  }

  void list_members() {
    std::set<std::string> seen;
    int status = unzGoToFirstFile(zip_.get());
    for (; status == UNZ_OK; status = unzGoToNextFile(zip_.get())) {
      members_.push_back(current_member());
      const Member& member = members_.back();
      if (!seen.insert(member.name + std::string(member.suffix)).second)
        throw IoError(place_of(member) + ": is there twice");
    }
    if (status != UNZ_END_OF_LIST_OF_FILE) fail("the directory of the archive is damaged");
  }

  Member current_member() {
    unz_file_info64 info{};
    Member member{};
    int status = unzGetCurrentFileInfo64(zip_.get(), &info, nullptr, 0, nullptr, 0, nullptr, 0);
    if (status == UNZ_OK) {
      member.name.resize(info.size_filename);
      status = unzGetCurrentFileInfo64(zip_.get(), &info, member.name.data(), info.size_filename,
                                       nullptr, 0, nullptr, 0);
    }
    if (status == UNZ_OK) status = unzGetFilePos64(zip_.get(), &member.position);
    if (status != UNZ_OK) fail("the directory of the archive is damaged");
    const std::string place = place_of(member.name);
    for (const std::string_view suffix : {array_suffix, text_suffix}) {
      if (member.name.ends_with(suffix)) member.suffix = suffix;
    }
    if (member.suffix.empty()) throw IoError(place + ": must be a .npy file");
    if ((info.flag & 1U) != 0) throw IoError(place + ": is encrypted");
    if (info.compression_method != 0 && info.compression_method != Z_DEFLATED) {
      throw IoError(place + ": must be stored or deflated; got compression method " +
                    std::to_string(info.compression_method));
    }
    if (std::max(info.compressed_size, info.uncompressed_size) == 0xffffffff) {
      throw IoError(place + ": must be smaller than 4 GiB for this version of minizip");
    }
    member.name.resize(member.name.size() - member.suffix.size());
    member.bytes = info.uncompressed_size;
    return member;
  }

  std::string path_;
  std::unique_ptr<void, Close> zip_;
  std::vector<Member> members_;
};

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
    check(zipOpenNewFileInZip4_64(zip_.get(), (name + std::string(suffix)).c_str(), &info, nullptr,
                                  0, nullptr, 0, nullptr, options.compress ? Z_DEFLATED : 0,
                                  Z_DEFAULT_COMPRESSION, 0, -MAX_WBITS, DEF_MEM_LEVEL,
                                  Z_DEFAULT_STRATEGY, nullptr, 0, made_by, utf8_name, 0));
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
  for (const auto& [name, tensor] : archive.tensors)
    take(arrays, name, tensor.size(), static_cast<std::int64_t>(size_of(tensor.dtype())));
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
