// SPDX-License-Identifier: MIT
#pragma once
#include <CLI/CLI.hpp>
#include <charconv>
#include <string>
#include <vector>

#include "lab/text.hpp"
#include "lab/usage.hpp"

/// What the parsers of command lines share.
namespace wsym::lab {

/// One option in one group; `fallback` stands in the help as [fallback] unless it is empty.
template <class T>
CLI::Option* add_option(CLI::App& app, const char* group, const char* name, const char* type, T& value,
                        const std::string& help, const std::string& fallback) {
  const std::string usual = fallback.empty() ? "" : " [" + fallback + "]";
  return app.add_option(name, value, help + usual)->type_name(type)->group(group);
}

/// One word of a list.
inline CLI::Validator one_of(const std::vector<std::string>& words) {
  return CLI::IsMember(words).description("");
}

/// CLI11 reads -1 as a huge seed and clamps what does not fit; this refuses both.
template <class T> CLI::Validator whole() {
  const auto test = [](const std::string& text) {
    T value{};
    const char* const end = text.data() + text.size();
    const auto read = std::from_chars(text.data(), end, value);
    return read.ec == std::errc() && read.ptr == end ? std::string()
                                                     : "'" + text + "' came; an integer that fits is needed";
  };
  return CLI::Validator(test, "");
}

/// CLI11 drops the empty items of "8,,16"; this throws Usage for them.
inline void refuse_empty_items(const CLI::App& app, const std::vector<std::string>& arguments) {
  const CLI::Option* list = nullptr;  // the option whose items an argument may hold
  for (const std::string& argument : arguments) {
    const bool option = argument.starts_with("-");
    const std::size_t equals = option ? argument.find('=') : argument.npos;
    if (option) list = app.get_option_no_throw(argument.substr(0, equals));
    if (list == nullptr || list->get_delimiter() == '\0' || (option && equals == argument.npos)) continue;
    const std::string items = option ? argument.substr(equals + 1) : argument;
    const bool empty = items.empty() || items.front() == ',' || items.back() == ',' || items.find(",,") != items.npos;
    if (empty) throw Usage(message(list->get_name(), ": ", shown(items), " came; an item of it is empty"), 2);
  }
}

/// Throws Usage for --help and for what cannot be obeyed.
inline void parse(CLI::App& app, const std::vector<std::string>& arguments) {
  try {
    app.parse(std::vector<std::string>(arguments.rbegin(), arguments.rend()));
    refuse_empty_items(app, arguments);
  } catch (const CLI::CallForHelp&) {
    throw Usage(app.help(), 0);
  } catch (const CLI::ParseError& error) {
    throw Usage(error.what(), 2);
  }
}

inline void within(const char* option, Index value, Index least, Index most) {
  if (value < least || value > most)
    throw Usage(message(option, ": ", value, " came; it must be from ", least, " to ", most), 2);
}

}  // namespace wsym::lab
