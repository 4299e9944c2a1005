/** Prompt templates: plain text with named places, so that they can be changed at run time as data. */
import type { Message } from '#models/model.ts'

export interface PromptTemplate {
  readonly system: string
  readonly user: string
}

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

/** Takes the power from what looks like one of the tags; `unescapeTags` gives the text back. */
export function escapeTags(text: string, tags: readonly string[]): string {
  const escaped = text.replace(/&(?=(?:amp;)*lt;)/g, '&amp;')
  return tags.length === 0
    ? escaped
    : escaped.replace(new RegExp(`<(?=\\s*/?\\s*(?:${tags.join('|')})\\b)`, 'gi'), '&lt;')
}

export const unescapeTags = (text: string) =>
  text.replace(/&((?:amp;)*)lt;/g, (_, more: string) =>
    more === '' ? '<' : `&${more.slice('amp;'.length)}lt;`,
  )

function fill(paragraph: string, values: PromptValues, tags: readonly string[]): string {
  return paragraph.replace(/\{\{(\w+)\}\}/g, (_, name: string) => escapeTags(values[name] ?? '', tags))
}
