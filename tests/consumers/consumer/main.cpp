// SPDX-License-Identifier: MIT
#include <cstdio>
#include <wsym/wsym.hpp>

wsym::Tensor<float> drawn_in_the_other_unit(const wsym::Key& key);

int main() {
  const wsym::Key key = wsym::Key(1).child("consumer");
  const wsym::Tensor<float> other = drawn_in_the_other_unit(key);
  for (wsym::Index i = 0; i < other.size(); ++i) {
    if (other[i] != static_cast<float>(key.normal(i))) return 1;
  }
  std::printf("wsym %s: two units agree on %s values\n", WSYM_VERSION, wsym::message(other.shape()).c_str());
}
