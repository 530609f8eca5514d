. "$(dirname "$0")/../kit.sh"
versions=("apt $(dpkg-query -W -f '${Version}' apt)")
debs busybox=1:1.35.0-4+deb12u1+b1
versions=("${versions[0]}")
does='one request, then up to ten pipelined in one write; a download is taken up with Range and If-Range'

# A flat repository of one package, made here.
work() {
    mkdir -p package/DEBIAN package/usr/share lists/partial archives/partial
    content 3000000 >package/usr/share/interop-content
    printf 'Package: interop\nVersion: 1\nArchitecture: all\nMaintainer: m\nDescription: d\n' >package/DEBIAN/control
    dpkg-deb -Znone -b package served/interop.deb >/dev/null
    printf 'Package: interop\nVersion: 1\nArchitecture: all\nMaintainer: m\nFilename: interop.deb\nSize: %s\nSHA256: %s\nDescription: d\n\n' \
        "$(stat -c %s served/interop.deb)" "$(sum served/interop.deb)" >served/Packages
    printf 'Origin: o\nDate: %s\nSHA256:\n %s %s Packages\n' "$(date -Ru)" "$(sum served/Packages)" "$(stat -c %s served/Packages)" >served/Release
    echo "deb [trusted=yes] $url/files/ ./" >list
    local options=(-o Dir::Etc::sourcelist="$here/list" -o Dir::Etc::sourceparts=/dev/null -o Dir::State::lists="$here/lists"
        -o Dir::Cache="$here" -o Dir::Cache::archives="$here/archives" -o APT::Sandbox::User=root -o Debug::NoLocking=1 -o Acquire::Languages=none)
    ok update apt-get "${options[@]}" update
    asked 'GET /files/./InRelease HTTP/1.1.*User-Agent: Debian APT'
    ok download apt-get "${options[@]}" download interop
    is package "$(sum served/interop.deb)" "$(cat interop*.deb | sum)"
}
row
