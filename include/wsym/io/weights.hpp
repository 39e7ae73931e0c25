// SPDX-License-Identifier: MIT
#pragma once
#include "wsym/core/visit.hpp"
#include "wsym/io/atomic_file.hpp"
#include "wsym/io/safetensors.hpp"

namespace wsym {

namespace detail {
inline constexpr const char *weights_key = "wsym.weights", *weights_format = "1";

/// A file's tensors by name, each taken at most once.
class TensorFinder {
 public:
  TensorFinder(const safetensors::Content& content, std::string_view source) : source_(source) {
    for (const safetensors::TensorView& tensor : content.tensors) {
      names_.emplace_back(tensor.name, left_.size());
      left_.push_back(&tensor);
    }
    std::sort(names_.begin(), names_.end());
  }

  /// nullptr if there is none.
  const safetensors::TensorView* take(std::string_view name) {
    const auto at = std::lower_bound(names_.begin(), names_.end(), PlacedName(name, 0));
    if (at == names_.end() || at->first != name) return nullptr;
    return std::exchange(left_[at->second], nullptr);
  }
  template <Real T> Tensor<T> take(const std::string& name, const Shape& shape) {
    constexpr auto dtype = safetensors::dtype_of<T>;
    const auto* tensor = take(name);
    expect<FormatError>(tensor != nullptr, source_, ": tensor '", name, "' is missing; the model needs it as ",
                        safetensors::info(dtype).name, ' ', shape);
    expect<FormatError>(tensor->dtype == dtype && tensor->shape == shape, source_, ": tensor '", name, "' is ",
                        safetensors::info(tensor->dtype).name, ' ', tensor->shape, "; the model needs ",
                        safetensors::info(dtype).name, ' ', shape);
    return Tensor<T>(shape, tensor->template values<T>());
  }
  template <Real T> Frozen<T> take_frozen(const std::string& name, const Tensor<T>& weight) {
    Frozen<T> frozen;
    const auto* tensor = take(name);
    if (tensor == nullptr) return frozen;
    expect<FormatError>(tensor->dtype == safetensors::Dtype::i64 && tensor->shape.rank() == 1, source_, ": tensor '",
                        name, "' is ", safetensors::info(tensor->dtype).name, ' ', tensor->shape,
                        "; the positions of frozen entries are I64 of one axis");
    frozen.index = tensor->template values<Index>();
    Index last = -1;
    for (const Index i : frozen.index) {
      expect<FormatError>(i > last && i < weight.size(), source_, ": tensor '", name, "' has position ", i, " after ",
                          last, "; positions ascend and stay below ", weight.size());
      frozen.value.push_back(weight[i]);
      last = i;
    }
    return frozen;
  }
  void expect_all_taken() const {
    for (const auto& [name, place] : names_)
      expect<FormatError>(left_[place] == nullptr, source_, ": tensor '", name, "' is unexpected; the model has none");
  }

 private:
  std::string_view source_;
  std::vector<const safetensors::TensorView*> left_;  // in the order of the content; nullptr: taken
  std::vector<PlacedName> names_;                     // with the place in left_
};
}  // namespace detail

/// A model as named tensors: each Parameter and Tensor under its dotted name, and "<name>.frozen" with the row-major
/// positions of a Parameter's frozen entries (I64), whose values stand in the weight. The views refer to the model.
template <class M> safetensors::Content weights_of(const M& model, safetensors::Metadata metadata = {}) {
  safetensors::Content content{std::move(metadata), {}};
  content.metadata.emplace_back(detail::weights_key, detail::weights_format);
  for_each_member(model, [&](const std::string& name, const auto& member) {
    if constexpr (is_parameter<std::remove_cvref_t<decltype(member)>>) {
      content.tensors.emplace_back(name, member.shape(), member.value().span());
      const auto& positions = member.frozen().index;
      if (!positions.empty())
        content.tensors.emplace_back(name + ".frozen", Shape{member.frozen().size()}, std::span(positions));
    } else {
      content.tensors.emplace_back(name, member.shape(), member.span());
    }
  });
  return content;
}
template <class M> safetensors::Content weights_of(const M&&, safetensors::Metadata = {}) = delete;

/// Gives a model of the same architecture the saved values and frozen entries, bit for bit. Throws FormatError that
/// names the source and the tensor when one is missing, unexpected, or of another shape or element type, and for a
/// newer format; then the model is as before. Cost: a second copy of the model while it lasts.
template <class M> void set_weights(M& model, const safetensors::Content& content, std::string_view source) {
  const std::string* format = content.find(detail::weights_key);  // absent in files of other programs
  expect<FormatError>(!format || *format == detail::weights_format, source, ": weights of format ",
                      format ? *format : "", "; this version reads ", detail::weights_format);
  detail::TensorFinder finder(content, source);
  M loaded = model;
  for_each_member(loaded, [&](const std::string& name, auto& member) {
    using Member = std::remove_cvref_t<decltype(member)>;
    if constexpr (is_parameter<Member>) {
      auto value = finder.template take<std::remove_cvref_t<decltype(member.value()[0])>>(name, member.shape());
      auto frozen = finder.take_frozen(name + ".frozen", value);
      member = Member(std::move(value), std::move(frozen));
    } else {
      member = finder.template take<std::remove_cvref_t<decltype(member[0])>>(name, member.shape());
    }
  });
  finder.expect_all_taken();
  model = std::move(loaded);
}

/// A model and text about it as the bytes of a safetensors file. Equal models and texts give equal bytes.
template <class M> std::string to_bytes(const M& model, safetensors::Metadata metadata = {}) {
  return safetensors::encode(weights_of(model, std::move(metadata)));
}

/// The reverse: sets the model and returns the metadata. Throws as set_weights.
template <class M>
safetensors::Metadata from_bytes(M& model, std::string_view bytes, std::string_view source = "weights") {
  safetensors::Content content = safetensors::decode(bytes, source);
  set_weights(model, content, source);
  std::erase_if(content.metadata, [](const auto& entry) { return entry.first == detail::weights_key; });
  return std::move(content.metadata);
}

/// Writes the model as a safetensors file that replaces `path` as a whole. Throws Error with the path and the reason;
/// then an old file is intact.
template <class M> void save(const M& model, const std::string& path, safetensors::Metadata metadata = {}) {
  write_file_atomically(path, to_bytes(model, std::move(metadata)));
}

/// Reads what save() wrote into a model of the same architecture and returns the metadata. Throws as set_weights, and
/// Error if the file cannot be read.
template <class M> safetensors::Metadata load(M& model, const std::string& path) {
  return from_bytes(model, safetensors::read(path), path);
}

}  // namespace wsym
