#include <cxxabi.h>

#include <algorithm>
#include <cstdlib>
#include <memory>
#include <ostream>

#include <xtape/nn/module.hpp>
#include <xtape/nn/module_state.hpp>

namespace xtape::nn {
namespace {

/// A type as its author would say it, without the namespaces: "Block", "ModuleList<Block>".
std::string name_of(const std::type_info& type) {
  int status = 0;
  const std::unique_ptr<char, void (*)(void*)> demangled(
      abi::__cxa_demangle(type.name(), nullptr, nullptr, &status), std::free);
  std::string name = status == 0 ? demangled.get() : type.name();
  for (std::size_t colons = name.find("::"); colons != std::string::npos;
       colons = name.find("::")) {
    std::size_t begin = colons;
    if (colons > 0 && name[colons - 1] == ')')
      begin = name.rfind('(', colons);  // of a function, or anonymous
    const std::size_t before =
        begin == 0 ? std::string::npos : name.find_last_of("<, (:&*", begin - 1);
    begin = before == std::string::npos ? 0 : before + 1;
    name.erase(begin, colons + 2 - begin);
  }
  return name;
}

/// A function of one tensor, held as a module, has no name of its own.
std::string shown(const std::type_info& type) {
  const std::string name = name_of(type);
  return name.starts_with("Function<") ? "Function" : name;
}

}  // namespace

std::string detail::type_name(const std::type_info& type) { return shown(type); }

namespace {

std::string joined_names(const std::vector<std::string>& names) {
  std::string text;
  for (const std::string& name : names) text += (text.empty() ? "\"" : ", \"") + name + "\"";
  return text.empty() ? "none" : text;
}

}  // namespace

void Module::describe(std::string type, std::string arguments) const {
  state_->type = std::move(type);
  state_->arguments = std::move(arguments);
}

void Module::set_torch_layout(const std::string& name, TorchLayout layout) const {
  const auto is_named = [&](const auto& entry) { return entry.first == name; };
  const auto has = [&](const NamedTensors& list) {
    return std::any_of(list.begin(), list.end(), is_named);
  };
  if (!has(state_->parameters) && !has(state_->buffers))
    throw ValueError("module: a parameter or buffer of its own is needed; got \"" + name + "\"");
  std::erase_if(state_->torch_layouts, is_named);
  state_->torch_layouts.emplace_back(name, layout);
}

std::vector<std::pair<std::string, TorchLayout>> Module::torch_layouts() const {
  return state_->torch_layouts;
}

void Module::set_torch_name(const std::string& name, const std::string& torch) const {
  state_->torch_names.emplace_back(name, torch);
}

std::vector<std::pair<std::string, std::string>> Module::torch_names() const {
  return state_->torch_names;
}

std::string Module::type() const {
  if (!state_->type.empty()) return state_->type;
  return state_->registered_type == nullptr ? "Module" : shown(*state_->registered_type);
}

std::string Module::arguments() const { return state_->arguments; }

std::shared_ptr<const Module> Module::handle(std::shared_ptr<State> state) {
  return std::shared_ptr<const Module>(new Module(std::move(state)));
}

NamedModules Module::children() const {
  NamedModules modules;
  for (const auto& [name, child] : state_->children) modules.emplace_back(name, handle(child));
  return modules;
}

NamedModules Module::named_modules() const {
  NamedModules modules;
  const State::Visits places = state_->walk();
  std::vector<std::string> paths = State::prefixes(places);
  for (std::size_t i = 0; i < places.size(); ++i) {
    std::string& path = paths[i];
    if (!path.empty()) path.pop_back();
    modules.emplace_back(path, handle(places[i].state->shared_from_this()));
  }
  return modules;
}

void Module::apply_each(const void* function,
                        void (*run)(const void* function, const Module& to)) const {
  for (const auto& [path, module] : modules_inside_out()) run(function, *module);
}

/// The parts of each before it.
NamedModules Module::modules_inside_out() const {
  NamedModules modules = named_modules();
  std::reverse(modules.begin(), modules.end());
  return modules;
}

RegisteredTensor Module::operator[](const std::string& path) const {
  std::vector<std::string> known;
  const std::size_t dot = path.rfind('.');
  const std::string name = dot == std::string::npos ? path : path.substr(dot + 1);
  const Module owner = dot == std::string::npos ? *this : at(path.substr(0, dot));
  for (const auto list : {&State::parameters, &State::buffers}) {
    for (const auto& [own_name, tensor] : owner.state_.get()->*list) {
      if (own_name == name) return Registration(tensor, owner.state_);
      known.push_back(own_name);
    }
  }
  throw IndexError("module: \"" + path + "\" must name a parameter or buffer; of " + owner.type() +
                   " there are " + joined_names(known));
}

Module Module::at(const std::string& path) const {
  std::shared_ptr<State> place = state_;
  for (std::size_t begin = 0; begin <= path.size() && !path.empty();) {
    const std::size_t end = std::min(path.find('.', begin), path.size());
    const std::string name = path.substr(begin, end - begin);
    const auto& parts = place->children;
    const auto part = std::find_if(parts.begin(), parts.end(),
                                   [&](const auto& known) { return known.first == name; });
    if (part == parts.end()) {
      std::vector<std::string> known;
      known.reserve(parts.size());
      for (const auto& [own_name, child] : parts) known.push_back(own_name);
      throw IndexError("module: \"" + path + "\" must name a module; of " + Module(place).type() +
                       " there are " + joined_names(known));
    }
    place = std::shared_ptr<State>(part->second);
    begin = end + 1;
  }
  return Module(place);
}

std::int64_t size(const Module& module) {
  std::int64_t total = 0;
  for (const Tensor& parameter : module.parameters()) total += parameter.size();
  return total;
}

void detail::print(std::ostream& stream, const Module& module, const std::type_info& type) {
  struct Open {
    NamedModules parts;
    std::size_t next;
  };
  const auto begin = [&](const Module& part, const std::string& name) {
    const NamedModules parts = part.children();
    const std::string arguments = part.arguments();
    stream << name << '(' << arguments;
    stream << (parts.empty() ? ")" : arguments.empty() ? "\n" : ",\n");
    return Open{parts, 0};
  };
  const std::string own = module.type();
  std::vector<Open> open{begin(module, own == "Module" ? shown(type) : own)};
  while (true) {
    Open& here = open.back();
    const std::string indent(2 * open.size(), ' ');
    if (here.next < here.parts.size()) {
      const auto& [name, part] = here.parts[here.next++];
      stream << indent << '(' << name << "): ";
      Open below = begin(*part, part->type());
      if (below.parts.empty()) {
        stream << '\n';
      } else {
        open.push_back(std::move(below));
      }
      continue;
    }
    const bool had_parts = !here.parts.empty();
    open.pop_back();
    if (had_parts) stream << std::string(2 * open.size(), ' ') << ')';
    if (open.empty()) return;
    stream << '\n';
  }
}

}  // namespace xtape::nn
