// SPDX-License-Identifier: MIT
#include "run_program.hpp"

/// House prices of 20,640 districts of California, a regression in units of $100,000.
int main(int argc, char** argv) {
  return wsym::papers::run_program({.name = "california_housing",
                                    .title = "California housing",
                                    .rows = 20640,
                                    .numeric = 8,
                                    .categorical = 0,
                                    .inputs = 8,
                                    .outputs = 1,
                                    .quick_epochs = 200},
                                   argc, argv);
}
