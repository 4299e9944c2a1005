/** The disk is full for 30 s, in each of the places that write. Nothing may be lost, nobody may end, and work goes on at once. */
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Cluster, FAULTS_FOLDER } from '../faults/cluster.ts'
import { longestGapMs } from '../faults/pauses.ts'
import { Rig, USUAL } from '../faults/rig.ts'
import { pause } from '../faults/until.ts'
import { runEmbedded } from './embedded-process.ts'
import { Complaints, complainOf, type Outcome, type Trial } from './outcome.ts'
import { SmallDisk } from './small-disk.ts'
import { runStart } from './start-process.ts'

const SETTLE_MS = 6_000
const FULL_MS = 30_000
const AFTER_MS = 8_000
const GOES_ON_WITHIN_MS = 5_000
const STALLED_AFTER_MS = 90_000
const DISK_MB = 256
const PODS = ['a', 'b', 'c']
const PER_SECOND = 400

/** When the disk was full. */
interface Full {
  readonly from: number
  readonly to: number
}

export const fullDisk: Trial = {
  /** Copies of state beside Kafka; the same, with a pod that is killed and started meanwhile; the embedded log; `caudal start`. */
  forms: ['copies', 'copies-killed', 'embedded', 'start'],
  async run(form) {
    const disk = await SmallDisk.mount(DISK_MB)
    try {
      if (form === 'embedded') return await onEmbedded(disk)
      if (form === 'start') return await onStart(disk)
      return await onCopies(disk, form)
    } finally {
      await disk.unmount()
    }
  },
}

async function fillFor(disk: SmallDisk, meanwhile: () => Promise<void> = async () => {}): Promise<Full> {
  const from = Date.now()
  disk.fill()
  await Promise.all([pause(FULL_MS), meanwhile()])
  disk.giveRoom()
  return { from, to: Date.now() }
}

async function onCopies(disk: SmallDisk, form: string): Promise<Outcome> {
  const cluster = await Cluster.start('one', 1)
  const rig = await Rig.open({
    ...USUAL,
    cluster,
    name: `full-disk-${form}`,
    records: Number.MAX_SAFE_INTEGER,
    perSecond: PER_SECOND,
    copiesIn: disk.path,
  })
  const complaints = new Complaints()
  try {
    await rig.startPods(PODS)
    rig.begin()
    await pause(SETTLE_MS)
    const full = await fillFor(disk, async () => {
      if (form !== 'copies-killed') return
      await pause(SETTLE_MS)
      await rig.killPod('a')
      rig.startPod('a')
    })
    await pause(AFTER_MS)
    await rig.load.stop()
    const verdict = await rig.finish(STALLED_AFTER_MS)
    complainOf(verdict, complaints)
    const figures = Array.from({ length: rig.options.partitions }, (_, partition) => {
      const times = rig.outputs.seen.flatMap(each => (each.partition === partition ? [each.at] : []))
      return {
        whileFull: longestGapMs(times, full),
        after: (times.find(at => at > full.to) ?? Number.POSITIVE_INFINITY) - full.to,
      }
    })
    const after = Math.max(...figures.map(each => each.after))
    complaints.atMost('outputs of every partition come again, ms', after, GOES_ON_WITHIN_MS)
    const { questions } = verdict.outcomes
    return {
      figures: {
        ...{ questions, boughtTwice: verdict.bill.boughtTwice, goesOnAfterMs: after },
        ...{ silentWhileFullMs: Math.max(...figures.map(each => each.whileFull)), said: saidIn(rig, full) },
      },
      complaints: complaints.list,
    }
  } finally {
    await rig.close()
    await cluster.stop()
  }
}

function saidIn(rig: Rig, { from }: Full): readonly string[] {
  const said = rig.lives.flatMap(({ messages }) =>
    messages.flatMap(each =>
      each.type === 'log' && each.at > from && each.level !== 'info'
        ? [`${each.level}: ${each.message}`]
        : [],
    ),
  )
  return [...Map.groupBy(said, text => text)].map(([text, all]) => `${all.length} x ${text}`)
}

async function onEmbedded(disk: SmallDisk): Promise<Outcome> {
  const complaints = new Complaints()
  const durationMs = SETTLE_MS + FULL_MS + AFTER_MS
  const pod = runEmbedded({ folder: disk.path, perSecond: PER_SECOND, durationMs })
  await pod.begun
  await pause(SETTLE_MS)
  const full = await fillFor(disk)
  const { code, messages } = await pod.ended
  const outputs = messages.flatMap(each => (each.type === 'outputs' ? [each.at] : []))
  const after = (outputs.find(at => at > full.to) ?? Number.POSITIVE_INFINITY) - full.to
  const judged = messages.find(each => each.type === 'judged')
  complaints.unless(code === 0, `the process ended with ${code}`)
  complaints.atMost('outputs come again, ms', after, GOES_ON_WITHIN_MS)
  const { lost = -1, doubled = -1, miscounted = -1, sent = 0 } = judged ?? {}
  complaints.unless(
    lost === 0 && doubled === 0 && miscounted === 0,
    `${lost} lost, ${doubled} doubled, ${miscounted} miscounted`,
  )
  const said = messages.flatMap(each => (each.type === 'said' ? [`${each.level}: ${each.message}`] : []))
  const sendsFailed = messages.filter(each => each.type === 'sendFailed').length
  return {
    figures: {
      ...{ sent, lost, doubled, miscounted, sendsFailed, goesOnAfterMs: after },
      ...{ silentWhileFullMs: longestGapMs(outputs, full), said: [...new Set(said)].slice(0, 10) },
    },
    complaints: complaints.list,
  }
}

/** Where it can be read after a failure. */
function keep(errors: string): void {
  const folder = join(FAULTS_FOLDER, 'logs')
  mkdirSync(folder, { recursive: true })
  writeFileSync(join(folder, 'full-disk-start.log'), errors)
}

/** Lines of a log, each message once with how often it came. */
function saidLines(errors: string): readonly string[] {
  const messages = [...errors.matchAll(/"message":"([^"]*)"/g)].map(([, message = '']) => message)
  return [...Map.groupBy(messages, text => text)].map(([text, all]) => `${all.length} x ${text}`)
}

/** The pipeline with its embedded log, fed from a file that lies elsewhere. */
async function onStart(disk: SmallDisk): Promise<Outcome> {
  const complaints = new Complaints()
  const start = runStart(join(disk.path, 'data'))
  await start.answering
  await pause(SETTLE_MS)
  const full = await fillFor(disk)
  const { code, progress, summary, errors } = await start.ended
  const moved = progress.filter((each, index) => each.answered > (progress[index - 1]?.answered ?? 0))
  const after = (moved.find(each => each.at > full.to)?.at ?? Number.POSITIVE_INFINITY) - full.to
  complaints.unless(code === 0, `caudal start ended with ${code}`)
  complaints.atMost('answers come again, ms', after, GOES_ON_WITHIN_MS)
  const { inputs = 0, delivered = 0, failed = 0, invalid = 0, calls_bought_twice: twice = -1 } = summary ?? {}
  complaints.unless(
    inputs === start.questions && delivered + failed + invalid === inputs,
    `${delivered} delivered, ${failed} failed and ${invalid} invalid of ${inputs} read and ${start.questions} asked`,
  )
  complaints.unless(twice === 0, `${twice} calls bought twice`)
  if (complaints.list.length > 0) keep(errors)
  return {
    figures: { ...summary, goesOnAfterMs: after, said: saidLines(errors) },
    complaints: complaints.list,
  }
}
