/** The simulated provider as a process of its own, which its parent may change, take down and bring back. */
import { answerTo } from '#answers/simulated/answers.ts'
import { realSystem } from '#core/system.ts'
import type { Profile } from '#models/simulated/profile.ts'
import type { ModelServerStats } from '#models/simulated/purchases.ts'
import { type ModelServer, startModelServer } from '#models/simulated/server.ts'

export type ProviderRequest =
  | { readonly type: 'profile'; readonly profile: Partial<Profile> }
  | { readonly type: 'down' }
  | { readonly type: 'up' }
  | { readonly type: 'count' }
  | { readonly type: 'report' }

/** A completion that was answered in full, and when. */
export interface Purchase {
  readonly id: string
  readonly at: number
}

export interface ProviderReport {
  readonly purchases: readonly Purchase[]
  /** Ids that were bought, asked for again and not answered the last time, by the server since it was last brought up. */
  readonly lost: readonly string[]
  /** Of the server since it was last brought up. */
  readonly stats: ModelServerStats
}

const purchases: Purchase[] = []
let profile: Partial<Profile> = JSON.parse(process.argv[2] ?? '{}')
let server = await start(0)
const port = Number(new URL(server.url).port)

/** What was bought outlives the server, as a bill does. */
function start(port: number): Promise<ModelServer> {
  const onPurchase = (id: string) => void purchases.push({ id, at: realSystem.now() })
  return startModelServer({ answerTo, port, profile, onPurchase })
}

async function answer(request: ProviderRequest): Promise<ProviderReport | number | string> {
  switch (request.type) {
    case 'profile':
      profile = { ...profile, ...request.profile }
      server.setProfile(request.profile)
      break
    case 'down':
      await server.close()
      break
    case 'up':
      server = await start(port)
      break
    case 'count':
      return purchases.length
    case 'report':
      return { purchases, lost: server.lostIds(), stats: server.stats() }
  }
  return request.type
}

process.on('message', async (request: ProviderRequest) => process.send?.(await answer(request)))
process.on('disconnect', () => process.exit())
process.send?.(server.url)
