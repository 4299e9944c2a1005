/** Each object against the type of its kind: unknown and misspelt fields are named, without a cluster. */
import { execFile } from 'node:child_process'
import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, expect, it } from 'vitest'
import { TARGETS } from '#deploy/k8s/render.ts'
import { committed, type Manifest, manifestsOf, ROOT } from './manifests.ts'

// Inside the project, so that its packages resolve; ignored by git and by every other check.
const folder = join(ROOT, '.vitest', `manifests-${process.pid}`)
afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** The package whose types know a group of the API. */
const PACKAGES: Readonly<Record<string, string>> = {
  'keda.sh': '@kubernetes-models/keda',
  'monitoring.coreos.com': '@kubernetes-models/prometheus-operator',
}

function moduleOf({ apiVersion, kind }: Manifest): string {
  const [group = '', version] = apiVersion.includes('/') ? apiVersion.split('/') : ['', apiVersion]
  return `${PACKAGES[group] ?? 'kubernetes-models'}/${[group, version].filter(Boolean).join('/')}/${kind}`
}

async function checked(name: string, manifests: readonly Manifest[]): Promise<string> {
  mkdirSync(folder, { recursive: true })
  const lines = manifests.map((manifest, index) => {
    const type = `import('${moduleOf(manifest)}').I${manifest.kind}`
    return `export const object${index} = ${JSON.stringify(manifest, undefined, 1)} satisfies ${type}`
  })
  writeFileSync(join(folder, `${name}.ts`), lines.join('\n'))
  const settings = { extends: '../../tsconfig.json', include: [`${name}.ts`], exclude: [] }
  writeFileSync(join(folder, `${name}.json`), JSON.stringify(settings))
  return promisify(execFile)(join(ROOT, 'node_modules/.bin/tsc'), ['-p', join(folder, `${name}.json`)]).then(
    () => '',
    (failure: { readonly stdout: string }) => failure.stdout,
  )
}

it.each(TARGETS)('%s has only fields that its kinds know', async target => {
  expect(await checked(target.replace('/', '-'), manifestsOf(committed(target)))).toBe('')
})

it('the types find a field with one wrong letter, and name the kind without that field', async () => {
  const manifests = manifestsOf(committed('base').replace('podManagementPolicy:', 'podManagmentPolicy:'))
  expect(await checked('misspelt', manifests)).toMatch(/podManagmentPolicy.*IStatefulSetSpec/)
})
