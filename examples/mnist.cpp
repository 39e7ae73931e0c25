// SPDX-License-Identifier: MIT
#include "run_program.hpp"

/// 70,000 images of handwritten digits, 28 x 28.
int main(int argc, char** argv) {
  return wsym::papers::run_program({.name = "mnist",
                                    .title = "MNIST",
                                    .rows = 70000,
                                    .numeric = 784,
                                    .categorical = 0,
                                    .inputs = 784,
                                    .outputs = 10,
                                    .quick_epochs = 20},
                                   argc, argv);
}
