#include <algorithm>
#include <limits>
#include <type_traits>
#include <utility>

#include <xtape/core/error.hpp>
#include <xtape/core/state.hpp>
#include <xtape/data/loader.hpp>
#include <xtape/data/pipeline.hpp>
#include <xtape/train/checkpoint.hpp>

namespace xtape {
namespace {

/// The one text of a part.
const std::string& text_of(const data::Archive& given) {
  if (given.tensors.empty() && given.texts.size() == 1 && given.texts[0].first.empty())
    return given.texts[0].second;
  throw ValueError("must be one text");
}

/// Hands each entry to the part that its name begins with; returns the names that belong to none.
template <class Entries>
void distribute(const Entries& entries, const std::vector<std::string>& names,
                std::vector<data::Archive>& given, Entries data::Archive::*list,
                std::string& unexpected) {
  for (const auto& [name, value] : entries) {
    const std::size_t end = std::min(name.find('.'), name.size());
    const auto part = std::find(names.begin(), names.end(), name.substr(0, end));
    if (part == names.end()) {
      unexpected += (unexpected.empty() ? "\"" : ", \"") + name + "\"";
    } else {
      (given[static_cast<std::size_t>(part - names.begin())].*list)
          .emplace_back(name.substr(std::min(end + 1, name.size())), value);
    }
  }
}

}  // namespace

Checkpoint& Checkpoint::add(const std::string& name, State state, Restore restore, Restore check) {
  const auto same = [&](const Part& part) { return part.name == name; };
  if (name.empty() || name.find('.') != name.npos ||
      std::any_of(parts_.begin(), parts_.end(), same)) {
    throw ValueError("checkpoint: a part needs a name of its own, without dots; got \"" + name +
                     "\"");
  }
  parts_.push_back({name, std::move(state), std::move(restore), std::move(check), false});
  return *this;
}

void Checkpoint::check_texts(const data::Archive& given, std::size_t count) {
  if (given.texts.size() != count) throw ValueError("must be arrays; got a text among them");
}

template <class T>
Checkpoint& Checkpoint::add_number(const std::string& name, T& number) {
  using Stored = std::conditional_t<std::is_integral_v<T>, std::int64_t, double>;
  const auto state = [&number] {
    return data::Archive{{{"", detail::number(static_cast<Stored>(number))}}, {}};
  };
  const auto restore = [&number, state](const data::Archive& given) {
    check_texts(given, 0);
    const NamedTensors entries = detail::match_state(state().tensors, given.tensors).entries;
    const auto value = detail::number<Stored>(entries[0].second);
    if constexpr (std::is_integral_v<T>) {
      if (value < std::numeric_limits<T>::min() || value > std::numeric_limits<T>::max())
        throw ValueError("must fit the variable; got " + std::to_string(value));
    }
    number = static_cast<T>(value);
  };
  return add(name, state, restore);
}

Checkpoint& Checkpoint::add(const std::string& name, int& number) {
  return add_number(name, number);
}
Checkpoint& Checkpoint::add(const std::string& name, std::int64_t& number) {
  return add_number(name, number);
}
Checkpoint& Checkpoint::add(const std::string& name, double& number) {
  return add_number(name, number);
}

/// A loader cannot be put back: a pass that goes on would not be its own any more. So it is asked
/// first, by a copy.
template <class Loader>
Checkpoint& Checkpoint::add_loader(const std::string& name, Loader& loader) {
  const auto restore = [](Loader& to, const data::Archive& given) {
    check_texts(given, 0);
    to.restore(given.tensors);
  };
  return add(
      name,
      [&loader] {
        return data::Archive{loader.state(), {}};
      },
      [&loader, restore](const data::Archive& given) { restore(loader, given); },
      [&loader, restore](const data::Archive& given) {
        Loader copy = loader;
        restore(copy, given);
      });
}

/// Looked at first, by another: one that is fitted to nothing has no state that could be put back.
Checkpoint& Checkpoint::add(const std::string& name, data::Pipeline& pipeline) {
  add(
      name,
      [&pipeline] {
        return data::Archive{pipeline.state(), {}};
      },
      [&pipeline](const data::Archive& given) {
        if (given.tensors.empty()) {
          pipeline = data::Pipeline();
        } else {
          pipeline.restore(given.tensors);
        }
      },
      [](const data::Archive& given) {
        check_texts(given, 0);
        data::Pipeline().restore(given.tensors);
      });
  parts_.back().of_pipeline = true;
  return *this;
}

Checkpoint& Checkpoint::add(const std::string& name, const data::Pipeline& pipeline) {
  const auto refuse = [](const data::Archive&) {
    throw ValueError("must not be const, to be restored");
  };
  add(
      name,
      [&pipeline] {
        return data::Archive{pipeline.state(), {}};
      },
      refuse, refuse);
  parts_.back().of_pipeline = true;
  return *this;
}

Checkpoint& Checkpoint::add(const std::string& name, data::Loader& loader) {
  return add_loader(name, loader);
}

Checkpoint& Checkpoint::add(const std::string& name, data::TensorLoader& loader) {
  return add_loader(name, loader);
}

Checkpoint& Checkpoint::add(const std::string& name, data::NamedLoader& loader) {
  return add_loader(name, loader);
}

Checkpoint& Checkpoint::add(const std::string& name, Rng& rng) {
  return add(
      name,
      [&rng] {
        return data::Archive{{}, {{"", rng.state()}}};
      },
      [&rng](const data::Archive& given) { rng = Rng::from_state(text_of(given)); });
}

Checkpoint& Checkpoint::add(const std::string& name, std::string& text) {
  return add(
      name,
      [&text] {
        return data::Archive{{}, {{"", text}}};
      },
      [&text](const data::Archive& given) { text = text_of(given); });
}

void Checkpoint::save(const std::string& path) const {
  data::Archive all;
  for (const Part& part : parts_) {
    const data::Archive own = part.state();
    if (part.of_pipeline && own.tensors.empty())
      throw ValueError("checkpoint: the pipeline \"" + part.name + "\" must be fitted to be saved");
    const auto full = [&](const std::string& name) {
      return name.empty() ? part.name : part.name + "." + name;
    };
    for (const auto& [name, tensor] : own.tensors) all.tensors.emplace_back(full(name), tensor);
    for (const auto& [name, text] : own.texts) all.texts.emplace_back(full(name), text);
  }
  data::save_archive(path, all);
}

void Checkpoint::load(const std::string& path) const {
  const data::Archive all = data::load_archive(path);
  std::vector<std::string> names;
  for (const Part& part : parts_) names.push_back(part.name);
  std::vector<data::Archive> given(parts_.size()), before;
  std::string wrong, unexpected;
  distribute(all.tensors, names, given, &data::Archive::tensors, unexpected);
  distribute(all.texts, names, given, &data::Archive::texts, unexpected);
  if (!unexpected.empty()) wrong += "; unexpected: " + unexpected;
  const auto empty = [](const data::Archive& of) { return of.tensors.empty() && of.texts.empty(); };
  for (std::size_t i = 0; i < parts_.size(); ++i) {
    before.push_back(parts_[i].state());
    if (empty(given[i]) && (parts_[i].of_pipeline || !empty(before[i])))
      wrong += "; it has no part \"" + parts_[i].name + "\"";
  }
  const bool whole = wrong.empty();  // else what parts say of that is no news
  std::vector<std::size_t> restored;
  restored.reserve(parts_.size());
  const auto restore = [&](std::size_t i) {
    parts_[i].restore(given[i]);
    restored.push_back(i);
  };
  const auto put_back = [&] {
    for (const std::size_t i : restored) parts_[i].restore(before[i]);
  };
  try {
    for (std::size_t i = 0; i < parts_.size(); ++i) {
      if (!whole && empty(given[i])) continue;
      try {
        parts_[i].check ? parts_[i].check(given[i]) : restore(i);
      } catch (const Error& error) {
        const std::string prefix = parts_[i].name + ": ", what = error.what();
        wrong += "; " + (what.starts_with(prefix) ? what : prefix + what);
      }
    }
    for (std::size_t i = 0; wrong.empty() && i < parts_.size(); ++i) {
      if (parts_[i].check) restore(i);
    }
  } catch (...) {
    put_back();
    throw;
  }
  if (wrong.empty()) return;
  put_back();
  throw ValueError("checkpoint: " + path + " must hold what these parts save" + wrong);
}

}  // namespace xtape
