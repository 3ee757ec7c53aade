# SPDX-License-Identifier: Apache-2.0
# What `cmake --install` puts where: library, header, cuvee.pc, CMake package, program, man pages,
# completions, the model. tests/abi builds programs against an installed tree.
include(CMakePackageConfigHelpers)

install(TARGETS cuvee RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
install(FILES include/cuvee/cuvee.h DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/cuvee)
install(DIRECTORY models/sentiment-en DESTINATION ${CMAKE_INSTALL_DATADIR}/cuvee/models)

# Two sets of targets: cuvee::shared can be had where jansson's development files are missing.
set_target_properties(cuvee_shared PROPERTIES EXPORT_NAME shared)
set_target_properties(cuvee_static PROPERTIES EXPORT_NAME static)
set(package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/cuvee)
foreach(kind shared static)
  install(TARGETS cuvee_${kind} EXPORT cuvee-${kind}
    LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR} ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR})
  install(EXPORT cuvee-${kind} NAMESPACE cuvee:: DESTINATION ${package_dir})
endforeach()
configure_package_config_file(cmake/cuveeConfig.cmake.in ${PROJECT_BINARY_DIR}/cuveeConfig.cmake
  INSTALL_DESTINATION ${package_dir} NO_SET_AND_CHECK_MACRO)
# Before 1.0 a minor version may change the API.
write_basic_package_version_file(${PROJECT_BINARY_DIR}/cuveeConfigVersion.cmake
  COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/cuveeConfig.cmake ${PROJECT_BINARY_DIR}/cuveeConfigVersion.cmake
  DESTINATION ${package_dir})

# cuvee.pc finds its prefix from where it lies: `cmake --install --prefix` may choose another one.
file(RELATIVE_PATH pc_to_prefix ${CMAKE_INSTALL_FULL_LIBDIR}/pkgconfig ${CMAKE_INSTALL_PREFIX})
configure_file(cmake/cuvee.pc.in ${PROJECT_BINARY_DIR}/cuvee.pc @ONLY)
install(FILES ${PROJECT_BINARY_DIR}/cuvee.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)

file(GLOB man_pages CONFIGURE_DEPENDS docs/man/*.1)
install(FILES ${man_pages} DESTINATION ${CMAKE_INSTALL_MANDIR}/man1)

# install_completion(file folder name): what is not there is left out.
function(install_completion file folder name)
  if(EXISTS ${PROJECT_SOURCE_DIR}/completions/${file})
    install(FILES completions/${file} DESTINATION ${CMAKE_INSTALL_DATADIR}/${folder} RENAME ${name})
  endif()
endfunction()
install_completion(cuvee.bash bash-completion/completions cuvee)
install_completion(_cuvee zsh/site-functions _cuvee)
install_completion(cuvee.fish fish/vendor_completions.d cuvee.fish)
