// SPDX-License-Identifier: MIT
#include "wsym/data/gzip.hpp"

#include <doctest/doctest.h>

#include "data/scratch_file.hpp"
#if defined(WSYM_ZLIB)
#include "data/gzip_bytes.hpp"
#endif

using namespace wsym;
using test::ScratchFile;

namespace {

std::string read_all(const std::string& path, std::size_t piece, std::uint64_t limit = InputFile::default_limit) {
  InputFile file(path, limit);
  std::string contents, buffer(piece, '\0');
  for (;;) {
    const std::size_t got = file.read(buffer.data(), piece);
    contents.append(buffer, 0, got);
    if (got < piece) return contents;
  }
}

std::string some_text(std::size_t size) {
  std::string text;
  for (unsigned i = 0; text.size() < size; ++i) text += std::to_string(i * 2654435761u) + "\n";
  return text.substr(0, size);
}

}  // namespace

TEST_CASE("gzip: fnv1a gives the published values and can be continued") {
  CHECK(fnv1a("") == 0xcbf29ce484222325);
  CHECK(fnv1a("a") == 0xaf63dc4c8601ec8c);
  CHECK(fnv1a("foobar") == 0x85944171f73967e8);
  CHECK(fnv1a("bar", fnv1a("foo")) == fnv1a("foobar"));
}

TEST_CASE("gzip: a plain file is read whole, in pieces of any size") {
  for (const std::size_t size : {0u, 1u, 4095u, 4096u, 200000u}) {
    const ScratchFile file("plain", some_text(size));
    CHECK(read_all(file.path(), 4096) == some_text(size));
    CHECK(read_all(file.path(), 1 << 20) == some_text(size));
  }
}

TEST_CASE("gzip: a file that is not there, and a directory, are refused") {
  CHECK_THROWS_WITH_AS(InputFile("/nowhere/file.csv"), "/nowhere/file.csv: cannot be opened: No such file or directory",
                       DataError);
  CHECK_THROWS_WITH_AS(read_all("/tmp", 10), "/tmp: cannot be read: Is a directory", DataError);
}

#if defined(WSYM_ZLIB)
TEST_CASE("gzip: a gzip file gives its contents and the fingerprint of the plain file") {
  const std::string text = some_text(300000);
  const ScratchFile packed("text.gz", test::gzip(text)), plain("text", text);
  for (const std::size_t piece : {1000u, 150000u, 300000u, 300001u}) CHECK(read_all(packed.path(), piece) == text);

  InputFile a(packed.path()), b(plain.path());
  std::string buffer(text.size() + 1, '\0');
  CHECK(a.read(buffer.data(), buffer.size()) == text.size());
  CHECK(b.read(buffer.data(), buffer.size()) == text.size());
  CHECK(a.fingerprint() == b.fingerprint());
  CHECK(a.fingerprint() == fnv1a(text));
}

TEST_CASE("gzip: several members in a row are one contents, and an empty one is none") {
  const ScratchFile two("two.gz", test::gzip("one ") + test::gzip("two")), none("none.gz", test::gzip(""));
  CHECK(read_all(two.path(), 100) == "one two");
  CHECK(read_all(two.path(), 4) == "one two");
  CHECK(read_all(none.path(), 100) == "");
}

TEST_CASE("gzip: zero bytes behind the last member are no contents, but nothing may follow them") {
  const std::string text = some_text(5000), packed = test::gzip(text), zeros(200000, '\0');
  for (const std::size_t count : {1u, 511u, 65536u, 200000u}) {
    const ScratchFile padded("padded.gz", packed + packed + zeros.substr(0, count));
    for (const std::size_t piece : {100u, 10000u, 20000u}) CHECK(read_all(padded.path(), piece) == text + text);
    const ScratchFile more("more.gz", packed + zeros.substr(0, count) + packed);
    CHECK_THROWS_WITH_AS(
        read_all(more.path(), 100),
        (more.path() + ": something other than zeros follows the zero bytes after the gzip data").c_str(), FormatError);
  }
}

TEST_CASE("gzip: a file cut short anywhere is refused") {
  const std::string whole = test::gzip(some_text(5000));
  for (const std::size_t piece : {100u, 5000u, 10000u})
    for (std::size_t size = 0; size < whole.size(); size += size < 20 || size + 20 > whole.size() ? 1 : 37) {
      const ScratchFile file("cut.gz", whole.substr(0, size));
      CHECK_THROWS_WITH_AS(read_all(file.path(), piece), (file.path() + ": the gzip file is cut short").c_str(),
                           FormatError);
    }
}

TEST_CASE("gzip: a flipped bit in data, checksum or size is refused") {
  const std::string whole = test::gzip(some_text(5000));
  for (std::size_t at = 10; at<whole.size(); at += at + 10> whole.size() ? 1 : 101) {
    std::string damaged = whole;
    damaged[at] = static_cast<char>(damaged[at] ^ 4);
    const ScratchFile file("damaged.gz", damaged);
    CHECK_THROWS_AS(read_all(file.path(), 1000), FormatError);
  }
}

TEST_CASE("gzip: a file that is no gzip file, or has something behind it, is refused") {
  const ScratchFile text("text.gz", "1,2,3\n"), tail("tail.gz", test::gzip("text") + "and more");
  const std::string reason = ": not a gzip file, or a damaged one (zlib: incorrect header check)";
  CHECK_THROWS_WITH_AS(read_all(text.path(), 100), (text.path() + reason).c_str(), FormatError);
  CHECK_THROWS_WITH_AS(read_all(tail.path(), 100), (tail.path() + reason).c_str(), FormatError);
}

TEST_CASE("gzip: a file that inflates beyond the limit is refused") {
  const ScratchFile bomb("bomb.gz", test::gzip(std::string(1 << 22, '0')));
  CHECK_THROWS_WITH_AS(read_all(bomb.path(), 1 << 16, 1000000),
                       (bomb.path() + ": inflates to more than the limit of 1000000 bytes").c_str(), FormatError);
  CHECK(read_all(bomb.path(), 1 << 16, 1 << 22).size() == 1 << 22);
}
#else
TEST_CASE("gzip: without zlib a gzip file is refused by name of the option") {
  CHECK_THROWS_WITH_AS(InputFile("x.gz"), "x.gz: built without zlib; configure with -DWSYM_ZLIB=ON, or unpack the file",
                       Error);
}
#endif
