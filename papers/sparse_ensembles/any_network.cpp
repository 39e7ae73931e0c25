// SPDX-License-Identifier: MIT
#include "sparse_ensembles/any_network.hpp"

#include <sstream>

namespace wsym::sparse_ensembles {
namespace {

void describe_network(std::ostream& out, const auto& network) {
  const ParameterCount n = count(network);
  out << "parameters: " << n.parameters << ", " << n.frozen << " of them frozen\n";
  for_each_member(network, [&](const std::string& name, const auto& tensor) {
    out << "  " << name << ' ' << tensor.shape() << '\n';
  });
  for_each_setting(network, [&](const std::string& name, const auto& setting) {
    out << "  " << name << " = " << setting_text(setting) << '\n';
  });
}

template <class M> void describe_served(std::ostream& out, const ServedModel<M>& model) {
  const Preprocessor& fitted = model.preprocessor;
  out << "a served model: " << setting_text(model.ensemble.task.kind) << " of '" << fitted.target
      << "', networks: " << model.ensemble.members.size() << '\n';
  out << "columns:";
  for (const Preprocessor::Source& source : fitted.sources)
    out << ' ' << source.name << " (" << setting_text(source.kind) << ')';
  out << (model.schema ? "\n" : "; without a schema\n");
  if (fitted.classes.size() > 0) {
    out << "classes:";
    for (const std::string& word : fitted.classes.words()) out << ' ' << word;
    out << "\ntemperature: " << setting_text(model.temperature) << '\n';
  }
  if (fitted.scales_target())
    out << "target: mean " << setting_text(fitted.target_mean) << ", sd " << setting_text(fitted.target_sd) << '\n';
  const Provenance& from = model.provenance;
  out << "made by: wsym " << from.version << '\n';
  for (const auto& [name, text] :
       {std::pair("command", from.command), std::pair("data", from.data_hash), std::pair("commit", from.commit)})
    if (!text.empty()) out << name << ": " << text << '\n';
  describe_network(out, model.ensemble);
}

}  // namespace

std::string describe(const std::string& path) {
  const std::string bytes = safetensors::read(path);
  const safetensors::Content content = safetensors::decode(bytes, path);
  std::ostringstream out;
  out << path << ": " << detail::type_of(content, path) << '\n';
  with_networks([&]<class... Networks>() {
    if (content.find(detail::model_key) != nullptr)
      std::visit([&](const auto& model) { describe_served(out, model); }, load_any_model<Networks...>(path));
    else
      std::visit([&](const auto& network) { describe_network(out, network); }, load_any<Networks...>(path));
  });
  return out.str();
}

}  // namespace wsym::sparse_ensembles
