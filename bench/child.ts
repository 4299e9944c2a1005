/** One phase of one benchmark in a process of its own: `node bench/child.ts NAME PHASE SIZE FOLDER`; answers its parent. */
import type { Setting, Size } from './benchmark.ts'
import { BENCHMARKS } from './benchmarks.ts'

const [name, phase, size, folder = ''] = process.argv.slice(2)
const benchmark = BENCHMARKS.find(each => each.name === name)
const setting: Setting = { size: size as Size, folder } // Written by the parent.
const figures = phase === 'prepare' ? await benchmark?.prepare?.(setting) : await benchmark?.run(setting)
process.send?.(figures ?? {})
process.disconnect?.()
