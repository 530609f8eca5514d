// What proxies forward to: a server on node, `node origin.mjs PORT TLS_PORT FOLDER [KEY CERTIFICATE]`.
import { createHash } from 'node:crypto'
import { createReadStream, readFileSync, statSync } from 'node:fs'
import http from 'node:http'
import https from 'node:https'

const [port, secure, folder, key, cert] = process.argv.slice(2)

function answer(request, response) {
    const path = new URL(request.url, 'http://origin').pathname
    if (path === '/hash') {
        const hash = createHash('sha256')
        request.on('data', (piece) => hash.update(piece))
        request.on('end', () => response.end(hash.digest('hex')))
    } else if (path === '/stream') {
        for (const piece of ['hello', ' world', '\n']) response.write(piece)
        response.end()
    } else if (path === '/204' || path === '/304') {
        response.writeHead(Number(path.slice(1))).end()
    } else if (path === '/moved') {
        response.writeHead(302, { Location: '/hello' }).end('over there\n')
    } else if (path === '/early') {
        response.writeHead(413, { Connection: 'close' }).end('too much\n')
    } else {
        try {
            response.setHeader('Content-Length', statSync(folder + path).size)
            createReadStream(folder + path).pipe(response)
        } catch {
            response.writeHead(404).end('not here\n')
        }
    }
}
http.createServer(answer).listen(Number(port), '127.0.0.1')
if (key) {
    const papers = { key: readFileSync(key), cert: readFileSync(cert) }
    https.createServer(papers, answer).listen(Number(secure), '127.0.0.1')
}
