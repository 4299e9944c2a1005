/** `npm run schemas -- types`: writes the files that are made from the .avsc files; with --check it only compares. */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { readFolder } from './avsc.ts'
import { textsText, typesText } from './schema-types.ts'

const FOLDER = join(import.meta.dirname, '../schemas')

/** Path to text, of every file that is made. */
export function madeFiles(): ReadonlyMap<string, string> {
  const values = readFolder(FOLDER)
  const parts = readFolder(join(FOLDER, 'parts'))
  return new Map([
    [
      join(FOLDER, 'parts.ts'),
      typesText('What the values of the schemas are made of.', parts, values, './types.ts'),
    ],
    [join(FOLDER, 'types.ts'), typesText('The values of the schemas.', values, parts, './parts.ts')],
    [join(FOLDER, 'texts.ts'), textsText(values, parts)],
  ])
}

if (import.meta.main) {
  const [what, option] = process.argv.slice(2)
  if (what !== 'types') {
    console.error('usage: npm run schemas -- types [--check]')
    process.exit(2)
  }
  const stale = [...madeFiles()].filter(([path, text]) => !isFile(path, text))
  if (option !== '--check') for (const [path, text] of stale) writeFileSync(path, text)
  for (const [path] of stale) console.log(`${option === '--check' ? 'differs' : 'written'}: ${path}`)
  process.exitCode = option === '--check' && stale.length > 0 ? 1 : 0
}

function isFile(path: string, text: string): boolean {
  try {
    return readFileSync(path, 'utf8') === text
  } catch {
    return false // Not there yet.
  }
}
