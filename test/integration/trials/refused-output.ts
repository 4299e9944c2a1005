/**
 * The broker refuses one output among 100,000 for good. It must become one dead letter, or block one task, and the others must keep
 * their pace. If a person can fix the reason, the task goes on once it is fixed.
 */
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import kafkajs from 'kafkajs'
import { NO_HEADERS } from '#core/record.ts'
import { realSystem } from '#core/system.ts'
import { openKafkaLog } from '#engine/log/kafka/kafka-log.ts'
import type { Log, PartitionBatch } from '#engine/log/log.ts'
import { Cluster } from '../faults/cluster.ts'
import { pause, until } from '../faults/until.ts'
import { Complaints, type Outcome, type Trial } from './outcome.ts'
import type { RefusingPodMessage, RefusingPodSettings } from './refusing-pod.ts'
import { TopicCounts } from './topic-counts.ts'

const PROGRAM = join(import.meta.dirname, 'refusing-pod.ts')
const RECORDS = 100_000
const PARTITIONS = 8
const SPECIAL = RECORDS / 2
const VICTIM = SPECIAL % PARTITIONS
/** Each with one after it that meets a refusal. */
const PAIRS = 2
/** The rights are taken, and the topic is deleted, when so much is done. */
const MIDST = RECORDS / 5
const DONE_WITHIN_MS = 200_000
const SETTLED_WITHIN_MS = 20_000
const PACE_MIN = 0.95
/** As the engine makes topics where nothing else is declared. */
const FOR_EVER = { name: 'retention.ms', value: '-1' }
const TWO_DAYS_MS = 2 * 24 * 3_600_000

/** A client without any named right may do everything. The pod and this program are such clients. */
const WITH_RIGHTS = {
  'authorizer.class.name': 'org.apache.kafka.metadata.authorizer.StandardAuthorizer',
  'allow.everyone.if.no.acl.found': 'true',
}

type Form = 'size' | 'time' | 'rights' | 'gone'
const EXTRAS: Readonly<
  Record<
    Form | 'none',
    { config: readonly { name: string; value: string }[]; bytes: number; aheadMs: number }
  >
> = {
  none: { config: [], bytes: 10, aheadMs: 0 },
  size: { config: [{ name: 'max.message.bytes', value: '2000' }], bytes: 5_000, aheadMs: 0 },
  time: {
    config: [{ name: 'message.timestamp.after.max.ms', value: '3600000' }],
    bytes: 10,
    aheadMs: TWO_DAYS_MS,
  },
  rights: { config: [], bytes: 10, aheadMs: 0 },
  gone: { config: [], bytes: 10, aheadMs: 0 },
}

export const refusedOutput: Trial = {
  forms: ['size', 'time', 'rights', 'gone'] satisfies Form[],
  async run(form) {
    const cluster = await Cluster.start('one', 1, WITH_RIGHTS)
    const [broker = ''] = cluster.addresses
    const kafka = new kafkajs.Kafka({ brokers: [broker], logLevel: kafkajs.logLevel.NOTHING })
    const log = await openKafkaLog({ brokers: [broker], clientId: 'trial', system: realSystem })
    const admin = kafka.admin()
    await admin.connect()
    try {
      const complaints = new Complaints()
      const [paces, runs]: [number[], object[]] = [[], []]
      for (let pair = 1; pair <= PAIRS; pair++) {
        const plain = await new Run(`none-${pair}`, 'none', broker, admin, log, complaints).play()
        const refused = await new Run(`${form}-${pair}`, form as Form, broker, admin, log, complaints).play() // One of `forms`.
        paces.push(plain.othersMs / refused.othersMs)
        runs.push(refused)
      }
      const pace = Math.max(...paces)
      complaints.unless(
        pace >= PACE_MIN,
        `the others kept ${paces.map(each => each.toFixed(3))} of their pace`,
      )
      return { figures: { paces, runs }, complaints: complaints.list } satisfies Outcome
    } finally {
      await admin.disconnect()
      await log.close()
      await cluster.stop()
    }
  },
}

class Run {
  readonly #application: string
  readonly #form: Form | 'none'
  readonly #broker: string
  readonly #admin: kafkajs.Admin
  readonly #log: Log
  readonly #complaints: Complaints
  readonly #messages: RefusingPodMessage[] = []
  #child: ChildProcess | undefined

