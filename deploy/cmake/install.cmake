# What `cmake --install build --prefix DIR` puts where: the programs, libhamroh for C++ programs
# (one archive, its headers and a pkg-config file), the systemd unit and the sample forms.
#
#   c++ -std=c++20 program.cc $(pkg-config --cflags --libs hamroh)
include(GNUInstallDirs)

install(TARGETS hamroh hamrohd hamroh-link hamroh-authority
  RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})

# The client, and the rooms that it is made of.
set(library_rooms hamroh_sdk sdk_form_json protocol_api protocol_user_keys protocol_access protocol_task protocol_rights
  protocol_backup protocol_page_sum protocol_erasure protocol_recovery protocol_view protocol_case_clocks protocol_case_fold protocol_pack protocol_deadline
  protocol_attachment protocol_message protocol_note protocol_lifecycle protocol_membership protocol_directory
  protocol_form protocol_fund_totals protocol_ledger protocol_proof protocol_text protocol_crypto protocol_types)
add_library(libhamroh STATIC)
foreach(room ${library_rooms})
  target_sources(libhamroh PRIVATE $<TARGET_OBJECTS:${room}>)
endforeach()
set_target_properties(libhamroh PROPERTIES OUTPUT_NAME hamroh LINKER_LANGUAGE CXX)
install(TARGETS libhamroh ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR})

install(FILES sdk/include/hamroh/client.h DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/hamroh)
install(FILES sdk/form_json.h DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/hamroh/sdk)
# Whatever those two include.
foreach(header access api attachment backup case_clocks case_fold constants constitution crypto deadline directory erasure error form fund_totals ledger
    lifecycle member membership message note pack ports proof recovery_share rights rotation shamir suspension task types user_keys view)
  install(FILES protocol/${header}.h DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/hamroh/protocol)
endforeach()
configure_file(deploy/cmake/hamroh.pc.in ${CMAKE_BINARY_DIR}/hamroh.pc @ONLY)
install(FILES ${CMAKE_BINARY_DIR}/hamroh.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)

# The unit names the programs by their whole path, which is known only now.
install(CODE "
  file(READ \"${PROJECT_SOURCE_DIR}/deploy/systemd/hamrohd.service\" unit)
  string(REPLACE /usr/local/bin/ \"\${CMAKE_INSTALL_PREFIX}/${CMAKE_INSTALL_BINDIR}/\" unit \"\${unit}\")
  file(WRITE \"\$ENV{DESTDIR}\${CMAKE_INSTALL_PREFIX}/lib/systemd/system/hamrohd.service\"
    \"\${unit}\")")
install(DIRECTORY deploy/forms/ DESTINATION ${CMAKE_INSTALL_DATADIR}/hamroh/forms)
install(DIRECTORY deploy/packs/ DESTINATION ${CMAKE_INSTALL_DATADIR}/hamroh/packs)
