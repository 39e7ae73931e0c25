// SPDX-License-Identifier: MIT
#pragma once

/// What a program owes to whoever reads its output.
namespace wsym::lab {

/// Call first. Opens what the caller closed of standard input, output and error, since a file of ours that took its
/// number would be written over; writing to a closed output then fails. A reader that went away is an error, no signal.
void guard_streams();

/// Call last. `code`, or 1 where standard output did not take all that was printed, which is said on standard error.
int after_output(const char* program, int code);

}  // namespace wsym::lab
