// SPDX-License-Identifier: MIT
#pragma once
#include <string>
#include <vector>

/// The words that command lines offer and journals hold. What a journal says stands in drawings, pages and file names,
/// and a journal may come from anybody: a word that is not known is refused where it is read.
namespace wsym::experiment {

using Words = std::vector<std::string>;

inline const Words preset_words = {"text", "code"};
inline const Words unit_words = {"ensemble", "moe"};  // what a journal line is about
inline const Words model_words = {"mlp", "wmlp", "imlp", "iwmlp"};
inline const Words gate_words = {"softmax", "gumbel"};
inline const Words scope_words = {"shared", "repetition", "member"};
inline const Words frozen_words = {"entries", "same_rows", "whole_rows", "trainable"};  // see WAsymmetry::Kind
inline const Words group_words = {"first", "disjoint"};
inline const Words average_words = {"logits", "probabilities"};
inline const Words moie_average_words = {"gates", "outputs"};

/// The word that came. Throws FormatError that names `what`, the word and the known ones if it is none of them.
const std::string& known_word(const char* what, const std::string& word, const Words& known);

/// True for what shortest() and std::to_string write of a finite number.
bool is_plain_number(const std::string& word);

/// The name of a file, or of a place in a page: letters, digits, '_', '-' and '.', which does not come first; '_'
/// stands for each other byte.
std::string plain_name(const std::string& text);

}  // namespace wsym::experiment
