// SPDX-License-Identifier: MIT
#pragma once
#include <string>
#include <vector>

#include "asymmetry/comparison.hpp"
#include "asymmetry/composite.hpp"

namespace wsym::asymmetry {

/// The tables of the report, as HTML; empty where there is nothing to show.

/// The numbers of a figure: a row for each series, the authors' under it where they are known, a column for each size.
std::string figure_table(Figure figure, const Study& study, const ViewChoice& view, const Published& published);

/// The numbers of a composite figure, with how many data sets each row is a mean of.
std::string composite_table(Figure figure, const std::vector<const Study*>& studies, const ViewChoice& view,
                            const Published& published);

/// What the figures do not show of ensembles: training, loss, averaged weights, diversity, distances.
std::string networks_table(const Study& study, const ViewChoice& view);

/// The same of mixtures, with their gates.
std::string mixtures_table(const Study& study);

/// z of every published number that the study has too, a row for each series, and in how far the sign of the
/// W-asymmetric networks' advantage in gain agrees. Of a study of another method than the published one (preset text)
/// the differences alone, unmarked, and why.
std::string comparison_tables(const Study& study, const ViewChoice& view, const Published& published);

/// The cells that are not the method itself.
std::string variants_table(const Study& study, const ViewChoice& view);

}  // namespace wsym::asymmetry
