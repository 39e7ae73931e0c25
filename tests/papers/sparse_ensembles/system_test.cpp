// SPDX-License-Identifier: MIT
#include "sparse_ensembles/system.hpp"

#include <doctest/doctest.h>

#include "sparse_ensembles/maker.hpp"
#include "wsym/core/error.hpp"

using namespace wsym;
using namespace wsym::sparse_ensembles;

TEST_CASE("system: its text says the model and what differs from the defaults, and reads back") {
  CHECK(to_text(System{}) == "model=moe");
  System system;
  system.model = "e3", system.members = 4, system.balance = 1e-4, system.start = "upstream";
  CHECK(to_text(system) == "model=e3;members=4;balance=1e-04;start=upstream");
  CHECK(system_of(to_text(system)) == system);
  System::visit(system, [](const char*, auto& value) {  // every field
    if constexpr (std::is_arithmetic_v<std::remove_reference_t<decltype(value)>>) value += 1;
  });
  CHECK(system_of(to_text(system)) == system);
}

TEST_CASE("system: a text that is none is refused, with what is wrong") {
  CHECK_THROWS_WITH_AS(system_of("model=e3;colour=red"),
                       "system 'model=e3;colour=red': 'colour=red' is no pair of a known key and a value", FormatError);
  CHECK_THROWS_AS(system_of("model=e3;members"), FormatError);
  CHECK_THROWS_AS(system_of("model=e3;members=many"), FormatError);
  CHECK_THROWS_WITH_AS(system_of("model=e5"),
                       doctest::Contains("model 'e5'; mlp or moe or e3 or tiling or partitioning or overlap or "),
                       FormatError);
  CHECK_THROWS_WITH_AS(system_of("model=moe;order=`touch x`"), "order '`touch x`'; row or priority is needed",
                       FormatError);
}

TEST_CASE("system: a text that to_text would not write is refused") {
  for (const char* const text : {"model=moe;", "model=moe;members=1", "model=e3;balance=1e-4", "members=2;model=e3",
                                 "model=e3;members=2;members=2", "model=moe;noise=nan", "model=moe;noise=0x1"})
    CHECK_THROWS_AS(system_of(text), FormatError);
  CHECK_THROWS_WITH_AS(system_of("members=2;model=e3"), "system 'members=2;model=e3' is written 'model=e3;members=2'",
                       FormatError);
}

TEST_CASE("system: a model forgets what it has no use for") {
  System all;
  all.members = 4, all.experts = 8, all.top_k = 2, all.shared = 2, all.repeats = 2, all.scales = "gaussian";
  const auto text = [&](const char* model) {
    all.model = model;
    return to_text(own(all));
  };
  CHECK(text("mlp") == "model=mlp");
  CHECK(text("moe") == "model=moe;experts=8;top_k=2");
  CHECK(text("e3") == "model=e3;members=4;experts=8;top_k=2");
  CHECK(text("overlap") == "model=overlap;members=4;experts=8;top_k=2;shared=2");
  all.shared = 0;
  CHECK(text("overlap") == "model=overlap;members=4;experts=8;top_k=2");
  CHECK(text("mimo") == "model=mimo;members=4;experts=8;top_k=2;repeats=2");
  CHECK(text("batch_ensemble") == "model=batch_ensemble;members=4;scales=gaussian");
  CHECK(text("tabm") == "model=tabm;members=4");
  all.base = "mlp";
  CHECK(text("deep_ensemble") == "model=deep_ensemble;members=4;base=mlp");
}

TEST_CASE("system: people read model, K and M first") {
  CHECK(describe(System{}) == "moe (K=1)");
  const Maker make(System{});
  CHECK(describe(make("e3", 2, 4)) == "e3 (K=2, M=4)");
  CHECK(describe(make("mlp")) == "mlp");
  CHECK(describe(make("mc_dropout", 1, 2, [](System& s) { s.dropout = 0.3; })) == "mc_dropout (K=1, M=2), dropout=0.3");
}

TEST_CASE("system: the last third of the classes is held out") {
  CHECK(held_out(10) == 3);
  CHECK(held_out(9) == 3);
  CHECK(held_out(2) == 1);
}
