. "$(dirname "$0")/../kit.sh"
debs libmojolicious-perl=9.31+dfsg-1
title='Mojo::UserAgent'
does='asks for gzip; DELETE with `Content-Length: 0`; kept'

cat >"$T/ask.pl" <<'PL'
use strict; use Mojo::UserAgent;
my $url = shift; my $ua = Mojo::UserAgent->new(max_redirects => 3, request_timeout => 60);
sub keep { my ($name, $tx) = @_; open my $f, '>:raw', $name or die; print $f $tx->result->body }
keep('hello', $ua->get("$url/hello")) for 1 .. 3;
keep('big', $ua->get("$url/bytes/3000000"));
open my $in, '<:raw', 'upload' or die; my $data = do { local $/; <$in> };
keep('put', $ua->put("$url/hash" => $data));
my $tx = $ua->build_tx(PUT => "$url/hash");
my @parts = (substr($data, 0, 70000), substr($data, 70000), '');
my $next; $next = sub { my $content = shift; my $part = shift @parts; $content->write_chunk($part => length $part ? $next : undef) };
$tx->req->content->$next;
keep('chunked', $ua->start($tx));
keep('redirect', $ua->get("$url/redirect/302"));
keep('stream', $ua->get("$url/stream"));
keep('ranged', $ua->get("$url/bytes/1000" => { Range => 'bytes=10-19' }));
die unless $ua->delete("$url/head")->result->body =~ /Content-Length: 0/;
PL
work() { library of env MOJO_MAX_MESSAGE_SIZE=0 PERL5LIB="$root/usr/share/perl5:$(echo "$root"/usr/lib/*/perl5/5.36)" perl "$T/ask.pl"; }
row
