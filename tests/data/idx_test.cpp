// SPDX-License-Identifier: MIT
#include "wsym/data/idx.hpp"

#include <doctest/doctest.h>

#include "data/scratch_file.hpp"
#if defined(WSYM_ZLIB)
#include "data/gzip_bytes.hpp"
#endif

using namespace wsym;
using test::ScratchFile;

namespace {

/// An idx header of these sizes: magic 0x08 and the rank, then each size, big-endian.
std::string header(std::initializer_list<std::uint32_t> sizes, char type = 8) {
  std::string bytes{0, 0, type, static_cast<char>(sizes.size())};
  for (const std::uint32_t size : sizes)
    for (int shift = 24; shift >= 0; shift -= 8) bytes += static_cast<char>(size >> shift & 0xff);
  return bytes;
}

void refuse(const std::string& name, const std::string& contents, const std::string& reason) {
  const ScratchFile file(name, contents);
  CHECK_THROWS_WITH_AS(read_idx(file.path()), (file.path() + reason).c_str(), FormatError);
}

}  // namespace

TEST_CASE("idx: sizes and bytes are read, of rank 1 to 8") {
  const ScratchFile labels("labels", header({3}) + std::string{7, 0, '\xff'});
  const IdxArray array = read_idx(labels.path());
  CHECK(array.sizes == std::vector<Index>{3});
  CHECK(array.bytes == std::vector<std::uint8_t>{7, 0, 255});
  CHECK(array.fingerprint == fnv1a(header({3}) + std::string{7, 0, '\xff'}));

  const ScratchFile deep("deep", header({1, 2, 1, 1, 1, 1, 1, 2}) + "abcd");
  CHECK(read_idx(deep.path()).sizes == std::vector<Index>{1, 2, 1, 1, 1, 1, 1, 2});
  const ScratchFile none("none", header({0, 28, 28}));
  CHECK(read_idx(none.path()).bytes.empty());
}

TEST_CASE("idx: a wrong magic number or rank is refused") {
  refuse("text", "1,2,3,4\n",
         ": magic number 824980012 is not that of an idx file of unsigned bytes (2049 for labels, 2051 for images)");
  refuse("floats", header({1}, 13) + "abcd",
         ": magic number 3329 is not that of an idx file of unsigned bytes (2049 for labels, 2051 for images)");
  refuse("scalar", header({}), ": an idx array of rank 0; 1 to 8 can be read");
  refuse("nine", header({1, 1, 1, 1, 1, 1, 1, 1, 1}) + "a", ": an idx array of rank 9; 1 to 8 can be read");
}

TEST_CASE("idx: a file cut short, or with something behind it, is refused") {
  refuse("empty", "", ": ends inside its idx header");
  refuse("magic", header({2}).substr(0, 3), ": ends inside its idx header");
  refuse("sizes", header({2, 2}).substr(0, 10), ": ends inside its idx header");
  refuse("short", header({2, 2}) + "abc", ": the idx header promises 4 bytes after it, but the file holds 3");
  refuse("long", header({2, 2}) + "abcde", ": goes on after the 4 bytes that its idx header promises");
}

TEST_CASE("idx: a header that promises too much is refused before memory is taken") {
  refuse("4GiB", header({0xffffffff}) + "abc",
         ": the idx header promises 4294967295 bytes after it, but the file holds 3");
  refuse("more", header({0xffffffff, 2}) + "abc",
         ": the idx header promises 8589934590 bytes, above the limit of 4294967296");
  refuse("overflow", header({0xffffffff, 0xffffffff, 0xffffffff}) + "abc",
         ": the idx header promises more than 2^64 bytes");
  // 2^32 * 2^32 = 2^64 is 0 in 64 bits
  refuse("wrap", header({0x80000000, 0x80000000, 4}), ": the idx header promises more than 2^64 bytes");
}

TEST_CASE("idx: a file that is not there is refused") {
  CHECK_THROWS_WITH_AS(read_idx("/nowhere/x"), "/nowhere/x: cannot be opened: No such file or directory", DataError);
}

#if defined(WSYM_ZLIB)
TEST_CASE("idx: a gzip file gives the same array and fingerprint") {
  const std::string contents = header({2, 3}) + "abcdef";
  const ScratchFile plain("a", contents), packed("a.gz", test::gzip(contents));
  const IdxArray a = read_idx(plain.path()), b = read_idx(packed.path());
  CHECK(a.sizes == b.sizes);
  CHECK(a.bytes == b.bytes);
  CHECK(a.fingerprint == b.fingerprint);
}

TEST_CASE("idx: a gzip file that is damaged, cut short or lies about its size is refused") {
  const std::string packed = test::gzip(header({2, 2}) + "abcd");
  refuse("short.gz", test::gzip(header({2, 2}) + "abc"),
         ": the idx header promises 4 bytes after it, but the file holds 3");
  refuse("long.gz", test::gzip(header({2, 2}) + "abcde"), ": goes on after the 4 bytes that its idx header promises");
  refuse("plain.gz", header({2, 2}) + "abcdefgh", ": not a gzip file, or a damaged one (zlib: incorrect header check)");
  refuse("tiny.gz", "abc", ": not a gzip file, or a damaged one (zlib: incorrect header check)");
  for (std::size_t size = 1; size < packed.size(); ++size) {
    const ScratchFile file("cut.gz", packed.substr(0, size));
    CHECK_THROWS_AS(read_idx(file.path()), FormatError);
  }

  // header and trailer agree on 2^30 bytes
  std::string lying = test::gzip(header({1u << 30}) + "abcd");
  const std::uint32_t size = (1u << 30) + 8;
  for (std::size_t i = 0; i < 4; ++i) lying[lying.size() - 4 + i] = static_cast<char>(size >> 8 * i & 0xff);
  refuse("lying.gz", lying, ": not a gzip file, or a damaged one (zlib: incorrect length check)");
}

TEST_CASE("idx: a gzip file of several members, or with zeros behind, holds what gzip -dc gives") {
  const std::string contents = header({3, 2, 2}) + "abcdefghijkl";
  const std::string two = test::gzip(contents.substr(0, 20)) + test::gzip(contents.substr(20));
  for (const std::string& packed :
       {two, test::gzip(contents) + test::gzip(""), test::gzip("") + two, two + std::string(200000, '\0')}) {
    const ScratchFile file("members.gz", packed);
    const IdxArray array = read_idx(file.path());
    CHECK(array.sizes == std::vector<Index>{3, 2, 2});
    CHECK(std::string(array.bytes.begin(), array.bytes.end()) == "abcdefghijkl");
    CHECK(array.fingerprint == fnv1a(contents));
  }
}

TEST_CASE("idx: more than the caller's limit is refused") {
  const std::string contents = header({1000}) + std::string(1000, 'a');
  const ScratchFile plain("a", contents), packed("a.gz", test::gzip(contents));
  CHECK_THROWS_WITH_AS(read_idx(plain.path(), 999),
                       (plain.path() + ": the idx header promises 1000 bytes, above the limit of 999").c_str(),
                       FormatError);
  CHECK_THROWS_WITH_AS(read_idx(packed.path(), 1007),
                       (packed.path() + ": inflates to more than the limit of 1007 bytes").c_str(), FormatError);
  CHECK(read_idx(packed.path(), 1008).bytes.size() == 1000);
}
#endif
