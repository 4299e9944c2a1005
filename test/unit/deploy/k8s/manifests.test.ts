/** The manifests without a cluster: rendered as committed, consistent with each other, and fitting the settings of a pod. */
import { execFileSync } from 'node:child_process'
import { describe, expect, it } from 'vitest'
import { SETTINGS } from '#cli/configuration.ts'
import { configurationOf } from '#cli/environment.ts'
import { planOf } from '#cli/topology.ts'
import { rendered, TARGETS, type Target } from '#deploy/k8s/render.ts'
import { METRIC_TABLE } from '#observability/metrics/metrics.ts'
import { faultsOf } from './lint.ts'
import { committed, hasKubectl, type Manifest, manifestsOf, ROOT } from './manifests.ts'

const find = (target: Target, kind: string, name: string): Manifest => {
  const found = manifestsOf(committed(target)).find(
    each => each.kind === kind && each.metadata.name.startsWith(name),
  )
  if (!found) throw new TypeError(`${target} has no ${kind} ${name}`)
  return found
}

/** What the environment of a pod is made of. */
function environmentOf(target: Target): Readonly<Record<string, string>> {
  const [container] = find(target, 'StatefulSet', 'caudal-pod').spec.template.spec.containers
  const secret: Readonly<Record<string, string>> = find(target, 'Secret', 'caudal-secrets').data ?? {}
  const decoded = Object.entries(secret).map(([name, value]) => [
    name,
    Buffer.from(value, 'base64').toString(),
  ])
  const own = (container?.env ?? []).flatMap(each =>
    each.value === undefined ? [] : [[each.name, each.value]],
  )
  return {
    ...find(target, 'ConfigMap', 'caudal-settings').data,
    ...Object.fromEntries(decoded),
    ...Object.fromEntries(own),
  }
}

describe.each(TARGETS)('the manifests of %s', target => {
  it('are committed as kubectl renders them, where there is a kubectl', () => {
    // Written by: npm run manifests
    if (hasKubectl) expect(committed(target)).toBe(rendered(target))
  })

  it('have no faults', () => {
    expect(faultsOf(manifestsOf(committed(target)))).toEqual([])
  })

  it('give a pod settings that it takes', () => {
    const { given, kafkaBrokers } = configurationOf(environmentOf(target))
    expect(kafkaBrokers.length).toBeGreaterThan(0)
    expect(given.has('port') && given.has('host') && given.has('dataFolder')).toBe(true)
  })

  it('set no unknown variable', () => {
    const known: readonly string[] = [
      ...Object.values(SETTINGS).map(({ environment }) => environment),
      'NODE_OPTIONS',
    ]
    expect(Object.keys(environmentOf(target)).filter(name => !known.includes(name))).toEqual([])
  })

  it('leave a pod the time of its longest call and 30 s more', () => {
    const { spec } = find(target, 'StatefulSet', 'caudal-pod').spec.template
    const { callTimeoutMs } = configurationOf(environmentOf(target))
    expect(spec.terminationGracePeriodSeconds).toBeGreaterThanOrEqual(callTimeoutMs / 1_000 + 30)
    expect(spec.containers[0]?.lifecycle).toBeUndefined()
  })
})

describe('a planted fault', () => {
  const base = committed('base')
  it.each([
    [
      'a selector with a letter wrong',
      'matchLabels:\n      app.kubernetes.io/name: caudal-pod',
      'matchLabels:\n      app.kubernetes.io/name: caudal-pot',
      /selects no pods|misses its own pods/,
    ],
    ['a probe of a port that is not there', 'port: http\n', 'port: web\n', /asks port web/],
    [
      'a ConfigMap of another name',
      'kind: ConfigMap\nmetadata:\n  labels:\n    app.kubernetes.io/part-of: caudal\n  name: caudal-settings',
      'kind: ConfigMap\nmetadata:\n  labels:\n    app.kubernetes.io/part-of: caudal\n  name: caudal-setting',
      /there is no ConfigMap/,
    ],
    ['an image without a tag', 'image: caudal:0.1.0', 'image: caudal:latest', /not pinned/],
    [
      'a volume that is not there',
      'name: data\n        - mountPath',
      'name: date\n        - mountPath',
      /there is no volume date/,
    ],
  ])('is found: %s', (_, right, wrong, fault) => {
    expect(base).toContain(right)
    expect(faultsOf(manifestsOf(base.replaceAll(right, wrong))).join('\n')).toMatch(fault)
  })
})

