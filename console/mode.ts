/** Whether this console may change something, as `CONSOLE` has it. */
export const mayOperate = (): boolean => document.documentElement.dataset.mode === 'operate'
