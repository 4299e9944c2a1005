/** The end of a prompt that is asked again: what was answered before, and what to do better. */
export const EARLIER = `
<previous>
{{previous}}
</previous>
<feedback>
{{feedback}}
</feedback>`

/** The prompt of a judgement on a text. */
export const JUDGED_TEXT = `
<text>
{{text}}
</text>

An earlier judgement was found too weak; do better.${EARLIER}`
