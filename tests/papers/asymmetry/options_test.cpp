// SPDX-License-Identifier: MIT
#include "asymmetry/options.hpp"

#include <doctest/doctest.h>

#include <algorithm>

#include "lab/usage.hpp"

using namespace wsym;
using namespace wsym::asymmetry;

namespace {

const Program program{"digits", "Digits", 1797, 64, 0, 64, 10, 60, true};

Options parse(const std::vector<std::string>& arguments) {
  return parse_options(program, arguments);
}

/// What it says on the way out, and its exit code.
std::pair<std::string, int> refusal(const std::vector<std::string>& arguments) {
  try {
    parse(arguments);
  } catch (const Usage& usage) {
    return {usage.what(), usage.exit_code};
  }
  return {"accepted", 0};
}

}  // namespace

TEST_CASE("options: the scales fill what was left open, and an explicit option overrides them") {
  const Options quick = parse({});
  CHECK(quick.hidden == std::vector<Index>{64});
  CHECK(quick.members == 16);
  CHECK(quick.repeats == 3);
  CHECK(quick.epochs == 60);
  CHECK(quick.out == "results/digits-text-quick");
  const Options smoke = parse({"--scale", "smoke", "--epochs", "3"});
  CHECK(smoke.hidden == std::vector<Index>{16});
  CHECK(smoke.members == 4);
  CHECK(smoke.repeats == 1);
  CHECK(smoke.epochs == 3);
  const Options paper = parse({"--scale", "paper", "--hidden", "128,64", "--members", "2"});
  CHECK(paper.hidden == std::vector<Index>{128, 64});
  CHECK(paper.members == 2);
  CHECK(paper.repeats == 10);
  CHECK(paper.epochs == 1000);
  CHECK(paper.patience == 16);
}

TEST_CASE("options: mixtures take all models, one width, and as many experts as scale and preset say") {
  const Options quick = parse({"--experiment", "moe"});
  CHECK(quick.models == std::vector<std::string>{"mlp", "wmlp", "imlp", "iwmlp"});
  CHECK(quick.gates == std::vector<std::string>{"softmax", "gumbel"});
  CHECK(quick.experts == std::vector<Index>{2, 4, 8, 16});
  CHECK(quick.temperature == 2);
  CHECK(quick.gate_samples == 10);
  CHECK(quick.moie_average == "gates");
  CHECK(quick.out == "results/digits-moe-text-quick");
  CHECK(parse({"--experiment", "moe", "--scale", "smoke"}).experts == std::vector<Index>{2, 4});
  const Options paper = parse({"--experiment", "moe", "--scale", "paper"});
  CHECK(paper.hidden == std::vector<Index>{64});
  CHECK(paper.experts.back() == 64);
  CHECK(parse({"--experiment", "moe", "--scale", "paper", "--preset", "code"}).experts.back() == 128);
  const Options own = parse({"--experiment", "moe", "--experts", "3,5", "--gates", "gumbel", "--models", "iwmlp",
                             "--temperature", "0.5", "--gate-samples", "7", "--moie-average", "outputs"});
  CHECK(own.experts == std::vector<Index>{3, 5});
  CHECK(own.gates == std::vector<std::string>{"gumbel"});
  CHECK(own.temperature == 0.5);
  CHECK(own.gate_samples == 7);
  CHECK(own.moie_average == "outputs");
}

TEST_CASE("options: controls are all unless some are chosen, of ensembles and of mixtures of 8") {
  const Options paper = parse({"--experiment", "controls", "--scale", "paper"});
  CHECK(paper.controls.size() == 9);
  CHECK(paper.hidden == std::vector<Index>{64});
  CHECK(paper.members == 32);
  CHECK(paper.experts == std::vector<Index>{8});
  CHECK(paper.out == "results/digits-controls-text-paper");
  const Options some =
      parse({"--experiment", "controls", "--controls", "kappa,balance", "--members", "6", "--repeats", "5"});
  CHECK(some.controls == std::vector<std::string>{"kappa", "balance"});
  CHECK(some.members == 6);
  CHECK(some.repeats == 5);
}

TEST_CASE("options: the preset decides the mask scope unless it is given") {
  CHECK(parse({}).mask_scope == "shared");
  CHECK(parse({"--preset", "code"}).mask_scope == "member");
  CHECK(parse({"--preset", "code", "--mask-scope", "repetition"}).mask_scope == "repetition");
  CHECK(preset_weights("text") == "best");
  CHECK(preset_weights("code") == "last");
}

TEST_CASE("options: every option arrives") {
  const Options o = parse({"--data",
                           "d",
                           "--experiment",
                           "ensemble",
                           "--models",
                           "wmlp",
                           "--patience",
                           "3",
                           "--batch-size",
                           "7",
                           "--lr",
                           "0.5",
                           "--mask-seed",
                           "9",
                           "--average",
                           "probabilities",
                           "--groups",
                           "disjoint",
                           "--threads",
                           "3",
                           "--seed",
                           "18446744073709551615",
                           "--out",
                           "o",
                           "--keep-weights",
                           "--describe",
                           "--quiet",
                           "--weight-decay",
                           "0"});
  CHECK(o.data == "d");
  CHECK(o.models == std::vector<std::string>{"wmlp"});
  CHECK(o.patience == 3);
  CHECK(o.batch_size == 7);
  CHECK(o.lr == 0.5);
  CHECK(o.weight_decay == 0);
  CHECK(o.mask_seed == 9);
  CHECK(o.average == "probabilities");
  CHECK(o.groups == "disjoint");
  CHECK(o.threads == 3);
  CHECK(o.seed == 18446744073709551615u);
  CHECK(o.out == "o");
  CHECK(o.keep_weights);
  CHECK(o.describe);
  CHECK(o.quiet);
}

