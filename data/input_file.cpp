#include <algorithm>
#include <cerrno>
#include <cstring>
#include <limits>
#include <new>

#include <zlib.h>

#include <xtape/core/error.hpp>
#include <xtape/data/input_file.hpp>

namespace xtape::data {
namespace {

constexpr std::size_t buffer_bytes = std::size_t{1} << 16;
constexpr std::byte gzip_magic[] = {std::byte{0x1f}, std::byte{0x8b}};

}  // namespace

struct InputFile::Inflater {
  Inflater() {
    constexpr int largest_window = 15, gzip_form = 16;
    if (inflateInit2(&stream, largest_window + gzip_form) != Z_OK) throw std::bad_alloc();
  }
  ~Inflater() { inflateEnd(&stream); }
  Inflater(const Inflater&) = delete;
  Inflater& operator=(const Inflater&) = delete;

  z_stream stream{};
  bool between_members = false;
};

InputFile::InputFile(const std::string& path) : path_(path), buffer_(buffer_bytes) {
  file_.reset(std::fopen(path.c_str(), "rb"));
  if (!file_) fail(std::string("cannot be opened: ") + std::strerror(errno));
  if (refill() && filled_ >= 2 && std::equal(gzip_magic, gzip_magic + 2, buffer_.data())) {
    inflater_ = std::make_unique<Inflater>();
  }
}

InputFile::~InputFile() = default;

void InputFile::fail(const std::string& what) const { throw IoError(path_ + ": " + what); }

/// Whether there are unread bytes in the buffer, read from the file if there were none.
bool InputFile::refill() {
  if (next_ < filled_) return true;
  next_ = 0;
  filled_ = std::fread(buffer_.data(), 1, buffer_.size(), file_.get());
  if (filled_ == 0 && std::ferror(file_.get()) != 0) {
    fail(std::string("cannot be read: ") + std::strerror(errno));
  }
  return filled_ > 0;
}

std::size_t InputFile::read(std::byte* bytes, std::size_t count) {
  return inflater_ ? read_gzip(bytes, count) : read_plain(bytes, count);
}

std::size_t InputFile::read_plain(std::byte* bytes, std::size_t count) {
  std::size_t done = 0;
  while (done < count && refill()) {
    const std::size_t run = std::min(count - done, filled_ - next_);
    std::memcpy(bytes + done, buffer_.data() + next_, run);
    next_ += run;
    done += run;
  }
  return done;
}

std::size_t InputFile::read_gzip(std::byte* bytes, std::size_t count) {
  z_stream& stream = inflater_->stream;
  std::size_t done = 0;
  while (done < count) {
    if (!refill()) {
      if (inflater_->between_members) break;
      fail("ends in the middle of the gzip data");
    }
    if (inflater_->between_members) {
      if (buffer_[next_] != gzip_magic[0]) fail("must end with the gzip data; other bytes follow");
      inflateReset(&stream);
      inflater_->between_members = false;
    }
    const std::size_t room = std::min<std::size_t>(count - done, std::numeric_limits<uInt>::max());
    stream.next_in = reinterpret_cast<Bytef*>(buffer_.data() + next_);
    stream.avail_in = static_cast<uInt>(filled_ - next_);
    stream.next_out = reinterpret_cast<Bytef*>(bytes + done);
    stream.avail_out = static_cast<uInt>(room);
    const int status = inflate(&stream, Z_NO_FLUSH);
    if (status == Z_MEM_ERROR) throw std::bad_alloc();
    if (status != Z_OK && status != Z_STREAM_END) {
      fail(std::string("the gzip data are damaged: ") +
           (stream.msg != nullptr ? stream.msg : "unknown form"));
    }
    inflater_->between_members = status == Z_STREAM_END;
    next_ = filled_ - stream.avail_in;
    done += room - stream.avail_out;
  }
  return done;
}

}  // namespace xtape::data
