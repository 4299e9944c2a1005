/** Faults of manifests that no type sees: what one object says of another one. */
import type { Container, Labels, Manifest, Port } from './manifests.ts'

const WORKLOADS = ['StatefulSet', 'Deployment']
const SCALERS = ['ScaledObject', 'HorizontalPodAutoscaler']

export function faultsOf(all: readonly Manifest[]): readonly string[] {
  const workloads = all.filter(({ kind }) => WORKLOADS.includes(kind))
  return [
    ...all.flatMap(manifest => namespaceFaults(manifest)),
    ...workloads.flatMap(workload => workloadFaults(workload, all)),
    ...all.flatMap(manifest => selectorFaults(manifest, workloads)),
    ...all.filter(({ kind }) => kind === 'ServiceMonitor').flatMap(monitor => monitorFaults(monitor, all)),
    ...all.filter(({ kind }) => SCALERS.includes(kind)).flatMap(scaled => scaledFaults(scaled, workloads)),
    ...rivalFaults(all.filter(({ kind }) => SCALERS.includes(kind))),
    ...all.filter(({ kind }) => kind === 'Ingress').flatMap(ingress => ingressFaults(ingress, all)),
  ]
}

const labelOf = ({ kind, metadata }: Manifest) => `${kind} ${metadata.name}`
const matches = (selector: Labels = {}, labels: Labels = {}) =>
  Object.entries(selector).every(([name, value]) => labels[name] === value)
const podLabels = ({ spec }: Manifest): Labels => spec.template.metadata.labels
const namesOf = (named: readonly { readonly name?: string }[] = []) => named.flatMap(({ name }) => name ?? [])
const containersOf = ({ spec }: Manifest): readonly Container[] => [
  ...(spec.template.spec.initContainers ?? []),
  ...spec.template.spec.containers,
]

function namespaceFaults(manifest: Manifest): readonly string[] {
  const { namespace } = manifest.metadata
  const isIn = manifest.kind === 'Namespace' || (namespace !== undefined && namespace !== 'default')
  return isIn ? [] : [`${labelOf(manifest)} is in no namespace`]
}

/** The reasons whose condition does not hold. */
const unless = (at: string, ...rules: readonly (readonly [boolean | undefined, string])[]) =>
  rules.filter(([holds]) => holds !== true).map(([, fault]) => `${at}: ${fault}`)

function workloadFaults(workload: Manifest, all: readonly Manifest[]): readonly string[] {
  const { selector, serviceName, template } = workload.spec
  const { securityContext, automountServiceAccountToken } = template.spec
  const services = namesOf(all.filter(({ kind }) => kind === 'Service').map(({ metadata }) => metadata))
  return [
    ...unless(
      labelOf(workload),
      [matches(selector.matchLabels, podLabels(workload)), 'its selector misses its own pods'],
      [serviceName === undefined || services.includes(serviceName), `there is no service ${serviceName}`],
      [automountServiceAccountToken === false, 'mounts a token'],
      [securityContext?.runAsNonRoot, 'may run as root'],
      [securityContext?.seccompProfile?.type === 'RuntimeDefault', 'has no seccomp profile'],
    ),
    ...volumeFaults(workload, all),
    ...containersOf(workload).flatMap(container => containerFaults(container, workload, all)),
  ]
}

/** Secrets that are mounted are there. */
function volumeFaults(workload: Manifest, all: readonly Manifest[]): readonly string[] {
  const mounted = (workload.spec.template.spec.volumes ?? []).flatMap(
    ({ secret }) => secret?.secretName ?? [],
  )
  const secrets = namesOf(all.filter(({ kind }) => kind === 'Secret').map(({ metadata }) => metadata))
  const rules = mounted.map(name => [secrets.includes(name), `there is no Secret ${name}`] as const)
  return unless(labelOf(workload), ...rules)
}

function ingressFaults(ingress: Manifest, all: readonly Manifest[]): readonly string[] {
  const backends = (ingress.spec.rules ?? [])
    .flatMap(({ http }) => http.paths)
    .map(({ backend }) => backend.service)
  const rules = backends.map(({ name, port }) => {
    const service = all.find(({ kind, metadata }) => kind === 'Service' && metadata.name === name)
    return [
      namesOf(service?.spec.ports).includes(port.name),
      `no service ${name} has port ${port.name}`,
    ] as const
  })
  return unless(labelOf(ingress), [backends.length > 0, 'leads nowhere'], ...rules)
}

function containerFaults(
  container: Container,
  workload: Manifest,
  all: readonly Manifest[],
): readonly string[] {
  const at = `${labelOf(workload)}, ${container.name}`
  const { image, resources, securityContext } = container
  const [, tag = ''] = /:([^:/]+)$/.exec(image) ?? []
  return [
    ...unless(
      at,
      [tag !== '' && tag !== 'latest', `image ${image} is not pinned`],
      [
        resources?.requests?.memory !== undefined && resources.limits?.memory !== undefined,
        'asks for no memory',
      ],
      [securityContext?.allowPrivilegeEscalation === false, 'may gain privileges'],
      [securityContext?.capabilities?.drop?.includes('ALL'), 'keeps capabilities'],
    ),
    ...nameFaults(at, container, workload),
    ...referenceFaults(at, container, all),
  ]
}

