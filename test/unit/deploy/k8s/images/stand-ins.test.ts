/** What is built where no registry can be reached is what the overlay asks for. */
import { expect, it } from 'vitest'
import { CAUDAL } from '#deploy/k8s/images/bases.ts'
import { STAND_INS } from '#deploy/k8s/images/stand-ins.ts'
import { committed, manifestsOf } from '../manifests.ts'

/** A name without a registry is one of Docker's, and without an owner one of its library. */
function whole(name: string): string {
  const [first = '', ...rest] = name.split('/')
  if (rest.length === 0) return `docker.io/library/${name}`
  return /[.:]|^localhost$/.test(first) ? name : `docker.io/${name}`
}

it('npm run images builds every image of the overlay local under its name, and no other', () => {
  const workloads = manifestsOf(committed('overlays/local')).filter(({ spec }) => spec?.template)
  const asked = workloads.flatMap(({ spec }) => {
    const { initContainers = [], containers } = spec.template.spec
    return [...initContainers, ...containers].map(({ image }) => whole(image))
  })
  const built = [CAUDAL, ...STAND_INS.map(({ tag }) => tag)]
  expect([...new Set(asked)].sort()).toEqual([...built].sort())
})
