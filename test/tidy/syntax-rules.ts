/** Rules on what the code may say: read from the syntax tree, so that a comment or a string never trips them. */
import type { ESTree, VisitorObject } from 'vite'
import { everywhere, inProduct, isUnder, perFile, type Rule } from './rule.ts'
import type { SourceFile } from './source.ts'

/** Casts in the product, all together. Lower it when there are fewer; raising it needs an argument. */
export const CASTS_MAX = 60

type Report = (offset: number, what: string) => void

/** A rule that looks at single nodes of the tree. */
function syntax(
  name: string,
  because: string,
  instead: string,
  breach: string | Readonly<Record<string, string>>,
  visitor: (report: Report, file: SourceFile) => VisitorObject,
  applies: (file: SourceFile) => boolean = everywhere,
): Rule {
  return {
    name,
    because,
    instead,
    check: perFile(applies, (file, report) => file.visit(visitor(report, file))),
    breach: typeof breach === 'string' ? { 'core/breach.ts': `/** A breach. */\n\n${breach}\n` } : breach,
  }
}

const typesRules: readonly Rule[] = [
  syntax(
    'no-any',
    '`any` switches the checker off for everything that it touches',
    'write the type; `unknown` at a boundary, narrowed by a check',
    'export const x: any = 1',
    report => ({ TSAnyKeyword: node => report(node.start, 'any') }),
  ),
  syntax(
    'no-assertion',
    '`!` claims what nobody checked, and fails far from the claim',
    'check and throw, use `?? fallback`, or `invariant(condition, reason)`',
    'export const x = [1].at(0)!',
    report => ({ TSNonNullExpression: node => report(node.start, 'non-null assertion') }),
  ),
  syntax(
    'reasoned-casts',
    'a cast is a claim that the checker cannot follow: the reader needs the reason',
    'avoid the cast by narrowing, or say why it holds in a comment on its line or the one before',
    'export const x = JSON.parse("1") as number',
    (report, file) => ({
      TSAsExpression: node => {
        const line = file.lineOf(node.typeAnnotation.start)
        const reasoned = file.hasCommentAt(line) || file.hasCommentAt(file.lineOf(node.start))
        if (!isConst(file, node) && !reasoned)
          report(node.start, `cast without a reason: ${textOf(file, node)}`)
      },
    }),
    inProduct,
  ),
  {
    name: 'few-casts',
    because: 'casts that are each reasonable add up to a type system nobody can trust',
    instead:
      'parse at the boundary and let inference do the rest; CASTS_MAX in test/tidy/syntax-rules.ts is the ceiling',
    check: tree => {
      const casts = tree.sources.filter(inProduct).flatMap(castsOf)
      return casts.length <= CASTS_MAX
        ? []
        : [{ path: '.', line: 1, what: `${casts.length} casts, ${CASTS_MAX} allowed` }]
    },
    breach: {
      'core/casts.ts': `/** Casts. */\n${'export type { A } from "./a.ts"; (1 as number);\n'.repeat(CASTS_MAX + 1)}`,
    },
  },
  syntax(
    'erasable-syntax',
    'the code runs by stripping its types: what needs a compiler does not run',
    'a union of strings for an enum, a module for a namespace, plain assignments for parameter properties, a function for a decorator',
    'export enum Colour { red }',
    report => ({
      TSEnumDeclaration: node => report(node.start, 'enum'),
      TSModuleDeclaration: node => report(node.start, 'namespace'),
      TSParameterProperty: node => report(node.start, 'parameter property'),
      Decorator: node => report(node.start, 'decorator'),
    }),
  ),
]

const errorRules: readonly Rule[] = [
  syntax(
    'catalogued-errors',
    'the code of an error says what happens next; a bare Error says nothing',
    'throw new CaudalError with a code of core/errors.ts (or TypeError for a mistake of the caller)',
    'throw new Error("no")',
    report => ({
      NewExpression: node => {
        if (nameOf(node.callee) === 'Error') report(node.start, 'bare Error')
      },
    }),
    inProduct,
  ),
  syntax(
    'no-empty-catch',
    'an error that is swallowed is found by somebody else, later',
    'handle it, or say in a comment inside the braces why it does not matter',
    'try { Date } catch {}',
    (report, file) => ({
      CatchClause: node => {
        const { start, end, body } = node.body
        const excused = file.comments.some(comment => comment.start > start && comment.end < end)
        if (body.length === 0 && !excused) report(node.start, 'empty catch')
      },
    }),
  ),
]

/** Where each way to the outer world may stand in the product; tests, benchmarks and examples are free. */
const CLOCK = ['core/system.ts', 'testing/virtual-time.ts']
/** A secret that follows from the input or from a seed is none. */
const SECRETS = ['cli/secrets.ts']
const ENVIRONMENT = ['cli']
const OUTPUT = ['cli', 'testing/simulation/campaign/simulate.ts']

