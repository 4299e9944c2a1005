/**
 * `npm run trial -- NAME [FORM]`: one promise of the engine tried on real brokers or disks, measured and judged. It starts and
 * kills brokers and processes of its own. Prints its figures as JSON, and ends with 1 when a bound was not kept.
 */
import { blinkingProvider } from './blinking-provider.ts'
import { clocks } from './clocks.ts'
import { fullDisk } from './full-disk.ts'
import { longFile } from './long-file.ts'
import type { Trial } from './outcome.ts'
import { refusedOutput } from './refused-output.ts'
import { versions } from './versions.ts'

const TRIALS: Readonly<Record<string, Trial>> = {
  clocks,
  versions,
  'refused-output': refusedOutput,
  'full-disk': fullDisk,
  'blinking-provider': blinkingProvider,
  'long-file': longFile,
}

const [name = '', form] = process.argv.slice(2)
const trial = TRIALS[name]
const forms = form === undefined ? trial?.forms : trial?.forms.filter(each => each === form)
if (!trial || !forms || forms.length === 0) {
  const known = Object.entries(TRIALS).map(([each, { forms: ofIt }]) => `${each} (${ofIt.join(', ')})`)
  console.error(`usage: npm run trial -- NAME [FORM]; there are ${known.join('; ')}`)
  process.exit(2)
}
for (const each of forms) {
  const { figures, complaints } = await trial.run(each)
  console.log(JSON.stringify({ trial: name, form: each, ...figures, complaints }))
  if (complaints.length > 0) process.exitCode = 1
}
