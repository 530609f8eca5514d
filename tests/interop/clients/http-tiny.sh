. "$(dirname "$0")/../kit.sh"
versions=("HTTP::Tiny $(perl -MHTTP::Tiny -e 'print $HTTP::Tiny::VERSION')")
title="Perl's HTTP::Tiny"
does='no Connection field, keeps the connection; chunks with trailer fields from a callback'

cat >"$T/ask.pl" <<'PL'
use strict; use HTTP::Tiny;
my $url = shift; my $http = HTTP::Tiny->new(timeout => 60);
sub keep { my ($name, $answer) = @_; open my $f, '>:raw', $name or die; print $f $answer->{content} }
keep('hello', $http->get("$url/hello")) for 1 .. 3;
keep('big', $http->get("$url/bytes/3000000"));
open my $in, '<:raw', 'upload' or die; my $data = do { local $/; <$in> };
keep('put', $http->put("$url/hash", { content => $data }));
my @parts = (substr($data, 0, 70000), substr($data, 70000));
keep('chunked', $http->put("$url/hash", { content => sub { shift @parts }, trailer_callback => sub { { sum => 7 } } }));
keep('redirect', $http->get("$url/redirect/302"));
(my $with = $url) =~ s,//,//user:secret@,;
keep('auth', $http->get("$with/auth"));
keep('stream', $http->get("$url/stream"));
keep('ranged', $http->get("$url/bytes/1000", { headers => { Range => 'bytes=10-19' } }));
die unless HTTP::Tiny->new(http_proxy => $url)->get("$url/hello")->{content} eq "hello\n";
PL
work() { library perl "$T/ask.pl"; }
row
