#include <algorithm>
#include <bit>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include <xtape/core/body.hpp>
#include <xtape/core/error.hpp>
#include <xtape/core/mapped.hpp>
#include <xtape/data/kernels/npy_format.hpp>
#include <xtape/data/kernels/text.hpp>
#include <xtape/data/kernels/widen.hpp>
#include <xtape/ops/layout.hpp>

// Source of the form: NumPy, numpy.lib.format.
//
// xtensor has a reader of it, xt::load_npy. It is not used here: it takes memory for what a header
// claims, does not notice that data are missing, wants the element type and the order of the axes
// before it has seen the file, and knows neither big-endian numbers, nor format 3.0, nor another
// order of the keys. To make it safe the header would have to be read in front of it, and then
// nothing is left for it to do.

namespace xtape::data::kernels {
namespace {

constexpr std::string_view magic = "\x93NUMPY";

/// An element type of the form, and the tensors it is read into.
struct ElementType {
  std::string_view code;  // what follows the byte order
  const char* name;
  std::size_t bytes;
  Dtype dtype;
  void (*convert)(const std::byte*, std::endian, const Tensor&, const std::string&);
};

constexpr ElementType element_types[] = {
    {"b1", "bool", 1, Dtype::boolean, convert<std::uint8_t, bool>},
    {"i1", "int8", 1, Dtype::int64, convert<std::int8_t, std::int64_t>},
    {"i2", "int16", 2, Dtype::int64, convert<std::int16_t, std::int64_t>},
    {"i4", "int32", 4, Dtype::int64, convert<std::int32_t, std::int64_t>},
    {"i8", "int64", 8, Dtype::int64, convert<std::int64_t, std::int64_t>},
    {"u1", "uint8", 1, Dtype::int64, convert<std::uint8_t, std::int64_t>},
    {"u2", "uint16", 2, Dtype::int64, convert<std::uint16_t, std::int64_t>},
    {"u4", "uint32", 4, Dtype::int64, convert<std::uint32_t, std::int64_t>},
    {"u8", "uint64", 8, Dtype::int64, convert<std::uint64_t, std::int64_t>},
    {"f2", "float16", 2, Dtype::float32, convert<Half, float>},
    {"f4", "float32", 4, Dtype::float32, convert<float, float>},
    {"f8", "float64", 8, Dtype::float64, convert<double, double>}};

struct Header {
  ElementType type;
  std::endian order;
  bool fortran;  // the first axis runs fastest
  Shape shape;
  std::size_t bytes;  // of the data behind it

  std::string describe() const { return type.name + to_string(shape); }
};

/// The dictionary of a header: a Python literal, with its keys in any order.
class Dictionary {
 public:
  Dictionary(std::string_view text, const std::string& place)
      : text_(text), rest_(text), place_(place) {
    bool has_descr = false, has_order = false, has_shape = false;
    expect('{');
    while (!accept('}')) {
      const std::string_view key = string();
      expect(':');
      if (key == "descr" && !has_descr) {
        has_descr = true;
        parse_descr();
      } else if (key == "fortran_order" && !has_order) {
        has_order = true;
        fortran_ = truth();
      } else if (key == "shape" && !has_shape) {
        has_shape = true;
        parse_shape();
      } else {
        fail_form();
      }
      if (!accept(',')) {
        expect('}');
        break;
      }
    }
    skip_blanks();
    if (!rest_.empty() || !has_descr || !has_order || !has_shape) fail_form();
  }

  Header header() const {
    Header header{*type_, order_, fortran_, shape_, 0};
    const std::optional<std::size_t> bytes = byte_size(shape_, type_->bytes);
    if (!bytes) fail("the size of the array must fit in 63 bits; got " + header.describe());
    header.bytes = *bytes;
    return header;
  }

 private:
  [[noreturn]] void fail(const std::string& what) const { throw IoError(place_ + ": " + what); }
  [[noreturn]] void fail_form() const {
    const std::size_t last = text_.find_last_not_of(" \n");
    fail("the header must be a dictionary of descr, fortran_order and shape; got " +
         quoted(last == text_.npos ? "" : text_.substr(0, last + 1), 200));
  }

