// SPDX-License-Identifier: MIT
#include "wsym/io/safetensors.hpp"

#include <doctest/doctest.h>

#include <fstream>
#include <limits>

#include "io/scratch_folder.hpp"

namespace st = wsym::safetensors;
using wsym::Error;
using wsym::FormatError;
using wsym::Shape;

namespace {
std::string with_length(std::uint64_t length, const std::string& rest) {
  std::string bytes;
  for (int i = 0; i < 8; ++i) bytes += static_cast<char>(length >> 8 * i & 0xFF);
  return bytes + rest;
}
std::string file(const std::string& header, std::size_t data_bytes) {
  return with_length(header.size(), header + std::string(data_bytes, '\x01'));
}
std::string decode_error(const std::string& bytes) {
  try {
    st::decode(bytes, "f");
  } catch (const FormatError& error) {
    return error.what();
  }
  return "no error";
}
}  // namespace

TEST_CASE("safetensors: the bytes of a small file are those of the format") {
  const float values[] = {1.0f, -2.0f};
  const st::Content content{{{"k", "v"}}, {{"w", Shape{2, 1}, std::span<const float>(values)}}};
  const std::string header = R"({"__metadata__":{"k":"v"},"w":{"dtype":"F32","shape":[2,1],"data_offsets":[0,8]}})";
  REQUIRE(header.size() % 8 != 0);
  const std::string padded = header + std::string(8 - header.size() % 8, ' ');
  CHECK(st::encode(content) == with_length(padded.size(), padded + std::string("\0\0\x80\x3f\0\0\0\xc0", 8)));
}

TEST_CASE("safetensors: every element type, rank and special value comes back bit for bit") {
  const float infinity = std::numeric_limits<float>::infinity(), nan = std::numeric_limits<float>::quiet_NaN();
  const std::vector<float> floats{0.0f, -0.0f, infinity, -infinity, nan, std::numeric_limits<float>::denorm_min()};
  const std::vector<double> doubles{1.0 / 3};
  const std::vector<std::int64_t> longs{std::numeric_limits<std::int64_t>::min(), 7};
  const std::vector<std::int32_t> ints{-1, 2};
  const std::vector<unsigned char> octets{0, 255, 3};
  const st::Content content{{{"a", "1"}, {"b", "\u20ac\n\""}},
                            {{"octets", Shape{3}, std::span(octets)},
                             {"floats", Shape{1, 2, 1, 3}, std::span(floats)},
                             {"scalar", Shape{}, std::span(doubles)},
                             {"empty", Shape{0, 5}, std::span<const float>()},
                             {"ints", Shape{2, 1}, std::span(ints)},
                             {"longs \u20ac \"x\"", Shape{1, 2, 1}, std::span(longs)}}};
  const std::string bytes = st::encode(content);
  const st::Content back = st::decode(bytes);
  CHECK(back.metadata == content.metadata);
  REQUIRE(back.tensors.size() == 6);
  std::string order;
  for (const auto& tensor : back.tensors) {
    order += tensor.name.substr(0, 2) + ' ';
    const auto original = std::find_if(content.tensors.begin(), content.tensors.end(),
                                       [&](const auto& other) { return other.name == tensor.name; });
    REQUIRE(original != content.tensors.end());
    CHECK(tensor.dtype == original->dtype);
    CHECK(tensor.shape == original->shape);
    CHECK(tensor.bytes == original->bytes);
    CHECK(static_cast<std::size_t>(tensor.bytes.data() - bytes.data()) % st::info(tensor.dtype).size == 0);
  }
  CHECK(order == "sc lo fl em in oc ");
  CHECK(back.tensors[1].values<std::int64_t>() == longs);
  CHECK(st::encode(back) == bytes);
  CHECK(*back.find("b") == "\u20ac\n\"");
  CHECK(back.find("c") == nullptr);
}

TEST_CASE("safetensors: what other writers may do is read") {
  CHECK(decode_error(file("{}", 0)) == "no error");
  CHECK(decode_error(file("{}     ", 0)) == "no error");
  const std::string bytes = file(R"({ "b" : {"shape":[2], "data_offsets":[4,6], "dtype":"U8"},
      "a":{"data_offsets":[0,4],"dtype":"I32","shape":[]}, "z":{"dtype":"F32","shape":[0],"data_offsets":[4,4]} })",
                                 6);
  const st::Content content = st::decode(bytes);
  REQUIRE(content.tensors.size() == 3);
  CHECK(content.tensors[0].name == "a");
  CHECK(content.tensors[1].name == "z");
  CHECK(content.tensors[2].name == "b");
  CHECK(content.metadata.empty());
}

