/** The task types that the pipeline knows; a new one is a file beside this and a line here. */
import type { TaskTypes } from '../task-type.ts'
import { moderation } from './moderation.ts'
import { qa } from './qa.ts'
import { sentiment } from './sentiment.ts'
import { summarization } from './summarization.ts'

/** Every task type of the pipeline. */
export const TASK_TYPES: TaskTypes = { qa, sentiment, moderation, summarization }
