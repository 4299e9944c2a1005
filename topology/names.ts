/** The names that the engine gives to its own stages and topics. */
import { durationText } from '#core/duration.ts'

/** Name of the stage that serves all delay tiers; no operator may have it. */
export const DELAY_STAGE = 'delay'

/** The end of the name of every topic that keeps a topology. */
export const TOPOLOGY_SUFFIX = '.topology'

/** Partitions of a topic that declares none. */
export const PARTITIONS_DEFAULT = 8

/** The compacted topic with the state of a stage. */
export const stateTopicOf = (application: string, stage: string): string => `${application}.${stage}.state`
/** Where the topology itself is kept, for later versions to be compared with. */
export const topologyTopicOf = (application: string): string => `${application}${TOPOLOGY_SUFFIX}`
/** The topic with the dead letters of an application. */
export const deadLetterTopicOf = (application: string): string => `${application}.dead-letters`
/** `waitMs` in the unit that fits: `app.delay.500ms`, `.30s`, `.2m`, `.1h`. */
export const tierTopicOf = (application: string, waitMs: number): string =>
  `${application}.delay.${durationText(waitMs)}`
