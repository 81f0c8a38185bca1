// Files by a pattern. The system's own function stands behind one that gives them back to front:
// its order is that of the locale, or none.
#include <dlfcn.h>
#include <glob.h>

#include <algorithm>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include <xtape/xtape.hpp>

#include "support/errors.hpp"
#include "support/temporary_directory.hpp"

using namespace xtape;

extern "C" int glob(const char* pattern, int flags, int (*error)(const char*, int),
                    glob_t* found) noexcept {
  const auto systems = reinterpret_cast<decltype(&::glob)>(::dlsym(RTLD_NEXT, "glob"));
  const int status = systems(pattern, flags & ~GLOB_NOSORT, error, found);
  if (status == 0) std::reverse(found->gl_pathv, found->gl_pathv + found->gl_pathc);
  return status;
}

TEST_CASE("glob: names in the order of their bytes, and an error where there are none") {
  const TemporaryDirectory directory;
  for (const char* name : {"b-1.npy", "b-0.npy", "B-2.npy", "b-10.npy", "a.npy", "b-x.txt"})
    directory.write(name, {});
  const std::string& folder = directory.path();
  CHECK(data::glob(folder + "/b-*.npy") ==
        std::vector<std::string>{folder + "/b-0.npy", folder + "/b-1.npy", folder + "/b-10.npy"});
  CHECK(data::glob(folder + "/[aB]*.npy") ==
        std::vector<std::string>{folder + "/B-2.npy", folder + "/a.npy"});
  CHECK(data::glob(folder + "/b-[0-9].npy").size() == 2);
  CHECK(data::glob(folder + "/a.npy") == std::vector<std::string>{folder + "/a.npy"});
  CHECK(error_of<IoError>([&] { return data::glob(folder + "/*.npz"); }) ==
        folder + "/*.npz: there must be files of such names; there are none");
  CHECK(error_of<IoError>([&] { return data::glob(folder + "/none/*.npz"); }) ==
        folder + "/none/*.npz: there must be files of such names; there are none");
}
