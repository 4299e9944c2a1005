/** Prompt templates: plain text with named places, so that they can be changed at run time as data. */
import type { Message } from './model.ts'

export interface PromptTemplate {
  readonly system: string
  readonly user: string
}

export type PromptValues = Readonly<Record<string, string | undefined>>

/**
 * Fills `{{name}}` with values. A paragraph (text between empty lines) naming a value that is absent or empty is left
 * out. Values are others' text: `<` and `&` in them are escaped, so that none can close the tag that it stands in.
 */
export function render(template: string, values: PromptValues): string {
  const paragraphs = template.trim().split(/\n\s*\n/)
  const kept = paragraphs.filter(paragraph => places(paragraph).every(name => values[name]))
  return kept.map(paragraph => fill(paragraph, values)).join('\n\n')
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

export const escapeTags = (text: string) => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;')
export const unescapeTags = (text: string) => text.replaceAll('&lt;', '<').replaceAll('&amp;', '&')

function fill(paragraph: string, values: PromptValues): string {
  return paragraph.replace(/\{\{(\w+)\}\}/g, (_, name: string) => escapeTags(values[name] ?? ''))
}
