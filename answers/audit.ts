/** What people have changed: who, when, what, why and from where. */
import { codec } from '#core/codec.ts'
import { fieldFaults } from './fields.ts'

/** One change by a person, as the topic `llm.audit` keeps it. */
export interface Audit {
  /** When, milliseconds since the epoch. */
  readonly at: number
  /** A key of the gateway, or a user of a machine. */
  readonly who: string
  /** The organisation that the key belongs to. */
  readonly organization?: string | undefined
  readonly action: AuditedAction
  /** What it was done to; the key of its records. */
  readonly target: string
  /** The reason that was given. */
  readonly why: string
  /** Where it was asked for: an address, or the command line of a host. */
  readonly from: string
  /** More about it. */
  readonly details?: Readonly<Record<string, unknown>> | undefined
}

/** The changes that are audited. */
export type AuditedAction =
  | 'brake_set'
  | 'brake_released'
  | 'failures_replayed'
  | 'version_live'
  | 'trial_started'
  | 'trial_stopped'

const FIELDS = {
  at: 'number',
  who: 'string',
  action: 'string',
  target: 'string',
  why: 'string',
  from: 'string',
} as const

/** Plain JSON: what was changed is written down while the registry is away. */
export const AuditCodec = codec.json<Audit>('Audit', value => {
  const faults = fieldFaults(value, FIELDS)
  if (faults.length > 0) throw new TypeError(faults.join('; '))
})
