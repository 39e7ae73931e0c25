// SPDX-License-Identifier: MIT
#include "wsym/nn/pass.hpp"

#include <doctest/doctest.h>

#include <algorithm>

using namespace wsym;

TEST_CASE_TEMPLATE("pass: it knows whether it trains, and so do its children", T, float, double) {
  const Pass<T> train = Pass<T>::train(Key(3)), evaluate = Pass<T>::evaluate();
  CHECK(train.training());
  CHECK(train.child(2).training());
  CHECK_FALSE(evaluate.training());
  CHECK_FALSE(evaluate.child(2).training());
}

TEST_CASE_TEMPLATE("pass: a child's stream follows from the parent's key and the index alone", T, float, double) {
  const Pass<T> pass = Pass<T>::train(Key(3));
  CHECK(pass.key() == Key(3));
  CHECK(pass.child(1).key() == Key(3).child(1));
  CHECK_FALSE(pass.child(1).key() == pass.child(2).key());
  CHECK(Pass<T>::evaluate(Key(5)).key() == Key(5));
}

TEST_CASE_TEMPLATE("pass: it and its children know members and examples: one, and from 0 on, unless told", T, float,
                   double) {
  for (const Pass<T>& pass : {Pass<T>::train(Key(3)), Pass<T>::evaluate(Key(3))}) {
    CHECK(pass.members() == 1);
    CHECK(pass.examples() == 0);
    CHECK(pass.place(5) == 5);
  }
  const Pass<T> own = Pass<T>::evaluate(Key(3), 512, 256).with_members(3).child(1).child(0);
  CHECK(own.members() == 3);
  CHECK(own.examples() == 256);
  CHECK(own.place(5) == 517);
  CHECK(own.with_examples(7, 2).place(1) == 8);
}

TEST_CASE_TEMPLATE("pass: examples that are no neighbours stand where their list says, and are of one member", T, float,
                   double) {
  const std::vector<Index> list{9, 2, 5};
  const Pass<T> own = Pass<T>::evaluate(Key(3), 512, 256).with_members(3).with_places(list).child(1);
  CHECK(own.members() == 1);
  CHECK(own.examples() == 3);
  CHECK(own.place(1) == 2);
  CHECK_FALSE(own.in_sequence());
  CHECK(own.with_examples(0, 3).in_sequence());
}

namespace {
struct Run {
  Key key;
  Index place, row, count;
  bool operator==(const Run&) const = default;
};
template <Real T> std::vector<Run> runs(const Pass<T>& pass, const Shape& x) {
  std::vector<Run> all;
  detail::for_each_stream(pass, Key(1), x, [&](const Key& key, Index place, Index row, Index count) {
    all.push_back({key, place, row, count});
  });
  return all;
}
}  // namespace

TEST_CASE_TEMPLATE("for_each_stream: a run for each member, and for each example that stands alone", T, float, double) {
  const Pass<T> pass = Pass<T>::evaluate(Key(0), 10, 4);
  CHECK(runs(pass, {4, 7}) == std::vector<Run>{{Key(1), 10, 0, 4}});
  CHECK(runs(pass, {4, 3, 7}) == std::vector<Run>{{Key(1), 30, 0, 12}});
  CHECK(runs(pass.with_members(2), {2, 4, 3, 7}) ==
        std::vector<Run>{{Key(1).child(0), 30, 0, 12}, {Key(1).child(1), 30, 12, 12}});
  const std::vector<Index> list{9, 2};
  CHECK(runs(pass.with_places(list), {2, 3, 7}) == std::vector<Run>{{Key(1), 27, 0, 3}, {Key(1), 6, 3, 3}});
  CHECK(runs(pass.with_places(list).with_members(2), {2, 2, 7}) == std::vector<Run>{{Key(1).child(0), 9, 0, 1},
                                                                                    {Key(1).child(0), 2, 1, 1},
                                                                                    {Key(1).child(1), 9, 2, 1},
                                                                                    {Key(1).child(1), 2, 3, 1}});
  CHECK(runs(pass.with_places(std::span(list).first(0)), {0, 7}).empty());
}

TEST_CASE_TEMPLATE("row_numbers: no two rows of any members, blocks and examples share one", T, float, double) {
  Tape<T> tape;
  std::vector<Index> seen;
  for (const Index first : {0, 4, 8}) {  // blocks of four examples, three tokens, two members
    const Index* number = detail::row_numbers(Pass<T>::evaluate(Key(0), first, 4).with_members(2), 24, tape);
    seen.insert(seen.end(), number, number + 24);
  }
  std::sort(seen.begin(), seen.end());
  for (Index i = 0; i < 72; ++i) CHECK(seen[static_cast<std::size_t>(i)] == i);
}

TEST_CASE_TEMPLATE("pass: losses that layers add are summed where the training step asks for them", T, float, double) {
  Tape<T> tape;
  const Tensor<T> two({1}, {2}), three({1}, {3});
  AuxiliaryLoss<T> auxiliary;
  Pass<T> pass = Pass<T>::train(Key(3), &auxiliary);
  CHECK_FALSE(auxiliary.has_value());
  pass.add_loss(tape.constant(two));
  CHECK(auxiliary->item() == 2);
  Pass<T> child = pass.child(1).child(0);
  child.add_loss(tape.constant(three));
  CHECK(auxiliary->item() == 5);
  for (Pass<T> nobody : {Pass<T>::train(Key(3)), Pass<T>::evaluate(Key(3))}) nobody.add_loss(tape.constant(three));
  CHECK(auxiliary->item() == 5);
}

TEST_CASE_TEMPLATE("pass: dropout and router noise follow training until a switch says otherwise", T, float, double) {
  for (const Pass<T>& pass : {Pass<T>::train(Key(3)), Pass<T>::evaluate(Key(3))}) {
    CHECK(pass.drops() == pass.training());
    CHECK(pass.routes_with_noise() == pass.training());
    for (const bool on : {true, false}) {
      CHECK(pass.with_dropout(on).child(1).drops() == on);
      CHECK(pass.with_dropout(on).routes_with_noise() == pass.training());
      CHECK(pass.with_router_noise(on).child(1).routes_with_noise() == on);
      CHECK(pass.with_router_noise(on).drops() == pass.training());
    }
    CHECK(pass.with_dropout(true).key() == pass.key());
    CHECK(pass.with_dropout(true).training() == pass.training());
  }
}

TEST_CASE_TEMPLATE("pass: children carry a capacity and the list for statistics, which nobody asks for at first", T,
                   float, double) {
  const Pass<T> pass = Pass<T>::evaluate();
  CHECK_FALSE(pass.capacity().has_value());
  CHECK(pass.statistics() == nullptr);
  CHECK(pass.with_capacity(1.05).child(1).capacity() == 1.05);
  std::vector<RoutingStats> list;
  CHECK(pass.with_statistics(&list).child(1).statistics() == &list);
  AuxiliaryLoss<T> auxiliary;
  CHECK_FALSE(pass.gathers_losses());
  CHECK(Pass<T>::train(Key(1), &auxiliary).child(0).gathers_losses());
}
