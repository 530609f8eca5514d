# starman 0.4016.
. "$(dirname "$0")/../works.sh"
title=starman
does='idle for a second, unannounced; content behind HEAD, 204 and 304, and more than Content-Length says'
mended='a GET behind such content failed'
debs starman=0.4016-1
files
cat >"$T/app.psgi" <<'PL'
use Digest::SHA 'sha256_hex';
sub {
    my $env = shift;
    my ($path, $text, @fields) = ($env->{PATH_INFO}, "hello world\n", 'Content-Type' => 'text/plain');
    if ($path eq '/hash') { local $/; my $input = $env->{'psgi.input'}; my $body = ''; while ($input->read(my $piece, 65536)) { $body .= $piece } $text = sha256_hex($body) }
    if ($path eq '/big') { open my $file, '<', "$ENV{WWW}/big" or die; return [200, ['Content-Length' => -s $file], $file] }
    if ($path eq '/stream') { return sub { my $writer = shift->([200, \@fields]); $writer->write($_) for ("hello", " world", "\n"); $writer->close } }
    my $code = $path =~ m{^/([23]04)$} ? $1 : $path eq '/moved' ? 302 : $path eq '/early' ? 413 : 200;
    push @fields, Location => '/hello' if $path eq '/moved';
    push @fields, 'Content-Length' => length $text if $code == 200;
    [$code, \@fields, [$text]];
}
PL
port=$(free_port)
export PERL5LIB=$root/usr/share/perl5:$root/usr/lib/x86_64-linux-gnu/perl5/5.36:$root/usr/lib/x86_64-linux-gnu/perl-base
WWW=$www serve of perl "$root/usr/bin/starman" --workers 4 --listen "127.0.0.1:$port" "$T/app.psgi"
up "$port"
url=http://127.0.0.1:$port

work() {
    application "$url"
    step 'pauses beyond its limit' '3 x 200 hello new' -k -n 3 -w 2500 "$url/hello"
}
row
