// SPDX-License-Identifier: MIT
#pragma once
#include "wsym/core/finite.hpp"
#include "wsym/io/safetensors.hpp"
#include "wsym/io/settings.hpp"

/// How a model takes its tensors and settings from a file's content.
namespace wsym::inline WSYM_SIMD::detail {
inline constexpr const char* weights_key = "wsym.weights";
inline constexpr const char* type_key = "wsym.type";
inline constexpr const char* settings_key = "wsym.settings";
/// 1: no settings; a run's numbers are tensors. 2: settings.
inline constexpr int weights_format = 2;

/// What a file holds under names, each taken at most once.
template <class X> class Takeable {
 public:
  void add(std::string_view name, const X& item) {
    names_.emplace_back(name, items_.size());
    items_.push_back(&item);
  }
  void sort() { std::sort(names_.begin(), names_.end()); }

  /// nullptr if there is none.
  const X* take(std::string_view name) {
    const auto at = std::lower_bound(names_.begin(), names_.end(), PlacedName(name, 0));
    if (at == names_.end() || at->first != name) return nullptr;
    return std::exchange(items_[at->second], nullptr);
  }
  /// The first name, in alphabetical order, that was not taken; empty when all were.
  std::string_view left() const {
    for (const auto& [name, place] : names_)
      if (items_[place] != nullptr) return name;
    return {};
  }

 private:
  std::vector<const X*> items_;    // nullptr: taken
  std::vector<PlacedName> names_;  // with the place in items_
};

/// The format of a content; the newest where nothing is said, as in files of other programs. Throws FormatError for a
/// newer one.
inline int format_of(const safetensors::Content& content, std::string_view source) {
  const std::string* text = content.find(weights_key);
  if (text == nullptr) return weights_format;
  int format = 0;
  const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), format);
  expect<FormatError>(error == std::errc() && end == text->data() + text->size() && format >= 1, source,
                      ": weights of format '", *text, "'; a number is needed");
  expect<FormatError>(format <= weights_format, source, ": weights of format ", format, "; this version reads up to ",
                      weights_format);
  return format;
}

/// The settings in a content's metadata as a JSON object; an empty one where there are none.
inline Json settings_in(const safetensors::Content& content, std::string_view source) {
  const std::string* text = content.find(settings_key);
  if (text == nullptr) return Json::object();
  Json settings = Json::parse(*text, message(source, ": ", settings_key));
  expect<FormatError>(settings.is_object(), source, ": ", settings_key, " needs to be an object");
  return settings;
}

/// Visits a model and fills it. Throws FormatError that names the source.
class ContentReader {
 public:
  ContentReader(const safetensors::Content& content, std::string_view source, bool accepts_not_finite)
      : content_(content),
        source_(source),
        format_(format_of(content, source)),
        json_(settings_in(content, source)),
        accepts_not_finite_(accepts_not_finite) {
    for (const safetensors::TensorView& tensor : content.tensors) tensors_.add(tensor.name, tensor);
    for (const Json::Member& member : json_.members()) settings_.add(member.first, member.second);
    tensors_.sort();
    settings_.sort();
  }

  /// Throws if the file names another type.
  void expect_type(const std::string& type) const {
    const std::string* stored = content_.find(type_key);
    expect<FormatError>(!stored || *stored == type, source_, ": holds a model of type ", stored ? *stored : "", "; ",
                        type, " is needed");
  }

  template <class M> void read(M& model) {
    walk(Named(), model, *this);
    expect<FormatError>(tensors_.left().empty(), source_, ": tensor '", tensors_.left(),
                        "' is unexpected; the model has none");
    expect<FormatError>(settings_.left().empty(), source_, ": setting '", settings_.left(),
                        "' is unexpected; the model has none");
    const Checks checks{source_};
    walk(Named(), model, checks);
  }

  template <Setting S> void operator()(const Named& path, S& setting) {
    const Json* json = settings_.take(path.name);
    if (json == nullptr) return;
    try {
      std::remove_const_t<S> value = setting;
      set_from_json(value, *json);
      if constexpr (std::is_const_v<S>)
        expect<FormatError>(same_setting(setting, value), setting_text(value), "; the model's is ",
                            setting_text(setting), " and cannot change");
      else
        setting = value;
    } catch (const FormatError& error) {
      throw FormatError(message(source_, ": setting '", path.name, "': ", error.what()));
    }
  }
  template <Real T> void operator()(const Named& path, Parameter<T>& parameter) {
    Tensor<T> value = take<T>(path.name, parameter.shape());
    Frozen<T> frozen = take_frozen(path.name + ".frozen", value);
    parameter = Parameter<T>(std::move(value), std::move(frozen));
  }
  template <Real T> void operator()(const Named& path, Tensor<T>& tensor) {
    tensor = take<T>(path.name, tensor.shape());
  }
  /// A module that had its numbers in F64 tensors takes them from a file of format 1: take_old(self, old), where
  /// old(name) gives the numbers of such a tensor of the module's own, none if the file has it not.
  template <class M> void module(const Named& path, M& module_) {
    const auto old = [&](const char* name) {
      const auto* tensor = tensors_.take((path / name).name);
      return tensor && tensor->dtype == safetensors::Dtype::f64 ? tensor->template values<double>()
                                                                : std::vector<double>();
    };
    if constexpr (requires { M::take_old(module_, old); }) try {
        if (format_ == 1) M::take_old(module_, old);
      } catch (const FormatError& error) {
        throw FormatError(message(source_, ": ", path.name, path.name.empty() ? "" : ": ", error.what()));
      }
  }

