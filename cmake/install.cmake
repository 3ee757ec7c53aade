# SPDX-License-Identifier: Apache-2.0
# What `cmake --install` puts where: library, header, cuvee.pc, CMake package, program, man pages,
# completions, the model. tests/abi builds programs against an installed tree.
include(CMakePackageConfigHelpers)

install(TARGETS cuvee RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
install(TARGETS cuvee-meter cuvee-measure-cases RUNTIME DESTINATION ${CMAKE_INSTALL_LIBEXECDIR}/cuvee)
install(FILES include/cuvee/cuvee.h DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/cuvee)
install(DIRECTORY models/sentiment-en DESTINATION ${CMAKE_INSTALL_DATADIR}/cuvee/models)

# The arms of an experiment with what they have from elsewhere, plans, and what the plans name.
install(DIRECTORY bench/arms DESTINATION ${CMAKE_INSTALL_DATADIR}/cuvee USE_SOURCE_PERMISSIONS
  PATTERN __pycache__ EXCLUDE)
install(FILES bench/peers/onnx_graph.py bench/peers/openvino_graph.py bench/peers/cuvee_c.py
  tests/oracle-requirements.txt
  DESTINATION ${CMAKE_INSTALL_DATADIR}/cuvee/arms)
install(DIRECTORY bench/plans DESTINATION ${CMAKE_INSTALL_DATADIR}/cuvee PATTERN make-reference EXCLUDE)
install(FILES examples/wine-reviews.csv DESTINATION ${CMAKE_INSTALL_DATADIR}/cuvee/examples)

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

# cuvee.pc finds its prefix from where it lies: `cmake --install --prefix` may choose another one. An absolute
# folder, as some packagers give, stays what it is.
file(RELATIVE_PATH pc_to_prefix ${CMAKE_INSTALL_FULL_LIBDIR}/pkgconfig ${CMAKE_INSTALL_PREFIX})
foreach(kind LIB INCLUDE)
  if(IS_ABSOLUTE "${CMAKE_INSTALL_${kind}DIR}")
    set(pc_${kind}DIR "${CMAKE_INSTALL_${kind}DIR}")
  else()
    set(pc_${kind}DIR "\${prefix}/${CMAKE_INSTALL_${kind}DIR}")
  endif()
endforeach()
configure_file(cmake/cuvee.pc.in ${PROJECT_BINARY_DIR}/cuvee.pc @ONLY)
install(FILES ${PROJECT_BINARY_DIR}/cuvee.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)

install(PROGRAMS scripts/make-random-model DESTINATION ${CMAKE_INSTALL_DATADIR}/cuvee)
install(FILES examples/wine-reviews.csv DESTINATION ${CMAKE_INSTALL_DATADIR}/cuvee/examples)
install(DIRECTORY bench/plans DESTINATION ${CMAKE_INSTALL_DATADIR}/cuvee)

install(DIRECTORY docs/man/ DESTINATION ${CMAKE_INSTALL_MANDIR}/man1 FILES_MATCHING PATTERN "*.1")

install(FILES completions/cuvee.bash RENAME cuvee
  DESTINATION ${CMAKE_INSTALL_DATADIR}/bash-completion/completions)
install(FILES completions/_cuvee DESTINATION ${CMAKE_INSTALL_DATADIR}/zsh/site-functions)
install(FILES completions/cuvee.fish DESTINATION ${CMAKE_INSTALL_DATADIR}/fish/vendor_completions.d)
