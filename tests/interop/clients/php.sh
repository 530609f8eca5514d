. "$(dirname "$0")/../kit.sh"
debs php8.2-cli=8.2.36-1~deb12u1
title="PHP's streams"
does='HTTP/1.1, Connection: close, no User-Agent; POST gets the type of a form'

cat >"$T/ask.php" <<'PHP'
<?php
$url = $argv[1];
function ask($path, $options = []) { global $url; return file_get_contents($url . $path, false, stream_context_create(['http' => $options])); }
for ($i = 0; $i < 3; $i++) file_put_contents('hello', ask('/hello'));
file_put_contents('big', ask('/bytes/3000000'));
file_put_contents('put', ask('/hash', ['method' => 'PUT', 'content' => file_get_contents('upload'), 'header' => 'Content-Type: application/octet-stream']));
file_put_contents('redirect', ask('/redirect/302'));
file_put_contents('auth', ask('/auth', ['header' => 'Authorization: Basic dXNlcjpzZWNyZXQ=']));
file_put_contents('stream', ask('/stream'));
file_put_contents('ranged', ask('/bytes/1000', ['header' => 'Range: bytes=10-19']));
$proxied = ask('/hello', ['proxy' => str_replace('http:', 'tcp:', $url), 'request_fulluri' => true]);
exit($proxied === "hello\n" ? 0 : 1);
PHP
work() { library of php8.2 -n "$T/ask.php"; }
row