const worldRules: readonly Rule[] = [
  syntax(
    'injected-time',
    "the simulation replays a whole cluster from one seed: a clock read or a timer of one's own breaks the replay",
    'take a System (core/system.ts): now, after, defer',
    'export const t = Date.now() + performance.now() + Number(new Date())',
    (report, file) => ({
      MemberExpression: node => {
        if (/^(Date\.now|performance\.now|process\.hrtime|AbortSignal\.timeout)$/.test(textOf(file, node))) {
          report(node.start, textOf(file, node))
        }
      },
      NewExpression: node => {
        if (nameOf(node.callee) === 'Date' && node.arguments.length === 0) report(node.start, 'new Date()')
      },
      CallExpression: node => {
        if (/^(setTimeout|setInterval|setImmediate)$/.test(nameOf(node.callee)))
          report(node.start, nameOf(node.callee))
      },
    }),
    file => file.isProduct && !isUnder(file.path, [...CLOCK, ...ENVIRONMENT]),
  ),
  syntax(
    'injected-randomness',
    'identities are pure functions of the input and chances come from the seed, else a run cannot be repeated',
    'take System.random, or derive the identity from the record',
    'export const r = Math.random()',
    (report, file) => ({
      MemberExpression: node => {
        if (textOf(file, node) === 'Math.random') report(node.start, 'Math.random')
      },
      Identifier: node => {
        if (/^(randomUUID|randomBytes|randomInt|getRandomValues)$/.test(node.name))
          report(node.start, node.name)
      },
    }),
    file => file.isProduct && !isUnder(file.path, [...CLOCK, ...SECRETS]),
  ),
  syntax(
    'one-environment',
    'settings read in many places cannot be validated, listed or documented in one',
    'add the setting to the configuration table in cli/ and pass its value as an argument',
    'export const x = process.env.X; process.exit(1)',
    (report, file) => ({
      MemberExpression: node => {
        if (/^process\.(env|argv|exit)$/.test(textOf(file, node))) report(node.start, textOf(file, node))
      },
    }),
    file => file.isProduct && !isUnder(file.path, [...ENVIRONMENT, ...OUTPUT]),
  ),
  syntax(
    'no-console',
    'a library does not talk to the terminal; the host decides where logs go',
    'publish on a diagnostics channel or use the Logger that was passed in',
    'console.log("here")',
    (report, file) => ({
      MemberExpression: node => {
        if (nameOf(node.object) === 'console') report(node.start, textOf(file, node))
      },
    }),
    file => file.isProduct && !isUnder(file.path, OUTPUT),
  ),
]

const moduleRules: readonly Rule[] = [
  syntax(
    'no-barrels',
    'a barrel hides where things live and ties files into cycles',
    'import from the file that defines it; index.ts is the one public door',
    { 'core/all.ts': "/** All. */\nexport * from './record.ts'\n" },
    (report, file) => {
      const own = file.program.body.some(node => !('source' in node && node.source))
      return {
        ExportAllDeclaration: node => report(node.start, 'export *'),
        ExportNamedDeclaration: node => {
          if (node.source && !own) report(node.start, 'holds re-exports alone')
        },
      }
    },
    file => !file.path.endsWith('index.ts'),
  ),
  syntax(
    'named-exports',
    'a default export has another name in each file that imports it',
    'export by name',
    'export default 1',
    report => ({ ExportDefaultDeclaration: node => report(node.start, 'default export') }),
    // vitest loads its configuration and its reporters by their default export.
    file => !['vitest.config.ts', 'test/left-out.ts'].includes(file.path),
  ),
  syntax(
    'type-names',
    'a name that tells its kind instead of its meaning tells nothing',
    'PascalCase nouns of the glossary, without I prefix and without Helper, Util, Manager or Common',
    'export interface IThing {}',
    report => {
      const check = (node: { readonly id: ESTree.BindingIdentifier | null }) => {
        const name = node.id?.name ?? ''
        if (node.id && !/^[A-Z][A-Za-z0-9]*$/.test(name)) report(node.id.start, `${name} is not PascalCase`)
        if (node.id && (/^I[A-Z][a-z]/.test(name) || BAD_NOUN.test(name))) report(node.id.start, name)
      }
      return { TSInterfaceDeclaration: check, TSTypeAliasDeclaration: check, ClassDeclaration: check }
    },
  ),
  syntax(
    'whole-suite',
    'a test left out or run alone makes a green run that means nothing',
    'delete it, or fix it; only what needs the local stack may stand back when it is absent (skipIf)',
    { 'test/unit/a.test.ts': "/** A. */\nit.only('x', () => {})\n" },
    (report, file) => ({
      MemberExpression: node => {
        const banned = needsStack(file) ? /^(only|skip|todo|fails)$/ : /^(only|skip|todo|fails|skipIf|runIf)$/
        const suite = /^(it|test|describe)$/.test(nameOf(node.object))
        if (suite && node.property.type === 'Identifier' && banned.test(node.property.name)) {
          report(node.start, textOf(file, node))
        }
      },
    }),
  ),
]

export const SYNTAX_RULES: readonly Rule[] = [...typesRules, ...errorRules, ...worldRules, ...moduleRules]

const BAD_NOUN = /(Helpers?|Utils?|Manager|Common|Misc)$/

export function castsOf(file: SourceFile): number[] {
  const found: number[] = []
  file.visit({
    TSAsExpression: node => {
      if (!isConst(file, node)) found.push(file.lineOf(node.start))
    },
  })
  return found
}

function isConst(file: SourceFile, node: ESTree.TSAsExpression): boolean {
  return textOf(file, node.typeAnnotation) === 'const'
}

function needsStack(file: SourceFile): boolean {
  return isUnder(file.path, ['test/integration']) || /^test\/conformance\/.*kafka/.test(file.path)
}

const nameOf = (node: ESTree.Node): string => (node.type === 'Identifier' ? node.name : '')
const textOf = (file: SourceFile, node: ESTree.Node): string => file.text.slice(node.start, node.end)
