/**
 * What people put around an English question. A line is a pattern: `a|b` is either word, `a?` may be absent, and every
 * other word is itself.
 */

import type { Frames } from './frames.ts'
import { words } from './list.ts'
import { patterns } from './pattern.ts'

export const ENGLISH_FRAMES: Frames = {
  /** Courtesies: they go wherever a text begins or ends. */
  greeting: patterns(`
    hi|hello|hey|greetings there|all|everyone|team?
    good morning|afternoon|evening
    dear assistant|ai|bot|team
    please|kindly
    ok|okay
    excuse me
    sorry to bother you but?
    quick question
    i have a quick|short|simple? question|doubt about? this?
    my question is
    just wondering
    can|could|may i ask you? a question?
  `),
  closing: patterns(`
    please
    thanks a? lot?
    thanks in advance
    thank you very|so? much?
    thank you in advance
    many thanks
    kindly
  `),
  /** A question follows, often in the order of a statement. */
  ask: patterns(`
    can|could|would|will you please|kindly? tell|show me please?
    can|could|would|will you please|kindly? let me know
    can|could|would|will you please|kindly? help me understand|learn?
    can|could|would|will you please|kindly? say|clarify|specify|answer
    please? tell|show me please?
    let me know
    help me understand
    do you know
    do you happen to know
    would you happen to know
    would you mind telling me
    i want|wish|need to know|understand|learn|ask
    i want|wish|need to find out
    i would like|love to know|understand|learn|ask
    i 'd like|love to know|understand|learn|ask
    i would|'d like|love to find out
    i am trying to understand|learn|determine
    i am trying to find|figure out
    i am curious|wondering
    i am curious to know
    i was wondering
    i wonder
    i do not know|understand
    any idea
    do you have any idea
    can|could anyone|anybody|someone|somebody tell me
    is it possible to know
  `),
  /** As `ask`, but what follows may be a thing as well: `explain photosynthesis` asks what it is. */
  explain: patterns(`
    can|could|would|will you please|kindly? explain|clarify to? me?
    can|could anyone|anybody|someone|somebody explain|clarify to? me?
    can|could|would|will you please? give me an? explanation of
    please? explain|clarify to? me?
    please? give me an? explanation of
    i need|want an explanation of
    i would|'d like an explanation of
    i want|need you to explain to? me?
    i would|'d like you to explain to? me?
    would you mind explaining to? me?
    do you mind explaining to? me?
  `),
  /** An order to the assistant, which is the same order without it. */
  order: patterns(`
    can|could|would|will you please|kindly?
    i want|need you to
    i would|'d like you to
    would you be so kind as to
  `),
  /** Ways of asking how the asker does something. The verb follows. */
  howTo: patterns(`
    how do|can i|one
    how i|one can
    how to
    how does one
    what is|are the|a ways|way to
    what are the steps to
    what steps do|should? i need? to? take|follow to
    how do|can i go about
    how do|can i manage to
  `),
  whereTo: patterns(`
    where do|can i|one
    where i|one can
    where to
  `),
}

/** Orders that an assistant carries out: `can you translate` is a request, `can you swim` is a question. */
export const ORDERS: ReadonlySet<string> = new Set(
  words(
    'explain tell describe give show list write translate summarize summarise define compare name recommend suggest calculate convert',
  ),
)
