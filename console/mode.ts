/** Whether this console may change something, as the gateway was told by `CONSOLE`. */
export const mayOperate = (): boolean => document.documentElement.dataset.mode === 'operate'
