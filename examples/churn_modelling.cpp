// SPDX-License-Identifier: MIT
#include "run_program.hpp"

/// Which of 10,000 bank customers leave.
int main(int argc, char** argv) {
  return wsym::papers::run_program({.name = "churn_modelling",
                                    .title = "Churn modelling",
                                    .rows = 10000,
                                    .numeric = 8,
                                    .categorical = 2,
                                    .inputs = 13,
                                    .outputs = 2,
                                    .quick_epochs = 100},
                                   argc, argv);
}
