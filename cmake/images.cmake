# Pictures in files, of a library of their own: nobody else links what reads them.
target_link_libraries(xtape_images PUBLIC xtape_data PRIVATE PNG::PNG JPEG::JPEG)
set_target_properties(xtape_images PROPERTIES EXPORT_NAME images)
add_library(xtape::images ALIAS xtape_images)
list(APPEND libraries xtape_images)
