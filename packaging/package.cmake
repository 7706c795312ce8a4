# What a package of weir holds, and how cpack makes a .deb of it; scripts/package runs it.
include(GNUInstallDirs)
set(WEIR_DOC /usr/share/doc/weir)
set(WEIR_CONTROL ${CMAKE_CURRENT_BINARY_DIR}/packaging)

# A page and completions, as the program itself has its commands.
set(generated ${WEIR_CONTROL}/weir.1 ${WEIR_CONTROL}/weir.bash ${WEIR_CONTROL}/_weir)
add_custom_command(
  OUTPUT ${generated}
  COMMAND weir generate man > weir.1
  COMMAND weir generate bash > weir.bash
  COMMAND weir generate zsh > _weir
  DEPENDS weir
  WORKING_DIRECTORY ${WEIR_CONTROL}
  VERBATIM)
# Debian wants these compressed, and without a time.
add_custom_command(
  OUTPUT ${WEIR_CONTROL}/weir.1.gz ${WEIR_CONTROL}/changelog.gz
  COMMAND gzip -9nkf weir.1
  COMMAND gzip -9nkf changelog
  DEPENDS ${WEIR_CONTROL}/weir.1 ${WEIR_CONTROL}/changelog
  WORKING_DIRECTORY ${WEIR_CONTROL}
  VERBATIM)
add_custom_target(package_files DEPENDS ${generated} ${WEIR_CONTROL}/weir.1.gz ${WEIR_CONTROL}/changelog.gz)
foreach(script postinst prerm postrm conffiles)
  configure_file(packaging/debian/${script} ${WEIR_CONTROL}/${script} COPYONLY)
endforeach()
configure_file(packaging/debian/changelog.in ${WEIR_CONTROL}/changelog @ONLY)

install(TARGETS weir RUNTIME DESTINATION /usr/bin)
install(FILES systemd/weir.service systemd/weir@.service DESTINATION /lib/systemd/system)
install(FILES packaging/weir.yaml DESTINATION /etc/weir)
install(DIRECTORY DESTINATION /etc/weir/jobs.d)
install(DIRECTORY DESTINATION /etc/weir/jobs)
install(FILES ${WEIR_CONTROL}/weir.1.gz DESTINATION /usr/share/man/man1)
install(FILES ${WEIR_CONTROL}/weir.bash DESTINATION /usr/share/bash-completion/completions RENAME weir)
install(FILES ${WEIR_CONTROL}/_weir DESTINATION /usr/share/zsh/vendor-completions)
install(FILES packaging/debian/copyright DESTINATION ${WEIR_DOC})
install(FILES ${WEIR_CONTROL}/changelog.gz DESTINATION ${WEIR_DOC})
install(FILES config/README.md DESTINATION ${WEIR_DOC} RENAME config.md)
install(FILES config/job.schema.json config/weir.schema.json DESTINATION /usr/share/weir)
install(FILES packaging/prometheus/weir-alerts.yaml DESTINATION /usr/share/weir/prometheus)
install(FILES packaging/grafana/weir.json DESTINATION /usr/share/weir/grafana)
install(FILES config/hello.yaml config/late-departures.yaml config/weir.yaml DESTINATION ${WEIR_DOC}/examples)
install(DIRECTORY config/flights DESTINATION ${WEIR_DOC}/examples)

set(CPACK_GENERATOR DEB)
set(CPACK_SET_DESTDIR ON)
set(CPACK_INSTALL_PREFIX /usr)
set(CPACK_STRIP_FILES ON)
set(CPACK_PACKAGE_NAME weir)
set(CPACK_PACKAGE_VERSION ${WEIR_VERSION})
set(CPACK_PACKAGE_CONTACT "weir <weir@example.org>")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "stream processing for Apache Kafka, driven by YAML job files")
set(CPACK_PACKAGE_DESCRIPTION "A daemon that runs a directory of YAML jobs, each in a process of its own:
exactly-once or at-least-once from Kafka and files to Kafka and files,
with SQL expressions, checkpoints, restarts by policy, and a graceful stop
by the deletion of a marker file, also in HDFS.")
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_SECTION net)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
# What the symbols ask for is too old: weir wants what librdkafka has mended since.
set(CPACK_DEBIAN_PACKAGE_DEPENDS "librdkafka1 (>= 2.0.2), adduser")
# Loaded when a marker is in HDFS, and for its Kerberos.
set(CPACK_DEBIAN_PACKAGE_RECOMMENDS "libcurl4, libkrb5-3, ca-certificates")
set(CPACK_DEBIAN_PACKAGE_CONTROL_EXTRA
    ${WEIR_CONTROL}/postinst ${WEIR_CONTROL}/prerm ${WEIR_CONTROL}/postrm ${WEIR_CONTROL}/conffiles)
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)
include(CPack)
