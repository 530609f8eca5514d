# PHP 8.2.36's own server: closes always, says the request's Host back.
. "$(dirname "$0")/../works.sh"
title='php -S'
does="closes always; the request's \`Host\` as a field of the response; no ranges"
debs php8.2-cli=8.2.36-1~deb12u1
files
mv "$www/hello" "$www/hello.raw"
cat >"$T/router.php" <<'PHP'
<?php
$path = $_SERVER["REQUEST_URI"];
$text = "hello world\n";
if ($path == "/204" || $path == "/304" || $path == "/early") http_response_code($path == "/early" ? 413 : (int) substr($path, 1));
if ($path == "/moved") header("Location: /hello");
if ($path == "/big") return false;
if ($path == "/hash") $text = hash("sha256", file_get_contents("php://input"));
if ($path == "/hello" || $path == "/hash") header("Content-Length: " . strlen($text));
foreach (str_split($text, 5) as $piece) { echo $piece; flush(); }
PHP
port=$(free_port)
serve of php8.2 -n -d post_max_size=64M -S "127.0.0.1:$port" -t "$www" "$T/router.php"
up "$port"
url=http://127.0.0.1:$port

work() {
    application "$url"
}
row
