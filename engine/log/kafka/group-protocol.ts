/**
 * What members of a group tell each other through the coordinator: their incarnation and data when they join, their tasks
 * when they are assigned.
 *
 * Both travel in the formats of Kafka's consumers, so that its tools can show the group. The topics named in the
 * subscription are those whose offsets the group keeps: Kafka lets the others of a living group expire, claims included.
 * Our own part is versioned JSON in the fields for users. The protocol's name holds the version too: members of different
 * versions meet in the newest that all know.
 */
import { isUtf8 } from 'node:buffer'
import { CaudalError } from '#core/errors.ts'
import type { TaskId } from '#core/record.ts'
import type { GroupMember, GroupOptions } from '../log.ts'
import { ByteReader, ByteWriter } from './bytes.ts'
import type { JoinAnswer } from './library.ts'

export const PROTOCOL_TYPE = 'consumer'
export const PROTOCOL_NAME = 'caudal-1'
const FORMAT = 1
const NO_BYTES = Buffer.alloc(0)

/** `join` differs between the joins of a member, so that the coordinator takes each for a change. */
export function encodeMember(member: GroupMember, join: number, topics: readonly string[]): Buffer {
  const data = Buffer.from(JSON.stringify({ format: FORMAT, ...member, join }))
  const writer = new ByteWriter(data.length + 256)
  writer.int16(0)
  writer.int32(topics.length)
  for (const topic of topics) writer.string(topic)
  writer.int32(data.length)
  writer.bytes(data)
  return writer.written()
}

export function decodeMember(metadata: Buffer): GroupMember {
  const reader = new ByteReader(metadata)
  reader.int16()
  reader.array(() => reader.string())
  const { member, data } = parsed(reader)
  if (typeof member !== 'string' || typeof data !== 'string') throw unreadable('a member')
  return { member, data }
}

export function encodeTasks(tasks: readonly TaskId[]): Buffer {
  const data = Buffer.from(
    JSON.stringify({ format: FORMAT, tasks: tasks.map(task => [task.stage, task.partition]) }),
  )
  const writer = new ByteWriter(data.length + 16)
  writer.int16(0)
  // No partitions of topics: tools would take stages for topics.
  writer.int32(0)
  writer.int32(data.length)
  writer.bytes(data)
  return writer.written()
}

export function decodeTasks(assignment: Buffer): readonly TaskId[] {
  if (assignment.length === 0) return []
  const reader = new ByteReader(assignment)
  reader.int16()
  reader.int32()
  const { tasks } = parsed(reader)
  if (!Array.isArray(tasks)) throw unreadable('an assignment')
  return tasks.map(([stage, partition]) => ({ stage: String(stage), partition: Number(partition) }))
}

/** What the leader answers: the tasks of each member. Of two with one incarnation, only the last joined can be alive. */
export function assignAll(
  members: JoinAnswer['members'],
  assign: GroupOptions['assign'],
): { readonly memberId: string; readonly memberAssignment: Buffer }[] {
  const known = members.map(each => ({ ...each, ...decodeMember(each.memberMetadata) }))
  const alive = new Map(known.map(each => [each.member, each]))
  const tasks = assign([...alive.values()].map(({ member, data }) => ({ member, data })))
  return known.map(each => ({
    memberId: each.memberId,
    memberAssignment: alive.get(each.member) === each ? encodeTasks(tasks.get(each.member) ?? []) : NO_BYTES,
  }))
}

function parsed(reader: ByteReader): Record<string, unknown> {
  const bytes = reader.view(Math.max(reader.int32(), 0))
  if (!isUtf8(bytes)) throw unreadable('what a member sent')
  const found: unknown = JSON.parse(bytes.toString())
  if (typeof found !== 'object' || found === null) throw unreadable('what a member sent')
  // Every property is checked by the caller.
  const record = found as Record<string, unknown>
  if (record.format !== FORMAT) throw unreadable(`format ${record.format}`)
  return record
}

function unreadable(what: string): CaudalError {
  return new CaudalError('INTERNAL', { reason: `${what} of the group cannot be read by this version` })
}
