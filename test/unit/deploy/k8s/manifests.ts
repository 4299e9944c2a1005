/** The manifests as a cluster would get them: rendered by kubectl where there is one, and as they are committed. */
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseAllDocuments } from 'yaml'
import { renderedFile, type Target } from '#deploy/k8s/render.ts'

export const ROOT: string = join(import.meta.dirname, '../../../..')

export type Labels = Readonly<Record<string, string>>

/** Of the fields of all kinds, those that the tests look at. */
export interface Manifest {
  readonly apiVersion: string
  readonly kind: string
  readonly metadata: { readonly name: string; readonly namespace?: string; readonly labels?: Labels }
  readonly data?: Labels
  readonly spec: Spec
}

export interface Spec {
  readonly replicas?: number
  readonly serviceName?: string
  readonly template: { readonly metadata: { readonly labels: Labels }; readonly spec: PodSpec }
  readonly volumeClaimTemplates?: readonly { readonly metadata: Named }[]
  /** With `matchLabels`, but for a Service. */
  readonly selector: Labels & { readonly matchLabels?: Labels }
  readonly podSelector: { readonly matchLabels?: Labels }
  readonly ports: readonly Port[]
  readonly ingress?: readonly { readonly ports?: readonly Port[] }[]
  readonly endpoints: readonly { readonly port: string }[]
  readonly scaleTargetRef: { readonly kind: string; readonly name: string }
  readonly maxReplicaCount: number
  readonly strategy?: object
  readonly rules?: readonly { readonly http: { readonly paths: readonly Path[] } }[]
  readonly triggers: readonly { readonly metadata: Labels }[]
}

interface Path {
  readonly backend: { readonly service: Named & { readonly port: Named } }
}

export interface PodSpec {
  readonly automountServiceAccountToken?: boolean
  readonly terminationGracePeriodSeconds?: number
  readonly securityContext?: {
    readonly runAsNonRoot?: boolean
    readonly seccompProfile?: { readonly type: string }
  }
  readonly initContainers?: readonly Container[]
  readonly containers: readonly Container[]
  readonly volumes?: readonly (Named & { readonly secret?: { readonly secretName: string } })[]
}

export interface Container extends Named {
  readonly image: string
  readonly env?: readonly (Named & { readonly value?: string; readonly valueFrom?: ValueFrom })[]
  readonly envFrom?: readonly { readonly configMapRef?: Named; readonly secretRef?: Named }[]
  readonly ports?: readonly (Named & Port)[]
  readonly startupProbe?: Probe
  readonly livenessProbe?: Probe
  readonly readinessProbe?: Probe
  readonly volumeMounts?: readonly Named[]
  readonly lifecycle?: object
  readonly resources?: { readonly requests?: Labels; readonly limits?: Labels }
  readonly securityContext?: {
    readonly allowPrivilegeEscalation?: boolean
    readonly capabilities?: { readonly drop?: readonly string[] }
  }
}

export interface Named {
  readonly name: string
}

export interface Port {
  readonly port?: number | string
  readonly targetPort?: number | string
  readonly name?: string
}

interface Probe {
  readonly httpGet?: { readonly port: string }
  readonly tcpSocket?: { readonly port: string }
}

interface ValueFrom {
  readonly configMapKeyRef?: Named & { readonly key: string }
  readonly secretKeyRef?: Named & { readonly key: string }
}

export const hasKubectl: boolean = spawnSync('kubectl', ['version', '--client']).status === 0

export const committed = (target: Target): string => readFileSync(renderedFile(target), 'utf8')

export const manifestsOf = (text: string): readonly Manifest[] =>
  parseAllDocuments(text).map(document => document.toJS())
