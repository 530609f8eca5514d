"""What servers in Python run: as WSGI, as ASGI, and by themselves (`app.py NAME PORT`).

It writes its text whatever it was asked, also for HEAD, 204 and 304, as applications do.
"""
import hashlib
import os
import sys

WWW = os.environ["WWW"]
STATUS = {"/204": "204 No Content", "/304": "304 Not Modified", "/moved": "302 Found"}


def big():
    with open(WWW + "/big", "rb") as file:
        while piece := file.read(65536):
            yield piece


def body_of(environ):
    source, length = environ["wsgi.input"], environ.get("CONTENT_LENGTH")
    if length and "chunked" not in environ.get("HTTP_TRANSFER_ENCODING", ""):
        return source.read(int(length))
    return source.read() if environ.get("wsgi.input_terminated") else b""


def wsgi(environ, start_response):
    path, fields = environ["PATH_INFO"], [("Content-Type", "text/plain")]
    content = [b"hello world\n"]
    if path == "/hash":
        content = [hashlib.sha256(body_of(environ)).hexdigest().encode()]
    elif path == "/stream":
        content = iter([b"hello", b" world", b"\n"])
    elif path == "/big":
        fields.append(("Content-Length", str(os.path.getsize(WWW + "/big"))))
        content = big()
    elif path == "/moved":
        fields.append(("Location", "/hello"))
    if path in ("/hello", "/hash"):
        fields.append(("Content-Length", str(len(content[0]))))
    start_response("413 Content Too Large" if path == "/early" else STATUS.get(path, "200 OK"), fields)
    return content


async def asgi(scope, receive, send):
    if scope["type"] != "http":
        return
    path, fields = scope["path"], [(b"content-type", b"text/plain")]
    content, code = [b"hello world\n"], int(STATUS.get(path, "200")[:3])
    if path == "/hash":
        hashed, more = hashlib.sha256(), True
        while more:
            event = await receive()
            hashed.update(event.get("body", b""))
            more = event.get("more_body", False)
        content = [hashed.hexdigest().encode()]
    elif path == "/stream":
        content = [b"hello", b" world", b"\n"]
    elif path == "/big":
        content = big()
        fields.append((b"content-length", str(os.path.getsize(WWW + "/big")).encode()))
    elif path == "/moved":
        fields.append((b"location", b"/hello"))
    elif path == "/early":
        code = 413
    if path in ("/hello", "/hash"):
        fields.append((b"content-length", str(len(content[0])).encode()))
    await send({"type": "http.response.start", "status": code, "headers": fields})
    for piece in content:
        await send({"type": "http.response.body", "body": piece, "more_body": True})
    await send({"type": "http.response.body", "body": b""})


def cheroot(port):
    from cheroot.wsgi import Server
    Server(("127.0.0.1", port), wsgi, timeout=2).start()


def wsgiref(port):
    from wsgiref.simple_server import WSGIRequestHandler, make_server
    make_server("127.0.0.1", port, wsgi).serve_forever()


def werkzeug(port):
    from werkzeug.serving import WSGIRequestHandler, run_simple
    WSGIRequestHandler.protocol_version = "HTTP/1.1"
    run_simple("127.0.0.1", port, wsgi, threaded=True)


def twisted(port):
    from twisted.internet import reactor
    from twisted.python.threadpool import ThreadPool
    from twisted.web.server import Site
    from twisted.web.wsgi import WSGIResource
    pool = ThreadPool()
    reactor.callWhenRunning(pool.start)
    reactor.addSystemEventTrigger("after", "shutdown", pool.stop)
    reactor.listenTCP(port, Site(WSGIResource(reactor, pool, wsgi), timeout=2), interface="127.0.0.1")
    reactor.run()


def aiohttp(port):
    from aiohttp import web

    async def answer(request):
        path = request.path
        if path == "/hash":
            hashed = hashlib.sha256()
            async for piece in request.content.iter_any():
                hashed.update(piece)
            return web.Response(text=hashed.hexdigest())
        if path == "/big":
            return web.FileResponse(WWW + "/big")
        if path == "/hello":
            return web.Response(text="hello world\n")
        if path == "/early":
            return web.Response(status=413)
        response = web.StreamResponse(status=int(STATUS.get(path, "200")[:3]))
        if path == "/moved":
            response.headers["Location"] = "/hello"
        await response.prepare(request)
        for piece in (b"hello", b" world", b"\n"):
            await response.write(piece)
        await response.write_eof()
        return response

    app = web.Application()
    app.router.add_route("*", "/{any:.*}", answer)
    web.run_app(app, host="127.0.0.1", port=port, keepalive_timeout=2)


def tornado(port):
    import asyncio
    from tornado.httpserver import HTTPServer
    from tornado.web import Application, RequestHandler, stream_request_body

    @stream_request_body
    class Answer(RequestHandler):
        def prepare(self):
            self.hashed = hashlib.sha256()

        def data_received(self, piece):
            self.hashed.update(piece)

        async def get(self):
            path = self.request.path
            self.set_status(413 if path == "/early" else int(STATUS.get(path, "200")[:3]))
            if path == "/moved":
                self.set_header("Location", "/hello")
            if path == "/hash":
                self.write(self.hashed.hexdigest())
            elif path == "/big":
                for piece in big():
                    self.write(piece)
                    await self.flush()
            elif path in ("/hello", "/early"):
                self.write("hello world\n")
            elif path == "/stream":
                for piece in ("hello", " world", "\n"):
                    self.write(piece)
                    await self.flush()

        head = post = get

    async def main():
        app = Application([("/.*", Answer)])
        app.listen(port, "127.0.0.1", idle_connection_timeout=2, max_body_size=1 << 30)
        await asyncio.Event().wait()

    asyncio.run(main())


if __name__ == "__main__":
    globals()[sys.argv[1]](int(sys.argv[2]))
