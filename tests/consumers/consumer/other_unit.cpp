// SPDX-License-Identifier: MIT
#include <wsym/wsym.hpp>

wsym::Tensor<float> drawn_in_the_other_unit(const wsym::Key& key) {
  wsym::Tensor<float> values(wsym::Shape{3, 5});
  for (wsym::Index i = 0; i < values.size(); ++i) values[i] = static_cast<float>(key.normal(i));
  return values;
}
