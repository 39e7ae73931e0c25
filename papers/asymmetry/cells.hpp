// SPDX-License-Identifier: MIT
#pragma once
#include <string>
#include <vector>

#include "asymmetry/options.hpp"
#include "asymmetry/record.hpp"

namespace wsym::asymmetry {

/// How the networks of a cell are made and trained, as far as a variant may change it, in the words of its variant.
struct Method {
  std::string mask_scope;  // who has one mask: shared | repetition | member; the experts of a mixture always do
  std::string mask_seed = "0";
  std::string frozen = "entries";  // entries | same_rows | whole_rows | trainable, see WAsymmetry::Kind
  std::string kappa = "1";         // scale of frozen values; free: that of the free weights, 1/sqrt(3 in)
  std::string n_fix = "rule";      // frozen entries a row, in every layer; rule: the preset's
  std::string weights;             // best | last
  std::string weight_decay;
  std::string temperature = "2";  // of Gumbel gates
  std::string gate_samples = "10";
  std::string moie_average = "gates";  // gates | outputs
  std::string expert_dropout = "0";    // of GateOptions, as is the next
  std::string balance = "0";

  friend bool operator==(const Method&, const Method&) = default;
};

/// The variant that came. Throws FormatError unless it has the form in which variants are written: pairs key=value of
/// Method's fields in their order, joined by ';', each value a word that its field knows or a plain number.
const std::string& known_variant(const std::string& text);

/// What the cell's variant makes of the preset's method. Throws as known_variant.
Method method_of(const Options& options, const Cell& cell);

/// The variant that the options alone make of the cell's method: where they differ from the preset. What says nothing
/// about a model, such as the mask scope about an mlp, makes none.
std::string plain_variant(const Options& options, const Cell& cell);

/// Whether the methods of two cells are the same in all but what W-asymmetry alone knows: masks and frozen values.
bool alike_without_asymmetry(const Options& options, const Cell& a, const Cell& b);

/// The words that --controls knows: each changes the field of Method of its name.
std::vector<std::string> control_names();

/// The cells that the options ask for, in the order in which they are worked on: in each repetition the mixtures of
/// most experts first, so that the last networks are short ones. inputs: features of a row; n_fix stays below.
std::vector<Cell> cells_of(const Options& options, Index inputs);

}  // namespace wsym::asymmetry
