/** Whether a user's function returned a promise, or anything else with a `then`: a script without types may return anything. */

/** True for a promise, and for any object with a method `then`. */
export function isPending(given: unknown): given is PromiseLike<void> {
  return typeof given === 'object' && given !== null && 'then' in given && typeof given.then === 'function'
}
