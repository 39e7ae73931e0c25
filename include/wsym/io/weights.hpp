// SPDX-License-Identifier: MIT
#pragma once
#include "wsym/core/type_name.hpp"
#include "wsym/io/atomic_file.hpp"
#include "wsym/io/content_reader.hpp"

namespace wsym::inline WSYM_SIMD {

/// Whether weights that are NaN or infinite may be loaded.
enum class NotFinite { refuse, accept };

/// A model as named tensors: each Parameter and Tensor under its dotted name, and "<name>.frozen" with the row-major
/// positions of a Parameter's frozen entries (I64), whose values stand in the weight. The metadata get the format, the
/// settings and the type's name (see docs/files.md). The views refer to the model.
template <class M> safetensors::Content weights_of(const M& model, safetensors::Metadata metadata = {}) {
  safetensors::Content content{std::move(metadata), {}};
  content.metadata.emplace_back(detail::weights_key, std::to_string(detail::weights_format));
  if constexpr (has_type_name<M>) content.metadata.emplace_back(detail::type_key, type_name<M>());
  std::string settings;
  for_each_setting(model, [&](const std::string& name, const auto& setting) {
    settings += (settings.empty() ? '{' : ',') + Json(name).dump() + ':' + setting_to_json(setting).dump();
  });
  if (!settings.empty()) content.metadata.emplace_back(detail::settings_key, settings + '}');
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

/// Gives a model of the same architecture the saved settings, values and frozen entries, bit for bit. A setting that
/// the file lacks, as those of version 0.1 do, keeps the model's value.
///
/// Throws FormatError that names the source and
///   - the tensor that is missing, unexpected, of another shape or element type, or, unless `not_finite` accepts it,
///   has
///     an entry that is NaN or infinite;
///   - the setting that is unexpected, of another kind, refused by the module's check(), or, where the model's is
///   const,
///     of another value;
///   - both type names, or both formats if the file's is newer.
/// Then the model is as before. Cost: a second copy of the model while it lasts.
template <class M>
void set_weights(M& model, const safetensors::Content& content, std::string_view source,
                 NotFinite not_finite = NotFinite::refuse) {
  detail::ContentReader reader(content, source, not_finite == NotFinite::accept);
  if constexpr (has_type_name<M>) reader.expect_type(type_name<M>());
  M loaded = model;
  reader.read(loaded);
  model = std::move(loaded);
}

/// A model of type M with the lists, optional members and tensor shapes that the content's names tell of; settings are
/// those of M(), values 0. set_weights() then fills it. Throws FormatError for settings that cannot be read.
template <class M> M blank(const safetensors::Content& content, std::string_view source) {
  M model;
  const Json settings = detail::settings_in(content, source);
  detail::StructureReader(content, settings).read({}, model);
  return model;
}

/// The model of type M that a content holds: blank(), then set_weights(). A setting that the content lacks is that of
/// M(). Throws as set_weights.
template <class M>
M model_of(const safetensors::Content& content, std::string_view source, NotFinite not_finite = NotFinite::refuse) {
  M model = blank<M>(content, source);
  set_weights(model, content, source, not_finite);
  return model;
}

/// A model and text about it as the bytes of a safetensors file. Equal models and texts give equal bytes.
template <class M> std::string to_bytes(const M& model, safetensors::Metadata metadata = {}) {
  return safetensors::encode(weights_of(model, std::move(metadata)));
}

/// The reverse: sets the model and returns the metadata that to_bytes was given. Throws as set_weights.
template <class M>
safetensors::Metadata from_bytes(M& model, std::string_view bytes, std::string_view source = "weights",
                                 NotFinite not_finite = NotFinite::refuse) {
  safetensors::Content content = safetensors::decode(bytes, source);
  set_weights(model, content, source, not_finite);
  std::erase_if(content.metadata, [](const auto& entry) {
    return entry.first == detail::weights_key || entry.first == detail::type_key || entry.first == detail::settings_key;
  });
  return std::move(content.metadata);
}

/// Writes the model as a safetensors file that replaces `path` as a whole. Throws Error with the path and the reason;
/// then an old file is intact.
template <class M> void save(const M& model, const std::string& path, safetensors::Metadata metadata = {}) {
  write_file_atomically(path, to_bytes(model, std::move(metadata)));
}

/// Reads what save() wrote into a model of the same architecture and returns the metadata. Throws as set_weights, and
/// Error if the file cannot be read.
template <class M>
safetensors::Metadata load(M& model, const std::string& path, NotFinite not_finite = NotFinite::refuse) {
  return from_bytes(model, safetensors::read(path), path, not_finite);
}

/// The model of type M in a file of save(). Throws as load.
template <class M> M load(const std::string& path, NotFinite not_finite = NotFinite::refuse) {
  const std::string bytes = safetensors::read(path);
  return model_of<M>(safetensors::decode(bytes, path), path, not_finite);
}

}  // namespace wsym::inline WSYM_SIMD
