/** The past of irregular English verbs, to the base form: `when Rome fell` asks what `when did Rome fall` asks. */
import { words } from './list.ts'

export const PAST_FORMS: ReadonlyMap<string, string> = new Map(
  words(`
    fell/fall began/begin became/become broke/break brought/bring built/build bought/buy came/come chose/choose
    died/die drank/drink drove/drive ate/eat flew/fly forgot/forget gave/give went/go grew/grow happened/happen held/hold
    kept/keep knew/know lost/lose made/make met/meet paid/pay ran/run said/say sank/sink sold/sell sent/send
    sang/sing slept/sleep spoke/speak stole/steal swam/swim took/take taught/teach thought/think threw/throw
    won/win wrote/write rose/rise ended/end started/start invented/invent collapsed/collapse
  `).map(pair => {
    const [past = '', base = ''] = pair.split('/')
    return [past, base]
  }),
)
