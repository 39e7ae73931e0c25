// SPDX-License-Identifier: MIT
// Are two networks that were trained apart connected by a straight line of networks as good? Pairs of MLPs, as trained
// and with the second one's hidden units matched to the first one's, against pairs of networks whose symmetry was
// removed before training: W-asymmetric with a shared mask, and sigma-asymmetric.
#include <algorithm>
#include <array>
#include <cstdio>

#include "datasets/datasets.hpp"
#include "datasets/program.hpp"
#include "lab/command_line.hpp"
#include "lab/gnuplot.hpp"
#include "lab/run_main.hpp"
#include "lab/text.hpp"
#include "wsym/wsym.hpp"

namespace {

using namespace wsym;
using namespace wsym::lab;
using namespace wsym::datasets;

constexpr const char* name = "mode_connectivity";

struct Choice {
  std::string data_set = "digits", data, out = "results/mode_connectivity";
  Index hidden = 64, pairs = 5, epochs = 200;
  std::uint64_t seed = 0;
  int threads = available_threads();
};

/// The lines between the two networks of every pair: test loss, and the data set's metric (accuracy, or rmse).
struct Method {
  std::string label, colour;
  std::vector<LossBarrier> loss, metric;
};

Choice chosen(const std::vector<std::string>& arguments) {
  Choice o;
  CLI::App app("The loss on the straight line between pairs of trained networks, aligned or without symmetry.", name);
  std::vector<std::string> names;
  for (const NamedDataset& one : named_datasets) names.emplace_back(one.name);
  app.add_option("--data-set", o.data_set, join(names, ", ") + " [digits]")
      ->check(CLI::IsMember(names).description(""))
      ->type_name("NAME");
  app.add_option("--data", o.data, "folder of its files [$WSYM_DATA_DIR, else ./data]")->type_name("DIR");
  app.add_option("--hidden", o.hidden, "width of the three hidden layers [64]")->type_name("N");
  app.add_option("--pairs", o.pairs, "pairs of each kind of network [5]")->type_name("N");
  app.add_option("--epochs", o.epochs, "at most; training stops 16 after the best [200]")->type_name("N");
  app.add_option("--seed", o.seed, "of split, weights, batches and masks [0]")->type_name("N");
  app.add_option("--threads", o.threads, "networks trained at once [all cores]")->type_name("N");
  app.add_option("--out", o.out, "folder of lines.csv and the figure [" + o.out + "]")->type_name("DIR");
  app.footer("Exit codes: 0 done, 2 wrong usage, 1 anything else.");
  parse(app, arguments);
  for (const Index number : {o.hidden, o.pairs, o.epochs, Index{o.threads}})
    if (number < 1 || number > 65536)
      throw Usage(message("--hidden, --pairs, --epochs, --threads: ", number, " came; 1 to 65536 are possible"), 2);
  return o;
}

Key child(const Key& key, Index i) {
  return key.child(i);
}

/// Lim et al.'s setting for hidden layers of 512 units, as shares of the fan-in: 64 of 784, 64 of 512 twice, 256 of 512
/// in the output layer, with values scaled by 1, 1, 1/2 and 1/4.
WAsymmetry strong(const MlpSize& size, const Key& mask) {
  const auto share = [](Index fan_in, double part) {
    return std::max<Index>(1, std::lround(part * static_cast<double>(fan_in)));
  };
  return {mask,
          {share(size.in, 64.0 / 784), share(size.hidden, 0.125), share(size.hidden, 0.125), share(size.hidden, 0.5)},
          {1, 1, 0.5, 0.25}};
}

/// Networks 2 p and 2 p + 1 are a pair; make(key) draws one.
template <class Make> auto train(const Choice& o, const Prepared<float>& data, const Make& make) {
  const Key key = Key(o.seed).child("member");
  auto members = train_members(2 * o.pairs, {.threads = o.threads}, [&](Index i) {
    auto model = make(child(key, i).child("init"));
    const FitReport report =
        fit(model, AdamW<float>(), data.train, data.valid, {.epochs = o.epochs}, child(key, i).child("fit"));
    return TrainedMember<decltype(model)>{std::move(model), report};
  });
  return make_ensemble(std::move(members), data.test.task).members;
}

/// What the table and the figure say of each pair; second(a, b) is what a is joined with.
template <class M, class Second>
Method lines(std::string label, std::string colour, const std::vector<M>& models, const Dataset<float>& test,
             const Second& second) {
  Workspace<float> workspace;
  const bool classifies = test.task.kind == TaskKind::classification;
  const auto loss = [&](const M& model) {
    return evaluate(model, test, workspace);
  };
  const auto metric = [&](const M& model) {
    return classifies ? accuracy<float>(predict(model, test.x, test.task.outputs), test.labels)
                      : std::sqrt(loss(model));
  };
  Method method{std::move(label), std::move(colour), {}, {}};
  for (std::size_t i = 0; i < models.size(); i += 2) {
    const M other = second(models[i], models[i + 1]);
    method.loss.push_back(loss_barrier(models[i], other, loss));
    method.metric.push_back(loss_barrier(models[i], other, metric));
  }
  return method;
}

std::vector<Method> all_methods(const Choice& o, const Prepared<float>& data) {
  const MlpSize size{data.train.features(), o.hidden, data.train.task.outputs};
  const Key key(o.seed), mask = key.child("mask");
  const auto as_trained = [](const auto&, const auto& b) {
    return b;
  };
  const auto aligned = [&](const Mlp<float>& a, const Mlp<float>& b) {
    return apply_permutation(b, weight_matching(a, b, key.child("align")));
  };
  std::vector<Method> methods;
  const auto plain = train(o, data, [&](const Key& init) { return Mlp<float>(size, init); });
  methods.push_back(lines("MLP", "#0072B2", plain, data.test, as_trained));
  methods.push_back(lines("MLP, aligned", "#56B4E9", plain, data.test, aligned));
  const auto paper = train(o, data, [&](const Key& init) { return Mlp<float>(size, {.mask = mask}, init); });
  methods.push_back(lines("WMLP, few frozen", "#E69F00", paper, data.test, as_trained));
  const auto more = train(o, data, [&](const Key& init) { return Mlp<float>(size, strong(size, mask), init); });
  methods.push_back(lines("WMLP, many frozen", "#D55E00", more, data.test, as_trained));
  const auto sigma = train(o, data, [&](const Key& init) { return SigmaMlp<float>(size, key.child("sigma"), init); });
  methods.push_back(lines("sigma-asymmetric", "#009E73", sigma, data.test, as_trained));
  return methods;
}

/// A number of each line, summarised over pairs.
template <class F> Summary over_pairs(const std::vector<LossBarrier>& pairs, const F& f) {
  std::vector<double> values;
  for (const LossBarrier& pair : pairs) values.push_back(f(pair));
  return summarise(values);
}

std::string table(const std::vector<Method>& methods, const Prepared<float>& data) {
  const bool classifies = data.test.task.kind == TaskKind::classification;
  const auto mean_sd = [](const std::vector<LossBarrier>& pairs, const auto& number) {
    const Summary s = over_pairs(pairs, number);
    return rounded(s.mean, 3) + (s.n > 1 ? " +- " + rounded(s.sd, 3) : "");
  };
  const auto ends = [](const LossBarrier& line) {
    return (line.loss.front() + line.loss.back()) / 2;
  };
  const auto barrier = [](const LossBarrier& line) {
    return line.barrier;
  };
  const auto worst = [&](const LossBarrier& line) {
    return classifies ? *std::min_element(line.loss.begin(), line.loss.end()) : line.worst;
  };
  std::string text;
  const auto add_row = [&](std::array<std::string, 5> fields) {
    text += fields[0] + std::string(20 - fields[0].size(), ' ');
    for (std::size_t i = 1; i < fields.size(); ++i) text += std::string(17 - fields[i].size(), ' ') + fields[i];
    text += "\n";
  };
  add_row({"", "loss at the ends", "barrier", data.metric, "worst " + data.metric});
  for (const Method& m : methods)
    add_row(
        {m.label, mean_sd(m.loss, ends), mean_sd(m.loss, barrier), mean_sd(m.metric, ends), mean_sd(m.metric, worst)});
  return text;
}

std::string csv(const std::vector<Method>& methods, const std::string& metric) {
  std::string text = "method,pair,lambda,loss," + metric + "\n";
  for (const Method& m : methods)
    for (std::size_t pair = 0; pair < m.loss.size(); ++pair)
      for (std::size_t i = 0; i < m.loss[pair].lambda.size(); ++i)
        text += "\"" + m.label + "\"," + std::to_string(pair) + "," + shortest(m.loss[pair].lambda[i]) + "," +
                shortest(m.loss[pair].loss[i]) + "," + shortest(m.metric[pair].loss[i]) + "\n";
  return text;
}

/// A block a method: lambda, and mean and sd over pairs of loss and metric.
std::string figure_data(const std::vector<Method>& methods) {
  std::string text;
  for (const Method& m : methods) {
    text += "# " + m.label + ": lambda, loss, sd, metric, sd\n";
    for (std::size_t i = 0; i < m.loss[0].lambda.size(); ++i) {
      text += shortest(m.loss[0].lambda[i]);
      for (const auto* lines : {&m.loss, &m.metric}) {
        const Summary s = over_pairs(*lines, [&](const LossBarrier& line) { return line.loss[i]; });
        text += " " + shortest(s.mean) + " " + shortest(s.n > 1 ? s.sd : 0);
      }
      text += "\n";
    }
    text += "\n\n";
  }
  return text;
}

std::string figure_script(const std::vector<Method>& methods, const std::string& title, const std::string& metric) {
  std::string script =
      message("if (exists('png')) set terminal pngcairo size 1000,450 font 'sans,11' noenhanced\n",
              "if (exists('png')) set output '", name, ".png'\n",
              "if (!exists('png')) set terminal svg size 1000,450 font 'Helvetica,Arial,sans-serif,13' noenhanced ",
              "background 'white'\n", "if (!exists('png')) set output '", name, ".svg'\n",
              "set encoding utf8\nset xrange [0:1]\nset xlabel 'lambda: from one network to the other'\n",
              "set grid lt 1 lw 0.5 lc rgb '#dddddd'\nset border 3 lc rgb '#555555'\n",
              "set tics nomirror textcolor rgb 'black'\nset tmargin at screen 0.89\nset bmargin at screen 0.21\n",
              "unset key\nset multiplot title ", gnuplot_quoted(title), "\n");
  std::vector<std::string> legend;
  for (const bool loss : {true, false}) {
    const int mean = loss ? 2 : 4, sd = mean + 1;
    std::vector<std::string> curves;
    for (std::size_t block = 0; block < methods.size(); ++block) {
      const std::string data = message(gnuplot_quoted(message(name, ".dat")), " index ", block),
                        ink = " lc rgb '" + methods[block].colour + "'";
      curves.push_back(message(data, " using 1:($", mean, "-$", sd, "):($", mean, "+$", sd,
                               ") with filledcurves fs transparent solid 0.15 noborder", ink));
      curves.push_back(message(data, " using 1:", mean, " with lines lw 2.5", ink));
      if (loss) legend.push_back("NaN with lines lw 2.5" + ink + " title " + gnuplot_quoted(methods[block].label));
    }
    script +=
        message("set lmargin at screen ", loss ? "0.07" : "0.575", "\nset rmargin at screen ", loss ? "0.485" : "0.985",
                "\nset ylabel ", gnuplot_quoted("Test " + std::string(loss ? "loss" : metric)), "\nplot ",
                join(curves, ", \\\n     "), "\n");
  }
  // a panel of its own, since gnuplot makes a legend no wider than its plot
  return script + "set margins screen 0.02, screen 0.98, screen 0.01, screen 0.08\nset yrange [0:1]\nunset border\n" +
         "unset tics\nunset grid\nunset xlabel\nunset ylabel\nset key center horizontal Left reverse samplen 2\nplot " +
         join(legend, ", \\\n     ") + "\nunset multiplot\n";
}

void write(const Choice& o, const Prepared<float>& data, const std::vector<Method>& methods) {
  const std::string figure = o.out + "/" + name;
  make_directories(o.out);
  write_file_atomically(o.out + "/lines.csv", csv(methods, data.metric));
  write_file_atomically(figure + ".dat", figure_data(methods));
  const std::string title = message("The line between two networks: ", data.name, ", 3 x ", o.hidden,
                                    " hidden units, mean and sd over ", o.pairs, o.pairs == 1 ? " pair" : " pairs");
  write_file_atomically(figure + ".gp", figure_script(methods, title, data.metric));
  std::printf("%s\nlines: %s/lines.csv\n", table(methods, data).c_str(), o.out.c_str());
  switch (run_gnuplot(o.out, name)) {
    case Drawn::yes:
      std::printf("figure: %s.svg, .png\n", figure.c_str());
      break;
    case Drawn::no_gnuplot:
      std::printf("no figure: gnuplot is not installed; its script is %s.gp\n", figure.c_str());
      break;
    case Drawn::failed:
      std::printf("no figure: gnuplot failed, see %s.log\n", figure.c_str());
      break;
  }
}

}  // namespace

int main(int argc, char** argv) {
  return run_main(name, argc, argv, [](const std::vector<std::string>& arguments) {
    const Choice o = chosen(arguments);
    const auto data = prepare<float>(o.data_set, data_folder(o.data_set == "digits", o.data), Preset::text,
                                     Key(o.seed).child("split"));
    write(o, data, all_methods(o, data));
    return 0;
  });
}
