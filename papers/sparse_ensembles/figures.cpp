// SPDX-License-Identifier: MIT
#include "sparse_ensembles/figures.hpp"

#include <Eigen/Dense>
#include <algorithm>
#include <cmath>
#include <functional>
#include <map>
#include <tuple>

#include "lab/text.hpp"
#include "sparse_ensembles/maker.hpp"
#include "sparse_ensembles/tables.hpp"

namespace wsym::sparse_ensembles {
namespace {

using lab::Moments;

/// Adds a point if the system has records.
void add_point(const Records& records, const System& system, double x, const std::string& metric,
               Plot::Series& series) {
  const Moments value = moments_of(records, system, metric);
  const double factor = shown_factor(metric);
  if (value.n > 0)
    series.points.push_back({x, factor * value.mean, std::isfinite(value.se()) ? factor * value.se() : 0});
}

void keep(Plot plot, std::vector<Plot>& plots) {
  std::erase_if(plot.series, [](const Plot::Series& series) { return series.points.empty(); });
  if (!plot.series.empty()) plots.push_back(std::move(plot));
}

/// Which curve of Figure 3 a system belongs to.
std::string family(const System& s) {
  if (s.model == "deep_ensemble") return "deep ensemble of " + s.base;
  return s.model;
}

std::vector<HeatMap> grid_maps(const Records& records, const Maker& make) {
  const std::vector<Index> counts = {1, 2, 4, 8};
  std::vector<std::string> labels;
  for (const Index count : counts) labels.push_back(std::to_string(count));
  const auto map = [&](const char* name, const char* title, int decimals, auto f) {
    HeatMap one{name, title, "K", "M", labels, labels, {}, decimals};
    for (const Index m : counts) {
      one.values.emplace_back();
      for (const Index k : counts) one.values.back().push_back(f(k, m));
    }
    return one;
  };
  const auto mean = [&](const char* metric, Index k, Index m) {
    return moments_of(records, make.networks(k, m), metric).mean;
  };
  const auto likelihood = [&](Index k, Index m) {
    return -mean("nll", k, m);
  };
  const auto flops = [&](Index k, Index m) {
    return mean("train_flops", k, m) / 1000;
  };
  if (!std::isfinite(likelihood(1, 1))) return {};
  std::vector<HeatMap> maps = {
      map("fig2-likelihood", "Log-likelihood (nats a row)", 3, likelihood),
      map("fig2-flops", "Thousand FLOPs a row, training", 0, flops),
      map("fig2-efficiency", "log of the gain in log-likelihood a thousand FLOPs", 1, [&](Index k, Index m) {
        return std::log((likelihood(k, m) - likelihood(1, 1)) / (flops(k, m) - flops(1, 1)));
      })};
  std::erase_if(maps, [](const HeatMap& one) {  // without a second system there is no gain
    return std::none_of(one.values.begin(), one.values.end(), [](const std::vector<double>& row) {
      return std::any_of(row.begin(), row.end(), [](double value) { return std::isfinite(value); });
    });
  });
  return maps;
}

void flops_plots(const Study& study, const Records& records, std::vector<Plot>& plots) {
  for (const std::string& metric : study.metrics) {
    if (metric.find("flops") != metric.npos) continue;
    std::map<std::string, Plot::Series> families;
    std::vector<Plot::Point> all;
    for (const Study::Row& row : study.rows) {
      Plot::Series& series = families[family(row.system)];
      series.label = family(row.system), series.style = Plot::Style::points;
      const std::size_t before = series.points.size();
      add_point(records, row.system, moments_of(records, row.system, "train_flops").mean, metric, series);
      if (series.points.size() > before) all.push_back(series.points.back());
    }
    Plot plot{"fig3-" + metric,
              title_of(metric) + " against FLOPs",
              "FLOPs a row, training",
              title_of(metric),
              true,
              false,
              {}};
    for (auto& [name, series] : families) plot.series.push_back(std::move(series));
    if (metric != "kl") plot.series.push_back({"Pareto front", pareto_front(all), Plot::Style::line});
    keep(std::move(plot), plots);
  }
}

/// A metric over a number of the system, a curve for each model. 0 stands a decade below the smallest other.
template <class X>
void sweep_plots(const Study& study, const Records& records, const char* what, X x, std::vector<Plot>& plots) {
  std::map<double, std::string> tics;
  double least = HUGE_VAL;
  for (const Study::Row& row : study.rows)
    if (const double value = x(row.system); value > 0) least = std::min(least, value);
  const auto place = [&](const System& s) {
    return x(s) > 0 ? x(s) : least / 10;
  };
  for (const Study::Row& row : study.rows) tics[place(row.system)] = lab::shortest(x(row.system));
  for (const std::string& metric : study.metrics) {
    std::map<std::string, Plot::Series> models;
    for (const Study::Row& row : study.rows) {
      Plot::Series& series = models[row.system.model];
      series.label = message(row.system.model, " (K=", row.system.top_k, ", M=", row.system.members, ")");
      add_point(records, row.system, place(row.system), metric, series);
    }
    Plot plot{
        study.name + "-" + metric, study.title + ": " + title_of(metric), what, title_of(metric), true, false, {}};
    plot.x_tics.assign(tics.begin(), tics.end());
    for (auto& [name, series] : models) plot.series.push_back(std::move(series));
    keep(std::move(plot), plots);
  }
}

/// NLL over K and over M with most experts, each point a mean over the other; over E with K = 2, a mean over M.
void marginal_plots(const Study& study, const Records& records, std::vector<Plot>& plots) {
  Index most = 0;
  for (const Study::Row& row : study.rows) most = std::max(most, row.system.experts);
  const auto of_most = [most](const System& s) {
    return s.experts == most;
  };
  const auto of_two = [](const System& s) {
    return s.top_k == 2;
  };
  const std::tuple<const char*, std::string, Index System::*, std::function<bool(const System&)>> axes[] = {
      {"K", message("E = ", most, ", mean over M"), &System::top_k, of_most},
      {"M", message("E = ", most, ", mean over K"), &System::members, of_most},
      {"E", "K = 2, mean over M", &System::experts, of_two}};
  for (const auto& [name, rest, field, counts] : axes) {
    std::map<Index, std::vector<double>> values;
    for (const Study::Row& row : study.rows)
      if (const Moments nll = moments_of(records, row.system, "nll"); nll.n > 0 && counts(row.system))
        values[row.system.*field].push_back(nll.mean);
    Plot plot{study.name + "-" + name, message("NLL over ", name, ", ", rest), name, "NLL", true, false,
              {{"mean", {}}}};
    for (const auto& [x, list] : values) {
      plot.series[0].points.push_back({static_cast<double>(x), lab::moments(list).mean, 0});
      plot.x_tics.emplace_back(static_cast<double>(x), std::to_string(x));
    }
    keep(std::move(plot), plots);
  }
}

void dense_fit_plot(const Study& study, const Records& records, std::vector<Plot>& plots) {
  std::vector<double> flops, nll;
  std::map<std::string, Plot::Series> models;
  for (const Study::Row& row : study.rows) {
    const Moments work = moments_of(records, row.system, "train_flops"), loss = moments_of(records, row.system, "nll");
    Plot::Series& series = models[row.system.model];
    series.label = row.system.model, series.style = Plot::Style::points;
    add_point(records, row.system, work.mean, "nll", series);
    if (row.system.model == "mlp" && loss.n > 0) flops.push_back(work.mean), nll.push_back(loss.mean);
  }
  if (flops.size() < 4) return;
  const DenseFit fit = fit_dense(flops, nll);
  const auto [least, greatest] = std::minmax_element(flops.begin(), flops.end());
  Plot::Series curve{"cubic fit of mlp", {}, Plot::Style::line};
  for (int i = 0; i <= 40; ++i) {
    const double x = *least * std::pow(*greatest / *least, i / 40.0);
    curve.points.push_back({x, fit(x), 0});
  }
  Plot plot{
      "fig9", "NLL against FLOPs, and a cubic through the dense networks", "FLOPs a row, training", "NLL", true, false,
      {curve}};
  for (auto& [name, series] : models) plot.series.push_back(std::move(series));
  keep(std::move(plot), plots);
}

}  // namespace

double DenseFit::operator()(double flops) const {
  const double l = std::log(flops);
  return coefficients[0] + l * (coefficients[1] + l * (coefficients[2] + l * coefficients[3]));
}

double DenseFit::slope(double flops) const {
  const double l = std::log(flops);
  return (coefficients[1] + l * (2 * coefficients[2] + 3 * l * coefficients[3])) / flops;
}

DenseFit fit_dense(const std::vector<double>& flops, const std::vector<double>& nll) {
  expect<ConfigError>(flops.size() >= 4 && nll.size() == flops.size(), "fit_dense: ", flops.size(),
                      " networks; a cubic needs four");
  const auto n = static_cast<Index>(flops.size());
  Eigen::MatrixXd features(n, 4);
  Eigen::VectorXd targets(n);
  for (Index i = 0; i < n; ++i) {
    const double l = std::log(flops[static_cast<std::size_t>(i)]);
    features.row(i) << 1, l, l * l, l * l * l;
    targets[i] = nll[static_cast<std::size_t>(i)];
  }
  const Eigen::VectorXd solution = features.colPivHouseholderQr().solve(targets);
  DenseFit fit;
  std::copy_n(solution.data(), 4, fit.coefficients);
  return fit;
}

std::vector<GainOverDense> gains_over_dense(const Study& study, const Records& records) {
  std::vector<double> flops, nll;
  for (const Study::Row& row : study.rows)
    if (const Moments loss = moments_of(records, row.system, "nll"); row.system.model == "mlp" && loss.n > 0)
      flops.push_back(moments_of(records, row.system, "train_flops").mean), nll.push_back(loss.mean);
  if (flops.size() < 4) return {};
  const DenseFit fit = fit_dense(flops, nll);
  const double largest = *std::max_element(flops.begin(), flops.end());
  std::vector<GainOverDense> rows;
  for (const Study::Row& row : study.rows) {
    const Moments loss = moments_of(records, row.system, "nll");
    const auto dense = std::find_if(study.rows.begin(), study.rows.end(), [&](const Study::Row& other) {
      return other.system.model == "mlp" && other.system.width == row.system.width;
    });
    if (row.system.model == "mlp" || loss.n == 0 || dense == study.rows.end()) continue;
    const double base = moments_of(records, dense->system, "nll").mean;
    const double work = moments_of(records, dense->system, "train_flops").mean, gain = 100 * (base - loss.mean) / base;
    const bool falls = fit.slope(largest) < 0 && fit.slope(work) < 0;
    rows.push_back({row.label, base, loss.mean, gain, falls ? gain * fit.slope(largest) / fit.slope(work) : NAN});
  }
  return rows;
}

Figures figures_of(const Study& study, const Records& records, const System& common) {
  Figures figures;
  const Maker make(common);
  if (study.name == "fig2") figures.maps = grid_maps(records, make);
  if (study.name == "fig3") flops_plots(study, records, figures.plots);
  if (study.name == "fig9") dense_fit_plot(study, records, figures.plots);
  if (study.name == "fig10")
    sweep_plots(
        study, records, "lambda", [](const System& s) { return s.balance; }, figures.plots);
  if (study.name == "fig11")
    sweep_plots(
        study, records, "standard deviation", [](const System& s) { return s.perturbation; }, figures.plots);
  if (study.name == "fig12") marginal_plots(study, records, figures.plots);
  return figures;
}

Figures routing_and_reliability(const Records& records, const System& common) {
  const Maker make(common);
  Figures figures;
  Plot plot{"reliability",
            "Reliability: accuracy over confidence, bins of 10 rows or more",
            "confidence",
            "accuracy",
            false,
            true,
            {}};
  for (const System& system : {make("mlp"), make("moe"), make("e3", 1, 2), make("deep_ensemble", 1, 2)}) {
    const std::vector<const Record*> repeats = repeats_of(records, system);
    if (repeats.empty()) continue;
    Plot::Series series{describe(system, common), {}};
    for (std::size_t bin = 0; bin < repeats[0]->reliability.size(); ++bin) {
      double rows = 0, confidence = 0, accuracy = 0;
      for (const Record* record : repeats) {
        if (bin >= record->reliability.size()) continue;
        const std::vector<double>& one = record->reliability[bin];
        rows += one[0], confidence += one[0] * one[1], accuracy += one[0] * one[2];
      }
      if (rows >= 10) series.points.push_back({confidence / rows, accuracy / rows, 0});
    }
    plot.series.push_back(std::move(series));
    HeatMap map{"load-" + system.model,
                "Share of the rows at each expert, first repetition: " + describe(system, common),
                "expert",
                "sparse layer",
                {},
                {},
                repeats[0]->load,
                2};
    if (map.values.empty()) continue;
    for (std::size_t e = 0; e < map.values[0].size(); ++e) map.columns.push_back(std::to_string(e));
    for (std::size_t l = 0; l < map.values.size(); ++l) map.rows.push_back(std::to_string(l + 1));
    figures.maps.push_back(std::move(map));
  }
  keep(std::move(plot), figures.plots);
  return figures;
}

}  // namespace wsym::sparse_ensembles
