. "$(dirname "$0")/../kit.sh"
versions=("git $(git --version | cut -d' ' -f3)")
does='a POST of `0000` as a probe, then chunks; many refs as `Content-Encoding: gzip`'

work() {
    mkdir -p served/cgi served/repos
    cat >served/cgi/git <<CGI
#!/bin/sh
GIT_PROJECT_ROOT=$here/served/repos GIT_HTTP_EXPORT_ALL=1 REMOTE_USER=u exec git http-backend
CGI
    chmod +x served/cgi/git
    git init -q --bare -b main served/repos/one && git -C served/repos/one config http.receivepack true
    git init -q -b main work && cd work || return
    git config user.name n && git config user.email e@e
    head -c 3000000 /dev/urandom >file && git add file && git commit -qm one
    ok push git push -q "$url/cgi/git/one" main
    asked 'POST /cgi/git/one/git-receive-pack.*Transfer-Encoding: chunked'
    ok clone git clone -q "$url/cgi/git/one" ../cloned && is content "$(sum file)" "$(sum ../cloned/file)"
    local number
    for number in $(seq 300); do git tag "tag$number"; git commit -q --allow-empty -m "$number"; done
    ok 'push of tags' git push -q --tags "$url/cgi/git/one" main
    ok fetch git -C ../cloned fetch -q --tags && is tags 300 "$(git -C ../cloned tag | wc -l)"
    ok 'clone with version 0' git -c protocol.version=0 clone -q "$url/cgi/git/one" ../again
    ok 'clone through our proxy' git -c http.proxy="$url" clone -q "http://127.0.0.1:$port/cgi/git/one" ../proxied
}
row