  void skip_blanks() {
    rest_.remove_prefix(std::min(rest_.find_first_not_of(" \n"), rest_.size()));
  }

  bool accept(char expected) {
    skip_blanks();
    if (!rest_.starts_with(expected)) return false;
    rest_.remove_prefix(1);
    return true;
  }
  void expect(char expected) {
    if (!accept(expected)) fail_form();
  }

  std::string_view string() {
    skip_blanks();
    const char quote = rest_.empty() ? '\0' : rest_.front();
    const std::size_t end = quote == '\'' || quote == '"' ? rest_.find(quote, 1) : rest_.npos;
    if (end == rest_.npos) fail_form();
    const std::string_view inside = rest_.substr(1, end - 1);
    rest_.remove_prefix(end + 1);
    return inside;
  }

  bool truth() {
    skip_blanks();
    for (const bool value : {false, true}) {
      const std::string_view word = value ? "True" : "False";
      if (!rest_.starts_with(word)) continue;
      rest_.remove_prefix(word.size());
      return value;
    }
    fail_form();
  }

  void parse_descr() {
    skip_blanks();
    if (rest_.starts_with('[')) fail("arrays of records are not read, only of numbers");
    const std::string_view descr = string();
    const std::string_view code = descr.substr(std::min<std::size_t>(1, descr.size()));
    type_ = std::find_if(std::begin(element_types), std::end(element_types),
                         [&](const ElementType& known) { return known.code == code; });
    const char order = descr.empty() ? '\0' : descr.front();
    const bool known = type_ != std::end(element_types) &&
                       (order == '<' || order == '>' || (order == '|' && type_->bytes == 1));
    if (!known) {
      fail("the dtype must be bool, an integer, float16, float32 or float64; got " + quoted(descr));
    }
    order_ = order == '>' ? std::endian::big : std::endian::little;
  }

  void parse_shape() {
    expect('(');
    int axes = 0;
    while (!accept(')')) {
      skip_blanks();
      std::int64_t extent = -1;
      const char* first = rest_.data();
      const auto [end, status] = std::from_chars(first, first + rest_.size(), extent);
      if (status == std::errc::result_out_of_range) fail("an extent must fit in 63 bits");
      if (status != std::errc() || extent < 0) fail_form();
      rest_.remove_prefix(static_cast<std::size_t>(end - first));
      accept('L');  // as Python 2 wrote some
      if (++axes <= max_rank) shape_.push_back(extent);
      if (!accept(',')) {
        expect(')');
        break;
      }
    }
    if (axes > max_rank) fail("the array must have at most 8 axes; got " + std::to_string(axes));
  }

