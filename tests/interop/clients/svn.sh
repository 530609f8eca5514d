. "$(dirname "$0")/../kit.sh"
. "$(dirname "$0")/../apache-dav.sh"
debs subversion=1.14.2-4+deb12u1 libapache2-mod-svn=1.14.2-4+deb12u1 apache2-bin=2.4.71-1~deb12u1
title='Subversion, through our proxy'
does='bodies of XML, the second without a type in chunks as a probe; then chunks; GETs pipelined'

svn() {
    of svn --non-interactive -q --config-dir "$here/config" \
        --config-option servers:global:http-proxy-host=127.0.0.1 \
        --config-option "servers:global:http-proxy-port=$port" "$@"
}
work() {
    of svnadmin create repository
    apache_dav "LoadModule dav_svn_module $root/usr/lib/apache2/modules/mod_dav_svn.so
<Location /svn>
DAV svn
SVNPath $here/repository
</Location>"
    local there=http://127.0.0.1:$apache/svn number
    mkdir -p tree
    for number in 1 2 3 4 5 6 7 8 9; do content $((number * 20000)) >"tree/file$number"; done
    ok import svn import -m one tree "$there/trunk"
    ok checkout svn checkout "$there/trunk" copy && same content copy/file9 180000
    content 500000 >copy/file9
    ok commit svn commit -m two copy
    ok 'second checkout' svn checkout "$there/trunk" again && same 'what was committed' again/file9 500000
    ok copy svn copy -m three "$there/trunk" "$there/branch"
    ok log svn log "$there"
    ok update svn update copy
    asked "PROPFIND http://127.0.0.1:$apache/svn"
    asked "REPORT http://127.0.0.1:$apache/svn.*Transfer-Encoding: chunked"
}
row
