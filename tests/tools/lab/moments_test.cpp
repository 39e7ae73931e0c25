// SPDX-License-Identifier: MIT
#include "lab/moments.hpp"

#include <doctest/doctest.h>

#include <cmath>

using namespace wsym;
using namespace wsym::lab;

TEST_CASE("moments: moments have ddof 1 and pass over what is undefined") {
  const Moments all = moments({1, 2, undefined, 3, 4});
  CHECK(all.n == 4);
  CHECK(all.mean == 2.5);
  CHECK(all.sd == doctest::Approx(1.2909944487));
  CHECK(all.se() == doctest::Approx(0.6454972244));
  CHECK(std::isnan(moments({7}).sd));
  CHECK(moments({7}).mean == 7);
  CHECK(std::isnan(moments({undefined}).mean));
}
