. "$(dirname "$0")/../kit.sh"
versions=("java $(java -version 2>&1 | sed -n 's/.*build \([^ ,)]*\).*/\1/p' | head -n 1)")
[ -n "${versions[0]#java }" ] || give_up 'no java'
title="Java's HttpClient"
does='`Upgrade: h2c` with HTTP2-Settings on every request; Expect is waited for'

cat >"$T/Ask.java" <<'JAVA'
import java.net.*; import java.net.http.*; import java.nio.file.*; import java.util.function.*;
import static java.net.http.HttpRequest.BodyPublishers.*;
class Ask {
    static String url; static HttpClient client = HttpClient.newBuilder().followRedirects(HttpClient.Redirect.ALWAYS).build();
    static HttpResponse<byte[]> keep(String name, HttpRequest.Builder request) throws Exception {
        HttpResponse<byte[]> response = client.send(request.build(), HttpResponse.BodyHandlers.ofByteArray());
        Files.write(Path.of(name), response.body());
        return response;
    }
    static HttpRequest.Builder to(String path) { return HttpRequest.newBuilder(URI.create(url + path)); }
    public static void main(String[] args) throws Exception {
        url = args[0];
        for (int i = 0; i < 3; i++) keep("hello", to("/hello"));
        keep("big", to("/bytes/3000000"));
        keep("put", to("/hash").expectContinue(true).PUT(ofFile(Path.of("upload"))));
        byte[] data = Files.readAllBytes(Path.of("upload"));
        keep("chunked", to("/hash").PUT(ofInputStream(() -> new java.io.ByteArrayInputStream(data))));
        keep("redirect", to("/redirect/302"));
        keep("auth", to("/auth").header("Authorization", "Basic dXNlcjpzZWNyZXQ="));
        keep("stream", to("/stream"));
        keep("ranged", to("/bytes/1000").header("Range", "bytes=10-19"));
        URI uri = URI.create(url);
        client = HttpClient.newBuilder().proxy(ProxySelector.of(new InetSocketAddress(uri.getHost(), uri.getPort()))).build();
        if (keep("proxied", to("/hello")).statusCode() != 200) throw new Exception("through the proxy");
    }
}
JAVA
work() { library java "$T/Ask.java"; is 'through our proxy' hello "$(cat proxied)"; asked 'GET /hello HTTP/1.1.*Upgrade: h2c'; }
row
