// SPDX-License-Identifier: MIT
#pragma once

/// Called where a layer draws: numbers first .. first + count - 1 of the stream of a key. Nothing, unless a test that
/// is a program of its own defines it before it includes the library.
#ifndef WSYM_ON_DRAW
#define WSYM_ON_DRAW(key, first, count) static_cast<void>(0)
#endif
