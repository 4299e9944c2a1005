/** A few of the answers, as different from each other as possible, for a person to look at. */
import type { Delivered } from '#answers/types.ts'
import { table } from './text-table.ts'

const EXAMPLES_MAX = 8

/** Keeps one answer of each kind: task type, and whether it took one attempt, several, or missed the threshold. */
export class Examples {
  readonly #kinds = new Map<string, Delivered>()

  add(delivered: Delivered): void {
    const { task_type, attempts, below_threshold } = delivered
    const kind = `${task_type} ${below_threshold ? 'low' : attempts > 1 ? 'again' : 'once'}`
    if (!this.#kinds.has(kind)) this.#kinds.set(kind, delivered)
  }

  lines(width: number): readonly string[] {
    const shown = [...this.#kinds.values()]
      .sort((a, b) => a.task_type.localeCompare(b.task_type) || a.attempts - b.attempts)
      .slice(0, EXAMPLES_MAX)
    if (shown.length === 0) return []
    const room = Math.max(20, Math.floor((width - 40) / 2))
    return table(
      [
        { title: 'task type' },
        { title: 'question', widthMax: room },
        { title: 'answer', widthMax: room },
        { title: 'score', align: 'right' },
        { title: 'attempts', align: 'right' },
      ],
      shown.map(({ task_type, title, answer, final, attempts, below_threshold }) => [
        task_type,
        title,
        answer,
        `${final.toFixed(1)}${below_threshold ? '*' : ''}`,
        String(attempts),
      ]),
    ).concat(
      shown.some(each => each.below_threshold) ? ['* below the threshold: the best of its attempts'] : [],
    )
  }
}
