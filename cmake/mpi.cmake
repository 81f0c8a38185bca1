# xtape::mpi: what needs MPI, in a library of its own, for who has it.
if(XTAPE_MPI)
  list(APPEND XTAPE_FLOORS dist)
  list(APPEND libraries xtape_mpi)
  add_library(xtape_mpi ${XTAPE_MPI_SOURCES})
  target_link_libraries(xtape_mpi PUBLIC xtape_data PRIVATE MPI::MPI_CXX)
  set_target_properties(xtape_mpi PROPERTIES EXPORT_NAME mpi)
  set_source_files_properties(dist/kernels/pack.cpp PROPERTIES
    COMPILE_OPTIONS -O3 SKIP_PRECOMPILE_HEADERS ON)
  add_library(xtape::mpi ALIAS xtape_mpi)
endif()
