/** What a trial has spent. Asked right before each call, it lets none begin once the ceiling is reached. */
import { costUsd, type PriceTable } from '#answers/prices.ts'
import { type Model, type ModelReply, Withheld } from '#models/model.ts'

/** Why a trial began no further call. */
export type StoppedBy = 'ceiling' | 'price_unknown' | 'brake' | 'person' | 'gateway_ended'

export class TrialPurse {
  readonly #ceilingUsd: number | null
  readonly #prices: PriceTable | undefined
  #spentUsd = 0
  #isUnpriced = false

  /** `ceilingUsd` of null: no ceiling. */
  constructor(ceilingUsd: number | null, prices?: PriceTable) {
    this.#ceilingUsd = ceilingUsd
    this.#prices = prices
  }

  /** Without the calls whose price is not known. */
  get spentUsd(): number {
    return this.#spentUsd
  }

  /** Why no call may begin any more; nothing where one may. */
  get stoppedBy(): StoppedBy | undefined {
    if (this.#ceilingUsd === null) return undefined
    if (this.#isUnpriced) return 'price_unknown'
    return this.#spentUsd >= this.#ceilingUsd ? 'ceiling' : undefined
  }

  /** The model as the trial may call it: what goes on when the ceiling is reached was begun before. */
  before(model: Model): Model {
    return {
      complete: async (request, call) => {
        const mayBegin = (name: string | undefined) => {
          call.mayBegin?.(name)
          const { stoppedBy } = this
          if (stoppedBy) throw new Withheld(name ?? 'unknown', `the trial has stopped: ${stoppedBy}`)
        }
        mayBegin(request.model)
        const reply = await model.complete(request, { ...call, mayBegin })
        this.#pay(reply)
        return reply
      },
    }
  }

  #pay({ model, usage }: ModelReply): void {
    const cost = costUsd(model, usage, this.#prices)
    if (cost === undefined) this.#isUnpriced = true
    else this.#spentUsd += cost
  }
}
