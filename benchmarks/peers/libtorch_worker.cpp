// SPDX-License-Identifier: MIT
// LibTorch's side of compare.py: the configurations that won in PyTorch, without the interpreter.
#include <torch/torch.h>

#include <ctime>
#include <fstream>
#include <functional>
#include <iostream>
#include <map>
#include <sstream>

namespace {
constexpr int64_t rows = 256, batch_count = 16, member_count = 64;
constexpr double rate = 1e-3, decay = 3e-2;

struct Case {
  bool regression = false;
  std::vector<torch::Tensor> parameters;  // weight (out, in), bias (out) of each layer
  std::vector<torch::Tensor> x, y;
};

template <class T> torch::Tensor read(std::istream& in, torch::IntArrayRef shape) {
  torch::Tensor tensor = torch::empty(shape, torch::CppTypeToScalarType<T>::value);
  in.read(reinterpret_cast<char*>(tensor.data_ptr<T>()), static_cast<std::streamsize>(tensor.nbytes()));
  if (!in) throw std::runtime_error("a case file is too short or missing");
  return tensor;
}

Case load(const std::string& name, const std::string& folder) {
  static const std::map<std::string, std::pair<int64_t, int64_t>> shapes = {
      {"california", {8, 1}}, {"otto", {93, 9}}, {"mnist", {784, 10}}};
  const auto split = name.find('_');
  const auto [features, outputs] = shapes.at(name.substr(0, split));
  const int64_t hidden = std::stoll(name.substr(split + 1));
  const std::vector<int64_t> widths = {features, hidden, hidden, hidden, outputs};
  Case c;
  c.regression = outputs == 1;
  std::ifstream weights(folder + "/weights.f32", std::ios::binary), x(folder + "/x.f32", std::ios::binary),
      y(folder + (c.regression ? "/y.f32" : "/y.i32"), std::ios::binary);
  for (std::size_t l = 1; l < widths.size(); ++l) {
    c.parameters.push_back(read<float>(weights, {widths[l], widths[l - 1]}));
    c.parameters.push_back(read<float>(weights, {widths[l]}));
  }
  for (int64_t b = 0; b < batch_count; ++b) {
    c.x.push_back(read<float>(x, {rows, features}));
    c.y.push_back(c.regression ? read<float>(y, {rows, 1}) : read<int32_t>(y, {rows}).to(torch::kLong));
  }
  return c;
}

torch::Tensor loss_of(const Case& c, const torch::Tensor& output, const torch::Tensor& y) {
  namespace F = torch::nn::functional;
  return c.regression ? F::mse_loss(output, y) : F::cross_entropy(output, y);
}

/// Views of one buffer for the values and one for the gradients; the buffer is what the optimiser sees.
torch::Tensor flatten(std::vector<torch::Tensor>& parameters) {
  std::vector<torch::Tensor> pieces;
  for (const auto& p : parameters) pieces.push_back(p.detach().flatten());
  torch::Tensor flat = torch::cat(pieces);
  flat.set_requires_grad(true);
  flat.mutable_grad() = torch::zeros_like(flat);
  int64_t at = 0;
  for (auto& p : parameters) {
    const auto shape = p.sizes().vec();
    const int64_t size = p.numel();
    p = flat.detach().narrow(0, at, size).view(shape).set_requires_grad(true);
    p.mutable_grad() = flat.grad().narrow(0, at, size).view(shape);
    at += size;
  }
  return flat;
}

torch::Tensor forward(const std::vector<torch::Tensor>& p, torch::Tensor x) {
  for (std::size_t l = 0; l < p.size(); l += 2) {
    x = torch::linear(x, p[l], p[l + 1]);
    if (l + 2 < p.size()) x = torch::gelu(x);
  }
  return x;
}
torch::Tensor forward_stacked(const std::vector<torch::Tensor>& p, torch::Tensor x) {
  for (std::size_t l = 0; l < p.size(); l += 2) {
    x = torch::baddbmm(p[l + 1], x, p[l]);
    if (l + 2 < p.size()) x = torch::gelu(x);
  }
  return x;
}

using Call = std::function<torch::Tensor()>;

Call training(std::shared_ptr<Case> c, bool flat, bool stacked) {
  std::vector<torch::Tensor> p;
  for (const auto& t : c->parameters) {
    torch::Tensor value = t.clone();
    if (stacked) {
      value = t.dim() == 2 ? t.t() : t.unsqueeze(0);
      value = value.expand({member_count, value.size(0), value.size(1)}).contiguous();
    }
    p.push_back(value.set_requires_grad(true));
  }
  std::vector<torch::Tensor> optimized = p;
  if (flat) optimized = {flatten(p)};
  auto optimizer =
      std::make_shared<torch::optim::AdamW>(optimized, torch::optim::AdamWOptions(rate).weight_decay(decay));
  std::vector<torch::Tensor> x = c->x, y = c->y;
  for (std::size_t b = 0; stacked && b < x.size(); ++b) {
    x[b] = x[b].expand({member_count, rows, x[b].size(1)}).contiguous();
    y[b] = c->regression ? y[b].repeat({member_count, 1}) : y[b].repeat({member_count});
  }
  auto at = std::make_shared<std::size_t>(0);
  return [=] {
    const std::size_t b = (*at)++ % x.size();
    if (flat)
      optimized[0].mutable_grad().zero_();
    else
      for (const auto& t : p) t.mutable_grad().reset();
    const torch::Tensor output = stacked ? forward_stacked(p, x[b]) : forward(p, x[b]);
    const torch::Tensor loss = loss_of(*c, output.reshape({-1, output.size(-1)}), y[b]);
    (stacked ? loss * member_count : loss).backward();
    optimizer->step();
    return loss.detach();
  };
}

double cpu_seconds() {
  timespec t;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
  return static_cast<double>(t.tv_sec) + 1e-9 * static_cast<double>(t.tv_nsec);
}

double microseconds(double budget, const Call& call) {
  for (int i = 0; i < 3; ++i) call();
  double start = cpu_seconds();
  call();
  const int calls = std::max(1, static_cast<int>(budget / 20 / (cpu_seconds() - start)));
  std::vector<double> blocks;
  for (double spent = 0; spent < budget || blocks.size() < 3; spent += blocks.back()) {
    start = cpu_seconds();
    for (int i = 0; i < calls; ++i) call();
    blocks.push_back(cpu_seconds() - start);
  }
  std::nth_element(blocks.begin(), blocks.begin() + static_cast<std::ptrdiff_t>(blocks.size() / 2), blocks.end());
  return 1e6 * blocks[blocks.size() / 2] / calls;
}

std::string answer(const std::string& question) {
  std::istringstream in(question);
  std::ostringstream out;
  out.precision(9);
  std::string word, kind, variant, name, folder;
  double number = 0;
  in >> word >> kind >> variant >> name >> folder >> number;
  if (word == "list") return "step:stock step:flat ensemble:bmm ensemble:bmm_flat";
  const bool stacked = kind == "ensemble", flat = variant.find("flat") != std::string::npos;
  const Call call = training(std::make_shared<Case>(load(name, folder)), flat, stacked);
  if (word == "time")
    out << microseconds(number, call) / (stacked ? member_count : 1);
  else
    for (int i = 0; i < static_cast<int>(number); ++i) out << call().item<float>() << ' ';
  return out.str();
}
}  // namespace

int main() {
  torch::set_num_threads(1);
  for (std::string line; std::getline(std::cin, line);) {
    try {
      std::cout << answer(line) << std::endl;
    } catch (const std::exception& error) {
      const std::string message = error.what();
      std::cout << "error " << message.substr(0, message.find('\n')) << std::endl;
    }
  }
}
