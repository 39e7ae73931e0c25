// SPDX-License-Identifier: MIT
#include "run_program.hpp"

/// Who of 48,842 people earns more than $50,000 a year, by the census of 1994.
int main(int argc, char** argv) {
  return wsym::papers::run_program({.name = "adult_income",
                                    .title = "Adult income",
                                    .rows = 48842,
                                    .numeric = 6,
                                    .categorical = 8,
                                    .inputs = 108,
                                    .outputs = 2,
                                    .quick_epochs = 50},
                                   argc, argv);
}
