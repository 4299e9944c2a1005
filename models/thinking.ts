/** Takes the reasoning that some models write in front of an answer off its text. */

/** How reasoning begins, and how the same reasoning ends. */
const THOUGHTS: readonly (readonly [opening: RegExp, closing: (name: string) => string])[] = [
  [
    /^\s*<((?:\w+:)?(?:think|thinking|thought|thoughts|reasoning|reflection|scratchpad))(?:\s[^<>]*)?>/i,
    name => `</${name}`,
  ],
  [/^\s*\[(think|thinking)\]/i, name => `[/${name}]`],
  [/^\s*◁(think)▷/i, name => `◁/${name}▷`],
  [/^\s*<\|begin_of_(thought)\|>/i, name => `<|end_of_${name}|>`],
  [/^\s*<\|start_(thinking)\|>/i, name => `<|end_${name}|>`],
  [/^\s*<unused94>(thought)\b/i, () => '<unused95>'],
]
/** The channels of OpenAI's open models ("harmony" format): only the final one is for the reader. */
const FINAL_CHANNEL = /<\|channel\|>\s*final\s*(?:<\|[^|]*\|>[^<]*)*?<\|message\|>/

/**
 * Reasoning stands in a tag before the answer. Some templates write its opening tag into the prompt, so that only the
 * closing one is in the reply. A tag that is never closed means that the answer was never begun: nothing is left.
 */
export function outOfThought(text: string): string {
  const final = FINAL_CHANNEL.exec(text)
  if (final) return text.slice(final.index + final[0].length).replace(/<\|(?:return|end)\|>\s*$/, '')
  const rest = withoutThought(text)
  return rest === text ? behindLoneClosing(text) : outOfAnswerTag(rest)
}

const CLOSINGS: readonly (readonly [closing: RegExp, opening: RegExp])[] = [
  [/<\/(?:think|thinking|thought)>/i, /<(?:think|thinking|thought)>/i],
  [/\[\/THINK\]/, /\[THINK\]/],
  [/◁\/think▷/, /◁think▷/],
]

function behindLoneClosing(text: string): string {
  for (const [closing, opening] of CLOSINGS) {
    const closed = closing.exec(text)
    if (!closed || opening.test(text)) continue
    return outOfAnswerTag(text.slice(closed.index + closed[0].length).trimStart())
  }
  return text
}

/** Behind their thoughts some models, such as Hunyuan, put the whole answer into a tag as well. */
function outOfAnswerTag(text: string): string {
  return /^\s*<answer>(.*)<\/answer>\s*$/is.exec(text)?.[1]?.trim() ?? text
}

/** Without every thought that the text begins with; empty where the last of them has no end. */
function withoutThought(text: string): string {
  for (const [opening, closing] of THOUGHTS) {
    const found = opening.exec(text)
    if (!found) continue
    const ending = closing((found[1] ?? '').toLowerCase())
    const end = text.toLowerCase().indexOf(ending, found[0].length)
    if (end < 0) return ''
    const behind = text.slice(end + ending.length)
    // Of a tag, its last bracket may stand behind a space.
    return withoutThought((ending.startsWith('</') ? behind.replace(/^\s*>/, '') : behind).trimStart())
  }
  return text
}
