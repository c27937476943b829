// Where tests find what the repository contains.
#pragma once

#include <fstream>
#include <sstream>
#include <string>

#include "catch.h"

inline std::string repository_path(const std::string& path) {
  return std::string(PIPETRAIN_SOURCE_ROOT) + "/" + path;
}

inline std::string read_repository_file(const std::string& path) {
  std::ifstream file(repository_path(path), std::ios::binary);
  INFO(path);
  REQUIRE(file);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}
