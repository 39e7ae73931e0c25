// SPDX-License-Identifier: MIT
#pragma once
#include <string>
#include <vector>

/// Words in journals. What a journal says stands in drawings, pages and file names, and a journal may come from
/// anybody: a word that is not known is refused where it is read.
namespace wsym::lab {

using Words = std::vector<std::string>;

/// The word that came. Throws FormatError that names `what`, the word and the known ones if it is none of them.
const std::string& known_word(const char* what, const std::string& word, const Words& known);

/// True for what shortest() and std::to_string write of a finite number.
bool is_plain_number(const std::string& word);

/// The name of a file, or of a place in a page: letters, digits, '_', '-' and '.', which does not come first; '_'
/// stands for each other byte.
std::string plain_name(const std::string& text);

}  // namespace wsym::lab
