// SPDX-License-Identifier: MIT
#include "run_program.hpp"

/// 1,797 images of handwritten digits, 8 x 8; the data come with the sources.
int main(int argc, char** argv) {
  return wsym::papers::run_program({.name = "digits",
                                    .title = "Digits",
                                    .rows = 1797,
                                    .numeric = 64,
                                    .categorical = 0,
                                    .inputs = 64,
                                    .outputs = 10,
                                    .quick_epochs = 100,
                                    .comes_with_data = true},
                                   argc, argv);
}