/** Ports of probes, volumes and variables are those that there are. */
function nameFaults(at: string, container: Container, { spec }: Manifest): readonly string[] {
  const { ports, startupProbe, livenessProbe, readinessProbe, volumeMounts, env } = container
  const asked = [startupProbe, livenessProbe, readinessProbe].flatMap(
    probe => probe?.httpGet ?? probe?.tcpSocket ?? [],
  )
  const claims = (spec.volumeClaimTemplates ?? []).map(({ metadata }) => metadata)
  const volumes = namesOf([...(spec.template.spec.volumes ?? []), ...claims])
  const used = [...JSON.stringify(env ?? []).matchAll(/\$\((\w+)\)/g)].map(([, name = '']) => name)
  return [
    ...unless(
      at,
      ...asked.map(
        ({ port }) =>
          [namesOf(ports).includes(port), `a probe asks port ${port}, which it does not have`] as const,
      ),
    ),
    ...unless(
      at,
      ...namesOf(volumeMounts).map(name => [volumes.includes(name), `there is no volume ${name}`] as const),
    ),
    ...unless(at, ...used.map(name => [namesOf(env).includes(name), `$(${name}) is no variable`] as const)),
  ]
}

/** Names of ConfigMaps and Secrets, and each key of them that is asked for. */
function referenceFaults(
  at: string,
  { env = [], envFrom = [] }: Container,
  all: readonly Manifest[],
): readonly string[] {
  const whole = envFrom.flatMap(({ configMapRef, secretRef }) => [
    ...(configMapRef ? [{ kind: 'ConfigMap', key: undefined, ...configMapRef }] : []),
    ...(secretRef ? [{ kind: 'Secret', key: undefined, ...secretRef }] : []),
  ])
  const keyed = env.flatMap(({ valueFrom: { configMapKeyRef, secretKeyRef } = {} }) => [
    ...(configMapKeyRef ? [{ kind: 'ConfigMap', ...configMapKeyRef }] : []),
    ...(secretKeyRef ? [{ kind: 'Secret', ...secretKeyRef }] : []),
  ])
  return [...whole, ...keyed].flatMap(({ kind, name, key }) => {
    const found = all.find(each => each.kind === kind && each.metadata.name === name)
    if (!found) return [`${at}: there is no ${kind} ${name}`]
    return key === undefined || key in (found.data ?? {}) ? [] : [`${at}: ${kind} ${name} has no ${key}`]
  })
}

/** Services, budgets and policies select pods that there are, and ports that those have. */
function selectorFaults(manifest: Manifest, workloads: readonly Manifest[]): readonly string[] {
  const selector = selectorOf(manifest)
  if (!selector || Object.keys(selector).length === 0) return []
  const chosen = workloads.filter(workload => matches(selector, podLabels(workload)))
  const ports = chosen.flatMap(containersOf).flatMap(container => namesOf(container.ports))
  const asked = namedPorts(manifest)
  return unless(
    labelOf(manifest),
    [chosen.length > 0, 'selects no pods'],
    ...asked.map(port => [ports.includes(port), `its pods have no port ${port}`] as const),
  )
}

function selectorOf({ kind, spec }: Manifest): Labels | undefined {
  if (kind === 'Service') return spec.selector
  if (kind === 'PodDisruptionBudget') return spec.selector.matchLabels
  return kind === 'NetworkPolicy' ? spec.podSelector.matchLabels : undefined
}

function namedPorts({ kind, spec }: Manifest): readonly string[] {
  const ports: readonly Port[] =
    kind === 'Service'
      ? spec.ports
      : kind === 'NetworkPolicy'
        ? (spec.ingress ?? []).flatMap(each => each.ports ?? [])
        : []
  return ports.map(({ targetPort, port }) => targetPort ?? port).filter(port => typeof port === 'string')
}

function monitorFaults(monitor: Manifest, all: readonly Manifest[]): readonly string[] {
  const { selector, endpoints } = monitor.spec
  const services = all.filter(
    ({ kind, metadata }) => kind === 'Service' && matches(selector.matchLabels, metadata.labels),
  )
  const ports = services.flatMap(({ spec }) => namesOf(spec.ports))
  return unless(
    labelOf(monitor),
    [services.length > 0, 'selects no service'],
    ...endpoints.map(({ port }) => [ports.includes(port), `no service has port ${port}`] as const),
  )
}

function scaledFaults(scaled: Manifest, workloads: readonly Manifest[]): readonly string[] {
  const { kind, name } = scaled.spec.scaleTargetRef
  const target = workloads.find(each => each.kind === kind && each.metadata.name === name)
  return unless(
    labelOf(scaled),
    [target !== undefined, `there is no ${kind} ${name}`],
    [target?.spec.replicas === undefined, `an apply would set the replicas of ${name} back`],
  )
}

/** Two autoscalers of one workload undo each other's work. */
function rivalFaults(scalers: readonly Manifest[]): readonly string[] {
  const targets = scalers.map(({ spec }) => `${spec.scaleTargetRef.kind} ${spec.scaleTargetRef.name}`)
  const twice = targets.filter((target, index) => targets.indexOf(target) !== index)
  return twice.map(target => `${target} has two autoscalers`)
}
