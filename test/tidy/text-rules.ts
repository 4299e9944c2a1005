/** Rules on files as texts: names, sizes, first lines, and words that belong to no product. */
import { everywhere, type Finding, inProduct, perFile, type Rule } from './rule.ts'
import { median, type SourceFile, type Tree } from './source.ts'

export const FILE_LINES_MAX = 330
/** A test is a list of cases: it may be longer. */
export const TEST_LINES_MAX = 400
export const FUNCTION_LINES_P99_MAX = 30
export const FILE_LINES_MEDIAN_MAX = 110
export const FUNCTION_LINES_MAX = 70
export const FUNCTION_LINES_MEDIAN_MAX = 8
const README_LINES_MAX = 150

const filler = (lines: number): string => '// line\n'.repeat(lines)
/** Written in two halves, so that this file does not contain what it looks for. */
const word = (...halves: string[]): string => halves.join('')

/** Files that a program writes say so in their first line; their source is what people read. */
const isGenerated = (file: SourceFile): boolean =>
  /^\/\*\* [^\n]*\bMade from [^\n]* by `npm run /.test(file.text)

const sizeRules: readonly Rule[] = [
  {
    name: 'file-size',
    because: `a file of more than ${FILE_LINES_MAX} lines holds more than one thing`,
    instead: 'split it by idea, not by line count',
    check: perFile(
      file => !isGenerated(file),
      (file, report) => {
        const most = file.path.startsWith('test/') ? TEST_LINES_MAX : FILE_LINES_MAX
        if (file.lines > most) report(0, `${file.lines} lines`)
      },
    ),
    breach: { 'core/long.ts': filler(FILE_LINES_MAX + 1) },
  },
  {
    name: 'function-size',
    because: `a function of more than ${FUNCTION_LINES_MAX} lines does not fit in a head or on a screen`,
    instead: 'name its parts; keep the branching in the parent and move the leaves down',
    check: perFile(everywhere, (file, report) => {
      for (const { offset, lines } of file.functions) {
        if (lines > FUNCTION_LINES_MAX) report(offset, `a function of ${lines} lines`)
      }
    }),
    breach: {
      'core/long.ts': `/** Long. */\nexport function long() {\n${filler(FUNCTION_LINES_MAX)}}\n`,
    },
  },
  {
    name: 'median-sizes',
    because: 'the maximum is for exceptions; the median says how the code reads',
    instead: 'look for the files and functions that grew and take a part out',
    check: tree => {
      const { fileMedian, functionMedian, functionP99 } = figuresOf(tree)
      const found: Finding[] = []
      if (fileMedian > FILE_LINES_MEDIAN_MAX)
        found.push({ path: '.', line: 1, what: `files: ${fileMedian} lines` })
      if (functionMedian > FUNCTION_LINES_MEDIAN_MAX) {
        found.push({ path: '.', line: 1, what: `functions: ${functionMedian} lines` })
      }
      if (functionP99 > FUNCTION_LINES_P99_MAX)
        found.push({ path: '.', line: 1, what: `one function of a hundred: ${functionP99} lines` })
      return found
    },
    breach: { 'core/middling.ts': filler(FILE_LINES_MEDIAN_MAX + 1) },
  },
  {
    name: 'readme-size',
    because: 'a README is read in one go or not at all',
    instead: 'move the detail to a page in docs/ and link it',
    check: tree => {
      const lines = (tree.texts.get('README.md') ?? '').trimEnd().split('\n').length
      return lines <= README_LINES_MAX ? [] : [{ path: 'README.md', line: lines, what: `${lines} lines` }]
    },
    breach: { 'README.md': 'line\n'.repeat(README_LINES_MAX + 1) },
  },
]

const nameRules: readonly Rule[] = [
  {
    name: 'purpose-first',
    because: 'the first sentence of a file tells a reader whether to read on',
    instead: 'begin the file with a comment that says what it is for',
    check: perFile(everywhere, (file, report) => {
      if (!/^(#!.*\n)?\s*\/[*/]/.test(file.text)) report(0, 'does not begin with a comment')
    }),
    breach: { 'core/mute.ts': 'export const x = 1\n' },
  },
  {
    name: 'file-names',
    because: 'a file is found by its name: one spelling, and a noun that means something',
    instead:
      'kebab-case, named after what it exports; a drawer such as utils, helpers, manager, common or misc is no name',
    check: perFile(everywhere, (file, report) => {
      const parts = file.path.replace(/(\.test|\.config)?\.ts$/, '').split('/')
      for (const part of parts) {
        if (!/^[a-z0-9]+(-[a-z0-9]+)*$/.test(part)) report(0, `${part} is not kebab-case`)
        const drawer = part.split('-').find(each => DRAWERS.has(each))
        if (drawer) report(0, `${drawer} is a drawer, not a name`)
      }
    }),
    breach: { 'core/stringUtils.ts': '/** Camel. */\n', 'engine/helpers/lane.ts': '/** Drawer. */\n' },
  },
]

const DRAWERS = new Set([
  'util',
  'utils',
  'helper',
  'helpers',
  'manager',
  'common',
  'misc',
  'shared',
  'stuff',
])

const wordRules: readonly Rule[] = [
  words(
    'no-notes',
    "an open end in the code is nobody's task",
    'do it now, or write it where work is planned',
    `// ${word('TO', 'DO')}: later`,
    [new RegExp(`\\b(${word('TO', 'DO')}|${word('FIX', 'ME')}|${word('X', 'XX')}|${word('HA', 'CK')})\\b`)],
  ),
  words(
    'no-machine-paths',
    'a path of one machine fails on the next',
    'derive it from the file, the settings or os.tmpdir()',
    `see /${'home'}/me/caudal`,
    [new RegExp(`(?<![\\w.])/(${['work', 'home', 'root', 'Users', 'mnt'].join('|')})/[\\w.]`)],
  ),
  words(
    'no-registry-hosts',
    'where packages come from is the business of the machine that installs them',
    'leave the host to npm, mvn or apt',
    `https://registry.${word('npm', 'js')}.org`,
    [
      new RegExp(
        ['npmjs', 'yarnpkg', 'maven', 'sonatype', 'pypi', 'debian']
          .map(host => `${host}\\.(org|com)`)
          .join('|'),
      ),
      new RegExp(`${word('arti', 'factory')}|${word('verd', 'accio')}`),
    ],
  ),
  {
    name: 'lock-file',
    because:
      'an address in the lock file ties it to one registry, and a missing platform makes npm ci refuse elsewhere',
    instead:
      'let .npmrc (omit-lockfile-registry-resolved) keep addresses out; add platforms that the registry lacks by hand',
    check: tree => {
      const text = tree.texts.get('package-lock.json') ?? '{}'
      const packages: Readonly<Record<string, LockEntry>> = JSON.parse(text).packages ?? {}
      return Object.entries(packages).flatMap(([path, entry]) => {
        const absent = Object.keys(entry.optionalDependencies ?? {}).filter(
          name => !packages[`node_modules/${name}`],
        )
        const problems = absent.map(name => `${name} of ${path} has no entry`)
        if (entry.resolved) problems.push(`${path} has an address`)
        return problems.map(what => ({ path: 'package-lock.json', line: 1, what }))
      })
    },
    breach: {
      'package-lock.json': JSON.stringify({
        packages: { 'node_modules/a': { resolved: 'https://example.org/a.tgz' } },
      }),
    },
  },
]

