// SPDX-License-Identifier: MIT
#pragma once
#include "asymmetry/published.hpp"
#include "asymmetry/study.hpp"
#include "papers/asymmetry/records.hpp"
#include "tools/lab/plain_text.hpp"
#include "wsym/io/atomic_file.hpp"

/// Hand-made studies and results folders.
namespace sample {

inline wsym::asymmetry::Study study(const wsym::asymmetry::Setting& setting, const std::string& title,
                                    wsym::asymmetry::Records records) {
  wsym::asymmetry::Study result;
  result.setting = setting;
  result.title = title;
  result.unit = setting.classifies() ? "" : "$100k";
  result.sources.push_back({{}, {}, std::make_unique<wsym::asymmetry::Records>(std::move(records))});
  result.groups = wsym::asymmetry::groups_of(*result.sources[0].records);
  return result;
}

/// Plain and W-asymmetric networks of one width: singles at `single`, ensembles of k at single + k / 100 and, of the
/// W-asymmetric, single + k / 50, the same in both repetitions.
inline wsym::asymmetry::Records two_models(wsym::Index hidden, double single = 0.5, wsym::Index members = 4) {
  wsym::asymmetry::Records records;
  for (const char* model : {"mlp", "wmlp"}) {
    const double step = std::string(model) == "mlp" ? 0.01 : 0.02;
    add(
        records, cell(model, hidden), 2, members, [&](wsym::Index, wsym::Index) { return single; },
        [&](wsym::Index k, wsym::Index) { return single + step * static_cast<double>(k); });
  }
  return records;
}

/// Lines of a file in the form of published.csv, without the head.
inline wsym::asymmetry::Published published(const std::string& folder, const std::string& lines) {
  const std::string path = folder + "/numbers.csv";
  wsym::write_file_atomically(path, "dataset,experiment,gate,hidden,model,size,metric,mean,sd,repeats\n" + lines);
  return wsym::asymmetry::Published(path);
}

/// A results folder with the journal of one run.
inline void write_journal(const std::string& out, const wsym::asymmetry::Setting& setting,
                          const wsym::asymmetry::Records& records, double lr = 0.001) {
  using wsym::Json;
  wsym::asymmetry::Journal journal(
      out, setting,
      {Json::object({{"program", setting.dataset}, {"preset", setting.preset}, {"lr", lr}}),
       Json::object({{"wsym", "1.2.3"}, {"compiler", "c++"}, {"instructions", "none"}}),
       Json::object({{"command", setting.dataset + " --out <here>"}, {"started", "2026-01-02T03:04:05Z"}})});
  for (const auto& [place, record] : records.members) journal.append(record);
  for (const auto& [place, record] : records.cells) journal.append(record);
}

}  // namespace sample
