/** Nothing imports itself by a detour: no file, no folder; and the rooms of the engine stand on few floors. */
import { arrowsOf, floorOf, folderOf, wayBack } from './import-graph.ts'
import { OPENERS, OPENERS_MAX, type Opener } from './openers.ts'
import type { Finding, Rule } from './rule.ts'
import type { Tree } from './source.ts'

const cycles: Rule = {
  name: 'cycles',
  because: 'files in a cycle can only be understood, tested and moved together',
  instead: 'move what both need into a third file, or pass it as an argument',
  check: tree => {
    const next = new Map(tree.sources.map(file => [file.path, file.imports.flatMap(each => each.path ?? [])]))
    return circlesIn(next)
  },
  breach: {
    'core/a.ts': "/** A. */\nimport { b } from './b.ts'\n",
    'core/b.ts': "/** B. */\nimport { a } from './a.ts'\n",
  },
}

const circles: Rule = {
  name: 'circles',
  because: 'two rooms that import each other, in a circle of any length, are one room in two places',
  instead:
    'move what both need down, hand it in as an argument, or declare what is needed as an interface in the lower room',
  check: tree => circlesIn(arrowsOf(tree.sources)),
  breach: {
    'core/a.ts': "/** A. */\nimport { b } from '#topology/b.ts'\n",
    'topology/b.ts': "/** B. */\nimport { c } from '#models/c.ts'\n",
    'models/c.ts': "/** C. */\nimport { a } from '#core/a.ts'\n",
  },
}

const folders: Rule = {
  name: 'folders',
  because:
    'two folders that import each other are one folder in two places, also where one lies inside the other',
  instead:
    'move what both need down, or move the file that puts them together up; OPENERS takes no more rows',
  check: tree => circlesIn(folderArrows(tree, OPENERS)),
  // Both lie in one room, which `circles` does not look into.
  breach: {
    'cli/command/a.ts': "/** A. */\nimport { b } from '../commands/b.ts'\n",
    'cli/commands/b.ts': "/** B. */\nimport { a } from '../command/a.ts'\n",
  },
}

const openers: Rule = {
  name: 'openers',
  because:
    'a row that is not needed lets a circle of folders back in, and only a folder may open those inside it',
  instead: 'take the row out of OPENERS, or write the import the other way round',
  check: tree => [
    ...OPENERS.flatMap(row => faultsOf(row, tree)).map(what => ({
      path: 'test/tidy/openers.ts',
      line: 1,
      what,
    })),
    ...(OPENERS.length > OPENERS_MAX
      ? [{ path: 'test/tidy/openers.ts', line: 1, what: `${OPENERS.length} rows, at most ${OPENERS_MAX}` }]
      : []),
  ],
  // Here the table opens commands that import nothing of its folder.
  breach: {
    'cli/command-table.ts': "/** Table. */\nimport { run } from './commands/run.ts'\n",
    'cli/commands/run.ts': '/** Command. */\n',
  },
}

function faultsOf({ path, into }: Opener, tree: Tree): readonly string[] {
  return into.flatMap(folder => {
    if (!folder.startsWith(`${folderOf(path)}/`))
      return [`${path} may not open ${folder}, outside its own folder`]
    const others = OPENERS.map(each =>
      each.path === path ? { ...each, into: into.filter(other => other !== folder) } : each,
    )
    return circlesIn(folderArrows(tree, others)).length > 0 ? [] : [`${path} need not open ${folder}`]
  })
}

/** The arrows between folders, without those of these files into the folders that they open. */
function folderArrows(tree: Tree, rows: readonly Opener[]): ReadonlyMap<string, readonly string[]> {
  return arrowsOf(tree.sources, folderOf, (from, path) =>
    rows.some(row => row.path === from && row.into.includes(folderOf(path))),
  )
}

/** Each circle once, at the first of its places. */
function circlesIn(next: ReadonlyMap<string, readonly string[]>): Finding[] {
  return [...next.keys()].flatMap(path => {
    const way = wayBack(path, next)
    return way?.every(each => path <= each) ? [{ path, line: 1, what: [...way, path].join(' -> ') }] : []
  })
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

export const CIRCLE_RULES: readonly Rule[] = [cycles, circles, folders, openers, arrows, floors]