describe('the gateway of production', () => {
  const { spec } = find('overlays/production', 'Deployment', 'caudal-gateway')

  it('is replaced without a moment in which no gateway takes questions', () => {
    expect(spec.strategy).toEqual({
      type: 'RollingUpdate',
      rollingUpdate: { maxSurge: 1, maxUnavailable: 0 },
    })
    const [container] = spec.template.spec.containers
    expect(container?.lifecycle).toEqual({ preStop: { sleep: { seconds: 5 } } })
    expect(spec.template.spec.terminationGracePeriodSeconds).toBeGreaterThanOrEqual(5 + 30)
  })

  it('has keys, listens on all interfaces, and has no unknown setting', () => {
    const { env = [] } = spec.template.spec.containers[0] ?? { name: '', image: '' }
    const own = Object.fromEntries(env.map(({ name, value }) => [name, value]))
    expect(own).toMatchObject({ HOST: '0.0.0.0', GATEWAY_KEYS_FILE: '/etc/caudal/keys.json' })
    const settings = Object.values(SETTINGS).map(({ environment }): string => environment)
    const known = [...settings, 'NODE_OPTIONS']
    expect(Object.keys(own).filter(name => !known.includes(name))).toEqual([])
  })
})

describe('a planted fault of production', () => {
  const production = committed('overlays/production')
  it.each([
    [
      'an ingress to a port that is not there',
      'port:\n              name: http',
      'port:\n              name: web',
      /no service caudal-gateway has port web/,
    ],
    [
      'a Secret of another name',
      'secretName: caudal-gateway-keys',
      'secretName: caudal-keys',
      /there is no Secret caudal-keys/,
    ],
    [
      'an autoscaler of something else',
      'kind: Deployment\n    name: caudal-gateway',
      'kind: Deployment\n    name: caudal-gate',
      /there is no Deployment caudal-gate/,
    ],
    [
      'a second autoscaler',
      'kind: StatefulSet\n    name: caudal-pod\n  triggers',
      'kind: Deployment\n    name: caudal-gateway\n  triggers',
      /Deployment caudal-gateway has two autoscalers/,
    ],
  ])('is found: %s', (_, right, wrong, fault) => {
    expect(production).toContain(right)
    expect(faultsOf(manifestsOf(production.replaceAll(right, wrong))).join('\n')).toMatch(fault)
  })
})

it.each(['caudal-pod', 'caudal-gateway'])(
  'the scaler of %s reads a metric that is exported, by labels that the metric has',
  name => {
    const { spec } = find('overlays/production', 'ScaledObject', name)
    const query = spec.triggers.map(({ metadata }) => metadata.query).find(each => each !== undefined)
    const [, metric = '', selector = ''] = /(\w+)\{([^}]*)\}/.exec(query ?? '') ?? []
    const row = Object.values(METRIC_TABLE)
      .flat()
      .find(each => each.metric === metric)
    expect(row).toBeDefined()
    const labels = [...selector.matchAll(/(\w+)(?:!=|!~|=~|=)/g)].map(([, label]) => label)
    expect(labels.filter(label => label !== 'namespace' && !row?.labels.includes(label ?? ''))).toEqual([])
  },
)

it('production runs at most as many pods as datos_crudos has partitions', () => {
  const { spec } = find('overlays/production', 'ScaledObject', 'caudal-pod')
  const { topicSpecs } = planOf(configurationOf({}))
  expect(spec.maxReplicaCount).toBe(topicSpecs.find(({ name }) => name === 'datos_crudos')?.partitions)
})

it('no commit holds the secrets of production', () => {
  const files = execFileSync('git', ['ls-files', 'deploy'], { cwd: ROOT, encoding: 'utf8' })
  expect(files).not.toMatch(/(secrets\.env|keys\.json)$/m)
  for (const secret of ['secrets.env', 'keys.json']) {
    const path = `deploy/k8s/overlays/production/${secret}`
    expect(execFileSync('git', ['check-ignore', path], { cwd: ROOT, encoding: 'utf8' })).not.toBe('')
  }
})
