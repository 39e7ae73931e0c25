// SPDX-License-Identifier: MIT
#pragma once
#include "datasets/datasets.hpp"
#include "sparse_ensembles/system.hpp"
#include "wsym/core/random.hpp"

/// What is made of a data set before systems see it.
namespace wsym::sparse_ensembles {

/// The parts of a data set, for the classes that are trained and for those that are held out.
struct Parts {
  Dataset<float> train, valid, test;
  Dataset<float> novel_train, novel_test;  // rows of the held-out classes, numbered from 0; none where all are trained
};

/// All classes, or without the last held_out() of them. Throws ConfigError where fewer than two would be left or held
/// out.
Parts parts_of(const datasets::Prepared<float>& data, const std::string& classes);

/// Another task on the same rows, for upstream networks: to tell the first half of the classes (rounded up) apart; with
/// two classes, to predict a row's features while three in ten of them are set to 0.
Dataset<float> upstream_task(const Dataset<float>& part, const Key& key);

}  // namespace wsym::sparse_ensembles
