. "$(dirname "$0")/../kit.sh"
debs libwww-perl=6.68-1
title="Perl's LWP"
does='`TE: deflate,gzip;q=0.3`, `Connection: TE, close`; `Keep-Alive: 300` if it keeps'

cat >"$T/ask.pl" <<'PL'
use strict; use LWP::UserAgent; use HTTP::Request;
my $url = shift;
my $ua = LWP::UserAgent->new(keep_alive => 4, timeout => 60);
sub keep { my ($name, $answer) = @_; open my $f, '>:raw', $name or die; print $f $answer->content }
keep('hello', $ua->get("$url/hello")) for 1 .. 3;
keep('big', $ua->get("$url/bytes/3000000"));
open my $in, '<:raw', 'upload' or die; my $data = do { local $/; <$in> };
keep('put', $ua->put("$url/hash", Content => $data));
my @parts = (substr($data, 0, 70000), substr($data, 70000));
keep('chunked', $ua->request(HTTP::Request->new(PUT => "$url/hash", undef, sub { shift @parts })));
keep('redirect', $ua->get("$url/redirect/302"));
keep('auth', $ua->get("$url/auth", Authorization => 'Basic dXNlcjpzZWNyZXQ='));
keep('stream', $ua->get("$url/stream"));
keep('ranged', $ua->get("$url/bytes/1000", Range => 'bytes=10-19'));
die unless $ua->head("$url/bytes/1000")->header('Content-Length') == 1000;
$ua->proxy(http => $url);
die unless $ua->get("$url/hello")->content eq "hello\n";
PL
work() { library of env PERL5LIB="$root/usr/share/perl5:$(echo "$root"/usr/lib/*/perl5/5.36)" perl "$T/ask.pl"; }
row
