/**
 * `npm run manifests`: what a cluster would get of the base and of each overlay, by kubectl, into `rendered/`. The result is
 * committed, so that a change is seen in a review and checked where there is no kubectl.
 */
import { execFileSync } from 'node:child_process'
import { copyFileSync, cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'

export const TARGETS = ['base', 'overlays/local', 'overlays/production'] as const
export type Target = (typeof TARGETS)[number]

const DEPLOY = resolve(import.meta.dirname, '..')

export const renderedFile = (target: Target): string =>
  join(DEPLOY, 'k8s/rendered', `${target.replace('overlays/', '')}.yaml`)

/** As committed: the keys that a person makes for trying things are left out. */
const NO_CALLERS = '{"keys": []}\n'

/** The secrets of production are nobody's business: their examples stand for them. */
export function rendered(target: Target): string {
  const folder = mkdtempSync(join(tmpdir(), 'caudal-k8s-'))
  try {
    for (const part of ['k8s', 'grafana', 'prometheus'])
      cpSync(join(DEPLOY, part), join(folder, part), { recursive: true })
    const production = join(folder, 'k8s/overlays/production')
    for (const secret of ['secrets.env', 'keys.json'])
      copyFileSync(join(production, `${secret}.example`), join(production, secret))
    writeFileSync(join(folder, 'k8s/overlays/local/callers.json'), NO_CALLERS)
    return execFileSync('kubectl', ['kustomize', join(folder, 'k8s', target)], { encoding: 'utf8' })
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

if (import.meta.main) {
  mkdirSync(join(DEPLOY, 'k8s/rendered'), { recursive: true })
  for (const target of TARGETS) writeFileSync(renderedFile(target), rendered(target))
}
