. "$(dirname "$0")/../kit.sh"
versions=("git $(git --version | cut -d' ' -f3)")
title='git, dumb protocol'
does='libcurl: asks for info/refs, then for objects one by one and in packs'

work() {
    git init -q -b main work && cd work || return
    git config user.name n && git config user.email e@e
    local number
    for number in 1 2 3; do
        content $((number * 100000)) >file && git add file && git commit -qm "$number"
    done
    cd .. && git clone -q --bare work served/repo.git && git -C served/repo.git update-server-info
    ok clone git clone -q "$url/files/repo.git" cloned
    same 'content' cloned/file 300000
    asked 'GET /files/repo.git/info/refs\?service=git-upload-pack'
    (cd served/repo.git && git gc -q && git update-server-info)
    ok 'clone of packs' git clone -q "$url/files/repo.git" packed && same 'content of packs' packed/file 300000
}
row
