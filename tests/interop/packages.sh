# Sourced: the programs of others, taken from where they are published into folders that
# are ours. Needs apt, python3 and npm, no root; nothing of the system is changed.
#
# `$T` is a temporary folder, which is gone at the end. What was downloaded stays below
# `target/peers`, so that it is there at once the next time.

unset http_proxy https_proxy HTTP_PROXY HTTPS_PROXY all_proxy ALL_PROXY no_proxy NO_PROXY
repository=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
cache=${CARGO_TARGET_DIR:-$repository/target}/peers
T=$(mktemp -d)
chmod 755 "$T" # servers that give up root read it too
root=/nonexistent
running=() versions=()
home=$HOME # of who runs this: cargo is there
export HOME=$T TZ=UTC LC_ALL=C.UTF-8 PIP_DISABLE_PIP_VERSION_CHECK=1

end() {
    local process try
    for process in "${running[@]}"; do kill -- "-$process" 2>/dev/null || kill "$process" 2>/dev/null; done
    wait 2>/dev/null
    # Who still writes into the folder would keep it.
    for process in "${running[@]}"; do
        for try in $(seq 50); do
            kill -0 -- "-$process" 2>/dev/null || break
            sleep 0.1
        done
    done
    rm -rf "$T"
}
trap end EXIT
trap 'exit 1' INT TERM

give_up() {
    echo "cannot be shown here: $*" >&2
    exit 2
}

# A folder of the cache that these words name; false if it has to be filled, which `filled`
# ends: another script that wants the same waits until then.
cached() { # KIND WORD...
    place=$cache/$1/$(printf '%s\n' "${@:2}" | sha256sum | cut -c1-16)
    mkdir -p "$cache/$1"
    exec 7>"$place.lock"
    flock 7
    if [ -e "$place/.done" ]; then
        exec 7>&-
        return
    fi
    rm -rf "$place"
    mkdir "$place"
    false
}
filled() {
    touch "$place/.done"
    exec 7>&-
}

# Packages of Debian (NAME=VERSION) with what this system has not of what they need. Where
# the mirror has another version by now that is taken, loudly.
debs() {
    local wanted=("$@")
    cached debs "$@" || fetch_debs "$@"
    root=$place
    local package
    for package in "${wanted[@]}"; do
        local name=${package%%=*} have
        have=$(sed -n "s/^$name //p" "$root/.versions")
        [ "$have" = "${package#*=}" ] || echo "NOTE: $package is wanted, $have is what the mirror has" >&2
        versions+=("$name $have")
    done
}
fetch_debs() {
    local archives=$T/debs
    mkdir -p "$archives/partial"
    download "$archives" "$@" || download "$archives" "${@%%=*}" || give_up "$(tail -n 3 "$T/apt.log")"
    local package
    for package in "$archives"/*.deb; do
        dpkg -x "$package" "$place" || give_up "$package cannot be unpacked"
        dpkg-deb -W --showformat '${Package} ${Version}\n' "$package" >>"$place/.versions"
    done
    rm -rf "$archives"
    filled
}
download() { # FOLDER PACKAGE...
    apt-get install -y -qq -d --no-install-recommends --reinstall --allow-downgrades \
        -o Debug::NoLocking=1 -o Dir::Cache::archives="$1" "${@:2}" >"$T/apt.log" 2>&1
}

# Runs a program out of those packages.
of() {
    local triple
    triple=$(dpkg-architecture -qDEB_HOST_MULTIARCH 2>/dev/null || gcc -print-multiarch)
    env PATH="$root/usr/bin:$root/usr/sbin:$root/bin:$root/sbin:$root/usr/games:$PATH" \
        LD_LIBRARY_PATH="$root/usr/lib/$triple:$root/lib/$triple:$root/usr/lib" "$@"
}

# Packages of PyPI (NAME==VERSION), in a virtual environment of which `python` is run.
pypi() {
    if ! cached pypi "$@"; then
        python3 -m venv --without-pip "$place" || give_up 'no venv'
        python3 -m pip --python "$place/bin/python" install -q --no-compile "$@" >"$T/pip.log" 2>&1 ||
            give_up "$(tail -n 3 "$T/pip.log")"
        filled
    fi
    venv=$place
    versions+=("${@/==/ }")
}
python() { "$venv/bin/python" "$@"; }

# Packages of npm (NAME@VERSION), in the folder `$js`.
npm_packages() {
    if ! cached npm "$@"; then
        (cd "$place" && npm install --silent --no-fund --no-audit "$@" >"$T/npm.log" 2>&1) ||
            give_up "$(tail -n 3 "$T/npm.log")"
        filled
    fi
    js=$place
    versions+=("${@/@/ }")
}

# Runs in the background until the end, in a process group of its own: a program that is
# run by a function (`of`) is a child of the shell that runs the function.
serve() {
    set -m
    "$@" >>"$T/served.log" 2>&1 &
    running+=($!)
    set +m
}

# A port of the loopback that is free now.
free_port() {
    python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'
}

# Waits until somebody listens there.
up() {
    local try
    for try in $(seq 200); do
        (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null && return
        sleep 0.1
    done
    give_up "nobody listens: $(tail -n 5 "$T/served.log")"
}
