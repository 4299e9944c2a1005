/** Prompt templates: plain text with named places, so that they can be changed at run time as data. */
import type { Message } from '#models/model.ts'

/** The two messages of a prompt, with places like `{{title}}`. */
export interface PromptTemplate {
  readonly system: string
  readonly user: string
}

/** What the places are filled with, by their names. */
export type PromptValues = Readonly<Record<string, string | undefined>>

/**
 * Fills `{{name}}` with values. A paragraph (text between empty lines) naming a value that is absent or empty is left
 * out. Values are others' text: where one would open or close a tag of the template, its `<` is written as `&lt;`. All else
 * reaches the model as it was written.
 */
export function render(template: string, values: PromptValues): string {
  const paragraphs = template.trim().split(/\n\s*\n/)
  const kept = paragraphs.filter(paragraph => places(paragraph).every(name => values[name]))
  const tags = tagsOf(template)
  return kept.map(paragraph => fill(paragraph, values, tags)).join('\n\n')
}

/** Both messages of a prompt, filled with the values. */
export function messagesOf(template: PromptTemplate, values: PromptValues): readonly Message[] {
  return [
    { role: 'system', content: render(template.system, values) },
    { role: 'user', content: render(template.user, values) },
  ]
}

/** Names of the places of a template. */
export function places(template: string): readonly string[] {
  return [...template.matchAll(/\{\{(\w+)\}\}/g)].map(match => match[1] ?? '')
}

/** Names of the tags of a template. */
export function tagsOf(template: string): readonly string[] {
  return [...new Set([...template.matchAll(/<\/?([a-z][\w-]*)>/gi)].map(match => match[1] ?? ''))]
}

/** The bracket of a tag, and those that a reader may take for it. */
const BRACKETS: Readonly<Record<string, string>> = { '<': 'lt', '\uff1c': '#65308', '\ufe64': '#65124' }
const ENTITIES = Object.values(BRACKETS).join('|')
/** White space, and marks that no reader sees. */
const UNSEEN = '[\\s\\p{Cf}]*'

/** Takes the power from what looks like one of the tags; `unescapeTags` gives the text back. */
export function escapeTags(text: string, tags: readonly string[]): string {
  const escaped = text.replace(new RegExp(`&(?=(?:amp;)*(?:${ENTITIES});)`, 'g'), '&amp;')
  if (tags.length === 0) return escaped
  const names = tags.map(tag => [...tag].join(UNSEEN)).join('|')
  const looksLikeTag = new RegExp(
    `[${Object.keys(BRACKETS).join('')}](?=${UNSEEN}/?${UNSEEN}(?:${names})(?![\\p{L}\\p{N}_]))`,
    'giu',
  )
  return escaped.replace(looksLikeTag, bracket => `&${BRACKETS[bracket]};`)
}

/** The text as it was before `escapeTags`. */
export const unescapeTags = (text: string): string =>
  text.replace(new RegExp(`&((?:amp;)*)(${ENTITIES});`, 'g'), (_, more: string, entity: string) =>
    more === '' ? bracketOf(entity) : `&${more.slice('amp;'.length)}${entity};`,
  )

const bracketOf = (entity: string): string =>
  Object.keys(BRACKETS).find(bracket => BRACKETS[bracket] === entity) ?? ''

function fill(paragraph: string, values: PromptValues, tags: readonly string[]): string {
  return paragraph.replace(/\{\{(\w+)\}\}/g, (_, name: string) => escapeTags(values[name] ?? '', tags))
}
