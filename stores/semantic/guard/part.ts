/** What a question consists of once its frame is off: words with the rule that each of them falls under. */

/** The rules by which a pair is refused, and nothing else: a closed set, for a metric. */
export const RULE_NAMES = [
  'length',
  'language',
  'empty',
  'negation',
  'number',
  'unit',
  'date',
  'question',
  'antonym',
  'comparative',
  'quantifier',
  'modal',
  'tense',
  'person',
  'name',
  'relation',
  'article',
  'words',
  'order',
  'accent',
] as const
/** The name of a rule of the guard, as metrics and refusals show it. */
export type RuleName = (typeof RULE_NAMES)[number]

/** The kind of a part, which is the name of the rule that compares such parts. */
export type Kind = Exclude<
  RuleName,
  'length' | 'language' | 'empty' | 'antonym' | 'name' | 'order' | 'accent'
>

/** A word, a number or a phrase of a question, by its meaning. */
export interface Part {
  readonly kind: Kind
  /** Equal for words that mean the same. */
  readonly key: string
  /** In lower case, as written. */
  readonly low: string
  readonly plain: string
  /** `capital` in the midst of a sentence, `first` where each word has a capital, else `small`. */
  readonly letter: 'capital' | 'first' | 'small'
  /** Its place says nothing: `what is X` and `what X is`. */
  readonly floats?: true
}
