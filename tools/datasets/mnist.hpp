// SPDX-License-Identifier: MIT
#pragma once
#include "schemas.hpp"
#include "wsym/data/idx.hpp"

namespace wsym::datasets {

namespace detail {
/// find_file for an idx file of MNIST, which archives name "train-images-idx3-ubyte" or "train-images.idx3-ubyte".
inline std::string find_idx(const std::string& dir, const std::string& folder, const std::string& part,
                            const std::string& kind) {
  const std::string dash = part + "-" + kind + "-ubyte", dot = part + "." + kind + "-ubyte";
  return find_file(dir, folder, {dash + ".gz", dash, dot + ".gz", dot});
}

/// A file of images and a file of labels as a table with the columns "pixels" and "digit".
/// Throws FormatError unless there are as many labels as 28x28 images, DataError for a label above 9.
inline Table read_mnist_part(const std::string& images_path, const std::string& labels_path) {
  IdxArray images = read_idx(images_path);
  const IdxArray labels = read_idx(labels_path);
  expect<FormatError>(images.sizes.size() == 3 && images.sizes[1] == 28 && images.sizes[2] == 28, images_path,
                      ": not an array of 28 x 28 images");
  expect<FormatError>(labels.sizes.size() == 1 && labels.sizes[0] == images.sizes[0], labels_path, ": ",
                      labels.bytes.size(), " labels for ", images.sizes[0], " images");
  Column digit{.name = "digit",
               .kind = ColumnKind::target_class,
               .vocabulary = Vocabulary(words_of(digit_words)),
               .declared = true};
  for (const std::uint8_t label : labels.bytes) {
    if (label > 9)
      throw DataError(message("label ", digit.codes.size(), " (from 0) is not a digit"), labels_path, 0, "digit",
                      std::to_string(label));
    digit.codes.push_back(label);
  }
  Table table{.rows = images.sizes[0], .fingerprint = fnv1a(std::to_string(labels.fingerprint), images.fingerprint)};
  table.columns.push_back(
      {.name = "pixels", .kind = ColumnKind::pixels, .pixels = std::move(images.bytes), .width = 28 * 28});
  table.columns.push_back(std::move(digit));
  return table;
}
}  // namespace detail

/// The 10,000 test images of MNIST alone, or those of a data set whose files have the same names and form, such as
/// Fashion-MNIST (Xiao, Rasul, Vollgraf 2017): from dir/mnist, or, where that is no folder, from dir itself.
inline Table read_mnist_test(const std::string& dir) {
  const char* const folder = detail::exists(dir) && !detail::exists(dir + "/mnist") ? "." : "mnist";
  return detail::read_mnist_part(detail::find_idx(dir, folder, "t10k-images", "idx3"),
                                 detail::find_idx(dir, folder, "t10k-labels", "idx1"));
}

/// MNIST (60,000 training images, then 10,000 test images, 28x28, grey 0..255), from the four idx files in dir/mnist,
/// each plain or ".gz", named with "-idx" or ".idx". Source: LeCun, Cortes, Burges (1998).
inline Table read_mnist(const std::string& dir) {
  Table table = detail::read_mnist_part(detail::find_idx(dir, "mnist", "train-images", "idx3"),
                                        detail::find_idx(dir, "mnist", "train-labels", "idx1"));
  append(table, read_mnist_test(dir));
  return table;
}

}  // namespace wsym::datasets
