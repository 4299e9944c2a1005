/** Nothing imports itself by a detour: no file, no folder; and the rooms of the engine stand on few floors. */
import { arrowsOf, floorOf, wayBack } from './import-graph.ts'
import type { Rule } from './rule.ts'
import type { Tree } from './source.ts'

const cycles: Rule = {
  name: 'cycles',
  because: 'files in a cycle can only be understood, tested and moved together',
  instead: 'move what both need into a third file, or pass it as an argument',
  check: tree => {
    const next = new Map(tree.sources.map(file => [file.path, file.imports.flatMap(each => each.path ?? [])]))
    return [...next.keys()].flatMap(path => {
      const way = wayBack(path, next)
      // Each cycle is reported once, at the first of its files.
      return way?.every(each => path <= each) ? [{ path, line: 1, what: [...way, path].join(' -> ') }] : []
    })
  },
  breach: {
    'core/a.ts': "/** A. */\nimport { b } from './b.ts'\n",
    'core/b.ts': "/** B. */\nimport { a } from './a.ts'\n",
  },
}

const circles: Rule = {
  name: 'circles',
  because: 'two folders that import each other, in a circle of any length, are one folder in two places',
  instead:
    'move what both need down, hand it in as an argument, or declare what is needed as an interface in the lower folder',
  check: tree => {
    const next = arrowsOf(tree.sources)
    return [...next.keys()].flatMap(room => {
      const way = wayBack(room, next)
      return way?.every(each => room <= each)
        ? [{ path: room, line: 1, what: [...way, room].join(' -> ') }]
        : []
    })
  },
  breach: {
    'core/a.ts': "/** A. */\nimport { b } from '#topology/b.ts'\n",
    'topology/b.ts': "/** B. */\nimport { c } from '#models/c.ts'\n",
    'models/c.ts': "/** C. */\nimport { a } from '#core/a.ts'\n",
  },
}

/** The arrows between the rooms of the engine alone. */
function engineArrows(tree: Tree): ReadonlyMap<string, readonly string[]> {
  const isRoom = (place: string) => place.startsWith('engine/')
  const engine = [...arrowsOf(tree.sources)].filter(([room]) => isRoom(room))
  return new Map(engine.map(([room, others]) => [room, others.filter(isRoom)]))
}

const ARROWS_MAX = 30

const arrows: Rule = {
  name: 'arrows',
  because: 'each arrow between rooms of the engine is one more thing to know before a room can be read alone',
  instead: 'take what is needed as an argument, or from a room that is imported already',
  check: tree => {
    const count = [...engineArrows(tree).values()].reduce((sum, others) => sum + others.length, 0)
    if (count <= ARROWS_MAX) return []
    return [{ path: 'engine', line: 1, what: `${count} arrows between its rooms, at most ${ARROWS_MAX}` }]
  },
  // Each room imports all rooms behind it: eight rooms have 28 arrows, nine have 36.
  breach: roomsInARow(9, (room, other) => room < other),
}

/** Rooms of the engine, from the lowest floor to the highest. */
const FLOORS_MAX = 8

const floors: Rule = {
  name: 'floors',
  because: 'a reader goes through the rooms of the engine one after another',
  instead: 'merge a room with the only one that imports it, or let both stand on the same floor',
  check: tree => {
    const next = engineArrows(tree)
    // A circle has no floors; `circles` reports it.
    if ([...next.keys()].some(room => wayBack(room, next))) return []
    const count = Math.max(0, ...[...next.keys()].map(room => floorOf(room, next)))
    return count > FLOORS_MAX
      ? [{ path: 'engine', line: 1, what: `${count} floors, at most ${FLOORS_MAX}` }]
      : []
  },
  breach: roomsInARow(FLOORS_MAX + 1, (room, other) => other === room + 1),
}

/** Rooms of the engine with a file each, which imports the rooms of which `imports` says so. */
function roomsInARow(
  count: number,
  imports: (room: number, other: number) => boolean,
): Readonly<Record<string, string>> {
  const all = Array.from({ length: count }, (_, index) => index + 1)
  const textOf = (room: number) =>
    all
      .filter(other => imports(room, other))
      .map(other => `import { part${other} } from '#engine/room${other}/part${other}.ts'\n`)
      .join('')
  return Object.fromEntries(
    all.map(room => [`engine/room${room}/part${room}.ts`, `/** A room. */\n${textOf(room)}`]),
  )
}

export const CIRCLE_RULES: readonly Rule[] = [cycles, circles, arrows, floors]
