// A server for the client's tests, with TLS if given a certificate and a key: prints its
// port, and serves until its input ends. Lets connections idle for 200 ms.
import fs from 'node:fs'
import http from 'node:http'
import https from 'node:https'
import zlib from 'node:zlib'
import { setTimeout as pause } from 'node:timers/promises'

const [cert, key] = process.argv.slice(2).map((path) => fs.readFileSync(path))
let connections = 0

const routes = {
    '/count': (_, response) => response.end(String(connections)),
    '/gzip': (_, response) => {
        response.setHeader('Content-Encoding', 'gzip')
        response.end(zlib.gzipSync('text that repeats '.repeat(1000)))
    },
    '/moved': (_, response) => response.writeHead(303, { Location: '/count' }).end(),
    '/hints': (_, response) => response.writeEarlyHints({ link: '</a.css>' }, () => {
        response.end('hinted')
    }),
    '/drip': async (_, response) => {
        for (const piece of 'one byte at a time') {
            response.write(piece)
            await pause(10)
        }
        response.end()
    },
    '/until-close': (_, response) => {
        response.removeHeader('Transfer-Encoding')
        response.write('until ')
        response.end('the end')
    },
    '/echo': async (request, response) => {
        const pieces = []
        for await (const piece of request) pieces.push(piece)
        response.setHeader('Trailer', 'Sum, Came')
        for (const piece of pieces) response.write(piece)
        const sum = pieces.reduce((sum, piece) => sum + piece.length, 0)
        response.addTrailers({ Sum: sum, Came: request.headers['content-length'] ?? 'chunked' })
        response.end()
    },
    // What ends inside its head, its known length, its chunks, or by a reset.
    '/cut-head': (request) => request.socket.end('HTTP/1.1 200 OK\r\nContent-'),
    '/cut-length': (request, response) => {
        response.writeHead(200, { 'Content-Length': 100_000 })
        response.write('x'.repeat(1000), () => request.socket.destroy())
    },
    '/cut-chunks': (request, response) => {
        response.write('x'.repeat(1000), () => request.socket.destroy())
    },
    '/reset': (request, response) => {
        response.write('x'.repeat(1000), () => pause(50).then(() => reset(request.socket)))
    },
    '/refuse': (_, response) => response.writeHead(403, { Connection: 'close' }).end('no'),
}

// A TLS socket cannot; it closes without saying goodbye.
function reset(socket) {
    return socket.encrypted ? socket.destroy() : socket.resetAndDestroy()
}

function serve(request, response) {
    // In place of keepAliveTimeout, to which some versions add a second.
    response.on('finish', () => request.socket.setTimeout(200))
    routes[request.url](request, response)
}

const server = cert ? https.createServer({ cert, key }, serve) : http.createServer(serve)
server.on('connection', () => { connections += 1 })
server.on('checkContinue', (request, response) => {
    if (request.url === '/echo') response.writeContinue()
    serve(request, response)
})
server.listen(0, '127.0.0.1', () => console.log(server.address().port))
process.stdin.on('end', () => process.exit()).resume()