TEST_CASE("options: what cannot be obeyed is refused with exit code 2, by option, value and range") {
  using Arguments = std::vector<std::string>;
  const std::pair<Arguments, std::string> cases[] = {
      {{"--hidden", "0"}, "--hidden: 0 came; it must be from 1 to 65536"},
      {{"--hidden", "64,64"}, "--hidden: 64 came twice"},
      {{"--hidden", "16,x"}, "--hidden: 'x' came; an integer that fits is needed"},
      {{"--models", "mlp,mlp"}, "--models: mlp came twice"},
      {{"--models", "cnn"}, "--models: cnn not in {mlp,wmlp,imlp,iwmlp}"},
      {{"--models", "imlp"}, "--models: imlp came with --experiment ensemble; it knows mlp and wmlp"},
      {{"--gates", "softmax"}, "--gates: came with --experiment ensemble; it belongs to moe and controls"},
      {{"--experiment", "moe", "--members", "4"},
       "--members: came with --experiment moe; it belongs to ensemble and controls"},
      {{"--experiment", "moe", "--controls", "kappa"},
       "--controls: came with --experiment moe; it belongs to controls"},
      {{"--experiment", "moe", "--experts", "2,0"}, "--experts: 0 came; it must be from 1 to 4096"},
      {{"--experiment", "moe", "--experts", "2,2"}, "--experts: 2 came twice"},
      {{"--experiment", "moe", "--gates", "hard"}, "--gates: hard not in {softmax,gumbel}"},
      {{"--experiment", "moe", "--gates", "gumbel,gumbel"}, "--gates: gumbel came twice"},
      {{"--experiment", "moe", "--temperature", "0"}, "--temperature: 0 came; it must be above 0"},
      {{"--experiment", "moe", "--gate-samples", "0"}, "--gate-samples: 0 came; it must be from 1 to 10000"},
      {{"--experiment", "controls", "--controls", "kappa,kappa"}, "--controls: kappa came twice"},
      {{"--members", "0"}, "--members: 0 came; it must be from 1 to 1000000"},
      {{"--members=-3"}, "--members: -3 came; it must be from 1 to 1000000"},
      {{"--members", "99999999999999999999"}, "--members: '99999999999999999999' came; an integer that fits is needed"},
      {{"--repeats", "0"}, "--repeats: 0 came; it must be from 1 to 1000000"},
      {{"--epochs", "0"}, "--epochs: 0 came; it must be from 1 to 1000000"},
      {{"--patience", "0"}, "--patience: 0 came; it must be from 1 to 1000000"},
      {{"--batch-size", "0"}, "--batch-size: 0 came; it must be from 1 to 1000000"},
      {{"--threads", "0"}, "--threads: 0 came; it must be from 1 to 4096"},
      {{"--lr", "0"}, "--lr: 0 came; it must be above 0"},
      {{"--lr", "nan"}, "--lr: nan came; it must be above 0"},
      {{"--weight-decay", "-1"}, "--weight-decay: -1 came; at least 0 is needed"},
      {{"--seed", "-1"}, "--seed: '-1' came; an integer that fits is needed"},
      {{"--scale", "huge"}, "--scale: huge not in {smoke,quick,paper}"},
      {{"--frob"}, "The following argument was not expected: --frob"},
  };
  for (const auto& [arguments, text] : cases) CHECK(refusal(arguments) == std::pair(text, 2));
}

TEST_CASE("options: --help is grouped, names every option with its default, and fits about sixty lines") {
  const auto [text, code] = refusal({"--help"});
  CHECK(code == 0);
  CHECK(std::count(text.begin(), text.end(), '\n') <= 62);
  for (const char* part : {"What to run:",
                           "Networks",
                           "Training",
                           "Results:",
                           "Example: digits",
                           "--data",
                           "--experiment",
                           "--scale",
                           "--preset",
                           "--models",
                           "--hidden",
                           "--members",
                           "--repeats",
                           "--epochs",
                           "--patience",
                           "--batch-size",
                           "--lr",
                           "--weight-decay",
                           "--mask-scope",
                           "--mask-seed",
                           "--gates",
                           "--experts",
                           "--temperature",
                           "--gate-samples",
                           "--moie-average",
                           "--controls",
                           "--average",
                           "--groups",
                           "--threads",
                           "--seed",
                           "--out",
                           "--keep-weights",
                           "--describe",
                           "--quiet",
                           "[16 | 64 | 64,128,256; others: 64]",
                           "[20 | 60 | 1000]",
                           "[0.03]"}) {
    CAPTURE(part);
    CHECK(text.find(part) != std::string::npos);
  }
  std::size_t longest = 0, start = 0;
  for (std::size_t end = text.find('\n'); end != text.npos; end = text.find('\n', start)) {
    longest = std::max(longest, end - start);
    start = end + 1;
  }
  CHECK(longest <= 100);
}

TEST_CASE("options: an empty item of a list is refused, wherever it stands") {
  const auto refused = [](const std::string& option, const std::string& items) {
    return std::pair(message(option, ": '", items, "' came; an item of it is empty"), 2);
  };
  for (const char* const items : {"8,,16", ",8", "8,"}) {
    CHECK(refusal({"--hidden", items}) == refused("--hidden", items));
    CHECK(refusal({"--quiet", std::string("--hidden=") + items}) == refused("--hidden", items));
  }
  CHECK(refusal({"--experiment", "moe", "--gates", "softmax,,gumbel"}) == refused("--gates", "softmax,,gumbel"));
  for (const char* const items : {",", ""}) CHECK(refusal({"--hidden", items}).second == 2);
  CHECK(refusal({"--out", "a,,b", "--hidden", "8,16"}).second == 0);
}
