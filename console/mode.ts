/** Whether this reader may change something: by `CONSOLE`, and by the scopes of the key. */
import type { Word } from './language.ts'
import { mayDo } from './reader.ts'

const isForOperating = (): boolean => document.documentElement.dataset.mode === 'operate'

export const mayOperate = (): boolean => isForOperating() && mayDo('operate')

/** Why it may not. */
export const whyReadOnly = (): Word => (isForOperating() ? 'readOnly.scope' : 'readOnly')
