/**
 * Word count: keyed state, exactly once, on a log of its own in a temporary folder. Run it: node examples/word-count.ts
 *
 * How to read it:
 * 1. `split` is stateless: one line in, many words out, each with itself as its key.
 * 2. The topic `words` brings all occurrences of a word to one partition, so that `count` can keep a total per word.
 * 3. `count` reads and writes its state as if it were local. State, output and progress are committed together.
 * 4. `run` starts one pod. Halfway it is stopped, and another one goes on where it was: no word is lost or counted twice.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { codec, operator, run, state, topology } from 'caudal'
import { openEmbeddedLog } from 'caudal/embedded'

const LINES = ['the river runs', 'the river bends', 'and the water runs on', 'where the river ends']
const WORDS = LINES.join(' ').split(' ').length * 2

const Count = codec.json<number>('count')

const split = operator({
  name: 'split',
  input: codec.text,
  outputs: { word: codec.text },
  process(record, ctx) {
    for (const word of record.value.split(' ')) ctx.emit('word', word)
  },
})

const count = operator({
  name: 'count',
  input: codec.text,
  outputs: { counted: Count },
  state: { total: state.value(Count) },
  process(_record, ctx) {
    const total = (ctx.state.total.get() ?? 0) + 1
    ctx.state.total.set(total)
    ctx.emit('counted', total)
  },
})

const graph = topology('word-count')
const lines = graph.source('lines', { value: codec.text })
const words = graph.topic('words', { value: codec.text, key: word => word })
const counts = graph.topic('counts', { value: Count })
lines.process('split', split).to(words)
words.process('count', count).to(counts)

const path = mkdtempSync(join(tmpdir(), 'caudal-'))
const log = await openEmbeddedLog({ path })

const first = await run(graph.build(), { log })
await first.send(lines, ...LINES.map(line => ({ value: line })))
await first.stop()

const second = await run(graph.build(), { log })
await second.send(lines, ...LINES.map(line => ({ value: line })))
const latest = new Map<string | null, number>()
let seen = 0
for await (const { key, value: total } of second.follow(counts)) {
  latest.set(key, total ?? 0)
  if (++seen === WORDS) break // Every word has been counted once.
}
await second.stop()
await log.close()
rmSync(path, { recursive: true })

for (const [word, total] of [...latest].sort(([, a], [, b]) => b - a)) console.log(`${word}: ${total}`)
console.log(`${seen} words counted, by two pods one after the other`)
