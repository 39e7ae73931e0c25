// SPDX-License-Identifier: MIT
#pragma once

namespace wsym::lab {

/// The commit that the sources were at when this was built, "-dirty" behind it if they had been changed; "unknown"
/// where git, or its folder, was not there.
const char* commit();

}  // namespace wsym::lab
