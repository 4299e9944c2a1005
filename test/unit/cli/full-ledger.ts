/** A process whose files may not grow: it enters purchases, makes room, enters one more, and prints the log lines as JSON. */
import { execFileSync } from 'node:child_process'
import { PurchaseLedger } from '#cli/purchases.ts'

const [path = '', countText = ''] = process.argv.slice(2)
let told = 0
const ledger = new PurchaseLedger(path, () => told++)
for (let index = 0; index < Number(countText); index++) ledger.bought(`purchase-${index}`)
execFileSync('prlimit', [`--pid=${process.pid}`, '--fsize=unlimited'])
const toldWhenFull = told
ledger.bought('purchase-last')
ledger.close()
process.stdout.write(JSON.stringify({ toldWhenFull, told, twice: ledger.twice }))
