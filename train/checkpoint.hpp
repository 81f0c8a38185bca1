#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include <xtape/config.hpp>
#include <xtape/core/function.hpp>
#include <xtape/core/rng.hpp>
#include <xtape/data/npz.hpp>

XTAPE_EXPORT_BEGIN

namespace xtape {
namespace data {
class Loader;
class TensorLoader;
class NamedLoader;
class Pipeline;
}  // namespace data

/// All that a training run needs to go on later, in one file:
/// ```
/// Checkpoint checkpoint;
/// checkpoint.add("model", model).add("optimizer", optimizer).add("loader", loader);
/// checkpoint.add("rng", rng).add("epoch", epoch);
/// checkpoint.save("run.npz");   // in the middle of a pass too
/// checkpoint.load("run.npz");   // in another process, which has made the same objects
/// ```
/// It refers to the parts, which must live as long. A run that goes on gives the same bits as one
/// that never stopped if every part with a state of its own is in it: generators and schedules that
/// learn as well.
class Checkpoint {
 public:
  /// Adds a part: what has `state()` and `restore(state)`, a generator, a number or a text.
  /// Throws ValueError for a name that is empty, taken or has a dot.
  template <data::Stateful T>
  Checkpoint& add(const std::string& name, T& object) {
    return add(
        name,
        [&object] {
          return data::Archive{object.state(), {}};
        },
        [&object](const data::Archive& given) {
          check_texts(given, 0);
          object.restore(given.tensors);
        });
  }
  Checkpoint& add(const std::string& name, data::Loader& loader);
  Checkpoint& add(const std::string& name, data::TensorLoader& loader);
  Checkpoint& add(const std::string& name, data::NamedLoader& loader);
  /// One that is fitted to nothing may be loaded, but not saved.
  Checkpoint& add(const std::string& name, data::Pipeline& pipeline);
  /// A const one is saved, and not loaded.
  Checkpoint& add(const std::string& name, const data::Pipeline& pipeline);
  Checkpoint& add(const std::string& name, Rng& rng);
  Checkpoint& add(const std::string& name, int& number);
  Checkpoint& add(const std::string& name, std::int64_t& number);
  Checkpoint& add(const std::string& name, double& number);
  Checkpoint& add(const std::string& name, std::string& text);

  /// Writes the file, which appears whole or not at all. Throws IoError, naming it, ValueError for
  /// a pipeline that is fitted to nothing.
  void save(const std::string& path) const;
  /// Restores all parts. Throws IoError for a file that cannot be read, and one ValueError that
  /// tells, part by part, all that does not fit; nothing has changed then.
  void load(const std::string& path) const;

 private:
  template <class Loader>
  Checkpoint& add_loader(const std::string& name, Loader& loader);
  // Names of entries: those of the part, or "" for a part that is one entry.
  using State = std::function<data::Archive()>;
  using Restore = std::function<void(const data::Archive&)>;
  struct Part {
    std::string name;
    State state;
    Restore restore;
    Restore check;  // throws what `restore` would; empty where only `restore` can tell
    bool of_pipeline = false;
  };

  Checkpoint& add(const std::string& name, State state, Restore restore, Restore check = {});
  template <class T>
  Checkpoint& add_number(const std::string& name, T& number);
  static void check_texts(const data::Archive& given, std::size_t count);

  std::vector<Part> parts_;
};

}  // namespace xtape

XTAPE_EXPORT_END
