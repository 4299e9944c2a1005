/** Keys in memory, for gateways under test. */
import { silent } from '#core/loggers.ts'
import { realSystem, type System } from '#core/system.ts'
import { digestOf, idOf, type Key, KeyRing, type KeySource, keysText, type Scope } from '#gateway/keys.ts'

/** The file of keys: what is set is there at once. */
export class HeldKeys implements KeySource {
  readonly name = 'keys.json'
  #text = keysText([])
  #changes = 0
  failure: Error | undefined

  set(...keys: readonly Key[]): void {
    this.setText(keysText(keys))
  }

  setText(text: string): void {
    this.#text = text
    this.#changes++
  }

  async stamp(): Promise<string> {
    if (this.failure) throw this.failure
    return String(this.#changes)
  }

  async text(): Promise<string> {
    return this.#text
  }
}

export function keyOf(text: string, organization: string, scopes: readonly Scope[], name = text): Key {
  const digest = digestOf(text)
  return { id: idOf(digest), name, organization, scopes, digest, createdAt: '2026-01-01T00:00:00.000Z' }
}

export async function ringOf(source: KeySource, system: System = realSystem): Promise<KeyRing> {
  const ring = new KeyRing({ source, system, logger: silent })
  await ring.start()
  return ring
}

export const bearer = (text: string): { readonly authorization: string } => ({
  authorization: `Bearer ${text}`,
})
