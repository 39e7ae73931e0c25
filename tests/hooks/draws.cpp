// SPDX-License-Identifier: MIT
// Collects (key, index) of every draw over layers, members, examples and tokens, and finds none twice.
#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>
#include <vector>

#include "wsym/core/random.hpp"

namespace {

/// Numbers [first, end) of one stream, and the place in the library that draws them.
struct Draw {
  std::array<std::uint64_t, 2> stream;
  std::uint64_t first, end;
  const char* file;
  bool operator==(const Draw&) const = default;
  auto operator<=>(const Draw&) const = default;
};
std::vector<Draw> draws;

template <class First, class Count> void record(const wsym::Key& key, First first, Count count, const char* file) {
  const auto from = static_cast<std::uint64_t>(first);
  if (count > 0) draws.push_back({{key.bits(0), key.bits(1)}, from, from + static_cast<std::uint64_t>(count), file});
}

}  // namespace

#define WSYM_ON_DRAW(key, first, count) record(key, first, count, __FILE__)
#include "nn/drawing.hpp"

using namespace wsym;

namespace {

/// The draws of f(), in order, neighbours of one stream put together. Checks that no number is drawn twice, and that no
/// two kinds of draw share a stream.
template <class F> std::vector<Draw> draws_of(const F& f) {
  draws.clear();
  f();
  std::sort(draws.begin(), draws.end());
  std::vector<Draw> joined;
  Index twice = 0, mixed = 0;
  for (const Draw& draw : draws) {
    const bool same = !joined.empty() && joined.back().stream == draw.stream;
    twice += same && draw.first < joined.back().end;
    mixed += same && std::strcmp(draw.file, joined.back().file) != 0;
    if (same && draw.first == joined.back().end)
      joined.back().end = draw.end;
    else
      joined.push_back(draw);
  }
  CHECK(joined.size() > 0);
  CHECK(twice == 0);
  CHECK(mixed == 0);
  return joined;
}

template <class M, Real T> void evaluate_in_blocks(const M& model, const Tensor<T>& x, Index block) {
  for (Index first = 0; first < x.rows(); first += block) {
    const Index rows = std::min(block, x.rows() - first);
    const Pass<T> pass = Pass<T>::evaluate(Key(7), first, rows).with_dropout(true).with_router_noise(true);
    test::output_of(model, test::rows_of(x, first, rows), pass);
  }
}

}  // namespace

TEST_CASE("draws: no number is drawn twice, and blocks draw together what all rows draw at once") {
  const Tensor<float> x = test::random_tensor<float>({20, 5}, Key(2));
  test::for_each_drawing<float>([&](const char* name, const auto& model) {
    CAPTURE(name);
    const std::vector<Draw> whole = draws_of([&] { evaluate_in_blocks(model, x, 20); });
    for (const Index block : {1, 7}) CHECK((draws_of([&] { evaluate_in_blocks(model, x, block); }) == whole));
  });
}

TEST_CASE("draws: a training step draws no number twice") {
  const Tensor<float> x = test::random_tensor<float>({20, 5}, Key(2));
  const GateOptions gate{.kind = GateKind::gumbel, .dropout = 0.3};
  const auto step = [&](const char* name, const auto& model) {
    CAPTURE(name);
    for (const Index examples : {0, 20})
      draws_of([&] { test::output_of(model, x, Pass<float>::train(Key(7)).with_examples(0, examples)); });
  };
  test::for_each_drawing<float>(step);
  step("gate with dropout", MixtureOfExperts<float>(4, {5, 8, 3, 1}, gate, Key(1)));
  step("MIMO with repeats",
       Mimo<float, ResidualMlp<float>>({{.in = 10, .out = 6, .width = 8, .hidden = 9}, Key(1), 0.25},
                                       {.members = 2, .replication = 0.25, .repeats = 3}));
}
