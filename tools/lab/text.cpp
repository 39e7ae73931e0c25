// SPDX-License-Identifier: MIT
#include "lab/text.hpp"

#include <charconv>
#include <cmath>

namespace wsym::lab {

double significant(double value, int digits) {
  if (!std::isfinite(value)) return value;
  char text[32];
  const char* const end = std::to_chars(text, text + sizeof text, value, std::chars_format::scientific, digits - 1).ptr;
  std::from_chars(text, end, value);
  return value;
}

std::string shortest(double value) {
  if (!std::isfinite(value)) return {};
  char digits[32];
  return std::string(digits, std::to_chars(digits, digits + sizeof digits, value).ptr);
}

std::string rounded(double value, int decimals) {
  if (!std::isfinite(value)) return "-";
  char digits[400];  // 1e308 has 309 digits before the point
  return std::string(digits,
                     std::to_chars(digits, digits + sizeof digits, value, std::chars_format::fixed, decimals).ptr);
}

std::string with_sign(double value, int decimals) {
  if (!std::isfinite(value)) return "-";
  return (value < 0 ? "−" : "+") + rounded(std::abs(value), decimals);
}

std::string mean_and_sd(double mean, double sd, int decimals) {
  return rounded(mean, decimals) + (std::isfinite(sd) ? " ± " + rounded(sd, decimals) : "");
}

std::string shown(const std::string& text) {
  constexpr std::size_t most = 60;
  constexpr const char* digits = "0123456789abcdef";
  std::string result = "'";
  for (const char c : text.substr(0, most)) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20 || byte == 0x7f)
      result += {'\\', 'x', digits[byte >> 4], digits[byte & 15]};
    else
      result += c;
  }
  return result + (text.size() > most ? "...'" : "'");
}

std::size_t characters(const std::string& text) {
  std::size_t count = 0;
  for (const char c : text) count += (static_cast<unsigned char>(c) & 0xC0) != 0x80;
  return count;
}

std::string padded(const std::string& text, std::size_t width, bool left) {
  const std::size_t count = characters(text);
  const std::string space(count < width ? width - count : 0, ' ');
  return left ? text + space : space + text;
}

std::string csv_field(const std::string& text) {
  return text.find(',') == text.npos ? text : '"' + text + '"';
}

std::string join(const std::vector<std::string>& parts, const std::string& separator) {
  std::string text;
  for (std::size_t i = 0; i < parts.size(); ++i) text += (i ? separator : "") + parts[i];
  return text;
}

std::string join(const std::vector<Index>& parts, const std::string& separator) {
  std::vector<std::string> words;
  for (const Index part : parts) words.push_back(std::to_string(part));
  return join(words, separator);
}

std::string duration(double seconds) {
  const auto whole = static_cast<std::int64_t>(std::ceil(seconds));
  const auto two = [](std::int64_t n) {
    return std::string(n < 10 ? "0" : "").append(std::to_string(n));
  };
  if (whole < 60) return std::to_string(whole) + " s";
  if (whole < 3600) return std::to_string(whole / 60) + " min " + two(whole % 60) + " s";
  return std::to_string(whole / 3600) + " h " + two(whole % 3600 / 60) + " min";
}

std::string bytes(double count) {
  if (count < 1e6) return rounded(std::ceil(count / 1e3), 0) + " kB";
  if (count < 1e9) return rounded(count / 1e6, 1) + " MB";
  return rounded(count / 1e9, 1) + " GB";
}

}  // namespace wsym::lab
