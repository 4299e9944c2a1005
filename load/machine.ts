/** The machine in one line, for reports of figures. */
import { cpus, totalmem } from 'node:os'

export function machine(): string {
  const [first] = cpus()
  const memory = Math.round(totalmem() / 2 ** 30)
  return `${cpus().length} x ${first?.model.trim()}, ${memory} GiB, ${process.platform}, Node ${process.version}`
}