  std::string_view text_, rest_;
  const std::string& place_;
  const ElementType* type_ = nullptr;
  std::endian order_ = std::endian::little;
  bool fortran_ = false;
  Shape shape_;
};

/// Reads `count` bytes of what stands before the data.
std::string read_text(const Read& read, const std::string& place, std::size_t count) {
  std::string text(count, '\0');
  const std::size_t got = read(reinterpret_cast<std::byte*>(text.data()), count);
  if (got < count) throw IoError(place + ": ends in the middle of the header of a .npy file");
  return text;
}

Header read_header(const Read& read, const std::string& place) {
  std::string front(magic.size(), '\0');
  front.resize(read(reinterpret_cast<std::byte*>(front.data()), front.size()));
  if (front != magic) {
    throw IoError(place + ": must be a .npy file, which begins with \\x93NUMPY" +
                  (front.starts_with("PK") ? "; got a zip archive, which load_npz reads" : ""));
  }
  const std::string version = read_text(read, place, 2);
  const auto major = static_cast<unsigned char>(version[0]),
             minor = static_cast<unsigned char>(version[1]);
  if (major < 1 || major > 3 || minor != 0) {
    throw IoError(place + ": the version of the .npy form must be 1.0, 2.0 or 3.0; got " +
                  std::to_string(major) + "." + std::to_string(minor));
  }
  const std::string length_bytes = read_text(read, place, major == 1 ? 2 : 4);
  const auto* bytes = reinterpret_cast<const std::byte*>(length_bytes.data());
  const std::size_t length = major == 1 ? decode<std::uint16_t>(bytes, std::endian::little)
                                        : decode<std::uint32_t>(bytes, std::endian::little);
  if (length > std::numeric_limits<std::uint16_t>::max()) {
    throw IoError(place + ": the header of an array of numbers is shorter than 65536 bytes; got " +
                  std::to_string(length));
  }
  return Dictionary(read_text(read, place, length), place).header();
}

Tensor tensor_of(const Header& header, const std::vector<std::byte>& bytes,
                 const std::string& place) {
  std::vector<std::int64_t> extents(header.shape.begin(), header.shape.end());
  if (header.fortran) std::reverse(extents.begin(), extents.end());
  const Tensor y = detail::make_tensor(Shape(extents), header.type.dtype);
  header.type.convert(bytes.data(), header.order, y, place);
  return header.fortran ? transpose(y).contiguous() : y;
}

}  // namespace

Tensor read_npy(const Read& read, const std::string& place) {
  const Header header = read_header(read, place);
  return tensor_of(header, read_claimed(read, place, header.describe(), header.bytes), place);
}

NpyLayout read_npy_layout(const Read& read, const std::string& place) {
  const Header header = read_header(read, place);
  if (header.fortran && header.shape.rank() > 1) {
    throw IoError(place + ": rows must stand one behind another, in C order; got " +
                  header.describe() + " in Fortran order, which np.ascontiguousarray mends");
  }
  return {&element_named(header.type.name), header.order, header.shape, header.bytes};
}

std::variant<NpyIntegers, Tensor> read_npy_integers(const Read& read, const std::string& place) {
  const Header header = read_header(read, place);
  if (is_floating(header.type.dtype)) {
    throw IoError(place + ": must hold integers to be packed; got " + header.describe());
  }
  std::vector<std::byte> bytes = read_claimed(read, place, header.describe(), header.bytes);
  const std::size_t width = header.type.bytes;
  const bool is_signed = header.type.code.starts_with('i');
  if (header.fortran || header.type.dtype == Dtype::boolean || width > 4) {
    return tensor_of(header, bytes, place);
  }
  if (header.order != std::endian::native) {
    const auto step = static_cast<std::ptrdiff_t>(width);
    for (auto one = bytes.begin(); one != bytes.end(); one += step) std::reverse(one, one + step);
  }
  return NpyIntegers{std::move(bytes), width, is_signed, header.shape};
}

void write_npy(const Tensor& tensor, const std::function<void(std::string_view)>& write) {
  constexpr std::string_view codes[] = {"b1", "i8", "f4", "f8"};
  xtape::detail::check_has_values("save", tensor);
  const Tensor dense = tensor.detach().contiguous();
  const char order = dense.dtype() == Dtype::boolean              ? '|'
                     : std::endian::native == std::endian::little ? '<'
                                                                  : '>';
  std::string shape;
  for (const std::int64_t extent : dense.shape()) shape += std::to_string(extent) + ", ";
  if (dense.rank() > 1) shape.resize(shape.size() - 2);
  if (dense.rank() == 1) shape.pop_back();
  std::string header = "{'descr': '" + std::string(1, order) +
                       std::string(codes[static_cast<std::size_t>(dense.dtype())]) +
                       "', 'fortran_order': False, 'shape': (" + shape + "), }";
  constexpr std::size_t front = magic.size() + 4, alignment = 64;  // the data begin at a multiple
  const std::size_t length = (front + header.size() + alignment) / alignment * alignment - front;
  header.resize(length - 1, ' ');
  header += '\n';
  const std::string lengths{1, 0, static_cast<char>(length & 0xff), static_cast<char>(length >> 8)};
  write(std::string(magic) + lengths + header);
  write({reinterpret_cast<const char*>(dense.body().data),
         static_cast<std::size_t>(dense.size()) * size_of(dense.dtype())});
}

}  // namespace xtape::data::kernels
