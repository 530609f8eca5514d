. "$(dirname "$0")/../kit.sh"
debs ruby3.1=3.1.2-7+deb12u1
title="Ruby's net/http"
does='asks for gzip, deflate and identity; kept in a `start` block; a body stream as chunks'

cat >"$T/ask.rb" <<'RB'
require 'net/http'
uri = URI(ARGV[0])
keep = ->(name, data) { File.binwrite(name, data) }
Net::HTTP.start(uri.host, uri.port) do |http|
  3.times { keep['hello', http.get('/hello').body] }
  keep['big', http.get('/bytes/3000000').body]
  put = Net::HTTP::Put.new('/hash')
  put.body = File.binread('upload')
  put['Expect'] = '100-continue'
  keep['put', http.request(put).body]
  put = Net::HTTP::Put.new('/hash', 'Transfer-Encoding' => 'chunked')
  put.body_stream = File.open('upload')
  keep['chunked', http.request(put).body]
  keep['redirect', http.get(http.get('/redirect/302')['Location']).body]
  get = Net::HTTP::Get.new('/auth')
  get.basic_auth 'user', 'secret'
  keep['auth', http.request(get).body]
  keep['stream', http.get('/stream').body]
  keep['ranged', http.get('/bytes/1000', 'Range' => 'bytes=10-19').body]
  raise 'HEAD' unless http.head('/bytes/1000')['Content-Length'] == '1000'
end
proxied = Net::HTTP.start(uri.host, uri.port, uri.host, uri.port) { |http| http.get('/hello').body }
raise proxied unless proxied == "hello\n"
RB
work() { library of env RUBYLIB="$root/usr/lib/ruby/vendor_ruby:$root/usr/lib/ruby/3.1.0:$(echo "$root"/usr/lib/*/ruby/3.1.0)" ruby3.1 "$T/ask.rb"; }
row
