/** TypeScript types and whole schemas made from .avsc files, as text. */
import type { Avsc, AvscFolder, AvscType } from './avsc.ts'
import { whole } from './avsc.ts'

const MADE = 'Made from the .avsc files by `npm run schemas -- types`: change those instead.'

/** One exported type for each named type of Avro; those of `others` are imported from there. */
export function typesText(purpose: string, types: AvscFolder, others: AvscFolder, from: string): string {
  const declared = [...types.values()].map(declaration)
  const used = [...others.keys()].filter(name =>
    declared.some(text => new RegExp(`: .*\\b${name}\\b`).test(text)),
  )
  const imports =
    used.length > 0
      ? [
          `import type {\n${used
            .sort()
            .map(name => `  ${name},\n`)
            .join('')}} from '${from}'\n`,
        ]
      : []
  return [`/** ${purpose} ${MADE} */${imports.length > 0 ? '' : '\n'}`, ...imports, ...declared].join('\n')
}

/** One constant for each schema that is written under an id of its own, with its parts put in. */
export function textsText(values: AvscFolder, parts: AvscFolder): string {
  const all = new Map([...parts, ...values])
  const constants = [...values.values()].map(schema => {
    const text = JSON.stringify(whole(schema, all)).replaceAll("'", '\\u0027')
    return `export const ${constantOf(schema.name ?? '')} =\n  '${text.replaceAll('\\', '\\\\')}'`
  })
  return `/** The schemas as JSON, whole. ${MADE} */\n\n${constants.join('\n')}\n`
}

function declaration(type: AvscType): string {
  const { name = '', doc = name, symbols, fields = [] } = type
  if (symbols) return `/** ${doc} */\nexport type ${name} = ${literals(symbols)}\n`
  const lines = fields.map(field => {
    const optional = isOptional(field.type)
    const comment = field.doc === undefined ? '' : `  /** ${field.doc} */\n`
    const text = typeText(optional ? presentBranches(field.type) : field.type)
    return `${comment}  readonly ${field.name}${optional ? `?: ${text} | undefined` : `: ${text}`}\n`
  })
  return `/** ${doc} */\nexport interface ${name} {\n${lines.join('')}}\n`
}

const PRIMITIVES: Readonly<Record<string, string>> = {
  null: 'null',
  boolean: 'boolean',
  int: 'number',
  long: 'number',
  float: 'number',
  double: 'number',
  bytes: 'Uint8Array',
  string: 'string',
}

function typeText(type: Avsc): string {
  if (Array.isArray(type)) return type.map(typeText).join(' | ')
  if (typeof type === 'string') return PRIMITIVES[type] ?? type
  const { symbols, items, values, type: inner, name } = type as AvscType // What is neither a name nor a union.
  if (symbols) return literals(symbols)
  if (items !== undefined) return `readonly ${bracketed(typeText(items))}[]`
  if (values !== undefined) return `Readonly<Record<string, ${typeText(values)}>>`
  return name ?? typeText(inner)
}

const isOptional = (type: Avsc) => Array.isArray(type) && type.includes('null')
const presentBranches = (type: Avsc) => [type].flat().filter(branch => branch !== 'null') as readonly Avsc[]
const literals = (symbols: readonly string[]) => symbols.map(symbol => `'${symbol}'`).join(' | ')
const bracketed = (text: string) => (text.includes(' ') ? `(${text})` : text)
const constantOf = (name: string) => `${name.replace(/(?<=[a-z])(?=[A-Z])/g, '_').toUpperCase()}_SCHEMA`
