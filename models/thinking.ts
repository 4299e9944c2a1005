/** Takes the reasoning that some models write in front of an answer off its text. */

const NAMES =
  'think|thinking|longcat_think|thoughts?|thought_process|reasoning|reasoning_scratchpad|reflection|scratchpad'

/** How reasoning begins, and how the same reasoning goes deeper and ends: sources of expressions, by its name. */
interface Thought {
  readonly opening: RegExp
  readonly deeper?: (name: string) => string
  readonly closing: (name: string) => string
}

const deeperTag = (name: string): string => `<${name}(?:\\s[^<>]*)?>`
const closingTag = (name: string): string => `</${name}\\s*>`
/** What ends a tag of reasoning that its model closes by another name. */
const ANY_CLOSING = closingTag(`(?:\\w+:)?(?:${NAMES})`)

const THOUGHTS: readonly Thought[] = [
  {
    opening: new RegExp(`^<((?:\\w+:)?(?:${NAMES}))(?:\\s[^<>]*)?/?>`, 'i'),
    deeper: deeperTag,
    closing: closingTag,
  },
  // Of Open WebUI.
  { opening: /^<(details)\s(?:[^<>]*\s)?type="?reasoning\b[^<>]*>/i, deeper: deeperTag, closing: closingTag },
  { opening: /^&lt;(think|thinking)&gt;/i, closing: name => `&lt;/${name}&gt;` },
  { opening: /^\[(think|thinking)\]/i, closing: name => `\\[/${name}\\]` },
  { opening: /^◁(think)▷/i, closing: name => `◁/${name}▷` },
  { opening: /^<\|(think|thinking|thought|reasoning)\|>/i, closing: name => `<\\|/${name}\\|>` },
  { opening: /^<\|begin_of_(thought)\|>/i, closing: name => `<\\|end_of_${name}\\|>` },
  { opening: /^<\|start_(thinking)\|>/i, closing: name => `<\\|end_${name}\\|>` },
  // Of Gemma and Apertus.
  { opening: /^<\|channel>(thought)\b/i, closing: () => '<channel\\|>' },
  { opening: /^<\|inner_(prefix)\|>/i, closing: () => '<\\|inner_suffix\\|>' },
  { opening: /^<unused94>(thought)\b/i, closing: () => '<unused95>' },
]

/** Space, also of no width, and what a model or its template may say before it thinks. */
const LEAD =
  /^[\s\u200b-\u200d\u2060]*(?:(?:<\|im_start\|>|<\|start_header_id\|>)?assistant(?:<\|end_header_id\|>|:)?|(?:ok(?:ay)?|sure|alright|certainly|of course|right|well|hmm?|let me think)[.,!…]*)?[\s\u200b-\u200d\u2060]*/i

/**
 * Reasoning stands in a tag before the answer. Some templates write its opening tag into the prompt, so that only the
 * closing one is in the reply. A tag that is never closed means that the answer was never begun: nothing is left.
 * Tags inside an answer, which may be about them, are left alone.
 */
export function outOfThought(text: string): string {
  const said = withoutEndTokens(text)
  const final = finalChannel(said)
  if (final !== undefined) return final
  const rest = withoutThought(said)
  return rest === said ? outOfAnswerTokens(behindLoneClosing(said)) : outOfAnswer(rest)
}

/** Without every thought that the text begins with; empty where the last of them has no end. */
function withoutThought(text: string): string {
  let rest = text
  // A loop: there may be more thoughts than a function can call itself.
  for (;;) {
    const begun = rest.slice(LEAD.exec(rest)?.[0].length)
    const found = THOUGHTS.map(thought => ({ thought, match: thought.opening.exec(begun) })).find(
      ({ match }) => match,
    )
    if (!found?.match) return rest
    const [opening, name = ''] = found.match
    const behind = begun.slice(opening.length)
    const end = opening.endsWith('/>') ? 0 : endOf(found.thought, name, behind)
    if (end === undefined) return ''
    rest = behind.slice(end).trimStart()
  }
}

/** So many tags inside one thought are looked at, and then no more. */
const MARKS_MAX = 20

/** Where the thought ends. Thoughts inside it end before; one that is only mentioned in it has no end of its own. */
function endOf({ deeper, closing }: Thought, name: string, text: string): number | undefined {
  const marks = new RegExp(`(${deeper?.(name) ?? '(?!)'})|${closing(name)}`, 'gi')
  let depth = 1
  let first: number | undefined
  let marked = 0
  for (const { 0: mark, 1: inner, index } of text.matchAll(marks)) {
    if (++marked > MARKS_MAX) break
    if (isQuoted(text, index, mark)) continue
    depth += inner === undefined ? -1 : 1
    if (inner === undefined) first ??= index + mark.length
    if (depth === 0) return index + mark.length
  }
  return first ?? endOfFirst(text, closing(name)) ?? (deeper && endOfFirst(text, ANY_CLOSING))
}

function endOfFirst(text: string, closing: string): number | undefined {
  const found = new RegExp(closing, 'i').exec(text)
  return found ? found.index + found[0].length : undefined
}

const CLOSINGS: readonly (readonly [closing: RegExp, opening: RegExp])[] = [
  [
    /<\/(?:\w+:)?(?:think|thinking|longcat_think|thoughts?|thought_process)>/i,
    /<(?:\w+:)?(?:think|thinking|longcat_think|thoughts?|thought_process)(?:\s[^<>]*)?>/i,
  ],
  [/\[\/THINK\]/, /\[THINK\]/],
  [/◁\/think▷/, /◁think▷/],
  [/<\|end_thinking\|>/i, /<\|start_thinking\|>/i],
  [/<\|inner_suffix\|>/i, /<\|inner_prefix\|>/i],
  [/<\|end_of_thought\|>/i, /<\|begin_of_thought\|>/i],
]

function behindLoneClosing(text: string): string {
  // Too common a tag to count alone: an answer in its own tag must follow.
  const reflected = /^[^<]*<\/reflection>\s*(?=<output>)/i.exec(text)
  if (reflected) return outOfAnswer(text.slice(reflected[0].length))
  for (const [closing, opening] of CLOSINGS) {
    const closed = closing.exec(text)
    if (!closed || opening.test(text) || isMentioned(text, closed.index, closed[0])) continue
    return outOfAnswer(text.slice(closed.index + closed[0].length).trimStart())
  }
  return text
}

/** An article before a tag says that a sentence is about it. */
const isMentioned = (text: string, at: number, tag: string): boolean =>
  isQuoted(text, at, tag) || /\b(?:an?|the|this|that|closing) $/i.test(text.slice(Math.max(0, at - 20), at))

/** Whether a tag stands between quotes, or in code. */
function isQuoted(text: string, at: number, tag: string): boolean {
  const after = text[at + tag.length] ?? ''
  if (/["'“‘«`]/.test(text[at - 1] ?? '') && /["'”’»`]/.test(after)) return true
  const before = text.slice(0, at)
  const line = before.slice(before.lastIndexOf('\n') + 1)
  return isOdd(before.split('```').length - 1) || isOdd(line.split('`').length - 1)
}

const isOdd = (count: number): boolean => count % 2 === 1

/** Behind their thoughts some models, such as Hunyuan and Ernie, put the whole answer into a tag as well. */
function outOfAnswer(text: string): string {
  const [, , answer] = /^\s*<(answer|final_answer|response|output)>(.*)<\/\1>\s*$/is.exec(text) ?? []
  return answer?.trim() ?? outOfAnswerTokens(text)
}

const ANSWER_BEGIN = /^\s*<\|(?:start_response|begin_of_box|begin_of_solution)\|>/i
const ANSWER_END = /<\|(?:end_response|end_of_box|end_of_solution)\|>/i

/** Cohere, GLM and Sky put it between tokens, also without a thought. The last one may be missing. */
function outOfAnswerTokens(text: string): string {
  if (!ANSWER_BEGIN.test(text)) return text
  return text.replace(ANSWER_BEGIN, '').replace(ANSWER_END, '').trim()
}

/** The channels of OpenAI's open models ("harmony" format): only the final one is for the reader. */
const CHANNELS = /^\s*(?:<\|channel\|>|<\|start\|>assistant|(?:analysis|commentary|final)<\|message\|>)/
const FINAL_CHANNEL = /(?:^\s*|<\|channel\|>\s*)final\s*(?:<\|[^|]*\|>[^<]*){0,4}?<\|message\|>/
/** A thought whose opening is in the prompt, with all that goes before the answer. */
const LATE_CHANNEL =
  /^[^`]*?(?<![\s"'])<\|end\|>\s*<\|start\|>assistant(?=<\|channel\|>final\s*<\|message\|>)/
/** The same where a server left out the tokens, and how Granite writes its thoughts: both ends must be there. */
const IN_WORDS = [
  /^\s*analysis.*?assistantfinal/s,
  /^\s*Here is my thought process:.*?Here is my response:\s*/s,
]

function finalChannel(text: string): string | undefined {
  const channels = text.replace(LATE_CHANNEL, '')
  if (CHANNELS.test(channels)) {
    const final = FINAL_CHANNEL.exec(channels)
    return final ? channels.slice(final.index + final[0].length) : ''
  }
  const words = IN_WORDS.find(each => each.test(text))
  return words && text.replace(words, '')
}

const END_TOKENS =
  /(?:(?:<\|(?:im_end|eot_id|eom_id|end|return|endoftext|end_of_text|end_of_turn|END_OF_TURN_TOKEN|user|im_sep)\|>|<turn\|>|<\/s>|<end_of_turn>|<eos>|<｜end▁of▁sentence｜>)\s*){1,4}$/
const BEGIN_TOKENS = /<s>|<start_of_turn>|<\|im_start\|>|<\|start_header_id\|>/

/** Tokens of the template that end the text. Behind a word and a space, or where there are more, the text is about them. */
function withoutEndTokens(text: string): string {
  const found = END_TOKENS.exec(text)
  if (!found) return text
  const before = text.slice(0, found.index)
  const token = found[0].trim()
  const isAbout = before.includes(token) || BEGIN_TOKENS.test(before.replace(LEAD, ''))
  if (isAbout || /[\p{L}\p{N}:,] +$/u.test(before) || isQuoted(text, found.index, token)) return text
  return before
}