TEST_CASE("safetensors: a header length that lies is refused before anything is allocated") {
  CHECK(decode_error("") == "f: 0 bytes; a safetensors file has at least 10");
  CHECK(decode_error("1234567") == "f: 7 bytes; a safetensors file has at least 10");
  for (const std::uint64_t length :
       {std::uint64_t{3}, std::uint64_t{1} << 32, std::uint64_t{1} << 63, ~std::uint64_t{0}, ~std::uint64_t{0} - 7})
    CHECK(decode_error(with_length(length, "{}")) ==
          "f: claims a header of " + std::to_string(length) + " bytes; it needs to be at most 2");
  CHECK_THROWS_WITH_AS(st::header_length(with_length(100'000'001, ""), 1u << 30, "f"),
                       "f: claims a header of 100000001 bytes; it needs to be at most 100000000", FormatError);
  CHECK(st::header_length(with_length(100'000'000, ""), 1u << 30, "f") == 100'000'000);
}

TEST_CASE("safetensors: every attack of the list is refused with the tensor's name") {
  const auto one = [](const char* dtype, const char* shape, const char* offsets, std::size_t data = 8) {
    return decode_error(file(
        std::string(R"({"w":{"dtype":")") + dtype + R"(","shape":)" + shape + R"(,"data_offsets":)" + offsets + "}}",
        data));
  };
  CHECK(one("F32", "[2]", "[0,8]") == "no error");
  CHECK(one("F32", "[3]", "[0,8]") == "f: 'w': 8 bytes for F32 (3); it needs 12");
  CHECK(one("F64", "[2]", "[0,8]") == "f: 'w': 8 bytes for F64 (2); it needs 16");
  CHECK(one("F32", "[2]", "[0,12]") == "f: 'w': bytes 0 to 12 of 8 bytes of data");
  CHECK(one("F32", "[2]", "[8,0]") == "f: 'w': bytes 8 to 0 of 8 bytes of data");
  CHECK(one("F32", "[2]", "[18446744073709551608,18446744073709551615]") ==
        "f: 'w': bytes 18446744073709551608 to 18446744073709551615 of 8 bytes of data");
  CHECK(one("F32", "[2]", "[0,8]", 12) == "f: 12 bytes of data, but the tensors end at 8");
  CHECK(one("F32", "[1]", "[4,8]") == "f: tensor 'w' begins at byte 4, after a hole; it needs to begin at 0");
  CHECK(one("BF16", "[4]", "[0,8]") == "f: 'w': dtype 'BF16'; F32, F64, I64, I32 or U8 is needed");
  CHECK(one("F32", "[1,1,1,1,2]", "[0,8]") == "f: 'w': 5 axes; at most 4 are supported");
  CHECK(one("F32", "[4294967296,4294967296]", "[0,0]", 0) ==
        "f: 'w': axis 1 of size 4294967296; the sizes' product needs to be in 0 .. 2^59");
  CHECK(one("F32", "[4611686018427387904,4]", "[0,0]", 0) ==
        "f: 'w': axis 0 of size 4611686018427387904; the sizes' product needs to be in 0 .. 2^59");
  CHECK(one("F32", "[0,4294967296,4294967296]", "[0,0]", 0) ==
        "f: 'w': axis 2 of size 4294967296; the sizes' product needs to be in 0 .. 2^59");
  CHECK(one("F32", "[-1,-2]", "[0,8]") == "f: 'w': axis 0 of size -1; the sizes' product needs to be in 0 .. 2^59");
  CHECK(one("F32", "[2.0]", "[0,8]") == "f: 'w': json: value is a number; it needs to be an integer of 64 bits");
  CHECK(one("F32", "[2]", "[0,-8]") == "f: 'w': json: value is an integer; it needs to be an integer of at least 0");
  CHECK(one("F32", "[2]", "[0,8,8]") == "f: 'w': 3 data_offsets; begin and end are needed");
  CHECK(one("F32", "2", "[0,8]") == "f: 'w': json: member 'shape' is an integer; it needs to be an array");
}

TEST_CASE("safetensors: overlaps, duplicates and a wrong header are refused") {
  const std::string a = R"("a":{"dtype":"U8","shape":[4],"data_offsets":[0,4]})";
  CHECK(decode_error(file('{' + a + R"(,"b":{"dtype":"U8","shape":[4],"data_offsets":[2,6]}})", 6)) ==
        "f: tensor 'b' begins at byte 2, within another tensor; it needs to begin at 4");
  CHECK(decode_error(file('{' + a + R"(,"b":{"dtype":"U8","shape":[4],"data_offsets":[0,4]}})", 4)) ==
        "f: tensor 'b' begins at byte 0, within another tensor; it needs to begin at 4");
  CHECK(decode_error(file('{' + a + ',' + a + '}', 4)) ==
        "f: header: line 1, column 54 (byte 53): found '\"'; a key other than \"a\", which this object already has, is "
        "needed");
  CHECK(decode_error(file(R"({"a":{"dtype":"U8","shape":[4],"data_offsets":[0,4],"x":1}})", 4)) ==
        "f: 'a': 4 members; dtype, shape and data_offsets are needed");
  CHECK(decode_error(file(R"({"a":{"dtype":"U8","shape":[4],"offsets":[0,4]}})", 4)) ==
        "f: 'a': json: member 'data_offsets' is missing");
  CHECK(decode_error(file(R"({"a":7})", 4)) == "f: 'a': json: value is an integer; it needs to be an object");
  CHECK(decode_error(file(R"({"__metadata__":{"k":1}})", 0)) ==
        "f: '__metadata__': json: value is an integer; it needs to be a string");
  CHECK(decode_error(file(" {}", 0)) == "f: the header needs to begin with '{'");
  CHECK(decode_error(file("[]", 0)) == "f: the header needs to begin with '{'");
  CHECK(decode_error(file("", 0)) == "f: the header needs to begin with '{'");
  CHECK(decode_error(file("{}x", 0)) ==
        "f: header: line 1, column 3 (byte 2): found 'x'; the end of the text is needed");
}

TEST_CASE("safetensors: a file cut short anywhere is refused") {
  const std::vector<double> values{1, 2, 3};
  const std::string bytes =
      st::encode({{{"k", "v"}}, {{"a", Shape{3}, std::span(values)}, {"b", Shape{3, 1}, std::span(values)}}});
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    CAPTURE(size);
    CHECK(decode_error(bytes.substr(0, size)) != "no error");
  }
  CHECK(decode_error(bytes + 'x') != "no error");
}

