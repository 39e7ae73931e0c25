// SPDX-License-Identifier: MIT
#include "run_program.hpp"

/// The category of 61,878 products, of nine.
int main(int argc, char** argv) {
  return wsym::papers::run_program({.name = "otto",
                                    .title = "Otto",
                                    .rows = 61878,
                                    .numeric = 93,
                                    .categorical = 0,
                                    .inputs = 93,
                                    .outputs = 9,
                                    .quick_epochs = 50},
                                   argc, argv);
}