  constructor(
    name: string,
    form: Form | 'none',
    broker: string,
    admin: kafkajs.Admin,
    log: Log,
    complaints: Complaints,
  ) {
    this.#application = `refused-${name}`
    this.#form = form
    this.#broker = broker
    this.#admin = admin
    this.#log = log
    this.#complaints = complaints
  }

  async play() {
    await this.#createTopics()
    await this.#fill()
    // By the partition that each came from: outputs without a key lie anywhere.
    const cameFrom = (text: string) => Number(JSON.parse(text).id) % PARTITIONS
    const counts = new TopicCounts(this.#log, this.#topic('out'), PARTITIONS, cameFrom)
    counts.start()
    this.#start()
    try {
      if (this.#form === 'rights' || this.#form === 'gone') {
        await until('a fifth is done', () => counts.total >= MIDST, DONE_WITHIN_MS)
        await this.#takeAway()
      }
      const others = Array.from({ length: PARTITIONS }, (_, index) => index).filter(each => each !== VICTIM)
      const isDone = (partition: number) => counts.of(partition) >= RECORDS / PARTITIONS
      const begun = Date.now()
      await until('the others are done', () => others.every(isDone), DONE_WITHIN_MS).catch(error =>
        this.#complaints.list.push(`${this.#application}: ${error}`),
      )
      const doneAfterMs = Date.now() - begun
      const longestGapMs = Math.round(counts.longestGapMs)
      const settled = await this.#settle(counts)
      const remedied = await this.#mend(counts)
      await this.#judge(counts, settled.deadLetters)
      return {
        othersMs: counts.spanMs(others),
        doneAfterMs,
        longestGapMs,
        ...settled,
        remedied,
        said: this.#said(),
      }
    } finally {
      await this.#stop()
      await counts.stop()
    }
  }

  /** Until the record is a dead letter or its task is blocked. */
  async #settle(counts: TopicCounts) {
    const isDone = () => counts.total >= RECORDS
    let deadLetters = 0
    const settled = async () => {
      deadLetters = await this.#deadLetters()
      return isDone() || deadLetters > 0 || this.#blocked.length > 0
    }
    const latest = Date.now() + SETTLED_WITHIN_MS
    while (!(await settled()) && Date.now() < latest) await pause(200)
    const blocked = this.#blocked
    if (this.#form !== 'none') {
      this.#complaints.unless(
        deadLetters + blocked.length === 1,
        `${this.#application}: ${deadLetters} dead letters and ${blocked.length} blocked tasks (${blocked}), not one`,
      )
    }
    return { deadLetters, blocked }
  }

  /** A person gives back what was taken; where that is not enough, the pod is started again. */
  async #mend(counts: TopicCounts): Promise<string> {
    if (this.#form !== 'rights' && this.#form !== 'gone') return 'nothing to fix'
    if (this.#form === 'rights') await this.#setRight(kafkajs.AclPermissionTypes.ALLOW)
    else await this.#createTopic('extra', 1)
    const isDone = () => counts.total >= RECORDS
    const goesOn = await until('the task goes on', isDone, SETTLED_WITHIN_MS).then(
      () => true,
      () => false,
    )
    if (goesOn) return 'goes on by itself'
    await this.#stop()
    this.#start()
    return until('the task goes on after a restart', isDone, SETTLED_WITHIN_MS).then(
      () => 'goes on after a restart',
      () => 'stays',
    )
  }

  async #judge(counts: TopicCounts, deadLetters: number): Promise<void> {
    const owed = RECORDS - deadLetters
    // The task of the refused record may still be at work. What is missing afterwards is a complaint.
    await until('all are there', () => counts.total >= owed, SETTLED_WITHIN_MS).catch(() => undefined)
    this.#complaints.unless(
      counts.total === owed && counts.distinct === owed,
      `${this.#application}: ${counts.total} outputs, ${counts.distinct} of them distinct, not ${owed}`,
    )
    const failure = this.#messages.find(each => each.type === 'failed')
    this.#complaints.unless(!failure, `${this.#application}: the pod ended: ${JSON.stringify(failure)}`)
  }

  async #takeAway(): Promise<void> {
    if (this.#form === 'gone') await this.#admin.deleteTopics({ topics: [this.#topic('extra')] })
    else await this.#setRight(kafkajs.AclPermissionTypes.DENY)
  }

  /** Everything but writing stays allowed. */
  async #setRight(permissionType: kafkajs.AclPermissionTypes): Promise<void> {
    const entry = {
      resourceType: kafkajs.AclResourceTypes.TOPIC,
      resourceName: this.#topic('extra'),
      resourcePatternType: kafkajs.ResourcePatternTypes.LITERAL,
      principal: 'User:ANONYMOUS',
      host: '*',
    }
    const { DENY, ALLOW } = kafkajs.AclPermissionTypes
    const write = { ...entry, operation: kafkajs.AclOperationTypes.WRITE, permissionType: DENY }
    if (permissionType === DENY) {
      const all = { ...entry, operation: kafkajs.AclOperationTypes.ALL, permissionType: ALLOW }
      await this.#admin.createAcls({ acl: [all, write] })
    } else await this.#admin.deleteAcls({ filters: [write] })
  }

  async #createTopics(): Promise<void> {
    await this.#createTopic('in', PARTITIONS)
    await this.#createTopic('out', PARTITIONS)
    await this.#createTopic('extra', 1, EXTRAS[this.#form].config)
  }

  async #createTopic(
    name: string,
    numPartitions: number,
    config: readonly { name: string; value: string }[] = [],
  ): Promise<void> {
    const topic = {
      ...{ topic: this.#topic(name), numPartitions, replicationFactor: 1 },
      configEntries: [FOR_EVER, ...config],
    }
    await this.#admin.createTopics({ waitForLeaders: false, topics: [topic] })
  }

  async #fill(): Promise<void> {
    for (let partition = 0; partition < PARTITIONS; partition++) {
      const records = Array.from({ length: RECORDS / PARTITIONS }, (_, index) => ({
        key: null,
        value: Buffer.from(JSON.stringify({ id: index * PARTITIONS + partition })),
        headers: NO_HEADERS,
        timestamp: Date.now(),
      }))
      await this.#append({ topic: this.#topic('in'), partition, records })
    }
  }

  /** A topic that is new may have no leader yet; what fails is not there. */
  async #append(batch: PartitionBatch): Promise<void> {
    const latest = Date.now() + SETTLED_WITHIN_MS
    for (;;) {
      try {
        await this.#log.append([batch])
        return
      } catch (error) {
        if (Date.now() > latest) throw error
        await pause(200)
      }
    }
  }

  #start(): void {
    const { bytes, aheadMs } = EXTRAS[this.#form]
    const settings: RefusingPodSettings = {
      application: this.#application,
      brokers: [this.#broker],
      partitions: PARTITIONS,
      special: this.#form === 'none' ? -1 : SPECIAL,
      extraBytes: bytes,
      extraAheadMs: aheadMs,
    }
    this.#child = fork(PROGRAM, [JSON.stringify(settings)], { execArgv: [] })
    this.#child.on('message', (message: RefusingPodMessage) => this.#messages.push(message))
  }

  async #stop(): Promise<void> {
    const child = this.#child
    if (!child || child.exitCode !== null) return
    const ended = once(child, 'exit')
    child.kill('SIGTERM')
    const killing = setTimeout(() => child.kill('SIGKILL'), SETTLED_WITHIN_MS)
    await ended
    clearTimeout(killing)
  }

  async #deadLetters(): Promise<number> {
    const topic = `${this.#application}.dead-letters`
    const [spec] = await this.#log.describeTopics([topic]).catch(() => [])
    return spec ? new TopicCounts(this.#log, topic, spec.partitions).countNow() : 0
  }

  get #blocked(): readonly string[] {
    const phases = new Map<string, string>()
    for (const each of this.#messages) if (each.type === 'task') phases.set(each.task, each.to)
    return [...phases].flatMap(([task, phase]) => (phase === 'blocked' ? [task] : []))
  }

  #said(): readonly string[] {
    const said = this.#messages.flatMap(each =>
      each.type === 'said'
        ? [`${each.level}: ${each.message} ${JSON.stringify(each.fields)}`.slice(0, 300)]
        : [],
    )
    return [...Map.groupBy(said, text => text)].map(([text, all]) => `${all.length} x ${text}`).slice(0, 12)
  }

  #topic(name: string): string {
    return `${this.#application}.${name}`
  }
}
