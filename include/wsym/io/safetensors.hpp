// SPDX-License-Identifier: MIT
#pragma once
#include <bit>
#include <span>

#include "wsym/core/shape.hpp"
#include "wsym/io/file.hpp"
#include "wsym/io/json.hpp"

/// The safetensors file format: 8 bytes header length (little-endian), a JSON header, then the tensors' bytes.
/// Source: the format's description at github.com/huggingface/safetensors. Deliberately stricter: an entry has exactly
/// its three members, no overflow even beside a size of 0, at most four axes, and the element types of Dtype alone.
namespace wsym::inline WSYM_SIMD::safetensors {

static_assert(std::endian::native == std::endian::little, "wsym: the file format is little-endian, and so is its code");

/// The element types that are read and written, in the order of `dtypes`.
enum class Dtype { f32, f64, i64, i32, u8 };

struct DtypeInfo {
  const char* name;
  std::size_t size;
};
inline constexpr DtypeInfo dtypes[] = {{"F32", 4}, {"F64", 8}, {"I64", 8}, {"I32", 4}, {"U8", 1}};
constexpr DtypeInfo info(Dtype dtype) {
  return dtypes[static_cast<std::size_t>(dtype)];
}

template <class T> inline constexpr Dtype dtype_of = Dtype::u8;
template <> inline constexpr Dtype dtype_of<float> = Dtype::f32;
template <> inline constexpr Dtype dtype_of<double> = Dtype::f64;
template <> inline constexpr Dtype dtype_of<std::int64_t> = Dtype::i64;
template <> inline constexpr Dtype dtype_of<std::int32_t> = Dtype::i32;

/// A named tensor whose bytes belong to somebody else: to a model that is written, to a file's content that is read.
struct TensorView {
  template <class T>
  TensorView(std::string name_, Shape shape_, std::span<const T> values)
      : name(std::move(name_)),
        dtype(dtype_of<T>),
        shape(shape_),
        bytes(reinterpret_cast<const char*>(values.data()), values.size_bytes()) {}
  TensorView(std::string name_, Dtype dtype_, Shape shape_, std::string_view bytes_)
      : name(std::move(name_)), dtype(dtype_), shape(shape_), bytes(bytes_) {}

  /// A copy of the elements; T is the type of `dtype`.
  template <class T> std::vector<T> values() const {
    std::vector<T> result(bytes.size() / sizeof(T));
    std::copy(bytes.begin(), bytes.end(), reinterpret_cast<char*>(result.data()));
    return result;
  }

  std::string name;
  Dtype dtype;
  Shape shape;
  std::string_view bytes;
};

using Metadata = std::vector<std::pair<std::string, std::string>>;

/// What a file holds. Names are unique, and so are the metadata's keys.
struct Content {
  Metadata metadata;
  std::vector<TensorView> tensors;