TEST_CASE("safetensors: what cannot be read back is not written") {
  const std::vector<float> values{1};
  const auto encode = [&](const char* first, const char* second, const char* key) {
    return st::encode(
        {{{"k", ""}, {key, ""}}, {{first, Shape{1}, std::span(values)}, {second, {}, std::span(values)}}});
  };
  CHECK_NOTHROW(encode("a", "b", "l"));
  CHECK_THROWS_WITH_AS(encode("a", "a", "l"), "safetensors: two tensors named 'a'", Error);
  CHECK_THROWS_WITH_AS(encode("a", "__metadata__", "l"), "safetensors: two tensors named '__metadata__'", Error);
  CHECK_THROWS_WITH_AS(encode("a", "b", "k"), "safetensors: two metadata entries named 'k'", Error);
  CHECK_THROWS_AS(encode("a", "\xff", "l"), Error);
}

TEST_CASE("safetensors: a file whose header length lies is refused by its first bytes") {
  const ScratchFolder folder;
  std::ofstream(folder / "f", std::ios::binary) << with_length(~std::uint64_t{0}, "{}");
  CHECK_THROWS_AS(st::read(folder / "f"), FormatError);
  std::ofstream(folder / "g", std::ios::binary) << "1234";
  CHECK_THROWS_WITH_AS(st::read(folder / "g"), (folder / "g" + ": 4 bytes; a safetensors file has at least 10").c_str(),
                       FormatError);
  std::ofstream(folder / "h", std::ios::binary) << file("{}", 0);
  CHECK(st::read(folder / "h") == file("{}", 0));
  CHECK_THROWS_AS(st::read(folder / "none"), Error);
}
