// SPDX-License-Identifier: MIT
#include "datasets/program.hpp"

#include <cstdlib>
#include <filesystem>

namespace wsym::datasets {

std::string data_folder(bool comes_with_data, const std::string& asked) {
  if (!asked.empty()) return asked;
  if (comes_with_data && std::filesystem::is_directory(WSYM_EXAMPLES_DATA)) return WSYM_EXAMPLES_DATA;
  const char* const variable = std::getenv("WSYM_DATA_DIR");
  return variable != nullptr && *variable != '\0' ? variable : "data";
}

}  // namespace wsym::datasets
