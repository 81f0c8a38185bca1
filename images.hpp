#pragma once

// Pictures in files of PNG and JPEG, one by one and by folders: of xtape::images, which links
// libpng and libjpeg; the rest of the library does not need it.

#include <xtape/data/images/folder.hpp>
#include <xtape/data/images/image.hpp>
