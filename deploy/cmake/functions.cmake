# The few functions by which every target of the project is made. The link lines in the rooms'
# CMakeLists.txt are the architecture diagram: a room may include only what it links.

find_package(PkgConfig REQUIRED)
find_package(Threads REQUIRED)
pkg_check_modules(SODIUM REQUIRED IMPORTED_TARGET libsodium>=1.0.18)
pkg_check_modules(ZMQ REQUIRED IMPORTED_TARGET libzmq>=4.3.4)
pkg_check_modules(SQLITE REQUIRED IMPORTED_TARGET sqlite3>=3.40)
pkg_check_modules(SYSTEMD REQUIRED IMPORTED_TARGET libsystemd)
pkg_check_modules(QRENCODE REQUIRED IMPORTED_TARGET libqrencode>=4.1)
pkg_check_modules(OATH REQUIRED IMPORTED_TARGET liboath>=2.6)
pkg_check_modules(PNG REQUIRED IMPORTED_TARGET libpng>=1.6)
find_package(spdlog REQUIRED)
find_package(tomlplusplus REQUIRED)
find_program(FLATC flatc REQUIRED)

add_library(hamroh_flags INTERFACE)
target_include_directories(hamroh_flags INTERFACE ${PROJECT_SOURCE_DIR})
target_compile_options(hamroh_flags INTERFACE -Wall -Wextra -Wpedantic -Wconversion -Werror
  -fno-omit-frame-pointer -fstack-protector-strong)
if(CMAKE_CXX_COMPILER_ID STREQUAL GNU)
  # g++ 12 warns of values inside a std::optional that was checked through another one.
  target_compile_options(hamroh_flags INTERFACE -Wno-maybe-uninitialized)
endif()
target_compile_definitions(hamroh_flags INTERFACE HAMROH_VERSION="${PROJECT_VERSION}")
target_compile_definitions(hamroh_flags INTERFACE _FORTIFY_SOURCE=$<IF:$<CONFIG:Debug>,0,2>)
target_link_options(hamroh_flags INTERFACE -Wl,-z,relro,-z,now)
if(CMAKE_CXX_COMPILER_ID MATCHES Clang)
  # Another compiler has other warnings; those of g++ are the ones that must not be.
  target_compile_options(hamroh_flags INTERFACE -Wno-error)
endif()
if(HAMROH_FUZZ)
  target_compile_options(hamroh_flags INTERFACE -fsanitize=fuzzer-no-link)
endif()
if(HAMROH_SANITIZE)
  target_link_options(hamroh_flags INTERFACE -fsanitize=${HAMROH_SANITIZE})
endif()

# hamroh_sanitize(TARGET): with the sanitizers of this build, if it is one of their targets.
function(hamroh_sanitize target)
  if(HAMROH_SANITIZE AND target MATCHES "${HAMROH_SANITIZE_TARGETS}")
    target_compile_options(${target} PRIVATE -fsanitize=${HAMROH_SANITIZE} -fno-sanitize-recover=all)
  endif()
endfunction()

# hamroh_room(NAME SOURCES a.cc ... LINKS targets...): one room as one static library.
function(hamroh_room name)
  cmake_parse_arguments(ROOM "" "" "SOURCES;LINKS;PRIVATE_LINKS" ${ARGN})
  add_library(${name} STATIC ${ROOM_SOURCES})
  target_link_libraries(${name} PUBLIC hamroh_flags ${ROOM_LINKS} PRIVATE ${ROOM_PRIVATE_LINKS})
  hamroh_sanitize(${name})
endfunction()

# hamroh_program(NAME SOURCES ... LINKS ...): one program in build/bin.
function(hamroh_program name)
  cmake_parse_arguments(PROGRAM "" "" "SOURCES;LINKS" ${ARGN})
  add_executable(${name} ${PROGRAM_SOURCES})
  target_link_libraries(${name} PRIVATE hamroh_flags ${PROGRAM_LINKS})
  hamroh_sanitize(${name})
endfunction()

# hamroh_test(NAME SOURCES ... LINKS ...): one GoogleTest program, registered with ctest by NAME.
function(hamroh_test name)
  cmake_parse_arguments(TEST "" "" "SOURCES;LINKS" ${ARGN})
  add_executable(${name} ${TEST_SOURCES})
  target_link_libraries(${name} PRIVATE hamroh_flags ${TEST_LINKS} GTest::gtest GTest::gmock GTest::gtest_main)
  hamroh_sanitize(${name})
  # Half the time to compile; what is tested is optimised, and checked, as ever, but for what the
  # compiler takes over from headers into the test.
  target_compile_options(${name} PRIVATE $<$<CONFIG:RelWithDebInfo>:-O1 -g1> -fno-sanitize=undefined)
  add_test(NAME ${name} COMMAND ${name})
  set_tests_properties(${name} PROPERTIES TIMEOUT 120 LABELS unit)
endfunction()

# hamroh_schema(NAME a.fbs ...): generated FlatBuffers headers, to be linked privately by the wire
# rooms only. They are included as "a_generated.h".
function(hamroh_schema name)
  set(generated)
  set(directory ${CMAKE_CURRENT_BINARY_DIR}/generated)
  foreach(schema ${ARGN})
    get_filename_component(stem ${schema} NAME_WE)
    add_custom_command(
      OUTPUT ${directory}/${stem}_generated.h
      COMMAND ${FLATC} --cpp --scoped-enums
              -o ${directory} ${CMAKE_CURRENT_SOURCE_DIR}/${schema}
      DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/${schema}
      VERBATIM)
    list(APPEND generated ${directory}/${stem}_generated.h)
  endforeach()
  add_custom_target(${name}_files DEPENDS ${generated})
  add_library(${name} INTERFACE)
  add_dependencies(${name} ${name}_files)
  target_include_directories(${name} SYSTEM INTERFACE ${directory})
endfunction()
