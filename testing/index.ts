/** The testing kit: runs a topology, or one operator alone, on virtual time, and shows the results. */

export type { Duration, DurationText } from '#core/duration.ts'
export type { Sent, TopicHandle, TopicRecord } from '#engine/client/topic-client.ts'
export type { DeadLetter } from '#engine/record/dead-letter.ts'
export type { BatchedEffects, Effects, Emission, StepTaken } from './kit/effects.ts'
export { KitPod, type KitPodStatus } from './kit/kit-pod.ts'
export { virtualSystem } from './kit/place.ts'
export {
  type CallOptions,
  failure,
  hang,
  reply,
  type Scene,
  type Script,
  type Scripted,
  type ScriptedCall,
  type ScriptOptions,
  scripted,
  trouble,
} from './kit/scripted.ts'
export {
  type GivenRecord,
  type GivenTimer,
  type OperatorOptions,
  testOperator,
} from './kit/test-operator.ts'
export { type KitOptions, TestKit, testTopology } from './kit/test-topology.ts'
