/** Whether what a user's function gave is a promise, or anything else that one can await: a plain script may give anything. */

export function isPending(given: unknown): given is PromiseLike<void> {
  return typeof given === 'object' && given !== null && 'then' in given && typeof given.then === 'function'
}
