// SPDX-License-Identifier: MIT
#include "asymmetry/run_facts.hpp"

#include <doctest/doctest.h>

#include "papers/asymmetry/studies.hpp"

using namespace wsym;
using namespace wsym::asymmetry;
using sample::contains;
using sample::count;

namespace {

Json run(const std::string& command, const std::string& started) {
  return Json::object(
      {{"build", Json::object({{"wsym", "1.2.3"}, {"compiler", "g++"}, {"instructions", "avx"}})},
       {"session",
        Json::object({{"command", command},
                      {"started", started},
                      {"commit", "abc"},
                      {"on", Json::object({{"host", "h"}, {"processor", "p"}, {"cores", 2}, {"system", "s"}})}})}});
}

}  // namespace

TEST_CASE("run facts: every command comes once, with its first start, machine and build") {
  Study study = sample::study(sample::accuracy, "Digits", sample::two_models(16));
  study.sources[0].identity =
      Json::object({{"program", "digits"}, {"preset", "text"}, {"lr", 0.5}, {"weights", "best"}});
  study.sources[0].records->runs = {run("digits --a <b>", "monday"), run("digits --a <b>", "tuesday"),
                                    run("digits --c", "friday")};
  study.sources[0].records->warnings = {"x.jsonl:3: cut off"};
  const std::string html = run_facts(study);
  for (const std::string part :
       {"<code>digits --a &#60;b&#62;</code>", "monday (the first of 2 starts)", "<code>digits --c</code>", "friday",
        "wsym 1.2.3, g++, avx, commit abc", "h: p, 2 cores, s", "lr 0.5, weights best", "x.jsonl:3: cut off",
        "16, trained in 4 s of processor time"})
    CHECK_MESSAGE(contains(html, part), part);
  CHECK(count(html, "Machine") == 1);
  CHECK_FALSE(contains(html, "tuesday"));
}

TEST_CASE("run facts: what a journal does not say is unknown, and diverged networks are counted") {
  Records records = sample::two_models(16);
  records.members.begin()->second.diverged = true;
  Study study = sample::study(sample::accuracy, "Digits", std::move(records));
  study.sources[0].identity = Json::object();
  study.sources[0].records->runs = {Json::object()};
  const std::string html = run_facts(study);
  CHECK(contains(html, "<code>unknown</code>"));
  CHECK(contains(html, "; 1 diverged and are in no average"));
}

TEST_CASE("run facts: interpolated experts of preset code are networks of their own kind") {
  const auto said = [](const char* model, const char* preset) {
    Records records;
    sample::add_mixtures(records, sample::mixture(model, 0, 0, "softmax"), {2}, 1, [](Index, Index) { return 0.5; });
    Study study = sample::study({"digits", preset, "accuracy"}, "Digits", std::move(records));
    study.sources[0].identity = Json::object();
    return contains(run_facts(study), "5 affine layers, relu");
  };
  CHECK(said("imlp", "code"));
  CHECK(said("iwmlp", "code"));
  CHECK_FALSE(said("imlp", "text"));
  CHECK_FALSE(said("wmlp", "code"));
}
