// SPDX-License-Identifier: MIT
#include "wsym/io/load_any.hpp"

#include <doctest/doctest.h>

#include "io/scratch_folder.hpp"

using namespace wsym;

namespace {
template <class Self> struct Own {
  Parameter<float> weight{Tensor<float>({2, 2})};
  static void visit(auto& self, auto&& v) { v("weight", self.weight); }
};
struct Twin : Own<Twin> {
  static constexpr const char* type_name = "twin";
};
struct Other : Own<Other> {
  static constexpr const char* type_name = "other";
};
struct Unnamed : Own<Unnamed> {};
/// Its lists and settings follow from the file.
struct Tree {
  static constexpr const char* type_name = "tree";
  std::vector<Twin> leaves;
  Index age = 0;
  static void visit(auto& self, auto&& v) {
    v("leaves", self.leaves);
    v("age", self.age);
  }
};
}  // namespace

TEST_CASE("load_any: the file's type is the one of the list that it names, and others are refused") {
  const ScratchFolder folder;
  const std::string path = folder / "model";
  Tree tree{.leaves = std::vector<Twin>(3), .age = 70};
  tree.leaves[2].weight = Parameter<float>(Tensor<float>({1, 2}, 0.5F));
  save(tree, path);
  const std::variant<Twin, Tree> any = load_any<Twin, Tree>(path);
  REQUIRE(std::holds_alternative<Tree>(any));
  CHECK(std::get<Tree>(any).age == 70);
  CHECK(to_bytes(std::get<Tree>(any)) == read_file(path));
  CHECK_THROWS_WITH_AS((load_any<Twin, Other>(path)),
                       (path + ": holds a model of type tree; the types at hand are twin, other").c_str(), FormatError);
  save(Unnamed(), path);
  CHECK_THROWS_WITH_AS(load_any<Twin>(path), (path + ": names no model type; load it as a type that you know").c_str(),
                       FormatError);
  CHECK_THROWS_AS(load_any<Twin>(folder / "none"), Error);
}

TEST_CASE("load_any: weights that are not finite are refused unless they are accepted") {
  const ScratchFolder folder;
  const std::string path = folder / "model";
  Twin twin;
  twin.weight = Parameter<float>(Tensor<float>({2, 2}, std::numeric_limits<float>::quiet_NaN()));
  save(twin, path);
  CHECK_THROWS_AS((load_any<Twin, Other>(path)), FormatError);
  CHECK(std::holds_alternative<Twin>(load_any<Other, Twin>(path, NotFinite::accept)));
}
