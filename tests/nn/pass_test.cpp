// SPDX-License-Identifier: MIT
#include "wsym/nn/pass.hpp"

#include <doctest/doctest.h>

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

TEST_CASE_TEMPLATE("pass: it and its children know the place of the first row, 0 unless told", T, float, double) {
  CHECK(Pass<T>::train(Key(3)).first_row() == 0);
  CHECK(Pass<T>::evaluate(Key(3)).first_row() == 0);
  CHECK(Pass<T>::evaluate(Key(3), 512).first_row() == 512);
  CHECK(Pass<T>::evaluate(Key(3), 512).child(1).child(0).first_row() == 512);
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
