# Sourced: an Apache with WebDAV at /dav/ and a Subversion repository at /svn/, if that was
# got, on the port `$apache`, for clients that speak to it through our forward proxy.
apache_dav() {
    apache=$(free_port)
    local modules=$root/usr/lib/apache2/modules
    mkdir -p "$here/apache/dav"
    cat >"$here/apache/conf" <<CONF
ServerRoot $here/apache
DocumentRoot $here/apache
ServerName localhost
Listen 127.0.0.1:$apache
PidFile $here/apache/pid
ErrorLog $here/apache/errors
DefaultRuntimeDir $here/apache
LoadModule mpm_event_module $modules/mod_mpm_event.so
LoadModule authz_core_module $modules/mod_authz_core.so
LoadModule dav_module $modules/mod_dav.so
LoadModule dav_fs_module $modules/mod_dav_fs.so
DAVLockDB $here/apache/locks
<Location /dav>
DAV on
</Location>
$1
CONF
    serve of apache2 -X -f "$here/apache/conf"
    up "$apache"
}