interface LockEntry {
  readonly resolved?: string
  readonly optionalDependencies?: Readonly<Record<string, string>>
}

export const TEXT_RULES: readonly Rule[] = [...sizeRules, ...nameRules, ...wordRules]

export interface Figures {
  readonly files: number
  readonly lines: number
  readonly testLines: number
  readonly fileMedian: number
  readonly fileMax: number
  readonly functionMedian: number
  /** One of a hundred is longer. */
  readonly functionP99: number
  readonly functionMax: number
}

/** Sizes of the product; tests count only in `testLines`. */
export function figuresOf(tree: Tree): Figures {
  const sources = tree.sources.filter(inProduct)
  const files = sources.map(file => file.lines)
  const functions = sources.flatMap(file => file.functions.map(each => each.lines))
  const sum = (of: readonly SourceFile[]) => of.reduce((total, file) => total + file.lines, 0)
  return {
    files: files.length,
    lines: sum(sources),
    testLines: sum(tree.sources.filter(file => file.path.startsWith('test/'))),
    fileMedian: median(files),
    fileMax: Math.max(0, ...files),
    functionMedian: median(functions),
    functionP99: functions.sort((a, b) => b - a)[Math.floor(functions.length / 100)] ?? 0,
    functionMax: Math.max(0, ...functions),
  }
}

/** A rule that forbids patterns in every text of the project, lock file and licence aside. */
function words(
  name: string,
  because: string,
  instead: string,
  breach: string,
  patterns: readonly RegExp[],
): Rule {
  return {
    name,
    because,
    instead,
    check: tree =>
      [...tree.texts]
        .filter(([path]) => !['package-lock.json', 'LICENSE'].includes(path))
        .flatMap(([path, text]) =>
          text.split('\n').flatMap((line, index) => {
            const hit = patterns.map(pattern => pattern.exec(line)?.[0]).find(Boolean)
            return hit ? [{ path, line: index + 1, what: hit }] : []
          }),
        ),
    breach: { 'docs/breach.md': breach },
  }
}
