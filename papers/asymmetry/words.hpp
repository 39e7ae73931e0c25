// SPDX-License-Identifier: MIT
#pragma once
#include "asymmetry/names.hpp"
#include "lab/words.hpp"

/// The words that command lines offer and journals hold.
namespace wsym::asymmetry {

inline const Words preset_words = {"text", "code"};
inline const Words unit_words = {"ensemble", "moe"};  // what a journal line is about
inline const Words model_words = {"mlp", "wmlp", "imlp", "iwmlp"};
inline const Words gate_words = {"softmax", "gumbel"};
inline const Words scope_words = {"shared", "repetition", "member"};
inline const Words frozen_words = {"entries", "same_rows", "whole_rows", "trainable"};  // see WAsymmetry::Kind
inline const Words group_words = {"first", "disjoint"};
inline const Words average_words = {"logits", "probabilities"};
inline const Words moie_average_words = {"gates", "outputs"};

}  // namespace wsym::asymmetry