 private:
  /// Lets every module look at its settings and sizes.
  struct Checks {
    std::string_view source;
    void operator()(const Named&, const auto&) const {}
    template <class M> void module(const Named& path, const M& module_) const {
      if constexpr (requires { module_.check(); }) try {
          module_.check();
        } catch (const Error& error) {
          throw FormatError(message(source, ": ", path.name, path.name.empty() ? "" : ": ", error.what()));
        }
    }
  };

  template <Real T> Tensor<T> take(const std::string& name, const Shape& shape) {
    constexpr auto dtype = safetensors::dtype_of<T>;
    const auto* tensor = tensors_.take(name);
    expect<FormatError>(tensor != nullptr, source_, ": tensor '", name, "' is missing; the model needs it as ",
                        safetensors::info(dtype).name, ' ', shape);
    expect<FormatError>(tensor->dtype == dtype && tensor->shape == shape, source_, ": tensor '", name, "' is ",
                        safetensors::info(tensor->dtype).name, ' ', tensor->shape, "; the model needs ",
                        safetensors::info(dtype).name, ' ', shape);
    Tensor<T> value(shape, tensor->template values<T>());
    if (accepts_not_finite_) return value;
    const Index at = first_not_finite(std::as_const(value).span());
    if (at < 0) return value;
    throw FormatError(message(source_, ": tensor '", name, "' has ", value[at], " at position ", at,
                              "; NotFinite::accept loads it as it is"));
  }
  template <Real T> Frozen<T> take_frozen(const std::string& name, const Tensor<T>& weight) {
    Frozen<T> frozen;
    const auto* tensor = tensors_.take(name);
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

  const safetensors::Content& content_;
  std::string_view source_;
  int format_;
  Json json_;
  bool accepts_not_finite_;
  Takeable<safetensors::TensorView> tensors_;
  Takeable<Json> settings_;
};

/// Gives a model the lists, optional members and tensor shapes that the names of a content tell of.
class StructureReader {
 public:
  StructureReader(const safetensors::Content& content, const Json& settings) {
    for (const safetensors::TensorView& tensor : content.tensors) add(tensor.name, &tensor.shape);
    for (const Json::Member& member : settings.members()) add(member.first, nullptr);
    std::sort(names_.begin(), names_.end());
  }

  template <class Member> void read(const Named& path, Member& member) const {
    if constexpr (Setting<Member>) {
      return;
    } else if constexpr (is_list<Member>) {
      if constexpr (requires { member.emplace_back(); })
        for (member.clear(); holds((path / member.size()).name);) member.emplace_back();
      for (std::size_t i = 0; i < member.size(); ++i) read(path / i, member[i]);
    } else if constexpr (is_optional<Member>) {
      member.reset();
      if (holds(path.name)) read(path, member.emplace());
    } else if constexpr (Module<Member>) {
      Member::visit(member, [&](const char* child, auto& inner) { read(path / child, inner); });
    } else if constexpr (is_parameter<Member>) {
      member = Member(std::remove_cvref_t<decltype(member.value())>(shape_of(path.name)));
    } else {
      member = Member(shape_of(path.name));
    }
  }

 private:
  void add(std::string_view name, const Shape* shape) {
    names_.emplace_back(name, shapes_.size());
    shapes_.push_back(shape);
  }
  auto first_from(std::string_view name) const {
    return std::lower_bound(names_.begin(), names_.end(), PlacedName(name, 0));
  }
  /// Whether something has this name, or one that goes on after it.
  bool holds(const std::string& name) const {
    const auto at = first_from(name), below = first_from(name + '.');
    return (at != names_.end() && at->first == name) || (below != names_.end() && below->first.starts_with(name + '.'));
  }
  Shape shape_of(const std::string& name) const {
    const auto at = first_from(name);
    return at != names_.end() && at->first == name && shapes_[at->second] ? *shapes_[at->second] : Shape{0};
  }

  std::vector<const Shape*> shapes_;  // nullptr: a setting
  std::vector<PlacedName> names_;     // with the place in shapes_
};

}  // namespace wsym::inline WSYM_SIMD::detail
