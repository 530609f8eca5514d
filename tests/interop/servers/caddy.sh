# Caddy 2.6.2: files, gzip, and a proxy before node.
. "$(dirname "$0")/../works.sh"
title=Caddy
does='files and gzip; forwards 103; an upload that is refused early'
debs caddy=2.6.2-5
files
port=$(free_port) origin=$(free_port)
cat >"$T/Caddyfile" <<CONF
{
	admin off
	auto_https off
	servers {
		protocols h1
		timeouts {
			idle 2s
		}
	}
}
http://127.0.0.1:$port {
	bind 127.0.0.1
	handle /files/* {
		uri strip_prefix /files
		encode gzip
		root * $www
		file_server
	}
	handle {
		reverse_proxy 127.0.0.1:$origin
	}
}
CONF
serve node "$interop/origin.mjs" "$origin" 0 "$www"
up "$origin"
serve of caddy run --config "$T/Caddyfile" --adapter caddyfile
up "$port"
url=http://127.0.0.1:$port

work() {
    step 'a range' '206 bytes 2-5' -H 'Range: bytes=2-5' "$url/files/hello"
    step 'no such range' '416' -H 'Range: bytes=99-' "$url/files/hello"
    step gzip '200 text' -z "$url/files/text.txt"
    step 'a redirect to a folder' '200 the folder' "$url/files/folder"
    step 'not modified' '304 nothing' -H "If-Modified-Since: $modified" "$url/files/hello"
    early='@(413|502)' # 502 where node closes before Caddy has sent it all
    application "$url"
    step 'pauses beyond its limit' '3 x 200 hello new' -k -n 3 -w 3500 "$url/hello"
}
row
