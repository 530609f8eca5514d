# HTTP::Daemon 6.16.
. "$(dirname "$0")/../works.sh"
title='HTTP::Daemon'
does='keeps connections for long, unannounced; chunked for what has no length'
debs libhttp-daemon-perl=6.16-1+deb13u1~deb12u1
files
cat >"$T/server.pl" <<'PL'
use strict;
use HTTP::Daemon; use HTTP::Response; use Digest::SHA 'sha256_hex';
my $daemon = HTTP::Daemon->new(LocalAddr => '127.0.0.1', LocalPort => $ARGV[0], ReuseAddr => 1) or die;
$SIG{CHLD} = 'IGNORE';
while (my $client = $daemon->accept) {
    next if fork;
    while (my $request = $client->get_request) {
        my $path = $request->uri->path;
        if ($path eq '/big') { $client->send_file_response("$ARGV[1]/big"); next }
        my $text = $path eq '/hash' ? sha256_hex($request->content) : "hello world\n";
        my $code = $path =~ m{^/([23]0\d)$} ? $1 : $path eq '/moved' ? 302 : $path eq '/early' ? 413 : 200;
        my $response = HTTP::Response->new($code);
        $response->header(Location => '/hello') if $path eq '/moved';
        if ($path eq '/stream') { my @pieces = ("hello", " world", "\n"); $response->content(sub { shift @pieces }) }
        elsif ($code == 200 || $code > 400) { $response->content($text) }
        $client->send_response($response);
    }
    exit;
}
PL
port=$(free_port)
serve of env PERL5LIB="$root/usr/share/perl5:$root/usr/lib/x86_64-linux-gnu/perl5/5.36" perl "$T/server.pl" "$port" "$www"
up "$port"
url=http://127.0.0.1:$port

work() {
    application "$url"
}
row
