/** A process whose answers live for a while, as those of calls in flight do: prints the most that its heap took, in MB. */
import { boundHeap } from '#cli/heap.ts'

const LIVING = 300_000
const TURNS = 120
const BORN_PER_TURN = 30_000

if (process.argv[2] === 'bound') boundHeap()
const living: object[] = []
let most = 0
for (let turn = 0; turn < TURNS; turn++) {
  for (let born = 0; born < BORN_PER_TURN; born++)
    living[(turn * BORN_PER_TURN + born) % LIVING] = { turn, born, text: [turn, born] }
  most = Math.max(most, process.memoryUsage().heapTotal)
  await new Promise(setImmediate)
}
console.log(Math.round(most / 2 ** 20))
