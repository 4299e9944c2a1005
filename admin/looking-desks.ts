/** What looks into an application without changing it: its topics, and the state of its operators. */
import { StateDesk } from './state-desk.ts'
import { TopicDesk, type TopicDeskOptions } from './topic-desk.ts'

export interface LookingDesks {
  readonly topics: TopicDesk
  readonly state: StateDesk
}

export const lookingDesks = (options: TopicDeskOptions): LookingDesks => ({
  topics: new TopicDesk(options),
  state: new StateDesk(options),
})
