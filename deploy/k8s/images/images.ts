/**
 * `npm run images [-- caudal,kafka,postgres,redis,prometheus]`: every image of the overlay `local`, by buildah, out of what this
 * machine has. For a machine that reaches no registry; elsewhere `docker build` and the official images do.
 */
import { StackError } from '../../local/stack-error.ts'
import { buildBases, buildCaudal, CAUDAL } from './bases.ts'
import { missingBuildah } from './buildah.ts'
import { buildStandIn, STAND_INS } from './stand-ins.ts'

const BASES = 'localhost/caudal-base'

async function main([only]: readonly string[]): Promise<void> {
  const missing = missingBuildah()
  if (missing.length > 0) throw new StackError(['missing on this machine:', ...missing].join('\n- '))
  const names = ['caudal', ...STAND_INS.map(({ folder }) => folder)]
  const wanted = only?.split(',') ?? names
  const unknown = wanted.filter(name => !names.includes(name))
  if (unknown.length > 0)
    throw new StackError(`unknown: ${unknown.join(', ')}; there are ${names.join(', ')}`)
  if (wanted.includes('caudal')) {
    await buildCaudal(CAUDAL, await buildBases(BASES))
    console.log(CAUDAL)
  }
  for (const standIn of STAND_INS.filter(({ folder }) => wanted.includes(folder))) {
    await buildStandIn(standIn)
    console.log(standIn.tag)
  }
}

await main(process.argv.slice(2)).catch(error => {
  console.error(error instanceof StackError ? error.message : error)
  process.exitCode = 1
})
