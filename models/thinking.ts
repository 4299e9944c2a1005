/** Takes the reasoning that some models write in front of an answer off its text. */

const OPENING = /^\s*<(think|thinking|thought|thoughts|reasoning)>/i
/** The channels of OpenAI's open models ("harmony" format): only the final one is for the reader. */
const FINAL_CHANNEL = /<\|channel\|>\s*final\s*(?:<\|[^|]*\|>[^<]*)*?<\|message\|>/

/**
 * Reasoning stands in a tag before the answer. Some templates write its opening tag into the prompt, so that only the
 * closing one is in the reply. A tag that is never closed means that the answer was never begun: nothing is left.
 */
export function outOfThought(text: string): string {
  const final = FINAL_CHANNEL.exec(text)
  if (final) return text.slice(final.index + final[0].length).replace(/<\|(?:return|end)\|>\s*$/, '')
  const opening = OPENING.exec(text)
  if (opening) {
    const closing = `</${opening[1]?.toLowerCase()}>`
    const end = text.toLowerCase().indexOf(closing, opening[0].length)
    return end < 0 ? '' : text.slice(end + closing.length).trimStart()
  }
  const closed = /<\/think>/i.exec(text)
  const isAlone = closed && !/<think>/i.test(text)
  return isAlone ? text.slice(closed.index + closed[0].length).trimStart() : text
}
