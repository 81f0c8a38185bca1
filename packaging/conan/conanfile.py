import os
import re

from conan import ConanFile
from conan.tools.build import check_min_cppstd
from conan.tools.cmake import CMake, CMakeDeps, CMakeToolchain, cmake_layout
from conan.tools.files import copy, load, rmdir, save

required_conan_version = ">=2.0"


class Xtape(ConanFile):
    name = "xtape"
    description = "Automatic differentiation and neural networks in C++20"
    license = "BSD-3-Clause"
    topics = ("automatic-differentiation", "neural-networks", "tensors", "xtensor")
    package_type = "library"
    settings = "os", "arch", "compiler", "build_type"
    options = {"shared": [True, False], "fPIC": [True, False], "with_images": [True, False],
               "with_system_libraries": [True, False]}
    # OpenBLAS is LAPACK too. With system libraries it is the one that CMake finds, like zlib and minizip.
    default_options = {
        "shared": False,
        "fPIC": True,
        "with_images": False,
        "with_system_libraries": False,
        "openblas/*:build_lapack": True,
    }
    implements = ["auto_shared_fpic"]

    def _root(self):
        return os.path.join(self.recipe_folder, "..", "..")

    def set_version(self):
        project = load(self, os.path.join(self._root(), "CMakeLists.txt"))
        self.version = re.search(r"^  VERSION ([0-9.]+)$", project, re.MULTILINE).group(1)

    def export_sources(self):
        for pattern in ("CMakeLists.txt", "LICENSE", "*.hpp", "cmake/*", "core/*", "ops/*", "nn/*", "optim/*",
                        "data/*", "train/*", "export/*", "report/*", "xtensor/*", "dist/*"):
            copy(self, pattern, self._root(), self.export_sources_folder, excludes=("build*", ".*", "tests"))

    def layout(self):
        cmake_layout(self)

    def requirements(self):
        if not self.options.with_system_libraries:
            self.requires("openblas/[>=0.3.20 <1]")
            self.requires("zlib/[>=1.2.11 <2]")
            self.requires("minizip/[>=1.2.11 <2]")
            if self.options.with_images:
                self.requires("libpng/[>=1.6 <2]")
                self.requires("libjpeg/[>=9e]")

    def validate(self):
        check_min_cppstd(self, 20)

    def generate(self):
        toolchain = CMakeToolchain(self)
        for option in ("TESTS", "EXAMPLES", "BENCH"):
            toolchain.cache_variables[f"XTAPE_BUILD_{option}"] = False
        toolchain.cache_variables["XTAPE_INSTALL"] = True
        toolchain.cache_variables["XTAPE_MPI"] = False
        toolchain.cache_variables["XTAPE_IMAGES"] = bool(self.options.with_images)
        toolchain.generate()
        CMakeDeps(self).generate()

    def build(self):
        cmake = CMake(self)
        cmake.configure()
        cmake.build()

    def package(self):
        copy(self, "LICENSE", self.source_folder, os.path.join(self.package_folder, "licenses"))
        CMake(self).install()
        if "XTAPE_HAS_BACKTRACE:INTERNAL=1" in load(self, os.path.join(self.build_folder, "CMakeCache.txt")):
            save(self, os.path.join(self.package_folder, "res", "links"), "backtrace\n")
        rmdir(self, os.path.join(self.package_folder, "lib", "cmake"))
        rmdir(self, os.path.join(self.package_folder, "lib", "pkgconfig"))

    def package_info(self):
        system = self.options.with_system_libraries
        self.cpp_info.set_property("cmake_file_name", "xtape")
        self.cpp_info.set_property("cmake_target_name", "xtape::xtape")

        core = self.cpp_info.components["core"]
        core.set_property("cmake_target_name", "xtape::core")
        core.set_property("pkg_config_name", "xtape-core")
        core.libs = ["xtape"]
        core.system_libs = ["pthread"] + (["openblas"] if system else [])
        links = os.path.join(self.package_folder, "res", "links")  # what the build found in the compiler's own folder
        if os.path.exists(links) and not self.options.shared:
            core.system_libs += load(self, links).split()
        core.requires = [] if system else ["openblas::openblas"]

        data = self.cpp_info.components["data"]
        data.set_property("cmake_target_name", "xtape::data")
        data.set_property("pkg_config_name", "xtape")
        data.libs = ["xtape_data"]
        data.system_libs = ["minizip", "z"] if system else []
        data.requires = ["core"] + ([] if system else ["zlib::zlib", "minizip::minizip"])

        if self.options.with_images:
            images = self.cpp_info.components["images"]
            images.set_property("cmake_target_name", "xtape::images")
            images.set_property("pkg_config_name", "xtape-images")
            images.libs = ["xtape_images"]
            images.system_libs = ["png", "jpeg"] if system else []
            images.requires = ["data"] + ([] if system else ["libpng::libpng", "libjpeg::libjpeg"])
