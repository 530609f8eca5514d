. "$(dirname "$0")/../kit.sh"
versions=("apt $(dpkg-query -W -f '${Version}' apt)")
debs busybox=1:1.35.0-4+deb12u1+b1
versions=("${versions[0]}")
does='one request, then up to ten pipelined in one write; a download is taken up with Range and If-Range'

# Packages made here, in a flat repository: `package NAME BYTES`.
package() {
    mkdir -p "$1/DEBIAN" "$1/usr/share"
    content "$2" >"$1/usr/share/$1"
    printf 'Package: %s\nVersion: 1\nArchitecture: all\nMaintainer: m\nDescription: d\n' "$1" >"$1/DEBIAN/control"
    dpkg-deb -Znone -b "$1" "served/$1.deb" >/dev/null
    printf 'Package: %s\nVersion: 1\nArchitecture: all\nMaintainer: m\nFilename: %s.deb\nSize: %s\nSHA256: %s\nDescription: d\n\n' \
        "$1" "$1" "$(stat -c %s "served/$1.deb")" "$(sum "served/$1.deb")" >>served/Packages
}
work() {
    mkdir -p lists/partial archives/partial
    local small=()
    package interop 3000000
    for number in $(seq 20); do
        package "small$number" $((number * 1000))
        small+=("small$number")
    done
    gzip -9n -k served/Packages
    printf 'Origin: o\nDate: %s\nSHA256:\n %s %s Packages\n %s %s Packages.gz\n' "$(date -Ru)" "$(sum served/Packages)" \
        "$(stat -c %s served/Packages)" "$(sum served/Packages.gz)" "$(stat -c %s served/Packages.gz)" >served/Release
    echo "deb [trusted=yes] $url/files/ ./" >list
    local options=(-o Dir::Etc::sourcelist="$here/list" -o Dir::Etc::sourceparts=/dev/null -o Dir::State::lists="$here/lists"
        -o Dir::Cache="$here" -o Dir::Cache::archives="$here/archives" -o APT::Sandbox::User=root -o Debug::NoLocking=1 -o Acquire::Languages=none)
    ok update apt-get "${options[@]}" update
    asked 'GET /files/./InRelease HTTP/1.1.*User-Agent: Debian APT'
    ok download apt-get "${options[@]}" download interop
    is package "$(sum served/interop.deb)" "$(cat interop*.deb | sum)"
    ok 'twenty packages' apt-get "${options[@]}" download "${small[@]}"
    is 'twenty packages' "$(cd served && cat $(printf '%s.deb ' "${small[@]}") | sum)" \
        "$(cat $(printf '%s_1_all.deb ' "${small[@]}") | sum)"
    is 'on how many connections' 1 "$(grep '/small' "$log" | cut -d' ' -f1 | sort -u | wc -l)"
    # A part is there, as a download that broke leaves it.
    head -c 1000000 served/interop.deb >part.deb
    touch -r served/interop.deb part.deb
    ok 'the rest' /usr/lib/apt/apt-helper "${options[@]}" download-file "$url/files/interop.deb" part.deb "SHA256:$(sum served/interop.deb)"
    is 'the whole' "$(sum served/interop.deb)" "$(sum part.deb)"
    ok 'not changed' apt-get "${options[@]}" update
    asked 'GET /files/Release HTTP/1.1.*If-Modified-Since: .* -> 304'
    ok 'through our proxy' apt-get "${options[@]}" -o Acquire::http::Proxy="$url" -o Acquire::http::Proxy::127.0.0.1="$url" update
}
row