  /// The metadata's value, or nullptr.
  const std::string* find(std::string_view key) const {
    for (const auto& [name, value] : metadata)
      if (name == key) return &value;
    return nullptr;
  }
};

inline constexpr std::uint64_t max_header = 100'000'000;

/// The length of the header that follows the first 8 of `file_size` bytes. Throws FormatError unless it fits.
inline std::size_t header_length(std::string_view first_bytes, std::uint64_t file_size, std::string_view source) {
  expect<FormatError>(first_bytes.size() >= 8, source, ": ", file_size, " bytes; a safetensors file has at least 10");
  std::uint64_t length = 0;
  for (std::size_t i = 8; i-- > 0;) length = length << 8 | static_cast<unsigned char>(first_bytes[i]);
  expect<FormatError>(length <= file_size - 8 && length <= max_header, source, ": claims a header of ", length,
                      " bytes; it needs to be at most ", std::min(file_size - 8, max_header));
  return static_cast<std::size_t>(length);
}

namespace detail {
/// One entry of the header, with its place in the data.
struct Entry {
  std::string_view name;
  Dtype dtype = Dtype::f32;
  Shape shape;
  std::uint64_t begin = 0, end = 0;
};

inline Shape read_shape(const Json::Array& sizes, std::uint64_t& elements) {
  expect<FormatError>(sizes.size() <= Shape::max_rank, sizes.size(), " axes; at most ", Shape::max_rank,
                      " are supported");
  Index axes[Shape::max_rank] = {}, product = 1;  // of the sizes other than 0, as Shape bounds it
  elements = 1;
  for (std::size_t i = 0; i < sizes.size(); ++i) {
    axes[i] = sizes[i].index();
    const Index factor = std::max<Index>(axes[i], 1);
    expect<FormatError>(axes[i] >= 0 && product <= Shape::max_size / factor, "axis ", i, " of size ", axes[i],
                        "; the sizes' product needs to be in 0 .. 2^59");
    product *= factor;
    elements *= static_cast<std::uint64_t>(axes[i]);
  }
  const auto [a, b, c, d] = axes;
  const Shape shapes[] = {{}, {a}, {a, b}, {a, b, c}, {a, b, c, d}};
  return shapes[sizes.size()];
}

inline Entry read_entry(std::string_view name, const Json& json, std::uint64_t data_size) {
  Entry entry;
  entry.name = name;
  expect<FormatError>(json.size() == 3, json.size(), " members; dtype, shape and data_offsets are needed");
  const std::string& dtype = json.string("dtype");
  const auto* known = std::find_if(std::begin(dtypes), std::end(dtypes), [&](auto d) { return d.name == dtype; });
  expect<FormatError>(known != std::end(dtypes), "dtype '", dtype, "'; F32, F64, I64, I32 or U8 is needed");
  entry.dtype = static_cast<Dtype>(known - dtypes);
  std::uint64_t elements = 0;
  entry.shape = read_shape(json.items("shape"), elements);
  const Json::Array& offsets = json.items("data_offsets");
  expect<FormatError>(offsets.size() == 2, offsets.size(), " data_offsets; begin and end are needed");
  entry.begin = offsets[0].natural();
  entry.end = offsets[1].natural();
  expect<FormatError>(entry.begin <= entry.end && entry.end <= data_size, "bytes ", entry.begin, " to ", entry.end,
                      " of ", data_size, " bytes of data");
  expect<FormatError>(entry.end - entry.begin == elements * known->size, entry.end - entry.begin, " bytes for ", dtype,
                      ' ', entry.shape, "; it needs ", elements * known->size);
  return entry;
}

/// Throws FormatError unless the entries, sorted by their place, cover the data without hole or overlap.
inline void check_cover(const std::vector<Entry>& entries, std::uint64_t data_size, std::string_view source) {
  std::uint64_t end = 0;
  for (const Entry& entry : entries) {
    expect<FormatError>(entry.begin == end, source, ": tensor '", entry.name, "' begins at byte ", entry.begin,
                        entry.begin < end ? ", within another tensor" : ", after a hole", "; it needs to begin at ",
                        end);
    end = entry.end;
  }
  expect<FormatError>(end == data_size, source, ": ", data_size, " bytes of data, but the tensors end at ", end);
}

inline Content decode_header(const Json& header, std::string_view data, std::string_view source) {
  Content content;
  std::vector<Entry> entries;
  for (const auto& [name, json] : header.members()) {
    try {
      if (name == "__metadata__")
        for (const auto& [key, value] : json.members()) content.metadata.emplace_back(key, value.string());
      else
        entries.push_back(read_entry(name, json, data.size()));
    } catch (const FormatError& error) {
      throw FormatError(message(source, ": '", name, "': ", error.what()));
    }
  }
  std::stable_sort(entries.begin(), entries.end(), [](const Entry& a, const Entry& b) {
    return std::pair(a.begin, a.end) < std::pair(b.begin, b.end);
  });
  check_cover(entries, data.size(), source);
  for (const auto& [name, dtype, shape, begin, end] : entries)
    content.tensors.emplace_back(std::string(name), dtype, shape, data.substr(begin, end - begin));
  return content;
}
}  // namespace detail

/// The content of a file, in the order of the data; the tensors refer to `bytes`. Throws FormatError that names the
/// source and the tensor, and Error when there is not enough memory. Allocates in the size of the real header (see
/// Json, at most max_header bytes of text), never in a size that a header claims.
inline Content decode(std::string_view bytes, std::string_view source = "safetensors") {
  const std::size_t length = header_length(bytes, bytes.size(), source);
  const std::string_view text = bytes.substr(8, length), data = bytes.substr(8 + length);
  expect<FormatError>(text.substr(0, 1) == "{", source, ": the header needs to begin with '{'");
  return reading(source,
                 [&] { return detail::decode_header(Json::parse(text, message(source, ": header")), data, source); });
}

template <std::same_as<std::string> S> Content decode(S&&, std::string_view = {}) = delete;  // the views would dangle

namespace detail {
inline std::string write_header(const Metadata& metadata, const std::vector<const TensorView*>& order) {
  Json strings = Json::object();
  for (const auto& [key, value] : metadata) {
    expect<Error>(!strings.contains(key), "safetensors: two metadata entries named '", key, "'");
    strings[key] = value;
  }
  std::string header = "{\"__metadata__\":" + strings.dump();
  std::size_t end = 0;
  for (const TensorView* tensor : order) {
    Json shape = Json::array();
    for (int axis = 0; axis < tensor->shape.rank(); ++axis) shape.push_back(tensor->shape[axis]);
    const std::size_t begin = std::exchange(end, end + tensor->bytes.size());
    Json offsets = Json::array();
    offsets.push_back(begin);
    offsets.push_back(end);
    Json entry;
    entry["dtype"] = info(tensor->dtype).name;
    entry["shape"] = std::move(shape);
    entry["data_offsets"] = std::move(offsets);
    header += ',' + Json(tensor->name).dump() + ':' + entry.dump();
  }
  header += '}';
  header.resize((header.size() + 7) / 8 * 8, ' ');  // the data begin aligned
  expect<Error>(header.size() <= max_header, "safetensors: a header of ", header.size(), " bytes; at most ", max_header,
                " are allowed");
  return header;
}
}  // namespace detail

/// The bytes of a file with this content: larger element types first, so that every tensor is aligned to its type, and
/// otherwise in the given order. Throws Error for a name or key that occurs twice or is not UTF-8.
inline std::string encode(const Content& content) {
  std::vector<wsym::detail::PlacedName> names{{"__metadata__", 0}};
  for (const TensorView& tensor : content.tensors) names.emplace_back(tensor.name, names.size());
  const auto* twice = wsym::detail::sort_and_find_twice(names);
  expect<Error>(twice == nullptr, "safetensors: two tensors named '", twice ? twice->first : "", "'");
  std::vector<const TensorView*> order;
  for (std::size_t size = 8; size > 0; size /= 2)
    for (const TensorView& tensor : content.tensors)
      if (info(tensor.dtype).size == size) order.push_back(&tensor);

  const std::string header = detail::write_header(content.metadata, order);
  std::string bytes;
  for (int i = 0; i < 8; ++i) bytes += static_cast<char>(header.size() >> 8 * i & 0xFF);
  bytes += header;
  for (const TensorView* tensor : order) bytes += tensor->bytes;
  return bytes;
}

/// The bytes of a file for decode(). Throws Error if it cannot be read, and FormatError for a lying header length
/// before the rest is read.
inline std::string read(const std::string& path) {
  {
    const wsym::detail::OpenFile file(path, O_RDONLY, "cannot open");
    char first[8];
    const std::size_t count = file.read(first, sizeof first);
    header_length({first, count}, static_cast<std::uint64_t>(file.status().st_size), path);
  }
  return read_file(path);
}

}  // namespace wsym::inline WSYM_SIMD::safetensors
