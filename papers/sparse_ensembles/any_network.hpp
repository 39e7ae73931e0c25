// SPDX-License-Identifier: MIT
#pragma once
#include "sparse_ensembles/networks.hpp"
#include "wsym/ensemble/model_file.hpp"
#include "wsym/nn/experts/interpolated_moe.hpp"
#include "wsym/nn/experts/multi_pred.hpp"

namespace wsym::sparse_ensembles {

/// f.operator()<Network...>() of every type of network that the programs train: the list for load_any and
/// load_any_model where a file may hold any of them.
template <class F> auto with_networks(const F& f) {
  return f.template operator()<Mlp<float>, MixtureOfExperts<float>, MixtureOfInterpolatedExperts<float>, Dense, Sparse,
                               BatchEnsemble, TabM<float>, Mimo<float, Sparse>, MultiPred<float>>();
}

/// What a file of save() or save_model() holds, in lines: type, count of parameters, tensors and settings; of a served
/// model also columns, task, temperature and provenance. Throws FormatError for what is neither, or of a type that the
/// programs do not train, and Error for a file that cannot be read.
std::string describe(const std::string& path);

}  // namespace wsym::sparse_ensembles
