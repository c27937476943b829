#include "config/config_writer.h"

namespace pipetrain {

void ConfigWriter::write_layers(const std::vector<LayerEntry>& layers) {
  out_ << YAML::BeginSeq;
  for (const LayerEntry& layer : layers) {
    if (layer.options.empty() && layer.layers.empty()) {
      out_ << layer.kind;
      continue;
    }
    const bool repeat = layer.kind == "repeat";
    out_ << YAML::BeginMap;
    if (!repeat) out_ << YAML::Key << layer.kind << YAML::Value << YAML::BeginMap;
    for (const auto& [name, value] : layer.options) {
      write(repeat && name == "count" ? "repeat" : name.c_str(), value);
    }
    if (!layer.layers.empty()) {
      out_ << YAML::Key << "layers" << YAML::Value;
      write_layers(layer.layers);
    }
    if (!repeat) out_ << YAML::EndMap;
    out_ << YAML::EndMap;
  }
  out_ << YAML::EndSeq;
}

}  // namespace pipetrain
