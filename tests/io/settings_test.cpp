// SPDX-License-Identifier: MIT
#include "wsym/io/settings.hpp"

#include <doctest/doctest.h>

#include <limits>

using namespace wsym;

namespace {
enum class Shade { dark, light };
constexpr auto names(Shade) {
  return std::array{"dark", "light"};
}
/// The setting that the JSON text gives, as text, or what is wrong with it.
template <class S> std::string read(const char* json, S setting = {}) {
  try {
    set_from_json(setting, Json::parse(json));
  } catch (const FormatError& error) {
    return error.what();
  }
  return setting_text(setting);
}
}  // namespace

TEST_CASE("setting_to_json: words for enums and for what JSON has no number for, null for none") {
  CHECK(setting_to_json(Shade::light).dump() == R"("light")");
  CHECK(setting_to_json(-std::numeric_limits<double>::infinity()).dump() == R"("-inf")");
  CHECK(setting_to_json(0.5F).dump() == "0.5");
  CHECK(setting_to_json(true).dump() == "true");
  CHECK(setting_to_json(std::numeric_limits<std::uint64_t>::max()).dump() == "18446744073709551615");
  CHECK(setting_to_json(std::optional<Index>()).dump() == "null");
  CHECK(setting_to_json(std::vector<double>{1, std::numeric_limits<double>::infinity()}).dump() == R"([1.0,"inf"])");
}

TEST_CASE("set_from_json: every value comes back, and none that the type cannot hold") {
  CHECK(read<Shade>(R"("light")") == "light");
  CHECK(read<Shade>(R"("grey")") == "'grey'; dark or light is needed");
  CHECK(read<double>(R"("nan")") == "nan");
  CHECK(read<double>(R"("infinite")") == "'infinite'; a number, inf, -inf or nan is needed");
  CHECK(read<float>("0.1") == "0.1; the model's type cannot hold it");
  CHECK(read<float>("0.5") == "0.5");
  CHECK(read<std::int8_t>("-128") == "-128");
  CHECK(read<std::int8_t>("128") == "128; the model's type cannot hold it");
  CHECK(read<std::uint64_t>("18446744073709551615") == "18446744073709551615");
  CHECK(read<std::optional<Index>>("null", 4) == "none");
  CHECK(read<std::optional<Index>>("3") == "3");
  CHECK(read<std::vector<Index>>("[3, 4]", {1}) == "[3, 4]");
  CHECK(read<std::array<Index, 2>>("[3, 4]") == "[3, 4]");
  CHECK(read<std::array<Index, 2>>("[3]") == "1 values; 2 are needed");
}
