// node's clients ask a server of ours: its URL. Prints a line for each thing they learn.
import assert from 'node:assert/strict'
import http from 'node:http'
import https from 'node:https'
import { once } from 'node:events'

const url = process.argv[2]
const web = url.startsWith('https:') ? https : http
const big = 3_000_000
const content = Buffer.from(Uint8Array.from({ length: big }, (_, at) => at % 251))
const kept = new web.Agent({ keepAlive: true })
const sockets = new Set()

function begin(method, path, headers = {}, agent = kept) {
    const request = web.request(url + path, { method, headers, agent, timeout: 60_000 })
    request.on('timeout', () => request.destroy(new Error('it takes too long')))
    request.on('socket', (socket) => sockets.add(socket))
    return request
}

// Comes back once the connection is free again, which may be behind the response's end.
async function read(request) {
    const closed = once(request, 'close')
    const [response] = await once(request, 'response')
    const pieces = []
    for await (const piece of response) pieces.push(piece)
    await closed
    return { ...fields(response), body: Buffer.concat(pieces), trailers: response.trailers }
}

const fields = ({ statusCode, headers }) => ({ status: statusCode, headers })

async function ask(method, path, body, headers, agent) {
    const request = begin(method, path, headers, agent)
    request.end(body)
    const answer = await read(request)
    return { ...answer, text: answer.body.toString() }
}

// Writes no faster than it is taken.
async function write(request, body, size) {
    for (let at = 0; at < body.length; at += size) {
        if (!request.write(body.subarray(at, at + size))) await once(request, 'drain')
    }
}

async function unknown() {
    const request = begin('POST', '/sum', { Trailer: 'Sum' })
    const answer = read(request)
    await write(request, content, 70_000)
    request.addTrailers({ Sum: 'counted' })
    request.end()
    console.log('unknown:', (await answer).body.toString())
}

// Each piece is sent when the one before has come back.
async function bothWays() {
    const request = begin('POST', '/echo')
    const closed = once(request, 'close')
    request.flushHeaders()
    const [response] = await once(request, 'response')
    const pieces = response[Symbol.asyncIterator]()
    const size = 100_000
    for (let at = 0; at < big; at += size) {
        request.write(content.subarray(at, at + size))
        for (let back = at; back < at + size;) {
            const { value } = await pieces.next()
            assert.ok(value.equals(content.subarray(back, back + value.length)))
            back += value.length
        }
    }
    request.end()
    console.log('both ways:', (await pieces.next()).done)
    await closed
}

async function interims() {
    const hints = begin('GET', '/hints').end()
    const final = read(hints)
    const [{ statusCode, headers }] = await once(hints, 'information')
    console.log('hints:', statusCode, headers.link, (await final).body.toString())
    const waits = begin('POST', '/sum', { Expect: '100-continue', 'Content-Length': 3 })
    waits.flushHeaders()
    await once(waits, 'continue')
    waits.end('abc')
    console.log('waits:', (await read(waits)).body.toString())
}

async function refusals() {
    const asks = begin('POST', '/refuse', { Expect: '100-continue', 'Content-Length': big })
    asks.on('continue', () => assert.fail('leave is given'))
    asks.flushHeaders()
    const [answer] = await once(asks, 'response')
    console.log('not sent:', answer.statusCode)
    asks.destroy()
    for (let turn = 0; turn < 3; turn++) {
        assert.equal((await ask('POST', '/refuse', 'abc')).status, 403)
    }
}

async function aborted() {
    const request = begin('GET', '/endless', {}, new web.Agent()).end()
    const [response] = await once(request, 'response')
    const [piece] = await once(response, 'data')
    request.destroy()
    await assert.rejects(once(response, 'end'), { code: 'ECONNRESET' })
    console.log('aborted:', piece.toString())
}

async function fetches() {
    const get = async (path, options) => await fetch(url + path, options)
    const text = async (path, options) => await (await get(path, options)).text()
    for (const path of ['/big', '/stream']) {
        assert.ok(Buffer.from(await (await get(path)).arrayBuffer()).equals(content))
    }
    console.log('fetch gzip:', (await text('/gzip')).length)
    console.log('fetch post:', await text('/sum', { method: 'POST', body: content }))
    const body = new Blob([content]).stream()
    console.log('fetch stream:', await text('/sum', { method: 'POST', body, duplex: 'half' }))
    const moved = await get('/moved', { method: 'POST', body: 'abc' })
    console.log('fetch moved:', new URL(moved.url).pathname, await moved.text())
    console.log('fetch keep:', await text('/keep', { method: 'POST', body: 'abc' }))
    const head = await get('/big', { method: 'HEAD' })
    console.log('fetch head:', head.headers.get('content-length'), (await head.text()).length)
    const all = Array.from({ length: 100 }, () => text('/hello'))
    assert.deepEqual(new Set(await Promise.all(all)), new Set(['hello']))
    const stop = new AbortController()
    const endless = (await get('/endless', { signal: stop.signal })).body.getReader()
    console.log('fetch begun:', Buffer.from((await endless.read()).value).toString())
    stop.abort()
    await assert.rejects(endless.read(), { name: 'AbortError' })
}

for (let turn = 0; turn < 10; turn++) assert.equal((await ask('GET', '/hello')).text, 'hello')
console.log('known:', (await ask('POST', '/sum', content)).text)
console.log('empty:', (await ask('POST', '/sum')).text)
await unknown()
for (const path of ['/big', '/stream']) {
    const { headers, body, trailers } = await ask('GET', path)
    console.log(path, headers['content-length'], body.equals(content), trailers.sum)
}
const head = await ask('HEAD', '/big')
console.log('head:', head.headers['content-length'], head.body.length)
await bothWays()
const moved = await ask('GET', '/moved')
console.log('moved:', moved.status, moved.headers.location)
console.log('none:', (await ask('GET', '/none')).status)
await interims()
console.log('dialed:', sockets.size)
await refusals()
const few = new web.Agent({ keepAlive: true, maxSockets: 4 })
sockets.clear()
await Promise.all(Array.from({ length: 100 }, () => ask('GET', '/hello', '', {}, few)))
console.log('parallel:', sockets.size)
await aborted()
await fetches()
kept.destroy()
few.destroy()
