// SPDX-License-Identifier: MIT
#pragma once
#include <string>

#include "wsym/core/types.hpp"

namespace wsym::datasets {

/// What one example program says about itself: its data set's row of the paper's Table 1, and how long quick trains.
struct Program {
  std::string name;              // the program's, the NamedDataset's, and the data set's in every results file
  std::string title;             // for people
  Index rows = 0;                // of the raw file
  Index numeric = 0;             // feature columns of the raw file
  Index categorical = 0;         // the same
  Index inputs = 0;              // features after one-hot encoding
  Index outputs = 1;             // 1: regression; otherwise the number of classes
  Index quick_epochs = 0;        // the cap of --scale quick
  bool comes_with_data = false;  // its data lie in examples/data

  bool regression() const { return outputs == 1; }
  std::string metric() const { return regression() ? "rmse" : "accuracy"; }
};

/// Where a data set's files are: the folder that was asked for; or, for data that come with the sources, their folder;
/// or $WSYM_DATA_DIR; or ./data.
std::string data_folder(bool comes_with_data, const std::string& asked);

}  // namespace wsym::datasets
