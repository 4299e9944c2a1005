/** Bugs that no port leads to are planted by replacing a method for as long as a test runs with the bug. */

/** Plants a bug; the returned function removes it. */
export type Alteration = () => () => void

export function replace<T extends object, K extends keyof T>(
  prototype: T,
  name: K,
  change: (original: T[K]) => T[K],
): () => void {
  const original = prototype[name]
  prototype[name] = change(original)
  return () => {
    prototype[name] = original
  }
}
