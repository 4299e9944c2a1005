/** A provider that answers each request after a fixed time; a process of its own. Prints its address. */
import { createServer } from 'node:http'

const latencyMs = Number(process.argv[2] ?? 500)
const answer = JSON.stringify({ answer: 'forty-two' })
const headers = { 'content-type': 'application/json', 'content-length': String(Buffer.byteLength(answer)) }

const server = createServer((request, response) => {
  request.resume()
  setTimeout(() => response.writeHead(200, headers).end(answer), latencyMs)
})
server.keepAliveTimeout = 120_000
server.listen(0, '127.0.0.1', 16_384, () => {
  const address = server.address()
  if (address !== null && typeof address === 'object') console.log(`http://127.0.0.1:${address.port}`)
})
